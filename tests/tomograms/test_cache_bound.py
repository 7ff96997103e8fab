"""The cache stays within its bound, and removes nothing that is in use or not its own."""

import gc
import hashlib
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner

from cryoet_zarr_bench import cli
from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.measured.prepared_tomogram import sidecar_path
from cryoet_zarr_bench.tomograms.cache import cache_bound
from cryoet_zarr_bench.tomograms.cache.cache_bound import clear_cache, keep_within_bound
from cryoet_zarr_bench.tomograms.cache.cache_items import cache_items
from cryoet_zarr_bench.tomograms.preparation import prepare

DAY = 86400


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("CRYOET_CACHE_DIR", str(folder))
    monkeypatch.delenv("CRYOET_CACHE_LIMIT", raising=False)
    monkeypatch.setattr(cli, "console", Console(width=220))
    return folder


def source(number: int, side: int = 8) -> str:
    return f"synthetic:10A@{side}#{number}"


def made(*numbers: int) -> list[Path]:
    """Prepare some and give them up, each used a day after the one before, all days ago."""
    paths = []
    for number in numbers:
        path = prepare(source(number), None).path
        gc.collect()
        used = time.time() - (100 - number) * DAY
        os.utime(sidecar_path(path), (used, used))
        paths.append(path)
    return paths


def there(paths: list[Path]) -> list[bool]:
    return [path.exists() and sidecar_path(path).exists() for path in paths]


def size_of(path: Path) -> int:
    return path.stat().st_size + sidecar_path(path).stat().st_size


def snapshot(folder: Path) -> dict[str, bytes | str | None]:
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = str(path.readlink())
        else:
            found[name] = path.read_bytes() if path.is_file() else None
    return found


def test_the_one_used_longest_ago_goes_first(monkeypatch):
    paths = made(1, 2, 3)
    kept = prepare(source(1), None)  # used again
    del kept
    gc.collect()
    monkeypatch.setenv("CRYOET_CACHE_LIMIT", str(3 * size_of(paths[0]) + 100))
    paths.append(prepare(source(4), None).path)
    assert there(paths) == [True, False, True, True]
    assert sum(item.size for item in cache_items()) <= 3 * size_of(paths[0]) + 100


@pytest.mark.long
def test_a_cache_has_a_thousand_tomograms_at_most(monkeypatch, cache):
    monkeypatch.setattr(cache_bound, "MOST_TOMOGRAMS", 3)
    paths = made(*range(1, 8))
    assert there(paths) == [False] * 4 + [True] * 3
    assert len(list(cache.iterdir())) == 6


def test_within_the_bound_nothing_goes():
    assert all(there(made(1, 2, 3)))


def test_what_is_used_or_was_just_made_stays(monkeypatch):
    monkeypatch.setenv("CRYOET_CACHE_LIMIT", "0")
    first = prepare(source(1), None)
    os.utime(sidecar_path(first.path), (0, 0))
    second = prepare(source(2), None)
    assert there([first.path, second.path]) == [True, True]
    voxels = first.load(mmap=True)
    before = hashlib.sha256(voxels.tobytes()).hexdigest()
    path = first.path
    del first
    gc.collect()
    keep_within_bound()
    assert there([path, second.path]) == [False, True]
    assert hashlib.sha256(voxels.tobytes()).hexdigest() == before  # mapped, it lasts


def other_process(program: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("end", ["killed", "ended"])
def test_what_another_process_uses_stays(monkeypatch, end):
    (path,) = made(1)
    program = (
        "import sys\n"
        "from cryoet_zarr_bench.tomograms.preparation import prepare\n"
        f"kept = prepare({source(1)!r}, None)\n"
        "print(kept.sha256, flush=True)\n"
        "sys.stdin.read()\n"
    )
    user = other_process(program)
    assert user.stdout.readline()
    os.utime(sidecar_path(path), (0, 0))
    monkeypatch.setenv("CRYOET_CACHE_LIMIT", "0")
    prepare(source(2), None)
    assert clear_cache().in_use[0].files[0] == path
    assert there([path]) == [True]
    if end == "killed":
        user.kill()
    user.communicate()
    keep_within_bound()
    assert there([path]) == [False]


def test_what_another_process_makes_stays(cache):
    """It is stopped while it writes: neither its file nor its description may go."""
    program = (
        "import contextlib, sys\n"
        "from cryoet_zarr_bench.tomograms import preparation\n"
        "write = preparation.write_whole\n"
        "def slow(*arguments):\n"
        "    write(*arguments)\n"
        "    print('described', flush=True)\n"
        "    sys.stdin.readline()\n"
        "preparation.write_whole = slow\n"
        "preparation.folder_locked = lambda *_, **__: contextlib.nullcontext()\n"
        f"kept = preparation.prepare({source(1)!r}, None)\n"
        "print(kept.sha256, flush=True)\n"
    )
    maker = other_process(program)
    assert maker.stdout.readline() == "described\n"
    (part,) = cache.glob(".*.part")
    os.utime(part, (0, 0))
    clear_cache()
    assert part.exists() and len(list(cache.glob("*.json"))) == 1
    out, err = maker.communicate("\n")
    assert (maker.returncode, err) == (0, "")
    assert prepare(source(1), None).sha256 == out.strip()


def test_an_entry_that_is_being_replaced_is_not_removed_by_half(cache):
    """Its new description is there, its new voxels are not: a removal waits until they are."""
    (path,) = made(1)
    path.write_bytes(path.read_bytes()[:-1])  # damaged: it is made again
    program = (
        "import sys\n"
        "from cryoet_zarr_bench.tomograms import preparation\n"
        "write = preparation.write_whole\n"
        "def slow(*arguments):\n"
        "    write(*arguments)\n"
        "    print('described', flush=True)\n"
        "    sys.stdin.readline()\n"
        "preparation.write_whole = slow\n"
        f"kept = preparation.prepare({source(1)!r}, None)\n"
        "print('made', flush=True)\n"
        "sys.stdin.readline()\n"
    )
    maker = other_process(program)
    assert maker.stdout.readline() == "described\n"
    with ThreadPoolExecutor(1) as pool:
        cleared = pool.submit(clear_cache)
        with pytest.raises(TimeoutError):
            cleared.result(0.2)
        maker.stdin.write("\n")
        maker.stdin.flush()
        assert maker.stdout.readline() == "made\n"
        cleared.result(60)
    assert there([path]) == [True]
    maker.communicate("\n")


def test_processes_at_once_stay_within_the_bound(monkeypatch, cache):
    """Each makes and reads what the other one removes; what it was given is whole."""
    monkeypatch.setenv("CRYOET_CACHE_LIMIT", "12000")
    program = (
        "import hashlib, sys\n"
        "from cryoet_zarr_bench.tomograms.preparation import prepare\n"
        "from cryoet_zarr_bench.measured.prepared_tomogram import open_prepared\n"
        "for number in range(60):\n"
        "    kept = prepare(f'synthetic:10A@8#{number % 7}', None)\n"
        "    voxels = open_prepared(kept.path).load()\n"
        "    assert hashlib.sha256(voxels.tobytes()).hexdigest() == kept.sha256\n"
    )
    running = [other_process(program) for _ in range(3)]
    ends = [(process.communicate()[1], process.returncode) for process in running]
    assert ends == [("", 0)] * 3
    keep_within_bound()
    assert sum(path.stat().st_size for path in cache.iterdir()) <= 12000
    assert {path.suffix for path in cache.iterdir()} == {".npy", ".json"}


@pytest.mark.parametrize("removed", [0, 1, 2, 3])
def test_a_removal_that_is_killed_is_ended_by_the_next_one(monkeypatch, cache, removed):
    made(1, 2)
    unlink, left = Path.unlink, [removed]

    def killed(path, **options):
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        unlink(path, **options)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Path, "unlink", killed)
        clear_cache()
    assert len(list(cache.iterdir())) == 4 - removed
    clear_cache()
    assert list(cache.iterdir()) == []


@pytest.mark.parametrize("at", ["voxels", "description", "name"])
def test_a_making_that_is_killed_leaves_nothing_for_good(cache, at):
    """Its rests are known, and go when nothing can be writing them any more."""
    program = (
        "import os\n"
        "from pathlib import Path\n"
        "from cryoet_zarr_bench.tomograms import preparation\n"
        "replace, renamed = Path.replace, []\n"
        "def killed(path, target):\n"
        f"    if len(renamed) == {['description', 'name'].index(at) if at != 'voxels' else 9}:\n"
        "        os._exit(9)\n"
        "    renamed.append(target)\n"
        "    return replace(path, target)\n"
        "Path.replace = killed\n"
        f"if {at == 'voxels'}:\n"
        "    def state(*source, said=[]):\n"
        "        said.append(1)\n"
        "        return len(said) > 1 and os._exit(9)\n"
        "    preparation.source_state = state\n"
        f"preparation.prepare({source(1)!r}, None)\n"
    )
    assert subprocess.run([sys.executable, "-c", program]).returncode == 9
    left = list(cache.iterdir())
    assert left
    clear_cache()
    assert sorted(cache.iterdir()) == sorted(left)  # it could be a process that is writing
    for path in left:
        os.utime(path, (0, 0))
    keep_within_bound()
    assert list(cache.iterdir()) == []


def test_nothing_but_its_own_is_ever_removed(tmp_path, monkeypatch):
    """The folder of the cache is a home, full of names that the cache could have given."""
    home = tmp_path / "home"
    (home / "portal" / "requests").mkdir(parents=True)
    monkeypatch.setenv("CRYOET_CACHE_DIR", str(home))
    monkeypatch.setenv("CRYOET_CACHE_LIMIT", "0")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.setenv("CRYOET_CACHE_DIR", str(elsewhere))
    linked = prepare(source(9), None).path
    gc.collect()
    monkeypatch.setenv("CRYOET_CACHE_DIR", str(home))
    stems = [hashlib.md5(bytes([n])).hexdigest() for n in range(9)]
    for folder in (home, home / "portal"):
        np.save(folder / f"{stems[0]}.npy", np.zeros((2, 2, 2)))
        (folder / f"{stems[0]}.json").write_text(json.dumps({"digest": "x", "name": "mine"}))
        (folder / f"{stems[1]}.npy").write_bytes(b"mine")
        (folder / f"{stems[2]}.json").write_text("[" * 100_000)
        (folder / f"{stems[3]}.json").write_text("[1]")
        (folder / f"{stems[4]}.lock").write_text("mine")
        (folder / f"{stems[4]}.unfinished").mkdir()
        (folder / f"{stems[4]}.unfinished" / "voxels.part").write_text("mine")
        (folder / linked.name).symlink_to(linked)
        (folder / sidecar_path(linked).name).symlink_to(sidecar_path(linked))
        lone = folder / f"{stems[8]}.json"
        lone.symlink_to(sidecar_path(linked))
        os.utime(lone, (0, 0), follow_symlinks=False)
        (folder / f"{stems[5]}.npy").mkdir()
        (folder / "letters.txt").write_text("mine")
        (folder / ".profile.part").write_text("mine")
        os.mkfifo(folder / f"{stems[6]}.json")
    (home / "portal" / "requests" / f"{stems[7]}.json").write_text(json.dumps({"entry": stems[0]}))
    (home / "deeper").symlink_to(elsewhere)
    for path in home.rglob("*"):
        if not path.is_symlink():
            os.utime(path, (0, 0))
    for fifo in (home / f"{stems[6]}.json", home / "portal" / f"{stems[6]}.json"):
        fifo.unlink()  # a snapshot would wait for what is never written
        os.mkfifo(fifo)
    fifos = {f"{stems[6]}.json", f"portal/{stems[6]}.json"}
    before = {name: content for name, content in snapshot(home).items() if name not in fifos}
    there_before = snapshot(elsewhere)
    own = prepare(source(1), None).path
    gc.collect()
    keep_within_bound()
    clear_cache()
    assert not own.exists()
    after = snapshot(home)
    assert {name: after[name] for name in before} == before
    assert set(after) == set(before) | fifos
    assert snapshot(elsewhere) == there_before


def test_a_portal_folder_that_is_a_link_is_not_followed(tmp_path, cache):
    (path,) = made(1)
    (tmp_path / "mine").mkdir()
    for file in (path, sidecar_path(path)):
        file.rename(tmp_path / "mine" / file.name)
    (cache / "portal").symlink_to(tmp_path / "mine")
    assert clear_cache().removed == []
    assert len(list((tmp_path / "mine").iterdir())) == 2


@pytest.mark.parametrize(
    ("text", "limit"), [("", 20 * 10**9), ("5", 5), (" 7 GB ", 7 * 10**9), ("3kB", 3000)]
)
def test_the_bound(monkeypatch, text, limit):
    monkeypatch.setenv("CRYOET_CACHE_LIMIT", text)
    assert cache_bound.cache_limit() == limit


@pytest.mark.parametrize("text", ["much", "-1", "1e9", "20GiB", "nan", "9" * 40, "\x1b[31m", "٣"])
def test_a_bound_that_is_no_number_is_refused_before_anything_is_made(monkeypatch, cache, text):
    monkeypatch.setenv("CRYOET_CACHE_LIMIT", text)
    with pytest.raises(BadInput, match="CRYOET_CACHE_LIMIT") as refusal:
        prepare(source(1), None)
    assert str(refusal.value).isprintable()
    assert not cache.exists()
    done = CliRunner().invoke(cli.app, ["cache"])
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)


def run(*arguments: str) -> str:
    done = CliRunner().invoke(cli.app, list(arguments))
    assert done.exit_code == 0, done.output
    return done.stdout


def test_the_command_shows_and_clears(cache):
    paths = made(1, 90, 95)
    used = prepare(source(95), None)
    shown = run("cache")
    assert "synthetic 10A seed 90 8x8x8" in shown and "synthetic:10A@8x8x8#90" in shown
    assert f"{time.localtime(time.time() - 10 * DAY).tm_year}-" in shown and "in use" in shown
    total = sum(map(size_of, paths)) / 1e6
    assert f"3 of at most 1000, {total:.1f} of at most 20000.0 MB (CRYOET_CACHE_LIMIT)" in shown
    assert "removed 1," in run("cache", "--clear", "--older-than", "50")
    assert there(paths) == [False, True, True]
    said = run("cache", "--clear")
    assert "removed 1," in said and f"in use or cannot be removed: {used.name}" in said
    assert there(paths) == [False, False, True]
    assert "0.0 MB" in run("tomograms") or "seed 95" in run("tomograms")
    del used
    gc.collect()
    assert "removed 1," in run("cache", "--clear")
    assert list(cache.iterdir()) == []
    assert "0 of at most 1000" in run("cache")


def test_clearing_what_is_old_has_to_be_asked_for():
    done = CliRunner().invoke(cli.app, ["cache", "--older-than", "3"])
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert "--clear" in done.stderr


def test_a_cache_that_is_not_there_is_empty(cache):
    assert "0 of at most 1000" in run("cache")
    assert "removed 0" in run("cache", "--clear")
    assert not cache.exists()
