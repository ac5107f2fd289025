"""A machine of its own for a test: a home, roots, and the real entry point in a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rezup.containers import receipt as receipts
from rezup.containers.receipt import EnvironmentRecord, Receipt, ToolRecord
from rezup.recipes.names import ContainerName
from rezup.stores.base import RECEIPT, RECIPE
from rezup.stores.local import LocalStore
from rezup.stores.remote import RemoteStore
from rezup.stores.stamps import Stamp
from rezup.system.machine import platform_tag
from support.wheels import write_rez

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

#: What of the real environment a program needs to run at all.
_KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT")

#: Variables that have processes measured as this one is; none where nothing is measured. Measuring doubles
#: the time of a process, so `conftest` hands them out for the first case of each test only.
MEASURED: dict[str, str] = {}


def unmeasured(environ: Mapping[str, str]) -> dict[str, str]:
    """An environment without what has coverage measured in it."""
    return {name: value for name, value in environ.items() if not name.startswith("COVERAGE_")}


@dataclass(frozen=True)
class Outcome:
    """How a run ended."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """The data of the JSON document on stdout."""
        return json.loads(self.out)["data"]


@dataclass
class World:
    """One machine; several of them may share a remote root."""

    folder: Path
    variables: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.home = self.folder / "home"
        self.home.mkdir(parents=True)
        self.root = self.home / ".rezup"

    @property
    def environ(self) -> dict[str, str]:
        """The environment of every run."""
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        own = {"HOME": str(self.home), "SHELL": "/bin/sh", "REZUP_NO_UPGRADE": "1"}
        return {**kept, **MEASURED, **own, **self.variables}

    @property
    def unmeasured(self) -> dict[str, str]:
        """The same for processes that do so much that to measure them would take minutes."""
        return unmeasured(self.environ)

    def rezup(self, *arguments: str | Path, timeout: float = 120, **options: Any) -> Outcome:
        """Run the command line to its end."""
        options.setdefault("stdin", subprocess.DEVNULL)
        done = subprocess.run(
            self.command(*arguments),
            env={**self.environ, **options.pop("env", {})},
            capture_output=True,
            text=True,
            timeout=timeout,
            cwd=options.pop("cwd", self.home),
            check=False,
            **options,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    def start(self, *arguments: str | Path, **options: Any) -> subprocess.Popen[str]:
        """Start the command line and leave it running."""
        options.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.Popen(
            self.command(*arguments),
            env={**self.environ, **options.pop("env", {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.home,
            **options,
        )

    @contextlib.contextmanager
    def in_use(self, target: str = "foo", *, file: Path | None = None) -> Iterator[subprocess.Popen[str]]:
        """A program in a container that has begun, and ends with the next line that it gets, or with the block.

        :param file: is open from the beginning on, and what is in it is printed at the end
        """
        name = os.devnull if file is None else str(file)
        code = f"with open({name!r}) as f:\n print('in', flush=True)\n input()\n print(f.read(), end='')"
        with self.start("use", target, "--", sys.executable, "-c", code, stdin=subprocess.PIPE) as user:
            assert user.stdout is not None
            assert user.stdout.readline() == "in\n"
            yield user
            if user.stdin is not None and not user.stdin.closed:
                user.communicate("\n", timeout=60)

    @staticmethod
    def command(*arguments: str | Path) -> list[str]:
        """The argument list of a run."""
        return [sys.executable, "-m", "rezup_cli", *map(str, arguments)]

    def write(self, name: str, text: str, *, mode: int = 0o644) -> Path:
        """A file in the home folder."""
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
        return path

    def recipe(self, container: str = "foo", *, version: str = "9.1.0", extra: str = "") -> Path:
        """A recipe of the stand-in for Rez, whose wheel is made here; nothing comes from an index."""
        wheels = self.folder / "wheels"
        write_rez(wheels, version)
        text = (
            f'[rez]\nname = "rez"\nurl = "rez=={version}"\n{extra}\n'
            f"[pip]\noptions = ['--no-index', '--find-links={wheels}']\n"
        )
        name = "rezup.toml" if container == ".main" else f"rezup.{container}.toml"
        return self.write(name, text)

    def stamps(self, container: str = "foo") -> list[str]:
        """The revisions on this machine, newest first."""
        return [str(s) for s in LocalStore(self.root).listing(ContainerName(container)).newest_first()]

    def revision(self, container: str, stamp: str | None = None, **changes: Any) -> Path:
        """A ready revision whose Rez is a script that tells what it was called with.

        Made through the store, so it has all that a built one has, but for a Python environment.
        """
        name = ContainerName.parse(container)
        store = LocalStore(self.root)
        staging = store.stage(name)
        scripts = staging / "venv" / "rez" / "bin" / "rez"
        scripts.mkdir(parents=True)
        (scripts / "rez").write_text('#!/bin/sh\necho "rez of $REZUP_REVISION" "$@"\n')
        (scripts / "rez").chmod(0o755)
        (staging / "venv" / "rez" / "bin" / "python").symlink_to(sys.executable)
        wanted = Stamp(stamp or f"{time.time():.6f}")
        receipt = fake_receipt(container, created=wanted.seconds, **changes)
        (staging / RECIPE).write_text('[rez]\nname = "rez"\n')
        (staging / RECEIPT).write_bytes(receipt.to_bytes())
        taken = store.adopt(name, staging, wanted)
        return store.folder(name, taken)


def fake_receipt(container: str, **changes: Any) -> Receipt:
    """The receipt of such a revision."""
    fields: dict[str, Any] = {
        "container": container,
        "kind": receipts.ENVIRONMENT,
        "platform": platform_tag(),
        "created": 1.0,
        "creator": "ann",
        "host": "ws1",
        "rezup": "3.0.0",
        "recipe_digest": "0" * 64,
        "tools": (ToolRecord("rez", "rez", "3.4.0", "rez"),),
        "environments": (
            EnvironmentRecord(
                "rez", "venv/rez/bin/python", "venv/rez/bin/rez", sys.executable, "3.11.7", "cpython", "", "uv", "1", "test"
            ),
        ),
    }  # fmt: skip
    return Receipt(**{**fields, **changes})


def publish(
    store: RemoteStore,
    stamp: str,
    container: str = "foo",
    *,
    recipe: str = '[rez]\nname = "rez"\n',
    **changes: Any,
) -> None:
    """A revision on a remote root, with recipe and receipt alone, as one without locks has."""
    receipt = fake_receipt(container, kind=receipts.RECIPE, **changes).to_bytes()
    store.publish(ContainerName(container), {RECIPE: recipe.encode(), RECEIPT: receipt}, Stamp(stamp))


def studio_of(machine: World, root: Path, stamps: Iterable[str]) -> RemoteStore:
    """A new remote root with these revisions, which the machine has in its settings."""
    store = RemoteStore(root)
    store.root.mkdir()
    for stamp in stamps:
        publish(store, stamp)
    machine.variables["REZUP_ROOT_REMOTE"] = str(store.root)
    return store
