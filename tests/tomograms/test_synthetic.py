import tracemalloc

import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st
from numcodecs import Blosc, Zstd
from numcodecs.abc import Codec

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.tomograms.synthetic import PEAK_MEMORY_FACTOR, synthesize
from cryoet_zarr_bench.tomograms.synthetic_profiles import PROFILES


def blosc(name: str, level: int) -> Codec:
    return Blosc(cname=name, clevel=level, shuffle=Blosc.SHUFFLE)


# Measured on real crops of run TS_100_3, dataset 10445 of the CZ cryoET Data Portal.
REAL_RATIOS_10_ANGSTROM = [
    ((64, 64, 64), blosc("zstd", 5), 1.1679),
    ((64, 64, 64), blosc("lz4", 5), 1.094),
    ((64, 64, 64), Zstd(level=5), 1.080),
    ((16, 16, 16), blosc("zstd", 5), 1.1434),
    ((32, 32, 32), blosc("zstd", 5), 1.1382),
    ((128, 128, 128), blosc("zstd", 5), 1.1673),
    ((16, 64, 64), blosc("zstd", 5), 1.1678),
    ((16, 128, 128), blosc("zstd", 5), 1.1673),
    ((64, 16, 64), blosc("zstd", 5), 1.1696),
]
REAL_RATIOS_5_ANGSTROM = [
    ((128, 128, 128), blosc("zstd", 3), 1.16905),
    ((128, 128, 128), blosc("zstd", 5), 1.18546),
    ((128, 128, 128), blosc("lz4", 3), 1.09472),
    ((128, 128, 128), blosc("lz4", 5), 1.11827),
    ((128, 128, 128), Zstd(level=3), 1.07704),
    ((128, 128, 128), Zstd(level=5), 1.07704),
]
BYTES_OF_METADATA = 400  # of a .zarray with its neighbours: 0.005 % of 128^3, below what was noted


def ratio(volume: np.ndarray, chunk: tuple[int, int, int], codec: Codec) -> float:
    """Raw bytes by stored bytes, as Zarr format 2 stores the volume; chunks divide it evenly."""
    stored = BYTES_OF_METADATA
    for z in range(0, volume.shape[0], chunk[0]):
        for y in range(0, volume.shape[1], chunk[1]):
            for x in range(0, volume.shape[2], chunk[2]):
                part = volume[z : z + chunk[0], y : y + chunk[1], x : x + chunk[2]]
                stored += len(codec.encode(np.ascontiguousarray(part)))
    return volume.nbytes / stored


@pytest.fixture(scope="module")
def ten_angstrom() -> np.ndarray:
    return synthesize("10A", (128, 128, 128))


@pytest.fixture(scope="module")
def five_angstrom() -> np.ndarray:
    return synthesize("5A", (256, 256, 256))


@pytest.mark.parametrize("separator", [".", "/"])
def test_ratio_is_what_zarr_stores(ten_angstrom, separator, tmp_path):
    chunk, codec = (32, 32, 32), blosc("zstd", 5)
    array = zarr.create_array(
        tmp_path / "a.zarr",
        shape=ten_angstrom.shape,
        chunks=chunk,
        dtype="float32",
        compressors=codec,
        zarr_format=2,
        chunk_key_encoding={"name": "v2", "separator": separator},
    )
    array[...] = ten_angstrom
    files = [path for path in (tmp_path / "a.zarr").rglob("*") if path.is_file()]
    stored = sum(path.stat().st_size for path in files)
    assert len(files) > 64
    assert ten_angstrom.nbytes / stored == pytest.approx(
        ratio(ten_angstrom, chunk, codec), rel=0.0002
    )


@pytest.mark.parametrize(("chunk", "codec", "real"), REAL_RATIOS_10_ANGSTROM, ids=str)
def test_10_angstrom_compresses_like_the_real_crop(ten_angstrom, chunk, codec, real):
    assert ratio(ten_angstrom, chunk, codec) == pytest.approx(real, rel=0.005)


@pytest.mark.parametrize(("chunk", "codec", "real"), REAL_RATIOS_5_ANGSTROM, ids=str)
def test_5_angstrom_compresses_like_the_real_crop(five_angstrom, chunk, codec, real):
    assert ratio(five_angstrom, chunk, codec) == pytest.approx(real, rel=0.005)


@pytest.mark.long
def test_density_is_distributed_like_the_real_crops(ten_angstrom, five_angstrom):
    for volume, mean, deviation, skew, kurtosis in [
        (ten_angstrom, 0.39e-6, 5.0e-6, -1.1, 6.3),
        (five_angstrom, -0.45e-6, 2.16e-6, -1.07, 5.1),
    ]:
        densities = volume.astype(np.float64)
        standard = (densities - densities.mean()) / densities.std()
        # The real figures were read off pictures.
        assert densities.mean() == pytest.approx(mean, abs=0.05 * deviation)
        assert densities.std() == pytest.approx(deviation, rel=0.05)
        assert (standard**3).mean() == pytest.approx(skew, abs=0.15)
        assert (standard**4).mean() == pytest.approx(kurtosis, abs=0.5)


@pytest.mark.parametrize("shape", [(64, 64, 64), (128, 128, 128)])
@pytest.mark.parametrize(("profile", "low", "high"), [("int16", 2, 4), ("denoised", 1.1, 1.3)])
def test_other_profiles_compress_within_their_band(profile, low, high, shape):
    assert low < ratio(synthesize(profile, shape), (64, 64, 64), blosc("zstd", 5)) < high


def test_int16_profile_is_on_the_int16_lattice():
    volume = synthesize("int16", (32, 40, 48))
    assert volume.dtype == np.float32
    assert np.array_equal(volume, volume.astype(np.int16))
    assert 50 < volume.std() < 200


def test_missing_wedge_is_empty(ten_angstrom):
    power = np.abs(np.fft.rfftn(ten_angstrom)) ** 2
    along_beam, tilt_axis, across = 32, 0, 32
    # The wedge is about kz; the mapping of densities leaks a little into it.
    assert power[along_beam, 1:8, 0:4].mean() < 0.2 * power[0:4, 1:8, across].mean()
    assert power[along_beam, 8:16, tilt_axis].mean() < 0.2 * power[0, 8:16, across].mean()


@pytest.mark.parametrize("profile", PROFILES)
def test_same_seed_same_bytes(profile):
    first, again, other = (synthesize(profile, (20, 21, 22), seed) for seed in (5, 5, 6))
    assert first.tobytes() == again.tobytes()
    assert not np.array_equal(first, other)


def test_a_single_voxel_depends_on_the_seed():
    assert len({float(synthesize("10A", (1, 1, 1), seed)[0, 0, 0]) for seed in range(8)}) == 8


@settings(max_examples=60)
@given(
    profile=st.sampled_from(sorted(PROFILES)),
    shape=st.tuples(*[st.integers(1, 33)] * 3),
    seed=st.integers(0, 2**63),
)
def test_any_shape(profile, shape, seed):
    volume = synthesize(profile, shape, seed)
    assert volume.shape == shape
    assert volume.dtype == np.float32
    assert volume.flags.c_contiguous
    assert np.isfinite(volume).all()
    if profile != "int16":
        # Densities are ranked: hardly two are equal.
        assert np.unique(volume).size >= 0.99 * volume.size


@pytest.mark.parametrize(
    "shape",
    [(1, 1, 1), (1, 7, 300), (3, 5, 7), (1, 1, 5003), (5003, 1, 1), (1, 5003, 1), (2, 61, 67)],
)
@pytest.mark.parametrize("profile", PROFILES)
def test_thin_and_odd_shapes(profile, shape):
    volume = synthesize(profile, shape)
    assert volume.shape == shape
    assert np.isfinite(volume).all()
    if volume.size > 1:
        assert volume.std() > 0


@pytest.mark.parametrize(
    ("profile", "shape", "seed", "word"),
    [
        ("7A", (4, 4, 4), 0, "7A"),
        ("10A", (4, 4), 0, "(4, 4)"),
        ("10A", (4, 0, 4), 0, "(4, 0, 4)"),
        ("10A", (4, 2.5, 4), 0, "2.5"),
        ("10A", (4, 4, 4), -1, "-1"),
    ],
)
def test_bad_requests_name_what_is_wrong(profile, shape, seed, word):
    with pytest.raises(BadInput) as refusal:
        synthesize(profile, shape, seed)
    assert word in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_memory_stays_within_the_bound():
    tracemalloc.start()
    try:
        volume = synthesize("5A", (256, 256, 256))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert volume.nbytes < peak < PEAK_MEMORY_FACTOR * volume.nbytes
