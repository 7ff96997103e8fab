"""Choose a storage config for each purpose, by stated rules, from the figures of one release."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cryoet_zarr_bench.analysis.pareto_front import Candidate, quickest_of_nearly_its_size
from cryoet_zarr_bench.analysis.result_reader import MeasuredRelease
from cryoet_zarr_bench.analysis.storage_answer import TOLERATED
from cryoet_zarr_bench.common.shown_text import for_markdown, markdown_code

MODELLED = "access.Requests.track_{}_modelled_seconds"
"""The time that a reader of an object store sees: counted requests, a model of what each takes."""

NEARLY_AS_QUICK = 1.05
"""Modelled times that differ by no larger factor are called the same."""

RULES = (
    f"Two rules give all answers. A codec is chosen by the least CPU time among those within "
    f"{TOLERATED * 100:.0f} % of the largest ratio. A chunk shape is chosen by the largest ratio "
    f"among those within {(NEARLY_AS_QUICK - 1) * 100:.0f} % of the least modelled time on an "
    "object store."
)

Answer = Callable[[MeasuredRelease, Sequence[Candidate], Sequence[Candidate]], str | None]


@dataclass(frozen=True)
class Purpose:
    """A purpose that a tomogram is stored for.

    `rule` says how the config is chosen; `answer` chooses from a release, its lossless and its
    lossy configs, and says it; None if the figures for that were not measured.
    """

    title: str
    rule: str
    answer: Answer


def _archive(
    result: MeasuredRelease, lossless: Sequence[Candidate], lossy: Sequence[Candidate]
) -> str | None:
    return _smallest(lossless)


def _lossy_archive(
    result: MeasuredRelease, lossless: Sequence[Candidate], lossy: Sequence[Candidate]
) -> str | None:
    return _smallest([each for each in lossy if each.within_bound])


def _smallest(found: Sequence[Candidate]) -> str | None:
    best = max((each.ratio for each in found), default=0.0)
    chosen = quickest_of_nearly_its_size(found, best, TOLERATED)
    if chosen is None:
        return None
    codec, chunks = markdown_code(chosen.cell.codec), for_markdown(chosen.cell.chunks)
    return f"{codec}, {chunks}; ratio {chosen.ratio:.3f}"


def reading(pattern: str) -> Answer:
    """Chooses the chunk shape by one access pattern, and the codec by size and reading."""

    def answer(
        result: MeasuredRelease, lossless: Sequence[Candidate], lossy: Sequence[Candidate]
    ) -> str | None:
        seconds: dict[str, float] = {}
        for cell, value in result.figures.get(MODELLED.format(pattern), {}).items():
            seconds[cell.chunks] = min(value, seconds.get(cell.chunks, value))
        chosen = {
            chunks: config
            for chunks in seconds
            if (config := _quickest_to_read([e for e in lossless if e.cell.chunks == chunks]))
        }
        if not chosen:
            return None
        least = min(seconds[chunks] for chunks in chosen)
        chunks = max(
            (each for each in chosen if seconds[each] <= NEARLY_AS_QUICK * least),
            key=lambda each: chosen[each].ratio,
        )
        config = chosen[chunks]
        return (
            f"{markdown_code(config.cell.codec)}, {for_markdown(chunks)}; {seconds[chunks]:.2g} s"
        )

    return answer


def _quickest_to_read(found: Sequence[Candidate]) -> Candidate | None:
    best = max((each.ratio for each in found), default=0.0)
    return quickest_of_nearly_its_size(found, best, TOLERATED, lambda each: each.read)


PURPOSES = (
    Purpose("archive", "written once: writing and reading count alike.", _archive),
    Purpose("archive, lossy", "the same among the lossy configs within the bound.", _lossy_archive),
    Purpose(
        "viewer",
        "chunks by the slowest of an XY, an XZ and a YZ slice; the codec by reading.",
        reading("worst_slice"),
    ),
    Purpose(
        "particle picking",
        "chunks by reading boxes at the places of particles; the codec by reading.",
        reading("particles"),
    ),
    Purpose(
        "training",
        "chunks by reading overlapping patches in random order; the codec by reading.",
        reading("patches"),
    ),
)
"""Every purpose, in the order of the page."""
