"""What the page Tomograms shows: the tomograms that results were measured on."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from cryoet_zarr_bench.analysis.result_reader import machine_with, published_machine
from cryoet_zarr_bench.quality.described_tomograms import TOMOGRAMS_FILE, read_described


def tomograms_content(results: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Plain values for the page, and its pictures by the names that the values have for them.

    Without descriptions there are no tomograms.
    """
    machine = published_machine(results)
    found = (
        []
        if machine is None
        else read_described(results, machine_with(results, TOMOGRAMS_FILE, machine))
    )
    pictures: dict[str, bytes] = {}
    rows = []
    for number, line in enumerate(found):
        row = line.model_dump()
        if line.picture is not None:
            pictures[f"{number}.jpg"] = base64.b64decode(line.picture)
            row["picture"] = f"{number}.jpg"
        rows.append(row)
    return {"tomograms": rows}, pictures
