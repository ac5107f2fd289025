"""A package index on this machine that wants a password, and counts how often it was given."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import time
from base64 import b64encode
from collections import Counter
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


class Index:
    """Gives the files of a folder to those who log in; use `serving` for a block."""

    def __init__(self, folder: Path, logins: Iterable[str], *, delay: float = 0.0) -> None:
        """Take a free port.

        :param logins: each with a password, as in `user:password`
        :param delay: seconds before a wheel is sent
        """
        wanted = {"Basic " + b64encode(login.encode()).decode() for login in logins}
        #: How many requests had one of the logins, and how many had none of them.
        self.logins = counted = Counter[bool]()

        class Handler(SimpleHTTPRequestHandler):
            def __init__(self, *arguments: Any) -> None:
                super().__init__(*arguments, directory=str(folder))

            def do_GET(self) -> None:
                is_allowed = self.headers.get("Authorization") in wanted
                counted[is_allowed] += 1
                if is_allowed:
                    if ".whl" in self.path:
                        time.sleep(delay)
                    super().do_GET()
                else:
                    self.send_response(401)
                    self.send_header("WWW-Authenticate", 'Basic realm="studio"')
                    self.send_header("Content-Length", "0")
                    self.end_headers()

            def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.place = f"127.0.0.1:{self._server.server_port}"

    @contextlib.contextmanager
    def serving(self) -> Iterator[Index]:
        """Answer until the end of the block."""
        thread = Thread(target=self._server.serve_forever)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            thread.join()
            self._server.server_close()


def write_index(folder: Path, wheels: Path, *, query: str = "") -> None:
    """Make a folder that an index can serve of a folder of wheels, one of each project.

    :param query: stands behind the address of each wheel, `?` included
    """
    for wheel in wheels.iterdir():
        project = folder / wheel.name.split("-")[0].replace("_", "-")
        project.mkdir(parents=True)
        shutil.copy(wheel, project)
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        link = f"{wheel.name}{query}#sha256={digest}"
        (project / "index.html").write_text(f'<a href="{link}">{wheel.name}</a>\n')
