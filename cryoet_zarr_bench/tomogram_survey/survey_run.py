"""A survey from its list of tomograms to its rows: what is missing is done, what fails is told."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryoet_zarr_bench.prediction.sampled_chunks import Index
from cryoet_zarr_bench.tomogram_survey.dask_workers import Done, Piece, done_by
from cryoet_zarr_bench.tomogram_survey.listed_tomograms import ListedTomogram
from cryoet_zarr_bench.tomogram_survey.row_files import (
    SurveyFolder,
    known_regions,
    known_traits,
    opened_folder,
)
from cryoet_zarr_bench.tomogram_survey.survey_question import (
    MOST_VOXELS,
    SurveyQuestion,
)
from cryoet_zarr_bench.tomogram_survey.survey_work import encode_part, look_at
from cryoet_zarr_bench.tomogram_survey.tomogram_traits import TomogramTraits

if TYPE_CHECKING:
    from distributed import Client


@dataclass(frozen=True)
class Progress:
    """How far a survey is: tomograms that are done or failed, of all; voxels read, rows made."""

    tomograms: int
    of_tomograms: int
    voxels: int
    rows: int
    failed: int


@dataclass
class SurveyOutcome:
    """What a run of a survey did: `failed` are tomograms and reasons, `done` those now complete."""

    done: int = 0
    rows: int = 0
    voxels: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class _Tomogram:
    """A tomogram under way: regions that are left, and why it failed, if it did."""

    listed: ListedTomogram
    left: int = 0
    reason: str | None = None


Show = Callable[[Progress], None]


def part_of(tomograms: Sequence[ListedTomogram], part: int, of: int) -> list[ListedTomogram]:
    """Every n-th tomogram of a list, for the job `part` of n; together they are all of them."""
    return list(tomograms[part - 1 :: of])


def run_survey(
    client: Client,
    tomograms: Sequence[ListedTomogram],
    question: SurveyQuestion,
    folder: Path,
    *,
    writer: str = "all",
    resume: bool = False,
    show: Show = lambda progress: None,
) -> SurveyOutcome:
    """Survey tomograms; every row that is made is kept once, whatever ends the run.

    Args:
        client: of the workers.
        tomograms: those of this run.
        question: what is asked.
        folder: where the rows lie, see `row_files`.
        writer: the name of this part, where several runs share a folder.
        resume: whether a survey in the folder is gone on with.
        show: told how far it is.

    Raises:
        BadInput: the folder cannot be used.
        OSError: rows cannot be written, as where the disk is full.
        WorkersLost: the scheduler is gone.
    """
    question.check()
    with opened_folder(folder, question, writer, resume) as kept:
        run = _Run(tomograms, question, kept, show)
        run.know(known_traits(folder), known_regions(folder, len(question.configs)))
        try:
            for done in done_by(client, run.pieces()):
                run.take(done)
        finally:
            kept.write_failed(run.outcome.failed)
    return run.outcome


class _Run:
    """What is known while a survey runs."""

    def __init__(
        self,
        tomograms: Sequence[ListedTomogram],
        question: SurveyQuestion,
        kept: SurveyFolder,
        show: Show,
    ) -> None:
        self._tomograms, self._question = tomograms, question
        self._kept, self._show = kept, show
        self._traits: Mapping[str, TomogramTraits] = {}
        self._regions: Mapping[str, set[Index]] = {}
        self._under_way: dict[str, _Tomogram] = {}
        self.outcome = SurveyOutcome()

    def know(self, traits: Mapping[str, TomogramTraits], regions: Mapping[str, set[Index]]) -> None:
        """Leave out what earlier runs did."""
        self._traits, self._regions = traits, regions

    def pieces(self) -> Iterator[Piece]:
        """A piece for each tomogram that is not done: it is looked at, the rest follows."""
        for listed in self._tomograms:
            known = self._traits.get(listed.source)
            if known is not None and len(self._regions.get(listed.source, ())) >= known.regions:
                self.outcome.done += 1
                continue
            self._under_way[listed.source] = _Tomogram(listed)
            yield Piece(listed.source, look_at, (listed, self._question))

    def take(self, done: Done) -> None:
        """Keep what a piece found, and tell what has to be done because of it."""
        source = done.piece.about
        tomogram = self._under_way[source]
        if done.reason is not None:
            tomogram.reason = tomogram.reason or done.reason
        if done.piece.function is look_at and done.reason is None:
            done.more = self._regions_of(tomogram, *done.result)
        elif done.piece.function is encode_part:
            tomogram.left -= 1
            self._keep(done.result or [])
        if tomogram.left == 0:
            self._end(source, tomogram)
        self._show(self._progress())

    def _regions_of(
        self, tomogram: _Tomogram, traits: TomogramTraits, places: Sequence[Index]
    ) -> list[Piece]:
        listed = tomogram.listed
        if listed.source not in self._traits:
            self._kept.add_traits(traits)
        missing = [each for each in places if each not in self._regions.get(listed.source, ())]
        region = self._question.regions_of(traits.shape, traits.numpy_dtype).chunks
        at_once = max(1, MOST_VOXELS // 4 // math.prod(region))
        pieces = [
            Piece(listed.source, encode_part, (listed.source, self._question, part))
            for part in itertools.batched(missing, at_once)
        ]
        tomogram.left = len(pieces)
        return pieces

    def _keep(self, rows: list[dict[str, Any]]) -> None:
        self._kept.add_rows(rows)
        self.outcome.rows += len(rows)
        per_config = len(self._question.configs)
        self.outcome.voxels += sum(row["voxels"] for row in rows) // per_config

    def _end(self, source: str, tomogram: _Tomogram) -> None:
        del self._under_way[source]
        if tomogram.reason is None:
            self.outcome.done += 1
        else:
            self.outcome.failed.append((source, tomogram.reason))

    def _progress(self) -> Progress:
        found = self.outcome
        ended = found.done + len(found.failed)
        return Progress(ended, len(self._tomograms), found.voxels, found.rows, len(found.failed))
