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
from typing import TYPE_CHECKING

import pytest

from rezup.stores.base import RECEIPT, RECIPE
from support.wheels import write_extension, write_project

if TYPE_CHECKING:
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
    from support.wheels import rez_files

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
