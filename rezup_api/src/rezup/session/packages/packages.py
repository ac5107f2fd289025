"""Resolving: Rez's configuration, its repositories, their index and the solver put together."""

from __future__ import annotations

import gc
import os
import time as clocks
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from rezup.errors import ResolveError
from rezup.reporting import Reporter
from rezup.resolver.repository import LateBinding
from rezup.session.packages.configuration import filters_of, load_settings, orderers_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from rezup.resolver.filters import PackageFilterList
    from rezup.resolver.index.stored import StoredTables
    from rezup.resolver.repository import Repository
    from rezup.resolver.resolution import Resolution
    from rezup.runtime.config import Config
    from rezup.runtime.index_store.reading import Source
    from rezup.runtime.index_store.stamps import Clock, Stamp
    from rezup.runtime.index_store.store import IndexStore
    from rezup.runtime.known_definitions import KnownDefinitions
    from rezup.session.packages.answers import KnownAnswers
    from rezup.session.packages.configuration import ResolveSettings
    from rezup.session.packages.indexes import Indexes
    from rezup.session.packages.search import Found
    from rezup.session.packages.sources import Notes


#: Our own settings that matter to a resolve.
_OWN = ("cache_dir", "index_trust")


class Resolved(NamedTuple):
    """The outcome of `Packages.resolve`, with what it was made from."""

    resolution: Resolution
    """Packages, or the reason why there are none."""

    uris: tuple[str, ...]
    """Of the variants in `resolution.packages`, in the same order, as Rez writes them:
    "/repo/foo/1.0/package.py[0]", "[]" for a package without variants, "/repo/foo.py<1.0>[]" in a
    combined file."""

    request: tuple[str, ...]
    """All that was asked for, implicit packages last."""

    implicit: tuple[str, ...]
    """The implicit packages among them."""

    paths: tuple[str, ...]
    """The packages path, each entry once."""

    filters: PackageFilterList | None
    """What hid packages; None for nothing."""

    timings: Mapping[str, float]
    """Seconds that each part took: "settings", "index", "solve" (with the check that all is up to
    date), "save" and "total"."""

    just_seen: Mapping[str, Stamp] = {}
    """Stamps of files that were just compared, as far as they were noted."""


class Packages:
    """Packages as Rez's configuration in an environment has them.

    ::

        resolved = Session.create().packages().resolve(["maya-2024", "rigging"])
        if resolved.resolution.is_solved: …

    :param environ: all variables; nothing else of the process is looked at but its working folder
    :param reporter: hears of definitions that can't be loaded
    :param overrides: settings of rezup's own by configuration key
    :param memory: the repositories that `memory@NAME` in a packages path may name
    :param clock: gives the time in nanoseconds
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        reporter: Reporter | None = None,
        overrides: Mapping[str, Any] | None = None,
        memory: Mapping[str, Repository] | None = None,
        clock: Clock = clocks.time_ns,
    ) -> None:
        self._environ = environ
        self._reporter = reporter or Reporter()
        given = overrides or {}
        self._overrides = {key: given[key] for key in _OWN if given.get(key) is not None}
        self._memory = memory or {}
        self._clock = clock
        self._settings: ResolveSettings | None = None
        self._config: Config | None = None

    @property
    def settings(self) -> ResolveSettings:
        """What a resolve needs of the configuration, read once.

        :raises RezConfigError: what was set for Rez can't be used
        :raises SettingsError: a setting of ours can't be used
        """
        if self._settings is None:
            self._settings, self._config = load_settings(self._environ, self._overrides, self._clock)
        return self._settings

    def config(self) -> Config:
        """The whole configuration of Rez.

        :raises RezConfigError: a file can't be read
        """
        if self._config is None:
            from rezup.runtime.config import load_config

            self._config = load_config(self._environ)
        return self._config

    def known_config(self) -> Config:
        """The same, but only what is not kept is read."""
        if self._config is not None or not self.settings.more[0]:
            return self.config()
        from rezup.session.packages.known import KnownConfig

        return KnownConfig(self.settings, self.config)

    def with_settings(self, **changes: Any) -> Packages:
        """The same with other values of some settings, such as those that a document brings.

        :param changes: by the names in `ResolveSettings`
        """
        from copy import copy

        other = copy(self)
        other._settings = self.settings._replace(**changes)
        return other

    def resolve(
        self,
        request: Iterable[str],
        *,
        paths: Iterable[str] | None = None,
        implicit: bool = True,
        time: int | None = None,
        excludes: Iterable[str] = (),
        includes: Iterable[str] = (),
        filtered: bool = True,
        max_fails: int | None = None,
        time_limit: float | None = None,
        patch: str | Path | None = None,
        building: bool = False,
        known: bool = False,
    ) -> Resolved:
        """Find packages for a request, as `rez-env` does; a request without solution is a value, too.

        What comes out is true of the repositories when it does: all that was looked at in an index is
        compared with the files before.

        :param paths: instead of the setting `packages_path`
        :param implicit: whether the setting `implicit_packages` is added to the request
        :param time: packages released later are ignored; seconds since 1970, see `request.parse_time`
        :param excludes: rules of a package filter, added to those of the setting `package_filter`
        :param includes: rules that spare packages from it
        :param filtered: whether the setting `package_filter` hides packages
        :param max_fails: give up after so many failed steps
        :param time_limit: give up after so many seconds
        :param patch: an ``.rxt`` file, whose request is changed by this one
        :param building: whether the `build_requires` of packages count
        :param known: whether to give, and to keep, answers that hold for as long as nothing changes
        :raises ResolveError: a requirement or rule can't be understood; or where Rez raises, too
        :raises RuntimePackageError: a setting, location, context or package that is needed can't be used
        """
        clock = _Clock()
        settings = self.settings
        wanted = list(request)
        if patch is not None:
            from rezup.session.packages.request import patched, requests_of

            wanted = patched(requests_of(os.fspath(patch)), wanted)
        implicits = settings.implicit_packages if implicit else ()
        asked = (*wanted, *implicits)
        entries = self._entries(paths)
        filters = filters_of(settings.package_filter if filtered else None, excludes, includes)
        limits = {"timestamp": time, "max_fails": max_fails, "time_limit": time_limit}
        clock.lap("settings")
        binding = LateBinding(tuple(wanted), implicits, building)

        def solve(answers: KnownAnswers | None = None) -> tuple[Resolution, tuple[str, ...]]:
            return self._solve(asked, entries, binding, {"filters": filters, **limits}, clock, answers)

        answers = None
        if known and set(limits.values()) == {None}:  # else it is rarely asked again
            question = (asked, implicits, building, None if filters is None else filters.to_pod())
            answers = self._answers(entries, question, lambda: solve()[0])
        resolution, uris, seen = _answered(answers, solve, clock)
        return Resolved(resolution, uris, asked, implicits, entries, filters, clock.finished(), seen)

    def _solve(
        self,
        asked: tuple[str, ...],
        entries: tuple[str, ...],
        binding: LateBinding,
        options: dict[str, Any],
        clock: _Clock,
        answers: KnownAnswers | None,
    ) -> tuple[Resolution, tuple[str, ...]]:
        """Solve with what is stored until that proves to be true; what was read anew is kept."""
        from rezup.resolver.solver import Solver
        from rezup.session.packages.sources import Listed, Notes, family_names, use

        notes = Notes()
        settings = self.settings
        options = {
            "locations": entries,
            "variant_select_mode": settings.variant_select_mode,
            "error_on_missing_variant_requires": settings.error_on_missing_variant_requires,
            "orderers": orderers_of(settings),
            "clock": clocks.monotonic,
            "building": binding.building,
            **options,
        }

        def work(tables: StoredTables) -> tuple[Resolution, tuple[str, ...]]:
            packages: Any = [Listed(tables)] if binding.building else tables
            resolution = Solver(asked, packages, **options).solve()
            return resolution, _uris(resolution)

        with _uncollected():
            sources = self._sources(entries, binding, notes)
            view = self._store().view(sources)
            clock.lap("index")
            try:
                found = use(view, work, notes, self._reporter)
                if answers is not None:
                    answers.keep(*found, view.grounds())
            except ResolveError as error:
                from rezup.session.packages.hints import add_hint

                add_hint(error, entries, lambda: family_names(sources))
                raise
            finally:
                clock.lap("solve")
                view.save()
            clock.lap("save")
        return found

    def _answers(
        self, entries: tuple[str, ...], question: tuple[Any, ...], anew: Callable[[], Resolution]
    ) -> KnownAnswers | None:
        from rezup.session.packages.answers import answers_for

        return answers_for(self.settings, entries, question, anew)

    def search(
        self, pattern: str | None = None, *, paths: Iterable[str] | None = None, latest: bool = False
    ) -> Found:
        """Families, or packages, as `rez-search` finds them; see `rezup.session.packages.search`.

        :param pattern: None for all families; or a family with or without a range, `*`, `?` and `[…]` in
            the name stand for anything: "maya-2024+", "ma*"
        :param latest: only the latest version of each package
        :raises ResolveError: the pattern can't be understood
        :raises RuntimePackageError: a setting, location or package that is needed can't be used
        """
        from rezup.session.packages.search import search
        from rezup.session.packages.sources import Notes, family_names, use

        notes = Notes()
        sources = self._sources(self._entries(paths), LateBinding(()), notes)

        def work(tables: StoredTables) -> Found:
            return search(tables, family_names(sources), pattern, latest=latest)

        with _uncollected():
            view = self._store().view(sources)
            found = use(view, work, notes, self._reporter)
            view.save()
        return found

    def definitions(self) -> KnownDefinitions:
        """What is kept of the definitions of earlier resolves."""
        from rezup.runtime.known_definitions import BUCKET as DEFINITIONS
        from rezup.runtime.known_definitions import KnownDefinitions

        settings = self.settings
        folder = None if settings.cache is None else os.path.join(settings.cache, DEFINITIONS)
        return KnownDefinitions(folder, settings.reading, self._clock)

    def indexes(self) -> Indexes:
        """The indexes of this machine, and those beside repositories."""
        from rezup.session.packages.configuration import folder
        from rezup.session.packages.indexes import Indexes

        def open_all(paths: Iterable[str] | None, notes: Notes) -> list[Source]:
            return self._sources(self._entries(paths), LateBinding(()), notes)

        return Indexes(self._store(), open_all, self._reporter, folder(self._environ))

    def context_file(self) -> str:
        """The file of the context that this environment is in, `$REZ_RXT_FILE`.

        :raises ContextFileError: it is in none
        """
        found = self._environ.get("REZ_RXT_FILE")
        if not found:
            from rezup.errors import ContextFileError

            raise ContextFileError(
                "there is no context here",
                context="REZ_RXT_FILE is not set: this is no shell of rez-env",
                hint="name the .rxt file of a context",
            )
        return found

    def _entries(self, paths: Iterable[str] | None) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.settings.packages_path if paths is None else paths))

    def _sources(self, entries: Iterable[str], binding: LateBinding, notes: Notes) -> list[Source]:
        from rezup.session.packages.sources import open_sources

        return open_sources(
            entries, self.config, self.settings.package_filenames, self._memory, binding, notes
        )

    def _store(self) -> IndexStore:
        from rezup.runtime.index_store.store import BUCKET, IndexStore

        settings = self.settings
        folder = None if settings.cache is None else os.path.join(settings.cache, BUCKET)
        return IndexStore(
            folder,
            settings=settings.reading,
            trust_releases=settings.trust_releases,
            clock=self._clock,
        )


def _answered(
    answers: KnownAnswers | None,
    solve: Callable[[KnownAnswers | None], tuple[Resolution, tuple[str, ...]]],
    clock: _Clock,
) -> tuple[Resolution, tuple[str, ...], Mapping[str, Stamp]]:
    """What is kept, or else what is found, with the stamps that were compared."""
    answer = None if answers is None else answers.find()
    if answer is None:
        return (*solve(answers), {})
    for part in ("index", "solve", "save"):
        clock.lap(part)
    return answer


def _uris(resolution: Resolution) -> tuple[str, ...]:
    return tuple(
        f"{resolution.uri(package)}[{'' if package.variant is None else package.variant}]"
        for package in resolution.packages
    )


class _Clock:
    """Takes the time of one part after the other, in seconds."""

    def __init__(self) -> None:
        self._started = self._last = clocks.perf_counter()
        self._laps: dict[str, float] = {}

    def lap(self, part: str) -> None:
        """A part is done."""
        now = clocks.perf_counter()
        self._laps[part] = now - self._last
        self._last = now

    def finished(self) -> dict[str, float]:
        """All parts, and "total"."""
        return {**self._laps, "total": clocks.perf_counter() - self._started}


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the garbage collector: a resolve makes many objects, and next to no cycles."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
