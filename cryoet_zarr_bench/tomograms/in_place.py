"""Tomograms read where they are: without a copy in the cache, however large they are.

That is possible where voxels lie one after the other in a file: MRC, `.npy`, plain TIFF. What has
to be decoded, made or fetched is prepared once, and read from the cache.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from cryoet_zarr_bench.common.voxel_spacing import Spacing
from cryoet_zarr_bench.tomograms.cache.cache_entries import dashboard_name
from cryoet_zarr_bench.tomograms.formats.flat_voxels import FlatVoxels
from cryoet_zarr_bench.tomograms.formats.open_tomogram import OpenTomogram
from cryoet_zarr_bench.tomograms.formats.slabs import ArraySlabs, Slabs
from cryoet_zarr_bench.tomograms.preparation import (
    centred_box,
    prepare,
    refuse_changed,
    source_state,
)
from cryoet_zarr_bench.tomograms.tomogram_sources import FileSource, parse_crop, parse_source


@dataclass(eq=False)
class _BoxOfFile:
    """The slabs of a box of an open file, of which a digest is made as they are read in order."""

    tomogram: OpenTomogram
    box: tuple[slice, slice, slice]
    name: str
    _planes_hashed: int = 0
    _digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Voxels along z, y, x."""
        z, y, x = (along.stop - along.start for along in self.box)
        return z, y, x

    @property
    def dtype(self) -> np.dtype:
        """The dtype in native byte order."""
        return self.tomogram.dtype

    @property
    def voxel_spacing(self) -> Spacing | None:
        """Angstrom along z, y, x; None if the source does not say."""
        return self.tomogram.voxel_spacing

    @property
    def planes(self) -> int:
        """The number of planes that are best read at once."""
        return min(self.tomogram.planes, self.shape[0])

    def __getitem__(self, box: tuple[slice, slice, slice]) -> np.ndarray:
        """A box z, y, x of the box, in C order and native byte order."""
        z, y, x = (
            slice(outer.start + start, outer.start + stop)
            for outer, along in zip(self.box, box, strict=True)
            for start, stop, _ in [along.indices(outer.stop - outer.start)]
        )
        return self.tomogram[z, y, x]

    def read(self, start: int, stop: int) -> np.ndarray:
        """The planes from `start` up to `stop` along z, in C order and native byte order."""
        slab = self[slice(start, stop), slice(None), slice(None)]
        if start == self._planes_hashed:
            self._digest.update(slab.reshape(-1).view(np.uint8))
            self._planes_hashed = stop
        return slab

    def sha256(self) -> str:
        """Of the voxels' bytes in C order; they have to have been read in order."""
        if self._planes_hashed != self.shape[0]:
            raise RuntimeError(f"{self._planes_hashed} of {self.shape[0]} planes were read")
        return self._digest.hexdigest()


@dataclass(frozen=True, eq=False)
class ReadTomogram:
    """A tomogram that is open to be read, and what it is of.

    `source` is what it is read from, written out in full. `notes` say which rule was used where it
    leaves open what it holds.
    """

    slabs: Slabs
    source: str
    known_sha256: str | None
    notes: tuple[str, ...] = ()

    def sha256(self) -> str:
        """Of the voxels' bytes in C order, once all planes were read in order."""
        if self.known_sha256 is not None:
            return self.known_sha256
        assert isinstance(self.slabs, _BoxOfFile)
        return self.slabs.sha256()


@contextmanager
def open_in_place(source: str | None, crop: str | None) -> Iterator[ReadTomogram]:
    """Open a tomogram to be read plane by plane, where it is if that is possible.

    Args:
        source: see `sources`; None is `tomogram_sources.DEFAULT_SOURCE`.
        crop: `z,y,x`, voxels to keep around the centre; all without it.

    Raises:
        BadInput: as `preparation.prepare`; at the end too, where the source was changed meanwhile.
    """
    wanted = parse_source(source)
    if isinstance(wanted, FileSource):
        state = source_state(wanted)
        with wanted.open() as tomogram:
            if isinstance(tomogram.voxels, FlatVoxels):
                box = centred_box(parse_crop(crop), tomogram.shape, wanted)
                yield _in_place(tomogram, box, str(wanted))
                refuse_changed(wanted, state)
                return
    prepared = prepare(source, crop)
    array = prepared.load(mmap=True)
    slabs = ArraySlabs(array, prepared.name, prepared.voxel_spacing)
    yield ReadTomogram(slabs, prepared.source, prepared.sha256, prepared.notes)


def _in_place(tomogram: OpenTomogram, box: tuple[slice, slice, slice], source: str) -> ReadTomogram:
    z, y, x = (along.stop - along.start for along in box)
    cropped = (z, y, x) != tomogram.shape
    slabs = _BoxOfFile(tomogram, box, dashboard_name(tomogram.name, (z, y, x), cropped))
    described = f"{source} crop {z},{y},{x}" if cropped else source
    return ReadTomogram(slabs, described, None, tomogram.notes)
