"""A history with planted steps: what the anchored history says of them is counted."""

import made_up_pairs as pairs

from cryoet_zarr_bench.analysis.changes.anchored_history import AnchoredRelease
from cryoet_zarr_bench.analysis.planted_steps import PLANTED, planted_name, planted_steps
from cryoet_zarr_bench.verdicts.compared_cells import ComparedCell

CELLS = [ComparedCell("write.Write.time_write", "none", f"{n}x{n}x{n}", 2) for n in (16, 32)]


def planted(number, *ratios):
    line = pairs.beside_anchor("zarr-3.4.2", dict(zip(CELLS, ratios, strict=True)))
    return AnchoredRelease.model_validate({**line, "release": planted_name(number)})


def test_steps_are_counted_by_their_size():
    assert PLANTED[:4] == (0, 0, 10, 10), "as this test has it"
    lines = [
        planted(3, 1.10, 1.10),
        planted(0, 1.00, 1.00),
        planted(1, 1.00, 1.20),  # one cell seems slower
        planted(2, 1.10, 1.10),  # in that cell faster, which is wrong
    ]
    none, ten = planted_steps(lines)
    assert (none.percent, none.steps, none.cells, none.right, none.wrong) == (0, 2, 4, 3, 1)
    assert (ten.percent, ten.steps, ten.cells, ten.right, ten.wrong) == (10, 1, 2, 1, 1)


def test_the_last_comes_after_the_first():
    whole = [planted(number, 1 + percent / 100, 1.0) for number, percent in enumerate(PLANTED)]
    assert sum(each.steps for each in planted_steps(whole)) == len(PLANTED) - 1
    assert planted_steps([]) == [] and planted_steps(whole[:1]) == []
