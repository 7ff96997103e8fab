"""A portal on this machine, with real GraphQL and S3 servers, for as long as a command runs.

    python tests/portal/stand_in_portal.py cryoet-zarr-bench fetch --dataset 10445 --run TS_100_3

Its records and its bucket have made tomograms, stored as the portal stores them. The command finds
it by its environment; without a command the variables are printed, and it serves until Ctrl-C.
"""

import logging
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack

from graphql import build_schema
from moto.server import ThreadedMotoServer
from stand_in_objects import BUCKET, StandInBucket, portal_objects
from stand_in_records import (
    SCHEMA,
    StandInRecords,
    author_record,
    dataset_record,
    deposition_record,
    run_record,
    tomogram_record,
)

import cryoet_zarr_bench as czb

TOMOGRAMS = (
    # Dataset, run, voxel spacing in angstrom, what it is made of.
    (10445, "TS_100_3", 10.012, "synthetic:10A@96"),
    (10445, "TS_100_4", 10.012, "synthetic:denoised@96"),
    (10446, "TS_5", 5.006, "synthetic:5A@96"),
)


def serve(stack: ExitStack) -> dict[str, str]:
    """Start both servers; the variables of a process that talks to them."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    objects = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    objects.start()
    stack.callback(objects.stop)
    host, port = objects.get_host_and_port()
    bucket = StandInBucket(f"http://{host}:{port}")
    records = StandInRecords(build_schema(SCHEMA.read_text()))
    stack.callback(records.stop)
    tables: dict[str, list] = {
        "datasets": [dataset_record(each) for each in {row[0]: None for row in TOMOGRAMS}],
        "depositions": [deposition_record(7)],
        "runs": [],
        "tomograms": [],
        "tomogramAuthors": [],
    }
    for number, (dataset, run, spacing, source) in enumerate(TOMOGRAMS, 1):
        voxels = czb.open(source)[...]
        folder = f"{dataset}/{run}/{spacing}/tomogram.zarr"
        bucket.put_tomogram(folder, portal_objects(voxels, spacing, (64, 64, 64)))
        tables["runs"].append(run_record(number, dataset, run))
        address = f"s3://{BUCKET}/{folder}"
        tables["tomograms"].append(
            tomogram_record(16462 + number, number, voxels.shape, spacing, address)
        )
        tables["tomogramAuthors"].append(author_record(number, 16462 + number, "An Author", 1))
    records.tables = tables
    return {
        "CRYOET_PORTAL_GRAPHQL_URL": records.url,
        "AWS_ENDPOINT_URL_S3": f"http://{host}:{port}",
        "CRYOET_CACHE_DIR": stack.enter_context(tempfile.TemporaryDirectory()),
    }


def main() -> int:
    """Serve while the command runs; its exit code."""
    with ExitStack() as stack:
        variables = serve(stack)
        if sys.argv[1:]:
            return subprocess.run(sys.argv[1:], env={**os.environ, **variables}).returncode
        for name, value in variables.items():
            print(f"export {name}={value}", flush=True)
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            return 0


if __name__ == "__main__":
    sys.exit(main())
