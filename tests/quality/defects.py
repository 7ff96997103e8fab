"""Faults that are put into good tomograms, each with the name of the check that has to find it."""

from collections.abc import Callable

import numpy as np


def nan_slab(volume: np.ndarray) -> None:
    volume[volume.shape[0] // 2] = np.nan


def infinite_voxel(volume: np.ndarray) -> None:
    volume[3, 4, 5] = -np.inf


def zeroed_chunk(volume: np.ndarray) -> None:
    volume[16:32, 16:32, 16:32] = 0


def zeroed_block_off_the_grid(volume: np.ndarray) -> None:
    volume[13:24, 5:16, 21:32] = 0


def block_of_one_density(volume: np.ndarray) -> None:
    volume[2:18, 30:46, 7:23] = volume.max() * np.float32(0.3)


def zeroed_slice(volume: np.ndarray) -> None:
    volume[volume.shape[0] // 3] = 0


def clipped_above(volume: np.ndarray) -> None:
    np.minimum(volume, np.percentile(volume, 99.5).astype(volume.dtype), out=volume)


def clipped_below(volume: np.ndarray) -> None:
    np.maximum(volume, np.percentile(volume, 0.5).astype(volume.dtype), out=volume)


def gain_of_the_rest(volume: np.ndarray) -> None:
    volume[volume.shape[0] // 2 :] *= np.float32(1.3)


def gain_of_one_slice(volume: np.ndarray) -> None:
    volume[volume.shape[0] // 2] *= np.float32(1.3)


def offset_of_the_rest(volume: np.ndarray) -> None:
    volume[volume.shape[0] // 2 :] += np.float32(0.2) * volume.std()


def shifted_slice(volume: np.ndarray) -> None:
    place = volume.shape[0] // 2
    volume[place] = np.roll(volume[place], (3, -2), (0, 1))


def shifted_rest(volume: np.ndarray) -> None:
    place = volume.shape[0] // 2
    volume[place:] = np.roll(volume[place:], 4, 2)


def duplicated_slice(volume: np.ndarray) -> None:
    place = volume.shape[0] // 2
    volume[place] = volume[place - 1]


def duplicate_from_afar(volume: np.ndarray) -> None:
    volume[volume.shape[0] // 2] = volume[2]


def scaled_copy(volume: np.ndarray) -> None:
    place = volume.shape[0] // 2
    volume[place] = np.float32(1.25) * volume[place - 1]


def lattice_of_8_bits(volume: np.ndarray) -> None:
    lowest, highest = volume.min(), volume.max()
    step = (highest - lowest) / np.float32(255)
    volume[...] = np.rint((volume - lowest) / step) * step + lowest


def hot_voxels(volume: np.ndarray) -> None:
    volume.reshape(-1)[::20_011] = 300 * volume.std()


FAILING: dict[Callable[[np.ndarray], None], str] = {
    nan_slab: "NaN and infinity",
    infinite_voxel: "NaN and infinity",
    zeroed_chunk: "constant blocks",
    zeroed_block_off_the_grid: "constant blocks",
    block_of_one_density: "constant blocks",
    zeroed_slice: "constant blocks",
    clipped_above: "clipping",
    clipped_below: "clipping",
    gain_of_the_rest: "gain step",
    gain_of_one_slice: "gain step",
    offset_of_the_rest: "offset step",
    shifted_slice: "shifted slices",
    shifted_rest: "shifted slices",
    duplicated_slice: "duplicated slices",
    duplicate_from_afar: "duplicated slices",
    scaled_copy: "duplicated slices",
}

WARNING: dict[Callable[[np.ndarray], None], str] = {
    lattice_of_8_bits: "source precision",
    hot_voxels: "farthest voxel",
}
