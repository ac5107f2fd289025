"""Running late-bound functions, and what they see."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from rezup.errors import PackageDefinitionError
from rezup.resolver.ranges import VersionRange
from rezup.resolver.requirement import Requirement

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import ModuleType

    from rezup.resolver.repository import LateBinding
    from rezup.runtime.config.facts import SystemFacts
    from rezup.runtime.package import Package, Variant
    from rezup.runtime.source_code import SourceCode

#: Where an installed package keeps the modules that its functions include.
INCLUDE_FOLDER = os.path.join(".rez", "include")


class RequirementTexts:
    """Requirements by name, as package code sees them: each is its text."""

    _missing = "it is not in the request"

    def __init__(self, requirements: Iterable[Requirement]) -> None:
        self._texts = {self._key(each.name): str(each) for each in requirements}

    @staticmethod
    def _key(name: str) -> str:
        return name

    def get(self, name: str, default: Any = None) -> Any:
        """The text of a requirement."""
        return self._texts.get(name, default)

    def get_range(self, name: str, default: str | None = None) -> VersionRange | None:
        """The range of a requirement."""
        text = self._texts.get(name)
        if text:
            return Requirement(text).range
        return None if default is None else VersionRange(default)

    def __getitem__(self, name: str) -> str:
        return self.__getattr__(name)

    def __getattr__(self, name: str) -> str:
        if name == "_texts" or name not in self._texts:
            raise AttributeError(f"{name}: {self._missing}")
        return self._texts[name]

    def __contains__(self, name: object) -> bool:
        return name in self._texts

    def __str__(self) -> str:
        return str(list(self._texts.values()))


class EphemeralTexts(RequirementTexts):
    """The same for ephemerals, whose leading dot is left out."""

    _missing = "there is no such ephemeral"

    @staticmethod
    def _key(name: str) -> str:
        return name[1:]


def intersects(found: Any, wanted: str) -> bool:
    """Whether a requirement (text), a range or a version has something in common with a range."""
    if isinstance(found, str):
        requirement = Requirement(found)
        if requirement.conflict:
            return False
        range_ = requirement.range
    elif isinstance(found, VersionRange):
        range_ = found
    else:
        range_ = VersionRange(str(getattr(found, "version", found)))
    return range_ is not None and VersionRange(wanted).intersects(range_)


class Binding:
    """What a late-bound function sees beside its package, within a resolve."""

    __slots__ = ("names",)

    def __init__(self, given: LateBinding, facts: SystemFacts) -> None:
        self.names: dict[str, Any] = {
            "system": facts,
            "building": given.building,
            "testing": False,
            "request": RequirementTexts(map(Requirement, given.request)),
            "implicits": RequirementTexts(map(Requirement, given.implicits)),
            "ephemerals": EphemeralTexts(()),
            "intersects": intersects,
        }


def value_of(source: SourceCode, package: Package | Variant, binding: Binding | None) -> Any:
    """The value of a late-bound function.

    As with Rez it is the text that runs: names and imports of the package file around it are
    not seen.

    :raises PackageDefinitionError: it fails; the line is that of the function
    """
    names: dict[str, Any] = {
        "in_context": lambda: binding is not None,
        **({} if binding is None else binding.names),
        "this": package,
    }
    where = f"<{source.path}:{source.name}>"
    try:
        names.update(included(source.includes, package.base))
        exec(compile(source.runnable(), where, "exec"), names)  # noqa: S102 - the package's own code
    except (Exception, SystemExit) as error:  # whatever a program may raise
        from rezup.runtime.config.files import line_of, missing_rez_hint

        inside = line_of(error, where)
        raise PackageDefinitionError(
            f"late-bound {source.name} fails" + ("" if inside is None else f" in its line {inside - 1}"),
            path=source.path,
            line=source.line,
            context=f"{type(error).__name__}: {error}",
            hint=missing_rez_hint(error),
        ) from error
    return names.get("_result")


def included(names: Iterable[str], base: str | None) -> Mapping[str, ModuleType | None]:
    """The modules of these names within the package at `base`; None for one that is not there."""
    return {name: _module(name, base) for name in names}


def include_files(name: str, base: str) -> tuple[str, str]:
    """The module file that an `@include` means, and the file with its digest."""
    stem = os.path.join(base, INCLUDE_FOLDER, name)
    return f"{stem}.py", f"{stem}.sha1"


def _module(name: str, base: str | None) -> ModuleType | None:
    if base is None:
        return None
    path, digest = include_files(name, base)
    if not (os.path.isfile(path) and os.path.isfile(digest)):
        from glob import escape, glob

        older = sorted(glob(escape(path.removesuffix(".py")) + "-*.py"))  # as Rez wrote them before
        if not older:
            return None
        path = older[0]
    import importlib.util

    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        return None
    module = importlib.util.module_from_spec(spec)  # not in sys.modules: versions have their own
    spec.loader.exec_module(module)
    return module
