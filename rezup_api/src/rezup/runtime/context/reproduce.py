"""Making a context again from an exported document, and saying exactly where it differs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from rezup.errors import (
    ContextError,
    ContextFileError,
    InvalidFilterError,
    InvalidRequirementError,
    InvalidVersionError,
)
from rezup.resolver.requirement import Requirement, is_package_name
from rezup.resolver.version import Version
from rezup.runtime.context.export import EXACT, FORMAT, PORTABLE
from rezup.runtime.context.fields import LAST_TIME, has_texts_only, is_text

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
    data = checked_document(document)
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
    data = checked_document(document)
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


def checked_document(document: Any) -> dict[str, Any]:
    """The same data, if they are an exported document in all their parts.

    :raises ContextFileError: they are no such document, or a newer one
    """
    if not isinstance(document, dict) or "format" not in document:
        raise _bad("it is no mapping with a format")
    if type(document["format"]) is not int or document["format"] != FORMAT:
        raise ContextFileError(
            "the exported context can't be used",
            context=f"it has the format {ascii(document['format'])[:80]}, {FORMAT} is known",
            hint="a newer rezup may know it",
        )
    if document.get("kind") not in (EXACT, PORTABLE):
        raise _bad(f"its kind is {str(document.get('kind'))[:80]!a}")
    for key, (check, what, is_needed) in _PARTS.items():
        if key not in document:
            if is_needed or (key == "requested" and document["kind"] == EXACT):
                raise _bad(f"{key} is missing")
        elif not check(document[key]):
            raise _bad(f"{key} must be {what}")
    _check_requests(document)
    _check_filter(document["package_filter"])
    _check_packages(document["packages"])
    return document


def _check_requests(document: dict[str, Any]) -> None:
    for key in ("request", "implicit", "ephemerals", "requested", "requested_implicit"):
        try:
            for text in document.get(key) or ():
                Requirement.parse_package(text)
        except InvalidRequirementError as error:
            raise _bad(f"{key}: {error}") from error


def _check_filter(found: list[Any]) -> None:
    from rezup.resolver.filters import PackageFilterList

    try:
        PackageFilterList.from_pod(found)
    except InvalidFilterError as error:
        reason = f"{error.message}, {error.context}" if error.context else error.message
        raise _bad(f"package_filter: {reason}") from error


def _check_packages(found: list[Any]) -> None:
    names: set[str] = set()
    for package in found:
        if not _is_package(package):
            raise _bad("packages must have name, version, variant, requires and uri")
        if package["name"] in names:
            raise _bad(f"packages has {package['name']} twice")
        names.add(package["name"])


def _is_package(found: Any) -> bool:
    if not isinstance(found, dict) or not all(is_text(found.get(key)) for key in ("name", "version", "uri")):
        return False
    variant = found.get("variant")
    try:
        Version(found["version"])
    except InvalidVersionError:
        return False
    is_variant = variant is None or (type(variant) is int and variant >= 0)
    return is_variant and _are_texts(found.get("requires")) and is_package_name(found["name"])


def _are_texts(found: Any) -> bool:
    return isinstance(found, list) and all(map(is_text, found))


def _are_mappings(found: Any) -> bool:
    is_list = isinstance(found, list) and all(isinstance(each, dict) for each in found)
    return is_list and has_texts_only(found)


def _is_time(found: Any) -> bool:
    return type(found) is int and abs(found) < LAST_TIME


def _or_null(check: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda found: found is None or check(found)


#: What each part must be, by a test and in words, and whether it must be there.
_PARTS: dict[str, tuple[Callable[[Any], bool], str, bool]] = {
    "request": (_are_texts, "a list of texts", True),
    "implicit": (_or_null(_are_texts), "a list of texts, or null", True),
    "time": (_is_time, "a number of seconds", True),
    "packages_path": (_or_null(_are_texts), "a list of texts, or null", True),
    "package_filter": (_are_mappings, "a list of package filters", True),
    "package_orderers": (_or_null(_are_mappings), "a list of package orderers, or null", True),
    "building": (lambda found: isinstance(found, bool), "true or false", True),
    "ephemerals": (_are_texts, "a list of texts", True),
    "packages": (lambda found: isinstance(found, list), "a list of packages", True),
    "requested": (_are_texts, "a list of texts", False),
    "requested_implicit": (_are_texts, "a list of texts", False),
    "requested_time": (_or_null(_is_time), "a number of seconds, or null", False),
}


def _bad(reason: str) -> ContextFileError:
    return ContextFileError("the exported context can't be used", context=reason)
