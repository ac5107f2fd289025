"""What an installer is asked when an environment is locked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rezup.errors import LockError
from rezup.recipes.plain_requirements import canonical

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from rezup.errors import ProcessError
    from rezup.installers.base import Package
    from rezup.installers.pip_configuration import PipSettings
    from rezup.lockfiles.lock import LockedPackage
    from rezup.system.interpreters import Interpreter


#: What pip and uv say of what they can't get without a network, with its name.
_LACKING = (
    re.compile(r"(?:Because|and)\s+([A-Za-z0-9][\w.-]*)\s+was\s+not\s+found\s+in\s+the\s+"
               r"(?:cache|provided\s+package\s+locations)"),
    re.compile(r"(?:Because|and)\s+(?:only(?:\s+the\s+following\s+versions\s+of)?|"
               r"there\s+(?:is|are)\s+no\s+versions?\s+of)\s+([A-Za-z0-9][\w.-]*)"),
    re.compile(r"Failed to (?:download|fetch|build|read)[^`]*`([A-Za-z0-9][\w.-]*)(?= @ |==).*?"
               r"etwork connectivity is disabled", re.DOTALL),
    re.compile(r"No matching distribution found for ([A-Za-z0-9][\w.-]*)"),
)  # fmt: skip
_REFUSED = re.compile(
    r"ProxyError|onnect to proxy|Max retries exceeded|transport '\w+' not allowed"
    r"|installing build dependencies did not"
)
_COLLECTED = re.compile(r"^\s*Collecting ([A-Za-z0-9][\w.-]*)", re.MULTILINE)
#: What they say of a name that no index has.
_NOT_FOUND = (
    "was not found in the package registry",
    "was not found in the provided package locations",
    "no matching distribution found for",
)
#: What uv says of a version that no index has; also a part of how it tells a contradiction.
_NO_VERSION = re.compile(r"because (?:there (?:is|are) no versions? of|only )")
OFFLINE_HINT = "do it once with a network, or give wheels with --find-links"


class Question(NamedTuple):
    """Which versions go together, for which Python and platforms."""

    interpreter: Interpreter
    packages: tuple[Package, ...]
    """What is wanted; what had to be built is named by the file that came of it."""
    platforms: tuple[str, ...]
    """See `rezup.system.machine.platform_tag`."""
    is_universal: bool
    """Whether one of them is not this machine's."""
    built: Mapping[str, LockedPackage]
    """What was built before, by its name."""
    kept: Mapping[str, str]
    """Versions, by name, that are taken again where they still fit."""
    wheels: Path
    """The folder for wheels that no index has."""
    sdists: bool
    """Whether a package may be built that has no wheel."""
    build: Callable[[str, str], LockedPackage]
    """Builds a source that turned up on the way: its requirement, and SHA-256 where it is known."""


def without_wheels(settings: PipSettings) -> tuple[str, ...]:
    """Names of what pip is told to build in any case; ":all:" is everything."""
    names: list[str] = []
    for text in settings.values.get("no-binary", ()):
        for name in (part.strip() for part in text.split(",")):
            if name == ":none:":
                names.clear()
            elif name:
                names.append(name if name == ":all:" else canonical(name))
    return tuple(dict.fromkeys(names))


def no_wheel(what: str, platform: str, *, is_source_there: bool) -> LockError:
    """The error about something that can't be locked, as no wheel of it is there."""
    if is_source_there:
        return only_source(f"{what} for {platform}")
    return LockError(
        f"there is no wheel of {what} for {platform}",
        hint="ask for a version that has one, or take the platform out of the recipe's `platforms`",
    )


def explained(error: ProcessError, *, is_offline: bool) -> ProcessError | LockError:
    """The failure of a resolution, said better where it came of taking wheels only, or of being offline."""
    lacking = lacking_offline(error.output) if is_offline else ()
    if lacking:
        return LockError(
            f"{', '.join(lacking)} can't be had",
            context="offline, and not on this machine", hint=OFFLINE_HINT,
        )  # fmt: skip
    if "building from source is disabled" in error.output or "has no usable wheels" in error.output:
        return only_source("something that is needed", error.context)
    return error


def lacking_offline(output: str) -> tuple[str, ...]:
    """What pip or uv, offline, couldn't get; empty where it failed for another reason."""
    found = [name for pattern in _LACKING for name in pattern.findall(output)]
    if not found and _REFUSED.search(output):
        found = _COLLECTED.findall(output)[-1:]
    return tuple(dict.fromkeys(found))


def only_source(what: str, context: str | None = None) -> LockError:
    """The error about what has a source distribution and no wheel, where wheels alone are taken."""
    return LockError(
        f"there is no wheel of {what}, only a source distribution",
        context=context,
        hint="allow building it: `sdists = true` in [installer]; or ask for a version that has wheels",
    )


def is_nowhere(output: str) -> bool:
    """Whether no index has a name or a version, rather than that versions contradict each other.

    :param output: what pip or uv said, in lower case and on one line
    """
    if "resolutionimpossible" in output:
        return False
    if any(text in output for text in _NOT_FOUND):
        return True
    return " depends on " not in output and _NO_VERSION.search(output) is not None
