"""Layouts measured in processes of their own, kept, told in a document, and taken up again."""

import json

import pytest
from typer.testing import CliRunner

from cryoet_zarr_bench.analysis.layout_comparison import REGRETTED, compared_layouts
from cryoet_zarr_bench.cli import app
from cryoet_zarr_bench.commands import layouts_command
from cryoet_zarr_bench.layouts import layout_measurement
from cryoet_zarr_bench.layouts.layout_lines import LAYOUTS_FILE, read_layout_lines
from cryoet_zarr_bench.layouts.layout_measurement import MAPPED
from cryoet_zarr_bench.layouts.reading_places import PLACES
from cryoet_zarr_bench.layouts.reading_times import TIMED
from cryoet_zarr_bench.reports.documents.layouts_document import layouts_report

CONFIG = "zstd-3 16x32x32 in all"


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.setattr(layouts_command, "PROJECT", tmp_path)
    monkeypatch.setattr(layouts_command, "WORK", tmp_path / "work")
    (tmp_path / "results").mkdir()
    (tmp_path / "work").mkdir()
    return tmp_path


def run(*names, **options):
    named = [part for name in names for part in ("--layout", name)]
    command = ["layouts", "--machine", "a-laptop", "--tomogram", "synthetic:10A@20x40x44", *named]
    return CliRunner().invoke(app, [*command, *options.get("more", ())])


@pytest.mark.long
def test_a_file_a_rule_and_a_config_are_measured_once_and_told(project):
    found = run("layout:mrc", "layout:portal-2024", CONFIG)
    assert found.exit_code == 0, found.output
    lines = read_layout_lines(project / "results", "a-laptop")
    assert {line.layout for line in lines} == {"mrc", "portal-2024", CONFIG}
    by_name = {line.layout: line for line in lines}
    raw = 20 * 40 * 44 * 4
    for line in lines:
        assert line.reason is None and line.raw_bytes == raw and line.places == list(PLACES)
        assert line.reading["volume"].bytes_used == raw and line.write.memory > 0
        assert set(line.cpu) == set(TIMED)
    mrc = by_name["mrc"]
    assert (mrc.stored_bytes, mrc.files, mrc.levels[0].chunks) == (raw + 1024, 1, [1, 40, 44])
    assert set(mrc.crops) == {MAPPED} and mrc.padded_bytes == 0
    # A slice across the planes needs all of them; a plane is one range.
    assert (mrc.reading["xy_slice"].gets - mrc.reading["open"].gets) == 1
    assert (mrc.reading["yz_slice"].gets - mrc.reading["open"].gets) == 20
    assert mrc.changing["chunk"].bytes_put == raw + 1024
    newest = {name for name in by_name[CONFIG].readers if not name.startswith("zarr-python 2")}
    assert len(newest) >= 5 and not any(by_name[CONFIG].readers[name] for name in newest)
    (oldest,) = by_name[CONFIG].readers.keys() - newest
    assert by_name[CONFIG].readers[oldest] and not by_name["portal-2024"].readers[oldest]
    assert by_name["portal-2024"].padded_bytes > 100 * raw
    again = run("layout:mrc", "layout:portal-2024", CONFIG)
    assert again.exit_code == 0 and "1 of" not in again.output
    (compared,) = compared_layouts(project / "results", "a-laptop")
    for purpose in REGRETTED:
        regrets = [compared.regret(line, purpose) for line in compared.lines]
        assert min(regrets) == 0
    report = layouts_report(project / "results", "a-laptop")
    assert "## synthetic-10A-20x40x44" in report and "**CryoET Data Portal**" in report
    assert f"| {CONFIG} |" in report


@pytest.mark.long
def test_a_bad_line_is_left_out_and_a_reason_kept(project, monkeypatch):
    for what, name in (("PATTERNS", "xy_slice"), ("CHANGES", "box")):
        few = {name: getattr(layout_measurement, what)[name]}
        monkeypatch.setattr(layout_measurement, what, few)
    folder = project / "results" / "a-laptop"
    folder.mkdir()
    assert "Nothing was measured yet" in layouts_report(project / "results", "a-laptop")
    run("layout:64")
    path = folder / LAYOUTS_FILE
    (line,) = read_layout_lines(project / "results", "a-laptop")
    bad = {**line.model_dump(), "stored_bytes": -1}
    failed = {**line.model_dump(), "layout": "zarr-python", "reason": "it ended by itself"}
    path.write_text("".join(json.dumps(each) + "\n" for each in (bad, failed)))
    lines = read_layout_lines(project / "results", "a-laptop")
    assert [each.layout for each in lines] == ["zarr-python"]
    assert compared_layouts(project / "results", "a-laptop") == []


@pytest.mark.parametrize("name", ["layout:nobody", "nothing"])
def test_what_is_no_layout_is_one_line(project, name):
    found = run(name)
    assert found.exit_code == 2 and found.output.count("\n") == 1


@pytest.mark.long
@pytest.mark.parametrize("name", ["ome-zarr-py", "ngff-zarr", "iohub-2026", "tensorstore"])
def test_a_library_writes_by_its_own_defaults(project, name):
    found = run(f"layout:{name}")
    assert found.exit_code == 0, found.output
    (line,) = read_layout_lines(project / "results", "a-laptop")
    assert line.reason is None and line.levels[0].shape == [20, 40, 44]
    assert line.writer != line.reader
