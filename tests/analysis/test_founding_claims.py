"""Claims are held against results by one rule; the committed results decide each of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryoet_zarr_bench.analysis.founding_claims import (
    CONFIRMED,
    REFINED,
    REFUTED,
    checked_claims,
    outcome,
)
from cryoet_zarr_bench.common.project_folders import PROJECT


@pytest.mark.parametrize(
    ("figures", "said"),
    [
        ([1.17, 1.168], CONFIRMED),
        ([1.17, 1.3], REFINED),
        ([1.3, 1.4], REFINED),
        ([1.17, 0.9], REFINED),
        ([0.9, 1.3], REFUTED),
        ([0.9, 1.0], REFUTED),
    ],
)
def test_the_rule(figures, said):
    assert outcome(figures, 1.165, 1.175, 1.0) == said


@given(st.lists(st.floats(0.1, 10), min_size=1))
def test_what_is_confirmed_lies_as_claimed(figures):
    confirmed = outcome(figures, 1.0, 2.0, 0.5) == CONFIRMED
    assert confirmed == all(1 <= figure <= 2 for figure in figures)


def test_each_claim_is_decided_by_figures_of_the_committed_results():
    found = checked_claims(PROJECT / "results")
    assert len({each.claim for each in found}) == len(found) >= 7
    for each in found:
        assert each.figures and each.measured and each.outcome in (CONFIRMED, REFINED, REFUTED)


def test_no_results_decide_nothing(tmp_path):
    assert checked_claims(tmp_path) == []
