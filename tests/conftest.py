"""Fixtures of all tests, and guards against tests that change what they share."""

from __future__ import annotations

import gc
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

from support import world as worlds
from support.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

_HERE = Path(__file__).parent


def pytest_configure() -> None:
    """Take signals as usual, though whoever starts us in the background, or with nohup, has them ignored."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in ("SIGHUP", "SIGQUIT"):
        if hasattr(signal, name) and signal.getsignal(getattr(signal, name)) is signal.SIG_IGN:
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    # New examples are for whoever looks for them; a run that decides something repeats the same.
    hypothesis.settings.register_profile("ci", derandomize=True)
    if os.environ.get("CI"):
        hypothesis.settings.load_profile("ci")


_IS_MEASURED = pytest.StashKey[bool]()
#: Tests of these folders have the processes of a `World` measured. The others kill them, starve them, or look at
#: all that they open and inherit, to which measuring adds.
_MEASURED_FOLDERS = {"cli", "integration"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the first case of each test that may be measured."""
    seen = set()
    for item in items:
        test = item.nodeid.partition("[")[0]
        folder = item.path.relative_to(_HERE).parts[0]
        item.stash[_IS_MEASURED] = folder in _MEASURED_FOLDERS and test not in seen
        seen.add(test)


def pytest_collection_finish() -> None:
    """Have the collector of garbage leave alone what lives to the end.

    Looking through all collected tests takes most of a second, during which nothing answers that a test gives a second.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def _measuring() -> Iterator[dict[str, str]]:
    """The variables that coverage is handed on with; programs of tests don't have them of themselves."""
    names = [name for name in os.environ if name.startswith("COVERAGE_PROCESS_")]
    taken = {name: os.environ.pop(name) for name in names}
    yield taken
    os.environ.update(taken)


@pytest.fixture(autouse=True)
def _measured(request: pytest.FixtureRequest, _measuring: dict[str, str]) -> None:
    """Have the processes of a `World` measured in the first case of a test, which shows nearly all lines."""
    worlds.MEASURED.clear()
    if request.node.stash[_IS_MEASURED]:
        worlds.MEASURED.update(_measuring)


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
