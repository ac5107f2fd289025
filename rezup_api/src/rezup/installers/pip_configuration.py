"""What pip is told on this machine and by a recipe, as data.

It reads what ``pip config list`` reads, in pip's order (pip's "configuration" page): the files of
the system, the user, the environment that rezup runs in and ``PIP_CONFIG_FILE``, each over the
one before; then, key by key, ``[install]`` over ``[global]`` and variables over both. Asking pip
itself costs 0.2 to 0.25 s and its internals 0.12 s, this costs 2 ms; ``tests/unit/installers``
holds it against a real pip. Options of the recipe come last; those that pip collects are added
to what was configured, as pip does.

Values may be secrets: nothing here is logged or written.
"""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rezup.errors import InstallError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

#: Options whose values add up; every other one is replaced.
COLLECTED = frozenset(
    ["build-constraint", "config-settings", "constraint", "extra-index-url", "find-links",
     "requirement", "trusted-host", "use-feature"]
)  # fmt: skip
_LISTS = frozenset(["no-binary", "only-binary"])
_ALIASES = {"default-timeout": "timeout", "pypi-url": "index-url", "config-setting": "config-settings"}
_FALSE = frozenset({"", "0", "n", "no", "f", "false", "off"})
_SECTIONS = ("global", "install", ":env:")


@dataclass(frozen=True, slots=True)
class PipSettings:
    """What `pip install` would be told: option (without dashes) to its values, all configuration applied.

    A switch has the value "1"; one that is configured to be off is absent. It may hold secrets,
    so it has no telling ``repr``.
    """

    values: Mapping[str, tuple[str, ...]] = field(repr=False)
    environment: Mapping[str, str] = field(repr=False)
    """The environment for programs, with the recipe's variables, without any ``PIP_*``."""

    def last(self, option: str) -> str | None:
        """The value of an option that has one, None if it isn't set."""
        values = self.values.get(option)
        return values[-1] if values else None


def read_settings(
    environment: Mapping[str, str],
    prefix: Path,
    *,
    options: Sequence[str] = (),
    variables: Mapping[str, str] | None = None,
    home: Path | None = None,
) -> PipSettings:
    """The machine's configuration, then the recipe's variables, then the recipe's options.

    :param prefix: the environment whose ``pip.conf`` counts as the site's
    :param options: `[pip] options` of a recipe, placeholders filled in
    :param variables: `[pip.env]` of a recipe, placeholders filled in
    :raises InstallError: a configuration file can't be read
    """
    combined = {**environment, **(variables or {})}
    given = list(_given(options))
    is_isolated = ("isolated", "1") in given  # pip: neither variables nor the user's files
    home = home or Path(os.path.expanduser("~"))
    values: dict[str, tuple[str, ...]] = {}
    for key, text in _configured(combined, prefix, None if is_isolated else home):
        name = _ALIASES.get(key, key)
        if name in COLLECTED:
            values[name] = tuple(text.split())
        elif name in _LISTS:
            values[name] = (*values.get(name, ()), text)
        else:
            values[name] = (text,)
    for name, value in given:
        if name == "isolated":
            continue
        if name in COLLECTED or name in _LISTS:
            values[name] = (*values.get(name, ()), value)
        else:
            values[name] = (value,)
    for name in [name for name in values if name in SWITCHES and values[name][-1].lower() in _FALSE]:
        del values[name]
    cleaned = {name: value for name, value in combined.items() if not name.startswith("PIP_")}
    return PipSettings(values, cleaned)


#: Options without a value.
SWITCHES = frozenset(
    ["break-system-packages", "check-build-dependencies", "compile", "debug",
     "disable-pip-version-check", "force-reinstall", "ignore-installed",
     "ignore-requires-python", "isolated", "no-build-isolation", "no-cache-dir", "no-clean",
     "no-color", "no-compile", "no-deps", "no-dependencies", "no-index", "no-input",
     "no-python-version-warning", "no-use-pep517", "no-warn-conflicts", "no-warn-script-location",
     "pre", "prefer-binary", "quiet", "require-hashes", "require-virtualenv", "upgrade",
     "use-pep517", "verbose"]
)  # fmt: skip
#: Where to install, and for whom, is rezup's to say; recipes can't set these, a machine's file may.
#: The last ones are of other commands.
_OURS = frozenset(
    ["abi", "dry-run", "editable", "implementation", "platform", "prefix", "python",
     "python-version", "report", "root", "target", "user", "config-file", "format", "help", "version"]
)  # fmt: skip
#: Options that every pip takes as a variable, too.
KNOWN = (SWITCHES | COLLECTED | _LISTS | frozenset(
    ["cache-dir", "cert", "client-cert", "exists-action", "index-url", "keyring-provider", "log",
     "progress-bar", "proxy", "resume-retries", "retries", "root-user-action", "src", "timeout",
     "upgrade-strategy"]
)) - {"config-settings"}  # fmt: skip


def _given(options: Sequence[str]) -> Iterator[tuple[str, str]]:
    from rezup.recipes.pip_options import read_options

    found, misfits = read_options(tuple(options))
    if misfits:
        error = misfits[0].error
        raise InstallError(
            "the pip options of the recipe can't be used", context=error.message, hint=error.hint
        )
    for option in found:
        name = option.name.removeprefix("--")
        yield _ALIASES.get(name, name), "1" if option.value is None else option.value


def _configured(environment: Mapping[str, str], prefix: Path, home: Path | None) -> Iterator[tuple[str, str]]:
    """Keys and values that `pip install` would take, the weaker ones first."""
    sections: dict[str, dict[str, str]] = {name: {} for name in _SECTIONS}
    for path in configuration_files(environment, prefix, home):
        for section, items in _read(path).items():
            if section in sections:
                sections[section].update(items)
    for name, value in environment.items() if home is not None else ():
        if name.startswith("PIP_"):
            sections[":env:"][_normalized(name[4:])] = value
    for section in _SECTIONS:
        for key, value in sections[section].items():
            if value and key not in _OURS:  # pip takes an empty value for none at all
                yield key, value


def configuration_files(environment: Mapping[str, str], prefix: Path, home: Path | None) -> list[Path]:
    """Every file that pip would read, the weaker ones first, whether it exists or not.

    :param home: the user's; None leaves the user's files out
    """
    chosen = environment.get("PIP_CONFIG_FILE")
    if chosen == os.devnull:
        return []
    name = "pip.ini" if sys.platform == "win32" else "pip.conf"
    system, user = _folders(environment, home or Path(os.sep))
    files = [folder / name for folder in system]
    if home is not None and not (chosen and Path(chosen).exists()):
        files += [folder / name for folder in user]
    files.append(prefix / name)
    if chosen:
        files.append(Path(chosen))
    return files


def _folders(environment: Mapping[str, str], home: Path) -> tuple[list[Path], list[Path]]:
    """The folders of the system and of the user; as platformdirs has them, but of a given environment."""
    if sys.platform == "win32":
        local = environment.get("ALLUSERSPROFILE", r"C:\ProgramData")
        roaming = environment.get("APPDATA", str(home / "AppData" / "Roaming"))
        return [Path(local) / "pip"], [home / "pip", Path(roaming) / "pip"]
    if sys.platform == "darwin":
        support = home / "Library" / "Application Support" / "pip"
        own = support if support.is_dir() else home / ".config" / "pip"
        return [Path("/Library/Application Support/pip")], [home / ".pip", own]
    listed = environment.get("XDG_CONFIG_DIRS", "").strip() or "/etc/xdg"
    system = [Path(entry) / "pip" for entry in listed.split(os.pathsep) if entry] + [Path("/etc")]
    config = environment.get("XDG_CONFIG_HOME", "").strip()
    return system, [home / ".pip", (Path(config) if config else home / ".config") / "pip"]


def _read(path: Path) -> dict[str, dict[str, str]]:
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError, PermissionError, IsADirectoryError):
        return {}  # pip takes an unreadable file for a missing one
    except (OSError, ValueError) as error:
        raise InstallError(
            f"pip's configuration {path} can't be read", context=str(error), hint="mend or remove the file"
        ) from error
    import configparser

    parser = configparser.RawConfigParser()
    setattr(parser, "optionxform", _normalized)  # noqa: B010 - the documented way, but a method to mypy
    try:
        parser.read_string(text, str(path))
    except configparser.Error as error:
        # The error quotes the line, which may hold a password.
        place = re.search(r"\[line:? +(\d+)\]", str(error))
        raise InstallError(
            f"pip's configuration {path} can't be read",
            context=f"line {place[1]} is wrong" if place else type(error).__name__,
            hint="`pip config debug` shows what pip makes of it",
        ) from None
    return {section: dict(parser.items(section)) for section in parser.sections()}


def _normalized(name: str) -> str:
    return name.lower().replace("_", "-").removeprefix("--")
