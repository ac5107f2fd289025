"""The keys about locks: `platforms`, `lock`, and `sdists` of `[installer]`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from rezup.recipes.findings import UnfitError, shown
from rezup.recipes.sources import absolute, is_absolute, plain
from rezup.recipes.variables import has_placeholder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rezup.recipes.fields import Table
    from rezup.recipes.sources import Origin

#: What a recipe may write -> the tag, see `rezup.system.machine.platform_tag`
PLATFORM_TAGS: Mapping[str, str] = {
    "linux": "linux-x86_64",
    "linux-x86_64": "linux-x86_64",
    "linux-aarch64": "linux-aarch64",
    "windows": "win32-amd64",
    "windows-x86_64": "win32-amd64",
    "windows-arm64": "win32-arm64",
    "macos": "darwin-arm64",
    "macos-arm64": "darwin-arm64",
    "macos-x86_64": "darwin-x86_64",
    # The tags themselves, as messages and locks have them.
    "win32-amd64": "win32-amd64",
    "win32-arm64": "win32-arm64",
    "darwin-arm64": "darwin-arm64",
    "darwin-x86_64": "darwin-x86_64",
}


def read_platforms(top: Table) -> tuple[str, ...]:
    """The `platforms` key as tags, in file order, each once."""
    tags: list[str] = []
    for text in top.texts("platforms", _platform):
        if text in tags:
            top.warn("platforms", f"names {text} twice")
        else:
            tags.append(text)
    return tuple(tags)


def read_lock(top: Table, origin: Origin) -> Path | None:
    """The `lock` key: an absolute path."""
    text = top.text("lock")
    if text is None:
        return None
    try:
        text = plain(text, "the lock")
        if has_placeholder(text):
            raise UnfitError(f"{shown(text)} holds a placeholder", "write the path as it is")
        if origin.folder is None and not text.startswith("~") and not is_absolute(text):
            return None  # a recipe without a file has nothing beside it
        path = absolute(text, origin)
        if not _is_lock_name(path.name):
            raise UnfitError(
                f"{shown(text)} is no name of a lock", "locks are called pylock.toml or pylock.NAME.toml"
            )
    except UnfitError as error:
        top.error("lock", error.message, error.hint)
        return None
    return Path(os.path.abspath(path))


def _platform(text: str) -> str:
    name = plain(text, "the platform").lower()
    if name in PLATFORM_TAGS:
        return PLATFORM_TAGS[name]
    from difflib import get_close_matches

    near = get_close_matches(name, PLATFORM_TAGS, n=1)
    known = "linux, linux-aarch64, windows, windows-arm64, macos, macos-x86_64"
    raise UnfitError(
        f"{shown(text)} is no platform" + (f"; did you mean {near[0]!r}?" if near else ""), f"such as {known}"
    )


def _is_lock_name(name: str) -> bool:
    # PEP 751; `rezup.lockfiles` lies above recipes.
    parts = name.split(".")
    return parts[0] == "pylock" and parts[-1] == "toml" and len(parts) in (2, 3) and all(parts)
