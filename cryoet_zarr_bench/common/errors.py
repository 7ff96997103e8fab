"""The exceptions that several packages know."""

from cryoet_zarr_bench.common.shown_text import on_one_line


class BadInput(Exception):
    """Input that cannot be used: the user's input is at fault, not the program.

    Its message is one line that says what is wrong, where, and what to do. The command line prints
    it and exits with 2. Names and messages of libraries may stand in it as they are: what cannot be
    shown is written out.
    """

    def __init__(self, message: str) -> None:
        super().__init__(on_one_line(message))


class ReleaseUnusable(BadInput):
    """A release that cannot be used, whoever tries: a result by itself, unlike other bad input."""


class StoreMismatch(Exception):
    """A store differs from what was asked for: its bytes, its codec, its metadata, its voxels."""


class ReleaseMismatch(Exception):
    """The packages that are imported are not those of the release on the label."""
