"""A bucket: a folder that is asked like an object store such as S3, and counts each request.

A `Bucket` is a folder that is asked like one. It keeps every request in the order they began, with
the time that the model of latency gives it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from cryoet_zarr_bench.storage.object_store.request_latency import ASSUMED, Latency

METADATA_NAMES = frozenset({".zarray", ".zattrs", ".zgroup", ".zmetadata", "zarr.json"})
"""The last part of a key that is a metadata document; every other key is of chunks or a shard."""


@dataclass(frozen=True)
class Request:
    """One request: its kind as S3 has it (GET, PUT, HEAD, LIST, DELETE), the key, what was moved.

    `start` and `stop` are what was asked of the object, as a Python slice has them: both None for
    all of it, a negative `start` for its end. `moved` are the bytes of the object that went over
    the line, 0 where there was none. `begin` and `end` are seconds on the clock of the bucket.

    `step` counts the calls that were waited for before this request was made. `after` is the number
    of the request of the same step whose answer it had to wait for, such as that for the index of a
    shard; None where it had to wait for none.
    """

    kind: str
    key: str
    start: int | None
    stop: int | None
    moved: int
    begin: float
    end: float
    step: int = 0
    after: int | None = None

    @property
    def is_ranged(self) -> bool:
        """True if a part of the object was asked for."""
        return (self.start, self.stop) != (None, None)

    @property
    def is_of_metadata(self) -> bool:
        """True if it is about a metadata document."""
        return self.key.rpartition("/")[2] in METADATA_NAMES

    def in_later_steps(self, steps: int, requests: int) -> Request:
        """The same request, made after so many steps and requests of something else."""
        after = None if self.after is None else self.after + requests
        return replace(self, step=self.step + steps, after=after)

    @property
    def http_range(self) -> str | None:
        """The header `Range` of the request; None if all of the object was asked for."""
        if not self.is_ranged:
            return None
        if self.start is not None and self.start < 0:
            return f"bytes={self.start}"
        return f"bytes={self.start or 0}-{'' if self.stop is None else self.stop - 1}"


@dataclass
class Trace:
    """All requests of some work, in the order they began."""

    requests: list[Request] = field(default_factory=list)

    def _of(self, kind: str) -> list[Request]:
        return [request for request in self.requests if request.kind == kind]

    @property
    def gets(self) -> int:
        """GETs, whole and ranged, of metadata and of chunks, of what is not there too."""
        return len(self._of("GET"))

    @property
    def metadata_gets(self) -> int:
        """Those GETs that are of metadata documents."""
        return sum(request.is_of_metadata for request in self._of("GET"))

    @property
    def ranged_gets(self) -> int:
        """Those GETs that ask for a part of an object."""
        return sum(request.is_ranged for request in self._of("GET"))

    @property
    def bytes_fetched(self) -> int:
        """Bytes of objects that GETs moved, as stored."""
        return sum(request.moved for request in self._of("GET"))

    @property
    def puts(self) -> int:
        """PUTs, one for each object however large it is."""
        return len(self._of("PUT"))

    @property
    def bytes_put(self) -> int:
        """Bytes of objects that PUTs moved, as stored."""
        return sum(request.moved for request in self._of("PUT"))

    @property
    def seconds(self) -> float:
        """Seconds that all of it takes on the clock of the bucket."""
        return max((request.end for request in self.requests), default=0.0)


class Bucket:
    """A folder that is asked like an object store; each file is an object, its path the key.

    `latency` says how long each request takes; whoever asks says when it begins, and waits.
    """

    def __init__(self, folder: Path, latency: Latency = ASSUMED) -> None:
        self.folder = folder
        self.latency = latency
        self.trace = Trace()
        self._step = 0

    def next_step(self) -> None:
        """Whoever asks has waited for everything so far."""
        self._step += 1

    def get(
        self,
        key: str,
        start: int | None,
        stop: int | None,
        begin: float,
        after: int | None = None,
    ) -> tuple[bytes | None, float]:
        """The bytes of an object, None if there is none, and the seconds that takes."""
        content = self._read(key, start, stop)
        return content, self._keep("GET", key, len(content or b""), begin, start, stop, after)

    def put(self, key: str, content: bytes, begin: float, after: int | None = None) -> float:
        """Make an object of that content, or replace it; gives the seconds that takes."""
        path = self.folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        # An object is replaced, never written into: the folder may be one of hard links.
        path.unlink(missing_ok=True)
        path.write_bytes(content)
        return self._keep("PUT", key, len(content), begin, after=after)

    def head(self, key: str, begin: float) -> tuple[bool, float]:
        """Ask whether there is an object; returns that, and the seconds it takes."""
        return (self.folder / key).is_file(), self._keep("HEAD", key, 0, begin)

    def list(self, prefix: str, begin: float) -> tuple[list[str], float]:
        """The keys that begin with `prefix`, sorted, and the seconds that takes."""
        files = (path for path in self.folder.rglob("*") if path.is_file())
        keys = sorted(path.relative_to(self.folder).as_posix() for path in files)
        found = [key for key in keys if key.startswith(prefix)]
        return found, self._keep("LIST", prefix, 0, begin)

    def delete(self, key: str, begin: float) -> float:
        """Remove an object where there is one; gives the seconds that takes."""
        (self.folder / key).unlink(missing_ok=True)
        return self._keep("DELETE", key, 0, begin)

    def _read(self, key: str, start: int | None, stop: int | None) -> bytes | None:
        path = self.folder / key
        if not path.is_file():
            return None
        with path.open("rb") as file:
            first, end, _ = slice(start, stop).indices(path.stat().st_size)
            file.seek(first)
            return file.read(max(end - first, 0))

    def _keep(
        self,
        kind: str,
        key: str,
        moved: int,
        begin: float,
        start: int | None = None,
        stop: int | None = None,
        after: int | None = None,
    ) -> float:
        seconds = self.latency.seconds(moved)
        where = kind, key, start, stop, moved
        self.trace.requests.append(Request(*where, begin, begin + seconds, self._step, after))
        return seconds
