"""``rezup cache`` as its users meet it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rezup.cache.environments import Environments
from support.environments import build, content, make_project, make_venv, output, wanted
from support.permissions import obey_permissions
from support.pruning import read_only
from support.wheels import write_wheel

if TYPE_CHECKING:
    from support.world import World

pytestmark = pytest.mark.skipif(os.name == "nt", reason="scripts of Windows hold their place in a program")


@pytest.fixture
def project(world: World) -> Path:
    """A project with its environment; `python3` is this one, and `rezup` is on PATH."""
    binaries = world.home / "bin"
    binaries.mkdir()
    (binaries / "python3").symlink_to(sys.executable)
    (binaries / "rezup").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m rezup_cli "$@"\n')
    (binaries / "rezup").chmod(0o755)
    world.variables["PATH"] = f"{binaries}:{os.environ['PATH']}"
    folder = make_project(world.home / "shop")
    make_venv(folder)
    return folder


@pytest.fixture
def store(world: World) -> Environments:
    """This machine's store, with two environments; the one of "old" was not used for long."""
    made = Environments(world.home / ".cache" / "rezup")
    for text, days in (("old", 50), ("new", 1)):
        made.environment(wanted(text), build).release()
        told = {"seconds": time.time() - days * 86400, "host": "farm7"}
        (made.folder(wanted(text).key) / "used").write_text(json.dumps(told))
    return made


# -- a project --------------------------------------------------------------------------------


#: Shells as jobs are run with: by hand, by a POSIX shell, and as CI systems do.
SHELLS = (["bash"], ["sh", "-e"], ["bash", "-e"], ["bash", "-eo", "pipefail"], ["bash", "-euo", "pipefail"])


def job(project: Path, **replaced: str) -> str:
    """The snippet of the guide, in the project's folder.

    :param replaced: what stands in for its steps
    """
    page = Path(__file__).parents[2] / "docs" / "how-to" / "ci-cache.md"
    text = page.read_text(encoding="utf-8").partition("```sh\n")[2].partition("```\n")[0]
    steps = {
        "folder": ("project-root/", f"'{project}'"),
        "venv": ("-m venv ", "-m venv --without-pip "),
        "install": (".venv/bin/python -m pip install -r requirements.txt", "touch .venv/installed"),
    }
    for name, (step, default) in steps.items():
        assert text.count(step) == 1
        text = text.replace(step, replaced.get(name, default))
    return text


def run_job(
    shell: list[str], world: World, project: Path, **replaced: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*shell, "-c", job(project, **replaced) + 'echo "in $VIRTUAL_ENV"\n'],
        env=world.environ, cwd=world.home, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
def test_the_job_of_the_guide_ends_well_on_a_miss_and_on_a_hit(
    world: World, project: Path, shell: list[str]
) -> None:
    for words in ("stored as", "restored"):
        shutil.rmtree(project / ".venv")
        done = run_job(shell, world, project)
        assert (done.returncode, done.stdout) == (0, f"in {project / '.venv'}\n"), done.stderr
        assert words in done.stderr
        assert (project / ".venv/installed").exists()


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
def test_the_job_of_the_guide_stops_where_something_is_wrong(
    world: World, project: Path, shell: list[str]
) -> None:
    failed = run_job(shell, world, project, install="exit 7")
    assert (failed.returncode, failed.stdout) == (7, "")
    failed = run_job(shell, world, project, install="false")
    assert (failed.returncode, failed.stdout) == (1, "")
    assert world.rezup("cache", "list", "--json", cwd=project).data["project"] == []
    (project / "requirements.txt").unlink()
    wrong = run_job(shell, world, project)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert wrong.stderr.startswith("error: ")


@pytest.mark.slow
def test_the_job_of_the_guide_with_pip(world: World, project: Path) -> None:
    wheel = write_wheel(project, "thing", "1.0", {"thing.py": "print('thing')\n"})
    (project / "requirements.txt").write_text(f"--no-index\n./{wheel.name}\n")
    original = {"venv": "-m venv ", "install": ".venv/bin/python -m pip install -r requirements.txt"}
    for words in ("stored as", "restored"):
        shutil.rmtree(project / ".venv")
        done = run_job(["bash", "-eo", "pipefail"], world, project, **original)
        assert done.returncode == 0, done.stderr
        assert words in done.stderr
        assert output(project / ".venv/bin/python", "-m", "thing") == "thing"


def test_a_restore_is_a_hit_a_miss_or_an_error(world: World, project: Path) -> None:
    assert world.rezup("cache", "restore", cwd=project).code == 1
    assert world.rezup("cache", "store", cwd=project).code == 0
    hit = world.rezup("cache", "restore", "--json", cwd=project)
    assert (hit.code, hit.data["hit"]) == (0, True)
    assert sum(hit.data["files"].values()) > 0
    (project / "requirements.txt").write_text("other\n")
    miss = world.rezup("cache", "restore", "--json", cwd=project)
    assert (miss.code, miss.data["hit"], json.loads(miss.out)["exit_code"]) == (1, False, 1)
    (project / "requirements.txt").unlink()
    error = world.rezup("cache", "restore", cwd=project)
    assert error.code == 2
    assert "hint:" in error.err
    assert "Traceback" not in error.err
    (project / ".virtualenv_cache.toml").write_text("no toml")
    told = world.rezup("cache", "restore", "--json", cwd=project)
    assert (told.code, json.loads(told.out)["exit_code"]) == (2, 2)
    assert world.rezup("cache", "restore", "--nonsense", cwd=project).code == 2
    assert world.rezup("cache", "store", cwd=project).code == 1


def test_a_project_is_named_by_options_or_by_variables(world: World, project: Path) -> None:
    assert world.rezup("cache", "store", "-w", project).code == 0
    (project / ".virtualenv_cache.toml").rename(project / "other.toml")
    assert world.rezup("cache", "restore", "-w", project).code == 2
    assert world.rezup("cache", "restore", "-w", project, "-c", "other.toml").code == 0
    assert (
        world.rezup("cache", "restore", "--work-dir", "shop", "--config-path", project / "other.toml").code
        == 0
    )
    variables = {"VIRTUALENV_CACHE_CONFIG_PATH": "other.toml", "VIRTUALENV_CACHE_WORK_DIR": str(project)}
    assert world.rezup("cache", "restore", env=variables).code == 0
    listed = world.rezup("cache", "list", env={**variables, "VIRTUALENV_CACHE_FORMAT": "json"})
    assert len(json.loads(listed.out)) == 1


def test_init_writes_a_file_once(world: World, tmp_path: Path) -> None:
    folder = tmp_path / "fresh"
    folder.mkdir()
    (folder / "requirements.txt").write_text("")
    assert world.rezup("cache", "init", cwd=folder).code == 0
    text = (folder / ".virtualenv_cache.toml").read_text()
    assert '"requirements.txt"' in text
    again = world.rezup("cache", "init", cwd=folder)
    assert again.code == 1
    assert (folder / ".virtualenv_cache.toml").read_text() == text
    assert world.rezup("cache", "init", "-w", folder, "-c", "sub/mine.toml").code == 0
    assert (folder / "sub" / "mine.toml").is_file()


def test_the_list_shows_what_is_kept_for_the_project(
    world: World, project: Path, store: Environments
) -> None:
    assert world.rezup("cache", "store", cwd=project).code == 0
    plain = json.loads(world.rezup("cache", "list", "--format", "json", cwd=project).out)
    assert [set(row) for row in plain] == [{"id", "hostname", "datetime", "size"}]
    both = world.rezup("cache", "list", "--json", cwd=project).data
    assert [len(both[name]) for name in ("environments", "project")] == [2, 1]
    assert both["project"][0]["id"] == plain[0]["id"]
    assert both["project"][0]["size"] > 1000
    lines = world.rezup("cache", "list", cwd=project).out
    assert plain[0]["id"] in lines
    outside = world.rezup("cache", "list", "--json").data
    assert outside["project"] is None


def test_one_bad_entry_does_not_break_the_list(world: World, project: Path) -> None:
    assert world.rezup("cache", "store", cwd=project).code == 0
    bucket = world.home / "cache" / "environments-v1"
    (bucket / ("ab" * 32)).mkdir()
    (bucket / ("cd" * 32)).mkdir()
    (bucket / ("cd" * 32) / "manifest").mkdir()
    (bucket / "note.txt").write_text("")
    outcome = world.rezup("cache", "list", "--json", cwd=project)
    assert outcome.code == 0
    assert sorted(bool(entry["problem"]) for entry in outcome.data["project"]) == [False, True, True]
    assert world.rezup("cache", "list", cwd=project).code == 0


def test_erase_removes_what_is_kept_for_the_project_alone(
    world: World, project: Path, store: Environments
) -> None:
    assert world.rezup("cache", "store", cwd=project).code == 0
    assert len(world.rezup("cache", "erase", "--json", cwd=project).data["removed"]) == 1
    assert world.rezup("cache", "restore", cwd=project).code == 1
    assert len(store.names()) == 2


def test_a_copy_is_made_where_the_settings_say_so(world: World, project: Path) -> None:
    world.write(".config/rezup/config.toml", 'link_mode = "copy"\n')
    assert world.rezup("cache", "store", cwd=project).code == 0
    files = world.rezup("cache", "restore", "--json", cwd=project).data["files"]
    assert files["hard_link"] == 0
    world.write(".config/rezup/config.toml", 'link_mode = "hope"\n')
    assert world.rezup("cache", "restore", cwd=project).code == 2


@pytest.mark.parametrize("shared", [False, True], ids=["into their own folders", "into one folder"])
def test_sixteen_restores_at_once_all_work(world: World, project: Path, shared: bool) -> None:
    assert world.rezup("cache", "store", cwd=project).code == 0
    before = content(project / ".venv")
    folders = [project] * 16
    if not shared:
        folders = [make_project(world.home / f"shop {number}") for number in range(16)]
    running = [world.start("cache", "restore", "-w", folder) for folder in folders]
    assert [process.wait(120) for process in running] == [0] * 16, [p.communicate()[1] for p in running]
    for process in running:
        process.communicate()
    for folder in folders:
        assert output(folder / ".venv/bin/greet") == f"hello {folder / '.venv'}"
        assert list(folder.glob(".staging-*")) == []
    if shared:
        assert content(project / ".venv") == before
    assert world.rezup("cache", "verify", cwd=project).code == 0


# -- this machine's store ---------------------------------------------------------------------


def test_the_folder_is_that_of_the_settings(world: World, tmp_path: Path) -> None:
    assert world.rezup("cache", "dir").out.strip() == str(world.home / ".cache" / "rezup")
    world.variables["REZUP_CACHE_DIR"] = str(tmp_path / "mine")
    assert world.rezup("cache", "dir", "--json").data["folder"] == str(tmp_path / "mine")


def test_prune_shows_and_does_it_only_when_it_is_told_to(world: World, store: Environments) -> None:
    old = wanted("old").key
    shown = world.rezup("cache", "prune")
    assert shown.out.split() == [old]
    assert "--yes" in shown.err
    assert len(store.names()) == 2
    assert world.rezup("cache", "prune", "--yes", "--json").data["removed"] == [old]
    assert store.names() == [wanted("new").key]


@pytest.mark.parametrize(
    ("options", "count"),
    [
        (["--older-than", "60d"], 0),
        (["--older-than", "1w"], 1),
        (["--older-than", "12h"], 2),
        (["--max-size", "1G"], 0),
        (["--max-size", "0"], 2),
    ],
)
def test_prune_takes_what_is_named(world: World, store: Environments, options: list[str], count: int) -> None:
    found = world.rezup("cache", "prune", "--json", *options).data
    assert len(found["would_remove"]) == count
    assert world.rezup("cache", "prune", "--yes", *options).code == 0
    assert len(store.names()) == 2 - count


@pytest.mark.parametrize("options", [["--older-than", "soon"], ["--max-size", "much"], ["--max-size", "-1"]])
def test_prune_refuses_what_is_no_time_or_size(world: World, options: list[str]) -> None:
    assert world.rezup("cache", "prune", *options).code == 2


def poison(store: Environments, name: str) -> str:
    """Change a program of an environment; its key."""
    key = wanted(name).key
    victim = store.folder(key) / "tree/bin/tool"
    victim.chmod(0o755)
    victim.write_text("#!/bin/sh\nrm -rf everything\n")
    return key


def test_verify_finds_a_poisoned_entry_and_fix_removes_it(world: World, store: Environments) -> None:
    assert world.rezup("cache", "verify").code == 0
    key = poison(store, "new")
    outcome = world.rezup("cache", "verify")
    assert outcome.code == 1
    assert outcome.out == f"{key}: bin/tool was changed\n"
    assert "--fix" in outcome.err
    told = json.loads(world.rezup("cache", "verify", "--json").out)
    assert (told["exit_code"], told["data"]["good"], told["data"]["removed"]) == (1, False, [])
    fixed = world.rezup("cache", "verify", "--fix")
    assert (fixed.code, fixed.out) == (0, outcome.out)
    assert fixed.err == "1 damaged environment removed; it is made anew when wanted\n"
    assert store.names() == [wanted("old").key]
    assert world.rezup("cache", "verify", "--fix").out == "all environments are as they were stored\n"


def test_verify_fails_while_something_damaged_stays(world: World, store: Environments) -> None:
    held = store.find(wanted("old").key)
    assert held is not None
    keys = [poison(store, name) for name in ("old", "new")]
    with held:
        outcome = world.rezup("cache", "verify", "--fix", "--json")
        shown = world.rezup("cache", "verify", "--fix")
    told = json.loads(outcome.out)
    assert (outcome.code, told["status"], told["exit_code"]) == (1, "error", 1)
    assert told["data"] == {
        "good": False, "damaged": {key: ["bin/tool was changed"] for key in keys}, "removed": [keys[1]]
    }  # fmt: skip
    assert [error["message"] for error in told["errors"]] == [f"{keys[0]} is damaged and stays: it is in use"]
    assert (shown.code, shown.out) == (1, f"{keys[0]}: bin/tool was changed\n")
    assert shown.err.splitlines()[0] == f"{keys[0]} is damaged and stays: it is in use"
    told = json.loads(world.rezup("cache", "verify", "--fix", "--json").out)
    assert (told["status"], told["exit_code"], told["errors"]) == ("success", 0, [])
    assert (told["data"]["good"], told["data"]["removed"]) == (True, [keys[0]])
    assert store.names() == []


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="mounts")
def test_verify_goes_on_after_what_can_not_be_removed(
    world: World, store: Environments, project: Path
) -> None:
    assert world.rezup("cache", "store", cwd=project).code == 0
    (kept,) = world.rezup("cache", "list", "--json", cwd=project).data["project"]
    victim = next(world.home.glob(f"cache/**/{kept['id']}/**/greeting.py"))
    victim.chmod(0o644)
    victim.write_text("changed")
    keys = [poison(store, name) for name in ("old", "new")]
    with read_only(store.bucket):
        outcome = world.rezup("cache", "verify", "--fix", cwd=project)
    assert outcome.code == 1
    assert "1 damaged environment removed" in outcome.err
    for key in keys:
        assert f"{key} is damaged and stays: " in outcome.err
    assert world.rezup("cache", "list", "--json", cwd=project).data["project"] == []


def test_verify_goes_on_past_what_may_not_be_entered(world: World, store: Environments) -> None:
    first, other = sorted(poison(store, name) for name in ("old", "new"))
    store.folder(first).chmod(0)
    try:
        outcome = world.rezup("cache", "verify", "--fix", "--json", preexec_fn=obey_permissions)
        shown = world.rezup("cache", "verify", "--fix", preexec_fn=obey_permissions)
    finally:
        store.folder(first).chmod(0o755)
    told = json.loads(outcome.out)
    assert (outcome.code, told["status"], told["exit_code"]) == (1, "error", 1)
    assert (told["data"]["good"], told["data"]["removed"]) == (False, [other])
    assert sorted(told["data"]["damaged"]) == [first, other]
    reason = f"{first} is damaged and stays: Permission denied"
    assert [error["message"] for error in told["errors"]] == [reason]
    assert shown.code == 1
    assert shown.err.splitlines()[0] == reason
    assert store.names() == [first]


def test_clear_removes_all_but_what_is_in_use(world: World, store: Environments) -> None:
    held = store.find(wanted("old").key)
    assert held is not None
    with held:
        outcome = world.rezup("cache", "clear", "--json")
    assert outcome.data["in_use"] == [wanted("old").key]
    assert store.names() == [wanted("old").key]
    assert world.rezup("cache", "clear").code == 0
    assert store.names() == []
