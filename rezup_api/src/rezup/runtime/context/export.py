"""Contexts as documents to carry elsewhere: one that pins every package, one for any platform.

A document is plain data, fit for JSON::

    {"format": 1, "kind": "exact" or "portable",
     "request": ["maya==2024.1", …],        what to resolve, without implicit packages
     "implicit": [],                        the implicit packages; null: those of the place
     "time": 1700000000,                    packages released later are ignored
     "packages_path": ["/packages"],        null: that of the place
     "package_filter": […], "package_orderers": [… or null], "building": false,
     "command": ["rezup", "env", …],        the same to type, as far as it can be typed
     "not_in_command": ["package_orderers"],
     "requested": [… what the context was asked for], "requested_implicit": [… beside that],
     "requested_time": null,                the time where the user gave one
     "ephemerals": [".foo-1"],
     "packages": [{"name": "maya", "version": "2024.1", "variant": 0,
                   "requires": ["python-3.10"], "uri": "/packages/maya/2024.1/package.py[0]"}, …],
     "platform": "linux", "arch": "x86_64", "os": "…", "rez_version": "…"}

`packages` says what must come out; see `rezup.runtime.context.reproduce`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from rezup.errors import ContextError
from rezup.runtime.context.queries import resolve_as_exact_requests

if TYPE_CHECKING:
    from rezup.runtime.context.context import Context
    from rezup.runtime.package import Variant

FORMAT = 1

EXACT = "exact"
PORTABLE = "portable"


def exact(context: Context) -> dict[str, Any]:
    """The document that pins every package, and the ephemerals, of a context.

    Implicit packages have done their part and are left out; where packages lie is part of it. A
    relative packages path means something in this folder only: it becomes an absolute one.

    :raises ContextError: the context is not solved
    :raises PackageDefinitionError: a package is gone or can't be read
    """
    request = [*resolve_as_exact_requests(context), *context.resolved_ephemerals]
    return _document(context, EXACT, request, [], list(map(_absolute, context.package_paths)))


def portable(context: Context) -> dict[str, Any]:
    """The document that asks for the same at the same time, wherever packages lie there.

    Implicit packages are those of the other place: they are what names its platform.

    :raises ContextError: the context is not solved
    :raises PackageDefinitionError: a package is gone or can't be read
    """
    resolve_as_exact_requests(context)
    return _document(context, PORTABLE, list(context.package_requests), None, None)


def command_text(document: dict[str, Any]) -> str:
    """The command of a document as a line for a POSIX shell."""
    import shlex

    return shlex.join(document["command"])


def _document(
    context: Context, kind: str, request: list[str], implicit: list[str] | None, paths: list[str] | None
) -> dict[str, Any]:
    filters = list(context.package_filter or ())
    document: dict[str, Any] = {
        "format": FORMAT,
        "kind": kind,
        "request": request,
        "implicit": implicit,
        "time": context.timestamp,
        "packages_path": paths,
        "package_filter": filters,
        "package_orderers": context.package_orderers,
        "building": context.building,
        "requested": list(context.package_requests),
        "requested_implicit": list(context.implicit_packages),
        "requested_time": context.requested_timestamp,
        "ephemerals": list(context.resolved_ephemerals),
        "packages": [_package(variant) for variant in context.resolved_packages],
    }
    for name in ("platform", "arch", "os", "rez_version"):
        document[name] = getattr(context, name)
    document["command"], document["not_in_command"] = _command(document)
    return document


def _absolute(entry: str) -> str:
    """An entry of the packages path, to be said anywhere."""
    kind, at, place = entry.partition("@")
    if at and kind != "filesystem":  # a repository that is in no folder
        return entry
    if os.path.isabs(place if at else entry):
        return entry
    path = os.path.abspath(place if at else entry)
    return f"filesystem@{path}" if at or "@" in path else path


def _package(variant: Variant) -> dict[str, Any]:
    package = variant.parent
    count = package.num_variants
    if variant.index is not None and variant.index >= count:
        raise ContextError(
            f"{variant.qualified_package_name} has no variant {variant.index} any more",
            context=f"{package.uri} names {count}",
            hint="resolve the request again",
        )
    return {
        "name": package.name,
        "version": str(package.version),
        "variant": variant.index,
        "requires": [str(each) for each in variant.variant_requires],
        "uri": variant.uri,
    }


def _command(document: dict[str, Any]) -> tuple[list[str], list[str]]:
    """The command, and the parts of the document that no option can say."""
    command, missing = ["rezup", "env"], []
    if document["implicit"] == []:
        command.append("--no-implicit")
    command += ["--time", str(document["time"])]
    if document["packages_path"] is not None:
        command += ["--paths", os.pathsep.join(document["packages_path"])]
    if document["building"]:
        command.append("--build")
    filters = document["package_filter"]
    command.append("--no-filters")
    if len(filters) > 1:
        missing.append("package_filter")
    else:
        for option, key in (("--exclude", "excludes"), ("--include", "includes")):
            for rule in filters[0].get(key, ()) if filters else ():
                command += [option, rule]
    if document["package_orderers"]:
        missing.append("package_orderers")
    return [*command, *document["request"]], missing
