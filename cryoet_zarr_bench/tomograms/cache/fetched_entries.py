"""Entries of fetched tomograms: their paths, the requests they answer, and their records.

In the folder `portal` of the cache an entry is `<stem>.npy` with its description `<stem>.json`, as
any prepared tomogram, and `<stem>.record.json`, which says where it is from. Beside them lie the
folder `<stem>.unfinished` of a fetch that has not ended, and `<stem>.lock`. `requests/` has for
each request the stem that answers it, so that no call to the network is needed to find it.
"""

import asyncio
import fcntl
import hashlib
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryoet_zarr_bench.common.whole_files import write_whole
from cryoet_zarr_bench.measured.prepared_tomogram import PreparedTomogram, sidecar_path
from cryoet_zarr_bench.tomograms.cache.cache_entries import (
    cache_directory,
    open_in_use,
    open_undamaged,
)
from cryoet_zarr_bench.tomograms.cache.entry_locks import is_still
from cryoet_zarr_bench.tomograms.crop_boxes import Box, Crop
from cryoet_zarr_bench.tomograms.fetch_progress import Progress
from cryoet_zarr_bench.tomograms.tomogram_sources import PortalSource

HELD_FORMAT = 1
"""Raise it when an older entry must no longer be used."""

_PAUSE = 0.1  # seconds between looks at a lock
_STEM_LETTERS = 32


def portal_folder() -> Path:
    """The folder of the cache that has the portal's tomograms."""
    return cache_directory() / "portal"


@dataclass(frozen=True)
class HeldPlaces:
    """The files of one entry: a box of one level of one tomogram of one portal."""

    stem: str

    @property
    def npy(self) -> Path:
        """The voxels."""
        return portal_folder() / f"{self.stem}.npy"

    @property
    def record(self) -> Path:
        """The record of its origin."""
        return portal_folder() / f"{self.stem}.record.json"

    @property
    def unfinished(self) -> Path:
        """The files of a fetch until it ends."""
        return portal_folder() / f"{self.stem}.unfinished"

    @property
    def lock(self) -> Path:
        """Held by the process that fetches."""
        return portal_folder() / f"{self.stem}.lock"


def places_of(
    graphql_url: str, tomogram: int, level: int, box: Box, missing_chunks_are_fill: bool
) -> HeldPlaces:
    """The places of an entry; nothing that the portal says is in their names."""
    chosen = [graphql_url, tomogram, level, box.start, box.shape, missing_chunks_are_fill]
    return HeldPlaces(_digest(chosen))


def find_held(
    graphql_url: str, source: PortalSource, crop: Crop, thorough: bool
) -> PreparedTomogram | None:
    """The entry that answered this request before; None if there is none, or damaged."""
    answered = read_unedited(_request_path(graphql_url, source, crop))
    return None if answered is None else open_held(HeldPlaces(answered["entry"]), thorough)


def open_held(places: HeldPlaces, thorough: bool) -> PreparedTomogram | None:
    """The entry; None if there is none, its record is not of it, or it is damaged."""
    record = read_unedited(places.record)
    prepared = None if record is None else open_in_use(places.npy, thorough)
    if record is None or prepared is None or record["sha256"] != prepared.sha256:
        return None
    return prepared


def remember(
    graphql_url: str, source: PortalSource, tomogram: int, crops: list[Crop], places: HeldPlaces
) -> None:
    """Let an entry be found by the request that it answers, and by the tomogram's id."""
    by_id = PortalSource(
        tomogram=tomogram,
        level=source.level,
        missing_chunks_are_fill=source.missing_chunks_are_fill,
    )
    for each in (source, by_id):
        for crop in crops:
            answered = {"request": f"{each} crop {crop}", "entry": places.stem}
            _write_with_digest(_request_path(graphql_url, each, crop), answered)


def write_record(places: HeldPlaces, record: dict[str, Any]) -> None:
    """Keep where an entry is from."""
    _write_with_digest(places.record, record)


@dataclass(frozen=True)
class HeldTomogram:
    """One entry as it is listed; `record` is what `write_record` kept, empty if nothing was."""

    prepared: PreparedTomogram
    record: dict[str, Any]


def held_tomograms() -> list[HeldTomogram]:
    """All entries of the cache, also those that are not of the portal, which have no record."""
    listed = []
    for folder in (portal_folder(), cache_directory()):
        for npy in sorted(folder.glob("*.npy")):
            prepared = open_undamaged(npy)
            if prepared is not None:
                record = read_unedited(HeldPlaces(npy.stem).record) or {}
                listed.append(HeldTomogram(prepared, record))
    return listed


def unfinished_bytes() -> int:
    """The space that fetches which were interrupted take."""
    files = portal_folder().glob("*.unfinished/*")
    return sum(path.stat().st_size for path in files if path.is_file())


@asynccontextmanager
async def locked(places: HeldPlaces, progress: Progress) -> AsyncIterator[None]:
    """Be the only process that fetches an entry; waits for another one to end.

    Raises:
        OSError: the cache cannot be written.
    """
    places.lock.parent.mkdir(parents=True, exist_ok=True)
    waits = False
    while True:
        with places.lock.open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                # With an entry that is removed goes its lock: then another process has a new one.
                if is_still(file.fileno(), places.lock):
                    yield
                    return
                continue
            except BlockingIOError:
                if not waits:
                    progress.note("another process fetches this tomogram: waiting until it ends")
                waits = True
        await asyncio.sleep(_PAUSE)


def remove_entry(places: HeldPlaces) -> None:
    """Take away an entry that is not to be used, its description first."""
    for path in (sidecar_path(places.npy), places.record, places.npy):
        path.unlink(missing_ok=True)


def remove_unfinished(places: HeldPlaces) -> None:
    """Take away what a fetch needed until it ended."""
    shutil.rmtree(places.unfinished, ignore_errors=True)


def _request_path(graphql_url: str, source: PortalSource, crop: Crop) -> Path:
    return portal_folder() / "requests" / f"{_digest([graphql_url, str(source), str(crop)])}.json"


def _write_with_digest(path: Path, fields: dict[str, Any]) -> None:
    write_whole(path, json.dumps({**fields, "digest": _digest(fields)}, indent=2) + "\n")


def read_unedited(path: Path) -> dict[str, Any] | None:
    """Read a record or a request; None if it is not there, or was edited."""
    try:
        fields = json.loads(path.read_text())
        digest = fields.pop("digest")
        unedited = isinstance(fields, dict) and digest == _digest(fields)
    except (OSError, ValueError, KeyError, AttributeError, TypeError, RecursionError):
        return None
    return fields if unedited else None


def _digest(of: Any) -> str:
    """Of what was written or named by this format."""
    text = json.dumps([HELD_FORMAT, of], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:_STEM_LETTERS]
