"""Round trips, refusals and accidents, from the command line's own functions on."""

import errno
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import mrcfile
import numpy as np
import pytest
import zarr
from tomogram_files import (
    DTYPES,
    SPACING,
    any_bits,
    bits,
    densities,
    names_in,
    write_source,
)

from cryoet_zarr_bench.commands.convert_command import summary
from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.conversion import converted_check, streamed_conversion
from cryoet_zarr_bench.conversion.conversion_request import StoreOptions, check_request
from cryoet_zarr_bench.storage.stores.flat_file import FlatFile
from cryoet_zarr_bench.tomograms.formats.open_tomogram import read_volume

pytestmark = pytest.mark.filterwarnings("ignore")

PROJECT = Path(__file__).resolve().parents[2]
TARGETS = ("a.mrc", "a.map", "a.rec", "a.tif", "a.tiff", "a.ome.tif", "a.ome.tiff", "a.npy")
IMPOSSIBLE = {("uint8", ".mrc"), ("uint8", ".map"), ("uint8", ".rec")} | {
    ("float16", ".ome.tif"),
    ("float16", ".ome.tiff"),
}


def converted(source, target, **more):
    options = {name: more.pop(name) for name in StoreOptions.__annotations__ if name in more}
    request = check_request(str(source), str(target), options=StoreOptions(**options), **more)
    return streamed_conversion.convert(request)


def refusal_of(*arguments, **options):
    with pytest.raises(BadInput) as refused:
        converted(*arguments, **options)
    (line,) = str(refused.value).splitlines()
    return line


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype_goes_to_zarr_and_back_or_is_refused(tmp_path, dtype, name):
    data = any_bits(dtype=dtype)
    np.save(tmp_path / "source.npy", data)
    converted(
        tmp_path / "source.npy", tmp_path / "a.zarr", voxel_spacing="12.5,10.012,9.876543", levels=2
    )
    suffix = name[1:]
    if (dtype, suffix) in IMPOSSIBLE:
        line = refusal_of(tmp_path / "a.zarr", tmp_path / name)
        assert f"no voxels of type {dtype}" in line
        assert names_in(tmp_path) == ["a.zarr", "source.npy"]
        return
    done = converted(tmp_path / "a.zarr", tmp_path / name)
    volume = read_volume(tmp_path / name)
    assert bits(volume.data) == bits(data) and volume.data.dtype == data.dtype
    has_room = suffix != ".npy" and (dtype, suffix) not in itertools.product(
        ["float16"], [".tif", ".tiff"]
    )
    assert volume.voxel_spacing == done.kept_spacing == (SPACING if has_room else None)
    assert done.wanted_spacing == SPACING


CONFIGS = [
    {"zarr_format": 2},
    {"zarr_format": 3},
    {"chunks": "4x8x6 in 8x8x12", "codec": "blosc-zstd-5-shuffle"},
    {"chunks": "100x100x100", "codec": "gzip-1", "levels": 1},
    {"chunks": "1x1x1", "codec": "none", "zarr_format": 3, "levels": 4},
]


@pytest.mark.parametrize("options", CONFIGS, ids=str)
@pytest.mark.parametrize("name", ["a.mrc", "a.tif", "a.ome.tif"])
def test_a_file_comes_back_with_its_bits_and_its_spacing(tmp_path, name, options):
    data = densities((10, 13, 12), "float32")
    source = write_source(tmp_path / name, data)
    done = converted(source, tmp_path / "a.ome.zarr", **options)
    assert done.config is not None and done.level_count == options.get("levels", 3)
    assert done.kept_spacing == SPACING
    (tmp_path / "back").mkdir()
    converted(tmp_path / "a.ome.zarr", tmp_path / "back" / name)
    one, other = read_volume(source), read_volume(tmp_path / "back" / name)
    assert bits(one.data) == bits(other.data) == bits(data)
    assert one.voxel_spacing == other.voxel_spacing == SPACING


def test_any_source_goes_to_any_target(tmp_path):
    data = densities((6, 9, 8), "int16")
    before = write_source(tmp_path / "0.mrc", data)
    for number, suffix in enumerate([".tif", ".zarr", ".ome.tif", ".rec", ".zarr", ".map"]):
        after = tmp_path / f"{number + 1}{suffix}"
        converted(before, after)
        before = after
    volume = read_volume(before)
    assert bits(volume.data) == bits(data) and volume.voxel_spacing == SPACING


def test_a_level_of_the_pyramid_can_be_taken(tmp_path):
    data = densities((8, 8, 8))
    converted(write_source(tmp_path / "a.mrc", data), tmp_path / "a.zarr")
    one = converted(tmp_path / "a.zarr", tmp_path / "1.mrc", level=1)
    converted(f"{tmp_path / 'a.zarr'}::1", tmp_path / "same.mrc")
    assert one.kept_spacing == tuple(float(f"{2 * step:.7g}") for step in SPACING)
    assert read_volume(tmp_path / "1.mrc").data.shape == (4, 4, 4)
    assert (tmp_path / "1.mrc").read_bytes() == (tmp_path / "same.mrc").read_bytes()
    assert "another" in refusal_of(f"{tmp_path / 'a.zarr'}::1", tmp_path / "b.mrc", level=2)
    assert "no level 3" in refusal_of(tmp_path / "a.zarr", tmp_path / "b.mrc", level=3)


def test_a_spacing_that_is_given_goes_before_the_source(tmp_path):
    source = write_source(tmp_path / "a.mrc", densities())
    assert converted(source, tmp_path / "a.zarr", voxel_spacing="7.5").kept_spacing == (7.5,) * 3
    assert converted(
        tmp_path / "a.zarr", tmp_path / "b.mrc", voxel_spacing="4,5,6"
    ).kept_spacing == (4, 5, 6)


def test_without_a_spacing_none_is_made_up(tmp_path):
    np.save(tmp_path / "a.npy", densities())
    for name in ("a.zarr", "a.mrc", "a.tif", "a.ome.tif"):
        done = converted(tmp_path / "a.npy", tmp_path / name)
        assert done.kept_spacing is None and done.wanted_spacing is None
        assert read_volume(tmp_path / name).voxel_spacing is None
        assert "not known" in "\n".join(summary(done))


def test_a_file_without_room_for_a_spacing_is_told_of(tmp_path):
    converted(write_source(tmp_path / "a.mrc", densities()), tmp_path / "a.zarr")
    done = converted(tmp_path / "a.zarr", tmp_path / "a.npy")
    (line,) = [line for line in summary(done) if "spacing" in line]
    assert "not stored" in line and "--voxel-spacing 12.5,10.012,9.876543" in line


@pytest.mark.parametrize(
    "shape", [(1, 6, 7), (6, 1, 7), (6, 7, 1), (1, 1, 1), (3, 5, 3), (4, 5, 4)]
)
@pytest.mark.parametrize("dtype", ["uint8", "float32", "int16"])
def test_shapes_at_the_edge(tmp_path, shape, dtype):
    data = densities(shape, dtype)
    np.save(tmp_path / "source.npy", data)
    converted(tmp_path / "source.npy", tmp_path / "a.zarr", voxel_spacing="10")
    for name in TARGETS:
        if (dtype, name[1:]) in IMPOSSIBLE:
            continue
        if ".ome." in name and shape[0] == 1:
            assert "one plane" in refusal_of(tmp_path / "a.zarr", tmp_path / name)
            continue
        converted(tmp_path / "a.zarr", tmp_path / name)
        volume = read_volume(tmp_path / name)
        assert bits(volume.data) == bits(data) and volume.data.shape == shape


@pytest.mark.parametrize(
    "step", [0.1234567, 1.0, 9.876543, 13.48, 10.012, 123.4567, 1e-2, 9999.999]
)
@pytest.mark.parametrize("name", ["a.zarr", "a.mrc", "a.tif", "a.ome.tif"])
def test_spacings_keep_their_digits(tmp_path, step, name):
    np.save(tmp_path / "a.npy", densities((5, 7, 6)))
    kept = converted(tmp_path / "a.npy", tmp_path / name, voxel_spacing=str(step)).kept_spacing
    # MRC has the length of a cell in single precision, from which not every step comes back.
    assert kept == pytest.approx((step,) * 3, rel=2e-7 if name == "a.mrc" else 1e-12)


def test_the_header_of_an_mrc_file_is_valid_and_has_the_statistics(tmp_path):
    data = densities((6, 7, 8), "float32")
    converted(write_source(tmp_path / "a.ome.tif", data), tmp_path / "a.mrc")
    assert mrcfile.validate(tmp_path / "a.mrc")
    with mrcfile.open(tmp_path / "a.mrc") as file:
        header = file.header
        assert float(header.dmin) == data.min() and float(header.dmax) == data.max()
        assert float(header.dmean) == pytest.approx(data.mean(), rel=1e-5)
        assert float(header.rms) == pytest.approx(data.std(), rel=1e-5)
        assert (int(header.mapc), int(header.mapr), int(header.maps)) == (1, 2, 3)


def test_statistics_of_what_is_not_finite_are_marked_as_not_determined(tmp_path):
    np.save(tmp_path / "a.npy", any_bits())
    converted(tmp_path / "a.npy", tmp_path / "a.mrc")
    with mrcfile.open(tmp_path / "a.mrc") as file:
        header = file.header
        assert header.dmax < header.dmin and header.dmean < header.dmax and header.rms < 0


def test_metadata_is_valid_for_the_models_of_ome_zarr(tmp_path):
    from ome_zarr_models import open_ome_zarr

    source = write_source(tmp_path / "a.mrc", densities())
    for zarr_format, version in ((2, "0.4"), (3, "0.5")):
        store = tmp_path / f"{zarr_format}.zarr"
        converted(source, store, zarr_format=zarr_format)
        image = open_ome_zarr(zarr.open_group(store, mode="r"), version=version)
        assert type(image).__name__ == "Image"


def test_metadata_that_is_not_valid_is_found(tmp_path, monkeypatch):
    source = write_source(tmp_path / "a.mrc", densities())
    from cryoet_zarr_bench.storage.stores import multiscale_metadata

    monkeypatch.setattr(multiscale_metadata, "_transformations", lambda level, spacing: [])
    line = refusal_of(source, tmp_path / "a.zarr")
    assert "ome-zarr-models finds its metadata invalid" in line and "removed again" in line
    assert names_in(tmp_path) == ["a.mrc"]


def test_without_the_validator_nothing_is_begun(tmp_path, monkeypatch):
    monkeypatch.setattr(converted_check.importlib.util, "find_spec", lambda name: None)
    source = write_source(tmp_path / "a.mrc", densities())
    assert "cryoet-zarr-bench[convert]" in refusal_of(source, tmp_path / "a.zarr")
    converted(source, tmp_path / "a.tif")


def test_a_voxel_that_is_written_wrong_is_found_and_nothing_is_left(tmp_path, monkeypatch):
    source = write_source(tmp_path / "a.tif", densities((6, 9, 8)))
    right = FlatFile.__setitem__

    def wrong(file, box, voxels):
        voxels = voxels.copy()
        voxels[2, 3, 4] = -voxels[2, 3, 4]
        right(file, box, voxels)

    monkeypatch.setattr(FlatFile, "__setitem__", wrong)
    line = refusal_of(source, tmp_path / "a.mrc")
    assert "1 of 432 voxels" in line and "(2, 3, 4)" in line
    assert names_in(tmp_path) == ["a.tif"]


def test_the_sign_of_zero_and_payloads_count_in_the_check(tmp_path, monkeypatch):
    np.save(tmp_path / "a.npy", any_bits())
    right = FlatFile.__setitem__
    monkeypatch.setattr(
        FlatFile, "__setitem__", lambda file, box, voxels: right(file, box, voxels + np.float32(0))
    )
    assert "other bits" in refusal_of(tmp_path / "a.npy", tmp_path / "a.mrc")


def bad_requests(folder):
    source = write_source(folder / "a.mrc", densities())
    store = folder / "a.zarr"
    converted(source, store)
    (folder / "taken.zarr").mkdir()
    (folder / "taken.zarr" / "thesis.tex").write_text("years of work")
    (folder / "taken.mrc").mkdir()
    yield (source, folder / "b.txt"), {}, "does not say what to make"
    yield (source, folder / "b"), {}, "does not say what to make"
    yield (folder / "no.mrc", folder / "b.zarr"), {}, "does not exist"
    yield ("synthetic:10A@8", folder / "b.zarr"), {}, "is not a file"
    yield ("", folder / "b.zarr"), {}, "is not a file"
    yield (source, folder / "nowhere" / "b.zarr"), {}, "is not a folder"
    yield (source, store), {}, "exists already"
    yield (source, folder / "taken.zarr"), {"overwrite": True}, "something else"
    yield (source, folder / "taken.mrc"), {"overwrite": True}, "something else"
    yield (store, store), {"overwrite": True}, "are the same"
    yield (store, store / "b.mrc"), {}, "one lies in the other"
    yield (store / "0", store), {"overwrite": True}, "one lies in the other"
    yield (source, folder / "b.tif"), {"codec": "zstd-1"}, "is no OME-Zarr"
    yield (source, folder / "b.zarr"), {"codec": "zip"}, "no codec is called 'zip'"
    yield (source, folder / "b.zarr"), {"codec": "int8+zstd-5"}, "loses bits"
    # Their chunks are not decoded by the readers, so that nothing could be checked.
    yield (source, folder / "b.zarr"), {"codec": "pcodec-8"}, "'pcodec' is not accepted"
    yield (source, folder / "b.zarr"), {"codec": "delta+zstd-5"}, "a filter for uint32"
    yield (source, folder / "b.zarr"), {"chunks": "64"}, "a chunk shape is written"
    yield (source, folder / "b.zarr"), {"chunks": "8x8x8 in 9x8x8"}, "whole multiple"
    yield (source, folder / "b.zarr"), {"chunks": "9999x9999x9999"}, "a chunk would have"
    yield (source, folder / "b.zarr"), {"chunks": "9x9x9 in 99999x99999x99999"}, "a shard needs"
    yield (
        (source, folder / "b.zarr"),
        {"chunks": "8x8x8 in 8x8x8", "zarr_format": 2},
        "format 2 has no shards",
    )
    yield (source, folder / "b.zarr"), {"zarr_format": 4}, "not a Zarr format"
    yield (source, folder / "b.zarr"), {"zarr_format": 0}, "not a Zarr format"
    yield (source, folder / "b.zarr"), {"levels": 0}, "cannot be made"
    yield (source, folder / "b.zarr"), {"levels": 99}, "cannot be made"
    for spacing in ("", "0", "-1", "nan", "inf", "1,2", "1,2,3,4", "ten", "1_0"):
        yield (source, folder / "b.zarr"), {"voxel_spacing": spacing}, "not in angstrom"


def test_what_cannot_be_is_one_line_and_leaves_nothing(tmp_path):
    count = 0
    for arguments, options, said in bad_requests(tmp_path):
        before = sorted(tmp_path.rglob("*"))
        assert said in refusal_of(*arguments, **options), (arguments, options)
        assert sorted(tmp_path.rglob("*")) == before
        count += 1
    assert count == 35


def test_overwriting_replaces_the_whole_store(tmp_path):
    first = write_source(tmp_path / "a.mrc", densities())
    other = write_source(tmp_path / "b.mrc", densities((5, 5, 5), "int16"))
    converted(first, tmp_path / "a.zarr", zarr_format=2)
    converted(other, tmp_path / "a.zarr", zarr_format=3, overwrite=True, levels=1)
    assert names_in(tmp_path / "a.zarr") == ["0", "zarr.json"]
    assert bits(read_volume(tmp_path / "a.zarr").data) == bits(densities((5, 5, 5), "int16"))
    (tmp_path / "empty.zarr").mkdir()
    converted(first, tmp_path / "empty.zarr", overwrite=True)
    assert names_in(tmp_path) == ["a.mrc", "a.zarr", "b.mrc", "empty.zarr"]


def test_a_link_is_followed_and_stays_a_link(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "real.mrc").write_text("old")
    (tmp_path / "a.mrc").symlink_to(tmp_path / "elsewhere" / "real.mrc")
    source = write_source(tmp_path / "source.mrc", densities())
    converted(source, tmp_path / "a.mrc", overwrite=True)
    assert (tmp_path / "a.mrc").is_symlink()
    assert bits(read_volume(tmp_path / "elsewhere" / "real.mrc").data) == bits(densities())


@pytest.mark.parametrize("name", ["b.zarr", "b.mrc", "b.tif", "b.npy"])
def test_a_source_that_is_damaged_leaves_no_target(tmp_path, name):
    source = write_source(tmp_path / "a.mrc", densities((8, 16, 16)))
    converted(source, tmp_path / "a.zarr", chunks="8x8x8")
    chunk = tmp_path / "a.zarr" / "0" / "0" / "1" / "1"
    chunk.write_bytes(chunk.read_bytes()[:-7])
    assert str(chunk) in refusal_of(tmp_path / "a.zarr", tmp_path / name)
    assert names_in(tmp_path) == ["a.mrc", "a.zarr"]


LIMITED = """
import resource, sys
sys.dont_write_bytecode = True  # it would be cut off
sys.argv = ["cryoet-zarr-bench", "convert", *sys.argv[1:]]
resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))
from cryoet_zarr_bench.entry import main
main()
"""


@pytest.mark.parametrize("name", ["b.zarr", "b.mrc", "b.tif", "b.ome.tif", "b.npy"])
def test_a_full_disk_is_one_line_and_leaves_what_was_there(tmp_path, name):
    """A limit on the size of files fails a write halfway, as a full disk does."""
    source = write_source(tmp_path / "a.mrc", densities((20, 40, 40)))
    old = tmp_path / name
    if name == "b.zarr":
        converted(write_source(tmp_path / "small.mrc", densities()), old)
        (tmp_path / "small.mrc").unlink()
    else:
        old.write_text("old")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, source, old, "--overwrite"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
    )
    (line,) = done.stderr.splitlines()
    assert done.returncode == 2 and line.startswith("error: ")
    assert "cannot be written there (File too large)" in line
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_room_is_asked_for_before_anything_is_written(tmp_path, monkeypatch):
    source = write_source(tmp_path / "a.mrc", densities())

    def full(*arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full)
    assert "No space left on device" in refusal_of(source, tmp_path / "b.npy")
    assert names_in(tmp_path) == ["a.mrc"]


def run(*arguments, **options):
    command = [sys.executable, "-m", "cryoet_zarr_bench", "convert", *map(str, arguments)]
    return subprocess.Popen(
        command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
    )


@pytest.mark.long
@pytest.mark.parametrize("name", ["b.zarr", "b.mrc"])
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_ended_in_the_middle_the_old_one_stays_and_the_next_one_clears_up(tmp_path, name, ending):
    source = write_source(tmp_path / "a.mrc", densities((64, 96, 96)))
    small, target = write_source(tmp_path / "small.mrc", densities()), tmp_path / name
    converted(small, target)
    if name == "b.mrc":  # many chunks take a while to read, as they do to write
        converted(source, tmp_path / "many.zarr", chunks="8x8x8", levels=1)
        source = tmp_path / "many.zarr"
    hidden = tmp_path / f".{name}.converting"
    process = run(source, target, "--overwrite", *(["--chunks", "8x8x8"] * (name == "b.zarr")))
    while not (hidden.exists() and any(hidden.iterdir())) and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(ending)
    _, errors = process.communicate()
    if ending == signal.SIGKILL:
        assert process.returncode == -ending
        assert hidden.exists()
    else:
        assert errors == f"interrupted: {target} is as it was before\n"
        assert process.returncode == 130
        assert not hidden.exists()
    assert bits(read_volume(target).data) == bits(densities())
    converted(small, target, overwrite=True)
    assert not hidden.exists()
    assert bits(read_volume(target).data) == bits(densities())


def test_the_command_says_what_it_made(tmp_path):
    source = write_source(tmp_path / "a.mrc", densities((20, 24, 28), "int16"))
    process = run(source, tmp_path / "a.ome.zarr", "--chunks", "8x8x8 in 16x16x16", "--levels", "2")
    output, errors = process.communicate()
    assert (process.returncode, errors) == (0, "")
    first, spacing, size, took, checked = output.splitlines()
    assert first == (
        f"{tmp_path / 'a.ome.zarr'}: 20 x 24 x 28 voxels (z, y, x), int16; OME-Zarr 0.5, "
        "blosc-lz4-5-bitshuffle, chunks 8x8x8 in 16x16x16, levels 0 to 1"
    )
    assert spacing == "voxel spacing: 12.5 x 10.012 x 9.876543 angstrom (z, y, x)"
    assert size.startswith("size: ") and "MB/s" in took
    assert "the same bits" in checked and "ome-zarr-models" in checked
    attributes = json.loads((tmp_path / "a.ome.zarr" / "zarr.json").read_text())["attributes"]
    assert attributes["ome"]["multiscales"][0]["name"] == "a"


def test_progress_is_told_to_its_end(tmp_path):
    told: dict[str, list[int]] = {}

    def advance(step, voxels, all_voxels):
        told.setdefault(step, [0, all_voxels])[0] += voxels

    source = write_source(tmp_path / "a.mrc", densities((9, 10, 11)))
    request = check_request(str(source), str(tmp_path / "a.zarr"), options=StoreOptions())
    streamed_conversion.convert(request, advance)
    request = check_request(
        str(tmp_path / "a.zarr"), str(tmp_path / "b.mrc"), options=StoreOptions()
    )
    assert list(told) == [*(f"writing level {level}" for level in range(3)), "checking"]
    assert all(done == all_voxels for done, all_voxels in told.values())


PEAK = """
import sys
sys.argv = ["cryoet-zarr-bench", "convert", *sys.argv[1:]]
from cryoet_zarr_bench.cli import app
try:
    app()
finally:
    (line,) = (line for line in open("/proc/self/status") if line.startswith("VmHWM"))
    print("peak", int(line.split()[1]) // 1024)
"""


@pytest.mark.long
@pytest.mark.parametrize("name", ["b.mrc", "b.tif", "b.npy"])
def test_memory_does_not_grow_with_the_tomogram(tmp_path, name):
    """1.3 GB of zeros with some noise in between, there and back, in less than half of that."""
    shape = (320, 1024, 1024)
    data = np.lib.format.open_memmap(tmp_path / "a.npy", "w+", "float32", shape)
    data[::50, ::40, ::30] = densities(data[::50, ::40, ::30].shape)
    data.flush()
    del data
    store = tmp_path / "a.zarr"
    peaks = []
    for source, target in ((tmp_path / "a.npy", store), (store, tmp_path / name)):
        done = subprocess.run(
            [sys.executable, "-c", PEAK, source, target],
            cwd=PROJECT,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        peaks.append(int(done.stdout.split()[-1]))
    assert max(peaks) < 640, peaks
    shutil.rmtree(store)
