"""The record that is kept beside a fetched tomogram: what it is, whose, from where, and by what."""

from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

from cryoet_zarr_bench.tomograms.crop_boxes import Box
from cryoet_zarr_bench.tomograms.portal.box_download import Downloaded
from cryoet_zarr_bench.tomograms.portal.bucket_objects import PortalObjects
from cryoet_zarr_bench.tomograms.portal.portal_records import PortalTomogram, Provenance
from cryoet_zarr_bench.tomograms.portal.portal_settings import PortalSettings
from cryoet_zarr_bench.tomograms.portal.stored_layout import LevelLayout

LICENCE = "CC0 1.0"
LICENCE_STATED_IN = "https://cryoetdataportal.czscience.com/data-submission-policy"
"""The portal's records have no field for it; the policy (of 2024-04-10) has all that is public."""

_PACKAGES = (
    "cryoet-zarr-bench",
    "cryoet-data-portal",
    "s3fs",
    "aiobotocore",
    "zarr",
    "numcodecs",
    "numpy",
)


def origin_record(
    settings: PortalSettings,
    tomogram: PortalTomogram,
    whose: Provenance,
    objects: PortalObjects,
    layout: LevelLayout,
    box: Box,
    downloaded: Downloaded,
) -> dict[str, object]:
    """Say all that is known of a tomogram that was fetched, for JSON; lengths are in angstrom."""
    return {
        "portal": {"graphql_url": settings.graphql_url, **asdict(tomogram), **asdict(whose)},
        "source": objects.url(layout.folder),
        "endpoint": objects.endpoint,
        "level": layout.level,
        "axes": ["z", "y", "x"],
        "dtype": layout.array.dtype.str,
        "fill_value": float(layout.array.fill_value),
        "shape_of_level": layout.array.shape,
        "box": {"start": box.start, "shape": box.shape},
        "voxel_spacing": layout.spacing,
        "sha256": downloaded.sha256,
        "metadata_etags": layout.metadata,
        "objects": [asdict(each) for each in downloaded.objects],
        "chunks_taken_as_fill_value": downloaded.filled,
        "licence": LICENCE,
        "licence_stated_in": LICENCE_STATED_IN,
        "fetched": datetime.now(UTC).isoformat(timespec="seconds"),
        "packages": {name: _version(name) for name in _PACKAGES},
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
