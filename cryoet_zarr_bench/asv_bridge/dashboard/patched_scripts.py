"""asv's own scripts with strings of them replaced: each patch says which, and why.

asv's plugins can add pages and files to a dashboard, not change what its own scripts do. A patch
whose text asv does not have as often as expected is an error: the version of asv is pinned.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_OWN_PAIR = "else if ($.inArray(null, values) >= 0) { state[param] = [null]; }"
_ONLY_BRANCH = "if (param == 'branch') {\n                        state[param] = [values[0]];"
_PATH = "all.push([$.asv.graph_to_path(current_benchmark, perm),"
_CONTENTS = f"{_PATH}\n                              graph_contents"
_LABEL = "label: graph_content[1],"
_CELL = "benchmark: current_benchmark, cell: graph_content[0], state: item[2],"
_POPOVER = "placement: 'top',\n                    container: 'body'});"
_RELEASED = "if (!reference_scale) {\n                reference = 1.0;"


@dataclass(frozen=True)
class Patch:
    """A string of one of asv's scripts that is replaced wherever it is, `times` in all."""

    script: str
    why: str
    old: str
    new: str
    times: int = 1


PATCHES = (
    Patch(
        "graphdisplay.js",
        "the x-axis is releases",
        "axisLabel = 'commits'",
        "axisLabel = 'releases'",
    ),
    Patch(
        "graphdisplay.js",
        "a graph begins with each release's own pair, not with all columns",
        f"{_ONLY_BRANCH}\n                    }}",
        f"{_ONLY_BRANCH}\n                    }} {_OWN_PAIR}",
    ),
    Patch(
        "graphdisplay.js",
        "each line of a graph knows its parameters, for its noise band in `legible.js`",
        f"{_CONTENTS}]);",
        f"{_CONTENTS}, perm]);",
    ),
    Patch(
        "graphdisplay.js",
        "each line of a graph says which cell it is of, for the same",
        _LABEL,
        f"{_LABEL} {_CELL}",
    ),
    Patch(
        "graphdisplay.js",
        "newer versions of jQuery leave this tag open",
        '<b class="caret-right"/>',
        '<b class="caret-right"></b>',
    ),
    Patch(
        "graphdisplay.js",
        "asv itself shows and hides this popover; bootstrap 3.4 would do it once more at a click",
        _POPOVER,
        _POPOVER.replace("'body'", "'body', trigger: 'manual'"),
    ),
    Patch(
        "graphdisplay.js",
        "a released button says nothing any more",
        _RELEASED,
        f"{_RELEASED} $('#reference').popover('hide');",
    ),
    Patch(
        "summarylist.js",
        "the list begins with each release's own pair: of columns no times are published",
        "state[param] = values[0];",
        "state[param] = $.inArray(null, values) >= 0 ? null : values[0];",
    ),
    Patch(
        "asv_ui.js",
        "bootstrap 3.4 would draw the small graphs of links where the panel covers them",
        "placement: 'left auto',",
        "placement: 'right',",
        times=2,
    ),
)


def patch_scripts(html: Path) -> None:
    """Replace the strings in the scripts of a dashboard's folder.

    Raises RuntimeError if asv's scripts are not those of the pinned version.
    """
    for name in sorted({patch.script for patch in PATCHES}):
        script = (html / name).read_text()
        for patch in PATCHES:
            if patch.script == name:
                script = replaced(script, patch.old, patch.new, patch.times)
        (html / name).write_text(script)


def replaced(text: str, old: str, new: str, times: int = 1) -> str:
    """The text with `old`, which asv 0.6.6 has there so many times, replaced."""
    if text.count(old) != times:
        raise RuntimeError(f"asv's dashboard has {text.count(old)} times {old!r}, not {times}")
    return text.replace(old, new)
