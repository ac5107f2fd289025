"""Contexts as files: `.rxt`, in the format that Rez writes and reads.

Rez's format has a version of its own, `serialize_version`. What came with each:

    ====  =========================================================================
    1     requested_timestamp
    2     parent_suite_path, suite_context_name
    3     default_patch_lock, patch_locks
    4.0   handles of packages instead of paths, from_cache; before, files were YAML
    4.1   package_filter
    4.2   package_orderers
    4.3   num_loaded_packages
    4.4   append_sys_path
    4.5   package_caching
    4.6   resolved_ephemerals
    4.7   locations of packages relative to a bundle
    4.8   package_cache_async
    4.9   testing
    ====  =========================================================================

All of them are read, the newest is written. Nothing of a file is ever executed. Patch locks are
written as pairs: that is what Rez reads, though it would itself write something else.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from rezup.errors import ContextFileError
from rezup.runtime.context.context import Context
from rezup.runtime.context.handles import Opener, binding_of, handle_of, place_of_handle
from rezup.runtime.context.json_text import json_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TypeAlias

    from rezup.runtime.config import Config

    Known: TypeAlias = Callable[[Sequence[str]], Mapping[str, tuple[str, dict[str, Any]]]]

#: The version of the format that is written.
SERIALIZE_VERSION = "4.9"

#: Rez can't do without a graph: this one is empty.
EMPTY_GRAPH = "{'nodes': [], 'edges': []}"

#: The file that makes its folder a bundle.
BUNDLE_MARK = "bundle.yaml"

#: More than any context has; a file beyond it is something else.
_LARGEST = 1 << 28

#: A context nests a few mappings; orderers may nest some more.
_DEEPEST = 100

_PLAIN_FIELDS = (
    "timestamp", "requested_timestamp", "building", "testing", "caching", "append_sys_path",
    "package_caching", "package_cache_async", "default_patch_lock", "rez_version", "rez_path", "user",
    "host", "platform", "arch", "os", "created", "parent_suite_path", "suite_context_name", "status",
    "failure_description", "from_cache", "solve_time", "load_time", "num_loaded_packages",
    "package_orderers",
)  # fmt: skip


def to_dict(context: Context, bundle: str | None = None) -> dict[str, Any]:
    """The plain data of a context, as its file has them.

    :param bundle: the folder of the bundle that the file will be in
    """
    data = {name: getattr(context, name) for name in _PLAIN_FIELDS}
    data["serialize_version"] = SERIALIZE_VERSION
    data["package_requests"] = list(context.package_requests)
    data["implicit_packages"] = list(context.implicit_packages)
    data["package_paths"] = list(context.package_paths)
    data["resolved_packages"] = [handle_of(variant, bundle) for variant in context.resolved_packages]
    data["resolved_ephemerals"] = list(context.resolved_ephemerals)
    data["package_filter"] = context.package_filter or []
    data["patch_locks"] = [list(each) for each in sorted(context.patch_locks.items())] or {}
    data["graph"] = context.graph or EMPTY_GRAPH
    return data


def from_dict(
    data: Any,
    config: Config,
    *,
    load_path: str | None = None,
    bundle: str | None = None,
    known: Known | None = None,
) -> Context:
    """The context that plain data describe; its packages are read when they are looked at.

    :param load_path: the file that they are from
    :param bundle: the folder of the bundle that the file is in
    :param known: gives what is known of definitions, by the places of packages; see `KnownDefinitions`
    :raises ContextFileError: they are no context, or one of a newer format
    """
    from rezup.runtime.context.fields import checked_fields  # writing does without it

    try:
        fields = checked_fields(data)
        handles = fields["resolved_packages"]
        definitions = None if known is None else known([place_of_handle(each) for each in handles])
        opener = Opener(config, definitions, binding_of(fields, config.facts))
        packages = tuple([opener.of_handle(each, bundle) for each in handles])
    except ContextFileError as error:
        if load_path is None:
            raise
        raise _failure(load_path, error.context, error.hint) from error
    if fields["graph"] == EMPTY_GRAPH:
        fields["graph"] = None
    return Context(**{**fields, "resolved_packages": packages, "load_path": load_path})


def dumps(context: Context, bundle: str | None = None) -> str:
    """The text of a context's file."""
    data = to_dict(context, bundle)
    # A line for each key and each package: quick to write, and fit to be compared line by line.
    lines = []
    for key in sorted(data):
        value = data[key]
        if key == "resolved_packages" and value:
            inner = ",\n".join(["        " + json_text(each) for each in value])
            lines.append(f'    "{key}": [\n{inner}\n    ]')
        else:
            lines.append(f'    "{key}": {json_text(value)}')
    return "{\n" + ",\n".join(lines) + "\n}\n"


def save(context: Context, path: str) -> None:
    """Write a context's file at once: a reader sees the old content, or the new.

    A link stays one, and what is no file (a pipe, a device) is written to.

    :raises ContextFileError: it can't be written
    """
    from rezup.system.files import write_atomic

    try:
        content = dumps(context, bundle_of(path)).encode()
        if os.path.exists(path) and not os.path.isfile(path):
            with open(path, "wb") as stream:
                stream.write(content)
        else:
            write_atomic(os.path.realpath(path), content, durable=False)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ContextFileError(f"{path} can't be written", context=reason) from error


def read_requests(path: str) -> tuple[str, ...]:
    """What the context in a file was asked for, without implicit packages; nothing else is looked at.

    :raises ContextFileError: it can't be read, or has no requests that can be understood
    """
    from rezup.runtime.context.fields import checked_requests

    data = read(path)
    try:
        return checked_requests(data)
    except ContextFileError as error:
        raise _failure(path, error.context, error.hint) from error


def load(path: str, config: Config, known: Known | None = None) -> Context:
    """Read a context's file.

    :param known: see `from_dict`
    :raises ContextFileError: it can't be read, or holds no context that can be used
    """
    return from_dict(read(path), config, load_path=path, bundle=bundle_of(path), known=known)


def loads(text: str | bytes, config: Config, origin: str = "the context") -> Context:
    """The context in a text, such as one that came through a pipe.

    :param origin: what the text is called in messages
    :raises ContextFileError: it holds no context that can be used
    """
    data = parse(text, origin)
    try:
        return from_dict(data, config)
    except ContextFileError as error:
        raise _failure(origin, error.context, error.hint) from error


def read(path: str) -> Any:
    """The plain data in a context's file, not yet looked at.

    :raises ContextFileError: it can't be read, or is neither JSON nor YAML
    """
    try:
        with open(path, "rb") as stream:
            content = stream.read(_LARGEST + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ContextFileError(f"{path[:200]} can't be read", context=reason) from error
    return parse(content, path)


def parse(content: str | bytes, origin: str) -> Any:
    """The plain data in a context's text: JSON, or YAML as Rez wrote before version 4.

    :param origin: what the text is called in messages
    :raises ContextFileError: it is neither
    """
    if len(content) > _LARGEST:
        raise _failure(origin, f"it has more than {_LARGEST >> 20} MiB")
    try:
        text = content.decode() if isinstance(content, bytes) else content
        if text.lstrip()[:1] == "{":
            import json

            return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _failure(origin, f"no JSON: {str(error)[:200]}", "the file may be cut off") from error
    from rezup.runtime.yaml_file import YamlError, parse_yaml

    try:
        if _is_deep(text):
            raise _failure(origin, f"lists and mappings are nested more than {_DEEPEST} deep")
        return parse_yaml(text, origin)
    except YamlError as error:
        raise _failure(origin, str(error)[:200]) from error
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        # What PyYAML makes of odd values, such as a date in a month that isn't one.
        raise _failure(origin, f"no YAML: {str(error)[:200]}") from error


def _is_deep(text: str) -> bool:
    """Whether YAML is nested more than any context; the loader in C crashes where it is absurd."""
    import yaml  # type: ignore[import-untyped]  # its types are a distribution of their own

    depth = 0
    try:
        for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > _DEEPEST:
                    return True
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
    except yaml.YAMLError:
        return False  # told better by who reads it
    return False


def bundle_of(path: str) -> str | None:
    """The folder of the bundle that a context's file is in; None where it is in none."""
    folder = os.path.dirname(os.path.abspath(path))
    return folder if os.path.exists(os.path.join(folder, BUNDLE_MARK)) else None


def _failure(origin: str, context: str | None, hint: str | None = None) -> ContextFileError:
    return ContextFileError(
        f"{origin[:200]} is no context of Rez that can be used", context=context, hint=hint
    )
