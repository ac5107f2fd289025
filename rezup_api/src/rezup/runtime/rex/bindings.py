"""Versions, packages and requests as commands see them: what they may ask, and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rezup.resolver.ranges import VersionRange
from rezup.resolver.requirement import Requirement

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rezup.resolver.version import Version, VersionToken
    from rezup.runtime.package import Variant


class VersionBinding:
    """A version; its tokens are numbers where they are written as such, and None where it ends."""

    __slots__ = ("_version",)

    def __init__(self, version: Version) -> None:
        self._version = version

    @property
    def major(self) -> int | str | None:
        """The first token."""
        token: int | str | None = self[0]
        return token

    @property
    def minor(self) -> int | str | None:
        """The second token."""
        token: int | str | None = self[1]
        return token

    @property
    def patch(self) -> int | str | None:
        """The third token."""
        token: int | str | None = self[2]
        return token

    def as_tuple(self) -> tuple[int | str, ...]:
        """All tokens."""
        return tuple(map(_token, self._version.as_tuple()))

    def __getitem__(self, index: int | slice) -> Any:
        try:
            found = self._version.as_tuple()[index]
        except IndexError:
            return None
        return _token(found) if isinstance(found, str) else tuple(map(_token, found))

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"version {self} has no attribute {name!r}")

    def __len__(self) -> int:
        return len(self._version)

    def __iter__(self) -> Iterator[VersionToken]:
        return iter(self._version)

    def __str__(self) -> str:
        return str(self._version)


def _token(text: str) -> int | str:
    return int(text) if text.isdigit() and (text[0] != "0" or text == "0") else text


class PackageBinding:
    """`this`, and what `resolve` holds: the variant of a package, its root made fit for the shell.

    The root is that of the copy in the package cache, where the package is in it.
    """

    __slots__ = ("_bind", "_variant", "cached_root", "root", "version")

    def __init__(
        self, variant: Variant, root: str | None, cached_root: str | None,
        bind: Callable[[Variant], Variant],
    ) -> None:  # fmt: skip
        """Note what is known of it.

        :param bind: gives the variant whose late-bound attributes see this environment
        """
        self._variant = variant
        self._bind: Callable[[Variant], Variant] | None = bind
        self.root = root
        self.cached_root = cached_root
        self.version = VersionBinding(variant.parent.version)

    def __getattr__(self, name: str) -> Any:
        if self._bind is not None:
            self._variant = self._bind(self._variant)
            self._bind = None
        try:
            return getattr(self._variant, name)
        except AttributeError:
            raise AttributeError(f"package {self} has no attribute {name!r}") from None

    def __str__(self) -> str:
        return self._variant.parent.qualified_name


class Resolve:
    """The packages of the environment by name, as items and as attributes."""

    __slots__ = ("_packages",)

    def __init__(self, packages: Mapping[str, PackageBinding]) -> None:
        self._packages = packages

    def get(self, name: str, default: Any = None) -> Any:
        """A package, or the default where it is not in the environment."""
        return self._packages.get(name, default)

    def __getitem__(self, name: str) -> PackageBinding:
        try:
            return self._packages[name]
        except KeyError:
            raise AttributeError(f"there is no package {name!r} in the environment") from None

    __getattr__ = __getitem__

    def __contains__(self, name: object) -> bool:
        return name in self._packages


def intersects(found: Any, wanted: str) -> bool:
    """Whether a request (text), a range, a package or its version has something of a range.

    :raises TypeError: it is none of these, such as the None of a package that is not there
    """
    range_ = VersionRange(wanted)
    if isinstance(found, str):
        requirement = Requirement(found)
        return (
            not requirement.conflict
            and requirement.range is not None
            and range_.intersects(requirement.range)
        )
    if isinstance(found, VersionRange):
        return range_.intersects(found)
    if isinstance(found, (PackageBinding, VersionBinding)):
        version = found.version if isinstance(found, PackageBinding) else found
        return range_.intersects(VersionRange(str(version)))
    raise TypeError(f"intersects() can't compare {type(found).__name__} with a range")


class OptionVars:
    """`optionvars`: what the setting of that name holds, by a dotted name."""

    __slots__ = ("_get",)

    def __init__(self, get: Callable[[], Any]) -> None:
        self._get = get

    def __call__(self, name: str, default: Any = None) -> Any:
        """The value of this name.

        :raises TypeError: the name leads through a value that is no dictionary
        """
        value = self._get() or {}
        passed: list[str] = []
        for key in name.split("."):
            if not isinstance(value, dict):
                raise TypeError(f"optionvar {name!r}: {'.'.join(passed)!r} is no dictionary")
            if key not in value:
                return default
            value = value[key]
            passed.append(key)
        return value
