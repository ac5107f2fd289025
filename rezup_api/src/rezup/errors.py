"""Every error that the library raises on purpose.

::

    RezupError                      root: message, context, hint, code
    ├── InvalidNameError            a container, tool or revision name (also a ValueError)
    ├── SettingsError               environment variable or configuration file (also a ValueError)
    ├── RecipeError                 a recipe; carries every problem found (also a ValueError)
    ├── ContainerError              containers and revisions
    │   ├── ContainerNotFoundError
    │   ├── RevisionNotFoundError
    │   ├── RevisionNotReadyError   damaged, foreign, or of another platform
    │   ├── RevisionInUseError      somebody holds its lease
    │   └── NestedContainerError    `use` inside a container
    ├── StoreError                  a root that can't be read or written
    │   ├── RemoteUnreachableError
    │   └── UnsupportedFormatError  written by a newer rezup; left untouched
    ├── InstallError                building an environment
    │   ├── InterpreterNotFoundError
    │   └── ProcessError            a program failed: command, status, output, log
    │       └── ProofError          what was to be published doesn't start here
    ├── LockError                   a lock file, or what should be installed by it
    │   └── HashMismatchError       a file isn't the one that was locked or bundled
    ├── BundleError                 an archive of a revision
    ├── CacheError                  the store of finished environments, or a project's
    ├── LaunchError                 starting a shell, script or command
    ├── UpgradeError                replacing the library by a newer one
    ├── RuntimePackageError         Rez's own files: its configuration, packages and repositories
    │   ├── RezConfigError          a rezconfig file or a REZ_ variable (also a ValueError)
    │   ├── PackageDefinitionError  a package file, with its line
    │   ├── PackageLocationError    an entry of the packages path that can't be used
    │   ├── ContextFileError        an .rxt file that can't be used
    │   ├── ContextError            a context that can't do what is asked of it
    │   ├── SuiteError              a suite that can't be read, changed or saved
    │   └── PackageCommandsError    the commands of a package fail, with file, line and statement
    └── ResolveError                versions, requirements, packages and the solve of a request
        ├── InvalidVersionError     a version or range (also a ValueError)
        ├── InvalidRequirementError   a requirement (also a ValueError)
        ├── InvalidOrdererError     plain data of a package orderer (also a ValueError)
        ├── InvalidFilterError      a package filter or one of its rules (also a ValueError)
        ├── PackageFamilyNotFoundError   no repository has a package of that name
        ├── PackageNotFoundError    no version of a package is in the range that is asked for
        ├── ContradictoryPackageError   the requirements of one package exclude each other
        └── DamagedIndexError       the bytes of an index aren't what was written; make it anew

This module imports nothing of ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path


class RezupError(Exception):
    """Root of all errors; an error is fields, its wording on screen is the caller's.

    :param message: one line, what failed
    :param context: one line, why
    :param hint: one line, what to do about it
    """

    code: ClassVar[str] = "error"

    def __init__(self, message: str, *, context: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.context = context
        self.hint = hint

    def __str__(self) -> str:
        return self.message if self.context is None else f"{self.message}: {self.context}"


class InvalidNameError(RezupError, ValueError):
    """A name that could leave its folder, or that some platform can't store."""

    code = "invalid-name"


class SettingsError(RezupError, ValueError):
    """An environment variable or configuration file holds what can't be used."""

    code = "invalid-settings"


class Problem(NamedTuple):
    """One finding in a recipe.

    ``line`` counts from 1 and is None where the file has no such place; ``key`` is dotted,
    with positions of arrays of tables, such as ``extension[2].name``.
    """

    file: str
    line: int | None
    key: str
    message: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.key}: {self.message}" if self.key else f"{place}: {self.message}"


class RecipeError(RezupError, ValueError):
    """A recipe that can't be used; ``problems`` holds all that is wrong with it, not just the first."""

    code = "invalid-recipe"

    def __init__(
        self,
        message: str,
        *,
        problems: Iterable[Problem] = (),
        context: str | None = None,
        hint: str | None = None,
    ) -> None:
        self.problems = tuple(problems)
        if context is None and self.problems:
            context = "; ".join(map(str, self.problems))
        super().__init__(message, context=context, hint=hint)


class ContainerError(RezupError):
    """A container or revision can't do what was asked."""

    code = "container-error"


class ContainerNotFoundError(ContainerError):
    """No container of that name, here or on the remote."""

    code = "container-not-found"


class RevisionNotFoundError(ContainerError):
    """The container has no such revision, or none at all."""

    code = "revision-not-found"


class RevisionNotReadyError(ContainerError):
    """The revision exists, yet can't be used here: damaged, foreign, or of another platform."""

    code = "revision-not-ready"


class RevisionInUseError(ContainerError):
    """Somebody holds the lease of the revision; ``holders`` names them as far as the system tells."""

    code = "revision-in-use"

    def __init__(
        self,
        message: str,
        *,
        holders: Sequence[str] = (),
        context: str | None = None,
        hint: str | None = None,
    ) -> None:
        self.holders = tuple(holders)
        super().__init__(message, context=context or ", ".join(self.holders) or None, hint=hint)


class NestedContainerError(ContainerError):
    """`use` was called inside a container."""

    code = "nested-container"


class StoreError(RezupError):
    """A root can't be read or written, or is unfit for Rez."""

    code = "store-error"


class RemoteUnreachableError(StoreError):
    """The remote root did not answer in time, or isn't mounted."""

    code = "remote-unreachable"


class UnsupportedFormatError(StoreError):
    """A file was written by a newer rezup; it is left untouched."""

    code = "unsupported-format"


class InstallError(RezupError):
    """An environment could not be built."""

    code = "install-failed"


class InterpreterNotFoundError(InstallError):
    """No Python fits what the recipe asks for."""

    code = "interpreter-not-found"


class ProcessError(InstallError):
    """A program that was run failed.

    :param command: the argument list, secrets masked
    :param status: exit status; negative for a signal, None if it could not be started
    :param output: the end of what it printed
    :param log: file with all it printed
    """

    code = "process-failed"

    def __init__(
        self,
        message: str,
        *,
        command: Sequence[str],
        status: int | None,
        output: str = "",
        log: Path | None = None,
        context: str | None = None,
        hint: str | None = None,
    ) -> None:
        self.command = tuple(command)
        self.status = status
        self.output = output
        self.log = log
        if hint is None and log is not None:
            hint = f"its whole output is in {log}"
        super().__init__(message, context=context, hint=hint)


class ProofError(ProcessError):
    """What was to be published doesn't start on this machine, or can't be tried there; nothing was published.

    The command is empty where none could be tried.
    """

    code = "proof-failed"


class LockError(RezupError):
    """A lock file that can't be read, doesn't fit its recipe, or doesn't cover what is asked of it."""

    code = "lock-error"


class HashMismatchError(LockError):
    """A file isn't the one that was locked, published or bundled; nothing of it was installed.

    :param name: of the file
    :param expected: SHA-256, or several with commas between them
    :param found: SHA-256
    :param by: what tells the hash that is expected
    """

    code = "hash-mismatch"

    def __init__(
        self, name: str, *, expected: str, found: str, by: str = "the lock", hint: str | None = None
    ) -> None:
        super().__init__(
            f"{name} is not the file that {by} names",
            context=f"its SHA-256 is {found}, {by} has {expected}",
            hint=hint or "ask who publishes it; if the change is wanted, lock anew: rezup lock --upgrade",
        )
        self.name = name
        self.expected = expected
        self.found = found


class BundleError(RezupError):
    """An archive of a revision that can't be written, read or trusted."""

    code = "bundle-error"


class CacheError(RezupError):
    """The store of finished environments, this machine's or a project's, can't do what was asked."""

    code = "cache-error"


class LaunchError(RezupError):
    """A shell, script or command can't be started."""

    code = "launch-failed"


class UpgradeError(RezupError):
    """A newer version of the library can't be found, fetched, verified or put in place."""

    code = "upgrade-failed"


class ResolveError(RezupError):
    """A request can't be resolved, or something in it can't be understood."""

    code = "resolve-error"


class InvalidVersionError(ResolveError, ValueError):
    """A text that is no version or range of versions."""

    code = "invalid-version"


class InvalidRequirementError(ResolveError, ValueError):
    """A text that is no requirement of a package."""

    code = "invalid-requirement"


class InvalidOrdererError(ResolveError, ValueError):
    """Data that describes no package orderer."""

    code = "invalid-orderer"


class InvalidFilterError(ResolveError, ValueError):
    """A text or data that describes no package filter."""

    code = "invalid-filter"


class PackageFamilyNotFoundError(ResolveError):
    """No repository has a package of that name; the message is Rez's own."""

    code = "package-family-not-found"


class PackageNotFoundError(ResolveError):
    """The package exists, yet in no version that is asked for; the message is Rez's own."""

    code = "package-not-found"


class ContradictoryPackageError(ResolveError):
    """A package that a resolve has to look at has requirements that exclude each other."""

    code = "contradictory-package"


class DamagedIndexError(ResolveError):
    """The bytes of an index are damaged, or of another format; it can be made anew at any time."""

    code = "damaged-index"


class RuntimePackageError(RezupError):
    """Rez's own files can't be used: its configuration, packages or repositories."""

    code = "runtime-package-error"


class RezConfigError(RuntimePackageError, ValueError):
    """A rezconfig file, or a `REZ_` variable, holds what can't be used."""

    code = "invalid-rez-config"


class PackageDefinitionError(RuntimePackageError):
    """A package file that can't be loaded, or an attribute of it that can't be used.

    :param path: the file
    :param line: counts from 1; None where the file has no such place
    """

    code = "invalid-package-definition"

    def __init__(
        self,
        message: str,
        *,
        path: str,
        line: int | None = None,
        context: str | None = None,
        hint: str | None = None,
    ) -> None:
        self.path = path
        self.line = line
        place = path if line is None else f"{path}:{line}"
        super().__init__(f"{place}: {message}", context=context, hint=hint)


class PackageLocationError(RuntimePackageError):
    """An entry of the packages path names no repository that can be used."""

    code = "invalid-package-location"


class ContextFileError(RuntimePackageError):
    """An ``.rxt`` file, the context that Rez stores, that can't be read or used."""

    code = "invalid-context-file"


class ContextError(RuntimePackageError):
    """A context can't do what is asked of it: it is not solved, or packages of it are gone."""

    code = "context-error"


class SuiteError(RuntimePackageError):
    """A suite can't be read, changed or saved."""

    code = "suite-error"


class PackageCommandsError(RuntimePackageError):
    """The commands of a package fail, or stop the environment from being made.

    :param package: such as "maya-2022.1"
    :param path: the file that the commands stand in
    :param line: counts from 1; None where it is not known
    :param statement: the line of code
    """

    code = "package-commands-failed"

    def __init__(
        self,
        message: str,
        *,
        package: str | None = None,
        path: str | None = None,
        line: int | None = None,
        statement: str | None = None,
        context: str | None = None,
        hint: str | None = None,
    ) -> None:
        self.package = package
        self.path = path
        self.line = line
        self.statement = statement
        super().__init__(message, context=context, hint=hint)
