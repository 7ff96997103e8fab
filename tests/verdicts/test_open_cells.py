"""Which cells take more pairs: those without a verdict, or those whose interval is too wide."""

import pytest

from cryoet_zarr_bench.verdicts.compared_cells import TIMED, ComparedCell
from cryoet_zarr_bench.verdicts.confirmation import _open_cells
from cryoet_zarr_bench.verdicts.pair_journal import PairJournal

NARROW, SLOW, WIDE, FAILED, NEW = (
    ComparedCell(TIMED[0], "none", f"{edge}x{edge}x{edge}", 2) for edge in (1, 2, 3, 4, 5)
)


@pytest.fixture
def journal(tmp_path):
    journal = PairJournal(tmp_path / "journal.jsonl", {})
    for pair in range(8):
        wavers = 1 if pair % 4 < 2 else -1
        journal.keep(NARROW, pair, {"cpu": 0.01 + 0.002 * wavers})
        journal.keep(SLOW, pair, {"cpu": 0.5 + 0.08 * wavers})
        journal.keep(WIDE, pair, {"cpu": 0.01 + 0.08 * wavers})
    journal.keep(FAILED, 0, {"error": "no", "side": "A"})
    return journal


def test_without_a_reach_a_verdict_is_an_answer(journal):
    cells = [NARROW, SLOW, WIDE, FAILED, NEW]
    assert _open_cells(cells, journal, 8, None) == [WIDE, NEW]


def test_with_a_reach_a_narrow_interval_is(journal):
    """That a cell is slower is sure; by how much is not yet."""
    assert _open_cells([NARROW, SLOW, WIDE, FAILED, NEW], journal, 8, 0.05) == [SLOW, WIDE, NEW]
    assert _open_cells([NARROW, SLOW, WIDE], journal, 8, 0.5) == []


def test_the_pairs_so_far_count(journal):
    assert _open_cells([NARROW, SLOW], journal, 2, 0.05) == [NARROW, SLOW]
