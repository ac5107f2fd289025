"""``rezup cache`` as its users meet it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from rezup.cache.environments import Environments
from support.environments import build, content, make_project, make_venv, output, wanted

if TYPE_CHECKING:
    from pathlib import Path

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


def test_the_snippet_of_virtualenv_cache_runs_with_the_name_changed(world: World, project: Path) -> None:
    shutil.rmtree(project / ".venv")
    snippet = (
        "rezup cache restore\n"
        "[ $? -eq 1 ] && ( python3 -m venv --without-pip .venv && . .venv/bin/activate && touch .venv/installed"
        " && rezup cache store )\n"
    )
    script = ["bash", "-c", snippet]
    assert (
        subprocess.run(script, cwd=project, env=world.environ, capture_output=True, check=True).returncode
        == 0
    )
    assert (project / ".venv/installed").exists()
    shutil.rmtree(project / ".venv")
    second = subprocess.run(script, cwd=project, env=world.environ, capture_output=True, check=False)
    assert b"restored" in second.stderr
    assert (project / ".venv/installed").exists()


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


def test_verify_finds_a_poisoned_entry_and_fix_removes_it(world: World, store: Environments) -> None:
    assert world.rezup("cache", "verify").code == 0
    victim = store.folder(wanted("new").key) / "tree/bin/tool"
    victim.chmod(0o755)
    victim.write_text("#!/bin/sh\nrm -rf everything\n")
    outcome = world.rezup("cache", "verify")
    assert outcome.code == 1
    assert f"{wanted('new').key}: bin/tool was changed" in outcome.out
    told = json.loads(world.rezup("cache", "verify", "--fix", "--json").out)
    assert (told["exit_code"], told["data"]["removed"]) == (1, [wanted("new").key])
    assert world.rezup("cache", "verify").code == 0


def test_clear_removes_all_but_what_is_in_use(world: World, store: Environments) -> None:
    held = store.find(wanted("old").key)
    assert held is not None
    with held:
        outcome = world.rezup("cache", "clear", "--json")
    assert outcome.data["in_use"] == [wanted("old").key]
    assert store.names() == [wanted("old").key]
    assert world.rezup("cache", "clear").code == 0
    assert store.names() == []
