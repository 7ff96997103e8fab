"""The release history: a git repository in which each commit is one release of the catalogue."""

import ctypes
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.refusals import refused
from cryoet_zarr_bench.releases.catalogue import Catalogue, Release

MAIN_BRANCH = "3.x"
IDENTITY = "cryoet-zarr-bench <releases@cryoet-zarr-bench.invalid>"

_STAMP = "cryoet-zarr-bench.json"
_CONFIG_MARK = "[cryoet-zarr-bench]"
_INIT = ["init", "--quiet", "--bare", "--template=", "--object-format=sha1"]
_INIT += [f"--initial-branch={MAIN_BRANCH}"]
_FAST_IMPORT = ["-c", "fastimport.unpackLimit=1", "fast-import", "--quiet", "--date-format=raw"]


def generate_history(catalogue: Catalogue, path: Path) -> None:
    """Make sure that `path` is the bare git repository of a catalogue.

    Each release is a commit, dated by the catalogue, with an annotated tag; each branch of the
    catalogue is a branch. Commits and tags have the same hashes on every machine. When `path`
    already holds exactly this history nothing is done; when it holds an older or a damaged one,
    it is replaced at once, without a moment in which half of it can be seen. Any number of
    processes may do this at the same time.

    Raises:
        BadInput: the catalogue is empty, git is missing or fails, the folder cannot be written,
            or `path` holds something that this function did not make.
    """
    if not catalogue.releases:
        raise BadInput("the catalogue has no release yet: run `releases update` first")
    stream = fast_import_stream(catalogue)
    try:
        path = Path(path).resolve()
        if _holds(path, stream):
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        with _lock(path):
            if not _holds(path, stream):
                _refuse_foreign(path)
                _replace(path, stream)
    except (OSError, RuntimeError) as error:
        raise BadInput(f"cannot write the release history {path}: {error}") from error


def fast_import_stream(catalogue: Catalogue) -> bytes:
    """Return the input of `git fast-import` that is the whole history of a catalogue."""
    parts: list[bytes] = [b"feature done\n"]
    marks: dict[str, int] = {}
    for mark, release in enumerate(catalogue.releases, start=1):
        marks[release.tag] = mark
        parts.append(f"commit refs/heads/{release.branch}\nmark :{mark}\n".encode())
        parts.append(f"author {IDENTITY} {_raw(release.date)}\n".encode())
        parts.append(f"committer {IDENTITY} {_raw(release.date)}\n".encode())
        parts.append(_data(_message(release)))
        if release.parent is not None:
            parts.append(f"from :{marks[release.parent]}\n".encode())
        for name, content in sorted(_files(catalogue, release).items()):
            parts.append(f"M 100644 inline {name}\n".encode() + _data(content))
        parts.append(b"\n")
    for release in catalogue.releases:
        # Annotated, since asv orders the tags by the tagger's date.
        parts.append(f"tag {release.tag}\nfrom :{marks[release.tag]}\n".encode())
        parts.append(f"tagger {IDENTITY} {_raw(release.date)}\n".encode())
        parts.append(_data(_message(release)))
    parts.append(b"done\n")
    return b"".join(parts)


def requirements(catalogue: Catalogue, release: Release) -> str:
    """Return the pins of a release as the text of a requirements file.

    They are meant for one call of the resolver: one after the other, pip would undo pins.
    """
    pins = [f"zarr=={release.zarr}", f"numcodecs=={release.numcodecs}"]
    # The held numpy has no wheels for later Pythons; there the resolver chooses.
    pins += [
        f'{package}=={version}; python_version < "3.14"'
        for package, version in sorted(catalogue.held.items())
    ]
    return "\n".join(pins) + "\n"


def _files(catalogue: Catalogue, release: Release) -> dict[str, str]:
    # Remarks may be corrected in hindsight; hashes, which results are filed under, may not move.
    remarks = {"note", "yanked", "yanked_reason"}
    fixed = {key: value for key, value in release.as_json().items() if key not in remarks}
    return {
        "requirements.txt": requirements(catalogue, release),
        "release.json": json.dumps(fixed, indent=2, sort_keys=True) + "\n",
    }


def _message(release: Release) -> str:
    other = "numcodecs" if release.changed == "zarr" else "zarr"
    with_other = release.numcodecs if release.changed == "zarr" else release.zarr
    new = release.version(release.changed)
    return f"{release.changed} {new} (with {other} {with_other})\n"


def _raw(time: datetime) -> str:
    return f"{int(time.timestamp())} +0000"


def _data(text: str) -> bytes:
    content = text.encode()
    return f"data {len(content)}\n".encode() + content + b"\n"


def _stamp(stream: bytes, path: Path) -> dict[str, object]:
    """Return what is true of a repository made from a stream: also what each of its files is."""
    files = sorted(file for file in path.rglob("*") if file.is_file() and file.name != _STAMP)
    return {
        "stream": hashlib.sha256(stream).hexdigest(),
        "files": {
            str(file.relative_to(path)): hashlib.sha256(file.read_bytes()).hexdigest()
            for file in files
        },
    }


def _holds(path: Path, stream: bytes) -> bool:
    """Return whether `path` holds the history of a stream, whole and with no other reference."""
    try:
        stamp = json.loads((path / _STAMP).read_bytes())
        if stamp["stream"] != hashlib.sha256(stream).hexdigest():
            return False
        for name, digest in stamp["files"].items():
            if hashlib.sha256((path / name).read_bytes()).hexdigest() != digest:
                return False
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False
    # All references are packed; a loose one would come before them. git needs the folder itself.
    references = path / "refs"
    return references.is_dir() and not any(file.is_file() for file in references.rglob("*"))


def _refuse_foreign(path: Path) -> None:
    """Raise when `path` holds something that is not ours to replace."""
    if not path.exists():
        return
    if path.is_dir():
        if not any(path.iterdir()) or (path / _STAMP).exists():
            return
        with suppress(OSError):
            if _CONFIG_MARK in (path / "config").read_text(errors="replace"):
                return
    raise BadInput(
        f"{path} exists and is not a generated release history: remove it or choose another path"
    )


def _replace(path: Path, stream: bytes) -> None:
    for left_over in path.parent.glob(f".{path.name}.new-*"):
        shutil.rmtree(left_over, ignore_errors=True)
    new = Path(tempfile.mkdtemp(prefix=f".{path.name}.new-", dir=path.parent))
    try:
        # mkdtemp makes a folder for its owner alone; the history is as readable as its neighbours.
        repository = new / "repository"
        _git(
            repository.parent,
            [*_INIT, str(repository)],
        )
        _git(repository, _FAST_IMPORT, stream)
        _git(repository, ["pack-refs", "--all"])
        for name in ("refs/heads", "refs/tags"):
            (repository / name).mkdir(parents=True, exist_ok=True)
        with (repository / "config").open("a") as config:
            # git tidying up on its own would look like damage.
            config.write(f"[gc]\n\tauto = 0\n{_CONFIG_MARK}\n\tgenerated = true\n")
        stamp = json.dumps(_stamp(stream, repository), indent=1, sort_keys=True)
        (repository / _STAMP).write_text(stamp + "\n")
        if path.exists():
            if not _exchange(repository, path):
                path.rename(new / "old")
                repository.rename(path)
        else:
            repository.rename(path)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two folders in one step; return False if the system cannot."""
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):
        return False
    at_working_folder, exchange = -100, 2
    one_name, other_name = os.fsencode(one), os.fsencode(other)
    return bool(rename(at_working_folder, one_name, at_working_folder, other_name, exchange) == 0)


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    with (path.parent / f".{path.name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _git(folder: Path, arguments: list[str], data: bytes = b"") -> None:
    """Run git on a repository, with no setting of the user or the surroundings.

    Raises:
        BadInput: git is not there, or fails.
    """
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    environment |= {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "LC_ALL": "C",
    }
    if arguments[0] != "init":
        environment["GIT_DIR"] = str(folder)
    try:
        done = subprocess.run(
            ["git", *arguments],
            cwd=folder,
            input=data,
            capture_output=True,
            env=environment,
            timeout=120,
            check=False,
        )
    except FileNotFoundError as error:
        raise _without_git() from error
    except subprocess.TimeoutExpired as error:
        raise BadInput("git did not finish generating the release history in 120 s") from error
    if done.returncode:
        said = " ".join(done.stderr.decode(errors="replace").split())[:300]
        raise BadInput(f"git could not generate the release history in {folder.parent}: {said}")


def require_git() -> None:
    """Raise BadInput if git is not there, before anything is measured."""
    if shutil.which("git") is None:
        raise _without_git()


def _without_git() -> BadInput:
    return refused("git", "is needed to generate the release history", "install it")
