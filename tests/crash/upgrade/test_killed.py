"""Killed or interrupted at any moment, and many at once. The command runs, and a later start cleans up and upgrades."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import support.killed_upgrade as killed_upgrade_script
from support.upgrade_faults import all_is_well, recovers
from support.upgrade_wheels import (
    NEW,
    NEWER,
    OLD,
    PATIENCE,
    TELL,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.upgrade_index import Index
    from support.upgrades import Machine

pytest_plugins = ["support.upgrades", "support.upgrade_faults"]
pytestmark = pytest.mark.skipif(os.name == "nt", reason="installations of POSIX")

STAGES = ["query", "download", "dependencies", "verify", "prove", "publish", "point"]
#: Killed here in every run; at all other moments in the slow ones.
TELLING = [("publish", "end")]


def moments() -> list[Any]:
    return [
        pytest.param(stage, edge, marks=() if (stage, edge) in TELLING else pytest.mark.slow)
        for stage in STAGES
        for edge in ("start", "end")
    ]


@pytest.mark.parametrize(("stage", "edge"), moments())
def test_killed_at_any_step(machine: Machine, stage: str, edge: str) -> None:
    machine.publish(NEW)
    done = subprocess.run(
        [machine.installation.python, killed_upgrade_script.__file__, stage, edge],
        env=machine.environ, cwd=machine.home, capture_output=True, check=False, timeout=PATIENCE,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL, done.stderr
    expected = NEW if (stage, edge) == ("point", "end") else OLD
    outcome = machine.use()
    assert (outcome.out, outcome.err) == (f"used {expected}\n", "")
    machine.publish(NEWER)
    recovers(machine, NEWER)


@pytest.mark.slow
def test_killed_while_the_installer_downloads(machine: Machine, index: Index) -> None:
    machine.publish(NEW)
    machine.ask(index)
    release = threading.Event()
    index.spoil = lambda data: data if release.wait(PATIENCE) else b""
    machine.revision("foo", "100.000000")
    running = machine.start("use", "foo", "--", *TELL)
    until(lambda: any(path.startswith("/files/") for path in index.requests))
    running.kill()
    running.wait()
    outcome = machine.use()
    assert (outcome.out, outcome.err) == (f"used {OLD}\n", "")
    release.set()
    running.communicate()
    until(lambda: not installers(machine))  # left alone, it ends by itself
    recovers(machine)


@pytest.mark.slow
def test_interrupted_by_the_user(machine: Machine, index: Index) -> None:
    machine.publish(NEW)
    machine.ask(index)
    index.spoil = lambda data: data if index.ended.wait(PATIENCE) else b""
    machine.revision("foo", "100.000000")
    running = machine.start("use", "foo", "--", *TELL)
    until(lambda: any(path.startswith("/files/") for path in index.requests))
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=PATIENCE)
    assert (running.returncode, out) == (130, "")
    assert err == f"upgrading rezup-api from {OLD} to {NEW} ...\ninterrupted\n"
    assert machine.leftovers() == []


def installers(machine: Machine) -> list[str]:
    """Programs that install something below the home folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            found.append(path.read_bytes().decode(errors="replace"))
    return [words for words in found if str(machine.home) in words and "--target" in words]


def until(is_true: Callable[[], bool]) -> None:
    """Wait for something that another process does."""
    deadline = time.monotonic() + PATIENCE
    while not is_true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("count", [4, pytest.param(20, marks=pytest.mark.slow)])
def test_while_shells_are_open_and_others_start(machine: Machine, index: Index, count: int) -> None:
    machine.ask(index)
    machine.use()
    wait = [sys.executable, "-c", "import os, sys; print('in', flush=True); sys.stdin.read(); print('out')"]
    shells = [machine.start("use", "foo", "--", *wait, stdin=subprocess.PIPE) for _ in range(count)]
    for shell in shells:
        assert shell.stdout is not None
        assert shell.stdout.readline() == "in\n"
    machine.publish(NEW)
    machine.let_pass()
    starts = [machine.start("use", "foo", "--", *TELL) for _ in range(count)]
    for start in starts:
        out, err = start.communicate(timeout=PATIENCE * 2)
        assert start.returncode == 0, err
        assert out in (f"used {OLD}\n", f"used {NEW}\n")
        assert not [line for line in err.splitlines() if not line.startswith("upgrading rezup-api")], err
    for shell in shells:
        assert shell.communicate("", timeout=PATIENCE) == ("out\n", "")
        assert shell.returncode == 0
    all_is_well(machine, NEW)
    downloads = [path for path in index.requests if path.startswith("/files/rezup_api")]
    assert len(downloads) <= 2  # one installation; uv may look into a wheel before it gets it


def test_what_a_running_process_uses_is_not_removed(machine: Machine) -> None:
    machine.be_upgraded()
    code = (
        "from rezup_cli import bootstrap\nprint(bootstrap.begin(['use']).library.version, flush=True)\n"
        "input()\nimport rezup.session\nprint(rezup.session.__file__)"
    )
    with subprocess.Popen(
        [machine.installation.python, "-c", code],
        env=machine.environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as user:  # fmt: skip
        assert user.stdout is not None
        assert user.stdout.readline() == f"{NEW}\n"
        for version in (NEWER, "3.7.0"):
            machine.publish(version)
            machine.self_("upgrade")
        assert {path.name for path in machine.api.glob("3.*")} == {NEW, NEWER, "3.7.0"}
        out, _ = user.communicate("\n", timeout=PATIENCE)
        assert out.startswith(str(machine.api / NEW))
    machine.publish("3.8.0")
    machine.self_("upgrade")
    assert {path.name for path in machine.api.glob("3.*")} == {"3.7.0", "3.8.0"}
