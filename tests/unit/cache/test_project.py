"""A project's environment is kept and comes back, here or in another folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from rezup.cache.entry import MANIFEST
from rezup.cache.project import Project
from rezup.cache.project_file import ProjectFile
from rezup.errors import CacheError, InterpreterNotFoundError, SettingsError
from rezup.reporting import Reporter
from support.environments import content, make_project, make_venv, output

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="scripts of Windows hold their place in a program")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home whose `python3` is this one."""
    folder = tmp_path / "home"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python3").symlink_to(sys.executable)
    return folder


def opened(folder: Path, home: Path, *, link: bool = True) -> Project:
    environ = {"HOME": str(home), "PATH": f"{home / 'bin'}:/usr/bin:/bin"}
    file = ProjectFile.load(folder / ".virtualenv_cache.toml", folder, environ, pytest.fail)
    return Project(file, environ=environ, reporter=Reporter(), link=link)


@pytest.mark.parametrize(
    "names", [("one", "one"), ("one", "two words"), ("two words", "one"), ("a b", "ü (2)")]
)
@pytest.mark.parametrize("link", [True, False])
def test_a_restored_environment_works_where_it_lands(
    tmp_path: Path, home: Path, names: tuple[str, str], link: bool
) -> None:
    first = make_project(tmp_path / names[0])
    made = make_venv(first)
    opened(first, home).store()
    before = content(made)
    if names[0] == names[1]:
        subprocess.run(["rm", "-rf", made], check=True)
        second = first
    else:
        second = make_project(tmp_path / names[1])
        (second / "source").mkdir()
    restored = opened(second, home, link=link).restore()
    assert restored is not None
    venv = second / ".venv"
    assert output(venv / "bin/greet") == f"hello {venv}"
    assert output("bash", "-c", '. "$0"/bin/activate; greet; echo "$VIRTUAL_ENV"', venv) == (
        f"hello {venv}\n{venv}"
    )
    code = "import sys; print([p for p in sys.path if p.endswith('source')])"
    assert output(venv / "bin/python", "-c", code) == str([f"{second}/source"])
    if names[0] == names[1]:
        assert content(venv) == before
    else:
        pattern = str(first)
        named = [
            path
            for path, data in content(venv).items()
            if pattern.encode() in (data if isinstance(data, bytes) else b"")
        ]
        assert named == []
    assert opened(first, home).environments.damage(restored.key) == []


ACTIVATIONS = {
    "bash": '. "$0"/bin/activate; echo "$VIRTUAL_ENV"; command -v greet',
    "dash": '. "$0"/bin/activate; echo "$VIRTUAL_ENV"; command -v greet',
    "zsh": '. "$0"/bin/activate; echo "$VIRTUAL_ENV"; command -v greet',
    "fish": 'source $argv[1]/bin/activate.fish; echo "$VIRTUAL_ENV"; command -v greet',
    "tcsh": 'source .venv/bin/activate.csh; echo "$VIRTUAL_ENV"; which greet',
}


@pytest.mark.parametrize("maker", ["venv", "virtualenv", "uv"])
@pytest.mark.parametrize("shell", ACTIVATIONS)
def test_activation_works_in_each_shell_whatever_made_the_environment(
    tmp_path: Path, home: Path, shell: str, maker: str
) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} here")
    first, second = make_project(tmp_path / "one"), make_project(tmp_path / "it is & (that)")
    make_venv(first)
    script = (first / ".venv/bin/greet").read_text()
    if maker != "venv":
        shutil.rmtree(first / ".venv")
        uv = [sys.executable, "-m", "uv", "venv", "-q", "-p", sys.executable]
        command = uv if maker == "uv" else [sys.executable, "-m", "virtualenv", "-q", "--no-seed"]
        subprocess.run([*command, first / ".venv"], check=True)
        (first / ".venv/bin/greet").write_text(script)
        (first / ".venv/bin/greet").chmod(0o755)
    opened(first, home).store()
    opened(second, home).restore()
    venv = second / ".venv"
    last = [str(venv)] if shell != "tcsh" else []
    options = ["-f"] if shell in ("tcsh", "zsh") else []
    environ = {"PATH": os.environ["PATH"], "HOME": str(home)}
    told = output(shell, *options, "-c", ACTIVATIONS[shell], *last, cwd=second, env=environ)
    assert told.splitlines() == [str(venv), str(venv / "bin/greet")]


def test_nothing_fits_after_a_lock_file_changed(tmp_path: Path, home: Path) -> None:
    project = make_project(tmp_path / "one")
    venv = make_venv(project)
    opened(project, home).store()
    (project / "requirements.txt").write_text("numpy==2.1\n")
    before = content(venv)
    assert opened(project, home).restore() is None
    assert content(venv) == before


def test_what_is_stored_again_replaces_what_was_there(tmp_path: Path, home: Path) -> None:
    project = make_project(tmp_path / "one")
    make_venv(project)
    first = opened(project, home).store()
    make_venv(project, says="again")
    assert opened(project, home).store().key == first.key
    opened(project, home).restore()
    assert output(project / ".venv/bin/greet").startswith("again")
    assert len(opened(project, home).entries()) == 1


def test_storing_changes_nothing_in_the_environment(tmp_path: Path, home: Path) -> None:
    project = make_project(tmp_path / "one")
    venv = make_venv(project)
    opened(project, home).store()
    modes = {path.stat().st_mode & 0o222 for path in venv.rglob("*.py")}
    assert 0 not in modes
    assert {path.stat().st_nlink for path in venv.rglob("*.py")} == {1}


def test_the_least_used_make_room(tmp_path: Path, home: Path) -> None:
    project = make_project(tmp_path / "one")  # keeps two
    make_venv(project)
    keys = []
    for number in range(3):
        (project / "requirements.txt").write_text(f"numpy==2.{number}\n")
        stored = opened(project, home).store()
        keys.append(stored.key)
    assert [entry.key for entry in stored.trimmed.removed] == keys[:1]
    assert {entry.key for entry in opened(project, home).entries()} == set(keys[1:])


def test_one_that_is_in_use_never_makes_room(tmp_path: Path, home: Path) -> None:
    project = make_project(tmp_path / "one")
    make_venv(project)
    first = opened(project, home).store()
    held = opened(project, home).environments.find(first.key)
    assert held is not None
    with held:
        for number in range(3):
            (project / "requirements.txt").write_text(f"numpy==3.{number}\n")
            opened(project, home).store()
        assert first.key in opened(project, home).environments.names()


def test_what_the_ancestor_left_is_neither_read_nor_removed(tmp_path: Path, home: Path) -> None:
    project = make_project(tmp_path / "one")
    make_venv(project)
    old = home / "cache" / ("ab" * 32)
    (old / "venv").mkdir(parents=True)
    (old / "virtualenv-cache-usage.json").write_text("no JSON")
    stored = opened(project, home).store()
    assert [entry.key for entry in opened(project, home).entries()] == [stored.key]
    opened(project, home).erase()
    assert (old / "virtualenv-cache-usage.json").read_text() == "no JSON"
    assert opened(project, home).entries() == []


def test_a_damaged_entry_is_a_miss_and_goes(tmp_path: Path, home: Path) -> None:
    project = make_project(tmp_path / "one")
    venv = make_venv(project)
    stored = opened(project, home).store()
    store = opened(project, home).environments
    (store.folder(stored.key) / MANIFEST).write_bytes(b"")
    before = content(venv)
    assert opened(project, home).restore() is None
    assert content(venv) == before
    assert store.names() == []


def test_a_folder_that_is_no_environment_is_never_replaced(tmp_path: Path, home: Path) -> None:
    project = make_project(tmp_path / "one")
    make_venv(project)
    opened(project, home).store()
    subprocess.run(["rm", "-rf", project / ".venv"], check=True)
    (project / ".venv").mkdir()
    (project / ".venv" / "thesis.txt").write_text("years of work")
    with pytest.raises(CacheError, match="left alone"):
        opened(project, home).restore()
    assert (project / ".venv" / "thesis.txt").read_text() == "years of work"


def test_an_environment_behind_a_link_is_replaced_where_it_is(tmp_path: Path, home: Path) -> None:
    project = make_project(tmp_path / "one")
    venv = make_venv(project)
    opened(project, home).store()
    venv.rename(tmp_path / "real")
    venv.symlink_to(tmp_path / "real")
    (tmp_path / "real" / "bin" / "greet").unlink()
    assert opened(project, home).restore() is not None
    assert venv.is_symlink()
    assert output(venv / "bin/greet").startswith("hello")


def test_what_is_missing_is_an_error(tmp_path: Path, home: Path) -> None:
    project = make_project(tmp_path / "one")
    with pytest.raises(CacheError, match="no virtual environment"):
        opened(project, home).store()
    with pytest.raises(CacheError, match="on PATH"):
        opened(project, home).restore("python9.9")
    with pytest.raises(InterpreterNotFoundError):
        opened(project, home).restore("/bin/true")
    (project / "requirements.txt").unlink()
    with pytest.raises(SettingsError, match=r"requirements\.txt"):
        opened(project, home).restore()


def test_leavings_beside_the_environment_go_later(tmp_path: Path, home: Path) -> None:
    project = make_project(tmp_path / "one")
    make_venv(project)
    opened(project, home).store()
    left = project / ".staging-00000000-1-deadbeef"
    left.mkdir()
    os.utime(left, (1e9, 1e9))
    (project / ".staging-of-the-user").mkdir()
    opened(project, home).restore()
    assert not left.exists()
    assert (project / ".staging-of-the-user").exists()
