"""The receipt of a revision, ``revision.json``: all that `use` needs, in one small file.

Written last, before the revision becomes visible, and never again. A receipt that can't be read
means "there is no such revision"; one of a newer format is left alone.

Its records, like all that a warm start loads, are named tuples: nine dataclasses would cost it more
than everything else it does.
"""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from rezup.errors import UnsupportedFormatError

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMAT = 1

#: What kind of revision it is the receipt of.
ENVIRONMENT, RECIPE = "environment", "recipe"


class DamagedReceiptError(ValueError):
    """The bytes are no receipt; its text says why."""


class ForeignReceiptError(DamagedReceiptError):
    """A receipt of something else: of rezup 1.x, or not of rezup at all."""


class ToolRecord(NamedTuple):
    """One installed tool."""

    name: str
    distribution: str
    version: str
    environment: str
    editable: str | None = None


class EnvironmentRecord(NamedTuple):
    """One virtual environment of the revision; paths are relative to the revision."""

    name: str
    python: str
    scripts: str
    interpreter: str
    interpreter_version: str
    implementation: str
    abi: str
    backend: str
    backend_version: str
    backend_reason: str
    cloned: str = ""
    """How it came out of the cache of environments, such as "hard link"; empty if it was built in place."""
    interpreter_size: int = 0
    """Bytes of the interpreter's file; 0 where nobody noted it, or ``python`` is no link to it."""
    interpreter_modified: int = 0
    """When that file was changed before, in nanoseconds since 1970."""


class OriginRecord(NamedTuple):
    """What a wheel of the revision was built from."""

    package: str
    source: str
    """As in the recipe, secrets masked."""
    digest: str = ""
    """SHA-256 of the content of a folder or an archive."""
    commit: str = ""


class Receipt(NamedTuple):
    """What is known of a finished revision."""

    container: str
    kind: str
    platform: str
    created: float
    creator: str
    host: str
    rezup: str
    recipe_digest: str
    recipe_source: str = ""
    """The file that the recipe was read from, on the host that made it; relative paths start there."""
    description: str = ""
    origin: str = "local"
    """Either "local", or "remote" for a revision that was pulled."""
    environment: Mapping[str, str] = MappingProxyType({})
    """The recipe's `[env]`, not interpolated; left out where it holds a secret, which is not copied."""
    environment_in_recipe: bool = False
    """Whether `[env]` was left out, and has to be read from the recipe."""
    dotenv: tuple[str, ...] = ()
    """Dotenv files for this platform, in reading order, as written in the recipe."""
    tools: tuple[ToolRecord, ...] = ()
    environments: tuple[EnvironmentRecord, ...] = ()
    not_relocatable: tuple[str, ...] = ()
    """What ties the revision to other places: sources of edit-mode installs, files that name a path."""
    runtime: str = "vanilla"
    """Whose Rez it has: "vanilla", or "embedded" for the library's own, whose version is that of the tool."""
    locks: Mapping[str, str] = MappingProxyType({})
    """SHA-256 of its lock files, by name; empty for a revision that was made without."""
    built_from: tuple[OriginRecord, ...] = ()
    """The origins of those wheels that no index has."""
    verified: bool | None = None
    """Whether it was proved before it was published; None where nobody was asked to, as for one made here."""
    legacy: bool = False
    """Made by rezup 2.x."""
    published_by: str = ""
    """Who published it, for one that came from a remote; empty for one made here, and on the remote."""
    published_on: str = ""
    """The host that it was published from."""

    @property
    def rez_version(self) -> str | None:
        """The version of Rez in it."""
        return next((tool.version for tool in self.tools if tool.name == "rez"), None)

    def to_bytes(self) -> bytes:
        """As a JSON document."""
        document: dict[str, Any] = {
            "format": FORMAT,
            **{name: getattr(self, name) for name in _PLAIN},
            "environment": dict(self.environment),
            "environment_in_recipe": self.environment_in_recipe,
            "runtime": self.runtime,
            "dotenv": list(self.dotenv),
            "not_relocatable": list(self.not_relocatable),
            "tools": [tool._asdict() for tool in self.tools],
            "environments": [environment._asdict() for environment in self.environments],
            "locks": dict(self.locks),
            "built_from": [origin._asdict() for origin in self.built_from],
            "verified": self.verified,
            "published_by": self.published_by,
            "published_on": self.published_on,
        }
        # ASCII only: a path that is no UTF-8 holds characters that can't be encoded.
        return (json.dumps(document, indent=1) + "\n").encode("ascii")


_TEXTS = (
    "container", "kind", "platform", "creator", "host", "rezup", "recipe_digest", "recipe_source",
    "description", "origin",
)  # fmt: skip
_PLAIN = (*_TEXTS, "created")
_NUMBERS = ("interpreter_size", "interpreter_modified")

#: The year 5138, in seconds since 1970; not all systems can show later ones.
_LATEST = 1e11


def is_of_rezup_2(data: bytes) -> bool:
    """Whether the bytes are a whole receipt that rezup 2.x wrote, which has no format."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return False
    return isinstance(document, dict) and "rezup_version" in document


def parse(data: bytes) -> Receipt:
    """Read a receipt of any format up to ours.

    :raises DamagedReceiptError: it is not one, or only a part of one
    :raises UnsupportedFormatError: a newer rezup wrote it
    """
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise DamagedReceiptError("it is no JSON document" if data.strip(b"\0") else "it is empty") from error
    if not isinstance(document, dict):
        raise DamagedReceiptError("it is no JSON object")
    format_ = document.get("format")
    if format_ is None:
        raise ForeignReceiptError("it has no format: written by an older rezup, or by something else")
    if not isinstance(format_, int) or isinstance(format_, bool) or format_ < 1:
        raise DamagedReceiptError(f"its format is {ascii(format_)[:40]}")
    if format_ > FORMAT:
        raise UnsupportedFormatError(
            f"the receipt has format {format_}, this rezup knows {FORMAT}",
            context="a newer rezup made this revision",
            hint="upgrade rezup",
        )
    try:
        return _read(document)
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise DamagedReceiptError(f"it is incomplete ({error})") from error


def _read(document: dict[str, Any]) -> Receipt:
    texts = {name: document[name] for name in _TEXTS}
    environment, dotenv, tied = document["environment"], document["dotenv"], document["not_relocatable"]
    # What earlier ones had no word for.
    runtime, locks = document.get("runtime", "vanilla"), document.get("locks", {})
    built_from, verified = document.get("built_from", ()), document.get("verified")
    published_by, published_on = document.get("published_by", ""), document.get("published_on", "")
    _all_text(runtime, *texts.values(), *environment.keys(), *environment.values(), *dotenv, *tied)
    _all_text(*locks.keys(), *locks.values(), published_by, published_on)
    return Receipt(
        **texts,
        created=_moment(document["created"]),
        environment=environment,
        environment_in_recipe=bool(document.get("environment_in_recipe")),
        dotenv=tuple(dotenv),
        not_relocatable=tuple(tied),
        runtime=runtime,
        tools=tuple(ToolRecord(**_known(ToolRecord, entry)) for entry in document["tools"]),
        environments=tuple(_environment(entry) for entry in document["environments"]),
        locks=_lock_names(locks),
        built_from=tuple(OriginRecord(**_known(OriginRecord, entry)) for entry in built_from),
        verified=verified if isinstance(verified, bool) else None,
        published_by=published_by,
        published_on=published_on,
    )


def _lock_names(locks: dict[str, str]) -> dict[str, str]:
    """Names that lead to no other place than the revision's own folder."""
    if locks:
        from rezup.lockfiles.names import is_lock_name
    for name in locks:
        if not is_lock_name(name):
            raise ValueError(f"{name!a} names no lock")
    return locks


def _moment(value: Any) -> float:
    """Seconds since 1970, within what a calendar can show."""
    seconds = float(value)
    if not 0 <= seconds < _LATEST:  # nor NaN
        raise ValueError(f"it was created at {seconds!r}")
    return seconds


def _environment(entry: dict[str, Any]) -> EnvironmentRecord:
    record = EnvironmentRecord(**_known(EnvironmentRecord, entry))
    for path in (record.python, record.scripts):
        if path.startswith(("/", "\\")) or ":" in path or ".." in path.split("/"):
            raise ValueError(f"{path!a} leaves the revision")
    return record


def _known(kind: Any, entry: dict[str, Any]) -> dict[str, Any]:
    """The entry's fields that we know; a later rezup may add others within the same format."""
    fields = {name: entry[name] for name in kind._fields if name in entry}
    numbers = {name: fields.pop(name) for name in _NUMBERS if name in fields}
    for name, value in numbers.items():
        if type(value) is not int:
            raise TypeError(f"{name} is {ascii(value)[:40]}")
    _all_text(*(value for name, value in fields.items() if not (name == "editable" and value is None)))
    return {**fields, **numbers}


def _all_text(*values: object) -> None:
    for value in values:
        if not isinstance(value, str):
            raise TypeError(f"{ascii(value)[:40]} is no text")
