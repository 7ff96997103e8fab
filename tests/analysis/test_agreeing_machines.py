"""Machines are counted that give the same answer, or for which it is as good as their own."""

from made_up_layouts import layout

from cryoet_zarr_bench.analysis.layout_comparison import ComparedLayouts
from cryoet_zarr_bench.analysis.recommending.agreeing_machines import (
    MachinesAgreement,
    agreement_of,
    measured_everywhere,
)
from cryoet_zarr_bench.analysis.recommending.recommendation import recommend
from cryoet_zarr_bench.analysis.recommending.storage_purposes import mixed
from cryoet_zarr_bench.layouts.layout_lines import keep_layout_lines
from cryoet_zarr_bench.layouts.reading_places import USUAL

SMALL, QUICK = "zstd-3 64x64x64", "zstd-3 16x256x256"
SIZE = mixed({"stored": 1})


def on(machine, small, quick):
    lines = (layout(SMALL, stored=small), layout(QUICK, stored=quick))
    return ComparedLayouts(machine, lines[0].tomogram, lines)


def test_machines_agree_where_the_pick_is_theirs_or_as_good():
    own = on("own", 5 * 10**8, 9 * 10**8)
    same, nearly = on("same", 6 * 10**8, 9 * 10**8), on("nearly", 9 * 10**8, 88 * 10**7)
    other = on("other", 9 * 10**8, 5 * 10**8)
    found = recommend(own, SIZE, USUAL)
    assert agreement_of(found, [own, same, nearly, other]) == MachinesAgreement(3, 4)
    assert "3 of 4 machines" in agreement_of(found, [own, same, nearly, other]).sentence
    assert agreement_of(found, [own]).sentence == "One machine has measured this."


def test_every_machine_is_found(tmp_path):
    for machine in ("a", "b"):
        (tmp_path / machine).mkdir()
        keep_layout_lines(tmp_path, machine, on(machine, 5 * 10**8, 9 * 10**8).lines)
    assert [each.machine for each in measured_everywhere(tmp_path)] == ["a", "b"]
