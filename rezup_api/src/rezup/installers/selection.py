"""Which installer builds an environment, and why."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rezup.errors import InstallError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rezup.installers.translation import Translation
    from rezup.recipes.model import Backend
    from rezup.system.interpreters import Interpreter

#: What uv must be to take all that ``uv`` tells it.
UV_OLDEST_VERSION = (0, 8)
#: The oldest Python that every such uv serves: 0.8 refuses 3.6 and calls 3.7 unsupported.
UV_OLDEST_PYTHON = (3, 8)


@dataclass(frozen=True, slots=True)
class Selection:
    """The installer's name and, for the receipt and ``-v``, why it was taken."""

    backend: Literal["uv", "pip"]
    reason: str


def choose(
    backend: Backend,
    *,
    uv_version: str | None,
    translation: Translation,
    interpreter: Interpreter,
    uv_misfits: Sequence[str] = (),
) -> Selection:
    """Choose in this order; the first that applies decides.

    1. ``backend = "pip"`` of the recipe: pip.
    2. What rules uv out: there is none; it is older than 0.8; the target is older than Python
       3.8; pip is configured, or told by the recipe, to do what uv has no word for; uv's own
       configuration installs elsewhere. Then ``auto`` takes pip, and ``backend = "uv"`` fails.
    3. uv.

    :param uv_version: of the uv that was found, None without one
    :param uv_misfits: settings of uv's own files that a revision can't have
    :raises InstallError: the recipe insists on uv and something rules it out
    """
    if backend == "pip":
        return Selection("pip", "the recipe asks for it")
    obstacle = _obstacle(uv_version, translation, interpreter, uv_misfits)
    if obstacle is None:
        reason = "the recipe asks for it" if backend == "uv" else "it is there and nothing rules it out"
        return Selection("uv", reason)
    if backend == "uv":
        raise InstallError(
            "the recipe asks for uv, which can't build this environment", context=obstacle,
            hint='set backend = "auto" in [installer], or remove the cause',
        )  # fmt: skip
    return Selection("pip", obstacle)


def _obstacle(
    version: str | None, translation: Translation, interpreter: Interpreter, misfits: Sequence[str]
) -> str | None:
    if version is None:
        return "there is no uv"
    numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:2])
    if numbers < UV_OLDEST_VERSION:
        return f"uv {version} is older than {'.'.join(map(str, UV_OLDEST_VERSION))}"
    if interpreter.release < UV_OLDEST_PYTHON:
        return f"uv does not serve Python {interpreter.version}"
    if translation.untranslated:
        return f"uv can't be told pip's {', '.join(translation.untranslated)}"
    if misfits:
        return f"uv is configured with {', '.join(misfits)}"
    return None
