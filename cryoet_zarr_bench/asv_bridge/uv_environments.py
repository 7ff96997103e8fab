"""Environments that hold a release: one resolver call by uv, any interpreter found.

A kind of environment of its own by asv's plugin interface, `"environment_type": "release"`. asv's
`virtualenv` installs one requirement after the other, which can move an earlier pin, and finds no
interpreter behind an inactive pyenv shim.
"""

from __future__ import annotations

import importlib.metadata
import sys
from pathlib import Path
from typing import Any

from asv import environment, util
from asv.console import log
from asv.plugins.virtualenv import Virtualenv

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.shown_text import on_one_line
from cryoet_zarr_bench.machine.interpreters import find_interpreter
from cryoet_zarr_bench.releases.installation import (
    InstallationFailed,
    install_release,
    make_environment,
)
from cryoet_zarr_bench.tomograms.selected_tomogram import tomogram_label


class ReleaseVirtualenv(Virtualenv):
    """A virtual environment that is stepped from release to release.

    The tomogram that is measured becomes part of the environment's name, and so a parameter of its
    results: figures of different tomograms are never mixed.
    """

    tool_name = "release"

    def __init__(
        self,
        conf: Any,
        python: str,
        requirements: dict[str, str],
        tagged_env_vars: dict[tuple[str, str], str],
    ) -> None:
        interpreter = find_interpreter(python)
        if interpreter is None:
            raise environment.EnvironmentUnavailable(
                f"no CPython {python} found on PATH or among pyenv's versions; install one"
            )
        try:
            label = tomogram_label()
        except BadInput as error:
            # asv would print a traceback, or its own exit code.
            print(f"error: {on_one_line(error)}", file=sys.stderr)
            raise SystemExit(2) from error
        tagged_env_vars = {**tagged_env_vars, ("nobuild", "tomogram"): label}
        # asv's own class does more here, such as refusing where it finds no interpreter itself.
        self._python = python
        self._requirements = requirements
        environment.Environment.__init__(self, conf, python, requirements, tagged_env_vars)
        self._executable = str(interpreter)

    @property
    def name(self) -> str:
        """The environment in names of results, which say `virtualenv` since the first of them."""
        name: str = environment.get_env_name(
            Virtualenv.tool_name, self._python, self._requirements, self._tagged_env_vars
        )
        return name

    @classmethod
    def matches(cls, python: str) -> bool:
        """True if there is an interpreter of this version."""
        return find_interpreter(python) is not None

    def check_presence(self) -> bool:
        """True if the environment exists, was made for the same thing, and runs."""
        try:
            info = self.load_info_file(self._path)
            self.run_executable("python", ["-c", "pass"])
        except (util.UserError, util.ProcessError, OSError):
            return False
        return bool(
            info["python"] == self._python
            and info["requirements"] == self._requirements
            and info["tool_name"] == self.tool_name
        )

    def _setup(self) -> None:
        log.info(f"Creating environment {self.name}")
        try:
            make_environment(Path(self._executable), Path(self._path))
        except InstallationFailed as error:
            raise util.UserError(f"no environment could be made: {error}") from error

    def _install_project(self, repo: Any, commit_hash: str, build_dir: str) -> None:
        log.info(f"Installing {repo.get_decorated_hash(commit_hash, 8)} into {self.name}")
        runner = f"asv_runner=={importlib.metadata.version('asv_runner')}"
        try:
            outcome = install_release(
                Path(self._path),
                Path(build_dir),
                commit_hash,
                self._requirements.get("numcodecs"),
                [runner],
            )
        except InstallationFailed as error:
            # Of asv's own errors it would try one release after the other, and say at the end that
            # it could not.
            log.error(str(error))
            raise SystemExit(1) from error
        if outcome.impossible:
            log.info("This pair cannot be installed together: its cells are n/a")
