"""`recommend`: how a tomogram should be stored for a purpose at a place, by committed results."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cryoet_zarr_bench.analysis.layout_comparison import title_of
from cryoet_zarr_bench.analysis.recommending.agreeing_machines import (
    agreement_of,
    measured_everywhere,
)
from cryoet_zarr_bench.analysis.recommending.ranked_layouts import RankedLayout, figure_of
from cryoet_zarr_bench.analysis.recommending.recommendation import Recommendation
from cryoet_zarr_bench.analysis.recommending.recommended_layouts import recommend_from
from cryoet_zarr_bench.analysis.recommending.storage_purposes import (
    FIGURES,
    StoragePurpose,
    mixed,
    purpose_called,
)
from cryoet_zarr_bench.api.opened_tomogram import open as open_tomogram
from cryoet_zarr_bench.api.predicting import predict, recommended_for
from cryoet_zarr_bench.commands.answering.own_tomogram_command import (
    keep_answer,
    print_answer,
    shown_progress,
)
from cryoet_zarr_bench.common.project_folders import PROJECT
from cryoet_zarr_bench.common.refusals import refused
from cryoet_zarr_bench.common.shown_text import for_terminal
from cryoet_zarr_bench.common.whole_files import write_whole
from cryoet_zarr_bench.common.writable_folders import require_file
from cryoet_zarr_bench.layouts.reading_figures import PATTERNS
from cryoet_zarr_bench.layouts.reading_places import LOCAL, USUAL

SHOWN = 6
"""Layouts of the ranking that the table has, beside today's and the MRC as it is."""


def run_recommend(
    console: Console, purpose: StoragePurpose, json_file: Path | None, **asked: Any
) -> None:
    """Say what is recommended, and show the ranking; `asked` is as for `recommend_from`.

    Raises:
        BadInput: as `recommend_from`, or the file cannot be written.
    """
    require_file(json_file)
    asked["place"] = asked.get("place") or USUAL
    found = recommend_from(PROJECT / "results", purpose, **asked)
    _show(console, found)
    if json_file is not None:
        write_whole(json_file, json.dumps(as_json(found), indent=1) + "\n")


def _show(console: Console, found: Recommendation) -> None:
    everywhere = measured_everywhere(PROJECT / "results")
    console.print(Text(for_terminal(found.sentence), "bold"))
    console.print(_table(found))
    weights = ", ".join(
        f"{FIGURES[name]} {weight:.2g}" for name, weight in found.purpose.weights.items()
    )
    console.print(
        f"Lossless layouts of {for_terminal(found.tomogram)}, measured on "
        f"{for_terminal(found.machine)}. loss: the geometric mean of how many times the best of "
        f"each figure it is, weighted by {weights}. Seconds are modelled from exact requests, with "
        f"decoding on one core. {agreement_of(found, everywhere).sentence}",
        style="dim",
    )


def run_own_recommend(
    console: Console,
    tomogram: str,
    purpose: StoragePurpose,
    json_file: Path | None,
    check: bool,
    folder: Path | None,
    **asked: Any,
) -> None:
    """Say what is recommended for a tomogram, and what is predicted; `asked` as for the ranking.

    Raises:
        BadInput: as `predict`, or the file cannot be written.
    """
    require_file(json_file)
    asked["place"] = asked.get("place") or LOCAL
    with shown_progress(console) as progress:
        opened = open_tomogram(tomogram)
        ranked = recommended_for(opened, purpose, **asked)
        found = predict(opened, ranked, check=check, folder=folder, progress=progress)
    _show(console, found.ranked)
    print_answer(console, found)
    keep_answer(found, json_file)


def require_no_check(check: bool, folder: Path | None) -> None:
    """Raise BadInput if something is to be checked, as there is no tomogram to check it with."""
    if check or folder is not None:
        option = "--check" if check else "--folder"
        raise refused(option, "needs a tomogram of yours", "name one: recommend TOMOGRAM")


def purpose_or_mix(name: str, weights: Iterable[str]) -> StoragePurpose:
    """The purpose of a name, or the mix of weights such as `xy_slice=2` where there are any.

    Raises:
        BadInput: there is no such purpose, or a weight is none.
    """
    given = list(weights)
    if not given:
        return purpose_called(name)
    parsed: dict[str, float] = {}
    for each in given:
        figure, _, weight = each.partition("=")
        try:
            parsed[figure] = float(weight)
        except ValueError:
            raise refused(each, "is no weight", "write it as xy_slice=2") from None
    return mixed(parsed)


def _table(found: Recommendation) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column("layout", min_width=24)
    table.add_column("loss", justify="right")
    for figure in found.purpose.weights:
        table.add_column(FIGURES[figure].replace("seconds, ", "s, "), justify="right")
    shown = list(found.ranking[:SHOWN])
    for each in (found.today, found.file):
        if each is not None and each.line not in [ranked.line for ranked in shown]:
            shown.append(each)
    tied = [found.pick.line, *(each.line for each in found.tied)]
    for each in shown:
        style = "bold" if each.line in tied else ""
        today = " (today)" if found.today is not None and each.line is found.today.line else ""
        table.add_row(
            f"{for_terminal(title_of(each.line.layout))}{today}",
            f"x{1 + each.loss:.2f}",
            *(_figure(each, name, found.place) for name in found.purpose.weights),
            style=style,
        )
    return table


def _figure(each: RankedLayout, name: str, place: str) -> str:
    value = figure_of(each.line, name, place)
    if name in PATTERNS or name == "writing":
        return f"{value:.3g}"
    if name == "stored":
        return f"{value / each.line.raw_bytes:.3f}"
    return f"{value:,.4g}"


def as_json(found: Recommendation) -> dict[str, Any]:
    """All of a recommendation as plain values."""
    return {
        "sentence": found.sentence,
        "purpose": found.purpose.name,
        "weights": dict(found.purpose.weights),
        "place": found.place,
        "tomogram": found.tomogram,
        "machine": found.machine,
        "bytes_over_todays": None if found.spread is None else asdict(found.spread),
        "tied": [each.line.layout for each in found.tied],
        "ranking": [
            {
                "layout": each.line.layout,
                "loss": each.loss,
                "figures": {
                    name: figure_of(each.line, name, found.place) for name in found.purpose.weights
                },
                "regrets": each.regrets,
            }
            for each in found.ranking
        ],
    }
