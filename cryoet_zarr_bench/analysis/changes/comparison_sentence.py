"""What changed from one release to another, in one sentence: the surest and the largest first."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from cryoet_zarr_bench.analysis.changes.release_evidence import (
    ANCHORED,
    COUNTED,
    EXACT,
    VERDICT,
    Statement,
)
from cryoet_zarr_bench.analysis.changes.verdict_steps import heading
from cryoet_zarr_bench.verdicts.change_rule import CHANGES, EQUAL, INCONCLUSIVE
from cryoet_zarr_bench.verdicts.compared_cells import OPEN, is_of_memory

_DOES = {
    OPEN: "opens",
    "write.Write.time_write": "writes",
    "read.Read.time_read_volume": "reads",
    "read.Read.time_read_xy_slice": "reads XY slices",
    "shards.ReadShards.time_volume": "reads shards",
    "shards.ReadShards.time_xy_slice": "reads XY slices of shards",
    "shards.ReadShards.time_inner_chunk": "reads a chunk of a shard",
    "shards.ReadShards.time_subset": "reads a box from shards",
    "shards.WriteShards.time_write": "writes shards",
    "shards.ChangeShards.time_rewrite_chunk": "rewrites a chunk in a shard",
}
"""What a release does in a benchmark, as a sentence has it."""

_PATTERNS = {
    "xy_slice": "an XY slice",
    "xz_slice": "an XZ slice",
    "yz_slice": "a YZ slice",
    "worst_slice": "the worst slice",
    "mean_slice": "a mean slice",
    "subset": "a box",
    "inner_chunk": "one chunk",
    "volume": "the volume",
    "open": "opening",
    "coarse_level": "a coarse level",
    "tiles": "a set of tiles",
    "patches": "a set of patches",
    "particles": "a set of particles",
    "write": "writing",
    "rewrite_chunk": "rewriting a chunk",
}
"""Access patterns as the subject of a sentence."""

TOLD_TIMES, TOLD_EXACT = 4, 2
"""The sentence names so many changes of times and of exact figures, the largest; it counts the
others."""

_OF_REQUESTS = ("_bytes_fetched", "_bytes_put", "_ranged_gets", "_gets", "_puts")


def sentence_of(a: str, b: str, statements: Iterable[Statement]) -> str:
    """What changed in release `b` against `a`, and how sure it is that all else did not."""
    every = list(statements)
    memory = [each for each in every if is_of_memory(each.benchmark)]
    times = [each for each in every if each.source in (VERDICT, ANCHORED) and each not in memory]
    exact = [each for each in every if each.source == EXACT]
    parts = [
        *_of_times(times),
        *_of_counted([each for each in every if each.source == COUNTED]),
        *_of_memory(memory),
        *exact_in_words(exact),
        *_of_the_rest(times, exact),
    ]
    said = ", ".join(parts) or "nothing is known"
    return f"{_short(b)} against {_short(a)}: {said}."


def does_in_words(benchmark: str) -> str:
    """What a release does in a benchmark, as a sentence has it: reads XY slices of shards."""
    return _DOES.get(benchmark, heading(benchmark))


def _short(tag: str) -> str:
    return tag.replace("-", " ", 1)


def _of_times(times: Sequence[Statement]) -> list[str]:
    groups: dict[str, list[Statement]] = {}
    for each in times:
        groups.setdefault(each.benchmark, []).append(each)
    found = []
    for benchmark, cells in groups.items():
        does = does_in_words(benchmark)
        for sign, word in ((1, "slower"), (-1, "faster")):
            changed = [each.ratio**sign for each in cells if each.direction == sign]
            if changed:
                said = f"{does} {_range(changed)}x {word}{_how_many(len(changed), len(cells))}"
                found.append((max(changed), said))
    return _largest([said for _, said in sorted(found, reverse=True)], TOLD_TIMES, "smaller")


def _largest(parts: list[str], told: int, others: str) -> list[str]:
    """The first parts, and the number of those that are left out."""
    if len(parts) <= told + 1:
        return parts
    return [*parts[:told], f"{len(parts) - told} {others} changes"]


def _of_counted(counted: Sequence[Statement]) -> list[str]:
    """A part for the work of all calls: in how many it changed by 1 % or more, and how far."""
    changed = [each for each in counted if each.direction and each.is_told]
    if not changed:
        return []
    ratios = [each.ratio for each in changed]
    return [f"executes {_range(ratios)}x the instructions{_how_many(len(changed), len(counted))}"]


def _of_memory(cells: Sequence[Statement]) -> list[str]:
    found = []
    for sign, word in ((1, "more"), (-1, "less")):
        changed = [each.ratio**sign for each in cells if each.direction == sign]
        if changed:
            number = _how_many(len(changed), len(cells))
            found.append(f"writing peaks at {_range(changed)}x {word} memory{number}")
    return found


def _range(ratios: Sequence[float]) -> str:
    low, high = (f"{each:.2f}" for each in (min(ratios), max(ratios)))
    return low if low == high else f"{low} to {high}"


def _how_many(some: int, every: int) -> str:
    return "" if some == every else f" in {some} of {every} cells"


def told_exact(statements: Iterable[Statement]) -> list[Statement]:
    """The exact figures that changed by 1 % or more, those that changed most first."""
    found = [
        each for each in statements if each.source == EXACT and each.word != EQUAL and each.is_told
    ]
    return sorted(found, key=lambda each: -each.distance)


def is_of_requests(benchmark: str) -> bool:
    """True if an exact figure counts requests, or the bytes that they move."""
    return benchmark.endswith(_OF_REQUESTS)


def exact_in_words(statements: Iterable[Statement]) -> list[str]:
    """A part for each access pattern whose requests changed, and for each other exact figure.

    The largest come first; those that are left out are counted.
    """
    groups: dict[str, dict[str, list[Statement]]] = {}
    for each in told_exact(statements):
        stem, kind = _split(each.benchmark)
        groups.setdefault(stem, {}).setdefault(kind, []).append(each)
    parts = [(_most(kinds), _requests_in_words(stem, kinds)) for stem, kinds in groups.items()]
    said = [said for _, said in sorted(parts, key=lambda part: -part[0])]
    return _largest(said, TOLD_EXACT, "other exact")


def _most(kinds: dict[str, list[Statement]]) -> float:
    return max(each.distance for found in kinds.values() for each in found)


def _split(benchmark: str) -> tuple[str, str]:
    """A benchmark of requests as its access pattern and what is counted; others have no second."""
    for end in _OF_REQUESTS:
        if benchmark.endswith(end):
            return benchmark.removesuffix(end), end
    return benchmark, ""


def _requests_in_words(stem: str, kinds: dict[str, list[Statement]]) -> str:
    place, _, method = stem.split(".")
    pattern = method.removeprefix("track_")
    subject = _PATTERNS.get(pattern, pattern.replace("_", " "))
    if place == "shards":
        subject += " of shards"
    if "" in kinds:
        most = max(kinds[""], key=lambda each: each.distance)
        return f"{subject} {_from_to(most)} ({most.cell.codec} {most.cell.chunks})"
    cells = {each.cell for found in kinds.values() for each in found}
    by_cell = {
        cell: {kind: each for kind, found in kinds.items() for each in found if each.cell == cell}
        for cell in cells
    }
    cell = max(
        sorted(by_cell, key=str),
        key=lambda each: sum(said.distance for said in by_cell[each].values()),
    )
    said = []
    for kind, verb in (("_bytes_fetched", "fetches"), ("_bytes_put", "sends")):
        if each := by_cell[cell].get(kind):
            said.append(f"{verb} {each.ratio:.2g}x the bytes")
    for kind, words in (("_gets", "requests"), ("_puts", "PUTs")):
        if each := by_cell[cell].get(kind):
            joined = "in" if said else "needs"
            said.append(f"{joined} {each.after:.0f} instead of {each.before:.0f} {words}")
    return f"{subject} {' '.join(said) or 'needs other requests'} ({cell.chunks})"


def _from_to(each: Statement) -> str:
    return f"{_number(each.before)} -> {_number(each.after)}"


def _number(value: float | None) -> str:
    return "?" if value is None else f"{value:.0f}" if value.is_integer() else f"{value:.4g}"


def _of_the_rest(times: Sequence[Statement], exact: Sequence[Statement]) -> list[str]:
    rest = [each for each in times if each.word not in CHANGES]
    unclear = [each for each in rest if each.word == INCONCLUSIVE]
    settled = [each for each in rest if each.word != INCONCLUSIVE]
    said = []
    if settled:
        farthest = max(max(each.high, 1 / each.low) - 1 for each in settled)
        others = "1 other time is" if len(settled) == 1 else f"{len(settled)} other times are"
        said.append(f"{others} within {math.ceil(farthest * 100)} %")
    if unclear:
        said.append(f"{len(unclear)} {'is' if len(unclear) == 1 else 'are'} unclear")
    if exact and not any(each.word != EQUAL for each in exact):
        said.append(f"all {len(exact)} counts of bytes, files and requests are equal")
    return said
