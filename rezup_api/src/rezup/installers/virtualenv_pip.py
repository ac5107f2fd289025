"""The installer that can all that pip can: virtualenv and pip."""

from __future__ import annotations

import os
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from rezup.errors import InstallError
from rezup.installers.base import Installer
from rezup.installers.pip_configuration import COLLECTED, KNOWN
from rezup.installers.pip_program import PipProgram
from rezup.installers.programs import bundled_pip, python_of
from rezup.installers.requirements import ask
from rezup.system.interpreters import is_python_variable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rezup.installers.base import Package
    from rezup.installers.pip_configuration import PipSettings
    from rezup.installers.programs import Workplace
    from rezup.installers.resolution import Question
    from rezup.lockfiles.lock import LockedPackage
    from rezup.system.interpreters import Interpreter, RunningPython

#: The last virtualenv that makes environments of Python 2.7 and 3.6, in a private environment.
LEGACY = "virtualenv<20.22"
#: One bucket of the cache folder per format.
TOOLS_BUCKET = "tools-v1"

# Runs a module with the import path of the process that asks, which may not be that of its Python.
_RUN_MODULE = f"""
import runpy, sys
sys.path[:0] = [p for p in sys.argv.pop(1).split({os.pathsep!r}) if p not in sys.path]
sys.argv[0] = sys.argv.pop(1)
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""

# Of an old virtualenv: what it seeds.
_ASK_SEEDS = """
import sys
from virtualenv.seed.wheels.embed import get_embed_wheel
for name in ("pip", "setuptools", "wheel"):
    found = get_embed_wheel(name, sys.argv[1])
    if found is not None:
        print(found.path)
"""


@dataclass(frozen=True, slots=True)
class VirtualenvPipInstaller(Installer):
    """virtualenv, run as a program, and the pip that it seeds into the environment.

    The settings are handed to pip as variables with its configuration files switched off: pip in
    the new environment would not see those of the environment that rezup runs in.
    """

    name: ClassVar[str] = "pip"

    python: RunningPython
    workplace: Workplace
    settings: PipSettings
    cache: Path | None = None
    """Folder of caches; None leaves virtualenv its own and makes a tool environment anew each time."""

    @property
    def version(self) -> str:
        """The version of virtualenv, which brings pip."""
        from importlib.metadata import version

        return version("virtualenv")

    def create(self, target: Path, interpreter: Interpreter) -> None:
        """An empty environment, but for pip (and what a Python before 3.9 needs to build anything)."""
        options: list[str | Path] = [
            "--quiet", "--no-download", "--no-periodic-update", "--no-vcs-ignore", "--activators", "",
            "--python", interpreter.path,
        ]  # fmt: skip
        if bundled_pip(interpreter.release) is None:
            program: list[str | Path] = [python_of(self._legacy_tool()), "-E", "-s", "-m", "virtualenv"]
        else:
            search_path = os.pathsep.join(self.python.search_path)
            program = [self.python.executable, "-I", "-c", _RUN_MODULE, search_path, "virtualenv"]
            options.append("--no-setuptools")
        self.workplace.run(
            [*program, *options, target], environment=self._virtualenv_environment(),
            what="making the environment with virtualenv",
        )  # fmt: skip

    def install(
        self, target: Path, interpreter: Interpreter, packages: Sequence[Package], options: Sequence[str] = ()
    ) -> None:
        """Resolve and install all at once."""
        asked = ask(packages, self.workplace.folder, self.workplace.secrets)
        environment, told = self._told()
        # -B: pip's own byte-code would name the folder it is built in.
        program: list[str | Path] = [python_of(target), "-E", "-s", "-B", "-m", "pip"]
        self._pip(program, [*told, *options, *asked.arguments], {**environment, **asked.environment})

    def add(
        self, folder: Path, interpreter: Interpreter, requirements: Path, options: Sequence[str] = ()
    ) -> None:
        """Resolve and install all at once, by the pip that virtualenv brings."""
        pip = bundled_pip(interpreter.release)
        if pip is None:
            raise InstallError(f"virtualenv brings no pip for Python {interpreter.version}")
        environment, told = self._told()
        environment.pop("PIP_REQUIRE_VIRTUALENV", None)  # a folder of our own harms nobody
        program: list[str | Path] = [interpreter.path, "-I", "-B", pip / "pip"]
        wanted = ["--target", str(folder), *told, *options, "--requirement", str(requirements)]
        self._pip(program, wanted, environment)

    def resolve(self, question: Question) -> tuple[LockedPackage, ...]:
        """By the report of a dry run; a pip that knows none gathers all wheels instead."""
        from rezup.installers.pip_resolution import resolve
        from rezup.installers.resolution import without_wheels

        names = without_wheels(self.settings)
        return resolve(
            self.program(question.interpreter), question, from_source=names, secrets=self.workplace.secrets
        )

    def program(self, interpreter: Interpreter) -> PipProgram:
        """A pip for what is no installation: building, resolving, downloading; run by `interpreter`.

        :raises InstallError: there is none for this Python
        """
        environment, told = self._told()
        environment.pop("PIP_REQUIRE_VIRTUALENV", None)  # nothing is installed
        command: list[str | Path]
        pip = bundled_pip(interpreter.release)
        if pip is not None:
            # Unpacked: out of its wheel, pip can't call itself to install what a build needs.
            command = [interpreter.path, "-I", "-B", self._unpacked(pip) / "pip"]
        else:
            folder = self.workplace.folder / f"pip-for-{interpreter.cache_tag}"
            if not python_of(folder).exists():
                self.create(folder, interpreter)
            command = [python_of(folder), "-E", "-s", "-B", "-m", "pip"]
        return PipProgram(
            tuple(command), environment, tuple(told), self.workplace, has_report=pip is not None
        )

    def seeds(self, interpreter: Interpreter) -> tuple[Path, ...]:
        """The wheels that `create` puts into every environment of this Python, pip first."""
        pip = bundled_pip(interpreter.release)
        if pip is not None:
            return (pip,)
        version = f"{interpreter.release[0]}.{interpreter.release[1]}"
        program: list[str | Path] = [python_of(self._legacy_tool()), "-E", "-s", "-c", _ASK_SEEDS, version]
        answer = self.workplace.run(program, environment=self._environment(), what="asking virtualenv")
        return tuple(Path(line) for line in answer.output.splitlines() if line.endswith(".whl"))

    def _unpacked(self, wheel: Path) -> Path:
        folder = self.workplace.folder / wheel.stem
        if not folder.is_dir():
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(folder)
        return folder

    def _pip(
        self, program: Sequence[str | Path], arguments: Sequence[str], environment: dict[str, str]
    ) -> None:
        command: list[str | Path] = [
            *program, "install", "--no-compile", "--no-warn-script-location",
            "--disable-pip-version-check", "--no-input", *arguments,
        ]  # fmt: skip
        self.workplace.run(command, environment=environment, what="installing with pip")

    def _told(self) -> tuple[dict[str, str], list[str]]:
        """Environment and options of pip, from all its configuration."""
        environment = self._environment()
        environment |= {"PIP_CONFIG_FILE": os.devnull, "PYTHONDONTWRITEBYTECODE": "1"}
        options: list[str] = []
        values = dict(self.settings.values)
        if self.workplace.offline:
            _keep_local(values)
        for option, texts in values.items():
            # A variable that pip of another age doesn't know is ignored, and nobody sees its value.
            if option not in KNOWN or (option in COLLECTED and any(re.search(r"\s", text) for text in texts)):
                options += [f"--{option}={text}" for text in texts]
            else:
                joint = " " if option in COLLECTED else ","
                environment["PIP_" + option.upper().replace("-", "_")] = joint.join(texts)
        return environment, options

    def _environment(self) -> dict[str, str]:
        return {
            name: value for name, value in self.settings.environment.items() if not is_python_variable(name)
        }

    def _virtualenv_environment(self) -> dict[str, str]:
        """No settings of virtualenv but rezup's: the user's could make copies or add site-packages."""
        environment = {
            name: value for name, value in self._environment().items() if not name.startswith("VIRTUALENV_")
        }
        environment["VIRTUALENV_CONFIG_FILE"] = os.devnull
        environment["PYTHONDONTWRITEBYTECODE"] = "1"
        if self.cache is not None:
            environment["VIRTUALENV_OVERRIDE_APP_DATA"] = str(self.cache / TOOLS_BUCKET / "virtualenv")
        return environment

    def _legacy_tool(self) -> Path:
        """The private environment that holds the old virtualenv; made once per cache."""
        from rezup.system.files import make_folder, remove_tree, rename_new

        base = self.workplace.folder if self.cache is None else self.cache / TOOLS_BUCKET
        release = self.python.base.release
        tool = base / f"virtualenv-20.21-py{release[0]}.{release[1]}"
        if python_of(tool).exists() and (tool / "complete").is_file():
            return tool
        pip = bundled_pip(release)
        if pip is None:
            raise InstallError(
                "virtualenv brings no pip for the Python that runs rezup", hint="upgrade virtualenv"
            )
        make_folder(base)
        draft = base / f".{tool.name}.{os.getpid()}.{os.urandom(4).hex()}"
        try:
            self.create(draft, self.python.base)
            environment, options = self._told()
            self._pip([python_of(draft), "-E", "-s", "-B", "-m", "pip"], [*options, LEGACY], environment)
            (draft / "complete").touch()
            if tool.exists() and not (tool / "complete").is_file():
                remove_tree(tool)  # damaged: it was only ever published complete
            if python_of(tool).is_symlink() and not python_of(tool).exists():
                remove_tree(tool)  # its Python is gone
            rename_new(draft, tool)
        finally:
            remove_tree(draft)
        return tool


def _keep_local(values: dict[str, tuple[str, ...]]) -> None:
    """Leave only what needs no network; without any local index, no index at all."""
    for option in ("index-url", "extra-index-url", "find-links"):
        local = tuple(text for text in values.pop(option, ()) if _is_local(text))
        if local:
            values[option] = local
    if "index-url" not in values:
        extra = values.pop("extra-index-url", ())
        if extra:
            values["index-url"] = extra[:1]
            values["extra-index-url"] = extra[1:]
        else:
            values["no-index"] = ("1",)
    if not values.get("extra-index-url"):
        values.pop("extra-index-url", None)


def _is_local(text: str) -> bool:
    return text.startswith("file:") or "://" not in text
