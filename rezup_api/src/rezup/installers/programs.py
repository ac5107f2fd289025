"""What both installers need to run their programs: where, with what environment, heard by whom."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import shutil
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rezup.errors import ProcessError
from rezup.system.processes import run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rezup.reporting import Reporter
    from rezup.system.processes import Finished


@dataclass(frozen=True, slots=True)
class Workplace:
    """Where programs run and who hears them."""

    folder: Path
    """An empty folder, their current one; files with variables in place of secrets are written there."""
    environment: Mapping[str, str] = field(repr=False)
    """The caller's; each program gets what is left of it when what could steer it is taken out."""
    log: Path
    reporter: Reporter
    mask: Callable[[str], str]
    offline: bool = False
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """Texts that no list of processes may show."""
    time_left: Callable[[], float] | None = None
    """Asked for the seconds that a program may take; None lets it take as long as it likes."""

    def run(self, command: Sequence[str | Path], *, environment: Mapping[str, str], what: str) -> Finished:
        """Run a program here, all it prints kept in the log.

        :raises ProcessError: it failed
        """
        return run(
            command, environment=environment, folder=self.folder, log=self.log,
            on_line=self.reporter.output, mask=self.mask, what=what,
            timeout=None if self.time_left is None else max(self.time_left(), 0.1),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class UvProgram:
    """A uv that was found and answered."""

    path: Path
    version: str


def find_uv(environment: Mapping[str, str], folder: Path) -> UvProgram | None:
    """The uv of the PyPI package beside rezup, else the one on PATH; None without one that runs."""
    for path in _uv_candidates(environment):
        try:
            answer = run(
                [path, "--version"],
                environment=environment, folder=folder, separate_errors=True, timeout=30.0,
            ).output.split()  # fmt: skip
        except ProcessError:
            continue
        if len(answer) >= 2 and answer[0] == "uv":
            return UvProgram(path, answer[1])
    return None


def _uv_candidates(environment: Mapping[str, str]) -> list[Path]:
    # An upgraded library has its own beside it; the package's search would find the installed one first.
    own = Path(__file__).parents[2] / "bin" / ("uv.exe" if os.name == "nt" else "uv")
    candidates = [own] if own.is_file() else []
    try:
        from uv import find_uv_bin
    except ImportError:
        pass
    else:
        with contextlib.suppress(OSError):  # the package is there, its program isn't
            candidates.append(Path(find_uv_bin()))
    on_path = shutil.which("uv", path=environment.get("PATH", ""))
    if on_path:
        candidates.append(Path(on_path).absolute())
    return candidates


def python_of(target: Path) -> Path:
    """The interpreter of a virtual environment."""
    return target / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def scripts_of(target: Path) -> Path:
    """The folder of a virtual environment that holds its programs."""
    return target / ("Scripts" if os.name == "nt" else "bin")


def site_packages_of(target: Path, release: tuple[int, int], implementation: str = "cpython") -> Path:
    """The folder of a virtual environment that holds its packages."""
    if os.name == "nt":
        return target / "Lib" / "site-packages"
    name = "pypy" if implementation == "pypy" else "python"
    return target / "lib" / f"{name}{release[0]}.{release[1]}" / "site-packages"


def bundled_pip(release: tuple[int, int]) -> Path | None:
    """The pip wheel that virtualenv brings for a Python; None for one it no longer serves.

    Both installers seed an environment with it: no network, and the same bytes everywhere.
    """
    # Its own table says the same, but importing it costs 0.1 s.
    spec = importlib.util.find_spec("virtualenv")
    if spec is None or spec.origin is None:
        return None
    wheels = Path(spec.origin).parent.glob("seed/wheels/embed/pip-*.whl")
    for wheel in sorted(wheels, key=lambda path: _numbers(path.name.split("-")[1]), reverse=True):
        with zipfile.ZipFile(wheel) as archive:
            name = "-".join(wheel.name.split("-")[:2]) + ".dist-info/METADATA"
            metadata = archive.read(name).decode("utf-8", "replace")
        oldest = re.search(r"^Requires-Python: *>= *(\d+(?:\.\d+)*)", metadata, re.MULTILINE)
        if oldest and _numbers(oldest[1]) <= release:
            return wheel
    return None


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(digits) for digits in re.findall(r"\d+", version))
