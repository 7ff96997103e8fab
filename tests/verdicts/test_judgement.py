"""Can the verdict be believed? On simulated noise: false alarms, power, and degenerate input."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryoet_zarr_bench.verdicts.change_rule import IMPROVEMENT, INCONCLUSIVE, NO_CHANGE, REGRESSION
from cryoet_zarr_bench.verdicts.judgement import LOOKS, estimate, verdict, verdicts
from cryoet_zarr_bench.verdicts.process_pairs import QUARTETS

DRAWS = 10_000
RESULTS = Path(__file__).resolve().parents[2] / "results"
ORDER = "ABBA" * QUARTETS[0]


def simulated_pairs(rng, draws, pairs, slowdown):
    """Log ratios of pairs as `run_pair` makes them, from calls on a busy machine.

    Log time of a call: a drift shared by neighbours (autocorrelation 0.9), noise of its own, and
    bursts that slow three calls in a row by half; B is slower by `slowdown`.
    """
    shape = (draws, pairs, len(ORDER))
    drift = np.empty(shape)
    drift[..., 0] = rng.normal(0, 0.06, shape[:2])
    for call in range(1, shape[2]):
        step = rng.normal(0, 0.06 * math.sqrt(1 - 0.9**2), shape[:2])
        drift[..., call] = 0.9 * drift[..., call - 1] + step
    begins = rng.random(shape) < 0.03
    burst = begins.copy()
    for later in (1, 2):
        burst[..., later:] |= begins[..., :-later]
    calls = drift + rng.normal(0, 0.05, shape) + burst * math.log(1.5)
    is_b = np.array([side == "B" for side in ORDER])
    calls += is_b * math.log(1 + slowdown)
    first, second = calls[..., 0::2], calls[..., 1::2]
    b_first = is_b[0::2]
    ratios = np.where(b_first, first - second, second - first)
    return np.median(ratios, axis=-1)


def share(found, *wanted):
    return sum(each in wanted for each in found) / len(found)


@pytest.fixture(scope="module")
def rng():
    return np.random.default_rng(20261120)


@pytest.mark.parametrize("pairs", LOOKS)
def test_false_alarms_are_at_most_1_percent(rng, pairs):
    found = [verdict(estimate(row)) for row in simulated_pairs(rng, DRAWS, pairs, 0.0)]
    assert share(found, REGRESSION, IMPROVEMENT) <= 0.01


def test_looking_again_does_not_add_up_to_more(rng):
    """The procedure of `confirm`: look after 8, 12, 16 and 20 pairs, stop at an answer."""
    alarms = 0
    for row in simulated_pairs(rng, DRAWS, LOOKS[-1], 0.0):
        for look in LOOKS:
            said = verdict(estimate(row[:look]))
            if said != INCONCLUSIVE:
                alarms += said != NO_CHANGE
                break
    assert alarms / DRAWS <= 0.01


@pytest.mark.parametrize(("slowdown", "pairs", "power"), [(0.10, 10, 0.85), (0.20, 8, 0.95)])
def test_a_slowdown_is_seen(rng, slowdown, pairs, power):
    found = [verdict(estimate(row)) for row in simulated_pairs(rng, DRAWS, pairs, slowdown)]
    assert share(found, REGRESSION) >= power
    assert share(found, IMPROVEMENT) == 0


def test_no_change_is_not_said_of_a_10_percent_slowdown(rng):
    found = [verdict(estimate(row)) for row in simulated_pairs(rng, DRAWS, 12, 0.10)]
    assert share(found, NO_CHANGE) <= 0.01


def test_a_speed_up_is_the_mirror_of_a_slowdown(rng):
    rows = simulated_pairs(rng, 500, 8, 0.2)
    mirror = {REGRESSION: IMPROVEMENT, NO_CHANGE: NO_CHANGE, INCONCLUSIVE: INCONCLUSIVE}
    assert [verdict(estimate(-row)) for row in rows] == [
        mirror[verdict(estimate(row))] for row in rows
    ]


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [0.1],
        [0.1, 0.2],
        [0.1, 0.2, 0.3],
        [0.3] * 8,
        [0.1, 0.2] * 4,
        [0.1, math.nan, 0.2, 0.1],
        [0.1, math.inf, 0.2, 0.1],
    ],
)
def test_degenerate_input_is_inconclusive(rows):
    assert verdict(estimate(rows)) == INCONCLUSIVE
    assert verdicts([estimate(rows)] * 3) == [INCONCLUSIVE] * 3


def test_what_the_turn_makes_is_no_noise(rng):
    """A difference between coming first and coming second, the same in all pairs, cancels."""
    rows = simulated_pairs(rng, 200, 8, 0.0)
    for row, turn in zip(rows, rng.normal(0, 0.1, 200), strict=True):
        alternating = row + turn * np.array([1, -1] * 4)
        assert estimate(alternating).low == pytest.approx(estimate(row).low)
        assert estimate(alternating).ratio == pytest.approx(estimate(row).ratio)


def test_false_discoveries_among_many_cells_are_rare(rng):
    """90 unchanged cells at once: in 100 tries hardly any cell is called changed."""
    tries = [
        verdicts([estimate(row) for row in simulated_pairs(rng, 90, 8, 0.0)]) for _ in range(100)
    ]
    with_alarm = sum(share(found, REGRESSION, IMPROVEMENT) > 0 for found in tries)
    assert with_alarm <= 5


def test_real_changes_survive_among_many_unchanged_cells(rng):
    unchanged = simulated_pairs(rng, 80, 12, 0.0)
    slower = simulated_pairs(rng, 10, 12, 0.2)
    found = verdicts([estimate(row) for row in [*unchanged, *slower]])
    assert share(found[80:], REGRESSION) >= 0.8
    assert share(found[:80], REGRESSION, IMPROVEMENT) <= 0.02


def test_few_changes_say_nothing_of_others():
    assert verdicts([]) == []


@given(st.lists(st.floats(-1, 1), min_size=3, max_size=20))
def test_the_estimate_lies_within_its_interval(rows):
    found = estimate(rows)
    if not math.isnan(found.ratio):
        assert found.low <= found.ratio <= found.high
        assert 0 <= found.probability <= 1


def recorded(percent):
    """Log ratios of CPU time as `make trust` recorded them: cell by cell, pair by pair."""
    found = []
    for path in RESULTS.glob("*/trust.jsonl"):
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        found += [line["cpu"] for line in lines if line["percent"] == percent]
    return found


def test_recorded_releases_against_themselves_raise_no_alarm_beyond_1_percent():
    cells = recorded(0)
    assert len(cells) >= 100
    alarms = sum(verdict(estimate(cell)) in (REGRESSION, IMPROVEMENT) for cell in cells)
    assert alarms <= 0.01 * len(cells) + 1


def test_recorded_noise_drawn_again_raises_at_most_1_percent_of_alarms(rng):
    """10,000 draws: a recorded cell, eight of its pairs, each with its sign at random.

    Which side is called A is chance where both are the same release, so signs may be exchanged.
    """
    cells = [np.array(cell) for cell in recorded(0)]
    alarms = 0
    for _ in range(DRAWS):
        cell = cells[rng.integers(len(cells))]
        drawn = rng.choice(cell, LOOKS[0], replace=False) * rng.choice((-1, 1), LOOKS[0])
        alarms += verdict(estimate(drawn)) in (REGRESSION, IMPROVEMENT)
    assert alarms / DRAWS <= 0.01


@pytest.mark.parametrize(("slowdown", "pairs", "power"), [(0.20, 8, 0.85), (0.50, 8, 0.95)])
def test_a_slowdown_is_seen_through_recorded_noise(rng, slowdown, pairs, power):
    """Of all benchmarks together, the noisiest (opening, 1 ms) among them."""
    cells = [np.array(cell) for cell in recorded(0)]
    seen = 0
    for _ in range(2000):
        cell = cells[rng.integers(len(cells))]
        drawn = rng.choice(cell, pairs, replace=False) * rng.choice((-1, 1), pairs)
        seen += verdict(estimate(drawn + math.log(1 + slowdown))) == REGRESSION
    assert seen / 2000 >= power
