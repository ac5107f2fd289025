"""Contexts: made of a request, read from files, and entered."""

from __future__ import annotations

from rezup.session.contexts.contexts import Contexts

__all__ = ["Contexts"]
