"""The measured side needs the standard library, numpy and the engine, in old releases too."""

import json
import subprocess
from pathlib import Path

import pytest

from cryoet_zarr_bench.releases.install import install, make_environment
from cryoet_zarr_bench.releases.interpreters import find_interpreter

PROJECT = Path(__file__).resolve().parents[2]

PROGRAM = """
import importlib, json, pathlib, pkgutil, sys, tempfile, warnings
sys.path.append(sys.argv[1])
import numpy
import cryoet_zarr_bench.storage as storage
import cryoet_zarr_bench.tomograms.prepared
for module in pkgutil.iter_modules(storage.__path__):
    importlib.import_module(f"cryoet_zarr_bench.storage.{module.name}")
from cryoet_zarr_bench.storage.engines import installed_engine
from cryoet_zarr_bench.storage.grid import PROFILES
from cryoet_zarr_bench.storage.portability import engines_here
from cryoet_zarr_bench.storage.stores import fill_shelf
engine = installed_engine()
tomogram = numpy.random.default_rng(0).normal(size=(20, 24, 28)).astype("float32")
with tempfile.TemporaryDirectory() as folder:
    shelf = fill_shelf(engine, tomogram, pathlib.Path(folder), list(PROFILES["quick"].configs()))
    reread = {name: bool((engine.open(store.folder)[...] == tomogram).all())
              for name, store in shelf.stores.items()}
missing = engines_here()[1]
print(json.dumps({"missing": missing, "stores": reread,
                  "impossible": shelf.impossible, "failed": shelf.failed,
                  "settings": engine.settings(), "formats": engine.zarr_formats}))
"""


@pytest.mark.parametrize(
    ("zarr", "numcodecs", "formats"),
    [
        ("2.18.0", "0.13.0", [2]),
        ("2.18.7", "0.15.2", [2]),
        ("3.0.0", "0.14.1", [2, 3]),
        ("3.4.2", "0.17.1", [2, 3]),
    ],
)
def test_it_writes_and_verifies_the_quick_grid(tmp_path, zarr, numcodecs, formats):
    environment = tmp_path / "environment"
    make_environment(find_interpreter("3.12") or pytest.skip("no CPython 3.12"), environment)
    pins = [f"zarr=={zarr}", f"numcodecs=={numcodecs}", "numpy==2.2.6"]
    assert install(environment, pins).impossible is None
    python = environment / "bin" / "python"
    answer = subprocess.run(
        [python, "-W", "ignore", "-c", PROGRAM, PROJECT], capture_output=True, text=True
    )
    assert answer.returncode == 0, answer.stderr
    found = json.loads(answer.stdout)
    assert found["formats"] == formats
    assert found["failed"] == {}
    assert len(found["stores"]) == 15 * len(formats)
    assert all(found["stores"].values())
    assert len(found["impossible"]) == 15 * (2 - len(formats))
    assert found["settings"]["blosc.use_threads"] is False
    # Without their packages the other engines are n/a, and say so.
    fused = {"zarr-python-fused"} if zarr != "3.4.2" else set()
    assert set(found["missing"]) == {"tensorstore", "zarrs"} | fused
