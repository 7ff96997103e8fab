"""The published dashboard: asv's own, with every asset local, and pages of answers before it.

asv finds these classes by their base class and calls them when it publishes.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

from asv.publishing import OutputPublisher

from cryoet_zarr_bench import reports
from cryoet_zarr_bench.releases.announced_changes import load_announced
from cryoet_zarr_bench.reports.pages.first_page import overview
from cryoet_zarr_bench.reports.pages.verdict_evidence import noise_content, verdict_content

ASSETS = Path(reports.__file__).with_name("assets")

_SCRIPTS = (
    "buttons.js",
    "first-page.js",
    "evidence.js",
    "overview.js",
    "verdicts.js",
    "legible.js",
)
_STYLES = ("overview.css", "verdicts.css", "legible.css")
_STYLE_IDS = {"overview.css": ' id="vega-embed-style"'}
"""By its id vega-embed knows that its style is there, and puts none into the page."""

_LOCAL_NAMES = {
    "jquery.flot.min.js": "jquery.flot.js",
    "jquery.flot.time.min.js": "jquery.flot.time.js",
    "jquery.flot.selection.min.js": "jquery.flot.selection.js",
    "jquery.flot.categories.min.js": "jquery.flot.categories.js",
    "stupidtable.min.js": "stupidtable.min.js",
    "jquery-3.3.1.min.js": "jquery.min.js",
}
"""asv's names of assets on content delivery networks -> the names of the same ones here."""

_BOOTSTRAP = tuple(
    f"bootstrap.{plugin}.js" for plugin in ("transition", "modal", "dropdown", "tooltip", "popover")
)
"""What asv's pages use of bootstrap.min.js; popovers are made of tooltips."""

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        # Colours of legends and places of labels are attributes in what flot and asv write.
        "style-src-attr 'unsafe-inline'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
    )
)
"""What the published pages may load and run: files of their own folder, no script in a page."""

_REMOTE_ASSET = re.compile(r"<(script|link)\b[^>]*?(?:src|href)=\"https://[^\"]*/([^/\"]+)\"[^>]*>")


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
        """Copy the assets into the html folder and point `index.html` at them."""
        html = Path(conf.html_dir)
        shutil.copytree(ASSETS / "vendor", html / "vendor")
        for name in (*_SCRIPTS, *_STYLES):
            shutil.copy(ASSETS / name, html / name)
        index = html / "index.html"
        page = _with_overview(_with_local_assets(index.read_text()))
        index.write_text(_with_policy(page))
        graphs_script = html / "graphdisplay.js"
        script = _with_closed_tags(_with_releases(graphs_script.read_text()))
        graphs_script.write_text(_with_reference_popover(script))
        hover_script = html / "asv_ui.js"
        hover_script.write_text(_with_small_graphs_to_the_right(hover_script.read_text()))


def _with_local_assets(page: str) -> str:
    """The page with each asset of a foreign host replaced by the local one."""

    def local(match: re.Match[str]) -> str:
        tag, name = match.groups()
        names = _BOOTSTRAP if name == "bootstrap.min.js" else (_LOCAL_NAMES.get(name, name),)
        if not all((ASSETS / "vendor" / each).is_file() for each in names):
            raise RuntimeError(f"asv's page loads {match[0]}, of which there is no local copy")
        if tag == "link":
            return f'<link rel="stylesheet" href="vendor/{names[0]}">'
        return "</script>\n    ".join(f'<script src="vendor/{each}">' for each in names)

    return _REMOTE_ASSET.sub(local, page)


def _with_overview(page: str) -> str:
    """The page with overview and verdicts as first tabs, shown where the address names no other."""
    vendored = ("vendor/vega.min.js", "vendor/vega-lite.min.js", "vendor/vega-embed.min.js")
    head = "\n    ".join(
        [
            # Scripts wait for the styles before them: a style that came later would hide the page.
            *(
                f'<link href="{name}" rel="stylesheet"{_STYLE_IDS.get(name, "")}>'
                for name in _STYLES
            ),
            *(f'<script src="{name}"></script>' for name in (*vendored, *_SCRIPTS)),
        ]
    )
    head += "\n  </head>"
    tabs = "".join(
        f'<li id="nav-li-{name}"><a href="#/{name}">{title}</a></li>\n\t'
        for name, title in (("overview", "Overview"), ("verdicts", "Verdicts"))
    )
    body = '<div id="overview-display"></div>\n    <div id="verdicts-display"></div>\n  </body>'
    page = _replaced_once(page, "</head>", head)
    page = _replaced_once(page, '<li id="nav-li-"', f'{tabs}<li id="nav-li-"')
    page = _replaced_once(page, "</body>", body)
    title = "<title>airspeed velocity</title>"
    return _replaced_once(page, title, "<title>cryoet-zarr-bench</title>")


def _with_policy(page: str) -> str:
    """The page under the content security policy, without the script that asv has in it."""
    page, found = re.subn(
        r"<script type=\"text/javascript\">.*?</script>\s*", "", page, flags=re.DOTALL
    )
    if found != 1 or "function js_load_failure" in page:
        raise RuntimeError(f"asv's page has {found} scripts in it, not one")
    policy = f'<meta http-equiv="Content-Security-Policy" content="{CONTENT_SECURITY_POLICY}">'
    encoding = '<meta http-equiv="Content-Type" content="text/html; charset=utf-8">'
    return _replaced_once(page, encoding, f"{encoding}\n    {policy}")


def _with_closed_tags(script: str) -> str:
    """asv's script with a tag closed that newer versions of jQuery leave open."""
    return _replaced_once(script, '<b class="caret-right"/>', '<b class="caret-right"></b>')


def _with_reference_popover(script: str) -> str:
    """asv's script, which itself shows and hides what it says beside the button `reference`.

    By default a click does it as well, and bootstrap 3.4 does not count the click that made it.
    """
    created = "placement: 'top',\n                    container: 'body'});"
    script = _replaced_once(script, created, created.replace("'body'", "'body', trigger: 'manual'"))
    released = "if (!reference_scale) {\n                reference = 1.0;"
    return _replaced_once(script, released, f"{released} $('#reference').popover('hide');")


def _with_small_graphs_to_the_right(script: str) -> str:
    """asv's script with the small graphs of links where bootstrap 3.1 drew them.

    It took `left auto` for the left of the table's cell, where nothing fits. Bootstrap 3.4 takes
    it for the left of the window, where the panel of parameters covers them.
    """
    return _replaced(script, "placement: 'left auto',", "placement: 'right',", times=2)


def _with_releases(script: str) -> str:
    """asv's script of graphs, changed in two ways.

    It begins with each release's own pair, not all columns; and each line of a graph says which
    cell it is of, so that `legible.js` can draw its band.
    """
    script = _replaced_once(script, "axisLabel = 'commits'", "axisLabel = 'releases'")
    own_pair = "else if ($.inArray(null, values) >= 0) { state[param] = [null]; }"
    only_branch = "if (param == 'branch') {\n                        state[param] = [values[0]];"
    script = _replaced_once(
        script,
        f"{only_branch}\n                    }}",
        f"{only_branch}\n                    }} {own_pair}",
    )
    path = "all.push([$.asv.graph_to_path(current_benchmark, perm),"
    contents = f"{path}\n                              graph_contents"
    script = _replaced_once(script, f"{contents}]);", f"{contents}, perm]);")
    label = "label: graph_content[1],"
    cell = "benchmark: current_benchmark, cell: graph_content[0], state: item[2],"
    return _replaced_once(script, label, f"{label} {cell}")


def _replaced_once(text: str, old: str, new: str) -> str:
    """The text with `old`, which asv 0.6.6 has there once, replaced."""
    return _replaced(text, old, new, times=1)


def _replaced(text: str, old: str, new: str, times: int) -> str:
    """The text with `old`, which asv 0.6.6 has there so many times, replaced."""
    if text.count(old) != times:
        raise RuntimeError(f"asv's dashboard has {text.count(old)} times {old!r}, not {times}")
    return text.replace(old, new)


class Overview(OutputPublisher):
    """Writes the figures and verdicts that the first pages show."""

    name = "overview"
    button_label = "Show the overview"
    description = "Which storage config is best, and what each release changed"
    order = 91

    @classmethod
    def publish(cls, conf: Any, repo: Any, benchmarks: Any, graphs: Any, revisions: Any) -> None:
        """Write `overview.json`, `noise.json` and `verdicts.json` into the html folder."""
        results, html = Path(conf.results_dir), Path(conf.html_dir)
        content = overview(results)
        series = [(each["machine"], each["tomogram"], each["python"]) for each in content["series"]]
        _write_compact(html / "overview.json", content)
        _write_compact(html / "noise.json", noise_content(results, series))
        _write_compact(html / "verdicts.json", verdict_content(results, load_announced()))


def _write_compact(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, separators=(",", ":"), allow_nan=False))
