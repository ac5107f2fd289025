"""Fixtures of the tests of installers and of locks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Caches of rezup and uv that all these tests fill: each would take seconds to fill its own."""
    return tmp_path_factory.mktemp("caches")
