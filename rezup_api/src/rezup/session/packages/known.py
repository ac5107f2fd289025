"""The configuration of Rez as far as it is kept; the whole one where that is not enough."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rezup.runtime.config import Config as _Config
    from rezup.session.packages.configuration import ResolveSettings
else:
    _Config = object  # loading the real one takes longer than most resolves


class KnownConfig(_Config):
    """Looks like `rezup.runtime.config.Config`, of which it loads what is not kept.

    :param settings: what is kept
    :param load: gives the whole configuration, for the same environment
    """

    def __init__(self, settings: ResolveSettings, load: Callable[[], _Config]) -> None:
        self._load = load
        self._known: dict[str, Any] = {
            "packages_path": list(settings.packages_path),
            "implicit_packages": list(settings.implicit_packages),
            **settings.more[0],
        }
        self._known["plugins"] = _KnownPlugins(settings.more[1], lambda: load()["plugins"])
        self.facts: Any = _KnownFacts(settings.more[2], lambda: load().facts)

    def __getitem__(self, key: str) -> Any:
        """See `Config`."""
        try:
            return self._known[key]
        except KeyError:
            return self._load()[key]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self._known[name] if name in self._known else getattr(self._load(), name)

    def get(self, key: str, default: Any = None) -> Any:
        """See `Config`."""
        return self._known[key] if key in self._known else self._load().get(key, default)

    def __iter__(self) -> Any:
        return iter(self._load())

    def with_overrides(self, overrides: Mapping[str, Any]) -> _Config:
        """See `Config`."""
        return self._load().with_overrides(overrides)


class _KnownFacts:
    """Facts under the names of `SystemFacts`; those that aren't kept are looked up."""

    def __init__(self, values: Mapping[str, Any], load: Callable[[], Any]) -> None:
        self.__dict__.update(values)
        self._load = load

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._load(), name)


class _KnownPlugins(dict[str, Any]):
    """Settings of plugins by type; those of types that aren't kept are loaded."""

    def __init__(self, values: Mapping[str, Any], load: Callable[[], Any]) -> None:
        super().__init__(values)
        self._load = load

    def __missing__(self, plugin_type: str) -> Any:
        return self._load()[plugin_type]
