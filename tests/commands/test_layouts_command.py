"""Which layouts `layouts` still has to measure, and which it counts anew."""

import pytest
from made_up_layouts import layout

from cryoet_zarr_bench.commands.layouts_command import is_left

WRITTEN = layout("64")
UNWRITTEN = WRITTEN.model_copy(update={"reason": "its library cannot be installed"})


@pytest.mark.parametrize(
    ("line", "recount", "left"),
    [
        (None, False, True),
        (WRITTEN, False, False),
        (UNWRITTEN, False, False),
        (None, True, False),
        (WRITTEN, True, True),
        (UNWRITTEN, True, False),
    ],
)
def test_what_is_left(line, recount, left):
    assert is_left(line, recount) is left
