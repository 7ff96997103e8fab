"""Find whether one version of zarr and one of numcodecs install together, by asking uv."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping

from cryoet_zarr_bench.releases.package_index import (
    ORIGIN_VARIABLE,
    IndexFault,
    package_index_origin,
)
from cryoet_zarr_bench.releases.uv_answers import is_refusal, one_line
from cryoet_zarr_bench.releases.uv_runner import run_uv

# The catalogue is the same whoever extends it: one Python and one platform stand for all.
PYTHON_VERSION = "3.12"
PLATFORM = "x86_64-manylinux_2_28"
TIMEOUT = 300.0  # seconds


class Resolver:
    """Asks `uv pip compile`, once per pair and always with the held pins in the same call."""

    def __init__(self, held: Mapping[str, str]) -> None:
        self.held = dict(held)
        self._refreshed = False

    def __call__(self, zarr: str, numcodecs: str) -> bool:
        """Return whether the pair installs.

        Raises:
            BadInput: uv is missing, or fails for another reason than that the versions refuse
                each other: no network, an index that does not have a version it has announced.
        """
        pins = {"zarr": zarr, "numcodecs": numcodecs, **self.held}
        requirements = "".join(f"{package}=={version}\n" for package, version in pins.items())
        command = ["pip", "compile", "-", "--quiet", "--no-header", "--no-annotate"]
        command += ["--python", sys.executable, "--python-version", PYTHON_VERSION]
        command += ["--python-platform", PLATFORM]
        # A numcodecs without wheels would be compiled, with whatever compiler is at hand.
        command += ["--only-binary", "numcodecs"]
        if os.environ.get(ORIGIN_VARIABLE):
            command += ["--default-index", f"{package_index_origin()}/simple/"]
        if not self._refreshed:
            # uv keeps what the index said for ten minutes; a new release may be younger.
            command += ["--refresh-package", "zarr", "--refresh-package", "numcodecs"]
        done = _ask(command, requirements)
        self._refreshed = True
        if done.returncode == 0:
            return True
        said = one_line(done.stderr)
        if done.returncode == 1 and is_refusal(said):
            return False
        raise IndexFault(
            f"uv could not tell whether zarr {zarr} and numcodecs {numcodecs} install together: "
            f"{said or f'exit code {done.returncode}'}"
        )


def _ask(arguments: list[str], requirements: str) -> subprocess.CompletedProcess[str]:
    try:
        return run_uv(
            arguments,
            requirements=requirements,
            # Not in a project, whose uv settings would have a say.
            folder=tempfile.gettempdir(),
            timeout=TIMEOUT,
        )
    except subprocess.TimeoutExpired as error:
        raise IndexFault(f"uv did not answer in {TIMEOUT:.0f} s") from error
    except OSError as error:
        raise IndexFault(f"cannot run uv: {error}") from error
