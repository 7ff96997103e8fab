"""Kinds of synthetic tomograms: those that were fitted to real ones, and drawn ones.

A drawn profile is one of a population: a documented prior from which a collection of many unlike
tomograms is drawn, in datasets and runs that are more alike than others. It is an assumption and no
census of an archive: what is measured on it shows how a survey works and how far tomograms may lie
apart, not how those of an archive do.

| drawn for | parameter | distribution |
|---|---|---|
| a dataset | kind | raw 0.6, denoised 0.25, int16 counts 0.15 |
| a dataset | voxel spacing, angstrom | 4.99, 7.84, 10.012 or 13.48, equally |
| a dataset | cutoff, cycles per voxel | log-normal about 0.2, of a denoised one 0.06, sigma 0.25 |
| a dataset | noise over particles | log-uniform from 3 to 9.4: the two profiles that were fitted |
| a dataset | dark side of densities | that of 10A or of 5A, equally |
| a run | noise | log-normal, sigma 0.1 |
| a run | particles for each voxel | log-normal about those of 10A, sigma 0.4 |
| a tomogram | cutoff | log-normal, sigma 0.05 |
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class SyntheticProfile:
    """Parameters of one kind of synthetic tomogram.

    Lengths are in voxels and frequencies in cycles per voxel, except `voxel_spacing` in angstrom.
    """

    name: str
    description: str
    voxel_spacing: float
    cutoff: float
    """Half-power frequency of the low-pass filter."""
    noise: float
    """Standard deviation of the white noise before filtering; a particle is about 3 deep."""
    particles_per_voxel: float
    particle_radius: tuple[float, float]
    median: float
    scale: float
    """Density per standard deviation, near the median."""
    dark_tail: Callable[[float], float]
    """By how much a density below the median, in standard deviations, is stretched."""
    counts_per_density: float | None = None
    """int16 counts that one unit of density becomes; None leaves the densities unrounded."""


def _dark_tail_10_angstrom(deviation: float) -> float:
    return 1 + 0.115 * deviation**2


def _dark_tail_5_angstrom(deviation: float) -> float:
    return 1 + min(0.46 * deviation, 1.15)


def _profile_10_angstrom(
    name: str, description: str, *, cutoff: float = 0.25, counts_per_density: float | None = None
) -> SyntheticProfile:
    return SyntheticProfile(
        name=name,
        description=description,
        voxel_spacing=10.012,
        cutoff=cutoff,
        noise=3.0,
        particles_per_voxel=40 / 128**3,
        particle_radius=(4, 12),
        median=0.77e-6,
        scale=4.05e-6,
        dark_tail=_dark_tail_10_angstrom,
        counts_per_density=counts_per_density,
    )


PROFILES: dict[str, SyntheticProfile] = {
    "10A": _profile_10_angstrom("10A", "a weighted back-projection at 10.012 angstrom, float32"),
    "5A": SyntheticProfile(
        name="5A",
        description="a weighted back-projection at 4.99 angstrom, float32",
        voxel_spacing=4.99,
        cutoff=0.15,
        noise=9.4,
        particles_per_voxel=150 / 256**3,
        particle_radius=(6, 22),
        median=-0.15e-6,
        scale=1.56e-6,
        dark_tail=_dark_tail_5_angstrom,
    ),
    "int16": _profile_10_angstrom(
        "int16",
        "the 10A profile as a reconstruction program that stores int16 leaves it: scaled to a "
        "standard deviation near 100 counts, rounded, then cast to float32",
        counts_per_density=2e7,
    ),
    "denoised": _profile_10_angstrom(
        "denoised", "the 10A profile, low-passed as denoising leaves it, float32", cutoff=0.06
    ),
}

DRAWN = "drawn"
"""The profile that a seed decides: see the table above."""

TOMOGRAMS_OF_A_RUN = RUNS_OF_A_DATASET = 100
"""The seed of a drawn tomogram is its number in its run, plus 100 times that of the run in its
dataset, plus 10 000 times that of the dataset."""

_KINDS = ("raw", "denoised", "int16")
_OF_KINDS = (0.6, 0.25, 0.15)
_SPACINGS = (4.99, 7.84, 10.012, 13.48)
_CUTOFF = {"raw": 0.2, "denoised": 0.06, "int16": 0.2}
_COARSEST, _FINEST = 0.03, 0.45
"""Cycles per voxel that no cutoff goes beyond: next to 0 and to what voxels can hold, 0.5."""
_LEAST_NOISE, _MOST_NOISE = 3.0, 9.4


def run_of(seed: int) -> int:
    """The number of the run that a drawn tomogram is of, over all datasets."""
    return seed // TOMOGRAMS_OF_A_RUN


def dataset_of(seed: int) -> int:
    """The number of the dataset that a drawn tomogram is of."""
    return run_of(seed) // RUNS_OF_A_DATASET


def profile_called(name: str, seed: int) -> SyntheticProfile:
    """The profile of that name, a key of `PROFILES` or `DRAWN`; KeyError for any other."""
    return _drawn(seed) if name == DRAWN else PROFILES[name]


def _drawn(seed: int) -> SyntheticProfile:
    of_dataset = np.random.default_rng([1, dataset_of(seed)])
    of_run = np.random.default_rng([2, run_of(seed)])
    of_tomogram = np.random.default_rng([3, seed])
    kind = str(of_dataset.choice(_KINDS, p=_OF_KINDS))
    like = PROFILES[str(of_dataset.choice(["10A", "5A"]))]
    cutoff = _CUTOFF[kind] * of_dataset.lognormal(0, 0.25) * of_tomogram.lognormal(0, 0.05)
    noise = math.exp(of_dataset.uniform(math.log(_LEAST_NOISE), math.log(_MOST_NOISE)))
    particles = PROFILES["10A"].particles_per_voxel
    return replace(
        like,
        name=DRAWN,
        description=f"drawn, {kind}, float32",
        voxel_spacing=float(of_dataset.choice(_SPACINGS)),
        cutoff=float(np.clip(cutoff, _COARSEST, _FINEST)),
        noise=noise * float(of_run.lognormal(0, 0.1)),
        particles_per_voxel=particles * float(of_run.lognormal(0, 0.4)),
        # A standard deviation near 100 counts, as reconstruction programs scale.
        counts_per_density=100 / like.scale if kind == "int16" else None,
    )
