import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cryoet_zarr_bench.fidelity.error_metrics import compare
from cryoet_zarr_bench.fidelity.fourier_shells import (
    MAXIMUM_TILT,
    PEAK_MEMORY_FACTOR,
    TAPER,
    fourier_shells,
)
from cryoet_zarr_bench.tomograms.synthetic import synthesize


def noise(shape: tuple[int, int, int], seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


def radii(shape: tuple[int, int, int]) -> np.ndarray:
    kz, ky, kx = np.meshgrid(*[np.fft.fftfreq(n) for n in shape], indexing="ij")
    return np.sqrt(kz**2 + ky**2 + kx**2)


@pytest.mark.parametrize("shape", [(32, 32, 32), (33, 31, 30), (16, 40, 64)])
def test_a_volume_agrees_with_itself(shape):
    volume = noise(shape, 0)
    found = fourier_shells(volume, volume.copy())
    assert found.correlation == pytest.approx(1, abs=1e-12)
    assert np.array_equal(found.noise_to_signal, np.zeros(min(shape) // 2))
    assert found.crossing() is None


@pytest.mark.parametrize("shape", [(48, 48, 48), (20, 48, 63)])
def test_independent_noise_does_not_agree(shape):
    found = fourier_shells(noise(shape, 1), noise(shape, 2))
    # Half of the Fourier voxels are independent; the other half mirrors them.
    deviations = found.correlation * np.sqrt(found.voxels / 2)
    assert np.abs(deviations).max() < 5
    assert 0.5 < deviations.std() < 1.5
    assert found.noise_to_signal[-4:] == pytest.approx(2, rel=0.2)


@pytest.mark.parametrize("shape", [(32, 32, 32), (31, 24, 29), (8, 32, 21)])
@pytest.mark.parametrize("maximum_tilt", [None, MAXIMUM_TILT])
def test_it_is_what_the_formula_says(shape, maximum_tilt):
    a, b = noise(shape, 3), noise(shape, 3) + noise(shape, 4)
    found = fourier_shells(a, b, maximum_tilt=maximum_tilt)
    count = min(shape) // 2
    shell = np.rint(radii(shape) / (0.5 / count))
    kz, _, kx = np.meshgrid(*[np.fft.fftfreq(n) for n in shape], indexing="ij")
    measured = np.abs(kz) <= np.tan(np.radians(60)) * np.abs(kx) + 1e-12
    spectrum_a, spectrum_b = np.fft.fftn(a), np.fft.fftn(b)
    for place in range(count):
        inside = shell == place + 1
        if maximum_tilt is not None:
            inside &= measured
        assert found.voxels[place] == inside.sum()
        of_a, of_b = spectrum_a[inside], spectrum_b[inside]
        power = np.sqrt((abs(of_a) ** 2).sum() * (abs(of_b) ** 2).sum())
        expected = (of_a * of_b.conj()).sum().real / power
        assert found.correlation[place] == pytest.approx(expected, abs=1e-5)
        expected = (abs(of_b - of_a) ** 2).sum() / (abs(of_a) ** 2).sum()
        assert found.noise_to_signal[place] == pytest.approx(expected, rel=1e-4)


def test_the_crossing_lies_where_the_common_signal_ends():
    shape, cutoff = (64, 64, 64), 0.2
    common = np.fft.fftn(noise(shape, 5)) * (radii(shape) < cutoff)
    high = radii(shape) >= cutoff
    a, b = (np.fft.ifftn(common + np.fft.fftn(noise(shape, seed)) * high).real for seed in (6, 7))
    found = fourier_shells(a, b, voxel_spacing=(10.0, 10.0, 10.0))
    assert (found.correlation[found.radius < cutoff - 0.01] > 0.999).all()
    assert np.abs(found.correlation[found.radius > cutoff + 0.01]).max() < 0.1
    assert found.crossing(0.5) == pytest.approx(cutoff, abs=0.01)
    assert found.resolution == pytest.approx(10 / found.radius)
    assert found.worst_shell == int(np.argmax(found.noise_to_signal))
    assert found.radius[found.worst_shell] > cutoff


@settings(max_examples=30)
@given(gain=st.floats(0.01, 100), offset=st.floats(-1000, 1000))
def test_gain_and_offset_are_invisible_here_and_visible_in_psnr_and_ssim(gain, offset):
    shape = (16, 18, 20)
    a, b = noise(shape, 8), noise(shape, 8) + 0.5 * noise(shape, 9)
    changed = gain * b + offset
    found, after = fourier_shells(a, b), fourier_shells(a, changed)
    assert after.correlation == pytest.approx(found.correlation, abs=1e-4)
    if abs(gain - 1) > 0.2 or abs(offset) > 1:
        before, seen = compare(a, b), compare(a, changed)
        assert abs(seen.psnr - before.psnr) > 0.01
        assert abs(seen.ssim - before.ssim) > 1e-4


@settings(max_examples=20)
@given(exponent=st.integers(-30, 30))
def test_the_unit_of_the_densities_does_not_matter(exponent):
    shape = (12, 14, 16)
    a, b = noise(shape, 10), noise(shape, 10) + 0.1 * noise(shape, 11)
    found, scaled = fourier_shells(a, b), fourier_shells(10.0**exponent * a, 10.0**exponent * b)
    assert scaled.correlation == pytest.approx(found.correlation, abs=1e-5)
    assert scaled.noise_to_signal == pytest.approx(found.noise_to_signal, rel=1e-3)


def test_a_small_difference_keeps_its_digits():
    a = noise((24, 24, 24), 12)
    found = fourier_shells(a, a + 1e-9 * noise((24, 24, 24), 13))
    assert found.noise_to_signal[4:] == pytest.approx(1e-18, rel=0.3)


def test_a_difference_in_the_wedge_is_not_seen_outside_of_it():
    shape = (32, 32, 32)
    a = noise(shape, 14)
    kz, _, kx = np.meshgrid(*[np.fft.fftfreq(n) for n in shape], indexing="ij")
    in_wedge = np.abs(kz) > np.tan(np.radians(60)) * np.abs(kx) + 1e-6
    b = a + np.fft.ifftn(np.fft.fftn(noise(shape, 15)) * in_wedge).real
    assert fourier_shells(a, b, maximum_tilt=60).noise_to_signal.max() < 1e-9
    assert fourier_shells(a, b).noise_to_signal.min() > 0.05


def test_unequal_spacings_give_shells_in_angstrom():
    a, b = noise((16, 32, 32), 16), noise((16, 32, 32), 17)
    found = fourier_shells(a, b, voxel_spacing=(20.0, 10.0, 10.0))
    # The longest side, 20 angstrom, ends at a period of 40; 0.25 cycles of the shortest.
    assert found.resolution[-1] == pytest.approx(40)
    assert found.radius[-1] == pytest.approx(0.25)


def band_limited(shape: tuple[int, int, int], seed: int, cutoff: float) -> np.ndarray:
    volume = np.fft.ifftn(np.fft.fftn(noise(shape, seed)) * (radii(shape) < cutoff)).real
    return volume / volume.std()


@pytest.mark.parametrize(
    ("dtype", "scale", "mean"),
    [
        ("float32", 1e-6, 0),
        ("float32", 1, 100),
        ("float64", 1, 0),
        ("float16", 1, 0),
        ("int16", 300, 0),
        ("int8", 20, 3),
    ],
)
@pytest.mark.parametrize("shape", [(64, 64, 64), (40, 50, 61)])
@pytest.mark.parametrize("taper", [0, TAPER])
def test_a_shell_that_holds_rounding_alone_does_not_count(dtype, scale, mean, shape, taper):
    volume = band_limited(shape, 23, 0.2) * scale + mean
    reference = (np.round(volume) if "int" in dtype else volume).astype(dtype)
    other = reference + 0.05 * scale * noise(shape, 24)
    found = fourier_shells(reference, other, maximum_tilt=60, shells=20, taper=taper)
    # The last shell of the band reaches beyond it; a taper smears the border by about a shell.
    assert found.counted[found.radius < 0.19].all()
    if not taper:
        assert not found.counted[found.radius > 0.22].any()
        assert found.noise_to_signal[-1] > 1
    assert found.counted[found.worst_shell]


def test_all_of_a_tomogram_counts_however_low_its_high_frequencies_are():
    volume = synthesize("denoised", (48, 48, 48))
    assert fourier_shells(volume, volume, maximum_tilt=60, taper=TAPER).counted.all()


def test_a_taper_gives_a_crop_the_noise_to_signal_of_the_whole():
    shape = (96, 96, 96)
    low_pass = 1 / np.sqrt(1 + (radii(shape) / 0.06) ** 8)
    whole = np.fft.ifftn(np.fft.fftn(noise(shape, 25)) * low_pass).real
    other = whole + 0.02 * whole.std() * noise(shape, 26)
    middle = (slice(16, 80),) * 3
    expected, bare, tapered = (
        fourier_shells(a, b, maximum_tilt=60, shells=8, taper=taper).noise_to_signal[2:]
        for a, b, taper in (
            (whole, other, 0),
            (whole[middle], other[middle], 0),
            (whole[middle], other[middle], TAPER),
        )
    )
    assert tapered == pytest.approx(expected, rel=0.35)
    assert tapered[1:] == pytest.approx(expected[1:], rel=0.2)
    assert bare[-1] < 0.02 * expected[-1]


def test_integers_and_nan():
    rng = np.random.default_rng(18)
    integers = rng.integers(-128, 127, (16, 16, 16)).astype(np.int8)
    assert fourier_shells(integers, -1 - integers).correlation == pytest.approx(-1)
    volume = noise((16, 16, 16), 19).astype(np.float16)
    volume[2, 3, 4] = np.nan
    assert fourier_shells(volume, volume).correlation == pytest.approx(1)
    other = volume.copy()
    other[5] = np.inf
    found = fourier_shells(volume, other)
    assert np.isfinite(found.correlation).all()


def test_a_constant_volume_has_no_figures():
    constant = np.full((8, 8, 8), 7.5)
    found = fourier_shells(constant, constant)
    assert np.isnan(found.correlation).all()
    assert found.worst_shell is None
    assert np.isinf(fourier_shells(constant, noise((8, 8, 8), 20)).noise_to_signal).all()


def test_memory_stays_within_the_bound():
    a, b = (noise((128, 128, 128), seed).astype(np.float32) for seed in (21, 22))
    tracemalloc.start()
    try:
        fourier_shells(a, b)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert a.nbytes < peak < PEAK_MEMORY_FACTOR * a.nbytes


@pytest.mark.parametrize(
    "arguments",
    [
        {"other": np.zeros((8, 8, 9))},
        {"voxel_spacing": (1.0, 0.0, 1.0)},
        {"voxel_spacing": (1.0, np.nan, 1.0)},
        {"maximum_tilt": 90.0},
        {"maximum_tilt": 0.0},
        {"shells": 0},
        {"taper": -0.1},
        {"taper": 0.6},
        {"taper": np.nan},
    ],
)
def test_what_cannot_be_compared_is_refused(arguments):
    volume = np.zeros((8, 8, 8))
    with pytest.raises(ValueError):
        fourier_shells(volume, **{"other": volume, **arguments})
