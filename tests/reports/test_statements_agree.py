"""One truth: what is committed says the same of a cell in two releases, wherever it says it.

Every page and document is read for what it says of a benchmark's cell in one release against
another: worse, better, or figures whose difference a reader takes for one. No two may say the
opposite.
"""

import itertools
import json
import re
from collections import defaultdict
from pathlib import Path

import pytest

from cryoet_zarr_bench.releases.catalogue import load_catalogue
from cryoet_zarr_bench.releases.release_commits import commit_of
from cryoet_zarr_bench.verdicts.change_rule import BEYOND, change_of_exact, direction

PROJECT = Path(__file__).resolve().parents[2]
HTML, DOCS = PROJECT / "html", PROJECT / "docs"
CPU = "_cpu"

Mention = tuple[str, str, str, int, str, str]
"""A benchmark without its clock, codec, chunks, format, and the releases a and b."""


def contradictions(mentions):
    """The mentions of which two pages say the opposite: {mention: {page: direction}}."""
    said = defaultdict(dict)
    for page, mention, sign in mentions:
        *cell, a, b = mention
        # B against a is the opposite of a against b.
        key, sign = (mention, sign) if (a, b) < (b, a) else ((*cell, b, a), -sign)
        said[key].setdefault(page, set()).add(sign)
    return {
        mention: pages for mention, pages in said.items() if {1, -1} <= set().union(*pages.values())
    }


def load(name):
    return json.loads((HTML / name).read_text())


def published_series():
    """The series whose pairs are published."""
    index = load("pairs/index.json")
    return index["machine"], index["tomogram"], index["python"]


def key(benchmark, codec, chunks, zarr_format, a, b):
    return benchmark.removesuffix(CPU), codec, chunks, int(zarr_format), a, b


def of_verdicts():
    content = load("verdicts.json")
    words = {"regression": 1, "improvement": -1}
    for step in content["steps"]:
        series = content["series"][step["series"]]
        if (series["machine"], series["tomogram"], series["python"]) != published_series():
            continue
        for row in step["cells"]:
            cell = dict(zip(content["cell_fields"], row, strict=True))
            sign = words.get(cell["verdict"], 0)
            benchmark = content["benchmarks"][cell["benchmark"]]["name"]
            place = cell["codec"], cell["chunks"], cell["format"]
            yield "Verdicts", key(benchmark, *place, step["parent"], step["release"]), sign
    parents = {release.tag: release.parent for release in load_catalogue().releases}
    for row in content["marks"]:
        place, release, benchmark, codec, chunks, zarr_format, sign = row[:7]
        series = content["series"][place]
        if (series["machine"], series["tomogram"], series["python"]) == published_series():
            yield (
                "marks",
                key(benchmark, codec, chunks, zarr_format, parents[release], release),
                sign,
            )


def titles():
    """The benchmarks by their titles, as the page Compare names them."""
    listed = json.loads((PROJECT / "results" / "benchmarks.json").read_text())
    named = defaultdict(list)
    for name, each in listed.items():
        if isinstance(each, dict):
            title = re.sub(r" \((wall time|counted on .*)\)$", "", each.get("pretty_name", name))
            named[title].append(name)
    return {title: names[0] for title, names in named.items()}


def of_pairs():
    index, named = load("pairs/index.json"), titles()
    fields = index["fields"]
    for path in sorted((HTML / "pairs").glob("*-*.json")):
        for a, pair in json.loads(path.read_text()).items():
            for row in pair["figures"]:
                figure = dict(zip(fields, row, strict=False))
                benchmark = named[index["benchmarks"][figure["benchmark"]]]
                codec, rest = index["configs"][figure["config"]].split(" ", 1)
                chunks, zarr_format = rest.rsplit(" v", 1)
                mention = key(benchmark, codec, chunks, zarr_format, a, path.stem)
                yield "Compare", mention, figure["direction"]


def of_regressions():
    index = load("index.json")
    tags = {revision: tag for tag, revision in index["tags"].items()}
    parents = {release.tag: release.parent for release in load_catalogue().releases}
    for name, _, _, _, _, _, jumps in load("regressions.json")["regressions"]:
        benchmark, parameters = re.fullmatch(r"(.*)\((.*)\): \w+", name).groups()
        codec, chunks, zarr_format = (each.strip("' ") for each in parameters.split(", "))
        ((before, after, _, _),) = jumps
        a = tags[before] if before is not None else parents[tags[after]]
        yield "Regressions", key(benchmark, codec, chunks, zarr_format, a, tags[after]), 1


def sign_of(benchmark, before, after, exact):
    """What a reader takes two figures for."""
    if exact:
        return direction(benchmark, change_of_exact(before, after))
    if max(before, after) <= BEYOND * min(before, after):
        return 0
    return 1 if after > before else -1


def of_releases():
    content = load("releases.json")
    releases = [release["tag"] for release in content["releases"]]
    parents = {release["tag"]: release["parent"] for release in content["releases"]}
    found = defaultdict(dict)
    for place, release, benchmark, *cells in content["figures"]:
        series = content["series"][place]
        if (series["machine"], series["tomogram"], series["python"]) != published_series():
            continue
        described = content["benchmarks"][benchmark]
        for config, value, *bounds in cells:
            codec, chunks, zarr_format = content["configs"][config]
            cell = described["name"], codec, chunks, zarr_format
            found[cell][releases[release]] = value, bounds
    for cell, by_release in found.items():
        if "peakmem" in cell[0]:
            continue
        for tag, (value, bounds) in by_release.items():
            if (parent := parents[tag]) in by_release:
                before, others = by_release[parent]
                # Bands that overlap are read as no change.
                if bounds and others and not (bounds[0] > others[1] or bounds[1] < others[0]):
                    continue
                sign = sign_of(cell[0], before, value, ".track_" in cell[0])
                yield "Overview", key(*cell, parent, tag), sign


def of_releases_document():
    text = (DOCS / "releases.md").read_text()
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    headings = [each.strip() for each in lines[0].strip("|").split("|")][2:]
    named = {"write": "write.Write.time_write", "read": "read.Read.time_read_volume"}
    named["XY slice"] = "read.Read.time_read_xy_slice"
    rows = []
    for line in lines[1:]:
        zarr, _, *texts = [each.strip() for each in line.strip("|").split("|")]
        rows.append((f"zarr-{zarr}", [text.split(" ")[0] for text in texts]))
    for (a, before), (b, after) in itertools.pairwise(rows):
        for heading, one, other in zip(headings, before, after, strict=True):
            what, config = heading.split(", ")
            if "n/a" not in (one, other):
                sign = sign_of(named[what], float(one), float(other), exact=False)
                codec, chunks = config.split(" ")
                yield "releases.md", key(named[what], codec, chunks, 2, a, b), sign


def of_exact_document():
    parents = {release.tag: release.parent for release in load_catalogue().releases}
    named = titles()
    for line in (DOCS / "exact.md").read_text().splitlines():
        parts = [each.strip() for each in line.strip("|").split("|")]
        if len(parts) == 8 and parts[0] in parents and parts[7]:
            tag, title, _, _, _, before, after, config = parts
            codec, rest = config.split(" ", 1)
            chunks, zarr_format = rest.rsplit(" v", 1)
            benchmark = named[title.replace("\\", "")]
            sign = sign_of(benchmark, float(before), float(after), exact=True)
            yield "exact.md", key(benchmark, codec, chunks, zarr_format, parents[tag], tag), sign


SOURCES = (
    *(of_verdicts, of_pairs, of_regressions, of_releases),
    *(of_releases_document, of_exact_document),
)


@pytest.fixture(scope="module")
def mentions():
    return [mention for source in SOURCES for mention in source()]


def test_every_page_and_document_is_read(mentions):
    """A page whose form has changed would be read as saying nothing."""
    counts = defaultdict(int)
    for page, _, sign in mentions:
        counts[page] += sign != 0
    assert set(counts) == {
        *("Verdicts", "marks", "Compare", "Regressions", "Overview"),
        *("releases.md", "exact.md"),
    }
    assert min(counts.values()) >= 3, counts


def test_no_two_say_the_opposite_of_a_cell_in_two_releases(mentions):
    assert contradictions(mentions) == {}


def test_what_several_pages_say_is_compared(mentions):
    pages = defaultdict(set)
    for page, mention, _ in mentions:
        pages[mention].add(page)
    assert sum(len(found) > 1 for found in pages.values()) > 100


def test_an_opposite_is_found():
    cell = "read.Read.time_read_xy_slice", "none", "32x32x32", 2
    slower = "Verdicts", (*cell, "zarr-3.1.6", "zarr-3.4.2"), 1
    faster = "releases.md", (*cell, "zarr-3.1.6", "zarr-3.4.2"), -1
    same = "Compare", (*cell, "zarr-3.1.6", "zarr-3.4.2"), 0
    assert list(contradictions([slower, faster, same])) == [slower[1]]
    assert contradictions([slower, same]) == {}
    turned = "Compare", (*cell, "zarr-3.4.2", "zarr-3.1.6"), -1
    assert contradictions([slower, turned]) == {}
    assert len(contradictions([faster, turned])) == 1


def test_the_releases_are_those_of_the_history():
    """`commit_of` knows each release that the pages name."""
    for release in load("pairs/index.json")["releases"]:
        assert commit_of(release["tag"])
