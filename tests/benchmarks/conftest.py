import pickle

import pytest

from cryoet_zarr_bench.tomograms.preparation import prepare


@pytest.fixture
def tomogram(tmp_path, monkeypatch):
    """A small synthetic tomogram (24, 40, 36), float32, as the one that is measured."""
    monkeypatch.setenv("CRYOET_CACHE_DIR", str(tmp_path / "tomograms"))
    prepared = prepare("synthetic:10A@24x40x36", None)
    monkeypatch.setenv("CRYOET_PREPARED_TOMOGRAM", str(prepared.path))
    return prepared


@pytest.fixture
def store_set_of(monkeypatch):
    """A function that runs setup_cache as asv does: in a folder of its own, pickled."""

    def cached(benchmark, folder):
        folder.mkdir(exist_ok=True)
        monkeypatch.chdir(folder)
        return pickle.loads(pickle.dumps(benchmark.do_setup_cache()))

    return cached
