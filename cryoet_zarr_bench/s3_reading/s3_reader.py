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

StoreOf = Callable[[str], Any]


def main() -> None:
    """Warm up, then read `times` times or for `enough` seconds, each time from a new array.

    The connections stay open, as in a viewer or a training that has begun.
    """
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
    root, store_of = Path(request["root"]), MAKERS[request["store_class"]](request)
    stores = [store_of(level.folder.relative_to(root).as_posix()) for level, _ in reads]
    _warm_up(reads, stores)
    walls: list[float] = []
    cpus: list[float] = []
    begin = time.perf_counter()
    while len(walls) < request["times"]:
        if walls and time.perf_counter() - begin > request["enough"]:
            break
        wall, cpu = time.perf_counter(), time.process_time()
        read = []
        for (level, boxes), store in zip(reads, stores, strict=True):
            array = Volume(zarr.open_array(store, mode="r"), level)
            read += [(level, box, array[box]) for box in boxes]
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
        for level, box, found in read:
            if level is levels[0]:
                check_bit_equal(np.asarray(tomogram[box]), found)
    return {"wall": walls, "cpu": cpus}


def _warm_up(reads: Any, stores: list[Any]) -> None:
    """Read a voxel of each array: what is imported and connected but once is not timed."""
    import zarr

    from cryoet_zarr_bench.layouts.opened_levels import Volume

    for (level, _), store in zip(reads, stores, strict=True):
        Volume(zarr.open_array(store, mode="r"), level)[(slice(0, 1),) * 3]


def _fsspec(request: dict[str, Any]) -> StoreOf:
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
    return lambda key: FsspecStore(files, read_only=True, path=key)


def _obstore(request: dict[str, Any]) -> StoreOf:
    from obstore.store import S3Store
    from zarr.storage import ObjectStore

    def store_of(key: str) -> Any:
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

    return store_of


MAKERS: dict[str, Callable[[dict[str, Any]], StoreOf]] = {
    "FsspecStore": _fsspec,
    "ObjectStore": _obstore,
}
"""How each of `store_classes.STORE_CLASSES` is made, by the key of an array."""


if __name__ == "__main__":
    main()
