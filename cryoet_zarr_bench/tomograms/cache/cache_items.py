"""Contents of the cache: prepared tomograms, the rests of unfinished ones, and nothing else.

A file counts as the cache's own where its name is one that the cache gives and its content, or a
file beside it, says so too: a description, a record or a request has a digest of itself, and what
belongs to a fetch has an empty lock beside it. Links are not followed. So a cache that was put into
a folder with other things loses none of them.
"""

from __future__ import annotations

import os
import re
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

from cryoet_zarr_bench.measured.prepared_tomogram import read_description
from cryoet_zarr_bench.tomograms.cache.cache_entries import cache_directory
from cryoet_zarr_bench.tomograms.cache.entry_locks import nobody_uses
from cryoet_zarr_bench.tomograms.cache.fetched_entries import (
    HeldPlaces,
    portal_folder,
    read_unedited,
)

_STEM = "(?P<stem>[0-9a-f]{32})"
_DESCRIPTION = re.compile(rf"{_STEM}\.json")
_LOCK = re.compile(rf"{_STEM}\.lock")
_TEMPORARY = re.compile(rf"\.{_STEM}(\.record)?\.(npy|json)\.[0-9]+-[0-9a-f]{{8}}\.part")
_OF_A_FETCH = re.compile(r"voxels\.part|journal\.jsonl|[0-9a-f]+\.part")
_LARGEST_DOCUMENT = 1 << 24  # bytes; a record with a line for each of 100 000 objects is less
_SETTLED = 3600
"""Seconds since the last change after which a file with a temporary name is not being written."""


@dataclass(frozen=True)
class CacheItem:
    """A tomogram of the cache, or what is left of one that was not finished.

    `files` are in the order in which they are removed: after a kill in between, the rest is still
    known to be the cache's. `size` is in bytes. `last_used` is when `dated` were changed last, in
    seconds since 1970. Whoever uses it has one of `locks`.
    """

    name: str
    source: str
    size: int
    last_used: float
    finished: bool
    files: tuple[Path, ...]
    dated: tuple[Path, ...]
    locks: tuple[Path, ...] = ()
    folder: Path | None = None
    """Of an unfinished fetch; goes where it is empty then."""

    def is_in_use(self) -> bool:
        """True if a process uses it or makes it."""
        with ExitStack() as stack:
            return not self._lock(stack)

    def remove(self) -> bool:
        """Take it away; says whether it was, which it is not while a process uses or makes it."""
        with ExitStack() as stack:
            if not self._lock(stack):
                return False
            try:
                for path in self.files:
                    path.unlink(missing_ok=True)
            except OSError:
                return False
            if self.folder is not None:
                with suppress(OSError):  # something else is in it
                    self.folder.rmdir()
        return True

    def _lock(self, stack: ExitStack) -> bool:
        if not self.locks and time.time() - self.last_used < _SETTLED:
            return False
        free = [stack.enter_context(nobody_uses(path)) for path in self.locks]
        # It may have been used, and given up, since it was looked at.
        return all(free) and _last_change(self.dated) <= self.last_used


def cache_items() -> list[CacheItem]:
    """All that the cache has made and that is still there, the one used longest ago first."""
    folder = cache_directory()
    names = _Names.of(folder)
    items = [*_described(names, {}), *_temporary(names)]
    portal = portal_folder()
    if portal.is_dir() and not portal.is_symlink():
        items += _of_portal(portal)
    return sorted(items, key=lambda item: item.last_used)


@dataclass
class _Names:
    """The regular files and the folders of a folder, by their names."""

    files: dict[str, Path] = field(default_factory=dict)
    folders: dict[str, Path] = field(default_factory=dict)

    @classmethod
    def of(cls, folder: Path) -> _Names:
        names = cls()
        with suppress(OSError), os.scandir(folder) as listing:
            for each in listing:
                if each.is_file(follow_symlinks=False):
                    names.files[each.name] = Path(each.path)
                elif each.is_dir(follow_symlinks=False):
                    names.folders[each.name] = Path(each.path)
        return names


def _described(names: _Names, more: dict[str, tuple[Path, ...]]) -> Iterator[CacheItem]:
    """Entries; `more` are further files of each, by its stem."""
    for name, path in names.files.items():
        match = _DESCRIPTION.fullmatch(name)
        described = read_description(path) if match and not _is_large(path) else None
        if match is None or described is None:
            continue
        npy = names.files.get(f"{match['stem']}.npy")
        lock = names.files.get(f"{match['stem']}.lock")
        # The voxels first: what is left without them is no entry, and its description says so.
        files = tuple(filter(None, (npy, *more.get(match["stem"], ()), path, lock)))
        yield CacheItem(
            str(described.get("name")),
            str(described.get("source")),
            _size(files),
            _last_change((path,)),
            npy is not None,
            files,
            (path,),
            tuple(filter(None, (npy, lock))),
            names.folders.get(f"{match['stem']}.unfinished") if more else None,
        )


def _temporary(names: _Names) -> Iterator[CacheItem]:
    """A file that a killed process left while it was writing."""
    for name, path in names.files.items():
        if _TEMPORARY.fullmatch(name):
            changed = _last_change((path,))
            if time.time() - changed >= _SETTLED:
                yield CacheItem(name, "", _size((path,)), changed, False, (path,), (path,), (path,))


def _of_portal(portal: Path) -> Iterator[CacheItem]:
    names = _Names.of(portal)
    requests = names.folders.get("requests")
    of_requests = _Names() if requests is None else _Names.of(requests)
    answered = defaultdict(list)
    for name, path in of_requests.files.items():
        request = read_unedited(path) if _DESCRIPTION.fullmatch(name) else None
        if request is not None:
            answered[str(request.get("entry"))].append(path)
    more = {
        match["stem"]: (
            *_moved(names, match["stem"]),
            *answered[match["stem"]],
            *_record(names, match["stem"]),
        )
        for match in map(_DESCRIPTION.fullmatch, names.files)
        if match
    }
    entries = list(_described(names, more))
    yield from entries
    yield from _temporary(names)
    yield from _temporary(of_requests)
    known = {item.dated[0].stem for item in entries}
    for name, lock in names.files.items():
        match = _LOCK.fullmatch(name)
        if match and match["stem"] not in known and not _size((lock,)):
            known.add(match["stem"])
            yield _unfinished(names, match["stem"], lock, answered[match["stem"]])
    for stem, paths in answered.items():
        if stem not in known:
            files = tuple(paths)
            yield CacheItem("request", "", _size(files), _last_change(files), False, files, files)


def _record(names: _Names, stem: str) -> list[Path]:
    path = names.files.get(HeldPlaces(stem).record.name)
    return [path] if path and not _is_large(path) and read_unedited(path) is not None else []


def _unfinished(names: _Names, stem: str, lock: Path, requests: list[Path]) -> CacheItem:
    """The rests of a fetch that has not ended, or ended before its entry was described."""
    places = HeldPlaces(stem)
    npy = names.files.get(places.npy.name)
    voxels = () if npy is None else (npy,)
    files = (*_moved(names, stem), *voxels, *requests, *_record(names, stem), lock)
    return CacheItem(
        f"{stem}.unfinished",
        "portal",
        _size(files),
        _last_change(files),
        False,
        files,
        files,
        (*voxels, lock),
        names.folders.get(places.unfinished.name),
    )


def _moved(names: _Names, stem: str) -> list[Path]:
    folder = names.folders.get(HeldPlaces(stem).unfinished.name)
    inside = {} if folder is None else _Names.of(folder).files
    return [path for name, path in inside.items() if _OF_A_FETCH.fullmatch(name)]


def _size(files: tuple[Path, ...]) -> int:
    return sum(status.st_size for status in _statuses(files))


def _last_change(files: tuple[Path, ...]) -> float:
    return max((status.st_mtime for status in _statuses(files)), default=0.0)


def _statuses(files: tuple[Path, ...]) -> Iterator[os.stat_result]:
    for path in files:
        with suppress(OSError):  # gone since it was listed
            yield path.lstat()


def _is_large(path: Path) -> bool:
    return _size((path,)) > _LARGEST_DOCUMENT
