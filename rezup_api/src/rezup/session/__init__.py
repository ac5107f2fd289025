"""The one composition root: wires settings, stores, installers and launching together."""

from __future__ import annotations

from rezup.session.places import Place, Places
from rezup.session.session import Session

__all__ = ["Place", "Places", "Session"]
