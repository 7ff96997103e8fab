"""Files of one JSON object a line, as runs leave them beside asv's results."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from cryoet_zarr_bench.whole_files import write_whole


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a file, none where there is no file; a line that a kill cut short is left out.

    What JSON has no word for, NaN and infinity, is read as None.
    """
    if not path.is_file():
        return
    for line in path.read_text(encoding="utf-8", errors="replace").split("\n"):
        try:
            kept = json.loads(line, parse_constant=lambda _: None)
        except (ValueError, RecursionError):
            continue
        if isinstance(kept, dict):
            yield kept


def write_lines(path: Path, lines: Iterable[dict[str, Any]]) -> None:
    """Write a file anew, whole or not at all."""
    write_whole(path, "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines))
