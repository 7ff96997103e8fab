"""The scripts of others that the dashboard carries: as published, all listed, with licences."""

import hashlib
import json
import re
from pathlib import Path

import pytest

from cryoet_zarr_bench.asv_bridge.dashboard.patched_pages import (
    _BOOTSTRAP,
    ASSETS,
    CONTENT_SECURITY_POLICY,
)

VENDOR = ASSETS / "vendor"
OURS = {"LICENSES.md", "files.json"}


def files_of(folder: Path) -> dict[str, str]:
    """The SHA-256 of each file in a folder, by its path in it."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def differences(folder: Path) -> list[str]:
    """What lies in a folder of vendored files and is not as listed."""
    listed = {
        each["file"]: each["sha256"] for each in json.loads((VENDOR / "files.json").read_text())
    }
    found = files_of(folder)
    return sorted(
        name
        for name in (found.keys() | listed.keys()) - OURS
        if found.get(name) != listed.get(name)
    )


def test_every_vendored_file_is_the_one_that_was_published():
    assert differences(VENDOR) == []


@pytest.mark.parametrize("name", ["jquery.min.js", "licences/vega.txt"])
def test_a_file_that_was_changed_added_or_lost_is_noticed(tmp_path, name):
    for path in VENDOR.rglob("*.*"):
        (tmp_path / path.relative_to(VENDOR)).parent.mkdir(exist_ok=True)
        (tmp_path / path.relative_to(VENDOR)).write_bytes(path.read_bytes())
    assert differences(tmp_path) == []
    (tmp_path / name).write_bytes((tmp_path / name).read_bytes() + b" ")
    (tmp_path / "more.js").write_text("")
    (tmp_path / "md5.min.js").unlink()
    assert differences(tmp_path) == sorted([name, "more.js", "md5.min.js"])


def test_the_list_of_licences_names_what_is_there():
    listed = json.loads((VENDOR / "files.json").read_text())
    page = (VENDOR / "LICENSES.md").read_text()
    rows = re.findall(
        r"^\| ([@/.a-z0-9-]+) \| ([0-9.]+) \| [^|]+ \| ([^|]+) \|$", page, re.MULTILINE
    )
    named = {name: (version, set(files.split(", "))) for name, version, files in rows}
    for package in {each["package"] for each in listed}:
        files = [each for each in listed if each["package"] == package]
        version, shown = named.pop(package)
        assert {each["version"] for each in files} == {version}
        assert shown == {each["file"] for each in files if "licences/" not in each["file"]}
        text = VENDOR / "licences" / f"{package.rpartition('/')[2]}.txt"
        own = [(VENDOR / each).read_text()[:1000] for each in sorted(shown)]
        assert text.is_file() or all("Released under the MIT license" in each for each in own)
    assert not named


def test_no_plugin_with_an_open_flaw_is_among_them():
    assert not list(VENDOR.glob("*carousel*")) and not list(VENDOR.glob("*button*"))
    assert not (VENDOR / "bootstrap.min.js").exists()
    assert {path.name for path in VENDOR.glob("bootstrap.*.js")} == set(_BOOTSTRAP)


def test_the_policy_lets_no_text_become_a_script():
    rules = dict(each.split(" ", 1) for each in CONTENT_SECURITY_POLICY.split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == rules["connect-src"] == "'self'"
    assert "unsafe-eval" not in CONTENT_SECURITY_POLICY
