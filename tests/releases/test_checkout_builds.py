"""A checkout, or a revision of one, becomes a wheel; what cannot is refused in one line."""

import subprocess
import zipfile

import pytest

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.machine.interpreters import choose_python
from cryoet_zarr_bench.releases.catalogue import load_catalogue
from cryoet_zarr_bench.releases.checkout_builds import wheel_of_checkout
from cryoet_zarr_bench.verdicts import compared_releases
from cryoet_zarr_bench.verdicts.compared_releases import parse_side

PYTHON = choose_python(None)

# A backend of its own, so that nothing is fetched to build it.
PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""
BACKEND = """
import pathlib, sys, zipfile

def build_wheel(folder, config_settings=None, metadata_directory=None):
    text = pathlib.Path("says.txt").read_text()
    if text == "broken":
        sys.exit("the compiler is on holiday")
    name = "zarr-9.9.9.dev1+g1-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(folder) / name, "w") as wheel:
        info = "zarr-9.9.9.dev1+g1.dist-info"
        for path, content in (
            ("zarr/__init__.py", f"says = {text!r}"),
            (f"{info}/METADATA", "Metadata-Version: 2.1\\nName: zarr\\nVersion: 9.9.9.dev1+g1\\n"),
            (f"{info}/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"),
            (f"{info}/RECORD", ""),
        ):
            wheel.writestr(zipfile.ZipInfo(path, (2020, 1, 1, 0, 0, 0)), content)
    return name
"""


def git(place, *arguments):
    who = ("-c", "user.name=a", "-c", "user.email=a@b")
    subprocess.run(["git", "-C", str(place), *who, *arguments], check=True, capture_output=True)


@pytest.fixture
def checkout(tmp_path):
    """A repository whose last commit says two, its tag `v1` one, and its files three."""
    place = tmp_path / "check out@home"
    place.mkdir()
    (place / "pyproject.toml").write_text(PROJECT)
    (place / "backend.py").write_text(BACKEND)
    git(place, "init", "--quiet", "--initial-branch=main")
    for text in ("one", "two"):
        (place / "says.txt").write_text(text)
        git(place, "add", ".")
        git(place, "commit", "--quiet", "-m", text)
        if text == "one":
            git(place, "tag", "v1")
    (place / "says.txt").write_text("three")
    return place


def says(wheel):
    return zipfile.ZipFile(wheel).read("zarr/__init__.py").decode().split("'")[1]


@pytest.mark.parametrize(
    ("revision", "text"), [(None, "three"), ("main", "two"), ("v1", "one"), ("main~1", "one")]
)
def test_a_revision_is_built_as_it_was_committed(checkout, tmp_path, revision, text):
    wheel = wheel_of_checkout(checkout, revision, PYTHON, tmp_path / "built")
    assert says(wheel) == text
    assert (checkout / "says.txt").read_text() == "three", "the checkout is left as it was"


def test_a_revision_is_built_once_and_a_checkout_each_time(checkout, tmp_path):
    folder = tmp_path / "built"
    first = wheel_of_checkout(checkout, "main", PYTHON, folder)
    before = first.stat().st_mtime_ns
    assert wheel_of_checkout(checkout, "main", PYTHON, folder) == first
    assert first.stat().st_mtime_ns == before
    (checkout / "says.txt").write_text("four")
    assert says(wheel_of_checkout(checkout, None, PYTHON, folder)) == "four"
    assert says(first) == "two"


@pytest.mark.parametrize(
    ("revision", "problem"),
    [
        ("nowhere", "git knows no revision 'nowhere'"),
        ("--upload-pack=touch /tmp/x", "is no name of a revision"),
        ("-q", "is no name of a revision"),
        ("a b", "is no name of a revision"),
    ],
)
def test_an_unknown_revision_is_refused(checkout, tmp_path, revision, problem):
    with pytest.raises(BadInput, match=problem):
        wheel_of_checkout(checkout, revision, PYTHON, tmp_path / "built")


def test_what_is_no_checkout_is_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match="neither a wheel nor a checkout"):
        wheel_of_checkout(tmp_path / "empty", None, PYTHON, tmp_path / "built")
    with pytest.raises(BadInput, match="is no folder"):
        wheel_of_checkout(tmp_path / "none", "main", PYTHON, tmp_path / "built")
    with pytest.raises(BadInput, match="git knows no revision"):
        wheel_of_checkout(tmp_path / "empty", "main", PYTHON, tmp_path / "built")


def test_a_build_that_fails_is_one_line_and_is_tried_again(checkout, tmp_path):
    (checkout / "says.txt").write_text("broken")
    git(checkout, "commit", "--quiet", "-am", "broken")
    for revision in (None, "main", "main"):
        with pytest.raises(BadInput, match="could not be built") as refusal:
            wheel_of_checkout(checkout, revision, PYTHON, tmp_path / "built")
        assert "\n" not in str(refusal.value)
    assert says(wheel_of_checkout(checkout, "v1", PYTHON, tmp_path / "built")) == "one"


def test_a_side_may_be_a_checkout_or_a_revision(checkout, tmp_path, monkeypatch):
    monkeypatch.setattr(compared_releases, "BUILT", tmp_path / "built")
    sides = {
        revision: parse_side(f"zarr={checkout}{revision},numcodecs==0.17.1", load_catalogue())
        for revision in ("", "@main", "@v1")
    }
    for side in sides.values():
        assert (side.zarr, side.numcodecs) == ("9.9.9.dev1+g1", "0.17.1")
        assert side.requirements[0].startswith("zarr @ file://")
    assert len({side.key for side in sides.values()}) == 3, "one version, three contents"
    with pytest.raises(BadInput, match="a wheel of zarr, not of numcodecs"):
        parse_side(f"numcodecs={checkout}@main,zarr==3.4.2", load_catalogue())
