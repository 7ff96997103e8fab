"""The rule by which uploads become steps."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.version import Version

from cryoet_zarr_bench.releases.catalogue import Catalogue, Release, _check
from cryoet_zarr_bench.releases.catalogue_steps import Upload, first_step, next_steps

START = datetime(2024, 5, 7, 21, 33, 10, tzinfo=UTC)
ROOT = [Upload("zarr", "2.18.0", START), Upload("numcodecs", "0.13.0", START)]


def upload(project: Any, version: str, day: float) -> Upload:
    return Upload(project, version, START + timedelta(days=day))


def everything(zarr: str, numcodecs: str) -> bool:
    return True


def run(
    uploads: list[Upload], works: Callable[[str, str], bool] = everything
) -> tuple[list[Release], dict[str, str]]:
    first = first_step(ROOT)
    steps, left_out = next_steps([first], [*ROOT, *uploads], works)
    return [first, *steps], {entry.version: entry.reason for entry in left_out}


def test_each_upload_is_a_step_in_the_order_of_time() -> None:
    releases, left_out = run([upload("numcodecs", "0.14.0", 2), upload("zarr", "2.18.1", 1)])
    assert [release.tag for release in releases] == [
        "zarr-2.18.0",
        "zarr-2.18.1",
        "numcodecs-0.14.0",
    ]
    assert not left_out


def test_a_version_that_does_not_install_is_held_back_until_it_does() -> None:
    def works(zarr: str, numcodecs: str) -> bool:
        return zarr != "3.0.0" or numcodecs == "0.14.1"

    uploads = [
        upload("zarr", "3.0.0", 1),
        upload("numcodecs", "0.14.0", 2),
        upload("numcodecs", "0.14.1", 3),
    ]
    releases, left_out = run(uploads, works)
    assert [release.tag for release in releases[1:]] == [
        "numcodecs-0.14.0",
        "numcodecs-0.14.1",
        "zarr-3.0.0",
    ]
    last = releases[-1]
    assert last.uploaded == START + timedelta(days=1)
    assert last.date == START + timedelta(days=3, seconds=1)
    assert not left_out


def test_a_held_version_that_is_overtaken_is_left_out_with_the_reason() -> None:
    releases, left_out = run(
        [upload("zarr", "3.0.0", 1), upload("zarr", "3.0.1", 2)],
        lambda zarr, numcodecs: zarr != "3.0.0",
    )
    assert [release.zarr for release in releases] == ["2.18.0", "3.0.1"]
    assert left_out == {"3.0.0": "branch 3.x had zarr 3.0.1 before it could take this one"}


def test_a_version_that_never_installs_says_so() -> None:
    _, left_out = run([upload("zarr", "3.0.0", 1)], lambda zarr, numcodecs: zarr < "3")
    assert "held back: it does not install with numcodecs 0.13.0" in left_out["3.0.0"]


def test_a_backport_below_what_the_branch_has_is_no_step() -> None:
    releases, left_out = run([upload("numcodecs", "0.17.0", 1), upload("numcodecs", "0.16.6", 2)])
    assert [release.numcodecs for release in releases] == ["0.13.0", "0.17.0"]
    assert left_out == {"0.16.6": "branch 3.x had numcodecs 0.17.0 before it could take this one"}


def test_zarr_2_forks_off_and_its_tags_stay_unique() -> None:
    uploads = [
        upload("numcodecs", "0.13.1", 1),
        upload("numcodecs", "0.14.1", 2),
        upload("zarr", "3.0.0", 3),
        upload("zarr", "2.18.4", 4),
        upload("numcodecs", "0.15.0", 5),
        upload("numcodecs", "0.16.0", 6),
    ]
    releases, left_out = run(uploads)
    two = [release for release in releases if release.branch == "2.x"]
    assert [release.tag for release in two] == ["zarr-2.18.4", "numcodecs-0.15.0-zarr2"]
    assert two[0].parent == "numcodecs-0.13.1"
    assert releases[-1].tag == "numcodecs-0.16.0"
    assert not left_out


def test_a_zarr_that_no_branch_takes_is_left_out() -> None:
    assert run([upload("zarr", "4.0.0", 1)])[1] == {"4.0.0": "no branch takes it"}


def test_uploads_of_the_same_second_get_dates_a_second_apart() -> None:
    releases, _ = run([upload("zarr", "2.18.1", 1), upload("numcodecs", "0.13.1", 1)])
    assert releases[2].date - releases[1].date == timedelta(seconds=1)
    assert releases[2].uploaded == releases[1].uploaded


VERSIONS = st.one_of(
    st.tuples(st.just("zarr"), st.sampled_from(["2.18", "3.0", "3.1", "4.0"]), st.integers(0, 5)),
    st.tuples(
        st.just("numcodecs"),
        st.sampled_from(["0.12", "0.13", "0.14", "0.15", "0.16"]),
        st.integers(0, 3),
    ),
)


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Upload], set[tuple[str, str]]]:
    """Return uploads in the order of their time, and the pairs that do not install together."""
    versions = draw(st.lists(VERSIONS, unique=True, max_size=18))
    days = sorted(draw(st.lists(st.integers(0, 30), min_size=18, max_size=18)))
    uploads = [
        upload(project, f"{minor}.{patch}", day)
        for (project, minor, patch), day in zip(versions, days, strict=False)
    ]
    uploads.sort(key=lambda one: (one.uploaded, one.project, Version(one.version)))
    zarr = ["2.18.0", *(one.version for one in uploads if one.project == "zarr")]
    numcodecs = ["0.13.0", *(one.version for one in uploads if one.project == "numcodecs")]
    pairs = st.tuples(st.sampled_from(zarr), st.sampled_from(numcodecs))
    return uploads, draw(st.sets(pairs, max_size=40))


@settings(max_examples=200)
@given(histories(), st.data())
def test_any_uploads_make_a_sound_history_that_grows_at_its_end(
    history: tuple[list[Upload], set[tuple[str, str]]], data: st.DataObject
) -> None:
    uploads, refused = history

    def works(zarr: str, numcodecs: str) -> bool:
        return (zarr, numcodecs) not in refused

    whole, left_out = run(uploads, works)
    # Exactly one change, upwards; parents, tags and dates: all of it is checked on loading.
    _check(Catalogue(tuple(whole)))
    assert all(works(release.zarr, release.numcodecs) for release in whole[1:])
    stepped = {(release.changed, release.version(release.changed)) for release in whole}
    for one in uploads:
        first = "2.18.0" if one.project == "zarr" else "0.13.0"
        if Version(one.version) > Version(first):
            has_step = (one.project, one.version) in stepped
            assert has_step != (one.version in left_out)

    cut = data.draw(st.integers(0, len(uploads)))
    prefix, _ = run(uploads[:cut], works)
    added, left_out_later = next_steps(prefix, [*ROOT, *uploads], works)
    assert [*prefix, *added] == whole
    assert {entry.version: entry.reason for entry in left_out_later} == left_out
    assert next_steps(whole, [*ROOT, *uploads], works)[0] == []
