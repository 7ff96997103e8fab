"""Files of one JSON object a line, as runs leave them beside asv's results."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from cryoet_zarr_bench.common.left_out_notices import leave_out
from cryoet_zarr_bench.common.whole_files import write_whole

UNUSABLE = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)
"""What comes of reading a line, or a document, that is not what it should be."""


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a file, none where there is no file.

    A line that is no JSON object, because a kill cut it short or something else wrote it, is left
    out, and said to be. What JSON has no word for, NaN and infinity, is read as None.
    """
    yield from read_lines_as(path, lambda kept: kept)


def read_lines_as[T](path: Path, read: Callable[[dict[str, Any]], T]) -> Iterator[T]:
    """Read each object of a file with `read`; a line that fails is left out, with a notice.

    `read` raises one of `UNUSABLE` for such a line.
    """
    if not path.is_file():
        return
    for number, line in enumerate(path.read_bytes().split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            kept = json.loads(line.decode(), parse_constant=lambda _: None)
            if not isinstance(kept, dict):
                raise TypeError("it is no JSON object")
            found = read(kept)
        except UNUSABLE as error:
            leave_out(f"{path}, line {number}", f"cannot be read ({in_short(error)})")
            continue
        yield found


def in_short(error: BaseException) -> str:
    """The first line of what an error says, with its kind where that alone tells little."""
    said = str(error).partition("\n")[0]
    return f"no {said}" if isinstance(error, KeyError) else said or type(error).__name__


def write_lines(path: Path, lines: Iterable[dict[str, Any]]) -> None:
    """Write a file anew, whole or not at all."""
    write_whole(path, "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines))
