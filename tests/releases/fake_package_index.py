"""A package index on the loopback."""

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

START = datetime(2024, 5, 7, 21, 33, 10, tzinfo=UTC)


class FakeIndex:
    """Serves what a test puts into `versions`, or whatever `answer` does to the handler."""

    def __init__(self) -> None:
        self.versions: dict[str, dict[str, Any]] = {"zarr": {}, "numcodecs": {}}
        self.answer: Callable[[BaseHTTPRequestHandler], None] | None = None
        self.requests: list[str] = []
        index = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                index.requests.append(self.path)
                if index.answer is not None:
                    index.answer(self)
                    return
                project = self.path.split("/")[2]
                self.reply(json.dumps({"releases": index.versions[project]}).encode())

            def reply(self, body: bytes, status: int = 200, length: int | None = None) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body) if length is None else length))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.origin = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def add(self, project: str, version: str, days: float, yanked: str | None = None) -> None:
        """Upload a version some days after the history begins."""
        time = (START + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%S.123456Z")
        self.versions[project][version] = [
            {
                "upload_time_iso_8601": time,
                "yanked": yanked is not None,
                "yanked_reason": yanked,
            }
        ]
