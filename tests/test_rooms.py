"""The rooms of the package: imports one way, few modules in each, names that tell where one is."""

import ast
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]
PACKAGE = PROJECT / "cryoet_zarr_bench"
MOST_MODULES, MOST_LINES, MOST_ARGUMENTS = 16, 60, 7
UNPLACEABLE = {
    *(
        "utils",
        "helpers",
        "manager",
        "misc",
        "worker",
        "session",
        "held",
        "slots",
        "sides",
        "kinds",
    ),
    *("places", "origin", "pace", "purposes", "pooled", "questions", "answer", "common"),
}
"""Names of modules that say nothing without their folder."""


def modules() -> list[Path]:
    return [path for path in sorted(PACKAGE.rglob("*.py")) if path.name != "__init__.py"]


def rooms() -> list[Path]:
    return sorted({path.parent for path in modules()})


def test_rooms_import_one_way_and_in_no_circle():
    lint_imports = Path(sys.executable).with_name("lint-imports")
    found = subprocess.run([lint_imports], cwd=PROJECT, capture_output=True, text=True)
    assert found.returncode == 0, found.stdout


@pytest.mark.parametrize("room", rooms(), ids=lambda room: str(room.relative_to(PROJECT)))
def test_a_room_has_few_modules_and_says_what_it_is_for(room):
    assert len([path for path in modules() if path.parent == room]) <= MOST_MODULES
    assert (room / "__init__.py").read_text().startswith('"""')


def test_no_two_modules_have_one_name():
    names = Counter(path.stem for path in modules())
    assert [name for name, times in names.items() if times > 1] == []


def test_a_name_can_be_placed():
    assert {path.stem for path in modules()} & UNPLACEABLE == set()
    assert all(len(path.stem) > 2 for path in modules())


def functions():
    for path in [*modules(), *sorted((PROJECT / "benchmarks").glob("*.py"))]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield path, node


def test_functions_fit_in_the_head():
    long = [
        f"{path.name}: {node.name}"
        for path, node in functions()
        if node.end_lineno - node.lineno >= MOST_LINES
    ]
    assert long == []


def test_functions_have_few_arguments():
    """Of the command line, where each option is an argument, the rest has dataclasses."""
    many = []
    for path, node in functions():
        names = [each.arg for each in (*node.args.args, *node.args.kwonlyargs)]
        own = [name for name in names if name not in ("self", "cls")]
        if len(own) > MOST_ARGUMENTS and path.name != "cli.py":
            many.append(f"{path.name}: {node.name}")
    assert many == []
