"""Entry point of the program: from its first line to its last, Ctrl-C ends it in one line.

To be told to end, by SIGTERM or because the terminal is gone, is the same. Nothing heavy is
imported before this is so.
"""

from __future__ import annotations

import sys

from cryoet_zarr_bench.interrupted_program import flush_output, handle_interruptions, work_ends


def main() -> None:
    """Run the command line."""
    handle_interruptions()
    _show_every_letter()
    from cryoet_zarr_bench.cli import app

    try:
        app()
    finally:
        work_ends()
        flush_output()


def _show_every_letter() -> None:
    """Let letters that a terminal does not have be written out, which is better than none."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
