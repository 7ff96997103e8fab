"""Quality control of a tomogram reads it where it is: no copy, bounded memory, the same report."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import mrcfile
import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.tomograms.in_place import open_in_place
from cryoet_zarr_bench.tomograms.preparation import prepare

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("CRYOET_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def written(folder, name):
    voxels = np.random.default_rng(3).standard_normal((12, 9, 10)).astype(np.float32)
    path = folder / name
    if name.endswith(".mrc"):
        with mrcfile.new(path) as file:
            file.set_data(voxels)
    elif name.endswith(".tif"):
        tifffile.imwrite(path, voxels, photometric="minisblack")
    elif "other-order" in name:
        np.save(path, np.asfortranarray(voxels))
    elif "other-bytes" in name:
        np.save(path, voxels.astype(">f4"))
    else:
        np.save(path, voxels)
    return path, voxels


@pytest.mark.parametrize("name", ["a.mrc", "a.npy", "a.tif", "other-order.npy", "other-bytes.npy"])
@pytest.mark.parametrize("crop", [None, "5,4,7", "12,9,10"])
def test_it_is_read_as_it_would_be_prepared_and_nothing_is_copied(tmp_path, cache, name, crop):
    path, _ = written(tmp_path, name)
    with open_in_place(str(path), crop) as opened:
        slabs = opened.slabs
        step = slabs.planes
        read = [
            slabs.read(z, min(z + step, slabs.shape[0])) for z in range(0, slabs.shape[0], step)
        ]
        digest = opened.sha256()
    assert not cache.exists()
    prepared = prepare(str(path), crop)
    assert np.concatenate(read).tobytes() == prepared.load().tobytes()
    assert (opened.source, digest) == (prepared.source, prepared.sha256)
    assert (slabs.name, slabs.shape, slabs.dtype.name) == (
        prepared.name,
        prepared.shape,
        prepared.dtype,
    )
    assert slabs.voxel_spacing == prepared.voxel_spacing


side = st.tuples(st.integers(0, 4), st.integers(1, 5)).map(lambda each: slice(each[0], sum(each)))


@given(st.tuples(side, side, side))
def test_a_box_of_a_crop_is_that_of_its_voxels(tmp_path_factory, box):
    path, voxels = written(tmp_path_factory.mktemp("box"), "a.npy")
    with open_in_place(str(path), "8,6,8") as opened:
        assert np.array_equal(opened.slabs[box], voxels[2:10, 1:7, 1:9][box])


def test_the_digest_is_only_there_once_all_was_read(tmp_path):
    path, voxels = written(tmp_path, "a.npy")
    with open_in_place(str(path), None) as opened:
        opened.slabs.read(0, 5)
        with pytest.raises(RuntimeError, match="5 of 12"):
            opened.sha256()
        opened.slabs.read(3, 7)  # again, or out of order, is not hashed
        opened.slabs.read(5, 12)
        opened.slabs.read(0, 5)
        assert opened.sha256() == hashlib.sha256(voxels.tobytes()).hexdigest()


@pytest.mark.parametrize("name", ["a.mrc", "a.npy", "a.tif"])
def test_a_source_that_changes_while_it_is_read_is_refused(tmp_path, name):
    path, _ = written(tmp_path, name)
    with (
        pytest.raises(BadInput, match="changed while it was read"),
        open_in_place(str(path), None),
    ):
        os.utime(path, ns=(0, 0))


def test_a_source_that_is_cut_while_it_is_read_is_refused(tmp_path):
    path, _ = written(tmp_path, "a.npy")
    with (
        pytest.raises(BadInput, match="was cut while it was read"),
        open_in_place(str(path), None) as opened,
    ):
        os.truncate(path, path.stat().st_size // 2)
        opened.slabs.read(0, 12)


@pytest.mark.long
def test_quality_control_of_a_large_mrc_takes_little_memory_and_no_cache(tmp_path, cache):
    path = tmp_path / "large.mrc"
    with mrcfile.new_mmap(path, (160, 1000, 1000), mrc_mode=2) as file:
        planes = np.random.default_rng(0).standard_normal((4, 1000, 1000)).astype(np.float32)
        for z in range(0, 160, 4):
            file.data[z : z + 4] = planes + z % 3
    program = (
        "import sys; from cryoet_zarr_bench.cli import app; code = 0\n"
        "try: app(sys.argv[1:], standalone_mode=True)\n"
        "except SystemExit as end: code = end.code\n"
        "status = open('/proc/self/status').read()\n"
        "print(status.split('VmHWM:')[1].split()[0]); sys.exit(code)"
    )
    report = tmp_path / "report.json"
    answer = subprocess.run(
        [sys.executable, "-c", program, "qc", str(path), "--json", str(report)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
    )
    assert answer.returncode in (0, 1), answer.stderr
    assert json.loads(report.read_text())["shape"] == [160, 1000, 1000]
    kilobytes = int(answer.stdout.split()[-1])
    assert kilobytes < 400_000 < path.stat().st_size / 1000
    assert not cache.exists()
