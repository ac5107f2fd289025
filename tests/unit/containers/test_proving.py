"""What counts as a failure when scripts are started before a publication."""

from __future__ import annotations

import hashlib
import os
import select
import sys
from typing import TYPE_CHECKING

import pytest

from rezup.containers.building import Built, LockedFolder
from rezup.containers.creation import Maker
from rezup.containers.proving import Prover
from rezup.errors import ProofError
from rezup.installers.base import BuiltEnvironment, InstalledTool
from rezup.lockfiles.lock import Lock
from rezup.recipes.names import ContainerName, ToolName
from rezup.recipes.parse import parse
from rezup.stores.remote import RemoteStore
from rezup.system.interpreters import Interpreter
from support.listeners import Listener

if TYPE_CHECKING:
    from pathlib import Path

    from rezup.containers.building import Builder
    from rezup.containers.proving import Proof
    from rezup.recipes.model import Recipe

pytestmark = pytest.mark.skipif(os.name == "nt", reason="scripts of POSIX")

FOO, REZ = ContainerName("foo"), ToolName("rez")
RECIPE = b"[rez]\nname = 'rez'\n[[extension]]\nname = 'ext'\n"


class Scripts:
    """Builds a revision of shell scripts, in place of environments."""

    def __init__(self, folder: Path, scripts: dict[str, str]) -> None:
        self.logs = folder / "logs"
        self.environ = {"PATH": os.environ["PATH"]}
        self.reporter = Listener()
        self._scripts = scripts

    def __call__(self, recipe: Recipe, folder: Path, container: ContainerName, given: object = None) -> Built:
        programs = folder / "venv/rez/bin"
        (programs / "rez").mkdir(parents=True)
        (programs / "python").symlink_to(sys.executable)
        for name, text in self._scripts.items():
            path = programs / "rez" / name
            path.write_text(text if text.startswith("#!") else f"#!/bin/sh\n{text}\n")
            path.chmod(0o644 if "not executable" in text else 0o755)
        interpreter = Interpreter(folder / "python", "3.11.7", "cpython", "", "", "")
        tools = (
            InstalledTool(REZ, "rez", "9", REZ, scripts=("rez", "rez-env")),
            InstalledTool(ToolName("ext"), "ext", "1", REZ, scripts=("ext",)),
        )
        environment = BuiltEnvironment(REZ, interpreter, "bin/python", "bin/rez", tools, "uv", "1", "test")
        return Built((environment,), {}, {}, {}, {})


def prove(folder: Path, *, ext: str = "", rez: str = "echo 9", platforms: tuple[str, ...] = ()) -> Proof:
    """Prove a revision of two scripts."""
    builder: Builder = Scripts(folder, {"rez": rez, "ext": ext})  # type: ignore[assignment]
    prover = Prover(
        builder, Maker("ann", "ws1", "3", "linux-x86_64"), lambda revision: builder.environ, timeout=20
    )
    found = LockedFolder(folder, {"pylock.toml": b""}, {"pylock.toml": Lock((), platforms=platforms)})
    recipe = parse(RECIPE, folder / "rezup.toml")
    assert recipe.digest == hashlib.sha256(RECIPE).hexdigest()
    return prover(FOO, recipe, RemoteStore(folder / "remote"), found, None, folder)


@pytest.mark.parametrize(
    ("script", "status"),
    [
        ("exit 0", 0),
        ("echo 'no such option: --help' >&2; exit 2", 2),
        ("exit 255", 255),
        ("echo 'Traceback (most recent call last):'; exit 0", 0),
        ("echo 'see: Traceback (most recent call last):'; exit 1", 1),
    ],
)
def test_a_script_that_starts_may_end_as_it_likes(tmp_path: Path, script: str, status: int) -> None:
    version, start = prove(tmp_path, ext=script).starts
    assert version == ("rez", "rez", ("rez", "--version"), 0)
    assert start == ("ext", "rez", ("ext", "--help"), status)


@pytest.mark.parametrize(
    ("script", "status", "said"),
    [
        ("echo 'Traceback (most recent call last):'; echo boom; exit 1", 1, "status 1 | Traceback (most recent call last): | boom"),
        ("echo 'Fatal Python error: init' >&2; exit 1", 1, "status 1 | Fatal Python error: init"),
        ("kill -SEGV $$", -11, "it was ended by signal 11, SIGSEGV"),
        ("exit 134", 134, "status 134: signal 6, SIGABRT"),
        ("exec /no/such/python", 127, "status 127: a program that it needs is missing"),
        ("exec /etc/passwd", 126, "status 126: a program that it needs can't be run"),
        ("#!/no/such/python\n", None, "No such file"),
        ("# not executable", None, "there is no such script"),
        (f"echo {'x' * 9}; seq 99; echo 'Traceback (most recent call last):' ; seq 99; exit 1", 1, "status 1 | 97 | 98 | 99"),
    ],
)  # fmt: skip
def test_a_script_that_does_not_start_is_told_of(
    tmp_path: Path, script: str, status: int | None, said: str
) -> None:
    with pytest.raises(ProofError) as caught:
        prove(tmp_path, ext=script)
    error = caught.value
    assert error.message == "ext --help doesn't work in foo, so nothing was published"
    assert said in (error.context or "")
    assert (error.command, error.status) == (("ext", "--help"), status)
    assert error.log is not None
    assert str(error.log) in (error.hint or "")
    assert "--no-verify" in (error.hint or "")


def test_what_a_script_leaves_running_ends_with_it(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        prove(tmp_path, ext=f"exec 9>'{pipe}'; echo ready >&9; sleep 60 >/dev/null 2>&1 & exit 0")
        assert os.read(reader, 9) == b"ready\n"
        assert select.select([reader], [], [], 20)[0]  # nobody has the other end
        assert os.read(reader, 9) == b""
    finally:
        os.close(reader)


def test_rez_has_to_tell_its_version_well(tmp_path: Path) -> None:
    with pytest.raises(ProofError, match="rez --version doesn't work in foo"):
        prove(tmp_path, rez="exit 2")


def test_what_is_for_other_machines_can_not_be_proved_here(tmp_path: Path) -> None:
    with pytest.raises(ProofError, match=r"pylock\.toml can't be tried on this machine"):
        prove(tmp_path, platforms=("win32-amd64",))
    assert not (tmp_path / "root").exists()
