"""What to do where packages are missing: the name that was probably meant, or the path that leads nowhere."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rezup.errors import PackageFamilyNotFoundError, PackageNotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from rezup.errors import ResolveError


def add_hint(error: ResolveError, entries: Sequence[str], names: Callable[[], Iterable[str]]) -> None:
    """Give an error about missing packages its hint.

    :param entries: the packages path
    :param names: gives the names of all families
    """
    if error.hint is None and isinstance(error, PackageFamilyNotFoundError):
        error.hint = _about_places(entries) or _about_names(error.message, names())
    elif error.hint is None and isinstance(error, PackageNotFoundError):
        wanted = error.message.rpartition(": ")[2]
        error.hint = f"the versions there are: rezup search {wanted.partition('-')[0].partition('=')[0]}"


def _about_places(entries: Sequence[str]) -> str | None:
    if not entries:
        return "packages_path is empty; rezup config packages_path shows where that comes from"
    gone = [each for each in entries if "@" not in each and not os.path.isdir(each)]
    if len(gone) == len(entries):
        return f"there is no folder {gone[0]}; rezup config packages_path shows where that comes from"
    closed = [each for each in entries if os.path.isdir(each) and not os.access(each, os.R_OK | os.X_OK)]
    return f"{closed[0]} can't be read by this user" if closed else None


def _about_names(message: str, names: Iterable[str]) -> str | None:
    from difflib import get_close_matches

    wanted = message.partition(": ")[2].partition(" ")[0]
    near = get_close_matches(wanted, list(names), n=1, cutoff=0.7)
    return f"did you mean {near[0]}?" if near else None
