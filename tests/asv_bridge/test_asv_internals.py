"""What is replaced of asv, held to the version whose code was read: a change of asv shows here."""

import json
import subprocess
import sys
from pathlib import Path

import asv
import pytest
from asv.environment import get_environment_class_by_name
from asv.plugins.virtualenv import Virtualenv

from cryoet_zarr_bench.asv_bridge.dashboard.patched_pages import patched_page
from cryoet_zarr_bench.asv_bridge.dashboard.patched_scripts import PATCHES, patch_scripts
from cryoet_zarr_bench.asv_bridge.uv_environments import ReleaseVirtualenv

PROJECT = Path(__file__).resolve().parents[2]

REPLACED = {
    "asv.benchmarks.Benchmarks.load": "known_benchmarks",
    "asv.benchmarks.Benchmarks.save": "known_benchmarks",
    "asv.commands.compare.iter_machine_files": "usable_results",
    "asv.commands.publish.Publish.iter_results": "history_graphs",
    "asv.commands.publish.Publish.run": "whole_dashboards",
    "asv.commands.publish.iter_machine_files": "usable_results",
    "asv.commands.run.Run.run": "anchored_runs",
    "asv.commands.run.run_benchmarks": "kept_cells",
    "asv.commands.show.iter_machine_files": "usable_results",
    "asv.machine.Machine.save": "machine_names",
    "asv.results.Results.load": "usable_results",
    "asv.results.Results.load_data": "kept_cells",
    "asv.results.Results.remove_samples": "saved_results",
    "asv.results.Results.save": "kept_cells",
    "asv.results.iter_results_paths": "usable_results",
    "asv.runner.Spawner.create_setup_cache": "reused_stores",
    "asv.util.long_path_rmtree": "reused_stores",
}
"""Each attribute of asv that another function takes the place of, and the module that does it."""

WHILE_A_RELEASE_RUNS = ("asv.runner._run_benchmark_single_param",)

READ_AS = {
    "asv.benchmarks.Benchmarks.load": "6fdbfddf1a6ddcfd",
    "asv.benchmarks.Benchmarks.save": "8250ffe6ee28d6af",
    "asv.commands.compare.iter_machine_files": "f98e26514b7b4c2d",
    "asv.commands.publish.Publish.iter_results": "3cfbf2662ceb38bb",
    "asv.commands.publish.Publish.run": "bfac5fc318acb544",
    "asv.commands.publish.iter_machine_files": "f98e26514b7b4c2d",
    "asv.commands.run.Run.run": "7251f8f3e656a197",
    "asv.commands.run.run_benchmarks": "64062565e2c0437f",
    "asv.commands.show.iter_machine_files": "f98e26514b7b4c2d",
    "asv.machine.Machine.save": "69a24156344cb5de",
    "asv.results.Results.load": "269b8b08259edff2",
    "asv.results.Results.load_data": "b0bd39991505fa01",
    "asv.results.Results.remove_samples": "9e1ea380f2d7c5c1",
    "asv.results.Results.save": "381167150bf9d50a",
    "asv.results.iter_results_paths": "ae176cbcb1b4d683",
    "asv.runner.Spawner.create_setup_cache": "e470162b61d2c7f7",
    "asv.runner._run_benchmark_single_param": "52289f8c96206348",
    "asv.util.long_path_rmtree": "8558d238a8e27086",
}
"""SHA-256, its first 16 digits, of the source of each as it was read when it was replaced."""

PROGRAM = """
import importlib, inspect, json, pkgutil, sys, types
from pathlib import Path
import asv, asv.commands
for package in (asv, asv.commands):
    for module in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
import asv.plugins.virtualenv

def everything():
    found = {}
    for name, module in sorted(sys.modules.items()):
        if not (name == "asv" or name.startswith("asv.")) or name.startswith("asv.plugins"):
            continue
        for attribute, value in vars(module).items():
            found[f"{name}.{attribute}"] = value
            if inspect.isclass(value) and value.__module__ == name:
                for own, of_class in vars(value).items():
                    found[f"{name}.{attribute}.{own}"] = of_class
    return found

before = everything()
from cryoet_zarr_bench.asv_bridge import anchored_runs, known_benchmarks, machine_names
from cryoet_zarr_bench.asv_bridge import usable_results
from cryoet_zarr_bench.asv_bridge import uv_environments
from cryoet_zarr_bench.asv_bridge.cells import kept_cells, reused_stores
from cryoet_zarr_bench.asv_bridge.dashboard import (
    history_graphs, own_pages, short_pages, whole_dashboards)
machine_names.guard_results()
usable_results.leave_out_unusable_results()
known_benchmarks.keep_known_benchmarks()
history_graphs.draw_histories_alone()
whole_dashboards.publish_whole()
anchored_runs.measure_beside_anchors()
kept_cells.keep_every_cell(Path("/nowhere"))
stores = reused_stores.ReusedStores()
stores.begin_round({}, is_last=True)
after = everything()
def owner(value):
    value = getattr(value, "__func__", value)
    return value.__module__.rpartition(".")[2]
print(json.dumps({
    name: owner(after[name]) for name in after
    if isinstance(after[name], (types.FunctionType, classmethod, staticmethod, types.MethodType))
    and after[name] is not before.get(name, after[name])
}))
"""


def test_nothing_else_of_asv_is_replaced():
    found = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert json.loads(found.stdout) == REPLACED


SOURCES = """
import hashlib, importlib, inspect, json, sys
found = {}
for name in sys.argv[1:]:
    parts = name.split(".")
    for number in range(len(parts) - 1, 0, -1):
        try:
            value = importlib.import_module(".".join(parts[:number]))
            break
        except ImportError:
            continue
    for part in parts[number:]:
        value = getattr(value, part)
    found[name] = hashlib.sha256(inspect.getsource(value).encode()).hexdigest()[:16]
print(json.dumps(found))
"""


def test_what_is_replaced_is_what_was_read():
    """Where this fails, read what asv does now, then change the replacement and this digest."""
    names = sorted([*REPLACED, *WHILE_A_RELEASE_RUNS])
    found = subprocess.run(
        [sys.executable, "-c", SOURCES, *names], capture_output=True, text=True, check=True
    )
    assert json.loads(found.stdout) == READ_AS


def test_each_script_of_asv_that_is_patched_has_what_is_replaced(tmp_path):
    shipped = Path(asv.__file__).parent / "www"
    for name in {patch.script for patch in PATCHES}:
        (tmp_path / name).write_text((shipped / name).read_text())
    patch_scripts(tmp_path)
    for patch in PATCHES:
        assert patch.new in (tmp_path / patch.script).read_text(), patch.why


@pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: patch.why)
def test_a_script_without_what_is_replaced_is_an_error(tmp_path, patch):
    shipped = Path(asv.__file__).parent / "www"
    for name in {each.script for each in PATCHES}:
        (tmp_path / name).write_text((shipped / name).read_text())
    changed = (tmp_path / patch.script).read_text().replace(patch.old, "changed")
    (tmp_path / patch.script).write_text(changed)
    with pytest.raises(RuntimeError, match="times"):
        patch_scripts(tmp_path)


def test_the_page_of_asv_that_is_patched_is_as_expected():
    page = (Path(asv.__file__).parent / "www" / "index.html").read_text()
    changed = patched_page(page)
    assert 'src="https://' not in changed and "Content-Security-Policy" in changed
    for wanted in ("</head>", '<li id="nav-li-"', "<title>airspeed velocity</title>"):
        with pytest.raises(RuntimeError):
            patched_page(page.replace(wanted, "changed"))
    with pytest.raises(RuntimeError, match="of which there is no local copy"):
        patched_page(page.replace("md5.min.js", "other.js"))


def test_the_environment_is_one_of_asvs_plugin_interface():
    assert get_environment_class_by_name("release") is ReleaseVirtualenv
    assert Virtualenv.tool_name == "virtualenv"


def test_asv_finds_every_publisher_of_this_project():
    program = (
        "from cryoet_zarr_bench import asv_plugin\n"
        "from asv.publishing import OutputPublisher\n"
        "from asv.util import iter_subclasses\n"
        "print(*sorted(each.__name__ for each in iter_subclasses(OutputPublisher)\n"
        "              if each.__module__.startswith('cryoet_zarr_bench')))\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert found.stdout.split() == [
        *("JudgedSteps", "LocalAssets", "Measured", "OwnPages"),
        *("SaidRegressions", "ShortPages"),
    ]


def test_asv_starts_without_what_only_pages_and_documents_need():
    """Both take longer to import than all else, and asv starts a process for many a question."""
    said = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys\n"
            "import cryoet_zarr_bench.asv_plugin\n"
            "import cryoet_zarr_bench.commands.bench_command\n"
            "print(sorted({'pandas', 'scipy', 'zarr'} & set(sys.modules)))",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip() == "[]"
