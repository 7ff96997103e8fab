"""The lines of Python that are shown make the layouts that they are shown for."""

import json
from pathlib import Path

import numpy as np
import pytest
from made_up_layouts import layout

from cryoet_zarr_bench.analysis.layout_comparison import is_file, published_layouts
from cryoet_zarr_bench.analysis.recommending.creating_lines import (
    STORE,
    config_of,
    creating_lines,
)
from cryoet_zarr_bench.storage.expected_metadata import expected_metadata

PROJECT = Path(__file__).resolve().parents[2]
ALL = published_layouts(PROJECT / "results")[0].lines
LINES = [line for line in ALL if not is_file(line)]


def made_by(code, folder, monkeypatch):
    """The array that the code makes in a folder, and the metadata that it leaves there."""
    monkeypatch.chdir(folder)
    names = {}
    exec(code, names)
    kept = [folder / STORE / name for name in ("zarr.json", ".zarray")]
    (metadata,) = [json.loads(path.read_text()) for path in kept if path.is_file()]
    return names["array"], metadata


@pytest.mark.parametrize("library", ["zarr 3", "tensorstore"])
@pytest.mark.parametrize("line", LINES, ids=[line.layout.replace(" ", "-") for line in LINES])
def test_the_code_makes_the_layout(line, library, tmp_path, monkeypatch):
    code = creating_lines(line).get(library)
    if code is None:
        assert library == "tensorstore"
        assert any(each.startswith("tensorstore") and why for each, why in line.readers.items())
        return
    array, metadata = made_by(code, tmp_path, monkeypatch)
    config = config_of(line)
    shape = tuple(line.levels[0].shape)
    assert tuple(array.shape) == shape
    expected = expected_metadata(shape, np.dtype(line.levels[0].dtype), config)
    keys = ("chunks", "compressor", "filters") if config.zarr_format == 2 else ("chunk_grid",)
    for key in keys:
        assert metadata[key] == expected[key]
    if config.zarr_format == 3:
        assert _plain(metadata["codecs"]) == _plain(expected["codecs"])


def _plain(codecs):
    """Codecs without what is default: empty configurations, an index at the end."""
    return json.loads(
        json.dumps(codecs)
        .replace(', "configuration": {}', "")
        .replace(', "index_location": "end"', "")
    )


def test_zarr_2_is_offered_where_it_writes_the_format_and_is_python():
    offered = {line.levels[0].zarr_format for line in LINES if "zarr 2" in creating_lines(line)}
    assert offered == {2}
    for line in LINES:
        for code in creating_lines(line).values():
            compile(code, line.layout, "exec")


def test_codecs_without_a_name_and_files_have_no_lines():
    assert creating_lines(layout("someone's own")) == {}
    (file,) = [line for line in ALL if is_file(line)]
    assert creating_lines(file) == {}
