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
    :param configured: the folder to make it in (Rez's `context_tmpdir`); the usual one means the user's own
    :param detached: whether another process will use it
    :raises LaunchError: it can't be made
    """
    try:
        is_usual = not configured or configured == _temporary(environ)
        parent = _own_parent(environ) if is_usual else configured or ""
        host = os.uname().nodename if hasattr(os, "uname") else environ.get("COMPUTERNAME", "")
        own = f"rezup-{_safe(host)}-"
        _sweep(parent, own)
        owner = _DETACHED if detached else str(os.getpid())
        path = os.path.join(parent, f"{own}{owner}-{os.urandom(4).hex()}")
        os.mkdir(path, 0o700)
    except OSError as error:
        raise LaunchError(
            "there is no place for the files of the context",
            context=f"{error.filename}: {error.strerror}",
            hint="set TMPDIR to a folder that can be written to",
        ) from error
    return path


def _temporary(environ: Mapping[str, str]) -> str:
    """The folder of everybody's temporary files."""
    return environ.get("TMPDIR") or "/tmp"  # noqa: S108 - what we make in it is the user's alone


def _own_parent(environ: Mapping[str, str]) -> str:
    """A folder below the temporary one that belongs to the user; made if it isn't there.

    :raises OSError: it can't be made, or belongs to somebody else
    """
    if os.name == "nt":
        import tempfile

        return tempfile.gettempdir()  # already the user's own
    parent = os.path.join(_temporary(environ), f"rezup-{os.geteuid()}")
    try:
        os.mkdir(parent, 0o700)
    except FileExistsError:
        found = os.lstat(parent)
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
            raise PermissionError(1, "it is not the user's own folder", parent) from None
    return parent


def _sweep(parent: str, own: str) -> None:
    """Remove the folders of processes that are gone."""
    now = time.time()
    for name in os.listdir(parent):
        if not name.startswith(own):
            continue
        owner = name[len(own) :].partition("-")[0]
        path = os.path.join(parent, name)
        try:
            age = now - os.lstat(path).st_mtime
        except OSError:  # somebody else was quicker
            continue
        if age > (_OLD if owner == _DETACHED else _YOUNG) and not _is_alive(owner):
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
