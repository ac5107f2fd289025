"""Farm jobs: `rezup env … -o job.json` on one machine, `rezup use --from job.json` on another."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from rezup.recipes.names import ContainerName
from rezup.stores.base import RECEIPT
from rezup.stores.local import LocalStore
from rezup.system.locks import exclusive
from support.terminal import Terminal
from support.upgrade_wheels import NEW, OLD
from support.world import World

if TYPE_CHECKING:
    from pathlib import Path

    from support.upgrades import Machine
    from support.world import Outcome

pytest_plugins = ["support.upgrades"]

STAMP = "100.000000"
SHOW = [sys.executable, "-c", "import json, os, sys; print(json.dumps([sys.argv[1:], dict(os.environ)]))"]


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """A repository that all machines see under the same path."""
    folder = tmp_path / "packages"
    for name, text in {
        "python/3.9": "",
        "python/3.11": "timestamp = 1000",
        "maya/2024.1": "requires = ['python-3']\ndef commands():\n    env.MAYA = '{root}'\n    env.SITE = '$SITE_OF_FOO'",
        "rig/1.0": "variants = [['python-3.9'], ['python-3.11']]",
        "free/1": "def commands():\n    env.WORDS = literal(\"a 'b' $HOME\")",
    }.items():
        package(folder, name, text)
    return folder


@pytest.fixture
def world(world: World, packages: Path) -> World:
    """The machine of a user, with a container that names the repository."""
    return container(world, packages)


@pytest.fixture
def farm(tmp_path: Path, packages: Path) -> World:
    """Another machine with the same revision."""
    return container(World(tmp_path / "farm"), packages)


def container(world: World, packages: Path, **changes: Any) -> World:
    """A machine with a revision of container foo, whose configuration names the repository."""
    variables = {"REZ_PACKAGES_PATH": str(packages), "REZ_IMPLICIT_PACKAGES": "", "SITE_OF_FOO": "ours"}
    folder = world.revision("foo", STAMP, environment=variables, **changes)
    (folder / "venv/rez/bin/rez/.rez_production_install").touch()
    return world


def package(folder: Path, name: str, text: str = "") -> Path:
    family, _, version = name.partition("/")
    path = folder / name / "package.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"name = {family!r}\nversion = {version!r}\n{text}\n", encoding="utf-8")
    return path


def submit(world: World, *request: str, target: str = "foo") -> Path:
    """A job that was made in a container."""
    file = world.folder.parent / "job.json"
    outcome = world.rezup("use", target, "--", *world.command("env", *request, "-o", file))
    assert (outcome.code, outcome.out) == (0, ""), outcome.err
    return file


def do(world: World, file: Path, *command: str, **options: Any) -> Outcome:
    return world.rezup("use", "--from", file, "--", *(command or ("true",)), **options)


def change(file: Path, **changes: Any) -> Path:
    """Change what a job says; `context__time=…` is within its context."""
    document = json.loads(file.read_text())
    for dotted, value in changes.items():
        *parents, key = dotted.split("__")
        inner = document
        for parent in parents:
            inner = inner[parent]
        if value is ...:
            del inner[key]
        else:
            inner[key] = value
    file.write_text(json.dumps(document))
    return file


def refused(outcome: Outcome, *words: str) -> str:
    """A failure in our words: the error, its reason, a hint; nothing was run."""
    assert (outcome.code, outcome.out) == (1, ""), outcome
    assert "Traceback" not in outcome.err
    assert outcome.err.startswith("error: "), outcome.err
    for word in words:
        assert word in outcome.err
    return outcome.err


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
        assert do(farm, file, "no-such-program").code == 127

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
        assert (outcome.code, outcome.out, outcome.err) == (0, "", "")
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
        assert outcome.err.startswith(f"warning: foo@{STAMP} has rez 3.4.0 here, and 3.3.9 where")


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


class TestWhatIsMissing:
    def test_no_such_container(self, world: World, farm: World) -> None:
        file = submit(world, "maya")
        farm.rezup("drop", "foo", "--yes")
        err = refused(
            do(farm, file), "no container foo", STAMP, str(farm.root), "hint: set REZUP_ROOT_REMOTE"
        )
        assert err.count("\n") == 3

    def test_no_such_revision(self, world: World, farm: World, tmp_path: Path) -> None:
        file = submit(world, "maya")
        farm.rezup("drop", "foo", "--yes")
        farm.revision("foo", "900.000000")
        refused(do(farm, file), f"revision {STAMP} of foo", "not to be had", str(farm.root))
        (tmp_path / "studio").mkdir()
        farm.variables["REZUP_ROOT_REMOTE"] = str(tmp_path / "studio")
        refused(do(farm, file), f"{farm.root} and {tmp_path / 'studio'}")
        refused(farm.rezup("use", "--from", file, "--local", "--", "true"), "(--local)")

    def test_a_container_with_a_recipe_is_not_made_instead(self, world: World, farm: World) -> None:
        file = submit(world, "maya")
        farm.rezup("drop", "foo", "--yes")
        farm.recipe()
        refused(do(farm, file), "not to be had")
        assert farm.stamps() == []

    def test_a_part_of_its_name_is_not_the_revision(self, world: World, farm: World) -> None:
        refused(do(farm, change(submit(world, "maya"), container__revision="100.0")), "revision 100.0 of foo")

    def test_an_unreachable_remote_is_told(self, world: World, farm: World, tmp_path: Path) -> None:
        file = submit(world, "maya")
        farm.variables["REZUP_ROOT_REMOTE"] = str(tmp_path / "nowhere")
        assert do(farm, file).code == 0
        farm.rezup("drop", "foo", "--yes")
        refused(do(farm, file), "unreachable")

    def test_one_of_the_same_name_that_was_made_otherwise(
        self, world: World, farm: World, packages: Path
    ) -> None:
        file = submit(world, "maya")
        farm.rezup("drop", "foo", "--yes")
        container(farm, packages, recipe_digest="1" * 64)
        refused(do(farm, file), f"foo@{STAMP} is not the revision of the job", "another recipe")

    def test_one_of_another_platform(self, world: World, farm: World, packages: Path) -> None:
        file = submit(world, "maya")
        farm.rezup("drop", "foo", "--yes")
        container(farm, packages, platform="plan9-vax")
        refused(do(farm, file), "plan9-vax")

    def test_a_package_that_vanished(self, world: World, farm: World, packages: Path) -> None:
        file = submit(world, "maya")
        definition = packages / "python/3.11/package.py"
        definition.unlink()
        refused(do(farm, file), f"{definition.parent}: there is no package definition")
        definition.parent.rmdir()
        refused(
            do(farm, file),
            "can't be made again here",
            f"not in {packages}: python-3.11",
            "hint: what the job",
        )
        shutil.rmtree(packages / "python")
        refused(do(farm, file), f"not in {packages}: python-3.11")

    def test_another_variant(self, world: World, farm: World, packages: Path) -> None:
        file = submit(world, "rig", "python-3.9")
        package(packages, "rig/1.0", "variants = [['python-3', 'free'], ['python-3.11']]")
        refused(do(farm, file), "rig: another variant", "free")

    def test_another_path(self, world: World, farm: World, tmp_path: Path, packages: Path) -> None:
        file = submit(world, "free")
        package(tmp_path / "other", "free/1")
        change(file, context__packages_path=[str(tmp_path / "other"), str(packages)])
        refused(do(farm, file), "free: another path", str(tmp_path / "other"), str(packages))

    def test_another_version(self, world: World, farm: World) -> None:
        file = submit(world, "maya")
        change(file, context__request=["maya==2024.1", "python==3.9"])
        refused(do(farm, file), "python: another version: 3.9 instead of 3.11")

    def test_a_job_of_another_platform_that_can_not_be_done_names_it(self, world: World, farm: World) -> None:
        file = change(submit(world, "maya"), platform="plan9-vax", context__request=["maya==9"])
        refused(do(farm, file), "plan9-vax")

    def test_inside_a_container(self, world: World, farm: World) -> None:
        file = submit(world, "maya")
        outcome = farm.rezup("use", "foo", "--", *farm.command("use", "--from", file, "--", "true"))
        refused(outcome, "already container foo")


class TestTheFile:
    @pytest.mark.parametrize(
        "content",
        [b"", b"\0" * 4000, b'{"format": 1, "kind": "rezup-job", "cont', b"[]", b"{}", b"\xff\xfe", b"[" * 100_000,
         b'{"kind": "rezup-job", "format": 1}', b'{"kind": "exact", "format": 1}'],
    )  # fmt: skip
    def test_a_damaged_one(self, world: World, content: bytes) -> None:
        file = world.home / "job.json"
        file.write_bytes(content)
        refused(do(world, file), "job.json")

    def test_one_that_is_cut_short_anywhere(self, world: World) -> None:
        file = submit(world, "maya")
        whole = file.read_bytes()
        for length in range(0, len(whole) - 2, len(whole) // 7):
            file.write_bytes(whole[:length])
            refused(do(world, file), "job.json")

    def test_a_newer_one(self, world: World) -> None:
        file = change(submit(world, "maya"), format=2)
        refused(do(world, file), "its format is 2, and this rezup knows 1", "hint: upgrade rezup")
        change(file, format=1, context__format=2)
        refused(do(world, file), "format 2")

    def test_one_that_is_not_there(self, world: World) -> None:
        refused(do(world, world.home / "none.json"), "none.json can't be read", "No such file")
        refused(do(world, world.home), "can't be read")

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
    def test_a_pipe_in_its_place_is_not_waited_for(self, world: World) -> None:
        os.mkfifo(world.home / "job.json")
        refused(do(world, world.home / "job.json", timeout=30), "it is no file")

    @pytest.mark.parametrize(
        "changes",
        [
            {"container__name": "../../etc"},
            {"container__name": "-x"},
            {"container__name": 5},
            {"container__revision": "-1"},
            {"container__revision": ""},
            {"container__revision": "../100.000000"},
            {"container__revision": ["100.000000"]},
            {"container__recipe_digest": 1},
            {"container__tools": ["rez"]},
            {"container__tools": {"rez": None}},
            {"container": "foo"},
            {"container": ...},
            {"context": ...},
            {"context": []},
            {"platform": {}},
            {"context__request": ["maya==2024.1", 5]},
            {"context__request": "maya"},
            {"context__request": ["$(touch /nowhere)"]},
            {"context__packages": [{"name": "maya"}]},
            {"context__packages": ...},
            {"context__time": "soon"},
            {"context__packages_path": ["/a\0b"]},
            {"context__requested": [5]},
            {"format": True},
            {"context__format": True},
            {"context__package_filter": [1, 2]},
            {"context__packages_path": ["/a\ud800"]},
            {"container__tools": {"rez": "\ud800"}},
            {"rezup": "\ud800"},
        ],
    )  # fmt: skip
    def test_a_hostile_one(self, world: World, changes: dict[str, Any]) -> None:
        refused(do(world, change(submit(world, "maya"), **changes)), "can't be used")

    def test_hostile_texts_are_data(self, world: World, tmp_path: Path) -> None:
        witness = tmp_path / "witness"
        for name in ("tools", "rezup"):
            file = submit(world, "maya")
            evil = f"$(touch {witness})`touch {witness}`'; touch {witness}; \x1b[31m\n"
            change(file, **{"rezup": evil} if name == "rezup" else {"container__tools": {"rez": evil}})
            do(world, file)
        change(submit(world, "maya"), context__package_filter=[{"excludes": [evil]}])
        refused(do(world, tmp_path / "job.json"))
        assert not witness.exists()

    def test_a_context_file_is_no_job(self, world: World) -> None:
        file = world.home / "c.rxt"
        world.rezup("use", "foo", "--", *world.command("env", "maya", "-o", file))
        refused(do(world, file), "is no job", "hint: make one with")


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


class TestWhatOnlyRezCanDo:
    @pytest.mark.parametrize(
        ("variables", "changes", "words"),
        [
            ({"REZ_DEFAULT_SHELL": "xonsh"}, {}, "unknown shell 'xonsh'"),
            ({}, {"context__package_orderers": [{"type": "studio"}]}, "no package orderer 'studio'"),
            ({}, {"context__packages_path": ["sqlite@/packages"]}, "no kind of repository called 'sqlite'"),
        ],
    )  # fmt: skip
    def test_a_plugin_that_is_not_known_is_said_with_the_command_that_can(
        self, world: World, variables: dict[str, str], changes: dict[str, Any], words: str
    ) -> None:
        file = change(submit(world, "maya"), **changes)
        refused(do(world, file, env=variables), words, "rezup use NAME -- rez-env")
