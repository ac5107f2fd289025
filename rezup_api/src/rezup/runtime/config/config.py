"""The configuration of Rez, as a value: every setting, and where it came from.

A setting takes the first of these that has it::

    a package's own `config` section        only for that package
    $REZ_PACKAGES_PATH                      the setting's name in capitals
    $REZ_PACKAGES_PATH_JSON                 the same as JSON
    ~/.rezconfig                            unless $REZ_DISABLE_HOME_CONFIG is set
    the files of $REZ_CONFIG_FILE           later ones before earlier ones
    the default

Dictionaries of several files mix by key, and ModifyList adds to the list below it. A value is
checked and expanded when it is asked for, so a mistake in one setting harms only who needs it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from rezup.errors import RezConfigError
from rezup.runtime.config import dynamic, kinds
from rezup.runtime.config.expansion import Expander
from rezup.runtime.config.facts import REZ_VERSION, SystemFacts
from rezup.runtime.config.files import Layer, Source, read_places, searched
from rezup.runtime.config.modifiers import DelayLoad, ModifyList, merged
from rezup.runtime.config.plugins import Plugins
from rezup.runtime.config.settings import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rezup.runtime.config.settings import Setting


class Origin(NamedTuple):
    """Where a value, or a part of it, came from."""

    kind: str
    """One of "default", "file", "variable", "package", "machine"."""

    name: str
    """The file or variable; empty for the others."""


class RecordingEnviron(dict[str, str]):
    """A copy of the environment that remembers which variables were asked for."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        super().__init__(environ)
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        """See `dict`."""
        self.asked.add(name)
        return super().get(name, default)

    def __contains__(self, name: object) -> bool:
        self.asked.add(str(name))
        return super().__contains__(name)


class Config:
    """All settings. Use `load_config` to make one.

    Settings are attributes, and keys: ``config.packages_path``, ``config["packages_path"]``.
    """

    def __init__(
        self, environ: RecordingEnviron, layers: list[Layer], sources: list[Source],
        overrides: Mapping[str, Any], rez_version: str,
    ) -> None:  # fmt: skip
        self._environ = environ
        self._layers = layers
        self._sources = sources
        self._overrides = overrides
        self._rez_version = rez_version
        self._merged: dict[str, Any] | None = None
        self._values: dict[str, Any] = {}
        self.facts = SystemFacts(environ, lambda: self["platform_map"], rez_version)
        self._expander = Expander(environ, self.facts)

    def __getitem__(self, key: str) -> Any:
        """The value of a setting.

        :raises KeyError: there is no such setting
        :raises RezConfigError: what was set can't be used
        """
        if key not in self._values:
            if key == "plugins":
                self._values[key] = self._plugins()
            else:
                self._values[key] = self._value(key)
        return self._values[key]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"there is no setting {name}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(sorted((*SETTINGS, "plugins")))

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a setting, or the default where there is no such setting."""
        return self[key] if key in SETTINGS or key == "plugins" else default

    def lookup(self, dotted: str) -> Any:
        """The value under a dotted name such as "plugins.shell.bash.prompt".

        :raises KeyError: there is none
        :raises RezConfigError: what was set can't be used
        """
        value: Any = self
        for key in dotted.split("."):
            if not isinstance(value, (Config, Plugins, dict)):
                raise KeyError(dotted)
            value = value[key]
        return value

    def as_dict(self) -> dict[str, Any]:
        """Every setting by its name, plugin settings under "plugins".

        :raises RezConfigError: what was set can't be used
        """
        return {key: self[key].as_dict() if key == "plugins" else self[key] for key in self}

    def origins(self, dotted: str) -> tuple[Origin, ...]:
        """Where the value came from: one origin, or more where it was put together, weakest first."""
        key, *rest = dotted.split(".")
        if key not in SETTINGS and key != "plugins":
            raise KeyError(dotted)
        if not rest and key != "plugins" and key not in self._overrides:
            for variable in (f"REZ_{key.upper()}", f"REZ_{key.upper()}_JSON"):
                if variable in self._environ:
                    return (Origin("variable", variable),)
        found = [Origin("default", "")]
        value = SETTINGS[key].default if not rest and key in SETTINGS else {}
        for layer in (*self._layers, Layer("", dict(self._overrides))):
            given = _under(layer.data, [key, *rest])
            if given is _ABSENT:
                continue
            mixes = isinstance(given, ModifyList) or (isinstance(given, dict) and isinstance(value, dict))
            value = given
            if not mixes:
                found.clear()
            found.append(Origin("file", layer.path) if layer.path else Origin("package", ""))
        if value is None and key in dynamic.BY_MACHINE:
            return (Origin("machine", ""),)
        return tuple(found)

    def with_overrides(self, overrides: Mapping[str, Any]) -> Config:
        """The same configuration under a package's own `config` section."""
        return Config(self._environ, self._layers, self._sources, overrides, self._rez_version)

    @property
    def sources(self) -> tuple[Source, ...]:
        """Every file that was looked for; it grows as settings that name files are asked for."""
        return tuple(self._sources)

    @property
    def variables(self) -> frozenset[str]:
        """The names of all variables that were asked for so far, set or not."""
        return frozenset(self._environ.asked)

    @property
    def executed(self) -> tuple[str, ...]:
        """The Python files that were run; what they looked at beside, nobody knows."""
        return tuple(layer.path for layer in self._layers if layer.path.endswith(".py"))

    def unknown(self) -> tuple[tuple[str, str], ...]:
        """Keys of files that are no settings, each with its file; Rez ignores them, so do we."""
        return tuple(
            (key, layer.path)
            for layer in self._layers
            for key in layer.data
            if key not in SETTINGS and key != "plugins" and not str(key).startswith("_")
        )

    def _data(self) -> dict[str, Any]:
        if self._merged is None:
            data: dict[str, Any] = {key: setting.default for key, setting in SETTINGS.items()}
            data["plugins"] = {}
            for layer in (*self._layers, Layer("a config section", dict(self._overrides))):
                try:
                    data = merged(data, layer.data)
                except ValueError as error:
                    raise RezConfigError(f"{layer.path} can't be used", context=str(error)) from error
            self._merged = data
        return self._merged

    def _value(self, key: str) -> Any:
        setting = SETTINGS[key]
        raw = self._raw(key, setting)
        try:
            value = self._expander.expanded(setting.kind.check(raw))
            if key == "pip_install_remaps":
                return kinds.with_separators(value)
            if key == "build_thread_count":
                return dynamic.thread_count(value, self._environ)
        except ValueError as error:
            origin = self.origins(key)[-1]
            raise RezConfigError(
                f"the setting {key} can't be used",
                context=f"{origin.name or origin.kind}: {raw!r}: {error}",
                hint=f"it takes {setting.kind.name}",
            ) from error
        return value

    def _raw(self, key: str, setting: Setting) -> Any:
        """The value as it was given."""
        value = self._data()[key]
        if isinstance(value, DelayLoad):
            value = self._loaded(key, value)
        if key not in self._overrides:
            name = f"REZ_{key.upper()}"
            text = self._environ.get(name)
            if text is not None:
                return self._read(setting.kind, name, text)
            text = self._environ.get(f"{name}_JSON")
            if text is not None:
                try:
                    return json.loads(text)
                except ValueError as error:
                    raise RezConfigError(f"${name}_JSON is no JSON", context=str(error)) from error
        if value is None and key in dynamic.BY_MACHINE:
            return dynamic.BY_MACHINE[key](self._environ)
        return value

    def _read(self, kind: kinds.Kind, name: str, text: str) -> Any:
        if kind.read is None:
            raise RezConfigError(f"${name} can't hold {kind.name}", hint=f"use ${name}_JSON")
        try:
            return kind.read(text)
        except ValueError as error:
            raise RezConfigError(
                f"${name} can't be used", context=f"{text!r}: {error}", hint=f"it takes {kind.name}"
            ) from error

    def _loaded(self, key: str, value: DelayLoad) -> Any:
        home = self.facts.home
        try:
            loaded = value.load(home)
        except ValueError as error:
            raise RezConfigError(f"the setting {key} can't be used", context=str(error)) from error
        self._sources.append(Source(value.resolved(home), found=True))
        return loaded

    def _plugins(self) -> Plugins:
        return Plugins(self._data().get("plugins") or {}, self._expander)


_ABSENT: Any = object()


def _under(data: Mapping[str, Any], path: list[str]) -> Any:
    value: Any = data
    for key in path:
        if not isinstance(value, dict) or key not in value:
            return _ABSENT
        value = value[key]
    return value


def load_config(
    environ: Mapping[str, str],
    *,
    overrides: Mapping[str, Any] | None = None,
    rez_version: str = REZ_VERSION,
) -> Config:
    """Read the configuration that this environment means.

    :param environ: all that is looked at beside files; a copy is kept
    :param overrides: settings that beat all others, dictionaries mixing by key
    :param rez_version: what files are told of Rez's version
    :raises RezConfigError: a file can't be read; single settings are checked only when asked for
    """
    recording = RecordingEnviron(environ)
    layers, sources = read_places(searched(recording), rez_version)
    return Config(recording, layers, sources, dict(overrides or {}), rez_version)
