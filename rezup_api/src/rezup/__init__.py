"""rezup: containers of immutable, timestamped Rez environments.

Names load on first use, so that ``import rezup`` costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__version__ = "3.0.0"

# public name -> module that holds it
_HOMES = {
    "Container": "rezup.util",
    "ContainerRecipe": "rezup.util",
    "Revision": "rezup.util",
    "iter_containers": "rezup.util",
    "Context": "rezup.session.contexts.python_api",
    "resolve_environ": "rezup.session.contexts.python_api",
    "ContainerError": "rezup.errors",
    "RezupError": "rezup.errors",
    "Reporter": "rezup.reporting",
    "Session": "rezup.session",
    "Settings": "rezup.settings",
}

__all__ = [
    "Container",
    "ContainerError",
    "ContainerRecipe",
    "Context",
    "Reporter",
    "Revision",
    "RezupError",
    "Session",
    "Settings",
    "__version__",
    "iter_containers",
    "resolve_environ",
]

if TYPE_CHECKING:
    from rezup.errors import ContainerError, RezupError
    from rezup.reporting import Reporter
    from rezup.session import Session
    from rezup.session.contexts.python_api import Context, resolve_environ
    from rezup.settings import Settings
    from rezup.util import Container, ContainerRecipe, Revision, iter_containers


def __getattr__(name: str) -> object:
    try:
        home = _HOMES[name]
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
    from importlib import import_module

    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return __all__
