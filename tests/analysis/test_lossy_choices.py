"""A bound on damage chooses the smallest store within it, and never one beyond."""

import pytest

from cryoet_zarr_bench.analysis.recommending.lossy_choices import (
    BOUNDS,
    lossy_choice,
    lossy_choices,
)
from cryoet_zarr_bench.analysis.result_reader import machine_of_tomograms
from cryoet_zarr_bench.analysis.tomogram_figures import measured_tomograms
from cryoet_zarr_bench.common.project_folders import PROJECT

RESULTS = PROJECT / "results"


@pytest.fixture(scope="module")
def figures():
    return measured_tomograms(RESULTS, machine_of_tomograms(RESULTS))


@pytest.mark.parametrize("bound", [0.0, 1e-6, *BOUNDS, 1.0])
def test_none_within_the_bound_is_smaller_and_the_pick_is_within(figures, bound):
    for each in figures:
        found = lossy_choice(each, bound)
        inside = [c for c in each.lossy if (c.noise_to_signal or 0.0) <= bound]
        if found.pick is None:
            assert not inside and "will do" in found.sentence
        else:
            assert found.pick.noise_to_signal <= bound
            assert found.pick.ratio == max(c.ratio for c in inside)


def test_a_looser_bound_never_gives_a_larger_store():
    ratios = [each.pick.ratio for each in lossy_choices(RESULTS) if each.pick is not None]
    assert ratios == sorted(ratios) and len(ratios) >= 2


def test_the_published_rule_names_its_rounding(figures):
    found = lossy_choice(figures[0], 0.001)
    assert {each.cell.codec.split("+")[0] for each in found.rule} == {"bitround-5", "bitround-8"}
    assert 0.999 < found.correlation < 1


def test_no_results_give_no_choices(tmp_path):
    assert lossy_choices(tmp_path) == []
