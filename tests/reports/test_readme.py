"""The README's figures are those of the committed results, and its claims about them hold."""

import shutil
from pathlib import Path

import pytest

from cryoet_zarr_bench.errors import BadInput
from cryoet_zarr_bench.releases.catalogue import load_catalogue
from cryoet_zarr_bench.releases.commits import commit_of
from cryoet_zarr_bench.reports.documents import update_documents
from cryoet_zarr_bench.reports.main_job import history_steps
from cryoet_zarr_bench.reports.readme import BEGIN, END, update_readme
from cryoet_zarr_bench.reports.results import published_machine, read_results
from cryoet_zarr_bench.storage.grid import PROFILES

PROJECT = Path(__file__).resolve().parents[2]


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
    assert "old" not in text and "blosc-zstd-5-shuffle" in text


def test_a_readme_without_marks_is_left_as_it_is(tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text("nothing\n")
    with pytest.raises(BadInput, match="marks"):
        update_readme(readme, PROJECT / "results")
    assert readme.read_text() == "nothing\n"


def test_the_whole_history_was_measured_and_only_what_is_noted_failed():
    machine = published_machine(PROJECT / "results")
    results = {
        (each.commit, each.numcodecs): each
        for each in read_results(PROJECT / "results")
        if each.machine == machine
    }
    grid = len(list(PROFILES["quick"].configs()))
    for step in history_steps(load_catalogue()):
        result = results[commit_of(step.release.tag), step.numcodecs]
        if step.release.note and step.numcodecs is None:
            assert result.failed and not any(result.figures.values()), step.name
            continue
        assert not result.failed and not result.reasons, step.name
        cells = len(result.figures["storage.Storage.track_stored_bytes"])
        if step.numcodecs is None:
            expected = grid if step.release.zarr.startswith("3.") else grid // 2
            assert cells == expected, step.name
            for name, figures in result.figures.items():
                assert len(figures) == (1 if "reference" in name else expected), (step.name, name)


def test_each_figure_has_the_samples_that_the_readme_says():
    import json

    folder = PROJECT / "results" / str(published_machine(PROJECT / "results"))
    path = next(folder.glob(f"{commit_of('zarr-3.4.2')[:8]}-*-py3.12-tomo*.json"))
    stored = json.loads(path.read_text())
    for name, row in stored["results"].items():
        if ".time_" in name:
            samples = dict(zip(stored["result_columns"], row, strict=False))["samples"]
            assert min(len(each) for each in samples) >= 6, name
