"""Requirements of packages, as Rez writes and joins them.

==================  =============================================================
``foo``             any version of foo
``foo-1.2+<2``      foo in this range; also ``foo@1.2+<2``, ``foo#1.2+<2``, ``foo==1.2``
``!foo-1``          a conflict: no foo in this range
``~foo-1``          weak: foo need not be there; if it is, then in this range
``.foo-1``          ephemeral: not a package, just a name that must agree
==================  =============================================================

A weak requirement is kept as the conflict with the inverse of its range: `~foo-1` as
`!foo-<1|1_+`. `~foo` has nothing to exclude; its range is None and it has no effect.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup.errors import InvalidRequirementError, InvalidVersionError
from rezup.resolver.ranges import VersionRange
from rezup.resolver.version import Immutable, Version, fill

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


_CACHED = 1 << 15
_cache: dict[str, Requirement] = {}

_NAME_ENDS = frozenset("-@#=<>")
_SEPARATORS = ("-", "@", "#")
_OPERATORS = ("=", "<", ">")
_ANY = VersionRange("")


class VersionedObject(Immutable):
    """A name and one version, such as `foo-1.2`."""

    __slots__ = ("_separator", "name", "version")

    name: str
    version: Version
    """The empty version for a bare name."""
    _separator: str

    def __init__(self, text: str) -> None:
        """:raises InvalidVersionError: what follows the name is no version"""
        size = next((at for at, letter in enumerate(text) if letter in _SEPARATORS), len(text))
        fill(self, "name", text[:size])
        fill(self, "version", Version(text[size + 1 :]))
        fill(self, "_separator", text[size : size + 1] if self.version else "-")

    @classmethod
    def construct(cls, name: str, version: Version | None = None) -> VersionedObject:
        """That of a name and a version."""
        self = object.__new__(cls)
        fill(self, "name", name)
        fill(self, "version", Version("") if version is None else version)
        fill(self, "_separator", "-")
        return self

    def as_exact_requirement(self) -> str:
        """The text of the requirement of this version alone; of the name, without a version."""
        return f"{self.name}=={self.version}" if self.version else self.name

    def __str__(self) -> str:
        return f"{self.name}{self._separator}{self.version}" if self.version else self.name

    def __repr__(self) -> str:
        return f"VersionedObject({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, VersionedObject):
            return NotImplemented
        return self.name == other.name and self.version == other.version

    def __hash__(self) -> int:
        return hash((self.name, self.version))

    def __reduce__(self) -> tuple[object, ...]:
        return VersionedObject, (str(self),)


class Requirement(Immutable):
    """What is asked of one package; see the module for its text.

    Two are equal if name, range and ``conflict`` are; `~foo-1` equals `!foo-<1|1_+`.
    """

    __slots__ = ("_separator", "_text", "conflict", "name", "range", "weak")

    name: str
    range: VersionRange | None
    """What is asked for, or excluded if it is a conflict; None has no effect (`~foo`)."""
    conflict: bool
    """Whether the range is excluded; so for weak requirements, too."""
    weak: bool
    _separator: str
    _text: str | None

    def __new__(cls, text: str) -> Requirement:
        """:raises InvalidRequirementError: the range isn't one; any name will do, see `parse_package`"""
        found = _cache.get(text)
        if found is None:
            if len(_cache) >= _CACHED:
                _cache.clear()
            _cache[text] = found = cls._parsed(text)
        return found

    @classmethod
    def _parsed(cls, text: str) -> Requirement:
        kind = text[:1] if text.startswith(("!", "~")) else ""
        rest = text[len(kind) :]
        size = next((at for at, letter in enumerate(rest) if letter in _NAME_ENDS), len(rest))
        name, versions = rest[:size], rest[size:]
        separator = "-"
        if versions.startswith(_SEPARATORS):
            separator, versions = versions[0], versions[1:]
        try:
            found: VersionRange | None = VersionRange(versions)
        except InvalidVersionError as error:
            raise InvalidRequirementError(f"{text[:80]!a} is no requirement", context=str(error)) from error
        if kind == "~" and found is not None:
            found = found.inverse()
        return cls._of(name, found, separator, conflict=bool(kind), weak=kind == "~")

    @classmethod
    def _of(
        cls, name: str, range_: VersionRange | None, separator: str, *, conflict: bool, weak: bool
    ) -> Requirement:
        self = object.__new__(cls)
        fill(self, "name", name)
        fill(self, "range", range_)
        fill(self, "conflict", conflict)
        fill(self, "weak", weak)
        fill(self, "_separator", separator)
        fill(self, "_text", None)
        return self

    @classmethod
    def construct(cls, name: str, range: VersionRange | None = None) -> Requirement:  # noqa: A002 -- Rez's name of it
        """The plain requirement of a name in a range; without one, of any version."""
        return cls._of(name, _ANY if range is None else range, "-", conflict=False, weak=False)

    @classmethod
    def parse_package(cls, text: str) -> Requirement:
        """Reads a requirement as requests and package definitions do: the name must be one.

        :raises InvalidRequirementError: the range isn't one; or the name isn't, and that of an
            ephemeral isn't in a conflict or weak requirement, either
        """
        found = cls(text)
        name = found.name[1:] if found.is_ephemeral and not found.conflict else found.name
        if not is_package_name(name):
            raise InvalidRequirementError(
                f"{text[:80]!a} is no requirement", context=f"{name[:80]!a} can't be the name of a package"
            )
        return found

    @property
    def is_ephemeral(self) -> bool:
        """Whether it is no package but a name that must agree."""
        return self.name.startswith(".")

    def conflicts_with(self, other: Requirement | VersionedObject) -> bool:
        """Whether nothing can be both.

        Two conflicts never clash. A conflict and a plain requirement clash only if all of the
        range that is asked for is excluded.
        """
        if self.name != other.name or self.range is None:
            return False
        if isinstance(other, VersionedObject):
            return self.conflict is self.range.contains_version(other.version)
        if other.range is None:
            return False
        if self.conflict:
            return not other.conflict and self.range.issuperset(other.range)
        if other.conflict:
            return other.range.issuperset(self.range)
        return not self.range.intersects(other.range)

    def merged(self, other: Requirement) -> Requirement | None:
        """The one requirement that is both; None where there is none, or of different names."""
        if self.name != other.name:
            return None
        first, second = self.range, other.range
        if first is None:
            return other
        if second is None:
            return self
        if self.conflict and other.conflict:
            both = first.union(second)
            weak = self.weak and other.weak and not both.is_any()
            return self._of(self.name, both, self._separator, conflict=True, weak=weak)
        if self.conflict:
            left, separator = second - first, other._separator
        elif other.conflict:
            left, separator = first - second, self._separator
        else:
            left, separator = first.intersection(second), self._separator
        if left is None:
            return None
        return self._of(self.name, left, separator, conflict=False, weak=False)

    def safe_str(self) -> str:
        """As `str`, in Rez's words for a text that is safe to store."""
        return str(self)

    def __str__(self) -> str:
        if self._text is None:
            fill(self, "_text", self._written())
        return self._text or ""

    def _written(self) -> str:
        kind = "~" if self.weak else "!" if self.conflict else ""
        shown = self.range.inverse() if self.weak and self.range is not None else self.range
        versions = "" if shown is None else str(shown)
        separator = self._separator if versions and not versions.startswith(_OPERATORS) else ""
        return f"{kind}{self.name}{separator}{versions}"

    def __repr__(self) -> str:
        return f"Requirement({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Requirement):
            return NotImplemented
        return self.name == other.name and self.conflict is other.conflict and self.range == other.range

    def __hash__(self) -> int:
        return hash((self.name, self.conflict, self.range))

    def __reduce__(self) -> tuple[object, ...]:
        return _restored, (self.name, self.range, self._separator, self.conflict, self.weak)


def _restored(
    name: str, range_: VersionRange | None, separator: str, conflict: bool, weak: bool
) -> Requirement:
    return Requirement._of(name, range_, separator, conflict=conflict, weak=weak)


def is_package_name(text: str) -> bool:
    """Whether a package may have this name: letters, digits and `_`, with single dots inside."""
    return text.isascii() and all(part.replace("_", "0").isalnum() for part in text.split("."))


class RequirementList(Immutable):
    """Requirements folded into one for each name, at the place of its first mention.

    If two clash then ``conflict`` is the pair (all so far of that name, what clashed with it),
    and there are no ``requirements``.
    """

    __slots__ = ("_by_name", "conflict", "conflict_names", "names", "requirements")

    requirements: tuple[Requirement, ...]
    conflict: tuple[Requirement, Requirement] | None
    names: frozenset[str]
    """Names that are asked for."""
    conflict_names: frozenset[str]
    """Names of conflict and weak requirements."""
    _by_name: dict[str, Requirement]

    def __init__(self, requirements: Iterable[Requirement]) -> None:
        by_name: dict[str, Requirement] = {}
        conflict = None
        for requirement in requirements:
            so_far = by_name.get(requirement.name)
            if so_far is None:
                by_name[requirement.name] = requirement
                continue
            merged = so_far.merged(requirement)
            if merged is None:
                conflict = (so_far, requirement)
                break
            by_name[requirement.name] = merged
        found = () if conflict else tuple(by_name.values())
        fill(self, "requirements", found)
        fill(self, "conflict", conflict)
        fill(self, "names", frozenset([each.name for each in found if not each.conflict]))
        fill(self, "conflict_names", frozenset([each.name for each in found if each.conflict]))
        fill(self, "_by_name", by_name)

    def get(self, name: str) -> Requirement | None:
        """The merged requirement of a name."""
        return self._by_name.get(name)

    def __iter__(self) -> Iterator[Requirement]:
        return iter(self.requirements)

    def __len__(self) -> int:
        return len(self.requirements)

    def __str__(self) -> str:
        if self.conflict is not None:
            return f"{self.conflict[0]} <--!--> {self.conflict[1]}"
        return " ".join(map(str, self.requirements))

    def __repr__(self) -> str:
        return f"RequirementList({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RequirementList):
            return NotImplemented
        return self.requirements == other.requirements and self.conflict == other.conflict

    def __hash__(self) -> int:
        return hash((self.requirements, self.conflict))
