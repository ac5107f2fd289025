"""Doing a farm job: its revision taken, its context made again in it, and the command run in both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup.errors import (
    ContainerNotFoundError,
    ContextError,
    InvalidOrdererError,
    RevisionNotFoundError,
    RevisionNotReadyError,
)
from rezup.system.locks import Hold
from rezup.system.machine import platform_tag

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rezup.containers.acquisition import Acquired
    from rezup.runtime.context.context import Context
    from rezup.session.contexts.contexts import Contexts
    from rezup.session.contexts.jobs import Job, JobRevision
    from rezup.session.places import Place
    from rezup.session.session import Session

_HINT = (
    "set REZUP_ROOT_REMOTE to the studio's root; a revision that was made on one machine only is on no other"
)


def run_job(
    session: Session,
    job: Job,
    command: Sequence[str],
    *,
    local: bool = False,
    wait: bool = True,
    quiet: bool = False,
) -> int:
    """Run a command, or a shell, in the revision and the context of a job; on POSIX, become it.

    :param command: its words, meant to the letter; none for the user's shell
    :param local: leave the remote root out
    :param wait: False starts it detached from the terminal and returns at once
    :param quiet: no welcome text in a shell
    :returns: its exit status
    :raises NestedContainerError: the job has a container, and this process runs in one already
    :raises ContainerError: the revision is not to be had, or is another one here
    :raises RemoteUnreachableError: nobody knows whether it is
    :raises ContextError: a package is missing, or other than it was
    :raises LaunchError: the command can't be started
    """
    from rezup.launch.context_entry import Wish
    from rezup.launch.start import run
    from rezup.session.contexts.exact_words import exact_wish

    environ, hold = _entered(session, job.revision, local=local)
    contexts = session.contexts(environ)
    context = _context(contexts, job)
    wish = exact_wish(command, contexts.config, environ) if command else Wish(quiet=quiet)
    # The folder of a process that is not waited for must outlive this one.
    ready = contexts.entry(context).prepare(wish._replace(detached=not wait))
    session.reporter.stage_started("start", ready.arguments[0])
    return run(ready.arguments, ready.environment, hold, wait=wait)


def _entered(session: Session, wanted: JobRevision | None, *, local: bool) -> tuple[Mapping[str, str], Hold]:
    """The environment of the revision, and the hold on it."""
    if wanted is None:
        return session.environ, Hold(None)
    session.check_entrance(for_shell=False)
    place = session.place(wanted.container)
    acquired = _acquired(session, place, wanted, local=local)
    _compare(session, acquired, wanted)
    return session.environment(acquired, place), acquired.hold


def _acquired(session: Session, place: Place, wanted: JobRevision, *, local: bool) -> Acquired:
    try:
        acquired = session.acquire(place, wanted.revision, local=local)
    except RevisionNotFoundError as error:
        raise _not_to_be_had(session, place, wanted, local=local) from error
    if acquired.revision.stamp != wanted.revision:  # which a part of a timestamp may find
        acquired.hold.release()
        raise _not_to_be_had(session, place, wanted, local=local)
    session.reporter.debug(f"{place.name}@{acquired.revision.stamp}: {acquired.reason}")
    return acquired


def _not_to_be_had(
    session: Session, place: Place, wanted: JobRevision, *, local: bool
) -> ContainerNotFoundError | RevisionNotFoundError:
    """Which half is missing, and where it was looked for."""
    places, unreachable = [str(place.local.root)], None
    if place.remote is not None and not local:
        places.append(str(place.remote.root))
    try:
        _, unreachable = session.revisions(place)
    except ContainerNotFoundError:
        return ContainerNotFoundError(
            f"there is no container {wanted.container} here, and the job needs {wanted.revision} of it",
            context=f"looked for in {' and '.join(places)}",
            hint=_HINT,
        )
    left_out = "; the remote root was left out (--local)" if local and place.remote is not None else ""
    silent = f"; {unreachable.message}" if unreachable is not None and not local else ""
    return RevisionNotFoundError(
        f"the job needs revision {wanted.revision} of {wanted.container}, which is not to be had",
        context=f"looked for in {' and '.join(places)}{left_out}{silent}",
        hint=_HINT,
    )


def _compare(session: Session, acquired: Acquired, wanted: JobRevision) -> None:
    """:raises RevisionNotReadyError: it has the name of the revision, and is another one"""
    receipt = acquired.revision.receipt
    name = f"{wanted.container}@{wanted.revision}"
    if wanted.recipe_digest and receipt.recipe_digest and wanted.recipe_digest != receipt.recipe_digest:
        acquired.hold.release()
        raise RevisionNotReadyError(
            f"{name} is not the revision of the job",
            context="it has the same name, and was made from another recipe",
            hint="use the remote root that the job was made with, or submit it again",
        )
    here = {tool.name: tool.version for tool in receipt.tools}
    for tool, version in wanted.tools.items():
        found = here.get(tool)
        if found is not None and found != version:
            cause = "" if receipt.locks else "; it has no lock, as one of rezup 2.x has none"
            session.reporter.warning(
                f"{name} has {tool} {found} here, and {version} where the job was made{cause}"
            )


def _context(contexts: Contexts, job: Job) -> Context:
    """The context of the job, made again."""
    try:
        return contexts.reproduce(job.context)
    except ContextError as error:
        if isinstance(error.__cause__, InvalidOrdererError):
            raise  # it says what else can do it
        here = platform_tag()
        hint = "what the job was made with must be seen here, too: the same packages, under the same paths"
        if job.platform and job.platform != here:
            hint = (
                f"the job was made on {ascii(job.platform)[1:-1][:80]}, and this is {here}: "
                "submit it to machines of its own platform"
            )
        raise ContextError(error.message, context=error.context, hint=hint) from error
