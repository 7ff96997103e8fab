"""A tomogram of a survey, opened so that single regions of it can be read, wherever it lies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from cryoet_zarr_bench.common.refusals import check_memory
from cryoet_zarr_bench.common.voxel_spacing import Spacing
from cryoet_zarr_bench.storage.boxes import Box
from cryoet_zarr_bench.tomograms.preparation import prepare, refuse_changed, source_state
from cryoet_zarr_bench.tomograms.tomogram_sources import FileSource, PortalSource, parse_source

_COPIES = 2
"""Times a region that reading it takes: what is decoded, and what is given."""


@dataclass(frozen=True, eq=False)
class OpenedSource:
    """A tomogram that is open: shape z, y, x in voxels, spacing in angstrom, and how it is read."""

    name: str
    shape: tuple[int, int, int]
    dtype: np.dtype
    voxel_spacing: Spacing | None
    read: Callable[[Box], np.ndarray]


@contextmanager
def opened_source(source: str, whole: bool) -> Iterator[OpenedSource]:
    """Open a tomogram to read regions of it.

    A file is read where it is, a made one from the cache. Of the portal a whole one is fetched into
    the cache first, else only what each region needs.

    Args:
        source: as `tomogram_sources` has it.
        whole: whether all of it will be read.

    Raises:
        BadInput: it cannot be had; at the end, where a file was changed meanwhile.
    """
    wanted = parse_source(source)
    if isinstance(wanted, FileSource):
        state = source_state(wanted)
        with wanted.open() as found:
            yield OpenedSource(
                found.name, found.shape, found.dtype, found.voxel_spacing, found.__getitem__
            )
        refuse_changed(wanted, state)
    elif isinstance(wanted, PortalSource) and not whole:
        yield _part_by_part(wanted)
    else:
        prepared = prepare(source, "full")
        voxels = prepared.load(mmap=True)

        def read(box: Box) -> np.ndarray:
            part = voxels[box]
            check_memory(source, _COPIES * part.nbytes)
            return np.array(part)

        spacing = prepared.voxel_spacing
        yield OpenedSource(prepared.name, prepared.shape, voxels.dtype, spacing, read)


def _part_by_part(wanted: PortalSource) -> OpenedSource:
    """A tomogram of the portal, of which each box is fetched when it is read."""
    from cryoet_zarr_bench.tomograms.portal.portal_answers import PortalAnswers
    from cryoet_zarr_bench.tomograms.portal.portal_settings import portal_settings
    from cryoet_zarr_bench.tomograms.portal.tomogram_choice import choose

    record = choose(PortalAnswers(portal_settings()), wanted)
    shape = record.shape if wanted.level == 0 else record.level_shapes[wanted.level]

    def read(box: Box) -> np.ndarray:
        crop = ",".join(f"{side.start}:{side.stop}" for side in box)
        return np.array(prepare(str(wanted), crop).load(mmap=True))

    name = f"{record.run_name} {record.voxel_spacing:g}A portal {record.id}"
    return OpenedSource(name, shape, np.dtype("float32"), (record.voxel_spacing,) * 3, read)
