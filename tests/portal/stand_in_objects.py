"""A stand-in for the portal's bucket: moto, with tomograms written as the portal writes them, and a
proxy before it that counts requests and does harm where it is told to."""

import json
import math
import threading
import time
from collections import Counter
from collections.abc import Callable
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler
from itertools import product
from urllib.parse import parse_qs, unquote, urlsplit

import boto3
import numcodecs
import numpy as np
from loopback import LoopbackServer

BUCKET = "made-up-portal"
CODEC = numcodecs.Blosc("lz4", clevel=5, shuffle=numcodecs.Blosc.SHUFFLE)


def halved(volume: np.ndarray) -> np.ndarray:
    """The mean of 2 x 2 x 2 voxels, an odd last voxel counted twice."""
    padded = np.pad(volume, [(0, n % 2) for n in volume.shape], mode="edge")
    z, y, x = (n // 2 for n in padded.shape)
    blocks = padded.reshape(z, 2, y, 2, x, 2)
    return blocks.mean(axis=(1, 3, 5), dtype=np.float32).astype(np.float32)


def portal_objects(
    volume: np.ndarray,
    spacing: float,
    chunks: tuple[int, int, int],
    levels: int = 3,
    leave_out_empty: bool = False,
) -> dict[str, bytes]:
    """The objects of a tomogram, by key within its OME-Zarr: Zarr format 2, NGFF 0.4."""
    objects = {".zgroup": json.dumps({"zarr_format": 2}).encode()}
    datasets = []
    for level in range(levels):
        scale = [spacing * 2**level] * 3
        datasets.append(
            {
                "path": str(level),
                "coordinateTransformations": [{"type": "scale", "scale": scale}],
            }
        )
        metadata = {
            "zarr_format": 2,
            "shape": volume.shape,
            "chunks": chunks,
            "dtype": "<f4",
            "compressor": CODEC.get_config(),
            "fill_value": 0.0,
            "filters": None,
            "order": "C",
            "dimension_separator": "/",
        }
        objects[f"{level}/.zarray"] = json.dumps(metadata).encode()
        grid = [math.ceil(n / step) for n, step in zip(volume.shape, chunks, strict=True)]
        for index in product(*map(range, grid)):
            chunk = np.zeros(chunks, "<f4")  # padded
            part = volume[
                tuple(slice(i * n, (i + 1) * n) for i, n in zip(index, chunks, strict=True))
            ]
            chunk[tuple(slice(n) for n in part.shape)] = part
            if leave_out_empty and not chunk.any():
                continue
            objects[f"{level}/{'/'.join(map(str, index))}"] = CODEC.encode(chunk)
        volume = halved(volume)
    axes = [{"name": name, "type": "space", "unit": "angstrom"} for name in "zyx"]
    multiscale = {"version": "0.4", "axes": axes, "datasets": datasets, "name": "/"}
    objects[".zattrs"] = json.dumps({"multiscales": [multiscale]}).encode()
    return objects


class StandInBucket:
    """The bucket, as the server `endpoint` has it."""

    def __init__(self, endpoint: str) -> None:
        self.client = boto3.client(
            "s3",
            endpoint_url=endpoint,
            region_name="us-east-1",
            aws_access_key_id="made-up",
            aws_secret_access_key="made-up",
        )
        self.client.create_bucket(Bucket=BUCKET, ACL="public-read")
        self.touched: set[str] = set()

    def restore(self, content: dict[str, bytes]) -> None:
        """Undo what was changed since `content` was all."""
        for key in list(self.touched):
            if key in content:
                self.put(key, content[key])
            else:
                self.delete(key)
        self.touched.clear()

    def put(self, key: str, content: bytes) -> None:
        self.touched.add(key)
        self.client.put_object(Bucket=BUCKET, Key=key, Body=content, ACL="public-read")

    def get(self, key: str) -> bytes:
        return self.client.get_object(Bucket=BUCKET, Key=key)["Body"].read()

    def delete(self, key: str) -> None:
        self.touched.add(key)
        self.client.delete_object(Bucket=BUCKET, Key=key)

    def put_tomogram(self, folder: str, objects: dict[str, bytes]) -> str:
        for key, content in objects.items():
            self.put(f"{folder}/{key}", content)
        return f"s3://{BUCKET}/{folder}"


Fault = Callable[["Proxied"], None]


_OWN_HEADERS = ("content-length", "transfer-encoding", "connection")


class Proxied:
    """One request, and what the server behind answered to it. Checksums of the S3 protocol are left
    out unless asked for: not every object and not every server has them."""

    checksums = False

    def __init__(self, request: BaseHTTPRequestHandler, status: int, headers: dict, body: bytes):
        self.request, self.status, self.headers, self.body = request, status, headers, body

    def answer(self, declared_length: int | None = None) -> None:
        self.request.send_response(self.status)
        for name, value in self.headers.items():
            if name.lower() not in _OWN_HEADERS and (
                self.checksums or not name.lower().startswith("x-amz-checksum")
            ):
                self.request.send_header(name, value)
        length = len(self.body) if declared_length is None else declared_length
        self.request.send_header("Content-Length", str(length))
        self.request.end_headers()
        self.request.wfile.write(self.body)


class FaultyProxy(LoopbackServer):
    """Counts requests by key; does what `faults` says of a key, the given number of times."""

    def __init__(self, host: str, port: int) -> None:
        self.counts: Counter[str] = Counter()
        self.faults: dict[str, list[Fault]] = {}
        self.lock = threading.Lock()
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                key = owner.key_of(self.path)
                fault = owner.next_fault(key)
                behind = HTTPConnection(host, port)
                headers = {name: value for name, value in self.headers.items()}
                behind.request("GET", self.path, headers=headers)
                reply = behind.getresponse()
                proxied = Proxied(self, reply.status, dict(reply.getheaders()), reply.read())
                behind.close()
                (fault or Proxied.answer)(proxied)

        self.serve(Handler)

    @property
    def url(self) -> str:
        return self.address

    def key_of(self, path: str) -> str:
        """The key that is asked for; `list PREFIX` for a listing."""
        parts = urlsplit(path)
        query = parse_qs(parts.query)
        if "list-type" in query:
            return f"list {query.get('prefix', [''])[0]}"
        return unquote(parts.path).removeprefix(f"/{BUCKET}/")

    def next_fault(self, key: str) -> Fault | None:
        with self.lock:
            self.counts[key] += 1
            waiting = self.faults.get(key)
            if not waiting:
                return None
            return waiting[0] if len(waiting) == 1 else waiting.pop(0)

    def chunk_requests(self) -> dict[str, int]:
        """How often each chunk was asked for."""
        return {
            key: count
            for key, count in self.counts.items()
            if not key.startswith("list ") and key.rpartition("/")[2].isdigit()
        }


def status(code: int) -> Fault:
    names = {403: "AccessDenied", 404: "NoSuchKey", 500: "InternalError", 503: "SlowDown"}
    body = f"<Error><Code>{names.get(code, 'Error')}</Code><Message>made up</Message></Error>"

    def fault(proxied: Proxied) -> None:
        proxied.status, proxied.body = code, body.encode()
        proxied.headers = {"Content-Type": "application/xml"}
        proxied.answer()

    return fault


def hang(proxied: Proxied) -> None:
    time.sleep(30)


def dropped(proxied: Proxied) -> None:
    length = len(proxied.body)
    proxied.body = proxied.body[: length // 2]
    proxied.answer(declared_length=length)
    proxied.request.close_connection = True
    proxied.request.connection.close()


def truncated(proxied: Proxied) -> None:
    proxied.body = proxied.body[: len(proxied.body) // 2]
    proxied.answer()


def longer(proxied: Proxied) -> None:
    proxied.body = proxied.body + bytes(1000)
    proxied.answer()


def garbage(proxied: Proxied) -> None:
    proxied.body = np.random.default_rng(1).bytes(len(proxied.body))
    proxied.answer()


def checksummed_garbage(proxied: Proxied) -> None:
    proxied.checksums = True
    garbage(proxied)


def other_etag(proxied: Proxied) -> None:
    for name in proxied.headers:
        if name.lower() == "etag":
            proxied.headers[name] = '"0123456789abcdef0123456789abcdef"'
    proxied.answer()


def html(proxied: Proxied) -> None:
    proxied.status, proxied.body = 200, b"<html><script>alert(1)</script></html>"
    proxied.headers = {"Content-Type": "text/html"}
    proxied.answer()


def right(proxied: Proxied) -> None:
    proxied.answer()


def meanwhile(action: Callable[[], None]) -> Fault:
    """Changes something between what the server behind answered and its arrival."""

    def fault(proxied: Proxied) -> None:
        action()
        proxied.answer()

    return fault
