"""Rez's completion in a shell that is opened in a container."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("pty", reason="needs pseudo-terminals")

from support.container_shells import CASES, MARK, UGLY, World, of
from support.rez_completion import write_rez_completion

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(params=CASES, ids=str)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    return World(request.param, tmp_path)


def write_completion(world: World) -> None:
    """A stand-in for Rez: its completion, and tools that show their arguments."""
    write_rez_completion(world.completion, world.bin, "rez", "rez-env")
    for name in ("rez", "rez-env"):
        path = world.bin / name
        path.write_text('#!/bin/sh\nprintf "<%s>" "$@"\n')
        path.chmod(0o755)


def completes(world: World, tool: str) -> None:
    """Typing `ma`, the tab key and `5` gives the tool maya-2025."""
    world.environ["TERM"] = "xterm"
    with world.terminal() as terminal:
        terminal.expect(MARK)
        terminal.send(f"{tool} ma\t5\n")
        terminal.expect("<maya-2025>")
        terminal.leave()


@pytest.mark.parametrize(
    ("name", "tool"),
    # zsh 5.9 never finds a compctl for a command with a dash unless its new completion asks (see below).
    [("bash", "rez-env"), ("zsh", "rez"), ("fish", "rez-env"), ("tcsh", "rez-env")],
)
@pytest.mark.parametrize("where", ["plain", UGLY])
def test_rez_completes_at_the_tab_key(tmp_path: Path, name: str, tool: str, where: str) -> None:
    world = of(name, tmp_path / where)
    write_completion(world)
    completes(world, tool)
    if name != "tcsh":
        assert (world.home / "asked").read_text() == f"{tool} ma|{len(tool) + 3}\n"


def test_zsh_completes_for_rez_under_its_new_completion_system_too(tmp_path: Path) -> None:
    world = of("zsh", tmp_path)
    write_completion(world)
    world.write_rc("autoload -Uz compinit", "compinit -u")
    completes(world, "rez-env")


def test_missing_completion_scripts_are_no_matter(world: World) -> None:
    shutil.rmtree(world.completion)
    assert "completion" not in world.after()
