"""Findings in the revisions of a local root."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from rezup.containers import receipt as receipts
from rezup.containers.health import trees
from rezup.containers.health.checking import ENVIRONMENTS, NO_RECORD, NOT_CHECKED, Checked, check
from rezup.containers.health.findings import Finding, set_rights
from rezup.containers.health.trees import (
    ADDED,
    MISSING,
    OTHERS_WRITE,
    PERMISSIONS,
    UNREADABLE,
    is_byte_code,
)
from rezup.containers.provision import RECORDS
from rezup.containers.revision import (
    FOREIGN,
    FOREIGN_PLATFORM,
    NEWER,
    NO_INTERPRETER,
    OTHER_INTERPRETER,
    NotReadyError,
    open_ready,
)
from rezup.lockfiles.lock import WHEELS
from rezup.stores.base import RECEIPT, RECIPE
from rezup.stores.folder import LEASE
from rezup.system.reading import read_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from rezup.containers.health.mending import Mending
    from rezup.containers.health.trees import Difference, Hashes
    from rezup.recipes.names import ContainerName
    from rezup.stores.local import LocalStore
    from rezup.stores.stamps import Stamp

_ALL_READ, _ALL_ENTER = 0o444, 0o111

#: States of a revision that can't be used, which are findings by themselves.
_STATES: Mapping[str, str] = {
    NEWER: "newer-format",
    FOREIGN: "foreign-revision",
    FOREIGN_PLATFORM: "other-platform",
    NO_INTERPRETER: "interpreter-missing",
    OTHER_INTERPRETER: "interpreter-replaced",
}


@dataclass(frozen=True, slots=True)
class Case:
    """One revision that is looked at."""

    store: LocalStore
    container: ContainerName
    stamp: Stamp
    platform: str
    checked: Checked
    """Without what is so for its permissions alone."""
    mending: Mending
    loose: tuple[str, ...]
    """Files and folders that others may write; "" is the folder of the revision."""
    hidden: tuple[str, ...]
    """Those that not everybody can read."""

    @property
    def folder(self) -> Path:
        """Where it is."""
        return self.checked.folder

    @property
    def name(self) -> str:
        """What users call it."""
        return f"{self.container}@{self.stamp}"


def findings(
    store: LocalStore, container: ContainerName, stamp: Stamp, platform: str, hashes: Hashes, mending: Mending
) -> Iterator[Finding]:
    """What is wrong with a revision; of one that isn't ours to touch no more than that."""
    checked = check(store, container, stamp, hashes)
    loose, hidden = _permissions(checked.folder)
    closed = _closed(checked.folder, hidden)
    case = Case(store, container, stamp, platform, _without_closed(checked, closed), mending, loose, hidden)
    if closed.intersection(("", RECEIPT)):
        yield from _rights(case)
        return
    # Behind what is closed may be the environment that it seems to lack.
    state = [] if any(path.split("/")[0] == ENVIRONMENTS for path in closed) else _state(case)
    yield from state
    if case.checked.state == NOT_CHECKED or any(f.code == "foreign-revision" for f in state):
        return
    for examine in _EXAMINERS:
        yield from examine(case)


def _state(case: Case) -> list[Finding]:
    receipt = case.folder / RECEIPT
    if receipt.exists() and not receipt.is_file():
        return [_broken_receipt(case)]
    try:
        open_ready(case.store, case.container, case.stamp, platform=case.platform)
    except NotReadyError as error:
        code = _STATES.get(error.state)
        if code is None:
            return [_broken_receipt(case)]
        return [Finding(code, str(case.folder), f"{case.name}: {error.context}")]
    return [] if receipt.exists() else [_broken_receipt(case)]


def _broken_receipt(case: Case) -> Finding:
    path = case.folder / RECEIPT
    try:
        data = read_file(path)
    except OSError as error:
        if isinstance(error, FileNotFoundError):
            return Finding("receipt-missing", str(case.folder), f"{case.name} has no receipt")
        return Finding(
            "receipt-damaged", str(path), f"the receipt of {case.name} can't be read: {error.strerror}"
        )
    if not data.strip(b"\0"):
        what = "zeros only" if data else "empty"
        return Finding("receipt-empty", str(path), f"the receipt of {case.name} is {what}")
    try:
        receipts.parse(data)
    except receipts.DamagedReceiptError as error:
        return Finding("receipt-damaged", str(path), f"the receipt of {case.name} is damaged: {error}")
    return Finding("receipt-damaged", str(path), f"{case.name} holds no environment")


def _lease(case: Case) -> Iterator[Finding]:
    path = case.folder / LEASE
    if case.checked.state == NO_RECORD and case.folder.parent.name != case.container:
        return  # rezup 2.x had none
    if not path.exists():
        yield Finding(
            "lease-missing", str(path), f"{case.name} has no lease", mend=partial(case.mending.lease, path)
        )


def _no_record(case: Case) -> Iterator[Finding]:
    if case.checked.state == NO_RECORD:
        yield Finding("no-record", str(case.folder), f"{case.name} has no record: {case.checked.reason}")


def _recipe(case: Case) -> Iterator[Finding]:
    yield from _sources(case, "recipe", "recipe", lambda path: path == RECIPE)


def _locks(case: Case) -> Iterator[Finding]:
    yield from _sources(case, "lock", "lock", lambda path: path.startswith("pylock."))


def _sources(case: Case, code: str, what: str, is_it: Callable[[str], bool]) -> Iterator[Finding]:
    for each in case.checked.differences:
        if not is_it(each.path) or each.kind == ADDED:
            continue
        kind = "missing" if each.kind == MISSING else "altered"
        yield Finding(
            f"{code}-{kind}", str(case.folder / each.path), f"the {what} of {case.name} is {each.kind}",
            mend=partial(case.mending.source_file, case.container, case.stamp, each.path),
        )  # fmt: skip


def _wheels(case: Case) -> Iterator[Finding]:
    for each in case.checked.differences:
        if each.path.startswith(f"{WHEELS}/"):
            code = "wheel-missing" if each.kind == MISSING else "wheel-damaged"
            yield Finding(
                code, str(case.folder / each.path), f"a wheel beside the lock of {case.name} is {each.kind}",
                mend=partial(case.mending.wheel, case.container, case.stamp, each.path),
            )  # fmt: skip


def _records(case: Case) -> Iterator[Finding]:
    for each in case.checked.differences:
        head, _, name = each.path.partition("/")
        if head == RECORDS and each.kind != ADDED:
            code = "record-missing" if each.kind == MISSING else "record-damaged"
            yield Finding(
                code, str(case.folder / each.path), f"the record of {name} in {case.name} is {each.kind}",
                mend=partial(case.mending.record, case.container, case.stamp, name),
            )  # fmt: skip


def _environments(case: Case) -> Iterator[Finding]:
    by_name: dict[str, list[Difference]] = {}
    for each in case.checked.differences:
        head, _, rest = each.path.partition("/")
        name, slash, path = rest.partition("/")
        if head == ENVIRONMENTS and (slash or each.kind == UNREADABLE):
            by_name.setdefault(name, []).append(each._replace(path=path or "."))
    for name, found in by_name.items():
        yield from _environment(case, name, found)


def _environment(case: Case, name: str, found: list[Difference]) -> Iterator[Finding]:
    where, of = str(case.folder / ENVIRONMENTS / name), f"in environment {name} of {case.name}"
    wrong = [each for each in found if each.kind != ADDED]
    if wrong:
        told = tuple(f"{each.path} ({each.kind})" for each in wrong)
        mend = partial(case.mending.environment, case.container, case.stamp, name)
        yield Finding("environment-damaged", where, f"{_count(wrong)} wrong {of}", told, mend)
    added = [each.path for each in found if each.kind == ADDED]
    compiled = tuple(path for path in added if is_byte_code(path))
    if compiled:
        mend = partial(case.mending.byte_code, case.container, case.stamp, name)
        yield Finding("byte-code-added", where, f"{_count(compiled)} of byte-code added {of}", compiled, mend)
    others = tuple(path for path in added if not is_byte_code(path))
    if others:
        yield Finding("file-added", where, f"{_count(others)} added {of}", others)


def _count(found: tuple[object, ...] | list[Difference]) -> str:
    return "1 file" if len(found) == 1 else f"{len(found)} files"


def _strangers(case: Case) -> Iterator[Finding]:
    for each in case.checked.differences:
        head, _, rest = each.path.partition("/")
        is_below = head in (ENVIRONMENTS, RECORDS) and "/" in rest
        if each.kind == ADDED and not is_below:
            yield Finding(
                "foreign-file", str(case.folder / each.path), f"it belongs to no part of {case.name}"
            )


def _permissions(folder: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Paths below a revision that others may write, and those that not everybody can read."""
    loose, hidden = [], []
    for entry in trees.entries(folder):
        mode = entry.status.st_mode
        if mode & OTHERS_WRITE:
            loose.append(entry.path)
        if ~mode & _wanted(entry.path, mode):
            hidden.append(entry.path)
    return tuple(loose), tuple(hidden)


def _wanted(path: str, mode: int) -> int:
    """The permissions that something in a revision has at least."""
    if path == RECIPE:
        return 0o400  # one with a secret is for its owner only
    return _ALL_READ | _ALL_ENTER if stat.S_ISDIR(mode) else _ALL_READ


def _closed(folder: Path, hidden: tuple[str, ...]) -> frozenset[str]:
    """Those of the hidden ones that we can't read ourselves."""
    return frozenset(
        path
        for path in hidden
        if not os.access(folder / path, os.R_OK | (os.X_OK if (folder / path).is_dir() else 0))
    )


def _without_closed(checked: Checked, closed: frozenset[str]) -> Checked:
    """What can be told before permissions are right: what is behind them may be as it was recorded."""

    def is_known(each: Difference) -> bool:
        if each.kind == PERMISSIONS:
            return False
        around = {each.path, *map(str, PurePosixPath(each.path).parents)}
        return each.kind not in (MISSING, UNREADABLE) or closed.isdisjoint(around)

    return checked._replace(differences=tuple(filter(is_known, checked.differences)))


def _rights(case: Case) -> Iterator[Finding]:
    """Files that others may write or can't read: a finding of each for the whole revision."""
    for code, paths, what, change in (
        ("writable-by-others", case.loose, "may be written by others", _close),
        ("unreadable", case.hidden, "can't be read by all", _open),
    ):
        if paths:
            number = "1 file or folder" if len(paths) == 1 else f"{len(paths)} files and folders"
            yield Finding(
                code, str(case.folder), f"{number} of {case.name} {what}",
                tuple(path or "." for path in paths),
                partial(change, case.folder, paths),
            )  # fmt: skip


def _close(folder: Path, paths: tuple[str, ...]) -> None:
    for path in paths:
        set_rights(folder / path, drop=OTHERS_WRITE)


def _open(folder: Path, paths: tuple[str, ...]) -> None:
    """Let all read these, and what turns out to be closed behind those that were; no link is followed."""
    pending = list(paths)
    while pending:
        path = pending.pop()
        place = folder / path
        mode = place.lstat().st_mode
        was_closed = stat.S_ISDIR(mode) and not os.access(place, os.R_OK | os.X_OK)
        # Its owner has to be able to mend or remove what is in a folder.
        set_rights(place, add=_wanted(path, mode) | (stat.S_IWUSR if was_closed else 0))
        for entry in trees.entries(place) if was_closed else ():
            name = f"{path}/{entry.path}" if path else entry.path
            if entry.path and ~entry.status.st_mode & _wanted(name, entry.status.st_mode):
                pending.append(name)


#: One for each kind of finding, in revisions that can be looked into.
_EXAMINERS: tuple[Callable[[Case], Iterator[Finding]], ...] = (
    _no_record,
    _rights,
    _lease,
    _recipe,
    _locks,
    _wheels,
    _records,
    _environments,
    _strangers,
)
