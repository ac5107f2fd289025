"""Contexts of ours over the packages of `support.context_rez`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from rezup.runtime.config import load_config
from rezup.runtime.context.creation import Setting, context_of
from rezup.session.packages.packages import Packages
from support.context_rez import fill

if TYPE_CHECKING:
    from pathlib import Path

    from rezup.runtime.config import Config
    from rezup.runtime.context.context import Context

#: When all contexts of a world are made.
NOW = 1_700_000_000


class World:
    """Packages, a configuration, and contexts by request."""

    def __init__(self, root: Path) -> None:
        self.root = fill(root)
        self.paths = [str(root / "one"), str(root / "two")]
        self.environ = {
            "HOME": str(root), "PATH": os.defpath, "REZ_PACKAGES_PATH": ":".join(self.paths),
            "REZ_LOCAL_PACKAGES_PATH": self.paths[1], "REZUP_CACHE_DIR": str(root / "cache"),
            "REZ_IMPLICIT_PACKAGES": "",
        }  # fmt: skip
        self.config: Config = load_config(self.environ)

    def context(self, request: str, **options: Any) -> Context:
        """The context of a request, made as a session does."""
        resolved = Packages(self.environ).resolve(request.split(), **options)
        found = context_of(
            resolved.resolution, resolved.uris, requests=request.split(), implicit=resolved.implicit,
            setting=Setting(resolved.paths, options.get("time")), config=self.config, now=NOW,
        )  # fmt: skip
        return found._replace(user="artist", host="here", platform="linux", arch="x86_64", os="some-1")

    def write(self, name: str, content: str = "") -> Path:
        """A file below the root."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
        return path
