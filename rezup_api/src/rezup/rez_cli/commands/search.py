"""Search for packages."""

from __future__ import annotations

from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any, NamedTuple

from rezup.errors import PackageDefinitionError, RezupError
from rezup.rez_cli.options import paths_of
from rezup.runtime.context.info import Line

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from rezup.resolver.ranges import VersionRange
    from rezup.rez_cli.caller import Caller
    from rezup.rez_cli.shelf import Shelf
    from rezup.runtime.package import Package, Variant


class Found(NamedTuple):
    """A package or variant."""

    resource: Package | Variant
    problem: str = ""
    """Why it can't be used; looked for only on demand."""


def add_options(parser: argparse.ArgumentParser, caller: Caller) -> None:
    """Those of `rez-search`."""
    del caller
    add = parser.add_argument
    kinds = ("package", "family", "variant", "auto")
    moment = "seconds since 1970, or -10s, -5m, -0.5h, -10d"
    add("-t", "--type", default="auto", choices=kinds, help="what to look for; by default PKG tells")
    add("--nl", "--no-local", dest="no_local", action="store_true", help="without local packages")
    add("--validate", action="store_true", help="check all attributes of what is found")
    add("--paths", help="look here, instead of on the configured path")
    add("-f", "--format", help="such as '{qualified_name} | {description}'; names may be cut short")
    add("--no-newlines", action="store_true", help="print line ends as \\n")
    add("-l", "--latest", action="store_true", help="only the latest version of each package")
    add("-e", "--errors", action="store_true", help="only packages that can't be used")
    add("--nw", "--no-warnings", dest="no_warnings", action="store_true", help="no warnings")
    add("--before", default="0", help=f"released before: {moment}")
    add("--after", default="0", help=f"released after: {moment}")
    add("PKG", nargs="?", help="a name, a pattern such as ma*, or a request such as maya-2024+")


def run(options: argparse.Namespace, parser: argparse.ArgumentParser, caller: Caller, groups: Any) -> int:
    """Print what is found; 1 where nothing is."""
    from rezup.session.packages.request import parse_time

    del groups
    before, after = parse_time(options.before), parse_time(options.after)
    if after and before and after >= before:
        parser.error("nothing is both --before and --after these times")
    paths = None
    if options.paths:
        paths = paths_of(options.paths, "~")
    elif options.no_local:
        paths = caller.contexts.nonlocal_paths()
    shelf = caller.shelf(paths)
    pattern, range_ = _parsed(options.PKG)
    families = [name for name in shelf.families() if fnmatch(name, pattern)]
    kind = options.type
    if kind == "auto":
        kind = "package" if range_ is not None or len(families) == 1 else "family"
    if kind == "family" and not options.errors:
        for name in families:
            caller.out.mark(name, "info")
        return 0 if families else _nothing(kind, caller)
    found: list[Found] = []
    if kind != "family":
        packages = [each for name in families for each in _packages(shelf, name, range_, options.latest)]
        found = list(_searched(packages, kind, after, before, validate=options.validate or options.errors))
    if options.errors:
        found = [each for each in found if each.problem]
    if not found:
        return _nothing(f"erroneous {kind}" if options.errors else kind, caller)
    for each in found:
        caller.out.lines(_lines(each, options))
    return 0


def _nothing(kind: str, caller: Caller) -> int:
    caller.err.say(f"No matching {kind} found.")
    return 1


def _parsed(text: str | None) -> tuple[str, VersionRange | None]:
    """A pattern for names, and the range of versions; None for all of them."""
    from rezup.resolver.requirement import Requirement

    pattern = text or "*"
    try:
        wanted = Requirement(pattern)
    except RezupError:
        return pattern, None
    range_ = wanted.range
    return wanted.name, None if range_ is None or range_.is_any() else range_


def _packages(shelf: Shelf, name: str, range_: VersionRange | None, is_latest: bool) -> list[Package]:
    found = shelf.packages(name, range_)
    return found[-1:] if is_latest else found


def _searched(
    packages: list[Package], kind: str, after: int, before: int, *, validate: bool
) -> Iterator[Found]:
    for package in packages:
        try:
            released = package.timestamp
            if released and (released < after or (before and released >= before)):
                continue
            if validate:
                package.validate()
            variants = list(package.variants_of_it()) if kind == "variant" else []
        except PackageDefinitionError as error:
            if kind == "package":
                yield Found(package, str(error))
            continue
        if kind == "package":
            yield Found(package)
        yield from map(Found, variants)


def _lines(found: Found, options: argparse.Namespace) -> Iterator[Line]:
    name = found.resource.qualified_name
    if found.problem:
        yield Line(name, "error")
        yield Line(found.problem, "critical")
    elif not options.format:
        yield Line(name, "info")
    else:
        from rezup.rez_cli.field_text import field_lines

        try:
            for text in field_lines(found.resource, options.format):
                yield Line(text.replace("\n", "\\n") if options.no_newlines else text, "info")
        except PackageDefinitionError as error:
            yield Line(name, "error")
            yield Line(str(error), "critical")
