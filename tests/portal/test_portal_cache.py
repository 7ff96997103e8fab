"""Fetched tomograms in the bound of the cache: they go whole, and never while they are fetched."""

import asyncio
import fcntl
import os
import time

import pytest

from cryoet_zarr_bench.tomograms.cache.cache_bound import clear_cache, keep_within_bound
from cryoet_zarr_bench.tomograms.cache.cache_items import cache_items
from cryoet_zarr_bench.tomograms.cache.fetched_entries import HeldPlaces, locked, portal_folder
from cryoet_zarr_bench.tomograms.fetch_progress import Unwatched
from cryoet_zarr_bench.tomograms.preparation import prepare

SOURCE = "portal:tomogram/16463", "4,4,4"
STEM = "0" * 32


def files(portal):
    return sorted(path for path in portal.cache.rglob("*") if path.is_file())


def unfinished(age: float = 0.0) -> HeldPlaces:
    places = HeldPlaces(STEM)
    places.unfinished.mkdir(parents=True)
    for path in (places.unfinished / "voxels.part", places.unfinished / "journal.jsonl"):
        path.write_bytes(bytes(5000))
        os.utime(path, (time.time() - age,) * 2)
    places.lock.touch()
    os.utime(places.lock, (time.time() - age,) * 2)
    return places


def test_a_fetched_tomogram_goes_with_all_that_is_beside_it(portal):
    first = prepare(*SOURCE)
    assert len(files(portal)) == 5
    shown = portal.run("cache").stdout
    assert "portal:tomogram/16463::0 crop 4,4,4" in shown and "in use" in shown
    assert [item.name for item in clear_cache().in_use] == [first.name]
    del first
    (removed,) = clear_cache().removed
    assert len(removed.files) == 5 and files(portal) == []
    again = prepare(*SOURCE)
    assert again.load().tobytes() == portal.voxels[18:22, 24:28, 28:32].tobytes()


@pytest.mark.parametrize("removed", range(5))
def test_a_removal_that_is_killed_is_ended_by_the_next_one(portal, monkeypatch, removed):
    prepare(*SOURCE)
    for path, _ in zip(cache_items()[0].files, range(removed), strict=False):
        path.unlink()
    clear_cache()
    if removed == 4:  # the lock alone
        clear_cache()
    assert files(portal) == []


def test_the_bound_counts_fetches_that_did_not_end(portal, monkeypatch):
    """The older goes first; one that was given up goes in any case."""
    monkeypatch.setenv("CRYOET_CACHE_LIMIT", "6000")
    places = unfinished(age=5)
    kept = prepare(*SOURCE)
    assert not places.unfinished.exists() and not places.lock.exists()
    assert kept.path.exists()
    monkeypatch.delenv("CRYOET_CACHE_LIMIT")
    places = unfinished(age=29 * 86400)
    keep_within_bound()
    assert places.unfinished.exists()
    for path in (*places.unfinished.iterdir(), places.lock):
        os.utime(path, (0, 0))
    keep_within_bound()
    assert not places.unfinished.exists()


def test_a_fetch_that_is_worked_on_stays(portal):
    places = unfinished(age=40 * 86400)
    with places.lock.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        keep_within_bound()
        assert [item.folder for item in clear_cache().in_use] == [places.unfinished]
        assert len(list(places.unfinished.iterdir())) == 2
    (places.unfinished / "letters.txt").write_text("of somebody else")
    clear_cache()
    assert [path.name for path in files(portal)] == ["letters.txt"]


def test_a_lock_that_is_removed_before_it_is_had_is_not_one(portal, monkeypatch):
    places, taken = HeldPlaces(STEM), []
    flock = fcntl.flock

    def removed_first(file, how):
        if not taken:
            places.lock.unlink()
        taken.append(how)
        flock(file, how)

    async def take():
        async with locked(places, Unwatched()):
            assert places.lock.exists()

    monkeypatch.setattr(fcntl, "flock", removed_first)
    asyncio.run(take())
    assert len(taken) == 2


def test_a_lock_that_was_removed_is_not_one(portal):
    """Who waited for it waits for the new one of that name, or two would fetch at once."""
    places = HeldPlaces(STEM)
    portal_folder().mkdir(parents=True)
    order = []

    async def waiting():
        async with locked(places, Unwatched()):
            order.append("waited")

    async def all_of_it():
        async with locked(places, Unwatched()):
            waiter = asyncio.create_task(waiting())
            await asyncio.sleep(0)  # it has the file open, and not the lock
            places.lock.unlink()
            new = places.lock.open("a")
            fcntl.flock(new, fcntl.LOCK_EX)
        for _ in range(5):
            await asyncio.sleep(0.1)
        order.append("released")
        new.close()
        await waiter

    asyncio.run(all_of_it())
    assert order == ["released", "waited"]
