"""Install a release, or find that it cannot be installed, in one resolver call."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from cryoet_zarr_bench.common.whole_files import write_whole
from cryoet_zarr_bench.measured.installed_release import RELEASE_FILE
from cryoet_zarr_bench.releases.companion_packages import COMPANIONS, fitting
from cryoet_zarr_bench.releases.uv_answers import (
    fault,
    is_missing,
    is_out_of_reach,
    is_refusal,
    one_line,
)
from cryoet_zarr_bench.releases.uv_runner import run_uv

_WHEELS_ALONE = ("numcodecs", *(companion.name for companion in COMPANIONS))


class InstallationFailed(Exception):
    """The installer failed for another reason than that the packages do not go together.

    Its message is one line that says why, and what to do.
    """


class MissingFromIndex(InstallationFailed):
    """The package index answers, and does not have something that was asked for."""


class IndexOutOfReach(InstallationFailed):
    """The package index could not be asked, or gave no answer that can be used."""


@dataclass(frozen=True)
class Outcome:
    """`impossible` is the resolver's reason why the packages do not go together, or None."""

    impossible: str | None


def make_environment(interpreter: Path, folder: Path) -> None:
    """Make an empty virtual environment, in the place of one that was killed while it was made.

    InstallationFailed with the reason where that fails.
    """
    if not is_made(folder):
        shutil.rmtree(folder, ignore_errors=True)
    made = _run_uv(["venv", "--no-project", "--python", str(interpreter), str(folder)])
    if made.returncode:
        raise InstallationFailed(fault(made.stderr))


def is_made(environment: Path) -> bool:
    """True if a virtual environment is there that was made to its end."""
    return all((environment / part).exists() for part in ("bin/python", "pyvenv.cfg"))


def install(environment: Path, requirements: list[str]) -> Outcome:
    """Make an environment hold exactly the requirements and what they need.

    All are resolved together, so that none can quietly move another. Where the index cannot be
    reached the local cache is tried.

    Raises:
        IndexOutOfReach: the index cannot be reached, and the cache has not all of it.
        MissingFromIndex: the index does not have a version that is asked for, nor has the cache.
        InstallationFailed: for any other reason than that the packages do not go together.
    """
    arguments = [
        "pip",
        "install",
        "--exact",
        # Where the environment forbids Python to keep what it compiled, as containers often do,
        # each process that measures would compile zarr anew.
        "--compile-bytecode",
        "--python",
        str(environment / "bin" / "python"),
        # A release without wheels for this Python is n/a, not compiled with what is at hand.
        *(part for name in _WHEELS_ALONE for part in ("--only-binary", name)),
        *requirements,
    ]
    attempt = _run_uv(arguments)
    if attempt.returncode and not is_refusal(one_line(attempt.stderr)):
        offline = _run_uv([*arguments, "--offline"])
        if offline.returncode:
            raise _failure(one_line(attempt.stderr))
        attempt = offline
    if attempt.returncode == 0:
        return Outcome(impossible=None)
    return Outcome(impossible=one_line(attempt.stderr))


def install_release(
    environment: Path, checkout: Path, commit: str, numcodecs: str | None, extra: list[str]
) -> Outcome:
    """Install the release whose files are in `checkout`, and leave a label in the environment.

    `numcodecs` replaces the release's own pin where given. `extra` are requirements of the
    measurement itself. InstallationFailed as by `install_labelled`.
    """
    release = json.loads((checkout / "release.json").read_text())
    packages = {"zarr": release["zarr"], "numcodecs": numcodecs or release["numcodecs"]}
    pins = [
        line
        for line in (checkout / "requirements.txt").read_text().splitlines()
        if line and line.split("==")[0] not in packages
    ]
    wanted = [f"{package}=={version}" for package, version in packages.items()]
    return install_labelled(environment, release["tag"], commit, packages, wanted, [*pins, *extra])


def install_labelled(
    environment: Path,
    tag: str,
    commit: str,
    packages: dict[str, str],
    wanted: list[str],
    rest: list[str],
) -> Outcome:
    """Install zarr and numcodecs with all they are measured with, and leave a label that says so.

    The companions of the release are installed with it; one that cannot be is left out, and the
    label says why.

    The label (see `measured.installed_release`) is taken away first and written last, so that a
    failed step leaves an environment that says nothing. Such a one is emptied before anything is
    installed: a kill can have left half a package, which an installer takes for a whole one. Where
    the packages do not go together the rest alone is installed, and the label has the reason.

    Args:
        environment: the folder of the virtual environment.
        tag: the name of what is installed, such as `zarr-3.1.6`.
        commit: the commit that results will be filed under.
        packages: the versions of zarr and numcodecs, as on the label.
        wanted: the requirements for these two: `zarr==3.1.6` or `zarr @ file:///folder/x.whl`.
        rest: all other requirements: the pins that are held, the runner.

    Raises:
        InstallationFailed: for another reason than that the packages do not go together, which an
            index out of reach is, or the rest alone cannot be installed either.
    """
    label = environment / RELEASE_FILE
    if not label.exists():
        _empty(environment)
    label.unlink(missing_ok=True)
    outcome, left_out = _install_with_companions(environment, [*wanted, *rest], packages)
    if outcome.impossible:
        # The suite still has to run, to say n/a; nothing of the last release may be left.
        unavailable = install(environment, rest).impossible
        if unavailable:
            raise InstallationFailed(unavailable)
    content = {
        "tag": tag,
        "commit": commit,
        "packages": packages,
        "impossible": outcome.impossible,
        "left_out": left_out,
    }
    write_whole(label, json.dumps(content))
    return outcome


def _empty(environment: Path) -> None:
    """Remove all packages; what makes the environment one stays."""
    for packages in (environment / "lib").glob("python*/site-packages"):
        for each in packages.iterdir():
            if each.name.startswith("_virtualenv"):
                continue
            if each.is_dir() and not each.is_symlink():
                shutil.rmtree(each)
            else:
                each.unlink()


def _install_with_companions(
    environment: Path, requirements: list[str], packages: dict[str, str]
) -> tuple[Outcome, dict[str, str]]:
    """Install the requirements and, as far as they go with them, the companions of a release.

    Returns also the companions that were left out, with the reason. All is one call where
    everything goes together.
    """
    companions = fitting(packages)
    try:
        outcome = install(environment, [*requirements, *(pins[0] for pins in companions.values())])
        if outcome.impossible is None or not companions:
            return outcome, {}
    except MissingFromIndex:
        if not companions:
            raise
    outcome = install(environment, requirements)
    if outcome.impossible:
        return outcome, {}
    kept: list[str] = []
    left_out: dict[str, str] = {}
    for name, pins in companions.items():
        for pin in pins:
            reason = _why_not(environment, [*requirements, *kept, pin])
            if reason is None:
                kept.append(pin)
                left_out.pop(name, None)
                break
            left_out[name] = reason
    # A call that failed may have left something else.
    return install(environment, [*requirements, *kept]), left_out


def _why_not(environment: Path, requirements: list[str]) -> str | None:
    """The reason why these cannot be installed together; anything else is raised.

    A companion that was left out for want of a network would make its cells n/a.
    """
    try:
        return install(environment, requirements).impossible
    except MissingFromIndex as error:
        return str(error)


def _run_uv(arguments: list[str]) -> subprocess.CompletedProcess[str]:
    try:
        return run_uv(arguments)
    except subprocess.TimeoutExpired as error:
        raise IndexOutOfReach(
            f"uv had not ended after {error.timeout:.0f} s; check the network and the package "
            "index (UV_DEFAULT_INDEX), then run the same command again"
        ) from error
    except OSError as error:
        raise InstallationFailed(f"cannot run uv: {error}; install this project again") from error


def _failure(said: str) -> InstallationFailed:
    if is_out_of_reach(said):
        return IndexOutOfReach(fault(said))
    return MissingFromIndex(fault(said)) if is_missing(said) else InstallationFailed(fault(said))
