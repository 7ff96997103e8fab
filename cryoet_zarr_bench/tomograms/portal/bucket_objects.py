"""Objects of a public bucket, read by s3fs without credentials; every call has an end.

One loop of attempts for all: s3fs and botocore, which know nothing of a body that breaks off, make
a single attempt each.
"""

import asyncio
import io
import random
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.refusals import refused
from cryoet_zarr_bench.tomograms.portal.portal_settings import PortalSettings

IN_FLIGHT = 10
"""Objects that are moved at once, as many as s3fs has connections unless told otherwise."""

_PIECE = 1 << 18
_SLOWEST = 50_000  # bytes a second: below it, an object is asked for again
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 10.0  # seconds between attempts, doubled each time
_MOST_PAGES = 20_000  # of 1000 keys: twice the chunks that an accepted array can have
_TRANSIENT_STATUS = (408, 425, 429, 500, 502, 503, 504)
_MD5 = re.compile(r"[0-9a-f]{32}")
_TRY_LATER = "try again later: what arrived is kept"


@dataclass(frozen=True)
class StoredObject:
    """One object as the listing has it."""

    key: str
    size: int
    etag: str


class ObjectChanged(Exception):
    """An object is no longer the one that was listed."""


class CannotKeep(Exception):
    """Raised if what arrived cannot be written; `error` is the OSError, not one of the network."""

    def __init__(self, error: OSError) -> None:
        super().__init__(str(error))
        self.error = error


class _Broken(Exception):
    """An answer that is not what it should be, which may be right the next time."""


class PortalObjects:
    """The objects of one bucket. Used as an asynchronous context; where bytes are awaited, they are
    awaited `portal_settings.timeout` seconds at most, `portal_settings.attempts` times."""

    def __init__(self, bucket: str, settings: PortalSettings) -> None:
        self.bucket = bucket
        self.settings = settings

    async def __aenter__(self) -> "PortalObjects":
        from s3fs import S3FileSystem

        self._files = S3FileSystem(
            anon=True,
            asynchronous=True,
            skip_instance_cache=True,
            use_listings_cache=False,
            config_kwargs={
                "connect_timeout": self.settings.timeout,
                "read_timeout": self.settings.timeout,
                "max_pool_connections": IN_FLIGHT,
                "retries": {"total_max_attempts": 1, "mode": "standard"},
            },
        )
        self._files.retries = 1
        try:
            self._client = await self._files.set_session()
        except Exception as error:  # of the configuration of AWS on this machine
            problem = f"cannot be asked ({type(error).__name__}: {error})"
            raise refused(f"s3://{self.bucket}", problem, "check AWS_ENDPOINT_URL") from error
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._client.close()

    @property
    def endpoint(self) -> str:
        """The server that is asked."""
        return str(self._client.meta.endpoint_url)

    def url(self, key: str) -> str:
        """Name of an object in messages."""
        return f"s3://{self.bucket}/{key}"

    async def listing(self, prefix: str) -> dict[str, StoredObject]:
        """All objects whose key begins with `prefix`, by key.

        Raises:
            BadInput: the bucket cannot be listed, or what it lists is no listing.
        """
        found: dict[str, StoredObject] = {}
        token: dict[str, str] = {}
        for _ in range(_MOST_PAGES):
            ask = partial(self._answer, "list_objects_v2", Prefix=prefix, **token)
            page = await self._patiently(prefix, ask)
            for each in page.get("Contents") or []:
                listed = _listed(each)
                if listed is None or not listed.key.startswith(prefix):
                    raise refused(self.url(prefix), "the listing is not usable", _TRY_LATER)
                found[listed.key] = listed
            if not page.get("IsTruncated"):
                return found
            token = {"ContinuationToken": page.get("NextContinuationToken") or ""}
        raise refused(self.url(prefix), "the listing does not end", "report it to the portal")

    async def document(self, key: str, largest: int) -> tuple[bytes, str]:
        """An object and its ETag; a byte more than `largest` at most.

        Raises:
            BadInput: it is not there, or cannot be read.
        """

        async def read() -> tuple[bytes, str]:
            answer = await self._answer("get_object", Key=key)
            async with answer["Body"] as body:
                content = b""
                while len(content) <= largest and (piece := await body.read(_PIECE)):
                    content += piece
                return content[: largest + 1], str(answer.get("ETag"))

        return await self._patiently(key, read)

    async def save(
        self, wanted: StoredObject, path: Path, moved: Callable[[int], None]
    ) -> str | None:
        """Stream an object into a file: as long as it was listed, and the one that was listed.

        Returns:
            The MD5 that its bytes must have; None if the server does not say, as for an object
            that came in parts or is encrypted with a key of its own.

        Raises:
            ObjectChanged: the object was replaced since it was listed.
            BadInput: it is gone, or may not be read, or did not arrive in any attempt.
            CannotKeep: it cannot be written.
        """

        async def stream() -> str | None:
            arrived = 0
            try:
                answer = await self._answer("get_object", Key=wanted.key, IfMatch=wanted.etag)
                async with answer["Body"] as body:
                    if (answer.get("ETag") or wanted.etag) != wanted.etag:
                        raise ObjectChanged(wanted.key)
                    with _new_file(path) as file:
                        while arrived <= wanted.size and (piece := await body.read(_PIECE)):
                            _write(file, piece)
                            arrived += len(piece)
                            moved(len(piece))
                if arrived != wanted.size:
                    problem = "more" if arrived > wanted.size else f"{arrived}"
                    raise _Broken(f"has {problem} instead of {wanted.size} bytes")
            except BaseException:
                moved(-arrived)
                raise
            return _expected_md5(wanted, answer)

        seconds = wanted.size / _SLOWEST
        return await self._patiently(wanted.key, stream, seconds)

    async def _answer(self, operation: str, **options: Any) -> dict[str, Any]:
        # Coroutines of a file system of fsspec begin with an underscore.
        answer: dict[str, Any] = await self._files._call_s3(
            operation, Bucket=self.bucket, **options
        )
        return answer

    async def _patiently[Answer](
        self, key: str, attempt: Callable[[], Awaitable[Answer]], seconds: float = 0.0
    ) -> Answer:
        """Make attempts until one succeeds, each `seconds` long at most beyond two timeouts."""
        problem = ""
        for number in range(self.settings.attempts):
            if number:
                pause = min(_FIRST_PAUSE * 2 ** (number - 1), _LONGEST_PAUSE)
                await asyncio.sleep(pause * random.uniform(0.5, 1))
            try:
                async with asyncio.timeout(2 * self.settings.timeout + seconds):
                    return await attempt()
            except (ObjectChanged, BadInput, CannotKeep):
                raise
            except Exception as error:
                problem = self._transient_problem(key, error)
        raise refused(self.url(key), f"{problem}, in {self.settings.attempts} attempts", _TRY_LATER)

    def _transient_problem(self, key: str, error: Exception) -> str:
        """Describe a problem that another attempt may solve; raise what to do about any other."""
        status = _status(error)
        if status == 412:
            raise ObjectChanged(key) from error
        if status in _TRANSIENT_STATUS:
            return f"the server answers with HTTP {status}"
        if status is not None:
            raise refused(self.url(key), _REFUSALS.get(status, f"HTTP {status}"), _CHECK) from error
        if isinstance(error, TimeoutError) or "Timeout" in type(error).__name__:
            return "the server does not answer in time"
        if isinstance(error, _Broken):
            return str(error)
        if "Checksum" in type(error).__name__:
            return "it arrives damaged (its checksum is wrong)"
        return f"it does not arrive whole ({type(error).__name__})"


_CHECK = "report it to the portal, or choose another tomogram"
_REFUSALS = {
    403: "the server refuses it (HTTP 403)",
    404: "it is not there (HTTP 404)",
}


def _status(error: Exception) -> int | None:
    """The HTTP status in an error of botocore, also where s3fs made another error of it."""
    for each in (error, error.__cause__):
        answer = getattr(each, "response", None)
        if isinstance(answer, dict):
            status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode")
            return status if isinstance(status, int) else None
    return None


def _new_file(path: Path) -> io.FileIO:
    try:
        return io.FileIO(path, "wb")
    except OSError as error:
        raise CannotKeep(error) from error


def _write(file: io.FileIO, piece: bytes) -> None:
    left = memoryview(piece)
    try:
        while left:
            left = left[file.write(left) :]
    except OSError as error:
        raise CannotKeep(error) from error


def _listed(each: dict[str, Any]) -> StoredObject | None:
    key, size, etag = each.get("Key"), each.get("Size"), each.get("ETag")
    if isinstance(key, str) and type(size) is int and size >= 0 and isinstance(etag, str) and etag:
        return StoredObject(key, size, etag)
    return None


def md5_of(stored: StoredObject) -> str | None:
    """The MD5 that an ETag looks like; None if it has a dash, as of what came in parts."""
    plain = _MD5.fullmatch(stored.etag.strip('"').lower())
    return plain[0] if plain else None


def _expected_md5(stored: StoredObject, answer: dict[str, Any]) -> str | None:
    """The MD5 that an ETag is: https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html

    It is none where the object is encrypted by KMS or with a customer's key, which the answer says.
    """
    by_other_key = "SSECustomerAlgorithm" in answer or str(
        answer.get("ServerSideEncryption", "AES256")
    ) not in ("AES256", "None")
    return None if by_other_key else md5_of(stored)
