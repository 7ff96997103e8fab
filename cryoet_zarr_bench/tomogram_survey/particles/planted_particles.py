"""Synthetic tomograms in which it is known where the particles are, and how each is turned.

Noise, the balls of a profile and copies of one particle pass the same filter, missing wedge
included, and densities are mapped as those of any synthetic tomogram. The particle is a made one: a
sum of Gaussians without symmetry, about as large as a ribosome, 24 voxels of 10 angstrom.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from cryoet_zarr_bench.tomograms.synthetic import (
    densities_by_rank,
    filtered,
    filtered_noise_and_particles,
    rank_map,
)
from cryoet_zarr_bench.tomograms.synthetic_profiles import PROFILES

PROFILE = "10A"
EDGE = 128
"""Voxels along each side of the tomogram."""

PARTICLES = 40
SIDE = 24
"""Voxels along each side of the box that has the particle."""

APART = 26
"""Voxels between the centres of two particles, at least: none overlap."""

_BLOBS = 14
_BLOB_SIGMA = 2.2
_WITHIN = 7.5  # voxels from the middle that the centres of Gaussians lie within
_PARTICLE_SEED = 20_261_128


@dataclass(frozen=True, eq=False)
class PlantedTomogram:
    """Densities, float32, axes z, y, x; where the particles' centres are, in voxels; each one's
    turn, a number of `TURNS`; and the particle as the filter leaves it, by its turn."""

    voxels: np.ndarray
    centres: np.ndarray
    turns: tuple[int, ...]
    templates: tuple[np.ndarray, ...]


def turned(box: np.ndarray, turn: int) -> np.ndarray:
    """A cube turned by one of the 24 rotations that take a cube to itself; no value is changed."""
    order, signs = TURNS[turn]
    found = np.transpose(box, order)
    return np.ascontiguousarray(found[tuple(slice(None, None, sign) for sign in signs)])


def _rotations() -> tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]:
    """Orders of axes and signs that are rotations, not mirrorings: of determinant 1."""
    found = []
    for order in itertools.permutations(range(3)):
        for signs in itertools.product((1, -1), repeat=3):
            matrix = np.eye(3)[list(order)] * np.array(signs)[:, None]
            if round(float(np.linalg.det(matrix))) == 1:
                found.append((order, signs))
    return tuple(found)


TURNS = _rotations()
"""All 24: the order of axes, and the direction along each."""


def the_particle() -> np.ndarray:
    """The density of the particle, the same always; a cube of `SIDE`, at most 1."""
    chance = np.random.default_rng(_PARTICLE_SEED)
    at = np.indices((SIDE,) * 3) - (SIDE - 1) / 2
    found = np.zeros((SIDE,) * 3)
    for _ in range(_BLOBS):
        way = chance.standard_normal(3)
        centre = way / np.linalg.norm(way) * _WITHIN * chance.random() ** (1 / 3)
        squared = sum((along - middle) ** 2 for along, middle in zip(at, centre, strict=True))
        found += chance.uniform(0.5, 1.0) * np.exp(-squared / (2 * _BLOB_SIGMA**2))
    return (found / found.max()).astype("float32")


def planted_tomogram(seed: int, depth: float) -> PlantedTomogram:
    """A tomogram with `PARTICLES` copies of the particle.

    Args:
        seed: chooses noise, places and turns.
        depth: how dark a particle is at most, in the unit of a profile's `noise`.
    """
    chance = np.random.default_rng([seed, 7])
    profile, shape = PROFILES[PROFILE], (EDGE,) * 3
    centres = _places(chance)
    turns = tuple(int(turn) for turn in chance.integers(0, len(TURNS), PARTICLES))
    particle = the_particle() * np.float32(-depth)
    planted = np.zeros(shape, "float32")
    for centre, turn in zip(centres, turns, strict=True):
        begin = centre - SIDE // 2
        box = tuple(slice(int(start), int(start) + SIDE) for start in begin)
        planted[box] += turned(particle, turn)
    field = filtered_noise_and_particles(profile, shape, chance)
    field += filtered(planted, profile.cutoff)
    densities_by_rank(field, rank_map(field, profile))
    return PlantedTomogram(field, centres - 0.5, turns, _templates(particle, profile.cutoff))


def _places(chance: np.random.Generator) -> np.ndarray:
    """Centres at random, none nearer to another than `APART`, none at the edge."""
    found: list[np.ndarray] = []
    while len(found) < PARTICLES:
        centre = chance.integers(SIDE // 2 + 2, EDGE - SIDE // 2 - 2, 3)
        if all(np.linalg.norm(centre - other) >= APART for other in found):
            found.append(centre)
    return np.array(found)


def _templates(particle: np.ndarray, cutoff: float) -> tuple[np.ndarray, ...]:
    """The particle in each turn as a tomogram has it: behind the filter, wedge included."""
    found = []
    for turn in range(len(TURNS)):
        room = np.zeros((2 * SIDE,) * 3, "float32")
        inside = (slice(SIDE // 2, SIDE // 2 + SIDE),) * 3
        room[inside] = turned(particle, turn)
        found.append(np.ascontiguousarray(filtered(room, cutoff)[inside]))
    return tuple(found)
