"""The two pages of a dashboard: this project's own, and asv's with every asset local.

asv's plugins can write files beside its page, not change what the page loads or shows first.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from cryoet_zarr_bench import reports
from cryoet_zarr_bench.asv_bridge.dashboard.patched_scripts import replaced

ASSETS = Path(reports.__file__).with_name("assets")

FIRST_PAGE, ALL_GRAPHS, DOCS = "index.html", "all-graphs.html", "docs.html"
"""The page of this project, and asv's."""

PAGES = (
    ("", "Answer"),
    ("recommend", "Recommend"),
    ("layouts", "Layouts"),
    ("cost", "Cost"),
    ("explore", "Explore"),
    ("releases", "Releases"),
    ("compare", "Compare"),
    ("verdicts", "Verdicts"),
    ("tomograms", "Tomograms"),
    ("survey", "Survey"),
    ("method", "Method"),
)
"""The pages of this project: the name in an address, and the title of the tab."""

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


def first_page() -> str:
    """This project's page, with its tabs, under the content security policy."""
    tabs = "\n          ".join(f'<li><a href="#/{name}">{title}</a></li>' for name, title in PAGES)
    return replaced(_own_page(FIRST_PAGE), "PAGES", tabs)


def docs_page() -> str:
    """The page that leads to the documentation, under the content security policy."""
    return _own_page(DOCS)


def _own_page(name: str) -> str:
    page = (ASSETS / name).read_text(encoding="utf-8")
    return replaced(page, "CONTENT_SECURITY_POLICY", CONTENT_SECURITY_POLICY)


def patched_page(page: str) -> str:
    """Change asv's `index.html`; RuntimeError if it is not that of the pinned version."""
    return _with_policy(_with_way_back(_with_local_assets(page)))


def copy_assets(html: Path) -> None:
    """Copy scripts, styles and vendored libraries into the folder of a dashboard."""
    shutil.copytree(ASSETS / "vendor", html / "vendor")
    shutil.copytree(ASSETS / "all_graphs", html, dirs_exist_ok=True)
    aside = shutil.ignore_patterns("vendor", "all_graphs", FIRST_PAGE, DOCS, "__pycache__")
    shutil.copytree(ASSETS, html / "dashboard", ignore=aside)


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


def _with_way_back(page: str) -> str:
    """The page with this project's additions, and a tab that leads to its own page."""
    additions = (
        # Scripts wait for the styles before them: a style that came later would hide the page.
        '<link href="legible.css" rel="stylesheet">',
        '<script src="buttons.js"></script>',
        '<script type="module" src="legible.js"></script>',
    )
    page = replaced(page, "</head>", "\n    ".join((*additions, "</head>")))
    back = f'<li><a href="{FIRST_PAGE}">Answers</a></li>\n\t'
    page = replaced(page, '<li id="nav-li-"', f'{back}<li id="nav-li-"')
    title = "<title>airspeed velocity</title>"
    return replaced(page, title, "<title>All graphs \u2013 cryoet-zarr-bench</title>")


def _with_policy(page: str) -> str:
    """The page under the content security policy, without the script that asv has in it."""
    page, found = re.subn(
        r"<script type=\"text/javascript\">.*?</script>\s*", "", page, flags=re.DOTALL
    )
    if found != 1 or "function js_load_failure" in page:
        raise RuntimeError(f"asv's page has {found} scripts in it, not one")
    policy = f'<meta http-equiv="Content-Security-Policy" content="{CONTENT_SECURITY_POLICY}">'
    encoding = '<meta http-equiv="Content-Type" content="text/html; charset=utf-8">'
    return replaced(page, encoding, f"{encoding}\n    {policy}")
