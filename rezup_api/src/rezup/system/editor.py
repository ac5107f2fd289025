"""The user's editor, and putting back what was edited."""

from __future__ import annotations

import contextlib
import os
import shlex
import stat
import subprocess
from typing import TYPE_CHECKING

from rezup.system.files import open_new, sync_folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def editor_command(environ: Mapping[str, str]) -> list[str]:
    """The words of `VISUAL`, else `EDITOR`, else what every system has.

    :raises ValueError: the variable has a quote without an end
    """
    text = environ.get("VISUAL") or environ.get("EDITOR") or ("notepad" if os.name == "nt" else "vi")
    return shlex.split(text, posix=os.name != "nt")


def run_editor(command: list[str], path: Path, environ: Mapping[str, str]) -> int:
    """Edit a file on this terminal, and wait for the end; returns the exit status.

    :raises OSError: the editor can't be started
    """
    return subprocess.run([*command, os.fspath(path)], env=dict(environ), check=False).returncode


def replace_content(path: Path, data: bytes) -> None:
    """Replace a file at once, and keep its permissions, and its owner as far as that is allowed.

    :raises OSError: nothing was changed
    """
    status = path.stat()
    temporary = path.parent / f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}.tmp"
    try:
        with open_new(temporary) as stream:
            stream.write(data)
            if hasattr(os, "fchown"):
                with contextlib.suppress(OSError):
                    os.fchown(stream.fileno(), -1, status.st_gid)
                with contextlib.suppress(OSError):
                    os.fchown(stream.fileno(), status.st_uid, -1)
                os.fchmod(stream.fileno(), stat.S_IMODE(status.st_mode))
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    sync_folder(path.parent)
