"""Decides which library runs, before any of it is loaded. Standard library only, one small read.

`rezup self upgrade` installs a newer `rezup-api` into a folder of its own, beside what pip
installed, and names it in a pointer file, ``current.json``. Here that folder is put first on the
path. Whatever is wrong with pointer or folder, the library that pip installed is used.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: Set for the process that takes over from this one: "upgraded", or "fallback" to pip's library.
RESTARTED = "REZUP_RESTARTED"

POINTER = "current.json"
LEASE = "lease"
COMPLETE = "complete.json"
FORMAT = 1

#: Words on a command line that are answered without asking anybody about upgrades.
_QUIET_OPTIONS = frozenset({"-h", "--help", "-V", "--version", "-L", "--latest", "--json"})
_QUIET_COMMANDS = frozenset({"self", "completions"})


class Place(NamedTuple):
    """Where the libraries of one installation of `rezup` lie."""

    folder: str
    installation: str
    """Tells this installation from others that may share the folder above."""
    is_site: bool
    """Whether it is the installation's own folder, for all its users, rather than one user's."""
    stamp: str
    """The file of this user that holds the time of the last check and the pause after it."""


class Library(NamedTuple):
    """A library beside the one that pip installed."""

    version: str
    folder: str


class Start(NamedTuple):
    """How this process came to be."""

    place: Place
    library: Library | None
    """None: what pip installed is used."""
    restarted: str
    """Why another process of ours gave way to this one; empty if none did."""


def begin() -> Start:
    """Put the library that is to be used first on the path; call it before the library is loaded."""
    environ = os.environ
    place = find_place(environ)
    restarted = environ.pop(RESTARTED, "")
    library = None if restarted == "fallback" or "rezup" in sys.modules else _choose(place)
    if library is not None:
        sys.path.insert(0, library.folder)
    return Start(place, library, restarted)


def find_place(environ: Mapping[str, str]) -> Place:
    """The site's place if its administrator made one in the installation, else the user's."""
    site = find_site_place(environ)
    if site is not None and os.path.exists(os.path.join(site.folder, POINTER)):
        return site
    data, stamp = _names(environ)
    return Place(data, f"{_python(environ)}:{_PACKAGE}", False, stamp)


def find_site_place(environ: Mapping[str, str]) -> Place | None:
    """The place inside the installation, whether it exists or not; None where that is no environment."""
    if not _PACKAGE.startswith(sys.prefix + os.sep):
        return None
    python = _python(environ)
    folder = os.path.join(sys.prefix, "share", "rezup", "api", python)
    return Place(folder, f"{python}:{os.path.relpath(_PACKAGE, sys.prefix)}", True, _names(environ)[1])


#: This package's folder; it tells one installation from another.
_PACKAGE = os.path.dirname(os.path.abspath(__file__))


def _python(environ: Mapping[str, str]) -> str:
    machine = environ.get("PROCESSOR_ARCHITECTURE", "") if sys.platform == "win32" else os.uname().machine
    return f"{sys.implementation.cache_tag}-{sys.platform}-{machine}"


def _names(environ: Mapping[str, str]) -> tuple[str, str]:
    """The user's folder and stamp file for this installation."""
    from zlib import crc32

    name = f"{_python(environ)}-{crc32(_PACKAGE.encode('utf-8', 'surrogateescape')):08x}"
    data, state = user_folders(environ)
    return os.path.join(data, "api", name), os.path.join(state, "upgrade", f"{name}.stamp")


def user_folders(environ: Mapping[str, str]) -> tuple[str, str]:
    """Where the platform wants a user's data and state of rezup.

    They are those of platformdirs (a test compares them), whose import would cost more than all
    that is done here.
    """
    home = environ.get("USERPROFILE" if sys.platform == "win32" else "HOME") or os.path.expanduser("~")
    if sys.platform == "win32":
        local = environ.get("LOCALAPPDATA") or os.path.join(home, "AppData", "Local")
        return os.path.join(local, "rezup"), os.path.join(local, "rezup")
    if sys.platform == "darwin":
        support = os.path.join(home, "Library", "Application Support", "rezup")
        return support, support
    data = environ.get("XDG_DATA_HOME", "").strip()
    state = environ.get("XDG_STATE_HOME", "").strip()
    return (
        os.path.join(data if data.startswith("/") else os.path.join(home, ".local", "share"), "rezup"),
        os.path.join(state if state.startswith("/") else os.path.join(home, ".local", "state"), "rezup"),
    )


# -- the pointer --------------------------------------------------------------------------------


def _choose(place: Place) -> Library | None:
    pointer = read_pointer(place)
    if pointer is None or pointer.get("version") is None:
        return None
    try:
        version = str(pointer["version"])
        if not _is_plain(version) or not _is_newer_than_pip(version, pointer["base"]):
            return None
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    library = Library(version, os.path.join(place.folder, version))
    return library if _hold(library.folder) else None


def read_pointer(place: Place) -> dict[str, Any] | None:
    """What the pointer file says; None where there is none that can be trusted and understood."""
    try:
        descriptor = os.open(os.path.join(place.folder, POINTER), os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return None
    try:
        if not _is_trusted(descriptor, place):
            return None
        text = os.read(descriptor, 65536)
    except OSError:
        return None
    finally:
        os.close(descriptor)
    import json

    try:
        pointer = json.loads(text)
        if pointer["format"] == FORMAT and pointer["installation"] == place.installation:
            return dict(pointer)
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    return None


def _is_trusted(descriptor: int, place: Place) -> bool:
    """Whether nobody else could have written it: what it names is run with this user's rights."""
    if not hasattr(os, "geteuid"):
        return True
    status = os.fstat(descriptor)
    if status.st_mode & 0o002:
        return False
    return place.is_site or status.st_uid in (0, os.geteuid())


def _is_newer_than_pip(version: str, base: Mapping[str, Any]) -> bool:
    """Whether pip's library is still the older one that it was, or another one that is older."""
    from rezup_cli import __version__

    if version.split(".")[0] != __version__.split(".")[0]:
        return False  # of another major version than this command line
    try:
        status = os.stat(base["file"])
    except OSError:
        status = None
    if status is not None and (status.st_mtime_ns, status.st_size) == (base["mtime_ns"], base["size"]):
        return True
    installed = _pip_version()
    return installed is None or (_is_plain(installed) and _numbers(installed) < _numbers(version))


def _pip_version() -> str | None:
    """The version of the library that pip installed, read without loading it; None if it has none."""
    from importlib.util import find_spec

    spec = find_spec("rezup")
    if spec is None or spec.origin is None:
        return None
    try:
        with open(spec.origin, encoding="utf-8") as stream:
            for line in stream:
                if line.startswith("__version__"):
                    return line.partition("=")[2].strip().strip("\"'")
    except (OSError, ValueError):
        pass
    return None


def _is_plain(version: str) -> bool:
    """Whether it is numbers and dots only, as those of final releases are."""
    return all(part.isdecimal() and part.isascii() for part in version.split("."))


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


#: Descriptors that keep the library in use from being removed; they end with this process.
_held: list[int] = []


def _hold(folder: str) -> bool:
    """Mark the folder as in use; False if it isn't there, or is being removed."""
    try:
        descriptor = os.open(os.path.join(folder, LEASE), os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return False
    _held.append(descriptor)
    if sys.platform != "win32":  # there an open file is protection enough
        import fcntl

        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            pass  # a file system without locks
    return os.path.exists(os.path.join(folder, "rezup", "__init__.py"))


def is_damaged(library: Library) -> bool:
    """Whether a file of the library is not what was installed; reads all of it."""
    import hashlib
    import json

    try:
        with open(os.path.join(library.folder, COMPLETE), encoding="utf-8") as stream:
            files = json.load(stream)["files"]
        for name, digest in files.items():
            with open(os.path.join(library.folder, name), "rb") as content:
                if hashlib.sha256(content.read()).hexdigest() != digest:
                    return True
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return True
    return False


def forget(place: Place) -> None:
    """Let the next starts use what pip installed; the next check takes the upgrade anew."""
    for path in (os.path.join(place.folder, POINTER), place.stamp):
        with contextlib.suppress(OSError):
            os.unlink(path)


# -- the check ----------------------------------------------------------------------------------


def is_check_due(start: Start, arguments: Sequence[str]) -> bool:
    """Whether somebody should be asked for a newer version now; costs one small read."""
    environ = os.environ
    if start.restarted or any(environ.get(n) for n in ("REZUP_NO_UPGRADE", "CI", "REZUP_CONTAINER")):
        return False
    if "_REZUP_COMPLETE" in environ:
        return False
    own = arguments[: arguments.index("--")] if "--" in arguments else arguments
    if not _QUIET_OPTIONS.isdisjoint(own):
        return False
    if next((word for word in own if not word.startswith("-")), "") in _QUIET_COMMANDS:
        return False
    return _is_pause_over(start.place.stamp, environ.get("REZUP_UPGRADE_PAUSE", ""), time.time())


def _is_pause_over(stamp: str, configured: str, now: float) -> bool:
    """Whether the last check lies longer ago than the pause, which varies by up to a tenth by machine.

    The stamp holds the time of that check, the pause configured then, and the part by which it is
    to be exceeded, lest all hosts that were started together ask together.
    """
    try:
        with open(stamp, "rb") as stream:
            last, pause, jitter = map(float, stream.read(200).split())
    except (OSError, ValueError):
        return True
    with contextlib.suppress(ValueError):  # settings will say so
        pause = float(configured) if configured else pause
    # A check in the future: the clock was set back.
    return not last <= now + 60 or now >= last + pause * (1 + jitter)


# -- another process in place of this one --------------------------------------------------------


def can_restart() -> bool:
    """Whether it is known how this process was started."""
    return bool(sys.executable and len(sys.orig_argv) > 1)


def restart(reason: str) -> NoReturn:
    """Start over with the command line that this process was given; on POSIX in its place."""
    environment = {**os.environ, RESTARTED: reason}
    command = [sys.executable, *sys.orig_argv[1:]]
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    if os.name != "nt":
        os.execve(command[0], command, environment)  # noqa: S606 - our own command line
    import subprocess

    with subprocess.Popen(command, env=environment) as child:
        while True:
            try:
                raise SystemExit(child.wait())
            except KeyboardInterrupt:  # the child got it, too, and decides
                continue
