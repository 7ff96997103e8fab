"""Fetches that are ended, meet each other or a full disk, and a cache that is damaged later."""

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from stand_in_objects import status

from cryoet_zarr_bench.measured.prepared_tomogram import open_prepared, sidecar_path
from cryoet_zarr_bench.tomograms.portal.bucket_objects import StoredObject
from cryoet_zarr_bench.tomograms.portal.chunk_transfer import object_digest
from cryoet_zarr_bench.tomograms.preparation import prepare

pytestmark = pytest.mark.long

SOURCE = "portal:tomogram/16463"
COMMAND = [sys.executable, "-m", "cryoet_zarr_bench", "fetch", "--tomogram", "16463", "--full"]
CHUNKS = 3 * 4 * 4
LAST = (2, 3, 3)


class Gate:
    """Holds requests for chunks back until it is opened, once so many went through."""

    def __init__(self, through: int) -> None:
        self.left, self.open, self.reached = through, threading.Event(), threading.Event()
        self.lock = threading.Lock()

    def __call__(self, proxied) -> None:
        with self.lock:
            self.left -= 1
            waits = self.left < 0
        if waits:
            self.reached.set()
            self.open.wait(60)
        proxied.answer()


def all_chunks(portal):
    grid = (range(3), range(4), range(4))
    return [portal.chunk(z, y, x) for z in grid[0] for y in grid[1] for x in grid[2]]


@pytest.fixture
def gate(portal, monkeypatch):
    # Who is held back asks once more after this: on a busy machine another process takes that long
    # to start.
    monkeypatch.setenv("CRYOET_PORTAL_TIMEOUT", "60")
    gate = Gate(20)
    for key in all_chunks(portal):
        portal.proxy.faults[key] = [gate]
    yield gate
    gate.open.set()


def finished_chunks(portal):
    """Lines of the journal of the only unfinished fetch."""
    journals = list(portal.cache.rglob("journal.jsonl"))
    return journals[0].read_text().splitlines() if journals else []


def forget_arrived(portal):
    """Take away what arrived and was not decoded, which depends on when a fetch was ended."""
    for path in portal.cache.rglob("*.part"):
        if path.name != "voxels.part":
            path.unlink()


def wait_until(holds):
    while not holds():
        time.sleep(0.02)


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_what_was_moved_before_the_end_is_not_moved_again(portal, gate, end):
    process = subprocess.Popen(
        COMMAND, env=portal.variables(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert gate.reached.wait(60)
    wait_until(lambda: len(finished_chunks(portal)) == 20)
    process.send_signal(end)
    _, said = process.communicate()
    gate.open.set()
    if end == signal.SIGINT:
        assert process.returncode == 130
        assert said.splitlines()[-1].startswith("interrupted: ")
    assert not list((portal.cache / "portal").glob("*.npy")), "nothing that counts as a tomogram"
    portal.proxy.faults.clear()
    portal.proxy.counts.clear()
    outcome = portal.run("fetch", "--tomogram", "16463", "--full")
    assert outcome.exit_code == 0, outcome.stderr
    assert "MB were moved before: going on" in outcome.stdout
    assert len(portal.proxy.chunk_requests()) == CHUNKS - 20
    assert set(portal.proxy.chunk_requests().values()) == {1}
    assert np.array_equal(prepare(SOURCE, "full").load(), portal.voxels)
    assert not list(portal.cache.rglob("*.unfinished"))


def test_a_fetch_that_failed_goes_on_and_checks_what_it_had(portal, refused):
    """What was moved and then damaged on the disk is moved again, and nothing else."""
    portal.proxy.faults[portal.chunk(*LAST)] = [status(404)]
    refused(portal.run("fetch", "--tomogram", "16463", "--full"))
    (voxels,) = portal.cache.rglob("voxels.part")
    with voxels.open("r+b") as file:
        file.seek(-portal.voxels.nbytes, os.SEEK_END)
        file.write(b"\0\0\0\0")  # the first voxel of the first chunk
    (journal,) = portal.cache.rglob("journal.jsonl")
    lines = finished_chunks(portal)
    assert len(lines) > 2
    journal.write_text("\n".join([*lines[:-1], lines[-1][:20]]))
    forget_arrived(portal)
    portal.proxy.faults.clear()
    portal.proxy.counts.clear()
    assert "MB are for fetches that did not end" in portal.run("tomograms").stdout
    assert np.array_equal(prepare(SOURCE, "full").load(), portal.voxels)
    # All but those that were finished, of which one is damaged, and one has its line cut off.
    assert len(portal.proxy.chunk_requests()) == CHUNKS - (len(lines) - 2)


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: os.truncate(path, 99)])
def test_voxels_that_are_gone_are_moved_again(portal, refused, damage):
    portal.proxy.faults[portal.chunk(*LAST)] = [status(404)]
    refused(portal.run("fetch", "--tomogram", "16463", "--full"))
    (voxels,) = portal.cache.rglob("voxels.part")
    damage(voxels)
    forget_arrived(portal)
    portal.proxy.faults.clear()
    portal.proxy.counts.clear()
    assert np.array_equal(prepare(SOURCE, "full").load(), portal.voxels)
    assert len(portal.proxy.chunk_requests()) == CHUNKS


@pytest.mark.parametrize("whole", [True, False])
def test_what_arrived_and_was_not_decoded_is_used_where_it_is_whole(portal, refused, whole):
    portal.proxy.faults[portal.chunk(*LAST)] = [status(404)]
    refused(portal.run("fetch", "--tomogram", "16463", "--full"))
    content = portal.bucket.get(portal.chunk(*LAST))
    etag = f'"{hashlib.md5(content).hexdigest()}"'
    name = object_digest(StoredObject(portal.chunk(*LAST), len(content), etag))
    (folder,) = portal.cache.rglob("*.unfinished")
    (folder / f"{name}.part").write_bytes(content if whole else bytes(len(content)))
    portal.proxy.faults.clear()
    portal.proxy.counts.clear()
    assert np.array_equal(prepare(SOURCE, "full").load(), portal.voxels)
    assert portal.proxy.counts[portal.chunk(*LAST)] == (0 if whole else 1)


def test_chunks_of_an_older_version_are_not_used(portal, refused, objects):
    portal.proxy.faults[portal.chunk(*LAST)] = [status(404)]
    refused(portal.run("fetch", "--tomogram", "16463", "--full"))
    portal.proxy.faults.clear()
    other = objects["0/0/0/1"]
    portal.bucket.put(portal.chunk(0, 0, 0), other)
    expected = portal.voxels.copy()
    expected[:16, :16, :16] = portal.voxels[:16, :16, 16:32]
    assert np.array_equal(prepare(SOURCE, "full").load(), expected)


def test_two_fetches_at_once_move_it_once(portal, gate):
    first = subprocess.Popen(COMMAND, env=portal.variables(), stdout=subprocess.PIPE, text=True)
    assert gate.reached.wait(60)
    second = subprocess.Popen(COMMAND, env=portal.variables(), stdout=subprocess.PIPE, text=True)
    asked = portal.records.requests
    wait_until(lambda: portal.records.requests >= asked + 2)
    gate.open.set()
    ends = [(process.communicate()[0], process.returncode) for process in (first, second)]
    assert [code for _, code in ends] == [0, 0]
    assert set(portal.proxy.chunk_requests().values()) == {1}
    assert len(portal.proxy.chunk_requests()) == CHUNKS
    assert np.array_equal(prepare(SOURCE, "full").load(), portal.voxels)


def test_the_second_says_what_it_waits_for(portal, gate):
    first = subprocess.Popen(COMMAND, env=portal.variables(), stdout=subprocess.DEVNULL)
    assert gate.reached.wait(60)
    second = subprocess.Popen(
        COMMAND, env={**portal.variables(), "COLUMNS": "200"}, stdout=subprocess.PIPE, text=True
    )
    said = ""
    while "another process fetches this tomogram: waiting" not in said:
        line = second.stdout.readline()
        assert line, said
        said += line
    gate.open.set()
    assert (first.wait(60), second.wait(60)) == (0, 0)
    second.stdout.close()


def test_the_lock_of_a_killed_fetch_is_not_waited_for(portal, gate):
    process = subprocess.Popen(COMMAND, env=portal.variables(), stdout=subprocess.DEVNULL)
    assert gate.reached.wait(60)
    process.kill()
    process.wait()
    gate.open.set()
    assert np.array_equal(prepare(SOURCE, "full").load(), portal.voxels)


# The disk


def test_a_disk_that_is_too_small_is_seen_before_anything_is_moved(
    portal, good, refused, monkeypatch
):
    usage = shutil.disk_usage(portal.cache)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=1_000_000))
    line = refused(portal.run("fetch", "--tomogram", "16463", "--full"))
    assert "are needed there and 0.00 GB are free" in line and "CRYOET_CACHE_DIR" in line
    assert portal.proxy.chunk_requests() == {}
    assert portal.entries() == [good.path.name]


FULL_DISK = """
import shutil, sys
from cryoet_zarr_bench import entry
usage = shutil.disk_usage("/")
shutil.disk_usage = lambda path: usage._replace(free=10**12)
sys.argv = ["cryoet-zarr-bench", "fetch", "--tomogram", "16463", "--full"]
entry.main()
"""


@pytest.mark.parametrize("size", ["200k", "520k"])
def test_a_disk_that_gets_full_is_one_line_and_leaves_no_tomogram(portal, size):
    """A real one, of memory: full at the voxels, or while chunks arrive. 499 kB are the voxels."""
    portal.cache.mkdir()
    mount = f'mount -t tmpfs -o size={size} none "$CRYOET_CACHE_DIR"'
    if subprocess.run(["unshare", "-rm", "true"], capture_output=True).returncode:
        pytest.skip("no name spaces for mounts here")
    script = f'{mount} && "$0" -c "$1"; code=$?; find "$CRYOET_CACHE_DIR" -type f; exit $code'
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script, sys.executable, FULL_DISK],
        env=portal.variables(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("\n") == 1
    assert "No space left on device" in done.stderr and "CRYOET_CACHE_DIR" in done.stderr
    left = [line for line in done.stdout.splitlines() if line.startswith(str(portal.cache))]
    assert left
    assert all(line.endswith(".lock") for line in left), left


def test_a_cache_that_cannot_be_written(portal, refused):
    portal.cache.write_text("in the way")
    assert "cannot write a prepared tomogram" in refused(
        portal.run("fetch", "--tomogram", "16463", "--crop", "8,8,8")
    )


# Damage


def flip(path):
    """One bit of the last voxel."""
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))


def flip_unnoticed(path):
    """The same, and the file's time of change put back."""
    status = path.stat()
    flip(path)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def edit(path, **changes):
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


@pytest.mark.parametrize(
    "damage",
    [
        flip,
        flip_unnoticed,
        lambda path: path.write_bytes(path.read_bytes()[:-4]),
        lambda path: path.write_bytes(b""),
        lambda path: path.unlink(),
        lambda path: edit(sidecar_path(path), voxel_spacing=[1.0, 1.0, 1.0]),
        lambda path: edit(sidecar_path(path), sha256="0" * 64),
        lambda path: sidecar_path(path).unlink(),
        lambda path: edit(path.with_suffix(".record.json"), licence="none"),
        lambda path: edit(path.with_suffix(".record.json"), sha256="0" * 64),
        lambda path: path.with_suffix(".record.json").write_text("[]"),
        lambda path: path.with_suffix(".record.json").unlink(),
    ],
)
def test_an_entry_that_is_damaged_is_fetched_again(portal, good, damage):
    before = good.load()
    damage(good.path)
    outcome = portal.run("fetch", "--tomogram", "16463", "--crop", "4,4,4")
    assert outcome.exit_code == 0, outcome.stderr
    assert portal.proxy.chunk_requests()
    assert np.array_equal(open_prepared(good.path).load(), before)


def test_a_damaged_entry_is_not_used_where_it_cannot_be_fetched_again(portal, refused, monkeypatch):
    entry = prepare(SOURCE, "4,4,4")
    flip(entry.path)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    refused(portal.run("fetch", "--tomogram", "16463", "--crop", "4,4,4"))
    assert "16463" not in portal.run("tomograms").stdout


def test_a_request_that_was_edited_is_asked_again(portal, good):
    other = prepare(SOURCE, "5,5,5")
    requests = list((portal.cache / "portal" / "requests").iterdir())
    for path in requests:
        edit(path, entry=other.path.stem)
    assert prepare(SOURCE, "4,4,4") == good
    for path in requests:
        path.write_text('{"entry": "../../x"}')
    assert prepare(SOURCE, "4,4,4") == good


def test_ended_at_random_moments_it_goes_on_and_leaves_nothing_beside(portal, tmp_path):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    variables = {**portal.variables(), "TMPDIR": str(temporary)}
    for key in all_chunks(portal):
        portal.proxy.faults[key] = [slowly] * 60
    draw, endings = random.Random(6), [signal.SIGINT, signal.SIGTERM, signal.SIGKILL]
    ended = 0
    for moment in range(20):
        process = subprocess.Popen(
            COMMAND, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        time.sleep(draw.uniform(0.2, 3.0))
        process.send_signal(endings[moment % 3])
        _, said = process.communicate()
        ended += process.returncode != 0
        if moment % 3 < 2:
            # Where it came while Python ran a text as code, or in its first moments, Python itself
            # ends by the signal.
            assert process.returncode in (0, 130, -signal.SIGINT, -endings[moment % 3]), said
        for entry in portal.entries():
            path = next(portal.cache.rglob(entry))
            assert np.array_equal(open_prepared(path).load(), portal.voxels), "whole or not there"
        assert list(temporary.iterdir()) == []
        if portal.entries():
            shutil.rmtree(portal.cache)
    assert ended, "no moment was within a fetch"
    portal.proxy.faults.clear()
    assert portal.run("fetch", "--tomogram", "16463", "--full").exit_code == 0
    assert np.array_equal(prepare(SOURCE, "full").load(), portal.voxels)
    assert not list(portal.cache.rglob("*.unfinished"))


def slowly(proxied) -> None:
    """An answer as from far away."""
    time.sleep(0.05)
    proxied.answer()
