"""What a lossy codec wins where some damage is allowed: the smallest store within a bound.

The bound is the noise that a codec may add, over the signal, in the worst shell of Fourier space.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

from cryoet_zarr_bench.analysis.pareto_front import Candidate
from cryoet_zarr_bench.analysis.result_reader import machine_of_tomograms
from cryoet_zarr_bench.analysis.tomogram_figures import TomogramFigures, measured_tomograms

BOUNDS = (0.0001, 0.001, 0.01)
"""Bounds that can be chosen; 0.001 is what the benchmarks judge by."""

RULE_SOURCE = "https://pmc.ncbi.nlm.nih.gov/articles/PMC9645247/"
RULE_BITS = {"raw data": (5, 5), "averages": (8, 12)}
"""Bits of the mantissa that the published rule keeps."""

_ROUNDED = re.compile(r"bitround-(\d+)\b")


@dataclass(frozen=True)
class LossyChoice:
    """The smallest of a tomogram's lossy configs within a bound; `pick` is None if none is.

    `lossless` is the smallest config that loses nothing, `rule` those whose rounding the published
    rule names.
    """

    bound: float
    tomogram: str
    tried: int
    pick: Candidate | None
    lossless: Candidate
    rule: tuple[Candidate, ...]

    @property
    def correlation(self) -> float:
        """The least Fourier shell correlation of what is stored with the original, at the bound.

        1 / sqrt(1 + N/S), for noise that does not depend on the signal.
        """
        return 1 / math.sqrt(1 + self.bound)

    @property
    def sentence(self) -> str:
        """What is won, against what costs nothing, and what the published rule says."""
        allowed = (
            f"With noise of at most {self.bound:g} of the signal in the worst shell (a Fourier "
            f"shell correlation with the original of {self.correlation:.5f})"
        )
        if self.pick is None:
            return f"{allowed} none of {self.tried} lossy configs will do. {self._of_rule}"
        return (
            f"{allowed} the smallest of {self.tried} lossy configs of {self.tomogram} is "
            f"{self.pick.cell.codec}, {self.pick.ratio:.2f} times smaller than in memory; without "
            f"loss it is {self.lossless.cell.codec}, {self.lossless.ratio:.2f} times. "
            f"{self._of_rule}"
        )

    @property
    def _of_rule(self) -> str:
        kept = " and ".join(
            f"{low if low == high else f'{low} to {high}'} bits of the mantissa for {what}"
            for what, (low, high) in RULE_BITS.items()
        )
        found = "; ".join(
            f"{each.cell.codec} adds {each.noise_to_signal:.2g} and is {each.ratio:.2f} times "
            "smaller"
            for each in self.rule
        )
        return f"The published rule keeps {kept}{f': {found}' if found else ''}."


def lossy_choices(results: Path) -> list[LossyChoice]:
    """The choices on the tomogram that is followed, one for each of `BOUNDS`; none if unknown."""
    machine = machine_of_tomograms(results)
    found = [] if machine is None else measured_tomograms(results, machine)
    if not found or not found[0].lossy:
        return []
    return [lossy_choice(found[0], bound) for bound in BOUNDS]


def lossy_choice(figures: TomogramFigures, bound: float) -> LossyChoice:
    """The smallest lossy config of a tomogram within a bound."""
    inside = [
        each
        for each in figures.lossy
        if each.noise_to_signal is not None and each.noise_to_signal <= bound
    ]
    return LossyChoice(
        bound,
        figures.result.tomogram,
        len(figures.lossy),
        max(inside, key=lambda each: each.ratio, default=None),
        max(figures.lossless, key=lambda each: each.ratio),
        tuple(each for each in figures.lossy if _is_of_rule(each)),
    )


def _is_of_rule(candidate: Candidate) -> bool:
    found = _ROUNDED.search(candidate.cell.codec)
    bits = 0 if found is None else int(found[1])
    return any(low <= bits <= high for low, high in RULE_BITS.values())
