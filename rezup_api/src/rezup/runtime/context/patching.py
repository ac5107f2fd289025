"""Changing the request of a context: what `rez-env --patch` asks for, and the locks of patches.

A lock says how far a patch may change the version of a package that it doesn't name::

    no_lock  as it likes           lock_2  1.*        lock_3  1.2.*
    lock_4   1.2.3.*               lock    not at all
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup.errors import ContextError, InvalidRequirementError
from rezup.resolver.requirement import Requirement

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rezup.resolver.version import Version
    from rezup.runtime.context.context import Context

#: How many tokens of a version each lock keeps.
_RANKS = {"lock_2": 1, "lock_3": 2, "lock_4": 3}


def patched(old: Sequence[str], new: Iterable[str], without: Iterable[str] = ()) -> list[str]:
    """A request with changes, by the rules of `rez-env --patch`.

    ``^foo`` takes all that concerns foo away; ``foo-2`` takes the place of what was asked of foo, ``!foo-2``
    of the last conflict with it, and ``~foo-2`` of the last weak request; what finds no place of its kind
    goes to the end. Each place is taken once.

    :param without: names that are taken away, too
    :raises InvalidRequirementError: one can't be understood
    """
    changes = list(new)
    gone = {*without, *(text[1:] for text in changes if text.startswith("^"))}
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


def patched_request(
    context: Context,
    changes: Iterable[str],
    *,
    without: Iterable[str] = (),
    strict: bool = False,
    rank: int = 0,
) -> list[str]:
    """The request for a new context with these changes; see `patched`.

    :param strict: what was resolved is changed, instead of what was asked for
    :param rank: 2 or more: versions may rise only in this token and those after it: with 3, 1.2.3 may
        become 1.2.4 but not 1.3. Packages that a change asks for are free of it; `strict` overrides it.
    :raises ContextError: there are no resolved packages to go by
    :raises InvalidRequirementError: a change can't be understood
    """
    wanted = list(changes)
    if (strict or rank > 1) and not context.is_solved:
        raise ContextError(
            "the context can't be patched that way",
            context="its resolve failed, so there are no versions to keep",
            hint="leave out --strict and --patch-rank",
        )
    if strict:
        old = [variant.qualified_package_name for variant in context.resolved_packages]
        return patched(old, wanted, without)
    result = patched(context.package_requests, wanted, without)
    if rank > 1:
        requirements = [Requirement(text) for text in wanted if not text.startswith("^")]
        free = {each.name for each in requirements if not each.conflict}
        for variant in context.resolved_packages:
            name, version = variant.parent.name, variant.parent.version
            if name not in free and len(version) >= rank:
                result.append(f"~{name}<{version.trim(rank - 1).next()}")
    return result


def lock_request(name: str, version: Version, lock: str, *, weak: bool = True) -> str | None:
    """The requirement that keeps a package within a lock; None where it is free.

    A version shorter than the lock is kept as it is: `lock_3` makes `~foo-1` of foo-1.

    :raises ContextError: there is no such lock
    """
    kind = "~" if weak else ""
    if lock == "lock":
        return f"{kind}{name}=={version}"
    if lock == "no_lock":
        return None
    if lock not in _RANKS:
        raise ContextError(
            f"{lock[:80]!a} is no patch lock", hint=f"use one of {', '.join(('no_lock', *_RANKS, 'lock'))}"
        )
    return f"{kind}{name}-{version.trim(_RANKS[lock])}" if version else None


def lock_requests(context: Context) -> list[str]:
    """The requirements that the context's own locks make; a patch adds them to its request."""
    found = []
    for variant in context.resolved_packages:
        name = variant.parent.name
        lock = context.patch_locks.get(name, context.default_patch_lock)
        text = lock_request(name, variant.parent.version, lock)
        if text is not None:
            found.append(text)
    return found


def _parsed(text: str) -> Requirement:
    try:
        return Requirement.parse_package(text)
    except InvalidRequirementError as error:
        if error.hint is None:
            error.hint = "a patch may also hold ^NAME, which takes NAME away"
        raise


def _kind(text: str) -> str:
    return text[:1] if text[:1] in ("!", "~") else ""
