"""Tomograms prepared once and kept: the host side, before anything is measured.

Each is kept as a `.npy` file with its description, which a measured environment opens by
`prepared_tomogram.open_prepared`.
"""

import hashlib
import json
import math
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cryoet_zarr_bench.common.refusals import check_memory, refused
from cryoet_zarr_bench.common.whole_files import whole_file, write_whole
from cryoet_zarr_bench.measured.prepared_tomogram import (
    PREPARED_FORMAT,
    PreparedTomogram,
    sidecar_path,
    sidecar_text,
)
from cryoet_zarr_bench.tomograms import synthetic
from cryoet_zarr_bench.tomograms.cache.cache_bound import cache_limit, keep_within_bound
from cryoet_zarr_bench.tomograms.cache.cache_entries import (
    cache_directory,
    cannot_write,
    dashboard_name,
    open_in_use,
    take_in_use,
)
from cryoet_zarr_bench.tomograms.cache.entry_locks import folder_locked, held_while_made
from cryoet_zarr_bench.tomograms.formats.format_detection import is_zarr
from cryoet_zarr_bench.tomograms.formats.open_tomogram import OpenTomogram
from cryoet_zarr_bench.tomograms.formats.slabs import ArraySlabs
from cryoet_zarr_bench.tomograms.synthetic_profiles import profile_called
from cryoet_zarr_bench.tomograms.synthetic_slabs import (
    LARGE,
    SyntheticSlabs,
    cast_densities,
    memory_of_slabs,
)
from cryoet_zarr_bench.tomograms.tomogram_sources import (
    FileSource,
    PortalSource,
    SyntheticSource,
    parse_crop,
    parse_source,
    shape_text,
)

_Opened = ArraySlabs | SyntheticSlabs | OpenTomogram

READING_VERSION = 2
"""Raise it when a reader gives other voxels or another spacing for the same file than before."""

if TYPE_CHECKING:
    from cryoet_zarr_bench.tomograms.fetch_progress import Progress


def prepare(
    source: str | None, crop: str | None, progress: "Progress | None" = None
) -> PreparedTomogram:
    """Give a tomogram that lies ready on disk, preparing it where it does not yet.

    It is found again by what it was made from: for files their size and time of change too. An
    entry that is damaged is prepared again. Processes may prepare the same one at once. One of the
    portal that is there already is opened without a call to the network. Then the entries that were
    used longest ago go until the cache is within its bound: none that a process uses, and this one
    is used while what is given here is alive.

    Args:
        source: see `tomogram_sources`; None is `tomogram_sources.DEFAULT_SOURCE`.
        crop: `z,y,x`, voxels to keep around the centre. None keeps all, but of a tomogram of the
            portal `crop_boxes.DEFAULT_CROP`, because whole ones have gigabytes; `full` keeps all.
        progress: told what is fetched from the portal.

    Raises:
        BadInput: the source cannot be used, the crop does not fit it, or it cannot be written.
    """
    wanted = parse_source(source)
    cache_limit()  # a bad one is refused before anything is read
    if isinstance(wanted, PortalSource):
        from cryoet_zarr_bench.tomograms.portal.tomogram_fetch import fetch

        return fetch(wanted, crop, progress)
    shape_of_crop = parse_crop(crop)
    state = source_state(wanted)
    npy_path = cache_directory() / f"{_key(wanted, state, shape_of_crop)}.npy"
    kept = open_in_use(npy_path)
    if kept is not None:
        return kept
    with _opened(wanted) as tomogram:
        box = centred_box(shape_of_crop, tomogram.shape, wanted)
        prepared = _store(npy_path, tomogram, box, wanted, state)
    keep_within_bound()
    return prepared


def source_state(source: SyntheticSource | FileSource) -> str:
    """All that decides the voxels and is not in the text of the source."""
    if isinstance(source, SyntheticSource):
        # Another numpy may have another random stream.
        return f"synthesis {synthetic.SYNTHESIS_VERSION} numpy {np.__version__}"
    try:
        if not is_zarr(source.path):
            return f"reading {READING_VERSION} {_size_and_time(source.path)}"
        digest = hashlib.sha256(f"reading {READING_VERSION}".encode())
        for folder, subfolders, names in os.walk(source.path):
            subfolders.sort()
            for name in sorted(names):
                path = Path(folder, name)
                digest.update(f"{path}\0{_size_and_time(path)}\0".encode(errors="surrogateescape"))
        return digest.hexdigest()
    except OSError as error:
        raise refused(source.path, f"cannot be read ({error.strerror})", "check it") from error


def refuse_changed(source: SyntheticSource | FileSource, state: str) -> None:
    """Raise BadInput if a source is not what it was at `state` any more."""
    if source_state(source) != state:
        raise refused(str(source), "changed while it was read", "try again when it is complete")


def _size_and_time(path: Path) -> str:
    status = path.stat()
    return f"{status.st_size} {status.st_mtime_ns}"


def _key(
    source: SyntheticSource | FileSource, state: str, shape_of_crop: tuple[int, int, int] | None
) -> str:
    text = json.dumps([PREPARED_FORMAT, str(source), state, shape_of_crop])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


@contextmanager
def _opened(source: SyntheticSource | FileSource) -> Iterator[_Opened]:
    if isinstance(source, FileSource):
        with source.open() as tomogram:
            yield tomogram
        return
    slabs = SyntheticSlabs(source.profile, source.shape, source.seed, source.cast)
    voxels = math.prod(source.shape)
    if voxels > LARGE:
        check_memory(str(source), memory_of_slabs(source.shape))
        yield slabs
        return
    check_memory(str(source), synthetic.PEAK_MEMORY_FACTOR * 4 * voxels)
    profile = profile_called(source.profile, source.seed)
    data = synthetic.synthesize(source.profile, source.shape, source.seed)
    data = cast_densities(data, profile, source.cast)
    yield ArraySlabs(data, slabs.name, slabs.voxel_spacing, planes=data.shape[0])


def centred_box(
    kept: tuple[int, int, int] | None,
    shape: tuple[int, int, int],
    source: SyntheticSource | FileSource,
) -> tuple[slice, slice, slice]:
    """The box of a centred crop; all of it where None is kept."""
    if kept is None:
        kept = shape
    if any(n > length for n, length in zip(kept, shape, strict=True)):
        raise refused(
            str(source),
            f"the crop {','.join(map(str, kept))} is larger than the tomogram, {shape_text(shape)}",
            "give a smaller crop z,y,x",
        )
    z, y, x = (
        slice((length - n) // 2, (length - n) // 2 + n)
        for n, length in zip(kept, shape, strict=True)
    )
    return z, y, x


def _slabs_of(tomogram: _Opened, box: tuple[slice, slice, slice]) -> Iterator[np.ndarray]:
    """The box from its first plane to its last, in slabs of planes that are stored together."""
    along, rows, columns = box
    start = along.start
    while start < along.stop:
        stop = min((start // tomogram.planes + 1) * tomogram.planes, along.stop)
        yield tomogram[slice(start, stop), rows, columns]
        start = stop


def _store(
    npy_path: Path,
    tomogram: _Opened,
    box: tuple[slice, slice, slice],
    source: SyntheticSource | FileSource,
    state: str,
) -> PreparedTomogram:
    """Stream the box into an entry; in memory is one slab at a time."""
    z, y, x = (along.stop - along.start for along in box)
    cropped = (z, y, x) != tomogram.shape
    digest = hashlib.sha256()
    header = {"descr": tomogram.dtype.str, "fortran_order": False, "shape": (z, y, x)}
    prepared = PreparedTomogram(
        path=npy_path,
        name=dashboard_name(tomogram.name, (z, y, x), cropped),
        shape=(z, y, x),
        dtype=tomogram.dtype.name,
        voxel_spacing=tomogram.voxel_spacing,
        sha256="",
        source=f"{source} crop {z},{y},{x}" if cropped else str(source),
        notes=tomogram.notes,
    )
    try:
        npy_path.parent.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            with whole_file(npy_path) as file:
                stack.enter_context(held_while_made(file))
                np.lib.format.write_array_header_1_0(file, header)
                for slab in _slabs_of(tomogram, box):
                    voxels = slab.reshape(-1).view(np.uint8)
                    digest.update(voxels)
                    file.write(voxels)  # unlike ndarray.tofile, this says why it failed
                refuse_changed(source, state)
                file.flush()
                os.fsync(file.fileno())
                stack.enter_context(folder_locked(npy_path.parent, exclusive=False))
                prepared = replace(prepared, sha256=digest.hexdigest())
                # Before the voxels get their name: no kill leaves any without what says whose.
                written = replace(prepared, path=Path(file.name))
                write_whole(sidecar_path(npy_path), sidecar_text(written))
            take_in_use(prepared)
    except OSError as error:
        raise cannot_write(npy_path.parent, error, z * y * x * tomogram.dtype.itemsize) from error
    return prepared
