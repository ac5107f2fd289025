"""What an installer is asked for, kept out of the list of processes where it holds a secret.

Arguments of a program can be read by every user of the machine. A URL with credentials is
therefore written into a requirements file with a variable in place of them; uv and pip both fill
in ``${NAME}`` from their environment.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rezup.errors import InstallError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rezup.installers.base import Package

# user:password@ or token@ of a URL; git@ over ssh is no secret.
_USERINFO = re.compile(r"(?<=://)(?!(?:git|hg|svn|anonymous)@)([^/?#\s@]+)(?=@)")
# A token as a query parameter is a secret, too; which one can't be told, so none is shown.
_QUERY = re.compile(r"(?<=://)([^\s#]*\?[^\s#]+)")


class Asked(NamedTuple):
    """Arguments for `install`, and the variables that the requirements file among them needs."""

    arguments: tuple[str, ...]
    environment: dict[str, str]


def ask(packages: Sequence[Package], folder: Path, secrets: Sequence[str] = ()) -> Asked:
    """Arguments that ask for `packages`; a requirements file in `folder` holds those with secrets.

    :param secrets: texts that are secret wherever they stand
    :raises InstallError: a requirement could be taken for an option
    """
    arguments: list[str] = []
    plain: list[str] = []
    lines: list[str] = []
    variables: dict[str, str] = {}
    for package in packages:
        text = package.requirement
        if text.startswith("-") or re.search(r"[\x00-\x1f\x7f]", text):
            raise InstallError(f"{text!r} is no requirement", hint="options belong in [pip] options")
        hidden = _hidden(text, variables, secrets)
        if hidden != text:
            lines.append(f"-e {hidden}" if package.editable else hidden)
        elif package.editable:
            arguments += ("--editable", text)
        else:
            plain.append(text)
    if lines:
        path = folder / "requirements.txt"
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        arguments += ("--requirement", str(path))
    return Asked((*arguments, "--", *plain) if plain else tuple(arguments), variables)


def write_requirements(packages: Sequence[Package], path: Path, secrets: Sequence[str] = ()) -> Asked:
    """As `ask`, but all of it is in the file at `path`, for programs that take nothing else.

    :raises InstallError: a requirement could be taken for an option
    """
    lines: list[str] = []
    variables: dict[str, str] = {}
    for package in packages:
        text = package.requirement
        if text.startswith("-") or re.search(r"[\x00-\x1f\x7f]", text):
            raise InstallError(f"{text!r} is no requirement", hint="options belong in [pip] options")
        if os.path.isabs(text):  # a file may read a blank or a "#" otherwise
            text = Path(text).as_uri()
        hidden = _hidden(text, variables, secrets)
        lines.append(f"-e {hidden}" if package.editable else hidden)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return Asked(("--requirement", str(path)), variables)


def _hidden(text: str, variables: dict[str, str], secrets: Sequence[str]) -> str:
    def hide(match: re.Match[str]) -> str:
        name = f"REZUP_SECRET_{len(variables)}"
        variables[name] = match[0]
        return f"${{{name}}}"

    for secret in secrets:
        text = re.sub(re.escape(secret), hide, text)
    if variables and "${REZUP_SECRET_" in text:
        return text
    changed = _USERINFO.sub(hide, text)
    return changed if changed != text else _QUERY.sub(hide, text)
