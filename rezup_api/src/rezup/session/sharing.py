"""Revisions for other machines: published to the remote root, or carried there as one file."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, NamedTuple

from rezup.containers import locked
from rezup.containers import receipt as receipts
from rezup.containers.workroom import workroom
from rezup.errors import BundleError, StoreError
from rezup.lockfiles.lock import WHEELS
from rezup.stores.base import RECEIPT, RECIPE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rezup.containers.bundle_file import Bundle
    from rezup.containers.locked import GivenLocks
    from rezup.recipes.model import Recipe
    from rezup.reporting import Reporter
    from rezup.session.places import Place, Places
    from rezup.session.wiring import Wiring
    from rezup.stores.remote import RemoteStore
    from rezup.stores.stamps import Stamp


class Written(NamedTuple):
    """A bundle that was written."""

    stamp: Stamp
    path: Path
    size: int
    """Bytes."""


class Sharing:
    """What the command line and other callers share revisions through."""

    def __init__(self, wiring: Wiring, places: Places, reporter: Reporter) -> None:
        self._wiring = wiring
        self._places = places
        self._reporter = reporter

    def publish(
        self,
        place: Place,
        recipe_file: Path | None = None,
        *,
        allow_local_paths: bool = False,
        wheelhouse: bool = False,
    ) -> Stamp:
        """Give a recipe to the studio through the remote root, locked.

        :param wheelhouse: with all wheels, so that no machine needs an index
        :raises LockError: it can't be locked
        :raises StoreError: there is no remote root, or it can't be written
        :raises RecipeError: the recipe can't be shared
        """
        remote = _remote(place)
        recipe = self._wiring.recipe(place, recipe_file)
        return self._publish(
            place, remote, recipe, None, allow_local_paths=allow_local_paths, wheelhouse=wheelhouse
        )

    def _publish(
        self,
        place: Place,
        remote: RemoteStore,
        recipe: Recipe,
        given: GivenLocks | None,
        *,
        allow_local_paths: bool,
        wheelhouse: bool,
    ) -> Stamp:
        from rezup.containers.publication import publish

        return publish(
            place.name,
            recipe,
            remote,
            builder=self._wiring.builder(place),
            maker=self._wiring.maker(),
            reporter=self._reporter,
            allow_local_paths=allow_local_paths,
            wheelhouse=wheelhouse,
            given=given,
        )

    # -- bundles ------------------------------------------------------------------------------

    def write(self, place: Place, revision: str | None, path: Path) -> Written:
        """Write a revision, of this machine or of the remote root, with all wheels into one file.

        :raises RevisionNotFoundError: there is none
        :raises RecipeError: the recipe holds a secret
        :raises LockError: it has no locks, or a wheel can't be had
        :raises BundleError: it holds what can't be carried, or the file can't be written
        """
        from rezup.containers.bundling import write
        from rezup.containers.source import of_revision

        stamp = self._wiring.stamp(place, revision)
        if stamp is None:
            raise self._places.not_found(place)
        source = of_revision(place.name, stamp, place.local, place.remote, self._reporter)
        write(stamp, source, path, builder=self._wiring.builder(place))
        return Written(stamp, path, path.stat().st_size)

    @contextlib.contextmanager
    def read(self, path: Path) -> Iterator[Bundle]:
        """Unpack a bundle into a folder that goes in the end; all of it is verified.

        :raises BundleError: it is none, or can't be trusted
        :raises UnsupportedFormatError: a newer rezup wrote it
        :raises HashMismatchError: a file in it isn't what it was
        """
        from rezup.containers.bundle_file import read_bundle

        with workroom(self._places.settings().cache_dir) as work:
            into = work / "bundle"
            into.mkdir()
            yield read_bundle(path, into)

    def make(self, bundle: Bundle, place: Place) -> Stamp:
        """Make the revision of a bundle on this machine, under its own name; no index is asked.

        :raises LockError: it doesn't cover this machine
        :raises InstallError: it can't be built
        """
        recipe, given = self._content(bundle, place)
        origin, stamp = _receipt(bundle).origin, bundle.facts.revision
        workshop = self._wiring.workshop(place)
        return workshop.pull(place.name, recipe, stamp, origin=origin, given=given).stamp

    def publish_bundle(self, bundle: Bundle, place: Place) -> Stamp:
        """Publish the revision of a bundle, with its wheels, to the remote root.

        :raises StoreError: there is no remote root, or it can't be written
        """
        recipe, given = self._content(bundle, place)
        return self._publish(place, _remote(place), recipe, given, allow_local_paths=True, wheelhouse=True)

    def _content(self, bundle: Bundle, place: Place) -> tuple[Recipe, GivenLocks]:
        from rezup.recipes.parse import parse
        from rezup.wheelhouse.finding import in_folder

        folder = bundle.files[RECIPE].parent
        # Relative paths of the recipe start where it is going to be.
        later = place.local.folder(place.name, bundle.facts.revision) / RECIPE
        recipe = parse(bundle.files[RECIPE].read_bytes(), later)

        def read(name: str) -> bytes | None:
            return bundle.files[name].read_bytes() if name in bundle.files else None

        given = locked.of_revision(
            _receipt(bundle).locks, read, in_folder(folder / WHEELS), "the bundle", is_complete=True
        )
        if given is None:
            raise BundleError("the bundle is incomplete", context="its receipt names no lock")
        return recipe, given


def _receipt(bundle: Bundle) -> receipts.Receipt:
    try:
        return receipts.parse(bundle.files[RECEIPT].read_bytes())
    except receipts.DamagedReceiptError as error:
        raise BundleError("the receipt of the bundle can't be read", context=str(error)) from error


def _remote(place: Place) -> RemoteStore:
    if place.remote is None:
        raise StoreError(
            "there is no remote root to publish to",
            hint="set REZUP_ROOT_REMOTE, --remote-root, or [root] remote in the recipe",
        )
    return place.remote
