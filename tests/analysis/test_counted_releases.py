"""How far counts of instructions repeat is told of what was counted, and of nothing else."""

import dataclasses

import made_up_storage as storage

from cryoet_zarr_bench.analysis.changes import counted_releases
from cryoet_zarr_bench.analysis.changes.counted_releases import (
    DIFFERENCE,
    CountedReleases,
    most_counted,
    read_counted,
)
from cryoet_zarr_bench.analysis.result_reader import Cell
from cryoet_zarr_bench.releases.release_commits import commit_of

GRID = Cell("none", "32x32x32", 2)


def with_figures(figures, **fields):
    return dataclasses.replace(storage.release({}), figures=figures, **fields)


def test_the_sentence_has_the_machine_the_releases_and_how_far_counts_differ():
    releases = {
        tag: with_figures(figures={DIFFERENCE: {GRID: part}})
        for tag, part in (("zarr-3.2.1", 1e-5), ("zarr-3.3.0", 3e-5), ("zarr-3.4.2", 0.002))
    }
    assert CountedReleases("a-machine", releases).in_words == (
        "Instructions: on a-machine the calls of 3 releases were counted in two processes each, "
        "which differ by 0.003 % at the median and 0.2 % at most."
    )


def test_nothing_is_said_where_nothing_was_counted():
    timed = with_figures(figures={"read.Read.time_read_volume": {GRID: 1.0}})
    assert most_counted({"a-machine": {"zarr-3.4.2": timed}}) == CountedReleases()
    assert CountedReleases().in_words is None


def test_one_tomogram_is_told_of(monkeypatch, tmp_path):
    measured = [
        with_figures(commit=commit_of(tag), tomogram=tomogram, figures={DIFFERENCE: {GRID: part}})
        for tag, tomogram, part in (
            ("zarr-3.3.0", "few", 0.5),
            ("zarr-3.3.0", "most", 0.001),
            ("zarr-3.4.2", "most", 0.001),
        )
    ]
    monkeypatch.setattr(counted_releases, "read_results", lambda results: measured)
    assert read_counted(tmp_path).differences == [0.001, 0.001]
