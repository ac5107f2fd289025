"""The embedded runtime as an environment: this library's own files, with no network at all.

An environment whose Rez is the runtime of rezup holds a copy of the library that builds it, of the
few distributions that Rez's commands need, and scripts with the names of Rez's. All of it is taken
from the running installation; nothing is resolved.
"""

from __future__ import annotations

import os
import shutil
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from rezup import __version__
from rezup.errors import InstallError
from rezup.installers import bytecode, scripts
from rezup.installers.backend import prepare
from rezup.installers.base import BuiltEnvironment, InstalledTool
from rezup.installers.distributions import read_distributions, recorded
from rezup.installers.programs import python_of, scripts_of, site_packages_of
from rezup.reporting import stage
from rezup.system.discovery import find
from rezup.system.files import make_folder
from rezup.system.interpreters import running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rezup.installers.backend import Prepared
    from rezup.installers.context import BuildContext
    from rezup.installers.pip_configuration import PipSettings
    from rezup.installers.plans import EnvironmentPlan
    from rezup.installers.programs import UvProgram
    from rezup.system.interpreters import Interpreter

LIBRARY = "rezup-api"

#: The scripts there are. Those of commands that are not in this runtime say so, as `rez` itself does:
#: without them another Rez on PATH would answer, and see other packages. Only `_rez-complete` is left out,
#: which would say it at each press of a key.
PROGRAMS = (
    "rez", "rezolve", "rez-bundle", "rez-config", "rez-context", "rez-depends", "rez-diff", "rez-env",
    "rez-interpret", "rez-python", "rez-search", "rez-status", "rez-suite", "rez-view", "_rez_fwd",
    "rez-benchmark", "rez-bind", "rez-build", "rez-cp", "rez-gui", "rez-help", "rez-memcache", "rez-mv",
    "rez-pip", "rez-pkg-cache", "rez-pkg-ignore", "rez-plugins", "rez-release", "rez-rm", "rez-selftest",
    "rez-test", "rez-yaml2py",
)  # fmt: skip

#: What Rez's commands import beside the library; a test holds this against the imports.
NEEDED = ("PyYAML", "filelock", "platformdirs", "shellingham")

#: The oldest Python that the library runs on, and the first that reads TOML itself.
OLDEST_PYTHON = (3, 10)
_WITH_TOML = (3, 11)

#: Endings of files that only one kind of Python can load.
_COMPILED = (".so", ".pyd")


def build_embedded(plan: EnvironmentPlan, target: Path, context: BuildContext) -> BuiltEnvironment:
    """Make the environment at `target`, which must not exist, inside a staging folder.

    :raises InterpreterNotFoundError: no Python fits
    :raises InstallError: the Python is too old, or this installation lacks something
    """
    prepared = prepared_for(plan, context)
    interpreter, installer = prepared.interpreter, prepared.installer
    reporter = context.reporter
    site = site_packages_of(target, interpreter.release, interpreter.implementation)
    layout = scripts.Layout(target, scripts_of(target), site)
    with stage(reporter, "environment", str(plan.name)):
        installer.create(target, interpreter)
    with stage(reporter, "install", f"{LIBRARY} {__version__}"):
        site.mkdir(parents=True, exist_ok=True)
        _copy_library(site)
        for name in _needed(interpreter):
            _copy_distribution(name, site, interpreter)
    with stage(reporter, "scripts", str(plan.name)):
        distributions = read_distributions(site)
        (library,) = (each for each in distributions if each.name == LIBRARY)
        tool = scripts.ToolScripts(library, plan.tools[0].flags, is_rez=True)
        written = scripts.write_production_scripts(layout, [tool])
        scripts.make_relocatable(layout)
        scripts.correct_records(layout, distributions, [tool])
    with stage(reporter, "byte-code", str(plan.name)):
        bytecode.complete(
            target, site, interpreter, distributions, workplace=context.workplace, cache=context.cache
        )
    rez = InstalledTool(
        name=plan.name, distribution=library.name, version=library.version, environment=plan.name,
        scripts=written[library.key],
    )  # fmt: skip
    return BuiltEnvironment(
        name=plan.name,
        interpreter=interpreter,
        python=python_of(target).relative_to(target).as_posix(),
        scripts=layout.production.relative_to(target).as_posix(),
        tools=(rez,),
        backend=installer.name,
        backend_version=installer.version,
        backend_reason="it makes the environment; all else is copied from rezup itself",
        distributions=tuple((found.name, found.version) for found in distributions),
        leftovers=scripts.leftovers(layout, distributions),
    )


def prepared_for(plan: EnvironmentPlan, context: BuildContext) -> Prepared:
    """The interpreter, which must be on this machine, and who makes the environment."""

    def find_interpreter(uv: UvProgram | None, settings: PipSettings) -> Interpreter:
        return find(
            plan.python,
            environment=settings.environment,
            uv=None if uv is None else uv.path,
            allow_fetch=False,
            folder=context.folder, log=context.log, mask=context.mask,
        )  # fmt: skip

    with stage(context.reporter, "interpreter", plan.python or ""):
        prepared = prepare(plan.backend, context._replace(offline=True, allow_fetch=False), find_interpreter)
    check_python(prepared.interpreter)
    return prepared


def check_python(interpreter: Interpreter) -> None:
    """Make sure that the library runs on a Python.

    :raises InstallError: it is too old
    """
    if interpreter.release < OLDEST_PYTHON:
        oldest = ".".join(map(str, OLDEST_PYTHON))
        raise InstallError(
            f"the embedded runtime can't run on Python {interpreter.version}",
            context=f"it needs {oldest} or newer",
            hint=f'in [rez], write python = ">={oldest}" or leave it out; or take runtime = "vanilla"',
        )


def _needed(interpreter: Interpreter) -> Iterator[str]:
    yield from NEEDED
    if interpreter.release < _WITH_TOML:
        yield "tomli"


def _copy_library(site: Path) -> None:
    """The library's own files, and metadata that tell what they are and which scripts they have."""
    source = Path(__file__).parents[1]
    ignored = shutil.ignore_patterns("__pycache__", "*.pyc", ".*")
    shutil.copytree(source, site / source.name, ignore=ignored)
    folder = site / f"{LIBRARY.replace('-', '_')}-{__version__}.dist-info"
    folder.mkdir()
    texts = {
        "METADATA": f"Metadata-Version: 2.1\nName: {LIBRARY}\nVersion: {__version__}\n",
        "INSTALLER": "rezup\n",
        "entry_points.txt": "[console_scripts]\n"
        + "".join(f"{name} = rezup.rez_cli.main:entry_point\n" for name in PROGRAMS),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    everything = [path for top in (site / source.name, folder) for path in sorted(top.rglob("*"))]
    _write_record(folder, [path for path in everything if path.is_file()], site)


def _copy_distribution(name: str, site: Path, interpreter: Interpreter) -> None:
    """A distribution as it is installed beside the library, without what only its Python can load.

    :raises InstallError: it is not there, or not known file by file
    """
    found = next(iter(metadata.distributions(name=name, path=list(running().search_path))), None)
    files = [] if found is None else [file for file in found.files or () if ".." not in file.parts]
    packages = [file for file in files if file.suffix == ".py" and len(file.parts) > 1]
    if not packages:
        raise InstallError(
            f"the embedded runtime needs {name}, which this installation of rezup does not have",
            context=f"for Python {interpreter.version}; nothing is fetched for the embedded runtime",
            hint="install rezup anew, or choose another `python` in [rez]",
        )
    is_same = interpreter.abi == running().base.abi
    copied = []
    for file in files:
        is_left_out = file.name in ("RECORD", "direct_url.json") or "__pycache__" in file.parts
        if is_left_out or os.path.isabs(file) or (file.suffix in _COMPILED and not is_same):
            continue
        source, place = Path(str(file.locate())), site.joinpath(*file.parts)
        if source.is_file():
            make_folder(place.parent)
            shutil.copyfile(source, place)
            copied.append(place)
    folder = next(path.parent for path in copied if path.name == "METADATA")
    _write_record(folder, copied, site)


def _write_record(folder: Path, files: list[Path], site: Path) -> None:
    """The list of a distribution's files."""
    entries = {path.relative_to(site).as_posix(): recorded(path.read_bytes()) for path in files}
    lines = [f"{name},{digest},{size}\n" for name, (digest, size) in entries.items()]
    lines.append(f"{folder.name}/RECORD,,\n")
    (folder / "RECORD").write_text("".join(lines), encoding="utf-8", newline="\n")
