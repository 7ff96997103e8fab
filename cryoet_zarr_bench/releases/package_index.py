"""The package index: which versions of a project there are, and when each was uploaded."""

import json
import os
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from packaging.version import InvalidVersion, Version
from pypi_simple import PYPI_SIMPLE_ENDPOINT

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.shown_text import on_one_line
from cryoet_zarr_bench.releases.catalogue import Project
from cryoet_zarr_bench.releases.catalogue_steps import Upload

ORIGIN_VARIABLE = "CRYOET_PACKAGE_INDEX"

CONNECT_TIMEOUT = 10.0  # seconds
READ_TIMEOUT = 30.0  # seconds without a byte
TOTAL_TIMEOUT = 120.0  # seconds for a whole answer
SIZE_LIMIT = 32_000_000  # bytes; the answer for numcodecs has 0.6 million

# A clock may be wrong by a day; a date beyond that would push all later steps behind it.
_AHEAD = timedelta(days=1)


class IndexFault(BadInput):
    """The package index could not be asked, or its answer makes no sense."""

    def __init__(self, what: str) -> None:
        line = " ".join(what.split())
        if len(line) > 300:
            line = f"{line[:297]}..."
        super().__init__(f"{line}; the catalogue was left as it was")


def package_index_origin() -> str:
    """Return scheme and host of the package index, without a slash at the end.

    The environment variable CRYOET_PACKAGE_INDEX can name another one.

    Raises:
        BadInput: the variable does not hold an http or https origin.
    """
    given = os.environ.get(ORIGIN_VARIABLE)
    try:
        parts = urlsplit(given or PYPI_SIMPLE_ENDPOINT)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https"):
        raise IndexFault(f"{ORIGIN_VARIABLE} is {given!r}, not an origin such as https://host:port")
    return f"{parts.scheme}://{parts.netloc}"


def final_versions(project: Project) -> list[Upload]:
    """Return the final versions of a project that have a file, yanked ones too, oldest first.

    The time of a version is that of its earliest file, UTC, to the second.

    Raises:
        BadInput: the index cannot be reached in time, answers with an error, or its answer is
            not what its JSON API promises.
    """
    url = f"{package_index_origin()}/pypi/{project}/json"
    document = _json(url)
    releases = document.get("releases") if isinstance(document, dict) else None
    if not isinstance(releases, dict) or not releases:
        raise IndexFault(f"{url} answered JSON without the releases of {project}")
    uploads = [
        upload
        for version, files in releases.items()
        if (upload := _upload(url, project, version, files)) is not None
    ]
    return sorted(uploads, key=lambda upload: (upload.uploaded, Version(upload.version)))


def _json(url: str) -> Any:
    deadline = time.monotonic() + TOTAL_TIMEOUT
    try:
        with requests.get(
            url,
            headers={"Accept": "application/json", "Accept-Encoding": "identity"},
            timeout=(CONNECT_TIMEOUT, READ_TIMEOUT),
            stream=True,
        ) as answer:
            if answer.status_code != 200:
                raise IndexFault(f"{url} answered with status {answer.status_code}")
            body = bytearray()
            # read1 gives what is there, so that a server that drips does not pass the deadline by.
            while piece := answer.raw.read1(1 << 16):
                body += piece
                if len(body) > SIZE_LIMIT:
                    raise IndexFault(f"{url} answered more than {SIZE_LIMIT} bytes")
                if time.monotonic() > deadline:
                    raise IndexFault(f"{url} had not answered in full after {TOTAL_TIMEOUT:.0f} s")
            kind = answer.headers.get("Content-Type", "no content type")
    except (requests.Timeout, TimeoutError, urllib3.exceptions.TimeoutError) as error:
        raise IndexFault(f"{url} did not answer in time") from error
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        raise IndexFault(f"cannot reach {url}: {error}") from error
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise IndexFault(f"{url} answered no JSON ({kind}): {error}") from error


def _upload(url: str, project: Project, version: str, files: Any) -> Upload | None:
    if not isinstance(files, list) or not all(isinstance(file, dict) for file in files):
        raise IndexFault(f"{url} has no list of files for {_shown(version)}")
    try:
        parsed = Version(version) if len(version) <= 40 else None
    except InvalidVersion:
        parsed = None
    if parsed is None or parsed.epoch or parsed.local:
        raise IndexFault(f"{url} has {_shown(version)}, which is not a version of {project}")
    if not files or parsed.is_prerelease:
        return None
    yanked = [file.get("yanked") for file in files]
    reason = files[0].get("yanked_reason")
    if not all(isinstance(flag, bool) for flag in yanked) or not isinstance(reason, str | None):
        raise IndexFault(f"{url} does not say whether {project} {version} is yanked")
    return Upload(
        project=project,
        version=str(parsed),
        uploaded=min(_time(url, project, version, file) for file in files),
        yanked=all(yanked),
        yanked_reason=_printable(reason) if all(yanked) else None,
    )


def _time(url: str, project: Project, version: str, file: dict[str, Any]) -> datetime:
    text = file.get("upload_time_iso_8601")
    try:
        uploaded = datetime.fromisoformat(text) if isinstance(text, str) else None
        if uploaded is not None and uploaded.tzinfo is not None:
            uploaded = uploaded.astimezone(UTC).replace(microsecond=0)
            if datetime(1990, 1, 1, tzinfo=UTC) < uploaded < datetime.now(UTC) + _AHEAD:
                return uploaded
    except (ValueError, OverflowError):
        pass
    raise IndexFault(f"{url} has no usable upload time for {project} {version}: {_shown(text)}")


def _printable(text: str | None) -> str | None:
    """Return a foreign text as one line that a terminal and a JSON file can take."""
    if text is None:
        return None
    return on_one_line(" ".join(text.split()))[:500]


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
