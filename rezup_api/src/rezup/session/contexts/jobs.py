"""A farm job's environment in one file: the container's revision, and the exact context.

::

    {"format": 1, "kind": "rezup-job",
     "container": {"name": "foo", "revision": "1795179768.172130"} or null,
     "context": …}        an exact document, see `rezup.runtime.context.export`
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from rezup.errors import ContextFileError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rezup.runtime.context.context import Context

FORMAT = 1
KIND = "rezup-job"


class Job(NamedTuple):
    """What a job needs."""

    container: str | None
    """The container that it was made in; None for none."""
    revision: str | None
    """Its revision."""
    context: dict[str, Any]
    """An exact document of its context."""


def job_of(context: Context, environ: Mapping[str, str]) -> Job:
    """The job of a context in this environment.

    :raises ContextError: the context is not solved
    :raises PackageDefinitionError: a package is gone or can't be read
    """
    from rezup.runtime.context.export import exact

    container = environ.get("REZUP_CONTAINER") or None
    revision = environ.get("REZUP_REVISION") or None
    return Job(container, revision if container else None, exact(context))


def save_job(job: Job, path: str) -> None:
    """Write the file of a job as a whole.

    :raises ContextFileError: it can't be written
    """
    import json
    from pathlib import Path

    from rezup.system.files import write_atomic

    container = {"name": job.container, "revision": job.revision} if job.container else None
    document = {"format": FORMAT, "kind": KIND, "container": container, "context": job.context}
    try:
        write_atomic(Path(os.path.abspath(path)), (json.dumps(document, indent=1) + "\n").encode())
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ContextFileError(f"{path} can't be written", context=reason) from error


def load_job(path: str) -> Job:
    """Read the file of a job.

    :raises ContextFileError: it can't be read, or is none
    """
    import json

    try:
        with open(path, "rb") as stream:
            document = json.load(stream)
    except (OSError, ValueError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ContextFileError(f"{path} can't be read", context=reason[:200]) from error
    if not isinstance(document, dict) or document.get("kind") != KIND:
        raise ContextFileError(
            f"{path} is no job", context=f"it does not say that it is a {KIND}",
            hint="make one with `rezup env PKG… --output FILE.json`",
        )  # fmt: skip
    if document.get("format") != FORMAT:
        raise ContextFileError(
            f"{path} can't be used",
            context=f"its format is {str(document.get('format'))[:40]}, and this rezup knows {FORMAT}",
            hint="upgrade rezup",
        )
    container, context = document.get("container"), document.get("context")
    if not isinstance(context, dict) or not (container is None or _is_container(container)):
        raise ContextFileError(f"{path} can't be used", context="it is incomplete")
    if container is None:
        return Job(None, None, context)
    return Job(container["name"], container["revision"], context)


def _is_container(found: Any) -> bool:
    return isinstance(found, dict) and all(isinstance(found.get(key), str) for key in ("name", "revision"))
