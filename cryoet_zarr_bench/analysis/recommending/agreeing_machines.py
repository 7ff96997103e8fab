"""How many machines give the same answer: each by the layouts that it has measured itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cryoet_zarr_bench.analysis.layout_comparison import ComparedLayouts, compared_layouts
from cryoet_zarr_bench.analysis.recommending.recommendation import Recommendation, recommend
from cryoet_zarr_bench.layouts.layout_lines import LAYOUTS_FILE


@dataclass(frozen=True)
class MachinesAgreement:
    """Of so many machines that have measured the tomogram, `agreeing` give the same answer.

    A machine agrees if the pick is its own, or as good as its own.
    """

    agreeing: int
    machines: int

    @property
    def sentence(self) -> str:
        """It in words."""
        if self.machines == 1:
            return "One machine has measured this."
        return f"{self.agreeing} of {self.machines} machines that have measured this agree."


def measured_everywhere(results: Path) -> list[ComparedLayouts]:
    """The layouts of every tomogram on every machine."""
    return [
        compared
        for path in sorted(results.glob(f"*/{LAYOUTS_FILE}"))
        for compared in compared_layouts(results, path.parent.name)
    ]


def agreement_of(
    found: Recommendation, everywhere: list[ComparedLayouts], readers: tuple[str, ...] = ()
) -> MachinesAgreement:
    """How many machines give the answer of a recommendation that was asked with those `readers`."""
    agreeing = machines = 0
    for compared in everywhere:
        if compared.tomogram != found.tomogram:
            continue
        machines += 1
        if compared.machine == found.machine:
            agreeing += 1
            continue
        own = recommend(compared, found.purpose, found.place, readers=readers)
        if own is None:
            continue
        as_good = [own.pick, *own.tied]
        agreeing += found.pick.line.layout in [each.line.layout for each in as_good]
    return MachinesAgreement(agreeing, machines)
