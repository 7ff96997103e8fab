import logging
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from graphql import build_schema
from moto.server import ThreadedMotoServer
from rich.console import Console
from stand_in_objects import BUCKET, FaultyProxy, StandInBucket, portal_objects
from stand_in_records import (
    SCHEMA,
    StandInRecords,
    author_record,
    dataset_record,
    deposition_record,
    run_record,
    tomogram_record,
)
from typer.testing import CliRunner

from cryoet_zarr_bench import cli
from cryoet_zarr_bench.tomograms.preparation import prepare

SHAPE = (40, 52, 60)
CHUNKS = (16, 16, 16)
FOLDER = "10445/TS_100_3/10.012/tomogram.zarr"
VOXELS = np.random.default_rng(0).normal(size=SHAPE).astype("<f4")


@dataclass
class StandIn:
    """The portal that a test talks to: its records, its bucket, and the proxy in between."""

    records: StandInRecords
    bucket: StandInBucket
    proxy: FaultyProxy
    cache: Path
    voxels: np.ndarray = field(default_factory=lambda: VOXELS)
    folder: str = FOLDER

    def chunk(self, *index: int, level: int = 0) -> str:
        return f"{self.folder}/{level}/{'/'.join(map(str, index))}"

    def run(self, *arguments: str):
        """The command line in this process; gives exit code, stdout, stderr."""
        return CliRunner().invoke(cli.app, list(arguments))

    def fetch(self, *arguments: str):
        return self.run("fetch", "--dataset", "10445", "--run", "TS_100_3", *arguments)

    def variables(self) -> dict[str, str]:
        """The environment of a process that talks to it."""
        return {
            **os.environ,
            "CRYOET_PORTAL_GRAPHQL_URL": self.records.url,
            "AWS_ENDPOINT_URL_S3": self.proxy.url,
            "CRYOET_CACHE_DIR": str(self.cache),
        }

    def entries(self) -> list[str]:
        """Whatever in the cache could be taken for a tomogram."""
        return sorted(path.name for path in self.cache.rglob("*") if path.suffix == ".npy")


def refusal(outcome) -> str:
    """The one line that a command said before it ended with exit code 2."""
    assert outcome.exit_code == 2, (outcome.stdout, outcome.stderr, outcome.exception)
    lines = outcome.stderr.splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith("error: ")
    assert lines[0].isprintable()
    return lines[0]


@pytest.fixture(scope="session")
def objects() -> dict[str, bytes]:
    return portal_objects(VOXELS, 10.012, CHUNKS)


@pytest.fixture(scope="session")
def moto_server():
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    yield server.get_host_and_port()
    server.stop()


@pytest.fixture(scope="session")
def bucket(moto_server, objects):
    host, port = moto_server
    bucket = StandInBucket(f"http://{host}:{port}")
    bucket.put_tomogram(FOLDER, objects)
    bucket.touched.clear()
    return bucket


@pytest.fixture(scope="session")
def records():
    server = StandInRecords(build_schema(SCHEMA.read_text()))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def proxy(moto_server):
    server = FaultyProxy(*moto_server)
    yield server
    server.stop()


@pytest.fixture
def portal(records, bucket, proxy, objects, tmp_path, monkeypatch):
    records.requests, records.misbehave = 0, None
    records.tables = {
        "datasets": [dataset_record(10445), dataset_record(10446)],
        "depositions": [deposition_record(7)],
        "runs": [run_record(1, 10445, "TS_100_3"), run_record(2, 10445, "TS_100_4")],
        "tomograms": [tomogram_record(16463, 1, SHAPE, 10.012, f"s3://{BUCKET}/{FOLDER}")],
        "tomogramAuthors": [
            author_record(1, 16463, "Second Author", 2),
            author_record(2, 16463, "First Author", 1),
        ],
    }
    proxy.counts.clear()
    proxy.faults.clear()
    cache = tmp_path / "cache"
    for name in list(os.environ):
        if name.startswith(("AWS_", "CRYOET_", "FSSPEC_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("CRYOET_PORTAL_GRAPHQL_URL", records.url)
    monkeypatch.setenv("CRYOET_PORTAL_TIMEOUT", "5")
    monkeypatch.setenv("CRYOET_PORTAL_ATTEMPTS", "3")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", proxy.url)
    monkeypatch.setenv("CRYOET_CACHE_DIR", str(cache))
    monkeypatch.setattr(cli, "console", Console(width=220))
    yield StandIn(records, bucket, proxy, cache)
    bucket.restore({f"{FOLDER}/{key}": content for key, content in objects.items()})


_GOOD = "portal:tomogram/16463", "4,4,4"


@pytest.fixture(scope="session")
def cache_from_before(tmp_path_factory):
    """A folder for a cache that is filled once; empty until then."""
    return tmp_path_factory.mktemp("before") / "cache"


@pytest.fixture
def good(portal, cache_from_before):
    """An entry from before, which has to be there and whole after whatever happens."""
    if cache_from_before.exists():
        shutil.copytree(cache_from_before, portal.cache)
    kept = prepare(*_GOOD)
    if not cache_from_before.exists():
        shutil.copytree(portal.cache, cache_from_before)
    portal.proxy.counts.clear()
    yield kept
    asked = portal.records.requests
    assert prepare(*_GOOD) == kept
    assert np.array_equal(kept.load(), portal.voxels[18:22, 24:28, 28:32])
    assert portal.records.requests == asked


@pytest.fixture
def refused():
    return refusal
