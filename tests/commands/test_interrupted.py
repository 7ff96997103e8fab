"""Ctrl-C at any moment, from the first import to the last thread: one line, exit code 130."""

import os
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]

INTERRUPTING = """
import atexit, os, signal, sys, threading

when, number = os.environ["INTERRUPT_WHEN"], int(os.environ["INTERRUPT_BY"])


def interrupt():
    os.kill(os.getpid(), number)


class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == when:
            interrupt()


def once_the_main_thread_is_over():
    threading.main_thread().join()
    interrupt()
    threading.Event().wait(5)


sys.meta_path.insert(0, Finder())
if when == "exit":
    atexit.register(interrupt)
elif when == "threads":
    threading.Thread(target=once_the_main_thread_is_over).start()
"""


def run(tmp_path, *command, when="", ending=signal.SIGINT, **options):
    (tmp_path / "sitecustomize.py").write_text(INTERRUPTING)
    return subprocess.run(
        [sys.executable, *command],
        cwd=PROJECT,
        env={
            **os.environ,
            "PYTHONPATH": str(tmp_path),
            "INTERRUPT_WHEN": when,
            "INTERRUPT_BY": str(int(ending)),
            "CRYOET_CACHE_DIR": str(tmp_path / "cache"),
            "CRYOET_WORK_FOLDER": str(tmp_path / "work"),
        },
        capture_output=True,
        text=True,
        **options,
    )


def program():
    """What the installed command runs."""
    scripts = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["scripts"]
    module, name = scripts["cryoet-zarr-bench"].split(":")
    return "-c", f"from {module} import {name}; {name}()"


def interrupted(found, left):
    assert (found.stderr, found.returncode) == (f"interrupted: {left}\n", 130)


@pytest.mark.parametrize(
    ("module", "ending"),
    [
        ("cryoet_zarr_bench.cli", signal.SIGINT),
        ("typer", signal.SIGTERM),
        ("rich", signal.SIGINT),
        ("rich.table", signal.SIGINT),
    ],
)
def test_while_the_program_itself_is_imported(tmp_path, module, ending):
    found = run(tmp_path, *program(), "releases", "list", when=module, ending=ending)
    interrupted(found, "nothing was begun")
    assert found.stdout == ""


def test_python_m_is_the_same(tmp_path):
    found = run(tmp_path, "-m", "cryoet_zarr_bench", "--help", when="typer")
    interrupted(found, "nothing was begun")


@pytest.mark.parametrize(
    ("command", "module", "left"),
    [
        (("qc", "no.mrc"), "numpy", "each file that was asked for is whole, or as it was before"),
        (
            ("convert", "a.mrc", "b.zarr"),
            "numpy",
            "the target is whole, or as it was before",
        ),
        (("tomograms",), "numpy", "it only lists, nothing is lost"),
    ],
)
def test_while_a_command_imports_what_it_needs(tmp_path, command, module, left):
    interrupted(run(tmp_path, *program(), *command, when=module), left)


def test_while_the_interpreter_waits_for_threads(tmp_path):
    found = run(tmp_path, *program(), "releases", "list", when="threads")
    interrupted(found, "the command had come to its end")
    assert "zarr-2.18.0" in found.stdout


def test_when_all_is_done_the_answer_stands(tmp_path):
    found = run(tmp_path, *program(), "releases", "list", when="exit", ending=signal.SIGTERM)
    assert (found.stderr, found.returncode) == ("", 0)
    assert "zarr-2.18.0" in found.stdout


def test_every_command_says_what_is_true_for_it():
    from typer.main import get_command

    from cryoet_zarr_bench import cli

    names = set()
    for name, command in get_command(cli.app).commands.items():
        parts = getattr(command, "commands", None)
        names |= {f"{name} {part}" for part in parts} if parts else {name}
    assert set(cli._INTERRUPTED) == names
    assert "measured" not in cli._INTERRUPTED["convert"]


def with_a_command(body):
    """A program whose only command is `body`, begun and ended as those of the command line are."""
    return (
        "import os, signal, sys, time, types\n"
        "from cryoet_zarr_bench import entry, interrupted_program\n"
        "def app():\n"
        "    interrupted_program.work_begins()\n"
        f"{body}\n"
        "stub = types.ModuleType('cryoet_zarr_bench.cli'); stub.app = app\n"
        "sys.modules['cryoet_zarr_bench.cli'] = stub\n"
        "entry.main()\n"
    )


def test_where_python_can_only_print_an_interruption_it_is_tried_again(tmp_path):
    body = """
    class Last:
        def __del__(self):
            os.kill(os.getpid(), signal.SIGINT)
    try:
        last = Last()
        del last
        time.sleep(60)
    except KeyboardInterrupt:
        print("put in order")
"""
    found = run(tmp_path, "-c", with_a_command(body))
    assert (found.stdout, found.stderr, found.returncode) == ("put in order\n", "", 0)


def test_what_else_python_can_only_print_is_printed_still(tmp_path):
    body = """
    class Last:
        def __del__(self):
            raise ValueError("of no concern here")
    last = Last()
    del last
"""
    assert "of no concern here" in run(tmp_path, "-c", with_a_command(body)).stderr


def test_an_interruption_that_is_ignored_from_the_start_stays_so(tmp_path):
    def ignore():
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    found = run(tmp_path, *program(), "releases", "list", when="typer", preexec_fn=ignore)
    assert (found.stderr, found.returncode) == ("", 0)


def test_once_it_is_over_a_second_interruption_prints_no_second_line(tmp_path):
    body = """
    try:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(60)
    except KeyboardInterrupt:
        print("interrupted: once", file=sys.stderr, flush=True)
        interrupted_program.work_ends(told=True)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(60)
"""
    interrupted(run(tmp_path, "-c", with_a_command(body)), "once")


@pytest.mark.parametrize("ending", ["SIGINT", "SIGTERM", "SIGHUP", "SIGALRM"])
def test_while_python_shuts_down_the_exit_code_stands(tmp_path, ending):
    """Python has given the signals back to the system by then."""
    body = f"""
    class Last:
        def __del__(self, kill=os.kill, own=os.getpid(), number=signal.{ending}):
            kill(own, number)
    sys.modules["last"] = Last()
    sys.exit(130)
"""
    assert run(tmp_path, "-c", with_a_command(body)).returncode == 130


def test_an_interruption_of_code_given_as_text_ends_with_the_exit_code_too(tmp_path):
    """Python makes methods of dataclasses and named tuples so, wherever one is imported."""
    body = """
    try:
        exec("os.kill(os.getpid(), signal.SIGINT); time.sleep(60)")
    except KeyboardInterrupt:
        sys.exit(130)
"""
    (tmp_path / "interrupted_text.py").write_text(with_a_command(body))
    assert run(tmp_path, "-m", "interrupted_text").returncode == 130


# As logging does with its locks, something runs in the parent after each fork.
FORKS = """
import os, signal, sys
from cryoet_zarr_bench.interrupted_program import try_lost_interruptions_again
if "tried again" in sys.argv:
    try_lost_interruptions_again()
parent = os.getpid()
def interrupted():
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.kill(parent, signal.SIGINT)
os.register_at_fork(after_in_parent=interrupted)
if os.fork() == 0:
    os._exit(0)
print("lost", flush=True)
signal.sigtimedwait([signal.SIGUSR1], 3)
print("went on")
"""


@pytest.mark.parametrize("is_tried_again", [False, True])
def test_ctrl_c_that_comes_around_a_fork_is_not_lost(is_tried_again):
    arguments = ["tried again"] if is_tried_again else []
    ended = subprocess.run(
        [sys.executable, "-c", FORKS, *arguments], capture_output=True, text=True
    )
    assert ended.stdout.splitlines() == (["lost"] if is_tried_again else ["lost", "went on"])
    assert (ended.returncode == 0) != is_tried_again
    assert "KeyboardInterrupt" in ended.stderr
