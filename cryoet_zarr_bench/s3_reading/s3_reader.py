"""A process that reads a stored tomogram from an S3 server, and tells how long that took.

It is told what by one JSON object on standard input, and answers by one on standard output.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]

REGION = "us-east-1"


def main() -> None:
    """Read once to warm up, then `times` times, each time with an array that is opened anew."""
    sys.path.append(str(PROJECT))
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    request = json.loads(sys.stdin.readline())
    answers.write(json.dumps(_read(request)) + "\n")
    answers.flush()


def _read(request: dict[str, Any]) -> dict[str, list[float]]:
    import numpy as np
    import zarr

    from cryoet_zarr_bench.layouts.opened_levels import Volume
    from cryoet_zarr_bench.layouts.reading_figures import PATTERNS
    from cryoet_zarr_bench.layouts.stored_levels import stored_levels
    from cryoet_zarr_bench.storage.stores.store_checks import check_bit_equal

    zarr.config.set({"async.concurrency": request["connections"], **request["settings"]})
    tomogram = np.load(request["tomogram"], mmap_mode="r")
    levels = stored_levels(Path(request["store"]))
    reads = PATTERNS[request["pattern"]].reads(levels)
    root = Path(request["root"])
    walls, cpus = [], []
    for _ in range(request["times"] + 1):
        make = STORE_CLASSES[request["store_class"]]
        wall, cpu = time.perf_counter(), time.process_time()
        read = []
        for level, boxes in reads:
            store = make(request, level.folder.relative_to(root).as_posix())
            array = Volume(zarr.open_array(store, mode="r"), level)
            read += [(level, box, array[box]) for box in boxes]
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
        for level, box, found in read:
            if level is levels[0]:
                check_bit_equal(np.asarray(tomogram[box]), found)
    return {"wall": walls[1:], "cpu": cpus[1:]}


def _fsspec(request: dict[str, Any], key: str) -> Any:
    import s3fs
    from zarr.storage import FsspecStore

    files = s3fs.S3FileSystem(
        key=request["key"],
        secret=request["secret"],
        endpoint_url=f"http://127.0.0.1:{request['port']}",
        client_kwargs={"region_name": REGION},
        config_kwargs={"max_pool_connections": request["connections"]},
        asynchronous=True,
        skip_instance_cache=True,
    )
    return FsspecStore(files, read_only=True, path=key)


def _obstore(request: dict[str, Any], key: str) -> Any:
    from obstore.store import S3Store
    from zarr.storage import ObjectStore

    bucket, _, prefix = key.partition("/")
    store = S3Store(
        bucket,
        prefix=prefix,
        access_key_id=request["key"],
        secret_access_key=request["secret"],
        endpoint=f"http://127.0.0.1:{request['port']}",
        region=REGION,
        virtual_hosted_style_request=False,
        client_options={"allow_http": True},
    )
    return ObjectStore(store, read_only=True)


STORE_CLASSES: dict[str, Callable[[dict[str, Any], str], Any]] = {
    "FsspecStore": _fsspec,
    "ObjectStore": _obstore,
}
"""zarr's classes of stores for S3: with s3fs, and with obstore."""


if __name__ == "__main__":
    main()
