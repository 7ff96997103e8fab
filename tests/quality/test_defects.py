"""Each fault is found by the right check, and good tomograms pass."""

import os
from pathlib import Path

import numpy as np
import pytest
from defects import FAILING, WARNING, lattice_of_8_bits
from hypothesis import given, settings
from hypothesis import strategies as st

from cryoet_zarr_bench.quality.inspection import inspect
from cryoet_zarr_bench.quality.quality_findings import Check, QualityReport
from cryoet_zarr_bench.quality.quality_limits import FAIL, NOT_CHECKED, PASS, WARN
from cryoet_zarr_bench.tomograms.formats.open_tomogram import read_volume
from cryoet_zarr_bench.tomograms.formats.slabs import ArraySlabs
from cryoet_zarr_bench.tomograms.synthetic import synthesize
from cryoet_zarr_bench.tomograms.synthetic_profiles import PROFILES

REAL = Path(os.environ.get("CRYOET_REAL_VOLUMES") or "nowhere")
SEED = 3


def report_of(volume: np.ndarray) -> QualityReport:
    return inspect(ArraySlabs(volume, "a tomogram")).report


def named(report: QualityReport, name: str) -> Check:
    return next(check for check in report.checks if check.name == name)


def verdicts(report: QualityReport) -> dict[str, str]:
    return {check.name: check.verdict for check in report.checks}


@pytest.fixture(scope="module")
def good() -> dict[str, np.ndarray]:
    return {profile: synthesize(profile, (64, 64, 64), SEED) for profile in PROFILES}


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize(
    ("shape", "seed"),
    [((64, 64, 64), 0), ((64, 64, 64), 1), ((32, 128, 96), 0), ((32, 128, 96), 5)],
)
def test_a_good_tomogram_passes(profile, shape, seed):
    report = report_of(synthesize(profile, shape, seed))
    assert set(verdicts(report).values()) == {PASS}
    assert report.verdict == PASS


@pytest.mark.slow
@pytest.mark.parametrize("profile", ["10A", "denoised"])
def test_a_larger_good_tomogram_passes(profile):
    assert set(verdicts(report_of(synthesize(profile, (128, 128, 128), 2))).values()) == {PASS}


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("defect", FAILING, ids=lambda defect: defect.__name__)
def test_a_fault_fails_the_right_check(good, profile, defect):
    volume = good[profile].copy()
    defect(volume)
    report = report_of(volume)
    assert named(report, FAILING[defect]).verdict == FAIL
    assert not report.passed


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("defect", WARNING, ids=lambda defect: defect.__name__)
def test_what_is_only_odd_is_a_warning(good, profile, defect):
    volume = good[profile].copy()
    defect(volume)
    report = report_of(volume)
    assert named(report, WARNING[defect]).verdict == WARN
    assert report.passed


def test_the_place_of_a_fault_is_told(good):
    volume = good["10A"].copy()
    volume[10:12] = np.nan
    volume[24:48, 16:40, 8:32] = 0
    volume[55] = np.roll(volume[55], 5, 1)
    report = report_of(volume)
    assert named(report, "NaN and infinity").figure == 2 * 64 * 64
    assert "slices 10-11" in named(report, "NaN and infinity").says
    assert "z 24:48, y 16:40, x 8:32" in named(report, "constant blocks").says
    assert "z 55 lies 0, 5 voxels" in named(report, "shifted slices").says


@pytest.mark.parametrize("name", ["EMD-3197.map", "microtubule_13pf_uint8.tif"])
def test_a_real_volume_does_not_fail(name):
    if not (REAL / name).is_file():
        pytest.skip("CRYOET_REAL_VOLUMES names no folder with it")
    report = report_of(read_volume(REAL / name).data)
    warned = {check.name for check in report.checks if check.verdict != PASS}
    # A sub-tomogram average has no wedge to miss.
    assert warned == ({"missing wedge"} if name == "EMD-3197.map" else set())
    assert report.passed


@pytest.mark.long
@settings(max_examples=15)
@given(
    profile=st.sampled_from(["10A", "denoised"]),
    exponent=st.floats(-25, 25),
    offset=st.floats(-50, 50),
    defect=st.sampled_from([None, *FAILING, *WARNING]),
)
def test_scale_and_offset_change_nothing(good, profile, exponent, offset, defect):
    volume = good[profile].copy()
    if defect is not None:
        defect(volume)
    before = report_of(volume)
    scale = 10.0**exponent
    with np.errstate(invalid="ignore"):
        moved = scale * (volume / good[profile].std() + offset)
    after = report_of(moved.astype(np.float32))
    assert verdicts(after) == verdicts(before)
    for one, other in zip(before.checks, after.checks, strict=True):
        if one.name in ("source precision", "signal to noise", "missing wedge"):
            continue  # the rounding of an offset is noise that these see
        assert other.figure == pytest.approx(one.figure, rel=0.01, abs=0.01)
    assert after.statistics.skew == pytest.approx(before.statistics.skew, rel=1e-3)
    assert after.statistics.kurtosis == pytest.approx(before.statistics.kurtosis, rel=1e-3)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint16", "float16"])
def test_every_dtype_passes_as_what_it_is(good, dtype):
    volume = good["10A"].astype(np.float64)
    if dtype == "float16":
        stored = (volume / volume.std()).astype(dtype)
    else:
        # Scaled to the whole range: every tomogram of integers was, and none of these clips.
        limits = np.iinfo(dtype)
        part = (volume - volume.min()) / (volume.max() - volume.min())
        stored = (limits.min + part * (limits.max - limits.min)).round().astype(dtype)
    report = report_of(stored)
    assert set(verdicts(report).values()) == {PASS}
    assert report.statistics.source_precision.startswith(dtype)


def test_a_mask_is_a_warning_and_a_hole_in_it_a_failure(good):
    z, y, x = np.mgrid[:64, :64, :64] - 31.5
    masked = np.where(z**2 + y**2 + x**2 < 30**2, good["10A"], 0).astype(np.float32)
    report = report_of(masked)
    assert named(report, "constant blocks").verdict == WARN
    assert named(report, "clipping").verdict == PASS
    masked[28:40, 28:40, 28:40] = 0
    assert named(report_of(masked), "constant blocks").verdict == FAIL


def test_other_axes_are_named(good):
    swapped = np.ascontiguousarray(good["10A"].transpose(1, 0, 2))
    check = named(report_of(swapped), "missing wedge")
    assert check.verdict == WARN
    assert "beam y, tilt axis z" in check.says
    turned = np.ascontiguousarray(good["10A"].transpose(0, 2, 1))
    check = named(report_of(turned), "missing wedge")
    assert check.verdict == WARN
    assert "beam z, tilt axis x" in check.says


@pytest.mark.parametrize("shape", [(64, 64, 64), (20, 512, 512)])
def test_white_noise_is_no_tomogram(shape):
    noise = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    report = report_of(noise)
    assert named(report, "signal to noise").verdict == WARN
    assert named(report, "missing wedge").verdict == WARN
    # Their correlation has its peak anywhere: no slice is called shifted for that.
    assert named(report, "shifted slices").verdict == NOT_CHECKED
    assert report.passed


@pytest.mark.parametrize(
    "volume",
    [
        np.full((9, 9, 9), np.nan, np.float32),
        np.full((9, 9, 9), 5, np.uint8),
        np.zeros((1, 1, 1), np.float32),
        np.full((3, 70, 2), np.inf, np.float32),
    ],
    ids=["nothing but NaN", "one value", "one voxel", "nothing but infinity"],
)
def test_what_is_no_tomogram_fails_without_an_error(volume):
    report = report_of(volume)
    assert report.verdict == FAIL


@settings(max_examples=30)
@given(
    shape=st.tuples(*[st.integers(1, 20)] * 3),
    seed=st.integers(0, 1000),
    dtype=st.sampled_from(["int8", "uint8", "int16", "uint16", "float16", "float32"]),
    holes=st.booleans(),
)
def test_any_shape_and_dtype_gets_a_report(shape, seed, dtype, holes):
    rng = np.random.default_rng(seed)
    volume = rng.integers(0, 100, shape).astype(dtype)
    if holes and volume.dtype.kind == "f":
        volume[rng.random(shape) < 0.3] = rng.choice([np.nan, np.inf, -np.inf])
    report = report_of(volume)
    assert report.statistics.voxels == volume.size
    assert len(report.slice_means) == shape[0]
    for check in report.checks:
        assert "\n" not in check.says
        assert check.figure is None or not np.isnan(check.figure)


def test_a_lattice_survives_a_clipped_end(good):
    volume = good["int16"].copy()
    np.minimum(volume, np.float32(231.4), out=volume)
    assert "unequal steps" in report_of(volume).statistics.source_precision
    lattice_of_8_bits(volume)
    assert "8-bit integers" in report_of(volume).statistics.source_precision
