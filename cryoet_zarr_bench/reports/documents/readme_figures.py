"""The figures in the README, written there from the committed results and by nothing else."""

from __future__ import annotations

from pathlib import Path

from cryoet_zarr_bench.analysis.layout_comparison import (
    ComparedLayouts,
    published_layouts,
    title_of,
)
from cryoet_zarr_bench.analysis.recommending.ranked_layouts import unable_readers
from cryoet_zarr_bench.analysis.recommending.recommendation import (
    Recommendation,
    place_in_words,
    recommend,
)
from cryoet_zarr_bench.analysis.recommending.storage_prices import PRICE_LISTS, USUAL_PRICES
from cryoet_zarr_bench.analysis.recommending.storage_purposes import PURPOSES
from cryoet_zarr_bench.analysis.result_reader import machine_of, published_machine
from cryoet_zarr_bench.analysis.trust_figures import trust_in_words
from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.shown_text import for_markdown, markdown_table
from cryoet_zarr_bench.layouts.reading_places import USUAL
from cryoet_zarr_bench.reports.documents.marked_documents import write_between_marks

BEGIN = "<!-- figures: written by `cryoet-zarr-bench readme` from results/ -->"
END = "<!-- end of the figures -->"


def update_readme(readme: Path, results: Path) -> bool:
    """Write the figures of `results` between the marks in the README; True if that changed it.

    Raises BadInput if the README lacks the marks or there are no results.
    """
    return write_between_marks(readme, BEGIN, END, figures(results))


def figures(results: Path) -> str:
    """The README's figures as Markdown: an answer for every purpose, and how sure they are."""
    machine = published_machine(results)
    found = published_layouts(results)
    if machine is None or not found:
        raise BadInput(f"{results}: no layouts; run `cryoet-zarr-bench layouts`")
    return "\n\n".join((_answers(found[0]), _how_sure(results, machine, found[0])))


def _answers(compared: ComparedLayouts) -> str:
    """A row for every purpose, read from S3, with what it gains over today's layout."""
    found = [
        answer
        for purpose in PURPOSES.values()
        if (answer := recommend(compared, purpose, USUAL)) is not None
    ]
    todays = {title_of(each.today.line.layout) for each in found if each.today is not None}
    place = place_in_words(USUAL)
    against = f", against {' and '.join(sorted(todays))}" if todays else ""
    prices = PRICE_LISTS[USUAL_PRICES].title
    headings = (
        *("for", "store it as", "bytes", "read", f"a TB for a year ({prices})"),
        *("as good", "cannot read"),
    )
    table = markdown_table(headings, map(_row, found))
    return f"{for_markdown(f'How to store what is read from {place}{against}')}:\n\n{table}"


def _row(found: Recommendation) -> tuple[str, ...]:
    gain = found.gain
    spread = "" if found.spread is None else f" ({found.spread.sentence})"
    gained = ("", "", "")
    if gain is not None:
        gained = (
            f"{100 * gain.stored:+.1f} %{spread}",
            f"{found.main_reading} in {gain.seconds}",
            "" if gain.dollars is None else "{:.0f} $ instead of {:.0f} $".format(*gain.dollars),
        )
    unable = ", ".join(unable_readers(found.pick.line))
    return (found.purpose.title, found.pick_in_words, *gained, found.tied_in_words, unable)


def _how_sure(results: Path, machine: str, compared: ComparedLayouts) -> str:
    about = machine_of(results, compared.machine)
    memory = f"{int(ram) / 2**30:.0f} GiB" if (ram := about["ram"]).isdecimal() else "unknown"
    first = compared.lines[0]
    shape = "x".join(map(str, first.levels[0].shape))
    trust = " ".join(trust_in_words(results, machine))
    processor = f"{about['cpu']}, {about['num_cpu']} cores, {memory}"
    return (
        f"Of {len(compared.lines)} layouts of {for_markdown(compared.tomogram)} ({shape} voxels, "
        f"{first.levels[0].dtype}), measured on {for_markdown(compared.machine)} "
        f"({for_markdown(processor)}). Bytes, files and requests are exact; seconds are modelled "
        f"from the requests, with decoding on one core. {for_markdown(trust)}"
    )
