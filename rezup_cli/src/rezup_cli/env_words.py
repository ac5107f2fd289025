"""The words of ``rezup env`` in their plain form, understood without click.

Loading click takes as long as all that is done for a request that was resolved before. What is not understood
here is left to click, which knows all there is: so nothing is refused here, and a test compares the two.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

#: All options of the command by click's names, as they are where none is given.
_DEFAULTS: dict[str, Any] = {
    "shell": None, "rcfile": None, "norc": False, "line": None, "stdin": False, "no_local": False,
    "build": False, "no_filters": False, "output": None, "source": None, "patch": False, "strict": False,
    "patch_rank": 0, "new_session": False, "detached": False, "fail_graph": False, "stats": False,
    "no_passive": False, "no_cache": False, "no_pkg_cache": False, "pkg_cache_mode": None, "paths": None,
    "no_implicit": False, "time": None, "exclude": (), "include": (), "max_fails": None, "time_limit": None,
    "timings": False,
}  # fmt: skip

_FLAGS = {
    "--norc": "norc", "-s": "stdin", "--stdin": "stdin", "--no-local": "no_local", "--nl": "no_local",
    "--no-implicit": "no_implicit", "--ni": "no_implicit", "--timings": "timings",
}  # fmt: skip

_VALUES = {
    "--shell": "shell", "--rcfile": "rcfile", "-c": "line", "--command": "line", "-i": "source",
    "--input": "source", "-o": "output", "--output": "output", "--paths": "paths",
}  # fmt: skip

_QUIET = ("-q", "--quiet")


def plain_words(
    words: Sequence[str], *, has_tail: bool = False
) -> tuple[tuple[str, ...], dict[str, Any], bool] | None:
    """The request, the values of all options by click's names, and whether to be quiet.

    :param words: those between ``env`` and ``--``
    :param has_tail: whether there is a command after that
    :returns: None where it is for click to understand them, or to say what is wrong
    """
    request: list[str] = []
    options = dict(_DEFAULTS)
    is_quiet = False
    rest = iter(words)
    for word in rest:
        if word in _FLAGS:
            options[_FLAGS[word]] = True
        elif word in _VALUES:
            value = next(rest, "-")
            if value.startswith("-"):
                return None
            options[_VALUES[word]] = value
        elif word in _QUIET:
            is_quiet = True
        elif word.startswith("-") or "*" in word or "(" in word:
            return None
        else:
            request.append(word)
    has_line = options["line"] is not None
    if (has_tail and has_line) or (options["source"] and request):
        return None
    if options["output"] and (has_tail or has_line):
        return None
    options["paths"] = split_paths(options["paths"])
    return tuple(request), options, is_quiet


def split_paths(value: str | None) -> tuple[str, ...] | None:
    """The entries of a packages path as it is written in one word; None for none, as with Rez."""
    if not value:
        return None
    return tuple([os.path.expanduser(entry) for entry in value.split(os.pathsep) if entry])
