"""Becoming a program."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

import pytest

from rezup.errors import LaunchError
from rezup.launch.start import run
from rezup.system import locks

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_one_that_can_not_be_started_leaves_signals_as_they_were(tmp_path: Path) -> None:
    (tmp_path / "lease").touch()
    before = {number: signal.getsignal(number) for number in (signal.SIGPIPE, signal.SIGXFSZ)}
    hold = locks.hold(tmp_path / "lease")
    with pytest.raises(LaunchError):
        run(["there-is-no-such-program"], {"PATH": str(tmp_path)}, hold)
    hold.release()
    assert {number: signal.getsignal(number) for number in before} == before
