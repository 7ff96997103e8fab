"""What is counted at a bucket of our own is what a server of S3 is asked, request by request.

The server is moto; a proxy before it keeps the log.
"""

import threading
from collections import Counter
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler
from urllib.parse import unquote, urlsplit

import boto3
import numpy as np
import obstore.store
import pytest
import zarr
import zarr.storage
from loopback import LoopbackServer

from cryoet_zarr_bench.storage.config import StorageConfig
from cryoet_zarr_bench.storage.engines import installed_engine
from cryoet_zarr_bench.storage.engines.zarr3 import PINNED, _arguments
from cryoet_zarr_bench.storage.patterns.request_counts import (
    count_changing,
    count_reading,
    count_writing,
)

pytestmark = pytest.mark.slow

ENGINE = installed_engine()
BUCKET = "counted"
KEYS = {"aws_access_key_id": "made-up", "aws_secret_access_key": "made-up"}
TOMOGRAM = np.random.default_rng(0).normal(size=(24, 36, 40)).astype("float32")
BOXES = [
    (slice(12, 13), slice(0, 36), slice(0, 40)),
    (slice(3, 19), slice(9, 25), slice(20, 36)),
    (slice(0, 24), slice(0, 36), slice(0, 40)),
]
CONFIGS = [
    StorageConfig.of("blosc-zstd-5-shuffle", "16x16x16", 2),
    StorageConfig.of("blosc-zstd-5-shuffle", "16x16x16", 3),
    StorageConfig.of("zstd-5", "8x8x8 in 32x32x32", 3),
]


class LoggingProxy(LoopbackServer):
    """Passes everything on, and notes method, key and range of each request."""

    def __init__(self, host: str, port: int) -> None:
        self.log: list[tuple[str, str, str | None]] = []
        self.bytes_fetched = 0
        lock = threading.Lock()
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def pass_on(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                behind = HTTPConnection(host, port)
                behind.request(self.command, self.path, body, dict(self.headers.items()))
                reply = behind.getresponse()
                content = reply.read()
                key = unquote(urlsplit(self.path).path).removeprefix(f"/{BUCKET}/")
                with lock:
                    owner.log.append((self.command, key, self.headers.get("Range")))
                    if self.command == "GET" and reply.status in (200, 206):
                        owner.bytes_fetched += len(content)
                self.send_response(reply.status)
                length = reply.headers.get("Content-Length") or str(len(content))
                for name, value in reply.getheaders():
                    if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                        self.send_header(name, value)
                self.send_header(
                    "Content-Length", length if self.command == "HEAD" else str(len(content))
                )
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(content)
                behind.close()

            do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = pass_on

        self.serve(Handler)

    def take(self, prefix: str) -> tuple[Counter, int]:
        """What was asked since the last time, keys without the prefix; and the bytes of GETs."""
        found = Counter(
            (method, key.removeprefix(f"{prefix}/"), asked) for method, key, asked in self.log
        )
        moved = self.bytes_fetched
        self.log.clear()
        self.bytes_fetched = 0
        return found, moved


@pytest.fixture(scope="module")
def server(moto_server):
    host, port = moto_server
    client = boto3.client(
        "s3", endpoint_url=f"http://{host}:{port}", region_name="us-east-1", **KEYS
    )
    client.create_bucket(Bucket=BUCKET)
    proxy = LoggingProxy(host, port)
    yield client, proxy
    proxy.stop()


def through_s3fs(prefix, proxy, read_only, max_concurrency=1):
    options = {
        "key": "made-up",
        "secret": "made-up",
        "endpoint_url": proxy.address,
        "max_concurrency": max_concurrency,
    }
    url = f"s3://{BUCKET}/{prefix}"
    return zarr.storage.FsspecStore.from_url(url, storage_options=options, read_only=read_only)


def through_obstore(prefix, proxy, read_only):
    store = obstore.store.S3Store(
        BUCKET,
        prefix=prefix,
        endpoint=proxy.address,
        region="us-east-1",
        client_options={"allow_http": True},
        virtual_hosted_style_request=False,
        access_key_id="made-up",
        secret_access_key="made-up",
    )
    return zarr.storage.ObjectStore(store, read_only=read_only)


def put_store(client, prefix, config, folder):
    """Write the tomogram into a folder, and the same objects into the server's bucket."""
    ENGINE.write(TOMOGRAM, folder, config)
    for path in folder.rglob("*"):
        if path.is_file():
            key = f"{prefix}/{path.relative_to(folder).as_posix()}"
            client.put_object(Bucket=BUCKET, Key=key, Body=path.read_bytes())


def asked(trace):
    return Counter((each.kind, each.key, each.http_range) for each in trace.requests)


@pytest.mark.parametrize("through", [through_s3fs, through_obstore])
@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.name)
def test_a_server_is_asked_what_is_counted(config, through, server, tmp_path):
    client, proxy = server
    prefix = f"{through.__name__}/{config.name}"
    put_store(client, prefix, config, tmp_path / "store")
    with zarr.config.set(PINNED):
        for box in BOXES:
            proxy.take(prefix)
            array = zarr.open_array(through(prefix, proxy, read_only=True), mode="r")
            assert np.array_equal(array[box], TOMOGRAM[box])
            found, moved = proxy.take(prefix)
            trace = count_reading(ENGINE, tmp_path / "store", [box], TOMOGRAM)
            assert found == asked(trace)
            assert moved == trace.bytes_fetched
        box = BOXES[1]
        proxy.take(prefix)
        array = zarr.open_array(through(prefix, proxy, read_only=False), mode="r+")
        array[box] = -TOMOGRAM[box]
        found, moved = proxy.take(prefix)
    trace = count_changing(ENGINE, tmp_path / "store", box, TOMOGRAM, tmp_path / "copy")
    assert found == asked(trace)
    assert moved == trace.bytes_fetched


@pytest.mark.parametrize("through", [through_s3fs, through_obstore])
@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.name)
def test_a_server_is_written_to_as_is_counted(config, through, server, tmp_path):
    _, proxy = server
    prefix = f"{through.__name__}/written-{config.name}"
    trace = count_writing(ENGINE, TOMOGRAM, tmp_path / "store", config)
    proxy.take(prefix)
    with zarr.config.set(PINNED):
        array = zarr.create_array(
            store=through(prefix, proxy, read_only=False),
            **_arguments(TOMOGRAM.shape, TOMOGRAM.dtype, config),
        )
        array[...] = TOMOGRAM
    found, _ = proxy.take(prefix)
    if through is through_s3fs:
        # Where there is no object, s3fs looks whether it is a folder.
        del found["GET", f"/{BUCKET}", None]
    assert found == asked(trace)


@pytest.mark.parametrize("config", CONFIGS[1:], ids=lambda config: config.name)
def test_s3fs_as_it_comes_looks_at_an_object_before_it_gets_it(config, server, tmp_path):
    """To fetch large objects in parts, s3fs asks how long an object is: a HEAD more for each GET of
    all of it, and instead of a GET of what is not there a HEAD and a LIST."""
    client, proxy = server
    prefix = f"as-it-comes/{config.name}"
    put_store(client, prefix, config, tmp_path / "store")
    proxy.take(prefix)
    array = zarr.open_array(through_s3fs(prefix, proxy, True, max_concurrency=10), mode="r")
    assert np.array_equal(array[BOXES[0]], TOMOGRAM[BOXES[0]])
    found, _ = proxy.take(prefix)
    trace = count_reading(ENGINE, tmp_path / "store", [BOXES[0]], TOMOGRAM)
    expected = Counter()
    for each in trace.requests:
        there = (tmp_path / "store" / each.key).is_file()
        expected["GET", each.key, each.http_range] += there
        expected["HEAD", each.key, None] += not each.is_ranged
        expected["GET", f"/{BUCKET}", None] += not there
    assert +found == +expected
