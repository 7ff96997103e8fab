"""docs/claims.md: what the founding documents claimed, held against what was measured."""

from __future__ import annotations

from pathlib import Path

from cryoet_zarr_bench.analysis.founding_claims import checked_claims
from cryoet_zarr_bench.common.shown_text import Markdown, for_markdown, markdown_table


def claims_report(results: Path) -> str:
    """The page in Markdown, generated from the results alone."""
    rows = [
        [
            for_markdown(each.claim),
            Markdown(f"**{each.outcome}**"),
            for_markdown(each.measured),
        ]
        for each in checked_claims(results)
    ]
    return f"""# What was claimed when this began, checked

Written by `cryoet-zarr-bench readme` from the committed results. A claim is *confirmed* if every
measured figure is as claimed, as exactly as it was claimed; *refined* if some are, or if all are on
the claimed side of no effect; else *refuted*. Bytes and files are exact, so the tomograms are what
they vary over; seconds of layouts are modelled from exact requests ([layouts.md](layouts.md)); of
releases only what the history knows by its 99 % intervals is counted ([releases.md](releases.md)).

{markdown_table(["claimed", "outcome", "measured"], rows)}
"""
