"""Tomograms prepared once and kept: the host side, before anything is measured.

Each is kept as a `.npy` file with its description, which a measured environment opens by
`prepared.open_prepared`.
"""

import hashlib
import json
import math
import os
import re
from pathlib import Path

import numpy as np

from cryoet_zarr_bench.errors import BadInput
from cryoet_zarr_bench.tomograms import synthetic
from cryoet_zarr_bench.tomograms.files import is_zarr, read_volume
from cryoet_zarr_bench.tomograms.prepared import (
    PREPARED_FORMAT,
    PreparedTomogram,
    open_prepared,
    sidecar_path,
    sidecar_text,
)
from cryoet_zarr_bench.tomograms.refusal import check_memory, refused
from cryoet_zarr_bench.tomograms.sources import (
    FileSource,
    SyntheticSource,
    parse_crop,
    parse_source,
    shape_text,
)
from cryoet_zarr_bench.tomograms.volume import Volume
from cryoet_zarr_bench.whole_files import whole_file, write_whole

CACHE_VARIABLE = "CRYOET_CACHE_DIR"
_LONGEST_NAME = 80
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9 ._+-]")


def cache_directory() -> Path:
    """The folder of prepared tomograms: `CRYOET_CACHE_DIR`, else the platform's cache folder."""
    chosen = os.environ.get(CACHE_VARIABLE)
    if chosen:
        return Path(chosen).expanduser().absolute()
    from platformdirs import user_cache_path

    return user_cache_path("cryoet-zarr-bench")


def prepare(source: str | None, crop: str | None) -> PreparedTomogram:
    """Give a tomogram that lies ready on disk, preparing it where it does not yet.

    It is found again by what it was made from: for files their size and time of change too. An
    entry that is damaged is prepared again. Processes may prepare the same one at once.

    Args:
        source: see `sources`; None is `sources.DEFAULT_SOURCE`.
        crop: `z,y,x`, voxels to keep around the centre; None keeps all.

    Raises:
        BadInput: the source cannot be used, the crop does not fit it, or it cannot be written.
    """
    wanted = parse_source(source)
    shape_of_crop = parse_crop(crop)
    state = _state(wanted)
    npy_path = cache_directory() / f"{_key(wanted, state, shape_of_crop)}.npy"
    try:
        return open_prepared(npy_path)
    except BadInput:
        pass  # not there yet, or damaged
    volume = _obtain(wanted)
    if _state(wanted) != state:
        raise refused(str(wanted), "changed while it was read", "try again when it is complete")
    data = _cropped(volume.data, shape_of_crop, wanted)
    return _store(npy_path, data, volume, wanted)


def _state(source: SyntheticSource | FileSource) -> str:
    """All that decides the voxels and is not in the text of the source."""
    if isinstance(source, SyntheticSource):
        # Another numpy may have another random stream.
        return f"synthesis {synthetic.SYNTHESIS_VERSION} numpy {np.__version__}"
    try:
        if not is_zarr(source.path):
            return _size_and_time(source.path)
        digest = hashlib.sha256()
        for folder, subfolders, names in os.walk(source.path):
            subfolders.sort()
            for name in sorted(names):
                path = Path(folder, name)
                digest.update(f"{path}\0{_size_and_time(path)}\0".encode(errors="surrogateescape"))
        return digest.hexdigest()
    except OSError as error:
        raise refused(source.path, f"cannot be read ({error.strerror})", "check it") from error


def _size_and_time(path: Path) -> str:
    status = path.stat()
    return f"{status.st_size} {status.st_mtime_ns}"


def _key(
    source: SyntheticSource | FileSource, state: str, shape_of_crop: tuple[int, int, int] | None
) -> str:
    text = json.dumps([PREPARED_FORMAT, str(source), state, shape_of_crop])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _obtain(source: SyntheticSource | FileSource) -> Volume:
    if isinstance(source, FileSource):
        return read_volume(
            source.path,
            level=source.level,
            missing_chunks_are_fill=source.missing_chunks_are_fill,
        )
    bytes_of_volume = 4 * math.prod(source.shape)
    check_memory(str(source), synthetic.PEAK_MEMORY_FACTOR * bytes_of_volume)
    data = synthetic.synthesize(source.profile, source.shape, source.seed)
    spacing = synthetic.PROFILES[source.profile].voxel_spacing
    seed = f" seed {source.seed}" if source.seed else ""
    return Volume(data, (spacing, spacing, spacing), f"synthetic {source.profile}{seed}")


def _cropped(
    data: np.ndarray,
    shape_of_crop: tuple[int, int, int] | None,
    source: SyntheticSource | FileSource,
) -> np.ndarray:
    """Cut out the centre."""
    if shape_of_crop is None:
        return data
    if any(kept > length for kept, length in zip(shape_of_crop, data.shape, strict=True)):
        crop = ",".join(map(str, shape_of_crop))
        raise refused(
            str(source),
            f"the crop {crop} is larger than the tomogram, {shape_text(data.shape)}",
            "give a smaller crop z,y,x",
        )
    starts = [(n - kept) // 2 for n, kept in zip(data.shape, shape_of_crop, strict=True)]
    box = tuple(
        slice(start, start + kept) for start, kept in zip(starts, shape_of_crop, strict=True)
    )
    return np.ascontiguousarray(data[box])


def _dashboard_name(name: str, shape: tuple[int, ...], cropped: bool) -> str:
    """The shape is kept whole; a long file name loses its middle."""
    ending = f" {shape_text(shape)}{' crop' if cropped else ''}"
    name = _NOT_IN_NAMES.sub("_", name)
    room = _LONGEST_NAME - len(ending)
    if len(name) > room:
        tail = 20
        name = f"{name[: room - tail - 2]}..{name[-tail:]}"
    return name + ending


def _store(
    npy_path: Path, data: np.ndarray, volume: Volume, source: SyntheticSource | FileSource
) -> PreparedTomogram:
    voxels = data.reshape(-1).view(np.uint8)
    z, y, x = data.shape
    cropped = data.shape != volume.data.shape
    prepared = PreparedTomogram(
        path=npy_path,
        name=_dashboard_name(volume.name, data.shape, cropped),
        shape=(z, y, x),
        dtype=data.dtype.name,
        voxel_spacing=volume.voxel_spacing,
        sha256=hashlib.sha256(voxels).hexdigest(),
        source=f"{source} crop {z},{y},{x}" if cropped else str(source),
    )
    header = np.lib.format.header_data_from_array_1_0(data)
    try:
        npy_path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(npy_path) as file:
            np.lib.format.write_array_header_1_0(file, header)
            file.write(voxels)  # unlike ndarray.tofile, this says why it failed
        write_whole(sidecar_path(npy_path), sidecar_text(prepared))
    except OSError as error:
        raise refused(
            npy_path.parent,
            f"cannot write a prepared tomogram of {data.nbytes} bytes ({error.strerror})",
            f"make room there or set {CACHE_VARIABLE} to another folder",
        ) from error
    return prepared
