"""Machines with an installed rezup that upgrades itself: wheels of several versions, and an index on 127.0.0.1.

A test module takes the fixtures with ``pytest_plugins = ["support.upgrades"]``, and imports the rest: that
is why pytest is told PYTEST_DONT_REWRITE, as in ``support.real``. Nothing here reaches the network: the
wheels of the checkout are built once, and every version is one of them with other numbers in it.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from filelock import FileLock

from support.upgrade_index import Index
from support.upgrade_wheels import (
    NEW,
    OLD,
    TELL,
    Installation,
    build_wheels,
    make_installation,
    put_dependencies,
    variant,
)
from support.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from support.world import Outcome


@dataclass
class Machine(World):
    """A user's machine with rezup installed, and somewhere that newer versions come from.

    The installation is shared by all tests unless one asks for its own: upgrading must not touch it.
    """

    kit: Kit = field(kw_only=True)
    installation: Installation = field(kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.releases = self.folder / "releases"
        self.releases.mkdir()
        self.variables = {
            "REZUP_NO_UPGRADE": "",
            "REZUP_UPGRADE_SOURCE": str(self.releases),
            "PIP_CONFIG_FILE": os.devnull,
            "UV_CACHE_DIR": str(self.kit.uv_cache),
            "CI": "",
            **self.variables,
        }

    def command(self, *arguments: str | Path) -> list[str]:  # type: ignore[override]
        """The argument list of a run."""
        return [str(self.installation.python), str(self.installation.script), *map(str, arguments)]

    def own_installation(self) -> Installation:
        """Leave the shared installation for a copy of it that may be changed."""
        folder = self.folder / "installation"
        shutil.copytree(self.installation.folder, folder, symlinks=True)
        self.installation = Installation(folder)
        return self.installation

    def publish(self, version: str = NEW, *, command_line: bool = False, **changes: Any) -> Path:
        """Offer a version; returns the wheel of the library."""
        if command_line:
            self.kit.wheel(self.releases, "rezup", version)
        return self.kit.wheel(self.releases, "rezup-api", version, **changes)

    def ask(self, index: Index, *, login: str = "") -> None:
        """Get versions from an index, not from the folder."""
        self.variables["REZUP_UPGRADE_SOURCE"] = ""
        self.variables["PIP_INDEX_URL"] = index.url.replace("://", f"://{login}")

    def use(self, *options: str, **keywords: Any) -> Outcome:
        """Run a command in a revision; it must succeed, whatever happens to the upgrade."""
        if not (self.root / "foo").exists():
            self.revision("foo", "100.000000")
        outcome = self.rezup("use", "foo", *options, "--", *TELL, **keywords)
        assert outcome.code == 0, outcome.err
        assert "Traceback" not in outcome.err, outcome.err
        return outcome

    def used(self, **keywords: Any) -> str:
        """The version of the library that a command is run by, which may be after an upgrade."""
        return self.use(**keywords).out.split()[-1]

    def library(self, **keywords: Any) -> str:
        """The version of the library that would be used, without any upgrade."""
        outcome = self.rezup("--version", **keywords)
        assert (outcome.code, outcome.err) == (0, ""), outcome
        found = re.search(r"rezup-api ([^)]*)\)", outcome.out)
        assert found, outcome.out
        return found[1]

    def self_(self, *arguments: str, **keywords: Any) -> Outcome:
        """A command of ``rezup self`` that must succeed."""
        outcome = self.rezup("self", *arguments, **keywords)
        assert outcome.code == 0, outcome.err
        return outcome

    @property
    def api(self) -> Path:
        """The folder of the libraries beside the installed one; there must be one."""
        (folder,) = (self.home / ".local/share/rezup/api").iterdir()
        return folder

    @property
    def stamp(self) -> Path:
        """The file that says when the next check is due; there must be one."""
        (path,) = (self.home / ".local/state/rezup/upgrade").glob("*.stamp")
        return path

    @property
    def pointer(self) -> dict[str, Any]:
        return dict(json.loads((self.api / "current.json").read_bytes()))

    def be_upgraded(self) -> Path:
        """Have `NEW` in use, from a check that was just made; returns the folder of that library."""
        self.publish(NEW)
        if self.installation == self.kit.installation:
            shutil.copytree(self.kit.upgraded(), self.home / ".local", dirs_exist_ok=True)
            self.set_stamp(time.time())
        else:
            assert self.used() == NEW
        return self.api / NEW

    def point(self, **changes: Any) -> None:
        """Change what the pointer says."""
        document = {**self.pointer, **changes}
        (self.api / "current.json").write_text(json.dumps(document))

    def let_pass(self) -> None:
        """Let ten days pass: the pause is over, and what failed is forgiven."""
        past = time.time() - 900_000
        if list((self.home / ".local/state/rezup/upgrade").glob("*.stamp")):
            self.set_stamp(past)
        for path in (self.home / ".local/state/rezup/upgrade").glob("*.failed"):
            os.utime(path, (past, past))

    def let_one_pass(self) -> None:
        """Let the pause be over, but no more."""
        self.set_stamp(time.time() - 2 * 86400)

    def set_stamp(self, last: float) -> None:
        """Let the last check have been made at a certain time."""
        self.stamp.write_text(" ".join([f"{last:.0f}", *self.stamp.read_text().split()[1:]]) + "\n")

    def choices(self, prepare: str, cases: Sequence[Any]) -> list[str | None]:
        """Which library a start would take, for each of several cases, all in one process.

        :param prepare: code that sets up a ``case`` for the start; it may use ``api``, the folder
        """
        code = (
            "import json, os, sys\nfrom pathlib import Path\nfrom rezup_cli import bootstrap\n"
            "api, found, path = Path(sys.argv[1]), [], list(sys.path)\n"
            "for case in json.load(sys.stdin):\n"
            + "".join(f"    {line}\n" for line in prepare.splitlines())
            + "    library = bootstrap.begin(['use']).library\n"
            "    found.append(library and library.version)\n"
            "    sys.path[:] = path\n"
            "print(json.dumps(found))\n"
        )
        done = subprocess.run(
            [self.installation.python, "-c", code, self.api], input=json.dumps(cases),
            env=self.environ, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return list(json.loads(done.stdout))

    def leftovers(self) -> list[str]:
        """What no finished upgrade leaves behind."""
        return sorted(p.name for p in self.api.iterdir() if p.name.startswith("."))


@dataclass(frozen=True)
class Kit:
    """What all machines of a test session share; not to be changed."""

    folder: Path

    @property
    def built(self) -> Path:
        return self.folder / "built"

    @property
    def dependencies(self) -> Path:
        return self.folder / "dependencies"

    @property
    def uv_cache(self) -> Path:
        return self.folder / "uv-cache"

    @property
    def installation(self) -> Installation:
        return Installation(self.folder / "installation")

    def prepare(self) -> None:
        build_wheels(self.built)
        self.dependencies.mkdir()
        put_dependencies(self.dependencies)
        make_installation(
            self.installation.folder, self.dependencies,
            variant(self.built, self.folder / "old", "rezup-api", OLD),
            variant(self.built, self.folder / "old", "rezup", OLD),
        )  # fmt: skip
        self.uv_cache.mkdir()

    def wheel(self, folder: Path, name: str, version: str, **changes: Any) -> Path:
        """A wheel in a folder; those without changes are made but once."""
        if changes:
            return variant(self.built, folder, name, version, **changes)
        stored = self.folder / "wheels" / f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
        if not stored.exists():
            draft = self.folder / "wheels" / f"{os.getpid()}-{threading.get_ident()}"
            with contextlib.suppress(FileNotFoundError):
                variant(self.built, draft, name, version).rename(stored)
        folder.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copy2(stored, folder))

    def upgraded(self) -> Path:
        """What an upgrade to `NEW` leaves in the home of a user."""
        folder = self.folder / "upgraded"
        with FileLock(self.folder / "upgraded.lock"):
            if not (folder / "done").exists():
                machine = self.machine(folder)
                machine.publish(NEW)
                assert machine.used() == NEW
                (folder / "done").touch()
        return folder / "home" / ".local"

    def machine(self, folder: Path, **variables: str) -> Machine:
        return Machine(folder, variables, kit=self, installation=self.installation)


@pytest.fixture(scope="session")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Kit:
    """Built once, also where several processes run the tests."""
    folder = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        folder = folder.parent
    kit = Kit(folder / "upgrade-kit")
    with FileLock(folder / "upgrade-kit.lock"):
        if not (folder / "upgrade-kit.done").exists():
            kit.prepare()
            (folder / "upgrade-kit.done").touch()
    return kit


@pytest.fixture
def machine(kit: Kit, tmp_path: Path) -> Machine:
    """A machine whose versions come from a folder that is empty yet."""
    return kit.machine(tmp_path / "machine")


@pytest.fixture
def index(machine: Machine) -> Iterator[Index]:
    """An index of what the machine publishes."""
    index = Index(machine.releases)
    yield index
    index.close()
