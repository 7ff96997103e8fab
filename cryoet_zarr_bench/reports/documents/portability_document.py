"""Readers of each other's stores: docs/portability.md, from the records beside the results."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from cryoet_zarr_bench.analysis.result_files import read_record_file
from cryoet_zarr_bench.common.shown_text import (
    Markdown,
    for_markdown,
    markdown_code,
    markdown_table,
)
from cryoet_zarr_bench.measured.prepared_stores.portability_stores import (
    KEPT_WRITERS,
    OTHER_VOXELS,
    SAME_BITS,
)
from cryoet_zarr_bench.releases.catalogue import load_catalogue
from cryoet_zarr_bench.storage.engines import ENGINES

_OWN_ENGINE = "zarr-python"
_NOTHING_TO_READ = "-"


def portability_report(results: Path, machine: str) -> str:
    """The report in Markdown, generated from the records alone."""
    records = _records(results / machine)
    source = markdown_code(f"results/{machine}/")
    return f"""# Who reads whose stores

Written by `cryoet-zarr-bench readme` from {source}. A small volume of float32, with both zeros,
infinities and a NaN with a payload, is written with every lossless kind of codec, in both Zarr
formats and in shards, and read back. "40 of 43" means that 40 of the 43 configs that could be read
came back with the same bits; wrong voxels are **bold**. No engine may hand work on: what zarrs
leaves to zarr-python counts as not read by zarrs.

{_newest(records)}
"""


def _newest(records: list[dict[str, Any]]) -> str:
    if not records:
        return "Nothing has been measured yet: the benchmark is `portability_stores.Portability`."
    newest = records[-1]
    found = newest["portability"]
    versions = for_markdown(
        ", ".join(f"{name} {version}" for name, version in found["versions"].items())
    )
    missing = "".join(
        f"\n\nNot there: {for_markdown(f'{name}: {why}')}."
        for name, why in found["missing"].items()
    )
    return f"""## The newest release measured: {for_markdown(newest["release"])}

{versions}.{missing}

{_matrix(found, list(ENGINES))}

Stores kept in this project, as their writers made them:

{_matrix(found, list(KEPT_WRITERS))}

### Stores that were not read, and why

{_reasons(found)}

### Configs that could not be written

{_unwritten(found)}

## Across releases

The kept stores, read by the zarr-python of each release.

{_across(records)}"""


def _records(folder: Path) -> list[dict[str, Any]]:
    """The records that have readings in them, of releases with their own pair, oldest first.

    One of each release: the volume that is read is the same whatever tomogram was measured.
    """
    order = {release.tag: place for place, release in enumerate(load_catalogue().releases)}
    found = {}
    for path in sorted(folder.glob("*.record.jsonl")):
        record = read_record_file(path)
        is_own_pair = "-numcodecs" not in path.name
        if is_own_pair and "portability" in record and record.get("release") in order:
            found[record["release"]] = record
    return sorted(found.values(), key=lambda record: order[record["release"]])


def _matrix(found: dict[str, Any], writers: list[str]) -> str:
    readers = [name for name in ENGINES if name in found["versions"]]
    rows = [
        [writer, *(_counted(found["outcomes"][writer].get(reader, "")) for reader in readers)]
        for writer in writers
        if writer in found["outcomes"]
    ]
    return markdown_table(["written by", *(f"read by {reader}" for reader in readers)], rows)


def _counted(outcomes: str) -> Markdown:
    """`40 of 43` for a text of one outcome a config."""
    ends = Counter(outcomes)
    there = len(outcomes) - ends[_NOTHING_TO_READ]
    if not there:
        return Markdown("n/a")
    text = f"{ends[str(SAME_BITS)]} of {there}"
    wrong = ends[str(OTHER_VOXELS)]
    return Markdown(f"{text}, **{wrong} wrong**" if wrong else text)


def _reasons(found: dict[str, Any]) -> str:
    rows = [
        [reader, markdown_code(reason), _codecs(where)]
        for reader, reasons in found["reasons"].items()
        for reason, where in reasons.items()
    ]
    if not rows:
        return "Everything was read."
    return markdown_table(["reader", "what it says", "stores"], rows)


def _codecs(where: list[str]) -> str:
    """Stores as `codec (writers)`, of texts such as `zarrs bz2-5_4x8x8_v3`."""
    writers: dict[str, list[str]] = {}
    for each in where:
        writer, name = each.split(" ", 1)
        codec, layout, zarr_format = name.split("_")
        kind = f"{codec} {zarr_format}{' shards' if '-in-' in layout else ''}"
        writers.setdefault(kind, []).append(writer)
    by_writers: dict[str, list[str]] = {}
    for kind, of in writers.items():
        by_writers.setdefault(", ".join(of), []).append(kind)
    return "; ".join(f"{', '.join(kinds)} (of {of})" for of, kinds in by_writers.items())


def _unwritten(found: dict[str, Any]) -> str:
    rows = []
    for writer in found["impossible"]:
        reasons: dict[str, list[str]] = {}
        for name, reason in found["impossible"][writer].items():
            # What no library could write is no one's lack.
            if "has no shards" not in reason:
                reasons.setdefault(reason, []).append(name)
        rows += [
            [writer, markdown_code(reason), ", ".join(names)] for reason, names in reasons.items()
        ]
        failed = found["failed"].get(writer, {})
        rows += [
            [writer, Markdown(f"**{markdown_code(reason)}**"), name]
            for name, reason in failed.items()
        ]
    if not rows:
        return "Everything was written."
    return markdown_table(["writer", "why", "config"], rows)


def _across(records: list[dict[str, Any]]) -> str:
    rows = []
    for record in reversed(records):
        outcomes = record["portability"]["outcomes"]
        counted = [
            _counted(outcomes.get(writer, {}).get(_OWN_ENGINE, "")) for writer in KEPT_WRITERS
        ]
        rows.append([record["release"], *counted])
    return markdown_table(["read by", *(f"written by {writer}" for writer in KEPT_WRITERS)], rows)
