"""Drawn tomograms: the same from the same seed, alike within datasets; their kind is seen."""

import numpy as np
import pytest

import cryoet_zarr_bench as czb
from cryoet_zarr_bench.quality.power_spectrum import power_spectrum, resolved_to
from cryoet_zarr_bench.tomogram_survey.drawn_collection import LARGE_SHAPE, drawn_collection
from cryoet_zarr_bench.tomogram_survey.tomogram_traits import SMOOTH
from cryoet_zarr_bench.tomograms.formats.slabs import ArraySlabs
from cryoet_zarr_bench.tomograms.synthetic import synthesize
from cryoet_zarr_bench.tomograms.synthetic_profiles import (
    DRAWN,
    RUNS_OF_A_DATASET,
    TOMOGRAMS_OF_A_RUN,
    profile_called,
)
from cryoet_zarr_bench.tomograms.tomogram_sources import parse_source


def seed_of(dataset, run=0, number=0):
    return (dataset * RUNS_OF_A_DATASET + run) * TOMOGRAMS_OF_A_RUN + number


def test_a_collection_has_as_many_as_asked_for_and_cubes_of_the_sizes_said():
    found = [parse_source(text) for text in drawn_collection(200, 3)]
    assert len(found) == 203 and len(set(found)) == 203
    assert [source.shape for source in found[200:]] == [LARGE_SHAPE] * 3
    edges = [source.shape[0] for source in found[:200]]
    assert 64 <= min(edges) < 100 and 200 < max(edges) <= 256
    assert all(source.shape == (source.shape[0],) * 3 for source in found[:200])


def test_tomograms_of_a_run_are_more_alike_than_those_of_a_dataset_and_these_than_others():
    def spread(seeds):
        profiles = [profile_called(DRAWN, seed) for seed in seeds]
        return np.std([np.log(each.noise) for each in profiles])

    of_run = spread([seed_of(3, 5, number) for number in range(20)])
    of_dataset = spread([seed_of(3, run) for run in range(20)])
    of_all = spread([seed_of(dataset) for dataset in range(20)])
    assert of_run < 1e-12 < of_dataset < of_all
    kinds = {profile_called(DRAWN, seed_of(3, run)).description for run in range(20)}
    assert len(kinds) == 1


def test_kinds_come_as_often_as_the_prior_says():
    found = [profile_called(DRAWN, seed_of(dataset)).description for dataset in range(600)]
    for kind, part in (("raw", 0.6), ("denoised", 0.25), ("int16", 0.15)):
        assert np.mean([f"drawn, {kind}," in each for each in found]) == pytest.approx(
            part, abs=0.06
        )


def test_the_same_seed_gives_the_same_voxels_and_another_gives_others():
    one = synthesize(DRAWN, (32, 32, 32), seed_of(1, 2, 3))
    assert np.array_equal(one, synthesize(DRAWN, (32, 32, 32), seed_of(1, 2, 3)))
    assert not np.array_equal(one, synthesize(DRAWN, (32, 32, 32), seed_of(1, 2, 4)))
    assert czb.open(f"synthetic:drawn@32#{seed_of(1, 2, 3)}").dtype == np.float32


@pytest.mark.long
def test_the_spectrum_tells_denoised_tomograms_from_others():
    wrong = []
    for dataset in range(40):
        profile = profile_called(DRAWN, seed_of(dataset))
        voxels = synthesize(DRAWN, (64, 64, 64), seed_of(dataset))
        spectrum = power_spectrum(ArraySlabs(voxels, "drawn", None))
        smooth = resolved_to(spectrum) < SMOOTH
        if smooth != ("denoised" in profile.description):
            wrong.append((dataset, profile.description, profile.cutoff, resolved_to(spectrum)))
    assert wrong == []
