"""The README's figures are those of the committed results, and its claims about them hold."""

import shutil
from pathlib import Path

import pytest

from cryoet_zarr_bench.analysis.result_reader import (
    Cell,
    history_tomogram,
    published_machine,
    read_results,
)
from cryoet_zarr_bench.commands.bench_command import history_steps
from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.releases.catalogue import load_catalogue
from cryoet_zarr_bench.releases.release_commits import commit_of
from cryoet_zarr_bench.reports.documents.all_documents import update_documents
from cryoet_zarr_bench.reports.documents.readme_figures import BEGIN, END, update_readme
from cryoet_zarr_bench.storage.grid import PROFILES

PROJECT = Path(__file__).resolve().parents[2]

CORE = (
    "write.Write.time_write",
    "write.Write.time_write_cpu",
    "write.Write.peakmem_write",
    "read.Read.time_read_volume",
    "read.Read.time_read_volume_cpu",
    "read.Read.time_read_xy_slice",
    "read.Read.time_read_xy_slice_cpu",
    "read.Open.time_open",
    "storage.Storage.track_compression_ratio",
    "storage.Storage.track_stored_fraction",
    "storage.Storage.track_stored_bytes",
    "storage.Storage.track_file_count",
)


# A call that could not be brought into its state of the page cache has no figure, by design.
NOT_IN_ITS_STATE = {
    "zarr-2.18.1": ["disk.Warm.time_read_warm"],
    "zarr-2.18.3": ["disk.Warm.time_read_warm"],
}


def test_every_document_has_the_figures_of_the_results(tmp_path):
    (tmp_path / "results").symlink_to(PROJECT / "results")
    shutil.copy(PROJECT / "README.md", tmp_path)
    shutil.copytree(PROJECT / "docs", tmp_path / "docs")
    assert update_documents(tmp_path) == [], "run `cryoet-zarr-bench readme`"


def test_figures_are_written_between_the_marks_alone(tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    assert update_readme(readme, PROJECT / "results")
    text = readme.read_text()
    assert text.startswith(f"before\n{BEGIN}\n") and text.endswith(f"{END}\nafter\n")
    assert "\nold\n" not in text and "| browsing in a viewer |" in text


def test_a_readme_without_marks_is_left_as_it_is(tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text("nothing\n")
    with pytest.raises(BadInput, match="marks"):
        update_readme(readme, PROJECT / "results")
    assert readme.read_text() == "nothing\n"


def test_the_whole_history_was_measured_and_only_what_is_noted_failed():
    measured = [
        each
        for each in read_results(PROJECT / "results")
        if each.machine == published_machine(PROJECT / "results")
    ]
    followed = history_tomogram(measured)
    results = {
        (each.commit, each.numcodecs): each for each in measured if each.tomogram == followed
    }
    for step in history_steps(load_catalogue()):
        result = results[commit_of(step.release.tag), step.numcodecs]
        if step.release.note and step.numcodecs is None:
            assert result.failed and not any(result.figures.values()), step.name
            continue
        assert result.failed == NOT_IN_ITS_STATE.get(step.name, []), step.name
        assert not result.reasons, step.name
        if step.numcodecs is not None:
            continue
        # Some releases may have been measured with a larger part of the grid than others.
        zarr_formats = (2, 3) if step.release.zarr.startswith("3.") else (2,)
        expected = {
            Cell(config.codec.name, config.chunks_text, config.zarr_format)
            for config in PROFILES[result.profile].configs()
            if config.zarr_format in zarr_formats
        }
        for name in CORE:
            assert set(result.figures[name]) == expected, (step.name, name)


def test_each_figure_has_the_samples_that_the_readme_says():
    import json

    folder = PROJECT / "results" / str(published_machine(PROJECT / "results"))
    path = next(
        folder.glob(f"{commit_of('zarr-3.4.2')[:8]}-*-py3.12-tomogramsynthetic-10A-128*.json")
    )
    stored = json.loads(path.read_text())
    for name, row in stored["results"].items():
        if name in CORE and ".time_" in name:
            samples = dict(zip(stored["result_columns"], row, strict=False))["samples"]
            assert min(len(each) for each in samples if each is not None) >= 6, name
