"""A bucket with one tomogram of full size, made as it is asked for: run as a program.

It has as many bytes as a real one and needs the memory of a few chunks. Prints its port. The S3
protocol as far as a fetch needs it: listing a folder, and reading an object under a condition.
"""

import hashlib
import json
import math
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import product
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

import numcodecs
import numpy as np

KINDS = 3
CHUNK = (256, 256, 256)
FOLDER = "large/tomogram.zarr"


def chunk_voxels(kind: int) -> np.ndarray:
    """Noise of which 44 MB are stored, as of the chunks of a real tomogram, which are padded."""
    voxels = np.random.default_rng(kind).normal(scale=5e-6, size=CHUNK).astype("<f4")
    voxels[180:] = 0
    return voxels


def kind_of(index: tuple[int, ...]) -> int:
    z, y, x = index
    return (z + 2 * y + x) % KINDS


def expected_sha256(shape: tuple[int, ...]) -> str:
    """Of the voxels in C order, from the chunks, a chunk's height of planes at a time."""
    kinds = [chunk_voxels(kind) for kind in range(KINDS)]
    depths, rows, columns = (math.ceil(n / step) for n, step in zip(shape, CHUNK, strict=True))
    digest = hashlib.sha256()
    for z in range(depths):
        for plane in range(min(CHUNK[0], shape[0] - z * CHUNK[0])):
            for y in range(rows):
                parts = [kinds[kind_of((z, y, x))][plane] for x in range(columns)]
                band = np.concatenate(parts, axis=1)[: shape[1] - y * CHUNK[1], : shape[2]]
                digest.update(np.ascontiguousarray(band))
    return digest.hexdigest()


def objects_of(shape: tuple[int, ...]) -> dict[str, bytes]:
    codec = numcodecs.Blosc("lz4", clevel=5, shuffle=1)
    kinds = [bytes(codec.encode(chunk_voxels(kind))) for kind in range(KINDS)]
    axes = [{"name": name, "type": "space", "unit": "angstrom"} for name in "zyx"]
    scale = [{"type": "scale", "scale": [4.99] * 3}]
    datasets = [{"path": "0", "coordinateTransformations": scale}]
    attributes = {"multiscales": [{"version": "0.4", "axes": axes, "datasets": datasets}]}
    array = {
        "zarr_format": 2,
        "shape": shape,
        "chunks": CHUNK,
        "dtype": "<f4",
        "compressor": codec.get_config(),
        "fill_value": 0.0,
        "filters": None,
        "order": "C",
        "dimension_separator": "/",
    }
    objects = {
        f"{FOLDER}/.zattrs": json.dumps(attributes).encode(),
        f"{FOLDER}/0/.zarray": json.dumps(array).encode(),
    }
    grid = [range(math.ceil(n / step)) for n, step in zip(shape, CHUNK, strict=True)]
    for index in product(*grid):
        objects[f"{FOLDER}/0/{'/'.join(map(str, index))}"] = kinds[kind_of(index)]
    return objects


def serve(shape: tuple[int, ...], bytes_per_second: float) -> None:
    """Serve until the process is ended; at most so fast over all connections together."""
    objects = objects_of(shape)
    digests = {id(content): hashlib.md5(content).hexdigest() for content in objects.values()}
    lock, free_from = threading.Lock(), [0.0]

    def wait_for(count: int) -> None:
        with lock:
            start = max(free_from[0], time.monotonic())
            free_from[0] = start + count / bytes_per_second
        time.sleep(max(0.0, free_from[0] - time.monotonic()))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self):
            self.do_GET()

        def do_GET(self):
            parts = urlsplit(self.path)
            query = parse_qs(parts.query)
            if "list-type" in query:
                self.reply(200, listing(query["prefix"][0]), "-")
                return
            content = objects.get(unquote(parts.path).split("/", 2)[2])
            if content is None:
                self.reply(404, b"<Error><Code>NoSuchKey</Code></Error>", "-")
                return
            if "Range" in self.headers:  # s3fs asks so for what is larger than 50 MB
                first, last = self.headers["Range"].removeprefix("bytes=").split("-")
                part = memoryview(content)[int(first) : int(last) + 1 if last else None]
                self.reply(206, part, digests[id(content)])
                return
            self.reply(200, content, digests[id(content)])

        def reply(self, status, content, etag):
            self.send_response(status)
            self.send_header("ETag", f'"{etag}"')
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Last-Modified", "Wed, 01 Jan 2025 00:00:00 GMT")
            self.end_headers()
            if self.command == "HEAD":
                return
            left = memoryview(content)
            while left:
                wait_for(len(left[: 1 << 20]))
                self.wfile.write(left[: 1 << 20])
                left = left[1 << 20 :]

        def log_message(self, *_):
            pass

    def listing(prefix: str) -> bytes:
        rows = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{len(content)}</Size>"
            f"<ETag>&quot;{digests[id(content)]}&quot;</ETag>"
            "<LastModified>2025-01-01T00:00:00.000Z</LastModified></Contents>"
            for key, content in objects.items()
            if key.startswith(prefix)
        )
        return (
            '<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<IsTruncated>false</IsTruncated>{rows}</ListBucketResult>"
        ).encode()

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_):
            pass  # s3fs leaves an answer where it goes on with ranges

    server = Server(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    serve(tuple(map(int, sys.argv[1].split(","))), float(sys.argv[2]))
