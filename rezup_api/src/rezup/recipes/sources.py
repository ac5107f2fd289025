"""Where a tool or library comes from: a requirement, a URL or a local path.

All of it ends as an argument of an installer, so what an installer could take for an option is
refused here, at the border.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple

from rezup.recipes.findings import UnfitError, shown
from rezup.recipes.plain_requirements import is_plain
from rezup.recipes.variables import has_placeholder

_CONTROL = re.compile(r"[\x00-\x1f\x7f\u0080-\u009f\u2028\u2029]")
_ROOTED = re.compile(r"[\\/]|[A-Za-z]:[\\/]")
_RELATIVE = re.compile(r"\.\.?(?:[\\/]|$)")
_URL = re.compile(r"(?:https?|ftp|file|(?:git|hg|svn|bzr)\+[a-z][a-z0-9+.-]*):", re.IGNORECASE)
# Two letters at least: one is a drive of Windows.
_ANY_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_DIRECT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\s*(?:\[[^\]]*\])?\s*@\s*(\S.*)")
# A name as in PEP 508, perhaps extras, then nothing or the start of what may follow.
_ARCHIVE = (".whl", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".zip")


class Origin(NamedTuple):
    """What relative paths and ``~`` of a recipe stand for."""

    folder: Path | None
    """The recipe's folder, absolute; None for a recipe without a file."""
    home: Path | None = None
    """The user's home; None asks the operating system."""


def plain(text: str, what: str = "the text") -> str:
    """The text without blanks around it.

    :raises UnfitError: it is empty or holds control characters
    """
    if _CONTROL.search(text):
        raise UnfitError(f"{shown(text)} holds a control character")
    text = text.strip()
    if not text:
        raise UnfitError(f"{what} is empty")
    return text


def requirement(text: str, folder: Path | None = None) -> str:
    """A requirement, URL or path that is safe to hand to an installer.

    :param folder: where a name with a separator may be an existing folder
    :raises UnfitError: it is none of the three
    """
    text = plain(text, "the requirement")
    if text.startswith("-"):
        raise UnfitError(
            f"{shown(text)} begins with a dash: an installer would take it for an option",
            "options belong in [pip] options",
        )
    if is_local_path(text, folder):
        return text
    if re.search(r"\s-", text):
        raise UnfitError(f"{shown(text)} holds an option", "options belong in [pip] options")
    if has_placeholder(text):
        return text  # checked again once it is expanded
    direct = _DIRECT.fullmatch(text)
    target = direct[1] if direct else text
    if _ANY_URL.match(target) and not _URL.match(target):
        raise UnfitError(
            f"{shown(text)} has a scheme that installers don't know",
            "version control needs a prefix, such as git+https://",
        )
    if _URL.match(target):
        if re.search(r"\s", target.split(" ;")[0]):
            raise UnfitError(f"{shown(text)} is a URL with a blank in it", "write a blank as %20")
    elif direct or not _is_requirement(text):
        raise UnfitError(
            f"{shown(text)} is no requirement, URL or path",
            'such as "rez>=3.0", "git+https://host/repository" or "~/dev/tool"',
        )
    return text


def _is_requirement(text: str) -> bool:
    if is_plain(text):
        return True
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        Requirement(text)
    except InvalidRequirement:
        return False
    return True


def library(text: str, origin: Origin) -> str:
    """An element of `lib`: as `requirement`, a local path made absolute.

    :raises UnfitError: also for a path relative to the recipe, which isn't where it is installed from
    """
    text = requirement(text, origin.folder)
    if has_placeholder(text) or not is_local_path(text, origin.folder):
        return text
    if not text.startswith("~") and not is_absolute(text):
        raise UnfitError(
            f"{shown(text)} is a relative path", "make it absolute, or begin it with ~ or ${VAR}"
        )
    return str(absolute(text, origin))


def is_local_path(text: str, folder: Path | None) -> bool:
    """True for what is spelled as a path, and for an existing ``dir/name`` below `folder`."""
    if _ANY_URL.match(text):
        return False
    if text.startswith("~") or _ROOTED.match(text) or _RELATIVE.match(text):
        return True
    if has_placeholder(text) or _DIRECT.fullmatch(text):
        return False
    if text.lower().endswith(_ARCHIVE):
        return True
    return folder is not None and ("/" in text or os.sep in text) and (folder / text).is_dir()


def is_absolute(text: str) -> bool:
    """True for a path from the root of this or another platform."""
    return _ROOTED.match(text) is not None


def local_path(text: str, origin: Origin) -> Path | None:
    """The absolute path that `text` spells, None if it spells none or holds placeholders.

    :raises UnfitError: it is relative and there is no folder, or the user of ``~user`` is unknown
    """
    if has_placeholder(text) or not is_local_path(text, origin.folder):
        return None
    return absolute(text, origin)


def absolute(text: str, origin: Origin) -> Path:
    """The path with ``~`` expanded, relative to the recipe's folder, ``..`` resolved by name.

    :raises UnfitError: it is relative and there is no folder, or the user of ``~user`` is unknown
    """
    if text.startswith("~"):
        expanded = _expand_home(text, origin.home)
        if expanded.startswith("~"):
            raise UnfitError(f"{shown(text)} names the home of an unknown user")
        return Path(os.path.normpath(expanded))
    if is_absolute(text):
        return Path(os.path.normpath(text))
    if origin.folder is None:
        raise UnfitError(
            f"{shown(text)} is relative, and this recipe has no folder", "make the path absolute"
        )
    return Path(os.path.normpath(origin.folder / text))


def _expand_home(text: str, home: Path | None) -> str:
    if home is not None and (text == "~" or text.startswith(("~/", "~\\"))):
        return str(home) + text[1:]
    return os.path.expanduser(text)


def file_url_path(text: str) -> str | None:
    """The path of a ``file:`` URL within a requirement, None if there is none or it names a server."""
    match = re.search(r"(?:^|[\s@+])file:(?://([^/\s]*))?(/[^\s#?]*)", text, re.IGNORECASE)
    if match is None or (match[1] or "localhost").lower() != "localhost":
        return None
    from urllib.parse import unquote

    path = unquote(match[2])
    # file:///C:/x
    return path[1:] if re.match(r"/[A-Za-z]:", path) else path
