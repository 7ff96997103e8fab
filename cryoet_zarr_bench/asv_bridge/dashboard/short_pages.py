"""Shorten what asv wrote: digits beyond what a clock can tell, rows without a figure."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from asv.publishing import OutputPublisher

from cryoet_zarr_bench.common.short_numbers import short
from cryoet_zarr_bench.measured.exact_figures import is_exact


class ShortPages(OutputPublisher):
    """Shortens what asv wrote: digits beyond what a clock can tell, rows without a figure."""

    name = "shortpages"
    button_label = ""
    description = ""
    order = 80

    @classmethod
    def publish(cls, conf: Any, repo: Any, benchmarks: Any, graphs: Any, revisions: Any) -> None:
        """Rewrite the graphs, lists and regressions in the html folder."""
        html = Path(conf.html_dir)
        for path in [*(html / "graphs").rglob("*.json"), html / "regressions.json"]:
            content = json.loads(path.read_text())
            if path.name == "summary.json":
                # The list would hold the browser up with cells that are n/a, or never change.
                content = [row for row in content if _is_listed(row)]
            path.write_text(json.dumps(short(content), separators=(",", ":")))


def _is_listed(row: dict[str, Any]) -> bool:
    """True if a cell has a figure and, if that is exact, it has ever changed."""
    changes = row.get("change_rev") is not None or not is_exact(row.get("name", ""))
    return row["last_value"] is not None and changes
