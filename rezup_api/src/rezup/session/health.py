"""`check` and `doctor`: what is looked at on this machine, and who mends what is found."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rezup.containers.health.findings import Diagnosis, Finding, about
from rezup.containers.health.kinds import KINDS
from rezup.errors import (
    ContainerNotFoundError,
    RecipeError,
    RemoteUnreachableError,
    RezupError,
    SettingsError,
)
from rezup.session.places import Places
from rezup.session.wiring import Wiring
from rezup.settings import VARIABLES, Settings
from rezup.stores.local import LocalStore
from rezup.stores.remote import RemoteStore
from rezup.stores.stamps import Stamp
from rezup.system.dirs import known_home, user_folders
from rezup.system.machine import platform_tag

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rezup.cache.environments import Environments
    from rezup.containers.health.checking import Checked
    from rezup.containers.health.mending import Mending
    from rezup.containers.health.trees import Hashes
    from rezup.recipes.names import ContainerName
    from rezup.reporting import Reporter
    from rezup.session.places import Place
    from rezup.session.upgrading import UpgradePlace

#: Variables that are no setting: set inside a container, or told by us to our own programs.
_MORE_VARIABLES = frozenset(
    (
        "REZUP_BIN", "REZUP_COMPLETE", "REZUP_CONTAINER", "REZUP_EDIT_IN_PRODUCTION", "REZUP_ENV",
        "REZUP_HOME", "REZUP_NO_UPGRADE", "REZUP_PROMPT", "REZUP_RESTARTED", "REZUP_REVISION", "REZUP_SCRIPT",
        "REZUP_USING_REMOTE", "REZUP_ZDOTDIR",
    )
)  # fmt: skip
_REVISION = re.compile(r"@?(?:-[0-9]{1,9}|[0-9]{1,12}(?:\.[0-9]{0,9})?)")

#: A folder that can't be there, so that no configuration file is found.
_NOWHERE = os.path.join(os.sep, "dev", "null", "nowhere")

#: Seconds for which the wheels of a slow remote root are waited for, once it has answered.
_READ_TIMEOUT = 15.0

#: How often findings are mended and looked for once more: one may have hidden another.
_ROUNDS = 3


class _Roots(NamedTuple):
    """Where the containers of a user live."""

    local: dict[Path, LocalStore]
    remote: dict[Path, RemoteStore]
    places: dict[tuple[Path, str], Place]
    """By local root and container: those whose recipe says more than the settings do."""


class Health:
    """What the command line and other callers check and mend a machine through.

    :param environ: of the session; `doctor` leaves out of it what makes no sense
    """

    def __init__(
        self, environ: Mapping[str, str], places: Places, wiring: Wiring, reporter: Reporter
    ) -> None:
        self._environ = environ
        self._places = places
        self._wiring = wiring
        self._reporter = reporter

    # -- check --------------------------------------------------------------------------------

    def check(self, name: str | None = None, revision: str | None = None) -> list[Checked]:
        """Compare every file of revisions on this machine with what was recorded; nothing is written.

        :param name: a container; without one all of them
        :param revision: one of its revisions; without one all of them
        :raises ContainerNotFoundError: there is none of that name on this machine
        :raises RevisionNotFoundError: it has no such revision
        """
        from rezup.containers.choice import match
        from rezup.containers.health.checking import check
        from rezup.containers.health.trees import Hashes

        hashes = Hashes()
        # Nothing is kept of what is read, as nothing can be written there.
        reading = self._with({**self._environ, "REZUP_CACHE_DIR": _NOWHERE})
        if name is None:
            stores = reading._roots().local.values()
            pairs = [(store, each) for store in stores for each in store.containers()]
        else:
            place = reading._places.place(name)
            pairs = [(place.local, place.name)]
        found = []
        for store, container in pairs:
            stamps = store.listing(container).newest_first()
            if name is not None and not stamps:
                raise ContainerNotFoundError(
                    f"there is no container {container} in {store.root}",
                    hint="`rezup list` shows what there is",
                )
            wanted = stamps if revision is None else [match(revision, stamps, container)]
            found += [check(store, container, stamp, hashes) for stamp in wanted]
        return found

    def _roots(self) -> _Roots:
        """All roots that the settings and the recipes name; a recipe that can't be read names none."""
        from rezup.recipes.discovery import discover

        settings = self._places.settings()
        roots = _Roots({settings.root_local: LocalStore(settings.root_local)}, {}, {})
        if settings.root_remote is not None:
            roots.remote[settings.root_remote] = RemoteStore(settings.root_remote)
        for recipe in discover(self._places.recipes_folder):
            try:
                place = self._places.place(recipe.name)
            except RezupError:
                continue
            roots.local.setdefault(place.local.root, place.local)
            if place.remote is not None:
                roots.remote.setdefault(place.remote.root, place.remote)
            roots.places[place.local.root, recipe.name] = place
        return roots

    # -- doctor -------------------------------------------------------------------------------

    def diagnose(self, *, fix: bool = False, upgrade: UpgradePlace | None = None) -> Diagnosis:
        """Look for all that is wrong on this machine.

        :param fix: also mend what can be mended without losing anything
        :param upgrade: where the libraries of this installation lie
        """
        found = self._findings(upgrade)
        first = list(found)
        failures: dict[tuple[str, str], str] = {}
        for _ in range(_ROUNDS if fix else 0):
            mendable = [each for each in found if each.mend is not None and each.identity not in failures]
            if not mendable:
                break
            failures.update(self._mend(mendable))
            found = self._findings(upgrade)
            known = {each.identity for each in first}
            first += [each for each in found if each.identity not in known]
        staying = {each.identity for each in found}
        mended = frozenset(each.identity for each in first if each.identity not in staying)
        return Diagnosis(tuple(sorted(first, key=_order)), mended if fix else frozenset(), failures)

    def _mend(self, findings: list[Finding]) -> Iterator[tuple[tuple[str, str], str]]:
        from rezup.cache.manifest import DamagedError

        for each in findings:
            try:
                if each.mend is not None:
                    each.mend()
            except (RezupError, DamagedError, OSError, ValueError) as error:
                self._reporter.debug(f"{each.where}: {error}")
                yield each.identity, str(error)

    def _findings(self, upgrade: UpgradePlace | None) -> list[Finding]:
        environ, found = usable_environment(self._environ, self._places.overrides)
        sound = self if environ == self._environ else self._with(environ)
        found += sound._look(upgrade)
        return sorted({each.identity: each for each in found}.values(), key=_order)

    def _with(self, environ: Mapping[str, str]) -> Health:
        places = Places(environ, self._places.overrides, self._places.recipes_folder)
        return Health(environ, places, Wiring(environ, self._reporter, places), self._reporter)

    def _look(self, upgrade: UpgradePlace | None) -> list[Finding]:
        from rezup.cache.environments import Environments
        from rezup.containers.health import caches, remotes, roots
        from rezup.containers.health.trees import Hashes

        settings, everywhere, hashes = self._places.settings(), self._roots(), Hashes()
        found = [Finding("setting-unknown", key, "it is no setting") for key in settings.unknown]
        found += _recipes(self._places.recipes_folder)
        found += _uv(self._environ)
        found += _owners(self._environ, settings, everywhere.local)
        if upgrade is not None:
            found += _library(upgrade)
        cache = Environments(settings.cache_dir, reporter=self._reporter)
        found += caches.findings(settings.cache_dir, cache, hashes)
        reached = []
        for remote in everywhere.remote.values():
            told = list(remotes.findings(remote))
            found += told
            if all(each.code != "remote-unreachable" for each in told):
                reached.append(remote)
        for store in everywhere.local.values():
            found += roots.findings(store)
            if store.root.is_dir():
                found += self._in_root(store, everywhere, tuple(reached), cache, hashes)
        return found

    def _in_root(
        self,
        store: LocalStore,
        everywhere: _Roots,
        reached: tuple[RemoteStore, ...],
        cache: Environments,
        hashes: Hashes,
    ) -> Iterator[Finding]:
        from rezup.containers.health import revisions, roots

        mending = self._mending(store, everywhere, reached, cache)
        for container in roots.containers(store):

            def known(container: ContainerName = container) -> frozenset[Stamp] | None:
                if len(reached) < len(everywhere.remote):
                    return None
                try:
                    found = [each.listing(container).everything for each in reached]
                except RemoteUnreachableError:
                    return None
                return frozenset[Stamp]().union(*found)

            yield from about(roots.container_findings(store, container, known), container)
            for stamp in store.listing(container).newest_first():
                found = revisions.findings(store, container, stamp, platform_tag(), hashes, mending)
                yield from about(found, container, stamp)

    def _mending(
        self, store: LocalStore, everywhere: _Roots, reached: tuple[RemoteStore, ...], cache: Environments
    ) -> Mending:
        from rezup.containers.health.mending import Mending
        from rezup.wheelhouse.finding import first_of
        from rezup.wheelhouse.store import Wheelhouse

        settings = self._places.settings()
        houses = [Wheelhouse(settings.cache_dir / "wheels-v1", reporter=self._reporter)]
        houses += [Wheelhouse(each.root, read_timeout=_READ_TIMEOUT) for each in reached]
        return Mending(
            store=store,
            cache=cache,
            find=first_of(*(house.find for house in houses)),
            builder=lambda name: self._wiring.builder(
                everywhere.places.get((store.root, name)) or self._places.place(name)
            ),
            stores=tuple(everywhere.local.values()),
            remotes=reached,
            link=settings.link_mode != "copy",
        )


def _order(finding: Finding) -> tuple[int, str]:
    return list(KINDS).index(finding.code), finding.where


# -- settings and variables -----------------------------------------------------------------------


def usable_environment(
    environ: Mapping[str, str], overrides: Mapping[str, object]
) -> tuple[Mapping[str, str], list[Finding]]:
    """The environment without what keeps settings from being read, and what that was.

    :raises SettingsError: the command line has a value that can't be used
    """
    found = list(_variables(environ))
    wrong = {each.where for each in found if each.code == "variable-wrong"}
    environ = {name: value for name, value in environ.items() if name not in wrong}
    try:
        Settings.load(_bare(environ))
    except SettingsError as error:
        is_file = error.message.endswith("can't be read")
        where = error.message.removesuffix(" can't be read") if is_file else _file_in(error)
        code = "settings-unreadable" if is_file else "setting-wrong"
        found.append(Finding(code, where, f"{error.message}: {error.context}"))
        environ = {**environ, **_WITHOUT_FILES}
    Settings.load(environ, overrides=dict(overrides))
    return environ, found


_WITHOUT_FILES = {"XDG_CONFIG_HOME": _NOWHERE, "XDG_CONFIG_DIRS": _NOWHERE}


def _bare(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment without variables of rezup, which may have named all that else needs a home."""
    bare = {name: value for name, value in environ.items() if not name.startswith("REZUP_")}
    return bare if known_home(environ) is not None else {**bare, "HOME": _NOWHERE}


def _file_in(error: SettingsError) -> str:
    """The configuration file that an error is about, from the words it has."""
    _, is_named, file = (error.hint or "").partition("correct it in: ")
    return file.removesuffix(" (locked)") if is_named else error.message.partition(": ")[0]


def _variables(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Variables of rezup that can't be used, or that it doesn't know."""
    known = {name for name in VARIABLES.values() if name}
    bare = _bare(environ) | _WITHOUT_FILES
    for name in sorted(name for name in environ if name.startswith("REZUP_")):
        value = environ[name]
        if name not in known:
            if name not in _MORE_VARIABLES and not name.startswith("REZUP_SECRET_"):
                yield Finding("variable-unknown", name, "rezup has no variable of that name")
        elif name == "REZUP_USE_REVISION" and value and not _REVISION.fullmatch(value):
            yield Finding("variable-wrong", name, f"{ascii(value)[:80]} names no revision")
        else:
            try:
                Settings.load({**bare, name: value})
            except SettingsError as error:
                yield Finding("variable-wrong", name, f"{error.message}: {error.context}")


# -- what else is on the machine ------------------------------------------------------------------


def _recipes(folder: Path | None) -> Iterator[Finding]:
    """Recipes of the user that can't be used, or have keys without effect."""
    from rezup.recipes.discovery import discover
    from rezup.recipes.parse import load

    for each in discover(folder):
        try:
            recipe = load(each.path)
        except RecipeError as error:
            problems = tuple(map(str, error.problems))
            many = len(problems) > 1  # they follow one by one
            what = f"{len(problems)} problems" if many else error.context or error.message
            told = problems if many else ()
            yield Finding("recipe-unusable", str(each.path), what, told, container=each.name)
            continue
        if recipe.warnings:
            told = tuple(map(str, recipe.warnings))
            many = len(told) > 1
            what = f"{len(told)} warnings" if many else told[0]
            told = told if many else ()
            yield Finding("recipe-odd", str(each.path), what, told, container=each.name)


def _uv(environ: Mapping[str, str]) -> Iterator[Finding]:
    from rezup.installers.programs import find_uv

    if find_uv(environ, Path(os.sep)) is None:
        yield Finding("uv-missing", "PATH", "there is no uv that runs")


def _library(place: UpgradePlace) -> Iterator[Finding]:
    """The library that the upgrade pointer names, and that isn't there as it was published."""
    from rezup.upgrade.libraries import Libraries
    from rezup.upgrade.pointer import POINTER, read_pointer

    version = read_pointer(place.folder, place.installation).version
    if version is not None and not Libraries(place.folder).is_complete(version):
        what = f"rezup-api {version} is not there, or was changed"
        yield Finding("library-missing", str(place.folder / POINTER), what)


def _owners(
    environ: Mapping[str, str], settings: Settings, stores: Mapping[Path, LocalStore]
) -> Iterator[Finding]:
    """Files of root in the home of somebody else: the uppermost of each tree, two folders deep in a root."""
    home = known_home(environ)
    if home is None:
        return
    folders = user_folders("rezup", environ)
    try:
        owner = home.stat().st_uid
    except OSError:
        return
    if owner == 0 or not hasattr(os, "geteuid"):
        return
    tops = [folders.config, settings.cache_dir, folders.state, *stores]
    for top in tops:
        if top.is_relative_to(home):
            for path in _of_root(top, 2):
                yield Finding("owned-by-root", str(path), f"it belongs to root, and {home} doesn't")


def _of_root(path: Path, depth: int) -> Iterator[Path]:
    try:
        found = path.lstat()
        if found.st_uid == 0:
            yield path
        elif depth and stat.S_ISDIR(found.st_mode):
            for each in sorted(path.iterdir()):
                yield from _of_root(each, depth - 1)
    except OSError:
        return
