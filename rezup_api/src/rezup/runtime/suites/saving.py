"""Which files a suite's folder holds, and which of those that are there are ours to replace."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rezup.errors import ContextFileError, SuiteError
from rezup.runtime.suites import suite_file, wrappers
from rezup.runtime.suites.layout import (
    CONTEXT_ENDING,
    CONTEXTS_FOLDER,
    SUITE_FILE,
    TOOLS_FOLDER,
    context_path,
)
from rezup.runtime.suites.publishing import Change

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rezup.runtime.context.context import Context
    from rezup.runtime.suites.members import Member
    from rezup.runtime.suites.tools import ToolTable


def placed(context: Context, folder: str, name: str) -> Context:
    """The same context as one of a suite, which tools that run in it can find out."""
    path = context_path(folder, name)
    place = (folder, name, path)
    if (context.parent_suite_path, context.suite_context_name, context.load_path) == place:
        return context
    return context._replace(parent_suite_path=folder, suite_context_name=name, load_path=path)


def change_of(
    members: Mapping[str, Member], contexts: Mapping[str, Context], table: ToolTable, *, windows: bool
) -> Change:
    """All that a suite's folder is to hold.

    :param members: of all contexts, in the suite's order
    :param contexts: those whose files are to be written
    """
    from rezup.runtime.context.context_file import dumps

    files = {
        f"{CONTEXTS_FOLDER}/{name}{CONTEXT_ENDING}": (dumps(context).encode(), False)
        for name, context in contexts.items()
    }
    for tool in table.visible.values():
        wrapper = wrappers.Wrapper(tool.context, tool.name, members[tool.context].prefix_char)
        name = wrappers.file_name(tool.alias, windows=windows)
        files[f"{TOOLS_FOLDER}/{name}"] = (wrappers.text_of(wrapper, windows=windows).encode(), True)
    files[SUITE_FILE] = (suite_file.text_of(members.values()).encode(), False)
    return Change(files, (CONTEXTS_FOLDER, TOOLS_FOLDER))


def fitted(change: Change, folder: str, members: Mapping[str, Member], known: bytes | None) -> Change:
    """The change for a folder that there is, with the files that are to leave.

    :param members: of all contexts that the folder is to have
    :param known: what its suite file held when it was loaded
    :raises SuiteError: somebody else changed it since, or a file of others is in the way
    """
    content = suite_file.read(folder)
    if content != known:
        raise SuiteError(
            f"the suite {folder} can't be saved",
            context="somebody else changed it meanwhile",
            hint="load it again and repeat the change",
        )
    before = suite_file.parse(content, folder)
    for name in change.files:
        if name != SUITE_FILE and not _may_replace(folder, name, before):
            raise SuiteError(
                f"the suite {folder} can't be saved",
                context=f"{name!a} is there, and no part of the suite",
                hint="move that file away, or take another name",
            )
    tools = [f"{TOOLS_FOLDER}/{name}" for name in _names(folder, TOOLS_FOLDER)]
    stale = [name for name in tools if name not in change.files and _may_replace(folder, name, before)]
    for file in _names(folder, CONTEXTS_FOLDER):
        stem, ending = os.path.splitext(file)
        name = f"{CONTEXTS_FOLDER}/{file}"
        if ending == CONTEXT_ENDING and stem not in members and _may_replace(folder, name, before):
            stale.append(name)
    return change._replace(stale=tuple(stale))


def _may_replace(folder: str, name: str, before: Mapping[str, Member]) -> bool:
    """Whether a file is free to be written, or a part of the suite."""
    path = os.path.join(folder, name)
    if not os.path.lexists(path):
        return True
    if name.startswith(f"{TOOLS_FOLDER}/"):
        return wrappers.is_wrapper(path)
    stem = os.path.splitext(os.path.basename(name))[0]
    if os.path.isdir(path):
        return False
    return stem in before or _says_it_is(path, stem)


def _says_it_is(path: str, name: str) -> bool:
    """Whether a file is a suite's context of this name, as one is that a save left that was killed."""
    from rezup.runtime.context import context_file

    if not os.path.isfile(path) or os.path.islink(path):
        return False
    try:
        data = context_file.read(path)
    except ContextFileError:
        return False
    return isinstance(data, dict) and data.get("suite_context_name") == name


def _names(folder: str, inner: str) -> list[str]:
    try:
        return sorted(os.listdir(os.path.join(folder, inner)))
    except FileNotFoundError:
        return []
