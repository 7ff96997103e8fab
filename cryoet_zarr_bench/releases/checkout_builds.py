"""A revision of zarr or numcodecs that is no release yet, built to a wheel in a clean environment.

A checkout is built as it lies there, changes that are not committed included; a revision of it is
cloned first. The packages that the build needs are installed by uv into an environment of the
build's own.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from cryoet_zarr_bench.common.refusals import refused
from cryoet_zarr_bench.machine.interpreters import find_interpreter
from cryoet_zarr_bench.releases.uv_runner import run_uv

_LONGEST_BUILD = 3600
"""Seconds; numcodecs compiles C for some minutes."""

_REVISION = re.compile(r"[0-9A-Za-z][0-9A-Za-z._/^~+-]*")
"""What git may be asked for: nothing that it would take for an option."""


def is_checkout(place: Path) -> bool:
    """True for a folder from which Python's build tools can make a package."""
    return any((place / name).is_file() for name in ("pyproject.toml", "setup.py"))


def wheel_of_checkout(place: Path, revision: str | None, python: str, folder: Path) -> Path:
    """Build the wheel of a checkout, or of a revision of it.

    Args:
        place: a folder with a checkout; with `revision` it must be a git repository.
        revision: a branch, a tag, a commit; None for the files as they lie there.
        python: the version that the wheel is for, such as `3.12`.
        folder: where wheels are kept. One of a revision is built once.

    Returns:
        The path of the wheel.

    Raises:
        BadInput: there is no such checkout or revision, or it cannot be built.
    """
    interpreter = find_interpreter(python)
    if interpreter is None:
        raise refused(place, f"no CPython {python} is there to build it", "install one")
    if revision is None:
        if not is_checkout(place):
            problem = "is neither a wheel nor a checkout that can be built"
            raise refused(place, problem, "give a folder with a pyproject.toml")
        return _built(place, interpreter, _emptied(folder / "as-it-lies-there"), str(place))
    commit = _commit_of(place, revision)
    wheels = folder / f"{commit}-{python}"
    if known := sorted(wheels.glob("*.whl")):
        return known[0]
    clone = _emptied(folder / "clone")
    shown = f"{place}@{revision}"
    _git(shown, "clone", "--quiet", "--no-checkout", str(place), str(clone))
    _git(shown, "-C", str(clone), "checkout", "--quiet", "--detach", commit)
    # numcodecs has the sources of Blosc as a submodule.
    _git(shown, "-C", str(clone), "submodule", "update", "--quiet", "--init", "--recursive")
    unfinished = _emptied(folder / "unfinished")
    wheel = _built(clone, interpreter, unfinished, shown)
    shutil.rmtree(clone)
    shutil.rmtree(wheels, ignore_errors=True)
    unfinished.rename(wheels)
    return wheels / wheel.name


def _emptied(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _commit_of(place: Path, revision: str) -> str:
    if not _REVISION.fullmatch(revision):
        raise refused(place, f"{revision!r} is no name of a revision", "give a branch or a commit")
    if not place.is_dir():
        raise refused(place, "is no folder", "give the path of a git repository")
    question = [
        "git",
        "-C",
        str(place),
        "rev-parse",
        "--quiet",
        "--verify",
        f"{revision}^{{commit}}",
    ]
    found = subprocess.run(question, capture_output=True, text=True, check=False)
    if found.returncode:
        problem = f"git knows no revision {revision!r} of it"
        raise refused(place, problem, "fetch it first, or give another")
    return found.stdout.strip()


def _git(shown: str, *arguments: str) -> None:
    # A submodule may lie in a folder beside, as a clone of a clone has it.
    command = ["git", "-c", "protocol.file.allow=always", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        raise refused(shown, _last_line(done.stderr), "check the repository")


def _built(source: Path, interpreter: Path, output: Path, shown: str) -> Path:
    arguments = ["build", "--wheel", "--no-config", "--python", str(interpreter)]
    try:
        done = run_uv([*arguments, "--out-dir", str(output), str(source)], timeout=_LONGEST_BUILD)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise refused(shown, f"could not be built ({error})", "build a wheel by hand") from error
    wheels = sorted(output.glob("*.whl"))
    if done.returncode or len(wheels) != 1:
        problem = f"could not be built: {_last_line(done.stderr)}"
        raise refused(shown, problem, "build a wheel by hand, and give that")
    return wheels[0]


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no reason is given"
