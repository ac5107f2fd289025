"""Operations that fail in any process of a build: the installers, the Pythons that they start, and rezup itself."""

from __future__ import annotations

import errno
import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import support.world
from support.faulty import sampled

if TYPE_CHECKING:
    from support.world import Outcome, World

pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="loads a library into all processes"),
    pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler"),
    pytest.mark.slow,
    pytest.mark.timeout(3600),
]

GOOD = "100.000000"

#: Operations of a build that fail, evenly chosen out of thousands.
MANY = 45


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = Path(support.world.__file__).with_name("faulty.c")
    target = tmp_path_factory.mktemp("library") / "faulty.so"
    done = subprocess.run(
        ["cc", "-shared", "-fPIC", "-O1", "-o", target, source, "-ldl"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"the library can't be built: {done.stderr.splitlines()[0]}")
    return target


class Builds:
    """Builds of one world, each with one operation that fails."""

    def __init__(self, world: World, library: Path, backend: str) -> None:
        self.world = world
        self.library = library
        world.revision("foo", GOOD)
        world.recipe(extra=f'[installer]\nbackend = "{backend}"')
        self.count = world.folder.parent / "count"

    def build(self, number: int = -1, code: int = 0, *, is_lasting: bool = False) -> Outcome:
        """Make a revision with empty caches."""
        shutil.rmtree(self.world.home / ".cache", ignore_errors=True)
        for stamp in self.world.stamps():
            if stamp != GOOD:
                shutil.rmtree(self.world.root / "foo" / stamp)
        self.count.write_bytes(bytes(8))
        faults = {
            "LD_PRELOAD": str(self.library), "FAULTY_BELOW": str(self.world.home), "FAULTY_COUNT": str(self.count),
            "FAULTY_AT": str(number), "FAULTY_ERRNO": str(code), **({"FAULTY_LASTING": "1"} if is_lasting else {}),
        }  # fmt: skip
        return self.world.rezup("add", "foo", "--skip-use", env=faults)

    @property
    def operations(self) -> int:
        """How many there were in the last build."""
        return int(struct.unpack("l", self.count.read_bytes())[0])


@pytest.mark.parametrize("backend", ["uv", "pip"])
def test_a_build_is_complete_or_not_there(world: World, library: Path, backend: str) -> None:
    builds = Builds(world, library, backend)
    outcome = builds.build()
    assert outcome.code == 0, outcome.err
    total = builds.operations
    assert total > 300
    failed = 0
    for turn, number in enumerate(sampled(total, MANY)):
        code = (errno.ENOSPC, errno.EROFS, errno.EIO)[turn % 3]
        outcome = builds.build(number, code, is_lasting=code != errno.EIO)
        at = f"{os.strerror(code)} at {number} of {total}\n{outcome.err[-2000:]}"
        assert outcome.code in (0, 1), at
        assert "Traceback" not in outcome.err, at
        assert outcome.code == 0 or "hint:" in outcome.err, at
        failed += outcome.code
        made = [stamp for stamp in world.stamps() if stamp != GOOD]
        assert len(made) == 1 - outcome.code, at
        used = world.rezup("use", "foo", "--", "rez")
        assert (used.code, used.err) == (0, ""), at
        assert (made[0] if made else f"rez of {GOOD}") in used.out, at
        assert world.rezup("cache", "verify").code == 0, at
    assert failed > MANY // 3
