"""The user's editor, and putting back what was edited."""

from __future__ import annotations

import contextlib
import errno
import os
import shlex
import signal
import stat
import subprocess
from typing import TYPE_CHECKING, Any

from rezup.system.files import open_new, sync_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

#: Where Linux keeps who else may use a file.
_ACL = "system.posix_acl_access"

#: Seconds for an editor that is told to end.
_PATIENCE = 5.0


def editor_command(environ: Mapping[str, str], *, is_windows: bool = os.name == "nt") -> list[str]:
    """The words of `VISUAL`, else `EDITOR`, else what every system has; blanks are as good as nothing.

    :raises ValueError: the variable has a quote without an end
    """
    texts = (environ.get(name, "").strip() for name in ("VISUAL", "EDITOR"))
    text = next(filter(None, texts), "notepad" if is_windows else "vi")
    if not is_windows:
        return shlex.split(text)
    # Backslashes are part of the paths there; quotes are not.
    words = shlex.split(text, posix=False)
    return [
        word[1:-1] if len(word) > 1 and word[0] == word[-1] and word[0] in "\"'" else word for word in words
    ]


def run_editor(command: list[str], path: Path, environ: Mapping[str, str]) -> int:
    """Edit a file on this terminal, and wait for the end; returns the exit status.

    Keys that interrupt are the editor's: it may run programs of its own that are meant by them.

    :raises OSError: the editor can't be started
    """
    with _keys_left_alone():
        process = subprocess.Popen([*command, os.fspath(path)], env=dict(environ))
        try:
            return process.wait()
        except BaseException:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_PATIENCE)
            raise


@contextlib.contextmanager
def _keys_left_alone() -> Iterator[None]:
    r"""Ctrl-C and Ctrl-\ do nothing here; they aren't ignored, as the editor would inherit that."""
    before: dict[int, Any] = {}
    try:
        for number in filter(None, (signal.SIGINT, getattr(signal, "SIGQUIT", None))):
            if signal.getsignal(number) not in (signal.SIG_IGN, None):
                with contextlib.suppress(ValueError):  # only the main thread may
                    before[number] = signal.signal(number, lambda *_: None)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def without_umask(mode: int) -> int:
    """The permissions of a new file that the umask leaves."""
    umask = os.umask(0o077)
    os.umask(umask)
    return mode & ~umask


def replace_content(path: Path, data: bytes) -> None:
    """Replace a file at once, and keep who may read and write it.

    Owner, group and extended attributes are kept as far as that is allowed. Where it is not, the
    file's group gets no more than all others have.

    :raises OSError: nothing was changed
    """
    status = path.stat()
    temporary = path.parent / f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}.tmp"
    try:
        with open_new(temporary) as stream:
            stream.write(data)
            if hasattr(os, "fchown"):
                _copy_access(path, status, stream.fileno())
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    # It is done and seen: an error now would tell that it was not.
    with contextlib.suppress(OSError):
        sync_folder(path.parent)


def _copy_access(path: Path, status: os.stat_result, descriptor: int) -> None:
    mode = stat.S_IMODE(status.st_mode)
    with contextlib.suppress(OSError):
        os.fchown(descriptor, -1, status.st_gid)
    with contextlib.suppress(OSError):
        os.fchown(descriptor, status.st_uid, -1)
    is_same = _copy_attributes(path, descriptor)
    if not is_same or os.fstat(descriptor).st_gid != status.st_gid:
        mode &= ~stat.S_IRWXG | (mode & stat.S_IRWXO) << 3
    os.fchmod(descriptor, mode)


def _copy_attributes(path: Path, descriptor: int) -> bool:
    """Copy the extended attributes; False if not all that say who has access could be."""
    if not hasattr(os, "listxattr"):
        return True
    try:
        names = os.listxattr(path)
    except OSError as error:
        return error.errno in (errno.ENOTSUP, errno.ENOSYS)
    if _ACL not in names:  # what the folder gives to its new files
        with contextlib.suppress(OSError):
            os.removexattr(descriptor, _ACL)
    is_same = True
    for name in names:
        try:
            os.setxattr(descriptor, name, os.getxattr(path, name))
        except OSError:  # those of a security module are not ours to set
            is_same = is_same and not name.startswith("system.")
    return is_same
