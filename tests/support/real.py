"""Worlds that reach the package index of this machine, a shared revision of the real Rez, and their fixtures.

A test module takes the fixtures with ``pytest_plugins = ["support.real"]``, and may import the rest, too:
that is why pytest is told PYTEST_DONT_REWRITE, lest it warn of a plugin that is imported already.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from support.world import World

if TYPE_CHECKING:
    from collections.abc import Mapping

    from support.world import Outcome

#: The Rez whose source is taken.
REZ = "3.4.0"

#: Variables that tell how an index is reached, beside those of pip.
_NETWORK = (
    "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL",
    "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_CONFIG_FILE", "UV_NATIVE_TLS",
)  # fmt: skip
#: A user's own settings of pip and uv, below the home folder.
_SETTINGS = (".config/pip/pip.conf", ".pip/pip.conf", ".config/uv/uv.toml")


def network_variables() -> dict[str, str]:
    """How this machine reaches its index, and where its Pythons are."""
    found = {name: value for name, value in os.environ.items() if name.startswith("PIP_") or name in _NETWORK}
    pythons = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    return {**found, "PYENV_ROOT": str(pythons)} if pythons.is_dir() else found


def settle(world: World, uv_cache: Path, **variables: str) -> World:
    """Let a world reach the index, and share what uv has fetched."""
    world.variables.update({**network_variables(), "UV_CACHE_DIR": str(uv_cache), **variables})
    for name in _SETTINGS:
        own = Path.home() / name
        if own.is_file():
            world.write(name, own.read_text(encoding="utf-8"))
    return world


@dataclass
class Inside:
    """A revision to run things in, as an artist on a machine of his own."""

    world: World
    container: str = ".main"

    def run(self, *command: str | Path, **options: Any) -> Outcome:
        """Run a command in the revision, however it ends."""
        return self.world.rezup("use", self.container, "--", *command, **options)

    def ask(self, *command: str | Path, **options: Any) -> str:
        """What a command prints; it must succeed and have nothing to complain of."""
        outcome = self.run(*command, **options)
        assert (outcome.code, outcome.err) == (0, ""), outcome
        return outcome.out.strip()

    def python(self, code: str, *before: str, **options: Any) -> str:
        """What a line of Python prints that ``rez-python`` runs, e.g. within ``rez-env``."""
        return self.ask(*before, "rez-python", "-c", code, **options)

    @property
    def folder(self) -> Path:
        """The newest revision."""
        root = Path(self.world.variables.get("REZUP_ROOT_LOCAL", self.world.root))
        return max((root / self.container).glob("[0-9]*"), key=lambda path: float(path.name))

    def package(self, name: str, version: str = "1.0", text: str = "") -> None:
        """A Rez package in the user's local repository."""
        definition = f"name = {name!r}\nversion = {version!r}\n{text}\n"
        self.world.write(f"packages/{name}/{version}/package.py", definition)


def run_program(
    *arguments: str | Path, env: Mapping[str, str], cwd: Path | None = None, timeout: float = 300
) -> str:
    """The output of a program that must succeed."""
    done = subprocess.run(
        arguments, env=env, cwd=cwd, timeout=timeout, check=False,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    return done.stdout


def base_python() -> Path:
    """The Python below the virtual environment that runs the tests."""
    if os.name == "nt":
        return Path(sys.base_prefix) / "python.exe"
    return Path(sys.base_prefix) / "bin" / f"python{sys.version_info[0]}.{sys.version_info[1]}"


def unpacked(archive: Path, folder: Path) -> Path:
    """The source tree in an archive."""
    with tarfile.open(archive) as stream:
        stream.extractall(folder, filter="data")
    (source,) = folder.iterdir()
    return source


def without_programs(path: str, *names: str) -> str:
    """A PATH without the folders that hold one of these programs."""
    folders = path.split(os.pathsep)
    return os.pathsep.join(f for f in folders if not any(shutil.which(name, path=f) for name in names))


@pytest.fixture(scope="session")
def uv_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What uv has fetched, for all worlds of a session."""
    return tmp_path_factory.mktemp("uv-cache")


@pytest.fixture
def real_world(world: World, uv_cache: Path) -> World:
    """A machine of its own that reaches the index."""
    return settle(world, uv_cache)


@pytest.fixture(scope="session")
def built_root(tmp_path_factory: pytest.TempPathFactory, uv_cache: Path) -> Path:
    """A root with one revision of the default recipe, built once by the command line. Not to be changed."""
    machine = settle(World(tmp_path_factory.mktemp("shared") / "machine"), uv_cache)
    outcome = machine.rezup("add", "--skip-use")
    assert outcome.code == 0, outcome.err
    return machine.root


@pytest.fixture(scope="session")
def rez_archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source of Rez as the index has it."""
    folder = tmp_path_factory.mktemp("source")
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", "rez", "-d", folder]
    done = subprocess.run([*command, f"rez=={REZ}"], capture_output=True, check=False)
    if done.returncode:
        pytest.skip(f"the index has no source of Rez {REZ}, or it can't be prepared")
    return next(folder.glob("rez-*.tar.gz"))


@pytest.fixture
def inside(real_world: World, built_root: Path) -> Inside:
    """The shared revision, used from a fresh home."""
    real_world.variables["REZUP_ROOT_LOCAL"] = str(built_root)
    return Inside(real_world)
