"""A package index on 127.0.0.1 that serves a folder of wheels, and goes wrong on demand."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import socket
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from support.upgrade_wheels import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Index:
    """A package index on 127.0.0.1 that can be told to misbehave.

    :param folder: its wheels
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.requests: list[str] = []
        """Paths that were asked for."""
        self.logins: list[str] = []
        self.answer = "json"
        """How it answers for a list of files: one of the names in `_Handler`."""
        self.edit: Callable[[dict[str, Any]], dict[str, Any] | None] = dict
        """Changes what is said of a file; None leaves it out."""
        self.spoil: Callable[[bytes], bytes] = bytes
        """Changes what is sent as a file."""
        self.ended = threading.Event()
        index = self

        class Handler(_Handler):
            served = index

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    @property
    def port(self) -> int:
        return self._server.server_port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/simple/"

    @property
    def lists(self) -> list[str]:
        """The projects that were asked for, in order."""
        return [path.split("/")[2] for path in self.requests if path.startswith("/simple/")]

    def close(self) -> None:
        self.ended.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def files(self, project: str) -> list[dict[str, Any]]:
        found = []
        for wheel in sorted(self.folder.glob(f"{project.replace('-', '_')}-*.whl")):
            file = {
                "filename": wheel.name,
                "url": f"/files/{wheel.name}",
                "hashes": {"sha256": hashlib.sha256(wheel.read_bytes()).hexdigest()},
                "requires-python": _requires_python(wheel),
                "yanked": False,
            }
            edited = self.edit(file)
            found += [] if edited is None else [edited]
        return found


def _requires_python(wheel: Path) -> str | None:
    with zipfile.ZipFile(wheel) as archive:
        name = "-".join(wheel.name.split("-")[:2]) + ".dist-info/METADATA"
        found = re.search(r"(?m)^Requires-Python: (.*)$", archive.read(name).decode())
    return found[1] if found else None


class _Handler(BaseHTTPRequestHandler):
    served: Index

    def do_GET(self) -> None:
        index = self.served
        index.requests.append(self.path)
        index.logins.append(self.headers.get("Authorization", ""))
        with contextlib.suppress(OSError):  # whoever asked has gone
            if self.path.startswith("/files/"):
                wheel = index.folder / self.path.rpartition("/")[2]
                self._send(200, "application/octet-stream", index.spoil(wheel.read_bytes()))
            else:
                getattr(self, "answer_" + index.answer)()

    def do_HEAD(self) -> None:
        self.send_error(405)

    def answer_json(self) -> None:
        project = self.path.split("/")[2]
        files = self.served.files(project)
        document = {"meta": {"api-version": "1.1"}, "name": project, "files": files}
        if files:
            self._send(200, "application/vnd.pypi.simple.v1+json", json.dumps(document).encode())
        else:
            self.send_error(404)

    def answer_hang(self) -> None:
        self.served.ended.wait(PATIENCE)

    def answer_drip(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/vnd.pypi.simple.v1+json")
        self.end_headers()
        while not self.served.ended.wait(0.2):
            self.wfile.write(b" ")
            self.wfile.flush()

    def answer_html(self) -> None:
        self._send(200, "text/html", b"<html><body>Please log in.</body></html>")

    def answer_broken(self) -> None:
        self._send(500, "text/plain", b"oh no")

    def answer_login(self) -> None:
        self._send(401, "text/plain", b"who are you?")

    def answer_invalid(self) -> None:
        self._send(200, "application/vnd.pypi.simple.v1+json", b'{"files": [{"filename": ')

    def answer_other(self) -> None:
        self._send(200, "application/json", b'{"files": 7}')

    def answer_huge(self) -> None:
        self._send(200, "application/vnd.pypi.simple.v1+json", b" " * ((16 << 20) + 2))

    def answer_gone(self) -> None:
        self.connection.shutdown(socket.SHUT_RDWR)

    def _send(self, status: int, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
        pass
