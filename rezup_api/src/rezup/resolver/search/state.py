"""What a search knows at one moment, and how it is taken back.

A *scope* is what is still possible for one name. There are three kinds, told apart by ``masks``:

* above 0: a package of which these variants are left;
* -1: a conflict scope (nothing of the package is in the resolve yet, and some of it must not be), or an
  ephemeral; its requirement is in ``others``;
* 0: no scope.

Every change is written to the ``trail`` first, so a step back is to walk that from its end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup.errors import PackageNotFoundError
from rezup.resolver.ranges import VersionRange
from rezup.resolver.requirement import Requirement

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import TypeAlias

    from rezup.resolver.index.tables import Tables, User

    Change: TypeAlias = "tuple[int, int | Requirement, int]"
    """(family, its mask or requirement before, cause: a family, or ``~levels`` of a choice)."""


class Snapshot:
    """Scopes at one moment, safe from what happens later."""

    __slots__ = ("changed", "masks", "order", "others", "tables")

    def __init__(self, state: State, changed: Iterable[int]) -> None:
        self.tables = state.tables
        self.order = tuple(state.order)
        self.masks = {family: state.masks[family] for family in state.order}
        self.others = dict(state.others)
        self.changed = tuple(changed)
        """The scopes that are not what they were at the end of the phase before."""


class State:
    """The scopes of a resolve; see the module.

    :param allowed: the variants of a family that no filter takes away; None without filters
    """

    __slots__ = (
        "_missing",
        "added",
        "allowed",
        "first",
        "masks",
        "order",
        "others",
        "places",
        "tables",
        "trail",
        "users",
    )

    def __init__(self, tables: Tables, allowed: Callable[[int], int] | None = None) -> None:
        self.tables = tables
        self.allowed = allowed
        self.masks = [0] * len(tables.families)
        self.others: dict[int, Requirement] = {}
        self.order: list[int] = []
        """Families that have a scope, in Rez's order, which decides what is split first."""
        self.places: dict[int, int] = {}
        """Where in `order` a family is."""
        self.users: list[list[User] | None] = [None] * len(tables.families)
        """By family: who is in the resolve and may lose variants to it."""
        self.trail: list[Change] = []
        self.added: list[int] = []
        """Scopes that came into being, or became packages, since scopes were reduced last."""
        self.first = 0
        """No scope before this place in `order` has a choice left."""
        self._missing: bool | None = None

    def grow(self) -> None:
        """Make room for families that became known only now."""
        more = len(self.tables.families) - len(self.masks)
        self.masks += [0] * more
        self.users += [None] * more

    def misses_a_conflict(self) -> bool:
        """Whether a conflict of the request is about a name of no package; asked once something failed."""
        if self._missing is None:
            load = self.tables.load
            self._missing = any(
                not each.is_ephemeral and not load(family).size for family, each in self.others.items()
            )
        return self._missing

    def enter(self, family: int, fits: int, cause: int) -> bool:
        """Make a package of what had no scope so far, or a conflict scope; False if nothing is left."""
        old = self.masks[family]
        if old < 0:
            excluded = self.others[family].range
            if excluded is not None:
                fits &= ~self.tables.members(family, excluded)
        reached = self.tables.reached
        reached[family] = reached.get(family, 0) | fits
        if self.allowed is not None:
            fits &= self.allowed(family)
        if not fits:
            return False
        if old:
            self.first = min(self.first, self.places[family])
        else:
            self.places[family] = len(self.order)
            self.order.append(family)
        self.trail.append((family, old, cause))
        self.masks[family] = fits
        self.added.append(family)
        self.enlist(family)
        return True

    def append(self, family: int) -> None:
        """Give a family the last place."""
        self.places[family] = len(self.order)
        self.order.append(family)

    def enlist(self, family: int) -> None:
        """Note what a package may lose variants to."""
        users = self.users
        for target, _, user in self.tables.enlisted(family):
            using = users[target]
            if using is None:
                users[target] = [user]
            else:
                using.append(user)
        own = users[family]
        if own and own[-1][0] == family:
            own.pop()  # what a package says of itself doesn't count
        if self.tables.ephemerals[family]:
            for target, user in self.ephemerals_of(family):
                users[target] = [*(users[target] or ()), user]

    def ephemerals_of(self, family: int) -> Iterator[tuple[int, User]]:
        """The ephemerals that a package may lose variants to."""
        for target, without, asked, excluded in self.tables.ephemerals[family]:
            if without or excluded or len(asked) > 1:
                yield target, (family, asked, excluded, 0)

    def undo(self, mark: int) -> None:
        """Take back all changes since the trail was `mark` long."""
        masks, trail = self.masks, self.trail
        for family, old, _ in reversed(trail[mark:]):
            if not isinstance(old, int):
                self.others[family] = old
                continue
            if old <= 0 < masks[family]:
                self._strike(family)
            masks[family] = old
            if not old:
                self.order.pop()
                self.others.pop(family, None)
        del trail[mark:]
        self.added.clear()

    def _strike(self, family: int) -> None:
        """Undo `enlist`; whoever came later is gone already."""
        targets = [target for target, _, _ in self.tables.varying[family] or () if target != family]
        for target in [*targets, *(target for target, _ in self.ephemerals_of(family))]:
            using = self.users[target]
            if using:
                using.pop()

    def unsettled(self) -> int | None:
        """The first package that still has a choice of variants; None if there is none."""
        masks, order = self.masks, self.order
        for place in range(self.first, len(order)):
            mask = masks[order[place]]
            if mask > 0 and mask & (mask - 1):
                self.first = place
                return order[place]
        self.first = len(order)
        return None


def find(
    tables: Tables,
    requirement: Requirement,
    visible: Callable[[int, VersionRange], int],
    no_family: Callable[[str], Exception],
) -> int:
    """The variants of a requirement that is new to a resolve.

    :raises PackageNotFoundError: there are none
    :raises Exception: what `no_family` gives, if there is no package of that name
    """
    family = tables.number(requirement.name)
    if not tables.load(family).size:
        raise no_family(requirement.name)
    range_ = requirement.range or VersionRange("")
    found = visible(family, range_)
    if not found:
        shown = Requirement.construct(requirement.name, range_)
        raise PackageNotFoundError(f"Package could not be found: {shown}")
    return found
