"""Rigs, built for maya-2025."""

BUILT_FOR = "maya-2025"
