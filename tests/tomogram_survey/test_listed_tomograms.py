"""What a survey or a batch is given, and which tomograms that means."""

import numpy as np
import pytest

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.tomogram_survey.listed_tomograms import listed_tomograms


@pytest.fixture
def folder(tmp_path):
    for name in ("a/one.npy", "a/two.npy", "b/deep/three.npy", "b/.hidden.npy", "b/notes.md"):
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".npy":
            np.save(path, np.zeros((4, 4, 4), "float32"))
        else:
            path.write_text("")
    (tmp_path / "data" / "b" / "four.zarr" / "0").mkdir(parents=True)
    (tmp_path / "data" / "b" / "four.zarr" / "inside.npy").write_text("")
    return tmp_path / "data"


def test_a_folder_has_every_tomogram_in_it_and_a_zarr_is_one(folder):
    found = listed_tomograms([str(folder)])
    names = [each.source.removeprefix(f"{folder}/") for each in found]
    assert names == ["a/one.npy", "a/two.npy", "b/four.zarr", "b/deep/three.npy"]
    assert [each.run for each in found] == ["a", "a", "b", "b/deep"]
    assert {each.dataset for each in found} == {"data"}


def test_a_pattern_finds_files(folder):
    found = listed_tomograms([str(folder / "*" / "t*.npy")])
    assert [each.source for each in found] == [str(folder / "a" / "two.npy")]


def test_each_is_named_once(folder):
    one = str(folder / "a" / "one.npy")
    found = listed_tomograms([one, str(folder / "a"), one])
    assert [each.source for each in found] == [one, str(folder / "a" / "two.npy")]


def test_they_are_in_the_order_in_which_they_are_named(folder):
    names = [str(folder / "a" / "two.npy"), "synthetic:5A@16", str(folder / "a" / "one.npy")]
    assert [each.source for each in listed_tomograms(names)] == names


def test_a_manifest_says_what_tomograms_belong_to(folder):
    manifest = folder / "list.csv"
    manifest.write_text(
        "source,dataset,run,processing\na/one.npy,10,TS_1,denoised\nsynthetic:10A@32,,,\n\n"
    )
    first, second = listed_tomograms([str(manifest)])
    assert (first.dataset, first.run, first.processing) == ("10", "TS_1", "denoised")
    assert first.source == str(folder / "a" / "one.npy")
    assert (second.source, second.dataset, second.processing) == (
        "synthetic:10A@32",
        "synthetic",
        None,
    )


def test_a_list_has_a_line_each_and_comments(folder):
    manifest = folder / "list.txt"
    manifest.write_text("# all of them\na/one.npy  # the first\n\nsynthetic:5A@16\n")
    found = listed_tomograms([str(manifest)])
    assert [each.source for each in found] == [str(folder / "a" / "one.npy"), "synthetic:5A@16"]


def test_a_collection_is_drawn_in_datasets_and_runs():
    found = listed_tomograms(["collection:60+2"])
    assert len(found) == 62
    assert found == listed_tomograms(["collection:60+2"])
    datasets = {each.dataset for each in found}
    assert 3 < len(datasets) < len({each.run for each in found}) < 62
    assert sum("368x1260x1260" in each.source for each in found) == 2
    binned = listed_tomograms(["collection:0+0+3"])
    assert all("@184x630x630#" in each.source for each in binned)
    assert len({each.dataset for each in binned} - {each.dataset for each in found}) == 3
    assert listed_tomograms(["collection:60+2+3"])[-3:] == binned


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("none.csv", "path\na.npy\n", "no column named source"),
        ("bad.csv", b"source\n\xff\xfe\n", "cannot be read"),
        ("long.csv", f"source\n{'x' * 200_000}\n", "cannot be read"),
        ("empty.txt", "# nothing\n", "has no tomogram"),
    ],
)
def test_a_bad_manifest_is_refused_in_one_line(tmp_path, name, content, said):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(BadInput, match=said):
        listed_tomograms([str(path)])


def test_nothing_is_refused(tmp_path):
    with pytest.raises(BadInput, match="no tomogram is named"):
        listed_tomograms([])
    with pytest.raises(BadInput, match="has no tomogram"):
        listed_tomograms([str(tmp_path)])


def test_what_cannot_be_opened_fails_alone_and_not_its_list(tmp_path):
    (tmp_path / "here.npy").write_bytes(b"")
    (tmp_path / "list.txt").write_text("here.npy\ngone.mrc\nsynthetic:no-such-kind\n")
    found = listed_tomograms([str(tmp_path / "list.txt")])
    assert [each.source for each in found] == [
        str(tmp_path / "here.npy"),
        "gone.mrc",
        "synthetic:no-such-kind",
    ]
    with pytest.raises(BadInput, match=r"gone\.mrc"):
        listed_tomograms(["gone.mrc"])
