"""Which packages a resolve does not see: Rez's package filters.

A rule is a text, with its kind before parentheses or without:

==========================  ==========================================================
``glob(foo-*.beta)``        the name as a glob: ``foo``, or ``foo-1.2`` with a version
``regex(.*-.*[.]alpha)``    the name begins with a regular expression
``range(foo-1+<2)``         a requirement, also ``!foo-1`` (all but these)
``before(1429830188)``      released up to then, in seconds since 1970
``after(1429830188)``       released later than then
==========================  ==========================================================

Without a kind it is a glob if there is a ``*`` in it, else a range. No time of release is
neither before nor after.

A filter hides a package if one of its exclusions matches and none of its inclusions does; a
list of filters, if one of them does. `rez-env --exclude RULE` and `--include RULE` are
`PackageFilterList.with_exclusion` and `with_inclusion`.

As in Rez, a glob or regex up to its last ``-``, ``@`` or ``#``, before any ``*`` or ``?``, is the name
of the one package that it is for. So `foo-1-*` is for a package named "foo-1", which can't be: write
`foo-1?*`. And `regex(^foo-1)` is for a package named "^foo": leave the ``^`` away.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from rezup.errors import InvalidFilterError, InvalidRequirementError
from rezup.resolver.requirement import Requirement, VersionedObject
from rezup.resolver.version import Immutable, fill

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Any, ClassVar, Protocol, TypeAlias

    from rezup.resolver.version import Version

    PlainData: TypeAlias = Mapping[str, Any]

    class Released(Protocol):
        """What a rule looks at: a `PackageRecord`, or anything of its form."""

        @property
        def name(self) -> str: ...
        @property
        def version(self) -> Version: ...
        @property
        def timestamp(self) -> int: ...


class Rule(Immutable, ABC):
    """One rule; ``family`` is the name of the only package that it is for, or None for any."""

    __slots__ = ("family", "text")

    name: ClassVar[str]
    family: str | None
    text: str

    def match(self, package: Released) -> bool:
        """Whether it is for this package, and applies."""
        return (self.family is None or self.family == package.name) and self.applies(package)

    @abstractmethod
    def applies(self, package: Released) -> bool:
        """As `match`, for a package that it is for."""

    @staticmethod
    def parse_rule(text: str) -> Rule:
        """The rule that a text means.

        :raises InvalidFilterError: it means none
        """
        kind, inner = _labelled(text)
        if not kind:
            kind = "glob" if "*" in inner else "range"
        if kind not in _KINDS:
            known = ", ".join(sorted(_KINDS))
            raise InvalidFilterError(
                f"{text[:80]!a} is no rule of a package filter", context=f"its kind is none of {known}"
            )
        return _KINDS[kind](inner)

    def __str__(self) -> str:
        return f"{self.name}({self.text})"

    def __repr__(self) -> str:
        return f"Rule.parse_rule({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return str(self) == str(other) if isinstance(other, Rule) else NotImplemented

    def __hash__(self) -> int:
        return hash(str(self))


class RegexRule(Rule):
    """The name begins with a regular expression."""

    __slots__ = ("_pattern",)

    name = "regex"
    _pattern: re.Pattern[str] | None

    def __init__(self, text: str) -> None:
        """:raises InvalidFilterError: it is no regular expression"""
        fill(self, "text", text)
        fill(self, "family", _family(text))
        fill(self, "_pattern", self._compiled())

    def _compiled(self) -> re.Pattern[str]:
        import re

        try:
            return re.compile(self._expression())
        except re.error as error:
            raise InvalidFilterError(f"{self.text[:80]!a} is no pattern", context=str(error)) from error

    def _expression(self) -> str:
        return self.text

    def applies(self, package: Released) -> bool:
        """See `Rule`."""
        whole = f"{package.name}-{package.version}" if package.version else package.name
        return self._pattern is not None and self._pattern.match(whole) is not None


class GlobRule(RegexRule):
    """The whole name fits a glob: `*` any text, `?` any character, `[…]` any of these."""

    __slots__ = ()

    name = "glob"

    def _expression(self) -> str:
        import fnmatch

        return fnmatch.translate(self.text)


class RangeRule(Rule):
    """The package fits a requirement."""

    __slots__ = ("requirement",)

    name = "range"
    requirement: Requirement

    def __init__(self, text: str) -> None:
        """:raises InvalidFilterError: it is no requirement"""
        try:
            requirement = Requirement(text)
        except InvalidRequirementError as error:
            raise InvalidFilterError(
                f"{text[:80]!a} is no rule of a package filter", context=str(error)
            ) from error
        fill(self, "requirement", requirement)
        fill(self, "text", str(requirement))
        fill(self, "family", requirement.name)

    def applies(self, package: Released) -> bool:
        """See `Rule`."""
        return not self.requirement.conflicts_with(VersionedObject.construct(package.name, package.version))


class TimestampRule(Rule):
    """The package was released up to a moment, or later than that."""

    __slots__ = ("reverse", "timestamp")

    timestamp: int
    reverse: bool
    """Whether it is for later ones."""

    def __init__(self, timestamp: int, *, family: str | None = None, reverse: bool = False) -> None:
        """:param timestamp: seconds since 1970"""
        fill(self, "timestamp", timestamp)
        fill(self, "reverse", reverse)
        fill(self, "text", str(timestamp))
        fill(self, "family", family)

    @classmethod
    def before(cls, timestamp: int, family: str | None = None) -> TimestampRule:
        """That for packages released up to a moment."""
        return cls(timestamp, family=family)

    @classmethod
    def after(cls, timestamp: int, family: str | None = None) -> TimestampRule:
        """That for packages released later than a moment."""
        return cls(timestamp, family=family, reverse=True)

    def applies(self, package: Released) -> bool:
        """See `Rule`."""
        return bool(package.timestamp) and (package.timestamp > self.timestamp) is self.reverse

    def __str__(self) -> str:
        return f"{'after' if self.reverse else 'before'}({self.timestamp})"


class PackageFilter(Immutable):
    """Exclusions, and inclusions that spare what they match from them."""

    __slots__ = ("exclusions", "inclusions")

    exclusions: tuple[Rule, ...]
    inclusions: tuple[Rule, ...]

    def __init__(self, exclusions: Iterable[Rule] = (), inclusions: Iterable[Rule] = ()) -> None:
        fill(self, "exclusions", tuple(exclusions))
        fill(self, "inclusions", tuple(inclusions))

    def excludes(self, package: Released) -> Rule | None:
        """The first exclusion that hides a package; None if it is visible."""
        for rule in self.exclusions:
            if rule.match(package):
                return None if any(spared.match(package) for spared in self.inclusions) else rule
        return None

    def with_exclusion(self, rule: Rule) -> PackageFilter:
        """It, with one exclusion more."""
        return PackageFilter((*self.exclusions, rule), self.inclusions)

    def with_inclusion(self, rule: Rule) -> PackageFilter:
        """It, with one inclusion more."""
        return PackageFilter(self.exclusions, (*self.inclusions, rule))

    def to_pod(self) -> dict[str, list[str]]:
        """Its plain data, as in Rez's setting `package_filter`."""
        rules = {"excludes": self.exclusions, "includes": self.inclusions}
        return {key: list(map(str, found)) for key, found in rules.items() if found}

    @classmethod
    def from_pod(cls, data: PlainData) -> PackageFilter:
        """The filter that plain data describes: `excludes` and `includes`, each a rule or a list of them.

        :raises InvalidFilterError: it describes none
        """
        return cls(_rules(data, "excludes"), _rules(data, "includes"))

    def __bool__(self) -> bool:
        """Whether it can hide anything."""
        return bool(self.exclusions)

    def __eq__(self, other: object) -> bool:
        return self.to_pod() == other.to_pod() if isinstance(other, PackageFilter) else NotImplemented

    def __hash__(self) -> int:
        return hash((self.exclusions, self.inclusions))

    def __repr__(self) -> str:
        return f"PackageFilter.from_pod({self.to_pod()})"


class PackageFilterList(Immutable):
    """Filters, of which each may hide a package."""

    __slots__ = ("filters",)

    filters: tuple[PackageFilter, ...]

    def __init__(self, filters: Iterable[PackageFilter] = ()) -> None:
        fill(self, "filters", tuple(filters))

    def excludes(self, package: Released) -> Rule | None:
        """The first exclusion that hides a package; None if it is visible."""
        for each in self.filters:
            rule = each.excludes(package)
            if rule is not None:
                return rule
        return None

    def with_exclusion(self, rule: Rule) -> PackageFilterList:
        """It, with one exclusion more in its last filter, or in a first one."""
        last = self.filters[-1] if self.filters else PackageFilter()
        return PackageFilterList((*self.filters[:-1], last.with_exclusion(rule)))

    def with_inclusion(self, rule: Rule) -> PackageFilterList:
        """It, with one inclusion more in each filter."""
        return PackageFilterList([each.with_inclusion(rule) for each in self.filters])

    def to_pod(self) -> list[dict[str, list[str]]]:
        """Its plain data."""
        return [each.to_pod() for each in self.filters]

    @classmethod
    def from_pod(cls, data: PlainData | Iterable[PlainData] | None) -> PackageFilterList:
        """The list that plain data describes: one filter or several; None is no filter.

        The filters are in Rez's order, the cheaper ones first: `with_exclusion` adds to the last.

        :raises InvalidFilterError: it describes none
        """
        if data is None:
            return cls()
        several: Iterable[Any] = (data,) if hasattr(data, "get") else data
        return cls(sorted(map(PackageFilter.from_pod, several), key=_cost))

    def __bool__(self) -> bool:
        """Whether it can hide anything."""
        return any(self.filters)

    def __len__(self) -> int:
        return len(self.filters)

    def __iter__(self) -> Iterator[PackageFilter]:
        return iter(self.filters)

    def __eq__(self, other: object) -> bool:
        return self.filters == other.filters if isinstance(other, PackageFilterList) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.filters)

    def __repr__(self) -> str:
        return f"PackageFilterList.from_pod({self.to_pod()})"


def _cost(each: PackageFilter) -> float:
    """What Rez takes it to cost: a time of release must be read, and most rules are for one package."""
    return sum(
        (1000 if isinstance(rule, TimestampRule) else 10) / (1 if rule.family is None else 10)
        for rule in each.exclusions
    )


def _labelled(text: str) -> tuple[str, str]:
    """The kind and the inner text of `kind(text)`; the kind is empty in any other text."""
    kind, bracket, inner = text.removesuffix(")").partition("(")
    labelled = bracket and text.endswith(")") and kind and inner and not set(inner) & set("()")
    return (kind, inner) if labelled else ("", text)


def _family(text: str) -> str | None:
    plain = min((at for at, letter in enumerate(text) if letter in "*?"), default=len(text))
    end = max(text.rfind(separator, 1, plain) for separator in "-@#")
    return text[:end] if end > 0 else None


def _timestamp(text: str) -> int:
    """:raises InvalidFilterError: it is no number"""
    try:
        return int(text)
    except ValueError as error:
        raise InvalidFilterError(
            f"{text[:80]!a} is no time of release", context="it is a number, seconds since 1970"
        ) from error


def _rules(data: PlainData, key: str) -> list[Rule]:
    """:raises InvalidFilterError: it is no list of rules"""
    found = data.get(key, ()) if hasattr(data, "get") else None
    texts = [found] if isinstance(found, str) else found
    if not isinstance(texts, (list, tuple)) or not all(isinstance(text, str) for text in texts):
        raise InvalidFilterError(f"`{key}` is no rule and no list of rules", context=f"in {str(data)[:80]!a}")
    return [Rule.parse_rule(text) for text in texts]


_KINDS: dict[str, Callable[[str], Rule]] = {
    "glob": GlobRule,
    "regex": RegexRule,
    "range": RangeRule,
    "before": lambda text: TimestampRule.before(_timestamp(text)),
    "after": lambda text: TimestampRule.after(_timestamp(text)),
}
