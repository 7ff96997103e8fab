"""The folder of a survey: its question, its rows as Parquet, and what failed.

| file | holds |
|---|---|
| `survey.json` | the question, and the versions that answer it |
| `tomograms/*.parquet` | a row for each tomogram: `TomogramTraits` |
| `rows/*.parquet` | a row for each tomogram, config and region: `EncodedRegion` |
| `failed-*.csv` | what could not be surveyed, and why; tried again by the next run |

Files are written whole, some rows at a time, and never changed: what a kill loses is done again,
and what was kept is not.
"""

from __future__ import annotations

import csv
import fcntl
import io
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from cryoet_zarr_bench.common.refusals import refused
from cryoet_zarr_bench.common.whole_files import whole_file, write_whole
from cryoet_zarr_bench.prediction.sampled_chunks import Index
from cryoet_zarr_bench.tomogram_survey.encoded_regions import EncodedRegion
from cryoet_zarr_bench.tomogram_survey.survey_question import SurveyQuestion
from cryoet_zarr_bench.tomogram_survey.tomogram_traits import TomogramTraits

QUESTION = "survey.json"
ROWS, TOMOGRAMS = "rows", "tomograms"
FLUSH_ROWS = 5_000
FLUSH_SECONDS = 15.0

_ARROW = {
    "str": pa.string(),
    "int": pa.int64(),
    "float": pa.float64(),
    "bool": pa.bool_(),
    "float | None": pa.float64(),
}
_SCHEMAS = {
    folder: pa.schema([(field.name, _ARROW[str(field.type)]) for field in fields(kind)])
    for folder, kind in ((ROWS, EncodedRegion), (TOMOGRAMS, TomogramTraits))
}


class SurveyFolder:
    """A survey's folder that a run writes to; `writer` is the part of the tomograms it does."""

    def __init__(self, folder: Path, writer: str) -> None:
        self._folder, self._writer = folder, writer
        self._waiting: dict[str, list[dict[str, Any]]] = {ROWS: [], TOMOGRAMS: []}
        self._flushed = time.monotonic()

    def add_traits(self, traits: TomogramTraits) -> None:
        """Keep what was found of a tomogram."""
        self._waiting[TOMOGRAMS].append(asdict(traits))

    def add_rows(self, rows: Iterable[dict[str, Any]]) -> None:
        """Keep rows; they are written when there are many, or some time after."""
        self._waiting[ROWS] += rows
        late = time.monotonic() - self._flushed > FLUSH_SECONDS
        if late or len(self._waiting[ROWS]) >= FLUSH_ROWS:
            self.flush()

    def flush(self) -> None:
        """Write what waits; OSError if it cannot be, and then all of it waits still."""
        for folder in (TOMOGRAMS, ROWS):
            waiting = self._waiting[folder]
            if waiting:
                table = pa.Table.from_pylist(waiting, schema=_SCHEMAS[folder])
                with whole_file(self._next(folder)) as file:
                    pq.write_table(table, file, compression="zstd")
                self._waiting[folder] = []
        self._flushed = time.monotonic()

    def write_failed(self, failed: Sequence[tuple[str, str]]) -> None:
        """Write what failed, tomogram and reason; no file where nothing did."""
        path = self._folder / f"failed-{self._writer}.csv"
        if not failed:
            path.unlink(missing_ok=True)
            return
        text = io.StringIO()
        csv.writer(text).writerows([("tomogram", "reason"), *failed])
        write_whole(path, text.getvalue())

    def _next(self, folder: str) -> Path:
        place = self._folder / folder
        # Counted, a name would be taken twice where somebody removed a damaged file before it.
        taken = [
            int(path.stem.rpartition("-")[2]) for path in place.glob(f"{self._writer}-*.parquet")
        ]
        number = max(taken, default=-1) + 1
        return place / f"{self._writer}-{number:06d}.parquet"


@contextmanager
def opened_folder(
    folder: Path, question: SurveyQuestion, writer: str, resume: bool
) -> Iterator[SurveyFolder]:
    """Open a survey's folder for one run; what waits is written when the block ends, however.

    Args:
        folder: made where there is none.
        question: what is asked.
        writer: the name of the part of the tomograms that this run does.
        resume: whether the folder may have a survey already.

    Raises:
        BadInput: it has another survey, or this one without `resume`; another run writes this part;
            or it cannot be written.
    """
    try:
        for name in (ROWS, TOMOGRAMS):
            (folder / name).mkdir(parents=True, exist_ok=True)
        lock = (folder / f".{writer}.lock").open("w")
    except OSError as error:
        raise refused(folder, f"cannot be written ({error.strerror})", "choose another") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise refused(folder, f"another run writes {writer} of it", "wait for it") from error
        _agree_on_question(folder, question, resume)
        found = SurveyFolder(folder, writer)
        try:
            yield found
        finally:
            found.flush()


def _agree_on_question(folder: Path, question: SurveyQuestion, resume: bool) -> None:
    path = folder / QUESTION
    if not path.exists():
        write_whole(path, question.as_json())
        return
    asked, _ = read_question(folder)
    if path.read_text() != question.as_json():
        what = "another question" if asked != question else "other versions of the libraries"
        raise refused(folder, f"has a survey of {what}", "choose another folder")
    if not resume:
        raise refused(folder, "has this survey already", "give --resume to go on with it")


def read_question(folder: Path) -> tuple[SurveyQuestion, dict[str, Any]]:
    """The question of a survey's folder, and the versions that answer it; BadInput if none."""
    path = folder / QUESTION
    try:
        return SurveyQuestion.from_json(path.read_text())
    except (OSError, ValueError) as error:
        raise refused(folder, f"is no folder of a survey ({error})", "give --out of one") from error


def read_table(folder: Path, name: str) -> pd.DataFrame:
    """All rows of `ROWS` or `TOMOGRAMS`; BadInput if a file of them is damaged."""
    tables = []
    for path in sorted((folder / name).glob("*.parquet")):
        try:
            tables.append(pq.read_table(path, schema=_SCHEMAS[name]))
        except (OSError, pa.ArrowException) as error:
            said = str(error).partition("\n")[0]
            raise refused(path, f"cannot be read ({said})", "remove it and --resume") from error
    empty = _SCHEMAS[name].empty_table()
    return pa.concat_tables([empty, *tables]).to_pandas()


def known_traits(folder: Path) -> dict[str, TomogramTraits]:
    """What is known of the tomograms of a survey, by their sources."""
    table = read_table(folder, TOMOGRAMS).drop_duplicates("tomogram")
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    return {row["tomogram"]: TomogramTraits(**_with_nan(row)) for row in rows}


def _with_nan(row: dict[str, Any]) -> dict[str, Any]:
    known = {"resolved_to", "deviation"}
    return {
        name: float("nan") if name in known and value is None else value
        for name, value in row.items()
    }


def known_regions(folder: Path, configs: int) -> dict[str, set[Index]]:
    """The places of the regions that have a row for every one of so many configs."""
    table = read_table(folder, ROWS)
    counts = table.groupby(["tomogram", "z", "y", "x"]).config.nunique()
    found: dict[str, set[Index]] = {}
    for tomogram, z, y, x in counts[counts == configs].index:
        found.setdefault(tomogram, set()).add((z, y, x))
    return found
