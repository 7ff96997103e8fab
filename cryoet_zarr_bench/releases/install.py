"""Install a release, or find that it cannot be installed, in one resolver call."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uv

from cryoet_zarr_bench.releases.resolver import is_refusal
from cryoet_zarr_bench.storage.session import RELEASE_FILE


class InstallationFailed(Exception):
    """The installer failed for another reason than that the packages do not go together."""


@dataclass(frozen=True)
class Outcome:
    """`impossible` is the resolver's reason why the packages do not go together, or None."""

    impossible: str | None


def run_uv(arguments: list[str], *, timeout: float = 600) -> subprocess.CompletedProcess[str]:
    """Run uv, which never downloads an interpreter; its output is captured, not shown."""
    environment = {
        **os.environ,
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_NO_PROGRESS": "1",
        "NO_COLOR": "1",
    }
    # A virtual environment that is active around us is not the one meant.
    environment.pop("VIRTUAL_ENV", None)
    return subprocess.run(
        [uv.find_uv_bin(), *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=timeout,
    )


def make_environment(interpreter: Path, folder: Path) -> None:
    """Make an empty virtual environment; InstallationFailed with the reason where that fails."""
    made = run_uv(["venv", "--no-project", "--python", str(interpreter), str(folder)])
    if made.returncode:
        raise InstallationFailed(_last_lines(made.stderr))


def install(environment: Path, requirements: list[str]) -> Outcome:
    """Make an environment hold exactly the requirements and what they need.

    All are resolved together, so that none can quietly move another. Where the index cannot be
    reached the local cache is tried. InstallationFailed where neither works out.
    """
    arguments = [
        "pip",
        "install",
        "--exact",
        "--python",
        str(environment / "bin" / "python"),
        # A release without wheels for this Python is n/a, not compiled with what is at hand.
        "--only-binary",
        "numcodecs",
        *requirements,
    ]
    attempt = run_uv(arguments)
    if attempt.returncode and not is_refusal(_one_line(attempt.stderr)):
        offline = run_uv([*arguments, "--offline"])
        if offline.returncode:
            raise InstallationFailed(_last_lines(attempt.stderr))
        attempt = offline
    if attempt.returncode == 0:
        return Outcome(impossible=None)
    return Outcome(impossible=_one_line(attempt.stderr))


def install_release(
    environment: Path, checkout: Path, commit: str, numcodecs: str | None, extra: list[str]
) -> Outcome:
    """Install the release whose files are in `checkout`, and leave a label in the environment.

    `numcodecs` replaces the release's own pin where given. `extra` are requirements of the
    measurement itself. The label (see `storage.session`) is taken away first and written last, so
    that a failed step leaves an environment that says nothing.
    """
    label = environment / RELEASE_FILE
    label.unlink(missing_ok=True)
    release = json.loads((checkout / "release.json").read_text())
    packages = {"zarr": release["zarr"], "numcodecs": numcodecs or release["numcodecs"]}
    pins = [
        line
        for line in (checkout / "requirements.txt").read_text().splitlines()
        if line and line.split("==")[0] not in packages
    ]
    wanted = [f"{package}=={version}" for package, version in packages.items()]
    outcome = install(environment, [*wanted, *pins, *extra])
    if outcome.impossible:
        # The suite still has to run, to say n/a; nothing of the last release may be left.
        unavailable = install(environment, [*pins, *extra]).impossible
        if unavailable:
            raise InstallationFailed(unavailable)
    content: dict[str, Any] = {
        "tag": release["tag"],
        "commit": commit,
        "packages": packages,
        "impossible": outcome.impossible,
    }
    temporary = label.with_suffix(".writing")
    temporary.write_text(json.dumps(content))
    temporary.replace(label)
    return outcome


def _one_line(message: str) -> str:
    return " ".join(message.split())


def _last_lines(message: str) -> str:
    return " / ".join(line.strip() for line in message.strip().splitlines()[-4:])
