"""The record that a measured process leaves: packages, interpreter, cores, file system, stores."""

from __future__ import annotations

import hashlib
import importlib.machinery
import importlib.metadata
import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

from cryoet_zarr_bench.common.whole_files import write_whole
from cryoet_zarr_bench.measured.cpu_cores import cores_in_use
from cryoet_zarr_bench.measured.freed_memory import is_memory_kept
from cryoet_zarr_bench.measured.installed_release import Label

RECORD_FOLDER = "CRYOET_RECORD_FOLDER"
"""Environment variable: where a benchmark process leaves its record of the stores it verified."""


def environment_record() -> dict[str, Any]:
    """Packages and their versions, interpreter, kernel, the cores in use, the stores' file system.

    `libraries` maps each compiled extension of numcodecs, by its path in the environment, to the
    SHA-256 of the file.
    """
    packages = {
        distribution.metadata["Name"].lower(): distribution.version
        for distribution in importlib.metadata.distributions()
        if str(distribution.locate_file("")).startswith(sys.prefix)
    }
    return {
        "python": platform.python_version(),
        "kernel": platform.release(),
        "file_system": file_system_of(Path.cwd()),
        "cores": cores_in_use(),
        "keeps_freed_memory": is_memory_kept(),
        "packages": dict(sorted(packages.items())),
        "libraries": compiled_extensions("numcodecs"),
    }


def compiled_extensions(package: str) -> dict[str, str]:
    """The compiled modules in the folder that a package was imported from, with their SHA-256.

    Paths are relative to the environment. Empty if the package could not be imported.
    """
    module = sys.modules.get(package)
    if module is None or not module.__file__:
        return {}
    environment = Path(sys.prefix).resolve()
    endings = tuple(importlib.machinery.EXTENSION_SUFFIXES)
    return {
        os.path.relpath(path, environment): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(Path(module.__file__).resolve().parent.iterdir())
        if path.name.endswith(endings)
    }


def file_system_of(folder: Path) -> str:
    """The kind of file system a folder lies on, such as `ext4`, or `unknown`."""
    kind, longest = "unknown", -1
    try:
        mounts = Path("/proc/mounts").read_text().splitlines()
    except OSError:
        return kind
    for mount in mounts:
        point, this_kind = mount.split()[1:3]
        if folder.resolve().is_relative_to(point) and len(point) >= longest:
            kind, longest = this_kind, len(point)
    return kind


def leave_record(record: dict[str, Any], label: Label) -> None:
    """Leave the record of a process for the host, whole or not at all."""
    if (path := _record_path(label)) is not None:
        # What other processes of the same run said of their own stores stands beside it.
        write_whole(path, json.dumps({**_left_so_far(path), **record}))


def add_to_record(part: dict[str, Any], label: Label) -> None:
    """Add what a process has to say of stores of its own to the record, under keys of its own."""
    leave_record({"release": label.tag, "commit": label.commit, **part}, label)


def _record_path(label: Label) -> Path | None:
    folder = os.environ.get(RECORD_FOLDER)
    if not folder:
        return None
    return Path(folder) / f"{label.commit}.{os.environ.get('ASV_ENV_NAME', 'environment')}.json"


def _left_so_far(path: Path) -> dict[str, Any]:
    try:
        left: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return left
