"""No run measures beside another, nor beside what loads the machine."""

import pytest

import cryoet_zarr_bench as czb
from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.machine.measuring_lock import alone, beside_no_measurement
from cryoet_zarr_bench.tomogram_survey import dask_workers


def test_one_measures_and_nothing_loads_the_machine_meanwhile(tmp_path):
    with alone(tmp_path):
        with pytest.raises(BadInput, match="another run is measuring"), alone(tmp_path):
            pass
        with pytest.raises(BadInput, match="is measuring in"), beside_no_measurement(tmp_path):
            pass
    with beside_no_measurement(tmp_path):
        pass


def test_several_may_load_the_machine_and_none_measures_until_the_last_is_done(tmp_path):
    with alone(tmp_path):
        pass
    with beside_no_measurement(tmp_path):
        with beside_no_measurement(tmp_path):
            pass
        with pytest.raises(BadInput, match="or a survey is running"), alone(tmp_path):
            pass
    with alone(tmp_path):
        pass


def test_where_nobody_has_measured_nothing_is_made(tmp_path):
    with beside_no_measurement(tmp_path / "none"):
        pass
    assert not (tmp_path / "none").exists()


def test_a_survey_does_not_begin_while_a_run_measures(tmp_path, monkeypatch):
    monkeypatch.setattr(dask_workers, "WORK", tmp_path)
    with alone(tmp_path), pytest.raises(BadInput, match="a run is measuring"):
        czb.survey("synthetic:10A@32", tmp_path / "rows", "zstd-3 32x32x32", workers=1)
