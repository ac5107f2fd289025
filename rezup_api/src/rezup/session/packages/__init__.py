"""Resolving and searching packages: Rez's configuration, its repositories, their index and the solver."""

from __future__ import annotations

from rezup.session.packages.packages import Packages, Resolved

__all__ = ["Packages", "Resolved"]
