"""Steps that the uploads of two libraries make: the rule of the catalogue, without any input."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.releases.catalogue import LeftOut, Project, Release

Installable = Callable[[str, str], bool]


@dataclass(frozen=True)
class Upload:
    """A version of a project, as the package index has it; the earliest file gives the time."""

    project: Project
    version: str
    uploaded: datetime
    yanked: bool = False
    yanked_reason: str | None = None


@dataclass(frozen=True)
class Branch:
    """A line of the history.

    Attributes:
        name: the name of the git branch.
        zarr: the versions of zarr that it takes.
        numcodecs: the versions of numcodecs that it takes.
        fork: the tag after which it leaves the first branch; None for the first branch.
    """

    name: str
    zarr: SpecifierSet
    numcodecs: SpecifierSet
    fork: str | None = None

    def takes(self, upload: Upload) -> bool:
        """Return whether the version may ever be a step of this branch."""
        return upload.version in (self.zarr if upload.project == "zarr" else self.numcodecs)


ROOT_ZARR = "2.18.0"
ROOT_NUMCODECS = "0.13.0"
ROOT_BRANCH = "3.x"

BRANCHES = (
    Branch(ROOT_BRANCH, SpecifierSet(">=2.18,<4"), SpecifierSet(">=0.13")),
    # What zarr 2.18.7 declares. 2.18.3 and 2.18.6 would let in what the last zarr 2 refuses, and
    # numcodecs never goes back, so that the branch would end there.
    Branch("2.x", SpecifierSet(">=2.18,<3"), SpecifierSet("!=0.14.*,<0.16"), "numcodecs-0.13.1"),
)


def first_step(uploads: Iterable[Upload]) -> Release:
    """Return the first release of all, dated by the upload of its zarr.

    Raises:
        BadInput: its zarr or its numcodecs is not among the uploads.
    """
    found = {(upload.project, upload.version): upload for upload in uploads}
    zarr = found.get(("zarr", ROOT_ZARR))
    if zarr is None or ("numcodecs", ROOT_NUMCODECS) not in found:
        raise BadInput(
            f"the package index does not have both zarr {ROOT_ZARR} and numcodecs "
            f"{ROOT_NUMCODECS}, where the history begins; the catalogue was left as it was"
        )
    return Release(
        tag=f"zarr-{ROOT_ZARR}",
        zarr=ROOT_ZARR,
        numcodecs=ROOT_NUMCODECS,
        changed="zarr",
        branch=ROOT_BRANCH,
        parent=None,
        uploaded=zarr.uploaded,
        date=zarr.uploaded,
        yanked=zarr.yanked,
        yanked_reason=zarr.yanked_reason,
    )


def next_steps(
    releases: Sequence[Release],
    uploads: Iterable[Upload],
    installable: Installable,
    branches: Sequence[Branch] = BRANCHES,
) -> tuple[list[Release], list[LeftOut]]:
    """Return the steps to append to a history, and the versions that have no step.

    The uploads are gone through in the order of their time, for each branch on its own:

    1. A version that the branch does not take, or that is not above what the branch has by then,
       makes no step: along a branch no version ever goes down.
    2. A version that installs together with what the branch has of the other library becomes the
       next step. So a step changes exactly one of the two.
    3. A version that does not is **held back**. After every step of the branch, all versions held
       back are tried again, the earliest upload first. A held version keeps its own upload time
       as `uploaded`; its `date` comes after the step that let it in. When the branch gets a newer
       version of the same library in the meantime, rule 1 leaves the held one out.

    A decision depends on earlier uploads alone. So going through the first uploads, and later
    through all of them with the result as `releases`, gives the same steps as going through all
    of them at once.

    Args:
        releases: the history so far, with at least its first release.
        uploads: all final versions in the package index, in any order, old ones included.
        installable: whether a version of zarr and one of numcodecs install together.
        branches: the lines of the history; the first one has the first release.
    """
    history = list(releases)
    lines: dict[str, _Line] = {}
    known: dict[tuple[str, str], bool] = {}

    def works(zarr: str, numcodecs: str) -> bool:
        if (zarr, numcodecs) not in known:
            known[zarr, numcodecs] = installable(zarr, numcodecs)
        return known[zarr, numcodecs]

    relevant = _above(history[0], uploads)
    seen: list[Upload] = []
    for upload in relevant:
        seen.append(upload)
        for branch in branches:
            line = lines.get(branch.name)
            if line is not None:
                line.offer(upload, history, works)
                continue
            tip = _tip(history, branch)
            if tip is not None:
                lines[branch.name] = line = _Line(branch, tip)
                for earlier in seen:
                    line.offer(earlier, history, works)
    on_branches = [(branch, lines.get(branch.name)) for branch in branches]
    return history[len(releases) :], _left_out(relevant, history, on_branches)


def _above(root: Release, uploads: Iterable[Upload]) -> list[Upload]:
    """The uploads of versions above those of the first release, in the order of their time."""
    above = (
        upload
        for upload in uploads
        if Version(upload.version) > Version(root.version(upload.project))
    )
    return sorted(
        above, key=lambda upload: (upload.uploaded, upload.project, Version(upload.version))
    )


def _left_out(
    uploads: Iterable[Upload],
    history: Sequence[Release],
    on_branches: list[tuple[Branch, _Line | None]],
) -> list[LeftOut]:
    """The uploads that got no step, each with the reason."""
    stepped = {(release.changed, release.version(release.changed)) for release in history}
    return [
        LeftOut(
            upload.project,
            upload.version,
            upload.uploaded,
            _reason(upload, history, on_branches),
        )
        for upload in uploads
        if (upload.project, upload.version) not in stepped
    ]


def _tip(history: Sequence[Release], branch: Branch) -> Release | None:
    """Return the release that the next step of a branch follows; None before it has forked."""
    for release in reversed(history):
        if release.branch == branch.name:
            return release
    if branch.fork is None:
        return history[0]
    return next((release for release in history if release.tag == branch.fork), None)


class _Line:
    """A branch while it grows: its last release, and the uploads that it holds back."""

    def __init__(self, branch: Branch, tip: Release) -> None:
        self.branch = branch
        self.tip = tip
        self.held_back: list[Upload] = []

    def offer(self, upload: Upload, history: list[Release], works: Installable) -> None:
        """Take an upload as the next step, hold it back or drop it; append steps to `history`."""
        if not self.branch.takes(upload) or not self._is_above(upload):
            return
        self.held_back.append(upload)
        while (found := self._first_that_works(works)) is not None:
            self.tip = self._step(found, history)
            history.append(self.tip)
            self.held_back = [held for held in self.held_back if self._is_above(held)]

    def _is_above(self, upload: Upload) -> bool:
        return Version(upload.version) > Version(self.tip.version(upload.project))

    def _pair(self, upload: Upload) -> tuple[str, str]:
        if upload.project == "zarr":
            return upload.version, self.tip.numcodecs
        return self.tip.zarr, upload.version

    def _first_that_works(self, works: Installable) -> Upload | None:
        return next((held for held in self.held_back if works(*self._pair(held))), None)

    def _step(self, upload: Upload, history: Sequence[Release]) -> Release:
        zarr, numcodecs = self._pair(upload)
        tag = f"{upload.project}-{upload.version}"
        if any(release.tag == tag for release in history):
            tag = f"{tag}-zarr{Version(zarr).major}"
        return Release(
            tag=tag,
            zarr=zarr,
            numcodecs=numcodecs,
            changed=upload.project,
            branch=self.branch.name,
            parent=self.tip.tag,
            uploaded=upload.uploaded,
            # A second apart, so that git's and asv's order by date is the order of the steps.
            date=max(upload.uploaded, self.tip.date + timedelta(seconds=1)),
            yanked=upload.yanked,
            yanked_reason=upload.yanked_reason,
        )


def _reason(
    upload: Upload, history: Sequence[Release], lines: Sequence[tuple[Branch, _Line | None]]
) -> str:
    reasons = []
    for branch, line in lines:
        if line is None or not branch.takes(upload):
            continue
        if upload in line.held_back:
            other: Project = "numcodecs" if upload.project == "zarr" else "zarr"
            reasons.append(
                f"held back: it does not install with {other} {line.tip.version(other)}, "
                f"which branch {branch.name} has"
            )
        else:
            newer = _first_not_below(upload, line.tip, history)
            reasons.append(
                f"branch {branch.name} had {upload.project} {newer} before it could take this one"
            )
    return "; ".join(reasons) or "no branch takes it"


def _first_not_below(upload: Upload, tip: Release, history: Sequence[Release]) -> str:
    """Return the first version of the line up to `tip` that is not below an upload."""
    by_tag = {release.tag: release for release in history}
    found = step = tip
    while Version(step.version(upload.project)) >= Version(upload.version):
        found = step
        if step.parent is None:
            break
        step = by_tag[step.parent]
    return found.version(upload.project)
