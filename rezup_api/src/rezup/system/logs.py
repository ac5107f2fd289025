"""Log files of programs that were run for the user."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

from rezup.system.files import make_folder

#: Log files that are kept, per user.
LOGS_KEPT = 30


def new_log(folder: Path, subject: str) -> Path:
    """A new log file; where none can be kept, one in the temporary folder.

    :param subject: what it is about, as the start of its name
    """
    name = f"{subject}-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{os.getpid()}.log"
    try:
        make_folder(folder)
        (folder / name).touch(mode=0o600)
    except OSError:
        import tempfile

        return Path(tempfile.mkdtemp(prefix="rezup-")) / name
    for old in sorted(folder.glob("*.log"), key=_age)[:-LOGS_KEPT]:
        with contextlib.suppress(OSError):
            old.unlink()
    return folder / name


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # another process removed it
        return 0.0
