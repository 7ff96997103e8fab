"""Make the stores that every release is asked to read.

They are kept in `cryoet_zarr_bench/measured/prepared_stores/kept_stores.tar.gz`.

Each writer gets an environment of its own, which holds nothing but what it needs. Made again, the
archive has the same bytes but for those of gzip, which keeps the time in them.
"""

from __future__ import annotations

import gzip
import io
import subprocess
import tarfile
import tempfile
from pathlib import Path

from cryoet_zarr_bench.common.whole_files import write_whole
from cryoet_zarr_bench.machine.interpreters import find_interpreter
from cryoet_zarr_bench.measured.prepared_stores.portability_stores import KEPT_STORES
from cryoet_zarr_bench.releases.installation import install, make_environment

PROJECT = Path(__file__).resolve().parents[1]
NEWEST = ["zarr==3.4.2", "numcodecs==0.17.1", "pcodec==1.1.0", "zfpy==1.0.1"]
WRITERS = {
    "zarr-2.18.7": (
        "zarr-python",
        ["zarr==2.18.7", "numcodecs==0.15.1", "pcodec==0.3.6", "zfpy==1.0.1"],
    ),
    "zarr-3.0.0": ("zarr-python", ["zarr==3.0.0", "numcodecs==0.14.1", "pcodec==0.2.0"]),
    "zarr-3.4.2": ("zarr-python", NEWEST),
    "tensorstore-0.1.86": ("tensorstore", [*NEWEST, "tensorstore==0.1.86", "ml-dtypes==0.6.0"]),
    "zarrs-0.2.3": ("zarrs", [*NEWEST, "zarrs==0.2.3"]),
}

WRITE = """
import sys
from pathlib import Path
sys.path.append(sys.argv[1])
from cryoet_zarr_bench.storage.engines import engine_called, take_over
from cryoet_zarr_bench.storage.grid import SECTIONS
from cryoet_zarr_bench.measured.prepared_stores.portability_stores import volume
from cryoet_zarr_bench.measured.prepared_stores.store_set import write_store_set
engine = engine_called(sys.argv[2])
take_over(engine)
configs = list(SECTIONS["portability"]["full"].configs())
store_set = write_store_set(engine, volume(), Path(sys.argv[3]), configs)
assert not store_set.failed, store_set.failed
print(f"{sys.argv[3].rpartition('/')[2]}: {len(store_set.stores)} of {len(configs)}")
for name, reason in store_set.impossible.items():
    print(f"  not {name}: {reason}")
"""


def main() -> None:
    """Write all stores, and pack them."""
    interpreter = find_interpreter("3.12")
    assert interpreter is not None, "CPython 3.12 is needed"
    with tempfile.TemporaryDirectory() as folder:
        stores = Path(folder) / "stores"
        for writer, (engine, pins) in WRITERS.items():
            environment = Path(folder) / "environments" / writer
            make_environment(interpreter, environment)
            outcome = install(environment, [*pins, "numpy==2.2.6"])
            assert outcome.impossible is None, outcome.impossible
            python = environment / "bin" / "python"
            command = [python, "-W", "ignore", "-c", WRITE, PROJECT, engine, stores / writer]
            subprocess.run(command, check=True)
        write_whole(KEPT_STORES, packed(stores))
    print(f"{KEPT_STORES.name}: {KEPT_STORES.stat().st_size} bytes")


def packed(folder: Path) -> bytes:
    """All files under `folder` in an archive that depends on their names and bytes alone."""
    content = io.BytesIO()
    # Stores of the same config lie beside each other, since they have much in common.
    files = sorted(
        (path for path in folder.rglob("*") if path.is_file()),
        key=lambda path: (path.relative_to(folder).parts[1:], path.relative_to(folder).parts[0]),
    )
    with (
        gzip.GzipFile(fileobj=content, mode="wb", mtime=0, compresslevel=9) as compressed,
        tarfile.open(fileobj=compressed, mode="w", format=tarfile.USTAR_FORMAT) as archive,
    ):
        for path in files:
            member = tarfile.TarInfo(path.relative_to(folder).as_posix())
            member.size, member.mode = path.stat().st_size, 0o644
            archive.addfile(member, io.BytesIO(path.read_bytes()))
    return content.getvalue()


if __name__ == "__main__":
    main()
