import hashlib
import json
import math
import os
import re
import shutil
import subprocess
import sys
import tracemalloc
from decimal import Decimal
from pathlib import Path

import numpy as np
import platformdirs
import pytest
import zarr
from hypothesis import given
from hypothesis import strategies as st

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.measured.prepared_tomogram import open_prepared, sidecar_path
from cryoet_zarr_bench.tomograms import preparation as cache_module
from cryoet_zarr_bench.tomograms.cache import cache_entries
from cryoet_zarr_bench.tomograms.cache.cache_entries import cache_directory
from cryoet_zarr_bench.tomograms.preparation import prepare
from cryoet_zarr_bench.tomograms.synthetic import synthesize
from cryoet_zarr_bench.tomograms.tomogram_sources import (
    FileSource,
    PortalSource,
    SyntheticSource,
    parse_crop,
    parse_source,
)

VOXELS = np.arange(5 * 6 * 7, dtype=np.int16).reshape(5, 6, 7)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("CRYOET_CACHE_DIR", str(folder))
    return folder


@pytest.fixture
def tomogram(tmp_path) -> Path:
    path = tmp_path / "some tomogram.npy"
    np.save(path, VOXELS)
    return path


@pytest.fixture
def obtained(monkeypatch) -> list:
    """What was read or synthesised since the test began, rather than found in the cache."""
    sources: list = []
    opened = cache_module._opened

    def noting(source):
        sources.append(source)
        return opened(source)

    monkeypatch.setattr(cache_module, "_opened", noting)
    return sources


def test_cache_directory(monkeypatch, tmp_path):
    assert cache_directory() == tmp_path / "cache"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CRYOET_CACHE_DIR", "here")
    assert cache_directory() == tmp_path / "here"
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CRYOET_CACHE_DIR", "~/there")
    assert cache_directory() == tmp_path / "home" / "there"
    for unset in ("", None):
        if unset is None:
            monkeypatch.delenv("CRYOET_CACHE_DIR")
        else:
            monkeypatch.setenv("CRYOET_CACHE_DIR", unset)
        assert cache_directory() == platformdirs.user_cache_path("cryoet-zarr-bench")


@pytest.mark.parametrize("source", [None, "", " "])
def test_the_default_is_the_10_angstrom_profile(source):
    assert parse_source(source) == SyntheticSource("10A", (128, 128, 128), 0)


def test_a_synthetic_tomogram():
    prepared = prepare("synthetic:5A@9x10x11#3", None)
    assert prepared.load().tobytes() == synthesize("5A", (9, 10, 11), 3).tobytes()
    assert prepared.name == "synthetic 5A seed 3 9x10x11"
    assert prepared.source == "synthetic:5A@9x10x11#3"
    assert (prepared.shape, prepared.dtype) == ((9, 10, 11), "float32")
    assert prepared.voxel_spacing == (4.99, 4.99, 4.99)
    assert prepared.sha256 == hashlib.sha256(prepared.load().tobytes()).hexdigest()
    assert prepare("synthetic:10A@8", None).name == "synthetic 10A 8x8x8"


def test_a_file(tomogram):
    prepared = prepare(str(tomogram), None)
    assert np.array_equal(prepared.load(), VOXELS)
    assert prepared.name == "some tomogram.npy 5x6x7"
    assert prepared.source == f"{tomogram}::0"
    assert prepared.voxel_spacing is None
    assert prepared.sha256 == hashlib.sha256(VOXELS.tobytes()).hexdigest()
    assert open_prepared(prepared.path) == prepared


def test_paths_are_relative_to_the_current_directory_or_the_home(tomogram, monkeypatch, obtained):
    expected = prepare(str(tomogram), None)
    monkeypatch.chdir(tomogram.parent)
    assert prepare(tomogram.name, None) == expected
    monkeypatch.setenv("HOME", str(tomogram.parent))
    assert prepare(f"~/{tomogram.name}", None) == expected
    assert len(obtained) == 1


def test_a_file_name_with_a_colon_is_not_a_scheme(tomogram):
    odd = tomogram.with_name("run:1.npy")
    tomogram.rename(odd)
    assert prepare(str(odd), None).name == "run_1.npy 5x6x7"


def test_levels_and_fill_of_zarr(tmp_path):
    path = tmp_path / "a.zarr"
    group = zarr.create_group(path, zarr_format=2)
    for number, side in enumerate((8, 4)):
        array = group.create_array(str(number), shape=(side,) * 3, chunks=(4,) * 3, dtype="int8")
        array[...] = number + 1
    datasets = [{"path": "0"}, {"path": "1"}]
    group.attrs["multiscales"] = [{"datasets": datasets}]
    assert np.array_equal(prepare(f"{path}::0", None).load(), np.full((8, 8, 8), 1))
    level_1 = prepare(f"{path}::1", None)
    assert np.array_equal(level_1.load(), np.full((4, 4, 4), 2))
    assert level_1.name == "a.zarr level 1 4x4x4"
    (path / "0" / "0.0.0").unlink()
    with pytest.raises(BadInput, match="::0,fill"):
        prepare(str(path), None)
    filled = prepare(f"{path}::0,fill", None).load()
    assert (filled[:4, :4, :4].max(), filled[4:].min()) == (0, 1)
    assert parse_source(f"{path}::0,fill") == FileSource(path, 0, True)


def test_a_crop_is_the_centre(tomogram):
    prepared = prepare(str(tomogram), " 2, 3,4")
    assert np.array_equal(prepared.load(), VOXELS[1:3, 1:4, 1:5])
    assert prepared.load().flags.c_contiguous
    assert prepared.shape == (2, 3, 4)
    assert prepared.name == "some tomogram.npy 2x3x4 crop"
    assert prepared.source == f"{tomogram}::0 crop 2,3,4"
    assert prepared.sha256 == hashlib.sha256(VOXELS[1:3, 1:4, 1:5].tobytes()).hexdigest()


@pytest.mark.parametrize("crop", [None, "", " ", "5,6,7"])
def test_a_crop_of_everything_is_none(tomogram, crop):
    prepared = prepare(str(tomogram), crop)
    assert np.array_equal(prepared.load(), VOXELS)
    assert prepared.name.endswith("5x6x7")


@given(st.text(alphabet="0123456789, -x\n", max_size=12))
def test_a_crop_is_three_positive_numbers_or_refused(text):
    try:
        crop = parse_crop(text)
    except BadInput as refusal:
        assert len(str(refusal).splitlines()) == 1
    else:
        numbers = [int(part) for part in text.split(",")] if text.strip() else None
        assert crop == (None if numbers is None else tuple(numbers))
        assert crop is None or min(crop) > 0


def test_found_again_without_reading(tomogram, obtained):
    for source in (str(tomogram), "synthetic:10A@8"):
        first = prepare(source, "4,4,4")
        assert prepare(source, "4,4,4") == first
    assert len(obtained) == 2


def test_other_requests_are_other_entries(tomogram, obtained):
    requests = [
        ("synthetic:10A@8", None),
        ("synthetic:10A@8#1", None),
        ("synthetic:10A@8x8x9", None),
        ("synthetic:5A@8", None),
        ("synthetic:10A@8", "4,4,4"),
        (str(tomogram), None),
        (str(tomogram), "4,4,4"),
    ]
    entries = [prepare(*request) for request in requests]
    assert len({entry.path for entry in entries}) == len(requests) == len(obtained)
    assert len({entry.sha256 for entry in entries}) == len(requests)


def test_a_changed_file_is_prepared_again(tomogram):
    before = prepare(str(tomogram), None)
    np.save(tomogram, VOXELS + 1)
    os.utime(tomogram, ns=(0, 12345))  # as quick a change as a clock can miss
    after = prepare(str(tomogram), None)
    assert np.array_equal(after.load(), VOXELS + 1)
    assert np.array_equal(before.load(), VOXELS)


def test_a_changed_chunk_is_prepared_again(tmp_path):
    path = tmp_path / "a.zarr"
    array = zarr.create_array(path, shape=(4, 4, 4), chunks=(2, 2, 2), dtype="int8")
    array[...] = 1
    first = prepare(str(path), None)
    array[0, 0, 0] = 2
    os.utime(path / "c/0/0/0", ns=(0, 12345))
    again = prepare(str(path), None)
    assert (first.load()[0, 0, 0], again.load()[0, 0, 0]) == (1, 2)


def test_a_file_that_changes_while_it_is_read_is_refused(tomogram, monkeypatch, cache):
    opened = cache_module._opened

    def slow(source):
        os.utime(tomogram, ns=(0, 12345))
        return opened(source)

    monkeypatch.setattr(cache_module, "_opened", slow)
    with pytest.raises(BadInput, match="changed while it was read"):
        prepare(str(tomogram), None)
    assert not [path for path in cache.rglob("*") if path.is_file()]


def test_a_crop_of_a_file_larger_than_memory_takes_the_memory_of_the_crop(tmp_path, cache):
    path = tmp_path / "huge.npy"
    shape = (4000, 3000, 3000)
    header = {"descr": "<f4", "fortran_order": False, "shape": shape}
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        begin = file.tell()
        file.truncate(begin + 4 * math.prod(shape))  # 144 GB, none of it on the disk
        file.seek(begin + 4 * ((2000 * 3000 + 1500) * 3000 + 1500))
        file.write(np.float32(7).tobytes())
    tracemalloc.start()
    try:
        kept = prepare(str(path), "4,6,8").load()
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept.shape == (4, 6, 8)
    assert kept[2, 3, 4] == 7
    assert np.count_nonzero(kept) == 1
    assert most < 50e6


def test_synthesis_of_another_version_is_made_anew(monkeypatch, obtained):
    first = prepare("synthetic:10A@8", None)
    monkeypatch.setattr("cryoet_zarr_bench.tomograms.synthetic.SYNTHESIS_VERSION", 99)
    assert prepare("synthetic:10A@8", None).path != first.path
    assert len(obtained) == 2


def flip_unnoticed(path):
    """Change one bit of the last voxel and put the file's time of change back."""
    status = path.stat()
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def edit_description(path, **changes):
    sidecar = sidecar_path(path)
    sidecar.write_text(json.dumps({**json.loads(sidecar.read_text()), **changes}))


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:-1]),
        lambda path: path.write_bytes(path.read_bytes() + b"\0"),
        lambda path: np.save(path, VOXELS.astype(np.uint16)),
        lambda path: np.save(path, VOXELS[:4]),
        lambda path: path.write_bytes(path.read_bytes()[:-1] + b"\xff"),
        flip_unnoticed,
        lambda path: edit_description(path, voxel_spacing=[1.0, 1.0, 1.0]),
        lambda path: edit_description(path, sha256="0" * 64),
        lambda path: sidecar_path(path).unlink(),
        lambda path: sidecar_path(path).write_text(""),
        lambda path: sidecar_path(path).write_text("[]"),
        lambda path: sidecar_path(path).write_bytes(b"\xff\xfe"),
    ],
)
def test_a_damaged_entry_is_prepared_again(tomogram, obtained, damage, cache):
    whole = prepare(str(tomogram), None)
    damage(whole.path)
    assert prepare(str(tomogram), None) == whole
    assert len(obtained) == 2
    assert np.array_equal(open_prepared(whole.path).load(), VOXELS)
    assert len(list(cache.iterdir())) == 2


def test_a_large_entry_is_hashed_only_when_it_was_written_to(tomogram, monkeypatch):
    """Then once: that it is still the same is noted."""
    monkeypatch.setattr("cryoet_zarr_bench.tomograms.cache.cache_entries._ALWAYS_VERIFIED", 10)
    hashed = []
    digest = cache_entries.voxels_digest
    monkeypatch.setattr(
        cache_entries, "voxels_digest", lambda prepared: hashed.append(prepared) or digest(prepared)
    )
    whole = prepare(str(tomogram), None)
    assert prepare(str(tomogram), None) == whole and hashed == []
    assert cache_entries.open_undamaged(whole.path, thorough=True) == whole
    assert len(hashed) == 1
    shutil.copy(whole.path, whole.path.with_suffix(".copy"))
    whole.path.with_suffix(".copy").replace(whole.path)
    for _ in range(2):
        assert prepare(str(tomogram), None) == whole
        assert len(hashed) == 2
    flip = bytearray(whole.path.read_bytes())
    flip[-1] ^= 1
    whole.path.write_bytes(flip)
    assert cache_entries.open_undamaged(whole.path) is None
    assert np.array_equal(prepare(str(tomogram), None).load(), VOXELS)


def test_the_word_for_a_whole_tomogram_is_no_crop(tomogram):
    assert prepare(str(tomogram), "full") == prepare(str(tomogram), None)
    assert parse_crop(" full ") is None


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("portal:10445", PortalSource(10445)),
        ("portal:10445/TS_100_3", PortalSource(10445, "TS_100_3")),
        ("portal:10445/TS_100_3@10.012", PortalSource(10445, "TS_100_3", Decimal("10.012"))),
        ("portal:10445/a/b@c@7.5#3", PortalSource(10445, "a/b@c", Decimal("7.5"), 3)),
        ("portal:10445@4.990::2", PortalSource(10445, None, Decimal("4.990"), None, 2)),
        ("portal:10445/TS::1,fill", PortalSource(10445, "TS", None, None, 1, True)),
        ("portal:tomogram/16463", PortalSource(tomogram=16463)),
    ],
)
def test_selections_of_the_portal(text, source):
    assert parse_source(text) == source
    assert parse_source(str(source)) == source


@pytest.mark.parametrize(
    "text",
    [
        "portal:",
        "portal:x",
        "portal:/TS",
        "portal:10445/",
        "portal:tomogram/",
        "portal:tomogram/x",
        "portal:9999999999",
        "portal:10445/TS\x1b[31m",
        "portal:10445/TS\nTS",
        "portal:10445/" + "x" * 201,
        "portal:10445/TS::x",
        "portal:10445::-1",
    ],
)
def test_what_is_no_selection_of_the_portal(text):
    with pytest.raises(BadInput) as refusal:
        parse_source(text)
    assert str(refusal.value).isprintable()


@given(st.text(max_size=40))
def test_any_selection_of_the_portal_is_read_or_refused(text):
    try:
        source = parse_source(f"portal:{text}")
    except BadInput as refusal:
        assert str(refusal).isprintable()
    else:
        assert parse_source(str(source)) == source


def test_a_removed_cache_is_made_again(tomogram, cache):
    first = prepare(str(tomogram), None)
    shutil.rmtree(cache)
    assert prepare(str(tomogram), None) == first


def test_processes_may_prepare_at_once(cache):
    """Each loads what it was given; none leaves anything but the entry."""
    program = (
        "import hashlib\n"
        "from cryoet_zarr_bench.tomograms.preparation import prepare\n"
        "from cryoet_zarr_bench.measured.prepared_tomogram import sidecar_path\n"
        "for _ in range(20):\n"
        "    prepared = prepare('synthetic:10A@24', None)\n"
        "    digest = hashlib.sha256(prepared.load().tobytes()).hexdigest()\n"
        "    assert digest == prepared.sha256\n"
        "    sidecar_path(prepared.path).unlink(missing_ok=True)\n"
        "prepared = prepare('synthetic:10A@24', None)\n"
        "print(digest)\n"
    )
    running = [
        subprocess.Popen(
            [sys.executable, "-c", program],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    ends = [(process.communicate(), process.returncode) for process in running]
    assert [(err, code) for (_, err), code in ends] == [("", 0)] * 4
    assert len({out for (out, _), _ in ends}) == 1
    assert {path.suffix for path in cache.iterdir()} <= {".npy", ".json"}
    assert prepare("synthetic:10A@24", None).sha256 == ends[0][0][0].strip()


def test_a_full_disk_is_one_line_and_leaves_nothing(cache):
    """A limit on the size of files fails a write halfway, as a full disk does."""
    program = (
        "import resource, sys\n"
        "from cryoet_zarr_bench.common.errors import BadInput\n"
        "from cryoet_zarr_bench.tomograms.preparation import prepare\n"
        "sys.dont_write_bytecode = True  # it would be cut off\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))\n"
        "try:\n"
        "    prepare('synthetic:10A@16', None)\n"
        "except BadInput as refusal:\n"
        "    print(refusal)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("\n") == 1
    assert "16384 bytes (File too large)" in done.stdout
    assert "CRYOET_CACHE_DIR" in done.stdout
    assert list(cache.iterdir()) == []


def test_a_cache_that_is_a_file_is_refused(cache):
    cache.write_text("in the way")
    with pytest.raises(BadInput, match="cannot write") as refusal:
        prepare("synthetic:10A@4", None)
    assert str(cache) in str(refusal.value)


@pytest.mark.parametrize(
    ("file_name", "name"),
    [
        ("a/b%c d.npy", "b_c d.npy 5x6x7"),
        ("tomogrämm|1;2.npy", "tomogr_mm_1_2.npy 5x6x7"),
        ("two\nlines.npy", "two_lines.npy 5x6x7"),
        ("x" * 200 + "_bin4.npy", "x" * 52 + ".." + "x" * 11 + "_bin4.npy 5x6x7"),
    ],
)
def test_names_for_dashboards(tmp_path, file_name, name):
    path = tmp_path / file_name
    path.parent.mkdir(exist_ok=True)
    np.save(path, VOXELS)
    prepared = prepare(str(path), None)
    assert re.fullmatch(r"[A-Za-z0-9 ._+-]{1,80}", prepared.name)
    assert prepared.name == name
    assert open_prepared(prepared.path) == prepared


def test_a_file_name_that_is_not_utf_8(tmp_path):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.npy"))
    np.save(path, VOXELS)
    prepared = prepare(str(path), None)
    assert prepared.name == "_.npy 5x6x7"
    assert open_prepared(prepared.path) == prepared
