"""Package files that only say things, read without running them.

Nearly all released packages are a list of ``name = value`` with texts, numbers and lists of texts.
Most of the time of reading such a file goes into compiling it. What is not of this small form, to the
letter, is left to Python; so the answer is the one that running the file would give, or none.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

_TEXT = r"""(?:'[ !#-&(-\[\]-~]*'|"[ !#-&(-\[\]-~]*")"""  # in ASCII, without quotes and backslashes
_WORD = r"""(?:'[ !#-&(-+\--Z^-~]*'|"[ !#-&(-+\--Z^-~]*")"""  # and without brackets and commas
_GAP = r"[ \n]*"
_LIST = rf"\[{_GAP}(?:{_WORD}{_GAP},{_GAP})*(?:{_WORD}{_GAP})?\]"
_LISTS = rf"\[{_GAP}(?:{_LIST}{_GAP},{_GAP})*(?:{_LIST}{_GAP})?\]"

#: A line of nothing, a comment that can't be about the encoding, or an attribute and its value.
_STATEMENT = re.compile(
    rf"(?:# -\*- coding: utf-8 -\*-|#(?![^\n]*coding)[ -~]*)?\n"
    rf"|([a-z_]+) = (?:\\\n *)?(?:({_TEXT})|({_LIST})|({_LISTS})|(0|[1-9][0-9]{{0,17}})|(True|False|None))\n"
)
_WORDS = re.compile(r"""['"]([^'"]*)['"]""")
_INNER = re.compile(r"\[([^\[\]]*)\]")
_CONSTANTS = {"True": True, "False": False, "None": None}

#: Attributes of Rez whose value may be plain; none is a name that Python or a package file gives a meaning.
_NAMES = frozenset(
    ["authors", "base", "build_requires", "build_system", "cachable", "changelog", "description",
     "format_version", "has_plugins", "hashed_variants", "help", "name", "plugin_for",
     "previous_revision", "previous_version", "private_build_requires", "release_message", "relocatable",
     "requires", "revision", "timestamp", "tools", "uuid", "variants", "vcs", "version"]
)  # fmt: skip


def plain_definition(content: bytes) -> dict[str, Any] | None:
    """What a package file says; None where it has to be run to know."""
    try:
        text = content.decode("ascii")
    except UnicodeDecodeError:
        return None
    if not text.endswith("\n"):
        text += "\n"
    data: dict[str, Any] = {}
    at = 0
    end = len(text)
    match = _STATEMENT.match
    while at < end:
        found = match(text, at)
        if found is None:
            return None
        at = found.end()
        name, single, several, lists, number, constant = found.groups()
        if name is None:
            continue
        if name not in _NAMES:
            return None
        if single is not None:
            data[name] = single[1:-1]
        elif several is not None:
            data[name] = _WORDS.findall(several)
        elif lists is not None:
            data[name] = [_WORDS.findall(each) for each in _INNER.findall(lists[1:-1])]
        else:
            data[name] = _CONSTANTS[constant] if number is None else int(number)
    return data
