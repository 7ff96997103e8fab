"""docs/layouts.md: how the field stores tomograms, and what each layout costs its readers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from cryoet_zarr_bench.analysis.layout_comparison import (
    REGRETTED,
    ComparedLayouts,
    compared_layouts,
    per_terabyte,
    title_of,
)
from cryoet_zarr_bench.analysis.recommending.recommendation import place_in_words, recommend
from cryoet_zarr_bench.analysis.recommending.storage_purposes import PURPOSES
from cryoet_zarr_bench.common.shown_text import (
    Markdown,
    for_markdown,
    markdown_code,
    markdown_table,
)
from cryoet_zarr_bench.layouts.changing_figures import CHANGES
from cryoet_zarr_bench.layouts.layout_lines import LayoutLine
from cryoet_zarr_bench.layouts.named_layouts import LAYOUTS, PREFIX
from cryoet_zarr_bench.layouts.reading_figures import PATTERNS
from cryoet_zarr_bench.layouts.reading_places import (
    CONNECTIONS,
    LATENCIES,
    LINES,
    LOCAL,
    OF_A_CONNECTION,
    PLACES,
    SHARED,
    TO_ASK,
    USUAL,
    WHY_OF_A_CONNECTION,
    WHY_TO_ASK,
)

Row = tuple[str, ...]

LONGEST_REASON = 300
"""Characters of a reason that are shown: what it ends with says most."""

BEST = 5
"""Layouts that are shown beside today's."""

INTRODUCTION = f"""# How the field stores tomograms

Written by `cryoet-zarr-bench readme` from the `layouts.jsonl` of a machine. Each layout was written
by the library it belongs to, by that library's own defaults, or by the rule of its source; then
read back and compared bit by bit. Bytes, files and requests are exact: the requests are those that
zarr-python makes of an object store. Seconds are modelled from the requests, with decoding on one
core as it was timed: of chunks that are files it goes on while others arrive, of chunks in a shard
it comes when all of them arrived. If no place is named, they are at {USUAL}.
Times and memory of writing were measured once. iohub writes by zarrs, whose threads lay the chunks
of a shard down as they finish: each writing has the same bytes in another order, and zarr, which
joins reads of chunks that lie near each other, makes other requests of it.
"""


def layouts_report(results: Path, machine: str) -> str:
    """The document; it says what to do where nothing was measured."""
    compared = compared_layouts(results, machine)
    parts = [INTRODUCTION, _table_of_layouts()]
    if not compared:
        parts.append("Nothing was measured yet: `cryoet-zarr-bench layouts`.\n")
    parts += [_of_tomogram(each) for each in compared]
    parts.append(_table_of_places())
    return "\n".join(parts)


def _table_of_layouts() -> str:
    rows = [
        (
            Markdown(f"`{PREFIX}{layout.name}`"),
            layout.title,
            Markdown(layout.about),
            "its own file"
            if layout.is_file
            else "its rule"
            if layout.library is None
            else f"{layout.library.package} {layout.library.version}",
            Markdown(f"[{layout.date}]({layout.source.removeprefix('docs/')})"),
        )
        for layout in LAYOUTS.values()
    ]
    table = markdown_table(("name", "whose", "what", "written by", "source, as of"), rows)
    return f"## The layouts\n\n{table}\n"


def _of_tomogram(compared: ComparedLayouts) -> str:
    raw = compared.lines[0].raw_bytes
    shape = "x".join(map(str, compared.lines[0].levels[0].shape))
    days = sorted(line.measured_at[:10] for line in compared.lines)
    parts = [
        f"## {for_markdown(compared.tomogram)}\n",
        f"{shape} voxels, {raw / 1e6:.0f} MB in memory; {len(compared.lines)} layouts, on "
        f"{for_markdown(compared.machine)}, {days[0]} to {days[-1]}.\n",
        _recommended(compared),
        _browsing(compared),
        _stored(compared),
        _reading(compared),
        _decoding(compared),
        _places(compared),
        _changing(compared),
        _crops(compared),
        _readers(compared),
        _regret(compared),
    ]
    return "\n".join(parts)


def _name(line: LayoutLine) -> Markdown:
    title = for_markdown(title_of(line.layout))
    return Markdown(f"**{title}**" if line.layout in LAYOUTS else title)


def _section(title: str, heads: tuple[str, ...], rows: Sequence[Row], note: str = "") -> str:
    table = markdown_table(heads, rows)
    return f"### {title}\n\n{table}\n" + (f"\n{note}\n" if note else "")


def _recommended(compared: ComparedLayouts) -> str:
    """What is recommended for every purpose, from a disk, a file system and S3."""
    rows = [
        (purpose.title, place_in_words(place), found.sentence.partition(": ")[2])
        for purpose in PURPOSES.values()
        for place in (LOCAL, SHARED, USUAL)
        if (found := recommend(compared, purpose, place)) is not None
    ]
    return _section(
        "What is recommended",
        ("for", "from", "store it as"),
        rows,
        "By `cryoet-zarr-bench recommend`, of the lossless layouts here: the one with the least "
        "geometric mean of how many times the best of each figure it takes, by the weights of the "
        "purpose.",
    )


def _browsing(compared: ComparedLayouts) -> str:
    """The XY slice at the usual place: today's layout and the best ones."""

    def seconds(line: LayoutLine) -> float:
        return line.seconds("xy_slice", USUAL)

    shown = compared.best(seconds, BEST)
    if compared.today is not None and compared.today not in shown:
        shown = [compared.today, *shown]
    rows = [
        (
            _name(line),
            f"{seconds(line):.3f}",
            f"{line.reading['xy_slice'].gets}",
            f"{line.reading['xy_slice'].bytes_fetched / 1e6:.1f}",
            f"{line.stored_bytes / line.raw_bytes:.3f}",
            f"{per_terabyte(line, line.files):,.0f}",
        )
        for line in shown
    ]
    heads = ("layout", "s", "GETs", "MB fetched", "stored, of the tomogram", "files per TB")
    return _section(f"An XY slice from S3: today's layout and the {BEST} best", heads, rows)


def _stored(compared: ComparedLayouts) -> str:
    rows = []
    for line in _shown(compared):
        finest = line.levels[0]
        shards = "" if finest.shards is None else f" in {'x'.join(map(str, finest.shards))}"
        write = line.write
        rows.append(
            (
                _name(line),
                f"{'x'.join(map(str, finest.chunks))}{shards}",
                finest.codecs,
                f"{finest.zarr_format}",
                f"{line.stored_bytes / line.raw_bytes:.3f}",
                f"{line.padded_bytes / line.raw_bytes:.2f}",
                f"{per_terabyte(line, line.files):,.0f}",
                f"{per_terabyte(line, line.inodes):,.0f}",
                "" if write is None else f"{write.wall:.1f}",
                "" if write is None else f"{write.memory / 1e6:.0f}",
            )
        )
    heads = (
        *("layout", "chunks", "codecs", "format", "stored", "padding"),
        *("files per TB", "inodes per TB", "write, s", "MB of memory"),
    )
    return _section(
        "What is stored",
        heads,
        rows,
        "All levels of the pyramid together. stored: bytes on the disk over those of level 0 in "
        "memory. padding: voxels written beyond the tomogram, in the same measure. Memory is the "
        "most that the writing process had.",
    )


def _reading(compared: ComparedLayouts) -> str:
    kinds: dict[str, Callable[[LayoutLine, str], str]] = {
        "seconds on S3": lambda line, name: f"{line.seconds(name, USUAL):.2f}",
        "GETs": lambda line, name: f"{line.reading[name].gets}",
        "MB fetched": lambda line, name: f"{line.reading[name].bytes_fetched / 1e6:.1f}",
        "over-read, bytes decoded over bytes used": lambda line, name: (
            f"{line.reading[name].over_read:.1f}"
        ),
    }
    heads = ("layout", *(pattern.title for pattern in PATTERNS.values()))
    return "\n".join(
        _section(
            f"Reading: {kind}",
            heads,
            [(_name(line), *(text(line, name) for name in PATTERNS)) for line in _shown(compared)],
        )
        for kind, text in kinds.items()
    )


def _decoding(compared: ComparedLayouts) -> str:
    timed = [name for name in PATTERNS if any(name in line.cpu for line in compared.lines)]
    rows = [
        (_name(line), *(f"{line.cpu[name]:.3f}" if name in line.cpu else "" for name in timed))
        for line in _shown(compared)
    ]
    return _section(
        "Reading from memory: CPU seconds",
        ("layout", *(PATTERNS[name].title for name in timed)),
        rows,
        "Opening and decoding by zarr-python on one core, the median of three, in one process: "
        "what S3 adds is above.",
    )


def _places(compared: ComparedLayouts) -> str:
    rows = [
        (place, *(f"{line.seconds('xy_slice', place):.3f}" for line in compared.named))
        for place in PLACES
        if compared.named and place in compared.named[0].places
    ]
    heads = ("place", *(title_of(line.layout) for line in compared.named))
    return _section("An XY slice at other places, seconds", heads, rows)


def _changing(compared: ComparedLayouts) -> str:
    rows = []
    for line in _shown(compared):
        found = [line.changing[name] for name in CHANGES if name in line.changing]
        rows.append(
            (
                _name(line),
                *(f"{each.amplification:.1f}" for each in found),
                f"{max(each.memory for each in found) / 1e6:.0f}",
            )
        )
    heads = ("layout", *(title for title, _ in CHANGES.values()), "MB of memory")
    return _section(
        "Write amplification",
        heads,
        rows,
        "Bytes fetched and put over bytes changed, of level 0. Memory is the most that any of the "
        "three took.",
    )


def _crops(compared: ComparedLayouts) -> str:
    classes = list(dict.fromkeys(name for line in compared.lines for name in line.crops))
    rows = []
    for line in _shown(compared):
        cells = []
        for name in classes:
            crop = line.crops.get(name)
            cells.append("" if crop is None else f"{crop.added_memory / 1e6:.0f}")
        rows.append((_name(line), *cells))
    return _section(
        "Memory of a crop of 64^3, MB",
        ("layout", *classes),
        rows,
        "What reading it adds to the most memory that the process had.",
    )


def _readers(compared: ComparedLayouts) -> str:
    """Which engines and releases read each layout, and why the others do not."""
    readers = list(dict.fromkeys(name for line in compared.lines for name in line.readers))
    rows: list[Row] = []
    reasons: dict[str, list[str]] = {}
    for line in compared.named:
        cells = []
        for name in readers:
            reason = line.readers.get(name)
            cells.append("" if reason is None else "no" if reason else "yes")
            if reason:
                reasons.setdefault(reason, []).append(f"{title_of(line.layout)} by {name}")
        rows.append((_name(line), *cells))
    told = "\n".join(
        f"- {', '.join(map(for_markdown, who))}: {markdown_code(reason[-LONGEST_REASON:])}"
        for reason, who in reasons.items()
    )
    return _section("Who can read it", ("layout", *readers), rows, told)


def _regret(compared: ComparedLayouts) -> str:
    rows = [
        (_name(line), *(_times(compared.regret(line, each)) for each in REGRETTED))
        for line in compared.named
    ]
    best = tuple(
        Markdown(for_markdown(title_of(compared.best(each.figure)[0].layout))) for each in REGRETTED
    )
    heads = ("layout", *(each.title for each in REGRETTED))
    return _section(
        "Regret: what each known layout loses against the best",
        heads,
        [*rows, (Markdown("*best*"), *best)],
        "x1.0 is the best; of all layouts here, named or not.",
    )


def _times(regret: float) -> str:
    return f"x{1 + regret:.1f}"


def _shown(compared: ComparedLayouts) -> list[LayoutLine]:
    """The named ones first, then the others by their names."""
    others = [line for line in compared.lines if line.layout not in LAYOUTS]
    return [*compared.named, *sorted(others, key=lambda line: line.layout)]


def _table_of_places() -> str:
    rows = [
        *(
            (f"{latency * 1000:g} ms a request", Markdown(why))
            for latency, why in LATENCIES.items()
        ),
        *((f"{count} connections", Markdown(why)) for count, why in CONNECTIONS.items()),
        *((f"{line * 8 / 1e9:g} Gbit/s", why) for line, why in LINES.items()),
        (f"{OF_A_CONNECTION / 1e6:g} MB/s a connection", Markdown(WHY_OF_A_CONNECTION)),
        (f"{TO_ASK * 1000:g} ms between two requests", Markdown(WHY_TO_ASK)),
    ]
    return (
        f"## What the seconds rest on\n\n{markdown_table(('assumed', 'why'), rows)}\n\n"
        "A request waits, then its bytes come over its connection; all connections share the line. "
        "Requests that need the answer to another one, as for the index of a shard, wait for it. "
        "[questions.md](questions.md) holds the model against a real server.\n"
    )
