"""Making revisions: real builds of a stand-in for Rez, from wheels that the test makes."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from rezup.stores.base import RECEIPT, RECIPE
from support.permissions import obey_permissions
from support.wheels import write_extension, write_project, write_rez
from support.world import Outcome, World


def witness(outcome: Outcome) -> dict[str, object]:
    assert outcome.code == 0, outcome.err
    data: dict[str, object] = json.loads(outcome.out)
    return data


def test_the_first_use_makes_the_container_and_the_second_takes_it(world: World) -> None:
    world.recipe()
    first = world.rezup("use", "foo", "--", "rez")
    assert witness(first)["ignores_environment"] == 1
    assert "building it from" in first.err
    second = world.rezup("use", "foo", "--", "rez")
    assert second.err == ""
    assert len(world.stamps()) == 1


def test_use_without_a_name_makes_the_default_container(world: World) -> None:
    world.recipe(".main")
    assert world.rezup("--", "rez").code == 0
    assert len(world.stamps(".main")) == 1


def test_a_receipt_tells_all_and_the_recipe_is_kept_byte_for_byte(world: World) -> None:
    recipe = world.recipe(extra='flags = ["-E", "-s"]')
    assert world.rezup("add", "foo", "--skip-use").code == 0
    folder = world.root / "foo" / world.stamps()[0]
    assert (folder / RECIPE).read_bytes() == recipe.read_bytes()
    receipt = json.loads((folder / RECEIPT).read_bytes())
    assert receipt["format"] == 1
    assert receipt["tools"] == [
        {"name": "rez", "distribution": "rez", "version": "9.1.0", "environment": "rez", "editable": None}
    ]
    expected = "pip" if importlib.util.find_spec("uv") is None and shutil.which("uv") is None else "uv"
    assert receipt["environments"][0]["backend"] == expected
    assert receipt["environments"][0]["backend_reason"]
    assert {entry.name for entry in folder.iterdir()} == {
        "lease", "venv", "records", "wheels", "pylock.toml", RECIPE, RECEIPT,
    }  # fmt: skip


def test_make_makes_a_new_one_from_a_recipe_anywhere(world: World) -> None:
    world.recipe()
    world.rezup("use", "foo", "--", "rez")
    other = world.recipe("other", version="9.2.0")
    made = world.rezup("use", "foo", "--make", other, "--", "rez")
    assert made.code == 0
    assert len(world.stamps()) == 2
    assert world.rezup("status", "foo", "--json").data["container"]["rez"] == "9.2.0"
    assert world.rezup("status", "foo@-1", "--json").data["container"]["rez"] == "9.1.0"


def test_a_new_revision_does_not_disturb_one_in_use(world: World) -> None:
    world.recipe()
    world.rezup("add", "foo", "--skip-use")
    os.mkfifo(world.home / "gate")
    first = world.start("use", "foo", "--", "sh", "-c", "read line < gate; rez")
    world.recipe(version="9.2.0")
    assert world.rezup("add", "foo", "--skip-use").code == 0
    (world.home / "gate").write_text("go\n")
    out, err = first.communicate(timeout=60)
    assert first.returncode == 0, err
    assert world.stamps()[1] in json.loads(out)["prefix"]


def test_a_root_can_be_moved_and_nothing_in_it_names_its_old_place(world: World) -> None:
    world.recipe()
    root = world.folder / "a b\"c'é"
    assert world.rezup("add", "foo", "--skip-use", "--root", root).code == 0
    moved = world.folder / "moved"
    root.rename(moved)
    found = subprocess.run(
        ["grep", "-rl", str(root), str(moved)], capture_output=True, text=True, check=False
    )
    assert found.stdout == ""
    assert str(moved) in str(witness(world.rezup("use", "foo", "--root", moved, "--", "rez"))["prefix"])


def test_running_it_writes_nothing_into_the_revision(world: World) -> None:
    world.recipe()
    world.rezup("add", "foo", "--skip-use")
    folder = world.root / "foo" / world.stamps()[0]

    def state() -> dict[str, float]:
        return {str(p): p.lstat().st_mtime_ns for p in folder.rglob("*")}

    before = state()
    world.write("job.py", "import rez.cli, rezplugins.command\n")
    assert world.rezup("use", "foo", "--do", "job.py").code == 0
    assert world.rezup("use", "foo", "--", "rez").code == 0
    assert state() == before


def test_hostile_python_variables_change_nothing(world: World) -> None:
    world.recipe()
    world.write("evil/rez/__init__.py", "raise SystemExit('evil')")
    world.write("evil/startup.py", "raise SystemExit('evil')")
    evil = str(world.home / "evil")
    world.variables.update(PYTHONPATH=evil, PYTHONSTARTUP=f"{evil}/startup.py", PYTHONNOUSERSITE="")
    assert world.rezup("use", "foo", "--", "rez", env={"PYTHONPATH": ""}).code == 0
    outcome = world.rezup("use", "foo", "--", "rez")
    assert evil not in str(witness(outcome)["path"])


def test_extensions_share_the_environment_or_have_their_own(world: World) -> None:
    wheels = world.folder / "wheels"
    write_extension(wheels, "rez-thing")
    write_extension(wheels, "rez-other")
    world.recipe(
        extra="[[extension]]\nname = 'rez-thing'\n[[extension]]\nname = 'rez-other'\nisolation = true\nflags = ['-E', '-O']"
    )
    shared = witness(world.rezup("use", "foo", "--", "rez-thing"))
    own = witness(world.rezup("use", "foo", "--", "rez-other"))
    assert str(shared["prefix"]).endswith("/venv/rez")
    assert str(own["prefix"]).endswith("/venv/rez-other")
    assert own["optimize"] == 1
    status = world.rezup("status", "foo", "--json").data["container"]
    assert [tool["name"] for tool in status["tools"]] == ["rez", "rez-thing", "rez-other"]


def test_a_build_that_fails_names_its_log_and_publishes_nothing(world: World) -> None:
    world.recipe(version="9.1.0", extra='lib = ["no-such-package"]')
    outcome = world.rezup("use", "foo", "--", "rez")
    assert outcome.code == 1
    assert "Traceback" not in outcome.err
    log = next((world.home / ".local/state/rezup/logs").iterdir())
    assert str(log) in outcome.err
    assert "no-such-package" in log.read_text()
    assert world.stamps() == []
    assert list((world.root / "foo").glob(".staging-*")) == []


def test_a_recipe_with_several_problems_tells_them_all_and_nothing_is_written(world: World) -> None:
    world.write("rezup.foo.toml", '[rez]\nname = "x"\npython = "banana"\n[env]\nA = true\n')
    outcome = world.rezup("use", "foo", "--", "rez")
    assert outcome.code == 1
    for line in ("rezup.foo.toml:2: rez.name", "rezup.foo.toml:3: rez.python", "rezup.foo.toml:5: env.A"):
        assert line in outcome.err
    assert not world.root.exists()


def test_secrets_of_the_environment_reach_no_file_and_no_output(world: World) -> None:
    canary = "c4nary-s3cret"
    world.recipe(extra='lib = ["thing @ https://user:${TOKEN}@127.0.0.1:9/thing-1.0-py3-none-any.whl"]')
    outcome = world.rezup(
        "add", "foo", "--skip-use", "-D", env={"TOKEN": canary, "PIP_RETRIES": "0"}, timeout=300
    )
    assert outcome.code == 1
    assert canary not in outcome.out + outcome.err
    for path in world.folder.rglob("*"):
        if path.is_file():
            assert canary.encode() not in path.read_bytes(), path


def test_a_vanished_python_gives_one_line_and_a_rebuild_under_the_same_name(world: World) -> None:
    world.revision("foo", "100.000000")
    world.recipe()
    world.rezup("add", "foo", "--skip-use")
    stamp = world.stamps()[0]
    (world.root / "foo" / "pin").write_text(stamp)
    python = world.root / "foo" / stamp / "venv" / "rez" / "bin" / "python"
    python.unlink()
    python.symlink_to("/nowhere/python")
    outcome = world.rezup("use", "foo", "-q", "--", "rez")
    assert outcome.code == 0
    assert outcome.err.count("\n") == 1
    assert "Python is gone" in outcome.err
    assert world.stamps() == [stamp, "100.000000"]
    assert world.rezup("use", "foo", "--", "rez").err == ""


def test_an_edit_install_points_at_its_source(world: World) -> None:
    from support.wheels import rez_files, write_project

    source = write_project(world.home / "src", "rez", "9.1.0", rez_files(), {"rez": "rez.cli:main"})
    world.write(
        "rezup.foo.toml",
        f"[rez]\nname = 'rez'\nurl = '{source}'\nedit = true\n[env]\nREZUP_EDIT_IN_PRODUCTION = '1'\n"
        f"[pip]\noptions = ['--no-index', '--no-build-isolation']\n",
    )
    outcome = world.rezup("use", "foo", "--", "rez")
    assert outcome.code == 0, outcome.err
    receipt = json.loads((world.root / "foo" / world.stamps()[0] / RECEIPT).read_bytes())
    assert receipt["tools"][0]["editable"] == str(source)
    assert str(source) in receipt["not_relocatable"]


class TestARemoteRoot:
    """Three machines and a share."""

    @pytest.fixture
    def machines(self, tmp_path: Path) -> list[World]:
        (tmp_path / "studio").mkdir()
        wheels = tmp_path / "studio" / "wheels"
        for version in ("9.1.0", "9.2.0"):
            write_rez(wheels, version)
        machines = [World(tmp_path / name) for name in ("one", "two", "three")]
        for machine in machines:
            machine.variables["REZUP_ROOT_REMOTE"] = str(tmp_path / "studio")
        return machines

    def publish(self, machine: World, version: str, *extra: str) -> Outcome:
        wheels = Path(machine.variables["REZUP_ROOT_REMOTE"]) / "wheels"
        machine.write(
            "rezup.foo.toml",
            f"description = 'v{version}'\n[rez]\nname = 'rez'\nurl = 'rez=={version}'\n"
            f"[pip]\noptions = ['--no-index', '--find-links={wheels}']\n",
        )
        return machine.rezup("add", "foo", "--remote", "--skip-use", *extra)

    def publish_bad(self, machine: World) -> None:
        """The newest revision of the studio is one that nobody can build."""
        assert self.publish(machine, "9.2.0").code == 0
        for wheel in (Path(machine.variables["REZUP_ROOT_REMOTE"]) / ".wheels").glob("*/rez-9.2.0*"):
            wheel.unlink()
        (Path(machine.variables["REZUP_ROOT_REMOTE"]) / "wheels" / "rez-9.2.0-py2.py3-none-any.whl").unlink()

    def test_what_can_not_be_locked_is_not_published(self, machines: list[World]) -> None:
        refused = self.publish(machines[0], "9.9.9")
        assert refused.code == 1
        assert "9.9.9" in refused.err
        assert not (Path(machines[0].variables["REZUP_ROOT_REMOTE"]) / "foo").exists()

    def version(self, machine: World) -> object:
        outcome = machine.rezup("use", "foo", "--", "rez")
        assert outcome.code == 0, outcome.err
        return machine.rezup("status", "foo", "--json").data["container"]["rez"]

    def test_every_machine_gets_the_same_revision_under_the_same_name(self, machines: list[World]) -> None:
        assert self.publish(machines[0], "9.1.0").code == 0
        assert [self.version(machine) for machine in machines] == ["9.1.0"] * 3
        assert machines[0].stamps() == machines[1].stamps() == machines[2].stamps()
        assert self.publish(machines[1], "9.2.0").code == 0
        assert [self.version(machine) for machine in machines] == ["9.2.0"] * 3

    def test_the_remote_holds_recipe_lock_and_receipt_only(self, machines: list[World]) -> None:
        self.publish(machines[0], "9.1.0")
        (folder,) = (Path(machines[0].variables["REZUP_ROOT_REMOTE"]) / "foo").iterdir()
        assert sorted(p.name for p in folder.iterdir()) == sorted([RECIPE, RECEIPT, "pylock.toml"])
        assert machines[0].stamps() == []

    def test_a_bad_new_revision_blocks_nobody_and_is_not_tried_again_at_once(
        self, machines: list[World]
    ) -> None:
        self.publish(machines[0], "9.1.0")
        assert self.version(machines[1]) == "9.1.0"
        self.publish_bad(machines[0])
        first = machines[1].rezup("use", "foo", "--", "rez")
        assert first.code == 0
        warnings = [line for line in first.err.splitlines() if line.startswith("warning:")]
        assert len(warnings) == 1
        assert "published by" in warnings[0]
        assert machines[1].stamps()[0] in warnings[0]
        second = machines[1].rezup("use", "foo", "--", "rez")
        assert second.code == 0
        assert "installing" not in second.err
        assert "attempts so far: 1" in second.err

    def test_a_machine_without_any_builds_the_last_good_one_when_the_newest_is_bad(
        self, machines: list[World]
    ) -> None:
        self.publish(machines[0], "9.1.0")
        self.publish_bad(machines[0])
        outcome = machines[1].rezup("use", "foo", "--", "rez")
        assert outcome.code == 0, outcome.err
        assert outcome.err.count("warning:") == 1
        assert len(machines[1].stamps()) == 1

    def test_a_revision_asked_for_by_name_is_had_or_an_error(self, machines: list[World]) -> None:
        self.publish(machines[0], "9.1.0")
        self.publish_bad(machines[0])
        failed = machines[1].rezup("use", "foo@-0", "--", "rez")
        assert failed.code == 1
        assert machines[1].rezup("use", "foo@-1", "--", "rez").code == 0

    def test_a_revision_that_is_half_published_is_passed_over(self, machines: list[World]) -> None:
        self.publish(machines[0], "9.1.0")
        self.version(machines[1])
        half = Path(machines[0].variables["REZUP_ROOT_REMOTE"]) / "foo" / "9999999999.000000"
        half.mkdir()
        (half / RECIPE).write_text("[rez]\nname = 'rez'\n")
        outcome = machines[1].rezup("use", "foo", "--", "rez")
        assert outcome.code == 0
        assert "incomplete on the remote" in outcome.err

    def test_what_was_used_works_with_the_remote_gone(self, machines: list[World]) -> None:
        self.publish(machines[0], "9.1.0")
        self.version(machines[1])
        Path(machines[0].variables["REZUP_ROOT_REMOTE"]).rename(machines[0].folder / "gone")
        assert machines[1].rezup("use", "foo", "--", "rez").code == 0
        refused = machines[2].rezup("use", "foo", "--", "rez")
        assert refused.code == 1
        assert "unreachable" in refused.err

    def test_a_recipe_with_a_literal_secret_is_not_published(self, machines: list[World]) -> None:
        machines[0].write(
            "rezup.foo.toml", "[rez]\nname = 'rez'\nlib = ['x @ https://u:hunter2@h/x-1-py3-none-any.whl']\n"
        )
        outcome = machines[0].rezup("add", "foo", "--remote", "--skip-use")
        assert outcome.code == 1
        assert "${" in outcome.err
        assert "hunter2" not in outcome.err
        assert not (Path(machines[0].variables["REZUP_ROOT_REMOTE"]) / "foo").exists()

    def test_a_path_that_others_can_not_see_is_not_published_unless_told(self, machines: list[World]) -> None:
        studio = Path(machines[0].variables["REZUP_ROOT_REMOTE"])
        machines[0].write("site.env", "A=1\n")
        machines[0].write(
            "rezup.foo.toml",
            f"[rez]\nname = 'rez'\nurl = 'rez'\n[dotenv]\n1 = '{machines[0].home}/site.env'\n"
            f"[pip]\noptions = ['--no-index', '--find-links={studio / 'wheels'}']\n",
        )
        refused = machines[0].rezup("add", "foo", "--remote", "--skip-use")
        assert refused.code == 1
        assert "rezup.foo.toml:5: dotenv.1" in refused.err
        assert machines[0].rezup("add", "foo", "--remote", "--skip-use", "--allow-local-paths").code == 0

    def test_a_source_of_one_machine_reaches_the_others_as_its_wheel(self, machines: list[World]) -> None:
        studio = Path(machines[0].variables["REZUP_ROOT_REMOTE"])
        source = machines[0].home / "thing"
        write_project(
            source, "thing", "1.0", {"thing.py": "def main(): print('own')\n"}, {"thing": "thing:main"}
        )
        machines[0].write(
            "rezup.foo.toml",
            "[rez]\nname = 'rez'\nurl = 'rez'\n[[extension]]\nname = 'thing'\nurl = './thing'\n"
            f"[pip]\noptions = ['--no-index', '--find-links={studio / 'wheels'}']\n",
        )
        published = machines[0].rezup("add", "foo", "--remote", "--skip-use")
        assert published.code == 0, published.err
        shutil.rmtree(source)
        outcome = machines[1].rezup("use", "foo", "--", "thing")
        assert (outcome.code, outcome.out) == (0, "own\n"), outcome.err

    def test_without_a_remote_root_publishing_is_an_error_with_a_hint(self, world: World) -> None:
        world.recipe()
        outcome = world.rezup("add", "foo", "--remote", "--skip-use")
        assert outcome.code == 1
        assert "REZUP_ROOT_REMOTE" in outcome.err


class TestManyAtOnce:
    def test_sixteen_first_uses_all_succeed_with_one_build(self, world: World) -> None:
        world.recipe()
        processes = [world.start("use", "foo", "--", "rez") for _ in range(16)]
        for process in processes:
            out, err = process.communicate(timeout=240)
            assert process.returncode == 0, err
            assert json.loads(out)
        assert len(world.stamps()) == 1

    def test_with_locks_that_do_not_work_all_still_succeed(self, world: World) -> None:
        world.recipe()
        world.variables["REZUP_LOCK_TIMEOUT"] = "0"
        processes = [world.start("use", "foo", "--", "rez") for _ in range(4)]
        for process in processes:
            _, err = process.communicate(timeout=240)
            assert process.returncode == 0, err
        assert list((world.root / "foo").glob(".staging-*")) == []

    def test_use_while_others_drop_never_runs_in_a_vanishing_revision(self, world: World) -> None:
        for stamp in range(100, 112):
            world.revision("foo", f"{stamp}.000000")
        failures: list[str] = []

        def use() -> None:
            for _ in range(6):
                outcome = world.rezup("use", "foo", "--", "rez")
                if outcome.code != 0 or not outcome.out.startswith("rez of "):
                    failures.append(outcome.err)

        threads = [threading.Thread(target=use) for _ in range(3)]
        for thread in threads:
            thread.start()
        for stamp in range(111, 101, -1):
            world.rezup("drop", f"foo@{stamp}.000000", "--yes")
        for thread in threads:
            thread.join()
        assert failures == []


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
def test_a_read_only_root_is_used_and_a_build_in_it_is_a_clear_error(world: World) -> None:
    world.revision("foo", "100.000000")
    world.recipe()
    for path in (world.root, world.root / "foo"):
        path.chmod(0o555)
    try:
        used = world.rezup("use", "foo", "--", "rez", preexec_fn=obey_permissions)
        refused = world.rezup("use", "foo", "--make", "--", "rez", preexec_fn=obey_permissions)
    finally:
        for path in (world.root, world.root / "foo"):
            path.chmod(0o755)
    assert used.out == "rez of 100.000000\n"
    assert refused.code == 1
    assert "hint:" in refused.err


def test_a_root_that_can_not_be_written_is_a_clear_error(world: World) -> None:
    world.recipe()
    world.root.mkdir()
    (world.root / "foo").write_text("a file in the way")
    outcome = world.rezup("use", "foo", "--", "rez")
    assert outcome.code == 1
    assert [line.split()[0] for line in outcome.err.splitlines()[-3:]] == [
        "error:",
        f"{world.root}/foo:",
        "hint:",
    ]


def test_a_sole_revision_that_is_damaged_is_built_anew_from_its_recipe(world: World) -> None:
    world.recipe()
    world.rezup("add", "foo", "--skip-use")
    (stamp,) = world.stamps()
    for damage in (b"", b"\0" * 100):
        (world.root / "foo" / stamp / RECEIPT).write_bytes(damage)
        outcome = world.rezup("use", "foo", "--", "rez")
        assert outcome.code == 0, outcome.err
        assert "building it anew" in outcome.err
        assert world.stamps() == [stamp]


def test_what_is_not_ours_is_never_built_over(world: World, tmp_path: Path) -> None:
    from rezup.recipes.names import ContainerName
    from rezup.stores.remote import RemoteStore
    from rezup.stores.stamps import Stamp

    studio = tmp_path / "studio"
    recipe = world.recipe()
    world.variables["REZUP_ROOT_REMOTE"] = str(studio)
    RemoteStore(studio).publish(
        ContainerName("foo"),
        {RECIPE: recipe.read_bytes(), RECEIPT: b'{"rezup_version": "2.6.0"}'},
        Stamp("100.0"),
    )
    folder = world.root / "foo" / "100.0"
    for receipt in ('{"somebody": "else"}', '{"format": 99}'):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / RECEIPT).write_text(receipt)
        (folder / "thesis.txt").write_text("precious")
        assert world.rezup("use", "foo", "--", "rez").code == 1
        assert world.rezup("drop", "foo", "--yes").code == 1
        assert (folder / "thesis.txt").read_text() == "precious"


def test_a_value_that_a_url_takes_from_the_environment_is_shown_nowhere(world: World) -> None:
    recipe = "[rez]\nname = 'rez'\nurl = 'rez @ https://127.0.0.1:9/${PLACE}/rez-1.0-py3-none-any.whl'\n"
    world.write("rezup.foo.toml", recipe)
    outcome = world.rezup(
        "use", "foo", "-D", "--", "rez", env={"PLACE": "c4nary-123", "PIP_RETRIES": "0"}, timeout=300
    )
    assert outcome.code == 1
    assert "c4nary" not in outcome.err
    for path in world.folder.rglob("*"):
        if path.is_file():
            assert b"c4nary" not in path.read_bytes(), path


def test_a_recipe_with_a_secret_is_readable_by_its_owner_only(world: World) -> None:
    world.recipe(extra='[env]\nMY_TOKEN = "literal"')
    world.rezup("add", "foo", "--skip-use")
    folder = world.root / "foo" / world.stamps()[0]
    assert (folder / RECIPE).stat().st_mode & 0o777 == 0o600
    assert (folder / RECEIPT).stat().st_mode & 0o777 == 0o644


def test_the_interpreter_of_a_python_script_is_the_revisions(world: World) -> None:
    world.recipe()
    world.write("job.py", "import sys, rez; print(sys.prefix)\n")
    outcome = world.rezup("use", "foo", "--do", "job.py")
    assert outcome.out.strip().endswith(f"{world.stamps()[0]}/venv/rez")
    assert sys.prefix not in outcome.out


def test_a_name_that_differs_in_case_only_is_refused_before_a_write(world: World) -> None:
    world.revision("foo", "100.000000")
    world.recipe("Foo")
    outcome = world.rezup("use", "Foo", "--", "rez")
    assert outcome.code == 1
    assert "upper and lower case" in outcome.err
    assert [p.name for p in world.root.iterdir()] == ["foo"]


def test_a_root_that_anybody_may_write_to_is_warned_of(world: World) -> None:
    world.recipe()
    world.root.mkdir()
    world.root.chmod(0o777)
    assert "anybody may write" in world.rezup("add", "foo", "--skip-use").err


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can do that")
def test_under_sudo_nothing_of_roots_is_left_in_the_users_home(world: World) -> None:
    world.recipe()
    world.revision("bar", "100.000000")
    os.chown(world.home, 12345, 12345)
    before = {p: p.lstat().st_mtime_ns for p in world.home.rglob("*")}
    assert world.rezup("use", "foo", "--", "rez").code == 1
    assert world.rezup("use", "bar", "--", "rez").code == 0
    assert {p: p.lstat().st_mtime_ns for p in world.home.rglob("*")} == before


def test_the_python_interface_of_rezup_2_still_works(world: World) -> None:
    world.recipe()
    (world.home / "recipes").mkdir()
    (world.home / "rezup.foo.toml").rename(world.home / "recipes" / "rezup.foo.toml")
    world.write("recipes/rezup.toml", '[rez]\nname = "rez"\n[env]\nA = "1"\n')
    world.revision(".main", "100.000000", environment={"A": "1"})
    script = world.write(
        "old.py",
        """
import os
import rezup
from rezup import Container, ContainerError, ContainerRecipe, Revision, iter_containers
from rezup.util import get_revision

with ContainerRecipe.provisional_recipes("recipes"):
    assert sorted(c.name() for c in iter_containers()) == [".main", "foo"]
    try:
        get_revision("foo")
    except ContainerError:
        pass
    else:
        raise SystemExit("there is none yet")
    revision = get_revision("foo", create=True)
    assert isinstance(revision, Revision) and revision.is_ready() and not revision.is_remote()
    assert revision == Container("foo").get_latest_revision()
    assert revision.get_rez_version() == "9.1.0"
    assert [p.name for p in revision.production_bin_dirs()] == ["rez"]
    assert Container("foo").get_revision_by_time(revision.timestamp()) == revision
    assert revision.metadata()["container"] == "foo" and revision.recipe()["rez"]["name"] == "rez"
    assert revision.use(["sh", "-c", "exit 0"], wait=False) == 0
    from rezup.util_env import dot_main
    assert dot_main["A"] == "1" and os.environ["A"] == "1"
    from rezup import util_env
    assert dir(util_env) == ["dot_main", "foo"]
    Container(".main").purge()
    assert Container(".main").is_empty()
print("fine")
""",
    )
    done = subprocess.run(
        [sys.executable, script],
        env=world.environ,
        cwd=world.home,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "fine\n", done.stderr


def test_a_secret_in_the_env_table_is_warned_of_works_and_is_not_copied_into_the_receipt(
    world: World,
) -> None:
    recipe = world.recipe(extra='[env]\nHTTPS_PROXY = "http://u:hunter2@proxy:1"\nMY_TOKEN = "c4nary"')
    made = world.rezup("add", "foo", "--skip-use")
    assert made.code == 0
    assert made.err.count("warning:") == 2
    folder = world.root / "foo" / world.stamps()[0]
    assert not any(word in (folder / RECEIPT).read_text() for word in ("hunter2", "c4nary"))
    shown = world.rezup("recipe", "show", "foo", "--json")
    assert not any(word in shown.out + made.err for word in ("hunter2", "c4nary"))
    recipe.unlink()
    outcome = world.rezup("use", "foo", "--", "sh", "-c", "echo $HTTPS_PROXY $MY_TOKEN")
    assert outcome.out == "http://u:hunter2@proxy:1 c4nary\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_build_that_is_told_to_end_takes_its_installer_with_it(
    world: World, number: signal.Signals
) -> None:
    server = socket.create_server(("127.0.0.1", 0))  # accepts, and says nothing
    port = server.getsockname()[1]
    world.write(
        "rezup.foo.toml",
        f"[rez]\nname = 'rez'\nurl = 'rez @ http://127.0.0.1:{port}/rez-1-py3-none-any.whl'\n",
    )
    process = world.start("use", "foo", "--", "rez")
    connection, _ = server.accept()
    with server, connection:
        process.send_signal(number)
        process.communicate(timeout=60)
        assert process.returncode == 128 + number
        connection.settimeout(30)
        while connection.recv(65536):  # ends when the installer did
            pass
    assert [p.name for p in (world.root / "foo").iterdir() if p.name != ".lock"] == []


def test_every_variable_that_is_not_set_is_named_with_its_line_before_anything_is_built(world: World) -> None:
    world.write(
        "rezup.foo.toml",
        "[rez]\nname = 'rez'\nurl = 'rez @ https://h/${ONE}/rez.whl'\nlib = ['a', 'b @ https://h/${TWO}']\n[pip]\noptions = ['--proxy=${THREE}']\n",
    )
    outcome = world.rezup("use", "foo", "--", "rez")
    assert outcome.code == 1
    for place in (
        "rezup.foo.toml:3: rez.url",
        "rezup.foo.toml:4: rez.lib[2]",
        "rezup.foo.toml:6: pip.options[1]",
    ):
        assert place in outcome.err
    assert world.stamps() == []


def test_a_python_that_is_nowhere_is_an_error_that_names_the_log(world: World) -> None:
    world.recipe(extra='python = "2.99"')
    outcome = world.rezup("use", "foo", "--", "rez", env={"REZUP_OFFLINE": "1"})
    assert outcome.code == 1
    assert "2.99" in outcome.err
    assert ".local/state/rezup/logs/foo-" in outcome.err
