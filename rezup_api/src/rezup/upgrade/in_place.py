"""The upgrade that replaces pip's own files, for those who use the library from other programs."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

from rezup.errors import UpgradeError
from rezup.installers.backend import prepare
from rezup.installers.base import Package
from rezup.system.interpreters import running
from rezup.upgrade.sources.base import LIBRARY

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rezup.installers.context import BuildContext
    from rezup.upgrade.installation import Installation


def upgrade_in_place(
    installed: Installation, wanted: str, options: Sequence[str], context: BuildContext
) -> None:
    """Run pip, or uv where this Python has no pip, with the configuration of the machine.

    :param wanted: the requirement
    :param options: where it is to be looked for besides
    :raises UpgradeError: there is neither pip nor uv
    :raises InstallError: it failed
    """
    if find_spec("pip") is not None:
        pip: list[str | Path] = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check"]
        context.workplace.run(
            [*pip, "--upgrade", *options, wanted],
            environment=context.environment, what=f"upgrading {LIBRARY} in place",
        )  # fmt: skip
        return
    prepared = prepare("auto", context, lambda uv, settings: running().base)
    if prepared.installer.name != "uv":
        raise UpgradeError(
            "there is no pip for this Python, and uv can't be used",
            context=prepared.reason, hint=installed.command,
        )  # fmt: skip
    # Unlike pip's, its --upgrade would be about all dependencies, too.
    prepared.installer.install(
        running().prefix, prepared.interpreter, [Package(wanted)], [*options, "--upgrade-package", LIBRARY]
    )
