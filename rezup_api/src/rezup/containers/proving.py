"""The proof of a revision that is about to be published: it is built here, and its programs start.

It is pulled into a root of its own, by the very recipe and locks that everybody gets, and that root goes
in the end. What stays is the environment in the cache, so that the pull that follows builds nothing anew.

What has to work: ``rez --version`` ends with status 0, and each script of each extension, called once with
``--help``, starts. Not every program knows ``--help``, so a status is no failure by itself. One is

- that it can't be started, or ends with 126 or 127, by which a shell says that a program or its
  interpreter is missing;
- that it is ended by a signal, which a shell tells as 128+N;
- a traceback, or a fatal error of Python, with any status but 0;
- that it has not ended in time.

The scripts have no terminal, nothing on stdin, the environment that `use` would give them, and an empty
folder to run in; what they leave running ends with them. An extension without scripts, such as a plugin, is
proved by being installed.
"""

from __future__ import annotations

import os
import shutil
import signal
import time
from typing import TYPE_CHECKING, NamedTuple

from rezup.errors import InstallError, LockError, ProcessError, ProofError
from rezup.lockfiles.lock import WHEELS
from rezup.reporting import Reporter, stage
from rezup.stores.base import RECIPE
from rezup.stores.stamps import Stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from rezup.containers.building import Builder, Built, LockedFolder
    from rezup.containers.creation import Maker
    from rezup.containers.locked import GivenLocks
    from rezup.containers.revision import Revision
    from rezup.recipes.model import Recipe
    from rezup.recipes.names import ContainerName
    from rezup.stores.remote import RemoteStore

    #: The whole environment of a program in a revision.
    Compose = Callable[[Revision], Mapping[str, str]]

#: Seconds that each script has to end.
TIMEOUT = 30.0

#: What has to end well.
_VERSION = ("rez", "--version")

#: How Python begins to tell that it fails.
_FATAL = ("Traceback (most recent call last)", "Fatal Python error")

#: What a shell says of a program that it can't start.
_NOT_STARTED = {126: "a program that it needs can't be run", 127: "a program that it needs is missing"}

#: Signals as a shell tells them, and how Windows tells that a program crashed.
_OF_SHELL, _CRASHED = range(129, 160), 0xC0000000

#: Of what a script printed, the lines that an error tells.
_LINES = 3

_UNPROVED = "or publish it unproved: --no-verify"


class Start(NamedTuple):
    """A script that was started."""

    tool: str
    environment: str
    command: tuple[str, ...]
    """Its name and arguments, ("rez", "--version")."""
    status: int


class Proof(NamedTuple):
    """What was found to work."""

    platform: str
    starts: tuple[Start, ...]


class Prover(NamedTuple):
    """Proves what is about to be published.

    :param compose: what gives a program in a revision its environment
    :param timeout: seconds that each script has to end
    """

    builder: Builder
    maker: Maker
    compose: Compose
    timeout: float = TIMEOUT

    def check_platforms(self, platforms: Iterable[str], what: str) -> None:
        """See that there is something to prove on this machine.

        :param platforms: what is covered; empty is everything
        :raises ProofError: this machine's isn't among them
        """
        covered = [*platforms]
        if covered and self.maker.platform not in covered:
            raise ProofError(
                f"{what} can't be tried on this machine, so nothing was published",
                command=(),
                status=None,
                context=f"it is for {', '.join(covered)}, this is {self.maker.platform}",
                hint=f"publish it from such a machine, {_UNPROVED}",
            )

    def __call__(
        self,
        container: ContainerName,
        recipe: Recipe,
        remote: RemoteStore,
        found: LockedFolder,
        given: GivenLocks | None,
        work: Path,
    ) -> Proof:
        """Build what is about to be published, and start its scripts.

        :param found: its locks, with wheels beside them
        :param given: what they are from, if they were there before: where wheels may be besides
        :param work: a folder that goes in the end
        :raises ProofError: it can't be tried here, or a script doesn't start
        :raises LockError: what a lock names can't be had
        :raises InstallError: it can't be built
        """
        for name, lock in found.locks.items():
            self.check_platforms(lock.platforms, name)
        try:
            revision, built = self._build(container, recipe, remote, found, given, work)
        except (InstallError, LockError) as error:
            error.hint = f"{error.hint}; nothing was published" if error.hint else "nothing was published"
            raise
        starts = tuple(self._starts(recipe, revision, built, work))
        self._tell_others(found)
        return Proof(self.maker.platform, starts)

    def _build(
        self,
        container: ContainerName,
        recipe: Recipe,
        remote: RemoteStore,
        found: LockedFolder,
        given: GivenLocks | None,
        work: Path,
    ) -> tuple[Revision, Built]:
        from rezup.containers.creation import Workshop
        from rezup.containers.locked import GivenLocks
        from rezup.recipes.parse import parse
        from rezup.stores.local import LocalStore
        from rezup.wheelhouse.finding import first_of, in_folder

        seen: list[Built] = []

        def build(recipe: Recipe, folder: Path, container: ContainerName, locks: GivenLocks | None) -> Built:
            seen.append(self.builder(recipe, folder, container, locks))
            return seen[-1]

        stamp = Stamp.at(time.time())
        # As every machine reads it: relative paths start where it is going to be.
        published = parse(recipe.data, remote.folder(container, stamp) / RECIPE)
        find = first_of(in_folder(found.folder / WHEELS), *([given.find] if given else ()))
        is_complete = given is not None and given.is_complete
        workshop = Workshop(
            store=LocalStore(work / "root"),
            build=build,
            maker=self.maker,
            reporter=Reporter(),  # this is no publication that anybody should hear of
            lock_timeout=0,
        )
        locks = GivenLocks(found.files, find, f"{container}, about to be published,", is_complete)
        revision = workshop.pull(container, published, stamp, given=locks)
        return revision, seen[-1]

    def _starts(self, recipe: Recipe, revision: Revision, built: Built, work: Path) -> Iterator[Start]:
        from rezup.recipes.secrets import masking, secret_values
        from rezup.system.logs import new_log

        folder = work / "started"
        folder.mkdir()
        mask = masking(secret_values(recipe, self.builder.environ))
        trial = _Trial(
            revision, self.compose(revision), folder, new_log(self.builder.logs, str(revision.container)),
            mask, self.timeout,
        )  # fmt: skip
        for tool, environment, command in _commands(recipe, built):
            with stage(self.builder.reporter, "prove", " ".join(command)):
                status = _start(trial, environment, command)
            if status:
                self.builder.reporter.debug(f"{' '.join(command)} ended with status {status}, as it may")
            yield Start(tool, environment, command, status)

    def _tell_others(self, found: LockedFolder) -> None:
        covered = {platform for lock in found.locks.values() for platform in lock.platforms}
        others = sorted(covered - {self.maker.platform})
        if others:
            self.builder.reporter.info(f"tried on {self.maker.platform} only, and not on {', '.join(others)}")


class _Trial(NamedTuple):
    """What all starts of one revision have in common."""

    revision: Revision
    environment: Mapping[str, str]
    folder: Path
    log: Path
    mask: Callable[[str], str]
    timeout: float


def _commands(recipe: Recipe, built: Built) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """What is started: tool, environment, and the command."""
    rez = recipe.rez.name
    yield rez, rez, _VERSION
    for environment in built.environments:
        for tool in environment.tools:
            if tool.name != rez:
                for script in tool.scripts:
                    yield tool.name, environment.name, (script, "--help")


def _start(trial: _Trial, environment: str, command: tuple[str, ...]) -> int:
    """Start a script of an environment.

    :returns: its exit status
    :raises ProofError: it doesn't work, as the module tells
    """
    from rezup.system.processes import run

    record = next(each for each in trial.revision.receipt.environments if each.name == environment)
    folder = trial.revision.folder / record.scripts
    script = shutil.which(command[0], path=os.fspath(folder))
    if script is None:
        raise _failure(trial, command, "there is no such script", None, "")
    fatal: list[str] = []
    try:
        run(
            [script, *command[1:]],
            environment=trial.environment,
            folder=trial.folder,
            log=trial.log,
            on_line=lambda line: fatal.append(line) if line.startswith(_FATAL) else None,
            mask=trial.mask,
            timeout=trial.timeout,
            own_group=True,
        )
    except ProcessError as error:
        reason = _reason(error, is_fatal=bool(fatal), must_succeed=command == _VERSION)
        if reason is None:
            return error.status or 0
        raise _failure(trial, command, reason, error.status, error.output) from error
    return 0


def _reason(error: ProcessError, *, is_fatal: bool, must_succeed: bool) -> str | None:
    """Why an end that isn't status 0 is a failure; None if it is none."""
    status = error.status
    if status is None:
        return error.context or "it can't be started"
    if status < 0:
        return f"it was ended by {_signal(-status)}"
    if status in _OF_SHELL:
        return f"status {status}: {_signal(status - 128)}"
    if status in _NOT_STARTED:
        return f"status {status}: {_NOT_STARTED[status]}"
    if status >= _CRASHED:
        return f"it crashed with status {status:#x}"
    return f"status {status}" if is_fatal or must_succeed else None


def _signal(number: int) -> str:
    try:
        return f"signal {number}, {signal.Signals(number).name}"
    except ValueError:
        return f"signal {number}"


def _failure(
    trial: _Trial, command: tuple[str, ...], reason: str, status: int | None, output: str
) -> ProofError:
    last = [line.strip() for line in output.splitlines() if line.strip()][-_LINES:]
    return ProofError(
        f"{' '.join(command)} doesn't work in {trial.revision.container}, so nothing was published",
        command=command,
        status=status,
        output=output,
        log=trial.log,
        context=" | ".join([reason, *last]),
        hint=f"its whole output is in {trial.log}; mend the recipe, {_UNPROVED}",
    )
