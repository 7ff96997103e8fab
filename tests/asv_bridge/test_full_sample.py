"""A seeded sample of the full grid, measured by asv: all of it has a figure, or why it has none."""

import pytest

from cryoet_zarr_bench.analysis.result_reader import read_results
from cryoet_zarr_bench.storage.grid import SECTIONS

pytestmark = pytest.mark.long

FAST = ("--no-pull", "--show-stderr", "--attribute", "rounds=1", "--attribute", "repeat=1")


@pytest.mark.parametrize("seed", ["1", "2"])
def test_each_question_has_figures_and_nothing_fails(workplace, seed):
    workplace.configuration()
    run = workplace.asv(
        *("run", *FAST, "zarr-3.4.2^!"),
        CRYOET_TOMOGRAM="synthetic:10A@32",
        CRYOET_PROFILE="sample",
        CRYOET_SAMPLE_SEED=seed,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    (result,) = read_results(workplace.results)
    assert not result.failed and not result.reasons
    questions = {name.split(".")[0] for name, cells in result.figures.items() if cells}
    # Instructions take minutes to count: a sample has none.
    assert questions >= {"write", "read", "storage", "convert", *SECTIONS} - {"instructions"}
