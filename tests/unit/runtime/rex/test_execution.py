"""A whole context: what is set, by whom, and in which order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rezup.errors import PackageCommandsError
from rezup.runtime.config import load_config
from rezup.runtime.context.context import Context
from rezup.runtime.context.execution import Surroundings, execute, rex_for
from rezup.runtime.source_code import SourceCode
from rezup.shells.actions import Comment, Info, Setenv, Shebang
from rezup.shells.escaped import EscapedString
from support import rex_worlds
from support.rex_packages import LOCAL, WORLD

if TYPE_CHECKING:
    from pathlib import Path

    from rezup.runtime.context.execution import Execution
    from rezup.runtime.rex.engine import Rex

PARENT = {"HOST": "farm", "PATH": "/usr/bin"}


class World:
    """Packages on disk, and executing some of them."""

    def __init__(self, folder: Path) -> None:
        rex_worlds.write(folder / "packages", WORLD)
        rex_worlds.write(folder / "local", LOCAL)
        self.folder = folder
        self.environ = {"HOME": "/home/me", "REZ_LOCAL_PACKAGES_PATH": str(folder / "local")}

    def context(self, *names: str, **fields: Any) -> Context:
        """That of packages by "name", "name-version" or "name-version[index]"; local ones as "local:name"."""
        config = load_config(self.environ)
        variants = []
        for text in names:
            place, _, name = text.rpartition(":")
            name, _, version = name.partition("-")
            version, _, index = version.partition("[")
            number = int(index[:-1]) if index else None
            path = str(self.folder / (place or "packages"))
            variants.append(rex_worlds.variant(path, config, name, version, number))
        return Context("solved", ("lib-1+",), resolved_packages=tuple(variants), **fields)

    def run(self, *names: str, surroundings: Surroundings = Surroundings(), **fields: Any) -> Execution:  # noqa: B008
        """Execute them."""
        return execute(self.context(*names, **fields), load_config(self.environ), PARENT, surroundings)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_without_packages(world: World) -> None:
    done = world.run(
        rez_version="3.4.0", rez_path="/rez", timestamp=5, requested_timestamp=4, package_paths=("/a", "/b"),
        implicit_packages=("~platform==linux",), append_sys_path=False,
    )  # fmt: skip
    assert done.environ == {
        "REZ_USED": "/rez", "REZ_USED_VERSION": "3.4.0", "REZ_USED_TIMESTAMP": "5",
        "REZ_USED_REQUESTED_TIMESTAMP": "4", "REZ_USED_REQUEST": "lib-1+",
        "REZ_USED_IMPLICIT_PACKAGES": "~platform==linux", "REZ_USED_RESOLVE": "", "REZ_USED_PACKAGES_PATH": "/a:/b",
    }  # fmt: skip
    assert done.actions[0] == Shebang()
    assert [each.text for each in done.actions if isinstance(each, Comment)] == [
        "", "", "#" * 80, "system setup", "#" * 80, "", "", "#" * 80, "package variables", "#" * 80,
        "", "", "#" * 80, "post system setup", "#" * 80,
    ]  # fmt: skip


def test_the_variables_of_packages(world: World) -> None:
    environ = world.run("lang-3.01.0rc1", "plain", "one-2.0", "local:mine-0.1").environ
    root = str(world.folder / "packages" / "lang" / "3.01.0rc1")
    assert {key: value for key, value in environ.items() if "_LANG_" in key} == {
        "REZ_LANG_VERSION": "3.01.0rc1", "REZ_LANG_MAJOR_VERSION": "3", "REZ_LANG_MINOR_VERSION": "01",
        "REZ_LANG_PATCH_VERSION": "0rc1", "REZ_LANG_BASE": root, "REZ_LANG_ROOT": root,
    }  # fmt: skip
    assert environ["REZ_PLAIN_VERSION"] == environ["REZ_PLAIN_MAJOR_VERSION"] == ""
    assert environ["REZ_ONE_ROOT"] == "None"
    assert environ["REZ_USED_RESOLVE"] == "lang-3.01.0rc1 plain one-2.0 mine-0.1"
    assert environ["REZ_USED_LOCAL_RESOLVE"] == "mine-0.1"


def test_the_order_of_commands(world: World) -> None:
    done = world.run(
        "lib-1.5", "lang-2.7", "app-2.1.0[0]", resolved_ephemerals=(".feature-1",), building=True
    )
    environ = done.environ
    assert environ["ORDER"] == "pre app:lib:app:post lib:post app"
    assert environ["LIB_ORDER"] == "pre app:lib:app:post lib"
    assert environ["LATER"] == "[True, True, True, True]"
    assert environ["SHARED"] == "2"
    assert environ["REZ_BUILD_ENV"] == "1"
    assert environ["REZ_USED_EPH_RESOLVE"] == ".feature-1"
    assert environ["REZ_EPH_FEATURE_REQUEST"] == "1"
    said = [str(each.text) for each in done.actions if isinstance(each, Info)]
    assert said == [f"app in {environ['REZ_APP_ROOT']}/bin"]
    texts = [each.text for each in done.actions if isinstance(each, Comment)]
    assert [text for text in texts if text.endswith("commands") or " from package " in text] == [
        "pre_commands", "pre_commands from package app-2.1.0[0]",
        "commands", "commands from package lib-1.5[]", "commands from package lang-2.7[]",
        "commands from package app-2.1.0[0]",
        "post_commands", "post_commands from package lib-1.5[]", "post_commands from package app-2.1.0[0]",
    ]  # fmt: skip


def test_files_shell_and_callers(world: World) -> None:
    def before(rex: Rex) -> None:
        rex.env.FIRST = "1"

    def after(rex: Rex) -> None:
        rex.run(SourceCode("env.LAST = resolve.plain.root + ('root' in globals()) * '!'", as_function=False))

    surroundings = Surroundings(
        rxt_file="/x/context.rxt", context_file="/x/context.sh", init_timestamp=7, is_interactive=False,
        before=before, after=after, bundle_commands=SourceCode("env.BUNDLE = 1", as_function=False),
    )  # fmt: skip
    done = world.run("plain", surroundings=surroundings, append_sys_path=False)
    names = list(done.environ)
    assert names[:3] == ["REZ_RXT_FILE", "REZ_CONTEXT_FILE", "FIRST"]
    assert names[-4:] == ["REZ_SHELL_INIT_TIMESTAMP", "REZ_SHELL_INTERACTIVE", "LAST", "BUNDLE"]
    assert [done.environ[name] for name in names[-4:]] == [
        "7", "0", str(world.folder / "packages" / "plain"), "1",
    ]  # fmt: skip
    headers = [each.text for each in done.actions if isinstance(each, Comment)]
    for header in ("pre-actions-callback", "post-actions-callback", "bundle post-commands"):
        assert header in headers
    assert world.run(surroundings=Surroundings(is_interactive=True)).environ["REZ_SHELL_INTERACTIVE"] == "1"


def test_a_bundle_whose_commands_fail(world: World) -> None:
    code = SourceCode("1 / 0", path="/bundle/post_commands.py", as_function=False)
    with pytest.raises(PackageCommandsError, match="post-commands of the bundle fail, line 1 of their text"):
        world.run(surroundings=Surroundings(bundle_commands=code))


@pytest.mark.parametrize(
    ("settings", "fields", "path"), [
        ({}, {}, "/s/bin:/u/bin:/sys:/rez/bin"),
        ({}, {"append_sys_path": False}, "/s/bin:/u/bin:/rez/bin"),
        ({"REZ_REZ_TOOLS_VISIBILITY": "prepend"}, {}, "/rez/bin:/s/bin:/u/bin:/sys"),
        ({"REZ_REZ_TOOLS_VISIBILITY": "never"}, {}, "/s/bin:/u/bin:/sys"),
        ({"REZ_SUITE_VISIBILITY": "never"}, {"parent_suite_path": "/u"}, "/sys:/rez/bin"),
        ({"REZ_SUITE_VISIBILITY": "parent"}, {}, "/sys:/rez/bin"),
        ({"REZ_SUITE_VISIBILITY": "parent"}, {"parent_suite_path": "/u"}, "/u/bin:/sys:/rez/bin"),
        ({"REZ_SUITE_VISIBILITY": "parent_priority"}, {"parent_suite_path": "/u"}, "/u/bin:/sys:/rez/bin"),
    ],
)  # fmt: skip
def test_the_end_of_the_path(
    world: World, settings: dict[str, str], fields: dict[str, Any], path: str
) -> None:
    world.environ.update(settings)
    surroundings = Surroundings(system_paths=("/sys",), rez_bin_path="/rez/bin", suite_paths=("/s", "/u"))
    assert world.run(surroundings=surroundings, **fields).environ["PATH"] == path


def test_variables_of_rez_1(world: World) -> None:
    world.environ.update(REZ_REZ_1_ENVIRONMENT_VARIABLES="1", REZ_DISABLE_REZ_1_COMPATIBILITY="0")
    environ = world.run("plain", rez_version="3.4.0", rez_path="/rez", implicit_packages=("~a",)).environ
    assert environ["REZ_VERSION"] == "3.4.0"
    assert environ["REZ_PATH"] == "/rez"
    assert environ["REZ_REQUEST"] == environ["REZ_RAW_REQUEST"] == "lib-1+ ~a"
    assert environ["REZ_RESOLVE"] == "plain"
    assert environ["REZ_RESOLVE_MODE"] == "latest"


def test_a_package_in_the_cache(world: World) -> None:
    surroundings = Surroundings(cached_roots={"plain": "/cache/plain"})
    done = world.run("plain", "lang-2.7", surroundings=surroundings)
    assert done.environ["REZ_PLAIN_ROOT"] == "/cache/plain"
    assert done.environ["REZ_PLAIN_ORIG_ROOT"] == str(world.folder / "packages" / "plain")
    assert "REZ_LANG_ORIG_ROOT" not in done.environ


def test_windows_has_paths_of_its_own(world: World) -> None:
    world.environ["REZ_PLATFORM_MAP"] = ""
    config = load_config(world.environ)
    config.facts.__dict__["platform"] = "windows"
    context = world.context("lang-2.7", package_paths=("C:/a",), rez_path="C:/rez")
    environ = execute(context, config, PARENT, Surroundings(shell="cmd")).environ
    assert environ["REZ_USED"] == r"C:\rez"
    assert "/" not in environ["REZ_LANG_ROOT"]
    assert environ["LANG_YAML"] == environ["REZ_LANG_ROOT"] == environ["REZ_LANG_BASE"]


def test_commands_that_fail(world: World) -> None:
    with pytest.raises(PackageCommandsError) as caught:
        world.run("lib-1.5", "fails-1")
    assert caught.value.package == "fails-1"
    assert caught.value.line == 6


def test_an_engine_under_settings(world: World) -> None:
    world.environ.update(REZ_PARENT_VARIABLES="PATH", REZ_OPTIONVARS_JSON='{"a": 5}')
    rex = rex_for(load_config(world.environ), PARENT, Surroundings())
    rex.run(
        SourceCode("env.PATH.append('x'); env.HOST.append('y'); env.A = optionvars('a')", as_function=False)
    )
    assert rex.recorder.environ == {"PATH": "/usr/bin:x", "HOST": "y", "A": "5"}
    world.environ["REZ_ALL_PARENT_VARIABLES"] = "1"
    rex = rex_for(load_config(world.environ), PARENT, Surroundings())
    rex.env.HOST.append("~")
    assert rex.recorder.environ == {"HOST": "farm:/home/me"}
    assert rex.recorder.actions[-1] != Setenv("HOST", EscapedString("~"))
