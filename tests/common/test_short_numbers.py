"""What is shortened is the digits that no clock can tell, and nothing else."""

import math

from hypothesis import given
from hypothesis import strategies as st

from cryoet_zarr_bench.common.short_numbers import short


@given(st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=False))
def test_a_number_is_off_by_half_of_its_fifth_digit_at_most(value):
    assert math.isclose(short(value), value, rel_tol=5.0001e-5)
    assert len(repr(short(value))) <= len(repr(value))


@given(st.integers() | st.integers(-(2**53), 2**53).map(float) | st.booleans() | st.text())
def test_what_was_counted_or_named_stays_whole(value):
    assert short(value) == value and type(short(value)) is type(value)


def test_within_lists_and_dicts_and_beside_what_is_not_there():
    content = {"a": [0.00123456789, None, [1.5, 1234567.0]], "b": math.inf}
    assert short(content) == {"a": [0.0012346, None, [1.5, 1234567.0]], "b": math.inf}
    assert math.isnan(short(math.nan))
