"""Where things lie in the project's folder."""

from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]

WORK = PROJECT / ".asv"
"""Everything that is made on this machine and not committed."""

HISTORY = WORK / "releases"
"""The generated repository in which each commit is a release; `repo` in asv.conf.json."""

LOCAL = WORK / "local"
"""The results and the dashboard of local runs, apart from those that are committed."""
