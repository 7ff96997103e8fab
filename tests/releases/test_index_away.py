"""A package index that cannot be reached: one line that says so, and no cell that becomes n/a."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from rich.console import Console

from cryoet_zarr_bench.asv_bridge import asv_runs
from cryoet_zarr_bench.asv_bridge.release_steps import Place, Progression, Step
from cryoet_zarr_bench.commands.comparing import verdicts_command
from cryoet_zarr_bench.common.errors import BadInput, ReleaseUnusable
from cryoet_zarr_bench.machine.interpreters import find_interpreter
from cryoet_zarr_bench.releases import companion_packages
from cryoet_zarr_bench.releases import installation as installation
from cryoet_zarr_bench.releases.catalogue import load_catalogue
from cryoet_zarr_bench.releases.companion_packages import Companion, Pin
from cryoet_zarr_bench.releases.installation import (
    IndexOutOfReach,
    InstallationFailed,
    MissingFromIndex,
    install,
    install_labelled,
    make_environment,
)
from cryoet_zarr_bench.releases.uv_answers import is_refusal
from cryoet_zarr_bench.storage.grid import PROFILES

CATALOGUE = load_catalogue()


def page(handler, body, status=200, kind="text/html", length=None):
    handler.send_response(status)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(body) if length is None else length))
    handler.end_headers()
    handler.wfile.write(body)


def links(handler, file_status):
    """An index that lists wheels, and a server of files that does not give them."""
    if "/simple/" not in handler.path:
        page(handler, b"", file_status)
        return
    name = handler.path.strip("/").split("/")[-1]
    wheel = f"{name}-{ {'zarr': '3.4.2', 'numcodecs': '0.17.1'}.get(name, '1.0') }-py3-none-any.whl"
    page(handler, f'<!DOCTYPE html><a href="/files/{wheel}">{wheel}</a>'.encode())


def hang(handler):
    time.sleep(1.5)
    page(handler, b"", 503)


ANSWERS = {
    "503": lambda handler: page(handler, b"", 503),
    "429": lambda handler: page(handler, b"", 429),
    "401": lambda handler: page(handler, b"", 401),
    "403": lambda handler: page(handler, b"", 403),
    "half": lambda handler: page(handler, b"<!DOCTYPE html><a hr", length=1000),
    "half JSON": lambda handler: page(handler, b'{"na', kind="application/vnd.pypi.simple.v1+json"),
    "no page": lambda handler: page(handler, b"\0\1", kind="application/octet-stream"),
    "hangs": hang,
    "wheels 503": lambda handler: links(handler, 503),
    "wheels 404": lambda handler: links(handler, 404),
}


@pytest.fixture
def serve(monkeypatch, tmp_path):
    """A function that makes uv ask an index which answers in this way, None for a closed port."""
    servers = []

    def served(answer):
        origin = "http://127.0.0.1:9"
        if answer is not None:

            class Handler(BaseHTTPRequestHandler):
                def do_GET(self):
                    answer(self)

                do_HEAD = do_GET

                def log_message(self, *arguments):
                    pass

            server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
            server.daemon_threads = True
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
            servers.append(server)
            origin = f"http://127.0.0.1:{server.server_address[1]}"
        monkeypatch.setenv("UV_DEFAULT_INDEX", f"{origin}/simple")
        return origin

    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "empty-cache"))
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    monkeypatch.setenv("UV_HTTP_TIMEOUT", "1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield served
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def environment(tmp_path):
    interpreter = find_interpreter("3.12")
    if interpreter is None:
        pytest.skip("no CPython 3.12")
    make_environment(interpreter, tmp_path / "environment")
    return tmp_path / "environment"


@pytest.mark.parametrize("answer", [None, *ANSWERS])
def test_an_index_out_of_reach_is_named_in_one_line(environment, serve, answer):
    origin = serve(ANSWERS[answer] if answer else None)
    with pytest.raises(IndexOutOfReach) as raised:
        install_labelled(
            environment,
            "zarr-3.4.2",
            "a" * 40,
            {"zarr": "3.4.2", "numcodecs": "0.17.1"},
            ["zarr==3.4.2", "numcodecs==0.17.1"],
            ["numpy==2.2.6"],
        )
    said = str(raised.value)
    assert said.startswith(f"the package index could not be reached: {origin}/")
    assert said.endswith("then run the same command again")
    assert len(said.splitlines()) == 1 and len(said) < 600
    assert not (environment / "installed-release.json").exists()


@pytest.mark.parametrize("body", [b"<!DOCTYPE html>", b"<html><body>Log in to the hotel</body>"])
def test_an_index_without_the_version_of_any_package_is_no_refusal(environment, serve, body):
    serve(lambda handler: page(handler, body))
    with pytest.raises(MissingFromIndex, match=r"there is no version of numpy==2\.2\.6"):
        install(environment, ["numpy==2.2.6"])


def test_a_password_in_the_address_of_an_index_is_not_shown(environment, serve, monkeypatch):
    origin = serve(ANSWERS["503"])
    monkeypatch.setenv("UV_DEFAULT_INDEX", f"{origin.replace('//', '//me:secret@')}/simple")
    with pytest.raises(IndexOutOfReach) as raised:
        install(environment, ["numpy==2.2.6"])
    assert "secret" not in str(raised.value)


def test_what_is_not_in_the_index_says_nothing_about_the_versions():
    assert not is_refusal(
        "error: No solution found when resolving dependencies cause: Because there is no version "
        "of numpy==2.2.6 and you require numpy==2.2.6, your requirements are unsatisfiable."
    )


def test_an_index_that_goes_away_makes_no_companion_unavailable(environment, monkeypatch):
    """It is there for the release, and gone when it is asked for the companion alone."""
    monkeypatch.setattr(companion_packages, "COMPANIONS", (Companion("pcodec", (Pin("0.0.99"),)),))

    def went_away(environment, requirements):
        if not any(each.startswith("pcodec") for each in requirements):
            return installation.Outcome(None)
        went_away.asked += 1
        if went_away.asked == 1:
            raise MissingFromIndex("there is no version of pcodec==0.0.99")
        raise IndexOutOfReach("the package index could not be reached")

    went_away.asked = 0
    monkeypatch.setattr(installation, "install", went_away)
    with pytest.raises(IndexOutOfReach):
        install_labelled(
            environment,
            "zarr-3.4.2",
            "a" * 40,
            {"zarr": "3.4.2", "numcodecs": "0.17.1"},
            ["zarr==3.4.2", "numcodecs==0.17.1"],
            [],
        )
    assert not (environment / "installed-release.json").exists()


def test_uv_that_hangs_or_is_missing_is_a_line(environment, monkeypatch, tmp_path):
    slow = tmp_path / "uv"
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    monkeypatch.setattr("uv.find_uv_bin", lambda: str(slow))
    real = installation.run_uv
    monkeypatch.setattr(installation, "run_uv", lambda arguments: real(arguments, timeout=0.2))
    with pytest.raises(IndexOutOfReach, match="uv had not ended after"):
        install(environment, ["numpy==2.2.6"])
    slow.unlink()
    with pytest.raises(InstallationFailed, match="cannot run uv"):
        install(environment, ["numpy==2.2.6"])


def test_in_the_midst_of_a_history_what_was_measured_is_kept(tmp_path, monkeypatch):
    steps = [Step(release) for release in CATALOGUE.releases[:2]]
    asked = []

    def asv(command, log, watch):
        asked.append(command[-1])
        if len(asked) == 2:
            log.write_text("·· the package index could not be reached: http://index/: refused\n")
            return 1
        return 0

    monkeypatch.setattr(asv_runs, "WORK", tmp_path)
    monkeypatch.setattr(asv_runs, "run_watched", asv)
    place = Place(tmp_path / "run", tmp_path / "results", tmp_path / "html", "3.12", "testing")
    unfinished = tmp_path / "unfinished-run.json"
    with pytest.raises(BadInput, match="could not be reached: http://index/: refused"):
        asv_runs.measure(steps, place, Progression(unfinished, {}), Console(quiet=True))
    assert json.loads(unfinished.read_text())["done"] == [steps[0].name]
    assert asv_runs.measure(steps, place, Progression(unfinished, {}), Console(quiet=True)) == []
    assert asked == [f"{step.release.tag}^!" for step in (steps[0], steps[1], steps[1])]


@pytest.mark.parametrize("error", [BadInput, ReleaseUnusable])
def test_only_a_release_that_cannot_be_used_is_a_result_of_the_verdicts(monkeypatch, error):
    def confirm(*arguments):
        raise error("the reason")

    monkeypatch.setattr(verdicts_command, "confirm", confirm)
    monkeypatch.setattr(verdicts_command, "selected_tomogram", lambda: None)
    monkeypatch.setattr(verdicts_command, "tomogram_label", lambda: "synthetic-10A-8x8x8")
    release = CATALOGUE.newest("3.x")
    asked = (release, [], CATALOGUE, PROFILES["quick"], "testing", Console(quiet=True))
    if error is BadInput:
        with pytest.raises(BadInput, match="the reason"):
            verdicts_command._judge(*asked)
    else:
        assert verdicts_command._judge(*asked)["reason"] == "the reason"
