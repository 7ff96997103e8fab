"""Answers of a process in a measured environment; they may be anything: its release is hostile."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from cryoet_zarr_bench.common.errors import ReleaseUnusable
from cryoet_zarr_bench.common.refusals import refused

MOST_BYTES = 64 << 20
"""More than any answer has; who prints more has lost its way."""

PATIENCE = 24 * 3600.0
"""Seconds that a process may take: the stores of the full profile take hours, not a day."""

_LOOK_EVERY = 0.05
_LAST_BYTES = 4096


def ask(
    who: str,
    command: list[str],
    variables: Mapping[str, str],
    told: str,
    folder: Path | None,
    least: int,
) -> list[dict[str, Any]]:
    """Run a process that is `told` something and answers in JSON objects, `least` lines or more.

    `who` names it in a refusal. When this returns or raises, nothing that it started is left.

    Raises:
        ReleaseUnusable: it did not end by itself with exit code 0, or said something else. One line
            has how it ended and the last line it printed.
        BadInput: it was ended from outside, or the disk is full, which is no fault of the release.
    """
    with (
        tempfile.TemporaryFile() as asked,
        tempfile.TemporaryFile() as said,
        tempfile.TemporaryFile() as errors,
    ):
        asked.write(told.encode())
        asked.seek(0)
        process = subprocess.Popen(
            command,
            env=dict(variables),
            cwd=folder,
            stdin=asked,
            stdout=said,
            stderr=errors,
            # Ended as a group, with whatever it started.
            start_new_session=True,
        )
        try:
            how = _wait(process, said, errors)
        finally:
            end_group(process)
        answers = None if how else _objects(said)
        if answers is None:
            how = how or "said what is no answer"
        elif len(answers) < least:
            how = f"{how_it_ended(0)} before it had answered"
        if how:
            last = _last_line(errors) or _last_line(said) or "nothing"
            said_of_it = f"its process {how}; the last it printed: {last}"
            if how in _FROM_OUTSIDE or os.strerror(errno.ENOSPC) in last:
                raise refused(who, said_of_it, "try again")
            raise ReleaseUnusable(str(refused(who, said_of_it, "check its build")))
        return answers or []


def end_group(process: subprocess.Popen[Any]) -> None:
    """End a process that has a session of its own, and all that it started in there."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def how_it_ended(code: int) -> str:
    """The exit code of a process, or the name of the signal, in words."""
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"


_FROM_OUTSIDE = {
    how_it_ended(-ending)
    for ending in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
}


def _wait(process: subprocess.Popen[Any], *printed: IO[bytes]) -> str:
    """Wait for a process; returns how it ended if that was not well, else an empty text."""
    begin = time.monotonic()
    while True:
        with suppress(subprocess.TimeoutExpired):
            code = process.wait(_LOOK_EVERY)
            return how_it_ended(code) if code else ""
        if sum(os.fstat(file.fileno()).st_size for file in printed) > MOST_BYTES:
            return f"printed more than {MOST_BYTES >> 20} MiB and was ended"
        if time.monotonic() - begin > PATIENCE:
            return f"did not end in {PATIENCE:g} s and was ended"


def _objects(said: IO[bytes]) -> list[dict[str, Any]] | None:
    said.seek(0)
    try:
        found = [json.loads(line) for line in said.read().splitlines()]
    except (ValueError, RecursionError):
        return None
    return found if all(isinstance(each, dict) for each in found) else None


def _last_line(printed: IO[bytes]) -> str:
    size = os.fstat(printed.fileno()).st_size
    printed.seek(max(0, size - _LAST_BYTES))
    lines = printed.read().decode(errors="replace").strip().splitlines()
    return lines[-1][:150] if lines else ""
