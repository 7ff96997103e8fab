"""The voxels of one array in a Zarr folder, read part by part and without following it outside."""

import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import EllipsisType
from typing import BinaryIO

import numpy as np

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.refusals import refused
from cryoet_zarr_bench.tomograms.formats.foreign_contents import pointer_refusal
from cryoet_zarr_bench.tomograms.formats.zarr.folder_bounds import FolderBounds
from cryoet_zarr_bench.tomograms.formats.zarr.zarr_chunks import decode
from cryoet_zarr_bench.tomograms.formats.zarr.zarr_metadata import StoredArray
from cryoet_zarr_bench.tomograms.formats.zarr.zarr_pipeline import SHARD_INDEX_DTYPE

_LEFT_OUT = np.iinfo(SHARD_INDEX_DTYPE).max  # offset and length of a chunk that a shard lacks


@dataclass(frozen=True)
class ZarrLevel:
    """An array of which any box along z, y, x is read by slices: `level[0:16, :, :]`.

    Whatever order its axes are stored in, here they are z, y, x. `bounds` are those of the folder
    that the user gave, `folder` is that of the array. A chunk that is not there reads as the fill
    value: whoever opens a level looks for those first.
    """

    bounds: FolderBounds
    folder: Path
    stored: StoredArray

    @property
    def shape(self) -> tuple[int, int, int]:
        """Voxels along z, y, x."""
        return self._along_z_y_x(self.stored.shape)

    @property
    def dtype(self) -> np.dtype:
        """The dtype in native byte order."""
        return self.stored.dtype.newbyteorder("=")

    @property
    def nbytes(self) -> int:
        """The bytes of all voxels."""
        z, y, x = self.shape
        return z * y * x * self.dtype.itemsize

    @property
    def chunks(self) -> tuple[int, int, int]:
        """Voxels along z, y, x of what is decoded at once."""
        return self._along_z_y_x(self.stored.chunks)

    @property
    def shards(self) -> tuple[int, int, int] | None:
        """Voxels along z, y, x of a shard, None if there are none."""
        return None if self.stored.shards is None else self._along_z_y_x(self.stored.shards)

    def _along_z_y_x(self, lengths: tuple[int, ...]) -> tuple[int, int, int]:
        z, y, x = (lengths[axis] for axis in self.stored.spatial_axes)
        return z, y, x

    def __getitem__(self, slices: tuple[slice, ...] | slice | EllipsisType) -> np.ndarray:
        """Read a box in C order and native byte order; a slice may be left out at the end.

        Raises:
            BadInput: a chunk file is damaged, or not a file within the folder.
            OSError: it cannot be read.
            IndexError: what is given are not up to three slices without a step.
        """
        given = () if slices is ... else slices if isinstance(slices, tuple) else (slices,)
        box = _box(given, self.shape)
        voxels = np.full([part.stop - part.start for part in box], self.stored.fill_value)
        for index in _overlapping(box, self.shards or self.chunks):
            path = self.folder / self.stored.key(self._stored_index(index))
            try:
                self.bounds.check(path)
            except FileNotFoundError:
                continue
            with path.open("rb") as file:
                for chunk_index, chunk in self._chunks(file, path, index, box):
                    _put(chunk, chunk_index, voxels, box)
        return voxels

    def _stored_index(self, index: tuple[int, ...]) -> tuple[int, ...]:
        """An index along z, y, x as one along all axes of the array; the others have one step."""
        stored = [0] * len(self.stored.shape)
        for axis, along in zip(self.stored.spatial_axes, index, strict=True):
            stored[axis] = along
        return tuple(stored)

    def _chunks(
        self, file: BinaryIO, path: Path, index: tuple[int, ...], box: tuple[range, ...]
    ) -> Iterator[tuple[tuple[int, ...], np.ndarray]]:
        """The chunks of one stored object that overlap a box, with their index in the array."""
        largest = self.stored.largest_stored_chunk
        if self.shards is None:
            yield index, self._voxels(file.read(largest + 1), str(path))
            return
        table = self._shard_table(file, path)
        starts = [n * length for n, length in zip(index, self.shards, strict=True)]
        part = tuple(
            range(max(start, wanted.start), min(start + length, wanted.stop))
            for start, length, wanted in zip(starts, self.shards, box, strict=True)
        )
        for chunk_index in _overlapping(part, self.chunks):
            within = tuple(
                n - start // length
                for n, start, length in zip(chunk_index, starts, self.chunks, strict=True)
            )
            offset, length = (int(n) for n in table[self._stored_index(within)])
            if (offset, length) != (_LEFT_OUT, _LEFT_OUT):
                where = f"{path}: chunk {within} of the shard"
                if length > largest or offset + length > file.seek(0, os.SEEK_END):
                    raise refused(where, "is not within it", "copy or download it again")
                file.seek(offset)
                yield chunk_index, self._voxels(file.read(length), where)

    def _shard_table(self, file: BinaryIO, path: Path) -> np.ndarray:
        """Offset and length of each inner chunk, in the last axis, by its index in the shard."""
        shard_index, shards = self.stored.pipeline.shard_index, self.stored.shards
        assert shard_index is not None and shards is not None
        size = shard_index.chain.largest_stored
        file.seek(0 if shard_index.at_start else max(0, file.seek(0, os.SEEK_END) - size))
        table = decode(shard_index.chain, file.read(size), f"{path}: index of the shard")
        counts = [shard // chunk for shard, chunk in zip(shards, self.stored.chunks, strict=True)]
        return table.view(SHARD_INDEX_DTYPE).reshape(*counts, 2)

    def _voxels(self, stored: bytes, where: str) -> np.ndarray:
        """A chunk with the axes z, y, x: time and channel have one step, whatever the chunk has."""
        try:
            voxels = self.stored.decode(stored, where)
        except BadInput as error:
            raise pointer_refusal(where, stored) or error from None
        spatial = self.stored.spatial_axes
        others = [axis for axis in range(voxels.ndim) if axis not in spatial]
        first: np.ndarray = voxels.transpose(*others, *spatial)[(0,) * len(others)]
        return first


def _box(slices: tuple[slice, ...], shape: tuple[int, ...]) -> tuple[range, ...]:
    given = [*slices, *[slice(None)] * (len(shape) - len(slices))]
    if len(given) != len(shape) or any(
        not isinstance(each, slice) or each.step not in (None, 1) for each in given
    ):
        raise IndexError(f"{slices} are not up to three slices without a step")
    starts_and_stops = (each.indices(n)[:2] for each, n in zip(given, shape, strict=True))
    return tuple(range(start, max(start, stop)) for start, stop in starts_and_stops)


def _overlapping(box: tuple[range, ...], steps: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """The indices of the chunks of shape `steps` that a box is made of."""
    return itertools.product(
        *(
            range(part.start // step, -(-part.stop // step) if part else part.start // step)
            for part, step in zip(box, steps, strict=True)
        )
    )


def _put(
    chunk: np.ndarray, index: tuple[int, ...], voxels: np.ndarray, box: tuple[range, ...]
) -> None:
    """Copy what a chunk and a box have in common to its place in the voxels of the box."""
    source, target = [], []
    for n, length, part in zip(index, chunk.shape, box, strict=True):
        start, stop = max(n * length, part.start), min((n + 1) * length, part.stop)
        source.append(slice(start - n * length, stop - n * length))
        target.append(slice(start - part.start, stop - part.start))
    voxels[tuple(target)] = chunk[tuple(source)]
