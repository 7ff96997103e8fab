"""Asking the package index, and extending the catalogue by what it says."""

import json
import stat
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from fake_package_index import FakeIndex
from typer.testing import CliRunner

from cryoet_zarr_bench.commands.releases_command import app
from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.releases import package_index as index_module
from cryoet_zarr_bench.releases.catalogue import Catalogue, dump_catalogue, load_catalogue
from cryoet_zarr_bench.releases.catalogue_update import update_catalogue
from cryoet_zarr_bench.releases.package_index import final_versions, package_index_origin
from cryoet_zarr_bench.releases.resolver import Resolver
from cryoet_zarr_bench.releases.uv_answers import is_refusal


def everything(zarr: str, numcodecs: str) -> bool:
    return True


@pytest.fixture
def path(index: FakeIndex, tmp_path: Path) -> Path:
    """A catalogue of what the fake index has at first."""
    path = tmp_path / "catalogue.json"
    update_catalogue(path, everything)
    return path


def test_a_file_that_is_not_there_gets_the_whole_history(index: FakeIndex, tmp_path: Path) -> None:
    index.add("zarr", "2.18.1", 10)
    index.add("zarr", "3.0.0", 30, yanked="deletes [data]\nsee the issue")
    index.add("zarr", "3.0.0rc1", 20)
    index.add("zarr", "3.1.0.dev1", 25)
    index.add("numcodecs", "0.14.0", 20)
    index.versions["zarr"]["3.0.1"] = []
    path = tmp_path / "catalogue.json"
    added = update_catalogue(path, everything)
    assert [release.tag for release in added] == [
        "zarr-2.18.0",
        "zarr-2.18.1",
        "numcodecs-0.14.0",
        "zarr-3.0.0",
    ]
    catalogue = load_catalogue(path)
    assert list(catalogue.releases) == added
    assert added[-1].yanked
    assert added[-1].yanked_reason == "deletes [data] see the issue"
    assert str(added[0].date) == "2024-05-07 21:33:10+00:00"
    assert [file.name for file in tmp_path.iterdir()] == ["catalogue.json"]


def test_the_earliest_file_gives_the_time(index: FakeIndex) -> None:
    index.add("zarr", "2.18.1", 10)
    later = dict(index.versions["zarr"]["2.18.1"][0])
    later["upload_time_iso_8601"] = "2025-01-01T00:00:00Z"
    later["yanked"] = True
    index.versions["zarr"]["2.18.1"].insert(0, later)
    found = final_versions("zarr")[-1]
    assert str(found.uploaded) == "2024-05-17 21:33:10+00:00"
    assert not found.yanked


def test_nothing_new_leaves_the_file_alone(index: FakeIndex, path: Path) -> None:
    before = path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino
    assert update_catalogue(path, everything) == []
    assert (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino) == before


def test_what_is_new_is_appended_and_what_was_there_stays(index: FakeIndex, path: Path) -> None:
    catalogue = load_catalogue(path)
    path.write_text(path.read_text().replace('"note": null', '"note": "by hand"', 1))
    path.chmod(0o640)
    index.add("zarr", "2.18.1", 100)
    index.add("numcodecs", "0.12.5", 110)
    added = update_catalogue(path, everything)
    assert [release.tag for release in added] == ["zarr-2.18.1"]
    later = load_catalogue(path)
    assert later.releases[0].note == "by hand"
    assert later.releases[1:] == (*catalogue.releases[1:], *added)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_release_yanked_afterwards_does_not_change(index: FakeIndex, path: Path) -> None:
    before = path.read_bytes()
    index.add("zarr", "2.18.0", 0, yanked="broken")
    assert update_catalogue(path, everything) == []
    assert path.read_bytes() == before


def test_a_held_back_version_is_listed_until_it_gets_its_step(index: FakeIndex, path: Path) -> None:
    def works(zarr: str, numcodecs: str) -> bool:
        return zarr != "3.0.0" or numcodecs == "0.14.0"

    index.add("zarr", "3.0.0", 100)
    assert update_catalogue(path, works) == []
    (entry,) = load_catalogue(path).left_out
    assert (entry.version, "held back" in entry.reason) == ("3.0.0", True)
    index.add("numcodecs", "0.14.0", 110)
    added = [release.tag for release in update_catalogue(path, works)]
    assert added == ["numcodecs-0.14.0", "zarr-3.0.0"]
    assert load_catalogue(path).left_out == ()


def test_what_the_index_forgets_stays_listed(index: FakeIndex, path: Path) -> None:
    index.add("zarr", "4.0.0", 100)
    update_catalogue(path, everything)
    del index.versions["zarr"]["4.0.0"]
    before = path.read_bytes()
    assert update_catalogue(path, everything) == []
    assert path.read_bytes() == before


def _reply(body: bytes, status: int = 200, length: int | None = None) -> Any:
    return lambda handler: handler.reply(body, status, length)


def _hang(handler: BaseHTTPRequestHandler) -> None:
    time.sleep(3600)  # longer than a test may take


def _drip(handler: Any) -> None:
    handler.send_response(200)
    handler.end_headers()
    while not handler.wfile.closed:
        try:
            handler.wfile.write(b" ")
        except OSError:  # given up on
            return
        time.sleep(0.05)


def _close(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.close()


def _redirect_for_ever(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(302)
    handler.send_header("Location", handler.path)
    handler.end_headers()


def _file(**values: Any) -> bytes:
    file = {"upload_time_iso_8601": "2024-06-01T00:00:00Z", "yanked": False, "yanked_reason": None}
    file.update(values)
    return json.dumps({"releases": {"9.9.9": [file]}}).encode()


@pytest.mark.parametrize(
    "answer",
    [
        _reply(b"<!doctype html><title>Sign in</title>"),
        _reply(b"", 404),
        _reply(b"oops", 500),
        _reply(b"", 204),
        _reply(b'{"releases": {"3.0.0": [{"upl'),
        _reply(b'{"releases": {}}', length=1000),
        _reply(b'{"releases": {}}'),
        _reply(b"[]"),
        _reply(b"null"),
        _reply(b"{}"),
        _reply(b"\xff\xfe\x00"),
        _reply(b"[" * 200_000),
        _reply(b'{"releases": {"3.0.0": null}}'),
        _reply(b'{"releases": {"3.0.0": [1]}}'),
        _reply(b'{"releases": {"3.0.0": [{}]}}'),
        _reply(b'{"releases": {"banana": []}}'),
        _reply(b'{"releases": {"1!3.0.0": []}}'),
        _reply(b'{"releases": {"3.0.0+local": []}}'),
        _reply(json.dumps({"releases": {"9" * 5000: []}}).encode()),
        _reply(json.dumps({"releases": {"3.0\n; rm -rf": []}}).encode()),
        _reply(_file(upload_time_iso_8601=None)),
        _reply(_file(upload_time_iso_8601="soon")),
        _reply(_file(upload_time_iso_8601="2024-06-01T00:00:00")),
        _reply(_file(upload_time_iso_8601="9999-12-31T23:59:59-12:00")),
        _reply(_file(upload_time_iso_8601="2999-01-01T00:00:00Z")),
        _reply(_file(yanked=None)),
        _reply(_file(yanked=True, yanked_reason=["x"])),
        _reply(b" " * 300_000),
        _hang,
        _drip,
        _close,
        _redirect_for_ever,
    ],
)
def test_a_fault_of_the_index_leaves_the_file_as_it_was(
    answer: Callable[[Any], None], index: FakeIndex, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_module, "READ_TIMEOUT", 0.3)
    monkeypatch.setattr(index_module, "TOTAL_TIMEOUT", 0.4)
    monkeypatch.setattr(index_module, "SIZE_LIMIT", 250_000)
    before = path.read_bytes(), path.stat().st_mtime_ns
    index.answer = answer
    with pytest.raises(BadInput, match="the catalogue was left as it was") as raised:
        update_catalogue(path, everything)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 400
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


@pytest.mark.parametrize(
    "origin",
    ["http://127.0.0.1:1", "ftp://127.0.0.1", "nonsense", "http://", "http://[", "http://x:99999"],
)
def test_an_index_that_cannot_be_reached_leaves_the_file_as_it_was(
    origin: str, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = path.read_bytes()
    monkeypatch.setenv("CRYOET_PACKAGE_INDEX", origin)
    with pytest.raises(BadInput, match="the catalogue was left as it was") as raised:
        update_catalogue(path, everything)
    assert "\n" not in str(raised.value)
    assert path.read_bytes() == before


def test_without_the_variable_it_is_the_index_of_everyone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CRYOET_PACKAGE_INDEX", raising=False)
    assert package_index_origin().startswith("https://")
    assert package_index_origin().count("/") == 2


def test_an_index_without_the_first_release_is_bad_input(index: FakeIndex, tmp_path: Path) -> None:
    del index.versions["zarr"]["2.18.0"]
    index.add("zarr", "2.18.1", 1)
    with pytest.raises(BadInput, match="where the history begins"):
        update_catalogue(tmp_path / "catalogue.json", everything)
    assert not list(tmp_path.iterdir())


def test_a_resolver_that_fails_leaves_the_file_as_it_was(index: FakeIndex, path: Path) -> None:
    def fails(zarr: str, numcodecs: str) -> bool:
        raise BadInput("no network")

    before = path.read_bytes()
    index.add("zarr", "2.18.1", 100)
    with pytest.raises(BadInput, match="no network"):
        update_catalogue(path, fails)
    assert path.read_bytes() == before


def test_a_folder_that_is_not_there_is_bad_input(index: FakeIndex, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot write the catalogue"):
        update_catalogue(tmp_path / "none" / "catalogue.json", everything)


def test_a_broken_catalogue_is_not_written_over(index: FakeIndex, path: Path) -> None:
    path.write_text("{")
    with pytest.raises(BadInput, match="cannot read"):
        update_catalogue(path, everything)
    assert path.read_text() == "{"


# What uv says, each on one line; the first two are about versions, the others are not.
REFUSALS = [
    "error: No solution found when resolving dependencies cause: Because zarr==2.18.4 depends on "
    "numcodecs>=0.10.0,<0.14.0 and you require numcodecs==0.14.0, we can conclude that your "
    "requirements are unsatisfiable.",
    "error: No solution found when resolving dependencies cause: Because numcodecs==0.13.1 has no "
    "wheels with a matching Python version tag, we can conclude that it cannot be used.",
]
OTHERS = [
    "error: Request failed after 3 retries in 10.0s cause: tcp connect error",
    "error: No solution found when resolving dependencies cause: Because zarr was not found in the "
    "cache and you require zarr==3.1.6. hint: the network was disabled.",
    "error: No solution found when resolving dependencies cause: Because there is no version of "
    "zarr==3.1.66 and you require zarr==3.1.66, your requirements are unsatisfiable.",
    "error: No solution found when resolving dependencies cause: Because zarr was not found in the "
    "package registry and you require zarr==3.1.6, your requirements are unsatisfiable.",
    "",
]


def test_a_refusal_is_told_from_a_fault() -> None:
    assert [is_refusal(said) for said in REFUSALS] == [True, True]
    assert not any(is_refusal(said) for said in OTHERS)


def _uv(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program = folder / "uv"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setattr("uv.find_uv_bin", lambda: str(program))


def test_what_uv_is_asked_and_how_its_answer_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = tmp_path / "asked"
    monkeypatch.setenv("CRYOET_PACKAGE_INDEX", "http://127.0.0.1:9")
    resolver = Resolver({"numpy": "2.2.6"})
    _uv(tmp_path, f'cat > {asked}; echo "$@" >> {asked}', monkeypatch)
    assert resolver("3.0.0", "0.14.1")
    *pins, arguments = asked.read_text().splitlines()
    assert pins == ["zarr==3.0.0", "numcodecs==0.14.1", "numpy==2.2.6"]
    assert "--python-version 3.12" in arguments
    assert "--refresh-package zarr" in arguments
    assert "--default-index http://127.0.0.1:9/simple/" in arguments
    resolver("3.0.0", "0.15.0")
    assert "--refresh-package" not in asked.read_text()
    _uv(tmp_path, f"cat > /dev/null; echo '{REFUSALS[0]}' >&2; exit 1", monkeypatch)
    assert not resolver("2.18.4", "0.14.0")
    for said in OTHERS:
        _uv(tmp_path, f"cat > /dev/null; echo '{said}' >&2; exit 1", monkeypatch)
        with pytest.raises(BadInput, match="the catalogue was left as it was"):
            resolver("2.18.4", "0.14.0")
    _uv(tmp_path, f"cat > /dev/null; echo '{REFUSALS[0]}' >&2; exit 2", monkeypatch)
    with pytest.raises(BadInput):
        resolver("2.18.4", "0.14.0")


def test_the_real_uv_without_an_index_is_a_fault(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CRYOET_PACKAGE_INDEX", "http://127.0.0.1:1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with pytest.raises(BadInput, match="uv could not tell"):
        Resolver({})("3.1.6", "0.16.5")


def test_uv_missing_is_bad_input(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> str:
        raise FileNotFoundError("uv")

    monkeypatch.setattr("uv.find_uv_bin", missing)
    with pytest.raises(BadInput, match="cannot run uv"):
        Resolver({})("3.1.6", "0.16.5")


def test_the_table_and_the_json() -> None:
    table = CliRunner().invoke(app, ["list"])
    assert table.exit_code == 0
    line = next(line for line in table.output.splitlines() if "zarr-3.1.6" in line)
    assert line.split() == ["3.x", "2026-03-23", "zarr-3.1.6", "3.1.6", "*", "0.16.5"]
    assert "zarr.load() deletes data" in table.output
    rows = json.loads(CliRunner().invoke(app, ["list", "--json"]).output)
    assert rows[0]["tag"] == "zarr-2.18.0"
    assert len(rows) == len(load_catalogue().releases)


def test_the_update_command_says_what_it_did(
    index: FakeIndex, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "cryoet_zarr_bench.releases.catalogue_update.Resolver", lambda held: everything
    )
    nothing = CliRunner().invoke(app, ["update", "--catalogue", str(path)])
    assert nothing.exit_code == 0
    assert "nothing new" in nothing.output
    index.add("zarr", "2.18.1", 100)
    added = CliRunner().invoke(app, ["update", "--catalogue", str(path)])
    assert "zarr-2.18.1" in added.output
    assert "1 appended" in added.output


def test_an_empty_catalogue_is_begun(index: FakeIndex, tmp_path: Path) -> None:
    path = tmp_path / "catalogue.json"
    path.write_text(dump_catalogue(Catalogue(())))
    assert [release.tag for release in update_catalogue(path, everything)] == ["zarr-2.18.0"]
