"""Which configs are on the front: exact figures decide, times only beyond their noise."""

from hypothesis import given
from hypothesis import strategies as st

from cryoet_zarr_bench.analysis.pareto_front import (
    DECIMALS,
    LOSSLESS,
    LOSSY,
    Candidate,
    candidates,
    dominates,
    front,
    nearest_better,
)
from cryoet_zarr_bench.analysis.result_reader import Cell, MeasuredRelease

MARGIN = 1.2


def config(name, ratio, write=1.0, read=1.0, noise_to_signal=None):
    return Candidate(Cell(name, "64x64x64", 3), ratio, write, read, noise_to_signal)


costs = st.floats(0.01, 100)
some_configs = st.lists(
    st.builds(
        config, st.uuids().map(str), st.floats(0.9, 8), costs, costs, st.none() | st.floats(0, 1)
    ),
    min_size=1,
    max_size=12,
)


@given(some_configs, st.floats(1, 2))
def test_what_is_left_out_is_dominated_by_what_is_kept_and_nothing_kept_is(found, margin):
    kept = front(found, margin)
    assert kept
    for each in found:
        if each in kept:
            assert not any(dominates(other, each, margin) for other in kept)
        else:
            assert any(dominates(other, each, margin) for other in kept)


@given(some_configs)
def test_the_largest_ratio_without_loss_is_reached(found):
    kept = front(found, MARGIN)
    lossless = [each for each in found if not each.noise_to_signal]
    if lossless:
        best = max(each.ratio for each in lossless)
        assert round(max(each.ratio for each in kept), DECIMALS) >= round(best, DECIMALS)


@given(some_configs, st.randoms())
def test_the_order_of_configs_does_not_matter(found, chance):
    mixed = found.copy()
    chance.shuffle(mixed)
    assert front(mixed, MARGIN) == front(found, MARGIN)


def test_within_the_noise_neither_beats_the_other_by_time():
    one, other = config("a", 1.2, write=1.0), config("b", 1.2, write=1.19)
    assert front([one, other], MARGIN) == [one, other]
    assert front([one, config("c", 1.2, write=1.21)], MARGIN) == [one]


def test_a_larger_ratio_wins_where_times_are_the_same_but_for_noise():
    small, large = config("a", 1.2, write=1.1, read=1.1), config("b", 1.1)
    assert front([small, large], MARGIN) == [small]
    assert nearest_better(large, [small], MARGIN) == small
    # Beyond the noise the quicker one is kept.
    assert front([config("a", 1.2, write=1.3), large], MARGIN) == [
        config("a", 1.2, write=1.3),
        large,
    ]


def test_small_steps_do_not_add_up_to_a_large_one():
    """Each is a little slower than the next; the quickest is still kept."""
    chain = [config(f"{step}", 1.5 - step / 10, write=1.15 ** (3 - step)) for step in range(4)]
    kept = front(chain, MARGIN)
    assert chain[0] in kept and chain[2] in kept
    assert chain[1] not in kept and chain[3] not in kept


def test_ratios_that_nobody_would_choose_by_are_the_same():
    one, other = config("a", 1.1683), config("b", 1.1681)
    assert front([one, other], MARGIN) == [one, other]


def test_a_lossy_config_with_less_noise_is_not_dominated_by_one_with_a_larger_ratio():
    coarse, fine = config("a", 6.0, noise_to_signal=0.1), config("b", 3.0, noise_to_signal=0.001)
    assert front([coarse, fine], MARGIN) == [coarse, fine]
    assert front([fine, config("c", 2.0, noise_to_signal=0.01)], MARGIN) == [fine]


def release(figures, size=1_000_000):
    return MeasuredRelease(
        *("c", "m", "t", "3.12", 0, None, figures, {}, [], {}, "tmpfs"), tomogram_bytes=size
    )


CELL, OLD, LONE = (
    Cell("zstd-5", "64x64x64", 3),
    Cell("zstd-5", "64x64x64", 2),
    Cell("x", "8x8x8", 2),
)


def test_lossless_and_lossy_configs_are_apart_and_take_the_newest_format():
    measured = release(
        {
            "storage.Storage.track_compression_ratio": {OLD: 1.1, CELL: 1.2, LONE: 1.3},
            "write.Write.time_write_cpu": {OLD: 0.001, CELL: 0.002},
            "read.Read.time_read_volume_cpu": {OLD: 0.001, CELL: 0.001},
            "codecs.Codecs.track_compression_ratio": {LONE: 1.3},
            "codecs.Codecs.time_write_cpu": {LONE: 0.01},
            "codecs.Codecs.time_read_volume_cpu": {LONE: 0.01},
            "lossy.Lossy.track_compression_ratio": {Cell("bitround-7", "64x64x64", 3): 4.0},
            "lossy.Lossy.time_write_cpu": {Cell("bitround-7", "64x64x64", 3): 0.01},
            "lossy.Lossy.time_read_volume_cpu": {Cell("bitround-7", "64x64x64", 3): 0.01},
        }
    )
    found = {each.cell: each for each in candidates(measured, LOSSLESS)}
    assert set(found) == {CELL, LONE}
    assert found[CELL].write == 2.0 and found[CELL].read == 1.0  # CPU seconds per GB
    assert [each.cell.codec for each in candidates(measured, LOSSY)] == ["bitround-7"]
