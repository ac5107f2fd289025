"""How files get from one tree to another."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from rezup.system.cloning import COPY, Cloner
from support.environments import has_reflinks

if TYPE_CHECKING:
    from pathlib import Path

#: Puts another file with the same content in the place of one, again and again.
REPLACING = """
import os, sys
path = sys.argv[1]
while True:
    with open(path + ".new", "w") as stream:
        stream.write("content")
    os.chmod(path + ".new", 0o444)
    os.replace(path + ".new", path)
"""


@pytest.mark.skipif(os.name == "nt", reason="nothing is linked there")
def test_a_file_that_is_replaced_meanwhile_is_copied(tmp_path: Path) -> None:
    """A link to a file that has just lost its name can't be made: it looks as if it were missing."""
    if has_reflinks(tmp_path):
        pytest.skip("reflinks open the file, and so don't care")
    source = tmp_path / "source"
    source.write_text("content")
    source.chmod(0o444)
    cloner = Cloner(link=True)
    replacing = subprocess.Popen([sys.executable, "-c", REPLACING, source])
    try:
        deadline = time.monotonic() + 30
        number = 0
        while not cloner.counts[COPY] and time.monotonic() < deadline:
            target = tmp_path / str(number)
            cloner.put(str(source), str(target), source.lstat())
            assert target.read_text() == "content"
            number += 1
    finally:
        replacing.kill()
        replacing.wait()
    assert cloner.counts[COPY]


def test_a_file_that_is_missing_is_an_error(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.touch(0o444)
    status = source.lstat()
    source.unlink()
    with pytest.raises(FileNotFoundError):
        Cloner(link=True).put(str(source), str(tmp_path / "target"), status)
    assert not (tmp_path / "target").exists()
