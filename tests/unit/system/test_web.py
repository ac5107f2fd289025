"""One bounded request."""

from __future__ import annotations

import contextlib
import threading
import time
import urllib.error
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from rezup.system.web import LIMIT, Access, get, without_credentials

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class Server:
    """Answers each path by a function; keeps what was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, Callable[[Any], None]] = {}
        self.seen: list[tuple[str, str | None, str | None]] = []
        self.ended = threading.Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.seen.append((self.path, self.headers["Authorization"], self.headers["Accept"]))
                server.answers[self.path](self)

            def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        self.host = f"127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self.ended.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def send(status: int = 200, body: bytes = b"hello", **headers: str) -> Callable[[Any], None]:
    def answer(handler: Any) -> None:
        handler.send_response(status)
        for name, value in {"Content-Type": "text/plain; charset=x", **headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        with contextlib.suppress(OSError):  # whoever asked has gone
            handler.wfile.write(body)

    return answer


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Server]:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    server = Server()
    yield server
    server.close()


def ask(url: str, *, seconds: float = 30.0, **access: Any) -> Any:
    return get(url, accept="text/x", access=Access(**access), seconds=seconds)


def fails(url: str) -> None:
    with pytest.raises(OSError, match=r".+") as caught:
        ask(url)
    if isinstance(caught.value, urllib.error.HTTPError):
        caught.value.close()


def test_an_answer(server: Server) -> None:
    server.answers["/a"] = send()
    answer = ask(f"http://{server.host}/a")
    assert (answer.content_type, answer.body, answer.url) == (
        "text/plain",
        b"hello",
        f"http://{server.host}/a",
    )
    assert server.seen == [("/a", None, "text/x")]


def test_a_login_is_sent_and_not_shown(server: Server, tmp_path: Path) -> None:
    server.answers["/a"] = send()
    answer = ask(f"http://ann:p%40ss@{server.host}/a")
    assert server.seen[-1][1] == "Basic YW5uOnBAc3M="
    assert "p%40ss" not in answer.url
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login bob password x\n")
    (tmp_path / ".netrc").chmod(0o600)
    ask(f"http://{server.host}/a")
    assert server.seen[-1][1] == "Basic Ym9iOng="
    (tmp_path / ".netrc").write_text("what is this")
    ask(f"http://{server.host}/a")
    assert server.seen[-1][1] is None


def test_a_login_stays_with_its_server(server: Server) -> None:
    other = Server()
    try:
        other.answers["/b"] = send()
        server.answers["/a"] = send(302, b"", Location=f"http://{other.host}/b")
        server.answers["/c"] = send(302, b"", Location="/d")
        server.answers["/d"] = send()
        assert ask(f"http://ann:x@{server.host}/a").url == f"http://{other.host}/b"
        assert other.seen == [("/b", None, "text/x")]
        ask(f"http://ann:x@{server.host}/c")
        assert server.seen[-1][0] == "/d"
    finally:
        other.close()


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://x/"])
def test_a_redirect_leads_to_the_web_alone(server: Server, location: str) -> None:
    server.answers["/a"] = send(302, b"", Location=location)
    fails(f"http://{server.host}/a")


def test_a_redirect_in_a_circle_ends(server: Server) -> None:
    server.answers["/a"] = send(302, b"", Location="/a")
    fails(f"http://{server.host}/a")


def test_errors_keep_their_status(server: Server) -> None:
    server.answers["/a"] = send(404)
    with pytest.raises(urllib.error.HTTPError) as caught:
        ask(f"http://{server.host}/a")
    assert caught.value.code == 404
    caught.value.close()


def test_no_answer_in_time(server: Server) -> None:
    server.answers["/a"] = lambda handler: server.ended.wait(30)
    started = time.monotonic()
    with pytest.raises(OSError, match=r"no answer within|timed out"):
        ask(f"http://{server.host}/a", seconds=0.3)
    assert time.monotonic() - started < 20


def test_an_answer_that_never_ends(server: Server) -> None:
    def drip(handler: Any) -> None:
        send(200, b"")(handler)
        while not server.ended.wait(0.05):
            try:
                handler.wfile.write(b" ")
            except OSError:
                return

    server.answers["/a"] = drip
    with pytest.raises(TimeoutError):
        ask(f"http://{server.host}/a", seconds=0.3)


def test_an_answer_that_is_too_long(server: Server) -> None:
    server.answers["/a"] = send(200, b"x" * (LIMIT + 1))
    with pytest.raises(ValueError, match="too long"):
        ask(f"http://{server.host}/a")


def test_an_answer_that_is_no_http(server: Server) -> None:
    server.answers["/a"] = lambda handler: handler.wfile.write(b"220 smtp.example ready\r\n\r\n")
    with pytest.raises(ValueError, match="BadStatusLine"):
        ask(f"http://{server.host}/a")


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://x/",
        "nothing",
        "",
        "http://[::1",
        "http://host:s3cr3t/",
        "http://a:s3cr3t/b@h/",
    ],
)
def test_what_is_no_web_address(url: str) -> None:
    with pytest.raises((ValueError, OSError)) as caught:
        ask(url, seconds=5)
    assert "s3cr3t" not in str(caught.value)


def test_nobody_listens() -> None:
    with pytest.raises(OSError, match=r".+"):
        ask("http://127.0.0.1:9/")


def test_a_proxy_that_is_configured_is_asked(server: Server) -> None:
    server.answers["http://index.invalid/a"] = send()
    for proxy in (server.host, f"http://{server.host}"):
        assert ask("http://index.invalid/a", proxy=proxy).body == b"hello"


def test_certificates_that_are_not_there(tmp_path: Path, server: Server) -> None:
    server.answers["/a"] = send()
    with pytest.raises(OSError, match=r".+"):
        ask(f"http://{server.host}/a", certificates=str(tmp_path / "nowhere.pem"))
    (tmp_path / "empty").mkdir()
    assert ask(
        f"http://{server.host}/a",
        certificates=str(tmp_path / "empty"),
        trusted_hosts=frozenset(["127.0.0.1"]),
    )


@pytest.mark.parametrize(
    ("url", "shown"),
    [("https://host/simple/", "https://host/simple/"), ("https://u:p@host:8/s?token=x#y", "https://host:8/s"),
     ("https://u@host/s", "https://host/s"), ("file:///srv/simple", "file:///srv/simple")],
)  # fmt: skip
def test_what_may_be_shown(url: str, shown: str) -> None:
    assert without_credentials(url) == shown


@pytest.mark.parametrize(
    "url", ["https://[u:s3cr3t@host", "https://u:s3cr3t/x@host/s", "https://host:s3cr3t/x"]
)
def test_what_may_not_be_shown(url: str) -> None:
    assert "s3cr3t" not in without_credentials(url)
