"""Rez as the judge: ``rez-selftest`` in a revision, against the install that Rez makes by itself.

Rez's archive on the index lacks its ``install.py``, so its steps are taken here, with Rez's own
functions; REZUP_TEST_REZ_SOURCE may name a checkout of Rez, whose ``install.py`` is run then.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import platformdirs
import pytest

from support.real import base_python, run_program, settle, unpacked
from support.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

pytest_plugins = ["support.real"]
pytestmark = [
    pytest.mark.integration,
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(os.name == "nt", reason="the official install is made the way of POSIX"),
]

#: With these, Rez's tests run once for each shell.
HELPERS = ("pytest", "parameterized")
#: The less, the better.
RANKS = {"passed": 0, "skipped": 1, "failure": 2, "error": 2}

#: What ``install.py`` does after the packages are installed: arguments are the source and the environment.
FINISH = """
import os, shutil, sys
source, target = sys.argv[1:]
sys.path.insert(0, os.path.join(source, "src"))
from rez.cli._entry_points import get_specifications
from rez.utils._version import _rez_version
from rez.vendor.distlib.scripts import ScriptMaker
specifications = get_specifications()
for name in specifications:
    os.remove(os.path.join(target, "bin", name))
folder = os.path.join(target, "bin", "rez")
os.makedirs(folder)
maker = ScriptMaker(source_dir=None, target_dir=folder)
maker.executable = os.path.join(target, "bin", "python")
maker.make_multiple(specifications.values(), options={"interpreter_args": ["-E"]})
shutil.copytree(os.path.join(source, "src", "rez", "completion"), os.path.join(target, "completion"))
with open(os.path.join(folder, ".rez_production_install"), "w") as stream:
    stream.write(_rez_version)
"""


@dataclass(frozen=True)
class Verdict:
    """What Rez's own tests say of an install: outcomes by test, and the seconds they took."""

    outcomes: Mapping[str, str]
    seconds: float

    def __str__(self) -> str:
        counts = ", ".join(f"{count} {outcome}" for outcome, count in sorted(Counter(self.outcomes.values()).items()))  # fmt: skip
        return f"{len(self.outcomes)} tests in {self.seconds:.0f} s: {counts}"


@pytest.fixture
def ground() -> Iterator[Path]:
    """A folder that is not in the temporary one, where Rez's tests would take it for a build's."""
    caches = platformdirs.user_cache_path("rezup-tests")
    caches.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="selftest-", dir=caches))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def source(ground: Path, request: pytest.FixtureRequest) -> Path:
    """The source that both are installed from."""
    checkout = os.environ.get("REZUP_TEST_REZ_SOURCE")
    if checkout is None:
        return unpacked(request.getfixturevalue("rez_archive"), ground / "source")
    return Path(shutil.copytree(checkout, ground / "source"))


def install_officially(world: World, source: Path) -> Path:
    """The folder of programs of an install that Rez makes."""
    target = world.home / "rez"
    environment = world.environ
    if (source / "install.py").is_file():
        run_program(base_python(), source / "install.py", target, env=environment)
    else:
        run_program(base_python(), "-m", "venv", target, env=environment)
        run_program(target / "bin/python", "-m", "pip", "install", source, env=environment)
        run_program(target / "bin/python", "-c", FINISH, source, target, env=environment)
    run_program(target / "bin/python", "-m", "pip", "install", *HELPERS, env=environment)
    return target / "bin/rez"


def judge(world: World, command: Sequence[str | Path]) -> Verdict:
    """Run Rez's tests in a working folder of their own."""
    folder, report = world.home / "work", world.home / "report.xml"
    folder.mkdir()
    started = time.monotonic()
    done = subprocess.run(
        [*command, "--", f"--junitxml={report}", "-p", "no:cacheprovider"],
        env=world.environ, cwd=folder, check=False, timeout=1500,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert report.is_file(), done.stdout
    return Verdict(read(report), time.monotonic() - started)


def read(report: Path) -> dict[str, str]:
    """Outcomes by the names of tests, without the folder they were found in."""
    outcomes = {}
    for case in ElementTree.parse(report).iter("testcase"):
        name = "::".join([*case.attrib["classname"].split(".")[-2:], case.attrib["name"]])
        outcomes[name] = next((child.tag for child in case if child.tag in RANKS), "passed")
    return outcomes


def test_rez_finds_no_fault_that_its_own_install_lacks(ground: Path, source: Path, uv_cache: Path) -> None:
    own, other = (settle(World(ground / name), uv_cache, SHELL="/bin/sh") for name in ("ours", "official"))
    libraries = ", ".join(map(repr, HELPERS))
    own.write("rezup.toml", f"[rez]\nname = 'rez'\nurl = '{source}'\nlib = [{libraries}]\n")
    added = own.rezup("add", "--skip-use", timeout=280)
    assert added.code == 0, added.err
    ours = judge(own, own.command("use", "--", "rez-selftest"))
    programs = install_officially(other, source)
    other.variables["PATH"] = os.pathsep.join([str(programs), other.environ["PATH"]])
    official = judge(other, [programs / "rez-selftest"])
    sys.stdout.write(f"in a revision: {ours}\nofficial: {official}\n")

    assert ours.outcomes.keys() == official.outcomes.keys()
    worse = {
        name: (outcome, official.outcomes[name])
        for name, outcome in ours.outcomes.items()
        if RANKS[outcome] > RANKS[official.outcomes[name]]
    }
    assert worse == {}
    # It is a production install that was judged: Rez leaves this one out elsewhere.
    assert ours.outcomes["test_cli::TestImports::test_1"] == "passed"
    assert Counter(ours.outcomes.values())["passed"] > 300
