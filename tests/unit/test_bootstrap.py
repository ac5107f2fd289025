"""The start, as far as it can be seen without starting anything."""

from __future__ import annotations

import ast
import os
import sys
import time
from pathlib import Path

import platformdirs
import pytest

from rezup_cli import bootstrap, handover, main


def test_only_the_standard_library_is_imported() -> None:
    for module in (bootstrap, handover):
        for node in ast.walk(ast.parse(Path(module.__file__).read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                assert name.split(".")[0] in {*sys.stdlib_module_names, "rezup_cli"}, name
    assert "rezup_cli.application" not in Path(bootstrap.__file__).read_text(encoding="utf-8")


def test_nothing_of_the_library_is_imported_at_the_top_of_what_runs_first() -> None:
    for module in (bootstrap, handover, main):
        tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
        for node in tree.body:
            if isinstance(node, ast.ImportFrom):
                assert node.module in {*sys.stdlib_module_names, "rezup_cli", "rezup_cli.bootstrap", "__future__",
                                       "collections.abc", "typing"}, node.module  # fmt: skip


@pytest.mark.parametrize(
    "variables",
    [{}, {"XDG_DATA_HOME": "/data", "XDG_STATE_HOME": "/state"}, {"XDG_DATA_HOME": "relative", "XDG_STATE_HOME": "  "},
     {"XDG_DATA_HOME": "", "XDG_STATE_HOME": "/a b/"}],
    ids=str,
)  # fmt: skip
def test_folders_are_those_of_platformdirs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variables: dict[str, str]
) -> None:
    for name in ("XDG_DATA_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    data, state = bootstrap.user_folders(os.environ)
    dirs = platformdirs.PlatformDirs("rezup", appauthor=False)
    if variables.get("XDG_DATA_HOME") != "relative":  # by the XDG rules such a path is invalid
        assert os.path.normpath(data) == os.path.normpath(dirs.user_data_dir)
    assert os.path.normpath(state) == os.path.normpath(dirs.user_state_dir)


def test_the_state_lies_where_the_rest_of_rezup_has_it(tmp_path: Path) -> None:
    from rezup.system.dirs import user_folders

    environ = {"HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "s")}
    assert Path(bootstrap.user_folders(environ)[1]) == user_folders("rezup", environ).state


def test_each_installation_has_a_place_of_its_own(tmp_path: Path) -> None:
    place = bootstrap.find_place({"HOME": str(tmp_path)})
    assert place is not None
    assert place.folder.startswith(str(tmp_path))
    assert place.stamp.startswith(str(tmp_path))
    assert sys.implementation.cache_tag in place.folder
    assert place.installation.endswith(str(Path(bootstrap.__file__).parent))


def start(stamp: Path, restarted: str = "") -> bootstrap.Start:
    return bootstrap.Start(bootstrap.Place(str(stamp.parent), "x", False, str(stamp)), None, restarted)


@pytest.fixture
def stamp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in (
        "CI",
        "REZUP_NO_UPGRADE",
        "REZUP_CONTAINER",
        "REZUP_USE_REVISION",
        "REZUP_UPGRADE_PAUSE",
        "_REZUP_COMPLETE",
    ):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "a.stamp"


def is_due(stamp: Path, *arguments: str, restarted: str = "") -> bool:
    return bootstrap.is_check_due(start(stamp, restarted), arguments)


def written(last: float, pause: str = "86400", jitter: str = "0.05", locked: str = "0") -> str:
    return f"{last:.0f} {pause} {jitter} {locked}\n"


@pytest.mark.parametrize(
    "arguments",
    [["--version"], ["-V"], ["--help"], ["-h"], ["use", "-h"], ["list", "--json"], ["--latest"], ["-L"],
     ["self", "upgrade"], ["-q", "self", "version"], ["completions", "bash"], ["use", "--help", "--", "rez"], ["-vV"]],
    ids=" ".join,
)  # fmt: skip
def test_nobody_is_asked_because_of_what_is_typed(stamp: Path, arguments: list[str]) -> None:
    assert not is_due(stamp, *arguments)


@pytest.mark.parametrize(
    "arguments",
    [[], ["use"], ["-v", "use", "self"], ["use", "foo", "--", "rez", "--version"], ["--", "self"]],
    ids=" ".join,
)
def test_somebody_is_asked(stamp: Path, arguments: list[str]) -> None:
    assert is_due(stamp, *arguments)


@pytest.mark.parametrize(
    "name", ["CI", "REZUP_NO_UPGRADE", "REZUP_CONTAINER", "REZUP_USE_REVISION", "_REZUP_COMPLETE"]
)
def test_nobody_is_asked_because_of_a_variable(
    stamp: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "1")
    assert not is_due(stamp)
    monkeypatch.setenv(name, "")
    assert is_due(stamp) == (name != "_REZUP_COMPLETE")


def test_nobody_is_asked_after_a_restart_or_without_a_place(stamp: Path) -> None:
    assert not is_due(stamp, restarted="upgraded")
    assert not is_due(stamp, restarted="fallback")
    assert not bootstrap.is_check_due(bootstrap.Start(None, None, ""), [])


def test_the_pause(stamp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time()
    for last, due in ((now, False), (now - 86000, False), (now - 90000, False), (now - 91000, True)):
        stamp.write_text(written(last))
        assert is_due(stamp) == due, now - last
    monkeypatch.setenv("REZUP_UPGRADE_PAUSE", "60")
    for last, due in ((now, False), (now - 61, False), (now - 64, True)):
        stamp.write_text(written(last))
        assert is_due(stamp) == due, now - last
    stamp.write_text(written(now - 64, locked="1"))
    assert not is_due(stamp)  # the site says how long
    monkeypatch.setenv("REZUP_UPGRADE_PAUSE", "soon")
    stamp.write_text(written(now - 64))
    assert not is_due(stamp)


@pytest.mark.parametrize(
    "text",
    ["", "garbage", "1", "nan nan nan nan", "1 2 3 4 5", "\0" * 40, "99999999999 86400 0.1 0", "1e400 1 1 0", "inf 1 1 0",
     "-5 86400 0.1 0", "\x80\x81"],
)  # fmt: skip
def test_a_stamp_that_makes_no_sense_or_lies_in_the_future_is_over(stamp: Path, text: str) -> None:
    stamp.write_bytes(text.encode("latin-1"))
    assert is_due(stamp)


def test_where_nothing_can_be_noted_nobody_is_asked(tmp_path: Path, stamp: Path) -> None:
    (tmp_path / "file").write_text("")
    assert not is_due(tmp_path / "file" / "upgrade" / "a.stamp")
    assert is_due(tmp_path / "folder" / "upgrade" / "a.stamp")


@pytest.mark.skipif(os.name == "nt", reason="modes of POSIX")
@pytest.mark.parametrize("mode", [0o666, 0o646])
def test_a_pointer_that_others_can_write_is_not_believed(tmp_path: Path, mode: int) -> None:
    pointer = tmp_path / "current.json"
    pointer.write_text('{"format": 1, "installation": "x", "version": "3.5.0"}')
    place = bootstrap.Place(str(tmp_path), "x", False, "")
    assert bootstrap.read_pointer(place) is not None
    pointer.chmod(mode)
    assert bootstrap.read_pointer(place) is None
    assert bootstrap.read_pointer(place._replace(is_site=True)) is None
