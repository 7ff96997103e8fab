"""The same against stand-ins with zarr 2.18 on the host side, and against the real portal."""

import json
import os
import socket
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest

from cryoet_zarr_bench.machine.interpreters import find_interpreter
from cryoet_zarr_bench.measured.prepared_tomogram import open_prepared
from cryoet_zarr_bench.releases.installation import install, make_environment
from cryoet_zarr_bench.tomograms.portal.portal_settings import PORTAL_GRAPHQL_URL
from cryoet_zarr_bench.tomograms.preparation import prepare

PROJECT = Path(__file__).resolve().parents[2]

ENGINES = [("2.18.7", "0.15.1", "2.2.6"), ("3.1.6", "0.16.5", "2.2.6")]
HOST = ["cryoet-data-portal==4.9.0", "s3fs>=2025.3", "platformdirs>=4", "rich>=14", "typer>=0.16"]

PROGRAM = """
import json
import zarr
from rich.console import Console
from cryoet_zarr_bench.commands.fetch_command import run_fetch
from cryoet_zarr_bench.tomograms.preparation import prepare
from cryoet_zarr_bench.tomograms.tomogram_sources import portal_source
source = portal_source(dataset=10445, run="TS_100_3", voxel_spacing="10.012", tomogram=None)
entry = run_fetch(Console(stderr=True), source, "20,20,20")
assert prepare(str(source), "20,20,20") == entry
print(json.dumps({"zarr": zarr.__version__, "path": str(entry.path)}))
"""


@pytest.mark.long
@pytest.mark.parametrize(("zarr", "numcodecs", "numpy"), ENGINES, ids=lambda version: version)
def test_another_zarr_on_the_host_side(portal, tmp_path, zarr, numcodecs, numpy):
    environment = tmp_path / "environment"
    make_environment(find_interpreter("3.12") or pytest.skip("no CPython 3.12"), environment)
    engine = [f"zarr=={zarr}", f"numcodecs=={numcodecs}", f"numpy=={numpy}"]
    assert install(environment, [*engine, *HOST]).impossible is None
    variables = {**portal.variables(), "PYTHONPATH": str(PROJECT)}
    command = [environment / "bin" / "python", "-W", "ignore", "-c", PROGRAM]
    done = subprocess.run(command, env=variables, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["zarr"] == zarr
    assert np.array_equal(open_prepared(found["path"]).load(), portal.voxels[10:30, 16:36, 20:40])


@pytest.mark.portal
def test_the_real_portal(tmp_path, monkeypatch):
    """The smallest level of a tomogram that its documents name; only where it can be reached."""
    for name in list(os.environ):
        if name.startswith(("CRYOET_PORTAL", "AWS_ENDPOINT", "FSSPEC_")):
            monkeypatch.delenv(name)
    host = urlsplit(PORTAL_GRAPHQL_URL).hostname
    try:
        socket.create_connection((host, 443), timeout=5).close()
    except OSError as error:
        pytest.skip(f"{host} cannot be reached ({error})")
    monkeypatch.setenv("CRYOET_CACHE_DIR", str(tmp_path))
    entry = prepare("portal:10445/TS_100_3@10.012::2", "32,64,64")
    voxels = entry.load()
    assert (voxels.shape, voxels.dtype) == ((32, 64, 64), np.float32)
    assert np.isfinite(voxels).all()
    assert voxels.std() > 0
    assert entry.voxel_spacing == pytest.approx((40.048,) * 3, rel=0.01)
    record = json.loads(entry.path.with_suffix(".record.json").read_text())
    assert (record["portal"]["dataset_id"], record["portal"]["run_name"]) == (10445, "TS_100_3")
