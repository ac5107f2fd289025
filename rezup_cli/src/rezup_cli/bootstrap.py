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
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: Set for the process that takes over from this one: "upgraded", or "fallback" to pip's library.
RESTARTED = "REZUP_RESTARTED"

POINTER = "current.json"
LEASE = "lease"
FORMAT = 1

#: Words on a command line that are answered without asking anybody about upgrades.
_QUIET_OPTIONS = frozenset({"-h", "--help", "-V", "--version", "-L", "--latest", "--json"})
_QUIET_LETTERS = frozenset("hVL")
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

    place: Place | None
    """None for a user without a home folder, who has nothing but what pip installed."""
    library: Library | None
    """None: what pip installed is used."""
    restarted: str
    """Why another process of ours gave way to this one; empty if none did."""


def begin(arguments: Sequence[str]) -> Start:
    """Put the library that is to be used first on the path; call it before the library is loaded.

    A rollback is done by the library that pip installed: the other one may be why it is wanted.

    :param arguments: the words after the program's name
    """
    environ = os.environ
    place = find_place(environ)
    restarted = environ.pop(RESTARTED, "")
    goes_back = [word for word in arguments if not word.startswith("-")][:2] == ["self", "rollback"]
    library = None
    if place is not None and restarted != "fallback" and not goes_back and "rezup" not in sys.modules:
        library = _choose(place)
    if library is not None:
        sys.path.insert(0, library.folder)
    return Start(place, library, restarted)


def find_place(environ: Mapping[str, str]) -> Place | None:
    """The site's place if its administrator made one in the installation, else the user's."""
    site = find_site_place(environ)
    if site is not None and os.path.exists(os.path.join(site.folder, POINTER)):
        return site
    names = _names(environ)
    return names and Place(names[0], f"{_python(environ)}:{_PACKAGE}", False, names[1])


def find_site_place(environ: Mapping[str, str]) -> Place | None:
    """The place inside the installation, whether it exists or not; None where that is no environment."""
    names = _names(environ)
    if names is None or not _PACKAGE.startswith(sys.prefix + os.sep):
        return None
    python = _python(environ)
    folder = os.path.join(sys.prefix, "share", "rezup", "api", python)
    return Place(folder, f"{python}:{os.path.relpath(_PACKAGE, sys.prefix)}", True, names[1])


#: This package's folder; it tells one installation from another.
_PACKAGE = os.path.dirname(os.path.abspath(__file__))


def _python(environ: Mapping[str, str]) -> str:
    machine = environ.get("PROCESSOR_ARCHITECTURE", "") if sys.platform == "win32" else os.uname().machine
    return f"{sys.implementation.cache_tag}-{sys.platform}-{machine}"


def _names(environ: Mapping[str, str]) -> tuple[str, str] | None:
    """The user's folder and stamp file for this installation; None without a home."""
    from zlib import crc32

    name = f"{_python(environ)}-{crc32(_PACKAGE.encode('utf-8', 'surrogateescape')):08x}"
    data, state = map(os.path.normpath, user_folders(environ))
    if not os.path.isabs(data) or not os.path.isabs(state):
        return None
    return os.path.join(data, "api", name), os.path.join(state, "upgrade", f"{name}.stamp")


def user_folders(environ: Mapping[str, str]) -> tuple[str, str]:
    """Where the platform wants a user's data and state of rezup.

    They are those of platformdirs (a test compares them), whose import would cost more than all
    that is done here.
    """
    home = environ.get("USERPROFILE" if sys.platform == "win32" else "HOME", "")
    if not os.path.isabs(home):
        home = _registered_home()
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


def _registered_home() -> str:
    """The home of this user in the user database; empty where that has none."""
    if sys.platform == "win32":
        return os.path.expanduser("~")
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        return ""


# -- the pointer --------------------------------------------------------------------------------


def _choose(place: Place) -> Library | None:
    pointer = read_pointer(place)
    version = None if pointer is None else pointer.get("version")
    if pointer is None or not isinstance(version, str) or not _is_plain(version):
        return None
    if not _is_newer_than_pip(version, str(pointer.get("base"))):
        return None
    library = Library(version, os.path.join(place.folder, version))
    folders = (place.folder, library.folder)
    if not place.is_site and not all(map(_is_ours, folders)):
        return None
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
    if place.is_site:  # as safe as the rest of the installation
        return not status.st_mode & 0o002
    return status.st_uid in (0, os.geteuid()) and not status.st_mode & 0o022


def _is_ours(folder: str) -> bool:
    """The same of a folder, in which others could put files under the right names."""
    if not hasattr(os, "geteuid"):
        return True
    try:
        status = os.stat(folder)
    except OSError:
        return False
    return status.st_uid in (0, os.geteuid()) and not status.st_mode & 0o022


def _is_newer_than_pip(version: str, installed_file: str) -> bool:
    """Whether a library is of our major version, and newer than what pip has installed by now.

    :param installed_file: pip's ``rezup/__init__.py``, where it was when the pointer was written
    """
    from rezup_cli import __version__

    if version.split(".")[0] != __version__.split(".")[0]:
        return False
    installed = _version_in(installed_file)
    if installed is None:
        from importlib.util import find_spec

        spec = find_spec("rezup")
        if spec is None or spec.origin is None:
            return True  # pip's is gone altogether
        installed = _version_in(spec.origin)
    return installed is not None and _is_plain(installed) and _numbers(installed) < _numbers(version)


def _version_in(file: str) -> str | None:
    """The version that a package's ``__init__.py`` says it is, without running it; None if it tells none."""
    try:
        with open(file, encoding="utf-8") as stream:
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


# -- the check ----------------------------------------------------------------------------------


def is_check_due(start: Start, arguments: Sequence[str]) -> bool:
    """Whether somebody should be asked for a newer version now; costs one small read."""
    environ = os.environ
    if (
        start.place is None
        or start.restarted
        or any(environ.get(n) for n in ("REZUP_NO_UPGRADE", "CI", "REZUP_CONTAINER", "REZUP_USE_REVISION"))
    ):
        return False
    if "_REZUP_COMPLETE" in environ:
        return False
    own = arguments[: arguments.index("--")] if "--" in arguments else arguments
    if not _QUIET_OPTIONS.isdisjoint(own) or any(map(_is_quiet_cluster, own)):
        return False
    if next((word for word in own if not word.startswith("-")), "") in _QUIET_COMMANDS:
        return False
    if any(word in ("--from", "--offline") or word.startswith("--from=") for word in own):
        return False  # a farm job is done with what is there
    stamp = start.place.stamp
    return _is_pause_over(stamp, environ.get("REZUP_UPGRADE_PAUSE", ""), time.time()) and _can_note(stamp)


def _is_quiet_cluster(word: str) -> bool:
    """Whether short options are written in one word, such as -vV, and one of them is quiet."""
    return word[:1] == "-" and word[1:2] != "-" and not _QUIET_LETTERS.isdisjoint(word)


def _is_pause_over(stamp: str, configured: str, now: float) -> bool:
    """Whether the last check lies longer ago than the pause, which varies by up to a tenth by machine.

    The stamp holds the time of that check, the pause configured then, the part by which it is to be
    exceeded, lest all hosts that were started together ask together, and whether the site locked it.
    """
    try:
        # A pipe would be waited for, for ever.
        with open(os.open(stamp, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as stream:
            last, pause, jitter, locked = map(float, stream.read(200).split())
    except (OSError, ValueError):
        return True
    if configured and not locked:
        with contextlib.suppress(ValueError):  # settings will say so
            pause = float(configured)
    # A check in the future: the clock was set back.
    return not last <= now + 60 or now >= last + pause * (1 + jitter)


def _can_note(stamp: str) -> bool:
    """Whether it can be noted that a check was made; if not, one would be made at every start."""
    folder = os.path.dirname(stamp)
    while not os.path.exists(folder) and folder != os.path.dirname(folder):
        folder = os.path.dirname(folder)
    return os.path.isdir(folder) and os.access(folder, os.W_OK)
