"""A farm job's environment in one file: the container's revision, and the exact context.

::

    {"format": 1, "kind": "rezup-job",
     "rezup": "3.0.0", "platform": "linux-x86_64",       what made it, and where
     "container": {"name": "foo", "revision": "1795179768.172130",
                   "recipe_digest": "…",                 tells whether that revision is the same elsewhere;
                   "tools": {"rez": "3.4.0"}} or null,   null and {} where its receipt could not be found
     "context": …}        an exact document, see `rezup.runtime.context.export`
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from rezup.errors import ContextFileError, InvalidNameError
from rezup.recipes.names import ContainerName
from rezup.stores.stamps import Stamp

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rezup.containers.receipt import Receipt
    from rezup.runtime.context.context import Context

FORMAT = 1
KIND = "rezup-job"

#: More than any job has; a file beyond it is something else.
_LARGEST = 1 << 26


class JobRevision(NamedTuple):
    """The revision that a job was made in."""

    container: ContainerName
    revision: Stamp
    recipe_digest: str | None = None
    """Of the recipe that it was made from; None where that was not known."""
    tools: Mapping[str, str] = {}
    """Versions of what is installed in it, by tool; "rez" and the names of extensions."""
    is_pulled: bool = False
    """Whether it is known to have come from a remote root; said by no file."""


class Job(NamedTuple):
    """What a job needs."""

    revision: JobRevision | None
    """None for a job that was made in no container."""
    context: dict[str, Any]
    """An exact document of its context."""
    rezup: str = ""
    """The version that made it."""
    platform: str = ""
    """Where; see `rezup.system.machine.platform_tag`."""


def job_of(context: Context, environ: Mapping[str, str]) -> Job:
    """The job of a context in this environment.

    :raises ContextError: the context is not solved
    :raises PackageDefinitionError: a package is gone or can't be read
    :raises ContextFileError: the environment names a container, but no revision that there can be
    """
    from rezup import __version__
    from rezup.runtime.context.export import exact
    from rezup.system.machine import platform_tag

    return Job(_revision_of(environ), exact(context), __version__, platform_tag())


def save_job(job: Job, path: str) -> None:
    """Write the file of a job as a whole.

    :raises ContextFileError: it can't be written
    """
    import json
    from pathlib import Path

    from rezup.system.files import write_atomic

    revision = job.revision
    document = {
        "format": FORMAT,
        "kind": KIND,
        "rezup": job.rezup,
        "platform": job.platform,
        "container": None
        if revision is None
        else {
            "name": revision.container,
            "revision": revision.revision,
            "recipe_digest": revision.recipe_digest,
            "tools": dict(revision.tools),
        },
        "context": job.context,
    }
    try:
        write_atomic(Path(os.path.abspath(path)), (json.dumps(document, indent=1) + "\n").encode())
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ContextFileError(f"{path} can't be written", context=reason) from error


def load_job(path: str) -> Job:
    """Read the file of a job.

    :raises ContextFileError: it can't be read, or is none
    """
    shown = ascii(path)[1:-1][:200]
    try:
        content = _content(path)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ContextFileError(f"{shown} can't be read", context=reason[:200]) from error
    return parsed_job(_document(content, shown), shown)


def _document(content: bytes, shown: str) -> Any:
    """:raises ContextFileError: it is no JSON"""
    import json

    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        start = content.strip(b"\0 \t\r\n")[:1]
        if start not in (b"", b"{"):  # it never was one
            raise _no_job(shown, "it is no JSON document") from error
        raise ContextFileError(
            f"{shown} is cut short or damaged",
            context=f"it is no whole JSON document: {error}"[:200] if start else "there is nothing in it",
            hint="submit the job again: rezup env PKG… --output FILE.json",
        ) from error


def _no_job(shown: str, reason: str) -> ContextFileError:
    return ContextFileError(
        f"{shown} is no job", context=reason, hint="make one with `rezup env PKG… --output FILE.json`"
    )


def parsed_job(document: Any, shown: str) -> Job:
    """The job in plain data.

    :param shown: what they are called in messages
    :raises ContextFileError: they are none
    """
    if not isinstance(document, dict) or document.get("kind") != KIND:
        raise _no_job(shown, f"it does not say that it is a {KIND}")
    if type(document.get("format")) is not int or document["format"] != FORMAT:
        raise ContextFileError(
            f"{shown} can't be used",
            context=f"its format is {ascii(document.get('format'))[:40]}, and this rezup knows {FORMAT}",
            hint="upgrade rezup",
        )
    try:
        return _read(document)
    except ContextFileError as error:
        raise ContextFileError(f"{shown} can't be used", context=error.context, hint=error.hint) from error
    except (InvalidNameError, KeyError, TypeError) as error:
        reason = f"{error.args[0]} is missing" if isinstance(error, KeyError) else str(error)
        raise ContextFileError(f"{shown} can't be used", context=reason[:200]) from error


def _content(path: str) -> bytes:
    """:raises OSError: it can't be read; ValueError: it is no file, or too long"""
    import stat

    # A pipe in the place of the file would be waited for, for ever.
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with open(descriptor, "rb") as stream:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise ValueError("it is no file")
        if status.st_size > _LARGEST:
            raise ValueError(f"it has {status.st_size} bytes, and no job has more than {_LARGEST}")
        return stream.read(_LARGEST)


def _read(document: dict[str, Any]) -> Job:
    from rezup.runtime.context.reproduce import checked_document

    context, container = checked_document(document["context"]), document["container"]
    revision = None
    if container is not None:
        if not isinstance(container, dict):
            raise TypeError("its container is no mapping")
        digest = container.get("recipe_digest")
        revision = JobRevision(
            ContainerName.parse(_text(container["name"], "the container's name")),
            Stamp.parse(_text(container["revision"], "its revision")),
            None if digest is None else _text(digest, "the recipe's digest"),
            _tools(container.get("tools", {})),
        )
    return Job(
        revision,
        context,
        _text(document.get("rezup", ""), "the version of rezup"),
        _text(document.get("platform", ""), "the platform"),
    )


def _tools(found: Any) -> dict[str, str]:
    if not isinstance(found, dict):
        raise TypeError("its tools are no mapping")
    named = found.items()
    return {
        _text(name, "the name of a tool"): _text(version, "the version of a tool") for name, version in named
    }


def _text(found: Any, what: str) -> str:
    from rezup.runtime.context.fields import is_text

    if not is_text(found):
        raise TypeError(f"{what} is no text")
    text: str = found
    return text


def _revision_of(environ: Mapping[str, str]) -> JobRevision | None:
    """The revision that one stands in, with what is known of it."""
    name, stamp = environ.get("REZUP_CONTAINER"), environ.get("REZUP_REVISION")
    if not name:
        return None
    try:
        container, revision = ContainerName.parse(name), Stamp.parse(stamp or "")
    except InvalidNameError as error:
        raise ContextFileError(
            "a job can't be made in this container",
            context=f"REZUP_CONTAINER and REZUP_REVISION are {name[:80]!a} and {(stamp or '')[:80]!a}",
            hint="enter it with `rezup use`, which sets both",
        ) from error
    receipt = _receipt(environ, container, revision)
    if receipt is None:
        return JobRevision(container, revision)
    tools = {tool.name: tool.version for tool in receipt.tools if tool.editable is None}
    return JobRevision(
        container, revision, receipt.recipe_digest or None, tools, is_pulled=receipt.origin == "remote"
    )


def _receipt(environ: Mapping[str, str], container: str, revision: str) -> Receipt | None:
    """Its receipt, found by the folders of programs that it has on PATH."""
    from rezup.containers import receipt as receipts
    from rezup.errors import UnsupportedFormatError
    from rezup.stores.base import RECEIPT

    for folder in environ.get("PATH", "").split(os.pathsep):
        before, inside, _ = folder.partition(os.path.join(os.sep, container, revision) + os.sep)
        if not inside:
            continue
        try:
            with open(os.path.join(before, container, revision, RECEIPT), "rb") as stream:
                return receipts.parse(stream.read())
        except (OSError, receipts.DamagedReceiptError, UnsupportedFormatError):
            continue
    return None
