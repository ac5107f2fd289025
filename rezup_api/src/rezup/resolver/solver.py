"""The public solver: a request in, a `Resolution` out.

::

    index = StoredIndex(data)                       # or repositories: [MemoryRepository(records), …]
    resolution = Solver(["maya-2024", "rigging"], index).solve()
    for package in resolution.packages: …
"""

# What explains failures is imported where something failed: it would be half of a cold start.

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup.errors import PackageFamilyNotFoundError, ResolveError
from rezup.resolver.index.stored import StoredIndex
from rezup.resolver.index.tables import Tables
from rezup.resolver.order_keys import NO_RELEASES, Releases
from rezup.resolver.repository import LateBinding
from rezup.resolver.requirement import Requirement, RequirementList
from rezup.resolver.resolution import Failure, Resolution
from rezup.resolver.search import finish
from rezup.resolver.search.preference import Preference
from rezup.resolver.search.search import GO_ON, Progress, Search, Thrashing, Verdict
from rezup.resolver.search.state import State, find

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from rezup.resolver.conflict import ExactPhase, FailedPhase, Reason
    from rezup.resolver.filters import PackageFilterList
    from rezup.resolver.orderers import PackageOrderList
    from rezup.resolver.ranges import VersionRange
    from rezup.resolver.repository import PackageRecord, Repository
    from rezup.resolver.resolution import ResolvedPackage
    from rezup.resolver.search.state import Snapshot
    from rezup.resolver.version import Version

#: Failed phases after which a search begins anew with backjumping.
RESTART_AFTER = 1000

VERSION_PRIORITY = "version_priority"
INTERSECTION_PRIORITY = "intersection_priority"


class Solver:
    """Resolves one request.

    :param request: requirements in order, implicit packages last
    :param packages: an index; families of one that are shared between resolves (`StoredIndex.tables`);
        or repositories, of which the first that has a version wins
    :param volatile: families whose packages are known only now, and replace those of the index
    :param implicits: which of the request are implicit packages, for late-bound requirements
    :param locations: the repositories as messages name them; by default those of `packages`
    :param variant_select_mode: "version_priority" or "intersection_priority"
    :param orderers: order the versions of packages
    :param releases: release times for orderers; by default those of the packages
    :param filters: hide packages
    :param timestamp: hide packages released later than that, in seconds since 1970
    :param building: whether the `build_requires` of all packages count
    :param error_on_missing_variant_requires: whether a package that no repository has is an error
        that ends the resolve; otherwise only what needs it fails
    :param callback: asked between two phases
    :param max_fails: failed phases that are allowed; None is any number
    :param time_limit: seconds; None is none
    :param clock: seconds that increase, needed for a time limit
    :param restart_after: failed phases after which the search begins anew with backjumping; None forbids it
    """

    def __init__(
        self,
        request: Iterable[str | Requirement],
        packages: StoredIndex | Tables | Sequence[Repository],
        *,
        volatile: Mapping[str, Sequence[PackageRecord]] | None = None,
        implicits: Sequence[str] = (),
        locations: Sequence[str] | None = None,
        variant_select_mode: str = VERSION_PRIORITY,
        orderers: PackageOrderList | None = None,
        releases: Releases | None = None,
        filters: PackageFilterList | None = None,
        timestamp: int | None = None,
        building: bool = False,
        error_on_missing_variant_requires: bool = True,
        callback: Callable[[Progress], Verdict] | None = None,
        max_fails: int | None = None,
        time_limit: float | None = None,
        clock: Callable[[], float] | None = None,
        restart_after: int | None = RESTART_AFTER,
    ) -> None:
        self._given = tuple(
            each if isinstance(each, Requirement) else Requirement.parse_package(each) for each in request
        )
        self._request = RequirementList(self._given)
        binding = LateBinding(tuple(map(str, self._given)), tuple(implicits), building)
        self._tables = _tables(packages, volatile or {}, binding)
        if locations is None and not isinstance(packages, (StoredIndex, Tables)):
            locations = [repository.location for repository in packages]
        self._locations = tuple(locations or ())
        self._numbers = {each.name: self._tables.number(each.name) for each in self._request}
        self._by_intersection = variant_select_mode == INTERSECTION_PRIORITY
        self._orderers = orderers if orderers else None
        self._releases = releases
        self._filters = _filters(filters, timestamp)
        self._missing_is_error = error_on_missing_variant_requires
        self._callback = _limits(callback, max_fails, time_limit, clock)
        self._restart_after = restart_after
        self._allowed: dict[int, int] = {}
        self._messages: list[str] = []

    def solve(self) -> Resolution:
        """Resolve; a request without solution is a `Resolution`, too.

        :raises PackageFamilyNotFoundError: no repository has what was asked for, or what a package needs
        :raises PackageNotFoundError: no version is in the range that is asked for
        :raises ContradictoryPackageError: a package that was looked at excludes what it needs
        :raises DamagedIndexError: the index is damaged where it was needed
        """
        if self._request.conflict is not None:
            from rezup.resolver.conflict import Conflict

            reason = Conflict(*self._request.conflict)
            return Resolution(
                "failed",
                request=tuple(map(str, self._given)),
                failure=Failure(reason.description, reason),
                fails=1,
            )
        self._tables.was_wide = True
        search = self._search(self._restart_after, backjumping=False)
        try:
            solved = search.run()
        except Thrashing:
            search = self._search(None, backjumping=True)
            solved = search.run()
        return self._solved(search) if solved else self._failed(search)

    # -- setting up

    def _search(self, restart_after: int | None, *, backjumping: bool) -> Search:
        state = self._initial_state()
        preference = Preference(
            self._tables,
            self._request,
            self._numbers,
            orderers=self._orderers,
            releases=self._releases or (NO_RELEASES if self._orderers is None else self._release_times()),
            by_intersection=self._by_intersection,
        )
        state.grow()
        return Search(
            state,
            preference,
            judge=self._judge,
            callback=self._callback,
            restart_after=restart_after,
            backjumping=backjumping,
        )

    def _initial_state(self) -> State:
        tables = self._tables
        state = State(tables, None if self._filters is None else self._visible)
        for requirement in self._request:
            family = self._numbers[requirement.name]
            if requirement.conflict or requirement.is_ephemeral:
                mask = -1
                state.others[family] = requirement
                if requirement.is_ephemeral:
                    tables.load(family)
            else:
                mask = find(tables, requirement, self._members, self._no_family)
            state.grow()
            state.masks[family] = mask
            state.append(family)
            if mask > 0:
                state.enlist(family)
        return state

    def _no_family(self, name: str) -> Exception:
        searched = "; ".join(self._locations)
        return PackageFamilyNotFoundError(f"package family not found: {name} (searched: {searched})")

    def _members(self, family: int, range_: VersionRange) -> int:
        found = self._tables.members(family, range_)
        reached = self._tables.reached
        reached[family] = reached.get(family, 0) | found
        return found if self._filters is None else found & self._visible(family)

    def _visible(self, family: int) -> int:
        """The variants of a family that no filter hides."""
        found = self._allowed.get(family)
        if found is None:
            found = 0
            starts = self._tables.load(family).starts
            for place, record in enumerate(self._tables.records(family)):
                if self._filters is None or self._filters.excludes(record) is None:
                    low, high = (starts[place], starts[place + 1]) if starts else (place, place + 1)
                    found |= (1 << high) - (1 << low)
            self._allowed[family] = found
        return found

    def _release_times(self) -> Releases:
        def lookup(name: str) -> Iterable[tuple[Version, int]]:
            records = self._tables.records(self._tables.number(name))
            return [(record.version, record.timestamp) for record in records]

        return Releases(lookup)

    # -- the outcome

    def _judge(self, failed: Snapshot) -> None:
        """Raise the error that a failed phase is, if it is one."""
        from rezup.resolver.conflict import Unexplained

        try:
            self._exact(failed).run()
        except Unexplained as signal:
            self._messages.append(str(signal))

    def _exact(self, failed: Snapshot) -> ExactPhase:
        from rezup.resolver.conflict import ExactPhase

        return ExactPhase(
            failed,
            allowed=None if self._filters is None else self._visible,
            locations=self._locations,
            missing_is_error=self._missing_is_error,
        )

    def _solved(self, search: Search) -> Resolution:
        state = search.state
        tables = state.tables
        nodes = finish.candidates(state, self._numbers.values())
        order = finish.arrange(state, nodes)
        if order is None:
            from rezup.resolver.conflict import Cycle

            edges = {family: finish.dependencies(state, family) for family in nodes}
            versions = [tables.variant(family, _only(state, family))[:2] for family in finish.cycle(edges)]
            return self._resolution("failed", search, fails=search.fails + 1, reason=Cycle(tuple(versions)))
        masks = state.masks
        packages = [tables.settled(family, masks[family])[0] for family in order if masks[family] > 0]
        ephemerals = [str(state.others[family]) for family in order if state.masks[family] < 0]
        tables.was_wide = self._filters is not None or self._orderers is not None or search.backjumping
        return self._resolution("solved", search, packages=tuple(packages), ephemerals=tuple(ephemerals))

    def _failed(self, search: Search) -> Resolution:
        stopped = search.stopped
        if stopped is not None and stopped.action == "abort":
            return self._resolution("aborted", search, abort_reason=stopped.reason)
        failed = search.first_failure if stopped is None else search.last_failure
        if failed is None:
            raise ResolveError("a search failed without a failed phase")
        from rezup.resolver.conflict import Unexplained

        exact = self._exact(failed)
        try:
            reason = exact.run()
        except Unexplained:
            reason = None
        return self._resolution(
            "failed",
            search,
            reason=reason,
            phase=exact.at_clash(self._request, is_later=len(failed.changed) < len(failed.order)),
            abort_reason=stopped.reason if stopped else None,
        )

    def _resolution(
        self,
        status: str,
        search: Search,
        *,
        packages: tuple[ResolvedPackage, ...] = (),
        ephemerals: tuple[str, ...] = (),
        reason: Reason | None = None,
        phase: FailedPhase | None = None,
        abort_reason: str | None = None,
        fails: int | None = None,
    ) -> Resolution:
        failure = None
        if status == "failed":
            text = reason.description if reason is not None else "Solver failed with unknown reason."
            failure = Failure(f"{abort_reason}:\n{text}" if abort_reason else text, reason, phase)
        return Resolution(
            status,
            request=tuple(map(str, self._given)),
            packages=packages,
            ephemerals=ephemerals,
            failure=failure,
            phases=search.phases,
            fails=search.fails if fails is None else fails,
            abort_reason=abort_reason,
            backjumped=search.backjumping,
            messages=tuple(self._messages),
            records=lambda name: self._tables.records(self._tables.number(name)),
            uri=lambda name, version: self._tables.uri(self._tables.number(name), version),
            state=search.state,
        )


def _only(state: State, family: int) -> int:
    return state.masks[family].bit_length() - 1


def _tables(
    packages: StoredIndex | Tables | Sequence[Repository],
    volatile: Mapping[str, Sequence[PackageRecord]],
    binding: LateBinding,
) -> Tables:
    """:raises ResolveError: families that are shared can't be replaced, or compiled in another way"""
    if isinstance(packages, Tables):
        if volatile or packages.building != binding.building:
            raise ResolveError("shared families can't be changed for one resolve; give the index itself")
        return packages
    late = {name: _bound(records, binding) for name, records in volatile.items()}
    if isinstance(packages, StoredIndex) and not binding.building:
        return packages.tables(late)
    sources = [packages] if isinstance(packages, StoredIndex) else packages

    def records(name: str) -> Sequence[PackageRecord]:
        if name in late:
            return late[name]
        return _bound([record for source in sources for record in source.family(name)], binding)

    return Tables(records, building=binding.building)


def _bound(records: Sequence[PackageRecord], binding: LateBinding) -> Sequence[PackageRecord]:
    """Packages with the requirements that late-bound ones have in this resolve."""
    if all(record.late is None for record in records):
        return records
    return [
        record if record.late is None else record._replace(requires=tuple(record.late(binding)), late=None)
        for record in records
    ]


def _filters(filters: PackageFilterList | None, timestamp: int | None) -> PackageFilterList | None:
    if not timestamp:
        return filters if filters else None
    from rezup.resolver.filters import PackageFilterList, TimestampRule

    return (filters or PackageFilterList()).with_exclusion(TimestampRule.after(timestamp))


def _limits(
    callback: Callable[[Progress], Verdict] | None,
    max_fails: int | None,
    time_limit: float | None,
    clock: Callable[[], float] | None,
) -> Callable[[Progress], Verdict] | None:
    """One callback for all that may end a search early, in Rez's order and words."""
    if max_fails is None and (time_limit is None or clock is None):
        return callback
    started = clock() if clock is not None else 0.0

    def ask(progress: Progress) -> Verdict:
        if max_fails is not None and progress.fails >= max_fails:
            return Verdict("fail", f"fail limit reached: aborted after {progress.fails} failures")
        if time_limit is not None and clock is not None and clock() - started > time_limit:
            return Verdict("abort", "time limit exceeded")
        return callback(progress) if callback is not None else GO_ON

    return ask
