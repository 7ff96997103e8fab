"""Conversions that are ended or killed at random moments, and two of them at once."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import mrcfile
import numpy as np
import pytest
from memory_left import left_in_memory
from tomogram_files import bits, densities

from cryoet_zarr_bench.tomograms.formats.open_tomogram import read_volume

MOMENTS = 20
SHAPE = (64, 192, 192)


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "cryoet_zarr_bench", "convert", *map(str, arguments)]


def started(folder: Path, *arguments: object) -> subprocess.Popen:
    (folder / "temporary").mkdir(exist_ok=True)
    return subprocess.Popen(
        command(*arguments),
        env={**os.environ, "TMPDIR": str(folder / "temporary")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("replaced", [True, False])
@pytest.mark.parametrize(("source", "target"), [("a.mrc", "b.zarr"), ("a.zarr", "b.mrc")])
def test_the_target_is_as_it_was_or_whole(tmp_path, source, target, replaced):
    voxels, old = densities(SHAPE, "int16"), densities((8, 9, 10), "int16", seed=1)
    with mrcfile.new(tmp_path / "a.mrc") as file:
        file.set_data(voxels)
    with mrcfile.new(tmp_path / "old.mrc") as file:
        file.set_data(old)
    if source == "a.zarr":
        subprocess.run(command(tmp_path / "a.mrc", tmp_path / "a.zarr"), check=True)
    begin = time.monotonic()
    subprocess.run(command(tmp_path / source, tmp_path / f"first-{target}"), check=True)
    whole = time.monotonic() - begin
    before = left_in_memory()
    path = tmp_path / "out" / target
    path.parent.mkdir()
    draw = random.Random(4)
    endings = [signal.SIGINT, signal.SIGTERM, signal.SIGKILL]
    came = {"old": 0, "new": 0}
    # A kill leaves its folder until the next one comes so far as to clear it.
    left_by_kill: set[str] = set()
    for moment in range(MOMENTS):
        if replaced:
            subprocess.run(command(tmp_path / "old.mrc", path, "--overwrite"), check=True)
        ending = endings[moment % len(endings)]
        process = started(tmp_path, tmp_path / source, path, "--overwrite")
        time.sleep(draw.uniform(0, 1.1 * whole))
        process.send_signal(ending)
        _, said = process.communicate()
        there = sorted(each.name for each in path.parent.iterdir())
        if ending != signal.SIGKILL:
            # The first tenth of a second is Python's own, before any of this program runs.
            # Where it came while Python ran a text as code, Python itself ends by SIGINT, which is
            # 130 to a shell.
            assert process.returncode in (0, 130, -ending, -signal.SIGINT), said
            assert len(said.splitlines()) <= 1
            beside = {name for name in there if name != target}
            assert beside <= left_by_kill, "nothing beside the target"
        left_by_kill = {name for name in there if name != target}
        if path.exists():
            found = bits(read_volume(path).data)
            assert found in (bits(old), bits(voxels))
            came["old" if found == bits(old) else "new"] += 1
        else:
            assert not replaced
        if not replaced and path.exists():
            subprocess.run(["rm", "-r", str(path)], check=True)
    process = started(tmp_path, tmp_path / source, path, "--overwrite")
    _, said = process.communicate()
    assert process.returncode == 0, said
    assert [each.name for each in path.parent.iterdir()] == [target], "it cleared what was left"
    assert bits(read_volume(path).data) == bits(voxels)
    assert list((tmp_path / "temporary").iterdir()) == []
    assert left_in_memory() <= before
    assert not replaced or came["old"], "no moment was within the conversion"


def test_of_two_at_once_one_is_refused_and_one_is_whole(tmp_path):
    voxels = densities(SHAPE, "int16")
    with mrcfile.new(tmp_path / "a.mrc") as file:
        file.set_data(voxels)
    both = [started(tmp_path, tmp_path / "a.mrc", tmp_path / "b.zarr") for _ in range(2)]
    said = [process.communicate()[1] for process in both]
    codes = sorted(process.returncode for process in both)
    assert codes[0] == 0
    if codes[1]:
        (line,) = [each for each in said if each]
        assert codes[1] == 2 and len(line.splitlines()) == 1
        assert "another conversion is writing it" in line or "exists already" in line
    assert bits(read_volume(tmp_path / "b.zarr").data) == bits(voxels)
    assert sorted(path.name for path in tmp_path.glob("*b.zarr*")) == ["b.zarr"]


@pytest.mark.parametrize("change", ["cut", "longer", "other voxels", "replaced", "chunk"])
@pytest.mark.parametrize("target", ["b.zarr", "b.mrc", "b.tif"])
def test_a_source_that_changes_while_it_is_converted_is_noticed(
    tmp_path, monkeypatch, target, change
):
    from cryoet_zarr_bench.api.converting import convert
    from cryoet_zarr_bench.common.errors import BadInput

    voxels = densities((16, 20, 24), "int16")
    source = tmp_path / "a.npy"
    np.save(source, voxels)
    if change == "chunk":
        convert(source, tmp_path / "a.zarr", "none 8x20x24 v2")
        source = tmp_path / "a.zarr"
    changed = False

    def meddle(step: str, done: int, total: int) -> None:
        nonlocal changed
        if changed:
            return
        changed = True
        file = source / "0" / "1" / "0" / "0" if change == "chunk" else source
        content = file.read_bytes()
        if change == "cut":
            os.truncate(file, len(content) - 100)
        elif change == "longer":
            file.write_bytes(content + b"more")
        elif change == "replaced":
            np.save(tmp_path / "other.npy", voxels[::-1])
            (tmp_path / "other.npy").replace(file)
        else:
            with file.open("r+b") as opened:
                opened.seek(-2, os.SEEK_END)
                opened.write(b"\x7f\x01")

    with pytest.raises(BadInput) as refusal:
        convert(source, tmp_path / target, progress=meddle)
    assert len(str(refusal.value).splitlines()) == 1
    assert any(word in str(refusal.value) for word in ("changed", "was cut", "what was written"))
    assert not (tmp_path / target).exists() and not list(tmp_path.glob(".*"))
