"""What a resolve needs of Rez's configuration and of ours, kept until something changes that it came from.

Reading the configuration of Rez takes longer than most resolves. What was found is kept in a small file
of the cache, with all that was looked at on the way: the value of each variable that was asked for, and
the stamp of each file that was looked for, there or not. It is used again only where all of them are as
they were, for the same user on the same machine, with the same rezup and Python.

Nothing is kept where that can't prove it to be up to date: after a rezconfig.py that looks at anything
beside itself, or a setting that holds what only the network or another process can tell, or where a
file changed a moment ago and may change again within the grain of its times.
"""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Any, NamedTuple
from zlib import crc32

from rezup.errors import RezConfigError
from rezup.runtime.index_store.stamps import is_settled, stamp
from rezup.system.dirs import user_cache
from rezup.system.kept import read_kept, write_kept
from rezup.system.machine import is_root_in_a_home_of_another

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rezup.resolver.filters import PackageFilterList
    from rezup.resolver.orderers import PackageOrderList
    from rezup.runtime.config import Config
    from rezup.runtime.index_store.stamps import Clock

BUCKET = "rezconfig-v1"

#: Raise it whenever what is kept means something else.
_FORMAT = 3

#: Settings of Rez that are looked at when a resolve is entered.
_ENTERING = (
    "all_parent_variables", "allow_unversioned_packages", "context_tmpdir",
    "default_shell", "disable_rez_1_compatibility", "env_var_separators", "local_packages_path",
    "max_package_changelog_chars", "optionvars", "package_cache_async", "package_commands_sourced_first",
    "package_definition_build_python_paths", "parent_variables", "pathed_env_vars", "prefix_prompt",
    "package_cache_during_build", "read_package_cache", "rez_1_environment_variables", "rez_tools_visibility",
    "set_prompt", "standard_system_paths", "suite_alias_prefix_char", "suite_visibility",
    "use_variant_shortlinks", "variant_shortlinks_dirname", "write_package_cache",
)  # fmt: skip

#: Types of plugins whose settings are, too.
_PLUGINS = ("package_repository", "shell")

#: Facts of the machine and the user that are looked at then.
_FACTS = ("arch", "home", "hostname", "os", "platform", "rez_version", "user")

#: Facts that nothing we could watch tells of.
_UNTOLD = frozenset(["fqdn", "domain", "shell"])

#: Variables by which files are told apart, so that shows with a configuration each don't fight for one.
_NAMING = ("HOME", "REZ_CONFIG_FILE", "REZ_DISABLE_HOME_CONFIG", "REZ_PACKAGES_PATH")


class ResolveSettings(NamedTuple):
    """All settings that a resolve looks at; plain data. The first ones are Rez's, under its names."""

    packages_path: tuple[str, ...]
    implicit_packages: tuple[str, ...]
    package_filter: Any
    package_orderers: Any
    variant_select_mode: str
    error_on_missing_variant_requires: bool
    package_filenames: tuple[str, ...]
    reading: str
    """All settings that reading package definitions depends on, as text."""
    trust_releases: bool
    cache: str | None
    """The folder of our caches; None where nothing is kept."""
    more: tuple[dict[str, Any], dict[str, Any], dict[str, Any]]
    """What entering a resolve needs beside: settings of Rez by name, those of plugins by type, facts by name.
    Empty where they were not kept; see `KnownConfig`."""


class Known(NamedTuple):
    """Settings, and the configuration that they come from where it had to be read."""

    settings: ResolveSettings
    config: Config | None


def load_settings(
    environ: Mapping[str, str], overrides: Mapping[str, Any], clock: Clock = time.time_ns
) -> Known:
    """The settings that this environment means.

    :param overrides: settings of ours by configuration key, as from a command line
    :param clock: gives the time in nanoseconds
    :raises RezConfigError: what was set for Rez can't be used
    :raises SettingsError: a setting of ours can't be used
    """
    path = None if overrides else _file(environ)
    found = None if path is None else _kept(path, environ)
    if found is not None:
        return Known(found, None)
    started = clock()
    reading = _Reading(environ, overrides)
    if path is not None:
        reading.keep(path, started)
    return Known(reading.settings, reading.config)


def orderers_of(settings: ResolveSettings) -> PackageOrderList | None:
    """The configured order of versions; None for the usual one."""
    if not settings.package_orderers:
        return None
    from rezup.resolver.orderers import PackageOrderList

    return PackageOrderList.from_pod(settings.package_orderers)


def filters_of(configured: Any, excludes: Iterable[str], includes: Iterable[str]) -> PackageFilterList | None:
    """A configured package filter with more rules; None where nothing is hidden.

    :raises ResolveError: a rule can't be understood
    """
    rules = tuple(excludes), tuple(includes)
    if not configured and not any(rules):
        return None
    from rezup.resolver.filters import PackageFilterList, Rule

    found = PackageFilterList.from_pod(configured or None)
    for text in rules[0]:
        found = found.with_exclusion(Rule.parse_rule(text))
    for text in rules[1]:
        found = found.with_inclusion(Rule.parse_rule(text))
    return found


def folder(environ: Mapping[str, str]) -> str | None:
    """Where the files lie, known before any setting is; None where nothing is kept."""
    if is_root_in_a_home_of_another(environ):
        return None
    named = environ.get("REZUP_CACHE_DIR")
    if named:
        from rezup.settings import absolute_path

        named = str(absolute_path(named, environ))
    return os.path.join(named or user_cache("rezup", environ), BUCKET)


def _file(environ: Mapping[str, str]) -> str | None:
    bucket = folder(environ)
    if bucket is None:
        return None
    text = "\0".join(environ.get(name, "") for name in _NAMING)
    return os.path.join(bucket, f"{crc32(text.encode('utf-8', 'surrogateescape')):08x}")


def _kept(path: str, environ: Mapping[str, str]) -> ResolveSettings | None:
    """What is kept in a file, if it still holds."""
    kept = read_kept(path)
    if kept is None:
        return None
    mark, variables, files, values = kept
    if mark != _mark(environ):
        return None
    if any(environ.get(name) != value for name, value in variables):
        return None
    if any(stamp(name) != known for name, known in files):
        return None
    return ResolveSettings._make(values)


def _mark(environ: Mapping[str, str]) -> tuple[Any, ...]:
    """Who asks where: what is kept holds for nobody else."""
    from rezup import __version__

    who = os.getuid() if hasattr(os, "getuid") else environ.get("USERNAME")
    where: tuple[Any, ...]
    if sys.platform == "win32":
        where = (environ.get("COMPUTERNAME"), *sys.getwindowsversion()[:3])
    else:
        where = tuple(os.uname())
    return _FORMAT, __version__, sys.hexversion, sys.implementation.name, who, where


class _Reading:
    """The real thing: both configurations read, with all that was looked at."""

    def __init__(self, environ: Mapping[str, str], overrides: Mapping[str, Any]) -> None:
        from rezup.runtime.config import load_config
        from rezup.runtime.config.config import RecordingEnviron
        from rezup.runtime.config.files import forms, searched
        from rezup.settings import Settings

        # Taken before the files are read, so that a change meanwhile is found by the next call.
        self._before = {path: stamp(path) for place in searched(environ) for path in forms(place)}
        self._own_environ = RecordingEnviron(environ)
        own = Settings.load(self._own_environ, overrides=overrides)
        self._own_files = [
            str(own.folders.config / "config.toml"),
            str(own.folders.site_config / "config.toml"),
        ]
        self.config = config = load_config(environ)
        cache = None if folder(self._own_environ) is None else str(own.cache_dir)
        self.settings = ResolveSettings(
            packages_path=tuple(config["packages_path"]),
            implicit_packages=tuple(config["implicit_packages"]),
            package_filter=config["package_filter"],
            package_orderers=config["package_orderers"],
            variant_select_mode=config["variant_select_mode"],
            error_on_missing_variant_requires=config["error_on_missing_variant_requires"],
            package_filenames=tuple(
                config["plugins"]["package_repository"]["filesystem"]["package_filenames"]
            ),
            reading=_reading(config),
            trust_releases=own.index_trust == "release",
            cache=cache,
            more=({}, {}, {}),
        )

    def keep(self, path: str, started: int) -> None:
        """Keep it, if whatever it came from can be watched."""
        if not self._is_told():
            return
        self._look_further()
        before = self._before
        files = [
            (name, before[name] if name in before else stamp(name)) for name in dict.fromkeys(self._files())
        ]
        if not is_settled([known for _, known in files], started):
            return
        asked = sorted(self._own_environ.asked | self.config.variables)
        environ = dict(self._own_environ)
        variables = [(name, environ.get(name)) for name in asked]
        # A file of Python may set anything; what is no plain data is not kept.
        write_kept(path, (_mark(environ), variables, files, tuple(self.settings)))

    def _look_further(self) -> None:
        """Add what entering needs, unless that can't be used or hangs on what can't be watched."""
        config = self.config
        try:
            # What is found on the machine may be gone the next moment; who needs it looks again.
            settings = {name: config[name] for name in _ENTERING if not _by_machine(config, name)}
            settings.setdefault("context_tmpdir", None)
            plugins = {kind: _plain(config["plugins"][kind]) for kind in _PLUGINS}
        except RezConfigError:
            return  # whoever needs it will be told
        if self._is_told():
            # Settings have to be told by variables and files; these go by user and machine.
            facts = {name: getattr(config.facts, name) for name in _FACTS}
            self.settings = self.settings._replace(more=(settings, plugins, facts))

    def _is_told(self) -> bool:
        """Whether nothing was looked at but variables and files."""
        environ = self._own_environ
        asked = vars(self.config.facts)  # the cached facts, of those that were asked for
        if not _UNTOLD.isdisjoint(asked) or not environ.get("USERPROFILE" if os.name == "nt" else "HOME"):
            return False
        if "user" in asked and not any(
            environ.get(name) for name in ("LOGNAME", "USER", "LNAME", "USERNAME")
        ):
            return False
        return all(map(_is_closed, self.config.executed))

    def _files(self) -> Iterator[str]:
        """All files that were looked for."""
        from rezup.system.identity import LSB_FILE, OS_FILE

        yield from self._own_files
        for source in self.config.sources:
            yield source.path
        yield from (LSB_FILE, OS_FILE)
        for place in (self._own_environ.get("PATH") or os.defpath).split(os.pathsep):
            yield os.path.join(place, "lsb_release")  # may be asked for the name of the system


def _is_closed(path: str) -> bool:
    """Whether a Python file looks at nothing beside itself."""
    from rezup.runtime.nature import Kind, judge

    try:
        with open(path, "rb") as stream:
            return judge(path, stream.read()).kind is Kind.PURE
    except OSError:
        return False


def _by_machine(config: Config, name: str) -> bool:
    return any(origin.kind == "machine" for origin in config.origins(name))


def _plain(value: Any) -> Any:
    """The same without types of ours, which `marshal` does not know."""
    return {key: _plain(each) for key, each in value.items()} if isinstance(value, dict) else value


def _reading(config: Config) -> str:
    from rezup.runtime.place import RepositorySettings

    settings = RepositorySettings.of(config)
    kept: Iterable[str] = (
        "allow_unversioned_packages", "check_package_definition_files", "file_lock_dir",
        "package_filenames", "python_paths",
    )  # fmt: skip
    return "; ".join(f"{name}={getattr(settings, name)!r}" for name in kept)
