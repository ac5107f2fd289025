"""Both installers build each kind of recipe alike, whatever the environment, and fail with the same errors."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from rezup.errors import InstallError, InterpreterNotFoundError, ProcessError
from rezup.installers.environments import build
from rezup.installers.plans import plan
from support.installer_worlds import World, ask, make_world
from support.lock_worlds import tool
from support.wheels import WITNESS, rez_files, write_extension, write_project, write_rez, write_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from rezup.recipes.model import Tool

pytestmark = pytest.mark.skipif(os.name == "nt", reason="scripts of POSIX")


@pytest.fixture(params=["uv", "pip"])
def world(request: pytest.FixtureRequest, tmp_path: Path, shared: Path) -> World:
    return make_world(tmp_path, request.param, shared)


def test_isolated_extension_has_rez_as_a_library(world: World) -> None:
    write_extension(world.wheels, requires=("rez<9",))
    write_rez(world.wheels, "8.0")
    recipe = world.recipe(None, tool("lone", "rez-thing", isolated=True, libraries=("rez<9",)))
    assert [p.name for p in plan(recipe)] == ["rez", "lone"]
    built, target = world.build(recipe, number=1)
    assert dict(built.distributions)["rez"] == "8.0"
    assert [t.name for t in built.tools] == ["lone"]
    assert {path.name for path in (target / "bin/rez").iterdir()} == {"rez-thing"}


def test_contradiction_is_one_clear_error(world: World) -> None:
    write_extension(world.wheels, requires=("rez<9",))
    write_rez(world.wheels, "8.0")
    with pytest.raises(ProcessError) as caught:
        world.build(world.recipe(tool("rez", "rez>=9"), tool("rez-thing")))
    error = caught.value
    assert "environment rez" in error.message
    assert "isolation = true" in (error.hint or "")
    assert str(world.root / "log.txt") in (error.hint or "")
    assert "rez" in error.output
    assert error.status != 0


def test_missing_package_offline_is_an_error(world: World) -> None:
    with pytest.raises(ProcessError) as caught:
        world.build(world.recipe(tool("rez", "rez==77")))
    assert caught.value.log == world.root / "log.txt"


@pytest.mark.parametrize("wanted", ["nowhere-to-be-found", "rez-thing==77", "rez-thing>=77"])
@pytest.mark.parametrize("offline", [False, True])
def test_what_no_index_has_is_not_called_a_contradiction(world: World, wanted: str, offline: bool) -> None:
    write_extension(world.wheels)
    with pytest.raises(ProcessError) as caught:
        world.build(world.recipe(tool("rez", libraries=(wanted,))), offline=offline)
    hint = caught.value.hint or ""
    assert hint.startswith("offline: run it once" if offline else "check the spelling, the version"), hint
    assert "isolation = true" not in hint, caught.value.output


def test_hostile_environment_builds_the_same(world: World, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    trap.mkdir()
    for name in ("json.py", "pip.py", "virtualenv.py", "sitecustomize.py", "usercustomize.py"):
        (trap / name).write_text("raise SystemExit('hostile')\n")
    stray = tmp_path / "uv.toml"
    stray.write_text("this is no toml")
    (tmp_path / "pyproject.toml").write_text("[tool.uv]\nthis is no toml")
    world.environment |= {
        "PYTHONPATH": str(trap), "PYTHONHOME": str(trap), "PYTHONSTARTUP": str(trap / "pip.py"),
        "PYTHONUSERBASE": str(trap), "VIRTUAL_ENV": str(trap), "CONDA_PREFIX": str(trap),
        "UV_PYTHON": "/nonexistent", "UV_PROJECT_ENVIRONMENT": str(trap), "UV_SYSTEM_PYTHON": "1",
        "UV_TARGET": str(trap), "UV_CONSTRAINT": "nowhere.txt", "PIP_TARGET": "",
        "VIRTUALENV_SYSTEM_SITE_PACKAGES": "1",
    }  # fmt: skip
    built, target = world.build(world.recipe())
    assert ask(target / "bin/rez/rez")["prefix"] == str(target)
    assert dict(built.distributions)["rez"] == "9.1.0"
    assert "include-system-site-packages = false" in (target / "pyvenv.cfg").read_text()
    assert sorted(path.name for path in trap.iterdir()) == sorted(
        ["json.py", "pip.py", "virtualenv.py", "sitecustomize.py", "usercustomize.py"]
    )


def edited_rez(world: World) -> Tool:
    project = write_project(
        world.root / "rez source", "rez", "9.9",
        {**rez_files("9.9"), "rezgui/__init__.py": ""}, {"rez": "rez.cli:main", "rez-env": "rez.cli:main"},
    )  # fmt: skip
    return tool("rez", str(project), path=project, editable=True)


def test_rez_in_edit_mode_is_linked_in_production(world: World) -> None:
    write_extension(world.wheels)
    rez = edited_rez(world)
    built, target = world.build(world.recipe(rez, tool("rez-thing")), edit_in_production=True)
    site = next(target.glob("lib/python*/site-packages"))
    assert (site / "rez").is_symlink()
    assert not list((world.root / "rez source").rglob("__pycache__"))  # building wrote none
    assert not list(site.glob("_rez*.pth"))
    assert built.tools[0].editable == rez.path
    assert built.tools[0].version == "9.9"
    told = ask(target / "bin/rez/rez-env")
    assert told["file"] == str(site / "rez" / "cli.py")
    # A plugin of an extension stands beside Rez's own, not in Rez's source.
    code = "import rezplugins.command.thing, rezplugins, rez; print(rez.__path__[0])"
    done = subprocess.run([target / "bin/python", "-EBc", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == str(site / "rez"), done.stderr
    assert not list((world.root / "rez source").rglob("thing.py"))
    (world.root / "rez source/src/rez/cli.py").write_text("def main(): print('{\"edited\": 1}')\n")
    assert ask(target / "bin/rez/rez-env")["edited"] == 1


def test_edit_mode_without_privileges_is_pips(world: World) -> None:
    built, target = world.build(world.recipe(edited_rez(world)))
    site = next(target.glob("lib/python*/site-packages"))
    assert not (site / "rez").exists()
    assert ask(target / "bin/rez/rez-env")["file"] == str(world.root / "rez source/src/rez/cli.py")
    assert built.leftovers == ()


def test_extension_in_edit_mode(world: World) -> None:
    project = write_project(
        world.root / "ext", "my-ext", "0.1", {"my_ext.py": WITNESS}, {"my-tool": "my_ext:main"}
    )  # fmt: skip
    built, target = world.build(
        world.recipe(None, tool("whatever", str(project), path=project, editable=True))
    )
    assert built.tools[1].distribution == "my-ext"
    assert built.tools[1].editable == project
    assert ask(target / "bin/rez/my-tool")["file"] == str(project / "src/my_ext.py")


def test_local_source_without_edit_mode(world: World) -> None:
    project = write_project(
        world.root / "ext", "my-ext", "0.1", {"my_ext.py": WITNESS}, {"my-tool": "my_ext:main"}
    )  # fmt: skip
    built, target = world.build(world.recipe(None, tool("whatever", str(project), path=project)))
    assert built.tools[1].distribution == "my-ext"
    assert built.tools[1].editable is None
    shutil.rmtree(project)
    assert str(ask(target / "bin/rez/my-tool")["file"]).startswith(str(target))


def test_unfit_entry_point_is_refused(world: World) -> None:
    write_wheel(
        world.wheels,
        "evil",
        "1",
        {"evil.py": ""},
        entry_points="[console_scripts]\nevil-tool = evil:main;import os\n",
    )
    with pytest.raises(InstallError):
        world.build(world.recipe(None, tool("evil")))


def test_interpreter_that_is_missing(world: World) -> None:
    with pytest.raises(InterpreterNotFoundError) as caught:
        world.build(world.recipe(tool("rez", python="3.1")))
    assert "3.1" in caught.value.message
    assert not (world.root / "staging" / "venv" / "rez").exists()


def test_recipe_options_reach_the_installer(world: World) -> None:
    more = world.root / "more"
    write_rez(more, "9.2")
    built, _ = world.build(
        world.recipe(), pip_options=("--find-links", str(more)), pip_environment={"PIP_PRE": "0"}
    )
    # The machine's folder of links counts, too, and the best version wins.
    assert dict(built.distributions)["rez"] == "9.2"


def test_credentials_of_a_url_are_nowhere(world: World) -> None:
    write_extension(world.wheels)
    seen: list[str] = []

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments, directory=str(world.wheels))  # type: ignore[arg-type]

        def parse_request(self) -> bool:
            parsed = super().parse_request()
            seen.append(self.headers.get("Authorization", ""))
            return parsed

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            wheel = "rez_thing-1.2-py2.py3-none-any.whl"
            url = f"http://user:s3cr3t-canary@127.0.0.1:{server.server_port}/{wheel}"
            environment = {
                name: value for name, value in world.environment.items() if "proxy" not in name.lower()
            }
            built, target = world.build(
                world.recipe(None, tool("thing", url)), offline=False, environment=environment
            )  # fmt: skip
        finally:
            server.shutdown()
            thread.join()
    assert built.tools[1].distribution == "rez-thing"
    assert "Basic dXNlcjpzM2NyM3QtY2FuYXJ5" in seen  # it did reach the server
    texts = [path.read_bytes() for path in target.rglob("*") if path.is_file() and not path.is_symlink()]
    texts += [path.read_bytes() for path in (world.root / "cwd").iterdir() if path.is_file()]
    texts += [
        (world.root / "log.txt").read_bytes(),
        repr(built).encode(),
        repr(world.listener.lines).encode(),
    ]
    assert not [text for text in texts if b"s3cr3t-canary" in text]


def test_second_build_takes_byte_code_from_the_cache(world: World) -> None:
    world.cache = world.root / "cache"
    world.build(world.recipe())
    assert [line for line in world.listener.lines if "compiled" in line]
    world.listener.lines.clear()
    target = world.root / "again" / "rez"
    build(plan(world.recipe())[0], target, world.context)
    site = next(target.glob("lib/python*/site-packages"))
    assert (site / "rez/__pycache__" / f"cli.{sys.implementation.cache_tag}.pyc").is_file()
    compiled = [line for line in world.listener.lines if "compiled" in line]
    # Only what belongs to no distribution and the template that never compiles are left.
    assert all(int(line.split()[0]) <= 2 for line in compiled), compiled
