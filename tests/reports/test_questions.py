"""The tables of the first page beside writing and reading, from made-up figures."""

import made_up_storage as made_up
import pytest

from cryoet_zarr_bench.analysis.pooled_measurements import Pooled
from cryoet_zarr_bench.reports.pages.question_tables import question_tables


def tables_of(result):
    return question_tables(Pooled(result, 1, 1.25))


def tables():
    figures = {**made_up.core(), **made_up.lossy(), **made_up.other_questions()}
    return {each["title"]: each for each in tables_of(made_up.release(figures))}


def test_every_question_that_was_measured_has_a_table_whose_rows_fit_its_headings():
    found = tables()
    assert list(found) == [
        *("Lossless codecs", "Lossy codecs", "Access patterns", "Shards"),
        *("Engines", "Portability", "Disk", "Overhead"),
    ]
    for table in found.values():
        assert table["says"] and table["rows"]
        assert all(len(row) == len(table["headings"]) for row in table["rows"])


def test_a_release_of_the_core_alone_has_no_other_question():
    assert tables_of(made_up.release(made_up.core())) == []


@pytest.mark.parametrize("missing", ["access", "shards", "engines", "portability", "disk"])
def test_one_question_less_is_one_table_less(missing):
    figures = {**made_up.core(), **made_up.other_questions()}
    kept = {name: each for name, each in figures.items() if not name.startswith(missing)}
    counts = [len(tables_of(made_up.release(each))) for each in (figures, kept)]
    assert counts[1] == counts[0] - 1


def test_a_pattern_has_its_modelled_time_and_requests_by_chunk_shape():
    table = tables()["Access patterns"]
    assert table["headings"] == ["pattern", "64x64x64", "16x128x128"]
    worst, particles = table["rows"]
    # Of each chunk shape the newest format.
    assert worst == ["worst slice", ["500 ms", "", False], ["200 ms", "", True]]
    assert particles == [
        "particles",
        ["800 ms", "301 GETs, 8.5x read", False],
        ["790 ms", "402 GETs, 12x read", True],
    ]
    (change,) = tables()["Shards"]["rows"]
    assert change == ["rewrite chunk", ["200 ms", "3 GETs, 2 of them ranged, 1 PUT", True]]


def test_engines_are_named_with_their_threads_and_wall_time_alone():
    table = tables()["Engines"]
    assert table["headings"] == ["engine", "read volume"]
    assert table["rows"] == [
        ["ZarrPython, one thread", ["10 ms", "", False]],
        ["TensorStore, default threads", ["400 µs", "", True]],
    ]


def test_what_could_not_be_read_elsewhere_is_counted():
    (row,) = tables()["Portability"]["rows"]
    assert row == ["zarr-python", ["1 of 3", "1 unreadable, 1 other voxels", False]]


def test_a_state_of_the_disk_without_a_figure_is_not_available():
    rows = {row[0]: row for row in tables()["Disk"]["rows"]}
    assert rows["none"][3:] == [["60 ms", "", False], "n/a"]
    assert tables()["Overhead"]["rows"] == [
        ["blosc-zstd-5-shuffle", "64x64x64", "3", "310 µs", "12x"]
    ]
