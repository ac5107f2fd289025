"""Python interpreters on this machine: what one is, and how to ask it."""

from __future__ import annotations

import json
import os
import re
import sys
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rezup.errors import InterpreterNotFoundError, ProcessError

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Seconds for an interpreter to tell about itself; one on a network folder may take long.
ANSWER_TIMEOUT = 30.0

# Runs in every Python from 2.6 on. ``-E -s`` are the options all of them know; the folder of the
# caller (an empty entry with -c) is taken off the path before anything is imported.
_QUESTION = """
import sys
sys.path[:] = [p for p in sys.path if p]
import json, os
v = sys.version_info
base = getattr(sys, "real_prefix", None) or getattr(sys, "base_prefix", None) or sys.prefix
name = sys.implementation.name if hasattr(sys, "implementation") else "cpython"
if "__pypy__" in sys.builtin_module_names:
    name = "pypy"
tag = getattr(getattr(sys, "implementation", None), "cache_tag", None) or "%s-%d%d" % (name, v[0], v[1])
try:
    from importlib.machinery import EXTENSION_SUFFIXES as suffixes
except ImportError:
    suffixes = ["cp%d%d%s" % (v[0], v[1], "m" if sys.maxunicode == 65535 else "mu")]
try:
    machine = os.uname()[4]
except AttributeError:
    import platform
    machine = platform.machine()
print(json.dumps(dict(
    executable=sys.executable, base_executable=getattr(sys, "_base_executable", None),
    prefix=sys.prefix, base_prefix=base, version="%d.%d.%d" % v[:3], level=v[3], implementation=name,
    cache_tag=tag, suffix=suffixes[0], machine=machine)))
"""


class Interpreter(NamedTuple):
    """One base Python (never a virtual environment), as it told about itself.

    ``version`` is "3.11.7", ``implementation`` "cpython" (as in ``sys.implementation.name``),
    ``cache_tag`` "cpython-311", ``abi`` the extension suffix such as
    "cpython-311-x86_64-linux-gnu", ``machine`` as ``platform.machine()``.
    """

    path: Path
    version: str
    implementation: str
    cache_tag: str
    abi: str
    machine: str

    @property
    def release(self) -> tuple[int, int]:
        """Major and minor version, e.g. ``(3, 11)``."""
        major, minor = self.version.split(".")[:2]
        return int(major), int(minor)


class RunningPython(NamedTuple):
    """The Python that runs this very process."""

    executable: str
    prefix: Path
    search_path: tuple[str, ...]
    """Its ``sys.path``: what another process of it needs to import what this one can."""
    base: Interpreter


def running() -> RunningPython:
    """What this process runs on, told without starting another one."""
    told = {
        "executable": sys.executable,
        "base_executable": getattr(sys, "_base_executable", None),
        "prefix": sys.prefix,
        "base_prefix": sys.base_prefix,
        "version": ".".join(map(str, sys.version_info[:3])),
        "implementation": sys.implementation.name,
        "cache_tag": sys.implementation.cache_tag,
        "suffix": _extension_suffix(),
        "machine": _machine(),
    }
    return RunningPython(
        sys.executable, Path(sys.prefix), tuple(entry for entry in sys.path if entry), _interpreter(told)
    )


def inspect(path: Path, environment: Mapping[str, str]) -> Interpreter:
    """Ask an interpreter what it is; a virtual environment or a shim is followed to what is behind it.

    :raises InterpreterNotFoundError: it can't be run, or is no Python
    """
    from rezup.system.processes import run

    asked = {name: value for name, value in environment.items() if not is_python_variable(name)}
    hint = "give the path of a Python interpreter that runs"
    try:
        answer = run(
            [path, "-E", "-s", "-c", _QUESTION],
            environment=asked, what=f"asking {path}", separate_errors=True, timeout=ANSWER_TIMEOUT,
        ).output  # fmt: skip
        return _interpreter(json.loads(answer.splitlines()[-1]))
    except ProcessError as error:
        raise InterpreterNotFoundError(f"{path} does not run", context=error.context, hint=hint) from error
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise InterpreterNotFoundError(
            f"{path} is no Python", context="it did not tell its version", hint=hint
        ) from error


@lru_cache(maxsize=64)
def version_of(path: str, size: int, modified: int) -> tuple[str, str] | None:
    """Version and implementation, such as "3.11.7" and "cpython", of the interpreter at a path.

    It is asked once while this process lives and its file is the same. None where it tells nothing.

    :param size: of its file, in bytes
    :param modified: when its file was, in nanoseconds since 1970
    """
    from rezup.system.machine import process_environment

    try:
        found = inspect(Path(path), process_environment())
    except InterpreterNotFoundError:
        return None
    return found.version, found.implementation


def is_python_variable(name: str) -> bool:
    """True for what would steer a Python: PYTHONPATH and its like, and an active environment."""
    return name.upper().startswith("PYTHON") or name in _ACTIVE_ENVIRONMENT or name.startswith("CONDA_")


_ACTIVE_ENVIRONMENT = frozenset(
    [
        "VIRTUAL_ENV",
        "VIRTUAL_ENV_PROMPT",
        "VIRTUAL_ENV_DISABLE_PROMPT",
        "__PYVENV_LAUNCHER__",
        "_OLD_VIRTUAL_PATH",
    ]
)


def unsuited(interpreter: Interpreter, environment: Mapping[str, str]) -> str | None:
    """Why an interpreter is taken only when it is named by its path; None for an ordinary one."""
    path = interpreter.path
    for folder in path.parents[:3]:
        if (folder / "conda-meta").is_dir():
            return "it belongs to a conda environment"
        if (folder / "pyvenv.cfg").is_file():
            return "it belongs to a virtual environment"
    # A user may be called Maya.
    home = environment.get("HOME") or environment.get("USERPROFILE")
    parts = path.parts
    if home and path.is_relative_to(home):
        parts = path.relative_to(home).parts
    for part in parts:
        if _APPLICATION.fullmatch(part):
            return f"it belongs to an application ({part})"
    return None


# Folders and programs of applications that bring a Python of their own.
_APPLICATION = re.compile(
    r"(?:maya(?:py)?|mayabatch|hython|hfs|houdini|nuke|blender|katana|mari|hiero|modo|clarisse|cinema ?4d"
    r"|c4dpy|3ds ?max|motionbuilder|mobupy"
    r"|unreal ?engine|ue|gaffer|flame|substance|painter|designer|harmony|fusion"
    r"|resolve|rv|shotgun|shotgrid|guerilla|arnold|renderman)(?:[ _.v-]?\d[\w. -]*)?(?:\.app|\.exe)?"
    r"|autodesk|foundry|the foundry|side effects software|blender foundation|maxon",
    re.IGNORECASE,
)


def _interpreter(told: Mapping[str, str | None]) -> Interpreter:
    abi = re.sub(r"^\.|\.(?:so|pyd)$", "", told["suffix"] or "")
    level = str(told.get("level") or "final")
    if level not in ("final", "candidate", "alpha", "beta"):
        raise ValueError(level)
    return Interpreter(
        path=_base_executable(told),
        version=str(told["version"]),
        implementation=str(told["implementation"]),
        cache_tag=str(told["cache_tag"]),
        abi=abi,
        machine=str(told["machine"]),
    )


def _base_executable(told: Mapping[str, str | None]) -> Path:
    """The real file of the interpreter behind a virtual environment, without links."""
    executable, prefix, base = told["executable"], told["prefix"], told["base_prefix"]
    if not executable:
        raise ValueError("it does not know its own path")
    if base == prefix:
        return Path(os.path.realpath(executable))
    own = told.get("base_executable")
    names = [
        f"python{told['version']}".rpartition(".")[0],
        "python3",
        "python",
        "python.exe",
        "python2",
        "pypy3",
    ]
    folder = Path(str(base))
    candidates = [Path(own)] if own and own != executable else []
    candidates += [place / name for place in (folder / "bin", folder) for name in names]
    for candidate in candidates:
        if candidate.is_file():
            return Path(os.path.realpath(candidate))
    # Linked straight to its base, as every environment of POSIX is.
    return Path(os.path.realpath(executable))


def _extension_suffix() -> str:
    from importlib.machinery import EXTENSION_SUFFIXES

    return EXTENSION_SUFFIXES[0]


def _machine() -> str:
    if hasattr(os, "uname"):
        return os.uname().machine
    import platform

    return platform.machine()
