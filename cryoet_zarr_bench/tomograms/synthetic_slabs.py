"""Synthetic tomograms of real size, made slab by slab, and their voxels as other dtypes.

A whole one takes eight times its bytes to filter at once. A large one is made of blocks that are
each filtered by themselves and overlap: where two meet, one fades out as the other fades in, by the
cosine and the sine of one angle, so that the variance stays what it is. Memory is bounded by a slab
of planes, whatever the tomogram's length.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from cryoet_zarr_bench.common.voxel_spacing import Spacing
from cryoet_zarr_bench.tomograms.synthetic import (
    PEAK_MEMORY_FACTOR,
    densities_by_rank,
    filtered_noise_and_particles,
    rank_map,
    rounded_to_counts,
)
from cryoet_zarr_bench.tomograms.synthetic_profiles import SyntheticProfile, profile_called

LARGE = 32 * 2**20
"""Voxels from which a tomogram is made in blocks."""

CORE = (64, 224, 224)
"""Voxels along z, y, x from the middle of one overlap of blocks to that of the next."""

OVERLAP = 32
"""Voxels along which two blocks meet."""

DTYPES = ("float32", "float16", "int16", "uint16", "int8", "uint8")
"""What the densities can be cast to."""

_COUNTS = {
    "int16": (100.0, 0.0),
    "uint16": (100.0, 10_000.0),
    "int8": (25.0, 0.0),
    "uint8": (25.0, 128.0),
}
"""Counts that a standard deviation becomes, and those of the median: as reconstruction programs
scale to 16 bits, and to bytes so that five standard deviations on either side are kept."""


def memory_of_slabs(shape: tuple[int, int, int]) -> int:
    """Upper bound of the bytes of memory that making a tomogram of that shape takes."""
    fields = 4 * (CORE[0] + OVERLAP) * shape[1] * shape[2]
    block = 4 * math.prod(core + OVERLAP for core in CORE)
    # The field, what is carried on, and a slab that is cast.
    return math.ceil(2.5 * fields) + PEAK_MEMORY_FACTOR * block


@dataclass(eq=False)
class SyntheticSlabs:
    """A synthetic tomogram that is made while it is read from its first plane to its last.

    `shape` is z, y, x; `cast` one of `DTYPES`; the rest is as for `formats.slabs.Slabs`.
    """

    profile: str
    shape: tuple[int, int, int]
    seed: int
    cast: str = "float32"

    def __post_init__(self) -> None:
        self._profile = profile_called(self.profile, self.seed)
        self._made = _slabs(self._profile, self.shape, self.seed)
        self._start, self._slab = 0, np.empty((0, *self.shape[1:]), "float32")

    @property
    def name(self) -> str:
        """The name of the source."""
        seed = f" seed {self.seed}" if self.seed else ""
        cast = "" if self.cast == "float32" else f" {self.cast}"
        return f"synthetic {self.profile}{cast}{seed}"

    @property
    def dtype(self) -> np.dtype:
        """The dtype of the voxels."""
        return np.dtype(self.cast)

    @property
    def voxel_spacing(self) -> Spacing | None:
        """Angstrom along z, y, x."""
        return (self._profile.voxel_spacing,) * 3

    @property
    def planes(self) -> int:
        """The number of planes that are made at once."""
        return CORE[0]

    @property
    def notes(self) -> tuple[str, ...]:
        """Nothing is left open."""
        return ()

    def read(self, start: int, stop: int) -> np.ndarray:
        """The planes from `start` up to `stop`; only forward, within a slab of `planes`."""
        return self[slice(start, stop), slice(None), slice(None)]

    def __getitem__(self, box: tuple[slice, slice, slice]) -> np.ndarray:
        planes, rows, columns = box
        while planes.start >= self._start + len(self._slab):
            self._start += len(self._slab)
            del self._slab  # or the last one would be kept while the next is made
            self._slab = next(self._made)
        if planes.start < self._start or planes.stop > self._start + len(self._slab):
            raise ValueError("planes are made from the first to the last, a slab at a time")
        part = self._slab[planes.start - self._start : planes.stop - self._start, rows, columns]
        return cast_densities(np.ascontiguousarray(part), self._profile, self.cast)


def cast_densities(voxels: np.ndarray, profile: SyntheticProfile, dtype: str) -> np.ndarray:
    """Densities of a profile as another dtype: scaled, rounded where it is integers, cut off.

    float16 cannot hold densities of a millionth: they are divided by their standard deviation.
    """
    if dtype == "float32":
        return voxels
    unit = profile.counts_per_density or 1.0
    deviations = voxels - np.float32(profile.median * unit)
    deviations /= np.float32(profile.scale * unit)
    if dtype == "float16":
        return deviations.astype(dtype)
    counts, middle = _COUNTS[dtype]
    limits = np.iinfo(dtype)
    scaled = np.rint(deviations * np.float32(counts) + np.float32(middle))
    return np.clip(scaled, limits.min, limits.max).astype(dtype)


def _slabs(
    profile: SyntheticProfile, shape: tuple[int, int, int], seed: int
) -> Iterator[np.ndarray]:
    """Slabs of `CORE[0]` planes, the last one of fewer; ranks are those of the first slab."""
    mapped = None
    carried = np.zeros((OVERLAP, *shape[1:]), "float32")
    for layer in range(-(-shape[0] // CORE[0])):
        fields = _layer(profile, shape, seed, layer)
        fields[:OVERLAP] += carried
        carried = fields[CORE[0] :].copy()
        slab = fields[: CORE[0]]
        if mapped is None:
            mapped = rank_map(slab, profile)
        densities_by_rank(slab, mapped)
        if profile.counts_per_density is not None:
            rounded_to_counts(slab, profile.counts_per_density)
        yield slab[: shape[0] - layer * CORE[0]]
        del fields, slab


def _layer(
    profile: SyntheticProfile, shape: tuple[int, int, int], seed: int, layer: int
) -> np.ndarray:
    """The blocks of one layer, each faded, added up: `CORE[0] + OVERLAP` planes of the field."""
    _, rows, columns = shape
    fields = np.zeros((CORE[0] + OVERLAP, rows, columns), "float32")
    edges = CORE[0] + OVERLAP, CORE[1] + OVERLAP, CORE[2] + OVERLAP
    counts = [-(-length // core) for length, core in zip((rows, columns), CORE[1:], strict=True)]
    layers = -(-shape[0] // CORE[0])
    for row, column in itertools.product(*(range(count) for count in counts)):
        chance = np.random.default_rng([seed, layer, row, column])
        block = filtered_noise_and_particles(profile, edges, chance)
        for axis, place, count in (
            (0, layer, layers),
            (1, row, counts[0]),
            (2, column, counts[1]),
        ):
            block *= _fades(edges[axis], place == 0, place + 1 == count, axis)
        y, x = row * CORE[1], column * CORE[2]
        room = fields[:, y : y + edges[1], x : x + edges[2]]
        room += block[:, : room.shape[1], : room.shape[2]]
    return fields


@functools.cache
def _fades(length: int, is_first: bool, is_last: bool, axis: int) -> np.ndarray:
    """The weights of a block along an axis: sine where it fades in, cosine where it fades out."""
    angle = (np.arange(OVERLAP) + 0.5) / OVERLAP * (math.pi / 2)
    weights = np.ones(length, "float32")
    if not is_first:
        weights[:OVERLAP] = np.sin(angle)
    if not is_last:
        weights[length - OVERLAP :] = np.cos(angle)
    shape = [1, 1, 1]
    shape[axis] = length
    return weights.reshape(shape)
