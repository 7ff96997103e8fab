"""A survey as results keep it: a line for each tomogram, read back as the table it was made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from cryoet_zarr_bench.common.json_lines import read_lines_as, write_lines

if TYPE_CHECKING:
    import pandas as pd

SURVEY_FILE = "survey.jsonl"
"""In a machine's folder of results: tomograms that were surveyed whole."""

SAMPLED_FILE = "survey-sampled.jsonl"
"""The same from samples of their regions."""

LARGE_FILE = "survey-large.jsonl"
"""From samples, too, of tomograms that are all `LARGE`."""

LARGE = 2**27
"""Bytes in memory, two chunks of 256^3 in float32: layouts of a smaller tomogram differ by how far
it fills their chunks, more than by what it holds."""

_Bytes = Annotated[FiniteFloat, Field(ge=1)]


class SurveyedTomogram(BaseModel):
    """A tomogram of a survey; `stored` has bytes, their bounds and files, by config.

    Its other fields are those of `TomogramTraits`. `sample` is how many regions were asked for,
    None for all; `zarr` the version that encoded it.
    """

    model_config = ConfigDict(strict=True)

    tomogram: str
    name: str
    dataset: str
    run: str
    source_precision: str
    processing: str
    dtype: str
    voxel_spacing: FiniteFloat | None
    verdict: str
    raw_bytes: Annotated[int, Field(ge=1)]
    stored: dict[str, list[_Bytes]]
    sample: int | None
    zarr: str


def survey_lines(table: pd.DataFrame, sample: int | None, zarr: str) -> list[SurveyedTomogram]:
    """The lines of a table of `tomogram_bytes`."""
    import pandas as pd

    found = []
    for _, own in table.groupby("tomogram", sort=True):
        first = own.iloc[0]
        spacing = first.voxel_spacing
        found.append(
            SurveyedTomogram(
                **{name: str(first[name]) for name in _TEXTS},
                voxel_spacing=None if pd.isna(spacing) else float(spacing),
                raw_bytes=int(first.raw_bytes),
                stored={
                    str(row.config): [
                        round(float(each), 1)
                        for each in (row.stored_bytes, row.low, row.high, row.files)
                    ]
                    for row in own.itertuples()
                },
                sample=sample,
                zarr=zarr,
            )
        )
    return found


_TEXTS = (
    *("tomogram", "name", "dataset", "run"),
    *("source_precision", "processing", "dtype", "verdict"),
)


def survey_table(lines: Iterable[SurveyedTomogram]) -> pd.DataFrame:
    """A row for each tomogram and config, as `tomogram_bytes` gives them."""
    rows: list[dict[str, Any]] = []
    for line in lines:
        traits = {name: getattr(line, name) for name in (*_TEXTS, "voxel_spacing")}
        for config, (stored, low, high, files) in line.stored.items():
            rows.append(
                {
                    **traits,
                    "config": config,
                    "raw_bytes": line.raw_bytes,
                    "stored_bytes": stored,
                    "low": low,
                    "high": high,
                    "ratio": line.raw_bytes / stored,
                    "files": round(files),
                }
            )
    import pandas as pd

    columns = [*_TEXTS, "voxel_spacing", "config", "raw_bytes", "stored_bytes", "low", "high"]
    return pd.DataFrame(rows, columns=[*columns, "ratio", "files"])


def read_kept_survey(
    results: Path, machine: str, file_name: str = SURVEY_FILE
) -> list[SurveyedTomogram]:
    """The lines of a machine; what is no such line is left out, and said."""
    path = results / machine / file_name
    return list(read_lines_as(path, SurveyedTomogram.model_validate))


def keep_survey(results: Path, machine: str, lines: Sequence[SurveyedTomogram]) -> Path:
    """Write a survey of a machine anew, whole or not at all; the path of the file of its kind."""
    path = results / machine / _file_of(lines)
    write_lines(path, [line.model_dump() for line in lines])
    return path


def _file_of(lines: Sequence[SurveyedTomogram]) -> str:
    if all(line.sample is None for line in lines):
        return SURVEY_FILE
    return LARGE_FILE if all(line.raw_bytes >= LARGE for line in lines) else SAMPLED_FILE
