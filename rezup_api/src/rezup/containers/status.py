"""Everything about one container at this moment, for `status`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rezup.containers import choice as choices
from rezup.containers.history import pins_of
from rezup.containers.revision import NotReadyError
from rezup.errors import RevisionNotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rezup.containers.acquisition import Acquisition
    from rezup.containers.choice import Wanted
    from rezup.containers.history import Pinned
    from rezup.containers.receipt import Receipt
    from rezup.recipes.names import ContainerName
    from rezup.stores.stamps import Stamp


@dataclass(frozen=True, slots=True)
class Status:
    """One container, seen from inside it or from outside."""

    container: ContainerName
    inside: bool
    """True if this process runs in that container."""
    revision: Stamp | None
    """The revision we are in, else the one that `use` would take."""
    reason: str
    """Why this one."""
    state: str
    """Either "ready", or why not, or "not here" for one that has to be built first."""
    receipt: Receipt | None
    folder: str | None
    used_by: tuple[str, ...]
    pins: tuple[Pinned, ...]
    """The pins of the container, and who set them."""
    newer: tuple[Stamp, ...]
    """Revisions that are newer than this one, here or on the remote."""
    remote_state: str
    """One of "none", "reachable", "unreachable"."""
    settings: Mapping[str, tuple[str, str]]
    """Each setting: its value as text, and where it comes from."""


def status(
    acquisition: Acquisition,
    wanted: Wanted,
    *,
    current: tuple[str, Stamp] | None,
    settings: Mapping[str, tuple[str, str]],
) -> Status:
    """Look at a container.

    :param current: container and revision that this process runs in; None to look at what was asked for
    """
    container = wanted.container
    view = acquisition.view(container)
    inside = current is not None and current[0] == container
    revision: Stamp | None
    if inside and current is not None:
        revision, reason = current[1], "this shell was opened with it"
        is_remote = view.remote is not None and revision in view.remote.everything
    else:
        choice = _choice(acquisition, wanted, view)
        revision = None if choice is None else choice.revision
        reason = "it has no revision" if choice is None else choice.reason
        is_remote = choice is not None and choice.is_remote
    receipt, folder, state = None, None, "missing" if revision is None else "not here"
    if revision is not None:
        try:
            ready = acquisition.open(container, revision)
            receipt, folder, state = ready.receipt, str(ready.folder), "ready"
        except NotReadyError as error:
            if revision in view.local.everything or not is_remote:
                state = error.state
    remote = acquisition.remote if view.remote_state == choices.REACHABLE else None
    return Status(
        container=container,
        inside=inside,
        revision=revision,
        reason=reason,
        state=state,
        receipt=receipt,
        folder=folder,
        used_by=() if revision is None else acquisition.local.holders(container, revision),
        pins=pins_of(container, view, acquisition.local, remote),
        newer=_newer(view, revision),
        remote_state=view.remote_state,
        settings=settings,
    )


def _choice(acquisition: Acquisition, wanted: Wanted, view: choices.View) -> choices.Choice | None:
    try:
        return acquisition.choose(wanted, view)
    except RevisionNotFoundError:
        if wanted.revision is not None:
            raise
        return None


def _newer(view: choices.View, revision: Stamp | None) -> tuple[Stamp, ...]:
    if revision is None:
        return ()
    remote = view.remote.everything if view.remote is not None else frozenset()
    newer = [stamp for stamp in view.local.everything | remote if stamp.order > revision.order]
    return tuple(sorted(newer, key=lambda stamp: stamp.order, reverse=True))
