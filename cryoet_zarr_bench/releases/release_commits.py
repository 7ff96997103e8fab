"""Commits of the release history."""

from __future__ import annotations

import functools
import subprocess

from cryoet_zarr_bench.common.project_folders import HISTORY
from cryoet_zarr_bench.releases.catalogue import load_catalogue
from cryoet_zarr_bench.releases.release_history import generate_history


@functools.cache
def _commits() -> dict[str, str]:
    generate_history(load_catalogue(), HISTORY)
    answer = subprocess.run(
        [
            "git",
            "for-each-ref",
            "--format=%(refname:short) %(*objectname)%(objectname)",
            "refs/tags",
        ],
        cwd=HISTORY,
        capture_output=True,
        text=True,
        check=True,
    )
    # An annotated tag shows its commit first, a plain one has nothing there.
    return {line.split()[0]: line.split()[1][:40] for line in answer.stdout.splitlines()}


def commit_of(tag: str) -> str:
    """The commit that a release is in the generated history; KeyError for an unknown tag."""
    return _commits()[tag]


def tag_of(commit: str) -> str:
    """The tag of the release that a commit is; KeyError for an unknown commit."""
    return {each: tag for tag, each in _commits().items()}[commit]


def is_release(commit: str) -> bool:
    """True if a commit is a release of the catalogue in the generated history."""
    return commit in _commits().values()
