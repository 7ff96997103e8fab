"""Documents and charts of hostile names: rendered, they hold no tag, link or cell of a name."""

import json
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import made_up_evidence as evidence
import made_up_storage as storage
import pytest
from markdown_it import MarkdownIt

from cryoet_zarr_bench.analysis.changes.announced_outcomes import announced_rows
from cryoet_zarr_bench.analysis.changes.release_verdicts import (
    announced_markdown,
    verdict_markdown,
    verdict_rows,
)
from cryoet_zarr_bench.analysis.changes.verdict_steps import read_verdicts
from cryoet_zarr_bench.analysis.pooled_measurements import Pooled
from cryoet_zarr_bench.analysis.result_reader import Cell
from cryoet_zarr_bench.analysis.tomogram_figures import TomogramFigures
from cryoet_zarr_bench.common.shown_text import for_terminal
from cryoet_zarr_bench.releases.announced_changes import AnnouncedChange
from cryoet_zarr_bench.reports.documents.cost_document import cost_report
from cryoet_zarr_bench.reports.documents.portability_document import portability_report
from cryoet_zarr_bench.reports.documents.storage_document import (
    storage_charts,
    storage_report,
)

RESULTS = Path(__file__).resolve().parents[2] / "results"
NASTY = (
    "<img/src=x/onerror=hit()>|`|[x](https://e.vil)![x](e.vil)&lt;**b**__c__~~d~~$e$\n\n# f\n"
    "\x1b[31m\u202e\udcff\\"
)
RENDER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


class Rendered(HTMLParser):
    """A document as a reader sees it: its tags and its text, rows with as many cells as heads."""

    def __init__(self, markdown: str):
        super().__init__()
        self.tags: list[str] = []
        self.sources: list[str] = []
        self.text = ""
        markdown.encode()
        assert all(letter.isprintable() or letter == "\n" for letter in markdown)
        self.feed(RENDER.render(markdown))

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.sources += [value for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data):
        self.text += data

    def shows(self, name: str) -> bool:
        return for_terminal(name) in self.text

    def holds_only(self, *tags: str) -> bool:
        return set(self.tags) <= {"table", "thead", "tbody", "tr", "th", "td", "p", *tags}

    @property
    def cells_a_row(self) -> float:
        rows = [tag for tag in self.tags if tag == "tr"]
        return sum(tag in ("th", "td") for tag in self.tags) / len(rows)


def test_verdicts(tmp_path):
    cells = [evidence.changed(1.3, NASTY)]
    lines = [
        evidence.step(NASTY, NASTY, cells, python=NASTY),
        evidence.step("zarr-3.1.3", NASTY, [], reason=NASTY),
    ]
    (tmp_path / "machine").mkdir()
    evidence.write_lines(tmp_path / "machine" / "verdicts.jsonl", lines)
    rows = verdict_rows(read_verdicts(tmp_path))
    found = Rendered(verdict_markdown(rows))
    assert found.shows(NASTY) and found.holds_only("strong")
    assert found.cells_a_row == found.tags.count("th")


@pytest.mark.parametrize(
    ("source", "is_linked"),
    [("https://fine.example/a#b", True), ("https://e.vil) ![x](y", False), ("javascript:x", False)],
)
def test_announced_changes(source, is_linked):
    change = AnnouncedChange(
        *("zarr", NASTY, NASTY, source, True, NASTY, (), "", "slower", "zarr-3.1.6")
    )
    found = Rendered(announced_markdown(announced_rows([change], [])))
    assert found.shows(NASTY) and found.holds_only("a")
    assert found.sources == ([source] if is_linked else [])
    assert found.cells_a_row == 5


def test_storage_and_its_chart():
    odd = Cell(NASTY, NASTY, 3)
    figures = {
        name: {**cells, odd: next(iter(cells.values())) * 1.5}
        for name, cells in {**storage.core(), **storage.other_questions()}.items()
    }
    result = replace(storage.release(figures, NASTY), file_system=NASTY, profile=NASTY)
    tomograms = [TomogramFigures.of(Pooled(result, 1, 1.2))]
    found = Rendered(storage_report(RESULTS, storage.MACHINE, tomograms))
    assert found.shows(NASTY)
    assert found.holds_only("h1", "h2", "img", "a", "strong", "ul", "li", "code")
    assert found.tags.count("img") == 1 and found.tags.count("h2") == 1
    assert all(each.startswith(("storage-", "layouts.md")) for each in found.sources)
    ((name, svg),) = storage_charts(tomograms).items()
    assert name.isascii() and "/" not in name
    parts = {element.tag.rpartition("}")[2] for element in ElementTree.fromstring(svg).iter()}
    assert parts <= {"svg", "rect", "g", "text", "path", "line"}
    labels = [each.get("aria-label", "") for each in ElementTree.fromstring(svg).iter()]
    assert any(for_terminal(NASTY) in label for label in labels)


# Results that hold what is no text, as a byte that is no UTF-8, are left out.
LETTERS = NASTY.replace("\udcff", "")


def test_portability(tmp_path):
    (tmp_path / "m").mkdir()
    found = {
        "missing": {LETTERS: LETTERS},
        "versions": {"zarr-python": LETTERS},
        "configs": [],
        "outcomes": {"zarr-python": {"zarr-python": "012"}},
        "reasons": {LETTERS: {LETTERS: ["zarr-python bz2-5_4x8x8_v3"]}},
        "impossible": {LETTERS: {LETTERS: LETTERS}},
        "failed": {LETTERS: {LETTERS: LETTERS}},
    }
    record = {"release": "zarr-3.4.2", "portability": found}
    (tmp_path / "m" / "a-py3.12.record.jsonl").write_text(json.dumps(record))
    page = Rendered(portability_report(tmp_path, "m"))
    assert page.shows(LETTERS) and page.sources == []
    assert page.holds_only("h1", "h2", "h3", "code", "strong")


def test_cost(tmp_path):
    (tmp_path / "m").mkdir()
    spread = {"median": 1.1, "p90": 1.2, "cells": 3}
    setting = {"profile": LETTERS, "setting": LETTERS, "cells": 4, "seconds": [1.0, 2.0]}
    setting |= {"cpu": spread, "wall": spread, "over_chosen": None, "load": 1.0}
    (tmp_path / "m" / "settings.jsonl").write_text(json.dumps(setting))
    (tmp_path / "m" / "machine.json").write_text(
        json.dumps(
            {
                "cpu": LETTERS,
                "num_cpu": LETTERS,
                "os": LETTERS,
                "machine": "m",
                "ram": "1",
                "version": 1,
            }
        )
    )
    page = Rendered(cost_report(tmp_path, "m"))
    assert page.shows(LETTERS) and page.sources == []
    assert page.holds_only("h1", "h2", "code")
    assert page.cells_a_row == 13
