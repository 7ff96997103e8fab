"""The page Releases draws instructions in the history, whichever machine counted them."""

import dataclasses

import made_up_storage as storage

from cryoet_zarr_bench.analysis.changes.counted_releases import DIFFERENCE
from cryoet_zarr_bench.releases.release_commits import commit_of
from cryoet_zarr_bench.reports.pages import releases_page
from cryoet_zarr_bench.reports.pages.releases_page import releases_content

OPEN = "instructions.Instructions.track_open"
TAGS = ("zarr-3.1.5", "zarr-3.1.6")


def release(tag, machine, measured_at, figures):
    return dataclasses.replace(
        storage.release(figures), commit=commit_of(tag), machine=machine, measured_at=measured_at
    )


def content(tmp_path, monkeypatch, *measured):
    monkeypatch.setattr(releases_page, "read_results", lambda results: list(measured))
    return releases_content(tmp_path)


def figures_of(shown, name):
    place = [each["name"] for each in shown["benchmarks"]].index(name)
    tags = [each["tag"] for each in shown["releases"]]
    return {tags[row[1]]: (row[0], row[3][1]) for row in shown["figures"] if row[2] == place}


def test_counts_of_another_machine_are_in_the_series_of_the_history(tmp_path, monkeypatch):
    ratio = {"storage.Storage.track_compression_ratio": {storage.PLAIN: 1.0}}
    timed = [release(tag, "timer", 1, ratio) for tag in TAGS]
    counted = [
        release(tag, "counter", 2, {OPEN: {storage.PLAIN: count}, DIFFERENCE: {storage.PLAIN: 0}})
        for tag, count in zip(TAGS, (2e6, 3e6), strict=True)
    ]
    shown = content(tmp_path, monkeypatch, *timed, *counted)
    (series,) = shown["series"]
    assert series["machine"] == "timer" and "on counter the calls of 2" in series["counted"]
    assert figures_of(shown, OPEN) == {"zarr-3.1.5": (0, 2e6), "zarr-3.1.6": (0, 3e6)}


def test_without_counts_nothing_is_drawn_of_them(tmp_path, monkeypatch):
    ratio = {"storage.Storage.track_compression_ratio": {storage.PLAIN: 1.0}}
    shown = content(tmp_path, monkeypatch, release(TAGS[0], "timer", 1, ratio))
    assert shown["series"][0]["counted"] is None and figures_of(shown, OPEN) == {}
