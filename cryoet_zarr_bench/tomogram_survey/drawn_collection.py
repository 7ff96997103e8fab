"""A collection of drawn tomograms: datasets with runs, runs with tomograms, none like another.

See `tomograms.synthetic_profiles` for what is drawn of each. The same count gives the same ones.
"""

from __future__ import annotations

import numpy as np

from cryoet_zarr_bench.tomograms.synthetic_profiles import (
    DRAWN,
    RUNS_OF_A_DATASET,
    TOMOGRAMS_OF_A_RUN,
)
from cryoet_zarr_bench.tomograms.tomogram_sources import SyntheticSource

LARGE_SHAPE = (368, 1260, 1260)
"""Of the large ones: what the CryoET Data Portal has most often, at about 5 angstrom."""

BINNED_SHAPE = (184, 630, 630)
"""Of the binned ones: the same at about 10 angstrom."""

_SHORTEST, _LONGEST, _STEP = 64, 256, 8
_FIRST_LARGE_DATASET, _FIRST_BINNED_DATASET = 900_000, 950_000


def drawn_collection(small: int, large: int = 0, binned: int = 0) -> list[str]:
    """Sources of drawn tomograms, as `open` takes them.

    Args:
        small: how many cubes, of 64 to 256 voxels along each side: one length for a dataset, drawn
            log-uniformly.
        large: how many of `LARGE_SHAPE`, each of a dataset of its own.
        binned: how many of `BINNED_SHAPE`, of other datasets.
    """
    chance = np.random.default_rng([small, large])
    found: list[str] = []
    dataset = 0
    while len(found) < small:
        edge = int(np.exp(chance.uniform(np.log(_SHORTEST), np.log(_LONGEST + _STEP))))
        edge -= edge % _STEP
        for run in range(int(chance.integers(3, 11))):
            for number in range(int(chance.integers(1, 4))):
                seed = (dataset * RUNS_OF_A_DATASET + run) * TOMOGRAMS_OF_A_RUN + number
                found.append(str(SyntheticSource(DRAWN, (edge, edge, edge), seed)))
        dataset += 1
    return [
        *found[:small],
        *_of_own_datasets(LARGE_SHAPE, _FIRST_LARGE_DATASET, large),
        *_of_own_datasets(BINNED_SHAPE, _FIRST_BINNED_DATASET, binned),
    ]


def _of_own_datasets(shape: tuple[int, int, int], first: int, count: int) -> list[str]:
    return [
        str(SyntheticSource(DRAWN, shape, dataset * RUNS_OF_A_DATASET * TOMOGRAMS_OF_A_RUN))
        for dataset in range(first, first + count)
    ]
