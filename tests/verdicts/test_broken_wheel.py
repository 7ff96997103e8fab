"""`confirm` on a wheel that ends the process that imports it: a real wheel, really installed."""

import zipfile

import pytest

NAME = "zarr-3.4.2-py3-none-any.whl"


def wheel(folder, program):
    """A wheel of nothing but a zarr that does what a program says."""
    information = "zarr-3.4.2.dist-info"
    with zipfile.ZipFile(folder / NAME, "w") as file:
        file.writestr("zarr/__init__.py", program)
        file.writestr(
            f"{information}/METADATA", "Metadata-Version: 2.1\nName: zarr\nVersion: 3.4.2\n"
        )
        file.writestr(
            f"{information}/WHEEL",
            "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        file.writestr(f"{information}/RECORD", "")
    return folder / NAME


@pytest.mark.long
@pytest.mark.parametrize(
    ("program", "how"),
    [
        ("import os; os._exit(3)", "ended with exit code 3"),
        ("import os; os._exit(0)", "ended with exit code 0 before it had answered"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "was ended by SIGSEGV"),
    ],
)
def test_a_wheel_that_ends_its_process_is_named_in_one_line(own_workplace, tmp_path, program, how):
    path = wheel(tmp_path, program)
    sides = (f"zarr={path},numcodecs==0.17.1", "zarr-3.4.2")
    answer = own_workplace.run(
        "cryoet_zarr_bench",
        *("confirm", *sides, "--benchmark", "open", "--config", "none 64x64x64"),
        *("--tomogram", "synthetic:10A@16"),
    )
    assert answer.returncode == 2, answer.stdout + answer.stderr
    lines = [line for line in answer.stderr.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1 and how in lines[0] and "Traceback" not in answer.stderr
