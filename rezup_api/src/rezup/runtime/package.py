"""Packages and their variants, loaded and checked piece by piece as they are asked for."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from rezup.errors import PackageDefinitionError
from rezup.runtime.attributes import ATTRIBUTES, LATE, checked
from rezup.runtime.late import Binding, value_of
from rezup.runtime.source_code import SourceCode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rezup.resolver.repository import LateBinding
    from rezup.resolver.requirement import Requirement
    from rezup.resolver.version import Version
    from rezup.runtime.config import Config
    from rezup.runtime.place import Place

#: Attributes that come from where the package lies.
_FROM_PLACE = frozenset(["name", "version", "base"])


class Package:
    """One version of a package.

    Every attribute that Rez knows is one here; None where the file does not have it. Keys of the
    package's own are attributes, too. Late-bound ones are run when asked for, each once.

    :raises PackageDefinitionError: on access, if the file can't be loaded or the value can't be used
    """

    is_package = True
    is_variant = False

    def __init__(self, place: Place, config: Config, binding: Binding | None = None) -> None:
        self.place = place
        self._config = config
        self._binding = binding
        self._values: dict[str, Any] = {}
        self._answers: dict[str, Any] = {}

    @property
    def name(self) -> str:
        """The name of its family."""
        return self.place.name

    @property
    def version(self) -> Version:
        """Its version; the empty one if it has none."""
        return self.place.version

    @property
    def uri(self) -> str:
        """Its definition file; for a version of a combined file with the version in `<>`."""
        return self.place.uri

    @property
    def base(self) -> str | None:
        """The folder of its payload; None for combined ones, which have none."""
        redirected: str | None = self.data.get("_redirected_base")
        return redirected or self.place.folder

    @property
    def data(self) -> Mapping[str, Any]:
        """What the file says, unchecked."""
        return self.place.data()

    @property
    def config(self) -> Config:
        """The configuration under its own `config` section."""
        own = self._attribute("config")
        return self._config if own is None else self._config.with_overrides(own)

    @property
    def qualified_name(self) -> str:
        """Such as "maya-2022.1"."""
        return f"{self.name}-{self.version}" if self.version else self.name

    @property
    def num_variants(self) -> int:
        """How many variants the file names."""
        return len(self.data.get("variants") or ())

    @property
    def keys_of_its_own(self) -> frozenset[str]:
        """The keys that Rez does not know."""
        return frozenset(self.data) - ATTRIBUTES.keys() - _FROM_PLACE

    def as_exact_requirement(self) -> str:
        """The requirement of just this version."""
        return f"{self.name}=={self.version}" if self.version else self.name

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        value = self._attribute(name)
        if isinstance(value, SourceCode) and value.is_late:
            return self._answered(name, value)
        return value

    def get(self, name: str, default: Any = None) -> Any:
        """An attribute, or the default where there is none of that name."""
        return getattr(self, name) if name in ATTRIBUTES or name in self.data else default

    def attribute(self, name: str) -> Any:
        """An attribute as the file has it: late-bound ones are the function's text."""
        return self._attribute(name)

    def variants_of_it(self) -> Iterator[Variant]:
        """Its variants; where there are none, the one whose index is None."""
        known = self.variants
        for index in range(len(known)) if known else (None,):
            yield Variant(self, index)

    def variant(self, index: int | None = None) -> Variant | None:
        """The variant of this index."""
        return next((each for each in self.variants_of_it() if each.index == index), None)

    def in_resolve(self, given: LateBinding) -> Package:
        """The same package, whose late-bound functions see this resolve."""
        return Package(self.place, self._config, Binding(given, self._config.facts))

    def validate(self) -> None:
        """Check every attribute.

        :raises PackageDefinitionError: the first one that can't be used
        """
        for name in self.data:
            if name not in _FROM_PLACE:
                self._attribute(name)

    def __repr__(self) -> str:
        return f"Package({self.uri!r})"

    def _attribute(self, name: str) -> Any:
        if name in self._values:
            return self._values[name]
        data = self.place.data()
        if name not in data:
            if name in ATTRIBUTES:
                return None
            raise AttributeError(f"package {self.qualified_name} has no attribute {name}")
        try:
            value = checked(name, data[name])
        except ValueError as error:
            raise self._unusable(name, error) from error
        if isinstance(value, SourceCode) and not value.path:
            value.path = self.place.path
        self._values[name] = value
        return value

    def bound(self, name: str, source: SourceCode, this: Package | Variant) -> Any:
        """The value of a late-bound attribute.

        :param this: what its function sees as `this`: the package, or the variant that was asked
        :raises PackageDefinitionError: the function fails, or gives what can't be used
        """
        value = value_of(source, this, self._binding)
        if name in LATE:
            try:
                value = LATE[name](value)
            except ValueError as error:
                raise self._unusable(name, error) from error
        return value

    def _answered(self, name: str, source: SourceCode) -> Any:
        if name not in self._answers:
            self._answers[name] = self.bound(name, source, self)
        return self._answers[name]

    def _unusable(self, name: str, error: ValueError) -> PackageDefinitionError:
        return PackageDefinitionError(f"{name} can't be used", path=self.uri, context=str(error))


class Variant:
    """One variant of a package; what it has not itself, it takes from the package."""

    is_package = False
    is_variant = True

    __slots__ = ("_values", "index", "parent")

    def __init__(self, parent: Package, index: int | None) -> None:
        self.parent = parent
        self.index = index
        self._values: dict[str, Any] = {}

    @property
    def name(self) -> str:
        """The name of its family."""
        return self.parent.name

    @property
    def version(self) -> Version:
        """See `Package`."""
        return self.parent.version

    @property
    def base(self) -> str | None:
        """See `Package`."""
        return self.parent.base

    @property
    def uri(self) -> str:
        """The package's, and the index in brackets."""
        return f"{self.parent.uri}[{'' if self.index is None else self.index}]"

    @property
    def qualified_package_name(self) -> str:
        """That of the package."""
        return self.parent.qualified_name

    @property
    def qualified_name(self) -> str:
        """Such as "maya-2022.1[1]"."""
        return f"{self.parent.qualified_name}[{'' if self.index is None else self.index}]"

    @property
    def variant_requires(self) -> list[Requirement]:
        """What this variant requires beside all others."""
        return [] if self.index is None else list(self.parent.variants[self.index])

    @property
    def requires(self) -> list[Requirement]:
        """What the package requires, then the variant."""
        return [*(self.parent.requires or ()), *self.variant_requires]

    @property
    def subpath(self) -> str | None:
        """The folder of its payload below the package's; None for the one of index None."""
        return self._subpath(self.parent.place.shortlinks)

    @property
    def long_subpath(self) -> str | None:
        """The same without short links."""
        return self._subpath(None)

    @property
    def root(self) -> str | None:
        """The folder of its payload; None where the package has none."""
        if self.base is None or self.index is None:
            return self.base
        return os.path.join(self.base, self.subpath or "")

    def get_requires(
        self, *, build_requires: bool = False, private_build_requires: bool = False
    ) -> list[Requirement]:
        """What it requires, and on demand what building it requires."""
        found = self.requires
        if build_requires:
            found += self.build_requires or ()
        if private_build_requires:
            found += self.private_build_requires or ()
        return found

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name in self._values:
            return self._values[name]
        if name in ATTRIBUTES or name in self.parent.data:
            value = self.parent.attribute(name)
            if isinstance(value, SourceCode) and value.is_late:
                value = self._values[name] = self.parent.bound(name, value, self)
            return value
        return getattr(self.parent, name)

    def __repr__(self) -> str:
        return f"Variant({self.uri!r})"

    def _subpath(self, shortlinks: str | None) -> str | None:
        if self.index is None:
            return None
        if not self.parent.hashed_variants:
            return os.path.join("", *(each.safe_str() for each in self.variant_requires))
        written = str([str(each) for each in self.variant_requires])
        import hashlib

        # Names a folder; it is not there to be secret.
        digest = hashlib.sha1(written.encode(), usedforsecurity=False).hexdigest()
        if shortlinks and self.base is not None:
            found = _link_to(os.path.join(self.base, shortlinks), os.path.join(self.base, digest))
            if found is not None:
                return os.path.join(shortlinks, found)
        return digest


def _link_to(folder: str, target: str) -> str | None:
    """The name of the symbolic link in this folder that leads to the target."""
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return None
    for name in names:
        path = os.path.join(folder, name)
        if os.path.islink(path) and os.path.normpath(os.path.join(folder, os.readlink(path))) == target:
            return name
    return None
