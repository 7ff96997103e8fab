"""What tomograms are stored for: how much each figure of a layout counts for it.

Weights are assumptions, open to change: `mixed` makes a purpose of a user's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cryoet_zarr_bench.common.refusals import refused
from cryoet_zarr_bench.layouts.reading_figures import PATTERNS

STORED, FILES, WRITING, CHANGING = "stored", "files", "writing", "changing"

FIGURES = {
    **{name: f"seconds, {pattern.title}" for name, pattern in PATTERNS.items()},
    STORED: "bytes stored",
    FILES: "files",
    WRITING: "seconds of writing",
    CHANGING: "bytes moved where a box is changed",
}
"""Every figure that can count, by its name, and what it is called."""


@dataclass(frozen=True)
class StoragePurpose:
    """A purpose: the weights of figures, which add up to 1."""

    name: str
    title: str
    weights: Mapping[str, float]

    @property
    def main_pattern(self) -> str:
        """The way of reading that counts most, of equal ones the first; else an XY slice."""
        reading = {name: weight for name, weight in self.weights.items() if name in PATTERNS}
        return max(reading, key=lambda name: reading[name], default="xy_slice")


PURPOSES = {
    purpose.name: purpose
    for purpose in (
        # A viewer such as neuroglancer shows three sections at a time.
        StoragePurpose(
            "browsing",
            "browsing in a viewer",
            {"xy_slice": 0.3, "xz_slice": 0.15, "yz_slice": 0.15, "first_view": 0.2, STORED: 0.2},
        ),
        StoragePurpose("slices", "browsing XY slices alone", {"xy_slice": 0.8, STORED: 0.2}),
        StoragePurpose(
            "picking", "picking particles", {"particles": 0.5, "xy_slice": 0.3, STORED: 0.2}
        ),
        StoragePurpose("training", "training", {"patches": 0.7, "volume": 0.1, STORED: 0.2}),
        StoragePurpose("archive", "an archive", {STORED: 0.6, "volume": 0.2, FILES: 0.2}),
        StoragePurpose("scratch", "scratch", {WRITING: 0.5, "volume": 0.3, CHANGING: 0.2}),
    )
}
"""The purposes that have a name."""


def purpose_called(name: str) -> StoragePurpose:
    """The purpose of a name. BadInput if there is none."""
    if name not in PURPOSES:
        raise refused(name, "is no purpose", f"use one of {', '.join(PURPOSES)}")
    return PURPOSES[name]


def mixed(weights: Mapping[str, float]) -> StoragePurpose:
    """A purpose of a user's own; the weights may have any sum.

    Raises:
        BadInput: there is no such figure, a weight is negative, or all of them are 0.
    """
    for name, weight in weights.items():
        if name not in FIGURES:
            raise refused(name, "is no figure that can count", f"use {', '.join(FIGURES)}")
        if not weight >= 0:
            raise refused(name, f"has the weight {weight}", "give 0 or more")
    whole = sum(weights.values())
    if not 0 < whole < float("inf"):
        raise refused("the weights", f"add up to {whole}", "give at least one above 0")
    return StoragePurpose(
        "own mix", "this mix", {name: weight / whole for name, weight in weights.items() if weight}
    )


def chosen_purpose(purpose: str | Mapping[str, float] | StoragePurpose) -> StoragePurpose:
    """A purpose by its name, or the mix of weights. BadInput as `purpose_called` and `mixed`."""
    if isinstance(purpose, StoragePurpose):
        return purpose
    return purpose_called(purpose) if isinstance(purpose, str) else mixed(purpose)
