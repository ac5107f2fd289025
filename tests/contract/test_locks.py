"""Both installers lock alike and install alike by a lock: the same cases, wheels of the tests, no network."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest

from rezup.errors import HashMismatchError, InstallError, LockError, RezupError
from rezup.installers.context import BuildContext
from rezup.installers.distributions import read_distributions
from rezup.installers.environments import build
from rezup.installers.facts import build_flags, from_facts, to_facts
from rezup.installers.interpreter import find_interpreter_for
from rezup.installers.locking import Upgrade, lock_environment
from rezup.installers.plans import Locked, plan
from rezup.installers.programs import bundled_pip, find_uv
from rezup.installers.reaching import NO_NETWORK
from rezup.installers.wheels import download
from rezup.lockfiles.lock import Lock, LockedPackage, Wheel
from rezup.lockfiles.reading import parse
from rezup.lockfiles.writing import to_bytes
from rezup.recipes.model import Backend, Recipe, Tool
from rezup.recipes.names import ToolName
from rezup.reporting import Reporter
from rezup.system.interpreters import running
from rezup.system.machine import platform_tag
from support.wheels import (
    WITNESS,
    digest,
    retag,
    write_extension,
    write_project,
    write_rez,
    write_sdist,
    write_wheel,
)

if TYPE_CHECKING:
    from rezup.installers.base import BuiltEnvironment

pytestmark = pytest.mark.skipif(os.name == "nt", reason="scripts of POSIX")

CANARY = "s3cr3t-canary"
PIP = bundled_pip(sys.version_info[:2])


class Listener(Reporter):
    """Keeps what was said."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def output(self, line: str) -> None:
        self.lines.append(line)

    def debug(self, message: str) -> None:
        self.lines.append(message)


@dataclass
class World:
    """A machine with a folder of wheels, and one of the two installers."""

    root: Path
    backend: Backend
    listener: Listener
    environment: dict[str, str]
    cache: Path | None
    runs: int = 0

    @property
    def links(self) -> Path:
        """The folder that this machine is configured to take wheels from."""
        return self.root / "links"

    @property
    def beside(self) -> Path:
        """The folder of wheels beside the lock."""
        return self.root / "locked" / "wheels"

    def context(self, **changes: Any) -> BuildContext:
        self.runs += 1
        context = BuildContext(
            environment=self.environment, folder=self.root / f"cwd{self.runs}", log=self.root / "log.txt",
            cache=self.cache, reporter=self.listener,
        )  # fmt: skip
        return context._replace(**changes)

    def recipe(self, *extensions: Tool, rez: Tool | None = None) -> Recipe:
        return Recipe(b"", "", None, rez or tool("rez"), extensions, backend=self.backend)

    def lock(self, *extensions: Tool, rez: Tool | None = None, number: int = 0, **fields: Any) -> Lock:
        context = self.context(**fields.pop("context", {}))
        chosen = plan(self.recipe(*extensions, rez=rez))[number]
        told = {"platforms": (), "sdists": False, **fields}
        lock = lock_environment(chosen, context, self.beside, **told)
        # What a lock is good for is what its bytes say.
        assert parse(to_bytes(lock), "of the test") == lock
        return lock

    def find(self, wheel: Wheel) -> Path | None:
        path = self.beside / wheel.name
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != wheel.sha256:
            return None
        return path

    def build(
        self, lock: Lock, *extensions: Tool, rez: Tool | None = None, where: str = "staging", **fields: Any
    ) -> tuple[BuiltEnvironment, Path]:
        chosen = plan(self.recipe(*extensions, rez=rez))[0]
        target = self.root / where / "venv" / chosen.name
        locked = Locked(lock, fields.pop("find", self.find), fields.pop("only_local", False))
        built = build(chosen, target, self.context(**fields), locked)
        return built, target


def tool(name: str, requirement: str | None = None, **fields: Any) -> Tool:
    return Tool(ToolName.parse(name), requirement or name, **fields)


def make_world(root: Path, backend: Backend, shared: Path, *, cache: Path | None = None) -> World:
    home = root / "home"
    home.mkdir(parents=True)
    environment = {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "PIP_FIND_LINKS": (root / "links").as_uri(),
        "PIP_NO_INDEX": "1",
        "PIP_CONFIG_FILE": os.devnull,
        "UV_CACHE_DIR": str(shared / "uv"),
    }
    if backend == "uv" and find_uv(environment, root) is None:
        pytest.skip("there is no uv")
    write_rez(root / "links")
    return World(root, backend, Listener(), environment, cache or shared / "cache")


@pytest.fixture(params=["uv", "pip"])
def world(request: pytest.FixtureRequest, tmp_path: Path, shared: Path) -> World:
    return make_world(tmp_path, request.param, shared)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("caches")


def names(lock: Lock) -> dict[str, str]:
    return {package.name: package.version for package in lock.packages}


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


# What a lock says


def test_names_versions_files_and_hashes_of_all_that_is_needed(world: World) -> None:
    write_extension(world.links, requires=("rez", "thing-too>=2"))
    wheel = write_wheel(world.links, "thing-too", "2.5", {"thing_too/__init__.py": ""})
    lock = world.lock(tool("rez-thing"))
    assert PIP is not None
    assert names(lock) == {
        "pip": PIP.name.split("-")[1], "rez": "9.1.0", "rez-thing": "1.2", "thing-too": "2.5"
    }  # fmt: skip
    assert (lock.python, lock.platforms) == ("{}.{}".format(*sys.version_info[:2]), (platform_tag(),))
    by_name = {package.name: package for package in lock.packages}
    assert by_name["thing-too"].wheels == (Wheel(wheel.name, sha256(wheel), None, wheel.stat().st_size),) or (
        by_name["thing-too"].wheels == (Wheel(wheel.name, sha256(wheel)),)
    )
    assert by_name["thing-too"].marker is None
    # Wheels of a folder are beside the lock: another machine hasn't got that folder.
    assert {path.name for path in world.beside.iterdir()} == {
        wheel.name for package in lock.packages for wheel in package.wheels
    }
    assert not list((world.root / "locked").rglob("*.dist-info"))


def test_the_same_is_locked_twice(world: World) -> None:
    write_extension(world.links)
    assert to_bytes(world.lock(tool("rez-thing"))) == to_bytes(world.lock(tool("rez-thing")))


def test_pip_of_the_recipe_is_the_one_that_is_locked(world: World) -> None:
    assert PIP is not None
    with zipfile.ZipFile(PIP) as archive:
        stem = "-".join(PIP.name.split("-")[:2])
        assert f"{stem}.dist-info/METADATA" in archive.namelist()
    shutil.copy(PIP, world.links)
    lock = world.lock(tool("rez", libraries=("pip",)), rez=tool("rez", libraries=("pip",)))
    assert names(lock)["pip"] == PIP.name.split("-")[1]


def test_versions_of_a_previous_lock_are_kept_until_they_are_not(world: World) -> None:
    write_extension(world.links)
    previous = world.lock(tool("rez-thing"))
    write_rez(world.links, "9.9")
    write_wheel(world.links, "rez-thing", "1.3", {"rez_thing/__init__.py": ""}, requires=("rez",))
    assert names(world.lock(tool("rez-thing")))["rez"] == "9.9"
    kept = world.lock(tool("rez-thing"), previous=previous)
    assert (names(kept)["rez"], names(kept)["rez-thing"]) == ("9.1.0", "1.2")
    one = world.lock(tool("rez-thing"), previous=previous, upgrade=Upgrade(("Rez_Thing",)))
    assert (names(one)["rez"], names(one)["rez-thing"]) == ("9.1.0", "1.3")
    all_ = world.lock(tool("rez-thing"), previous=previous, upgrade=Upgrade())
    assert (names(all_)["rez"], names(all_)["rez-thing"]) == ("9.9", "1.3")
    # What the recipe rules out isn't kept.
    new = world.lock(tool("rez-thing"), rez=tool("rez", "rez>=9.5"), previous=previous)
    assert names(new)["rez"] == "9.9"


def test_contradiction_is_one_clear_error(world: World) -> None:
    write_extension(world.links, requires=("rez<9",))
    write_rez(world.links, "8.0")
    with pytest.raises(InstallError) as caught:
        world.lock(tool("rez-thing"), rez=tool("rez", "rez>=9"))
    assert "environment rez can't be locked" in caught.value.message
    assert "isolation = true" in (caught.value.hint or "")


def test_isolated_environment_has_a_lock_of_its_own(world: World) -> None:
    write_extension(world.links, requires=("rez<9",))
    write_rez(world.links, "8.0")
    lone = tool("lone", "rez-thing", isolated=True, libraries=("rez<9",))
    assert names(world.lock(lone))["rez"] == "9.1.0"
    assert names(world.lock(lone, number=1))["rez"] == "8.0"


def test_embedded_runtime_has_an_empty_lock(world: World) -> None:
    recipe = world.recipe()._replace(runtime="embedded")
    lock = lock_environment(plan(recipe)[0], world.context(), world.beside, platforms=(), sdists=False)
    assert (lock.packages, lock.platforms) == ((), (platform_tag(),))
    assert not world.beside.exists()
    target = world.root / "staging" / "rez"
    built = build(plan(recipe)[0], target, world.context(), Locked(lock, world.find))
    assert built.tools[0].distribution == "rezup-api"


# What is built first


def my_project(world: World, version: str = "0.1") -> Path:
    return write_project(
        world.root / "my ext", "my-ext", version, {"my_ext.py": WITNESS}, {"my-tool": "my_ext:main"}
    )  # fmt: skip


def test_local_folder_is_locked_as_a_wheel(world: World) -> None:
    project = my_project(world)
    local = tool("whatever", "./my ext", path=project)
    lock = world.lock(local)
    (mine,) = (package for package in lock.packages if package.name == "my-ext")
    assert mine.version == "0.1"
    assert mine.origin is not None
    assert (mine.origin.source, mine.origin.tools, mine.origin.commit) == ("./my ext", ("whatever",), "")
    assert mine.wheels[0].path == "wheels/my_ext-0.1-py3-none-any.whl"
    assert sha256(world.beside / mine.wheels[0].name) == mine.wheels[0].sha256
    # Byte-code and version control are not what it is.
    (project / ".git").mkdir()
    (project / ".git" / "HEAD").write_text("ref")
    (project / "src" / "__pycache__").mkdir()
    (project / "src" / "__pycache__" / "x.pyc").write_bytes(b"x")
    (same,) = (package for package in world.lock(local).packages if package.name == "my-ext")
    assert same.origin == mine.origin
    (project / "src" / "my_ext.py").write_text("changed = 1\n")
    (other,) = (package for package in world.lock(local).packages if package.name == "my-ext")
    assert other.origin is not None
    assert other.origin.digest != mine.origin.digest
    assert other.wheels[0].sha256 != mine.wheels[0].sha256


def test_local_folder_is_installed_from_its_wheel(world: World) -> None:
    project = my_project(world)
    local = tool("whatever", "./my ext", path=project)
    lock = world.lock(local)
    shutil.rmtree(project)
    shutil.rmtree(world.links)
    built, target = world.build(lock, local, offline=True)
    assert [(t.name, t.distribution, t.version) for t in built.tools][1] == ("whatever", "my-ext", "0.1")
    done = subprocess.run([target / "bin/rez/my-tool"], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["file"].startswith(str(target))


def test_two_environments_get_one_wheel_of_a_source(world: World) -> None:
    project = my_project(world)
    (project / "backend" / "own_backend.py").write_text(
        (project / "backend" / "own_backend.py").read_text()
        + "\n_plain = _wheel\ndef _wheel(folder, files):\n    files['t.txt'] = os.urandom(8).hex()\n"
        "    return _plain(folder, files)\n"
    )
    rez = tool("rez", "./my ext", path=project)
    lone = tool("lone", "rez", isolated=True)
    context = world.context()
    plans = plan(world.recipe(lone, rez=rez))
    locks = [lock_environment(each, context, world.beside, platforms=(), sdists=False) for each in plans]
    found = {p.wheels for lock in locks for p in lock.packages if p.name == "my-ext"}
    assert len(found) == 1
    assert sha256(world.beside / "my_ext-0.1-py3-none-any.whl") == next(iter(found))[0].sha256


def git(folder: Path, *arguments: str) -> str:
    settings = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "HOME": str(folder)}
    identity = ["-c", "user.name=Test", "-c", "user.email=t@example.org"]
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=folder, env={"PATH": os.environ["PATH"], **settings},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.strip()


@pytest.mark.skipif(shutil.which("git") is None, reason="there is no git")
@pytest.mark.parametrize("revision", ["", "@main"])
def test_repository_is_locked_with_its_commit(world: World, revision: str) -> None:
    project = my_project(world)
    git(project, "init", "-q", "-b", "main")
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", "one")
    commit = git(project, "rev-parse", "HEAD")
    url = f"git+{project.as_uri()}{revision}"
    lock = world.lock(tool("mine", url))
    (mine,) = (package for package in lock.packages if package.name == "my-ext")
    assert mine.origin is not None
    assert (mine.origin.commit, mine.origin.source, mine.origin.tools) == (commit, url, ("mine",))
    built, _ = world.build(lock, tool("mine", url))
    assert built.tools[1].distribution == "my-ext"


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


def test_edit_mode_is_outside_but_what_it_needs_is_inside(world: World) -> None:
    write_wheel(world.links, "thing-too", "2.5", {"thing_too/__init__.py": ""})
    project = my_project(world)
    backend = project / "backend" / "own_backend.py"
    backend.write_text(
        backend.read_text().replace('Version: %s\\n"', 'Version: %s\\nRequires-Dist: thing-too\\n"')
    )
    edited = tool("mine", str(project), path=project, editable=True)
    with (project / "pyproject.toml").open("a") as stream:  # uv believes what stands there
        stream.write('dependencies = ["thing-too"]\n')
    lock = world.lock(edited)
    assert set(names(lock)) == {"pip", "rez", "thing-too"}
    built, target = world.build(lock, edited)
    assert built.tools[1].editable == project
    assert set(dict(built.distributions)) == {"pip", "rez", "thing-too", "my-ext"}
    done = subprocess.run([target / "bin/rez/my-tool"], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["file"] == str(project / "src/my_ext.py")


def test_source_distribution_is_built_where_the_recipe_allows(world: World) -> None:
    archive = write_sdist(my_project(world), world.links)
    with pytest.raises(LockError) as caught:
        world.lock(tool("mine", "my-ext"))
    assert "sdists = true" in (caught.value.hint or "")
    lock = world.lock(tool("mine", "my-ext"), sdists=True)
    (mine,) = (package for package in lock.packages if package.name == "my-ext")
    assert mine.origin is not None
    assert mine.origin.digest == sha256(archive)
    assert mine.wheels[0].path == "wheels/my_ext-0.1-py3-none-any.whl"
    assert names(
        world.lock(tool("mine", "my-ext"), context={"pip_options": ("--no-binary", "my-ext")})
    ) == names(lock)
    built, _ = world.build(lock, tool("mine", "my-ext"))
    assert built.tools[1].distribution == "my-ext"


def test_offline_does_not_fetch_a_source(world: World) -> None:
    with Recording() as index, pytest.raises(LockError) as caught:
        world.lock(tool("mine", f"git+http://127.0.0.1:{index.port}/mine"), context={"offline": True})
    assert f"127.0.0.1:{index.port}/mine" in caught.value.message
    assert index.connections == 0


# Installing by a lock


def test_what_is_locked_is_installed_and_nothing_else(world: World) -> None:
    write_extension(world.links)
    lock = world.lock(tool("rez-thing"))
    write_rez(world.links, "9.9")
    built, target = world.build(lock, tool("rez-thing"))
    assert dict(built.distributions) == {**names(lock)}
    assert built.leftovers == ()
    site = next(target.glob("lib/python*/site-packages"))
    for distribution in read_distributions(site):
        for path, (recorded, _) in distribution.record().items():
            place = site / path
            assert place.is_file(), path
            if recorded:
                assert recorded == digest(place.read_bytes()), path
    assert subprocess.run([target / "bin/rez/rez-env"], capture_output=True, check=True).returncode == 0
    assert subprocess.run([target / "bin/pip", "--version"], capture_output=True, check=True).returncode == 0


def test_two_machines_get_the_same_bytes(world: World, shared: Path) -> None:
    project = my_project(world)
    write_extension(world.links)
    tools = (tool("rez-thing"), tool("mine", "./my ext", path=project))
    lock = world.lock(*tools)
    other = make_world(world.root / "another one", world.backend, shared, cache=world.root / "other cache")
    shutil.copytree(world.beside, other.beside)
    shutil.rmtree(other.links)
    write_extension(other.links)
    write_rez(other.links, "9.9")
    world.cache = None
    _, one = world.build(lock, *tools)
    # There it comes from the wheels beside the lock, here from the configured folder.
    _, two = other.build(lock, *tools, where="elsewhere")
    assert tree(one) == tree(two)
    assert len(tree(one)) > 500
    _, three = world.build(
        lock,
        *tools,
        where="third",
        find=lambda wheel: None if wheel.name.startswith("rez") else world.find(wheel),
    )
    assert tree(one) == tree(three)


def tree(root: Path) -> dict[str, str]:
    found = {}
    for path in root.rglob("*"):
        name = path.relative_to(root).as_posix()
        if path.is_symlink():
            found[name] = f"link {os.readlink(path)}"
        elif path.is_file():
            found[name] = f"{path.stat().st_mode & 0o111:o} {sha256(path)}"
    return found


def test_no_trace_of_the_machine(world: World) -> None:
    project = my_project(world)
    local = tool("mine", str(project), path=project)
    lock = world.lock(local)
    _, target = world.build(lock, local)
    assert not [
        path for path in target.rglob("*") if path.name in ("direct_url.json", "uv_cache.json", "REQUESTED")
    ]
    root = os.fsencode(world.root)
    assert not [p for p in target.rglob("*") if p.is_file() and not p.is_symlink() and root in p.read_bytes()]


def changed(path: Path) -> None:
    """One byte of a wheel, so that it stays a good archive."""
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data.replace(b"import json", b"import jsoN"))


def test_one_changed_byte_of_a_wheel_here_is_refused(world: World) -> None:
    lock = world.lock()
    (rez,) = (package for package in lock.packages if package.name == "rez")
    path = world.beside / rez.wheels[0].name
    changed(path)
    with pytest.raises(HashMismatchError) as caught:
        world.build(lock, find=lambda wheel: world.beside / wheel.name)
    error = caught.value
    assert (error.name, error.expected, error.found) == (path.name, rez.wheels[0].sha256, sha256(path))


def test_one_changed_byte_of_a_wheel_of_the_index_is_refused(world: World) -> None:
    lock = world.lock()
    (rez,) = (package for package in lock.packages if package.name == "rez")
    path = world.links / rez.wheels[0].name
    changed(path)
    world.environment["UV_CACHE_DIR"] = str(world.root / "uv2")  # the other one holds the good file
    with pytest.raises(HashMismatchError) as caught:
        world.build(lock, find=lambda wheel: None)
    error = caught.value
    assert (error.name, error.expected, error.found) == (path.name, rez.wheels[0].sha256, sha256(path))


def test_settings_of_resolving_have_no_say(world: World) -> None:
    lock = world.lock()
    (world.root / "constraints.txt").write_text("rez==1.0\n")
    (world.root / "more.txt").write_text("there-is-no-such-thing\n")
    options = (
        "--constraint", str(world.root / "constraints.txt"), "--requirement", str(world.root / "more.txt"),
        "--no-binary", ":all:",
    )  # fmt: skip
    world.environment |= {"UV_CONSTRAINT": str(world.root / "constraints.txt"), "UV_NO_BINARY": "1"}
    built, _ = world.build(lock, pip_options=options, find=lambda wheel: None)
    assert dict(built.distributions)["rez"] == "9.1.0"


def test_missing_wheel_that_was_built_is_named(world: World) -> None:
    project = my_project(world)
    local = tool("mine", str(project), path=project)
    lock = world.lock(local)
    with pytest.raises(LockError) as caught:
        world.build(lock, local, find=lambda wheel: None)
    assert "my_ext-0.1-py3-none-any.whl" in caught.value.message
    assert caught.value.hint


def test_wheel_that_the_index_has_no_more_is_named(world: World) -> None:
    lock = world.lock()
    shutil.rmtree(world.links)
    write_rez(world.links, "9.9")
    with pytest.raises(LockError) as caught:
        world.build(lock, find=lambda wheel: None)
    assert "rez-9.1.0-py2.py3-none-any.whl" in caught.value.message
    assert caught.value.hint


def test_lock_of_another_python_or_platform_is_refused(world: World) -> None:
    lock = world.lock()
    with pytest.raises(LockError, match=r"covers? "):
        world.build(lock._replace(platforms=("win32-amd64",)))
    with pytest.raises(LockError, match=r"3\.99"):
        world.build(lock._replace(python="3.99"), rez=tool("rez", python=">=3.10,<3.20"))
    with pytest.raises(LockError, match=r"3\.99"):
        world.build(lock._replace(python="3.99"), rez=tool("rez", python=str(running().base.path)))
    assert not (world.root / "staging").exists() or not any((world.root / "staging").rglob("pyvenv.cfg"))


def test_interpreter_is_the_one_of_the_lock(world: World) -> None:
    lock = world.lock()
    here = running().base
    for python in (None, f">={lock.python}", lock.python, str(here.path)):
        (chosen, *_) = plan(world.recipe(rez=tool("rez", python=python)))
        found = find_interpreter_for(chosen, world.context(), lock)
        assert found == here, python
    assert world.listener.lines == [] or not [line for line in world.listener.lines if "python find" in line]


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


def test_home_that_can_not_be_written(world: World) -> None:
    lock = world.lock()
    world.environment.pop("UV_CACHE_DIR")
    world.environment |= {"HOME": "/dev/null/home", "PIP_NO_CACHE_DIR": "1"}
    built, _ = world.build(lock, find=lambda wheel: None)
    assert dict(built.distributions) == names(lock)


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


# Other platforms


def test_platforms_of_a_recipe(world: World) -> None:
    write_wheel(
        world.links, "for-all", "1.0", {"for_all.py": ""}, requires=('only-windows; sys_platform == "win32"',)
    )
    write_wheel(world.links, "only-windows", "1.0", {"only_windows.py": ""})
    for tags in (
        "cp{0}-cp{0}-win_amd64",
        "cp{0}-cp{0}-macosx_11_0_arm64",
        "cp{0}-cp{0}-manylinux_2_17_x86_64",
    ):
        wheel = write_wheel(world.links, "compiled", "1.0", {"compiled.py": ""})
        retag(wheel, tags.format("".join(map(str, sys.version_info[:2]))))
    platforms = ("linux-x86_64", "win32-amd64")
    tools = (tool("for-all"), tool("compiled"))
    if world.backend == "pip":
        with pytest.raises(LockError, match="another platform"):
            world.lock(*tools, platforms=platforms)
        return
    lock = world.lock(*tools, platforms=platforms)
    by_name = {package.name: package for package in lock.packages}
    assert "win32" in (by_name["only-windows"].marker or "")
    assert [wheel.name.split("-")[4] for wheel in by_name["compiled"].wheels] == [
        "manylinux_2_17_x86_64.whl", "win_amd64.whl"
    ]  # fmt: skip
    with pytest.raises(LockError) as caught:
        world.lock(*tools, platforms=("darwin-x86_64", "linux-x86_64"))
    assert "compiled 1.0" in str(caught.value)
    assert "darwin-x86_64" in str(caught.value)
    if platform_tag() == "linux-x86_64":
        built, _ = world.build(lock, *tools)
        assert "only-windows" not in dict(built.distributions)
    house = world.root / "house"
    files = download(lock, platforms, house, world.context(), world.find)
    assert files == tuple(sorted(house.iterdir()))
    expected = {wheel.name for package in lock.packages for wheel in package.wheels}
    assert {path.name for path in files} == expected
    # The same from where the machine gets its wheels, for each platform.
    again = download(
        lock, platforms, world.root / "house2", world.context(),
        lambda wheel: world.find(wheel) if wheel.name.startswith("pip-") else None,
    )  # fmt: skip
    assert {path.name: sha256(path) for path in again} == {path.name: sha256(path) for path in files}


# Wheels for machines that differ


def compiled(world: World, *platforms: str) -> tuple[Wheel, ...]:
    """Wheels of one package for this Python and several systems, on the index."""
    python = "cp{}{}".format(*sys.version_info[:2])
    made = []
    for platform in platforms:
        written = write_wheel(world.links, "compiled", "1.0", {"compiled.py": f"system = {platform!r}\n"})
        path = retag(written, f"{python}-{python}-{platform}")
        made.append(Wheel(path.name, sha256(path), f"https://host/{path.name}"))
    return tuple(sorted(made))


@pytest.fixture
def several(world: World) -> Lock:
    """The lock of a recipe with a package that has wheels for several systems."""
    if platform_tag() != "linux-x86_64":
        pytest.skip("wheels of Linux")
    wheels = compiled(
        world, "manylinux_2_5_x86_64.manylinux1_x86_64", "manylinux_2_17_x86_64", "manylinux_2_99_x86_64",
        "musllinux_1_2_x86_64", "manylinux_2_17_aarch64",
    )  # fmt: skip
    lock = world.lock()
    return lock._replace(packages=(LockedPackage("compiled", "1.0", wheels), *lock.packages))


def test_every_machine_of_a_platform_finds_its_wheel_in_the_house(world: World, several: Lock) -> None:
    files = download(several, (), world.root / "house", world.context(), world.find)
    systems = [path.stem.split("-")[4] for path in files if path.name.startswith("compiled")]
    assert systems == [
        "manylinux_2_17_x86_64", "manylinux_2_5_x86_64.manylinux1_x86_64", "manylinux_2_99_x86_64",
        "musllinux_1_2_x86_64",
    ]  # fmt: skip
    expected = {wheel.name: wheel.sha256 for package in several.packages for wheel in package.wheels}
    assert {path.name: expected[path.name] for path in files} == {path.name: sha256(path) for path in files}


@pytest.mark.skipif(platform_tag() != "linux-x86_64", reason="wheels of Linux")
def test_a_wheel_that_is_here_is_taken_before_a_better_one_that_is_not(world: World, several: Lock) -> None:
    from packaging.tags import platform_tags

    if "manylinux_2_17_x86_64" not in platform_tags():
        pytest.skip("it has another C library")
    (old,) = (w for p in several.packages for w in p.wheels if "manylinux_2_5" in w.name)
    shutil.copy(world.links / old.name, world.beside)
    shutil.rmtree(world.links)
    built, target = world.build(several, tool("compiled"), offline=True)
    (module,) = target.glob("lib/*/site-packages/compiled.py")
    assert "manylinux_2_5_x86_64" in module.read_text()
    assert built.tools[1].distribution == "compiled"


def test_lock_of_others_covers_this_machine(world: World) -> None:
    foreign = world.lock()._replace(python=None, platforms=())
    files = download(foreign, (), world.root / "house", world.context(), world.find)
    assert {path.name for path in files} == {w.name for p in foreign.packages for w in p.wheels}


# Facts


def test_facts_round_trip(world: World) -> None:
    project = my_project(world)
    tools = (tool("mine", str(project), path=project, editable=True),)
    lock = world.lock(*tools)
    built, _ = world.build(lock, *tools)
    (chosen, *_) = plan(world.recipe(*tools))
    facts = json.loads(json.dumps(to_facts(built)))
    assert from_facts(facts, chosen) == built
    for key in facts:
        for damage in (None, 7, [7], "../x" if key in ("python", "scripts") else {"x": 1}):
            with pytest.raises(ValueError, match="the facts of rez are damaged"):
                from_facts({**facts, key: damage}, chosen)
        with pytest.raises(ValueError, match="rez"):
            from_facts({name: value for name, value in facts.items() if name != key}, chosen)
    with pytest.raises(ValueError, match="other tools"):
        from_facts(facts, plan(world.recipe())[0])


def test_flags_tell_apart_what_differs(world: World) -> None:
    here, lock = running().base, world.lock()

    def flags(*tools: Tool, lock: Lock = lock, **fields: Any) -> tuple[str, ...]:
        (chosen, *_) = plan(world.recipe(*tools))
        return build_flags(chosen, here, world.context(**fields), lock)

    variants = [
        flags(), flags(edit_in_production=True), flags(tool("rez-thing")), flags(tool("other", "rez-thing")),
        flags(tool("rez-thing", flags=("-I",))),
        # Which of two distributions a tool is.
        flags(tool("t", "aaatool", libraries=("bbbtool",))), flags(tool("t", "bbbtool", libraries=("aaatool",))),
    ]  # fmt: skip
    assert len(set(variants)) == len(variants)
    assert flags() == flags()
    assert flags(tool("t", "aaatool")) == flags(tool("t", "AAAtool[x] >= 1"))
    moved = here._replace(path=Path("/another/python"))
    assert build_flags(plan(world.recipe())[0], moved, world.context(), lock) != flags()


def test_folders_of_two_machines_share_what_was_built_of_them(world: World) -> None:
    lock = world.lock(tool("mine", "./my ext", path=my_project(world)))
    found = {
        build_flags(plan(world.recipe(tool("mine", path, path=Path(path))))[0], running().base, world.context(), lock)
        for path in ("/one/my ext", "/another/place")
    }  # fmt: skip
    assert len(found) == 1
    other = lock._replace(
        packages=tuple(p._replace(name="other") if p.origin is not None else p for p in lock.packages)
    )
    chosen = plan(world.recipe(tool("mine", "/one", path=Path("/one"))))[0]
    assert build_flags(chosen, running().base, world.context(), other) not in found


def test_pip_of_this_machine_counts_where_the_lock_has_none(world: World) -> None:
    assert PIP is not None
    lock = world.lock()
    (chosen, *_) = plan(world.recipe())
    without = lock._replace(packages=tuple(p for p in lock.packages if p.name != "pip"))
    one, other = (build_flags(chosen, running().base, world.context(), each) for each in (lock, without))
    assert sha256(PIP) not in " ".join(one)
    assert sha256(PIP) in " ".join(other)


def test_facts_of_another_distribution_are_refused(world: World) -> None:
    write_extension(world.links)
    write_wheel(world.links, "bbb-tool", "1.0", {"bbb.py": WITNESS}, scripts={"b-tool": "bbb:main"})
    one = tool("t", "rez-thing", libraries=("bbb-tool",))
    built, _ = world.build(world.lock(one), one)
    facts = json.loads(json.dumps(to_facts(built)))
    assert from_facts(facts, plan(world.recipe(one))[0]) == built
    swapped = tool("t", "bbb-tool", libraries=("rez-thing",))
    with pytest.raises(ValueError, match="another distribution"):
        from_facts(facts, plan(world.recipe(swapped))[0])
