"""A stored tomogram read from a real S3 server over a slow line has the right voxels."""

import asyncio
import math
import sys
import threading
from contextlib import contextmanager

import numpy as np
import pytest

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.layouts.named_layouts import layout_called
from cryoet_zarr_bench.layouts.ruled_writing import write_by_rule
from cryoet_zarr_bench.measured.prepared_tomogram import PreparedTomogram
from cryoet_zarr_bench.s3_reading import slow_line
from cryoet_zarr_bench.s3_reading.object_server import ObjectServer, free_port, serving
from cryoet_zarr_bench.s3_reading.s3_measurement import BUCKET, ServedTomogram
from cryoet_zarr_bench.s3_reading.s3_trials import TIMES, S3Trial
from cryoet_zarr_bench.s3_reading.slow_line import Conversation, Line, OwnRate, mended
from cryoet_zarr_bench.s3_reading.store_classes import STORE_CLASSES
from cryoet_zarr_bench.storage.engines import installed_engine

FILES, SHARD = "zstd-3 8x16x16", "zstd-3 8x16x16 in all"
NEAR = "10 ms, 10 connections, 1 Gbit/s"
TOMOGRAM = np.random.default_rng(0).normal(size=(20, 40, 44)).astype("float32")


def test_a_line_is_shared_and_free_again_when_all_went_through():
    line = Line(100.0)
    assert [line.through(50, 1.0), line.through(50, 1.0)] == [1.5, 2.0]
    assert line.through(100, 5.0) == 6.0


PARTIAL = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Range: bytes 2-5/12\r\n\r\nllo "


def test_a_part_of_an_object_has_the_status_that_s3_gives_it():
    assert mended(PARTIAL) == PARTIAL.replace(b"200 OK", b"206 Partial Content")
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n content-range: of an object"
    assert mended(whole) == whole


def test_only_the_beginning_of_an_answer_is_mended():
    said = Conversation()
    said.request(b"GET / HTTP/1.1")
    begins, passed = said.answer(PARTIAL)
    assert begins and passed == mended(PARTIAL) != PARTIAL
    assert said.answer(PARTIAL) == (False, PARTIAL)


def test_a_connection_has_its_rate_from_the_first_byte_of_an_answer_on():
    own = OwnRate(100.0)
    assert own.due(50, 1.0, True) == 1.5
    # Late or early, what follows is due when the rate says; an idle time in between earns nothing.
    assert own.due(50, 1.7, False) == 2.0
    assert own.due(100, 9.0, True) == 10.0


@contextmanager
def listened_to(server, monkeypatch):
    """The port of a line to a server, and the first lines of all requests that go through it."""
    heard = []

    class Listening(Conversation):
        def request(self, content):
            heard.append(content.split(b"\r\n")[0].decode())
            return super().request(content)

    monkeypatch.setattr(slow_line, "Conversation", Listening)
    passing = slow_line.connection(server.port, 0.0, math.inf, Line(math.inf))
    loop, port = asyncio.new_event_loop(), free_port()
    listening = loop.run_until_complete(asyncio.start_server(passing, "127.0.0.1", port))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield ObjectServer(port), heard
    finally:
        loop.call_soon_threadsafe(listening.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


@pytest.mark.parametrize("store_class", list(STORE_CLASSES))
@pytest.mark.parametrize(
    "layout", [pytest.param(FILES, marks=pytest.mark.long), pytest.param(SHARD)]
)
def test_it_is_read_as_it_was_written_by_the_requests_of_the_model(
    layout, store_class, tmp_path, monkeypatch
):
    store, voxels = tmp_path / BUCKET / "stored", tmp_path / "tomogram.npy"
    write_by_rule(installed_engine(), TOMOGRAM, store, layout_called(layout), 10.0)
    np.save(voxels, TOMOGRAM)
    tomogram = PreparedTomogram(voxels, "a box", TOMOGRAM.shape, "float32", None, "", "")
    with serving(tmp_path) as server, listened_to(server, monkeypatch) as (line, heard):
        served = ServedTomogram(tomogram, store, tmp_path, line)
        found = served.measure(S3Trial(layout, "xy_slice", store_class, NEAR))
    assert len(found.wall) == len(found.cpu) == TIMES
    # A voxel is read to warm up, by fewer requests than a slice or as many.
    assert 0 < len(heard) - found.requests * TIMES <= found.requests
    assert found.packages.startswith("zarr ") and STORE_CLASSES[store_class] in found.packages


def test_without_a_server_one_line_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(BadInput, match="rclone: is not installed"), serving(tmp_path):
        pass
