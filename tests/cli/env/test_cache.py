"""What is kept between two calls of `rezup env`: it is used, mended, and never out of date."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from support.cli_packages import package

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.world import World

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX shells")


@pytest.fixture
def later(studio: World) -> Callable[..., list[str]]:
    """Runs `rezup env maya` in a process whose clock is ahead, so that it keeps what was just written."""
    code = (
        "import sys, time\nns = time.time_ns\ntime.time_ns = lambda: ns() + 10**10\nimport click\nimport os\n"
        "if sys.argv[1:] == ['loaded']:\n"
        "    before = set(sys.modules)\n"
        "    import os\n"
        "    def report(*_):\n"
        "        print(*sorted(set(sys.modules) - before), sep='\\n')\n"
        "        sys.stdout.flush()\n"
        "        os._exit(0)\n"
        "    os.execve = os.execv = os.execvpe = report\n"
        "from rezup_cli.main import main\n"
        "sys.exit(main(['env', 'maya', '--shell', 'sh', '--', 'printenv', 'MAYA', 'REZ_USED_RESOLVE']))\n"
    )
    # A measurement of coverage would load modules of its own.
    environment = {name: value for name, value in studio.environ.items() if not name.startswith("COVERAGE_")}

    def run(*arguments: str) -> list[str]:
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments], env=environment, capture_output=True, text=True, check=False,
            cwd=studio.home,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.splitlines()

    return run


#: Beginnings of all that entering may load beside what `import click` has loaded.
ALLOWED = (
    "rezup", "rezup.errors", "rezup.reporting", "rezup.session", "rezup.session.contexts", "rezup.session.packages",
    "rezup.launch", "rezup.resolver", "rezup.runtime", "rezup.shells", "rezup.system", "rezup_cli",
    "bisect", "_bisect", "gc", "signal", "zlib", "locale", "_locale", "marshal", "fcntl", "_json", "json", "textwrap",
)  # fmt: skip


NEVER = (
    "rezup.resolver.solver", "rezup.runtime.index_store.store",
    "rezup.runtime.config.config", "rezup.runtime.plain_definition", "rezup.containers", "rezup.recipes", "rezup.settings", "ast",
    "inspect", "subprocess", "tempfile", "shutil", "pathlib", "tomllib", "yaml", "dataclasses", "socket", "rich",
)  # fmt: skip


def test_a_hot_start_loads_little(studio: World, later: Callable[..., list[str]]) -> None:
    assert "rezup.runtime.config.config" in later("loaded")  # nothing was kept yet
    later()
    loaded = later("loaded")
    assert "rezup.runtime.known_definitions" in loaded
    assert [name for name in loaded if name.startswith(NEVER)] == []
    assert [
        name
        for name in loaded
        if ".".join(name.split(".")[:2]) not in ALLOWED and name.split(".")[0] not in ALLOWED
    ] == []


BUCKETS = ("answers-v1", "definitions-v1", "shells-v1", "rezconfig-v1")


def kept(studio: World) -> list[Path]:
    cache = studio.home / ".cache" / "rezup"
    return [path for name in BUCKETS for path in (cache / name).glob("*") if path.is_file()]


@pytest.mark.parametrize("damage", ["cut", "empty", "random", "marshal", "a folder"])
def test_damaged_files_of_the_cache_are_ignored_and_made_again(
    studio: World, later: Callable[..., list[str]], damage: str
) -> None:
    expected = later()
    files = kept(studio)
    assert {path.parent.name for path in files} == {*BUCKETS}
    before = {path: path.read_bytes() for path in files}
    for path, content in before.items():
        if damage == "a folder":
            path.unlink()
            path.mkdir()
            continue
        own = {
            "cut": content[: len(content) // 2], "empty": b"", "random": bytes(range(256)) * 9,
            "marshal": content[:-9] + b"\xff" * 9,
        }  # fmt: skip
        path.write_bytes(own[damage])
    assert later() == expected
    assert later() == expected
    if damage != "a folder":
        assert {path.parent.name for path in kept(studio)} == {*BUCKETS}
        assert "rezup.runtime.config.config" not in later("loaded")


def test_an_edit_is_seen_by_the_very_next_start(studio: World, later: Callable[..., list[str]]) -> None:
    place = str(studio.home / "packages/maya/2024")
    assert later() == later() == [place, "python-3.9 maya-2024"]
    path = studio.home / "packages/maya/2024/package.py"
    text = path.read_text()
    times = path.stat()
    path.write_text(text.replace("'{root}'", "'edited'"))
    assert later() == ["edited", "python-3.9 maya-2024"]
    path.write_text(text.replace("'{root}'", "'longer {root}'"))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert later() == [f"longer {place}", "python-3.9 maya-2024"]
    package(studio, "maya/2025", "def commands():\n    env.MAYA = 'new'")
    assert later() == ["new", "maya-2025"]


def test_edits_one_right_after_another(studio: World) -> None:
    """With the real clock, where nothing that young is kept."""
    for number in range(6):
        package(studio, "maya/2024", f"def commands():\n    env.MAYA = '{number}'")
        assert studio.rezup("env", "maya", "--", "printenv", "MAYA").out == f"{number}\n"


def test_a_second_start_and_two_at_once(studio: World) -> None:
    expected = studio.rezup("env", "maya", "--", "printenv", "MAYA")
    assert expected.code == 0
    assert studio.rezup("env", "maya", "--", "printenv", "MAYA") == expected
    shutil.rmtree(studio.home / ".cache", ignore_errors=True)
    started = [studio.start("env", "maya", "--", "printenv", "MAYA") for _ in range(4)]
    for process in started:
        out, err = process.communicate(timeout=60)
        assert (process.returncode, out, err) == (0, expected.out, "")
