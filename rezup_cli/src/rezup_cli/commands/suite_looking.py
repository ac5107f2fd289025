"""``rezup suite show|tools|which|find|validate``: what is in a suite."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from rezup_cli.commands.options import json_option, talk_options
from rezup_cli.commands.suite_data import plain, suite_argument, suites_of, tool_argument
from rezup_cli.console import VERBOSE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rezup.runtime.suites.tools import Tool
    from rezup_cli.console import Console


@click.command("show")
@click.argument("path", metavar="[SUITE]", required=False, type=click.Path())
@json_option
@talk_options
@click.pass_obj
def show(console: Console, path: str | None) -> int:
    """Show the contexts of a suite; without one, the suites on PATH.

    -v adds their files, and how many tools are seen of each. To look into a
    context: rezup context show SUITE/contexts/NAME.rxt
    """
    console.refuse_tail()
    suites = suites_of(console)[1]
    from rezup.runtime.suites.info import info_lines, list_lines

    if path is None:
        found = suites.visible()
        console.result("suite show", {"suites": list(found)}, [line.text for line in list_lines(found)])
        return 0
    suite = suites.load(path)
    lines = info_lines(suite, verbose=console.level >= VERBOSE)
    console.result("suite show", plain(suite), [line.text for line in lines])
    return 0


@click.command("tools")
@suite_argument
@click.argument("name", metavar="[NAME]", required=False)
@json_option
@talk_options
@click.pass_obj
def tools(console: Console, path: str, name: str | None) -> int:
    """Show the tools of a suite, or of one context in it.

    -v adds those that are hidden, or that another context's tool is in front of.
    """
    console.refuse_tail()
    suite = suites_of(console)[1].load(path)
    from rezup.runtime.suites.info import tools_lines

    lines = tools_lines(suite, verbose=console.level >= VERBOSE, context_name=name)
    table = suite.tools()
    found = [
        *_tools(table.visible.values(), "visible", name),
        *_tools((tool for several in table.overridden.values() for tool in several), "overridden", name),
        *_tools(table.hidden, "hidden", name),
    ]
    console.result("suite tools", {"path": suite.path, "tools": found}, [line.text for line in lines])
    return 0


@click.command("which")
@suite_argument
@tool_argument
@json_option
@talk_options
@click.pass_obj
def which(console: Console, path: str, tool: str) -> int:
    """Print the path of the tool that is seen under a name."""
    console.refuse_tail()
    suite = suites_of(console)[1].load(path)
    found = suite.tool_path(tool)
    if found is None:
        from rezup.errors import SuiteError

        raise SuiteError(
            f"no tool of the suite is seen as {tool[:200]!a}", hint=f"rezup suite tools {path} -v lists all"
        )
    console.result("suite which", {"path": found, "context": suite.context_of_tool(tool)}, [found])
    return 0


@click.command("find")
@suite_argument
@click.option("--request", metavar="PKG", help="Contexts that were asked for a package of this name.")
@click.option("--resolve", metavar="PKG", help="Contexts that have this package, such as maya-2024.")
@json_option
@talk_options
@click.pass_obj
def find(console: Console, path: str, request: str | None, resolve: str | None) -> int:
    """Print the names of contexts that hold a package; with both options, those that meet both."""
    console.refuse_tail()
    if not request and not resolve:
        raise click.UsageError("Missing option '--request' or '--resolve'.")
    names = suites_of(console)[1].load(path).find(in_request=request, in_resolve=resolve)
    console.result("suite find", {"contexts": names}, names)
    return 0


@click.command("validate")
@suite_argument
@json_option
@talk_options
@click.pass_obj
def validate(console: Console, path: str) -> int:
    """Check every package of all contexts."""
    console.refuse_tail()
    suite = suites_of(console)[1].load(path)
    suite.validate()
    console.result("suite validate", {"path": suite.path, "valid": True}, ["the suite is valid"])
    return 0


def _tools(found: Iterable[Tool], state: str, name: str | None) -> list[dict[str, Any]]:
    return [
        {
            "alias": tool.alias,
            "tool": tool.name,
            "context": tool.context,
            "packages": [each.qualified_package_name for each in tool.variants],
            "clashing": tool.is_clashing,
            "state": state,
        }
        for tool in found
        if name in (None, tool.context)
    ]
