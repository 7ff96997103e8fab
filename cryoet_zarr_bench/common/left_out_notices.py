"""Notices of what a reader of results leaves out: one line each, for whoever runs the command."""

from __future__ import annotations

import functools
import sys
from pathlib import Path

from cryoet_zarr_bench.common.refusals import refused
from cryoet_zarr_bench.common.shown_text import on_one_line


@functools.cache
def leave_out(where: str | Path, why: str) -> None:
    """Say on standard error that something cannot be used and is left out.

    Several documents read the same files, so the same line is printed once in a process.
    """
    said = on_one_line(refused(where, why, "it is left out"))
    print(said, file=sys.stderr, flush=True)
