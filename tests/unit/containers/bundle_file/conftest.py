"""Fixtures of the tests of files of bundles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rezup.containers.bundle_file import read_bundle
from rezup.errors import BundleError
from support.wheelhouses import below, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def into(tmp_path: Path) -> Path:
    folder = tmp_path / "around" / "into"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def refused(tmp_path: Path, into: Path) -> Callable[..., BundleError]:
    """Nothing is made of these bytes, anywhere."""

    def refused(data: bytes, reason: str) -> BundleError:
        path = write(tmp_path / "around" / "foo.rezup", data)
        with pytest.raises(BundleError, match=reason) as caught:
            read_bundle(path, into)
        assert caught.value.hint
        assert below(tmp_path) == {"around/foo.rezup": data}
        assert list(into.iterdir()) == []
        return caught.value

    return refused
