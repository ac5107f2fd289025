"""Writing a suite's folder: a new one at once, an existing one file by file, each at once.

A folder that exists is not exchanged as a whole: nothing does that without a moment in which there is
no suite, and files of others that lie in it would have to move. Instead all new files are first written
and synced beside the old ones::

    SUITE/.rezup-save-XXXX/new/…   what will be renamed to its place
    SUITE/.rezup-save-XXXX/old/…   what was there, to go back to on failure

and then renamed in an order in which every wrapper has its context at any time: contexts, wrappers,
suite.yaml; then wrappers and contexts that are no longer needed leave. On any failure all is put back.
If the process is killed, the tools still run, and the next save tidies up.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rezup.errors import SuiteError
from rezup.runtime.suites.layout import SUITE_FILE
from rezup.system.files import make_folder, open_new, remove_tree, rename_new, seal_tree
from rezup.system.locks import exclusive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

_STAGING = ".rezup-save-"


class Change(NamedTuple):
    """What a suite's folder is to hold."""

    files: Mapping[str, tuple[bytes, bool]]
    """By their path in the folder, with "/", in the order of writing.

    Each is the content, and whether it is a program.
    """
    folders: tuple[str, ...]
    """Folders that there are in any case."""
    stale: tuple[str, ...] = ()
    """Files that leave, in this order."""


def create(folder: str, change: Change) -> None:
    """Make a new folder; it is there completely or not at all.

    :raises SuiteError: it can't be made, or there is something of that name
    """
    target = Path(folder)
    staging = target.parent / f"{_STAGING}{os.urandom(4).hex()}"
    with _explained(folder):
        make_folder(target.parent)
        try:
            staging.mkdir()
            _write_all(staging, change.files, change.folders)
            seal_tree(staging)
            if os.path.lexists(target) or not rename_new(staging, target):
                raise already_there(folder)
        except BaseException:
            _forget(staging)
            raise


def update(folder: str, plan: Callable[[], Change]) -> None:
    """Change a folder; on failure nothing is changed.

    :param plan: says what to change; asked while nobody else saves the same suite
    :raises SuiteError: it can't be changed, or somebody else is about it
    """
    root = Path(folder)
    with _explained(folder), _lock(root) as is_alone:
        if is_alone is False:
            raise SuiteError(
                f"the suite {folder} can't be saved",
                context="somebody else is saving it",
                hint="load it again and repeat the change",
            )
        change = plan()
        if is_alone:
            for left in root.glob(f"{_STAGING}*"):  # of a process that was killed
                _forget(left)
        _check_places(root, change)
        changed = {name: each for name, each in change.files.items() if _differs(root / name, *each)}
        stale = [name for name in change.stale if os.path.lexists(root / name)]
        if changed or stale:
            _exchange(root, changed, stale, change.folders)


def already_there(folder: str) -> SuiteError:
    """The error of a suite that would have to go where something else is."""
    return SuiteError(
        f"the suite can't be saved as {folder}",
        context="there is something of that name, and the suite was not loaded from there",
        hint="take another name, or load that suite and change it",
    )


def _exchange(
    root: Path, files: Mapping[str, tuple[bytes, bool]], stale: Iterable[str], folders: Iterable[str]
) -> None:
    staging = root / f"{_STAGING}{os.urandom(4).hex()}"
    undo: list[Callable[[], None]] = []
    try:
        for name in folders:
            make_folder(root / name)
        staging.mkdir(mode=0o700)
        for side in ("new", "old"):
            for name in ("", *folders):
                (staging / side / name).mkdir(parents=True, exist_ok=True)
        _write_all(staging / "new", files, ())
        seal_tree(staging / "new")
        for name in files:
            _keep(root / name, staging / "old" / name)
        for name in files:
            undo.append(_way_back(root / name, staging / "old" / name))
            os.replace(staging / "new" / name, root / name)
        for name in stale:
            undo.append(_way_back(root / name, staging / "old" / name))
            os.replace(root / name, staging / "old" / name)
    except BaseException:
        for step in reversed(undo):
            step()
        _forget(staging)
        raise
    _forget(staging)


def _write_all(root: Path, files: Mapping[str, tuple[bytes, bool]], folders: Iterable[str]) -> None:
    for name in folders:
        (root / name).mkdir()
    for name, (content, is_program) in files.items():
        try:
            with open_new(root / name) as stream:
                stream.write(content)
        except FileExistsError as error:
            raise SuiteError(
                f"{os.path.basename(name)!a} can't be written",
                context="for this file system it is the same name as another of the suite",
                hint="hide one of the tools, or give it another name",
            ) from error
        os.chmod(root / name, 0o755 if is_program else 0o644)


def _keep(source: Path, target: Path) -> None:
    """Have the old file in a second place, while it stays where it is."""
    if not os.path.lexists(source):
        return
    if not source.is_symlink():
        with contextlib.suppress(OSError):  # not every file system has links
            os.link(source, target)
            return
    shutil.copy2(source, target, follow_symlinks=False)


def _way_back(place: Path, kept: Path) -> Callable[[], None]:
    had_one = os.path.lexists(place)

    def put_back() -> None:
        with contextlib.suppress(FileNotFoundError):
            if had_one:
                os.replace(kept, place)
            else:
                place.unlink()

    return put_back


def _differs(path: Path, content: bytes, is_program: bool) -> bool:
    try:
        if path.is_symlink() or bool(path.stat().st_mode & 0o100) != is_program:
            return True
        return path.read_bytes() != content
    except FileNotFoundError:
        return True


def _check_places(root: Path, change: Change) -> None:
    """Nothing is written through a link that leads out of the suite."""
    for name in change.folders:
        path = root / name
        if path.is_symlink() or (path.exists() and not path.is_dir()):
            raise SuiteError(
                f"the suite {root} can't be saved",
                context=f"its {name} is no folder of its own",
                hint="replace it by a folder, or save the suite elsewhere",
            )


@contextlib.contextmanager
def _lock(root: Path) -> Iterator[bool | None]:
    """Keep out others that save; None where that can't be known.

    Whoever locks a suite file that was just replaced is found out by what the new one holds.
    """
    if os.name == "nt":  # there it would be renamed for a moment
        yield None
        return
    with exclusive(root / SUITE_FILE) as is_alone:
        yield is_alone


@contextlib.contextmanager
def _explained(folder: str) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        number = getattr(error, "errno", None)
        hints = {
            errno.ENOSPC: "make room on the disk and save again",
            errno.EDQUOT: "make room on the disk and save again",
            errno.EACCES: "ask for the right to write there",
            errno.EPERM: "ask for the right to write there",
            errno.EROFS: "save it elsewhere",
        }
        raise SuiteError(
            f"the suite {folder[:300]} can't be saved",
            context=f"{getattr(error, 'strerror', None) or error}; nothing was changed",
            hint=hints.get(number) if number is not None else None,
        ) from error


def _forget(staging: Path) -> None:
    with contextlib.suppress(OSError):
        remove_tree(staging)
