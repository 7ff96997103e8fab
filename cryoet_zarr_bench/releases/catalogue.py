"""The catalogue: the checked-in table of releases, with their dates and branches."""

import difflib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args

from packaging.version import InvalidVersion, Version

from cryoet_zarr_bench.common.errors import BadInput

Project = Literal["zarr", "numcodecs"]
PROJECTS: tuple[Project, ...] = get_args(Project)

DEFAULT_CATALOGUE = Path(__file__).with_name("catalogue.json")
FORMAT = 1

# What may stand in a tag, a branch or a version: all three end up in git references and pins.
_SAFE_NAME = re.compile(r"[a-z0-9]+(?:[.-][a-z0-9]+)*")


@dataclass(frozen=True)
class Release:
    """One (zarr, numcodecs) pair, one step of the history: exactly one of the two is new in it.

    Attributes:
        tag: its name, ``zarr-3.1.6`` or ``numcodecs-0.17.1`` after what is new in it.
        zarr: the version of zarr.
        numcodecs: the version of numcodecs.
        changed: which of the two is new.
        branch: ``3.x`` or ``2.x``.
        parent: the tag of the step before it; None for the first.
        uploaded: when the package that is new was uploaded, UTC, to the second.
        date: when the step takes place on its branch, UTC. It is `uploaded`, unless the step
            before it is not older than that; then it is one second after that step.
        yanked: whether the package that is new had been withdrawn when the step was added.
        yanked_reason: the reason given for that.
        note: what is known to be wrong with the pair.
    """

    tag: str
    zarr: str
    numcodecs: str
    changed: Project
    branch: str
    parent: str | None
    uploaded: datetime
    date: datetime
    yanked: bool = False
    yanked_reason: str | None = None
    note: str | None = None

    def version(self, project: Project) -> str:
        """Return the version of `project` in this release."""
        return self.zarr if project == "zarr" else self.numcodecs

    def as_json(self) -> dict[str, Any]:
        """Return the release as it stands in the catalogue."""
        return {
            "tag": self.tag,
            "zarr": self.zarr,
            "numcodecs": self.numcodecs,
            "changed": self.changed,
            "branch": self.branch,
            "parent": self.parent,
            "uploaded": format_time(self.uploaded),
            "date": format_time(self.date),
            "yanked": self.yanked,
            "yanked_reason": self.yanked_reason,
            "note": self.note,
        }


@dataclass(frozen=True)
class LeftOut:
    """A version that no step of any branch has, and the reason."""

    project: Project
    version: str
    uploaded: datetime
    reason: str

    def as_json(self) -> dict[str, Any]:
        """Return it as it stands in the catalogue."""
        return {
            "project": self.project,
            "version": self.version,
            "uploaded": format_time(self.uploaded),
            "reason": self.reason,
        }


@dataclass(frozen=True)
class Catalogue:
    """All releases, in the order in which they were added.

    Attributes:
        releases: the steps; a parent always stands before its children.
        held: pins of other packages that are the same in every release, name to version.
        left_out: versions that no step has.
    """

    releases: tuple[Release, ...]
    held: Mapping[str, str] = field(default_factory=lambda: {"numpy": "2.2.6"})
    left_out: tuple[LeftOut, ...] = ()

    @property
    def branches(self) -> tuple[str, ...]:
        """The names of the branches, in the order in which they begin."""
        return tuple(dict.fromkeys(release.branch for release in self.releases))

    def find(self, tag: str) -> Release:
        """Return the release that has this tag.

        Raises:
            BadInput: there is none; the message has the tags that come near.
        """
        by_tag = {release.tag: release for release in self.releases}
        if tag in by_tag:
            return by_tag[tag]
        near = difflib.get_close_matches(tag, by_tag, n=4, cutoff=0.6)
        hint = f"did you mean {', '.join(near)}?" if near else "`releases list` shows them all"
        raise BadInput(f"no release is tagged {_shown(tag)} in the catalogue: {hint}")

    def predecessor(self, release: Release) -> Release:
        """Return the release before one, or the last before that with nothing known to be wrong.

        Raises:
            BadInput: it is the first of all.
        """
        if release.parent is None:
            raise BadInput(f"{release.tag} is the first release of the catalogue")
        before = self.find(release.parent)
        while before.note and before.parent:
            before = self.find(before.parent)
        return before

    def newest(self, branch: str = "3.x") -> Release:
        """Return the last release of a branch.

        Raises:
            BadInput: there is no such branch.
        """
        for release in reversed(self.releases):
            if release.branch == branch:
                return release
        known = ", ".join(self.branches) or "none"
        raise BadInput(f"no branch {_shown(branch)} in the catalogue: it has {known}")

    def branch(self, name: str = "3.x") -> tuple[Release, ...]:
        """Return the whole line of a branch, from the first release of all to its last one.

        Raises:
            BadInput: there is no such branch.
        """
        by_tag = {release.tag: release for release in self.releases}
        line = [self.newest(name)]
        while (parent := line[-1].parent) is not None:
            line.append(by_tag[parent])
        return tuple(reversed(line))

    def newest_patches(self) -> tuple[Release, ...]:
        """Return, for each minor release of zarr, the step in which its newest patch is new."""
        newest: dict[tuple[int, int], Release] = {}
        for release in self.releases:
            if release.changed == "zarr":
                version = Version(release.zarr)
                minor = (version.major, version.minor)
                if minor not in newest or version > Version(newest[minor].zarr):
                    newest[minor] = release
        return tuple(newest[minor] for minor in sorted(newest))


def load_catalogue(path: Path = DEFAULT_CATALOGUE) -> Catalogue:
    """Read a catalogue and check it.

    Raises:
        BadInput: it cannot be read, or it is not a sound history: tags that are not unique, a
            parent that does not stand before its child, a step in which not exactly one version
            goes up, dates that do not go up along a branch.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise BadInput(f"cannot read the catalogue {path}: {_shown(str(error))}") from error
    try:
        catalogue = _parse(document)
        _check(catalogue)
    except _Unsound as error:
        raise BadInput(f"the catalogue {path} is not sound: {error}") from error
    return catalogue


def dump_catalogue(catalogue: Catalogue) -> str:
    """Return the text of a catalogue file: a line per release, so that a change reads as lines."""

    def lines(rows: list[dict[str, Any]]) -> str:
        return "".join(
            f"\n  {json.dumps(row, ensure_ascii=False)}{',' if row is not rows[-1] else chr(10)}"
            for row in rows
        )

    return (
        "{\n"
        f'"format": {FORMAT},\n'
        f'"held": {json.dumps(dict(catalogue.held), sort_keys=True)},\n'
        f'"releases": [{lines([release.as_json() for release in catalogue.releases])}],\n'
        f'"left_out": [{lines([entry.as_json() for entry in catalogue.left_out])}]\n'
        "}\n"
    )


def format_time(time: datetime) -> str:
    """Return a time as the catalogue writes it: UTC, to the second, ``2026-03-23T17:25:17Z``."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class _Unsound(Exception):
    """A fault of a catalogue, in words that follow "is not sound: "."""


def _check(catalogue: Catalogue) -> None:
    by_tag: dict[str, Release] = {}
    tips: dict[str, Release] = {}
    for number, release in enumerate(catalogue.releases):
        name = _shown(release.tag)
        if release.tag in by_tag:
            raise _Unsound(f"the tag {name} stands twice")
        if release.date < release.uploaded:
            raise _Unsound(f"{name} is dated before its upload")
        if release.parent is None:
            if number:
                raise _Unsound(f"{name} has no parent; only the first release may have none")
        else:
            parent = by_tag.get(release.parent)
            if parent is None:
                raise _Unsound(f"the parent of {name}, {_shown(release.parent)}, is not before it")
            tip = tips.get(release.branch)
            if tip is not None and tip is not parent:
                raise _Unsound(f"{name} does not follow {tip.tag}, the last of {release.branch}")
            _check_step(parent, release)
        by_tag[release.tag] = tips[release.branch] = release


def _check_step(parent: Release, release: Release) -> None:
    kept: Project = "numcodecs" if release.changed == "zarr" else "zarr"
    if release.version(kept) != parent.version(kept):
        raise _Unsound(f"in {release.tag} {kept} changes too, not {release.changed} alone")
    if Version(release.version(release.changed)) <= Version(parent.version(release.changed)):
        raise _Unsound(f"in {release.tag} {release.changed} does not go up")
    if release.date <= parent.date:
        raise _Unsound(f"{release.tag} is not dated after {parent.tag}, the step before it")


def _parse(document: Any) -> Catalogue:
    if not isinstance(document, dict):
        raise _Unsound("it is not a JSON object")
    if document.get("format") != FORMAT:
        raise _Unsound(f"its format is {_shown(document.get('format'))}, not {FORMAT}")
    held = document.get("held")
    if not isinstance(held, dict):
        raise _Unsound("held is not an object of versions")
    for package, version in held.items():
        _name(package, "a package in held")
        _version(version, f"held {package}")
    return Catalogue(
        releases=tuple(_parse_release(row) for row in _rows(document, "releases")),
        held=held,
        left_out=tuple(_parse_left_out(row) for row in _rows(document, "left_out")),
    )


def _rows(document: dict[str, Any], key: str) -> list[dict[str, Any]]:
    rows = document.get(key)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise _Unsound(f"{key} is not a list of objects")
    return rows


def _parse_release(row: dict[str, Any]) -> Release:
    tag = _name(row.get("tag"), "a tag")
    parent = row.get("parent")
    yanked = row.get("yanked")
    if not isinstance(yanked, bool):
        raise _Unsound(f"yanked of {tag} is {_shown(yanked)}, not true or false")
    return Release(
        tag=tag,
        zarr=_version(row.get("zarr"), f"zarr of {tag}"),
        numcodecs=_version(row.get("numcodecs"), f"numcodecs of {tag}"),
        changed=_project(row.get("changed"), f"changed of {tag}"),
        branch=_name(row.get("branch"), f"branch of {tag}"),
        parent=None if parent is None else _name(parent, f"parent of {tag}"),
        uploaded=_time(row.get("uploaded"), f"uploaded of {tag}"),
        date=_time(row.get("date"), f"date of {tag}"),
        yanked=yanked,
        yanked_reason=_text_or_none(row.get("yanked_reason"), f"yanked_reason of {tag}"),
        note=_text_or_none(row.get("note"), f"note of {tag}"),
    )


def _parse_left_out(row: dict[str, Any]) -> LeftOut:
    version = _version(row.get("version"), "a version in left_out")
    return LeftOut(
        project=_project(row.get("project"), f"project of {version} in left_out"),
        version=version,
        uploaded=_time(row.get("uploaded"), f"uploaded of {version} in left_out"),
        reason=_text_or_none(row.get("reason"), f"reason of {version} in left_out") or "",
    )


def _name(value: Any, what: str) -> str:
    if not isinstance(value, str) or not _SAFE_NAME.fullmatch(value):
        raise _Unsound(f"{what} is {_shown(value)}, not a name")
    return value


def _project(value: Any, what: str) -> Project:
    for project in PROJECTS:
        if value == project:
            return project
    raise _Unsound(f"{what} is {_shown(value)}, not zarr or numcodecs")


def _version(value: Any, what: str) -> str:
    try:
        Version(_name(value, what))
    except InvalidVersion as error:
        raise _Unsound(f"{what} is {_shown(value)}, not a version") from error
    return str(value)


def _time(value: Any, what: str) -> datetime:
    try:
        return datetime.strptime(value, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except (TypeError, ValueError) as error:
        raise _Unsound(f"{what} is {_shown(value)}, not a time in UTC") from error


def _text_or_none(value: Any, what: str) -> str | None:
    if value is not None and not isinstance(value, str):
        raise _Unsound(f"{what} is {_shown(value)}, not a text")
    return value


def _shown(value: Any) -> str:
    """Return any value as a piece of one line, cut short."""
    text = " ".join(str(value).split())
    return text if len(text) <= 120 else f"{text[:117]}..."
