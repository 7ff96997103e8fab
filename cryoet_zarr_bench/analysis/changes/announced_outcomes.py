"""The changes that release notes announce, and what was found of them.

`releases/announced_changes.json` has them, each with where in the suite it would show. Whether it
did is told by what is known of the release and the one before it, as every page tells it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from cryoet_zarr_bench.analysis.changes.comparison_sentence import does_in_words, exact_in_words
from cryoet_zarr_bench.analysis.changes.release_evidence import (
    COUNTED,
    EXACT,
    REPEATS,
    ReleaseEvidence,
    Statement,
)
from cryoet_zarr_bench.analysis.changes.verdict_steps import (
    JUDGED_IN_ONE_LAYOUT,
    PEAK_MEMORY,
    JudgedStep,
)
from cryoet_zarr_bench.releases.announced_changes import AnnouncedChange
from cryoet_zarr_bench.releases.catalogue import load_catalogue
from cryoet_zarr_bench.verdicts.change_rule import INCONCLUSIVE
from cryoet_zarr_bench.verdicts.compared_cells import TIMED, ComparedCell, is_of_memory

SEEN = "seen"
SEEN_IN_WORK = "seen in instructions"
MIXED = "mixed"
NOT_SEEN = "not seen"
NOT_MEASURED = "not measured"

_ENDS = {"bytes": ("_stored_bytes",), "requests": ("_gets", "_puts")}
"""How the names of the benchmarks end that count them."""

_COUNTED_CALLS = {
    f"instructions.Instructions.track_{call.rsplit('.time_', 1)[1]}": call for call in TIMED
}
"""The benchmark that times the call of which another one counts the instructions."""


@dataclass(frozen=True)
class AnnouncedRow:
    """An announced change and what was found of it.

    `status` is seen, seen in instructions, mixed, not seen, inconclusive or not measured. Seen in
    instructions: the work changed as announced, by too little for a time to tell. Mixed: in some
    cells as announced, in others the other way. `evidence` says by what; `judged` counts the cells
    in which it would show.
    """

    change: AnnouncedChange
    status: str
    evidence: str
    judged: int


def announced_rows(
    changes: Iterable[AnnouncedChange], evidence: Iterable[ReleaseEvidence]
) -> list[AnnouncedRow]:
    """For each change that touches the suite, whether it was found in its release.

    `evidence` is what one machine knows, or several: what is seen on one is seen.
    """
    known = list(evidence)
    return [_held_against(change, known) for change in changes if change.touches]


def _held_against(change: AnnouncedChange, known: list[ReleaseEvidence]) -> AnnouncedRow:
    before = _before(change.seen_in)
    if before is None or change.seen_in is None:
        return AnnouncedRow(change, NOT_MEASURED, "", 0)
    pair = before, change.seen_in
    statements = [said for each in known for said in each.statements(*pair)]
    if change.expected.endswith(tuple(_ENDS)):
        return _exact_held_against(change, statements)
    steps = [each.steps[pair] for each in known if pair in each.steps]
    return _figures_held_against(change, statements, steps)


def _before(tag: str | None) -> str | None:
    """The release that one is compared with; None if the catalogue has none."""
    catalogue = load_catalogue()
    for release in catalogue.releases:
        if release.tag == tag and release.parent is not None:
            return catalogue.predecessor(release).tag
    return None


def _figures_held_against(
    change: AnnouncedChange, statements: list[Statement], steps: list[JudgedStep]
) -> AnnouncedRow:
    covered = [each for each in statements if each.source != EXACT and _covers(change, each)]
    cells = _surest([each for each in covered if each.source != COUNTED and _is_of(change, each)])
    if not cells:
        alike = any(step.cells and not step.draws_layout for step in steps)
        return AnnouncedRow(change, NOT_MEASURED, JUDGED_IN_ONE_LAYOUT if alike else "", 0)
    as_announced = _as_announced(change)
    seen = [each for each in cells if as_announced(each)]
    if seen:
        status = MIXED if _opposite(change, cells) else SEEN
        evidence = _evidence(change, max(seen, key=_sure_and_far), seen, cells)
        return AnnouncedRow(change, status, evidence, len(cells))
    counted = [each for each in covered if each.source == COUNTED]
    work = [each for each in counted if each.is_told and as_announced(each)]
    # Where times went the other way they did tell.
    if work and not change.expected.endswith("memory") and not _opposite(change, cells):
        in_work = _evidence(change, max(work, key=_distance), work, counted)
        in_time = _evidence(change, _nearest(change, cells), [], cells)
        return AnnouncedRow(change, SEEN_IN_WORK, f"{in_work}; {in_time}", len(counted))
    unclear = [each for each in cells if each.word == INCONCLUSIVE]
    said = max(unclear, key=_width) if unclear else _nearest(change, cells)
    status = INCONCLUSIVE if unclear else NOT_SEEN
    return AnnouncedRow(change, status, _evidence(change, said, [], cells), len(cells))


def _surest(cells: list[Statement]) -> list[Statement]:
    """Without peak memory of single runs, where it was also measured side by side."""
    direct = [each for each in cells if each.source != REPEATS]
    is_known = any(is_of_memory(each.benchmark) for each in direct)
    return direct if is_known else cells


def _sign(change: AnnouncedChange) -> int:
    if not change.expected:
        return 0
    return 1 if change.expected.split()[0] in ("slower", "more") else -1


def _as_announced(change: AnnouncedChange) -> Callable[[Statement], bool]:
    sign = _sign(change)
    return lambda each: each.direction == sign if sign else each.direction != 0


def _opposite(change: AnnouncedChange, cells: list[Statement]) -> int:
    """In how many cells the change goes the other way than announced."""
    sign = _sign(change)
    return sum(each.direction == -sign for each in cells) if sign else 0


def _sure_and_far(each: Statement) -> tuple[bool, float]:
    return not each.is_candidate, each.distance


def _distance(each: Statement) -> float:
    return each.distance


def _width(each: Statement) -> float:
    return each.high / each.low if _is_estimated(each) else math.inf


def _is_estimated(each: Statement) -> bool:
    """False for what was judged inconclusive since its pairs allow no interval."""
    return not math.isnan(each.ratio + each.low + each.high)


def _nearest(change: AnnouncedChange, cells: list[Statement]) -> Statement:
    """The cell that comes nearest to what was announced."""
    sign = _sign(change)
    estimated = [each for each in cells if _is_estimated(each)]
    return max(
        estimated or cells,
        key=lambda each: sign * math.log(each.ratio) if sign else each.distance,
    )


def _covers(change: AnnouncedChange, said: Statement) -> bool:
    """True if a change would show in this figure."""
    call = _COUNTED_CALLS.get(said.benchmark, said.benchmark)
    # CPU time is judged under the benchmark of the same call.
    named = {name.removesuffix("_cpu") for name in change.benchmarks}
    cell = ComparedCell(call, said.cell.codec, said.cell.chunks, said.cell.zarr_format)
    return (not named or call in named) and re.search(change.configs, cell.name) is not None


def _is_of(change: AnnouncedChange, said: Statement) -> bool:
    if not change.expected:
        return True
    return is_of_memory(said.benchmark) == change.expected.endswith("memory")


def _evidence(
    change: AnnouncedChange, said: Statement, seen: list[Statement], cells: list[Statement]
) -> str:
    """What was found of a change that was seen in `seen` of `cells`: `said` is what it rests on."""
    evidence = f"{_figure(said)} ({_where(said)})"
    if seen:
        evidence += f"; in {len(seen)} of {_cells(cells)}"
    if opposite := _opposite(change, cells):
        evidence += f"; the opposite in {opposite}" + ("" if seen else f" of {len(cells)}")
    return evidence


def _cells(cells: list[Statement]) -> str:
    return f"{len(cells)} {'cell' if len(cells) == 1 else 'cells'}"


def _figure(said: Statement) -> str:
    if said.source == COUNTED:
        return f"instructions {said.ratio:.3f}"
    name = PEAK_MEMORY if is_of_memory(said.benchmark) else said.clock
    if not _is_estimated(said):
        return f"{name} no estimate"
    return f"{name} {said.ratio:.2f} [{said.low:.2f}, {said.high:.2f}]"


def _where(said: Statement) -> str:
    does = does_in_words(_COUNTED_CALLS.get(said.benchmark, said.benchmark))
    where = said.config if is_of_memory(said.benchmark) else f"{does}, {said.config}"
    # A count needs no confirmation.
    return f"{where}; candidate" if said.is_candidate and said.source != COUNTED else where


def _exact_held_against(change: AnnouncedChange, statements: list[Statement]) -> AnnouncedRow:
    """What became of announced bytes or requests: what is counted is the same each time."""
    exact = [each for each in statements if each.source == EXACT and _covers(change, each)]
    kind = change.expected.split()[-1]
    cells = [each for each in exact if each.benchmark.endswith(_ENDS[kind])]
    if not cells:
        return AnnouncedRow(change, NOT_MEASURED, "", 0)
    seen = [each for each in cells if each.direction == _sign(change)]
    if not seen:
        evidence = f"no {change.expected} in any of {_cells(cells)}"
        return AnnouncedRow(change, NOT_SEEN, evidence, len(cells))
    most = max(seen, key=_distance)
    said = exact_in_words(exact)[0] if kind == "requests" else _from_to(most)
    evidence = f"{said}; in {len(seen)} of {_cells(cells)}"
    return AnnouncedRow(change, SEEN, evidence, len(cells))


def _from_to(said: Statement) -> str:
    return f"{said.before:.0f} -> {said.after:.0f} bytes ({said.config})"
