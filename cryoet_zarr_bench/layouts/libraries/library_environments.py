"""Environments that each hold one library that writes layouts, at the version that is named."""

from __future__ import annotations

from pathlib import Path

from cryoet_zarr_bench.common.project_folders import WORK
from cryoet_zarr_bench.common.refusals import refused
from cryoet_zarr_bench.layouts.named_layouts import Library
from cryoet_zarr_bench.machine.interpreters import find_interpreter
from cryoet_zarr_bench.releases.installation import (
    InstallationFailed,
    install,
    is_made,
    make_environment,
)

ENVIRONMENTS = WORK / "layouts" / "env"


def interpreter_with(library: Library, python: str) -> Path:
    """The interpreter of an environment that has a library, made where it is not there yet.

    `python` is a version such as `3.12`. Raises BadInput if it cannot be installed.
    """
    named = f"{library.package}=={library.version}"
    found = find_interpreter(python)
    if found is None:
        raise refused(f"CPython {python}", "is not found", "install one")
    folder = ENVIRONMENTS / f"{library.package}-{library.version}_python-{python}"
    complete = folder / "complete"
    if complete.is_file():
        return folder / "bin" / "python"
    try:
        if not is_made(folder):
            make_environment(found, folder)
        outcome = install(folder, [named])
    except InstallationFailed as error:
        raise refused(named, f"cannot be installed ({error})", "try again later") from error
    if outcome.impossible:
        raise refused(named, f"cannot be installed ({outcome.impossible})", "try another Python")
    complete.touch()
    return folder / "bin" / "python"
