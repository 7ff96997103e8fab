"""The release installed in a measured environment: its label, and the check that it is imported."""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.metadata
import json
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

from cryoet_zarr_bench.common.errors import ReleaseMismatch

RELEASE_FILE = "installed-release.json"
"""In the folder of an environment: the release that was installed there last."""


@dataclass(frozen=True)
class Label:
    """The release that results of this process will be filed under.

    `packages` maps zarr and numcodecs to their versions. `impossible` is the reason why the pair
    cannot be installed, None if it was. `commit` is the commit of the release history.
    `left_out` maps packages that codecs or engines need, and that do not go with the release, to
    the reason.
    """

    tag: str
    commit: str
    packages: dict[str, str]
    impossible: str | None
    left_out: dict[str, str] = field(default_factory=dict)


def read_label() -> Label:
    """The release installed in this environment; RuntimeError if asv's commit is another one."""
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


def check_release(expected: dict[str, str]) -> dict[str, dict[str, str]]:
    """Raise ReleaseMismatch unless the packages imported here are those of the release.

    `expected` maps a package to its version. Returned is, for each, the version and the folder in
    the environment it was imported from, for the record. The version is what the imported module
    says itself.
    """
    found = {}
    prefix = Path(sys.prefix).resolve()
    for package, version in expected.items():
        module = importlib.import_module(package)
        folder = Path(str(module.__file__)).resolve().parent
        imported = str(module.__version__)
        if imported != version or importlib.metadata.version(package) != version:
            raise ReleaseMismatch(
                f"{package} {imported} is imported from {folder}, but the label says {version}"
            )
        if not folder.is_relative_to(prefix):
            raise ReleaseMismatch(
                f"{package} is imported from {folder}, outside of this environment"
            )
        found[package] = {"version": imported, "folder": str(folder.relative_to(prefix))}
    return found
