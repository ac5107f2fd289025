"""Small made-up studios, and what Rez and we answer to a request in them, in one form."""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

from rezup.errors import (
    ContradictoryPackageError,
    PackageFamilyNotFoundError,
    PackageNotFoundError,
)
from rezup.resolver.filters import PackageFilterList
from rezup.resolver.index.stored import StoredIndex, build
from rezup.resolver.orderers import PackageOrderList
from rezup.resolver.repository import MemoryRepository, PackageRecord
from rezup.resolver.solver import Solver
from rezup.resolver.version import Version

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator, Sequence

    from rezup.resolver.resolution import Resolution


class Package(NamedTuple):
    """One version of a package."""

    name: str
    version: str = ""
    requires: tuple[str, ...] = ()
    variants: tuple[tuple[str, ...], ...] = ()
    build_requires: tuple[str, ...] = ()
    timestamp: int = 0

    def record(self) -> PackageRecord:
        return PackageRecord(
            self.name,
            Version(self.version),
            self.requires,
            self.variants,
            self.build_requires,
            self.timestamp,
        )


class Settings(NamedTuple):
    """What a resolve may be told beside its request."""

    mode: str = "version_priority"
    missing_is_error: bool = True
    building: bool = False
    orderers: tuple[dict[str, Any], ...] = ()
    filters: tuple[dict[str, Any], ...] = ()
    timestamp: int = 0


class ResolveWorld(NamedTuple):
    """Repositories in order, a request and settings."""

    repositories: tuple[tuple[Package, ...], ...]
    request: tuple[str, ...]
    settings: Settings = Settings()

    @classmethod
    def of(cls, packages: Sequence[Package], *request: str, **settings: Any) -> ResolveWorld:
        """One repository."""
        return cls((tuple(packages),), request, Settings(**settings))


class Answer(NamedTuple):
    """What a resolver said, without what is accidental in Rez."""

    kind: str
    """solved, failed, or the name of an error."""

    packages: tuple[tuple[str, str, int | None], ...] = ()
    ephemerals: tuple[str, ...] = ()
    text: str = ""
    phases: int = 0


def ours(world: ResolveWorld, *, stored: bool = False, **more: Any) -> Answer:
    """Our answer; with `stored` by way of the bytes of an index."""
    try:
        found = resolution(world, stored=stored, **more)
    except (ContradictoryPackageError, PackageFamilyNotFoundError, PackageNotFoundError) as error:
        return Answer(type(error).__name__, text=_error_text(type(error).__name__, str(error)))
    if found.status == "solved":
        return Answer("solved", tuple(map(tuple, found.packages)), found.ephemerals, "", found.phases)
    assert found.failure is not None
    return Answer("failed", (), (), canonical(found.failure.text), found.phases)


def resolution(world: ResolveWorld, *, stored: bool = False, **more: Any) -> Resolution:
    """Our resolution itself."""
    repositories = [
        MemoryRepository([package.record() for package in packages], location=f"repository {number}")
        for number, packages in enumerate(world.repositories)
    ]
    packages: Any = repositories
    if stored:

        def records(name: str) -> list[PackageRecord]:
            return [record for repository in repositories for record in repository.family(name)]

        names = dict.fromkeys(name for repository in repositories for name in repository.families())
        packages = StoredIndex(build(records, names))
    settings = world.settings
    return Solver(
        world.request, packages,
        locations=[repository.location for repository in repositories],
        variant_select_mode=settings.mode,
        orderers=PackageOrderList.from_pod(settings.orderers) if settings.orderers else None,
        filters=PackageFilterList.from_pod(settings.filters) if settings.filters else None,
        timestamp=settings.timestamp, building=settings.building,
        error_on_missing_variant_requires=settings.missing_is_error,
        **more,
    ).solve()  # fmt: skip


_KINDS = {"ResolveError": "ContradictoryPackageError"}


def rez(world: ResolveWorld) -> Answer | None:
    """Rez's answer; None where Rez itself breaks (docs/explanation/resolver.md tells where and what we do)."""
    from rez.exceptions import PackageFamilyNotFoundError as NoFamily
    from rez.exceptions import PackageNotFoundError as NoPackage
    from rez.exceptions import PackageRequestError
    from rez.exceptions import ResolveError as Contradiction
    from rez.solver import Solver as RezSolver
    from rez.solver import SolverStatus
    from rez.utils.formatting import PackageRequest

    settings = world.settings
    watch = _Watch()
    with rez_repositories(world) as (paths, names), watch:
        try:
            solver = RezSolver(
                [PackageRequest(text) for text in world.request], paths,
                package_filter=_rez_filter(settings), package_orderers=_rez_orderers(settings),
                building=settings.building,
            )  # fmt: skip
            solver.solve()
            failed = solver.status != SolverStatus.solved
            text = solver.failure_description() if failed else ""
        except (NoFamily, NoPackage, Contradiction) as error:
            kind = _KINDS.get(type(error).__name__, type(error).__name__)
            text = str(error)
            for path, name in names.items():
                text = text.replace(path, name)
            return Answer(kind, text=_error_text(kind, text))
        except (PackageRequestError, RuntimeError, TypeError, UnboundLocalError):
            # A weak requirement without range in a variant; under a soft_timestamp an ephemeral, and
            # with a rank an open range, or a package that no repository has.
            return None
    if watch.is_ambiguous:
        return None
    if failed:
        return Answer("failed", (), (), canonical(text), solver.num_solves)
    packages = [(v.name, str(v.version), v.index) for v in solver.resolved_packages]
    return Answer(
        "solved", tuple(packages), tuple(map(str, solver.resolved_ephemerals)), "", solver.num_solves
    )


class rez_repositories:  # noqa: N801 -- used like a function
    """Rez's configuration and memory repositories of a world, for the length of a `with`."""

    def __init__(self, world: ResolveWorld) -> None:
        self.world = world

    def __enter__(self) -> tuple[list[str], dict[str, str]]:
        from rez.config import config
        from rez.package_repository import package_repository_manager as manager

        self.manager, self.config = manager, config
        names = {}
        for number, packages in enumerate(self.world.repositories):
            data: dict[str, dict[str, Any]] = {}
            for package in packages:
                family = data.setdefault(package.name, {})
                family.setdefault(package.version or "_NO_VERSION", _rez_data(package))
            with warnings.catch_warnings():  # Rez loads its plugins here, and swallows errors
                warnings.simplefilter("ignore")
                manager.get_repository(f"memory@world{number}").data = data
            names[f"memory@world{number}"] = f"repository {number}"
        settings = {
            "packages_path": list(names),
            "variant_select_mode": self.world.settings.mode,
            "error_on_missing_variant_requires": self.world.settings.missing_is_error,
            "resolve_caching": False,
        }
        self.names = tuple(settings)
        for name, value in settings.items():
            config.override(name, value)
        return list(names), names

    def __exit__(self, *_: object) -> None:
        for name in self.names:
            self.config.remove_override(name)
        self.manager.clear_caches()


class _Watch:
    """Notices when Rez compares keys of different orderers whose versions are equal.

    It then has each of two variants before the other, and what its sort makes of that is accidental.
    """

    is_ambiguous = False

    def __enter__(self) -> None:
        from rez.package_order import FallbackComparable

        self.watched, self.less = FallbackComparable, FallbackComparable.__lt__
        FallbackComparable.__lt__ = self.compare()

    def compare(self) -> Callable[[Any, Any], bool]:
        def less(one: Any, other: Any) -> bool:
            if type(one.main_comparable) is not type(other.main_comparable):
                self.is_ambiguous |= one.fallback_comparable == other.fallback_comparable
            return bool(self.less(one, other))

        return less

    def __exit__(self, *_: object) -> None:
        self.watched.__lt__ = self.less


def _rez_data(package: Package) -> dict[str, Any]:
    data: dict[str, Any] = {"name": package.name}
    if package.version:
        data["version"] = package.version
    for key in ("requires", "build_requires", "timestamp"):
        value = getattr(package, key)
        if value:
            data[key] = list(value) if isinstance(value, tuple) else value
    if package.variants:
        data["variants"] = [list(variant) for variant in package.variants]
    return data


def _rez_orderers(settings: Settings) -> Any:
    from rez.package_order import PackageOrderList as RezOrderers

    # An empty list and no list differ in Rez; a resolve of its own always has a list.
    return RezOrderers.from_pod([dict(each) for each in settings.orderers])


def _rez_filter(settings: Settings) -> Any:
    from rez.package_filter import PackageFilterList as RezFilters
    from rez.package_filter import TimestampRule

    found = RezFilters.from_pod([dict(each) for each in settings.filters]) if settings.filters else None
    if settings.timestamp:
        found = found.copy() if found else RezFilters()
        found.add_exclusion(TimestampRule.after(settings.timestamp))
    return found


def canonical(text: str) -> str:
    """A failure without what is accidental in Rez: the order of dropped variants, and which cycle is told."""
    reduced = "A package was completely reduced: "
    if text.startswith(reduced):
        return reduced + " ".join(sorted(_items(text.removeprefix(reduced))))
    if text.startswith("A cyclic dependency"):
        return "A cyclic dependency was detected"
    return text


def _items(text: str) -> Iterator[str]:
    yield from re.split(r"(?<=\)) (?=\()", text)


def _error_text(kind: str, text: str) -> str:
    # Which of several contradictory packages is met first is accidental in Rez.
    return "" if kind == "ContradictoryPackageError" else text


_NAMES = ("a", "b", "c", "d", "e", "B", "a_1", "f0", "Z")
_VERSIONS = ("1", "1.0", "1.1", "2", "2.0", "3", "10", "1.a", "2_b")
_TIMES = (0, 10, 20, 30, 40)


class _Maker:
    """Makes a world by rolling dice; most of its packages need later ones, so that many requests can be met."""

    def __init__(self, choose: random.Random) -> None:
        self.choose = choose
        self.names = choose.sample(_NAMES, choose.randint(3, 8))
        self.wild = self.often(0.25)
        self.versions = {
            name: [""] if self.often(0.06) else choose.sample(_VERSIONS, choose.randint(1, 6))
            for name in self.names
        }
        self.conflicts = choose.choice((0, 0.03, 0.12))
        self.weak = choose.choice((0, 0.05, 0.15))
        self.ephemerals = choose.choice((0, 0.05, 0.12))
        self.missing = choose.choice((0, 0, 0, 0.02))
        self.building = self.often(0.2)
        self.filtering = self.often(0.2)
        self.ordering = self.often(0.2)
        self.timing = self.filtering or self.ordering or self.often(0.2)

    def often(self, share: float) -> bool:
        return self.choose.random() < share

    def version(self, name: str) -> str:
        return (
            self.choose.choice(self.versions.get(name, _VERSIONS) if self.often(0.93) else _VERSIONS) or "1"
        )

    def range(self, name: str) -> str:
        one, other = self.version(name), self.version(name)
        forms = [
            "",
            f"-{one}",
            f"=={one}",
            f"-{one}+",
            f"<{one}",
            "<10",
            f"-{one}|{other}",
            "-1+<2",
            "-1.0..2",
            "-2+<10",
        ]
        return self.choose.choices(forms, (30, 25, 10, 10, 5, 5, 9, 2, 2, 2))[0]

    def requirement(self, place: int, used: set[str], ephemerals: float) -> str | None:
        """What the family at a place asks for; None for a name that was used already."""
        if self.often(ephemerals):
            return f".{self.choose.choice('xy')}{self.range('')}"
        anywhere = self.wild or self.often(0.04) or place >= len(self.names) - 1
        name = self.choose.choice(self.names if anywhere else self.names[place + 1 :])
        if name in used and self.often(0.8):
            return None
        used.add(name)
        if self.often(self.missing):
            name = "nofam"
        roll = self.choose.random()
        kind = "~" if roll < self.weak else "!" if roll < self.weak + self.conflicts else ""
        return f"{kind}{name}{self.range(name)}"

    def requirements(self, place: int, number: int, used: set[str]) -> tuple[str, ...]:
        found = (self.requirement(place, used, self.ephemerals) for _ in range(number))
        return tuple(each for each in found if each)

    def package(self, place: int, version: str) -> Package:
        choose, name = self.choose, self.names[place]
        time = choose.choice(_TIMES) if self.timing else 0
        if place == len(self.names) - 1 and not self.wild:
            return Package(name, version, timestamp=time)
        used: set[str] = set()
        requires = self.requirements(place, choose.choice((0, 1, 1, 2, 3)), used)
        variants: tuple[tuple[str, ...], ...] = ()
        if self.often(0.4):
            number = choose.randint(1, 4)
            variants = tuple(
                self.requirements(place, choose.choice((1, 1, 2)), set(used)) for _ in range(number)
            )
            variants += variants[:1] if self.often(0.1) else ()
        building = self.requirements(place, 1, set(used)) if self.building and self.often(0.3) else ()
        return Package(name, version, requires, variants, building, time)

    def repository(self) -> tuple[Package, ...]:
        packages = []
        for place, name in enumerate(self.names):
            versions = self.versions[name]
            some = (
                versions
                if self.often(0.7)
                else self.choose.sample(versions, self.choose.randint(1, len(versions)))
            )
            packages += [self.package(place, version) for version in some]
        self.choose.shuffle(packages)
        return tuple(packages)

    def rules(self) -> list[str]:
        forms = ("glob({}-1*)", "regex({}-.*0)", "range({}-2+)", "{}-3", "range(!{}-1)")
        plain = ("before(20)", "after(20)", "*.0", "glob(*-1*)")
        return [
            self.choose.choice(forms).format(self.choose.choice(self.names))
            if self.often(0.8) else self.choose.choice(plain)
            for _ in range(self.choose.randint(1, 2))
        ]  # fmt: skip

    def filter(self) -> dict[str, Any]:
        return {"excludes": self.rules(), **({"includes": self.rules()} if self.often(0.5) else {})}

    def orderer(self) -> dict[str, Any]:
        choose = self.choose
        packages = choose.choice((["*"], choose.sample(self.names, 1), choose.sample(self.names, 2)))
        one, other = choose.sample(self.names, 2)
        forms: list[dict[str, Any]] = [
            {"type": "sorted", "descending": self.often(0.3), "packages": packages},
            {"type": "no_order", "packages": packages},
            {"type": "version_split", "first_version": choose.choice(("1", "1.1", "2")), "packages": packages},
            {"type": "soft_timestamp", "timestamp": choose.choice((15, 25)), "rank": choose.choice((0, 0, 2)), "packages": packages},
            {"type": "per_family", "orderers": [
                {"type": "sorted", "descending": False, "packages": [one]},
                {"type": "version_split", "first_version": "1.1", "packages": [other]},
            ]},
        ]  # fmt: skip
        return choose.choices(forms, (35, 15, 20, 15, 15))[0]

    def world(self) -> ResolveWorld:
        choose = self.choose
        repositories = tuple(self.repository() for _ in range(2 if self.often(0.2) else 1))
        used: set[str] = set()
        asked = [
            self.requirement(-1 if self.often(0.6) else 0, used, 0.05) for _ in range(choose.randint(1, 5))
        ]
        return ResolveWorld(
            repositories,
            # An ephemeral can't be in a conflict: both refuse to read that.
            tuple(each for each in asked if each) or (self.names[0],),
            Settings(
                mode=choose.choice(("version_priority", "intersection_priority")),
                missing_is_error=self.often(0.7),
                building=self.building,
                orderers=tuple(self.orderer() for _ in range(choose.randint(1, 3))) if self.ordering else (),
                filters=tuple(self.filter() for _ in range(choose.randint(1, 2))) if self.filtering else (),
                timestamp=choose.choice((15, 25, 35)) if self.timing and self.often(0.5) else 0,
            ),
        )


def random_world(choose: random.Random) -> ResolveWorld:
    """A world of a few packages with any of the features that requests may meet."""
    return _Maker(choose).world()
