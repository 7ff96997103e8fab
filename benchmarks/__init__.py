"""The benchmarks that asv runs: one file per question.

The grid is that of `cryoet_zarr_bench.storage.grid`.
"""

import sys
from pathlib import Path

# The measured environments do not have this project installed: it is read from the working tree.
# Behind all else, so that it can hide no package of the release.
sys.path.append(str(Path(__file__).resolve().parents[1]))
