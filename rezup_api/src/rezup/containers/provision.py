"""An environment for a revision: cloned from the cache of finished ones, and built there if it is missing."""

from __future__ import annotations

import errno
import os
import time
from typing import TYPE_CHECKING, NamedTuple

from rezup.errors import CacheError, ProcessError, StoreError
from rezup.lockfiles.lock import WHEELS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

    from rezup.cache.cloning import Cloned
    from rezup.cache.environments import Environments
    from rezup.containers.locked import GivenLocks
    from rezup.installers.base import BuiltEnvironment
    from rezup.installers.context import BuildContext
    from rezup.installers.plans import EnvironmentPlan, Locked
    from rezup.lockfiles.lock import FindWheel, Lock, Wheel
    from rezup.reporting import Reporter
    from rezup.wheelhouse.store import Wheelhouse


#: How a disk that takes no more is told: to us, and by installers.
_FULL_NUMBERS = frozenset((errno.ENOSPC, errno.EDQUOT))
_FULL_TEXTS = (
    "No space left on device", "Disk quota exceeded", "Disc quota exceeded", "Quota exceeded",
    "not enough space on the disk",
)  # fmt: skip

#: Bytes without which there is no point in building an environment.
_LEAST = 1 << 20

#: The folder of a revision with a record of the files of each of its environments.
RECORDS = "records"


class Provided(NamedTuple):
    """An environment at its place."""

    environment: BuiltEnvironment
    cloned: Cloned | None
    """How it was made out of the cache; None if it was built in place."""


class _Tied(Exception):  # noqa: N818 -- a signal of this module: what was built can't be moved
    pass


class _Order(NamedTuple):
    """One environment that is wanted."""

    plan: EnvironmentPlan
    data: bytes
    by: Locked
    folder: Path
    context: BuildContext

    @property
    def target(self) -> Path:
        return self.folder / "venv" / self.plan.name

    @property
    def record(self) -> Path:
        """What belongs to it, for a later check; see `rezup.cache.manifest`."""
        return self.folder / RECORDS / self.plan.name


def is_disk_full(error: BaseException) -> bool:
    """Whether there was no room, or no more was allowed to be taken, for us or for an installer."""
    if isinstance(error, OSError):
        return error.errno in _FULL_NUMBERS
    if isinstance(error, ProcessError):
        return any(text in error.output for text in _FULL_TEXTS)
    return isinstance(error, CacheError) and error.__cause__ is not None and is_disk_full(error.__cause__)


def _refuse_full_disk(error: CacheError | ProcessError | ValueError, cache: Path, revision: Path) -> None:
    """Give up where a revision has no more room without the cache.

    :raises OSError: the disk of the revision is full, or that of both
    :raises ProcessError: an installer said so of the disk of both
    """
    _take_room(revision)
    try:
        if cache.stat().st_dev != revision.stat().st_dev:
            return
    except OSError:
        return
    cause = error.__cause__
    if isinstance(cause, OSError):
        number = cause.errno or errno.ENOSPC
        raise OSError(number, os.strerror(number), cause.filename or str(revision)) from error
    raise error


def _take_room(folder: Path) -> None:
    """See that there is room at all: which disk is full, neither an installer nor a write tells.

    :raises OSError: there isn't
    """
    probe = folder / ".room"
    try:
        with open(probe, "xb", buffering=0) as stream:
            if stream.write(os.urandom(_LEAST)) < _LEAST:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(folder)) from error
    finally:
        probe.unlink(missing_ok=True)


class Provision:
    """See the module.

    :param store: None builds in place
    :param wheelhouse: wheels that were built or copied before, on this machine
    :param link: files may be shared with the cache
    """

    def __init__(
        self,
        *,
        store: Environments | None,
        wheelhouse: Wheelhouse,
        reporter: Reporter,
        link: bool = True,
    ) -> None:
        self.store = store
        self.wheelhouse = wheelhouse
        self.reporter = reporter
        self.link = link

    def __call__(
        self,
        plan: EnvironmentPlan,
        data: bytes,
        lock: Lock,
        folder: Path,
        context: BuildContext,
        given: GivenLocks | None = None,
    ) -> Provided:
        """Make an environment below `folder`, a revision that is being built.

        :param data: the bytes of the lock, which decide what is in it
        :param given: what the lock is from, if it was there before: where wheels may be besides
        :raises LockError: the lock doesn't cover this machine, or what it names can't be had
        :raises InstallError: it can't be built
        """
        from rezup.installers.plans import Locked
        from rezup.system.files import make_folder

        find = self._find_in(folder, given and given.find)
        by = Locked(lock, find, only_local=given is not None and given.is_complete)
        order = _Order(plan, data, by, folder, context)
        for parent in (order.target.parent, order.record.parent, context.folder):
            make_folder(parent)
        if self.store is not None and not plan.is_embedded and not any(tool.editable for tool in plan.tools):
            try:
                return self._cloned(self.store, order)
            except _Tied:
                self.reporter.debug(f"{plan.name}: can't be moved, so it isn't kept in the cache")
        return self._in_place(order)

    def _cloned(self, store: Environments, order: _Order) -> Provided:
        from rezup.cache.fingerprint import fingerprint
        from rezup.installers.facts import build_flags, from_facts, to_facts
        from rezup.installers.interpreter import find_interpreter_for
        from rezup.system.files import remove_tree
        from rezup.system.machine import libc_tag, platform_tag

        plan, context = order.plan, order.context
        interpreter = find_interpreter_for(plan, context, order.by.lock)
        wanted = fingerprint(
            {"lock": order.data}, interpreter,
            platform=platform_tag(), libc=libc_tag(),
            flags=build_flags(plan, interpreter, context, order.by.lock),
        )  # fmt: skip

        def make(place: Path) -> Mapping[str, Any]:
            from rezup.installers.environments import build

            built = build(plan, place, context, order.by)
            if built.leftovers:
                raise _Tied
            return to_facts(built)

        try:
            provided = store.provide(wanted, make, order.target, link=self.link, manifest=order.record)
            environment = from_facts(provided.facts, plan)
        except (CacheError, ProcessError, ValueError) as error:
            if is_disk_full(error):
                _refuse_full_disk(error, store.bucket, order.folder)
            elif isinstance(error, ProcessError):
                raise
            self.reporter.warning(f"{plan.name} is built without the cache: {error}")
            remove_tree(order.target)
            order.record.unlink(missing_ok=True)
            return self._in_place(order)
        origin = "taken from" if provided.was_there else "built in"
        self.reporter.debug(f"{plan.name}: {origin} the cache ({wanted.key[:12]}), by {provided.cloned}")
        return Provided(environment, provided.cloned)

    def _in_place(self, order: _Order) -> Provided:
        from rezup.cache.manifest import Manifest, record_tree
        from rezup.installers.environments import build
        from rezup.system.machine import host_name

        built = build(order.plan, order.target, order.context, order.by)
        tree = record_tree(order.target, seal=False)
        order.record.write_bytes(Manifest("", time.time(), host_name(), {}, {}, tree).to_bytes())
        return Provided(built, None)

    def settle(self, lock: Lock, folder: Path, find: FindWheel) -> None:
        """Put the wheels that no index has beside a lock.

        :param find: where they may be
        :raises HashMismatchError: one isn't the one that was locked
        :raises OSError: `folder` can't be written
        """
        from rezup.system.cloning import Cloner
        from rezup.system.files import make_folder
        from rezup.wheelhouse.finding import first_of

        cloner = Cloner(link=self.link)
        seek = first_of(self.wheelhouse.find, find)
        for package in lock.packages:
            for wheel in package.wheels:
                source = None if wheel.path is None else seek(wheel)
                if source is None:
                    continue
                place = folder / WHEELS / wheel.name
                if not place.exists():
                    make_folder(place.parent)
                    kept = os.fspath(self._kept(source, wheel))
                    cloner.put(kept, os.fspath(place), os.lstat(kept))

    def _kept(self, source: Path, wheel: Wheel) -> Path:
        """The wheel in this machine's own house, where that can be written."""
        try:
            return self.wheelhouse.put(source, wheel)
        except StoreError as error:
            self.reporter.debug(f"{wheel.name} isn't kept: {error}")
            return source

    def _find_in(self, folder: Path, find: FindWheel | None) -> FindWheel:
        from rezup.wheelhouse.finding import first_of, in_folder

        more = () if find is None else (self._brought(find),)
        return first_of(in_folder(folder / WHEELS), self.wheelhouse.find, *more)

    def _brought(self, find: FindWheel) -> FindWheel:
        """The same, with what is found kept on this machine: a share may hang while it is read."""

        def bring(wheel: Wheel) -> Path | None:
            source = find(wheel)
            return None if source is None else self._kept(source, wheel)

        return bring
