"""Pages really leave the page cache where a disk is below, and nobody says so where none is."""

import os
import tempfile
from pathlib import Path

import pytest

from cryoet_zarr_bench.measured import page_cache
from cryoet_zarr_bench.measured.page_cache import (
    drop,
    make_durable,
    residency,
    warm,
    why_never_cold,
    why_never_durable,
    why_unknown,
)
from cryoet_zarr_bench.measured.process_record import file_system_of

MEMORY = Path("/dev/shm")
PAGE = os.sysconf("SC_PAGE_SIZE")


def filled(folder):
    (folder / "c" / "0").mkdir(parents=True)
    (folder / "zarr.json").write_bytes(b"{}")
    (folder / "empty").touch()
    for number in range(4):
        (folder / "c" / "0" / str(number)).write_bytes(os.urandom(3 * PAGE + 1))
    return folder


@pytest.fixture
def on_disk(tmp_path):
    kind = file_system_of(tmp_path)
    if (reason := why_never_cold(tmp_path, kind)) is not None:
        pytest.skip(reason)
    return filled(tmp_path / "store")


@pytest.fixture
def in_memory():
    if file_system_of(MEMORY) != "tmpfs" or not os.access(MEMORY, os.W_OK):
        pytest.skip("no tmpfs here")
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        yield Path(folder)


def test_what_was_just_written_is_dropped_and_comes_back(on_disk):
    content = {path: path.read_bytes() for path in on_disk.rglob("*") if path.is_file()}
    for _ in range(2):
        # The kernel may take a page back at any time, and seldom does.
        assert residency(on_disk) > 0.7
        drop(on_disk)
        assert residency(on_disk) == 0
        warm(on_disk)
    assert {path: path.read_bytes() for path in content} == content


def test_residency_is_of_all_pages_together(on_disk):
    drop(on_disk)
    (on_disk / "zarr.json").read_bytes()
    # 4 files of 4 pages and one of a single page; the empty one has none.
    assert residency(on_disk) == pytest.approx(1 / 17)


def test_looking_reads_nothing_in(on_disk):
    drop(on_disk)
    for _ in range(3):
        assert residency(on_disk) == 0


def test_what_stays_is_said(on_disk, monkeypatch):
    monkeypatch.setattr(os, "posix_fadvise", lambda *arguments: None)
    with pytest.raises(RuntimeError, match=r"100\.0% of its pages stayed in the page cache"):
        drop(on_disk)
    assert "does not let go" in str(why_never_cold(on_disk, "somefs"))


def test_what_does_not_stay_is_said(on_disk, monkeypatch):
    drop(on_disk)
    monkeypatch.setattr(page_cache, "residency", lambda store: 0.25)
    with pytest.raises(RuntimeError, match=r"only 25\.0% of its pages stay"):
        warm(on_disk)


def test_on_tmpfs_nothing_is_cold_or_durable_and_all_is_warm(in_memory):
    reason = why_never_cold(in_memory, file_system_of(in_memory))
    assert reason == "tmpfs keeps files in memory: none of them is ever cold"
    assert "nothing on it is durable" in str(why_never_durable("tmpfs"))
    assert why_never_durable("ext4") is None
    store = filled(in_memory / "store")
    with pytest.raises(RuntimeError, match="stayed"):
        drop(store)
    assert why_unknown(in_memory, "tmpfs") is None
    assert sorted(path.name for path in in_memory.iterdir()) == ["store"]


def test_every_file_and_folder_is_synchronised_and_folders_after_what_is_in_them(
    tmp_path, monkeypatch
):
    store = filled(tmp_path / "store")
    seen = []
    monkeypatch.setattr(
        os, "fsync", lambda number: seen.append(Path(f"/proc/self/fd/{number}").readlink())
    )
    make_durable(store)
    assert set(seen) == {tmp_path, store, *store.rglob("*")} and len(seen) == len(set(seen))
    for path in set(seen) - {tmp_path}:
        assert seen.index(path) < seen.index(path.parent)


def test_elsewhere_than_on_linux_nothing_is_claimed(tmp_path, monkeypatch):
    monkeypatch.setattr(page_cache.sys, "platform", "darwin")
    assert "Linux alone" in str(why_unknown(tmp_path, "apfs"))
    assert "Linux alone" in str(why_never_cold(tmp_path, "apfs"))
