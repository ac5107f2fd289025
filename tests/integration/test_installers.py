"""The real Rez from the configured index, as a production install."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rezup.errors import InterpreterNotFoundError
from rezup.installers.context import BuildContext
from rezup.installers.environments import build
from rezup.installers.plans import plan
from rezup.installers.programs import find_uv
from rezup.recipes.model import Backend, Recipe, Tool
from rezup.recipes.names import ToolName
from rezup.reporting import Reporter
from rezup.system.discovery import find
from support.wheels import write_extension

if TYPE_CHECKING:
    from rezup.installers.base import BuiltEnvironment

pytestmark = [pytest.mark.integration, pytest.mark.skipif(os.name == "nt", reason="scripts of POSIX")]

REQUIREMENT = "rez>=3.3"


class Stages(Reporter):
    """Prints the stages, for `pytest -s`."""

    def stage_finished(self, name: str, seconds: float, cpu: float) -> None:
        sys.stdout.write(f"{name}: {seconds:.3f} s wall, {cpu:.3f} s CPU\n")


def context(root: Path, cache: Path, **fields: object) -> BuildContext:
    """The machine as it is, with its index, but for a home that is the test's."""
    (root / "home").mkdir(exist_ok=True, parents=True)
    environment = {**os.environ, "HOME": str(root / "home"), "UV_CACHE_DIR": str(cache / "uv")}
    if "PYENV_ROOT" not in environment:
        environment["PYENV_ROOT"] = str(Path.home() / ".pyenv")
    return BuildContext(
        environment=environment, folder=root / "cwd", log=root / "log.txt", cache=cache, reporter=Stages(),
        **fields,  # type: ignore[arg-type]
    )  # fmt: skip


def tool(name: str, requirement: str, **fields: object) -> Tool:
    return Tool(ToolName.parse(name), requirement, **fields)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


class Production:
    def __init__(self, built: BuiltEnvironment, target: Path) -> None:
        self.built = built
        self.target = target

    def run(self, name: str, *arguments: str, cwd: Path | None = None, **environment: str) -> str:
        done = subprocess.run(
            [self.target / "bin/rez" / name, *arguments], cwd=cwd, capture_output=True, text=True, check=False,
            env={"PATH": os.environ["PATH"], "HOME": str(self.target.parents[2]), **environment},
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, ""), done
        return done.stdout.strip()

    def is_production(self, **environment: str) -> bool:
        code = "from rez.system import system; print(system.is_production_rez_install, system.rez_bin_path)"
        answer = self.run("rez-python", "-c", code, **environment)
        return answer == f"True {self.target / 'bin/rez'}"


@pytest.fixture(scope="module", params=["uv", "pip"])
def production(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, cache: Path
) -> Production:
    """The real Rez with an extension, built, then moved."""
    root = tmp_path_factory.mktemp(request.param)
    backend: Backend = request.param
    world = context(root, cache, pip_options=("--find-links", str(root / "wheels")))
    if backend == "uv" and find_uv(world.environment, root) is None:
        pytest.skip("there is no uv")
    write_extension(root / "wheels", "rez-fixture-extension")
    recipe = Recipe(
        b"",
        "",
        None,
        tool("rez", REQUIREMENT),
        (tool("extension", "rez-fixture-extension"),),
        backend=backend,
    )
    built = build(plan(recipe)[0], root / "staging/venv/rez", world)
    target = root / "root/.main/1795179768.172130/venv/rez"
    target.parent.mkdir(parents=True)
    (root / "staging/venv/rez").rename(target)
    return Production(built, target)


def test_it_is_a_production_install(production: Production) -> None:
    assert production.is_production()
    assert re.match(r"Rez \d+\.\d+", production.run("rez", "--version"))
    assert production.built.leftovers == ()


def test_hostile_environment_changes_nothing(production: Production, tmp_path: Path) -> None:
    for name in ("rez.py", "json.py", "sitecustomize.py", "usercustomize.py"):
        (tmp_path / name).write_text("raise SystemExit('hostile')\n")
    hostile = {
        "PYTHONPATH": str(tmp_path), "PYTHONHOME": str(tmp_path), "PYTHONUSERBASE": str(tmp_path),
        "PYTHONSTARTUP": str(tmp_path / "rez.py"), "PYTHONINSPECT": "",
    }  # fmt: skip
    assert production.is_production(**hostile)
    assert production.run("rez", "--version", **hostile) == production.run("rez", "--version")


def test_running_it_writes_nothing(production: Production) -> None:
    def state() -> set[tuple[str, int]]:
        return {(str(path), path.lstat().st_mtime_ns) for path in production.target.rglob("*")}

    before = state()
    production.run("rez", "--help")
    production.run("rez-config", "plugin_path")
    assert production.is_production()
    assert state() == before


def test_plugins_of_the_extension_are_seen_by_rez(production: Production) -> None:
    code = "from rez.plugin_managers import plugin_manager as m; print(*m.get_plugins('command'))"
    assert {"thing", "thing_too"} <= set(production.run("rez-python", "-c", code).split())
    code = "import rezplugins.command.thing as t; print(t.PLUGIN)"
    assert production.run("rez-python", "-c", code) == "folder"


def test_pip_for_rez_pip_is_there(production: Production) -> None:
    assert production.run("rez-python", "-m", "pip", "--version").startswith("pip ")


def test_rez_env_runs_and_nests(production: Production, tmp_path: Path) -> None:
    config = tmp_path / "rezconfig.py"
    config.write_text(f"packages_path = [{str(tmp_path / 'packages')!r}]\n")
    script = "rez-context >/dev/null && rez-env -c 'rez-python -c \"from rez.system import system; print(system.is_production_rez_install)\"'"  # fmt: skip
    done = subprocess.run(
        [production.target / "bin/rez/rez-env", "--shell", "bash", "-c", script], capture_output=True, text=True,
        check=False,
        env={"PATH": f"{production.target}/bin/rez:/usr/bin:/bin", "HOME": str(tmp_path), "REZ_CONFIG_FILE": str(config)},
    )  # fmt: skip
    assert done.stdout.strip().endswith("True"), done
    assert "Pip-based" not in done.stderr


@pytest.mark.parametrize("backend", ["uv", "pip"])
def test_real_rez_in_edit_mode(tmp_path: Path, cache: Path, backend: Backend) -> None:
    if backend == "uv" and find_uv(os.environ, tmp_path) is None:
        pytest.skip("there is no uv")
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", "rez", "-d", tmp_path, "rez==3.3.0"]  # fmt: skip
    if subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("the index has no source of Rez")
    with tarfile.open(next(tmp_path.glob("rez-*.tar.gz"))) as archive:
        archive.extractall(tmp_path / "source", filter="data")
    (source,) = (tmp_path / "source").iterdir()
    rez = tool("rez", str(source), path=source, editable=True)
    target = tmp_path / "root/c/1/venv/rez"
    built = build(
        plan(Recipe(b"", "", None, rez, backend=backend))[0], target, context(tmp_path, cache, edit_in_production=True)
    )  # fmt: skip
    production = Production(built, target)
    # Compiling the source of this Rez warns, in new Pythons, the first time it runs.
    subprocess.run([target / "bin/python", "-W", "ignore", "-m", "compileall", "-q", source], check=False)
    assert production.is_production()
    nested = 'import subprocess; print(subprocess.check_output(["rez-python", "-c", "from rez.system import system; print(system.is_production_rez_install)"]).decode())'  # fmt: skip
    path = f"{target}/bin/rez:{os.environ['PATH']}"
    assert production.run("rez-python", "-c", nested, PATH=path) == "True"
    assert production.run("rez", "--version").startswith("Rez 3.3.0")
    assert built.tools[0].editable == source


@pytest.mark.parametrize("version", ["2.7", "3.6", "3.8"])
def test_isolated_extension_of_an_old_python(tmp_path: Path, cache: Path, version: str) -> None:
    world = context(tmp_path, cache, pip_options=("--find-links", str(tmp_path / "wheels")))
    uv = find_uv(world.environment, tmp_path)
    try:
        find(version, environment=world.environment, uv=uv.path if uv else None)
    except InterpreterNotFoundError:
        pytest.skip(f"there is no Python {version}")
    write_extension(tmp_path / "wheels", "rez-fixture-extension")
    extension = tool("old", "rez-fixture-extension", isolated=True, python=version)
    recipe = Recipe(b"", "", None, tool("rez", "rez>=2.83"), (extension,))
    target = tmp_path / "staging/venv/old"
    built = build(plan(recipe)[1], target, world)
    moved = tmp_path / "moved" / "old"
    moved.parent.mkdir()
    target.rename(moved)
    assert built.interpreter.version.startswith(version)
    assert "rez" in dict(built.distributions)
    done = subprocess.run(
        [moved / "bin/rez/rez-fixture-extension", "a b"], env={"PATH": "/usr/bin:/bin", "PYTHONPATH": "/x"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    told = json.loads(done.stdout)
    assert (told["argv"][1:], told["prefix"], done.stderr) == (["a b"], str(moved), "")
    again = build(plan(recipe)[1], tmp_path / "again/venv/old", world)
    assert again.distributions == built.distributions


def test_python_is_fetched_from_a_mirror(tmp_path: Path) -> None:
    """uv fetches an archive that is made here, out of a Python of this machine that the request can't see."""
    uv = find_uv(os.environ, tmp_path)
    if uv is None or sys.platform != "linux":
        pytest.skip("there is no uv, or it would want another archive")
    versions = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    others = [
        path
        for path in sorted(versions.glob("3.1?.*"))
        if path.name.split(".")[1] != str(sys.version_info[1])
    ]
    if not others:
        pytest.skip("pyenv holds no other Python to make an archive of")
    home, version = others[0], others[0].name
    major, minor, patch = version.split(".")
    machine = os.uname().machine
    name = f"cpython-{version}+20990101-{machine}-unknown-linux-gnu-install_only.tar.gz"
    mirror = tmp_path / "mirror" / "20990101"
    mirror.mkdir(parents=True)

    def slim(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
        unneeded = r"/(test|tests|idlelib|ensurepip|site-packages/.+|config-3[^/]*|__pycache__)$"
        return None if re.search(unneeded, member.name) else member

    with tarfile.open(mirror / name, "w:gz", compresslevel=1) as archive:
        archive.add(home, "python", filter=slim)
    address = "https://github.com/astral-sh/python-build-standalone/releases/download/20990101/"
    listing = {
        f"cpython-{version}-linux-{machine}-gnu": {
            "name": "cpython", "arch": {"family": machine, "variant": None}, "os": "linux", "libc": "gnu",
            "major": int(major), "minor": int(minor), "patch": int(patch), "prerelease": "",
            "url": address + name, "sha256": None, "variant": None, "build": "20990101",
        }
    }  # fmt: skip
    (tmp_path / "downloads.json").write_text(json.dumps(listing))
    environment = {
        "HOME": str(tmp_path), "PATH": "/nonexistent", "UV_CACHE_DIR": str(tmp_path / "uv"),
        "UV_PYTHON_INSTALL_DIR": str(tmp_path / "pythons"),
        "UV_PYTHON_INSTALL_MIRROR": (tmp_path / "mirror").as_uri(),
        "UV_PYTHON_DOWNLOADS_JSON_URL": str(tmp_path / "downloads.json"),
    }  # fmt: skip
    folder = tmp_path / "cwd"
    folder.mkdir()
    request = f"{major}.{minor}"
    with pytest.raises(InterpreterNotFoundError) as caught:
        find(request, environment=environment, uv=uv.path, folder=folder, allow_fetch=False)
    assert "allow downloads" in (caught.value.hint or "")
    never = {**environment, "UV_PYTHON_DOWNLOADS": "never"}
    with pytest.raises(InterpreterNotFoundError):
        find(request, environment=never, uv=uv.path, folder=folder, allow_fetch=True)
    log = tmp_path / "log.txt"
    found = find(request, environment=environment, uv=uv.path, folder=folder, allow_fetch=True, log=log)
    assert found.path.is_relative_to(tmp_path / "pythons")
    assert found.version == version
    again = find(request, environment=environment, uv=uv.path, folder=folder, allow_fetch=False)
    assert again == found
