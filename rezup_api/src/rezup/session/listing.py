"""All containers of a user, whose recipes may name different roots."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup.containers.choice import REACHABLE
from rezup.containers.inventory import NOT_HERE, Looks
from rezup.containers.inventory import containers as of_roots
from rezup.errors import RezupError
from rezup.recipes.discovery import discover
from rezup.recipes.names import ContainerName
from rezup.stores.local import LocalStore
from rezup.stores.remote import RemoteStore

if TYPE_CHECKING:
    from pathlib import Path

    from rezup.containers.inventory import ContainerSummary
    from rezup.containers.receipt import Receipt
    from rezup.containers.status import Status
    from rezup.errors import RemoteUnreachableError
    from rezup.reporting import Reporter
    from rezup.session.places import Place, Places


def containers(
    places: Places, reporter: Reporter
) -> tuple[list[ContainerSummary], RemoteUnreachableError | None]:
    """Every container known here, on the remote, or by its recipe only; by ascending name.

    :raises SettingsError: a setting can't be used
    """
    recipes = {found.name: found.path for found in discover(places.recipes_folder)}
    settings = places.settings()
    local, remote_root = LocalStore(settings.root_local), settings.root_remote
    remote = RemoteStore(remote_root) if remote_root else None
    summaries, unreachable = of_roots(local, remote, recipes)
    by_name = {summary.name: summary for summary in summaries}
    for name, path in recipes.items():  # those whose recipe names other roots
        try:
            if not places.roots(path):
                continue
            place = places.place(name)
            own, error = of_roots(place.local, place.remote, {name: path})
        except RezupError as problem:  # one bad recipe must not hide the others
            reporter.warning(str(problem))
            continue
        by_name.update((summary.name, summary) for summary in own if summary.name == name)
        unreachable = unreachable or error
    return [by_name[name] for name in sorted(by_name)], unreachable


def published(place: Place, status: Status) -> tuple[Receipt | None, str | None]:
    """What the remote says of the revision of a status: its receipt and its version of Rez.

    None where it is here, or where the remote doesn't tell; that is waited for once.
    """
    if status.revision is None or status.state != NOT_HERE or status.remote_state != REACHABLE:
        return None, None
    looks = Looks(place.remote)
    receipt = looks.receipt(place.name, status.revision)
    version = looks.rez_version(place.name, status.revision, receipt) if receipt is not None else None
    return receipt, version


def local_names(root: Path, prefix: str) -> list[str]:
    """What a target may be completed to: containers of a root, revisions after an `@`."""
    name, at, _ = prefix.partition("@")
    local = LocalStore(root)
    if not at:
        return list(local.containers())
    container = ContainerName.parse(name)
    return [f"{container}@{stamp}" for stamp in local.listing(container).newest_first()]
