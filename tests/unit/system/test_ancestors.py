"""The processes above a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rezup.shells.detect import parent_shell
from rezup.system.ancestors import ancestors

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc")

NAMES = "import sys, json; from rezup.system.ancestors import ancestors; print(json.dumps([*ancestors()]))"
SHELL = "from rezup.shells.detect import parent_shell; print(parent_shell())"


def test_the_nearest_comes_first() -> None:
    line = '"$@"; exit $?'
    done = subprocess.run(
        ["sh", "-c", line, "a (b) c\n", sys.executable, "-c", NAMES],
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)
    assert found[0][0] == ["sh", "-c", line, "a (b) c\n", sys.executable, "-c", NAMES]
    with open("/proc/self/cmdline", "rb") as stream:
        assert found[1][0] == [os.fsdecode(word) for word in stream.read().split(b"\0")[:-1]]
    assert found[1][1] == os.path.realpath("/proc/self/exe")
    assert len(found) <= 10


def test_of_a_process_that_is_not_there() -> None:
    with pytest.raises(OSError, match="No such file"):
        next(ancestors(2**22 + 1))


@pytest.mark.parametrize("name", ["-sh", "/bin/sh", "sh"])
def test_the_shell_that_it_was_started_from(name: str) -> None:
    done = subprocess.run(
        [name, "-c", '"$@"; exit $?', name, sys.executable, "-c", SHELL], executable="/bin/sh", capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == name.lstrip("-")


def test_no_other_program_loads_for_it() -> None:
    code = (
        SHELL
        + "; import sys; print(*[n for n in ('shellingham', 'subprocess', 'shutil') if n in sys.modules])"
    )
    done = subprocess.run(
        ["sh", "-c", '"$@"; exit $?', "sh", sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(Path(parent_shell.__code__.co_filename).parents[2])},
    )  # fmt: skip
    assert done.stdout.split() == ["sh"]
