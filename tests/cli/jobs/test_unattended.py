"""Farm jobs where nobody is there to answer or to wait: no questions, nothing written, no upgrades."""

from __future__ import annotations

import os
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from rezup.recipes.names import ContainerName
from rezup.stores.base import RECEIPT
from rezup.stores.local import LocalStore
from support.jobs import STAMP, container, do, submit
from support.terminal import Terminal
from support.upgrade_wheels import NEW, OLD

if TYPE_CHECKING:
    from pathlib import Path

    from support.upgrades import Machine
    from support.world import World

pytest_plugins = ["support.upgrades"]


class TestNobodyIsThere:
    def test_without_a_command_it_is_a_usage_error_with_a_hint(self, world: World) -> None:
        file = submit(world, "maya")
        for arguments in ((), ("--",), ("--no-wait",)):
            outcome = world.rezup("use", "--from", file, *arguments)
            assert (outcome.code, outcome.out) == (2, "")
            assert f"rezup use --from {file} -- COMMAND" in outcome.err

    @pytest.mark.parametrize("more", [("foo",), ("--make",), ("--do", "x.sh"), ("foo@1",)])
    def test_what_the_job_says_can_not_be_said_again(self, world: World, more: tuple[str, ...]) -> None:
        outcome = world.rezup("use", *more, "--from", submit(world, "maya"), "--", "true")
        assert outcome.code == 2
        assert "--from" in outcome.err

    def test_with_a_terminal_there_is_a_shell(self, world: World) -> None:
        file = submit(world, "maya")
        with Terminal(world.command("use", "--from", str(file)), world.environ, world.home) as terminal:
            terminal.send("echo it is $REZ_USED_RESOLVE in $REZUP_CONTAINER\n")
            terminal.expect("it is python-3.11 maya-2024.1 in foo")

    @pytest.mark.skipif(os.name == "nt", reason="descriptors of POSIX")
    def test_a_closed_standard_input(self, world: World) -> None:
        file = submit(world, "maya")
        line = 'exec "$@" <&-'
        done = subprocess.run(
            ["sh", "-c", line, "sh", *world.command("use", "--from", file, "--", "sh", "-c", "echo $REZUP_REVISION")],
            env=world.environ, cwd=world.home, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert (done.returncode, done.stdout) == (0, f"{STAMP}\n"), done.stderr

    def test_json_is_asked_for_nowhere_and_quiet_is_silent(self, world: World) -> None:
        outcome = world.rezup("use", "--from", submit(world, "maya"), "-q", "--", "true")
        assert (outcome.code, outcome.out, outcome.err) == (0, "", "")

    def test_detached(self, world: World) -> None:
        file, told = submit(world, "maya"), world.home / "told"
        outcome = world.rezup(
            "use", "--from", file, "-n", "--", "sh", "-c", f'echo "$MAYA" > {told}.new; mv {told}.new {told}'
        )
        assert (outcome.code, outcome.out, outcome.err) == (0, "", "")
        deadline = time.monotonic() + 60
        while not told.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert told.read_text().endswith("maya/2024.1\n")

    def test_nothing_is_written_into_the_revision(self, world: World, farm: World) -> None:
        file = submit(world, "maya")
        folder = LocalStore(farm.root).folder(ContainerName("foo"), STAMP)  # type: ignore[arg-type]
        before = {path: path.lstat().st_mtime_ns for path in folder.rglob("*")}
        assert (folder / RECEIPT) in before
        assert do(farm, file).code == 0
        assert {path: path.lstat().st_mtime_ns for path in folder.rglob("*")} == before


class TestNoUpgrade:
    @pytest.mark.skipif(os.name == "nt", reason="installations of POSIX")
    @pytest.mark.parametrize("form", ["--from {}", "--from={}"])
    def test_a_job_never_looks_for_a_newer_rezup(self, machine: Machine, packages: Path, form: str) -> None:
        container(machine, packages)
        machine.variables["REZUP_NO_UPGRADE"] = "1"
        file = submit(machine, "maya")
        machine.variables["REZUP_NO_UPGRADE"] = ""
        machine.publish(NEW)
        outcome = machine.rezup("use", *form.format(file).split(), "--", "sh", "-c", "echo $REZUP_REVISION")
        assert (outcome.code, outcome.out, outcome.err) == (0, f"{STAMP}\n", "")
        assert not (machine.home / ".local/state/rezup/upgrade").exists()
        assert machine.library() == OLD
        assert f"to {NEW}" in machine.use().err  # as soon as it is no job

    @pytest.mark.skipif(os.name == "nt", reason="installations of POSIX")
    def test_nor_does_one_that_is_kept_on_its_revision(self, machine: Machine, packages: Path) -> None:
        container(machine, packages)
        machine.publish(NEW)
        outcome = machine.rezup("use", "foo", "--", "true", env={"REZUP_USE_REVISION": STAMP})
        assert (outcome.code, outcome.out, outcome.err) == (0, "", "")
        assert not (machine.home / ".local/state/rezup/upgrade").exists()
        assert machine.library() == OLD
