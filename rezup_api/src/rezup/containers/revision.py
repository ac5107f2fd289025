"""One revision on this machine."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, NamedTuple

from rezup.containers import receipt as receipts
from rezup.errors import RevisionNotReadyError, UnsupportedFormatError
from rezup.stores.base import RECEIPT, RECIPE
from rezup.system.reading import read_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rezup.containers.receipt import Receipt
    from rezup.recipes.names import ContainerName
    from rezup.stores.local import LocalStore
    from rezup.stores.stamps import Stamp

#: Why a revision that exists is not ready.
INCOMPLETE = "incomplete"
DAMAGED = "damaged"
FOREIGN = "foreign"
NEWER = "newer format"
FOREIGN_PLATFORM = "other platform"
NO_INTERPRETER = "interpreter missing"
OTHER_INTERPRETER = "interpreter replaced"
NO_ENVIRONMENT = "no environment"

#: States of what is whole but for its Python, so that nobody can miss it when it is built anew.
WITHOUT_PYTHON = frozenset({NO_INTERPRETER, OTHER_INTERPRETER})

#: States of what is not ours to build over.
UNTOUCHABLE = frozenset({FOREIGN, NEWER, FOREIGN_PLATFORM})


class NotReadyError(RevisionNotReadyError):
    """A revision can't be used here; `state` says why in one of the words above."""

    def __init__(self, message: str, state: str, *, context: str, hint: str | None = None) -> None:
        super().__init__(message, context=context, hint=hint)
        self.state = state


class Revision(NamedTuple):
    """A ready revision: a folder and its receipt."""

    container: ContainerName
    stamp: Stamp
    folder: Path
    receipt: Receipt

    @property
    def script_folders(self) -> tuple[Path, ...]:
        """The folders that join PATH, Rez's first."""
        return tuple(self.folder / environment.scripts for environment in self.receipt.environments)

    @property
    def python(self) -> Path:
        """The interpreter that Rez runs with."""
        return self.folder / self.receipt.environments[0].python

    @property
    def environment(self) -> Mapping[str, str]:
        """The recipe's `[env]`, not interpolated."""
        if not self.receipt.environment_in_recipe:
            return self.receipt.environment
        from rezup.recipes.parse import load

        return load(self.folder / RECIPE).environment

    @property
    def rez_library(self) -> Path | None:
        """The folder of the `rez` package, or None if it isn't where Python installs packages."""
        environment = self.folder / "venv" / self.receipt.environments[0].name
        patterns = ("lib/python*/site-packages/rez", "Lib/site-packages/rez")
        return next((path for pattern in patterns for path in environment.glob(pattern)), None)


def open_ready(
    store: LocalStore,
    container: ContainerName,
    stamp: Stamp,
    *,
    platform: str,
    pythons: Path | None = None,
) -> Revision:
    """The revision, if it can be used here.

    :param pythons: the file of what Pythons told of themselves, see `rezup.containers.pythons`
    :raises NotReadyError: it can't, and why
    """
    folder = store.folder(container, stamp)
    try:
        data = read_file(folder / RECEIPT)
    except (FileNotFoundError, NotADirectoryError):
        return _open_legacy(store, container, stamp, platform)
    except OSError as error:
        raise _unreadable(container, stamp, "its receipt", error) from error
    try:
        receipt = receipts.parse(data)
    except receipts.ForeignReceiptError as error:
        raise _not_ready(container, stamp, FOREIGN, f"its receipt is foreign: {error}") from error
    except receipts.DamagedReceiptError as error:
        raise _not_ready(container, stamp, DAMAGED, f"its receipt is damaged: {error}") from error
    except UnsupportedFormatError as error:
        raise NotReadyError(
            f"revision {stamp} of {container} can't be used", NEWER, context=error.message, hint=error.hint
        ) from error
    return _checked(Revision(container, stamp, folder, receipt), platform, pythons)


def _open_legacy(store: LocalStore, container: ContainerName, stamp: Stamp, platform: str) -> Revision:
    folder = store.folder(container, stamp, legacy=True)
    try:
        data = read_file(folder / RECEIPT)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise _not_ready(container, stamp, INCOMPLETE, "it has no receipt") from error
    except OSError as error:
        raise _unreadable(container, stamp, "its receipt", error) from error
    from rezup.containers import legacy

    try:
        receipt = legacy.read(folder, container, data, platform)
    except receipts.ForeignReceiptError as error:
        raise _not_ready(container, stamp, FOREIGN, f"its receipt is foreign: {error}") from error
    except receipts.DamagedReceiptError as error:
        raise _not_ready(container, stamp, DAMAGED, f"its receipt is damaged: {error}") from error
    return _checked(Revision(container, stamp, folder, receipt), platform)


def _checked(revision: Revision, platform: str, pythons: Path | None = None) -> Revision:
    receipt = revision.receipt
    name, stamp = revision.container, revision.stamp
    if receipt.kind != receipts.ENVIRONMENT or not receipt.environments:
        raise _not_ready(name, stamp, NO_ENVIRONMENT, "it holds a recipe only")
    if receipt.platform != platform:
        raise NotReadyError(
            f"revision {stamp} of {name} can't be used", FOREIGN_PLATFORM,
            context=f"it was built for {receipt.platform}, this is {platform}",
            hint="in a shared home, put {platform} into REZUP_ROOT_LOCAL",
        )  # fmt: skip
    for environment in receipt.environments:
        python, known_as = revision.folder / environment.python, environment.interpreter or environment.python
        try:
            found = _status(python)
        except OSError as error:
            raise _unreadable(name, stamp, "its folder", error) from error
        if found is None:
            gone = known_as if python.is_symlink() or os.name == "nt" else python
            raise _not_ready(name, stamp, NO_INTERPRETER, f"its Python is gone ({gone})")
        noted = environment.interpreter_size, environment.interpreter_modified
        if noted[0] and noted != (found.st_size, found.st_mtime_ns):
            from rezup.containers.pythons import successor

            other = successor(environment, python, found, pythons)
            if other is not None:
                raise _not_ready(name, stamp, OTHER_INTERPRETER, f"its Python is now {other} ({known_as})")
    return revision


def _status(python: Path) -> os.stat_result | None:
    """What a link leads to; None if it leads nowhere.

    :raises OSError: that can't be told
    """
    try:
        return python.stat()
    except (FileNotFoundError, NotADirectoryError, ValueError):  # the last for a name that none can have
        return None
    except OSError as error:
        if error.errno == errno.ELOOP:
            return None
        raise


def _unreadable(container: ContainerName, stamp: Stamp, what: str, error: OSError) -> NotReadyError:
    return _not_ready(container, stamp, DAMAGED, f"{what} can't be read ({error.strerror or error})")


def _not_ready(container: ContainerName, stamp: Stamp, state: str, reason: str) -> NotReadyError:
    if state == FOREIGN:
        hint = "remove its folder by hand if nobody needs it"
    else:
        hint = f"make a new one: rezup use {container} --make; or remove it: rezup drop {container}@{stamp}"
    return NotReadyError(f"revision {stamp} of {container} can't be used", state, context=reason, hint=hint)
