"""Entry point of the program: from its first line to its last, Ctrl-C ends it in one line.

To be told to end, by SIGTERM or because the terminal is gone, is the same. Nothing heavy is
imported before this is so.
"""

from __future__ import annotations

import os
import sys

from cryoet_zarr_bench.interrupted_program import flush_output, handle_interruptions, work_ends


def main() -> None:
    """Run the command line."""
    handle_interruptions()
    _have_streams()
    _show_every_letter()
    from cryoet_zarr_bench.cli import app

    try:
        app()
    except OSError as error:
        if not _refuses_output():
            raise
        _end_without_output(error)
    finally:
        work_ends()
        flush_output()


def _have_streams() -> None:
    """Let what is printed go nowhere where the caller has closed the streams."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115


def _refuses_output() -> bool:
    """True if nothing can be printed, as where a disk is full that the output goes to."""
    try:
        os.write(1, b"\n")
    except OSError:
        return True
    return False


def _end_without_output(error: OSError) -> None:
    print(
        f"error: standard output: cannot be written ({error.strerror}); give it another place",
        file=sys.stderr,
    )
    # What is left in the buffer would fail once more when Python ends.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.exit(2)


def _show_every_letter() -> None:
    """Let letters that a terminal does not have be written out, which is better than none."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
