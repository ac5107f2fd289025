"""Permissions that are obeyed, whoever runs the tests."""

from __future__ import annotations

import os
import sys


def obey_permissions() -> None:
    """Be denied what permissions deny, also as root: called before a program begins."""
    if sys.platform == "linux" and os.geteuid() == 0:
        import ctypes

        drop, override, search = 24, 1, 2  # PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
        for capability in (override, search):
            ctypes.CDLL(None).prctl(drop, capability, 0, 0, 0)
