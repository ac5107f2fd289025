"""Show a package: all that its definition says, in a plain form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse

    from rezup.rez_cli.caller import Caller
    from rezup.runtime.package import Package


def add_options(parser: argparse.ArgumentParser, caller: Caller) -> None:
    """Those of `rez-view`."""
    del caller
    add = parser.add_argument
    add("-f", "--format", default="yaml", choices=("py", "yaml"), help="the form of the text")
    add("-a", "--all", action="store_true", help="also what a release has added")
    add("-b", "--brief", action="store_true", help="only the definition")
    add("-c", "--current", action="store_true", help="the package of the current context")
    add("PKG", help="a package, such as maya or maya-2024; the latest of several is taken")


def run(options: argparse.Namespace, parser: argparse.ArgumentParser, caller: Caller, groups: Any) -> int:
    """Print a package."""
    from rezup.rez_cli.package_text import package_text

    del parser, groups
    package = _package(options, caller)
    if package is None:
        return 1
    text = package_text(package, options.format, with_release=options.all)
    if not options.brief:
        caller.out.say(f"URI:\n{package.uri}\n\nCONTENTS:")
    caller.out.say(text)
    return 0


def _package(options: argparse.Namespace, caller: Caller) -> Package | None:
    """The package that is meant; None where there is none, which is told."""
    from rezup.resolver.requirement import Requirement
    from rezup.runtime.context.queries import resolved_package

    wanted = Requirement.parse_package(options.PKG)
    if not options.current:
        found = caller.shelf().packages(wanted.name, wanted.range)
        if not found:
            caller.out.say("no matches found")
        return found[-1] if found else None
    context = caller.context
    if context is None:
        caller.err.say("there is no context here: this is no shell of rez-env")
        return None
    variant = resolved_package(context, wanted.name)
    if variant is None:
        caller.err.say(f"the current context has no package {wanted.name}")
    return None if variant is None else variant.parent
