"""The suite on a tomogram of the portal, as a user comes to it: a fresh clone, one command."""

import subprocess
from pathlib import Path

import pytest

from cryoet_zarr_bench.analysis.result_reader import read_results

PROJECT = Path(__file__).resolve().parents[2]
TOMOGRAM = "portal:10445/TS_100_3@10.012"


@pytest.mark.long
def test_a_fresh_clone_measures_a_tomogram_of_the_portal_by_one_command(portal, tmp_path):
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", PROJECT, clone], check=True)
    variables = portal.variables()
    bench = subprocess.run(
        ["make", "bench", f"TOMOGRAM={TOMOGRAM}"],
        cwd=clone,
        env=variables,
        capture_output=True,
        text=True,
    )
    assert bench.returncode == 0, bench.stdout + bench.stderr
    assert "zarr 3.4.2" in bench.stdout
    assert "blosc-zstd-5-shuffle" in bench.stdout
    (name,) = {each.tomogram for each in read_results(clone / ".asv" / "local" / "results")}
    assert name.startswith("TS_100_3-10.012A-portal-16463")
    moved, asked = dict(portal.proxy.counts), portal.records.requests
    assert moved
    assert asked

    again = subprocess.run(
        [clone / ".venv" / "bin" / "cryoet-zarr-bench", "tomograms"],
        cwd=clone,
        env=variables,
        capture_output=True,
        text=True,
    )
    assert again.returncode == 0, again.stderr
    assert "TS_100_3" in again.stdout
    assert (dict(portal.proxy.counts), portal.records.requests) == (moved, asked)
