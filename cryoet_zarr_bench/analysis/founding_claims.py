"""What the founding documents of this project claimed, and what was measured since.

A claim is confirmed if every measured figure is as claimed, as exactly as it was claimed; refined
if some of them are, or if they are on the claimed side of no effect; else it is refuted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from cryoet_zarr_bench.analysis.changes.release_comparison import comparison, published_evidence
from cryoet_zarr_bench.analysis.layout_comparison import (
    TERABYTE,
    ComparedLayouts,
    published_layouts,
)
from cryoet_zarr_bench.analysis.recommending.collection_costs import keeping_dollars
from cryoet_zarr_bench.analysis.recommending.recommendation import place_in_words
from cryoet_zarr_bench.analysis.recommending.storage_prices import PRICE_LISTS, USUAL_PRICES
from cryoet_zarr_bench.analysis.result_reader import (
    machine_of_tomograms,
    machine_with,
    published_machine,
)
from cryoet_zarr_bench.analysis.tomogram_figures import TomogramFigures, measured_tomograms
from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.layouts.compared_layouts import CODEC
from cryoet_zarr_bench.layouts.reading_places import FILE_SYSTEMS, USUAL
from cryoet_zarr_bench.measurement.codec_levels import LEVELS, LEVELS_FILE, read_codec_levels
from cryoet_zarr_bench.releases.catalogue import load_catalogue

CONFIRMED, REFINED, REFUTED = "confirmed", "refined", "refuted"

CLAIMED_BYTES = 25 * TERABYTE
"""3.6 TB saved at 1.17 times are 25 TB of tomograms, and 1,000 $ a year 0.023 $ a GB and month."""

FLAT = 0.005
"""A level wins nothing more where the largest ratio is at most so much larger than its own."""


@dataclass(frozen=True)
class CheckedClaim:
    """A claim, and the sentence that says what was measured; `figures` are those it is held by."""

    claim: str
    figures: tuple[tuple[str, float], ...]
    outcome: str
    measured: str


def outcome(figures: Iterable[float], low: float, high: float, nothing: float) -> str:
    """Confirmed, refined or refuted: the claim is `low` to `high`, and `nothing` no effect."""
    found = list(figures)
    inside = [low <= figure <= high for figure in found]
    if all(inside):
        return CONFIRMED
    right_side = [(figure > nothing) == (low > nothing) for figure in found]
    return REFINED if any(inside) or all(right_side) else REFUTED


@dataclass(frozen=True)
class _Evidence:
    results: Path
    machine: str
    tomograms: list[TomogramFigures]
    layouts: ComparedLayouts | None


def checked_claims(results: Path) -> list[CheckedClaim]:
    """Every claim that the results can be held against, in the order in which they were made."""
    machine = published_machine(results)
    widest = machine_of_tomograms(results)
    if machine is None or widest is None:
        return []
    layouts = published_layouts(results)
    evidence = _Evidence(
        results, machine, measured_tomograms(results, widest), layouts[0] if layouts else None
    )
    return [claim for check in _CHECKS if (claim := check(evidence)) is not None]


def _best_ratio(evidence: _Evidence) -> CheckedClaim | None:
    best = {
        each.result.tomogram: max(each.lossless, key=lambda c: c.ratio)
        for each in evidence.tomograms
    }
    if not best:
        return None
    figures = tuple((name, found.ratio) for name, found in best.items())
    listed = _listed(
        (f"with {found.cell.codec} on {name}", f"{found.ratio:.3f}") for name, found in best.items()
    )
    return CheckedClaim(
        "The best codec makes a tomogram 1.17 times smaller.",
        figures,
        outcome((value for _, value in figures), 1.165, 1.175, 1.0),
        f"It depends on the tomogram more than on the codec. The best lossless ratios: {listed}.",
    )


def _zstd_over_lz4(evidence: _Evidence) -> CheckedClaim | None:
    figures = []
    for each in evidence.tomograms:
        ratios = {c.cell.codec: c.ratio for c in each.lossless if c.cell.chunks == "64x64x64"}
        pair = [ratios.get(f"blosc-{name}-5-shuffle") for name in ("zstd", "lz4")]
        if pair[0] is not None and pair[1] is not None:
            figures.append((each.result.tomogram, pair[0] / pair[1] - 1))
    if not figures:
        return None
    return CheckedClaim(
        "Zstandard compresses 8 % better than LZ4.",
        tuple(figures),
        outcome((value for _, value in figures), 0.075, 0.085, 0.0),
        "Blosc at level 5 with shuffle, chunks of 64x64x64; with Zstandard the ratio is higher by "
        f"{_listed((f'on {name}', f'{100 * value:.1f} %') for name, value in figures)}.",
    )


_SHARDED = (
    ("64x64x64 in shards of 256x256x256", "64x64x64", "64x64x64 in 256x256x256"),
    ("64x64x64 in one shard a level", "64x64x64", "64x64x64 in all"),
    ("128x128x128 in one shard a level", "128x128x128", "128x128x128 in all"),
    ("16x256x256 in one shard a level", "16x256x256", "16x256x256 in all"),
)
"""What it is called, the shape of chunks that are files, and the same chunks in shards."""


def _fewer_files(claim: str, low: float, high: float) -> Callable[[_Evidence], CheckedClaim | None]:
    def check(evidence: _Evidence) -> CheckedClaim | None:
        if evidence.layouts is None:
            return None
        figures = []
        for name, *shapes in _SHARDED:
            files, shards = (evidence.layouts.of(f"{CODEC} {shape}") for shape in shapes)
            if files is not None and shards is not None:
                figures.append((name, 1 - shards.files / files.files))
        if not figures:
            return None
        return CheckedClaim(
            claim,
            tuple(figures),
            outcome((value for _, value in figures), low, high, 0.0),
            f"Of {evidence.layouts.tomogram} with its pyramid, metadata counted: fewer by "
            f"{_listed((f'for {name}', f'{100 * value:.1f} %') for name, value in figures)}. "
            "How many chunks a shard has decides it.",
        )

    return check


def _slabs(evidence: _Evidence) -> CheckedClaim | None:
    if evidence.layouts is None:
        return None
    # Both chunks have as many voxels, so that they differ by their shape alone.
    cubes, slabs = (evidence.layouts.of(f"{CODEC} {shape}") for shape in ("64x64x64", "16x128x128"))
    if cubes is None or slabs is None:
        return None
    figures, across = [], []
    for place in (*FILE_SYSTEMS, USUAL):
        figures.append((place, cubes.seconds("xy_slice", place) / slabs.seconds("xy_slice", place)))
        across.append((place, slabs.seconds("xz_slice", place) / cubes.seconds("xz_slice", place)))
    faster, slower = (
        _listed((f"from {place_in_words(place)}", f"{value:.2g} times") for place, value in found)
        for found in (figures, across)
    )
    return CheckedClaim(
        "Chunks that are slabs give slices 4 times faster.",
        tuple(figures),
        outcome((value for _, value in figures), 3.5, 4.5, 1.0),
        f"16x128x128 against 64x64x64, which have as many voxels: an XY slice is faster {faster}. "
        f"For that an XZ slice takes longer, {slower}.",
    )


def _levels(evidence: _Evidence) -> CheckedClaim | None:
    machine = machine_with(evidence.results, LEVELS_FILE, evidence.machine)
    lines = read_codec_levels(evidence.results, machine)
    best: list[tuple[str, float]] = []
    for tomogram in dict.fromkeys(line.tomogram for line in lines):
        for family in dict.fromkeys(line.family for line in lines):
            own = [e for e in lines if (e.tomogram, e.family) == (tomogram, family)]
            most = max(line.ratio for line in own)
            enough = [line for line in own if line.ratio * (1 + FLAT) >= most]
            quickest = min(enough, key=lambda line: line.write_cpu + line.read_cpu)
            best.append((f"{family} on {tomogram}", float(quickest.level)))
    if not best:
        return None
    counts = {level: sum(value == level for _, value in best) for level in LEVELS}
    often = ", ".join(f"level {level} in {count}" for level, count in counts.items() if count)
    return CheckedClaim(
        "Levels 3 to 5 are the best.",
        tuple(best),
        outcome((value for _, value in best), 3, 5, 2),
        f"Of {len(best)} pairs of a codec and a tomogram, the quickest level within "
        f"{100 * FLAT:g} % of the best ratio is {often}.",
    )


def _dollars(evidence: _Evidence) -> CheckedClaim | None:
    if evidence.layouts is None or (today := evidence.layouts.today) is None:
        return None
    file, prices = evidence.layouts.of("mrc"), PRICE_LISTS[USUAL_PRICES]
    if file is None:
        return None
    smallest = min(evidence.layouts.lines, key=lambda line: line.stored_bytes)
    figures, said = [], []
    for name, line in (
        ("than the MRC, which has no pyramid", file),
        ("than today's layout", today),
    ):
        tomograms = CLAIMED_BYTES / line.raw_bytes
        saved = (line.stored_bytes - smallest.stored_bytes) * tomograms
        dollars = (keeping_dollars(line, prices) - keeping_dollars(smallest, prices)) * tomograms
        figures.append((name, saved / TERABYTE))
        said.append((name, f"{saved / TERABYTE:.1f} TB and {dollars:,.0f} $ a year"))
    return CheckedClaim(
        "Better compression saves 3.6 TB and 1,000 $ a year.",
        tuple(figures),
        outcome((value for _, value in figures), 3.55, 3.65, 0.0),
        f"So it would be for {CLAIMED_BYTES / TERABYTE:g} TB of tomograms. As {smallest.layout}, "
        f"pyramids included, they take less by {_listed(said)} ({prices.title}).",
    )


def _zarr_3(evidence: _Evidence) -> CheckedClaim | None:
    tags = [release.tag for release in load_catalogue().releases]
    old, new = ([tag for tag in tags if tag.startswith(f"zarr-{of}.")][-1] for of in (2, 3))
    try:
        found = comparison(published_evidence(evidence.results), old, new)
    except BadInput:
        return None
    timed = [each for each in found.statements if "time_" in each.benchmark and each.ratio > 0]
    known = [each for each in timed if each.direction or each.word == "no change"]
    if not known:
        return None
    figures = tuple((f"{each.benchmark} {each.cell.codec}", each.ratio) for each in known)
    faster = sum(each.direction < 0 for each in known)
    slower = sum(each.direction > 0 for each in known)
    said = f"Of {len(known)} timings in format 2, {new} is faster in {faster}, slower in {slower}"
    return CheckedClaim(
        "Zarr 3 is as fast as zarr 2, or faster.",
        figures,
        REFUTED if slower == len(known) else REFINED if slower else CONFIRMED,
        f"{said}. {found.sentence}",
    )


def _listed(parts: Iterable[tuple[str, str]]) -> str:
    """Figures one after the other, each with what it is of."""
    return ", ".join(f"{value} {of}" for of, value in parts)


_CHECKS: tuple[Callable[[_Evidence], CheckedClaim | None], ...] = (
    _best_ratio,
    _zstd_over_lz4,
    _fewer_files("Sharding leaves 99.6 % fewer files.", 0.9955, 0.9965),
    _slabs,
    _levels,
    _dollars,
    _fewer_files("Sharding leaves 90 to 99 % fewer files.", 0.9, 0.99),
    _zarr_3,
)
