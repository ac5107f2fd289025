"""The folder of a suite: hostile content, files of others, faults and crashes."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import stat
from typing import TYPE_CHECKING, Any

import pytest

from rezup.errors import SuiteError
from rezup.runtime.suites.suite import Suite
from support.suite_world import config_of, context_of, tree, write_packages

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rezup.runtime.config import Config


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return config_of(tmp_path, write_packages(tmp_path / "packages"))


@pytest.fixture
def folder(config: Config, tmp_path: Path) -> Path:
    suite = Suite(config)
    suite.add("anim", context_of(config, "maya-2024", "lib-1", requests=["maya"]))
    suite.add("comp", context_of(config, "nuke-13", "util-10"))
    suite.save(str(tmp_path / "studio" / "suite"))
    return tmp_path / "studio" / "suite"


def changed(folder: Path, config: Config) -> Suite:
    """A suite of which every kind of file changes."""
    suite = Suite.load(str(folder), config)
    suite.remove("comp")
    suite.add("fx", context_of(config, "houdini-20"))
    suite.remove("anim")
    suite.add("anim", context_of(config, "maya-2023"))
    return suite


HOSTILE = [
    "", "a", "[]", "3", "contexts", "contexts: [1]", "contexts: 3", "contexts: {a: 3}", "contexts: {a: {}}",
    "contexts: {a: {priority: x}}", "contexts: {a: {priority: true}}", "contexts: {1: {priority: 1}}",
    "contexts: {../a: {priority: 1}}", "contexts: {..: {priority: 1}}", "contexts: {a: {priority: 1, name: b}}",
    "contexts: {a: {priority: 1, tool_aliases: [x]}}", "contexts: {a: {priority: 1, tool_aliases: {x: ../y}}}",
    "contexts: {a: {priority: 1, tool_aliases: {x: 3}}}", "contexts: {a: {priority: 1, tool_aliases: {1: y}}}",
    "contexts: {a: {priority: 1, hidden_tools: 3}}", "contexts: {a: {priority: 1, hidden_tools: [3]}}",
    "contexts: {a: {priority: 1, prefix: ../}}", "contexts: {a: {priority: 1, suffix: 3}}",
    "contexts: {a: {priority: 1, prefix_char: ab}}", "contexts: {a: {priority: 1, description: [x]}}",
    "contexts: {a: {priority: 1, 3: x}}", 'contexts: {"a\\0b": {priority: 1}}', "contexts: {a: {priority: 1",
    "contexts: !!python/object/apply:os.system [touch OWNED]", "contexts: !!python/name:os.system", "\x00", "\xff",
    "contexts: {a: 2001-99-99}", "&a [*a]", "[" * 5000, "a: *b", "contexts: {[1]: {priority: 1}}", "contexts: {{}: 1}",
    "contexts: {a: {priority: .inf}}", "contexts: {a: {priority: 1, hidden_tools: !!set {[1]}}}",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_suite_file(
    folder: Path, config: Config, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    (folder / "suite.yaml").write_bytes(text.encode("latin-1"))
    with pytest.raises(SuiteError) as caught:
        Suite.load(str(folder), config)
    assert str(folder / "suite.yaml") in caught.value.message
    assert caught.value.context
    assert "\n" not in str(caught.value)
    assert not (folder / "OWNED").exists()


def test_a_suite_file_that_is_cut_off_anywhere(folder: Path, config: Config) -> None:
    whole = (folder / "suite.yaml").read_bytes()
    count = 0
    for end in range(len(whole)):
        (folder / "suite.yaml").write_bytes(whole[:end])
        try:
            Suite.load(str(folder), config)
        except SuiteError:
            count += 1
    assert count > len(whole) // 4


def test_a_folder_that_is_no_suite(config: Config, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "pipe").mkdir()
    os.mkfifo(tmp_path / "pipe" / "suite.yaml")
    (tmp_path / "file").touch()
    for name in ("empty", "pipe", "file", "nope", "\n"):
        with pytest.raises(SuiteError, match="is no suite"):
            Suite.load(str(tmp_path / name), config)
    for path in ("", "\0", f"{tmp_path}/a\ud800"):
        with pytest.raises(SuiteError, match="no folder for a suite"):
            Suite.load(path, config)


def test_a_large_suite_file_is_something_else(folder: Path, config: Config) -> None:
    with (folder / "suite.yaml").open("r+b") as stream:
        stream.truncate((1 << 24) + 1)
    with pytest.raises(SuiteError, match="more than 16 MiB"):
        Suite.load(str(folder), config)


def test_a_bomb_of_references(folder: Path, config: Config) -> None:
    lines = ["contexts: {a: {priority: 1, x0: &x0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f", x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 10)}]" for n in range(1, 12)]
    (folder / "suite.yaml").write_text("".join(lines) + "}}")
    suite = Suite.load(str(folder), config)
    assert suite.names == ("a",)
    suite.remove("a")
    suite.save()


def test_a_context_that_can_not_be_read(folder: Path, config: Config) -> None:
    (folder / "contexts" / "anim.rxt").write_text("{")
    before = tree(folder)
    for do in (Suite.tools, Suite.save, Suite.validate):
        with pytest.raises(SuiteError, match="context 'anim' can't be used"):
            do(Suite.load(str(folder), config))
    assert tree(folder) == before


def test_nothing_is_saved_over_what_is_no_suite(config: Config, tmp_path: Path, folder: Path) -> None:
    suite = Suite(config)
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "dangling").symlink_to(tmp_path / "nope")
    for name in ("empty", "file", "studio/suite"):
        with pytest.raises(SuiteError, match="there is something of that name"):
            suite.save(str(tmp_path / name))
    suite.save(str(tmp_path / "dangling"))
    assert (tmp_path / "nope" / "suite.yaml").is_file()


def test_files_of_others_stay(folder: Path, config: Config) -> None:
    theirs = {
        "notes.txt": "x", "bin/own": "#!/bin/sh\n", "bin/.hidden": "", "contexts/notes.rxt": "{}", "contexts/a.txt": "",
        "docs/readme": "y", "bin/old.yaml": "#!/usr/bin/env _rez_fwd\nfunc_name: other\n",
    }  # fmt: skip
    for name, text in theirs.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    (folder / "bin" / "link").symlink_to("maya")
    changed(folder, config).save()
    for name, text in theirs.items():
        assert (folder / name).read_text() == text
    assert (folder / "bin" / "link").is_symlink()
    assert not (folder / "bin" / "Nuke").exists()
    assert not (folder / "contexts" / "comp.rxt").exists()


@pytest.mark.parametrize("name", ["bin/hython", "contexts/fx.rxt"])
@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_a_file_of_others_in_the_way(folder: Path, config: Config, name: str, kind: str) -> None:
    if kind == "file":
        (folder / name).write_text("precious")
    elif kind == "folder":
        (folder / name).mkdir()
    else:
        (folder / name).symlink_to("/nope")
    before = tree(folder)
    with pytest.raises(SuiteError, match=f"'{name}' is there, and no part of the suite"):
        changed(folder, config).save()
    assert tree(folder) == before


@pytest.mark.parametrize("name", ["bin", "contexts"])
def test_nothing_is_written_through_a_link(folder: Path, config: Config, tmp_path: Path, name: str) -> None:
    (folder / name).rename(tmp_path / name)
    (folder / name).symlink_to(tmp_path / name)
    before = tree(tmp_path / name)
    with pytest.raises(SuiteError, match=f"its {name} is no folder of its own"):
        changed(folder, config).save()
    assert tree(tmp_path / name) == before


def test_a_context_that_is_a_link_is_replaced_itself(folder: Path, config: Config, tmp_path: Path) -> None:
    (folder / "contexts" / "anim.rxt").rename(tmp_path / "shared.rxt")
    (folder / "contexts" / "anim.rxt").symlink_to(tmp_path / "shared.rxt")
    before = (tmp_path / "shared.rxt").read_bytes()
    changed(folder, config).save()
    assert (tmp_path / "shared.rxt").read_bytes() == before
    assert not (folder / "contexts" / "anim.rxt").is_symlink()


def test_names_of_tools_that_can_not_be_files(config: Config, tmp_path: Path) -> None:
    for number, name in enumerate(["..", ".", "", "../../evil", "/evil", "a\nb", "a\\b", "x" * 256]):
        packages = write_packages(tmp_path / f"p{number}", {"foo-1": {"tools": [name, "good"]}})
        own = config_of(tmp_path, packages)
        suite = Suite(own)
        suite.add("x", context_of(own, "foo-1"))
        with pytest.raises(SuiteError, match="of context 'x' can't be in a suite") as caught:
            suite.save(str(tmp_path / f"s{number}"))
        assert caught.value.hint == "hide it, or give it an alias"
        assert not (tmp_path / f"s{number}").exists()
        suite.alias("x", name, "fine")
        suite.save(str(tmp_path / f"s{number}"))
        assert set(os.listdir(tmp_path / f"s{number}" / "bin")) == {"fine", "good"}
        suite.unalias("x", name)
        suite.hide("x", name)
        suite.save()
        assert set(os.listdir(tmp_path / f"s{number}" / "bin")) == {"good"}


def test_somebody_else_changed_it(folder: Path, config: Config) -> None:
    mine, other = changed(folder, config), Suite.load(str(folder), config)
    other.bump("anim")
    other.save()
    before = tree(folder)
    with pytest.raises(SuiteError, match="somebody else changed it meanwhile"):
        mine.save()
    assert tree(folder) == before


def test_somebody_else_is_saving(folder: Path, config: Config) -> None:
    from rezup.system.locks import exclusive

    with exclusive(folder / "suite.yaml") as is_alone:
        assert is_alone
        with pytest.raises(SuiteError, match="somebody else is saving it"):
            changed(folder, config).save()
    changed(folder, config).save()


def test_all_may_read_it_under_any_umask(config: Config, tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        suite = Suite(config)
        suite.add("anim", context_of(config, "maya-2024", "lib-1"))
        suite.save(str(tmp_path / "s"))
        suite.add("fx", context_of(config, "houdini-20"))
        suite.save()
    finally:
        os.umask(before)
    for path in [tmp_path / "s", *(tmp_path / "s").rglob("*")]:
        wanted = 0o755 if path.is_dir() or path.parent.name == "bin" else 0o644
        assert stat.S_IMODE(path.stat().st_mode) == wanted, path


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="for root nothing is read-only")
@pytest.mark.parametrize("name", [".", "bin", "contexts"])
def test_a_folder_that_is_read_only(folder: Path, config: Config, name: str) -> None:
    before = tree(folder)
    (folder / name).chmod(0o555)
    try:
        with pytest.raises(SuiteError, match="nothing was changed"):
            changed(folder, config).save()
    finally:
        (folder / name).chmod(0o755)
    assert tree(folder) == before


#: What a save does to the disk; the n-th call of any of them fails.
CALLS = ("open", "mkdir", "replace", "rename", "fsync", "chmod", "fchmod")


class Nth:
    """Stands for all of `CALLS`, counts them, and does something in place of the n-th."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, number: int, instead: Callable[[], Any]) -> None:
        self.left = number
        self._instead = instead
        for name in CALLS:
            monkeypatch.setattr(os, name, self._watched(getattr(os, name)))

    def _watched(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            self.left -= 1
            if self.left == 0:
                self._instead()
            return real(*arguments, **named)

        return call


def full() -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


FULL = ("No space left on device; nothing was changed", "make room on the disk and save again")


def outcome(save: Callable[[], None]) -> tuple[str | None, str | None] | None:
    """Context and hint of the error, if it fails."""
    try:
        save()
    except SuiteError as error:
        return error.context, error.hint
    return None


def test_a_full_disk_at_any_point_of_a_change(folder: Path, config: Config, tmp_path: Path) -> None:
    before = tree(folder)
    for number in range(1, 500):
        suite = changed(folder, config)
        suite.tools()
        with pytest.MonkeyPatch.context() as patch:
            nth = Nth(patch, number, full)
            failure = outcome(suite.save)
        if failure:
            assert failure == FULL
            assert tree(folder) == before, number
        else:  # only what was to be deleted may still be there
            suite.bump("anim")
        suite.save()  # with more room
        assert set(tree(folder)) == {
            "suite.yaml", "contexts/anim.rxt", "contexts/fx.rxt",
            *(f"bin/{each}" for each in ("maya", "render", "hython", "a b\"c'é")),
        }  # fmt: skip
        if nth.left > 0:
            break
        shutil.rmtree(folder)
        restore(folder, before)
    assert number > 40


def restore(folder: Path, content: dict[str, Any]) -> None:
    for name, (data, is_program) in content.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
        (folder / name).chmod(0o755 if is_program else 0o644)


def test_a_full_disk_at_any_point_of_a_new_suite(config: Config, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    suite = Suite(config)
    suite.add("anim", context_of(config, "maya-2024", "lib-1"))
    suite.tools()
    for number in range(1, 200):
        with pytest.MonkeyPatch.context() as patch:
            nth = Nth(patch, number, full)
            failure = outcome(lambda: suite.save(str(tmp_path / "new" / "deep" / "s")))
        assert failure == (None if suite.path else FULL)
        if nth.left > 0:
            break
        assert not (tmp_path / "new" / "deep" / "s").exists() or suite.path
        assert [each.name for each in (tmp_path / "new").glob("deep/*") if each.name != "s"] == []
        if suite.path:
            break
    assert number > 10
    assert Suite.load(str(tmp_path / "new" / "deep" / "s"), config).names == ("anim",)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills a fork")
def test_killed_at_any_point_the_tools_still_run(folder: Path, config: Config) -> None:
    from rezup.runtime.suites import wrappers

    before = tree(folder)
    for number in range(1, 500):
        child = os.fork()
        if child == 0:
            suite = changed(folder, config)
            suite.tools()
            patch = pytest.MonkeyPatch()
            nth = Nth(patch, number, lambda: os.kill(os.getpid(), signal.SIGKILL))
            suite.save()
            os._exit(0 if nth.left > 0 else 4)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        suite = Suite.load(str(folder), config)
        assert suite.names in (("anim", "comp"), ("anim", "fx"))
        for name in os.listdir(folder / "bin"):
            wrapper = wrappers.read(str(folder / "bin" / name))
            assert (folder / "contexts" / f"{wrapper.context}.rxt").is_file()
        suite.tools()
        if status == 0:
            break
        # The next one that saves tidies up.
        if "comp" in suite.names:
            changed(folder, config).save()
        else:
            suite.bump("anim")
            suite.save()
        assert set(os.listdir(folder)) == {"bin", "contexts", "suite.yaml"}
        assert set(os.listdir(folder / "contexts")) == {"anim.rxt", "fx.rxt"}
        assert set(os.listdir(folder / "bin")) == {"maya", "render", "hython", "a b\"c'é"}
        shutil.rmtree(folder)
        restore(folder, before)
    assert number > 40
