"""Contexts made again: of exported documents, checked to be the same, and of their own request.

An exported document is told from a context's own file by its `kind`; see `rezup.runtime.context.export`.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from rezup.errors import ContextError, ContextFileError, ResolveError, RezupError
from rezup.runtime.context import context_file
from rezup.runtime.context.export import EXACT, PORTABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rezup.runtime.context.context import Context
    from rezup.runtime.context.reproduce import Wanted
    from rezup.session.contexts.contexts import Contexts
    from rezup.session.contexts.jobs import Job
    from rezup.session.packages import Packages

_STDIN = "standard input"

#: More names than this help nobody.
_MOST_NAMES = 20


def opened(path: str, contexts: Contexts) -> Context:
    """The context that a file means: one that was saved, or one that is made again of a document.

    :param path: "-" is standard input
    :raises ContextFileError: it can't be read, holds nothing of the kind, or a job of a container
    :raises RezupError: what `Contexts.reproduce` raises
    """
    context, document, job = _content(path, contexts)
    if job is not None and job.revision is not None:
        raise ContextFileError(
            f"{_shown(path)} is a job, and more than a context",
            context="its context belongs to a revision of a container",
            hint=f"rezup use --from {path} -- COMMAND",
        )
    return contexts.reproduce(document) if context is None else context


def examined(path: str, contexts: Contexts) -> tuple[Context, Job | None]:
    """The same for those who only look: of a job the half that is a context, and the job.

    :raises ContextFileError: it can't be read, or holds nothing of the kind
    :raises RezupError: what `Contexts.reproduce` raises
    """
    context, document, job = _content(path, contexts)
    return contexts.reproduce(document) if context is None else context, job


def _content(path: str, contexts: Contexts) -> tuple[Context | None, dict[str, Any] | None, Job | None]:
    """What is in a file: a context, else the document that one is to be made of, and the job it is from."""
    if path == "-":
        text = standard_input()
        document, job = _document(context_file.parse(text, _STDIN), path)
        if document is None:
            return context_file.loads(text, contexts.config, _STDIN), None, None
        return None, document, job
    try:
        return contexts.load(path), None, None  # nearly all files are this; the way into them is to be short
    except ContextFileError:
        document, job = _document(context_file.read(os.path.abspath(path)), path)
        if document is None:
            raise
    return None, document, job


def _shown(path: str) -> str:
    return _STDIN if path == "-" else path[:200]


def standard_input() -> bytes:
    """What comes from there, to its end.

    :raises ContextFileError: it is closed, or can't be read
    """
    hint = "pipe a context into it, or name a file"
    if sys.stdin is None:  # Python's way to say so
        raise ContextFileError(f"{_STDIN} can't be read", context="it is closed", hint=hint)
    try:
        return sys.stdin.buffer.read()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ContextFileError(f"{_STDIN} can't be read", context=reason, hint=hint) from error


def _document(data: Any, path: str) -> tuple[dict[str, Any] | None, Job | None]:
    """The exported document that data are or have, with the job that has it; None twice for other data.

    :raises ContextFileError: they are a job that can't be used
    """
    from rezup.session.contexts.jobs import KIND, parsed_job

    kind = data.get("kind") if isinstance(data, dict) else None
    if kind == KIND:
        job = parsed_job(data, _shown(path))
        return job.context, job
    return (data if kind in (EXACT, PORTABLE) else None), None


def reproduced(document: Any, packages: Packages, contexts: Callable[[Packages], Contexts]) -> Context:
    """The context of an exported document, made again here and the same as it was.

    :param contexts: gives contexts that resolve by other settings
    :raises ContextFileError: it is no such document, or a newer one
    :raises ContextError: it can't be made here, or turns out different; `context` says exactly how
    """
    from rezup.runtime.context.reproduce import reproduce

    def resolve(wanted: Wanted) -> Context:
        return _resolved(wanted, packages, contexts)

    try:
        found = reproduce(document, resolve)
    except (ContextError, ResolveError) as error:
        raise _impossible(document, packages, error) from error
    if not found.is_equal:
        raise ContextError(
            "the context turns out different here",
            context="; ".join(map(str, found.deviations)),
            hint="bring packages and configuration to what they were when it was exported",
        )
    return _as_asked(document, found.context)


def refetched(contexts: Contexts, context: Context) -> Context:
    """What a context's request leads to today, on the same packages path.

    :raises ContextError: there is no solution any more
    :raises RezupError: what a resolve raises
    """
    found, _ = contexts.resolve(
        context.package_requests, paths=context.package_paths, building=context.building
    )
    if not found.is_solved:
        raise ContextError(
            "the request of the context leads to no packages today",
            context=found.failure_description or f"the resolve was {found.status}",
        )
    return found


def _resolved(wanted: Wanted, packages: Packages, contexts: Callable[[Packages], Contexts]) -> Context:
    changes: dict[str, Any] = {
        "package_filter": list(wanted.package_filter),
        "package_orderers": None if wanted.package_orderers is None else list(wanted.package_orderers),
    }
    if wanted.implicit is not None:
        changes["implicit_packages"] = wanted.implicit
    found, _ = contexts(packages.with_settings(**changes)).resolve(
        wanted.request, paths=wanted.packages_path, time=wanted.time, building=wanted.building
    )
    return found


def _as_asked(document: dict[str, Any], found: Context) -> Context:
    """The same packages under the request that first led to them, which commands of packages can see."""
    if document["kind"] != EXACT:
        return found
    return found._replace(
        package_requests=tuple(document["requested"]),
        implicit_packages=tuple(document.get("requested_implicit", ())),
        requested_timestamp=document.get("requested_time", document["time"]),
    )


def _impossible(document: dict[str, Any], packages: Packages, error: RezupError) -> ContextError:
    reason = error.context if isinstance(error, ContextError) and error.context else error.message
    absent = list(_absent(document, packages))
    if not absent:
        return ContextError("the context can't be made again here", context=reason, hint=error.hint)
    names = ", ".join(absent[:_MOST_NAMES]) + (" …" if len(absent) > _MOST_NAMES else "")
    paths = document["packages_path"]
    places = "the packages path" if paths is None else ", ".join(paths) or "no folder"
    return ContextError(
        "the context can't be made again here",
        context=f"{reason}; not in {places}: {names}",
        hint="bring these packages, or export the context with --portable"
        if paths
        else "bring these packages",
    )


def _absent(document: dict[str, Any], packages: Packages) -> Iterator[str]:
    """The packages of a document that are not here."""
    for package in document["packages"]:
        name, version = package["name"], package["version"]
        try:
            found = packages.search(
                f"{name}=={version}" if version else name, paths=document["packages_path"]
            )
        except RezupError:  # no such family
            found = None
        if found is None or not found.packages:
            yield f"{name}-{version}" if version else name
