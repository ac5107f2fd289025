"""Making a revision: built in a staging folder, synced, and visible through one rename.

The steps are reported as stages ("lock", "staging", those of the environments, "receipt",
"publish"), so that whoever watches - a progress display, a test that kills the process - knows
where it is. A process that dies at any of them leaves a staging folder that no reader looks at.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from typing import TYPE_CHECKING, NamedTuple

from rezup.containers import receipt as receipts
from rezup.containers.revision import UNTOUCHABLE, NotReadyError, Revision, open_ready
from rezup.errors import ContainerError, RevisionInUseError, RezupError, StoreError
from rezup.reporting import stage
from rezup.stores.base import RECEIPT, RECIPE
from rezup.stores.folder import LEASE
from rezup.stores.stamps import Stamp
from rezup.system import locks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from rezup.containers.backoff import Attempt
    from rezup.containers.building import Built
    from rezup.containers.locked import GivenLocks
    from rezup.installers.base import BuiltEnvironment
    from rezup.lockfiles.lock import Lock
    from rezup.recipes.model import Recipe
    from rezup.recipes.names import ContainerName
    from rezup.reporting import Reporter
    from rezup.stores.local import LocalStore

    #: Builds the environments of a recipe into a folder, by locks where they are given.
    Build = Callable[[Recipe, Path, ContainerName, GivenLocks | None], Built]

LOCK = ".lock"


class Maker(NamedTuple):
    """Who makes a revision, for its receipt."""

    creator: str
    host: str
    rezup: str
    platform: str


class Provenance(NamedTuple):
    """Where a revision is from, for its receipt; without more, it is made on this machine."""

    origin: str = "local"
    verified: bool | None = None
    """Whether it was proved before it was published."""
    published_by: str = ""
    published_on: str = ""


#: Of what is made on this machine, and of what came from a remote of which no more is told.
MADE_HERE, FROM_REMOTE = Provenance(), Provenance("remote")


class Workshop:
    """Makes revisions in one local root."""

    def __init__(
        self,
        *,
        store: LocalStore,
        build: Build,
        maker: Maker,
        reporter: Reporter,
        lock_timeout: float,
    ) -> None:
        self.store = store
        self.build = build
        self.maker = maker
        self.reporter = reporter
        self.lock_timeout = lock_timeout

    def create(
        self,
        container: ContainerName,
        recipe: Recipe,
        *,
        keep_own: bool,
        known: frozenset[Stamp] = frozenset(),
        given: GivenLocks | None = None,
    ) -> Revision:
        """A new revision of a recipe.

        :param keep_own: make one in any case; else one that another process makes meanwhile of
            the same recipe is taken
        :param known: those that were there when another was found to be needed; none of them is taken
        :param given: locks to build it by, instead of those of the recipe, or new ones
        :raises LockError: what a lock names doesn't fit or can't be had
        :raises InstallError: the environment can't be built
        :raises StoreError: the root can't be written
        """

        def appeared() -> Revision | None:
            if keep_own:
                return None
            found = self.store.listing(container)
            new = sorted(found.everything - known, key=lambda stamp: stamp.order, reverse=True)
            return next(
                (r for r in map(self._ready(container), new) if r and _digest(r) == recipe.digest), None
            )

        with self._locked(container, appeared):
            found = appeared()
            return found or self._make(container, recipe, None, appeared, given=given)

    def pull(
        self,
        container: ContainerName,
        recipe: Recipe,
        stamp: Stamp,
        provenance: Provenance = FROM_REMOTE,
        *,
        given: GivenLocks | None = None,
        attempt: Attempt | None = None,
    ) -> Revision:
        """The revision that the remote calls `stamp`, or one of this machine, built here under that name.

        :param provenance: `MADE_HERE` for one of this machine, which is built anew
        :param given: see `create`
        :param attempt: entered when it is our turn to build, and left before it is another's
        :raises RevisionNotReadyError: the attempt is not to be made any more
        :raises LockError: what a lock names doesn't fit or can't be had
        :raises InstallError: the environment can't be built
        :raises StoreError: the root can't be written
        """

        def appeared() -> Revision | None:
            return self._ready(container)(stamp)

        with self._locked(container, appeared):
            found = appeared()
            if found is not None:
                return found
            with attempt or contextlib.nullcontext():
                return self._make(container, recipe, stamp, appeared, provenance, given=given)

    def _ready(self, container: ContainerName) -> Callable[[Stamp], Revision | None]:
        def ready(stamp: Stamp) -> Revision | None:
            with contextlib.suppress(ContainerError):
                return open_ready(self.store, container, stamp, platform=self.maker.platform)
            return None

        return ready

    @contextlib.contextmanager
    def _locked(self, container: ContainerName, appeared: Callable[[], Revision | None]) -> Iterator[None]:
        from rezup.system.files import is_writable_by_all, make_folder

        self.store.check_root()
        self.store.check_container(container)
        parent = self.store.root / container
        try:
            make_folder(parent)
            if is_writable_by_all(self.store.root):
                self.reporter.warning(f"anybody may write to {self.store.root}, and so change what is run")
        except OSError as error:
            raise self._unwritable(error) from error
        what = f"a build in {container}"
        with locks.build_lock(
            parent / LOCK,
            owner=f"{self.maker.host}, process {os.getpid()}",
            timeout=self.lock_timeout,
            waiting=lambda holder, seconds: self.reporter.waiting(what, holder, seconds),
            is_done=lambda: appeared() is not None,
            unavailable=lambda reason: self.reporter.debug(f"{what} goes on unlocked: {reason}"),
        ):
            yield

    def _make(
        self,
        container: ContainerName,
        recipe: Recipe,
        stamp: Stamp | None,
        appeared: Callable[[], Revision | None],
        provenance: Provenance = MADE_HERE,
        *,
        given: GivenLocks | None = None,
    ) -> Revision:
        from rezup.system.files import remove_tree

        self.store.sweep(container)
        with stage(self.reporter, "staging"):
            staging = self.store.stage(container)
        under_way = None
        try:
            under_way = locks.hold(staging / LEASE)
            (staging / RECIPE).write_bytes(recipe.data)
            built = self.build(recipe, staging, container, given)
            with stage(self.reporter, "receipt"):
                receipt = self._receipt(container, recipe, built, staging)._replace(**provenance._asdict())
                (staging / RECEIPT).write_bytes(receipt.to_bytes())
            with stage(self.reporter, "publish"):
                if os.name == "nt":  # an open file keeps its folder from being renamed
                    under_way.release()
                return self._publish(container, staging, stamp, receipt, appeared, built.linked)
        except OSError as error:
            raise self._unwritable(error) from error
        finally:
            if under_way is not None:
                under_way.release()
            with contextlib.suppress(OSError):
                remove_tree(staging)

    def _publish(
        self,
        container: ContainerName,
        staging: Path,
        stamp: Stamp | None,
        receipt: receipts.Receipt,
        appeared: Callable[[], Revision | None],
        linked: Mapping[str, tuple[str, ...]],
    ) -> Revision:
        winner = appeared()
        if winner is not None:
            return winner
        # A recipe with a secret in it is nobody else's to read.
        private = frozenset({RECIPE}) if receipt.environment_in_recipe else frozenset[str]()
        if stamp is None:
            now = Stamp.at(time.time())
            taken = self.store.adopt(container, staging, now, private=private, sealed=linked)
        else:
            from rezup.system.files import seal_tree

            taken = stamp
            seal_tree(staging, private=private, sealed=linked)
            while not self.store.settle(container, staging, stamp):
                winner = appeared()
                if winner is not None:
                    return winner
                if self._replace(container, staging, stamp):
                    self._delete_replaced(staging)
                    break
        return Revision(container, taken, self.store.folder(container, taken), receipt)

    def _replace(self, container: ContainerName, staging: Path, stamp: Stamp) -> bool:
        """Put what was built into the place of a broken revision, but never of one that others use.

        :returns: False if there is no broken one any more
        :raises NotReadyError: it is of another platform, a newer rezup, or no revision of ours
        """

        def is_broken() -> bool:
            try:
                open_ready(self.store, container, stamp, platform=self.maker.platform)
            except NotReadyError as error:
                if error.state in UNTOUCHABLE:
                    raise
                return True
            return False

        try:
            return is_broken() and self.store.replace(container, staging, stamp, is_broken=is_broken)
        except RevisionInUseError:
            if is_broken():
                raise
            return False  # those who use it use what somebody else has built there meanwhile

    def _delete_replaced(self, folder: Path) -> None:
        from rezup.system.files import remove_tree

        try:
            remove_tree(folder)
        except OSError as error:
            why = error.strerror or error
            self.reporter.warning(f"{folder} can't be deleted ({why}): it takes space, and nothing else")

    def _receipt(
        self, container: ContainerName, recipe: Recipe, built: Built, staging: Path
    ) -> receipts.Receipt:
        from rezup.recipes.secrets import is_secret_variable, redact

        secret = any(is_secret_variable(name, v) or redact(v) != v for name, v in recipe.environment.items())
        return receipts.Receipt(
            container=container,
            kind=receipts.ENVIRONMENT,
            platform=self.maker.platform,
            created=time.time(),
            creator=self.maker.creator,
            host=self.maker.host,
            rezup=self.maker.rezup,
            recipe_digest=recipe.digest,
            recipe_source=str(recipe.source or ""),
            description=recipe.description,
            environment={} if secret else recipe.environment,
            environment_in_recipe=secret,
            runtime=recipe.runtime,
            dotenv=(*recipe.dotenv, *recipe.platform_dotenv.get(sys.platform, ())),
            tools=tuple(
                receipts.ToolRecord(
                    tool.name,
                    tool.distribution,
                    tool.version,
                    tool.environment,
                    None if tool.editable is None else str(tool.editable),
                )
                for environment in built.environments
                for tool in environment.tools
            ),
            environments=tuple(
                _environment_record(each, built.cloned, staging) for each in built.environments
            ),
            not_relocatable=tuple(_ties(built.environments)),
            locks=built.digests,
            built_from=tuple(origins(built.locks)),
        )

    def _unwritable(self, error: OSError) -> RezupError:
        place = "" if error.filename is None else f"{error.filename}: "
        return StoreError(
            f"the revision could not be written below {self.store.root}",
            context=f"{place}{error.strerror or error}",
            hint="check free space and permissions, or choose another root with --root or REZUP_ROOT_LOCAL",
        )


def recipe_receipt(
    container: ContainerName,
    recipe: Recipe,
    maker: Maker,
    *,
    digests: Mapping[str, str],
    locks: Mapping[str, Lock],
    verified: bool,
) -> receipts.Receipt:
    """The receipt of a revision on a remote root, which holds a recipe and locks, and no environment.

    :param verified: whether it was proved
    """
    return receipts.Receipt(
        container=container,
        kind=receipts.RECIPE,
        platform=maker.platform,
        created=time.time(),
        creator=maker.creator,
        host=maker.host,
        rezup=maker.rezup,
        recipe_digest=recipe.digest,
        description=recipe.description,
        runtime=recipe.runtime,
        locks=digests,
        built_from=tuple(origins(locks)),
        verified=verified,
    )


def origins(locks: Mapping[str, Lock]) -> Iterator[receipts.OriginRecord]:
    """What the wheels of these locks were built from, where they were built."""
    for lock in locks.values():
        for package in lock.packages:
            if package.origin is not None:
                found = package.origin
                yield receipts.OriginRecord(package.name, found.source, found.digest, found.commit)


def _environment_record(
    built: BuiltEnvironment, cloned: Mapping[str, str], folder: Path
) -> receipts.EnvironmentRecord:
    home = f"venv/{built.name}"
    interpreter = built.interpreter
    size, modified = _file_of(interpreter.path, folder / home / built.python)
    return receipts.EnvironmentRecord(
        name=built.name,
        python=f"{home}/{built.python}",
        scripts=f"{home}/{built.scripts}",
        interpreter=str(interpreter.path),
        interpreter_version=interpreter.version,
        implementation=interpreter.implementation,
        abi=interpreter.abi,
        backend=built.backend,
        backend_version=built.backend_version,
        backend_reason=built.backend_reason,
        cloned=cloned.get(built.name, ""),
        interpreter_size=size,
        interpreter_modified=modified,
    )


def _file_of(interpreter: Path, python: Path) -> tuple[int, int]:
    """Size and time of an interpreter; zeros where an environment has a program of its own, as on Windows."""
    try:
        found = python.stat()
        is_same = os.path.samestat(found, interpreter.stat())
    except OSError:
        return 0, 0
    return (found.st_size, found.st_mtime_ns) if is_same else (0, 0)


def _ties(built: Iterable[BuiltEnvironment]) -> Iterator[str]:
    for environment in built:
        yield from (str(tool.editable) for tool in environment.tools if tool.editable is not None)
        yield from (f"venv/{environment.name}/{path}" for path in environment.leftovers)


def _digest(revision: Revision) -> str:
    return revision.receipt.recipe_digest
