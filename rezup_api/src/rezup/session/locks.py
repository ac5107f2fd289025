"""Locks of recipes, made without building anything, and what differs between two revisions or recipes."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rezup.containers import locked
from rezup.errors import LockError, RecipeError, RevisionNotFoundError, StoreError
from rezup.lockfiles.lock import WHEELS
from rezup.lockfiles.names import is_lock_name, lock_name, lock_path
from rezup.stores.base import RECIPE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rezup.containers.building import LockedFolder
    from rezup.lockfiles.difference import PackageChange
    from rezup.lockfiles.lock import Lock
    from rezup.recipes.difference import KeyChange
    from rezup.recipes.model import Recipe
    from rezup.session.places import Place, Places
    from rezup.session.wiring import Wiring

#: Failures that mean "there is no room".
_FULL = frozenset((errno.ENOSPC, errno.EDQUOT))


class Locking(NamedTuple):
    """What came of locking a recipe."""

    recipe: Recipe
    files: tuple[Path, ...]
    """The locks, that of Rez's environment first."""
    changes: tuple[PackageChange, ...]
    """Against the locks that were there before."""
    is_named: bool
    """Whether the recipe names this lock, so that revisions are made by it."""
    warnings: tuple[str, ...] = ()
    """What else to tell: locks that were damaged and are replaced, other locks that don't fit any more."""


class Side(NamedTuple):
    """One side of a comparison."""

    name: str
    """A file, or NAME@REVISION."""
    recipe: bytes
    locks: Mapping[str, Lock]
    """By the names of their files; empty without locks."""


class Difference(NamedTuple):
    """What differs between two revisions or recipes."""

    before: Side
    after: Side
    packages: tuple[PackageChange, ...]
    """Empty where one side has no lock."""
    keys: tuple[KeyChange, ...]


class Locks:
    """What the command line and other callers lock and compare through."""

    def __init__(self, wiring: Wiring, places: Places) -> None:
        self._wiring = wiring
        self._places = places

    def lock(
        self, name_or_file: str, *, output: Path | None = None, upgrade: Sequence[str] | None = None
    ) -> Locking:
        """Lock a recipe; versions of a lock that is there already are kept where they fit.

        :param name_or_file: a container, for its own recipe, or a recipe's path
        :param output: the folder for the locks, instead of the one that the recipe names
        :param upgrade: packages whose newest version is wanted; none of them means all
        :raises RecipeError: the recipe can't be used
        :raises LockError: there is no lock that covers what it asks for, or the one that is there can't be
            read; where all is upgraded, that one is replaced
        :raises StoreError: the lock can't be written
        """
        from rezup.installers.locking import Upgrade
        from rezup.lockfiles.difference import difference

        path = self._places.find_recipe(name_or_file)
        place = self._places.place(None, path)
        recipe = self._wiring.recipe(place, path)
        main = self._main_file(recipe, path, output)
        if output is None:
            self._refuse_shared(recipe, path, main)
        before, damaged = _read(main, recipe)
        if upgrade is None or upgrade:
            _refuse_damaged(damaged, name_or_file)
        if before:
            _refuse_unknown(upgrade or (), before, name_or_file)
        with _staging(main) as work:
            found = self._wiring.builder(place).lock(
                recipe, work, place.name,
                upgrade=None if upgrade is None else Upgrade(tuple(upgrade)), previous=before,
            )  # fmt: skip
            _refuse_unknown(upgrade or (), {**before, **found.locks}, name_or_file)
            files, outdated = _put(found, main, before)
        replaced = (f"{error}; it was replaced" for error in damaged)
        return Locking(
            recipe, files, difference(before, found.locks), main == recipe.lock, (*replaced, *outdated)
        )

    def _main_file(self, recipe: Recipe, path: Path, output: Path | None) -> Path:
        """Where the lock of Rez's environment goes."""
        name = lock_name(None if path.name == RECIPE else path.stem)  # recipes may share a folder
        if output is not None:
            return _absolute(output) / (name if recipe.lock is None else recipe.lock.name)
        if recipe.lock is not None:
            return recipe.lock
        if path.parent == self._places.recipes_folder:  # several recipes live in a home
            return path.with_suffix(".lock") / lock_name(None)
        return _absolute(path.parent) / name

    def _refuse_shared(self, recipe: Recipe, path: Path, main: Path) -> None:
        """Two recipes of one folder must not overwrite each other's locks, unless both name the very same.

        :raises LockError: they would
        """
        from rezup.recipes.parse import load

        own = set(_files(main, recipe))
        for file in sorted(path.parent.glob("*.toml")):
            if file == path or is_lock_name(file.name):
                continue
            try:
                other = load(file)
            except (RecipeError, OSError):  # whatever it is, no lock is made of it
                continue
            if recipe.lock is not None and recipe.lock == other.lock:
                continue
            shared = own.intersection(_files(self._main_file(other, file, None), other))
            if shared:
                raise LockError(
                    f"{min(shared)} is the lock of two recipes",
                    context=f"{path.name} and {file.name} would overwrite each other's",
                    hint='name another in one of them, such as lock = "pylock.OTHER.toml"',
                )

    def difference(self, before: str, after: str) -> Difference:
        """What differs between two revisions or recipes.

        :param before: a recipe's path, or NAME[@REVISION]
        :raises RevisionNotFoundError: there is no such revision
        :raises LockError: a lock can't be read
        """
        from rezup.lockfiles.difference import difference as package_changes
        from rezup.recipes.difference import difference as key_changes

        one, other = self.side(before), self.side(after)
        known = one.locks and other.locks  # else nothing is known of the packages of one
        packages = package_changes(one.locks, other.locks) if known else ()
        return Difference(one, other, packages, key_changes(one.recipe, other.recipe))

    def side(self, text: str) -> Side:
        """One side of a comparison; see `difference`."""
        if Path(text).suffix == ".toml" or "/" in text or "\\" in text:
            path = self._places.find_recipe(text)
            recipe = self._wiring.recipe(self._places.place(None, path), path)
            locks, damaged = _read(self._main_file(recipe, path, None), recipe)
            _refuse_damaged(damaged, text)
            return Side(str(path), recipe.data, locks)
        name, _, revision = text.partition("@")
        place = self._places.place(name or None)
        return self._revision(place, revision or None)

    def _revision(self, place: Place, revision: str | None) -> Side:
        from rezup.lockfiles.reading import parse

        stamp = self._wiring.stamp(place, revision)
        if stamp is None:
            raise self._places.not_found(place)
        label = f"{place.name}@{stamp}"
        for store in (place.local, place.remote):
            data = None if store is None else store.read(place.name, stamp, RECIPE)
            if store is not None and data is not None:
                names = _names_in(data)
                files = {name: store.read(place.name, stamp, name) for name in names}
                locks = {name: parse(file, f"{name} of {label}") for name, file in files.items() if file}
                return Side(label, data, locks)
        raise RevisionNotFoundError(f"{label} has no recipe to compare")


def _names_in(recipe: bytes) -> tuple[str, ...]:
    """The names of a revision's locks; none of one that rezup 2.x made by a recipe that is no longer one."""
    from rezup.recipes.parse import parse

    try:
        return locked.lock_names(parse(recipe, None))
    except RecipeError:
        return ()


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path))


def _files(main: Path, recipe: Recipe) -> list[Path]:
    """Where all locks of a recipe go."""
    return [lock_path(main, name) for name in locked.lock_names(recipe)]


def _read(main: Path, recipe: Recipe) -> tuple[dict[str, Lock], list[LockError]]:
    """The locks that are there, by their names in a revision, and why others can't be read."""
    from rezup.lockfiles.reading import parse

    found, damaged = {}, []
    for name in locked.lock_names(recipe):
        path = lock_path(main, name)
        if path.is_file():
            try:
                found[name] = parse(locked.read_file(path), str(path))
            except LockError as error:
                damaged.append(error)
    return found, damaged


def _refuse_damaged(damaged: Sequence[LockError], name_or_file: str) -> None:
    """:raises LockError: the first of them"""
    for error in damaged:
        anew = f"`rezup lock {name_or_file} --upgrade` makes it anew"
        # Such as to upgrade rezup, for a lock of a newer one.
        is_other = error.hint is not None and "rezup lock" not in error.hint
        error.hint = f"{error.hint}; {anew}" if is_other else anew
        raise error


def _refuse_unknown(names: Sequence[str], locks: Mapping[str, Lock], name_or_file: str) -> None:
    """:raises LockError: a package to upgrade is in no lock"""
    from difflib import get_close_matches

    from rezup.recipes.plain_requirements import canonical

    known = {package.name for lock in locks.values() for package in lock.packages}
    for name in names:
        if canonical(name) not in known:
            near = get_close_matches(canonical(name), sorted(known), n=1)
            raise LockError(
                f"there is no package {name} to upgrade",
                context="no lock of the recipe has it" + (f"; did you mean {near[0]}?" if near else ""),
                hint=f"`rezup lock {name_or_file} --upgrade` takes the newest of everything",
            )


@contextlib.contextmanager
def _staging(main: Path) -> Iterator[Path]:
    """A folder to lock in, beside the lock: what comes of it is on the right disk, and only needs its name.

    :raises StoreError: it can't be written, or its disk is full
    """
    from rezup.stores.folder import LEASE
    from rezup.system import leftovers
    from rezup.system.files import make_folder, remove_tree

    was_there = main.parent.is_dir()
    folder = main.parent / leftovers.new_name(leftovers.STAGING)
    try:
        make_folder(main.parent)
        leftovers.sweep(main.parent, LEASE)
        folder.mkdir(mode=0o700)
        (folder / LEASE).touch()
        yield folder
    except OSError as error:
        raise _unwritable(main, error) from error
    except LockError as error:
        if isinstance(error.__cause__, OSError) and error.__cause__.errno in _FULL:
            raise _unwritable(main, error.__cause__) from error
        raise
    finally:
        with contextlib.suppress(OSError):
            remove_tree(folder)
        if not was_there:
            with contextlib.suppress(OSError):  # the lock is in it
                main.parent.rmdir()


def _unwritable(main: Path, error: OSError) -> StoreError:
    """The error about a folder that can't be written; of a copy it is the target's fault."""
    named = error.filename2 or error.filename
    place = main if named is None else Path(os.fsdecode(named))
    hint = "name another folder with --output"
    if error.errno in _FULL:
        is_below = main.parent in place.parents
        place = main.parent if is_below else place.parent
        hint = f"make room there, or {hint}" if is_below else "make room there"
    return StoreError(
        f"the lock {main} can't be written", context=f"{place}: {error.strerror or error}", hint=hint
    )


def _put(
    found: LockedFolder, main: Path, before: Mapping[str, Lock]
) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    """Bring locks and wheels to their places; where they are, and what to tell about other locks.

    All is written and synced first, so that a full disk changes nothing, and then renamed in an order that
    a kill may end anywhere: new wheels, wheels that replace others, locks of isolated tools, that of Rez,
    which is the one that recipes name. So no lock ever names a wheel that isn't there. What can be left is
    an old lock beside a rebuilt wheel of the same name, or beside newer locks of tools: installing by it
    is refused then, by hash or as it doesn't fit, and locking once more mends it. Wheels that no lock
    names go last.
    """
    from rezup.system.files import make_folder, seal_tree, sync_folder

    wheels, ready = main.parent / WHEELS, found.folder / "ready"
    replaced = _copy_wheels(found, wheels, ready)
    for name, data in found.files.items():
        (ready / name).write_bytes(data)
    seal_tree(ready)
    if replaced:
        make_folder(wheels)
        for name in sorted(replaced, key=lambda name: ((wheels / name).exists(), name)):
            (ready / WHEELS / name).replace(wheels / name)
        sync_folder(wheels)
    for name in sorted(found.files, key=lambda name: (name == lock_name(None), name)):
        (ready / name).replace(lock_path(main, name))
    sync_folder(main.parent)
    files = tuple(lock_path(main, name) for name in found.files)
    others = _other_locks(main.parent, files)
    named = {name for lock in others.values() for name in _wheel_hashes(lock)}
    if None not in others.values():
        for name in _all_hashes(before).keys() - _all_hashes(found.locks).keys() - named:
            (wheels / name).unlink(missing_ok=True)
    return files, _outdated(others, replaced)


def _copy_wheels(found: LockedFolder, wheels: Path, ready: Path) -> dict[str, str]:
    """Copy the wheels that aren't at their place yet; their SHA-256 by name.

    Those in the staging folder may be links to files of the cache, which nobody shall be able to write to.
    """
    import shutil

    from rezup.system.files import make_folder

    make_folder(ready / WHEELS)
    source = found.folder / WHEELS
    there = {path.name for path in source.iterdir()} if source.is_dir() else set()
    wanted = {name: digest for name, digest in _all_hashes(found.locks).items() if name in there}
    missing = {name: digest for name, digest in wanted.items() if not _is_there(wheels / name, digest)}
    for name in missing:
        shutil.copyfile(source / name, ready / WHEELS / name)
    return missing


def _is_there(path: Path, sha256: str) -> bool:
    from rezup.wheelhouse.hashing import Hashes, NoFileError

    hashes = Hashes()
    try:
        seen = hashes.look(path, follow=True)
        return seen is not None and hashes.sha256(path, seen, follow=True) == sha256
    except (NoFileError, OSError):
        return False


def _other_locks(folder: Path, own: Sequence[Path]) -> dict[Path, Lock | None]:
    """The locks of other recipes that share the folder; None for what can't be read."""
    from rezup.lockfiles.reading import parse

    found: dict[Path, Lock | None] = {}
    for path in sorted(folder.glob("pylock*.toml")):
        if path not in own:
            try:
                found[path] = parse(locked.read_file(path), str(path))
            except LockError:
                found[path] = None
    return found


def _outdated(others: Mapping[Path, Lock | None], replaced: Mapping[str, str]) -> tuple[str, ...]:
    """What to tell about locks that name another file of a wheel that was replaced."""
    told = []
    for path, lock in others.items():
        hashes = _wheel_hashes(lock)
        names = sorted(name for name in hashes.keys() & replaced.keys() if hashes[name] != replaced[name])
        if names:
            told.append(f"{path} names another build of {', '.join(names)}; lock its recipe anew")
    return tuple(told)


def _wheel_hashes(lock: Lock | None) -> dict[str, str]:
    """SHA-256 of the wheels that lie beside a lock, by name."""
    packages = () if lock is None else lock.packages
    return {wheel.name: wheel.sha256 for package in packages for wheel in package.wheels if wheel.path}


def _all_hashes(locks: Mapping[str, Lock]) -> dict[str, str]:
    return {name: digest for lock in locks.values() for name, digest in _wheel_hashes(lock).items()}
