"""Serve a dashboard on this machine."""

from __future__ import annotations

import functools
import http.server

from rich.console import Console

from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.common.project_folders import LOCAL, PROJECT, from_project
from cryoet_zarr_bench.common.shown_text import for_markup


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serves files without a line for each request."""

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing for each request: the page tells what is wrong."""


def serve_dashboard(console: Console, port: int) -> None:
    """Serve the dashboard of local runs, or the published one, on loopback until Ctrl-C.

    Raises BadInput if there is no dashboard or the port is taken.
    """
    folders = [
        folder for folder in (LOCAL / "html", PROJECT / "html") if (folder / "index.html").exists()
    ]
    if not folders:
        raise BadInput("there is no dashboard yet: run `make bench` first")
    handler = functools.partial(QuietHandler, directory=str(folders[0]))
    try:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError as error:
        raise BadInput(f"cannot serve on port {port}: {error.strerror}; use --port") from error
    with server:
        shown = for_markup(from_project(folders[0]))
        console.print(f"{shown} at http://127.0.0.1:{server.server_port}/ (Ctrl-C ends it)")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            console.print("ended")
