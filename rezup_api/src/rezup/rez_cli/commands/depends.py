"""Show which packages need a package, directly or through others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rezup.errors import PackageFamilyNotFoundError
from rezup.rez_cli.options import paths_of

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from rezup.rez_cli.caller import Caller
    from rezup.rez_cli.shelf import Shelf

_LOOK = '[fillcolor="#F6F6F6", fontsize=10, style=filled]'


def add_options(parser: argparse.ArgumentParser, caller: Caller) -> None:
    """Those of `rez-depends`."""
    del caller
    add = parser.add_argument
    add("-d", "--depth", type=int, help="how far to go")
    add("--paths", help="look here, instead of on the configured path")
    add("-b", "--build-requires", action="store_true", help="what packages need to be built counts, too")
    add("-p", "--private-build-requires", action="store_true", help="what only PKG needs to be built, too")
    add("-g", "--graph", action="store_true", help="print the graph")
    add("--pg", "--print-graph", dest="print_graph", action="store_true", help="print the graph")
    add("--wg", "--write-graph", dest="write_graph", metavar="FILE", help="write the graph (.dot)")
    add("-q", "--quiet", action="store_true", help="without the number of each step")
    add("PKG", help="the package that others need")


def run(options: argparse.Namespace, parser: argparse.ArgumentParser, caller: Caller, groups: Any) -> int:
    """Print a line for each step away from the package; of packages only the latest versions count."""
    del parser, groups
    paths = None if options.paths is None else paths_of(options.paths, caller.config.facts.home)
    shelf = caller.shelf(paths)
    families = shelf.families()
    if options.PKG not in families:
        raise PackageFamilyNotFoundError(f"there is no package family {options.PKG[:80]!a}")
    private = options.PKG if options.private_build_requires else ""
    needed = {} if options.depth == 0 else _needed(shelf, families, private, build=options.build_requires)
    steps, edges = _steps(options.PKG, needed, options.depth)
    if options.print_graph or options.graph or options.write_graph:
        dot = _dot(options.PKG, steps, edges)
        if options.print_graph:
            caller.out.say(dot)
            return 0
        from rezup.rez_cli.graphs import show_graph

        return show_graph(dot, caller, options.write_graph)
    for number, names in enumerate(steps):
        caller.out.say(" ".join(names if options.quiet else [f"#{number}:", *names]))
    return 0


def _needed(shelf: Shelf, families: list[str], private: str, *, build: bool) -> dict[str, set[str]]:
    """By each name, the families whose latest version needs it."""
    found: dict[str, set[str]] = {}
    for family in families:
        packages = shelf.packages(family)
        for variant in packages[-1].variants_of_it() if packages else ():
            requires = variant.get_requires(build_requires=build, private_build_requires=family == private)
            for request in requires:
                if not request.conflict:
                    found.setdefault(request.name, set()).add(family)
    return found


def _steps(
    name: str, needed: Mapping[str, set[str]], depth: int | None
) -> tuple[list[list[str]], list[tuple[str, str]]]:
    """The names by how far away they are, and who needs whom; nobody is told twice."""
    steps, edges = [[name]], []
    seen = {name}
    while steps[-1] and (depth is None or len(steps) <= depth):
        step = set()
        for child in steps[-1]:
            parents = needed.get(child, set()) - seen
            seen |= parents
            step |= parents
            edges += [(parent, child) for parent in sorted(parents)]
        steps.append(sorted(step))
    return [step for step in steps if step], edges


def _dot(name: str, steps: list[list[str]], edges: list[tuple[str, str]]) -> str:
    lines = ["digraph graphname {", f"{_node(name)};"]
    lines += [f"{_node(each)} {_LOOK};" for step in steps[1:] for each in step]
    lines += [f"{_node(parent)} -> {_node(child)};" for parent, child in edges]
    return "\n".join([*lines, "}", ""])


def _node(name: str) -> str:
    return name if name.isidentifier() else f'"{name}"'
