"""What a worker does of a batch: one tomogram converted, checked, or fetched."""

from __future__ import annotations

from pathlib import Path

from cryoet_zarr_bench.api.converting import convert
from cryoet_zarr_bench.api.inspecting import inspected
from cryoet_zarr_bench.common.voxel_spacing import Spacing
from cryoet_zarr_bench.common.whole_files import write_whole
from cryoet_zarr_bench.conversion.conversion_request import StoreOptions
from cryoet_zarr_bench.quality.quality_findings import report_json
from cryoet_zarr_bench.tomograms.portal.tomogram_fetch import fetch
from cryoet_zarr_bench.tomograms.tomogram_sources import PortalSource, parse_source


def convert_one(
    source: str,
    target: str,
    options: StoreOptions,
    voxel_spacing: str | None,
    level: int | None,
    overwrite: bool,
) -> str:
    """Convert a tomogram; what was made, in words."""
    Path(target).parent.mkdir(parents=True, exist_ok=True)
    made = convert(
        source, target, options, voxel_spacing=voxel_spacing, level=level, overwrite=overwrite
    )
    return f"ratio {made.raw_bytes / made.target_bytes:.3f}"


def check_one(source: str, report: str) -> str:
    """Check the quality of a tomogram, write the report as JSON and as a page; its verdict."""
    from cryoet_zarr_bench.reports.pages.quality_page import page_html

    file = Path(report)
    with inspected(source, None, lambda done, total: None) as found:
        page = page_html(found)
    # The report is written last: who has it has the page.
    write_whole(file.with_suffix(".html"), page)
    write_whole(file, report_json(found.report))
    return found.report.verdict


def fetch_one(source: str, crop: str | None, target: str | None) -> str:
    """Fetch a tomogram of the portal into the cache, and into a file if one is named."""
    wanted = parse_source(source)
    assert isinstance(wanted, PortalSource)
    found = fetch(wanted, crop)
    if target is not None:
        Path(target).parent.mkdir(parents=True, exist_ok=True)
        convert(str(found.path), target, voxel_spacing=_angstrom(found.voxel_spacing))
    return found.name


def _angstrom(spacing: Spacing | None) -> tuple[float, float, float] | None:
    if spacing is None or None in spacing:
        return None
    z, y, x = (float(side or 0) for side in spacing)
    return z, y, x
