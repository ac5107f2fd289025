"""Rigs, built for maya-2024."""

BUILT_FOR = "maya-2024"
