"""The generated repository: the same everywhere, replaced when damaged, never half there."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.releases.catalogue import Catalogue, dump_catalogue, load_catalogue
from cryoet_zarr_bench.releases.release_history import generate_history

# Results are filed under these hashes: when this test fails, all results are orphaned.
TIP_3 = "d48031e578bae15d2d0f224bea0a6dec669c5d37"
TIP_2 = "359cebd740a4c20053680fa6ad21e318e382489a"


def git(path: Path, *arguments: str) -> str:
    command = ["git", f"--git-dir={path}", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def references(path: Path) -> str:
    return git(path, "for-each-ref")


def test_the_hashes_are_a_constant(small_catalogue: Catalogue, tmp_path: Path) -> None:
    path = tmp_path / "history"
    generate_history(small_catalogue, path)
    assert git(path, "rev-parse", "HEAD", "3.x", "2.x").split() == [TIP_3, TIP_3, TIP_2]


def test_what_a_commit_holds(small_catalogue: Catalogue, tmp_path: Path) -> None:
    path = tmp_path / "history"
    generate_history(small_catalogue, path)
    assert git(path, "symbolic-ref", "HEAD") == "refs/heads/3.x"
    assert git(path, "rev-parse", "--is-bare-repository") == "true"
    assert git(path, "ls-tree", "--name-only", "zarr-3.0.1").split() == [
        "release.json",
        "requirements.txt",
    ]
    assert git(path, "show", "zarr-3.0.1:requirements.txt").splitlines() == [
        "zarr==3.0.1",
        "numcodecs==0.13.1",
        'numpy==2.2.6; python_version < "3.14"',
    ]
    release = json.loads(git(path, "show", "zarr-2.18.4:release.json"))
    assert release["branch"] == "2.x"
    assert release["parent"] == "numcodecs-0.13.1"
    assert git(path, "log", "-1", "--format=%s|%aI|%cI", "zarr-3.0.1") == (
        "zarr 3.0.1 (with numcodecs 0.13.1)|2024-06-16T21:33:10+00:00|2024-06-16T21:33:10+00:00"
    )
    assert git(path, "log", "-1", "--format=%s", "numcodecs-0.13.1") == (
        "numcodecs 0.13.1 (with zarr 2.18.0)"
    )
    assert git(path, "fsck", "--strict") == ""


def test_the_order_by_tag_date_is_the_order_of_releases(tmp_path: Path) -> None:
    catalogue = load_catalogue()
    path = tmp_path / "history"
    generate_history(catalogue, path)
    for branch in catalogue.branches:
        line = [release.tag for release in catalogue.branch(branch)]
        ordered = git(path, "tag", "-l", "--sort=taggerdate", "--merged", branch).split()
        assert ordered == line
        first_parents = git(path, "log", "--reverse", "--date-order", "--format=%D", branch)
        assert len(first_parents.splitlines()) == len(line)
    assert len(git(path, "tag", "-l").split()) == len(catalogue.releases)


SCRIPT = """
import os, sys
from pathlib import Path
os.umask(int(sys.argv[3], 8))
from cryoet_zarr_bench.releases.catalogue import load_catalogue
from cryoet_zarr_bench.releases.release_history import generate_history
generate_history(load_catalogue(Path(sys.argv[1])), Path(sys.argv[2]))
"""


def test_the_surroundings_have_no_say(small_catalogue: Catalogue, tmp_path: Path) -> None:
    table = tmp_path / "catalogue.json"
    table.write_text(dump_catalogue(small_catalogue))
    for name, zone, language, mask in [
        ("a", "UTC", "C", "022"),
        ("b", "Pacific/Kiritimati", "de_DE.UTF-8", "077"),
    ]:
        home = tmp_path / f"home-{name}"
        home.mkdir()
        (home / ".gitconfig").write_text(
            f"[user]\n\tname = {name}\n\temail = {name}@example.invalid\n"
            "[init]\n\tdefaultBranch = other\n\tdefaultObjectFormat = sha256\n"
            "[core]\n\tautocrlf = true\n[commit]\n\tgpgSign = true\n"
        )
        environment = os.environ | {
            "HOME": str(home),
            "TZ": zone,
            "LANG": language,
            "LC_ALL": language,
            "GIT_AUTHOR_NAME": name,
            "GIT_DIR": str(tmp_path / "elsewhere"),
            "GIT_DEFAULT_HASH": "sha256",
            "GIT_OBJECT_DIRECTORY": str(tmp_path / "elsewhere"),
        }
        command = [sys.executable, "-c", SCRIPT, str(table), str(tmp_path / name), mask]
        subprocess.run(command, env=environment, check=True)
    assert references(tmp_path / "a") == references(tmp_path / "b")
    assert not (tmp_path / "elsewhere").exists()
    assert git(tmp_path / "b", "rev-parse", "3.x") == TIP_3


def test_nothing_is_done_the_second_time(tmp_path: Path) -> None:
    catalogue = load_catalogue()
    path = tmp_path / "history"
    generate_history(catalogue, path)
    before = path.stat().st_ino
    times = []
    for _ in range(20):
        start = time.perf_counter()
        generate_history(catalogue, path)
        times.append(time.perf_counter() - start)
    assert path.stat().st_ino == before
    assert min(times) < 0.005
    assert sorted(file.name for file in tmp_path.iterdir()) == [".history.lock", "history"]


def test_a_longer_catalogue_keeps_the_hashes_it_had(
    small_catalogue: Catalogue, tmp_path: Path
) -> None:
    path = tmp_path / "history"
    generate_history(small_catalogue, path)
    before = set(references(path).splitlines())
    last = small_catalogue.releases[-1]
    new = replace(
        last,
        tag="zarr-3.1.0",
        zarr="3.1.0",
        parent=last.tag,
        date=last.date + timedelta(days=1),
    )
    longer = replace(small_catalogue, releases=(*small_catalogue.releases, new))
    generate_history(longer, path)
    after = set(references(path).splitlines())
    assert {line for line in before if "refs/tags/" in line} < after
    assert git(path, "rev-parse", "3.x~1") == TIP_3


def test_remarks_do_not_move_hashes(small_catalogue: Catalogue, tmp_path: Path) -> None:
    remarked = tuple(
        replace(release, note="slow", yanked=True, yanked_reason="withdrawn")
        for release in small_catalogue.releases
    )
    generate_history(replace(small_catalogue, releases=remarked), tmp_path / "history")
    assert git(tmp_path / "history", "rev-parse", "3.x") == TIP_3


def _truncate_pack(path: Path) -> None:
    pack = next(path.glob("objects/pack/*.pack"))
    pack.chmod(0o644)
    pack.write_bytes(pack.read_bytes()[:-40])


def _flip_a_byte(path: Path) -> None:
    pack = next(path.glob("objects/pack/*.pack"))
    pack.chmod(0o644)
    content = bytearray(pack.read_bytes())
    content[len(content) // 2] ^= 1
    pack.write_bytes(content)


def _move_a_branch(path: Path) -> None:
    (path / "refs/heads/3.x").write_text(TIP_2 + "\n")


@pytest.mark.parametrize(
    "damage",
    [
        _truncate_pack,
        _flip_a_byte,
        _move_a_branch,
        lambda path: (path / "HEAD").unlink(),
        lambda path: (path / "packed-refs").write_text(""),
        lambda path: shutil.rmtree(path / "refs"),
        lambda path: shutil.rmtree(path / "objects"),
        lambda path: (path / "cryoet-zarr-bench.json").unlink(),
        lambda path: (path / "cryoet-zarr-bench.json").write_text("[]"),
        lambda path: (path / "config").write_text(""),
        lambda path: [shutil.rmtree(path), path.mkdir()],
    ],
)
def test_a_damaged_repository_is_replaced(
    damage: Callable[[Path], object], small_catalogue: Catalogue, tmp_path: Path
) -> None:
    path = tmp_path / "history"
    generate_history(small_catalogue, path)
    before = references(path)
    damage(path)
    generate_history(small_catalogue, path)
    assert references(path) == before
    assert git(path, "fsck", "--strict") == ""


def test_without_an_exchange_it_is_replaced_all_the_same(
    small_catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "cryoet_zarr_bench.releases.release_history._exchange", lambda one, other: False
    )
    test_a_damaged_repository_is_replaced(_truncate_pack, small_catalogue, tmp_path)


def test_what_a_killed_run_left_is_cleared(small_catalogue: Catalogue, tmp_path: Path) -> None:
    left_over = tmp_path / ".history.new-killed"
    left_over.mkdir()
    (left_over / "HEAD").write_text("half")
    generate_history(small_catalogue, tmp_path / "history")
    assert not left_over.exists()


def test_what_is_not_ours_is_refused(small_catalogue: Catalogue, tmp_path: Path) -> None:
    folder = tmp_path / "thesis"
    folder.mkdir()
    (folder / "chapter.txt").write_text("years of work")
    with pytest.raises(BadInput, match="not a generated release history"):
        generate_history(small_catalogue, folder)
    assert (folder / "chapter.txt").read_text() == "years of work"
    own = tmp_path / "own.git"
    subprocess.run(["git", "init", "--quiet", "--bare", str(own)], check=True)
    with pytest.raises(BadInput, match="not a generated release history"):
        generate_history(small_catalogue, own)
    file = tmp_path / "file"
    file.write_text("x")
    with pytest.raises(BadInput):
        generate_history(small_catalogue, file)
    with pytest.raises(BadInput, match="cannot write"):
        generate_history(small_catalogue, file / "below")


def test_a_link_is_followed(small_catalogue: Catalogue, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "real")
    generate_history(small_catalogue, link)
    assert link.is_symlink()
    assert git(tmp_path / "real", "rev-parse", "3.x") == TIP_3


def test_an_empty_catalogue_has_no_history(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="releases update"):
        generate_history(Catalogue(()), tmp_path / "history")


def test_no_git_is_bad_input(
    small_catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BadInput, match="git: is needed"):
        generate_history(small_catalogue, tmp_path / "history")
    assert not (tmp_path / "history").exists()


def test_many_at_once_make_one(small_catalogue: Catalogue, tmp_path: Path) -> None:
    path = tmp_path / "deep" / "history"
    shorter = replace(small_catalogue, releases=small_catalogue.releases[:-1])
    generate_history(shorter, path)
    wanted = {"zarr-2.18.0", "numcodecs-0.13.1", "zarr-3.0.0", "zarr-2.18.4"}
    stop = False
    seen: list[set[str]] = []

    def watch() -> None:
        while not stop:
            seen.append(set(git(path, "tag", "-l").split()))

    with ThreadPoolExecutor(9) as pool:
        watching = pool.submit(watch)
        for done in [pool.submit(generate_history, small_catalogue, path) for _ in range(8)]:
            done.result()
        stop = True
        watching.result()
    # No reader ever found less than the shorter history.
    assert all(tags >= wanted for tags in seen)
    assert git(path, "rev-parse", "3.x") == TIP_3
    assert sorted(file.name for file in path.parent.iterdir()) == [".history.lock", "history"]
