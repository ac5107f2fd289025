"""The `[rez]` table, the `[[extension]]` tables and `[shared]`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from rezup.errors import InvalidNameError
from rezup.recipes.findings import UnfitError, shown
from rezup.recipes.interpreter import interpreter_flag, python_request
from rezup.recipes.model import Shared, Tool
from rezup.recipes.names import ToolName
from rezup.recipes.sources import library, local_path, requirement
from rezup.recipes.variables import has_placeholder

if TYPE_CHECKING:
    from rezup.recipes.fields import Table
    from rezup.recipes.model import Runtime
    from rezup.recipes.sources import Origin

_KEYS = ("name", "url", "edit", "isolation", "python", "flags", "lib")
_REZ_KEYS = (*_KEYS, "runtime")
_RUNTIMES = ("vanilla", "embedded")
#: What says which Rez to install, and with what; the embedded runtime is the library itself.
_OF_VANILLA = ("url", "edit", "lib")
_REZ = ToolName("rez")


def read_rez(top: Table, origin: Origin) -> Tool:
    """The `[rez]` table; without one, Rez as the index has it."""
    table = top.table("rez")
    table.warn_unknown(_REZ_KEYS)
    name = table.text("name")
    if name not in (None, _REZ):
        table.error("name", 'must be "rez"', "other tools are entries of [[extension]]")
    if table.flag("isolation"):
        table.error("isolation", "is refused: Rez always has an environment of its own")
    elif "isolation" in table:
        table.warn("isolation", "has no effect on Rez")
    return _read_tool(table, _REZ, origin, has_own_python=True)


def read_runtime(top: Table) -> Runtime:
    """The `runtime` key of `[rez]`; what else the recipe says must agree with it."""
    if not isinstance(top.value("rez"), dict):  # missing; or wrong, which `read_rez` tells
        return "vanilla"
    table = top.table("rez")
    runtime = table.text("runtime")
    if runtime is None or runtime == "vanilla":
        return "vanilla"
    if runtime != "embedded":
        table.error("runtime", f"{shown(runtime)} is none of {', '.join(_RUNTIMES)}")
        return "vanilla"
    for name in _OF_VANILLA:
        if table.value(name):
            table.error(
                name,
                "says what to install, but the embedded runtime is a copy of rezup itself",
                f'remove {name}, or write runtime = "vanilla"',
            )
    if len(top.table("shared")):
        top.error("shared", "joins the environment of Rez, which the embedded runtime does not have")
    return "embedded"


def read_extensions(top: Table, origin: Origin, runtime: Runtime) -> tuple[Tool, ...]:
    """The `[[extension]]` tables in file order; empty ones are placeholders and left out."""
    tools = []
    taken: dict[str, str] = {}
    locks: dict[str, str] = {}
    for table in top.tables("extension"):
        if not len(table):
            continue
        table.warn_unknown(_KEYS)
        name = _read_name(table, taken)
        isolated = table.flag("isolation")
        if runtime == "embedded" and not isolated:
            table.error(
                "isolation",
                "must be true: with the embedded runtime there is no environment with Rez to join",
                'write isolation = true, or runtime = "vanilla" in [rez]',
            )
        if isolated:
            _refuse_one_lock_for_two(table, name, locks)
        tools.append(_read_tool(table, name, origin, has_own_python=isolated))
    return tuple(tools)


def read_shared(top: Table, origin: Origin) -> Shared | None:
    """The `[shared]` table of rezup 2.x; its requirements join those of Rez."""
    table = top.table("shared")
    if not len(table):
        return None
    table.warn_unknown(("name", "requires"))
    table.warn(None, "is deprecated: its packages are installed with Rez; move them to `lib` of [rez]")
    name = table.text("name") or ""
    return Shared(name, table.texts("requires", partial(library, origin=origin)))


def _read_name(table: Table, taken: dict[str, str]) -> ToolName:
    if "name" not in table:
        table.error("name", "is missing", 'every extension needs a name = "..."')
    text = table.text("name")
    if text is None:
        return ToolName("")  # the errors end the reading before anybody sees it
    try:
        name = ToolName.parse(text)
    except InvalidNameError as error:
        table.error("name", str(error))
        return ToolName("")
    twin = taken.setdefault(name.lower(), name)
    if name.lower() == _REZ:
        table.error("name", f"{name!r} is reserved for the [rez] table", "give the extension another name")
    elif twin is not name:
        table.error(
            "name",
            f"{str(name)!r} is taken by another extension"
            + ("" if twin == name else f", {str(twin)!r}: folders of some platforms ignore case"),
            "give every extension its own name",
        )
    return name


def _refuse_one_lock_for_two(table: Table, name: ToolName, locks: dict[str, str]) -> None:
    # Names of locks have no dot (PEP 751), and folders of some platforms ignore case.
    twin = locks.setdefault(name.replace(".", "_").lower(), name)
    if twin.lower() != name.lower():
        file = f"pylock.{name.replace('.', '_')}.toml"
        table.error(
            "name", f"{str(name)!r} and {str(twin)!r} would have one lock, {file}", "rename one of them"
        )


def _read_tool(table: Table, name: ToolName, origin: Origin, *, has_own_python: bool) -> Tool:
    url = table.text("url") if "url" in table else str(name) or None
    path = None
    editable = table.flag("edit")
    if url is not None:
        try:
            url = requirement(url, origin.folder)
            path = local_path(url, origin)
            if editable and path is None and not has_placeholder(url):
                raise UnfitError("must be a local folder, as `edit` is true", 'such as url = "~/dev/tool"')
        except UnfitError as error:
            table.error("url", error.message, error.hint)
    return Tool(
        name=name,
        requirement=url or "",
        path=path,
        editable=editable,
        flags=table.texts("flags", interpreter_flag) if "flags" in table else ("-E",),
        isolated=has_own_python and name != _REZ,
        python=_read_python(table, origin, has_own_python=has_own_python),
        libraries=table.texts("lib", partial(library, origin=origin)),
    )


def _read_python(table: Table, origin: Origin, *, has_own_python: bool) -> str | None:
    # false and "" are how 2.x recipes leave a value open
    if "python" not in table or table.value("python") is False or table.value("python") == "":
        return None
    text = table.scalar("python")
    if text is None:
        return None
    try:
        request = python_request(text, origin)
    except UnfitError as error:
        table.error("python", error.message, error.hint)
        return None
    if not has_own_python:
        table.warn(
            "python", "is ignored: without `isolation = true` the extension lives in Rez's environment"
        )
        return None
    return request
