"""The key of an environment: all that decides what is in it, and nothing else."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rezup.system.interpreters import Interpreter

#: Changes when environments of equal keys would be made in another way than before.
FORMAT = 1


class Fingerprint(NamedTuple):
    """A key, and in plain words what it was made of."""

    key: str
    """SHA-256, 64 hexadecimal digits."""

    about: Mapping[str, Any]
    """``contents``, ``python``, ``implementation``, ``abi``, ``platform``, ``libc``, ``flags``."""


def fingerprint(
    contents: Mapping[str, bytes],
    interpreter: Interpreter,
    *,
    platform: str,
    libc: str,
    flags: Iterable[str] = (),
) -> Fingerprint:
    """The key of the environment that these files describe, for one interpreter on one kind of machine.

    :param contents: bytes of lock or requirements files, by the names they are told apart by
    :param platform: see `rezup.system.machine.platform_tag`
    :param libc: see `rezup.system.machine.libc_tag`
    :param flags: what else makes a difference, such as the flags of an installer; order counts
    """
    about = {
        "contents": {name: hashlib.sha256(data).hexdigest() for name, data in sorted(contents.items())},
        "python": interpreter.version,
        "implementation": interpreter.implementation,
        "abi": interpreter.abi,
        "platform": platform,
        "libc": libc,
        "flags": [*flags],
    }
    text = json.dumps([FORMAT, about], sort_keys=True, separators=(",", ":"))
    return Fingerprint(hashlib.sha256(text.encode()).hexdigest(), about)


def is_key(text: str) -> bool:
    """True for what can name an entry."""
    return len(text) == 64 and set(text) <= set("0123456789abcdef")
