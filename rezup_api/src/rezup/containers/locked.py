"""The locks that a revision is built by, from wherever they are: its recipe, the remote root, itself."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

from rezup.errors import HashMismatchError, LockError, RemoteUnreachableError
from rezup.lockfiles.lock import WHEELS
from rezup.lockfiles.names import lock_name, lock_path
from rezup.system import reading

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from rezup.installers.plans import EnvironmentPlan
    from rezup.lockfiles.lock import FindWheel, Lock, Wheel
    from rezup.recipes.model import Recipe
    from rezup.recipes.names import ToolName
    from rezup.reporting import Reporter
    from rezup.stores.remote import RemoteStore

#: Of a lock file; far above what a studio's environment takes.
_SIZE_LIMIT = 16 * 1024 * 1024


class GivenLocks(NamedTuple):
    """Locks that are there already, so that nothing is resolved."""

    files: Mapping[str, bytes]
    """By the name that they have in a revision."""
    find: FindWheel
    """Where wheels may be that no index has."""
    source: str
    """Where they are from, for messages."""
    is_complete: bool = False
    """Whether `find` has every wheel, so that no index is asked, whatever the recipe says."""


def own_lock_name(recipe: Recipe, environment: ToolName) -> str:
    """The name, in a revision, of the lock of one of a recipe's environments."""
    return lock_name(None if environment == recipe.rez.name else environment)


def lock_names(recipe: Recipe) -> tuple[str, ...]:
    """The names of all locks of a revision of a recipe."""
    isolated = (tool.name for tool in recipe.extensions if tool.isolated)
    return (lock_name(None), *(lock_name(name) for name in isolated))


def of_recipe(recipe: Recipe) -> GivenLocks | None:
    """The locks that a recipe names; None if it names none.

    :raises LockError: one can't be read
    """
    from rezup.wheelhouse.finding import in_folder

    if recipe.lock is None:
        return None
    files = {name: read_file(lock_path(recipe.lock, name)) for name in lock_names(recipe)}
    return GivenLocks(files, in_folder(recipe.lock.parent / WHEELS), str(recipe.lock))


def read_file(path: Path) -> bytes:
    """The bytes of a lock file.

    :raises LockError: it can't be read, or is too large
    """
    try:
        data = reading.read_file(path, _SIZE_LIMIT + 1)
    except (OSError, ValueError) as error:
        raise LockError(
            f"the lock {path} can't be read",
            context=getattr(error, "strerror", None) or str(error),
            hint="make it with `rezup lock RECIPE`, or take `lock` out of the recipe",
        ) from error
    if len(data) > _SIZE_LIMIT:
        raise LockError(f"the lock {path} is too large", context=f"more than {_SIZE_LIMIT} bytes")
    return data


def given_lock(
    given: GivenLocks, name: str, plan: EnvironmentPlan, platforms: tuple[str, ...] = ()
) -> tuple[bytes, Lock]:
    """One of the locks that are there, which has to have all that its environment asks for.

    :param platforms: what it has to cover
    :raises LockError: it is missing, no lock, or doesn't fit
    """
    from rezup.lockfiles.reading import parse
    from rezup.lockfiles.selection import check_fit

    data = given.files.get(name)
    if data is None:
        raise LockError(
            f"there is no lock of {plan.name}",
            context=f"{given.source} has no {name}",
            hint="lock the recipe anew: rezup lock RECIPE",
        )
    what = f"{name} of {given.source}"
    lock = parse(data, what)
    check_fit(lock, [each.requirement for each in plan.packages if not each.editable], what=what)
    _check_platforms(lock, platforms, what)
    return data, lock


def _check_platforms(lock: Lock, platforms: tuple[str, ...], what: str) -> None:
    from rezup.lockfiles.selection import uncovered

    missing = [name for name in platforms if lock.platforms and name not in lock.platforms]
    missing += map(str, uncovered(lock, tuple(name for name in platforms if name not in missing)))
    if missing:
        raise LockError(
            f"{what} doesn't cover what the recipe lists in `platforms`",
            context=", ".join(missing),
            hint="lock the recipe anew: rezup lock RECIPE",
        )


def in_remote(remote: RemoteStore, reporter: Reporter, *, timeout: float) -> FindWheel:
    """The wheels of a remote root; where that doesn't answer, there are none, and it isn't asked again.

    One that no index has, and that isn't the one that was locked, raises :class:`HashMismatchError`.
    """
    from rezup.wheelhouse.store import Wheelhouse

    house = Wheelhouse(remote.root, reporter=reporter, read_timeout=timeout)

    is_gone = False

    def find(wheel: Wheel) -> Path | None:
        nonlocal is_gone
        if is_gone:
            return None
        try:
            return house.find_or_refuse(wheel)
        except RemoteUnreachableError as error:
            reporter.warning(str(error))
            is_gone = True
            return None

    return find


def of_revision(
    digests: Mapping[str, str],
    read: Callable[[str], bytes | None],
    find: FindWheel,
    source: str,
    *,
    is_complete: bool = False,
) -> GivenLocks | None:
    """The locks of a finished revision; None if it was made without any.

    :param digests: SHA-256 by name, as its receipt has them
    :param read: reads a file of it
    :param is_complete: see `GivenLocks`
    :raises LockError: one is missing
    :raises HashMismatchError: one isn't what was published
    """
    files = {}
    for name, digest in digests.items():
        data = read(name)
        if data is None:
            raise LockError(
                f"{source} is incomplete", context=f"it has no {name}", hint="ask who published it"
            )
        found = hashlib.sha256(data).hexdigest()
        if found != digest:
            raise HashMismatchError(
                f"{name} of {source}",
                expected=digest,
                found=found,
                by="the receipt",
                hint="publish the revision anew",
            )
        files[name] = data
    return GivenLocks(files, find, source, is_complete) if files else None
