"""Revisions for other machines: published to the remote root, or carried there as one file."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, NamedTuple

from rezup.containers import locked
from rezup.containers import receipt as receipts
from rezup.containers.workroom import workroom
from rezup.errors import BundleError, ContainerNotFoundError, RecipeError, StoreError
from rezup.lockfiles.lock import WHEELS
from rezup.recipes.names import DEFAULT_CONTAINER, ContainerName
from rezup.session.places import warn_of_locks
from rezup.stores.base import RECEIPT, RECIPE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from rezup.containers.bundle_file import Bundle
    from rezup.containers.locked import GivenLocks
    from rezup.containers.proving import Proof, Prover
    from rezup.containers.publication import Published, Publisher, Publishing
    from rezup.containers.revision import Revision
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


class PublishedBundle(NamedTuple):
    """The revision of a bundle, which everybody sees."""

    stamp: Stamp
    proof: Proof | None
    """What was found to work; None without a proof, or where nothing was published."""
    was_there: bool = False
    """Whether it had been published before, so that nothing was published."""
    taken: Stamp | None = None
    """What the studio takes instead of one that was there; None where it takes that one."""
    wheels_added: int = 0
    """How many wheels the remote root lacked of one that was there."""


class Sharing:
    """What the command line and other callers share revisions through."""

    def __init__(
        self, environ: Mapping[str, str], wiring: Wiring, places: Places, reporter: Reporter
    ) -> None:
        self._environ = environ
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
        also_2x: bool = False,
        verify: bool = True,
        verify_timeout: float | None = None,
    ) -> Published:
        """Give a recipe to the studio through the remote root, locked, and proved on this machine before.

        :param recipe_file: the recipe, else the container's own; the default one has to be named here, but
            for the default container
        :param wheelhouse: with all wheels, so that no machine needs an index
        :param also_2x: in the shape of rezup 2.x, too
        :param verify: build it and start its scripts before anybody sees it
        :param verify_timeout: seconds that each script has to end, 30 if not given
        :raises LockError: it can't be locked
        :raises ProofError: it doesn't start here, or can't be tried here
        :raises InstallError: it can't be built here
        :raises StoreError: there is no remote root, or it can't be written
        :raises RecipeError: the recipe can't be shared, or the container has none of its own
        :raises ContainerNotFoundError: there is neither a recipe nor a container of that name
        """
        from rezup.containers.publication import Publishing

        remote = _remote(place)
        warn_of_locks(place.settings, self._reporter)
        if recipe_file is None and not place.can_be_made:  # its name may be a slip of the pen
            raise _no_own_recipe(place, remote, self._places.needed_folder())
        recipe = self._wiring.recipe(place, recipe_file)
        self._reporter.info(f"{place.name}: publishing {recipe.source}")
        how = Publishing(allow_local_paths=allow_local_paths, wheelhouse=wheelhouse, also_2x=also_2x)
        prover = self._prover(place, verify_timeout) if verify else None
        return self._publisher(place, remote, how, prover)(place.name, recipe)

    def _publisher(
        self, place: Place, remote: RemoteStore, how: Publishing, prover: Prover | None
    ) -> Publisher:
        from rezup.containers.publication import Publisher

        builder, maker = self._wiring.builder(place), self._wiring.maker()
        remembered = self._wiring.remembered(place)
        return Publisher(remote, builder=builder, maker=maker, prove=prover, how=how, remembered=remembered)

    def _prover(self, place: Place, timeout: float | None) -> Prover:
        from rezup.containers.proving import TIMEOUT, Prover

        builder, maker = self._wiring.builder(place), self._wiring.maker()
        return Prover(builder, maker, self._environment, timeout or TIMEOUT)

    def _environment(self, revision: Revision) -> Mapping[str, str]:
        """What a program in a revision of the remote root has around it."""
        from rezup.launch.environment import compose

        return compose(revision, self._environ, is_from_remote=True, reporter=self._reporter)

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
        from rezup.containers.creation import Provenance

        recipe, given = self._content(bundle, place)
        receipt, stamp = _receipt(bundle), bundle.facts.revision
        provenance = Provenance(receipt.origin, receipt.verified, receipt.published_by, receipt.published_on)
        return self._wiring.workshop(place).pull(place.name, recipe, stamp, provenance, given=given).stamp

    def publish_bundle(
        self, bundle: Bundle, place: Place, *, verify: bool = True, verify_timeout: float | None = None
    ) -> PublishedBundle:
        """Publish the revision of a bundle, with its wheels, to the remote root; see `publish`.

        Where a whole revision with the same recipe and locks is there already, and was proved unless no
        proof is wanted, nothing is published but the wheels that the remote root lacks.

        :raises ProofError: it doesn't start here, or can't be tried here
        :raises StoreError: there is no remote root, or it can't be written
        """
        from rezup.containers.publication import Publishing

        warn_of_locks(place.settings, self._reporter)
        recipe, given = self._content(bundle, place)
        how = Publishing(allow_local_paths=True, wheelhouse=True)
        prover = self._prover(place, verify_timeout) if verify else None
        publisher = self._publisher(place, _remote(place), how, prover)
        found = publisher.find(place.name, recipe, given)
        if found is not None:
            taken = found.taken if found.taken != found.stamp else None
            added = publisher.add_wheels(given)
            return PublishedBundle(found.stamp, None, was_there=True, taken=taken, wheels_added=added)
        published = publisher(place.name, recipe, given)
        for line in published.warnings(place.name):
            self._reporter.warning(line)
        return PublishedBundle(published.stamp, published.proof)

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


def _no_own_recipe(place: Place, remote: RemoteStore, folder: Path) -> ContainerNotFoundError | RecipeError:
    """The error for a container without a recipe of its own; it names what is called much the same.

    :param folder: where recipes are looked for
    """
    from rezup.recipes.discovery import recipe_path

    own, default = recipe_path(place.name, folder), recipe_path(ContainerName(DEFAULT_CONTAINER), folder)
    near, roots = _similar(place, remote, folder), _roots_with(place, remote)
    hint = f"did you mean {' or '.join(near)}? else " if near else ""
    hint += f"make that recipe: rezup recipe edit {place.name} --create"
    if default.is_file():
        hint += f"; or publish the default one as that: rezup add {place.name} --remote --file {default}"
    if roots:
        return RecipeError(
            f"there is no recipe for {place.name}",
            context=f"it is in {' and in '.join(roots)}, but its next revision needs {own}, which is missing",
            hint=hint,
        )
    return ContainerNotFoundError(
        f"there is no container {place.name}",
        context=f"neither {place.local.root} nor {remote.root} has it, and there is no recipe {own}",
        hint=hint,
    )


def _similar(place: Place, remote: RemoteStore, folder: Path) -> list[str]:
    """Containers with nearly that name, the nearest first; a root that doesn't answer has none."""
    from difflib import get_close_matches

    from rezup.recipes.discovery import discover

    names = {str(found.name) for found in discover(folder)}
    for containers in (place.local.containers, remote.folders):
        with contextlib.suppress(StoreError):
            names.update(containers())
    return get_close_matches(place.name, sorted(names - {place.name}), n=3)


def _roots_with(place: Place, remote: RemoteStore) -> list[str]:
    """The roots that have revisions of a container."""
    found = []
    for store in (place.local, remote):
        with contextlib.suppress(StoreError):
            if store.listing(place.name).everything:
                found.append(str(store.root))
    return found
