"""Calls of uv: the same settings for resolving and for installing."""

from __future__ import annotations

import os
import subprocess

import uv


def run_uv(
    arguments: list[str],
    *,
    requirements: str | None = None,
    folder: str | None = None,
    timeout: float = 600,
) -> subprocess.CompletedProcess[str]:
    """Run uv, which never downloads an interpreter; its output is captured, not shown.

    Args:
        arguments: the command and its options.
        requirements: what it reads from its standard input, where the arguments say `-`.
        folder: where it runs, the current folder where None. A project there has a say by its
            uv settings.
        timeout: seconds.

    Raises:
        OSError: uv is missing or cannot be started.
        subprocess.TimeoutExpired: it did not end in time.
    """
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
        input=requirements,
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=timeout,
        check=False,
    )
