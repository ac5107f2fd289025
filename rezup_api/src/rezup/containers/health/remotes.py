"""Findings in a remote root; each look at it is bounded in time, and nothing there is changed unasked."""

from __future__ import annotations

import hashlib
import time
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from rezup.containers import receipt as receipts
from rezup.containers.health import roots
from rezup.containers.health.findings import Finding, about, set_rights
from rezup.errors import RemoteUnreachableError, UnsupportedFormatError
from rezup.stores.base import PIN, RECEIPT, RECIPE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from rezup.containers.receipt import Receipt
    from rezup.recipes.names import ContainerName
    from rezup.stores.base import Listing
    from rezup.stores.remote import RemoteStore
    from rezup.stores.stamps import Stamp

#: Seconds for which one remote root is waited for: in vain, and in all.
IN_VAIN, IN_ALL = 10.0, 120.0

#: Files and folders that could not be read, after which no more are tried: the share is going away.
_MOST_FAILURES = 20

_Answer = TypeVar("_Answer")


class _Patience:
    """What is left of the time for one remote root. Each single wait is bounded by the store."""

    def __init__(self, in_vain: float, in_all: float) -> None:
        self._in_vain = in_vain
        self._end = time.monotonic() + in_all
        self._failures = 0

    @property
    def is_lost(self) -> bool:
        """Whether too much gave no answer for more to be asked."""
        return self._in_vain <= 0 or self._failures >= _MOST_FAILURES

    @property
    def is_over(self) -> bool:
        """Whether nothing more is asked."""
        return self.is_lost or time.monotonic() >= self._end

    def ask(self, question: Callable[[], _Answer]) -> _Answer:
        """:raises RemoteUnreachableError: there was no answer, which is counted, or it is kept from us"""
        begin = time.monotonic()
        try:
            return question()
        except RemoteUnreachableError as error:
            # A share with much that is kept from us is there, and answers.
            if not isinstance(error.__cause__, PermissionError):
                self._in_vain -= time.monotonic() - begin
                self._failures += 1
            raise

    def answer(self, question: Callable[[], _Answer]) -> _Answer | None:
        """The same; None where there was no answer, or it is over."""
        try:
            return None if self.is_over else self.ask(question)
        except RemoteUnreachableError:
            return None


def findings(remote: RemoteStore, *, in_vain: float = IN_VAIN, in_all: float = IN_ALL) -> Iterator[Finding]:
    """What is wrong with a remote root; all there is to say of one that doesn't answer is that.

    :param in_vain: seconds for which what doesn't answer is waited for; then the rest is not looked at
    :param in_all: seconds after which the rest is not looked at, however well it answers
    """
    try:
        names = remote.folders()
    except RemoteUnreachableError as error:
        yield Finding("remote-unreachable", str(remote.root), error.context or error.message)
        return
    patience, rest = _Patience(in_vain, in_all), list[str]()
    if remote.is_writable_by_all():
        yield Finding(
            "root-writable-by-all", str(remote.root), "anybody may write to it",
            mend=partial(set_rights, remote.root, drop=0o002),
        )  # fmt: skip
    listings: dict[ContainerName, Listing] = {}
    for name in names:
        if patience.is_over:
            rest.append(name)
        else:
            yield from about(_list(remote, name, patience, listings), name)
    yield from roots.case_twins(remote.root, listings, "remote-case-twins")
    for name, listing in listings.items():
        yield from about(roots.pin(remote.root / name / PIN, listing, frozenset), name)
        # The newest first, as they are what is used if there is no time for all.
        for stamp in sorted(listing.revisions, key=lambda each: each.order, reverse=True):
            if patience.is_over:
                rest.append(f"{name}/{stamp}")
            else:
                yield from about(_revision(remote, name, stamp, patience), name, stamp)
    if rest:
        why = "too much of it gave no answer" if patience.is_lost else "there was no time for all of it"
        left = "1 of its folders was" if len(rest) == 1 else f"{len(rest)} of its folders were"
        what = f"{why}, so {left} not looked at"
        yield Finding("remote-partly-checked", str(remote.root), what, tuple(rest))


def contents(remote: RemoteStore, file: str, *, in_vain: float = IN_VAIN) -> Iterator[bytes]:
    """What the revisions of a remote root have in files of that name, as far as it can be read.

    :param in_vain: seconds for which what doesn't answer is waited for; then no more are tried
    """
    patience = _Patience(in_vain, IN_ALL)
    for container in patience.answer(remote.folders) or ():
        listing = patience.answer(partial(remote.listing, container))
        for stamp in listing.revisions if listing is not None else ():
            data = patience.answer(partial(remote.read, container, stamp, file))
            if data is not None:
                yield data


def _list(
    remote: RemoteStore, name: ContainerName, patience: _Patience, listings: dict[ContainerName, Listing]
) -> Iterator[Finding]:
    """Add the listing of a container that has revisions."""
    try:
        listing = patience.ask(partial(remote.listing, name))
    except RemoteUnreachableError as error:
        # A folder that is kept from us need not be a container, such as "lost+found".
        if not isinstance(error.__cause__, PermissionError):
            yield _unreadable(remote.root / name, error, "remote-container-unreadable")
    else:
        if listing.everything:
            listings[name] = listing


def _unreadable(where: Path, error: RemoteUnreachableError, code: str = "remote-unreadable") -> Finding:
    return Finding(code, str(where), f"it can't be read: {error.context or error.message}")


def _revision(
    remote: RemoteStore, container: ContainerName, stamp: Stamp, patience: _Patience
) -> Iterator[Finding]:
    folder, name = remote.folder(container, stamp), f"{container}@{stamp} on the remote"
    try:
        data = patience.ask(partial(remote.read, container, stamp, RECEIPT))
    except RemoteUnreachableError as error:
        yield _unreadable(folder / RECEIPT, error)
        return
    if data is None:
        yield Finding("remote-incomplete", str(folder), f"{name} has no receipt")
        return
    if not data.strip(b"\0"):
        yield Finding("remote-damaged", str(folder / RECEIPT), f"the receipt of {name} is empty")
        return
    try:
        receipt = receipts.parse(data)
    except UnsupportedFormatError as error:
        yield Finding("newer-format", str(folder), f"{name}: {error.message}")
    except receipts.DamagedReceiptError as error:
        yield Finding("remote-damaged", str(folder / RECEIPT), f"the receipt of {name} is damaged: {error}")
    else:
        for file, (what, digest) in _sources(receipt).items():
            try:
                content = patience.ask(partial(remote.read, container, stamp, file))
            except RemoteUnreachableError as error:
                yield _unreadable(folder / file, error)
                continue
            if content is None:
                yield Finding("remote-incomplete", str(folder / file), f"the {what} of {name} is missing")
            elif hashlib.sha256(content).hexdigest() != digest:
                yield Finding("remote-damaged", str(folder / file), f"the {what} of {name} was changed")


def _sources(receipt: Receipt) -> dict[str, tuple[str, str]]:
    """By file of a revision: what it is, and the hash that the receipt says."""
    wanted = {RECIPE: ("recipe", receipt.recipe_digest)}
    wanted.update((lock, ("lock", digest)) for lock, digest in receipt.locks.items())
    return wanted
