"""The two releases that are compared, as the user names them."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.project_folders import WORK
from cryoet_zarr_bench.common.refusals import refused
from cryoet_zarr_bench.machine.interpreters import choose_python
from cryoet_zarr_bench.releases.catalogue import Catalogue
from cryoet_zarr_bench.releases.checkout_builds import wheel_of_checkout

BUILT = WORK / "built"
"""Wheels of revisions that are no release."""

_PACKAGES = ("zarr", "numcodecs")
_PIN = re.compile(r"(zarr|numcodecs)==([0-9][0-9a-z.]*)", re.ASCII)
_WHEEL = re.compile(r"(zarr|numcodecs)=([^=].*\.whl)", re.DOTALL)
_CHECKOUT = re.compile(r"(zarr|numcodecs)=([^=].*)", re.DOTALL)
_PARTS = re.compile(r" *, *(?=(?:zarr|numcodecs) *=)")
"""Between two parts: a comma or a space may be in the path of a wheel too."""


@dataclass(frozen=True)
class Side:
    """One of the two releases.

    `name` is how the user called it, `versions` maps zarr and numcodecs to their versions,
    `requirements` are the lines an installer is given for them. `key` tells it from every other
    side, two wheels of one version included.
    """

    name: str
    zarr: str
    numcodecs: str
    requirements: tuple[str, ...]
    key: str

    @property
    def versions(self) -> dict[str, str]:
        """Package -> version."""
        return {"zarr": self.zarr, "numcodecs": self.numcodecs}


def released(name: str, zarr: str, numcodecs: str) -> Side:
    """A side of two released versions."""
    requirements = (f"zarr=={zarr}", f"numcodecs=={numcodecs}")
    return Side(name, zarr, numcodecs, requirements, f"zarr-{zarr}_numcodecs-{numcodecs}")


def parse_side(text: str, catalogue: Catalogue, python: str | None = None) -> Side:
    """A release by its tag, or by what it holds: `zarr==3.1.6,numcodecs==0.16.5`.

    In place of a version there may be a wheel, `zarr=dist/zarr-3.5.0-py3-none-any.whl`; a checkout,
    `zarr=../zarr-python`; or a revision of one, `zarr=../zarr-python@main`. These are built for a
    version of Python, the newest that is measured with where None. Raises BadInput for anything
    else.
    """
    if "=" not in text:
        release = catalogue.find(text)
        return released(release.tag, release.zarr, release.numcodecs)
    versions: dict[str, str] = {}
    requirements: dict[str, str] = {}
    keys: dict[str, str] = {}
    for part in _PARTS.split(text.strip(" ")):
        if pin := _PIN.fullmatch(part.replace(" ", "")):
            package, version = pin[1], pin[2]
            requirements[package], keys[package] = pin[0], f"{package}-{version}"
        elif wheel := _WHEEL.fullmatch(part):
            package = wheel[1]
            version, requirements[package], keys[package] = _of_wheel(package, Path(wheel[2]))
        elif checkout := _CHECKOUT.fullmatch(part):
            package = checkout[1]
            built = _build(checkout[2], python)
            version, requirements[package], keys[package] = _of_wheel(package, built)
        else:
            raise _not_a_side(text)
        if package in versions:
            raise refused(text, f"{package} stands there twice", "give each once")
        versions[package] = version
    if set(versions) != set(_PACKAGES):
        raise _not_a_side(text)
    return Side(
        text,
        versions["zarr"],
        versions["numcodecs"],
        tuple(requirements[package] for package in _PACKAGES),
        "_".join(keys[package] for package in _PACKAGES),
    )


def _not_a_side(text: str) -> BadInput:
    return refused(
        text,
        "name a release by its tag (zarr-3.1.6), by both versions (zarr==3.1.6,numcodecs==0.16.5)",
        "or give a wheel, or a checkout, in place of one (zarr=path/to.whl or zarr=path@revision)",
    )


def _build(text: str, python: str | None) -> Path:
    """The wheel of a checkout, or of a revision of it after the last `@`."""
    place, at, revision = text.rpartition("@")
    if not at or Path(text).is_dir():
        place, revision = text, ""
    try:
        source = Path(place).expanduser().resolve()
        return wheel_of_checkout(source, revision or None, choose_python(python), BUILT)
    except (ValueError, RuntimeError) as error:
        raise refused(place, f"not a path ({error})", "give the path of a checkout") from error


def _of_wheel(package: str, path: Path) -> tuple[str, str, str]:
    """The version, the requirement and the key of a wheel."""
    try:
        name, version, _, _ = parse_wheel_filename(path.name)
        content = path.read_bytes()
    except InvalidWheelFilename as error:
        raise refused(path, "this is not how a wheel is named", "build it again") from error
    except OSError as error:
        raise refused(path, error.strerror or str(error), "give the path of a wheel") from error
    except ValueError as error:
        raise refused(path, f"not a path ({error})", "give the path of a wheel") from error
    if name != package:
        raise refused(path, f"this is a wheel of {name}, not of {package}", "give the right one")
    digest = hashlib.sha256(content).hexdigest()[:12]
    return str(version), f"{package} @ {path.resolve().as_uri()}", f"{package}-{version}-{digest}"
