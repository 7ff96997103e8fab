"""A tomogram of full size: memory while it streams through, and its rate beside s3fs alone."""

import json
import math
import subprocess
import sys
import time
from pathlib import Path

import pytest
from large_bucket import CHUNK, FOLDER, expected_sha256
from stand_in_records import tomogram_record

from cryoet_zarr_bench.measured.prepared_tomogram import open_prepared

pytestmark = pytest.mark.long

HERE = Path(__file__).resolve().parent
FULL_SIZE = (368, 1260, 1260)
ONE_GB = 10**9

FETCH = """
import json, sys, time
from cryoet_zarr_bench.tomograms.preparation import prepare

class Clock:
    def note(self, text): print(text, file=sys.stderr)
    def begin(self, total, held): self.began = time.perf_counter()
    def moved(self, count): self.ended = time.perf_counter()

clock = Clock()
began = time.perf_counter()
entry = prepare("portal:tomogram/8", "full", clock)
seconds = time.perf_counter() - began
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
found = {"path": str(entry.path), "peak": int(peak.split()[1]) * 1024, "seconds": seconds}
print(json.dumps({**found, "moving": clock.ended - clock.began, "before": clock.began - began}))
"""

S3FS_ALONE = """
import json, sys, time
import s3fs
files = s3fs.S3FileSystem(anon=True, skip_instance_cache=True)
keys = json.loads(sys.argv[1])
files.ls("made-up-portal/large/tomogram.zarr/0")
began = time.perf_counter()
files.get(keys, [f"{sys.argv[2]}/{number}" for number in range(len(keys))])
print(json.dumps({"seconds": time.perf_counter() - began}))
"""


def run(program, portal, port, *arguments):
    variables = {**portal.variables(), "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{port}"}
    variables["CRYOET_PORTAL_TIMEOUT"] = "30"
    command = [sys.executable, "-c", program, *arguments]
    began = time.perf_counter()
    done = subprocess.run(command, env=variables, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return {**json.loads(done.stdout), "process": time.perf_counter() - began}


@pytest.fixture
def server(portal, request):
    shape, rate = request.param
    portal.records.tables["tomograms"].append(
        tomogram_record(8, 2, shape, 4.99, f"s3://made-up-portal/{FOLDER}")
    )
    command = [sys.executable, HERE / "large_bucket.py", ",".join(map(str, shape)), str(rate)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    yield int(process.stdout.readline()), shape
    process.kill()
    process.communicate()


@pytest.mark.parametrize("server", [(FULL_SIZE, math.inf)], indirect=True)
def test_a_tomogram_of_full_size_streams_through_in_a_gigabyte(portal, server):
    port, shape = server
    fetched = run(FETCH, portal, port)
    entry = open_prepared(fetched["path"])
    assert entry.path.stat().st_size > 2.3e9
    print(f"peak memory {fetched['peak'] / 1e6:.0f} MB, {fetched['seconds']:.1f} s")
    assert entry.sha256 == expected_sha256(shape)
    assert fetched["peak"] < ONE_GB


@pytest.mark.parametrize(
    "server",
    [(FULL_SIZE, math.inf), (FULL_SIZE, 100e6)],
    indirect=True,
    ids=["as fast as it goes", "100 MB a second"],
)
def test_the_rate_beside_that_of_s3fs_alone(portal, server, tmp_path):
    """Prints how much longer a fetch takes, checked, decoded and hashed, than to move the bytes."""
    port, shape = server
    grid = [range(math.ceil(n / step)) for n, step in zip(shape, CHUNK, strict=True)]
    keys = [
        f"made-up-portal/{FOLDER}/0/{z}/{y}/{x}" for z in grid[0] for y in grid[1] for x in grid[2]
    ]
    for number in range(3):
        folder = tmp_path / f"alone{number}"
        folder.mkdir()
        alone = run(S3FS_ALONE, portal, port, json.dumps(keys), str(folder))
        assert len(list(folder.iterdir())) == len(keys)
        subprocess.run(["rm", "-rf", folder], check=True)
        fetched = run(FETCH, portal, port)
        assert open_prepared(fetched["path"]).shape == shape
        subprocess.run(["rm", "-rf", portal.cache], check=True)
        print(
            f"moving: s3fs {alone['seconds']:.2f} s, fetch {fetched['moving']:.2f} s "
            f"({alone['seconds'] / fetched['moving']:.2f} of the rate); from the start of the "
            f"program to its end: s3fs {alone['process']:.2f} s, fetch {fetched['process']:.2f} s "
            f"({alone['process'] / fetched['process']:.2f}), {fetched['before']:.2f} s of it to "
            f"find the tomogram"
        )
