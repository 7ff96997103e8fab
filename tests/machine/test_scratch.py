"""Temporary stores are taken away, after a kill by the next run."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.machine import scratch_folders
from cryoet_zarr_bench.machine.scratch_folders import (
    claim_disk_folder,
    claim_scratch_folder,
    space_of_stores,
)
from cryoet_zarr_bench.storage.grid import Section
from cryoet_zarr_bench.tomograms.preparation import prepare

PROJECT = Path(__file__).resolve().parents[2]

PROGRAM = """
import os, sys
from cryoet_zarr_bench.machine.scratch_folders import claim_scratch_folder
folder = claim_scratch_folder(0)
(folder / "store").write_bytes(b"chunk")
print(folder, flush=True)
if sys.argv[1] == "killed":
    os.kill(os.getpid(), 9)
"""


def run(ending, folder):
    answer = subprocess.run(
        [sys.executable, "-c", PROGRAM, ending],
        cwd=PROJECT,
        env={**os.environ, "TMPDIR": str(folder)},
        capture_output=True,
        text=True,
    )
    return Path(answer.stdout.strip())


def test_a_process_takes_its_folder_away(tmp_path):
    own = run("ended", tmp_path)
    assert own.is_relative_to(tmp_path)
    assert not own.exists() and own.parent.exists()


def test_what_a_killed_process_left_is_taken_away_by_the_next(tmp_path):
    left = run("killed", tmp_path)
    assert (left / "store").exists()
    run("ended", tmp_path)
    assert not left.exists()


@pytest.fixture
def memory(tmp_path, monkeypatch):
    monkeypatch.delenv("TMPDIR", raising=False)
    monkeypatch.setattr(scratch_folders.tempfile, "gettempdir", lambda: str(tmp_path / "disk"))
    monkeypatch.setattr(scratch_folders, "MEMORY", tmp_path / "memory")
    for name in ("disk", "memory"):
        (tmp_path / name).mkdir()
    claim_scratch_folder.cache_clear()
    yield tmp_path
    claim_scratch_folder.cache_clear()


def test_stores_lie_in_memory_where_they_fit_twice(memory):
    free = shutil.disk_usage(memory).free
    assert claim_scratch_folder(free // 4).is_relative_to(memory / "memory")
    assert claim_scratch_folder(free * 3 // 4).is_relative_to(memory / "disk")


def test_a_grid_without_room_is_refused(memory):
    with pytest.raises(BadInput, match="choose a smaller profile"):
        claim_scratch_folder(10**18)


def test_tmpdir_has_the_last_word(memory, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(memory / "disk"))
    assert claim_scratch_folder(1).is_relative_to(memory / "disk")


def test_the_space_of_a_grid_counts_padding(tmp_path, monkeypatch):
    monkeypatch.setenv("CRYOET_CACHE_DIR", str(tmp_path))
    tomogram = prepare("synthetic:10A@10x10x10", None)
    section = Section(("none", "zstd-1"), ("8x8x8", "16x10x10"), (2,))
    assert space_of_stores(tomogram, section.configs()) == 2 * 4 * (16**3 + 16 * 10 * 10)


def test_the_space_of_shards_counts_whole_shards(tmp_path, monkeypatch):
    monkeypatch.setenv("CRYOET_CACHE_DIR", str(tmp_path))
    tomogram = prepare("synthetic:10A@10x10x10", None)
    section = Section(("none",), ("8x8x8 in 32x32x32",), (3,))
    assert space_of_stores(tomogram, section.configs()) == 4 * 32**3


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.setattr(scratch_folders, "WORK", tmp_path / "work")
    (tmp_path / "work").mkdir()
    monkeypatch.delenv(scratch_folders.DISK_FOLDER, raising=False)
    claim_disk_folder.cache_clear()
    yield tmp_path
    claim_disk_folder.cache_clear()


def test_stores_of_a_disk_lie_in_the_work_folder_or_where_the_user_says(elsewhere, monkeypatch):
    assert claim_disk_folder(1).is_relative_to(elsewhere / "work")
    (elsewhere / "disk").mkdir()
    monkeypatch.setenv(scratch_folders.DISK_FOLDER, str(elsewhere / "disk"))
    claim_disk_folder.cache_clear()
    assert claim_disk_folder(1).is_relative_to(elsewhere / "disk")


@pytest.mark.parametrize(("folder", "space"), [("nowhere", 1), ("work", 10**18)])
def test_a_disk_folder_that_is_not_there_or_too_small_is_refused(
    elsewhere, monkeypatch, folder, space
):
    monkeypatch.setenv(scratch_folders.DISK_FOLDER, str(elsewhere / folder))
    with pytest.raises(BadInput, match=f"{folder}.*(choose another|CRYOET_DISK_FOLDER)"):
        claim_disk_folder(space)


@pytest.mark.parametrize("name", ["a#b", "a?b", "a;b", "a::b", "a\nb"])
def test_stores_are_written_under_a_tmpdir_of_any_name(tmp_path, name):
    (tmp_path / name).mkdir()
    program = PROGRAM.replace(
        "print(",
        """import numpy
from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.storage.engines import installed_engine
config = StorageConfig.of("zstd-5", "8x8x8", 2)
installed_engine().write(numpy.ones((8, 8, 8), "f4"), folder / "array", config)
assert (folder / "array" / ".zarray").is_file()
print(""",
    )
    answer = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, "ended"],
        cwd=PROJECT,
        env={**os.environ, "TMPDIR": str(tmp_path / name)},
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 0, answer.stderr
    assert list(tmp_path.iterdir()) == [tmp_path / name]


@pytest.mark.parametrize(
    ("name", "says"), [("a\\b", "a backslash"), (os.fsdecode(b"a\xff"), "not UTF-8")]
)
def test_a_folder_that_an_engine_takes_for_another_is_refused(memory, monkeypatch, name, says):
    (memory / "disk" / name).mkdir()
    monkeypatch.setattr(scratch_folders.tempfile, "gettempdir", lambda: str(memory / "disk" / name))
    monkeypatch.setenv("TMPDIR", str(memory / "disk" / name))
    with pytest.raises(BadInput, match=says) as refusal:
        claim_scratch_folder(1)
    assert str(refusal.value).isprintable()
    assert list((memory / "disk" / name).iterdir()) == []
