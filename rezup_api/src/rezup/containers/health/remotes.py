"""Findings in a remote root; each look at it is bounded in time, and nothing there is changed unasked."""

from __future__ import annotations

import hashlib
from functools import partial
from typing import TYPE_CHECKING

from rezup.containers import receipt as receipts
from rezup.containers.health import roots
from rezup.containers.health.findings import Finding, set_rights
from rezup.errors import RemoteUnreachableError, UnsupportedFormatError
from rezup.stores.base import PIN, RECEIPT, RECIPE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rezup.recipes.names import ContainerName
    from rezup.stores.remote import RemoteStore
    from rezup.stores.stamps import Stamp


def findings(remote: RemoteStore) -> Iterator[Finding]:
    """What is wrong with a remote root; all there is to say of one that doesn't answer is that."""
    try:
        names = remote.containers()
        if remote.is_writable_by_all():
            yield Finding(
                "root-writable-by-all", str(remote.root), "anybody may write to it",
                mend=partial(set_rights, remote.root, drop=0o002),
            )  # fmt: skip
        yield from roots.case_twins(remote.root, names)
        for name in names:
            yield from _container(remote, name)
    except RemoteUnreachableError as error:
        yield Finding("remote-unreachable", str(remote.root), error.context or error.message)


def _container(remote: RemoteStore, container: ContainerName) -> Iterator[Finding]:
    listing = remote.listing(container)
    yield from roots.pin(remote.root / container / PIN, listing, frozenset)
    for stamp in sorted(listing.revisions, key=lambda each: each.order):
        yield from _revision(remote, container, stamp)


def _revision(remote: RemoteStore, container: ContainerName, stamp: Stamp) -> Iterator[Finding]:
    folder, name = remote.folder(container, stamp), f"{container}@{stamp} on the remote"
    data = remote.read(container, stamp, RECEIPT)
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
        return
    except receipts.DamagedReceiptError as error:
        yield Finding("remote-damaged", str(folder / RECEIPT), f"the receipt of {name} is damaged: {error}")
        return
    wanted = {RECIPE: ("recipe", receipt.recipe_digest)}
    wanted.update((lock, ("lock", digest)) for lock, digest in receipt.locks.items())
    for file, (what, digest) in wanted.items():
        content = remote.read(container, stamp, file)
        if content is None:
            yield Finding("remote-incomplete", str(folder / file), f"the {what} of {name} is missing")
        elif hashlib.sha256(content).hexdigest() != digest:
            yield Finding("remote-damaged", str(folder / file), f"the {what} of {name} was changed")
