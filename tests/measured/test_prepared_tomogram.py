import hashlib
import json
import os
import subprocess
import sys

import numpy as np
import pytest

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.measured.prepared_tomogram import (
    PreparedTomogram,
    changed_since_described,
    open_prepared,
    sidecar_path,
    sidecar_text,
    voxels_digest,
)


@pytest.fixture
def entry(tmp_path) -> PreparedTomogram:
    data = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
    prepared = PreparedTomogram(
        path=tmp_path / "entry.npy",
        name="a tomogram 2x3x4",
        shape=(2, 3, 4),
        dtype="int16",
        voxel_spacing=(10.0, 10.0, 10.5),
        sha256=hashlib.sha256(data.tobytes()).hexdigest(),
        source="/somewhere/a.mrc::0",
    )
    np.save(prepared.path, data)
    sidecar_path(prepared.path).write_text(sidecar_text(prepared))
    return prepared


def test_opens_what_was_described(entry):
    opened = open_prepared(str(entry.path))
    assert opened == entry
    assert np.array_equal(opened.load(), np.arange(24).reshape(2, 3, 4))


def test_a_mapped_tomogram_is_not_read_and_cannot_be_written(entry):
    mapped = open_prepared(entry.path).load(mmap=True)
    assert isinstance(mapped, np.memmap)
    assert not mapped.flags.writeable
    assert np.array_equal(mapped, entry.load())


def test_an_unknown_spacing_stays_unknown(entry):
    change_sidecar(entry, voxel_spacing=None)
    assert open_prepared(entry.path).voxel_spacing is None


def change_sidecar(entry, **changes):
    """Write other fields, with the digest that belongs to them."""
    fields = {**json.loads(sidecar_path(entry.path).read_text()), **changes}
    del fields["digest"]
    digest = hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()
    sidecar_path(entry.path).write_text(json.dumps({**fields, "digest": digest}))


def test_a_description_that_was_edited_is_refused(entry):
    text = sidecar_path(entry.path).read_text()
    sidecar_path(entry.path).write_text(text.replace("10.5", "10.6"))
    assert_refused(entry)
    sidecar_path(entry.path).write_text(text)
    assert open_prepared(entry.path) == entry


def test_the_digest_of_the_voxels_is_of_what_is_on_the_disk(entry):
    assert voxels_digest(entry) == entry.sha256
    assert not changed_since_described(entry)
    whole = entry.path.read_bytes()
    entry.path.write_bytes(whole[:-1] + b"\1")
    os.utime(entry.path, ns=(0, 12345))
    assert voxels_digest(entry) != entry.sha256
    assert changed_since_described(entry)


@pytest.mark.parametrize(
    "changes",
    [
        {"shape": [2, 3, 5]},
        {"shape": [24]},
        {"dtype": "uint16"},
        {"dtype": None},
        {"format": 0},
        {"unknown": 1},
        {"voxel_spacing": [1.0]},
    ],
    ids=str,
)
def test_a_description_that_disagrees_is_refused(entry, changes):
    change_sidecar(entry, **changes)
    assert_refused(entry)


def test_incomplete_entries_are_refused(entry):
    whole = entry.path.read_bytes()
    for damaged in (whole[:-1], whole + b"\0", whole[:20], b""):
        entry.path.write_bytes(damaged)
        assert_refused(entry)
    entry.path.write_bytes(whole)
    assert open_prepared(entry.path) == entry
    sidecar_path(entry.path).write_text("{")
    assert_refused(entry)
    sidecar_path(entry.path).unlink()
    assert_refused(entry)


def test_an_archive_under_the_name_of_an_array_is_refused(entry):
    with entry.path.open("wb") as file:
        np.savez(file, np.zeros(3))
    assert_refused(entry)


def assert_refused(entry):
    with pytest.raises(BadInput) as refusal:
        open_prepared(entry.path)
    assert str(entry.path) in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("module", ["measured.prepared_tomogram", "tomograms.synthetic"])
def test_needs_numpy_alone(module):
    program = (
        "import sys\n"
        "import numpy\n"
        "class Nothing_else:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        first = name.partition('.')[0]\n"
        "        allowed = {'numpy', 'cryoet_zarr_bench'} | sys.stdlib_module_names\n"
        "        if first not in allowed:\n"
        "            raise ImportError(f'{name} is not for the measured side')\n"
        "sys.meta_path.insert(0, Nothing_else())\n"
        "try:\n"
        "    import zarr\n"
        "except ImportError:\n"
        "    print('guarded')\n"
        f"import cryoet_zarr_bench.{module}\n"
        "heavy = {'tifffile', 'mrcfile', 'zarr', 'platformdirs', 'numcodecs'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "guarded\n"


def test_the_host_side_imports_readers_only_when_needed():
    program = (
        "import sys\n"
        "import cryoet_zarr_bench.tomograms.preparation\n"
        "heavy = {'tifffile', 'mrcfile', 'zarr', 'numcodecs'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
