import importlib.metadata
import sys

import numcodecs
import numpy as np
import pytest
import zarr

from cryoet_zarr_bench.common.errors import ReleaseMismatch
from cryoet_zarr_bench.measured.installed_release import check_release
from cryoet_zarr_bench.storage.stores import shard_index
from cryoet_zarr_bench.storage.stores.store_checks import StoreMismatch, check_bit_equal


def test_nan_payloads_and_the_sign_of_zero_count():
    quiet = np.array([[[np.nan]]], "float32")
    payload = quiet.copy()
    payload.view("uint32")[...] |= 1
    check_bit_equal(payload, payload.copy())
    with pytest.raises(StoreMismatch, match="1 of 1 voxels"):
        check_bit_equal(quiet, payload)
    with pytest.raises(StoreMismatch, match="1 of 1 voxels"):
        check_bit_equal(np.zeros((1, 1, 1), "float16"), -np.zeros((1, 1, 1), "float16"))


@pytest.mark.parametrize(
    "read", [np.zeros((2, 3, 4), "float64"), np.zeros((2, 4, 3), "float32"), np.zeros((24,), "<f4")]
)
def test_another_shape_or_dtype_is_not_the_same(read):
    with pytest.raises(StoreMismatch, match="read back"):
        check_bit_equal(np.zeros((2, 3, 4), "float32"), read)


def test_a_difference_is_told_where_it_is_in_the_tomogram():
    written, read = np.zeros((2, 3, 4), "int16"), np.zeros((2, 3, 4), "int16")
    read[1, 0, 2] = 1
    with pytest.raises(StoreMismatch, match=r"1 of 24 voxels .* = \(11, 20, 2\)"):
        check_bit_equal(written, read, (10, 20, 0))


@pytest.mark.parametrize(
    ("content", "checksum"), [(b"", 0), (b"123456789", 0xE3069283), (bytes(32), 0x8A9136AA)]
)
def test_the_checksum_of_shards_is_crc32c(content, checksum):
    """Values from RFC 3720, appendix B.4, and the check value of the catalogue of CRCs."""
    assert shard_index._crc32c(content) == checksum


def shard_file(path, entries, content=b"chunk"):
    index = np.array(entries, "<u8").tobytes()
    checksum = shard_index._crc32c(index).to_bytes(4, "little")
    path.write_bytes(content + index + checksum)
    return path


def test_chunks_that_a_shard_leaves_out_are_not_listed(tmp_path):
    nothing = 2**64 - 1
    path = shard_file(tmp_path / "shard", [(0, 2), (nothing, nothing), (2, 3), (nothing, nothing)])
    assert shard_index.stored_chunks(path, (2, 1, 2)) == [(0, 2), (2, 3)]


@pytest.mark.parametrize("entry", [(0, 6), (5, 1), (2**64 - 1, 0), (2**63, 2**63)])
def test_an_index_that_points_beyond_the_chunks_is_refused(tmp_path, entry):
    path = shard_file(tmp_path / "shard", [entry])
    with pytest.raises(ValueError, match="beyond its chunks"):
        shard_index.stored_chunks(path, (1, 1, 1))


RIGHT = {"zarr": zarr.__version__, "numcodecs": numcodecs.__version__}


def test_the_right_label_is_accepted_and_recorded():
    found = check_release(RIGHT)
    assert {package: each["version"] for package, each in found.items()} == RIGHT
    assert all(not each["folder"].startswith("/") for each in found.values())


@pytest.mark.parametrize("package", RIGHT)
def test_the_wrong_version_on_the_label_is_caught(package):
    with pytest.raises(ReleaseMismatch, match=f"{package} .* but the label says 1.2.3"):
        check_release({**RIGHT, package: "1.2.3"})


def test_a_module_that_is_not_the_installed_package_is_caught(monkeypatch):
    """As when a new version was installed but another copy, of another version, is imported."""
    monkeypatch.setattr(zarr, "__version__", "9.9.9")
    with pytest.raises(ReleaseMismatch, match=r"zarr 9.9.9 is imported"):
        check_release({"zarr": importlib.metadata.version("zarr")})


def test_a_package_from_outside_of_the_environment_is_caught(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    with pytest.raises(ReleaseMismatch, match="outside of this environment"):
        check_release(RIGHT)
