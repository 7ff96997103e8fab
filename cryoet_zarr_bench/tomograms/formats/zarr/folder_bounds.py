"""Files that lie within a folder, links followed: what a link leads out to is not read."""

import os
import stat
from pathlib import Path

from cryoet_zarr_bench.common.refusals import refused
from cryoet_zarr_bench.tomograms.formats.foreign_contents import is_annexed, missing_refusal

_ANNEX = Path(".git", "annex", "objects")


class FolderBounds:
    """The folder that a user gave, of which nothing but files within it may be read.

    A link into the git-annex of the repository that the folder lies in counts as within it: there
    git-annex keeps the contents of the folder's files.
    """

    def __init__(self, folder: Path):
        self._folder = folder
        self._resolved = folder.resolve()
        self._within: set[Path] = set()  # folders that were looked at: chunks are many
        self._annexes = [
            parent / _ANNEX for parent in self._resolved.parents if (parent / ".git").exists()
        ]

    def check(self, path: Path) -> os.stat_result:
        """Look at a file within the folder.

        Raises:
            BadInput: it is not a regular file, or lies outside, be it by a link above it; or
                git-annex has not fetched it.
            FileNotFoundError: there is none, or its link points nowhere.
            OSError: it cannot be looked at.
        """
        status = path.lstat()
        if stat.S_ISLNK(status.st_mode):
            path_of_file = path.resolve()
            try:
                status = path_of_file.stat()
            except FileNotFoundError:
                if is_annexed(path_of_file):
                    raise missing_refusal(path) from None
                raise
            self._check_within(path, path_of_file)
        elif path.parent not in self._within:
            self._check_within(path, path.resolve())
            self._within.add(path.parent)
        if not stat.S_ISREG(status.st_mode):
            raise refused(path, "is not a regular file", "copy or download it again")
        return status

    def _check_within(self, path: Path, resolved: Path) -> None:
        if any(resolved.is_relative_to(each) for each in (self._resolved, *self._annexes)):
            return
        remedy = "put the file itself there"
        if is_annexed(resolved):
            remedy = "run git annex unlock on the folder"
        raise refused(path, f"is a link out of {self._folder}", remedy)
