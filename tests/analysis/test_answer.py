from cryoet_zarr_bench.analysis.result_reader import Cell, MeasuredRelease
from cryoet_zarr_bench.analysis.storage_answer import RATIO, READ, WRITE, answer
from cryoet_zarr_bench.reports.pages.terminal_table import rows

SMALL, QUICK, LARGE = (Cell(codec, "64x64x64", 2) for codec in ("zstd-5", "zstd-1", "none"))


def release(figures):
    return MeasuredRelease("c", "m", "t", "3.12", 0, None, figures, {}, [], {}, "tmpfs")


def test_the_quickest_of_nearly_the_smallest_size_is_named():
    measured = release(
        {
            RATIO: {SMALL: 1.2, QUICK: 1.19, LARGE: 1.0},
            WRITE: {SMALL: 0.1, QUICK: 0.02, LARGE: 0.001},
            READ: {SMALL: 0.01, QUICK: 0.005, LARGE: 0.001},
        }
    )
    said = answer(measured, 2)
    assert said == (
        "Smallest: zstd-5 in chunks of 64x64x64, 1.200 times smaller than in memory. Fastest "
        "within 1 % of that size: zstd-1 in chunks of 64x64x64 (1.190 times smaller). It takes "
        "0.20 of the write time and 0.50 of the read time of the smallest."
    )
    assert answer(measured, 3) is None


def test_where_the_smallest_is_the_quickest_that_is_said():
    measured = release(
        {
            RATIO: {SMALL: 1.2, LARGE: 1.0},
            WRITE: {SMALL: 0.1, LARGE: 0.001},
            READ: {SMALL: 0.01, LARGE: 0.001},
        }
    )
    assert "No config within 1 %" in answer(measured, 2)


def test_a_cell_without_all_its_figures_takes_no_part():
    measured = release({RATIO: {SMALL: 1.2, QUICK: 1.1}, WRITE: {QUICK: 1.0}, READ: {QUICK: 1.0}})
    assert answer(measured, 2).startswith("Smallest: zstd-1")


def test_the_table_marks_the_best_and_leaves_gaps_empty():
    measured = release({RATIO: {SMALL: 1.2, LARGE: 1.0}, WRITE: {LARGE: 0.001}})
    shown = dict(rows(measured, 2))
    assert shown[SMALL] == ["", "", "", "**1.200**", ""]
    assert shown[LARGE] == ["**1**", "", "", "1.000", ""]
