"""Changes of performance that the release notes of zarr and numcodecs announce."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

_ANNOUNCED = Path(__file__).with_name("announced_changes.json")


@dataclass(frozen=True)
class AnnouncedChange:
    """One change, looked up in the notes.

    `says` is what the notes say, in our words; `source` where; `touches` whether the suite could
    see it, `why` or why not. If so, `benchmarks` and `configs`, a regular expression over the names
    of cells, tell where, `expected` which way, and `seen_in` is the first release of the catalogue
    that has it.
    """

    project: str
    version: str
    says: str
    source: str
    touches: bool
    why: str
    benchmarks: tuple[str, ...]
    configs: str
    expected: str
    seen_in: str | None


def load_announced(path: Path = _ANNOUNCED) -> list[AnnouncedChange]:
    """All changes, those that touch no benchmark included."""
    return [
        AnnouncedChange(
            project=each["project"],
            version=each["version"],
            says=each["says"],
            source=each["source"],
            touches=each["touches"],
            why=each["why"],
            benchmarks=tuple(each.get("benchmarks", ())),
            configs=each.get("configs", ""),
            expected=each.get("expected", ""),
            seen_in=each.get("seen_in"),
        )
        for each in json.loads(path.read_text())["changes"]
    ]
