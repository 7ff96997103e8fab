"""`anchored --direct`: what `confirm` said of two releases, kept beside the history."""

from __future__ import annotations

import json
from pathlib import Path

from rich.console import Console

from cryoet_zarr_bench.analysis.changes.anchored_history import AnchoredHistory, read_anchored
from cryoet_zarr_bench.analysis.changes.direct_comparisons import (
    direct_agreements,
    direct_comparison,
    keep_direct,
    read_direct,
)
from cryoet_zarr_bench.asv_bridge.machine_names import refuse_another_machine
from cryoet_zarr_bench.common.json_lines import UNUSABLE, in_short
from cryoet_zarr_bench.common.project_folders import PROJECT
from cryoet_zarr_bench.common.refusals import refused
from cryoet_zarr_bench.common.shown_text import for_markup
from cryoet_zarr_bench.machine.machine_conditions import stamp


def keep_direct_comparisons(console: Console, machine: str, files: list[Path]) -> None:
    """Keep what `confirm --json` wrote into these files, and say how the history agrees.

    Raises:
        BadInput: a file cannot be read, or is not a whole comparison.
    """
    results = PROJECT / "results"
    refuse_another_machine(results, machine)
    known = {(line.a, line.b): line for line in read_direct(results, machine)}
    for file in files:
        try:
            found = direct_comparison(json.loads(file.read_bytes()), stamp()["measured_at"])
        except (OSError, *UNUSABLE) as error:
            raise refused(
                file, f"is no whole comparison ({in_short(error)})", "write it by confirm --json"
            ) from error
        known[found.a, found.b] = found
    keep_direct(results, machine, [known[key] for key in sorted(known)])
    history = AnchoredHistory(read_anchored(results, machine))
    for each in direct_agreements(list(known.values()), history):
        console.print(
            for_markup(
                f"{each.b} over {each.a}: the history says {each.typical:.2f} times the direct "
                f"ratio at the median of {each.cells} cells ({each.least:.2f} to "
                f"{each.largest:.2f}); in {each.overlapping} the intervals overlap"
            )
        )
