"""A stored tomogram read from a real S3 server over a slow line has the right voxels."""

import json
import subprocess
import sys
from contextlib import contextmanager

import numpy as np
import pytest

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.layouts.named_layouts import layout_called
from cryoet_zarr_bench.layouts.ruled_writing import write_by_rule
from cryoet_zarr_bench.s3_reading import s3_reader, slow_line
from cryoet_zarr_bench.s3_reading.object_server import KEY, SECRET, free_port, serving
from cryoet_zarr_bench.s3_reading.slow_line import Line
from cryoet_zarr_bench.storage.engines import installed_engine

TOMOGRAM = np.random.default_rng(0).normal(size=(20, 40, 44)).astype("float32")


def test_a_line_is_shared_and_free_again_when_all_went_through():
    line = Line(100.0)
    assert [line.through(50, 1.0), line.through(50, 1.0)] == [1.5, 2.0]
    assert line.through(100, 5.0) == 6.0


@contextmanager
def far_away(server):
    port = free_port()
    given = [str(port), str(server.port), "0.01", "50e6", "125e6"]
    line = subprocess.Popen([sys.executable, str(slow_line.__file__), *given])
    try:
        yield port
    finally:
        line.terminate()
        line.wait()


@pytest.mark.slow
@pytest.mark.parametrize("pattern", ["xy_slice", "volume"])
def test_it_is_read_as_it_was_written(pattern, tmp_path):
    store, voxels = tmp_path / "served" / "bucket" / "stored", tmp_path / "tomogram.npy"
    write_by_rule(installed_engine(), TOMOGRAM, store, layout_called("zstd-3 8x16x16"), 10.0)
    np.save(voxels, TOMOGRAM)
    with serving(tmp_path / "served") as server, far_away(server) as port:
        request = {
            **{"connections": 10, "settings": {}, "times": 2, "pattern": pattern},
            **{"tomogram": str(voxels), "store": str(store), "root": str(tmp_path / "served")},
            **{"key": KEY, "secret": SECRET, "port": port, "store_class": "FsspecStore"},
        }
        found = subprocess.run(
            [sys.executable, "-P", "-W", "ignore", str(s3_reader.__file__)],
            input=json.dumps(request) + "\n",
            capture_output=True,
            text=True,
        )
    assert found.returncode == 0, found.stderr
    answer = json.loads(found.stdout)
    assert len(answer["wall"]) == len(answer["cpu"]) == 2


def test_without_a_server_one_line_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(BadInput, match="rclone: is not installed"), serving(tmp_path):
        pass
