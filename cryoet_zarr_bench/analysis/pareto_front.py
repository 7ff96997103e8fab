"""The front of compression ratio against CPU time: the storage configs worth a look.

Ratios are exact, times are not. So a config is dominated only where another, on the front, has at
least its ratio, as tables show it, is not slower to write or to read by more than times differ by
themselves, and is better in one of the three: in time by more than that. Two configs that differ in
time alone, within what repeats of one release differ by, are both kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from cryoet_zarr_bench.analysis.result_reader import Cell, MeasuredRelease

LOSSLESS = ("storage", "write", "read", "codecs")
LOSSY = ("lossy",)
"""The files of benchmarks that have the figures of each kind."""

RATIO = ("track_compression_ratio",)
WRITE = ("time_write_cpu",)
READ = ("time_read_volume_cpu",)
NOISE_TO_SIGNAL = ("track_worst_noise_to_signal",)
PSNR = ("track_psnr",)
WITHIN_BOUND = ("track_within_bound",)
ABOVE_ENTROPY = ("track_bits_above_entropy",)
"""The names of the figures, in whatever class they are."""

DECIMALS = 3
"""Ratios are compared as they are shown: nobody would choose by the fourth decimal."""


@dataclass(frozen=True)
class Candidate:
    """A storage config of one tomogram: what it saves and what it costs.

    `ratio` is bytes in memory over bytes stored, `write` and `read` are CPU seconds for 1 GB (1e9
    bytes) of voxels in memory. None if they are not known: `above_entropy`, the bits stored a
    voxel beyond the entropy of the values, and of lossy configs the `noise_to_signal` of the worst
    shell, the `psnr` in dB and whether that is `within_bound`.
    """

    cell: Cell
    ratio: float
    write: float
    read: float
    noise_to_signal: float | None = None
    psnr: float | None = None
    within_bound: bool | None = None
    above_entropy: float | None = None


def candidates(result: MeasuredRelease, modules: tuple[str, ...]) -> list[Candidate]:
    """The configs with a ratio and both times, of each codec and chunk shape the newest format."""
    size = raw_bytes(result)
    if size is None:
        return []
    ratios = _figures(result, modules, RATIO)
    writes, reads = _figures(result, modules, WRITE), _figures(result, modules, READ)
    damage, psnr = _figures(result, modules, NOISE_TO_SIGNAL), _figures(result, modules, PSNR)
    within = _figures(result, modules, WITHIN_BOUND)
    above = _figures(result, modules, ABOVE_ENTROPY)
    newest: dict[tuple[str, str], Candidate] = {}
    for cell in sorted(ratios, key=lambda each: each.zarr_format):
        if cell in writes and cell in reads:
            newest[cell.codec, cell.chunks] = Candidate(
                cell,
                ratios[cell],
                writes[cell] / size * 1e9,
                reads[cell] / size * 1e9,
                damage.get(cell),
                psnr.get(cell),
                bool(within[cell]) if cell in within else None,
                above.get(cell),
            )
    return list(newest.values())


def raw_bytes(result: MeasuredRelease) -> float | None:
    """Bytes of the tomogram in memory: as recorded, or from a ratio and the bytes stored."""
    if result.tomogram_bytes is not None:
        return result.tomogram_bytes
    ratios = _figures(result, ("storage",), RATIO)
    stored = _figures(result, ("storage",), ("track_stored_bytes",))
    return next((ratios[cell] * stored[cell] for cell in ratios if cell in stored), None)


def _figures(
    result: MeasuredRelease, modules: tuple[str, ...], methods: tuple[str, ...]
) -> dict[Cell, float]:
    """The figures of these methods in the classes of these files; of one in both, the first's."""
    found: dict[Cell, float] = {}
    for module in modules:
        for name, cells in result.figures.items():
            if name.split(".", 1)[0] == module and name.rsplit(".", 1)[-1] in methods:
                found = {**cells, **found}
    return found


def front(found: Iterable[Candidate], margin: float) -> list[Candidate]:
    """Those that no other on the front dominates, the largest ratio first.

    Of lossy configs the noise that they add counts too: less is better, and it is exact.
    """
    kept: list[Candidate] = []
    # In this order none dominates one before it: of equals, what dominates costs less in all.
    for each in sorted(found, key=_best_first):
        if not any(dominates(other, each, margin) for other in kept):
            kept.append(each)
    return kept


def _best_first(candidate: Candidate) -> tuple[float, float, float, str, str]:
    cell, cost = candidate.cell, candidate.write * candidate.read
    return -_shown(candidate), candidate.noise_to_signal or 0.0, cost, cell.codec, cell.chunks


def _shown(candidate: Candidate) -> float:
    return round(candidate.ratio, DECIMALS)


def dominates(one: Candidate, other: Candidate, margin: float) -> bool:
    """True if one is clearly better in something, and worse in nothing; see above."""
    noise, others = one.noise_to_signal or 0.0, other.noise_to_signal or 0.0
    if _shown(one) < _shown(other) or noise > others:
        return False
    if one.write > margin * other.write or one.read > margin * other.read:
        return False
    return (
        _shown(one) > _shown(other)
        or noise < others
        or margin * one.write < other.write
        or margin * one.read < other.read
    )


def nearest_better(each: Candidate, kept: Iterable[Candidate], margin: float) -> Candidate | None:
    """Of those on the front that dominate it, the one that costs least; None if none does."""
    better = [other for other in kept if dominates(other, each, margin)]
    return min(better, key=lambda other: other.write * other.read, default=None)


def quickest_of_nearly_its_size(
    found: Iterable[Candidate],
    ratio: float,
    tolerated: float,
    cost: Callable[[Candidate], float] = lambda each: each.write + each.read,
) -> Candidate | None:
    """The one that costs least among those whose ratio is at most `tolerated` below `ratio`."""
    nearly = [each for each in found if each.ratio >= ratio * (1 - tolerated)]
    return min(nearly, key=cost, default=None)
