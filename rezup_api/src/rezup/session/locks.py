"""Locks of recipes, made without building anything, and what differs between two revisions or recipes."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rezup.containers import locked
from rezup.errors import RevisionNotFoundError, StoreError
from rezup.lockfiles.lock import WHEELS
from rezup.lockfiles.names import lock_name
from rezup.stores.base import RECIPE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rezup.containers.building import LockedFolder
    from rezup.lockfiles.difference import PackageChange
    from rezup.lockfiles.lock import Lock
    from rezup.recipes.difference import KeyChange
    from rezup.recipes.model import Recipe
    from rezup.session.places import Place, Places
    from rezup.session.wiring import Wiring


class Locking(NamedTuple):
    """What came of locking a recipe."""

    recipe: Recipe
    files: tuple[Path, ...]
    """The locks, that of Rez's environment first."""
    changes: tuple[PackageChange, ...]
    """Against the locks that were there before."""
    is_named: bool
    """Whether the recipe names this lock, so that revisions are made by it."""


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
        :raises LockError: there is no lock that covers what it asks for
        """
        from rezup.installers.locking import Upgrade

        path = self._places.find_recipe(name_or_file)
        place = self._places.place(None, path)
        recipe = self._wiring.recipe(place, path)
        main = self._main_file(recipe, path, output)
        before = self._read(main, recipe)
        with tempfile.TemporaryDirectory(prefix="rezup-") as work:
            found = self._wiring.builder(place).lock(
                recipe, Path(work), place.name,
                upgrade=None if upgrade is None else Upgrade(tuple(upgrade)), previous=before,
            )  # fmt: skip
            files = _put(found, main, before)
        from rezup.lockfiles.difference import difference

        return Locking(recipe, files, difference(before, found.locks), main == recipe.lock)

    def _main_file(self, recipe: Recipe, path: Path, output: Path | None) -> Path:
        """Where the lock of Rez's environment goes."""
        if output is not None:
            return output.absolute() / lock_name(None)
        if recipe.lock is not None:
            return recipe.lock
        if path.parent == self._places.recipes_folder:  # several recipes live in a home
            return path.with_suffix(".lock") / lock_name(None)
        return path.parent / lock_name(None)

    def _read(self, main: Path, recipe: Recipe) -> dict[str, Lock]:
        """The locks that are there; one that can't be read is an error, so that nothing is overwritten."""
        from rezup.lockfiles.reading import parse

        found = {}
        for name in locked.lock_names(recipe):
            path = _beside(main, name)
            if path.is_file():
                found[name] = parse(locked.read_file(path), str(path))
        return found

    def difference(self, before: str, after: str) -> Difference:
        """What differs between two revisions or recipes.

        :param before: a recipe's path, or NAME[@REVISION]
        :raises RevisionNotFoundError: there is no such revision
        :raises LockError: a lock can't be read
        """
        from rezup.lockfiles.difference import difference as package_changes
        from rezup.recipes.difference import difference as key_changes

        one, other = self.side(before), self.side(after)
        return Difference(
            one, other, package_changes(one.locks, other.locks), key_changes(one.recipe, other.recipe)
        )

    def side(self, text: str) -> Side:
        """One side of a comparison; see `difference`."""
        if Path(text).suffix == ".toml" or "/" in text or "\\" in text:
            path = self._places.find_recipe(text)
            recipe = self._wiring.recipe(self._places.place(None, path), path)
            return Side(str(path), recipe.data, self._read(self._main_file(recipe, path, None), recipe))
        name, _, revision = text.partition("@")
        place = self._places.place(name or None)
        return self._revision(place, revision or None)

    def _revision(self, place: Place, revision: str | None) -> Side:
        from rezup.lockfiles.reading import parse
        from rezup.recipes.parse import parse as parse_recipe

        stamp = self._wiring.stamp(place, revision)
        if stamp is None:
            raise self._places.not_found(place)
        label = f"{place.name}@{stamp}"
        for store in (place.local, place.remote):
            data = None if store is None else store.read(place.name, stamp, RECIPE)
            if store is not None and data is not None:
                names = locked.lock_names(parse_recipe(data, None))
                files = {name: store.read(place.name, stamp, name) for name in names}
                locks = {name: parse(file, f"{name} of {label}") for name, file in files.items() if file}
                return Side(label, data, locks)
        raise RevisionNotFoundError(f"{label} has no recipe to compare")


def _beside(main: Path, name: str) -> Path:
    return main if name == lock_name(None) else main.parent / name


def _put(found: LockedFolder, main: Path, before: Mapping[str, Lock]) -> tuple[Path, ...]:
    """Write locks and wheels to their place: wheels first, so that no lock names what isn't there."""
    import shutil

    from rezup.system.files import make_folder, write_atomic

    try:
        make_folder(main.parent)
        wheels = found.folder / WHEELS
        for source in sorted(wheels.iterdir()) if wheels.is_dir() else ():
            make_folder(main.parent / WHEELS)
            shutil.copyfile(source, main.parent / WHEELS / source.name)
        files = tuple(_beside(main, name) for name in found.files)
        for path, data in zip(files, found.files.values(), strict=True):
            write_atomic(path, data)
        for name in _wheel_names(before) - _wheel_names(found.locks):
            (main.parent / WHEELS / name).unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(
            f"the lock {main} can't be written",
            context=f"{error.filename or main}: {error.strerror}",
            hint="name another folder with --output",
        ) from error
    return files


def _wheel_names(locks: Mapping[str, Lock]) -> set[str]:
    return {
        wheel.name for lock in locks.values() for each in lock.packages for wheel in each.wheels if wheel.path
    }
