"""The upgrade that replaces pip's own files, for those who use the library from other programs."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

from rezup.errors import UpgradeError
from rezup.installers.programs import find_uv
from rezup.upgrade.sources.base import LIBRARY

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rezup.installers.backend import BuildContext
    from rezup.upgrade.installation import Installation


def upgrade_in_place(installed: Installation, asked: Sequence[str], context: BuildContext) -> None:
    """Run pip, or uv where this Python has no pip, with the configuration of the machine.

    :param asked: the requirement, and where it is to be looked for besides
    :raises UpgradeError: there is neither pip nor uv
    :raises ProcessError: it failed
    """
    python = sys.executable
    if find_spec("pip") is not None:
        program: list[str | Path] = [python, "-m", "pip", "install", "--disable-pip-version-check"]
    else:
        uv = find_uv(context.environment, context.folder)
        if uv is None:
            raise UpgradeError("there is neither pip nor uv for this Python", hint=installed.command)
        program = [uv.path, "pip", "install", "--python", python]
    context.workplace.run(
        [*program, "--upgrade", *asked],
        environment=context.environment, what=f"upgrading {LIBRARY} in place",
    )  # fmt: skip
