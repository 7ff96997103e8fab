"""`convert` and `fetch`: tomograms brought into another format, or from the portal."""

from __future__ import annotations

from pathlib import Path

from cryoet_zarr_bench.api.opened_tomogram import Crop, Tomogram, crop_text, open
from cryoet_zarr_bench.api.tomogram_inputs import parsed_config
from cryoet_zarr_bench.common.refusals import refused
from cryoet_zarr_bench.conversion import streamed_conversion
from cryoet_zarr_bench.conversion.conversion_request import StoreOptions, check_request
from cryoet_zarr_bench.conversion.streamed_conversion import Advance, Conversion
from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.tomograms.fetch_progress import Progress
from cryoet_zarr_bench.tomograms.portal.tomogram_fetch import fetch as fetch_from_portal
from cryoet_zarr_bench.tomograms.tomogram_sources import PortalSource, parse_source


def convert(
    source: str | Path,
    target: str | Path,
    config: str | StorageConfig | StoreOptions | None = None,
    *,
    voxel_spacing: float | tuple[float, float, float] | str | None = None,
    level: int | None = None,
    overwrite: bool = False,
    progress: Advance | None = None,
) -> Conversion:
    """Convert MRC, TIFF, OME-TIFF or `.npy` to OME-Zarr, and back, checked bit by bit.

    It streams in bounded memory. The target is there whole, or as it was before.

    Args:
        source: a file or a Zarr folder, or `store.zarr::1` for a level of it.
        target: what to make; its suffix decides: `.zarr`, `.mrc`, `.map`, `.rec`, `.tif`, `.tiff`,
            `.ome.tif`, `.ome.tiff` or `.npy`.
        config: for an OME-Zarr: a name such as `"zstd-5 64x64x64"`, a `StorageConfig`, or
            `StoreOptions`, which also say how many levels; sensible defaults without it. Its
            `byte_sign` is for an MRC: what bytes of its mode 0 are.
        voxel_spacing: angstrom, one number or z, y, x; that of the source without it.
        level: of a source with levels.
        overwrite: whether a target that is there already is replaced.
        progress: called with what is being done, the voxels of it done just now, and all it has.

    Returns:
        A `Conversion`: shape (z, y, x), dtype, config, sizes in bytes, seconds, voxel spacings in
        angstrom as wanted and as the target keeps them; `notes` on how the source was read, and
        what was `left_out`.

    Raises:
        BadInput: the source cannot be used, the target cannot hold it or is there already, or what
            was written is not bit-equal when it is read again.

    Example:
        >>> import numpy as np
        >>> import cryoet_zarr_bench as czb
        >>> np.save("small.npy", np.asarray(czb.open("synthetic:10A@32")))
        >>> made = czb.convert("small.npy", "small.zarr", "zstd-5 16x16x16", voxel_spacing=10.0)
        >>> made.shape, made.kept_spacing
        ((32, 32, 32), (10.0, 10.0, 10.0))
        >>> czb.compare("small.npy", "small.zarr").mse
        0.0
    """
    request = check_request(
        str(source),
        str(target),
        options=_options(config),
        level=level,
        voxel_spacing=_spacing_text(voxel_spacing),
        overwrite=overwrite,
    )
    return streamed_conversion.convert(request, progress)


def _options(config: str | StorageConfig | StoreOptions | None) -> StoreOptions:
    if config is None:
        return StoreOptions()
    if isinstance(config, StoreOptions):
        return config
    config = parsed_config(config)
    return StoreOptions(config.codec.name, config.chunks_text, config.zarr_format)


def _spacing_text(spacing: float | tuple[float, float, float] | str | None) -> str | None:
    if spacing is None or isinstance(spacing, str):
        return spacing
    sides = spacing if isinstance(spacing, tuple) else (spacing,)
    return ",".join(f"{side!r}" for side in sides)


def fetch(
    source: str | PortalSource,
    crop: Crop = None,
    progress: Progress | None = None,
) -> Tomogram:
    """Fetch a tomogram of the CryoET Data Portal into the cache: only the chunks it needs.

    Interrupted, the same call goes on from there; what is in the cache already is not fetched.

    Args:
        source: `portal:DATASET/RUN@SPACING`, such as `portal:10445/TS_100_3@10.012`,
            `portal:tomogram/ID`, each with `::LEVEL` for a coarser level; or a `PortalSource`.
        crop: voxels to keep around the centre, `(z, y, x)` or `"z,y,x"`; 128 x 128 x 128 without
            it; `"full"` for all.
        progress: told what is moved.

    Returns:
        The `Tomogram`, opened.

    Raises:
        BadInput: several or no tomograms are meant, the portal does not answer, or what arrives is
            not what its records say.

    Example:
        >>> import cryoet_zarr_bench as czb
        >>> czb.fetch("EMD-3197.map")
        Traceback (most recent call last):
            ...
        cryoet_zarr_bench.common.errors.BadInput: ...
    """
    wanted = source if isinstance(source, PortalSource) else parse_source(source)
    if not isinstance(wanted, PortalSource):
        raise refused(str(source), "is not of the portal", "give portal:DATASET/RUN@SPACING")
    text = crop_text(crop)
    fetch_from_portal(wanted, text, progress, thorough=True)
    return open(str(wanted), text)
