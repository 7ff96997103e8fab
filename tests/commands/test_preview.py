"""A dashboard is served wherever the work folder is."""

import subprocess
import sys
import urllib.request
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


def test_a_dashboard_in_another_work_folder_is_served(workplace):
    html = workplace.work / "local" / "html"
    html.mkdir(parents=True)
    (html / "index.html").write_text("the dashboard")
    with subprocess.Popen(
        [sys.executable, "-u", "-m", "cryoet_zarr_bench", "preview", "--port", "0"],
        cwd=PROJECT,
        env=workplace.variables(COLUMNS="400"),
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        line = server.stdout.readline()
        address = line.split(" at ")[1].split()[0]
        with urllib.request.urlopen(address) as page:
            assert page.read() == b"the dashboard"
        server.terminate()
    assert line.startswith(str(html))
