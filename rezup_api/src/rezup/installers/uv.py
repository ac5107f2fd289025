"""The installer that is quick: uv."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from rezup.errors import ProcessError
from rezup.installers.base import Installer, Package
from rezup.installers.programs import python_of
from rezup.installers.requirements import ask
from rezup.installers.uv_settings import UvSettings, uv_environment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rezup.installers.pip_configuration import PipSettings
    from rezup.installers.programs import UvProgram, Workplace
    from rezup.installers.resolution import Question
    from rezup.installers.translation import Translation
    from rezup.lockfiles.lock import LockedPackage
    from rezup.system.interpreters import Interpreter

_APPENDED = {"UV_INDEX": " ", "UV_FIND_LINKS": ","}


@dataclass(frozen=True, slots=True)
class UvInstaller(Installer):
    """`uv venv --relocatable` and `uv pip install`, told what pip is told on this machine.

    Files are copied out of uv's cache: a hard link would let a write in one place change the other.
    """

    name: ClassVar[str] = "uv"

    program: UvProgram
    workplace: Workplace
    settings: PipSettings
    translation: Translation
    own_settings: UvSettings = field(default_factory=UvSettings)

    @property
    def version(self) -> str:
        """The version of uv."""
        return self.program.version

    def create(self, target: Path, interpreter: Interpreter) -> None:
        """An empty environment, without pip."""
        command: list[str | Path] = [
            self.program.path, "venv", "--quiet", "--relocatable", "--no-project", "--no-python-downloads",
            "--python", interpreter.path, target,
        ]  # fmt: skip
        self.workplace.run(command, environment=self._environment(), what="making the environment with uv")

    def install(
        self, target: Path, interpreter: Interpreter, packages: Sequence[Package], options: Sequence[str] = ()
    ) -> None:
        """Resolve and install all at once."""
        asked = ask(packages, self.workplace.folder, self.workplace.secrets)
        self._install(["--python", python_of(target)], [*options, *asked.arguments], asked.environment)

    def add(
        self, folder: Path, interpreter: Interpreter, requirements: Path, options: Sequence[str] = ()
    ) -> None:
        """Resolve and install all at once."""
        where: list[str | Path] = ["--python", interpreter.path, "--target", folder]
        self._install(where, [*options, "--requirement", str(requirements)], {})

    def resolve(self, question: Question) -> tuple[LockedPackage, ...]:
        """By its own lock, for all platforms at once."""
        from rezup.installers.resolution import without_wheels
        from rezup.installers.uv_resolution import resolve

        told = ["--python", str(question.interpreter.path), *_for_compile(self.translation.arguments)]

        def compile_(arguments: Sequence[str], variables: Mapping[str, str]) -> None:
            self._pip(
                "compile", ["--quiet", "--no-header", *told, *arguments], variables, "resolving with uv"
            )

        return resolve(
            compile_, question, self.workplace.folder,
            from_source=frozenset(without_wheels(self.settings)), secrets=self.workplace.secrets,
        )  # fmt: skip

    def _install(
        self, where: Sequence[str | Path], asked: Sequence[str], variables: Mapping[str, str]
    ) -> None:
        arguments = ["--link-mode", "copy", *where, *self.translation.arguments, *asked]
        self._pip("install", arguments, variables, "installing with uv")

    def _pip(
        self, verb: str, arguments: Sequence[str | Path], variables: Mapping[str, str], what: str
    ) -> None:
        command: list[str | Path] = [
            self.program.path, "pip", verb, "--no-progress", "--no-python-downloads",
            *(["--offline"] if self.workplace.offline else ()), *arguments,
        ]  # fmt: skip
        environment = {**self._environment(), **variables}
        try:
            self.workplace.run(command, environment=environment, what=what)
        except ProcessError as error:
            # pip trusts the system's certificates, uv its own until it is told otherwise.
            if "certificate" not in error.output.lower() or "SSL_CERT_FILE" in environment:
                raise
            self.workplace.reporter.debug("uv: once more, with the system's certificates")
            environment |= {"UV_SYSTEM_CERTS": "1", "UV_NATIVE_TLS": "1"}
            self.workplace.run(command, environment=environment, what=what)

    def _environment(self) -> dict[str, str]:
        environment = uv_environment(self.settings.environment)
        for name in self.translation.removed:
            environment.pop(name, None)
        for name, value in self.translation.environment.items():
            own = environment.get(name)
            separator = _APPENDED.get(name)
            environment[name] = value if own is None or separator is None else f"{own}{separator}{value}"
        # Files of the user may name an index, too.
        is_alone = self.settings.environment.get("UV_NO_CONFIG") == "1"
        configuration = UvSettings() if is_alone else self.own_settings
        configuration.apply(environment, self.workplace.folder)
        folder = _cache_folder(environment)
        is_elsewhere = any(b"cache-dir" in path.read_bytes() for path in configuration.files)
        if not (environment.get("UV_NO_CACHE") or is_elsewhere or _is_writable(folder)):
            environment["UV_CACHE_DIR"] = str(self.workplace.folder / "uv-cache")
            self.workplace.reporter.debug(f"uv: {folder} can't be written, so it starts with an empty cache")
        return environment


def _cache_folder(environment: Mapping[str, str]) -> Path:
    """Where uv keeps its cache, by its "caching" page."""
    told = environment.get("UV_CACHE_DIR")
    if told:
        return Path(told)
    home = environment.get("HOME") or os.path.expanduser("~")
    if os.name == "nt":
        return Path(environment.get("LOCALAPPDATA") or Path(home, "AppData", "Local"), "uv", "cache")
    shared = environment.get("XDG_CACHE_HOME", "")
    return Path(shared if os.path.isabs(shared) else Path(home, ".cache"), "uv")


def _is_writable(folder: Path) -> bool:
    """Whether files can be made in a folder, or it can be made."""
    there = next((path for path in (folder, *folder.parents) if os.path.lexists(path)), folder)
    return there.is_dir() and os.access(there, os.W_OK | os.X_OK)


def _for_compile(arguments: Sequence[str]) -> list[str]:
    """What ``uv pip install`` is told, in the words of ``uv pip compile``."""
    told: list[str] = []
    before = ""
    for argument in arguments:
        if before == "--requirements":  # another file of what is asked for
            told[-1] = argument
        elif argument != "--require-hashes":  # it writes them all
            told.append(argument)
        before = argument
    return told
