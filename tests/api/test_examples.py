"""The examples in the documentation of the public functions do what they say."""

import doctest
import inspect
import subprocess
import sys

import pytest

import cryoet_zarr_bench as czb
from cryoet_zarr_bench.measurement import fresh_processes

FUNCTIONS = [name for name in czb.__all__ if inspect.isfunction(getattr(czb, name))]


@pytest.fixture
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CRYOET_CACHE_DIR", str(tmp_path / "cache"))
    # Or a test that runs beside this one would be another run on this machine.
    monkeypatch.setattr(fresh_processes, "WORK", tmp_path / "work")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_example_of_a_function(name, in_a_folder):
    function = getattr(czb, name)
    (example,) = [found for found in doctest.DocTestFinder().find(function, name) if found.examples]
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    assert runner.run(example).failed == 0


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_documentation_of_a_function_is_whole(name):
    said = inspect.getdoc(getattr(czb, name))
    assert all(section in said for section in ("Args:", "Returns:", "Raises:", "Example:"))


def test_all_that_is_public_is_there_and_nothing_is_imported_before():
    program = (
        "import sys, cryoet_zarr_bench as czb\n"
        "heavy = {'numpy', 'pandas', 'zarr', 'asv', 'rich'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "assert set(czb.__all__) <= set(dir(czb))\n"
        "for name in czb.__all__:\n"
        "    assert getattr(czb, name).__doc__, name\n"
        "try:\n"
        "    czb.nothing\n"
        "except AttributeError as error:\n"
        "    print(error)\n"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert found.stdout == "module 'cryoet_zarr_bench' has no attribute 'nothing'\n", found.stderr
