"""The measured side needs the standard library, numpy and the engine, in old releases too."""

import json
import subprocess
from pathlib import Path

import pytest

from cryoet_zarr_bench.machine.interpreters import find_interpreter
from cryoet_zarr_bench.releases.companion_packages import fitting
from cryoet_zarr_bench.releases.installation import install, make_environment

PROJECT = Path(__file__).resolve().parents[2]

PROGRAM = """
import importlib, json, pathlib, pkgutil, sys, tempfile, warnings
sys.path.append(sys.argv[1])
import numpy
import cryoet_zarr_bench
# Of engines and stores of buckets each release has its own.
of_a_release = ("storage.engines.", "storage.object_store.bucket_store")
for room in ("storage", "fidelity", "measured"):
    folder = f"{cryoet_zarr_bench.__path__[0]}/{room}"
    for module in pkgutil.walk_packages([folder], f"cryoet_zarr_bench.{room}."):
        if not any(each in module.name for each in of_a_release):
            importlib.import_module(module.name)
from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.storage.engines import installed_engine
from cryoet_zarr_bench.storage.grid import PROFILES
from cryoet_zarr_bench.measured.prepared_stores.portability_stores import engines_here
from cryoet_zarr_bench.measured.prepared_stores.store_set import write_store_set
engine = installed_engine()
tomogram = numpy.random.default_rng(0).normal(size=(20, 24, 28)).astype("float32")
# Given such a name as a string, zarr takes it for a URL.
with tempfile.TemporaryDirectory(prefix="a#b?c;d::e", suffix="%20\\n.zip") as folder:
    store_set = write_store_set(
        engine, tomogram, pathlib.Path(folder), list(PROFILES["quick"].configs()))
    section = [StorageConfig.of(name, "8x16x16", zarr_format)
               for name in sys.argv[2].split() for zarr_format in engine.zarr_formats]
    codecs = write_store_set(engine, tomogram, pathlib.Path(folder) / "codecs", section)
    reread = {name: bool((engine.open(store.folder)[...] == tomogram).all())
              for name, store in store_set.stores.items()}
missing = engines_here()[1]
print(json.dumps({"missing": missing, "stores": reread,
                  "impossible": store_set.impossible, "failed": store_set.failed,
                  "settings": engine.settings(), "formats": engine.zarr_formats,
                  "codecs": sorted(codecs.impossible), "codecs_failed": codecs.failed}))
"""

CODECS = (
    "lz4-1 bz2-5 lzma-1 blosc-zstd-5-shuffle-1MiB shuffle+zstd-5 delta+zstd-5 pcodec-4 "
    "zfp-reversible bitround-8 bitround-8+blosc-zstd-5-bitshuffle float16 float16+shuffle+zstd-5 "
    "int8+zstd-5 quantise-4+zstd-5 zfp-accuracy-16"
)
"""One of each kind, by which releases differ: see NOT_APPLICABLE."""

NOT_APPLICABLE = {
    "2.18.0": {"zfp-reversible v2", "zfp-accuracy-16 v2"},
    "2.18.7": set(),
    "3.0.0": {
        *("zfp-reversible v2", "zfp-reversible v3", "zfp-accuracy-16 v2", "zfp-accuracy-16 v3"),
        *("pcodec-4 v2", "bitround-8 v2", "float16+shuffle+zstd-5 v3", "delta+zstd-5 v3"),
    },
    "3.4.2": {"delta+zstd-5 v3"},
}
"""What a release of zarr cannot write, with the numcodecs and the companions it is tried with."""


@pytest.mark.parametrize(
    ("zarr", "numcodecs", "formats"),
    [
        pytest.param("2.18.0", "0.13.0", [2], marks=pytest.mark.long),
        ("2.18.7", "0.15.2", [2]),
        pytest.param("3.0.0", "0.14.1", [2, 3], marks=pytest.mark.long),
        ("3.4.2", "0.17.1", [2, 3]),
    ],
)
def test_it_writes_and_verifies_the_quick_grid(tmp_path, zarr, numcodecs, formats):
    environment = tmp_path / "environment"
    make_environment(find_interpreter("3.12") or pytest.skip("no CPython 3.12"), environment)
    companions = fitting({"zarr": zarr, "numcodecs": numcodecs})
    codec_packages = [companions[name][0] for name in ("pcodec", "zfpy") if name in companions]
    pins = [f"zarr=={zarr}", f"numcodecs=={numcodecs}", "numpy==2.2.6", *codec_packages]
    assert install(environment, pins).impossible is None
    python = environment / "bin" / "python"
    answer = subprocess.run(
        [python, "-W", "ignore", "-c", PROGRAM, PROJECT, CODECS], capture_output=True, text=True
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
    assert found["codecs_failed"] == {}
    not_applicable = {name.replace("_8x16x16_", " ") for name in found["codecs"]}
    assert not_applicable == NOT_APPLICABLE[zarr]
