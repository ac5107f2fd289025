"""Locking and installing by a lock tell no secret, and ask nobody who is not to be asked."""

from __future__ import annotations

import base64
import os
import shutil
import socket
import subprocess
import sys
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest

from rezup.errors import HashMismatchError, LockError, RezupError
from rezup.installers.reaching import NO_NETWORK
from rezup.installers.wheels import download
from rezup.lockfiles.writing import to_bytes
from support.lock_worlds import CANARY, World, changed, make_world, my_project, names, sha256, tool
from support.wheels import write_extension, write_sdist

if TYPE_CHECKING:
    from pathlib import Path

    from rezup.lockfiles.lock import Lock, Wheel

pytestmark = pytest.mark.skipif(os.name == "nt", reason="scripts of POSIX")


@pytest.fixture(params=["uv", "pip"])
def world(request: pytest.FixtureRequest, tmp_path: Path, shared: Path) -> World:
    return make_world(tmp_path, request.param, shared)


# An index that is a server


class Recording:
    """A port that counts who comes."""

    def __enter__(self) -> Recording:
        self.connections = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            connection.close()

    def __exit__(self, *error: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()


class Server:
    def __init__(self, folder: Path) -> None:
        self.logins: list[str] = []
        seen = self.logins

        class Handler(SimpleHTTPRequestHandler):
            def __init__(self, *arguments: Any) -> None:
                super().__init__(*arguments, directory=str(folder))

            def parse_request(self) -> bool:
                parsed = super().parse_request()
                seen.append(self.headers.get("Authorization", "") if parsed else "")
                return parsed

            def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port

    def __enter__(self) -> Server:
        self._thread = Thread(target=self._server.serve_forever)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def serving(folder: Path) -> Server:
    return Server(folder)


def without_proxy(environment: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if "proxy" not in name.lower()}


def write_index(folder: Path, *wheels: Path) -> None:
    """A simple index of files, with their hashes."""
    for wheel in wheels:
        project = folder / wheel.name.split("-")[0].replace("_", "-")
        project.mkdir(parents=True, exist_ok=True)
        shutil.copy(wheel, project)
        with (project / "index.html").open("a") as page:
            page.write(f'<a href="{wheel.name}#sha256={sha256(wheel)}">{wheel.name}</a>\n')


def indexed(world: World, port: int) -> dict[str, str]:
    """The environment of a machine whose index needs a password."""
    environment = without_proxy(world.environment)
    for name in ("PIP_NO_INDEX", "PIP_FIND_LINKS"):
        environment.pop(name, None)
    return {
        **environment,
        "PIP_INDEX_URL": f"http://user:{CANARY}@127.0.0.1:{port}/",
        "UV_CACHE_DIR": str(world.root / "uv"), "PIP_CACHE_DIR": str(world.root / "pip"),
    }  # fmt: skip


def nowhere(world: World, lock: Lock, target: Path) -> None:
    texts = [path.read_bytes() for path in target.rglob("*") if path.is_file() and not path.is_symlink()]
    for folder in world.root.glob("cwd*"):
        texts += [path.read_bytes() for path in folder.iterdir() if path.is_file()]
    texts += [(world.root / "log.txt").read_bytes(), repr(world.listener.lines).encode(), to_bytes(lock)]
    assert not [text for text in texts if CANARY.encode() in text]


def test_wheels_of_an_index_are_named_by_their_url_without_a_password(world: World) -> None:
    write_extension(world.links)
    write_index(world.root / "index", *world.links.iterdir())
    with serving(world.root / "index") as server:
        world.environment = indexed(world, server.port)
        lock = world.lock(tool("rez-thing"))
        (rez,) = (package for package in lock.packages if package.name == "rez")
        url = f"http://127.0.0.1:{server.port}/rez/rez-9.1.0-py2.py3-none-any.whl"
        assert [(wheel.url, wheel.sha256) for wheel in rez.wheels] == [
            (url, sha256(world.links / rez.wheels[0].name))
        ]
        assert {path.name.split("-")[0] for path in world.beside.iterdir()} == {"pip"}
        built, target = world.build(lock, tool("rez-thing"))
        assert any(login.startswith("Basic ") for login in server.logins)
    assert built.tools[1].distribution == "rez-thing"
    nowhere(world, lock, target)


def test_archive_of_a_url_is_locked_without_its_password(world: World) -> None:
    archive = write_sdist(my_project(world), world.root / "served")
    with serving(world.root / "served") as server:
        url = f"http://user:{CANARY}@127.0.0.1:{server.port}/{archive.name}"
        world.environment = without_proxy(world.environment)
        lock = world.lock(tool("mine", url))
        secrets = "Basic " + base64.b64encode(f"user:{CANARY}".encode()).decode()
        assert secrets in server.logins
    (mine,) = (package for package in lock.packages if package.name == "my-ext")
    assert mine.origin is not None
    assert mine.origin.digest == sha256(archive)
    built, target = world.build(lock, tool("mine", url), offline=True)
    assert built.tools[1].distribution == "my-ext"
    nowhere(world, lock, target)


def test_index_that_lies_is_refused(world: World) -> None:
    write_index(world.root / "index", *world.links.iterdir())
    wheel = world.root / "index" / "rez" / "rez-9.1.0-py2.py3-none-any.whl"
    with serving(world.root / "index") as server:
        world.environment = indexed(world, server.port)
        lock = world.lock()
        changed(wheel)
        world.environment |= {
            "UV_CACHE_DIR": str(world.root / "uv2"),
            "PIP_CACHE_DIR": str(world.root / "pip2"),
        }
        with pytest.raises(HashMismatchError) as caught:
            world.build(lock)
        assert (caught.value.name, caught.value.found) == (wheel.name, sha256(wheel))
        assert CANARY not in f"{caught.value!r} {caught.value.__cause__!r}"
        with pytest.raises(HashMismatchError):
            download(lock, (), world.root / "house", world.context(), world.find)


def test_index_that_is_gone_is_a_lock_error(world: World) -> None:
    write_index(world.root / "index", *world.links.iterdir())
    with serving(world.root / "index") as server:
        world.environment = indexed(world, server.port)
        lock = world.lock()
    world.environment |= {
        "UV_CACHE_DIR": str(world.root / "uv2"), "PIP_CACHE_DIR": str(world.root / "pip2"),
        "PIP_RETRIES": "0", "UV_HTTP_RETRIES": "0",
    }  # fmt: skip
    with pytest.raises(LockError) as caught:
        world.build(lock)
    assert "rez-9.1.0" in caught.value.message
    assert CANARY not in f"{caught.value} {caught.value.hint}"


# Nobody is asked


def test_offline_does_not_fetch_a_source(world: World) -> None:
    with Recording() as index, pytest.raises(LockError) as caught:
        world.lock(tool("mine", f"git+http://127.0.0.1:{index.port}/mine"), context={"offline": True})
    assert f"127.0.0.1:{index.port}/mine" in caught.value.message
    assert index.connections == 0


def test_offline_makes_no_connection_and_says_what_is_missing(world: World) -> None:
    write_index(world.root / "index", *world.links.iterdir())
    with serving(world.root / "index") as server:
        world.environment = indexed(world, server.port)
        lock = world.lock()
    with Recording() as index:
        world.environment = indexed(world, index.port)
        world.environment |= {
            "UV_CACHE_DIR": str(world.root / "uv2"),
            "PIP_CACHE_DIR": str(world.root / "pip2"),
        }
        with pytest.raises(LockError) as caught:
            world.build(lock, offline=True, find=lambda wheel: None)
        assert "rez-9.1.0-py2.py3-none-any.whl" in caught.value.message
        assert caught.value.hint
        with pytest.raises(LockError) as caught:
            download(lock, (), world.root / "house", world.context(offline=True), world.find)
        assert "rez-9.1.0-py2.py3-none-any.whl" in caught.value.message
        with pytest.raises(RezupError):
            world.lock(context={"offline": True})
        assert index.connections == 0


def test_offline_build_fetches_nothing_from_an_address_of_its_own(world: World) -> None:
    project = my_project(world)
    text = (project / "pyproject.toml").read_text()
    with Recording() as server:
        address = f"needed @ http://127.0.0.1:{server.port}/needed-1.0-py3-none-any.whl"
        (project / "pyproject.toml").write_text(text.replace("requires = []", f'requires = ["{address}"]'))
        world.environment["NO_PROXY"] = world.environment["no_proxy"] = "127.0.0.1"
        with pytest.raises(LockError) as caught:
            world.lock(tool("mine", "./my ext", path=project), context={"offline": True})
        assert server.connections == 0
    assert "offline" in (caught.value.context or "")
    assert "needed" in (caught.value.context or "")


@pytest.mark.skipif(shutil.which("git") is None, reason="there is no git")
def test_programs_that_may_ask_nobody_do_not(tmp_path: Path) -> None:
    fetch = "import sys, urllib.request; urllib.request.urlopen(sys.argv[1])"
    with Recording() as server:
        url = f"http://127.0.0.1:{server.port}/x"
        for command in (["git", "ls-remote", url], [sys.executable, "-c", fetch, url]):
            environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "NO_PROXY": "*"}
            done = subprocess.run(
                command, env={**environment, **NO_NETWORK}, capture_output=True, check=False
            )
            assert done.returncode != 0
        assert server.connections == 0


def test_offline_lock_names_what_is_missing(world: World) -> None:
    world.environment["UV_CACHE_DIR"] = str(world.root / "uv2")
    with pytest.raises(LockError) as caught:
        world.lock(tool("not-here"), context={"offline": True})
    assert caught.value.message == "not-here can't be had"
    assert "offline" in (caught.value.context or "")
    assert "isolation" not in (caught.value.hint or "")


def test_what_lies_here_is_all_that_is_taken_where_that_is_asked_for(world: World) -> None:
    write_extension(world.links)
    lock = world.lock(tool("rez-thing"))
    with Recording() as index:
        url = f"http://127.0.0.1:{index.port}/"
        world.environment = without_proxy(indexed(world, index.port))
        configuration = world.root / "uv.toml"
        configuration.write_text(f'find-links = ["{url}links"]\n[[index]]\nurl = "{url}more"\n')
        world.environment["UV_CONFIG_FILE"] = str(configuration)
        options = ("--index-url", url, "--find-links", f"{url}links")
        built, _ = world.build(lock, tool("rez-thing"), pip_options=options, only_local=True)
        assert dict(built.distributions) == names(lock)

        def find(wheel: Wheel) -> Path | None:
            return None if wheel.name.startswith("rez_thing") else world.find(wheel)

        with pytest.raises(LockError) as caught:
            world.build(
                lock, tool("rez-thing"), pip_options=options, only_local=True, find=find, where="other"
            )
        assert "rez_thing-1.2-py2.py3-none-any.whl" in caught.value.message
        assert not (world.root / "other" / "venv" / "rez").exists()
        assert index.connections == 0
