"""Results of another machine are added if they are whole and can be believed, else refused."""

import hashlib
import json
import shutil
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cryoet_zarr_bench.cli import app
from cryoet_zarr_bench.commands.sharing import accept_command, submit_command
from cryoet_zarr_bench.common.project_folders import PROJECT
from cryoet_zarr_bench.submission.packed_results import MANIFEST, VERSION

COMMITTED = PROJECT / "results" / "epyc-2-cores"
OTHER = "other-machine"


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A project whose results have another machine, with three releases and a run of trust."""
    for command in (accept_command, submit_command):
        monkeypatch.setattr(command, "PROJECT", tmp_path)
    machine = tmp_path / "results" / OTHER
    machine.mkdir(parents=True)
    described = json.loads((COMMITTED / "machine.json").read_text())
    (machine / "machine.json").write_text(json.dumps({**described, "machine": OTHER}))
    for path in sorted(COMMITTED.glob("*-py3.12-tomogramsynthetic-10A-*.json"))[:3]:
        result = json.loads(path.read_text())
        result["params"]["machine"] = OTHER
        rows = {n: row for n, row in result["results"].items() if n.startswith("storage.")}
        (machine / path.name).write_text(json.dumps({**result, "results": rows}))
        shutil.copy(path.with_suffix(".record.jsonl"), machine)
    shutil.copy(COMMITTED / "trust.jsonl", machine)
    shutil.copy(COMMITTED / "layouts.jsonl", machine)
    return tmp_path


def run(*arguments):
    return CliRunner().invoke(app, [str(each) for each in arguments])


def submitted(place: Path) -> Path:
    file = place / "packed.zip"
    found = run("submit", "--machine", OTHER, "--out", file)
    assert found.exit_code == 0, found.output
    return file


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_what_is_submitted_is_accepted_elsewhere_to_the_byte(place, tmp_path_factory, monkeypatch):
    file = submitted(place)
    before = contents(place / "results" / OTHER)
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    monkeypatch.setattr(accept_command, "PROJECT", elsewhere)
    found = run("accept", file)
    assert found.exit_code == 0, found.output
    assert contents(elsewhere / "results" / OTHER) == before
    assert "3 result files" in " ".join(found.output.split())
    again = run("accept", file)
    assert again.exit_code == 2 and "is there already" in again.output
    assert run("accept", file, "--replace").exit_code == 0
    assert contents(elsewhere / "results" / OTHER) == before


def test_the_same_results_give_the_same_file(place):
    assert submitted(place).read_bytes() == submitted(place).read_bytes()


def no_run_of_trust(machine):
    (machine / "trust.jsonl").unlink()


def false_alarms(machine):
    path = machine / "trust.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        line["verdict"] = "regression"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def no_record(machine):
    next(machine.glob("*.record.jsonl")).unlink()


def broken_line(machine):
    with (machine / "layouts.jsonl").open("a") as file:
        file.write('{"layout": "x"}\n')


def another_machine(machine):
    path = next(p for p in machine.glob("*.json") if p.name != "machine.json")
    path.write_text(path.read_text().replace(OTHER, "somebody-elses"))


def no_release(machine):
    path = next(p for p in machine.glob("*.json") if p.name != "machine.json")
    result = json.loads(path.read_text())
    path.write_text(json.dumps({**result, "commit_hash": "0" * 40}))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (no_run_of_trust, "compared with itself in 0 cells"),
        (false_alarms, "false alarms in"),
        (no_record, "has no record beside it"),
        (broken_line, "1 lines cannot be used"),
        (another_machine, "cannot be used"),
        (no_release, "cannot be used"),
    ],
)
def test_what_cannot_be_believed_is_refused_by_who_sends_it(place, spoil, said):
    spoil(place / "results" / OTHER)
    found = run("submit", "--machine", OTHER, "--out", place / "packed.zip")
    assert found.exit_code == 2 and said in " ".join(found.output.split())
    assert not (place / "packed.zip").exists()


def test_another_tomogram_under_a_known_name_is_refused(place, tmp_path_factory, monkeypatch):
    file = submitted(place)
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    shutil.copytree(place / "results" / OTHER, elsewhere / "results" / OTHER)
    known = elsewhere / "results" / "known"
    shutil.move(elsewhere / "results" / OTHER, known)
    for path in known.glob("*.json"):
        path.write_text(path.read_text().replace(OTHER, "known"))
        result = json.loads(path.read_text())
        if "results" in result:
            row = result["results"]["storage.Storage.track_compression_ratio"]
            row[0] = [None if value is None else 1.5 * value for value in row[0]]
            path.write_text(json.dumps(result))
    monkeypatch.setattr(accept_command, "PROJECT", elsewhere)
    found = run("accept", file)
    assert found.exit_code == 2 and "stands for another tomogram" in " ".join(found.output.split())
    assert not (elsewhere / "results" / OTHER).exists()


def packed(file: Path, entries: dict[str, bytes], manifest: dict | None = None) -> Path:
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in entries.items()}
    told = {"version": VERSION, "machine": OTHER, "packed_by": "me", "files": digests}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr(MANIFEST, json.dumps({**told, **(manifest or {})}))
        for name, content in entries.items():
            made.writestr(name, content)
    return file


HOSTILE = {
    "a path out of the folder": ({"../../evil.json": b"{}"}, {}),
    "an absolute path": ({"/tmp/evil.json": b"{}"}, {}),
    "a program": ({"evil.py": b"pass"}, {}),
    "a machine that is a path": ({"machine.json": b"{}"}, {"machine": "../evil"}),
    "another digest": ({"machine.json": b"{}"}, {"files": {"machine.json": "0" * 64}}),
    "a file that is not listed": ({"machine.json": b"{}", "more.json": b"{}"}, {"files": {}}),
    "a later version": ({"machine.json": b"{}"}, {"version": VERSION + 1}),
    "what unpacks to gigabytes": ({"machine.json": b"0" * (1 << 28) + b"00"}, {}),
    "names that are one on other systems": ({"a.json": b"{}", "A.json": b"{}"}, {}),
}


@pytest.mark.parametrize("entries", HOSTILE.values(), ids=list(HOSTILE))
def test_hostile_files_are_refused_in_one_line(place, entries):
    before = sorted(place.rglob("*"))
    file = packed(place / "packed.zip", *entries)
    found = run("accept", file, "--replace")
    assert found.exit_code == 2 and found.output.count("\n") == 1, found.output
    file.unlink()
    assert sorted(place.rglob("*")) == before


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04" + bytes(40)])
def test_what_is_no_packed_file_is_refused(place, content):
    (place / "packed.zip").write_bytes(content)
    found = run("accept", place / "packed.zip")
    assert found.exit_code == 2 and "cannot be accepted" in " ".join(found.output.split())


def test_a_cut_file_is_refused_wherever_it_is_cut(place):
    whole = submitted(place).read_bytes()
    shutil.rmtree(place / "results")
    for cut in range(0, len(whole), max(len(whole) // 20, 1)):
        (place / "packed.zip").write_bytes(whole[:cut])
        assert run("accept", place / "packed.zip").exit_code == 2
    assert not (place / "results").exists()
