"""Finding a Python by version, range or path.

The search itself is uv's, or virtualenv's where uv is missing or refuses (Python 2.7); what is
ours is the PATH they are given: without shims and without the folders that turned out to belong
to a conda environment or an application, and with the versions that pyenv holds.
"""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rezup.errors import InstallError, InterpreterNotFoundError, ProcessError
from rezup.system.interpreters import Interpreter, inspect, is_python_variable, running, unsuited
from rezup.system.processes import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from packaging.specifiers import SpecifierSet

#: uv answers for these and newer ones.
UV_OLDEST = (3, 6)
_MINORS = (*((3, minor) for minor in range(20, -1, -1)), (2, 7))
_FIND_TIMEOUT = 120.0
_UV_VARIABLES = frozenset(
    ["UV_CACHE_DIR", "UV_NO_CACHE", "UV_OFFLINE", "UV_PYTHON_INSTALL_DIR",
     "UV_PYTHON_INSTALL_MIRROR", "UV_PYPY_INSTALL_MIRROR", "UV_PYTHON_DOWNLOADS",
     "UV_PYTHON_DOWNLOADS_JSON_URL", "UV_PYTHON_CACHE_DIR", "UV_MANAGED_PYTHON",
     "UV_NO_MANAGED_PYTHON", "UV_PYTHON_PREFERENCE", "UV_HTTP_TIMEOUT", "UV_HTTP_RETRIES",
     "UV_SYSTEM_CERTS", "UV_NATIVE_TLS", "UV_INSECURE_HOST", "UV_GITHUB_TOKEN"]
)  # fmt: skip


# python_discovery is virtualenv's own search, a part of virtualenv itself until 20.36.
_ASK_VIRTUALENV = f"""
import sys
sys.path[:0] = [p for p in sys.argv[1].split({os.pathsep!r}) if p not in sys.path]
try:
    from python_discovery import get_interpreter
except ImportError:
    from virtualenv.discovery.builtin import get_interpreter as before
    get_interpreter = lambda version: before(version, ())
for version in sys.argv[2:]:
    found = get_interpreter(version)
    if found is not None:
        print(found.system_executable or found.executable)
"""


def find(
    request: str | None,
    *,
    environment: Mapping[str, str],
    uv: Path | None = None,
    allow_fetch: bool = False,
    folder: Path | None = None,
    log: Path | None = None,
    mask: Callable[[str], str] = str,
) -> Interpreter:
    """The interpreter that a request means.

    :param request: None for the base of the Python that runs this process; a path, taken whatever
        it belongs to; a version ("3.10", "3.10.4") or range (">=3.9,<3.12"), never answered with
        the Python of a virtual environment, a conda environment or an application
    :param uv: the uv program, None where there is none
    :param allow_fetch: uv may download a Python that is missing
    :param folder: where programs run; it should hold no file that they read
    :raises InterpreterNotFoundError: there is none; it tells where it was looked for
    """
    if request is None:
        return running().base
    if _is_path(request):
        return inspect(Path(request), environment)
    search = _Search(request, specifier(request), environment, uv, folder, log, mask)
    found = search.known() or search.by_uv() or search.by_virtualenv() or search.by_name()
    if found is None and allow_fetch:
        found = search.fetched()
    if found is None:
        raise InterpreterNotFoundError(
            f"no Python {request} was found",
            context="looked at: " + (", ".join(search.looked) or "nothing"),
            hint=_hint(request, uv, allow_fetch=allow_fetch),
        )
    return found


def specifier(request: str) -> SpecifierSet:
    """A version or range as packaging understands it; "3.10" means every 3.10.

    :raises InterpreterNotFoundError: it is neither
    """
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    text = request.strip()
    if re.fullmatch(r"\d+(?:\.\d+)?", text):
        text = f"=={text}.*"
    elif re.fullmatch(r"\d+\.\d+\.\d+\w*", text):
        text = f"=={text}"
    try:
        return SpecifierSet(text, prereleases=True if re.search(r"\d(?:a|b|rc)\d", text) else None)
    except InvalidSpecifier as error:
        raise InterpreterNotFoundError(
            f"{request!r} is no Python version, range or path", hint='such as "3.10" or ">=3.9,<3.12"'
        ) from error


@dataclass
class _Search:
    """One search and its traces."""

    request: str
    wanted: SpecifierSet
    environment: Mapping[str, str]
    uv: Path | None
    folder: Path | None
    log: Path | None
    mask: Callable[[str], str]
    looked: list[str] = field(default_factory=list)

    def known(self) -> Interpreter | None:
        """The Python that runs this process: no search is quicker, and it is there for sure."""
        return self._judged(running().base)

    def by_uv(self) -> Interpreter | None:
        if self.uv is None or not any(
            _may_hold(self.wanted, minor) for minor in _MINORS if minor >= UV_OLDEST
        ):
            return None
        self.looked.append(f"what {self.uv.name} finds on PATH, in pyenv and among its own")
        folders = list(self._path())
        for _ in range(8):  # each round leaves out the folder of one that is unfit
            path = self._ask_uv(folders)
            if path is None:
                return None
            found = self._inspected(path)
            if found is not None:
                return found
            left = [folder for folder in folders if folder != str(path.parent)]
            if left == folders:
                return None
            folders = left
        return None

    def by_virtualenv(self) -> Interpreter | None:
        minors = [minor for minor in _MINORS if minor >= (3, 6) and _may_hold(self.wanted, minor)]
        if not minors or (self.uv is not None and not self._may_differ()):
            return None
        self.looked.append("what virtualenv finds on PATH and in pyenv")
        for path in self._ask_virtualenv([f"{major}.{minor}" for major, minor in minors]):
            found = self._inspected(path)
            if found is not None:
                return found
        return None

    def by_name(self) -> Interpreter | None:
        """Programs named after a version, for those that some uv or virtualenv looks at no more."""
        minors = [minor for minor in _MINORS if minor < (3, 8) and _may_hold(self.wanted, minor)]
        if minors:
            self.looked.append("programs on PATH and in pyenv")
        for minor in minors:
            for folder in self._path():
                for name in (f"python{minor[0]}.{minor[1]}", f"python{minor[0]}", "python"):
                    program = shutil.which(name, path=folder)
                    found = None if program is None else self._inspected(Path(program))
                    if found is not None:
                        return found
        return None

    def fetched(self) -> Interpreter | None:
        if self.uv is None:
            return None
        environment = self._environment()
        if environment.get("UV_PYTHON_DOWNLOADS", "").lower() == "never" or environment.get("UV_OFFLINE"):
            self.looked.append("no download: UV_PYTHON_DOWNLOADS or UV_OFFLINE forbids it")
            return None
        self.looked.append("what uv can fetch")
        environment.pop("UV_PYTHON_DOWNLOADS", None)
        try:
            run(
                [self.uv, "python", "install", "--no-config", "--no-bin", self.request],
                environment=environment, folder=self.folder, log=self.log, mask=self.mask,
                what=f"fetching Python {self.request}",
            )  # fmt: skip
        except ProcessError as error:
            self.looked[-1] += f" ({error.context})"
            return None
        path = self._ask_uv([], "--managed-python")
        return None if path is None else self._inspected(path)

    def _ask_uv(self, folders: list[str], *options: str) -> Path | None:
        environment = {
            **self._environment(),
            "PATH": os.pathsep.join(folders),
            "UV_PYTHON_DOWNLOADS": "never",
        }
        command = [
            str(self.uv), "python", "find", "--no-config", "--no-project", "--system", *options, self.request
        ]  # fmt: skip
        try:
            answer = run(
                command, environment=environment, folder=self.folder, log=self.log, mask=self.mask,
                separate_errors=True, timeout=_FIND_TIMEOUT,
            ).output.strip()  # fmt: skip
        except ProcessError:  # nothing found is a status, too
            return None
        return Path(answer) if answer else None

    def _ask_virtualenv(self, versions: list[str]) -> list[Path]:
        """What virtualenv finds for each.

        It runs in a process of its own, as it changes the environment variables of the one it is in.
        """
        python = running()
        environment = {**self._environment(), "PATH": os.pathsep.join(self._path())}
        command = [
            python.executable, "-I", "-c", _ASK_VIRTUALENV, os.pathsep.join(python.search_path), *versions
        ]  # fmt: skip
        try:
            answer = run(
                command, environment=environment, folder=self.folder, log=self.log, mask=self.mask,
                separate_errors=True, timeout=_FIND_TIMEOUT,
            ).output  # fmt: skip
        except ProcessError as error:
            self.looked[-1] += f" ({error.context})"
            return []
        return [Path(line) for line in answer.splitlines() if line]

    def _inspected(self, path: Path) -> Interpreter | None:
        try:
            return self._judged(inspect(path, self._environment()))
        except InstallError as error:
            self.looked.append(str(error))
            return None

    def _judged(self, found: Interpreter) -> Interpreter | None:
        if not self.wanted.contains(found.version, prereleases=True):
            return None
        reason = unsuited(found, self.environment)
        if reason is not None:
            self.looked.append(f"{found.path}, left alone: {reason}")
            return None
        return found if found.path.is_file() else None

    def _environment(self) -> dict[str, str]:
        return {
            name: value
            for name, value in self.environment.items()
            if not is_python_variable(name) and (not name.startswith("UV_") or name in _UV_VARIABLES)
        }

    def _path(self) -> Iterator[str]:
        """The folders of PATH that hold real programs, then those of pyenv's versions."""
        root = self.environment.get("PYENV_ROOT")
        pyenv = Path(root) if root else Path(self.environment.get("HOME", os.sep)) / ".pyenv"
        for entry in self.environment.get("PATH", os.defpath).split(os.pathsep):
            folder = Path(entry)
            if folder.is_absolute() and folder.name != "shims" and not _is_foreign(folder):
                yield entry
        versions = pyenv / ("pyenv-win/versions" if os.name == "nt" else "versions")
        if versions.is_dir():
            for version in sorted(versions.iterdir(), key=_by_number, reverse=True):
                programs = version if os.name == "nt" else version / "bin"
                if programs.is_dir() and not _is_foreign(programs):
                    yield str(programs)

    def _may_differ(self) -> bool:
        # uv has looked at the same folders; virtualenv's word counts only for what uv refuses.
        return any(_may_hold(self.wanted, minor) for minor in _MINORS if minor < (3, 8))


def _is_foreign(folder: Path) -> bool:
    """True for the program folder of a virtual or conda environment."""
    home = folder if os.name == "nt" else folder.parent
    return (
        (folder.parent / "pyvenv.cfg").is_file()
        or (home / "conda-meta").is_dir()
        or (folder.parent / "conda-meta").is_dir()
    )


def _by_number(path: Path) -> tuple[list[int], str]:
    return [int(digits) for digits in re.findall(r"\d+", path.name)], path.name


def _may_hold(wanted: SpecifierSet, minor: tuple[int, int]) -> bool:
    """True if some release of a minor version is in the range."""
    major, number = minor
    patches = {0, 1, 99} | {
        int(match[1]) + step
        for part in wanted
        if (match := re.match(rf"{major}\.{number}\.(\d+)", part.version))
        for step in (-1, 0, 1)
        if int(match[1]) + step >= 0
    }
    return any(wanted.contains(f"{major}.{number}.{patch}", prereleases=True) for patch in patches)


def _is_path(request: str) -> bool:
    return Path(request).is_absolute() or "/" in request or "\\" in request


def _hint(request: str, uv: Path | None, *, allow_fetch: bool) -> str:
    if uv is None:
        return f"install Python {request}, or uv, which can fetch it; or give its path as `python`"
    if not allow_fetch:
        return f"install Python {request}, or allow downloads; or give its path as `python`"
    return f"install Python {request}, or give its path as `python`"
