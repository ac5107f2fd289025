"""The settings of plugins, each type put together when it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rezup.errors import RezConfigError
from rezup.runtime.config.plugin_settings import PLUGIN_TYPES, plugin_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rezup.runtime.config.expansion import Expander


class AttributeDict(dict[str, Any]):
    """A dictionary whose keys are attributes, too, as package code expects of plugin settings."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"there is no setting {name}") from None


class Plugins(Mapping[str, Any]):
    """Settings by type and name of plugin: ``plugins.shell.bash.prompt``, or with brackets."""

    def __init__(self, data: Mapping[str, Any], expander: Expander) -> None:
        self._data = data
        self._expander = expander
        self._found: dict[str, Any] = {}

    def __getitem__(self, plugin_type: str) -> Any:
        """The settings of one type.

        :raises KeyError: Rez has no such type, and no file speaks of it
        :raises RezConfigError: what was set can't be used
        """
        if plugin_type not in self._found:
            self._found[plugin_type] = self._settings(plugin_type)
        return self._found[plugin_type]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"there are no settings of {name} plugins") from None

    def __iter__(self) -> Iterator[str]:
        return iter(PLUGIN_TYPES)

    def __len__(self) -> int:
        return len(PLUGIN_TYPES)

    def as_dict(self) -> dict[str, Any]:
        """The settings of all types that Rez has.

        :raises RezConfigError: what was set can't be used
        """
        return dict(self)

    def _settings(self, plugin_type: str) -> Any:
        if plugin_type not in PLUGIN_TYPES:
            return _with_attributes(self._data[plugin_type])
        try:
            found = plugin_settings(plugin_type, self._data.get(plugin_type) or {}, self._expander.expanded)
        except ValueError as error:
            raise RezConfigError("a plugin setting can't be used", context=f"plugins.{error}") from error
        return _with_attributes(found)


def _with_attributes(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return AttributeDict({key: _with_attributes(inner) for key, inner in value.items()})
