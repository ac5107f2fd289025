"""The `[pip] options` of a recipe: read as pip reads them, and kept from changing the target.

Refused is what would install somewhere else (``--target``, ``--prefix``, ``--root``, ``--user``,
``--python``), nothing at all (``--dry-run``, ``--help``), or for another platform, and what the
recipe has a key for (``--editable``, packages). ``--requirement`` and ``--constraint`` are
allowed, with an absolute path or URL: an installer runs in a folder of its own.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from rezup.recipes.findings import UnfitError, shown
from rezup.recipes.pip_option_names import KNOWN, PATH_OPTIONS, REFUSED, SHORT, SWITCHES, WITH_VALUE
from rezup.recipes.sources import is_absolute, plain
from rezup.recipes.variables import has_placeholder

_EXPANDS_HOME = frozenset({"--find-links", "--cert", "--client-cert", "--cache-dir", "--log"})
_FALSE = frozenset({"", "0", "false", "no", "off", "f", "n"})


class PipOption(NamedTuple):
    """One option under its long name; ``position`` is the element (from 1) that holds its value."""

    position: int
    name: str
    value: str | None = None


class Misfit(NamedTuple):
    """An element (from 1) that can't be, and why."""

    position: int
    error: UnfitError


def read_options(options: tuple[str, ...]) -> tuple[list[PipOption], list[Misfit]]:
    """Take the options of one `pip install` apart; abbreviations are refused."""
    found: list[PipOption] = []
    misfits: list[Misfit] = []
    waiting: PipOption | None = None
    for position, text in enumerate(options, start=1):
        try:
            if waiting is not None and not text.startswith("-"):
                found.append(PipOption(position, waiting.name, text))
                waiting = None
                continue
            if waiting is not None and waiting.name in WITH_VALUE:
                misfits.append(Misfit(waiting.position, _no_value(waiting.name)))
            elif waiting is not None:
                found.append(waiting)
            waiting = None
            for option, needs_value in _split(position, text):
                if needs_value:
                    waiting = option
                else:
                    found.append(option)
        except UnfitError as error:
            misfits.append(Misfit(position, error))
    if waiting is not None and waiting.name in WITH_VALUE:
        misfits.append(Misfit(waiting.position, _no_value(waiting.name)))
    elif waiting is not None:
        found.append(waiting)
    return found, misfits


def check_options(options: tuple[str, ...]) -> list[Misfit]:
    """What is wrong with the options of a recipe, in order."""
    found, misfits = read_options(options)
    for option in found:
        try:
            _check(option)
        except UnfitError as error:
            misfits.append(Misfit(option.position, error))
    return sorted(misfits, key=lambda misfit: misfit.position)


def option_text(text: str) -> str:
    """One element of the options.

    :raises UnfitError: it is empty or holds control characters
    """
    return plain(text, "the option")


def variable_option(name: str) -> str | None:
    """The option that a variable such as PIP_INDEX_URL stands for, None for other variables."""
    if not name.upper().startswith("PIP_"):
        return None
    return "--" + name[4:].lower().replace("_", "-")


def check_variable(name: str, value: str) -> None:
    """:raises UnfitError: the variable of `[pip.env]` does what the recipe's options may not"""
    option = variable_option(name)
    if has_placeholder(value):
        return  # checked again once it is expanded
    if option in REFUSED and value.strip().lower() not in _FALSE:
        raise UnfitError(f"{name} is refused: as {option} it would change what is installed where")


def _split(position: int, text: str) -> list[tuple[PipOption, bool]]:
    """The options in one element, each with whether its value is the next element."""
    if text in ("-", "--") or not text.startswith("-"):
        raise UnfitError(f"{shown(text)} is no option", "packages belong in `lib` of [rez] or an extension")
    if not text.startswith("--"):
        return _split_short(position, text)
    written, equals, value = text.partition("=")
    name = _full_name(written)
    if equals:
        return [(PipOption(position, name, value), False)]
    # An option newer than this list may have a value.
    return [(PipOption(position, name), name not in SWITCHES)]


def _split_short(position: int, text: str) -> list[tuple[PipOption, bool]]:
    found = []
    for place, letter in enumerate(text[1:], start=2):
        name = SHORT.get(letter)
        if name is None:
            raise UnfitError(f"{shown(text)} is no option that pip has", "write its long name")
        if name in WITH_VALUE:
            rest = text[place:]
            found.append((PipOption(position, name, rest or None), not rest))
            break
        found.append((PipOption(position, name), False))
    return found


def _full_name(written: str) -> str:
    if written in KNOWN:
        return written
    if not re.fullmatch(r"--[A-Za-z0-9][A-Za-z0-9_-]*", written):
        raise UnfitError(f"{shown(written)} is no option")
    meant = sorted(name for name in KNOWN if name.startswith(written))
    if meant:
        raise UnfitError(f"{written} is an abbreviation", f"write it in full: {' or '.join(meant)}")
    return written


def _check(option: PipOption) -> None:
    if option.name in REFUSED:
        hint = {
            "--editable": "set `edit = true` in [rez] or an extension",
            "--python": "set `python` in [rez] or an isolated extension",
            "--group": "list the packages in `lib`",
        }.get(option.name)
        raise UnfitError(f"{option.name} is refused: it would change what is installed where", hint)
    if option.name in PATH_OPTIONS and option.value is not None and not _is_anchored(option):
        raise UnfitError(
            f"{option.name} has a relative path: {shown(option.value)}",
            "an installer runs in a folder of its own: make it absolute, or begin it with ${VAR}",
        )


def _is_anchored(option: PipOption) -> bool:
    value = option.value or ""
    if value.startswith("~"):
        return option.name in _EXPANDS_HOME
    return "://" in value or value.startswith(("file:", "${")) or is_absolute(value)


def _no_value(name: str) -> UnfitError:
    return UnfitError(f"{name} lacks its value", f"write {name}=VALUE")
