"""Requirements of the plainest kind, "rez" or "rez>=3.0", read without `packaging`, whose import costs 12 ms.

Only what is certain is told here: "no" means that `packaging` has to be asked.
"""

from __future__ import annotations

import re

_RELEASE = r"[0-9]{1,9}(?:\.[0-9]{1,9}){0,9}"
_CLAUSE = rf"(?:==|!=|>=|<=|>|<) *{_RELEASE}"
_PLAIN = re.compile(rf"([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?) *({_CLAUSE}(?: *, *{_CLAUSE})*)?")
_CLAUSE_PARTS = re.compile(rf"([=!<>]+) *({_RELEASE})")
_VERSION = re.compile(_RELEASE)
_SEPARATORS = re.compile(r"[-_.]+")


def canonical(name: str) -> str:
    """A distribution's name in the spelling that compares (PEP 503)."""
    return _SEPARATORS.sub("-", name).lower()


def is_plain(text: str) -> bool:
    """Whether a text is surely a requirement: a name, and comparisons with releases."""
    return _PLAIN.fullmatch(text) is not None


def is_met(text: str, versions: dict[str, str]) -> bool:
    """Whether a requirement is surely met.

    :param versions: what there is, by name as in PEP 503
    """
    match = _PLAIN.fullmatch(text)
    if match is None:
        return False
    version = versions.get(canonical(match[1]))
    if version is None:
        return False
    if match[2] is None or not version:
        return True
    if _VERSION.fullmatch(version) is None:
        return False
    have = _release(version)
    return all(_holds(have, clause[1], _release(clause[2])) for clause in _CLAUSE_PARTS.finditer(match[2]))


def _release(text: str) -> tuple[int, ...]:
    """The numbers; zeros at the end mean nothing."""
    numbers = [int(part) for part in text.split(".")]
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)


def _holds(have: tuple[int, ...], comparison: str, wanted: tuple[int, ...]) -> bool:
    if have == wanted:
        return "=" in comparison and comparison != "!="
    if have > wanted:
        return comparison in (">=", ">", "!=")
    return comparison in ("<=", "<", "!=")
