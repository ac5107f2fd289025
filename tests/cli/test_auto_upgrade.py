"""`rezup` that upgrades itself: end to end, when it asks, and what that costs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import rezup
from support.real import network_variables
from support.upgrade_wheels import MAJOR, NEW, NEWER, OLD, TELL

if TYPE_CHECKING:
    from support.upgrade_index import Index
    from support.upgrades import Kit, Machine

pytest_plugins = ["support.upgrades"]
pytestmark = pytest.mark.skipif(os.name == "nt", reason="installations of POSIX")

HINT = "get it with: rezup self upgrade"


def was_checked(machine: Machine) -> bool:
    """Whether it was noted that somebody was asked."""
    return (machine.home / ".local/state/rezup/upgrade").exists()


class TestEndToEnd:
    def test_a_folder_of_wheels(self, machine: Machine) -> None:
        machine.publish(NEW)
        before = machine.installation.listing()
        assert machine.library() == OLD
        machine.revision("foo", "100.000000")
        code = "import os, sys; print(os.environ['REZUP_TEST_WITNESS'], sys.argv[1:]); sys.exit(7)"
        outcome = machine.rezup("use", "foo", "--", sys.executable, "-c", code, "a b", "--", "")
        assert (outcome.code, outcome.out) == (7, f"{NEW} ['a b', '--', '']\n")
        assert outcome.err == f"upgrading rezup-api from {OLD} to {NEW} ...\n"
        assert machine.library() == NEW
        assert machine.use().err == ""
        assert machine.installation.listing() == before
        assert machine.leftovers() == []
        assert machine.self_("rollback").out == f"rezup-api {OLD} is used again, instead of {NEW}\n"
        assert machine.library() == OLD

    def test_after_a_rollback_the_old_one_stays_until_something_newer_is_out(self, machine: Machine) -> None:
        machine.be_upgraded()
        machine.self_("rollback")
        machine.let_pass()
        assert machine.use().err == ""
        assert machine.library() == OLD
        assert f"{NEW} was rolled back" in machine.self_("version").out
        assert machine.self_("upgrade").out == f"upgraded rezup-api from {OLD} to {NEW}\n"
        assert machine.library() == NEW
        machine.self_("rollback")
        machine.publish(NEWER)
        machine.let_pass()
        assert machine.used() == NEWER

    def test_an_index(self, machine: Machine, index: Index) -> None:
        machine.publish(NEW, command_line=True)
        machine.publish("3.4.9")
        machine.ask(index)
        outcome = machine.use()
        assert outcome.out == f"used {NEW}\n"
        assert f"rezup {NEW} is out; get it with: " in outcome.err
        assert index.lists[:2] == ["rezup-api", "rezup"]
        asked = len(index.requests)
        assert machine.used() == NEW
        assert len(index.requests) == asked
        assert {path.name for path in machine.api.iterdir()} == {NEW, "current.json", "lock"}
        assert machine.self_("rollback").code == 0
        assert machine.library() == OLD

    @pytest.mark.slow
    def test_as_a_module_and_through_the_script(self, machine: Machine) -> None:
        machine.publish(NEW)
        machine.revision("foo", "100.000000")
        python = str(machine.installation.python)
        for command in ([python, "-m", "rezup_cli"], [machine.own_installation().script]):
            if command[0] != python:
                command[0].write_text(f"#!{machine.installation.python}\n" + command[0].read_text())
            done = subprocess.run(
                [*command, "use", "foo", "--", *TELL],
                env=machine.environ, cwd=machine.home, capture_output=True, text=True, check=False,
            )  # fmt: skip
            assert (done.returncode, done.stdout) == (0, f"used {NEW}\n"), done.stderr

    @pytest.mark.integration
    def test_a_source_repository(self, machine: Machine, kit: Kit) -> None:
        machine.variables.update(network_variables())
        source = machine.folder / "checkout"
        for top in ("rezup_api", "rezup_cli"):
            shutil.copytree(Path(rezup.__file__).parents[3] / top, source / top)
        for init in source.glob("*/src/*/__init__.py"):
            text = re.sub(r"(?m)^__version__ = .*$", f'__version__ = "{NEW}"', init.read_text())
            witness = f"\nimport os\n\nos.environ['REZUP_TEST_WITNESS'] = '{NEW}'\n"
            init.write_text(text + (witness if init.parent.name == "rezup" else ""))
        machine.variables["REZUP_UPGRADE_SOURCE"] = str(source)
        outcome = machine.use()
        assert outcome.out == f"used {NEW}\n", outcome.err
        assert machine.library() == NEW

    def test_a_newer_major_version_is_told_of_but_not_taken(self, machine: Machine) -> None:
        machine.publish(NEW)
        machine.publish(MAJOR, command_line=True)
        outcome = machine.use()
        assert outcome.out == f"used {NEW}\n"
        assert (
            f"rezup {MAJOR} is out; get it with: {machine.installation.python} -m pip install" in outcome.err
        )

    def test_what_the_command_line_does_not_allow_is_not_taken_but_what_gets_it_is_told(
        self, machine: Machine
    ) -> None:
        installation = machine.own_installation()
        installation.put(
            machine.kit.wheel(machine.folder / "pip", "rezup", OLD, requires=["rezup-api>=3.4.0,<3.5"])
        )
        machine.publish(NEW, command_line=True)
        outcome = machine.use()
        assert outcome.out == f"used {OLD}\n"
        assert f"rezup {NEW} is out; get it with: " in outcome.err
        machine.publish("3.4.9")
        machine.let_pass()
        assert machine.used() == "3.4.9"
        refused = machine.rezup("self", "upgrade", "--version", NEW)
        assert refused.code == 1
        assert "does not fit" in refused.err
        assert "hint: upgrade all of it:" in refused.err


class TestWhenNobodyIsAsked:
    @pytest.mark.parametrize(
        "arguments",
        ["--version", "-V", "--help", "use -h", "-L", "list --json", "self version", "self version --latest",
         "self upgrade --check", "-q self version", "completions bash"],
    )  # fmt: skip
    def test_by_what_is_typed(self, machine: Machine, arguments: str) -> None:
        machine.publish(NEW)
        assert machine.rezup(*arguments.split()).code == 0
        assert not was_checked(machine)
        assert machine.library() == OLD

    @pytest.mark.slow  # tests/unit/test_bootstrap.py has the same without a process each
    @pytest.mark.parametrize(
        ("name", "value"),
        [("REZUP_NO_UPGRADE", "1"), ("CI", "true"), ("REZUP_CONTAINER", "foo"), ("REZUP_RESTARTED", "upgraded"),
         ("REZUP_RESTARTED", "fallback"), ("_REZUP_COMPLETE", "bash_complete")],
    )  # fmt: skip
    def test_by_the_environment(self, machine: Machine, name: str, value: str) -> None:
        machine.publish(NEW)
        machine.rezup("list", env={name: value, "COMP_WORDS": "rezup l", "COMP_CWORD": "1"})
        assert not was_checked(machine)
        assert not (machine.home / ".local/share/rezup").exists()

    @pytest.mark.slow
    def test_what_stands_after_the_dashes_is_not_ours(self, machine: Machine) -> None:
        machine.revision("foo", "100.000000")
        machine.publish(NEW)
        machine.rezup("use", "foo", "--", "rez", "--version", "--json")
        assert was_checked(machine)
        assert machine.library() == NEW

    def test_until_the_pause_is_over(self, machine: Machine) -> None:
        assert machine.used() == OLD
        machine.publish(NEW)
        stamp = machine.stamp.read_text()
        assert machine.used() == OLD
        assert machine.stamp.read_text() == stamp
        assert machine.used(env={"REZUP_UPGRADE_PAUSE": "100000"}) == OLD
        machine.let_pass()
        assert machine.used() == NEW

    @pytest.mark.slow
    def test_until_the_pause_is_over_that_is_configured(self, machine: Machine) -> None:
        machine.write(".config/rezup/config.toml", "upgrade_pause = 3600\n")
        assert machine.used() == OLD
        assert machine.stamp.read_text().split()[1] == "3600"
        machine.publish(NEW)
        assert machine.used() == OLD
        machine.set_stamp(time.time() - 7200)
        assert machine.used(env={"REZUP_UPGRADE_PAUSE": "86400"}) == OLD
        assert machine.used() == NEW

    def test_again_while_the_new_version_does_not_win(self, machine: Machine) -> None:
        machine.be_upgraded()
        machine.variables["REZUP_UPGRADE_PAUSE"] = "0"
        machine.let_pass()  # the stamp has whole seconds
        (machine.api / "current.json").chmod(0o666)  # so nobody believes it
        outcome = machine.use()
        assert outcome.out == f"used {NEW}\n"  # and it was written anew
        installation = machine.own_installation()
        other = machine.kit.wheel(machine.folder / "pip", "rezup", MAJOR, requires=["rezup-api>=3"])
        installation.put(other)  # a start ignores libraries of another major version
        machine.let_pass()
        outcome = machine.use()
        assert outcome.out == f"used {OLD}\n"
        assert outcome.err.count("upgrading") <= 1

    def test_when_it_is_off(self, machine: Machine, index: Index) -> None:
        machine.publish(NEW)
        machine.ask(index)
        machine.write(".config/rezup/config.toml", 'auto_upgrade = "off"\n')
        assert machine.use().err == ""
        assert index.requests == []
        assert machine.self_("upgrade").out == f"upgraded rezup-api from {OLD} to {NEW}\n"

    @pytest.mark.slow
    def test_offline_but_for_a_folder(self, machine: Machine, index: Index) -> None:
        machine.publish(NEW)
        machine.ask(index)
        machine.variables["REZUP_OFFLINE"] = "1"
        assert machine.used() == OLD
        assert index.requests == []
        refused = machine.rezup("self", "upgrade")
        assert (refused.code, "REZUP_OFFLINE" in refused.err) == (1, True)
        machine.let_pass()
        assert machine.used(env={"REZUP_UPGRADE_SOURCE": str(machine.releases)}) == NEW

    def test_check_prints_one_line(self, machine: Machine) -> None:
        machine.publish(NEW)
        machine.write(".config/rezup/config.toml", 'auto_upgrade = "check"\n')
        outcome = machine.use()
        assert outcome.out == f"used {OLD}\n"
        assert outcome.err == f"rezup-api {NEW} is out; {HINT}\n"
        assert machine.use().err == ""
        machine.let_pass()
        assert machine.use("-q").err == ""

    @pytest.mark.slow
    def test_what_the_site_locks_counts_more(self, machine: Machine) -> None:
        machine.publish(NEW)
        site = machine.folder / "site/rezup/config.toml"
        site.parent.mkdir(parents=True)
        site.write_text('auto_upgrade = "off"\nlocked = ["auto_upgrade"]\n')
        machine.variables["XDG_CONFIG_DIRS"] = str(site.parents[1])
        machine.write(".config/rezup/config.toml", 'auto_upgrade = "on"\n')
        assert machine.used() == OLD

    def test_the_library_is_not_loaded_before_it_is_decided(self, machine: Machine) -> None:
        code = (
            "import sys\nimport rezup_cli.main\nfrom rezup_cli import bootstrap\n"
            "start = bootstrap.begin(['use'])\nbootstrap.is_check_due(start, ['use'])\n"
            "print(sorted(m for m in sys.modules if m.split('.')[0] in ('rezup', 'click', 'rich')))\n"
            "print(start.library and start.library.version)\n"
        )
        machine.be_upgraded()
        done = subprocess.run(
            [machine.installation.python, "-c", code], env=machine.environ, capture_output=True, text=True,
            check=True,
        )  # fmt: skip
        assert done.stdout == f"[]\n{NEW}\n"


class TestQuiet:
    def test_says_nothing_of_an_upgrade(self, machine: Machine) -> None:
        machine.publish(NEW, command_line=True)
        outcome = machine.use("-q")
        assert (outcome.out, outcome.err) == (f"used {NEW}\n", "")

    @pytest.mark.slow
    def test_still_warns_of_one_that_failed(self, machine: Machine) -> None:
        machine.publish(NEW, files={"rezup/settings.py": "raise RuntimeError('broken')\n"})
        outcome = machine.use("-q")
        assert outcome.out == f"used {OLD}\n"
        assert outcome.err.count("\n") == 1
        assert outcome.err.startswith("warning: ")


@pytest.mark.skipif(sys.platform != "linux", reason="counts system calls of Linux")
class TestCost:
    def files(self, machine: Machine) -> list[str]:
        """What is opened or looked at below the home folder by a start that has nothing to check."""
        trace = machine.folder / "trace"
        command = ["strace", "-f", "-qq", "-e", "trace=file", "-o", str(trace)]
        if subprocess.run([*command, "true"], capture_output=True, check=False).returncode:
            pytest.skip("there is no strace, or it may not be used")
        code = (
            "from rezup_cli import bootstrap\n"
            "start = bootstrap.begin(['use'])\n"
            "assert not bootstrap.is_check_due(start, ['use', 'foo'])\n"
        )
        subprocess.run(
            [*command, machine.installation.python, "-c", code],
            env=machine.environ, check=True, capture_output=True,
        )  # fmt: skip
        return [
            re.sub(r"^\d+ +", "", line).replace(str(machine.home), "~")
            for line in trace.read_text().splitlines()
            if str(machine.home / ".local") in line or "share/rezup" in line
        ]

    def test_a_start_within_the_pause_reads_one_small_file(self, machine: Machine) -> None:
        machine.use()
        calls = self.files(machine)
        assert len(calls) == 3, calls  # is there a site's pointer, or a user's? the stamp
        assert sum("O_RDONLY" in call and "ENOENT" not in call for call in calls) == 1
        assert machine.stamp.stat().st_size < 100

    def test_with_an_upgrade_it_reads_the_pointer_too(self, machine: Machine) -> None:
        machine.be_upgraded()
        calls = self.files(machine)
        opened = [call for call in calls if call.startswith("open") and "ENOENT" not in call]
        assert len(opened) == 3, calls  # pointer, lease, stamp
        assert len(calls) <= 8, calls


def test_time_stamps_vary_between_machines(kit: Kit, tmp_path: Path) -> None:
    found = set()
    for name in "abc":
        machine = kit.machine(tmp_path / name)
        machine.use()
        last, pause, jitter, _ = machine.stamp.read_text().split()
        assert abs(float(last) - time.time()) < 600
        assert (pause, 0 <= float(jitter) <= 0.1) == ("86400", True)
        found.add(jitter)
    assert len(found) > 1


def test_a_program_that_calls_the_command_line_is_not_begun_again(machine: Machine) -> None:
    machine.publish(NEW)
    program = machine.write(
        "host.py",
        "import sys\nfrom rezup_cli.main import main\nprint('begun')\nsys.argv[1:] = ['list']\nsys.exit(main())\n",
    )
    for words in ([program], [program, "list"], ["-c", program.read_text(), "list"]):
        done = subprocess.run(
            [machine.installation.python, *words], env=machine.environ, capture_output=True, text=True, check=False
        )  # fmt: skip
        assert (done.returncode, done.stdout.count("begun")) == (0, 1), done.stderr
    assert not was_checked(machine)
