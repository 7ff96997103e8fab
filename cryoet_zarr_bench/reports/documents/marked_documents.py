"""Documents written by hand, with a part between two marks that is written from results."""

from __future__ import annotations

from pathlib import Path

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.whole_files import write_whole


def write_between_marks(document: Path, begin: str, end: str, part: str) -> bool:
    """Replace what is between the marks; True if that changed the document.

    Raises BadInput if the marks are not there once each, in this order.
    """
    text = document.read_text(encoding="utf-8")
    if text.count(begin) != 1 or text.count(end) != 1 or text.index(begin) > text.index(end):
        raise BadInput(f"{document}: the marks around the figures are not there once each")
    before, rest = text.split(begin)
    _, after = rest.split(end)
    new = f"{before}{begin}\n{part}\n{end}{after}"
    if new == text:
        return False
    write_whole(document, new)
    return True
