"""What the benchmarks share: environments to measure in, and paired runs of whole processes."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

HERE = Path(__file__).resolve().parent.parent

#: The ancestor, as its two distributions are numbered.
ANCESTOR = ["rezup==2.1.1", "rezup-api==2.6.0", "setuptools<80"]


@dataclass(frozen=True)
class Bench:
    """Two installations, each in a virtual environment, and a folder to work in."""

    folder: Path
    ours: Path
    theirs: Path

    @property
    def python(self) -> Path:
        """The Python that our installation runs with."""
        return self.ours / "bin" / "python"

    def environ(self, home: Path) -> dict[str, str]:
        """The environment of a run: ours, but for the home and what would change the measurement."""
        dropped = (
            "PYTHONDONTWRITEBYTECODE",
            "XDG_CACHE_HOME",
            "UV_CACHE_DIR",
            "PIP_CACHE_DIR",
            "VIRTUAL_ENV",
        )
        kept = {k: v for k, v in os.environ.items() if k not in dropped and not k.startswith("REZUP_")}
        return {**kept, "HOME": str(home)}

    def home(self) -> Path:
        """A new, empty home."""
        return Path(tempfile.mkdtemp(dir=self.folder, prefix="home-"))

    def run(self, command: Sequence[str | Path], home: Path, **variables: str) -> tuple[float, float]:
        """Seconds on the wall, and of the processor, that a command takes."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        started = time.perf_counter()
        subprocess.run(
            list(map(str, command)), env={**self.environ(home), **variables}, cwd=home, check=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        wall = time.perf_counter() - started
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@contextlib.contextmanager
def bench(*, ancestor: bool = True) -> Iterator[Bench]:
    """Install both into a temporary folder, which is removed in the end.

    :param ancestor: False installs ours only
    """
    if ancestor and not (3, 8) <= sys.version_info[:2] <= (3, 11):
        sys.exit("rezup 2.6 needs Python 3.8 to 3.11; run the benchmarks with one of them")
    folder = Path(tempfile.mkdtemp(prefix="rezup-bench-"))
    try:
        made = Bench(folder, folder / "ours", folder / "theirs")
        install(made.ours, [str(HERE / "rezup_api"), str(HERE / "rezup_cli")])
        if ancestor:
            install(made.theirs, ANCESTOR)
        yield made
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def install(venv: Path, packages: Sequence[str]) -> None:
    """A virtual environment with these packages."""
    environ = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run([sys.executable, "-m", "venv", venv], check=True, env=environ)
    pip = [venv / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *packages], check=True, env=environ, stderr=subprocess.DEVNULL)


def compare(
    title: str,
    ours: Callable[[], tuple[float, float]],
    peer: Callable[[], tuple[float, float]],
    *,
    peer_name: str,
    runs: int,
    target: str,
) -> None:
    """Measure two things in turn and print medians and the median of the ratios."""
    ours(), peer()
    pairs = [(ours(), peer()) for _ in range(runs)]
    wall = statistics.median(a[0] / b[0] for a, b in pairs)
    cpu = statistics.median(a[1] / b[1] for a, b in pairs)
    print(f"\n{title}  ({runs} pairs, medians)")
    for name, side in (("rezup", 0), (peer_name, 1)):
        walls = statistics.median(pair[side][0] for pair in pairs)
        cpus = statistics.median(pair[side][1] for pair in pairs)
        print(f"  {name:24} wall {walls * 1000:8.1f} ms   cpu {cpus * 1000:8.1f} ms")
    print(f"  rezup / {peer_name}: wall {wall:.2f}, cpu {cpu:.2f}")
    print(f"  {1 / wall:.2f} x as fast (target: {target})")
