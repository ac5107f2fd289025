"""A window of tmux, driven by what is on its screen."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from typing import TYPE_CHECKING

import pytest

from support.terminal import PATIENCE

if TYPE_CHECKING:
    from types import TracebackType

    from support.world import World


class Tmux:
    """A server of its own; use it in a ``with`` statement. Skips the test where tmux isn't installed.

    :param world: whose environment and home folder the programs in its windows have
    """

    def __init__(self, world: World, **variables: str) -> None:
        program = shutil.which("tmux")
        if program is None:
            pytest.skip("tmux is not installed")
        # A socket's path has about a hundred characters at most, which a test's own folder may exceed.
        self._folder = tempfile.mkdtemp(prefix="tmux-")
        self._argv = [program, "-f", "/dev/null", "-S", f"{self._folder}/socket"]
        self.environ = {**world.environ, "TERM": "screen", "LC_ALL": "C.UTF-8", **variables}
        self._home = world.home

    def __enter__(self) -> Tmux:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        subprocess.run([*self._argv, "kill-server"], capture_output=True, check=False, timeout=PATIENCE)
        shutil.rmtree(self._folder, ignore_errors=True)

    def command(self, *words: str) -> list[str]:
        """The command line of a tmux that talks to this server."""
        return [*self._argv, *words]

    def run(self, *words: str) -> str:
        """Have the server do something; what it answers."""
        return subprocess.run(
            self.command(*words), env=self.environ, cwd=self._home, text=True, timeout=PATIENCE, check=True,
            stdout=subprocess.PIPE,
        ).stdout  # fmt: skip

    def opens(self, *argv: str) -> Window:
        """A program in the first window of the server, which stays when the program ends."""
        # tmux itself may miss the end of a program, so that its status is never told.
        kept = ["sh", "-c", '"$@"; echo "ended with $?"; exec sleep 1000', "sh", *argv]
        self.run("new-session", "-d", "-s", "test", "-x", "120", "-y", "40", "--", *kept)
        return Window(self)


class Window:
    """The window, as a person sees it."""

    def __init__(self, server: Tmux) -> None:
        self._server = server

    @property
    def screen(self) -> str:
        """What is on the screen and was scrolled off it; lines that were too long are joined."""
        return self._server.run("capture-pane", "-p", "-J", "-S", "-", "-t", "test")

    def expect(self, text: str, times: int = 1) -> str:
        """Wait until `text` is to be seen so often; the screen."""
        deadline = time.monotonic() + PATIENCE
        while (screen := self.screen).count(text) < times:
            assert time.monotonic() < deadline, f"{text!r} was never shown {times} times: {screen!r}"
            time.sleep(0.02)
        return screen

    def send(self, text: str) -> None:
        """Type a line."""
        self._server.run("send-keys", "-t", "test", "-l", "--", text)
        self.press("Enter")

    def press(self, *keys: str) -> None:
        """Press keys, such as ``C-c``."""
        self._server.run("send-keys", "-t", "test", *keys)

    def resize(self, columns: int, lines: int) -> None:
        """Make the window another size."""
        self._server.run("resize-window", "-t", "test", "-x", str(columns), "-y", str(lines))

    def status(self) -> int:
        """Wait for the end of the program; its exit status."""
        screen = self.expect("ended with ")
        return int(screen.rpartition("ended with ")[2].split()[0])

    def close(self) -> None:
        """Close the window over the heads of what runs in it."""
        self._server.run("kill-window", "-t", "test")
