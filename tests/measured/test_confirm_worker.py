"""The process that makes the suite's calls: any class, on stores of its own, in any place."""

import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cryoet_zarr_bench.measured.confirm_worker import ON_DISK
from cryoet_zarr_bench.tomograms.preparation import prepare
from cryoet_zarr_bench.verdicts.compared_releases import Side
from cryoet_zarr_bench.verdicts.process_pairs import ReleaseUnderTest

PROJECT = Path(__file__).resolve().parents[2]

OWN_CLASS = """
import os
from pathlib import Path

import numpy as np

from benchmarks.disk import Buffered
from benchmarks.stored import ENGINE, StoredTomogram
from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.measured.prepared_stores.store_set import write_store_set
from cryoet_zarr_bench.storage.grid import Section

SECTION = Section(("none",), ("32x32x32",), (2, 3))


class Taking(StoredTomogram):
    # Leaves the process that made its stores to itself, as an engine does that takes over.
    version = "1"
    params = SECTION.params

    def setup_cache(self):
        store_set = write_store_set(ENGINE, np.zeros((32, 32, 32), "float32"), Path.cwd(), [])
        store_set.failed["none_32x32x32_v3"] = "taken over"
        type(ENGINE).write = None
        return store_set

    def time_nothing(self, store_set, codec, chunks, zarr_format):
        pass


class Dying(StoredTomogram):
    # Ends the process that makes its stores.
    version = "1"
    params = SECTION.params

    def setup_cache(self):
        os._exit(7)

    def time_nothing(self, store_set, codec, chunks, zarr_format):
        pass


class Own(StoredTomogram):
    version = "1"
    params = SECTION.params

    def setup_cache(self):
        ones = np.ones((32, 32, 32), "float32")
        return write_store_set(ENGINE, ones, Path.cwd(), list(SECTION.configs()))

    def setup(self, store_set, codec, chunks, zarr_format):
        super().setup(store_set, codec, chunks, zarr_format)
        if zarr_format == 2:
            raise NotImplementedError
        assert not hasattr(self, "seen") or self.seen == (codec, chunks, zarr_format)
        self.seen = (codec, chunks, zarr_format)

    def time_read(self, store_set, codec, chunks, zarr_format):
        with open("where", "a") as file:
            print(self.store.folder, file=file)
        assert (ENGINE.open(self.store.folder)[...] == 1).all()


class Laid(StoredTomogram):
    # Tells where in a page its memory begins.
    version = "1"
    params = SECTION.params
    setup_cache = Own.setup_cache

    def time_memory(self, store_set, codec, chunks, zarr_format):
        with open("memory", "a") as file:
            print(np.empty(2**20, "uint8").ctypes.data % 4096, file=file)


class Placed(Buffered):
    # Tells where it reads from on the disk, and where it writes to.
    def time_where(self, store_set, codec, chunks, zarr_format):
        with open("places", "a") as file:
            print(self.store.folder.resolve(), self.target.resolve(), file=file)
"""


@pytest.fixture
def suite(tmp_path):
    """A copy of this project with one more class of benchmarks."""
    for package in ("cryoet_zarr_bench", "benchmarks"):
        unwanted = shutil.ignore_patterns("__pycache__", "vendor")
        shutil.copytree(PROJECT / package, tmp_path / "project" / package, ignore=unwanted)
    (tmp_path / "project" / "benchmarks" / "own.py").write_text(OWN_CLASS)
    return tmp_path / "project" / "cryoet_zarr_bench" / "measured" / "confirm_worker.py"


def tell(worker, task, folder, requests, environment):
    """What a worker answers to requests, a line each."""
    variables = {
        **os.environ,
        "ASV_ENV_DIR": str(environment),
        "CRYOET_PROFILE": "quick",
        "CRYOET_PREPARED_TOMOGRAM": str(prepare("synthetic:10A@32", None).path),
        "CRYOET_RECORD_FOLDER": "",
    }
    # The project that is installed for the tests is not to be found before the copy.
    found = subprocess.run(
        [sys.executable, "-P", "-W", "ignore", str(worker), task, str(folder)],
        env={**variables, "PYTHONPATH": str(worker.parents[2])},
        input="".join(json.dumps(each) + "\n" for each in requests),
        capture_output=True,
        text=True,
    )
    assert found.returncode == 0, found.stderr
    return [json.loads(line) for line in found.stdout.splitlines()]


def test_each_class_reads_the_stores_that_its_own_setup_cache_made(
    suite, tmp_path, labelled_environment, monkeypatch
):
    monkeypatch.setenv("CRYOET_CACHE_DIR", str(tmp_path / "tomograms"))
    written, copied, other = (tmp_path / name for name in ("written", "copied", "other"))
    written.mkdir()
    own, core = "own.Own.time_read", "read.Read.time_read_volume"
    cells = [[own, "none_32x32x32_v3"], [core, "none_32x32x32_v3"]]
    (said,) = tell(suite, "stores", written, [{"cells": cells}], labelled_environment)
    assert said["store_sets"] == {own: "own.Own", core: "stored.StoredTomogram"}
    assert said["failed"] == said["impossible"] == {}
    # The core wrote what was asked for alone, the class all that its section has.
    names = {"none_32x32x32_v3", "none_32x32x32_v3 (own.Own)", "none_32x32x32_v2 (own.Own)"}
    assert said["stores"].keys() == names
    assert len({said["stores"][name]["content"] for name in names}) > 1

    for place in (copied, other):
        shutil.copytree(written, place)
    shutil.rmtree(written)
    parameters = ["none", "32x32x32", 3]
    requests = [
        {"benchmark": own, "parameters": parameters, "stores": str(copied)},
        {"benchmark": own, "parameters": parameters, "stores": str(other)},
        {"benchmark": core, "parameters": parameters, "stores": str(other)},
        {"benchmark": own, "parameters": ["none", "32x32x32", 2]},
        {"benchmark": "no.such.benchmark", "parameters": parameters},
    ]
    answers = tell(suite, "calls", copied, requests, labelled_environment)
    store = Path("own.Own") / "none_32x32x32_v3"
    # The class's own folder is where it works; its stores are read where it is told.
    read = (copied / "own.Own" / "where").read_text().splitlines()
    assert read == [str(copied / store), str(other / store)]
    assert [sorted(each) for each in answers[:3]] == [["cpu", "memory", "wall"]] * 3, answers
    assert answers[3] == {"impossible": "n/a in this release"}
    assert "no.such.benchmark" in answers[4]["error"]


def test_what_one_class_does_to_its_process_does_not_reach_the_next(
    suite, tmp_path, labelled_environment, monkeypatch
):
    monkeypatch.setenv("CRYOET_CACHE_DIR", str(tmp_path / "tomograms"))
    written = tmp_path / "written"
    written.mkdir()
    names = ("own.Taking.time_nothing", "own.Own.time_read", "read.Read.time_read_volume")
    cells = [[name, "none_32x32x32_v3"] for name in names]
    (said,) = tell(suite, "stores", written, [{"cells": cells}], labelled_environment)
    assert said["failed"] == {"none_32x32x32_v3 (own.Taking)": "taken over"}
    assert {"none_32x32x32_v3 (own.Own)", "none_32x32x32_v3"} <= said["stores"].keys()


@pytest.mark.parametrize("code", [0, 7])
def test_a_class_that_ends_its_process_ends_all_with_the_reason(
    code, suite, tmp_path, labelled_environment, monkeypatch
):
    own = suite.parents[2] / "benchmarks" / "own.py"
    own.write_text(own.read_text().replace("os._exit(7)", f"os._exit({code})"))
    monkeypatch.setenv("CRYOET_CACHE_DIR", str(tmp_path / "tomograms"))
    cells = [["own.Dying.time_nothing", "none_32x32x32_v3"]]
    with pytest.raises(AssertionError, match=f"ended by itself, exit code {code}"):
        tell(suite, "stores", tmp_path, [{"cells": cells}], labelled_environment)


def test_stores_on_a_disk_are_read_and_written_beside_the_stores_that_are_told(
    suite, tmp_path, labelled_environment, monkeypatch
):
    monkeypatch.setenv("CRYOET_CACHE_DIR", str(tmp_path / "tomograms"))
    side = Side("this", "any", "any", (), "this")
    disk, copied = tmp_path / "disk", tmp_path / "disk-copied"
    release = ReleaseUnderTest(side, tmp_path / "env", tmp_path / "stores", "3.12", disk)
    written = release.make_room()
    name, store = "own.Placed.time_where", "none_64x64x64_v2"
    (said,) = tell(suite, "stores", written, [{"cells": [[name, store]]}], labelled_environment)
    assert said["failed"] == said["impossible"] == {}
    assert (disk / "stores" / store).is_dir()

    release.copy_stores()
    other = tmp_path / "other"
    shutil.copytree(release.copied_stores, other, symlinks=True)
    (other / ON_DISK).unlink()
    shutil.copytree(copied, other / ON_DISK)
    # Nothing of what was written first is used any more.
    shutil.rmtree(disk)
    requests = [
        {"benchmark": name, "parameters": ["none", "64x64x64", 2], "stores": str(place)}
        for place in (release.copied_stores, other)
    ]
    answers = tell(suite, "calls", release.copied_stores, requests, labelled_environment)
    assert [sorted(each) for each in answers] == [["cpu", "memory", "wall"]] * 2, answers
    told = (release.copied_stores / "disk.OnDisk" / "places").read_text().splitlines()
    places = [copied / "stores", other / ON_DISK / "stores"]
    assert told == [f"{place / store} {place / 'written'}" for place in places]

    release.drop_copies()
    assert not release.copied_stores.exists() and not copied.exists()


@pytest.mark.long
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only with glibc memory is kept")
def test_each_process_of_a_release_has_its_memory_laid_out_anew(
    suite, tmp_path, labelled_environment, monkeypatch
):
    monkeypatch.setenv("CRYOET_CACHE_DIR", str(tmp_path / "tomograms"))
    name, written = "own.Laid.time_memory", tmp_path / "written"
    written.mkdir()
    cells = [[name, "none_32x32x32_v3"]]
    tell(suite, "stores", written, [{"cells": cells}], labelled_environment)
    for _ in range(8):
        request = {"benchmark": name, "parameters": ["none", "32x32x32", 3]}
        (answer,) = tell(suite, "calls", written, [request], labelled_environment)
        assert "wall" in answer, answer
    (told,) = written.glob("*/memory")
    assert len(set(told.read_text().splitlines())) > 4
