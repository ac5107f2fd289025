"""The one composition root: wires settings, stores, installers, launching and resolving together.

Names load on first use: a resolve needs nothing of containers, and entering one nothing of packages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

# public name -> module that holds it
_HOMES = {
    "Caches": "rezup.session.caching",
    "Packages": "rezup.session.packages",
    "Place": "rezup.session.places",
    "Places": "rezup.session.places",
    "Session": "rezup.session.session",
}

__all__ = ["Caches", "Packages", "Place", "Places", "Session"]

if TYPE_CHECKING:
    from rezup.session.caching import Caches
    from rezup.session.packages import Packages
    from rezup.session.places import Place, Places
    from rezup.session.session import Session


def __getattr__(name: str) -> object:
    try:
        home = _HOMES[name]
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
    from importlib import import_module

    return getattr(import_module(home), name)
