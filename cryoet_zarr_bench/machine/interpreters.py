"""Find a working CPython of a given version, behind an inactive pyenv shim too."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from cryoet_zarr_bench.common.errors import BadInput


@functools.cache
def find_interpreter(version: str) -> Path | None:
    """The first CPython of `version` (such as `3.12`) on this machine that runs; None without one.

    Looked for on the whole PATH, under pyenv's folder of versions (whose shims refuse to run while
    no version is active) and beside the running interpreter. Nothing is ever downloaded.
    """
    for candidate in _candidates(version):
        if _version_of(candidate) == version:
            return candidate
    return None


def _candidates(version: str) -> Iterator[Path]:
    running = f"{sys.version_info.major}.{sys.version_info.minor}"
    if running == version:
        yield Path(getattr(sys, "_base_executable", sys.executable))
    folders = [Path(folder or ".") for folder in os.environ.get("PATH", "").split(os.pathsep)]
    for folder in folders:
        yield folder / f"python{version}"
    # Shims on PATH tell where pyenv is, whatever the home directory.
    of_shims = [folder.parent for folder in folders if folder.name == "shims"]
    for pyenv in (Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv"), *of_shims):
        yield from sorted(pyenv.glob(f"versions/{version}.*/bin/python{version}"), reverse=True)
    if running == version:
        yield Path(sys.executable)


def _version_of(executable: Path) -> str | None:
    if not executable.is_file():
        return None
    program = "import sys, platform; print(platform.python_implementation(), *sys.version_info[:2])"
    try:
        answer = subprocess.run(
            [executable, "-I", "-c", program], capture_output=True, text=True, timeout=30
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    name, *numbers = answer.stdout.split() or [""]
    return ".".join(numbers) if answer.returncode == 0 and name == "CPython" else None


_MEASURED_PYTHONS = ("3.12", "3.13", "3.14")


def choose_python(wanted: str | None) -> str:
    """The version of Python to measure with: the one wanted, or the first there is from 3.12 up.

    Raises BadInput if it is not on this machine.
    """
    for version in [wanted] if wanted else _MEASURED_PYTHONS:
        if find_interpreter(version) is not None:
            return version
    raise BadInput(
        f"no CPython {wanted or ' or '.join(_MEASURED_PYTHONS)} found on PATH or among pyenv's "
        "versions; install one"
    )
