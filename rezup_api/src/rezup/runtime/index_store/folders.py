"""Package folders that are opened only once they must be read.

With a valid index a resolve reads no definition, so all that reads them need not even be imported.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rezup.runtime.filesystem import FilesystemRepository

#: How definition files are called unless Rez's setting `package_filenames` says otherwise.
USUAL = ("package",)


def real_folder(path: str) -> str:
    """The folder as `FilesystemRepository.location` has it: one name however it is reached."""
    found = os.path.normpath(os.path.realpath(path))
    return found.lower() if sys.platform == "win32" else found


class PackageFolder:
    """A filesystem repository that is opened when it is first read.

    :param path: the folder; it need not exist
    :param open_repository: opens it, given its location
    :param filenames: Rez's setting `package_filenames`
    """

    __slots__ = ("_open", "_opened", "filenames", "location")

    def __init__(
        self,
        path: str,
        open_repository: Callable[[str], FilesystemRepository],
        filenames: Sequence[str] = USUAL,
    ) -> None:
        self.location = real_folder(path)
        self.filenames = tuple(filenames)
        self._open = open_repository
        self._opened: FilesystemRepository | None = None

    @property
    def repository(self) -> FilesystemRepository:
        """The repository."""
        if self._opened is None:
            self._opened = self._open(self.location)
        return self._opened

    def __repr__(self) -> str:
        return f"PackageFolder({self.location!r})"
