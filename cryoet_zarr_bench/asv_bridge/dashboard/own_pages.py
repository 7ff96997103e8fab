"""The published dashboard: asv's own, with every asset local, and pages of answers before it.

asv finds these classes by their base class and calls them when it publishes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from asv.publishing import OutputPublisher

from cryoet_zarr_bench.asv_bridge.dashboard.patched_pages import (
    ALL_GRAPHS,
    DOCS,
    FIRST_PAGE,
    copy_assets,
    docs_page,
    first_page,
    patched_page,
)
from cryoet_zarr_bench.asv_bridge.dashboard.patched_scripts import patch_scripts
from cryoet_zarr_bench.releases.announced_changes import load_announced
from cryoet_zarr_bench.reports.pages.layouts_page import layouts_content
from cryoet_zarr_bench.reports.pages.method_page import method_content
from cryoet_zarr_bench.reports.pages.release_pairs import ReleasePairs
from cryoet_zarr_bench.reports.pages.releases_page import releases_content
from cryoet_zarr_bench.reports.pages.survey_page import survey_content
from cryoet_zarr_bench.reports.pages.tomograms_page import tomograms_content
from cryoet_zarr_bench.reports.pages.verdict_evidence import noise_content, verdict_content


class Measured(OutputPublisher):
    """Leaves out the benchmarks that no result has a figure of: the pages would ask for graphs."""

    name = "measured"
    button_label = ""
    description = ""
    order = -1

    @classmethod
    def publish(cls, conf: Any, repo: Any, benchmarks: Any, graphs: Any, revisions: Any) -> None:
        """Drop them before any page or index is made of them."""
        measured = {graph.benchmark_name for _, graph in graphs}
        for name in benchmarks.keys() - measured:
            del benchmarks[name]


class LocalAssets(OutputPublisher):
    """Makes the pages load from their own folder all that asv would load from elsewhere."""

    name = "localassets"
    button_label = ""
    description = ""
    order = 90

    @classmethod
    def publish(cls, conf: Any, repo: Any, benchmarks: Any, graphs: Any, revisions: Any) -> None:
        """Copy the assets into the html folder, and put this project's page before asv's."""
        html = Path(conf.html_dir)
        copy_assets(html)
        asvs = html / FIRST_PAGE
        (html / ALL_GRAPHS).write_text(patched_page(asvs.read_text()))
        asvs.write_text(first_page())
        (html / DOCS).write_text(docs_page())
        # asv shows it where a foreign host does not answer, and there is none any more.
        (html / "error.html").unlink()
        patch_scripts(html)


class OwnPages(OutputPublisher):
    """Writes what this project's pages show."""

    name = "ownpages"
    button_label = ""
    description = ""
    order = 91

    @classmethod
    def publish(cls, conf: Any, repo: Any, benchmarks: Any, graphs: Any, revisions: Any) -> None:
        """Write what the pages read, `releases.json` and the others, into the html folder."""
        results, html = Path(conf.results_dir), Path(conf.html_dir)
        content = releases_content(results)
        series = [(each["machine"], each["tomogram"], each["python"]) for each in content["series"]]
        _write_compact(html / "releases.json", content)
        _write_compact(html / "noise.json", noise_content(results, series))
        _write_compact(html / "verdicts.json", verdict_content(results, load_announced()))
        _write_compact(html / "method.json", method_content(results))
        _write_compact(html / "survey.json", survey_content(results))
        for folder in ("layouts", "pairs", "tomograms"):
            (html / folder).mkdir(exist_ok=True)
        for name, content in layouts_content(results).items():
            _write_compact(html / "layouts" / f"{name}.json", content)
        described, pictures = tomograms_content(results)
        _write_compact(html / "tomograms" / "index.json", described)
        for name, picture in pictures.items():
            (html / "tomograms" / name).write_bytes(picture)
        pairs = ReleasePairs(results)
        for tag in pairs.tags:
            _write_compact(html / "pairs" / f"{tag}.json", pairs.of(tag))
        _write_compact(html / "pairs" / "index.json", pairs.index())


def _write_compact(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, separators=(",", ":"), allow_nan=False))
