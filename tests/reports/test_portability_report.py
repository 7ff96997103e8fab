"""The document on who reads whose stores, from made-up records."""

import json

from cryoet_zarr_bench.reports.documents.portability_document import portability_report


def record(release, outcomes, **more):
    found = {
        "missing": {"zarrs": "zarrs is not in this environment"},
        "versions": {"zarr-python": "3.4.2", "tensorstore": "0.1.86"},
        "configs": ["bz2-5_4x8x8_v3", "none_4x8x8_v2", "zstd-5_4x4x4-in-8x8x8_v3"],
        "outcomes": outcomes,
        "reasons": {"tensorstore": {"no | such codec": ["zarr-python bz2-5_4x8x8_v3"]}},
        "impossible": {"tensorstore": {"bz2-5_4x8x8_v3": "unknown", "x": "has no shards"}},
        "failed": {"zarr-python": {}, "tensorstore": {}},
        **more,
    }
    return json.dumps({"release": release, "portability": found})


def test_it_says_that_nothing_is_measured_where_nothing_is(tmp_path):
    (tmp_path / "machine").mkdir()
    (tmp_path / "machine" / "a.record.jsonl").write_text('{"release": "zarr-3.4.2"}')
    (tmp_path / "machine" / "b.record.jsonl").write_text('{"release": "zarr-3.')
    assert "Nothing has been measured yet" in portability_report(tmp_path, "machine")


def test_the_newest_release_is_shown_and_wrong_voxels_stand_out(tmp_path):
    folder = tmp_path / "machine"
    folder.mkdir()
    older = {"zarr-python": {"zarr-python": "---"}, "zarr-3.0.0": {"zarr-python": "01-"}}
    newer = {
        "zarr-python": {"zarr-python": "000", "tensorstore": "102"},
        "tensorstore": {"zarr-python": "-00", "tensorstore": "-00"},
        "zarr-3.0.0": {"zarr-python": "0-0", "tensorstore": "---"},
    }
    (folder / "a-py3.12.record.jsonl").write_text(record("zarr-3.4.2", newer))
    (folder / "b-py3.12.record.jsonl").write_text(record("zarr-3.1.0", older))
    # A column with another numcodecs is another question.
    (folder / "c-py3.12-numcodecs0.17.1.record.jsonl").write_text(record("zarr-3.4.1", older))
    text = portability_report(tmp_path, "machine")
    assert "newest release measured: zarr-3.4.2" in text
    assert "| zarr-python | 3 of 3 | 1 of 3, **1 wrong** |" in text
    assert "| tensorstore | 2 of 2 | 2 of 2 |" in text
    assert "| zarr-3.0.0 | 2 of 2 | n/a |" in text
    assert "Not there: zarrs: zarrs is not in this environment." in text
    assert r"| tensorstore | `no \| such codec` | bz2-5 v3 (of zarr-python) |" in text
    assert "| tensorstore | `unknown` | bz2-5_4x8x8_v3 |" in text and "has no shards" not in text
    across = text.split("## Across releases")[1]
    assert across.index("| zarr-3.4.2 |") < across.index("| zarr-3.1.0 | n/a | 1 of 2 |")
    assert "zarr-3.4.1" not in text
