"""What docs/verdicts.md says of how its verdicts were come by."""

import json

import made_up_evidence as made_up
import pytest

from cryoet_zarr_bench.reports.documents.all_documents import verdict_report

CAVEAT = "got a memory layout of its own"


@pytest.mark.parametrize(("drawn", "said"), [(0, "2 of them"), (1, "1 of them"), (2, None)])
def test_steps_judged_with_one_layout_of_memory_are_counted(tmp_path, drawn, said):
    (tmp_path / "xeon-2-cores").mkdir()
    lines = [
        made_up.step(release, parent, [made_up.unclear()], draws_layout=place < drawn)
        for place, (release, parent) in enumerate(
            [("zarr-2.18.1", "zarr-2.18.0"), ("zarr-2.18.2", "zarr-2.18.1")]
        )
    ]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (tmp_path / "xeon-2-cores" / "verdicts.jsonl").write_text(text)
    report = verdict_report(tmp_path, "xeon-2-cores")
    assert "2 of 47 releases are judged" in report
    assert (f"{said} were judged before" in report) if said else (CAVEAT not in report)
