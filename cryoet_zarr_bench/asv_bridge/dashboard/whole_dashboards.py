"""The dashboard is published beside the one that is there, checked, and takes its place as a whole.

asv by itself removes the folder first: a fault or a kill would leave half a dashboard.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

from asv.commands.publish import Publish
from asv.util import UserError

from cryoet_zarr_bench.analysis.result_reader import read_results
from cryoet_zarr_bench.asv_bridge.dashboard.patched_pages import ALL_GRAPHS, FIRST_PAGE
from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.json_lines import UNUSABLE
from cryoet_zarr_bench.common.refusals import refused
from cryoet_zarr_bench.common.staged_outputs import staged

DOCUMENTATION = "documentation"
"""The folder of the documentation, where that was built."""

_OF_A_DASHBOARD = ("index.html", "index.json", "graphs")
_DATA = (
    "index.json",
    "info.json",
    "regressions.json",
    "releases.json",
    "verdicts.json",
    "pairs/index.json",
    "layouts/index.json",
    "tomograms/index.json",
    "method.json",
    "survey.json",
)
_LOADED = re.compile(r'<(?:script|link)\b[^>]*?\b(?:src|href)="([^"]+)"')

_run = Publish.run.__func__


def publish_whole() -> None:
    """Make `asv publish` swap the finished dashboard in; asv's plugins only add files to it."""

    def run(cls: type[Publish], conf: Any, range_spec: Any = None, pull: bool = True) -> Any:
        html = Path(conf.html_dir).resolve()
        try:
            _refuse_another_folder(html)
            with staged(html, overwrite=True, work="publication", doing="publishing") as product:
                conf.html_dir = str(product)
                code = _run(cls, conf, range_spec, pull)
                _date_by_results(product / "info.json", Path(conf.results_dir))
                check_dashboard(product)
                _keep_documentation(html, product)
        except BadInput as error:
            raise UserError(str(error)) from error
        finally:
            conf.html_dir = str(html)
        return code

    Publish.run = classmethod(run)


def _date_by_results(info: Path, results: Path) -> None:
    """The date of a dashboard is that of its newest result: publishing it again changes nothing."""
    if not info.is_file():
        return  # a publish that made nothing, which is found next
    newest = max((each.measured_at for each in read_results(results)), default=0)
    told = json.loads(info.read_text(encoding="utf-8"))
    info.write_text(json.dumps({**told, "timestamp": newest}), encoding="utf-8")


def _keep_documentation(before: Path, after: Path) -> None:
    """What `make docs` has put into the dashboard stays in it."""
    if (before / DOCUMENTATION).is_dir():
        shutil.copytree(before / DOCUMENTATION, after / DOCUMENTATION)


def _refuse_another_folder(html: Path) -> None:
    """Raise BadInput if the folder to replace holds something that is no dashboard."""
    if not html.exists():
        html.parent.mkdir(parents=True, exist_ok=True)
    elif not html.is_dir():
        raise refused(html, "is not a folder", "choose another one for the dashboard")
    elif any(html.iterdir()) and not any((html / name).exists() for name in _OF_A_DASHBOARD):
        raise refused(
            html, "has files in it, and is no dashboard", "choose another folder, or empty it"
        )


def check_dashboard(html: Path) -> None:
    """Raise BadInput unless a dashboard has its pages, what they load, and data that can be read.

    Nothing that its pages load may lie elsewhere.
    """
    for name in (FIRST_PAGE, ALL_GRAPHS):
        page = html / name
        if not page.is_file() or 'id="nav"' not in page.read_text(encoding="utf-8"):
            raise _unfinished(f"it has no {name}")
        for loaded in _LOADED.findall(page.read_text(encoding="utf-8")):
            if not (html / loaded).is_file():
                raise _unfinished(f"its page loads {loaded}, which is not in it")
    for name in _DATA:
        try:
            json.loads((html / name).read_text(encoding="utf-8"))
        except (OSError, *UNUSABLE) as error:
            raise _unfinished(f"{name} cannot be read") from error


def _unfinished(problem: str) -> BadInput:
    return refused("the new dashboard", problem, "the one before it stays")
