"""The live trust test: real releases, a real slowdown, judged by what `confirm` says."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]

PROGRAM = """
import json, sys
from dataclasses import replace
from pathlib import Path
from rich.console import Console
from cryoet_zarr_bench.releases.catalogue import load_catalogue
from cryoet_zarr_bench.tomograms.selected_tomogram import selected_tomogram
from cryoet_zarr_bench.storage.grid import selected_profile
from cryoet_zarr_bench.verdicts.known_answers import (
    SHIFTED, SLOWER, Block, TrustRun, judge, run_block)

catalogue, console = load_catalogue(), Console(stderr=True)
newest = catalogue.newest("3.x").tag
run = TrustRun(catalogue, selected_profile(), selected_tomogram(), "3.12", Path(sys.argv[1]))
answers = [
    run_block(Block(0, newest, percent, kind, cells=9), run, console)
    for percent, kind in ((0, SHIFTED), (20, SLOWER))
]
word, reason = judge(*answers, 20)
print(json.dumps({
    "word": word,
    "reason": reason,
    "verdicts": [[each.verdict for each in answer.cells] for answer in answers],
    "versions": [answer.question.b.zarr for answer in answers],
}))
"""


@pytest.mark.long
@pytest.mark.alone
def test_a_slowdown_is_seen_and_nothing_is_seen_where_nothing_is(workplace):
    found = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(workplace.folder / "confirm")],
        cwd=PROJECT,
        env=workplace.variables(),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert found.returncode == 0
    answer = json.loads(found.stdout)
    print(json.dumps(answer), f"load {os.getloadavg()}", file=sys.stderr)
    assert [version.split("+")[1] for version in answer["versions"]] == ["shifted.0", "slower.20"]
    if answer["word"] == "too noisy to tell":
        pytest.skip(f"inconclusive: this machine is too noisy to tell ({answer['reason']})")
    assert answer["word"] == "passed", answer
