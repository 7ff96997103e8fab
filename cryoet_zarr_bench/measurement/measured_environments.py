"""The environment that a measuring process runs in: this one, or that of a release."""

from __future__ import annotations

import importlib.metadata
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from cryoet_zarr_bench.common.project_folders import WORK
from cryoet_zarr_bench.common.refusals import refused
from cryoet_zarr_bench.machine.interpreters import choose_python
from cryoet_zarr_bench.measured import measurement_worker
from cryoet_zarr_bench.releases.catalogue import load_catalogue
from cryoet_zarr_bench.verdicts.compared_releases import Side, released
from cryoet_zarr_bench.verdicts.process_pairs import ReleaseUnderTest


@dataclass(frozen=True)
class MeasuredEnvironment:
    """Environment of a measuring process: its interpreter, and the versions that must be in it."""

    python: Path
    packages: dict[str, str]

    @property
    def command(self) -> list[str]:
        """The command of a measuring process."""
        # -P: the modules beside the worker are not to be found by their bare names.
        return [str(self.python), "-P", "-W", "ignore", str(measurement_worker.__file__)]

    @property
    def variables(self) -> dict[str, str]:
        """Its environment variables."""
        return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    @property
    def title(self) -> str:
        """The versions in the environment, in words."""
        return ", ".join(f"{name} {version}" for name, version in self.packages.items())


def environment_of(zarr: str | None, numcodecs: str | None) -> MeasuredEnvironment:
    """The environment of a release, made where it is not there yet; without one this process's.

    Args:
        zarr: a version, such as `3.1.6`.
        numcodecs: a version; without it the one that the catalogue pairs with `zarr`.

    Raises:
        BadInput: there is no such release, or it cannot be installed.
    """
    if zarr is None:
        if numcodecs is not None:
            raise refused("numcodecs", "is given without zarr", "give both")
        packages = {name: importlib.metadata.version(name) for name in ("zarr", "numcodecs")}
        return MeasuredEnvironment(Path(sys.executable), packages)
    release = ReleaseUnderTest(
        _side(zarr, numcodecs), WORK / "measure", Path(), choose_python(None)
    )
    (WORK / "measure").mkdir(parents=True, exist_ok=True)
    release.install(load_catalogue().held)
    return MeasuredEnvironment(release.python, release.side.versions)


def _side(zarr: str, numcodecs: str | None) -> Side:
    if numcodecs is None:
        paired = [each for each in load_catalogue().releases if each.zarr == zarr]
        if not paired:
            raise refused(
                f"zarr {zarr}", "is not in the catalogue of releases", "give numcodecs as well"
            )
        numcodecs = paired[0].numcodecs
    return released(f"zarr {zarr}, numcodecs {numcodecs}", zarr, numcodecs)
