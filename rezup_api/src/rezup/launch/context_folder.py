"""The folder of one entered context: its file, its script, and what the shell reads on the way.

A shell that takes the place of this process can't tidy up behind itself, so folders are named by host
and process, and whoever comes next removes those whose process is gone. They lie in a folder that nobody
else can look into.
"""

from __future__ import annotations

import os
import stat
import time
from typing import TYPE_CHECKING
from zlib import crc32

from rezup.errors import LaunchError

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Seconds for which a folder stays whatever its process does: a child may have just been handed it.
_YOUNG = 60.0

#: Seconds after which the folder of a detached shell goes, whose process nobody here knows.
_OLD = 7 * 86400.0

_DETACHED = "detached"


def make_folder(environ: Mapping[str, str], configured: str | None, *, detached: bool = False) -> str:
    """A new folder for this process, readable by its user alone.

    :param environ: says where temporary files go
    :param configured: the folder below which it is made (Rez's `context_tmpdir`); None is the usual one
    :param detached: whether another process will use it
    :raises LaunchError: it can't be made
    """
    try:
        parent = _own_parent(configured or _temporary(environ))
        own = f"rezup-{_machine(environ)}-"
        _sweep(parent, own)
        owner = _DETACHED if detached else str(os.getpid())
        path = os.path.join(parent, f"{own}{owner}-{os.urandom(4).hex()}")
        os.mkdir(path, 0o700)
    except OSError as error:
        raise no_place(error) from error
    return path


def no_place(error: OSError) -> LaunchError:
    """The error where files of a context can't be written."""
    where = f"{error.filename}: " if error.filename else ""
    return LaunchError(
        "there is no place for the files of the context",
        context=f"{where}{error.strerror or error}",
        hint="set TMPDIR, or Rez's context_tmpdir, to a folder that can be written to",
    )


def _temporary(environ: Mapping[str, str]) -> str:
    """The folder of everybody's temporary files: as Python finds it, but for this environment."""
    if os.name == "nt":
        import tempfile

        return tempfile.gettempdir()
    named = environ.get("TMPDIR")
    return named if named and os.path.isdir(named) else "/tmp"  # noqa: S108 - the user's own is below


def _own_parent(folder: str) -> str:
    """A folder below one that others may use, too, which belongs to the user; made if it isn't there.

    :raises OSError: it can't be made, or belongs to somebody else
    """
    if os.name == "nt":
        return folder  # already the user's own
    parent = os.path.join(os.path.abspath(folder), f"rezup-{os.geteuid()}")
    try:
        os.mkdir(parent, 0o700)
    except FileExistsError:
        found = os.lstat(parent)
        if not _is_own(found) or found.st_mode & 0o077:
            raise PermissionError(1, "it is not the user's own folder", parent) from None
    return parent


def _is_own(found: os.stat_result) -> bool:
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()


def _machine(environ: Mapping[str, str]) -> str:
    """Where a number means this process: the host, and on Linux its start and the space of such numbers."""
    if not hasattr(os, "uname"):
        return _safe(environ.get("COMPUTERNAME", ""))
    host = os.uname().nodename
    try:
        with open("/proc/sys/kernel/random/boot_id", "rb") as stream:
            space = stream.read() + os.fsencode(os.readlink("/proc/self/ns/pid"))
    except OSError:
        return _safe(host)
    return f"{_safe(host)}_{crc32(space):08x}"


def _sweep(parent: str, own: str) -> None:
    """Remove the folders of processes that are gone."""
    now = time.time()
    for name in os.listdir(parent):
        if not name.startswith(own):
            continue
        owner = name[len(own) :].partition("-")[0]
        path = os.path.join(parent, name)
        try:
            found = os.lstat(path)
        except OSError:  # somebody else was quicker
            continue
        age = now - found.st_mtime
        is_ours = os.name == "nt" or _is_own(found)
        if is_ours and age > (_OLD if owner == _DETACHED else _YOUNG) and not _is_alive(owner):
            _remove(path)


def _remove(path: str) -> None:
    """Remove a folder; usually it holds a few files of ours and nothing else."""
    try:
        for name in os.listdir(path):
            os.unlink(os.path.join(path, name))
        os.rmdir(path)
    except OSError:
        import shutil

        shutil.rmtree(path, ignore_errors=True)


def _is_alive(owner: str) -> bool:
    if not owner.isascii() or not owner.isdigit():
        return False
    if os.name == "nt":
        return True  # to ask there is to end it; the system tidies its temporary folder itself
    try:
        os.kill(int(owner), 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # somebody else's, so it is there
        return True
    return True


def _safe(text: str) -> str:
    """A host's name as part of a file's."""
    return "".join([each if each.isalnum() else "_" for each in text])
