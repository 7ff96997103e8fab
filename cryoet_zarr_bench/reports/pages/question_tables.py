"""Tables of a page that answer the questions beside writing and reading, for one release.

A question is answered from the benchmarks of one file, found by the endings of their names, so that
a pattern, an engine or a codec more needs nothing here. A table is plain values: `title`, `says`
(how it is to be read), `headings`, and `rows` of cells. A cell is a text, or a list of a text, a
smaller one below it, and whether it is the best of its row or column.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from cryoet_zarr_bench.analysis.pareto_front import (
    DECIMALS,
    LOSSLESS,
    LOSSY,
    Candidate,
    candidates,
    front,
)
from cryoet_zarr_bench.analysis.pooled_measurements import Pooled
from cryoet_zarr_bench.analysis.result_reader import Cell, MeasuredRelease
from cryoet_zarr_bench.measured.clocks import TWIN

Table = dict[str, Any]

_READ_BY = re.compile(r"track_(.+)_read_by_(.+)")
_ONE = "OneThread"
_MODELLED = re.compile(r"track_(.+)_modelled_seconds")


def question_tables(measured: Pooled) -> list[Table]:
    """The tables of every question that the release has figures of."""
    result = measured.result
    tables = (
        _codecs(measured, LOSSLESS, "Lossless codecs"),
        _codecs(measured, LOSSY, "Lossy codecs"),
        _requests(result, "access", "Access patterns", "pattern"),
        _requests(result, "shards", "Shards", "what is done"),
        _engines(result),
        _portability(result),
        _disk(result),
        _overhead(result),
    )
    return [table for table in tables if table is not None]


def _codecs(measured: Pooled, modules: tuple[str, ...], title: str) -> Table | None:
    found = candidates(measured.result, modules)
    if not found or (modules == LOSSLESS and not _of_module(measured.result, "codecs")):
        return None
    kept = front(found, measured.margin)
    lossy = any(each.noise_to_signal is not None for each in kept)
    headings = ["codec", "chunks (z, y, x)", "ratio", "write s/GB", "read s/GB"]
    return {
        "title": title,
        "says": f"The {len(kept)} of {len(found)} configs that no other config beats in ratio, "
        f"writing, reading{' and noise added' if lossy else ''}. CPU seconds for 1 GB of voxels; "
        f"{measured.margin_in_words}. Smaller differences count as equal.",
        "headings": [*headings, *(["noise to signal", "within bound"] if lossy else [])],
        "rows": [_codec_row(each, kept, lossy) for each in kept],
    }


def _codec_row(each: Candidate, kept: list[Candidate], lossy: bool) -> list[Any]:
    row: list[Any] = [
        each.cell.codec,
        each.cell.chunks,
        [f"{each.ratio:.{DECIMALS}f}", "", each.ratio == max(other.ratio for other in kept)],
        [f"{each.write:.3g}", "", each.write == min(other.write for other in kept)],
        [f"{each.read:.3g}", "", each.read == min(other.read for other in kept)],
    ]
    if lossy:
        row.append("" if each.noise_to_signal is None else f"{each.noise_to_signal:.2g}")
        row.append({None: "", True: "yes", False: "no"}[each.within_bound])
    return row


def _requests(result: MeasuredRelease, module: str, title: str, heading: str) -> Table | None:
    """A row for each pattern, a column for each layout: modelled seconds, and the requests."""
    figures = _of_module(result, module)
    patterns = {
        match[1]: cells
        for method, cells in figures.items()
        if (match := _MODELLED.fullmatch(method)) and cells
    }
    if not patterns:
        return None
    layouts = _layouts(patterns.values())
    rows = []
    for pattern, cells in patterns.items():
        row: list[Any] = [_words(pattern)]
        best = min((cells[cell] for cell in layouts if cell in cells), default=None)
        for cell in layouts:
            seconds = cells.get(cell)
            beneath = _beneath(figures, pattern, cell)
            row.append("" if seconds is None else [_time(seconds), beneath, seconds == best])
        rows.append(row)
    return {
        "title": title,
        "says": "The time that a reader of an object store would wait: requests are counted "
        "exactly, and a model says how long each takes. The best of a row is bold. The small "
        "numbers are requests, and bytes fetched over bytes used. "
        f"{_shared(layouts)}.",
        "headings": [heading, *(cell.chunks for cell in layouts)],
        "rows": rows,
    }


def _layouts(of_patterns: Iterable[dict[Cell, float]]) -> list[Cell]:
    """The cells of one codec, of each chunk shape the newest format."""
    every = list(dict.fromkeys(cell for cells in of_patterns for cell in cells))
    codec = every[0].codec
    newest: dict[str, Cell] = {}
    for cell in sorted(every, key=lambda each: each.zarr_format):
        if cell.codec == codec:
            newest[cell.chunks] = cell
    return [
        newest[chunks]
        for chunks in dict.fromkeys(cell.chunks for cell in every if cell.codec == codec)
    ]


def _beneath(figures: dict[str, dict[Cell, float]], pattern: str, cell: Cell) -> str:
    def figure(kind: str) -> float | None:
        return figures.get(f"track_{pattern}_{kind}", {}).get(cell)

    gets, ranged, puts, over_read = map(figure, ("gets", "ranged_gets", "puts", "overread"))
    said = [] if gets is None else [f"{gets:.0f} GETs"]
    said += [f"{ranged:.0f} of them ranged"] if ranged else []
    said += [] if puts is None else [f"{puts:.0f} PUT{'' if puts == 1 else 's'}"]
    said += [] if over_read is None else [f"{over_read:.3g}x read"]
    return ", ".join(said)


def _engines(result: MeasuredRelease) -> Table | None:
    """A row for each engine and its threads, a column for each call."""
    timed = {
        name: cells
        for name, cells in result.figures.items()
        if name.startswith("engines.") and ".time_" in name and not name.endswith(TWIN) and cells
    }
    if not timed:
        return None
    cell = _layouts(timed.values())[0]
    classes = sorted(
        {name.split(".")[1] for name in timed}, key=lambda each: (not each.endswith(_ONE), each)
    )
    methods = sorted(
        {name.split(".")[2] for name in timed}, key=lambda each: ("write" not in each, each)
    )
    best = {
        method: min(
            (
                cells[cell]
                for name, cells in timed.items()
                if name.endswith(f".{method}") and cell in cells
            ),
            default=None,
        )
        for method in methods
    }
    rows = []
    for each in classes:
        row: list[Any] = [_spaced(each)]
        for method in methods:
            seconds = timed.get(f"engines.{each}.{method}", {}).get(cell)
            row.append("" if seconds is None else [_time(seconds), "", seconds == best[method]])
        rows.append(row)
    return {
        "title": "Engines",
        "says": f"Wall time of each engine on the same stores, warm; the best of a column is bold. "
        f"{_shared([cell])}, chunks {cell.chunks}.",
        "headings": ["engine", *(_words(method) for method in methods)],
        "rows": rows,
    }


def _disk(result: MeasuredRelease) -> Table | None:
    """A row for each config, a column for each way to read or write."""
    timed = {
        method: cells
        for method, cells in _of_module(result, "disk").items()
        if method.startswith("time_") and not method.endswith(TWIN) and cells
    }
    if not timed:
        return None
    every = list(dict.fromkeys(cell for cells in timed.values() for cell in cells))
    rows: list[list[Any]] = []
    for cell in every:
        row: list[Any] = [cell.codec, cell.chunks, str(cell.zarr_format)]
        for cells in timed.values():
            seconds = cells.get(cell)
            best = min(cells.values())
            row.append("n/a" if seconds is None else [_time(seconds), "", seconds == best])
        rows.append(row)
    return {
        "title": "Disk",
        "says": "Wall time on a disk. Cold: nothing of the file was in the page cache. Durable: "
        "the data had reached the disk at the end. The best of a column is bold.",
        "headings": ["codec", "chunks (z, y, x)", "format", *(_words(each) for each in timed)],
        "rows": rows,
    }


def _portability(result: MeasuredRelease) -> Table | None:
    """A row for each writer, a column for each reader."""
    readings = {
        (match[1], match[2]): cells
        for method, cells in _of_module(result, "portability").items()
        if (match := _READ_BY.fullmatch(method)) and cells
    }
    if not readings:
        return None
    readers = list(dict.fromkeys(reader for _, reader in readings))
    rows: list[list[Any]] = []
    for writer in dict.fromkeys(writer for writer, _ in readings):
        row: list[Any] = [writer.replace("_", "-")]
        for reader in readers:
            row.append(_outcomes(list(readings.get((writer, reader), {}).values())))
        rows.append(row)
    return {
        "title": "Portability",
        "says": "Stores written by the engine of a row and read by the engine of a column: the "
        "number of configs that came back with the same bits.",
        "headings": ["written by", *(f"read by {each.replace('_', '-')}" for each in readers)],
        "rows": rows,
    }


def _outcomes(found: list[float]) -> list[Any] | str:
    """0 the same bits, 1 not to be read, 2 other voxels; as the benchmarks have it."""
    if not found:
        return "n/a"
    wrong = [
        f"{found.count(outcome)} {words}"
        for outcome, words in ((1, "unreadable"), (2, "other voxels"))
        if outcome in found
    ]
    return [f"{found.count(0)} of {len(found)}", ", ".join(wrong), False]


def _overhead(result: MeasuredRelease) -> Table | None:
    """A row for each config, a column for each figure."""
    figures = {
        method: cells
        for method, cells in _of_module(result, "overhead").items()
        if not method.endswith(TWIN) and cells
    }
    if not figures:
        return None
    rows: list[list[Any]] = []
    for cell in dict.fromkeys(cell for cells in figures.values() for cell in cells):
        row: list[Any] = [cell.codec, cell.chunks, str(cell.zarr_format)]
        for method, cells in figures.items():
            value = cells.get(cell)
            unit = " µs" if "_us_" in method else "x"
            row.append("n/a" if value is None else f"{value:.3g}{unit}")
        rows.append(row)
    headings = [
        method.removeprefix("track_").replace("_us_", " ").replace("_", " ") for method in figures
    ]
    return {
        "title": "Overhead",
        "says": "The time that each chunk costs beside its bytes, and the time of a store as a "
        "multiple of that of a plain file. Wall time.",
        "headings": ["codec", "chunks (z, y, x)", "format", *headings],
        "rows": rows,
    }


def _of_module(result: MeasuredRelease, module: str) -> dict[str, dict[Cell, float]]:
    """Method -> figures, of the classes of one file."""
    return {
        name.rsplit(".", 1)[1]: cells
        for name, cells in result.figures.items()
        if name.split(".", 1)[0] == module
    }


def _shared(layouts: list[Cell]) -> str:
    codecs, formats = {cell.codec for cell in layouts}, {cell.zarr_format for cell in layouts}
    said = [f"Codec {', '.join(sorted(codecs))}"]
    said += [f"Zarr format {', '.join(str(each) for each in sorted(formats))}"]
    return ", ".join(said)


def _words(method: str) -> str:
    words = method.removeprefix("time_").replace("_", " ")
    return re.sub(r"\b(xy|xz|yz)\b", lambda axes: axes[1].upper(), words)


def _spaced(name: str) -> str:
    """`TensorStoreOneThread` as `TensorStore, one thread`."""
    engine, _, threads = re.sub(r"(OneThread|DefaultThreads)$", r" \1", name).partition(" ")
    return f"{engine}, {re.sub('(?<=[a-z])(?=[A-Z])', ' ', threads).lower()}" if threads else engine


def _time(seconds: float) -> str:
    """Seconds with three digits, in the unit that suits them."""
    scaled: Callable[[float], str] = "{:.3g}".format
    if seconds >= 1:
        return f"{scaled(seconds)} s"
    return f"{scaled(seconds * 1e3)} ms" if seconds >= 1e-3 else f"{scaled(seconds * 1e6)} µs"
