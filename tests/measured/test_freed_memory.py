"""A measured process keeps what it frees: a later call touches no new page."""

import json
import os
import platform
import subprocess
import sys

import pytest

PROGRAM = """
import json, resource
from cryoet_zarr_bench.measured.freed_memory import (
    give_back_freed_memory, is_memory_kept, keep_freed_memory
)
keep_freed_memory()
def faults(size):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    kept = [bytearray(size) for _ in range(4)]
    del kept
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
found = {}
for size in (2**20, 2**23, 2**26):
    faults(size)
    found[size] = faults(size)
was_kept = is_memory_kept()
give_back_freed_memory()
faults(2**20)
print(json.dumps([was_kept, list(found.values()), is_memory_kept(), faults(2**20)]))
"""

pytestmark = pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="only glibc has these thresholds"
)


def answers(**variables):
    environment = {**os.environ, "CRYOET_TRIM_MEMORY": "", **variables}
    answer = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True
    )
    return json.loads(answer.stdout)


def test_blocks_of_up_to_32_mib_are_taken_from_what_was_freed():
    is_kept, (small, medium, large), *_ = answers()
    assert is_kept
    assert small < 20 and medium < 20
    # Beyond that the system gives new pages to every call, as in any process.
    assert large > 30


def test_told_to_give_back_it_holds_nothing_it_has_freed():
    *_, is_kept, small = answers()
    assert not is_kept
    assert small > 100


def test_by_itself_the_allocator_gives_them_back():
    is_kept, (small, *_), *_ = answers(CRYOET_TRIM_MEMORY="1")
    assert not is_kept
    assert small > 100
