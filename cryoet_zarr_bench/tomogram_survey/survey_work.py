"""What a worker does of a survey: looks at a tomogram, encodes some of its regions.

It imports no more than that needs: a worker is ready sooner.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

from cryoet_zarr_bench.prediction.sampled_chunks import Index
from cryoet_zarr_bench.tomogram_survey.encoded_regions import encode_regions
from cryoet_zarr_bench.tomogram_survey.listed_tomograms import ListedTomogram
from cryoet_zarr_bench.tomogram_survey.opened_source import opened_source
from cryoet_zarr_bench.tomogram_survey.survey_question import SurveyQuestion
from cryoet_zarr_bench.tomogram_survey.tomogram_traits import TomogramTraits, traits_of


def look_at(listed: ListedTomogram, question: SurveyQuestion) -> tuple[TomogramTraits, list[Index]]:
    """In a worker: the traits of a tomogram, and the places of the regions that are read of it."""
    with opened_source(listed.source, question.sample is None) as opened:
        regions = question.regions_of(opened.shape, opened.dtype)
        # Each tomogram elsewhere: what all have at one place must not be taken for all of them.
        seed = zlib.crc32(f"{question.seed} {listed.source}".encode())
        places = regions.sample(question.asked_of(regions), seed)
        return traits_of(listed, opened, regions, len(places)), places


def encode_part(
    source: str, question: SurveyQuestion, places: Sequence[Index]
) -> list[dict[str, Any]]:
    """In a worker: the rows of some regions of a tomogram."""
    with opened_source(source, question.sample is None) as opened:
        configs = question.configs_for(opened.shape, opened.dtype)
        regions = question.regions_of(opened.shape, opened.dtype)
        return encode_regions(opened, source, configs, regions, places)
