"""The environment of whatever runs in a container: the caller's, with a documented difference.

Added: the recipe's variables (dotenv files, then `[env]`), the revision's script folders in
front of PATH, ``REZUP_CONTAINER``, ``REZUP_REVISION`` and ``REZUP_USING_REMOTE``.
Removed: what would let the caller's own Python environment leak in, see `REMOVED`. The whole list
is in ``docs/reference/environment.md``, which a test compares with what programs are given.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rezup.errors import NestedContainerError
from rezup.launch.shims import shim_folder
from rezup.recipes.variables import compose as compose_variables

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rezup.containers.revision import Revision
    from rezup.reporting import Reporter

CONTAINER, REVISION, USING_REMOTE = "REZUP_CONTAINER", "REZUP_REVISION", "REZUP_USING_REMOTE"

#: A launched program must not find rezup's own Python, nor the virtual environment it was called from. With
#: the last four, which fish and cmd export, activating one inside would put back the PATH of outside.
REMOVED = (
    "VIRTUAL_ENV", "VIRTUAL_ENV_PROMPT", "PYTHONHOME", "PYTHONEXECUTABLE", "__PYVENV_LAUNCHER__",
    "_OLD_VIRTUAL_PATH", "_OLD_VIRTUAL_PROMPT", "_OLD_VIRTUAL_PS1", "_OLD_VIRTUAL_PYTHONHOME",
)  # fmt: skip


def recipe_variables(
    revision: Revision, base: Mapping[str, str], *, is_from_remote: bool, reporter: Reporter
) -> dict[str, str]:
    """What the recipe sets, and the variables that tell a program where it is."""
    receipt = revision.receipt
    variables: dict[str, str] = {}
    table = revision.environment
    if table or receipt.dotenv:
        composed = compose_variables(table, receipt.dotenv, base)
        for warning in composed.warnings:
            reporter.warning(warning)
        variables.update(composed.values)
    variables[CONTAINER] = revision.container
    variables[REVISION] = revision.stamp
    variables[USING_REMOTE] = "yes" if is_from_remote else ""
    return variables


def compose(
    revision: Revision,
    base: Mapping[str, str],
    *,
    is_from_remote: bool,
    reporter: Reporter,
    program: Path | None = None,
    shims: Path | None = None,
) -> dict[str, str]:
    """The whole environment of a program in the revision.

    :param base: the caller's environment
    :param program: rezup's own script; where PATH lacks its folder, one with a link to it joins the
        end of PATH, so that the other commands work inside
    :param shims: the folder for such links; without it the script's own folder joins PATH, with
        all that lies beside it
    """
    environment = {name: value for name, value in base.items() if name not in REMOVED}
    environment.update(recipe_variables(revision, base, is_from_remote=is_from_remote, reporter=reporter))
    folders = [str(folder) for folder in revision.script_folders]
    # The recipe may set PATH; ours still comes first.
    old = [part for part in environment.get("PATH", os.defpath).split(os.pathsep) if part not in folders]
    if program is not None and str(program.parent) not in old:
        folder = shim_folder(os.fspath(program), None if shims is None else os.fspath(shims))
        old.append(folder or str(program.parent))
    environment["PATH"] = os.pathsep.join([*folders, *old])
    return environment


def refuse_nested(environ: Mapping[str, str]) -> None:
    """Raise inside a container.

    :raises NestedContainerError: with the name of the container we are in
    """
    container = environ.get(CONTAINER)
    if container:
        raise NestedContainerError(
            f"this is already container {container}",
            context="a container inside a container would mix two revisions",
            hint="leave it with `exit` first; status, list and add work here",
        )
