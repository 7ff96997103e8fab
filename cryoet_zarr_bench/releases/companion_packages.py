"""Packages that stand beside zarr and numcodecs in every measured environment, with their pins.

Some codecs of numcodecs are in packages of their own, which it does not install by itself; other
engines read and write the same stores. They change no version of the release itself. A release is
measured with the pin that fits it; where none does, what needs the package is n/a.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from packaging.requirements import Requirement


@dataclass(frozen=True)
class Pin:
    """A version of a companion, and the releases it is for, as `numcodecs>=0.15,<0.17`.

    A release that one of `fits` speaks against is not measured with this pin. It is one requirement
    for each package that matters, none where the pin is for all.
    """

    version: str
    fits: tuple[str, ...] = ()

    def is_for(self, packages: Mapping[str, str]) -> bool:
        """True if the pin is for a release; `packages` maps zarr and numcodecs to versions."""
        wanted = [Requirement(each) for each in self.fits]
        return all(
            each.specifier.contains(packages[each.name], prereleases=True) for each in wanted
        )


@dataclass(frozen=True)
class Companion:
    """A package and its pins; the first that is for a release and can be installed is taken."""

    name: str
    pins: tuple[Pin, ...]

    def requirements_for(self, packages: Mapping[str, str]) -> tuple[str, ...]:
        """The pins that are for a release, as an installer takes them, the best first."""
        return tuple(f"{self.name}=={pin.version}" for pin in self.pins if pin.is_for(packages))


COMPANIONS = (
    # The newest that numcodecs' own extra `pcodec` takes; 0.13 names no upper bound, and fails
    # with 0.3. What they write differs: the record has the version.
    Companion(
        "pcodec",
        (
            Pin("1.1.0", ("numcodecs>=0.17",)),
            Pin("0.3.6", ("numcodecs>=0.15,<0.17",)),
            Pin("0.2.0", ("numcodecs<0.15",)),
        ),
    ),
    # numcodecs before 0.15 refuses zfpy beside numpy 2. With zfpy 1.0.1.post0 `import numcodecs`
    # itself fails, since its version is not three numbers.
    Companion("zfpy", (Pin("1.0.1", ("numcodecs>=0.15",)),)),
    # A library of its own: the same version beside every release, so that its figures tell what
    # the machine did and its stores who can read them. ml-dtypes is all that it needs.
    Companion("tensorstore", (Pin("0.1.86"),)),
    Companion("ml-dtypes", (Pin("0.6.0"),)),
    # A pipeline for zarr-python 3. What fits zarr 3.0.0 to 3.0.2 brings pytest and more with it.
    Companion("zarrs", (Pin("0.2.3", ("zarr>=3.1",)), Pin("0.1.5", ("zarr>=3.0.3,<3.1",)))),
    # SZ3 and JPEG 2000. The other two hold entry points alone, by which numcodecs and zarr find
    # them when they read; that for zarr wants zarr 3.2.
    Companion("imagecodecs", (Pin("2026.10.10"),)),
    Companion("imagecodecs-numcodecs", (Pin("2026.10.10"),)),
    Companion("imagecodecs-zarr", (Pin("2026.10.10", ("zarr>=3.2",)),)),
)
"""All of them, in the order in which one gives way to the other where they exclude each other."""


def fitting(packages: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Companion -> its requirements for a release, the best first; those that have one at all."""
    found = {each.name: each.requirements_for(packages) for each in COMPANIONS}
    return {name: requirements for name, requirements in found.items() if requirements}
