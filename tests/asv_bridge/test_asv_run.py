"""Real asv over real releases, in a folder of its own."""

import contextlib
import json
import math
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cryoet_zarr_bench.analysis.result_reader import Cell, read_results
from cryoet_zarr_bench.asv_bridge.cells.exact_cells import BY_PROCESS
from cryoet_zarr_bench.releases.release_commits import commit_of

PROJECT = Path(__file__).resolve().parents[2]
TOMOGRAM = "synthetic:10A@32"
FAST = ("--no-pull", "--show-stderr", "--attribute", "rounds=1", "--attribute", "repeat=1")
OLD, NEW = "zarr-2.18.3", "zarr-3.4.2"
CORE = ("convert", "read", "storage", "write")


@pytest.fixture(scope="module")
def measured(shared_workplace):
    """Two releases, one of each generation, measured and published."""
    shared_workplace.configuration()
    for tag in (OLD, NEW):
        run = shared_workplace.asv("run", *FAST, f"{tag}^!", CRYOET_TOMOGRAM=TOMOGRAM)
        assert run.returncode == 0, run.stdout + run.stderr
    published = shared_workplace.asv("publish", "--no-pull")
    assert published.returncode == 0, published.stdout
    return shared_workplace


def test_each_release_has_a_figure_in_every_cell_it_can_have(measured):
    results = {result.commit: result for result in read_results(measured.results)}
    assert set(results) == {commit_of(OLD), commit_of(NEW)}
    new, old = results[commit_of(NEW)], results[commit_of(OLD)]
    assert new.tomogram == old.tomogram == "synthetic-10A-32x32x32"
    assert not new.failed and not old.failed
    assert not new.reasons and not old.reasons
    for name, cells in new.figures.items():
        # What other questions have cells of depends on the machine and on what can be installed.
        if "Reference" in name or name.split(".")[0] not in CORE:
            continue
        assert len(cells) == (3 if name.startswith("convert.") else 30), name
        assert {cell for cell in cells if cell.zarr_format == 2} == set(old.figures[name])
        assert all(value > 0 for value in cells.values())
    cell = Cell("blosc-zstd-5-shuffle", "32x32x32", 2)
    for exact in ("track_stored_bytes", "track_file_count"):
        assert old.figure(f"storage.Storage.{exact}", cell) > 1
    # Metadata is three GETs in zarr 3 and one in zarr 2; the tomogram is in one chunk.
    one_chunk = Cell("blosc-zstd-5-shuffle", "64x64x64", 2)
    assert new.figure("access.Requests.track_xy_slice_gets", one_chunk) == 3 + 1
    assert old.figure("access.Requests.track_xy_slice_gets", one_chunk) == 1 + 1


def test_the_committed_list_has_the_benchmarks_there_are(measured):
    """It is that of a larger profile: parameters differ, and some are in the larger one alone."""
    written, committed = (
        {
            name: benchmark["version"]
            for name, benchmark in json.loads((folder / "benchmarks.json").read_text()).items()
            if name != "version"
        }
        for folder in (measured.results, PROJECT / "results")
    )
    assert written.items() <= committed.items()


def test_each_result_has_its_record(measured):
    records = sorted(measured.results.glob("testing/*.record.jsonl"))
    assert len(records) == 2
    for path in records:
        record = json.loads(path.read_text())
        assert path.name.startswith(record["commit"][:8])
        assert record["imported"]["zarr"]["version"] in ("2.18.3", "3.4.2")
        assert record["environment"]["packages"]["numpy"] == "2.2.6"
        assert record["environment"]["cores"] == 1
        assert not record["failed"]
        libraries = record["environment"]["libraries"]
        assert any("numcodecs/blosc." in path for path in libraries)
        assert all(len(digest) == 64 for digest in libraries.values())


def test_each_record_tells_the_conditions_it_was_measured_in(measured):
    results = {result.commit: result for result in read_results(measured.results)}
    for path in measured.results.glob("testing/*.record.jsonl"):
        record = json.loads(path.read_text())
        conditions = record["conditions"]
        assert conditions["machine"]["kernel"] == record["environment"]["kernel"]
        samples = conditions["samples"]
        # One at the start and one at the end, at least.
        assert len(samples) >= 2
        assert all(len(sample) == 6 and min(sample[1:3]) > 0 for sample in samples)
        assert samples == sorted(samples, key=lambda sample: sample[0])
        assert (conditions["noisy"] is None) == (len(samples) < 5)
        result = results[record["commit"]]
        assert (result.canary_spread, result.noisy) == (
            conditions["canary_spread"],
            conditions["noisy"],
        )
        assert result.canary in sorted(sample[1] for sample in samples) or len(samples) % 2 == 0


@pytest.mark.long
def test_exact_cells_are_those_that_a_process_each_would_have_given(measured):
    """In the release that has n/a cells as well; only when and how long may differ."""
    name = "storage.Storage.track_stored_fraction"
    (path,) = measured.results.glob(f"testing/{commit_of(OLD)[:8]}-virtualenv-*.json")
    record = path.with_suffix(".record.jsonl")
    before = {each: each.read_bytes() for each in (path, record)}
    variables = {"CRYOET_TOMOGRAM": TOMOGRAM, BY_PROCESS: "1"}
    try:
        run = measured.asv("run", *FAST, "--bench", name, f"{OLD}^!", **variables)
        assert run.returncode == 0, run.stdout + run.stderr
        after = json.loads(path.read_text())
    finally:
        for each, content in before.items():
            each.write_bytes(content)
    given, wanted = (
        {
            column: value
            for column, value in zip(each["result_columns"], each["results"][name], strict=False)
            if column not in ("started_at", "duration")
        }
        for each in (json.loads(before[path]), after)
    )
    assert after["results"][name] != json.loads(before[path])["results"][name]
    # NaN is not equal to itself.
    assert repr(given) == repr(wanted)
    assert sum(math.isnan(value) for value in given["result"]) == len(given["result"]) / 2


def test_a_disk_and_the_overhead_of_chunks_are_measured_in_both(measured):
    cell = Cell("none", "16x16x16", 2)
    for result in read_results(measured.results):
        if result.numcodecs is None:
            slope = "overhead.PerChunk.track_write_us_per_chunk"
            assert result.figure(slope, cell) and result.figure(f"{slope}_cpu", cell)
            low, high = result.quartiles[slope][cell]
            assert low <= result.figures[slope][cell] <= high
            assert result.figures["disk.Warm.time_read_warm"]
    assert not list(measured.work.glob("cryoet-zarr-bench-*/*"))


def test_nothing_unfinished_is_left(measured):
    assert not list((measured.work / "unfinished").iterdir())
    assert not list((measured.work / "records").iterdir())
    assert not list(measured.results.glob(".saving-*"))


def test_compare_knows_releases_by_name(measured):
    compared = measured.asv("compare", OLD, NEW)
    assert compared.returncode == 0, compared.stderr
    assert "time_write" in compared.stdout


@pytest.mark.long
def test_a_pair_that_excludes_itself_is_not_applicable_and_exits_with_0(measured):
    """In a column of its own, whose environment has never held a release."""
    configuration = measured.configuration(None, "0.15.1")
    run = measured.run(
        "asv",
        "run",
        "--config",
        str(configuration),
        *FAST,
        "zarr-3.4.2^!",
        CRYOET_TOMOGRAM=TOMOGRAM,
        CRYOET_MACHINE="testing",
    )
    assert run.returncode == 0, run.stdout
    (result,) = [each for each in read_results(measured.results) if each.numcodecs == "0.15.1"]
    assert result.commit == commit_of("zarr-3.4.2")
    assert not any(result.figures.values())
    assert not result.failed


def test_the_discovery_check_passes(measured):
    checked = measured.asv("check", CRYOET_TOMOGRAM=TOMOGRAM)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"CRYOET_TOMOGRAM": "/nowhere/volume.mrc"}, "/nowhere/volume.mrc"),
        ({"CRYOET_TOMOGRAM": TOMOGRAM, "CRYOET_CROP": "64,64,64"}, "64"),
        ({"CRYOET_PROFILE": "quik"}, "quick, standard, full"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(workplace, variables, said):
    workplace.configuration()
    run = workplace.asv("run", *FAST, f"{NEW}^!", **variables)
    assert run.returncode == 2
    (line,) = [line for line in run.stderr.splitlines() if line]
    assert line.startswith("error: ") and said in line
    assert not list(workplace.results.glob("*/*-*.json"))


def start(workplace, tag, **variables):
    command = [
        sys.executable,
        "-m",
        "asv",
        "run",
        "--config",
        workplace.folder / "asv.own.conf.json",
    ]
    return subprocess.Popen(
        [*command, *FAST, "--record-samples", f"{tag}^!"],
        cwd=PROJECT,
        env=workplace.variables(CRYOET_TOMOGRAM=TOMOGRAM, CRYOET_MACHINE="testing", **variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def journal_of(workplace, kind="key"):
    """The whole lines of one kind: `key` for cells, `note` for notes."""
    journals = list((workplace.work / "unfinished").glob("*.jsonl"))
    lines = journals[0].read_text().splitlines()[1:] if journals else []
    return [line for line in lines if line.startswith(f'{{"{kind}"') and line.endswith("}")]


def processes_of(workplace):
    """The command lines of all processes that run in an environment of this place."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                found.append((folder / "cmdline").read_bytes())
    return [each for each in found if str(workplace.work / "env").encode() in each]


@pytest.mark.long
@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGINT])
def test_killed_in_the_middle_nothing_measured_is_lost(workplace, ending):
    workplace.configuration()
    process = start(workplace, NEW)
    # Few of all, so that it has not ended by the time that a busy machine says so.
    while len(journal_of(workplace)) < 15 and process.poll() is None:
        time.sleep(0.05)
    assert processes_of(workplace)
    # asv alone is hit: what it started has to notice.
    process.send_signal(ending)
    said, _ = process.communicate()
    for _ in range(200):
        if not processes_of(workplace):
            break
        time.sleep(0.05)
    assert not processes_of(workplace)
    before = [json.loads(line) for line in journal_of(workplace)]
    assert len(before) >= 15, said
    notes = [json.loads(line)["note"] for line in journal_of(workplace, "note")]
    noted = [note["sample"] for note in notes if "sample" in note]
    assert noted
    assert not list(workplace.results.glob("*/*-*.json"))

    again = start(workplace, NEW)
    output, _ = again.communicate()
    assert again.returncode == 0, output
    assert f"{len(before)} cells were measured before the interruption" in output
    (path,) = workplace.results.glob("testing/*-virtualenv-*.json")
    stored = json.loads(path.read_text())
    columns = stored["result_columns"]
    samples = {
        name: dict(zip(columns, row, strict=False)).get("samples")
        for name, row in stored["results"].items()
        if "time_" in name
    }
    for cell in before:
        name, _, _, index = cell["key"].split(" #")[0].split(" ")
        if "time_" in name and cell["result"]["samples"] != [None]:
            assert samples[name][int(index)] == cell["result"]["samples"][0]
    record = json.loads(path.with_suffix(".record.jsonl").read_text())
    assert record["conditions"]["samples"][: len(noted)] == noted
    assert len(record["conditions"]["samples"]) >= len(noted) + 2


# After each fork of asv, as logging lets its lock go there; Ctrl-C comes in the third after cells.
IN_A_FORK = """
import glob, os, signal, sys
forks = 0
def interrupted():
    global forks
    forks += bool(glob.glob(os.path.join(os.environ["UNFINISHED"], "*.jsonl")))
    if forks == 3:
        os.kill(os.getpid(), signal.SIGINT)
if sys.orig_argv[1:3] == ["-m", "asv"]:
    os.register_at_fork(after_in_parent=interrupted)
"""


@pytest.mark.long
def test_ctrl_c_that_comes_while_asv_forks_ends_the_run(workplace):
    workplace.configuration()
    (workplace.folder / "sitecustomize.py").write_text(IN_A_FORK)
    unfinished = str(workplace.work / "unfinished")
    places = {"PYTHONPATH": str(workplace.folder), "UNFINISHED": unfinished}
    said, _ = start(workplace, NEW, **places).communicate()
    assert said.rstrip().endswith("KeyboardInterrupt"), said
    assert journal_of(workplace)
    assert not list(workplace.results.glob("*/*-*.json"))
