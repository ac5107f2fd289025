"""suite.yaml: what a suite is, in the format that Rez writes and reads."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from rezup.errors import SuiteError
from rezup.runtime.suites.layout import SUITE_FILE, is_suite
from rezup.runtime.suites.members import data_of, member_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rezup.runtime.suites.members import Member

#: More than any suite has; a file beyond it is something else.
_LARGEST = 1 << 24


def read(folder: str) -> bytes:
    """What a suite's file holds.

    :raises SuiteError: it can't be read, or the folder is that of no suite
    """
    path = os.path.join(folder, SUITE_FILE)
    if not is_suite(folder):
        is_there = os.path.isdir(folder)
        raise SuiteError(
            f"{folder[:300]} is no suite",
            context=f"it has no file {SUITE_FILE}" if is_there else "there is no such folder",
            hint="`rezup suite create` makes one",
        )
    try:
        with open(path, "rb") as stream:
            content = stream.read(_LARGEST + 1)
    except OSError as error:
        raise SuiteError(f"{path} can't be read", context=error.strerror or str(error)) from error
    if len(content) > _LARGEST:
        raise _failure(path, f"it has more than {_LARGEST >> 20} MiB")
    return content


def parse(content: bytes, folder: str) -> dict[str, Member]:
    """The members of a suite by their names, in the order of the file.

    :param folder: for messages
    :raises SuiteError: the content is none of a suite
    """
    path = os.path.join(folder, SUITE_FILE)
    data = _plain(content, path)
    if not isinstance(data, dict) or "contexts" not in data:
        raise _failure(path, "it has no contexts", "the file may be cut off")
    found = data["contexts"]
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise _failure(path, "contexts must have names and settings")
    try:
        return {name: member_of(name, each) for name, each in found.items()}
    except SuiteError as error:
        raise _failure(path, str(error), error.hint) from error


def text_of(members: Iterable[Member]) -> str:
    """The text of a suite's file, as Rez writes it."""
    import yaml  # type: ignore[import-untyped]  # its types are a distribution of their own

    data = {"contexts": {member.name: data_of(member) for member in members}}
    text: str = yaml.safe_dump(data, default_flow_style=False)
    return text


def _plain(content: bytes, path: str) -> Any:
    import yaml

    try:
        return yaml.load(content, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = "" if mark is None else f"line {mark.line + 1}: "
        problem = getattr(error, "problem", None) or str(error)
        raise _failure(path, f"{place}{problem}"[:300], "the file may be cut off") from error
    except (ValueError, TypeError, AttributeError, LookupError, RecursionError) as error:
        # What PyYAML makes of odd values, such as a date in a month that isn't one.
        raise _failure(path, f"no YAML of a suite: {error}"[:300]) from error


def _failure(path: str, context: str, hint: str | None = None) -> SuiteError:
    return SuiteError(f"{path[:300]} can't be used", context=" ".join(context.split()), hint=hint)
