"""From the rows of a survey to the bytes of each tomogram in each config, with their intervals."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from cryoet_zarr_bench.prediction.predicted_layout import index_bytes
from cryoet_zarr_bench.prediction.sampled_chunks import ChunkGrid, Interval, bytes_of_all
from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.tomogram_survey.row_files import (
    ROWS,
    known_traits,
    read_question,
    read_table,
)
from cryoet_zarr_bench.tomogram_survey.survey_question import SurveyQuestion
from cryoet_zarr_bench.tomogram_survey.tomogram_traits import TomogramTraits

TRAITS = ("dataset", "run", "source_precision", "processing", "dtype", "voxel_spacing", "verdict")


def tomogram_bytes(folder: Path) -> pd.DataFrame:
    """The bytes of every tomogram that a survey has finished, in every config.

    Chunks of the finest level and the indices of shards; metadata, the same few hundred bytes of
    all, is not in it.

    Returns:
        A row for each tomogram and config: `tomogram`, `config`, `raw_bytes`, `stored_bytes` with
        `low` and `high` of the 95 % interval that a sample has, `ratio` of bytes in memory over
        stored, `files`, the worst `noise_to_signal` of its regions, and the traits.

    Raises:
        BadInput: it is no folder of a survey, or a file in it is damaged.
    """
    question, _ = read_question(folder)
    traits = known_traits(folder)
    rows = read_table(folder, ROWS)
    found: list[dict[str, Any]] = []
    for tomogram, own in rows.groupby("tomogram", sort=True):
        known = traits.get(str(tomogram))
        if known is not None and len(own) == known.regions * len(question.configs):
            found += _of_one(known, own, question)
    columns = ["tomogram", "name", *TRAITS, "config", "raw_bytes", "stored_bytes", "low", "high"]
    return pd.DataFrame(found, columns=[*columns, "ratio", "files", "noise_to_signal"])


def _of_one(
    known: TomogramTraits, rows: pd.DataFrame, question: SurveyQuestion
) -> Iterator[dict[str, Any]]:
    configs = question.configs_for(known.shape, known.numpy_dtype)
    grid = question.regions_of(known.shape, known.numpy_dtype)
    raw = math.prod(known.shape) * known.numpy_dtype.itemsize
    for name, own in rows.groupby("config", sort=False):
        config = configs[str(name)]
        stored = _stored(own, grid, config, question)
        yield {
            "tomogram": known.tomogram,
            "name": known.name,
            **{trait: getattr(known, trait) for trait in TRAITS},
            "config": str(name),
            "raw_bytes": raw,
            "stored_bytes": stored.middle,
            "low": stored.low,
            "high": stored.high,
            "ratio": raw / stored.middle if stored.middle else math.inf,
            "files": _files(own, grid, config),
            "noise_to_signal": own.noise_to_signal.max(),
        }


def _stored(
    rows: pd.DataFrame, grid: ChunkGrid, config: StorageConfig, question: SurveyQuestion
) -> Interval:
    picked = list(zip(rows.z, rows.y, rows.x, strict=True))
    chunks = bytes_of_all(list(rows.stored_bytes), grid, picked, question.asked_of(grid))
    return chunks.plus(index_bytes(ChunkGrid(grid.shape, config.chunks), config))


def _files(rows: pd.DataFrame, grid: ChunkGrid, config: StorageConfig) -> int:
    """Files of chunks or of shards; those of a sample stand for the others."""
    if config.shards is not None:
        return ChunkGrid(grid.shape, config.shards).total
    possible = ChunkGrid(grid.shape, config.chunks).total
    if len(rows) == grid.total:
        return int(rows.chunks.sum())
    inside = math.prod(grid.chunks) // math.prod(config.chunks)
    return round(possible * min(1.0, rows.chunks.sum() / (len(rows) * inside)))
