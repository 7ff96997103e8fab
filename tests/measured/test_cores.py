"""A measured process is kept to one core, and gets all back where default threads are measured."""

import json
import os
import subprocess
import sys

import pytest

PROGRAM = """
import json, os
from cryoet_zarr_bench.measured.cpu_cores import cores_in_use, keep_to_one_core, take_every_core
found = [cores_in_use()]
take_every_core()
found.append(cores_in_use())
for _ in range(2):
    keep_to_one_core()
    found.append(cores_in_use())
if (child := os.fork()) == 0:
    take_every_core()
    os._exit(cores_in_use())
found.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
found.append(cores_in_use())
take_every_core()
found.append(cores_in_use())
print(json.dumps(found))
"""

pytestmark = pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity"), reason="the system keeps no process to a core"
)


def answers(**variables):
    environment = {**os.environ, "CRYOET_EVERY_CORE": "", **variables}
    answer = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True
    )
    return json.loads(answer.stdout)


def test_it_is_kept_to_one_and_a_fork_gets_all_back():
    every = len(os.sched_getaffinity(0))
    assert answers() == [every, every, 1, 1, every, 1, every]


def test_where_every_core_was_asked_for_nothing_is_kept():
    every = len(os.sched_getaffinity(0))
    assert set(answers(CRYOET_EVERY_CORE="1")) == {every}
