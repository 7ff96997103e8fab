"""Tomograms made from random numbers that compress like real ones.

numpy alone is needed, so that a measured environment can make them too.

The model was fitted to the compression ratios of two real crops (run TS_100_3 of dataset 10445 of
the CZ cryoET Data Portal, 10.012 and 4.99 angstrom, float32): profiles "10A" and "5A" meet each
ratio within 0.5 % at 128^3 and 256^3 voxels, from seed 0. Whether metadata files count as stored
changes a ratio by 0.01 % at most, less than the real ones were noted with. A fit, not a validation:
it tells how such bytes compress, not what the sample looked like.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.tomograms.synthetic_profiles import (
    DRAWN,
    PROFILES,
    SyntheticProfile,
    profile_called,
)

SYNTHESIS_VERSION = 2
"""Raise it when the bytes that a profile gives change: prepared tomograms are then made anew."""

PEAK_MEMORY_FACTOR = 8
"""Upper bound of the memory that `synthesize` takes, in times the bytes of the volume it gives."""

_HIGH_PASS = 0.01  # cycles per voxel
_WEDGE_SOFTNESS = 0.03  # cycles per voxel
_MAXIMUM_TILT = math.radians(60)
_PARTICLE_DEPTH = 3.0
_PARTICLE_EDGE = 1.5  # steepness of a particle's border, per voxel
_PARTICLE_MARGIN = 8  # voxels beyond the radius where a particle has faded to exp(-12)
_PARTICLE_TEXTURE = 0.8
_LEVELS = 16384  # bins of the cumulative histogram
_BLOCK = 1 << 18  # voxels handled at once in float64
_FEW_VOXELS = 4096
_SHORTEST_AXIS = 16


def synthesize(profile: str, shape: tuple[int, int, int], seed: int = 0) -> np.ndarray:
    """Make a synthetic tomogram.

    White noise and dark, rough balls pass one filter: a low-pass, a high-pass and the missing wedge
    of a tilt series up to 60 degrees about y. The ranks of the densities are then mapped to a
    normal distribution with a stretched dark side.

    One seed and shape give the same bytes with one numpy on one processor; another numpy may have
    another random stream.

    Args:
        profile: a key of `PROFILES`, or `DRAWN`, whose parameters the seed decides too.
        shape: voxels along z, y, x; each at least 1.
        seed: 0 or larger.

    Returns:
        float32, axes z, y, x, C order, finite.

    Raises:
        BadInput: unknown profile, a shape that is not three positive integers, a negative seed.
    """
    if profile not in (*PROFILES, DRAWN):
        known = ", ".join((*PROFILES, DRAWN))
        raise BadInput(f"unknown synthetic profile {profile!r}: choose one of {known}")
    if len(shape) != 3 or any(
        not isinstance(length, int | np.integer) or length < 1 for length in shape
    ):
        raise BadInput(f"shape {shape} of a synthetic tomogram: give three positive integers z,y,x")
    if seed < 0:
        raise BadInput(f"seed {seed} of a synthetic tomogram: give 0 or larger")
    made_with = profile_called(profile, seed)
    full_shape = _shape_with_enough_voxels(shape)
    volume = filtered_noise_and_particles(made_with, full_shape, np.random.default_rng(seed))
    densities_by_rank(volume, rank_map(volume, made_with))
    if made_with.counts_per_density is not None:
        rounded_to_counts(volume, made_with.counts_per_density)
    z, y, x = shape
    return np.ascontiguousarray(volume[:z, :y, :x])


def _shape_with_enough_voxels(shape: tuple[int, int, int]) -> tuple[int, int, int]:
    """Ranks of a handful of voxels say nothing: a tiny tomogram is cut from a larger one."""
    if math.prod(shape) >= _FEW_VOXELS:
        return shape
    z, y, x = (max(length, _SHORTEST_AXIS) for length in shape)
    return z, y, x


def filtered_noise_and_particles(
    profile: SyntheticProfile, shape: tuple[int, int, int], chance: np.random.Generator
) -> np.ndarray:
    """White noise and particles behind one filter, float32, before densities are mapped."""
    return filtered(_white_noise_and_particles(profile, shape, chance), profile.cutoff)


def _logistic(x: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-x)), written so that it cannot overflow."""
    return 0.5 + 0.5 * np.tanh(0.5 * x)


def _white_noise_and_particles(
    profile: SyntheticProfile, shape: tuple[int, int, int], rng: np.random.Generator
) -> np.ndarray:
    volume = rng.standard_normal(shape, dtype=np.float32)
    volume *= np.float32(profile.noise)
    for _ in range(round(profile.particles_per_voxel * volume.size)):
        _subtract_particle(volume, profile, rng)
    return volume


def _subtract_particle(
    volume: np.ndarray, profile: SyntheticProfile, rng: np.random.Generator
) -> None:
    centre = rng.uniform(0, volume.shape)
    radius = rng.uniform(*profile.particle_radius)
    depth = _PARTICLE_DEPTH * rng.uniform(0.5, 1.5)
    reach = radius + _PARTICLE_MARGIN
    box = tuple(
        slice(max(0, math.floor(middle - reach)), min(length, math.ceil(middle + reach) + 1))
        for middle, length in zip(centre, volume.shape, strict=True)
    )
    squared = np.zeros((1, 1, 1), dtype=np.float32)
    for axis, (side, middle) in enumerate(zip(box, centre, strict=True)):
        along = (np.arange(side.start, side.stop) - middle).astype(np.float32) ** 2
        squared = squared + np.expand_dims(
            along, tuple(other for other in range(3) if other != axis)
        )
    ball = _logistic(np.float32(_PARTICLE_EDGE) * (np.float32(radius) - np.sqrt(squared)))
    texture = rng.standard_normal(ball.shape, dtype=np.float32)
    texture *= np.float32(_PARTICLE_TEXTURE)
    texture += 1
    ball *= texture
    ball *= np.float32(depth)
    volume[box] -= ball


def filtered(volume: np.ndarray, cutoff: float) -> np.ndarray:
    """Low-pass, high-pass and missing wedge in Fourier space; single precision throughout."""
    spectrum = np.fft.rfft(volume, axis=2)
    spectrum = np.fft.fft(spectrum, axis=1, out=spectrum)
    spectrum = np.fft.fft(spectrum, axis=0, out=spectrum)
    _apply_transfer_function(spectrum, volume.shape, cutoff)
    spectrum = np.fft.ifft(spectrum, axis=0, out=spectrum)
    spectrum = np.fft.ifft(spectrum, axis=1, out=spectrum)
    return np.fft.irfft(spectrum, n=volume.shape[2], axis=2, out=volume)


def _apply_transfer_function(spectrum: np.ndarray, shape: tuple[int, ...], cutoff: float) -> None:
    """Multiply by low-pass x high-pass x wedge, one z plane at a time to stay within the cache."""
    kz = np.fft.fftfreq(shape[0]).astype(np.float32)
    ky = np.fft.fftfreq(shape[1]).astype(np.float32)[:, np.newaxis]
    kx = np.fft.rfftfreq(shape[2]).astype(np.float32)[np.newaxis, :]
    in_plane = ky**2 + kx**2
    edge = np.float32(math.tan(_MAXIMUM_TILT)) * np.abs(kx)
    for plane, k in zip(spectrum, kz, strict=True):
        squared = in_plane + k**2
        low_pass_term = squared * np.float32(cutoff**-2)
        low_pass_term *= low_pass_term
        low_pass_term *= low_pass_term
        low_pass_term += 1
        low_pass_term *= squared + np.float32(_HIGH_PASS**2)
        transfer = np.sqrt(squared / low_pass_term)
        transfer *= _logistic((edge - abs(k)) * np.float32(4 / _WEDGE_SOFTNESS))
        plane *= transfer


@dataclass(frozen=True)
class RankMap:
    """From values of a filtered field to the densities that belong to their ranks.

    Bin k of the field begins at `lowest` + k / `bins_per_unit`, where the density is `at_edges[k]`.
    """

    lowest: float
    bins_per_unit: float
    at_edges: np.ndarray


def rank_map(volume: np.ndarray, profile: SyntheticProfile) -> RankMap:
    """The map of the ranks that values have in a volume.

    The rank comes from a fine cumulative histogram, interpolated: far quicker than sorting, and
    smooth enough to leave the low bits as random as they were.
    """
    flat = volume.reshape(-1)
    lowest = float(flat.min())
    bins_per_unit = _LEVELS / (float(flat.max()) - lowest)
    counts = np.zeros(_LEVELS, dtype=np.int64)
    for block in _blocks_of(flat):
        bins, _ = _bins_and_fractions(block, lowest, bins_per_unit)
        counts += np.bincount(bins, minlength=_LEVELS)
    return RankMap(lowest, bins_per_unit, _densities_at_edges(counts, profile))


def densities_by_rank(volume: np.ndarray, mapped: RankMap) -> None:
    """Replace each value by the density that the map has for it, in place.

    What lies beyond the values that the map was made of gets the density at its end.
    """
    steps = np.diff(mapped.at_edges)
    for block in _blocks_of(volume.reshape(-1)):
        bins, fractions = _bins_and_fractions(block, mapped.lowest, mapped.bins_per_unit)
        np.clip(fractions, 0, 1, out=fractions)
        fractions *= steps[bins]
        fractions += mapped.at_edges[bins]
        block[...] = fractions


def _blocks_of(flat: np.ndarray) -> list[np.ndarray]:
    return [flat[start : start + _BLOCK] for start in range(0, flat.size, _BLOCK)]


def _bins_and_fractions(
    block: np.ndarray, lowest: float, bins_per_unit: float
) -> tuple[np.ndarray, np.ndarray]:
    position = block.astype(np.float64)
    position -= lowest
    position *= bins_per_unit
    bins = np.clip(position.astype(np.intp), 0, _LEVELS - 1)
    position -= bins
    return bins, position


def _densities_at_edges(counts: np.ndarray, profile: SyntheticProfile) -> np.ndarray:
    voxels = int(counts.sum())
    below = np.concatenate([[0], np.cumsum(counts)])
    # Half a voxel from either end, where the normal distribution is still finite.
    ranks = np.clip(below, 0.5, voxels - 0.5) / voxels
    normal = NormalDist()
    return np.array([_density(normal.inv_cdf(rank), profile) for rank in ranks.tolist()])


def _density(deviation: float, profile: SyntheticProfile) -> float:
    if deviation < 0:
        deviation *= profile.dark_tail(-deviation)
    return profile.median + profile.scale * deviation


def rounded_to_counts(volume: np.ndarray, counts_per_density: float) -> None:
    """Scale to counts, round, and cut off at what int16 can hold, in place."""
    volume *= np.float32(counts_per_density)
    np.rint(volume, out=volume)
    limits = np.iinfo(np.int16)
    np.clip(volume, limits.min, limits.max, out=volume)
