"""Stores of a release that its next round uses again, instead of making and verifying them anew.

asv's plugins have no say in when `setup_cache` runs or its folder goes: the two functions that do
it are replaced while a round runs.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import asv.runner
import asv.util

_create = asv.runner.Spawner.create_setup_cache
_remove = asv.util.long_path_rmtree


class ReusedStores:
    """The folders that `setup_cache` made in a round of a release, kept for its later rounds.

    asv runs `setup_cache` in every round and removes the folder after it. A kept folder has the
    same name in each round, but is copied anew: where the pages of a store lie in memory matters to
    how quickly it is read, so that rounds are to differ in it.
    """

    def __init__(self) -> None:
        self._folders: dict[str, Path] = {}
        self._is_last_round = False

    @property
    def is_empty(self) -> bool:
        """True if nothing was made yet: this is the first round."""
        return not self._folders

    def begin_round(self, benchmarks: Any, is_last: bool) -> None:
        """Let asv make its folders, or take those of the round before, until `end_round`."""
        self._is_last_round = is_last
        keys = {name: each["setup_cache_key"] for name, each in benchmarks.items()}

        def create(spawner: Any, benchmark: str, *rest: Any) -> tuple[str | None, str | None]:
            key = keys[benchmark]
            if key in self._folders:
                _copy_anew(self._folders[key])
                return str(self._folders[key]), None
            folder, problem = _create(spawner, benchmark, *rest)
            if folder is not None:
                self._folders[key] = Path(folder)
            return folder, problem

        asv.runner.Spawner.create_setup_cache = create
        asv.util.long_path_rmtree = self._remove

    def end_round(self) -> None:
        """Let asv do again as it does."""
        asv.runner.Spawner.create_setup_cache = _create
        asv.util.long_path_rmtree = _remove

    def drop(self) -> None:
        """Remove the folders: no later round is going to need them."""
        for folder in self._folders.values():
            shutil.rmtree(folder, ignore_errors=True)

    def _remove(self, path: str, ignore_errors: bool = False) -> None:
        if self._is_last_round or Path(path) not in self._folders.values():
            _remove(path, ignore_errors)


def _copy_anew(folder: Path) -> None:
    copy = folder.with_name(f"{folder.name}.copied")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(folder, copy, symlinks=True)
    shutil.rmtree(folder)
    copy.rename(folder)
