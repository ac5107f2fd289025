"""Making a context again from an exported document, and saying exactly where it differs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from rezup.errors import ContextError, ContextFileError, InvalidRequirementError
from rezup.resolver.requirement import Requirement
from rezup.runtime.context.export import EXACT, FORMAT, PORTABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rezup.runtime.context.context import Context
    from rezup.runtime.package import Variant


class Wanted(NamedTuple):
    """What is to be resolved."""

    request: tuple[str, ...]
    implicit: tuple[str, ...] | None
    """None: the implicit packages of the configuration."""
    time: int
    """Packages released later are ignored; seconds since 1970."""
    packages_path: tuple[str, ...] | None
    """None: that of the configuration."""
    package_filter: tuple[Any, ...]
    package_orderers: tuple[Any, ...] | None
    building: bool


class Deviation(NamedTuple):
    """One package, or one ephemeral, that is not as the document says."""

    kind: str
    """missing, unexpected, version, variant, path or ephemeral."""
    name: str
    expected: str
    found: str

    def __str__(self) -> str:
        # Names come from a file that anybody may have written, and go to a terminal.
        name, expected, found = (_printable(text) for text in (self.name, self.expected, self.found))
        match self.kind:
            case "missing":
                return f"{name}: {expected} is missing"
            case "unexpected":
                return f"{name}: {found} is there, too"
            case _:
                return f"{name}: another {self.kind}: {found or 'none'} instead of {expected}"


def _printable(text: str) -> str:
    return "".join([each if each.isprintable() else ascii(each)[1:-1] for each in text])


class Reproduction(NamedTuple):
    """What came out."""

    context: Context
    deviations: tuple[Deviation, ...]

    @property
    def is_equal(self) -> bool:
        """Whether the very same came out."""
        return not self.deviations


def reproduce(document: Any, resolve: Callable[[Wanted], Context]) -> Reproduction:
    """Resolve what a document asks for, and compare.

    :param resolve: makes a context; it may also come back failed
    :raises ContextFileError: it is no such document, or a newer one
    :raises ContextError: there is no solution for it; `context` says why, and what is missing
    """
    wanted = wanted_of(document)
    found = resolve(wanted)
    if not found.is_solved:
        shown = ", ".join(each["name"] + "-" + each["version"] for each in document["packages"])
        raise ContextError(
            "the context can't be made again",
            context=found.failure_description or f"the resolve was {found.status}",
            hint=f"these packages must be there: {shown}"[:500],
        )
    return Reproduction(found, deviations(document, found))


def wanted_of(document: Any) -> Wanted:
    """What a document asks for.

    :raises ContextFileError: it is no such document, or a newer one
    """
    data = _checked(document)
    paths, orderers, implicit = data["packages_path"], data["package_orderers"], data["implicit"]
    return Wanted(
        tuple(data["request"]),
        None if implicit is None else tuple(implicit),
        data["time"],
        None if paths is None else tuple(paths),
        tuple(data["package_filter"]),
        None if orderers is None else tuple(orderers),
        data["building"],
    )


def deviations(document: Any, found: Context) -> tuple[Deviation, ...]:
    """Where a context differs from what a document says, in the document's order.

    Where packages lie is compared only in documents of the kind "exact".

    :raises ContextFileError: it is no such document, or a newer one
    """
    data = _checked(document)
    has_places = data["kind"] == EXACT
    actual = {variant.parent.name: variant for variant in found.resolved_packages}
    result: list[Deviation] = []
    for expected in data["packages"]:
        variant = actual.pop(expected["name"], None)
        if variant is None:
            result.append(Deviation("missing", expected["name"], _versioned(expected), ""))
        else:
            result += _compared(expected, variant, has_places)
    result += [
        Deviation("unexpected", name, "", variant.qualified_package_name) for name, variant in actual.items()
    ]
    return (*result, *_ephemerals(data["ephemerals"], found.resolved_ephemerals))


def _compared(expected: Mapping[str, Any], variant: Variant, has_places: bool) -> list[Deviation]:
    name, version = expected["name"], str(variant.parent.version)
    if version != expected["version"]:
        return [Deviation("version", name, expected["version"] or "none", version)]
    requires = [str(each) for each in variant.variant_requires]
    if requires != expected["requires"] or (variant.index is None) != (expected["variant"] is None):
        return [Deviation("variant", name, _variant(expected["variant"], expected["requires"]),
                          _variant(variant.index, requires))]  # fmt: skip
    if has_places and variant.uri != expected["uri"]:
        return [Deviation("path", name, expected["uri"], variant.uri)]
    return []


def _ephemerals(expected: list[str], found: tuple[str, ...]) -> list[Deviation]:
    before = {Requirement(text).name: text for text in expected}
    after = {Requirement(text).name: text for text in found}
    return [
        Deviation("ephemeral", name, before.get(name, "none"), after.get(name, "none"))
        for name in {**before, **after}
        if before.get(name) != after.get(name)
    ]


def _variant(index: int | None, requires: list[str]) -> str:
    return "none" if index is None else f"[{index}] ({', '.join(requires)})"


def _versioned(package: Mapping[str, Any]) -> str:
    return f"{package['name']}-{package['version']}" if package["version"] else str(package["name"])


def _checked(document: Any) -> dict[str, Any]:
    if not isinstance(document, dict) or "format" not in document:
        raise _bad("it is no mapping with a format")
    if document["format"] != FORMAT:
        raise ContextFileError(
            "the exported context can't be used",
            context=f"it has the format {str(document['format'])[:80]}, {FORMAT} is known",
            hint="a newer rezup may know it",
        )
    if document.get("kind") not in (EXACT, PORTABLE):
        raise _bad(f"its kind is {str(document.get('kind'))[:80]!a}")
    for key, kinds in _KINDS.items():
        if key not in document or not isinstance(document[key], kinds) or (
            isinstance(document[key], bool) and bool not in kinds
        ):  # fmt: skip
            raise _bad(f"{key} is missing, or not what it must be")
    for key in ("request", "implicit", "packages_path", "ephemerals"):
        if not all(isinstance(each, str) and "\0" not in each for each in document[key] or ()):
            raise _bad(f"{key} must be a list of texts")
    _check_requests(document)
    for package in document["packages"]:
        _check_package(package)
    return document


def _check_requests(document: dict[str, Any]) -> None:
    try:
        for text in (*document["request"], *(document["implicit"] or ()), *document["ephemerals"]):
            Requirement.parse_package(text)
    except InvalidRequirementError as error:
        raise _bad(str(error)) from error


def _check_package(package: Any) -> None:
    is_fit = (
        isinstance(package, dict)
        and all(isinstance(package.get(key), str) for key in ("name", "version", "uri"))
        and isinstance(package.get("requires"), list)
        and (package.get("variant") is None or type(package["variant"]) is int)
    )
    if not is_fit:
        raise _bad("packages must have name, version, variant, requires and uri")


_KINDS: dict[str, tuple[type, ...]] = {
    "request": (list,),
    "implicit": (list, type(None)),
    "time": (int,),
    "packages_path": (list, type(None)),
    "package_filter": (list,),
    "package_orderers": (list, type(None)),
    "building": (bool,),
    "ephemerals": (list,),
    "packages": (list,),
}


def _bad(reason: str) -> ContextFileError:
    return ContextFileError("the exported context can't be used", context=reason)
