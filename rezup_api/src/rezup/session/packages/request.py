"""What is asked for, as Rez's command line takes it: patches of a context, times of release."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from rezup.errors import ContextFileError, InvalidRequirementError, ResolveError
from rezup.resolver.requirement import Requirement

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_SECONDS = {"s": 1, "m": 60, "h": 60 * 60, "d": 24 * 60 * 60}


def parse_time(text: str, now: float | None = None) -> int:
    """Seconds since 1970 of a moment: that number, or how long ago: "-10s", "-5m", "-0.5h", "-2d".

    :param now: seconds since 1970; the clock's by default
    :raises ResolveError: the text is neither
    """
    try:
        if text.startswith("-"):
            return int((time.time() if now is None else now) - float(text[1:-1]) * _SECONDS[text[-1]])
        return int(text)
    except (ValueError, KeyError, OverflowError):
        raise ResolveError(
            f"{text[:80]!a} is no time",
            hint="write seconds since 1970, or how long ago: -10s, -5m, -0.5h, -2d",
        ) from None


def requests_of(path: str) -> list[str]:
    """What the context in an ``.rxt`` file was asked for, without implicit packages.

    :raises ContextFileError: it is no such file
    """
    try:
        with open(path, "rb") as stream:
            document: Any = json.loads(stream.read())
    except OSError as error:
        raise ContextFileError(f"{path} can't be read", context=error.strerror or str(error)) from error
    except (ValueError, RecursionError) as error:
        raise ContextFileError(f"{path} is no context of Rez", context=f"no JSON: {error}") from error
    found = document.get("package_requests") if isinstance(document, dict) else None
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise ContextFileError(f"{path} is no context of Rez", context="it has no list `package_requests`")
    return found


def patched(old: Sequence[str], new: Iterable[str]) -> list[str]:
    """A request with changes, by the rules of `rez-env --patch`.

    ``^foo`` takes all that concerns foo away; ``foo-2`` takes the place of what was asked of foo, ``!foo-2``
    of the last conflict with it, and ``~foo-2`` of the last weak request; what finds no place of its kind
    goes to the end. Each place is taken once.

    :raises InvalidRequirementError: one can't be understood
    """
    changes = list(new)
    gone = {text[1:] for text in changes if text.startswith("^")}
    result = [text for text in old if Requirement(text).name not in gone]
    places = {Requirement(text).name: place for place, text in enumerate(result)}
    for text in changes:
        if text.startswith("^"):
            continue
        name = _parsed(text).name
        place = places.get(name)
        if place is not None and _kind(result[place]) == _kind(text):
            result[place] = text
            del places[name]
        else:
            result.append(text)
    return result


def _parsed(text: str) -> Requirement:
    try:
        return Requirement.parse_package(text)
    except InvalidRequirementError as error:
        if error.hint is None:
            error.hint = "a patch may also hold ^NAME, which takes NAME away"
        raise


def _kind(text: str) -> str:
    return text[:1] if text[:1] in ("!", "~") else ""
