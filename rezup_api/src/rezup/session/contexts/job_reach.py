"""Whether other machines can have the revision of a farm job, asked when it is submitted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup.errors import RemoteUnreachableError, RezupError
from rezup.session.places import Places

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rezup.session.contexts.jobs import Job


def doubt(job: Job, environ: Mapping[str, str]) -> str | None:
    """Why other machines may not have the revision of a job, in one line; None if nothing speaks against it.

    A revision that was pulled is on the remote root; for another one there is one look at that, bounded
    as a launch's. Where no remote root is set, each machine is looked after by itself, and nothing is said.

    :param environ: that of the machine which the job is submitted from
    """
    wanted = job.revision
    if wanted is None or wanted.is_pulled:
        return None
    name, stamp = wanted.container, wanted.revision
    try:
        remote = Places(environ, {}, None).place(name).remote
        if remote is None or stamp in remote.listing(name).everything:
            return None
    except RemoteUnreachableError as error:
        return (
            f"{error.message} ({error.context}), so it isn't known whether other hosts can have "
            f"revision {stamp} of {name}, which the job needs"
        )
    except RezupError:  # a setting or a recipe that can't be used: that is told by what needs it
        return None
    return (
        f"revision {stamp} of {name} is on this machine only: hosts that don't have it can't run the job; "
        f"publish one with `rezup add {name} --remote`, enter that, and submit again"
    )
