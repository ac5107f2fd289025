"""Versions whose definitions can't be used, and whether that lasts.

A definition that fails and looks at nothing beside itself fails until its file changes. So an index keeps
what is wrong with it, and nobody need read it again to say so. One that fails for another reason (an
import, a file that may not be read) is read each time.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from rezup.errors import PackageDefinitionError

if TYPE_CHECKING:
    from rezup.resolver.repository import PackageRecord
    from rezup.runtime.filesystem import Reading

#: Stands for requirements that can't be had: no resolve can use a package that has it.
NO_REQUIREMENTS = ("!",)

#: What may be otherwise the next time though no file has changed.
_PASSING = (OSError, MemoryError, RecursionError)


class Trouble(NamedTuple):
    """Why a version can't be used; plain data."""

    version: str
    """Empty for an unversioned package."""
    message: str
    """Without the place."""
    path: str
    line: int | None
    context: str | None
    hint: str | None

    @property
    def error(self) -> PackageDefinitionError:
        """As it was raised when the definition was read."""
        return PackageDefinitionError(
            self.message, path=self.path, line=self.line, context=self.context, hint=self.hint
        )


def marked(record: PackageRecord) -> PackageRecord:
    """The package, with requirements that nothing meets if it can't be used."""
    return record if _error(record) is None else record._replace(requires=NO_REQUIREMENTS)


def trouble_of(record: PackageRecord) -> Trouble | None:
    """Why a package can't be used; None if it can."""
    error = _error(record)
    if error is None:
        return None
    place = error.path if error.line is None else f"{error.path}:{error.line}"
    message = error.message.removeprefix(f"{place}: ")
    return Trouble(str(record.version), message, error.path, error.line, error.context, error.hint)


def is_lasting(reading: Reading) -> bool:
    """Whether a version can't be used until one of the files changes that are watched of it."""
    from rezup.runtime.nature import Kind

    error, nature = _error(reading.record), reading.nature
    if error is None or isinstance(error.__cause__, _PASSING):
        return False
    folder = os.path.dirname(reading.path)
    if error.path == folder:
        return _has_no_links(folder)
    if error.path != reading.path:
        return False  # something beside the definition
    return _fails_alone(reading.path) if nature is None else nature.kind is not Kind.VOLATILE


def _error(record: PackageRecord) -> PackageDefinitionError | None:
    from rezup.runtime.filesystem import Unusable

    late = record.late
    return late.error if isinstance(late, Unusable) and late.requires is None else None


def _has_no_links(folder: str) -> bool:
    """Whether a definition can't appear in a folder without a change of the folder."""
    try:
        with os.scandir(folder) as entries:
            return not any(entry.is_symlink() for entry in entries)
    except OSError:
        return False


def _fails_alone(path: str) -> bool:
    """Whether a file that can't be loaded looks at nothing beside itself."""
    from rezup.runtime.nature import Kind, judge

    try:
        with open(path, "rb") as stream:
            return judge(path, stream.read()).kind is not Kind.VOLATILE
    except (SyntaxError, ValueError):
        return True  # no program at all
    except _PASSING:
        return False
