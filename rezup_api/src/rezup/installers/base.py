"""What an installer is: makes a virtual environment, resolves what goes into it, and installs it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rezup.installers.resolution import Question
    from rezup.lockfiles.lock import LockedPackage
    from rezup.recipes.names import ToolName
    from rezup.system.interpreters import Interpreter


class Package(NamedTuple):
    """One thing to install: a requirement as pip reads it, or a local source in edit mode."""

    requirement: str
    editable: bool = False


class Installer(ABC):
    """Both ways of building an environment keep this contract (``tests/contract``)."""

    name: ClassVar[str]

    @property
    @abstractmethod
    def version(self) -> str:
        """The version of the program behind it, for the receipt."""

    @abstractmethod
    def create(self, target: Path, interpreter: Interpreter) -> None:
        """Make an empty virtual environment at `target`, which must not exist.

        :raises InstallError: the environment can't be made; `target` may be half there
        """

    @abstractmethod
    def install(
        self, target: Path, interpreter: Interpreter, packages: Sequence[Package], options: Sequence[str] = ()
    ) -> None:
        """Resolve and install `packages` together into the environment at `target`, no byte-code.

        :param options: those of the program behind it
        :raises InstallError: a package can't be found, built or installed
        """

    @abstractmethod
    def add(
        self, folder: Path, interpreter: Interpreter, requirements: Path, options: Sequence[str] = ()
    ) -> None:
        """Install what a requirements file asks for into a plain folder, which is to join a path.

        Whatever else `interpreter` has installed counts for nothing.

        :param options: those that pip and uv spell alike, e.g. "--no-deps", "--require-hashes"
        :raises InstallError: a package can't be found, verified or installed
        """

    @abstractmethod
    def resolve(self, question: Question) -> tuple[LockedPackage, ...]:
        """Which versions of what are needed, with their wheels and hashes; nothing is installed.

        :raises ProcessError: there is no answer, e.g. as requirements contradict each other
        :raises LockError: something has no wheel, or it can't answer for these platforms
        """


class InstalledTool(NamedTuple):
    """What came of one tool of the recipe."""

    name: ToolName
    distribution: str
    """Name of the distribution that holds it, as its metadata spells it."""
    version: str
    environment: ToolName
    """The folder below ``venv/`` it was installed into."""
    editable: Path | None = None
    """The source folder of an install in edit mode; such a tool is not relocatable."""
    scripts: tuple[str, ...] = ()


class BuiltEnvironment(NamedTuple):
    """One finished virtual environment; paths are relative to it, with forward slashes."""

    name: ToolName
    interpreter: Interpreter
    python: str
    """Its interpreter, e.g. "bin/python"."""
    scripts: str
    """The folder of production scripts, e.g. "bin/rez"; the only one that joins PATH."""
    tools: tuple[InstalledTool, ...]
    backend: str
    """The installer's name; its version and why it was taken follow."""
    backend_version: str
    backend_reason: str
    distributions: tuple[tuple[str, str], ...] = ()
    """Name and version of all that is installed, sorted by name."""
    leftovers: tuple[str, ...] = ()
    """Files that name the folder it was built in; not empty means that it can't be moved."""
    notes: tuple[str, ...] = ()
    """What could not be made as asked, e.g. links to the source of a Rez in edit mode."""
