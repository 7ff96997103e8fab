import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.metrics import (
    mean_squared_error,
    peak_signal_noise_ratio,
    structural_similarity,
)

from cryoet_zarr_bench.fidelity import error_metrics
from cryoet_zarr_bench.fidelity.error_metrics import compare

SHAPE = (20, 24, 31)


def pair(seed: int = 0, noise: float = 0.3, offset: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    reference = rng.standard_normal(SHAPE) + offset
    return reference, reference + noise * rng.standard_normal(SHAPE)


@pytest.mark.parametrize("noise", [0.0, 1e-4, 0.3, 3.0])
@pytest.mark.parametrize("offset", [0.0, -7.0, 100.0])
def test_it_is_what_scikit_image_says(noise, offset):
    reference, other = pair(noise=noise, offset=offset)
    found = compare(reference, other, data_range=6.0)
    assert found.mse == pytest.approx(mean_squared_error(reference, other), rel=1e-12, abs=1e-30)
    if noise:
        expected = peak_signal_noise_ratio(reference, other, data_range=6.0)
        assert found.psnr == pytest.approx(expected, abs=1e-9)
    assert found.ssim == pytest.approx(
        structural_similarity(reference, other, data_range=6.0), abs=1e-6
    )
    for plane, similarity in enumerate(found.ssim_by_slice):
        expected = structural_similarity(reference[plane], other[plane], data_range=6.0)
        assert similarity == pytest.approx(expected, abs=1e-6)
    assert found.maximum_error == pytest.approx(float(np.abs(other - reference).max()))
    assert found.rmse == pytest.approx(math.sqrt(found.mse))


@settings(max_examples=40)
@given(
    shape=st.tuples(*[st.integers(7, 19)] * 3),
    slab=st.integers(1, 4000),
    seed=st.integers(0, 1000),
)
def test_slabs_change_nothing(shape, slab, seed):
    rng = np.random.default_rng(seed)
    reference = rng.standard_normal(shape)
    other = reference + 0.5 * rng.standard_normal(shape)
    whole = error_metrics.SLAB_VOXELS
    try:
        error_metrics.SLAB_VOXELS = slab
        found = compare(reference, other, 5.0)
    finally:
        error_metrics.SLAB_VOXELS = whole
    expected = structural_similarity(reference, other, data_range=5.0)
    assert found.ssim == pytest.approx(expected, abs=1e-9)
    assert found.mse == pytest.approx(mean_squared_error(reference, other), rel=1e-12)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint16", "float16", "float32"])
def test_any_dtype_counts_in_full_precision(dtype):
    rng = np.random.default_rng(1)
    reference = rng.integers(0, 120, SHAPE).astype(dtype)
    other = (120 - reference.astype(np.float64)).astype(dtype)
    found = compare(reference, other)
    exact = [volume.astype(np.float64) for volume in (reference, other)]
    assert found.data_range == 119
    assert found.mse == mean_squared_error(*exact)
    assert found.maximum_error == 120
    assert found.ssim == pytest.approx(structural_similarity(*exact, data_range=119), abs=1e-6)


def test_equal_volumes_are_as_near_as_can_be():
    reference, _ = pair(offset=1e6)
    found = compare(reference, reference.copy())
    assert (found.mse, found.maximum_error, found.psnr) == (0, 0, math.inf)
    assert found.ssim == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize(("gain", "offset"), [(1.1, 0.0), (1.0, 0.5)])
def test_gain_and_offset_show(gain, offset):
    reference, _ = pair()
    found = compare(reference, gain * reference + offset)
    assert found.psnr < 40
    assert found.ssim < 0.999
    assert all(similarity < 0.999 for similarity in found.ssim_by_slice)
    assert found.data_range == pytest.approx(reference.max() - reference.min())


@settings(max_examples=30)
@given(
    gain=st.floats(-3, 3),
    offset=st.floats(-1e3, 1e3),
    mean=st.floats(-1e3, 1e3),
    slab=st.integers(1, 9999),
)
def test_the_line_is_the_one_of_least_squares(gain, offset, mean, slab):
    reference, noisy = pair(offset=mean)
    other = gain * noisy + offset
    whole = error_metrics.SLAB_VOXELS
    try:
        error_metrics.SLAB_VOXELS = slab
        found = compare(reference, other, by_slice=False)
    finally:
        error_metrics.SLAB_VOXELS = whole
    slope, intercept = np.polyfit(reference.reshape(-1) - mean, other.reshape(-1), 1)
    assert found.gain == pytest.approx(slope, abs=1e-8)
    assert found.offset == pytest.approx(intercept - slope * mean, abs=1e-5)
    assert found.sigma == pytest.approx(reference.std(), rel=1e-9)
    assert found.ssim_by_slice == ()


@settings(max_examples=30)
@given(scale=st.floats(1e-12, 1e12), seed=st.integers(0, 100))
def test_the_unit_of_the_densities_does_not_matter(scale, seed):
    reference, other = pair(seed)
    found, scaled = compare(reference, other), compare(scale * reference, scale * other)
    assert scaled.psnr == pytest.approx(found.psnr, abs=1e-6)
    assert scaled.ssim == pytest.approx(found.ssim, abs=1e-6)
    assert scaled.rmse == pytest.approx(scale * found.rmse, rel=1e-6)


def test_kept_nan_is_left_out_and_lost_nan_is_an_infinite_error():
    reference, other = pair()
    for volume in (reference, other):
        volume[3, 4, 5] = np.nan
        volume[3, 4, 6] = np.inf
    kept = compare(reference, other)
    finite = np.isfinite(reference)
    assert kept.left_out == 2
    assert kept.mse == pytest.approx(mean_squared_error(reference[finite], other[finite]))
    # Only windows that touch the two voxels are left out of the similarity.
    before = structural_similarity(*pair(), data_range=kept.data_range)
    assert kept.ssim == pytest.approx(before, abs=0.01)
    lost = compare(reference, np.nan_to_num(other, posinf=0))
    assert (lost.mse, lost.maximum_error, lost.psnr) == (math.inf, math.inf, -math.inf)
    assert lost.left_out == 0
    assert compare(reference, np.where(np.isinf(other), -np.inf, other)).mse == math.inf


def test_a_window_with_nan_is_left_out_and_no_other():
    reference, other = pair()
    other[10, 12, 15] = np.nan
    _, similarity = structural_similarity(*pair(), data_range=6.0, full=True)
    valid = similarity[3:-3, 3:-3, 3:-3]
    mask = np.ones(valid.shape, dtype=bool)
    mask[4:11, 6:13, 9:16] = False
    found = error_metrics.structural_similarity(reference, other, 6.0)
    assert found == pytest.approx(valid[mask].mean(), abs=1e-9)


def test_what_has_no_figure():
    thin = np.zeros((3, 20, 20))
    assert math.isnan(compare(thin, thin, 1.0).ssim)
    assert compare(thin, thin, 1.0).ssim_by_slice == pytest.approx([1.0] * 3)
    nothing = np.full(SHAPE, np.nan)
    found = nothing_found = compare(nothing, nothing)
    assert found.left_out == nothing.size
    assert math.isnan(found.mse)
    assert math.isnan(found.ssim)
    constant = compare(np.ones(SHAPE), np.zeros(SHAPE))
    assert constant.psnr == -math.inf
    assert constant.sigma == 0
    assert math.isnan(constant.gain) and math.isnan(nothing_found.sigma)
    assert math.isnan(constant.ssim)


@pytest.mark.parametrize(
    ("shapes", "data_range"),
    [
        (((4, 4, 4), (4, 4, 5)), None),
        (((4, 4), (4, 4)), None),
        (((0, 4, 4), (0, 4, 4)), None),
        (((4, 4, 4), (4, 4, 4)), -1.0),
        (((4, 4, 4), (4, 4, 4)), 0.0),
        (((4, 4, 4), (4, 4, 4)), math.nan),
        (((4, 4, 4), (4, 4, 4)), math.inf),
    ],
)
def test_what_cannot_be_compared_is_refused(shapes, data_range):
    with pytest.raises(ValueError):
        compare(*(np.zeros(shape) for shape in shapes), data_range)
