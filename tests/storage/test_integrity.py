import importlib.metadata
import sys

import numcodecs
import numpy as np
import pytest
import zarr

from cryoet_zarr_bench.storage.integrity import (
    NotWhatWasAsked,
    check_bit_equal,
    check_release,
)


def test_nan_payloads_and_the_sign_of_zero_count():
    quiet = np.array([[[np.nan]]], "float32")
    payload = quiet.copy()
    payload.view("uint32")[...] |= 1
    check_bit_equal(payload, payload.copy())
    with pytest.raises(NotWhatWasAsked, match="1 of 1 voxels"):
        check_bit_equal(quiet, payload)
    with pytest.raises(NotWhatWasAsked, match="1 of 1 voxels"):
        check_bit_equal(np.zeros((1, 1, 1), "float16"), -np.zeros((1, 1, 1), "float16"))


@pytest.mark.parametrize(
    "read", [np.zeros((2, 3, 4), "float64"), np.zeros((2, 4, 3), "float32"), np.zeros((24,), "<f4")]
)
def test_another_shape_or_dtype_is_not_the_same(read):
    with pytest.raises(NotWhatWasAsked, match="read back"):
        check_bit_equal(np.zeros((2, 3, 4), "float32"), read)


RIGHT = {"zarr": zarr.__version__, "numcodecs": numcodecs.__version__}


def test_the_right_label_is_accepted_and_recorded():
    found = check_release(RIGHT)
    assert {package: each["version"] for package, each in found.items()} == RIGHT
    assert all(not each["folder"].startswith("/") for each in found.values())


@pytest.mark.parametrize("package", RIGHT)
def test_the_wrong_version_on_the_label_is_caught(package):
    with pytest.raises(NotWhatWasAsked, match=f"{package} .* but the label says 1.2.3"):
        check_release({**RIGHT, package: "1.2.3"})


def test_a_module_that_is_not_the_installed_package_is_caught(monkeypatch):
    """As when a new version was installed but another copy, of another version, is imported."""
    monkeypatch.setattr(zarr, "__version__", "9.9.9")
    with pytest.raises(NotWhatWasAsked, match=r"zarr 9.9.9 is imported"):
        check_release({"zarr": importlib.metadata.version("zarr")})


def test_a_package_from_outside_of_the_environment_is_caught(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    with pytest.raises(NotWhatWasAsked, match="outside of this environment"):
        check_release(RIGHT)
