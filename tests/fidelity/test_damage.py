import json
import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.metrics import (
    mean_squared_error,
    peak_signal_noise_ratio,
    structural_similarity,
)

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.fidelity.codec_damage import (
    DEFAULT_LOSS_BOUND,
    MOST_SHELLS,
    loss_bound,
    measure_damage,
)
from cryoet_zarr_bench.storage.codecs.lossy_formulas import bit_rounding
from cryoet_zarr_bench.tomograms.synthetic import synthesize

SHAPE = (40, 44, 48)


def white(shape: tuple[int, int, int] = SHAPE, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def in_wedge(shape: tuple[int, int, int], beyond: float = 0.0) -> np.ndarray:
    """Where a tilt series to 60 degrees about y measured nothing, by more than `beyond`."""
    kz, _, kx = np.meshgrid(*[np.fft.fftfreq(n) for n in shape], indexing="ij")
    return np.abs(kz) > np.tan(np.radians(60)) * np.abs(kx) + beyond


def filtered(volume: np.ndarray, mask: np.ndarray) -> np.ndarray:
    return np.fft.ifftn(np.fft.fftn(volume) * mask).real


@pytest.fixture(scope="module")
def tomogram():
    return synthesize("10A", SHAPE)


def test_it_is_what_scikit_image_says(tomogram):
    read = tomogram + np.float32(0.05 * tomogram.std()) * white()
    found = measure_damage(tomogram, read)
    a, b = tomogram.astype(np.float64), read.astype(np.float64)
    span = a.max() - a.min()
    assert found.mse == pytest.approx(mean_squared_error(a, b), rel=1e-9)
    assert found.psnr == pytest.approx(peak_signal_noise_ratio(a, b, data_range=span), abs=1e-6)
    assert found.ssim == pytest.approx(structural_similarity(a, b, data_range=span), abs=1e-6)
    assert found.maximum_error == pytest.approx(np.abs(b - a).max())
    assert found.maximum_error_in_sigma == pytest.approx(np.abs(b - a).max() / a.std(), rel=1e-5)
    assert found.gain == pytest.approx(np.polyfit(a.reshape(-1) * 1e6, b.reshape(-1) * 1e6, 1)[0])


def test_a_copy_has_no_damage(tomogram):
    found = measure_damage(tomogram, tomogram.copy(), (10.0, 10.0, 10.0))
    assert (found.mse, found.maximum_error, found.worst_noise_to_signal) == (0, 0, 0)
    assert found.psnr == math.inf
    assert (found.gain, found.offset_in_sigma) == (1, 0)
    assert found.ssim == pytest.approx(1) and found.smallest_fsc == pytest.approx(1)
    assert found.within(1e-12) is True


@settings(max_examples=20)
@given(level=st.floats(-5, 0), seed=st.integers(1, 1000))
def test_a_known_noise_gives_the_known_ratio(level, seed):
    """White noise on a white volume: each shell has the ratio of the powers."""
    ratio = 10**level
    found = measure_damage(white(), white() + np.float32(math.sqrt(ratio)) * white(seed=seed))
    # The worst of the shells, of which the innermost has few Fourier voxels.
    assert 0.9 * ratio < found.worst_noise_to_signal < 4 * ratio
    whole = math.sqrt(1 / (1 + ratio))
    assert 1 - found.smallest_fsc == pytest.approx(1 - whole, rel=2)
    assert np.median(found.fsc) == pytest.approx(whole, abs=0.2 * ratio)
    assert found.shells == found.shells_counted == 20


@settings(max_examples=20)
@given(gain=st.floats(0.5, 2), offset=st.floats(-3, 3))
def test_gain_and_offset_show(gain, offset):
    found = measure_damage(white(), gain * white() + offset, None)
    assert found.gain == pytest.approx(gain, abs=1e-5)
    assert found.offset_in_sigma == pytest.approx(offset, abs=0.02)
    assert found.smallest_fsc == pytest.approx(1, abs=1e-5)
    # FSC is blind to a gain; what the bound is held against is not.
    assert found.worst_noise_to_signal == pytest.approx((gain - 1) ** 2, rel=0.01, abs=1e-10)


def test_what_is_lost_in_the_missing_wedge_is_no_damage():
    volume = filtered(white(), ~in_wedge(SHAPE)).astype(np.float32)
    lost = filtered(white(seed=1), in_wedge(SHAPE, 0.08)).astype(np.float32)
    outside = measure_damage(volume, volume + lost)
    # The taper smears a little over the border.
    assert outside.worst_noise_to_signal < 0.02
    assert outside.mse > 0.2 * volume.var()
    everywhere = measure_damage(volume, volume + lost, maximum_tilt=None)
    assert everywhere.worst_noise_to_signal > 0.3
    inside = filtered(white(seed=1), ~in_wedge(SHAPE)).astype(np.float32)
    assert measure_damage(volume, volume + inside).worst_noise_to_signal > 0.9


def test_the_tilt_range_is_a_parameter():
    """What only a series to 70 degrees measured is damage to that one, none to one of 50."""
    kz, _, kx = np.meshgrid(*[np.fft.fftfreq(n) for n in SHAPE], indexing="ij")
    tilt = np.degrees(np.arctan2(np.abs(kz), np.abs(kx)))
    lost = filtered(white(seed=2), (tilt > 58) & (tilt < 66)).astype(np.float32)
    wide, narrow = (
        measure_damage(white(), white() + lost, maximum_tilt=tilt) for tilt in (70.0, 50.0)
    )
    assert wide.mse == narrow.mse
    assert wide.worst_noise_to_signal > 0.05
    assert narrow.worst_noise_to_signal < 0.2 * wide.worst_noise_to_signal


def test_the_worst_shell_is_told_in_angstrom(tomogram):
    kz, ky, kx = np.meshgrid(*[np.fft.fftfreq(n) for n in SHAPE], indexing="ij")
    radius = np.sqrt(kz**2 + ky**2 + kx**2)
    ring = filtered(white(), np.abs(radius - 0.3) < 0.01).astype(np.float32)
    read = tomogram + np.float32(tomogram.std()) * ring
    found = measure_damage(tomogram, read, (10.0, 10.0, 10.0))
    assert found.worst_radius == pytest.approx(0.3, abs=0.02)
    assert found.worst_resolution == pytest.approx(10 / found.worst_radius)
    assert measure_damage(tomogram, read).worst_resolution is None


def test_a_shell_without_signal_does_not_count():
    kz, ky, kx = np.meshgrid(*[np.fft.fftfreq(n) for n in (64,) * 3], indexing="ij")
    low = np.sqrt(kz**2 + ky**2 + kx**2) < 0.25
    window = np.prod(np.meshgrid(*[np.hanning(64) ** 2] * 3, indexing="ij"), axis=0)
    # int8: what is beyond the band is its rounding.
    volume = filtered(white((64,) * 3), low) * window
    volume = np.round(volume / np.abs(volume).max() * 127).astype(np.int8)
    found = measure_damage(volume, volume + white((64,) * 3, 1))
    assert found.shells == 32
    assert 12 <= found.shells_counted <= 24
    assert found.worst_radius < 0.4
    assert [math.isnan(each) for each in found.fsc] == [False] * found.shells_counted + [True] * (
        32 - found.shells_counted
    )


@pytest.mark.parametrize(("noise", "within"), [(1e-4, True), (1e-2, False)])
def test_a_bound_is_passed_or_failed(tomogram, noise, within):
    found = measure_damage(white(), white() + np.float32(math.sqrt(noise)) * white(seed=3))
    assert found.within(1e-3) is within
    assert found.within(found.worst_noise_to_signal) is True
    assert found.within(found.worst_noise_to_signal * 0.999) is False


def test_more_bits_are_less_damage(tomogram):
    worst = [
        measure_damage(tomogram, bit_rounding(bits)(tomogram)).worst_noise_to_signal
        for bits in (3, 5, 8, 11)
    ]
    assert worst == sorted(worst, reverse=True)
    assert worst[0] > DEFAULT_LOSS_BOUND > worst[-1]


def test_lost_voxels_fail_every_bound_and_kept_nan_none(tomogram):
    holed = tomogram.copy()
    holed[3, 4, 5] = np.nan
    assert measure_damage(holed, holed.copy()).within(1e-9) is True
    lost = measure_damage(holed, tomogram)
    assert lost.within(1.0) is False
    assert lost.for_record()["maximum_error"] is None


def test_a_constant_volume_can_tell_nothing():
    found = measure_damage(np.ones(SHAPE, np.float32), np.ones(SHAPE, np.float32))
    assert found.within(0.001) is None
    assert found.shells_counted == 0
    assert math.isnan(found.worst_noise_to_signal) and math.isnan(found.smallest_fsc)
    json.dumps(found.for_record(), allow_nan=False)


def test_the_record_is_compact_and_keeps_what_differs_from_one():
    volume = white((130, 132, 134))
    found = measure_damage(volume, volume + np.float32(1e-3) * white(volume.shape, 1))
    record = found.for_record()
    text = json.dumps(record, separators=(",", ":"), allow_nan=False)
    assert len(record["one_minus_fsc"]) == found.shells == MOST_SHELLS
    assert len(text) < 1200
    assert record["one_minus_fsc"][40] == pytest.approx(5e-7, rel=0.3)


def test_memory_stays_within_the_bound():
    a = white((128, 128, 128))
    b = a + np.float32(0.1) * white(a.shape, 1)
    tracemalloc.start()
    try:
        measure_damage(a, b)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 5 * a.nbytes


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "1.5", "0.1 %", "much"])
def test_a_bad_bound_is_refused_in_one_line(monkeypatch, text):
    monkeypatch.setenv("CRYOET_LOSS_BOUND", text)
    with pytest.raises(BadInput, match="CRYOET_LOSS_BOUND") as refusal:
        loss_bound()
    assert "\n" not in str(refusal.value)


def test_the_bound_is_what_was_set(monkeypatch):
    monkeypatch.delenv("CRYOET_LOSS_BOUND", raising=False)
    assert loss_bound() == DEFAULT_LOSS_BOUND == 0.001
    monkeypatch.setenv("CRYOET_LOSS_BOUND", "")
    assert loss_bound() == 0.001
    monkeypatch.setenv("CRYOET_LOSS_BOUND", "2e-5")
    assert loss_bound() == 2e-5
