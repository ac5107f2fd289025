"""The commands of `rezup self`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from rezup.installers.programs import bundled_pip, find_uv
from support.upgrade_wheels import MAJOR, NEW, NEWER, OLD, TELL, unpack

if TYPE_CHECKING:
    from support.upgrade_index import Index
    from support.upgrade_wheels import Installation
    from support.upgrades import Kit, Machine

pytest_plugins = ["support.upgrades"]
pytestmark = pytest.mark.skipif(os.name == "nt", reason="installations of POSIX")

HINT = "get it with: rezup self upgrade"


def was_checked(machine: Machine) -> bool:
    """Whether it was noted that somebody was asked."""
    return (machine.home / ".local/state/rezup/upgrade").exists()


class TestVersion:
    def test_plain(self, machine: Machine) -> None:
        assert machine.self_("version").out == f"rezup      {OLD}\nrezup-api  {OLD}\n"
        machine.publish(NEW, command_line=True)
        out = machine.self_("version", "--latest").out
        assert f"rezup-api {NEW} is out; {HINT}\n" in out
        assert f"rezup {NEW} is out; get it with: {machine.installation.python} -m pip" in out
        assert machine.rezup("-L").out == "".join(out.splitlines(keepends=True)[2:])
        machine.be_upgraded()
        out = machine.self_("version").out
        assert f"rezup-api  {NEW}  in {machine.api / NEW}\n" in out
        assert f"{OLD} is what was installed\n" in out

    def test_json(self, machine: Machine) -> None:
        machine.publish(NEW)
        outcome = machine.self_("version", "--latest", "--json")
        document = json.loads(outcome.out)
        assert list(document) == ["format", "command", "status", "exit_code", "data", "errors"]
        assert (document["command"], document["status"], document["errors"]) == (
            "self version",
            "success",
            [],
        )
        assert document["data"] == {
            "rezup": OLD, "rezup_api": OLD, "installed": OLD, "folder": None, "previous": None,
            "can_roll_back": False, "held": None,
            "command": f"{machine.installation.python} -m pip install --upgrade rezup",
            "latest": {"source": str(machine.releases), "rezup_api": NEW, "rezup": None},
        }  # fmt: skip
        machine.be_upgraded()
        data = machine.self_("version", "--json").data
        assert (data["rezup_api"], data["folder"], data["can_roll_back"]) == (
            NEW,
            str(machine.api / NEW),
            True,
        )
        assert "latest" not in data

    def test_nothing_newer(self, machine: Machine) -> None:
        assert machine.rezup("-L").out == f"nothing newer at {machine.releases}\n"

    @pytest.mark.slow
    def test_the_command_follows_whoever_installed_it(self, machine: Machine) -> None:
        installation = machine.own_installation()
        (installation.folder / "pipx_metadata.json").write_text("{}")
        assert machine.self_("version", "--json").data["command"] == "pipx upgrade rezup"
        (installation.folder / "pipx_metadata.json").unlink()
        (installation.folder / "uv-receipt.toml").write_text("")
        assert machine.self_("version", "--json").data["command"] == "uv tool upgrade rezup"


class TestUpgrade:
    def test_check_changes_nothing(self, machine: Machine) -> None:
        machine.publish(NEW)
        assert machine.self_("upgrade", "--check").out == f"rezup-api {NEW} is out; {HINT}\n"
        assert machine.library() == OLD

    def test_json(self, machine: Machine) -> None:
        machine.publish(NEW)
        machine.be_upgraded()
        document = json.loads(machine.self_("upgrade", "--json").out)
        assert document["data"] == {"before": NEW, "after": NEW}
        document = json.loads(machine.self_("rollback", "--json").out)
        assert (document["command"], document["data"]) == ("self rollback", {"before": NEW, "after": OLD})

    @pytest.mark.slow
    def test_a_certain_version(self, machine: Machine) -> None:
        machine.be_upgraded()
        machine.publish(NEWER)
        assert machine.self_("upgrade", "--version", NEW).out == f"rezup-api {NEW} is in use already\n"
        assert machine.library() == NEW
        assert machine.self_("upgrade").out == f"upgraded rezup-api from {NEW} to {NEWER}\n"
        assert machine.self_("upgrade", "--version", NEW).out == f"upgraded rezup-api from {NEWER} to {NEW}\n"
        assert machine.self_("rollback").out == f"rezup-api {NEWER} is used again, instead of {NEW}\n"

    @pytest.mark.parametrize(
        ("version", "said"),
        [("3.3.0", "is older than what is installed, 3.4.0"), ("3.9.9", "has no rezup-api 3.9.9"),
         (MAJOR, "does not fit this installation"), ("3.6.0rc1", "does not fit this installation"),
         ("new", "is no version"), ("", "is no version"), ("../../evil", "is no version")],
    )  # fmt: skip
    def test_a_version_that_can_not_be_had(self, machine: Machine, version: str, said: str) -> None:
        for published in (MAJOR, "3.6.0rc1", "3.3.0", NEW):
            machine.publish(published)
        outcome = machine.rezup("self", "upgrade", "--version", version)
        assert (outcome.code, outcome.out) == (1, "")
        assert said in outcome.err
        assert machine.library() == OLD
        document = json.loads(machine.rezup("self", "upgrade", "--version", version, "--json").out)
        assert (document["status"], document["exit_code"], document["data"]) == ("error", 1, None)
        assert document["errors"][0]["code"] == "upgrade-failed"
        assert said in document["errors"][0]["message"]

    @pytest.mark.parametrize(
        "arguments",
        ["--in-place --site", "--in-place --version 1", "--in-place --check", "--check --version 1", "-- x"],
    )
    def test_options_that_do_not_go_together(self, machine: Machine, arguments: str) -> None:
        assert machine.rezup("self", "upgrade", *arguments.split()).code == 2

    def test_a_source_that_is_not_there(self, machine: Machine) -> None:
        machine.variables["REZUP_UPGRADE_SOURCE"] = str(machine.folder / "nowhere")
        outcome = machine.rezup("self", "upgrade")
        assert outcome.code == 1
        assert "hint: see REZUP_UPGRADE_SOURCE" in outcome.err
        assert machine.use().err == ""

    @pytest.mark.slow
    def test_rolling_back_twice(self, machine: Machine) -> None:
        refused = machine.rezup("self", "rollback")
        assert (refused.code, "nothing to roll back to" in refused.err) == (1, True)
        for version in (NEW, NEWER):
            machine.publish(version)
            machine.self_("upgrade")
        assert machine.self_("rollback").out == f"rezup-api {NEW} is used again, instead of {NEWER}\n"
        assert machine.library() == NEW
        machine.let_pass()
        assert machine.used() == NEW
        assert machine.self_("rollback").out == f"rezup-api {OLD} is used again, instead of {NEW}\n"
        assert machine.rezup("self", "rollback").code == 1
        machine.let_pass()
        assert machine.used() == OLD

    @pytest.mark.slow
    def test_rolling_back_to_what_is_not_there_any_more(self, machine: Machine) -> None:
        for version in (NEW, NEWER):
            machine.publish(version)
            machine.self_("upgrade")
        (machine.api / NEW / "rezup" / "errors.py").write_text("")
        refused = machine.rezup("self", "rollback")
        assert refused.code == 1
        assert f"hint: take it anew: rezup self upgrade --version {NEW}" in refused.err
        assert machine.library() == NEWER
        machine.self_("upgrade", "--version", NEW)
        assert machine.library() == NEW


class TestInPlace:
    def prepare(self, machine: Machine, kit: Kit, *, with_pip: bool) -> Installation:
        made = machine.own_installation()
        if with_pip:
            wheel = bundled_pip(sys.version_info[:2])
            assert wheel is not None
            unpack(wheel, made.site_packages)
        else:  # uv does not look where a .pth file leads
            shutil.copytree(kit.dependencies, made.site_packages, dirs_exist_ok=True)
        machine.variables["PIP_NO_INDEX"] = "1"
        machine.variables["UV_NO_INDEX"] = "1"
        machine.publish(NEW)
        machine.publish(MAJOR)
        return made

    @pytest.mark.parametrize("with_pip", [True, False], ids=["pip", "uv"])
    def test_replaces_the_files_of_pip(self, machine: Machine, kit: Kit, with_pip: bool) -> None:
        if not with_pip and find_uv(machine.environ, machine.folder) is None:
            pytest.skip("there is no uv")
        made = self.prepare(machine, kit, with_pip=with_pip)
        outcome = machine.self_("upgrade", "--in-place")
        assert outcome.out == f"upgraded rezup-api from {OLD} to {NEW}\n"
        assert [p.name for p in made.site_packages.glob("rezup_api-*")] == [f"rezup_api-{NEW}.dist-info"]
        assert machine.library() == NEW
        assert machine.self_("version", "--json").data["installed"] == NEW
        assert machine.rezup("self", "rollback").code == 1

    @pytest.mark.slow
    def test_after_an_upgrade_beside(self, machine: Machine, kit: Kit) -> None:
        self.prepare(machine, kit, with_pip=True)
        machine.self_("upgrade")
        machine.self_("upgrade", "--in-place")
        data = machine.self_("version", "--json").data
        assert (data["installed"], data["rezup_api"], data["folder"]) == (NEW, NEW, None)

    @pytest.mark.slow
    def test_what_pip_says_is_in_the_error(self, machine: Machine, kit: Kit) -> None:
        self.prepare(machine, kit, with_pip=True)
        for wheel in machine.releases.glob("*.whl"):
            wheel.unlink()
        machine.publish(NEW, requires=["there-is-no-such-thing"])
        outcome = machine.rezup("self", "upgrade", "--in-place")
        assert outcome.code == 1
        assert "there-is-no-such-thing" in outcome.err
        assert machine.library() == OLD


class TestSecrets:
    SECRET = "s3cr3t-canary"

    def everything(self, machine: Machine) -> str:
        texts = [
            path.read_bytes().decode("utf-8", "replace")
            for folder in (".local", ".cache", ".rezup")
            for path in (machine.home / folder).rglob("*")
            if path.is_file()
        ]
        return "\n".join(texts)

    @pytest.mark.parametrize(
        "way", ["variable", *(pytest.param(way, marks=pytest.mark.slow) for way in ("pip.conf", "uv.toml"))]
    )
    def test_of_an_index_are_nowhere(self, machine: Machine, index: Index, way: str) -> None:
        machine.publish(NEW, command_line=True)
        machine.ask(index, login=f"user:{self.SECRET}@")
        url = machine.variables["PIP_INDEX_URL"]
        if way != "variable":
            del machine.variables["PIP_INDEX_URL"]
        if way == "pip.conf":
            del machine.variables["PIP_CONFIG_FILE"]
            machine.write(".config/pip/pip.conf", f"[global]\nindex-url = {url}\n")
        if way == "uv.toml":
            machine.write(".config/uv/uv.toml", f'[[index]]\nurl = "{url}"\ndefault = true\n')
        machine.revision("foo", "100.000000")
        outcome = machine.rezup("--debug", "use", "foo", "--", *TELL)
        assert outcome.out == f"used {NEW}\n", outcome.err
        said = outcome.err + machine.rezup("self", "version", "--latest", "--json").out
        index.answer = "broken"
        said += machine.rezup("--debug", "self", "upgrade").err
        machine.let_pass()
        said += machine.rezup("-v", "use", "foo", "--", "rez").err
        assert any(login.startswith("Basic ") for login in index.logins)
        assert "HTTP 500" in said
        assert self.SECRET not in said
        assert self.SECRET not in self.everything(machine)

    @pytest.mark.slow
    def test_are_in_no_argument_of_a_program(self, machine: Machine, index: Index) -> None:
        machine.publish(NEW)
        machine.ask(index, login=f"user:{self.SECRET}@")
        trace = machine.folder / "trace"
        strace = ["strace", "-f", "-qq", "-s", "4000", "-e", "trace=execve", "-o", str(trace)]
        if subprocess.run([*strace, "true"], capture_output=True, check=False).returncode:
            pytest.skip("there is no strace, or it may not be used")
        command = [*strace, *machine.command("self", "upgrade")]
        done = subprocess.run(
            command, env=machine.environ, cwd=machine.home, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr
        text = trace.read_text()
        assert text.count("execve(") > 2
        assert self.SECRET not in text

    @pytest.mark.slow
    def test_of_an_address_that_can_not_be_read(self, machine: Machine) -> None:
        machine.variables["REZUP_UPGRADE_SOURCE"] = ""
        for url in (f"https://user:{self.SECRET}/x@host/simple", f"https://[user:{self.SECRET}@host/simple"):
            machine.variables["PIP_INDEX_URL"] = url
            for arguments in (["--debug", "self", "upgrade"], ["self", "version", "--latest", "--json"]):
                outcome = machine.rezup(*arguments)
                assert outcome.code == 1
                assert self.SECRET not in outcome.out + outcome.err
            machine.let_pass()
            assert machine.use("-v").out == f"used {OLD}\n"
