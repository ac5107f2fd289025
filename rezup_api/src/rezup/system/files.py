"""Files that survive a crash: written beside, synced, renamed.

Nothing here follows a symbolic link out of the folder it was asked to work in.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from io import BufferedWriter
    from pathlib import Path

#: Threads that sync at once; beyond it the disk, not the waiting, is the limit.
SYNC_THREADS = 16


def write_atomic(path: Path | str, data: bytes, *, mode: int = 0o644, durable: bool = True) -> None:
    """Replace `path` by `data` at once: a reader sees the old content or the new, never a part.

    :param mode: permissions of the file, whatever the umask is
    :param durable: sync file and folder, so that the content survives a power failure
    :raises OSError: nothing was changed
    """
    folder, name = os.path.split(path)
    temporary = os.path.join(folder, f".{name}.{os.getpid()}.{os.urandom(4).hex()}.tmp")
    try:
        with open_new(temporary) as stream:
            stream.write(data)
            os.fchmod(stream.fileno(), mode) if hasattr(os, "fchmod") else os.chmod(temporary, mode)
            if durable:
                stream.flush()
                os.fsync(stream.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    if durable:
        _sync_visible(folder or os.curdir)


@contextlib.contextmanager
def open_new(path: Path | str) -> Iterator[BufferedWriter]:
    """A new file for writing; fails if the name exists, also as a dangling link."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags, 0o600), "wb") as stream:
        yield stream


def sync_folder(path: Path | str) -> None:
    """Make the names in a folder durable; file systems that can't do it are left alone."""
    if os.name == "nt":  # a folder can't be opened there
        return
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EBADF):
            raise
    finally:
        os.close(descriptor)


def _sync_visible(folder: Path | str) -> None:
    """Make a name durable that is seen already, so that an error now would tell of something that was done.

    The content is on the disk; a power failure may take the name, which is as if nothing had been done.
    """
    with contextlib.suppress(OSError):
        sync_folder(folder)


def seal_tree(
    root: Path, *, private: frozenset[str] = frozenset(), sealed: Mapping[str, Sequence[str]] | None = None
) -> None:
    """Make a finished tree fit to be published: readable by all under any umask, and on the disk.

    Files and folders are synced in parallel. Nobody but the owner may write. A read-only file with
    another name elsewhere is a cache's, which synced it, and is left as it is.

    :param private: names of files directly below `root` that only their owner may read
    :param sealed: folders, relative to `root`, all files below which are links to such, and the folders in
        each, relative to it; made in one go, so that what is right of the first one's permissions is of all
    :raises OSError: the first failure, e.g. a full disk that only a sync tells of
    """
    from rezup.system.parallel import share_out

    folders: list[str] = []
    files: list[str] = []
    known = {os.path.join(root, name): below for name, below in (sealed or {}).items()}
    pending = [os.fspath(root)]
    while pending:
        folder = pending.pop()
        if folder in known:
            folders += _opened(folder, known[folder])
            continue
        folders.append(folder)
        os.chmod(folder, 0o755)
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    pending.append(entry.path)
                elif entry.is_file(follow_symlinks=False):
                    files.append(entry.path)
    hidden = {os.path.join(root, name) for name in private}

    def seal(paths: Sequence[tuple[str, bool]]) -> None:
        for path, is_folder in paths:
            if is_folder:
                sync_folder(path)
            else:
                _seal_file(path, is_private=path in hidden)

    # All at once: the first of them has a journal written with the names of all others in it. Files come
    # first, as the few of them that aren't on the disk take longest.
    share_out(seal, [(path, False) for path in files] + [(path, True) for path in folders], SYNC_THREADS)


def _opened(root: str, below: Sequence[str]) -> list[str]:
    """Folders that were made in one go, readable by all."""
    folders = [root, *(f"{root}/{folder}" for folder in below)]
    if stat.S_IMODE(os.lstat(root).st_mode) != 0o755:
        for folder in folders:
            os.chmod(folder, 0o755)
    return folders


def _seal_file(path: str, *, is_private: bool) -> None:
    # Windows syncs only what is open for writing; Unix also what was made read-only.
    flags = (os.O_RDWR | os.O_BINARY) if os.name == "nt" else os.O_RDONLY  # type: ignore[attr-defined,unused-ignore]
    descriptor = os.open(path, flags)
    try:
        status = os.fstat(descriptor)
        mode = status.st_mode
        if status.st_nlink > 1 and not mode & 0o222 and not is_private:
            return
        wanted = 0o600 if is_private else 0o755 if mode & 0o100 else 0o644
        if stat.S_IMODE(mode) != wanted:
            os.chmod(path, wanted)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(path: Path) -> None:
    """Create a folder and its parents, readable by all under any umask.

    :raises OSError: it can't be created, or a file is in the way
    """
    missing = []
    while not path.is_dir():
        missing.append(path)
        if path == path.parent:
            break
        path = path.parent
    for folder in reversed(missing):
        try:
            folder.mkdir()
        except FileExistsError:
            if not folder.is_dir():
                raise
        else:
            # A group that publishes together keeps what the parent folder gives it.
            folder.chmod((folder.stat().st_mode | 0o555) & 0o7775)


def mark_cache(folder: Path) -> None:
    """Tell backup programs that a folder can be made anew (the Cache Directory Tagging convention)."""
    with contextlib.suppress(OSError):
        make_folder(folder)
        with open_new(folder / "CACHEDIR.TAG") as stream:
            stream.write(b"Signature: 8a477f597d28d172789f06886806bc55\n# Made by rezup; safe to delete.\n")


def rename_new(source: Path, target: Path, *, parent: int | None = None) -> bool:
    """Rename a folder to a name that must be free; False if somebody was there first.

    A rename onto a folder with content fails on every platform, and the folders that are
    published never are empty: the file system itself decides who wins.

    :param parent: see `rename`
    """
    try:
        rename(source, target, parent=parent)
    except OSError as error:
        if error.errno in (errno.EEXIST, errno.ENOTEMPTY) or (os.name == "nt" and target.exists()):
            return False
        raise
    _sync_visible(target.parent)
    return True


def rename(source: Path, target: Path, *, parent: int | None = None) -> None:
    """Rename a file or folder; on Windows that is tried again for seconds.

    :param parent: the open folder that both are in, which no link can take the place of
    """
    if parent is not None:
        os.rename(source.name, target.name, src_dir_fd=parent, dst_dir_fd=parent)
        return
    if os.name != "nt":
        source.rename(target)
        return
    import time

    # Virus scanners and indexers hold new files for a moment.
    for delay in (0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2):
        try:
            source.rename(target)
        except PermissionError:
            if target.exists():
                raise
            time.sleep(delay)
        else:
            return
    source.rename(target)


def remove_tree(path: Path) -> None:
    """Delete a folder and all below it without following links; what is missing is fine.

    :raises OSError: something can't be deleted
    """
    if path.is_symlink():
        path.unlink()
        return
    try:
        path.rmdir()  # without the import below, where nothing is left in it
    except FileNotFoundError:
        return
    except OSError:
        pass
    else:
        return
    import shutil

    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(path)


def is_writable_by_all(path: Path) -> bool:
    """True if anybody may replace what is in the folder (and no sticky bit protects it)."""
    if os.name == "nt":
        return False
    mode = path.stat().st_mode
    return bool(mode & stat.S_IWOTH) and not mode & stat.S_ISVTX


def first_reason(error: OSError) -> str:
    """Why it failed: `shutil` lists every file of a tree that it couldn't copy, and all for one reason."""
    entries = error.args[0] if error.args else None
    if isinstance(entries, list) and entries and isinstance(entries[0], tuple):
        return str(entries[0][-1])[:300]
    return str(error)[:300]
