"""Both installers keep one contract: the same cases, with wheels the tests write, no network."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from rezup.errors import InstallError, InterpreterNotFoundError, ProcessError
from rezup.installers.backend import prepare
from rezup.installers.context import BuildContext
from rezup.installers.distributions import read_distributions
from rezup.installers.environments import build
from rezup.installers.plans import plan
from rezup.recipes.model import Backend, Recipe, Tool
from rezup.system.interpreters import running
from support.listeners import Listener
from support.lock_worlds import environment_of, tool
from support.wheels import WITNESS, digest, rez_files, write_extension, write_project, write_rez, write_wheel

if TYPE_CHECKING:
    from rezup.installers.base import BuiltEnvironment

pytestmark = pytest.mark.skipif(os.name == "nt", reason="scripts of POSIX")


@dataclass
class World:
    """A machine with a folder of wheels, and one of the two installers."""

    root: Path
    backend: Backend
    listener: Listener
    environment: dict[str, str]
    cache: Path

    @property
    def wheels(self) -> Path:
        return self.root / "wheels"

    @property
    def context(self) -> BuildContext:
        return BuildContext(
            environment=self.environment,
            folder=self.root / "cwd",
            log=self.root / "log.txt",
            cache=self.cache,
            reporter=self.listener,
            offline=True,
        )

    def recipe(self, rez: Tool | None = None, *extensions: Tool) -> Recipe:
        return Recipe(b"", "", None, rez or tool("rez"), extensions, backend=self.backend)

    def build(self, recipe: Recipe, *, number: int = 0, **changes: object) -> tuple[BuiltEnvironment, Path]:
        chosen = plan(recipe)[number]
        target = self.root / "staging" / "venv" / chosen.name
        context = self.context._replace(**changes)  # type: ignore[arg-type]
        return build(chosen, target, context), target


def make_world(root: Path, backend: Backend, shared: Path) -> World:
    environment = environment_of(root, backend, shared, root / "wheels")
    return World(root, backend, Listener(), environment, shared / "cache")


@pytest.fixture(params=["uv", "pip"])
def world(request: pytest.FixtureRequest, tmp_path: Path, shared: Path) -> World:
    return make_world(tmp_path, request.param, shared)


@dataclass
class Finished:
    built: BuiltEnvironment
    target: Path
    world: World


@pytest.fixture(scope="module", params=["uv", "pip"])
def finished(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, shared: Path
) -> Finished:
    """Rez and an extension in one environment, moved away from where it was built."""
    root = tmp_path_factory.mktemp(f'it\'s a "{request.param}" $ world')
    world = make_world(root, request.param, shared)
    write_extension(world.wheels)
    extension = tool("rez-thing", flags=("-I", "-OO"))
    built, staging = world.build(world.recipe(None, extension))
    target = root / "moved away" / "rez"
    target.parent.mkdir()
    staging.rename(target)
    return Finished(built, target, world)


def ask(
    script: Path | str, *arguments: str, cwd: Path | None = None, **environment: str
) -> dict[str, object]:
    done = subprocess.run(
        [str(script), *arguments], cwd=cwd, env={"PATH": os.environ["PATH"], **environment},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    return {**json.loads(done.stdout), "status": done.returncode}


# What is reported


def test_tells_what_was_built(finished: Finished) -> None:
    built = finished.built
    assert (built.name, built.python, built.scripts) == ("rez", "bin/python", "bin/rez")
    assert [(t.name, t.distribution, t.version, t.environment) for t in built.tools] == [
        ("rez", "rez", "9.1.0", "rez"),
        ("rez-thing", "rez-thing", "1.2", "rez"),
    ]
    assert built.tools[0].scripts == ("_rez_fwd", "rez", "rez-env")
    assert built.backend == finished.world.backend
    assert built.backend_version
    assert built.backend_reason == "the recipe asks for it"
    assert {"pip", "rez", "rez-thing"} <= {name for name, _ in built.distributions}
    assert built.notes == ()


def test_reports_its_stages_in_order(finished: Finished) -> None:
    assert finished.world.listener.stages == ["interpreter", "environment", "install", "scripts", "byte-code"]


def test_log_holds_what_programs_printed(finished: Finished) -> None:
    text = (finished.world.root / "log.txt").read_text()
    assert "$ " in text
    assert re.search(r"rez.*9\.1\.0", text)
    assert finished.world.listener.lines


# Production scripts


def test_only_production_scripts_are_in_their_folder(finished: Finished) -> None:
    names = {path.name for path in (finished.target / "bin" / "rez").iterdir()}
    assert names == {".rez_production_install", "_rez_fwd", "rez", "rez-env", "rez-thing"}
    assert (finished.target / "bin/rez/.rez_production_install").read_text() == "9.1.0"
    assert {path.name for path in (finished.target / "bin").iterdir()} >= {"python", "pip", "rez"}
    assert not (finished.target / "bin" / "rez-env").exists()


def test_script_runs_with_the_flags_of_its_tool(finished: Finished) -> None:
    rez = ask(finished.target / "bin/rez/rez-env", "a b", "'", "", "$HOME")
    assert rez["argv"] == [str(finished.target / "bin/rez/rez-env"), "a b", "'", "", "$HOME"]
    assert rez["ignores_environment"] == 1
    assert rez["writes_bytecode"] is False
    assert rez["optimize"] == 0
    assert rez["prefix"] == str(finished.target)
    thing = ask(finished.target / "bin/rez/rez-thing")
    assert thing["optimize"] == 2


def test_script_passes_the_status_on(finished: Finished) -> None:
    assert ask(finished.target / "bin/rez/rez-env", "fail")["status"] == 7


def test_hostile_environment_changes_nothing(finished: Finished, tmp_path: Path) -> None:
    for name in ("json.py", "rez.py", "usercustomize.py", "sitecustomize.py"):
        (tmp_path / name).write_text("raise SystemExit('hostile')\n")
    script = finished.target / "bin/rez/rez-env"
    calm = ask(script)
    hostile = ask(
        script, cwd=tmp_path, PYTHONPATH=str(tmp_path), PYTHONHOME=str(tmp_path), PYTHONUSERBASE=str(tmp_path),
        PYTHONSTARTUP=str(tmp_path / "rez.py"), PYTHONPYCACHEPREFIX=str(tmp_path), CDPATH=str(tmp_path),
        ENV=str(tmp_path / "rez.py"),
    )  # fmt: skip
    assert hostile == calm


@pytest.mark.parametrize(
    "way", ["link", "link to link", "folder", "programs", "environment", "sh", "PATH", "sh PATH"]
)
def test_script_is_found_every_way(finished: Finished, tmp_path: Path, way: str) -> None:
    real = finished.target / "bin/rez/rez-env"
    cwd, command, search = tmp_path, [], os.environ["PATH"]
    if way == "link":
        (tmp_path / "envy").symlink_to(real)
        command = ["./envy"]
    elif way == "link to link":
        (tmp_path / "deep").mkdir()
        (tmp_path / "deep" / "one").symlink_to(os.path.relpath(real, tmp_path / "deep"))
        (tmp_path / "two").symlink_to("deep/one")
        command = [str(tmp_path / "two")]
    elif way in ("folder", "programs", "environment"):
        depth = {"folder": 0, "programs": 1, "environment": 2}[way]
        (tmp_path / "python").write_text("#!/bin/sh\necho wrong\n")
        (tmp_path / "python").chmod(0o755)
        (tmp_path / "linked").symlink_to(real.parents[depth])
        command = [str(Path("linked", real.relative_to(real.parents[depth])))]
    elif way == "sh":
        cwd, command = real.parent, ["sh", "rez-env"]
    elif way == "PATH":
        command, search = ["rez-env"], f"{real.parent}:{search}"
    else:
        command, search = ["bash", "rez-env"], f"{real.parent}:{search}"
    done = subprocess.run(
        command, cwd=cwd, env={"PATH": search}, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert done.stderr == ""
    told = json.loads(done.stdout)
    assert os.path.realpath(told["prefix"]) == os.path.realpath(finished.target)
    # Rez looks for its mark beside the script it was called by.
    assert Path(cwd, told["argv"][0]).with_name(".rez_production_install").is_file()


# What is left in the environment


def test_nothing_names_the_place_it_was_built_at(finished: Finished) -> None:
    assert finished.built.leftovers == ()
    staging = os.fsencode(finished.world.root / "staging")
    guilty = [
        path for path in finished.target.rglob("*")
        if path.is_file() and not path.is_symlink() and staging in path.read_bytes()
    ]  # fmt: skip
    assert guilty == []


def test_activation_is_removed(finished: Finished) -> None:
    names = {path.name.lower() for path in (finished.target / "bin").iterdir()}
    assert not [name for name in names if "activate" in name or name.endswith(".bat")]


def test_other_scripts_are_relocated(finished: Finished) -> None:
    done = subprocess.run(
        [finished.target / "bin" / "pip", "--version"], capture_output=True, text=True, check=False
    )
    assert str(finished.target) in done.stdout, done.stderr


def test_record_is_right(finished: Finished) -> None:
    site = next(finished.target.glob("lib/python*/site-packages"))
    seen = set()
    for distribution in read_distributions(site):
        record = distribution.record()
        assert record, distribution
        for path, (recorded, size) in record.items():
            place = site / path
            assert place.is_file(), path
            if recorded:
                assert recorded == digest(place.read_bytes()), path
                assert int(size) == place.stat().st_size, path
        seen |= {path for path in record if path.startswith("../")}
    assert "../../../bin/rez/rez-env" in seen
    assert "../../../bin/rez-env" not in seen


def test_byte_code_is_complete_and_names_no_path(finished: Finished) -> None:
    site = next(finished.target.glob("lib/python*/site-packages"))
    cached = set(site.rglob("__pycache__/*.pyc"))
    for module in site.rglob("*.py"):
        is_template = module.name == "template_py2.py"
        expected = module.parent / "__pycache__" / f"{module.stem}.{sys.implementation.cache_tag}.pyc"
        assert (expected in cached) != is_template, module
    home = os.fsencode(finished.world.root)
    for path in cached:
        data = path.read_bytes()
        assert data[4:8] == b"\x01\0\0\0", path  # unchecked hash
        assert home not in data, path


def test_running_it_writes_nothing(finished: Finished) -> None:
    def state() -> set[tuple[str, int]]:
        return {(str(path), path.lstat().st_mtime_ns) for path in finished.target.rglob("*")}

    before = state()
    ask(finished.target / "bin/rez/rez-env")
    ask(finished.target / "bin/rez/rez-thing")
    assert state() == before


def test_plugins_of_an_extension_are_seen_both_ways(finished: Finished) -> None:
    code = (
        "import importlib.metadata as m, rezplugins.command.thing as t; print(t.PLUGIN);"
        "print(*[p.load().PLUGIN for p in m.entry_points(group='rez.plugins.command')])"
    )
    done = subprocess.run(
        [finished.target / "bin" / "python", "-E", "-B", "-c", code],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split("\n") == ["folder", "entry point", ""], done.stderr


# Other ways to build


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


# Adding to a plain folder, which is how the library is upgraded


def add(world: World, folder: Path, lines: str, *options: str) -> None:
    (world.root / "cwd").mkdir(exist_ok=True)
    prepared = prepare(world.backend, world.context, lambda uv, settings: running().base)
    assert prepared.installer.name == world.backend
    requirements = world.root / "requirements.txt"
    requirements.write_text(lines)
    folder.mkdir(exist_ok=True)
    prepared.installer.add(folder, prepared.interpreter, requirements, options)


def distributions(folder: Path) -> dict[str, str]:
    return {found.name: found.version for found in read_distributions(folder)}


def test_adds_to_a_folder_what_is_asked_for_with_all_it_needs(world: World, tmp_path: Path) -> None:
    write_wheel(world.wheels, "thing", "1.0", {"thing/__init__.py": ""}, requires=["thing-too>=2"])
    write_wheel(world.wheels, "thing-too", "2.5", {"thing_too/__init__.py": ""})
    add(world, tmp_path / 'it\'s a "folder"', "thing\n")
    assert distributions(tmp_path / 'it\'s a "folder"') == {"thing": "1.0", "thing-too": "2.5"}
    add(world, tmp_path / "alone", "thing==1.0\n", "--no-deps")
    assert distributions(tmp_path / "alone") == {"thing": "1.0"}
    assert not list((tmp_path / "alone").rglob("*.pyc"))


def test_what_is_installed_elsewhere_counts_for_nothing(world: World, tmp_path: Path) -> None:
    write_wheel(world.wheels, "pytest", "99.0", {"pytest.py": ""}, requires=["packaging"])
    write_wheel(world.wheels, "packaging", "98.0", {"packaging.py": ""})
    add(world, tmp_path / "folder", "pytest\n")
    assert distributions(tmp_path / "folder") == {"pytest": "99.0", "packaging": "98.0"}


def test_adds_beside_what_was_added(world: World, tmp_path: Path) -> None:
    write_wheel(world.wheels, "thing", "1.0", {"thing/__init__.py": ""})
    write_wheel(world.wheels, "thing-too", "2.5", {"thing_too/__init__.py": ""})
    add(world, tmp_path / "folder", "thing\n", "--no-deps")
    add(world, tmp_path / "folder", "thing-too\n")
    assert distributions(tmp_path / "folder") == {"thing": "1.0", "thing-too": "2.5"}


def test_adds_from_a_file_by_its_address_and_from_further_folders(world: World, tmp_path: Path) -> None:
    more = tmp_path / "more wheels"
    wheel = write_wheel(more, "thing", "1.0", {"thing/__init__.py": ""}, requires=["thing-too"])
    write_wheel(more, "thing-too", "2.5", {"thing_too/__init__.py": ""})
    add(world, tmp_path / "folder", f"thing @ {wheel.as_uri()}\n", "--find-links", str(more))
    assert distributions(tmp_path / "folder") == {"thing": "1.0", "thing-too": "2.5"}


def test_adds_only_what_has_the_hash_that_is_required(world: World, tmp_path: Path) -> None:
    wheel = write_wheel(world.wheels, "thing", "1.0", {"thing/__init__.py": ""})
    good = hashlib.sha256(wheel.read_bytes()).hexdigest()
    options = ("--no-deps", "--require-hashes", "--only-binary", ":all:")
    add(world, tmp_path / "good", f"thing==1.0 --hash=sha256:{good}\n", *options)
    assert distributions(tmp_path / "good") == {"thing": "1.0"}
    for number, line in enumerate((f"thing==1.0 --hash=sha256:{'0' * 64}\n", "thing==1.0\n")):
        with pytest.raises(InstallError):
            add(world, tmp_path / f"bad{number}", line, *options)
        assert distributions(tmp_path / f"bad{number}") == {}


def test_what_can_not_be_found_is_an_error_that_names_it(world: World, tmp_path: Path) -> None:
    with pytest.raises(InstallError) as caught:
        add(world, tmp_path / "folder", "there-is-no-such-thing\n")
    assert "there-is-no-such-thing" in f"{caught.value} {getattr(caught.value, 'output', '')}"


def test_time_ends(world: World, tmp_path: Path) -> None:
    project = write_project(tmp_path / "slow", "slow", "1.0", {"slow/__init__.py": ""}, {})
    (project / "backend" / "own_backend.py").write_text("import time\ntime.sleep(120)\n")
    (world.root / "cwd").mkdir(exist_ok=True)
    prepared = prepare(
        world.backend, world.context._replace(time_left=lambda: 1.0), lambda uv, settings: running().base
    )
    requirements = world.root / "requirements.txt"
    requirements.write_text(f"slow @ {project.as_uri()}\n")
    with pytest.raises(ProcessError, match="no answer within"):
        prepared.installer.add(tmp_path / "folder", prepared.interpreter, requirements)
