"""The model of latency: its clock, its connections, and that really waiting takes as long."""

import asyncio
import time

import numpy as np
import pytest
import zarr
from hypothesis import given
from hypothesis import strategies as st

from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.storage.engines import installed_engine
from cryoet_zarr_bench.storage.object_store.bucket import Bucket
from cryoet_zarr_bench.storage.object_store.bucket_store_zarr3 import BucketStore
from cryoet_zarr_bench.storage.object_store.request_latency import ASSUMED, Connections, Latency
from cryoet_zarr_bench.storage.object_store.virtual_time import VirtualLoop
from cryoet_zarr_bench.storage.patterns.request_counts import count_reading, count_writing

ENGINE = installed_engine()
TOMOGRAM = np.random.default_rng(0).normal(size=(32, 64, 64)).astype("float32")
EVERYTHING = (slice(0, 32), slice(0, 64), slice(0, 64))


def test_a_request_takes_its_latency_and_its_bytes():
    latency = Latency(seconds_per_request=0.02, bytes_per_second=1e6, connections=2)
    assert latency.seconds(0) == 0.02
    assert latency.seconds(500_000) == 0.52
    assert Latency(0.030, 50e6, 10) == ASSUMED


def test_requests_wait_for_a_connection():
    connections = Connections(Latency(1.0, 1.0, connections=2), begin=10.0)
    begins = []
    for seconds in (5, 1, 1, 1):
        begins.append(connections.take())
        connections.leave(begins[-1] + seconds)
    assert begins == [10, 10, 11, 12] and connections.all_free() == 15


@given(
    sizes=st.lists(st.integers(0, 10**6), max_size=30),
    connections=st.integers(1, 12),
)
def test_the_loop_and_the_connections_are_one_model(sizes, connections):
    """zarr 2 is counted by the one, zarr 3 by the other."""
    latency = Latency(0.01, 1e6, connections)
    together = Connections(latency, 0.0)
    for size in sizes:
        together.leave(together.take() + latency.seconds(size))
    loop = VirtualLoop()

    async def ask_for_all():
        free = asyncio.Semaphore(connections)

        async def ask(size):
            async with free:
                await asyncio.sleep(latency.seconds(size))

        await asyncio.gather(*(ask(size) for size in sizes))

    loop.run_until_complete(ask_for_all())
    assert loop.time() == pytest.approx(together.all_free(), abs=1e-6)
    loop.close()


def test_waiting_takes_no_time_in_the_loop():
    loop = VirtualLoop()
    happened = []

    async def work(name, seconds):
        await asyncio.sleep(seconds)
        happened.append((name, await asyncio.to_thread(lambda: loop.time())))

    async def both():
        await asyncio.gather(work("late", 3600), work("early", 60))

    begun = time.perf_counter()
    loop.run_until_complete(both())
    assert time.perf_counter() - begun < 60
    assert happened == [("early", 60), ("late", 3600)]
    loop.close()


def test_work_that_fails_and_waiting_for_ever_end_the_loop():
    loop = VirtualLoop()

    async def fail():
        await asyncio.to_thread(int, "no number")

    with pytest.raises(ValueError, match="no number"):
        loop.run_until_complete(fail())

    async def wait():
        await asyncio.Event().wait()

    with pytest.raises(RuntimeError, match="never happen"):
        loop.run_until_complete(wait())
    loop.close()


@pytest.mark.parametrize("chunks", ["16x16x16", "16x16x16 in 32x32x32", "8x8x8 in 32x64x64"])
def test_a_store_that_really_waits_takes_no_less_than_the_model_says(chunks, tmp_path):
    latency = Latency(seconds_per_request=0.02, bytes_per_second=20e6, connections=4)
    config = StorageConfig.of("none", chunks, 3)
    ENGINE.write(TOMOGRAM, tmp_path / "store", config)
    for box in (EVERYTHING, (slice(16, 17), slice(0, 64), slice(0, 64))):
        modelled = count_reading(ENGINE, tmp_path / "store", [box], TOMOGRAM, latency)
        bucket = Bucket(tmp_path / "store", latency)
        begun = time.perf_counter()
        array = zarr.open_array(BucketStore(bucket, read_only=True), mode="r")
        assert np.array_equal(array[box], TOMOGRAM[box])
        seconds = time.perf_counter() - begun
        print(f"{chunks} {box}: {seconds / modelled.seconds:.3f} of the modelled time")
        assert seconds >= modelled.seconds
        assert bucket.trace.gets == modelled.gets
        assert bucket.trace.bytes_fetched == modelled.bytes_fetched


def test_more_connections_and_less_latency_are_quicker(tmp_path):
    config = StorageConfig.of("none", "8x8x8", 3)

    def seconds(latency):
        return count_writing(ENGINE, TOMOGRAM, tmp_path / "store", config, latency).seconds

    slow = seconds(Latency(0.1, 50e6, 2))
    assert seconds(Latency(0.1, 50e6, 10)) < slow / 4
    assert seconds(Latency(0.01, 50e6, 2)) < slow / 4
