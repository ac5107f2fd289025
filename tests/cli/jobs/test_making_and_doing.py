"""Farm jobs: `rezup env … -o job.json` on one machine, `rezup use --from job.json` on another."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from rezup.system.locks import exclusive
from support.jobs import SHOW, STAMP, change, container, do, package, submit

if TYPE_CHECKING:
    from pathlib import Path

    from support.world import World


class TestBothHalves:
    def test_the_command_runs_in_the_revision_and_in_the_context(
        self, world: World, farm: World, packages: Path
    ) -> None:
        file = submit(world, "maya", "rig", "python-3.9", ".quality-2")
        outcome = do(farm, file, *SHOW, "a b", "--", "", "$HOME", "é\n'")
        assert (outcome.code, outcome.err) == (0, "")
        argv, environ = json.loads(outcome.out)
        assert argv == ["a b", "--", "", "$HOME", "é\n'"]
        assert (environ["REZUP_CONTAINER"], environ["REZUP_REVISION"]) == ("foo", STAMP)
        assert environ["REZ_USED_RESOLVE"] == "python-3.9 maya-2024.1 rig-1.0"
        assert environ["REZ_USED_REQUEST"] == "maya rig python-3.9 .quality-2"
        assert environ["REZ_USED_EPH_RESOLVE"] == ".quality-2"
        assert environ["MAYA"] == str(packages / "maya/2024.1")
        assert environ["SITE"] == "ours"
        assert str(farm.root / "foo" / STAMP / "venv/rez/bin/rez") in environ["PATH"].split(os.pathsep)

    def test_it_is_the_environment_of_the_machine_that_it_was_made_on(
        self, world: World, farm: World
    ) -> None:
        file = submit(world, "maya", "free")
        outcome = world.rezup("use", "foo", "--", *world.command("env", "maya", "free", "--", *SHOW))
        there = json.loads(outcome.out)[1]
        here = json.loads(do(farm, file, *SHOW).out)[1]
        volatile = {
            "REZ_CONTEXT_FILE", "REZ_RXT_FILE", "REZ_SHELL_INIT_TIMESTAMP", "REZ_USED_TIMESTAMP", "HOME", "PATH",
            "PWD", "OLDPWD", "_", "SHLVL",
        }  # fmt: skip
        assert {name: there[name] for name in there.keys() - volatile} == {
            name: here[name] for name in here.keys() - volatile
        }
        assert here["PATH"] == there["PATH"].replace(str(world.home), str(farm.home))

    def test_the_status_is_the_commands(self, world: World, farm: World) -> None:
        file = submit(world, "maya")
        assert do(farm, file, "sh", "-c", "exit 7").code == 7
        missing = do(farm, file, "no-such-program")  # in the words of the shell, as with rez-env
        assert (missing.code, missing.out) == (127, "")
        assert "no-such-program" in missing.err
        outside = farm.rezup("use", "foo", "--", "no-such-program")  # where no shell is in between
        assert (outside.code, outside.err[:6]) == (1, "error:")

    @pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "sh", "tcsh"])
    def test_every_word_arrives_to_the_letter(self, world: World, shell: str) -> None:
        if shutil.which(shell) is None:
            pytest.skip(f"there is no {shell}")
        words = [
            "a b", "", "$HOME", "${HOME}", "$F4", "`x`", "$(x)", "'", '"', "\\", "a\\", "!x", "!!", "%PATH%", "*", "[a]", "~", "~x",
            "#", ";", "&", "|", "<", ">", "(", ")", "{a,b}", "^", "=x", "-n", "é", "two\nlines", "\t", "\x1b[31m",
        ]  # fmt: skip
        outcome = do(world, submit(world, "maya"), *SHOW, *words, env={"REZ_DEFAULT_SHELL": shell})
        assert outcome.code == 0, outcome.err
        assert json.loads(outcome.out)[0] == words

    def test_an_alias_of_a_package_is_a_command(self, world: World, packages: Path) -> None:
        package(packages, "hail/1", "def commands():\n    alias('hail', 'echo hail')")
        outcome = do(world, submit(world, "hail"), "hail", "$HOME", env={"REZ_DEFAULT_SHELL": "bash"})
        assert outcome.out == "hail $HOME\n"

    def test_a_job_of_the_context_that_one_is_in(self, world: World, farm: World) -> None:
        file = world.home / "job.json"
        line = f'{" ".join(world.command())} env --input "$REZ_RXT_FILE" --output {file}'
        script = world.write("submit.sh", line)
        outcome = world.rezup(
            "use", "foo", "--", *world.command("env", "maya", "python-3.9", "--", "sh", script)
        )
        assert (outcome.code, outcome.out) == (0, "")
        assert outcome.err == f"wrote {file}: 2 packages, in foo@{STAMP}\n"
        assert json.loads(do(farm, file, *SHOW).out)[1]["REZ_USED_RESOLVE"] == "python-3.9 maya-2024.1"

    def test_what_the_file_holds(self, world: World, packages: Path) -> None:
        document = json.loads(submit(world, "maya").read_text())
        assert (document["format"], document["kind"]) == (1, "rezup-job")
        assert document["container"] == {
            "name": "foo", "revision": STAMP, "recipe_digest": "0" * 64, "tools": {"rez": "3.4.0"},
        }  # fmt: skip
        assert document["rezup"]
        assert document["platform"]
        context = document["context"]
        assert (context["kind"], context["request"]) == ("exact", ["python==3.11", "maya==2024.1"])
        assert context["packages_path"] == [str(packages)]

    def test_later_releases_and_revisions_change_nothing(
        self, world: World, farm: World, packages: Path
    ) -> None:
        file = submit(world, "maya")
        package(packages, "maya/2024.1.beta", "requires = ['python-3']")
        package(packages, "maya/2025", "requires = ['python-3']")
        package(packages, "python/3.12")
        container(farm, packages, recipe_digest="1" * 64)
        farm.revision("foo", "900.000000")
        (farm.root / "foo" / "pin").write_text("900.000000")
        outcome = do(farm, file, *SHOW, env={"REZUP_USE_REVISION": "900.000000"})
        environ = json.loads(outcome.out)[1]
        assert environ["REZ_USED_RESOLVE"] == "python-3.11 maya-2024.1"
        assert environ["REZUP_REVISION"] == STAMP

    @pytest.mark.skipif(os.name == "nt", reason="locks of POSIX")
    def test_a_revision_in_use_by_a_job_is_held_and_not_dropped(self, world: World, farm: World) -> None:
        file = submit(world, "maya")
        lease = farm.root / "foo" / STAMP / "lease"
        job = farm.start(
            "use", "--from", file, "--", "sh", "-c", "echo ready; read line", stdin=subprocess.PIPE
        )
        assert job.stdout is not None
        assert job.stdout.readline() == "ready\n"
        with exclusive(lease) as is_free:
            assert is_free is False
        outcome = farm.rezup("drop", f"foo@{STAMP}", "--yes")
        assert outcome.code == 1
        assert "in use" in outcome.err
        job.communicate("\n", timeout=60)
        with exclusive(lease) as is_free:
            assert is_free is True
        assert farm.rezup("drop", f"foo@{STAMP}", "--yes").code == 0

    def test_a_revision_is_pulled_from_the_remote_root(
        self, world: World, farm: World, tmp_path: Path
    ) -> None:
        for machine in (world, farm):
            machine.variables["REZUP_ROOT_REMOTE"] = str(tmp_path / "studio")
        (tmp_path / "studio").mkdir()
        world.recipe(
            "show", extra=f'[env]\nREZ_PACKAGES_PATH = "{tmp_path}/packages"\nREZ_IMPLICIT_PACKAGES = ""\n'
        )
        assert world.rezup("add", "show", "--remote", "--allow-local-paths").code == 0
        file = submit(world, "maya", target="show")
        (stamp,) = world.stamps("show")
        assert farm.stamps("show") == []
        outcome = do(farm, file, *SHOW)
        assert outcome.code == 0, outcome.err
        environ = json.loads(outcome.out)[1]
        assert (environ["REZUP_REVISION"], environ["REZ_USED_RESOLVE"]) == (stamp, "python-3.11 maya-2024.1")
        assert farm.stamps("show") == [stamp]

    def test_another_version_of_rez_in_the_revision_is_told(
        self, world: World, farm: World, tmp_path: Path
    ) -> None:
        file = change(submit(world, "maya"), container__tools={"rez": "3.3.9", "gone": "1"})
        outcome = do(farm, file)
        assert outcome.code == 0
        assert outcome.err.count("\n") == 1
        assert outcome.err == (
            f"warning: foo@{STAMP} has rez 3.4.0 here, and 3.3.9 where the job was made; "
            "it has no lock, as one of rezup 2.x has none\n"
        )
        farm.rezup("drop", "foo", "--yes")
        container(farm, tmp_path / "packages", locks={"pylock.toml": "0" * 64})
        assert do(farm, file).err.endswith("where the job was made\n")


class TestWithoutAContainer:
    @pytest.fixture
    def file(self, world: World, packages: Path) -> Path:
        world.variables.update(REZ_PACKAGES_PATH=str(packages), REZ_IMPLICIT_PACKAGES="")
        file = world.home / "job.json"
        assert world.rezup("env", "maya", "-o", file).code == 0
        assert json.loads(file.read_text())["container"] is None
        return file

    def test_only_the_context_is_taken(self, file: Path, farm: World) -> None:
        environ = json.loads(do(farm, file, *SHOW).out)[1]
        assert "REZUP_CONTAINER" not in environ
        assert environ["REZ_USED_RESOLVE"] == "python-3.11 maya-2024.1"

    def test_env_enters_it_too(self, file: Path, farm: World) -> None:
        outcome = farm.rezup("env", "-i", file, "--", *SHOW)
        assert json.loads(outcome.out)[1]["REZ_USED_RESOLVE"] == "python-3.11 maya-2024.1", outcome.err

    def test_it_can_be_done_inside_a_container(self, file: Path, farm: World) -> None:
        outcome = farm.rezup("use", "foo", "--", *farm.command("use", "--from", file, "--", *SHOW))
        environ = json.loads(outcome.out)[1]
        assert (environ["REZUP_CONTAINER"], environ["MAYA"][-11:]) == ("foo", "maya/2024.1")
