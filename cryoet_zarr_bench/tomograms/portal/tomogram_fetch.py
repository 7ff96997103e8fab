"""Fetching one tomogram of the portal into the cache, or finding it there."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from cryoet_zarr_bench.common.refusals import refused
from cryoet_zarr_bench.common.whole_files import write_whole
from cryoet_zarr_bench.measured.prepared_tomogram import (
    PreparedTomogram,
    sidecar_path,
    sidecar_text,
)
from cryoet_zarr_bench.tomograms.cache.cache_bound import cache_limit, keep_within_bound
from cryoet_zarr_bench.tomograms.cache.cache_entries import (
    cannot_write,
    dashboard_name,
    take_in_use,
)
from cryoet_zarr_bench.tomograms.cache.fetched_entries import (
    HeldPlaces,
    find_held,
    locked,
    open_held,
    places_of,
    portal_folder,
    remember,
    remove_entry,
    remove_unfinished,
    write_record,
)
from cryoet_zarr_bench.tomograms.crop_boxes import Box, Crop, crop_of
from cryoet_zarr_bench.tomograms.fetch_progress import Progress, Unwatched
from cryoet_zarr_bench.tomograms.portal.box_download import Download, Downloaded
from cryoet_zarr_bench.tomograms.portal.bucket_objects import CannotKeep, PortalObjects
from cryoet_zarr_bench.tomograms.portal.portal_answers import PortalAnswers
from cryoet_zarr_bench.tomograms.portal.portal_records import PortalTomogram, folder_of, provenance
from cryoet_zarr_bench.tomograms.portal.portal_settings import PortalSettings, portal_settings
from cryoet_zarr_bench.tomograms.portal.provenance import origin_record
from cryoet_zarr_bench.tomograms.portal.stored_layout import LevelLayout, read_level, read_ome_zarr
from cryoet_zarr_bench.tomograms.portal.tomogram_choice import choose
from cryoet_zarr_bench.tomograms.tomogram_sources import PortalSource


@dataclass(frozen=True)
class _Request:
    """The tomogram to fetch: `crop` of the level that `source` names."""

    source: PortalSource
    crop: Crop
    thorough: bool
    settings: PortalSettings
    progress: Progress


def fetch(
    source: PortalSource,
    crop: str | None,
    progress: Progress | None = None,
    *,
    thorough: bool = False,
) -> PreparedTomogram:
    """Give a tomogram of the portal that lies ready on disk, fetching it where it does not yet.

    What the cache holds is opened without a call to the network.

    Args:
        source: which tomogram, and its level.
        crop: `z,y,x`, voxels to keep around the centre; `full` keeps all, None `DEFAULT_CROP`; or a
            box, see `crop_of`.
        progress: told how far it is.
        thorough: compare the SHA-256 of what the cache holds, however large it is.

    Raises:
        AmbiguousChoice: several tomograms are meant.
        BadInput: it cannot be had, in one line. The cache has nothing of it then but what was moved
            already, which is checked again before it is used.
    """
    settings = portal_settings()
    cache_limit()  # a bad one is refused before anything is moved
    request = _Request(source, crop_of(crop), thorough, settings, progress or Unwatched())
    held = find_held(settings.graphql_url, source, request.crop, thorough)
    if held is not None:
        return held
    missing = [name for name in ("cryoet_data_portal", "s3fs") if find_spec(name) is None]
    if missing:
        raise refused("portal", f"needs {', '.join(missing)}", "install cryoet-zarr-bench[portal]")
    answers = PortalAnswers(settings)
    tomogram = choose(answers, source)
    try:
        prepared = _to_the_end(_fetched(request, answers, tomogram))
    except (CannotKeep, OSError) as error:
        reason = error.error if isinstance(error, CannotKeep) else error
        raise cannot_write(portal_folder(), reason) from error
    keep_within_bound()
    return prepared


def _to_the_end[Result](work: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine: in a thread of its own where a loop runs in this one, as in a notebook."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    with ThreadPoolExecutor(1) as executor:
        return executor.submit(asyncio.run, work).result()


async def _fetched(
    request: _Request, answers: PortalAnswers, tomogram: PortalTomogram
) -> PreparedTomogram:
    source, settings = request.source, request.settings
    bucket, folder = folder_of(tomogram)
    async with PortalObjects(bucket, settings) as objects:
        ome_zarr = await read_ome_zarr(objects, folder)
        layout = await read_level(objects, ome_zarr, source.level, tomogram)
        box = request.crop.box(layout.shape, str(source))
        places = places_of(
            settings.graphql_url, tomogram.id, source.level, box, source.missing_chunks_are_fill
        )
        async with locked(places, request.progress):
            prepared = open_held(places, request.thorough)
            if prepared is None:
                remove_entry(places)
                unfinished, progress = places.unfinished, request.progress
                download = Download(objects, ome_zarr, tomogram, layout, box, unfinished, progress)
                whose = provenance(answers, tomogram)
                downloaded = await download.run(source.missing_chunks_are_fill)
                record = origin_record(settings, tomogram, whose, objects, layout, box, downloaded)
                prepared = _keep(places, tomogram, layout, (request.crop, box), downloaded, record)
            crops = [request.crop]
            if request.crop.start is None:
                crops.append(Crop((box.shape[0], box.shape[1], box.shape[2])))
            remember(settings.graphql_url, source, tomogram.id, crops, places)
    return prepared


def _keep(
    places: HeldPlaces,
    tomogram: PortalTomogram,
    layout: LevelLayout,
    part: tuple[Crop, Box],
    downloaded: Downloaded,
    record: dict[str, object],
) -> PreparedTomogram:
    """Make an entry of what was downloaded. Its description is written last, so it counts then."""
    crop, box = part
    cropped = box.shape != layout.array.shape
    level = f" level {layout.level}" if layout.level else ""
    name = f"{tomogram.run_name} {tomogram.voxel_spacing:g}A portal {tomogram.id}{level}"
    z, y, x = box.shape
    kept = f"{z},{y},{x}" if crop.start is None else str(crop)
    prepared = PreparedTomogram(
        path=places.npy,
        name=dashboard_name(name, box.shape, cropped),
        shape=(z, y, x),
        dtype="float32",
        voxel_spacing=layout.spacing,
        sha256=downloaded.sha256,
        source=f"portal:tomogram/{tomogram.id}::{layout.level} crop {kept}",
    )
    downloaded.path.replace(places.npy)
    write_record(places, record)
    write_whole(sidecar_path(places.npy), sidecar_text(prepared))
    with suppress(OSError):
        remove_unfinished(places)
    take_in_use(prepared)
    return prepared
