"""What is said of locked wheels that are not here and can't be fetched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup.errors import LockError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rezup.lockfiles.lock import LockedPackage, Wheel


def refuse_unfetchable(
    missing: Sequence[tuple[LockedPackage, Wheel]], *, what: str, only_local: bool
) -> None:
    """Let pass only what an index may be asked for.

    :param what: is made of the wheels
    :param only_local: no index may be asked at all
    :raises LockError: it can't be fetched
    """
    for package, wheel in missing:
        if package.origin is not None:
            raise LockError(
                f"{wheel.name} is missing",
                context=f"it was built from {package.origin.source}, so no index has it",
                hint="publish the revision with its wheels (`rezup add --remote`), or lock anew",
            )
    if missing and only_local:
        raise LockError(
            f"{', '.join(wheel.name for _, wheel in missing)} can't be had",
            context=f"{what} is made from what is here, and no index is asked",
            hint="get the wheels of all that the lock names, for this platform",
        )
