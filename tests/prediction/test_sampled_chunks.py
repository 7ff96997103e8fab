"""Bytes of all chunks from a sample: exact for all, in the interval as often as said."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryoet_zarr_bench.prediction.sampled_chunks import ChunkGrid, bytes_of_all, side_by_side
from cryoet_zarr_bench.storage.boxes import shape_of


def everything(grid):
    """The places of all chunks."""
    return list(itertools.product(*map(range, grid.counts)))


lengths = st.tuples(*(st.integers(1, 40),) * 3)
chunk_lengths = st.tuples(*(st.integers(1, 16),) * 3)


@given(lengths, chunk_lengths)
def test_the_chunks_of_a_grid_hold_each_voxel_once(shape, chunks):
    grid = ChunkGrid(shape, chunks)
    seen = np.zeros(shape, int)
    for index in everything(grid):
        seen[grid.box(index)] += 1
    assert (seen == 1).all()
    assert [grid.across(axis) for axis in range(3)] == [
        math.prod(grid.counts) // count for count in grid.counts
    ]


@given(lengths, chunk_lengths, st.integers(1, 50), st.integers(0, 9))
def test_a_sample_has_each_chunk_once_and_the_same_ones_for_a_seed(shape, chunks, count, seed):
    grid = ChunkGrid(shape, chunks)
    picked = grid.sample(count, seed)
    assert len(set(picked)) == len(picked) <= grid.total
    # Two of each of eight strata at most, beside what was asked for, and rounding.
    assert min(count, grid.total) - 8 <= len(picked) <= count + 16
    assert all(any(stratum.holds(index) for stratum in grid.strata(count)) for index in picked)
    assert picked == grid.sample(count, seed)


@given(lengths, chunk_lengths, st.integers(1, 50))
def test_strata_have_each_chunk_once_and_cut_alike(shape, chunks, count):
    grid = ChunkGrid(shape, chunks)
    strata = grid.strata(count)
    assert sum(stratum.total for stratum in strata) == grid.total
    generator = np.random.default_rng(0)
    for stratum in strata:
        cuts = {shape_of(grid.box(index)) for index in stratum.sample(stratum.total, generator)}
        assert len(cuts) == 1 or len(strata) == 1


@given(lengths, chunk_lengths, st.integers(0, 9))
def test_all_chunks_tell_their_own_sum(shape, chunks, seed):
    grid = ChunkGrid(shape, chunks)
    picked = everything(grid)
    sizes = np.random.default_rng(seed).integers(0, 1000, grid.total)
    found = bytes_of_all(list(sizes), grid, picked, grid.total)
    assert found.low == found.middle == found.high == pytest.approx(sizes.sum())


@pytest.mark.parametrize("shape", [(184, 630, 630), (368, 1260, 1260)])
@pytest.mark.parametrize("chunks", [(64, 64, 64), (16, 256, 256), (128, 128, 128)])
def test_the_interval_holds_the_truth_as_often_as_it_says(shape, chunks):
    grid = ChunkGrid(shape, chunks)
    whole = everything(grid)
    cuts = [shape_of(grid.box(index)) for index in whole]
    voxels = np.array([math.prod(cut) for cut in cuts])
    generator = np.random.default_rng(5)
    # Bytes by the voxels of a chunk, with a gradient in z as of a tomogram and some noise.
    depth = np.array([index[0] for index in whole]) / max(grid.counts[0], 1)
    # What is cut takes more bytes a voxel, as its zeros take some too.
    padding = math.prod(chunks) / voxels - 1
    sizes = voxels * (0.8 + 0.1 * depth + 0.02 * padding + generator.normal(0, 0.02, grid.total))
    at = {index: number for number, index in enumerate(whole)}
    held, asked = 0, min(24, grid.total // 2)
    for seed in range(400):
        picked = grid.sample(asked, seed)
        taken = [sizes[at[index]] for index in picked]
        held += bytes_of_all(taken, grid, picked, asked).holds(float(sizes.sum()))
    # 95 % of 400 are 380; that fewer than 360 hold has a chance of one in 10000.
    assert held >= 360


def test_one_chunk_of_many_tells_no_interval():
    grid = ChunkGrid((64, 64, 64), (32, 32, 32))
    found = bytes_of_all([100], grid, [(0, 0, 0)], 1)
    assert (found.low, found.high) == (0, math.inf)


def test_chunks_side_by_side_are_as_they_are_stored():
    tomogram = np.arange(5 * 6 * 7, dtype=np.int16).reshape(5, 6, 7)
    grid = ChunkGrid((5, 6, 7), (4, 4, 4))
    found = side_by_side(tomogram, grid, [(0, 0, 0), (1, 1, 1)])
    assert found.shape == (4, 4, 8) and found.dtype == np.int16
    assert (found[:, :, :4] == tomogram[:4, :4, :4]).all()
    assert (found[:1, :2, 4:7] == tomogram[4:, 4:, 4:]).all()
    assert not found[1:, :, 4:].any() and not found[:, :, 7].any()
