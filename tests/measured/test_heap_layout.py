"""Where a block lies in its page is drawn anew in each measured process."""

import json
import platform
import subprocess
import sys

import pytest

PROGRAM = """
import json, mmap, resource
from cryoet_zarr_bench.measured.freed_memory import keep_freed_memory
from cryoet_zarr_bench.measured.heap_layout import shift_heap
keep_freed_memory()
import ctypes
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
moved = shift_heap()
taken = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
library = ctypes.CDLL(None)
library.malloc.restype = ctypes.c_void_p
blocks = [library.malloc(ctypes.c_size_t(size)) % mmap.PAGESIZE for size in (2**20, 2**23)]
print(json.dumps([moved, taken, blocks, mmap.PAGESIZE]))
"""

pytestmark = pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="only with glibc is freed memory kept"
)


def test_large_blocks_begin_elsewhere_in_each_process_and_take_no_memory_for_it():
    places = set()
    for _ in range(12):
        found = subprocess.run(
            [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
        )
        moved, taken, blocks, page = json.loads(found.stdout)
        assert moved % 16 == 0 and 0 <= moved < page
        assert taken < 512  # kB, of the mebibyte
        places.add(blocks[0])
    assert len(places) > 6
