"""What a benchmark process is told from outside: the release on the label and the tomogram.

asv starts each process with the folder of its environment and the commit in the environment
variables; the installation left there says which release that commit is.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import importlib.machinery
import importlib.metadata
import json
import os
import platform
import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryoet_zarr_bench.storage.cores import cores_in_use
from cryoet_zarr_bench.storage.freed_memory import is_memory_kept
from cryoet_zarr_bench.whole_files import write_whole

RELEASE_FILE = "installed-release.json"
"""In the folder of an environment: the release that was installed there last."""

PREPARED_TOMOGRAM = "CRYOET_PREPARED_TOMOGRAM"
"""Environment variable: the path of the prepared tomogram (.npy) that is measured."""

RECORD_FOLDER = "CRYOET_RECORD_FOLDER"
"""Environment variable: where a benchmark process leaves its record of the stores it verified."""

ASV_PROCESS = "CRYOET_ASV_PROCESS"
"""Environment variable: the number of the process of asv that starts measured ones."""

DISK_STORES = "CRYOET_DISK_STORES"
"""Environment variable: the folder of a run for stores that have to lie on a disk."""


@dataclass(frozen=True)
class Label:
    """The release that results of this process will be filed under.

    `packages` maps zarr and numcodecs to their versions. `impossible` is the reason why the pair
    cannot be installed, None where it was. `commit` is the commit of the release history.
    `left_out` maps packages that codecs or engines need, and that do not go with the release, to
    the reason.
    """

    tag: str
    commit: str
    packages: dict[str, str]
    impossible: str | None
    left_out: dict[str, str] = field(default_factory=dict)


def read_label() -> Label:
    """The release installed in this environment; RuntimeError where asv's commit is another one."""
    folder = os.environ.get("ASV_ENV_DIR")
    if folder is None:
        raise RuntimeError("this is no asv environment: ASV_ENV_DIR is not set")
    content = json.loads((Path(folder) / RELEASE_FILE).read_text())
    label = Label(
        content["tag"],
        content["commit"],
        content["packages"],
        content.get("impossible"),
        content.get("left_out", {}),
    )
    if label.commit != os.environ.get("ASV_COMMIT", label.commit):
        raise RuntimeError(
            f"the environment holds {label.tag} ({label.commit[:8]}), "
            f"but asv files results under {os.environ['ASV_COMMIT'][:8]}"
        )
    return label


def prepared_tomogram_path() -> Path:
    """The prepared tomogram to measure; RuntimeError where none was prepared."""
    path = os.environ.get(PREPARED_TOMOGRAM)
    if not path:
        raise RuntimeError(f"no tomogram was prepared: {PREPARED_TOMOGRAM} is not set")
    return Path(path)


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

    Paths are relative to the environment. Empty where the package could not be imported.
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


def end_with_parent() -> None:
    """Let Linux end this process when the process that started it is gone, however it ended.

    asv's fork server waits for its next command for ever; after a kill of asv none comes.
    """
    _be_killed_with_parent()
    # A forked process does not inherit it: one that makes stores would go on for a while.
    os.register_at_fork(after_in_child=_be_killed_with_parent)
    # Where it was gone before this call, no signal comes any more.
    if os.environ.get(ASV_PROCESS, str(os.getppid())) != str(os.getppid()):
        os._exit(1)


def _be_killed_with_parent() -> None:
    set_parent_death_signal = 1  # PR_SET_PDEATHSIG, prctl(2)
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)


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
