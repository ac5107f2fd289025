"""The suites that are seen on PATH, and those that an environment keeps."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rezup.runtime.suites.layout import is_suite

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def visible_suites(paths: Iterable[str]) -> tuple[str, ...]:
    """The folders of the suites whose tools are on a search path, in its order.

    :param paths: the entries of PATH
    """
    parents = [os.path.dirname(path) for path in paths if path and os.path.isdir(path)]
    return tuple([parent for parent in parents if is_suite(parent)])


def kept_suites(mode: str, visible: Sequence[str], parent: str | None) -> tuple[str, ...]:
    """The suites whose tools are appended to PATH in a new environment.

    With "parent_priority" Rez means to keep all, the parent first; in fact it keeps the parent only,
    and so do we. It keeps nothing at all where no suite is visible, not even the parent.

    :param mode: the setting `suite_visibility`: "never", "always", "parent" or "parent_priority"
    :param visible: see `visible_suites`
    :param parent: the suite that the environment's context is in
    """
    if mode == "never" or not visible:
        return ()
    if mode == "always":
        return tuple(visible)
    return (parent,) if parent else ()
