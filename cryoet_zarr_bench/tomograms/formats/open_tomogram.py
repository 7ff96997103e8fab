"""Tomograms in files, whatever their format, opened to be read part by part."""

import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import numpy as np

from cryoet_zarr_bench.common.refusals import check_memory, refused
from cryoet_zarr_bench.common.voxel_spacing import Spacing
from cryoet_zarr_bench.tomograms.formats.flat_voxels import FlatVoxels
from cryoet_zarr_bench.tomograms.formats.format_detection import Kind, kind_of, refusing
from cryoet_zarr_bench.tomograms.formats.mrc import ByteSign
from cryoet_zarr_bench.tomograms.formats.mrc_annotations import (
    NO_ANNOTATIONS,
    MrcAnnotations,
    read_annotations,
)
from cryoet_zarr_bench.tomograms.formats.slabs import BoxVoxels
from cryoet_zarr_bench.tomograms.formats.tiff_pages import TiffPages, voxels_of


@dataclass(frozen=True, eq=False)
class OpenTomogram:
    """A tomogram in a file or folder that is open: `Slabs`, of which boxes can be read too.

    `voxel_spacing` is in angstrom along z, y, x, None if the source does not say, also along one
    axis. `stored_together` is the shape of what is best read at once: a chunk, a shard, a page.
    `notes` say which rule was used where the source leaves open what it holds.
    """

    path: Path
    name: str
    voxels: BoxVoxels
    voxel_spacing: Spacing | None
    stored_together: tuple[int, int, int]
    notes: tuple[str, ...] = ()
    read_annotations: Callable[[], MrcAnnotations] = lambda: NO_ANNOTATIONS

    @cached_property
    def annotations(self) -> MrcAnnotations:
        """What an MRC file says beside its voxels, read when asked for; BadInput as for boxes.

        Of an OME-Zarr that was converted from one, what came with it.
        """
        with refusing(self.path):
            return self.read_annotations()

    @property
    def shape(self) -> tuple[int, int, int]:
        """Voxels along z, y, x."""
        return self.voxels.shape

    @property
    def dtype(self) -> np.dtype:
        """The dtype in native byte order."""
        return self.voxels.dtype

    @property
    def planes(self) -> int:
        """The number of planes along z that are best read at once."""
        return self.stored_together[0]

    def read(self, start: int, stop: int) -> np.ndarray:
        """The planes from `start` up to `stop` along z; raises as indexing does."""
        return self[slice(start, stop), slice(None), slice(None)]

    def __getitem__(self, box: tuple[slice, slice, slice]) -> np.ndarray:
        """Read a box z, y, x in C order and native byte order, bit for bit as it is stored.

        Raises BadInput if the source is damaged there, cannot be read any more, or where the
        box does not fit into memory with what has to be decoded for it.
        """
        wanted = math.prod(
            len(range(*along.indices(n))) for along, n in zip(box, self.shape, strict=True)
        )
        decoded = 2 * math.prod(map(min, self.stored_together, self.shape))
        check_memory(self.path, (wanted + decoded) * self.dtype.itemsize)
        with refusing(self.path):
            return self.voxels[box]


@contextmanager
def open_slabs(
    path: str | Path,
    *,
    level: int = 0,
    missing_chunks_are_fill: bool = False,
    byte_sign: ByteSign | None = None,
) -> Iterator[OpenTomogram]:
    """Open a tomogram without reading its voxels.

    MRC files (also tilt and image stacks, as z, y, x), TIFF stacks, `.npy` files, and folders that
    hold OME-Zarr 0.4 or 0.5 or one plain Zarr array. The suffix decides, in either case; any folder
    with Zarr metadata counts as Zarr.

    Boxes and slabs of it are read in memory bounded by their size, and by what the source has
    stored together: for MRC files and `.npy` files in any order of axes, TIFF page by page, Zarr
    chunk by chunk.

    Args:
        path: the file or folder.
        level: the resolution level of an OME-Zarr, 0 for the finest; nothing but 0 elsewhere.
        missing_chunks_are_fill: a chunk that is not on disk is refused, because one that was lost
            looks the same as one left out for holding nothing but the fill value. True says that
            it is the latter. An array without any chunk is refused in either case.
        byte_sign: what the bytes of an MRC file of mode 0 are; None leaves it to its header. It is
            refused where there are no such bytes.

    Raises:
        BadInput: for whatever keeps the volume from being read, in one line: missing, empty,
            truncated, damaged, not three axes, or a dtype that is not one of `ACCEPTED_DTYPES`.
            What is wrong with a chunk or a page is found when it is read.
    """
    path = Path(path)
    with ExitStack() as closing:
        with refusing(path):
            kind = kind_of(path, level)
            if kind != "mrc" and byte_sign is not None:
                raise refused(path, f"has no bytes of MRC that are {byte_sign}", "leave it out")
            if kind == "zarr":
                opened = _open_zarr(path, level, missing_chunks_are_fill)
            elif kind == "mrc":
                opened = _open_mrc(path, byte_sign)
            else:
                opened = _open_other(path, kind, closing)
        yield opened


def _open_zarr(path: Path, level: int, missing_chunks_are_fill: bool) -> OpenTomogram:
    from cryoet_zarr_bench.tomograms.formats.zarr.zarr_folders import open_level

    opened = open_level(path, level, missing_chunks_are_fill)
    together = opened.array.shards or opened.array.chunks
    return OpenTomogram(
        path,
        opened.name,
        opened.array,
        opened.spacing,
        together,
        opened.notes,
        lambda: opened.annotations,
    )


def _open_mrc(path: Path, byte_sign: ByteSign | None) -> OpenTomogram:
    from cryoet_zarr_bench.tomograms.formats.mrc import lay_out_mrc

    found = lay_out_mrc(path, byte_sign)
    together = found.voxels.stored_together
    return OpenTomogram(
        path,
        path.name,
        found.voxels,
        found.voxel_spacing,
        together,
        found.notes,
        partial(read_annotations, path, found.header),
    )


def _open_other(path: Path, kind: Kind, closing: ExitStack) -> OpenTomogram:
    voxels: FlatVoxels | TiffPages
    if kind == "npy":
        from cryoet_zarr_bench.tomograms.formats.npy import lay_out_npy

        voxels, spacing = lay_out_npy(path), None
    else:
        from cryoet_zarr_bench.tomograms.formats.tiff import open_tiff

        file = closing.enter_context(open_tiff(path))
        voxels, spacing = voxels_of(file), file.voxel_spacing
    return OpenTomogram(path, path.name, voxels, spacing, voxels.stored_together)


@dataclass(frozen=True, eq=False)
class Volume:
    """Densities with their voxel spacing.

    `data` has the axes z, y, x, native byte order and the dtype of the file. `voxel_spacing` is in
    angstrom along z, y, x; None if the file does not say.
    """

    data: np.ndarray
    voxel_spacing: Spacing | None
    name: str


def read_volume(
    path: str | Path, *, level: int = 0, missing_chunks_are_fill: bool = False
) -> Volume:
    """Read a whole tomogram into memory, bit for bit as it is in the file.

    Raises:
        BadInput: as `open_slabs` does, whose arguments these are, and as reading a
            box of it does.
    """
    with open_slabs(path, level=level, missing_chunks_are_fill=missing_chunks_are_fill) as tomogram:
        data = tomogram.read(0, tomogram.shape[0])
        return Volume(data, tomogram.voxel_spacing, tomogram.name)
