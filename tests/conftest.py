"""Fixtures of all tests, and guards against tests that change what they share."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import hypothesis
import pytest

from support.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def pytest_configure() -> None:
    """Take Ctrl-C as usual, though a shell that starts us in the background has it ignored."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # New examples are for whoever looks for them; a run that decides something repeats the same.
    hypothesis.settings.register_profile("ci", derandomize=True)
    if os.environ.get("CI"):
        hypothesis.settings.load_profile("ci")


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A machine of its own."""
    return World(tmp_path / "machine")


@pytest.fixture(autouse=True)
def _unchanged_process() -> Iterator[None]:
    """Fail a test that leaves another working folder or environment behind."""
    folder, environment = os.getcwd(), dict(os.environ)
    yield
    assert os.getcwd() == folder
    changed = {
        name for name in environment.keys() | os.environ.keys()
        if environment.get(name) != os.environ.get(name) and not name.startswith("PYTEST_")
    }  # fmt: skip
    assert not changed
