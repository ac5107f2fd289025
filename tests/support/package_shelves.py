"""Repositories that a test fills and changes, and what an index store makes of them."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from rezup.errors import PackageDefinitionError
from rezup.resolver.index.tables import Tables
from rezup.runtime.config import load_config
from rezup.runtime.filesystem import FilesystemRepository, Unusable
from rezup.runtime.index_store.folders import PackageFolder
from rezup.runtime.index_store.store import IndexStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from rezup.resolver.repository import PackageRecord, Repository
    from rezup.runtime.index_store.view import View

CONFIG = load_config({"HOME": os.devnull})


#: What a version requires that can't be used.
UNUSABLE = ("!",)


def ahead() -> int:
    """A clock by which every change lies some time back."""
    return time.time_ns() + 10_000_000_000


class Shelf:
    """A repository, and how often it was opened for reading."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.opened = 0

    def write(self, name: str, text: str = "") -> Path:
        target = self.path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        return target

    def package(self, name: str, version: str = "", requires: Iterable[str] = (), more: str = "") -> Path:
        path = "/".join(part for part in (name, version, "package.py") if part)
        return self.write(path, f"requires = {list(requires)!r}\ntimestamp = 5\n{more}")

    def tick(self) -> None:
        """Wait until the clock of the file system has moved on."""
        witness = self.path.parent / ".witness"
        witness.write_text("")
        first = witness.stat().st_ctime_ns
        while witness.stat().st_ctime_ns == first:
            witness.write_text("")

    @property
    def folder(self) -> PackageFolder:
        return PackageFolder(str(self.path), self._open)

    @property
    def repository(self) -> FilesystemRepository:
        return FilesystemRepository(str(self.path), CONFIG)

    def _open(self, location: str) -> FilesystemRepository:
        self.opened += 1
        return FilesystemRepository(location, CONFIG)


def store_in(folder: Path | None, clock: Callable[[], int] = ahead, **options: Any) -> IndexStore:
    return IndexStore(folder, settings="of tests", clock=clock, **options)


def told(tables: Tables, name: str, wrong: Mapping[str, str] | None = None) -> Any:
    """All that a solver can learn of a family: its records, and its compiled form in words.

    :param wrong: what is said to be wrong with versions that can't be used
    """
    family = tables.number(name)
    try:
        form = tables.load(family)
    except PackageDefinitionError as error:
        return str(error)
    asked = []
    for target, without, *kinds in form.dependencies + form.ephemerals:
        words = [
            sorted((holders, str(tables.texts(target)[number]), fitting(tables, target, number)) for holders, number in pairs)
            for pairs in kinds
        ]  # fmt: skip
        asked.append((tables.name(target), without, *words))
    records = [
        (each.name, str(each.version), *each[2:7], _lateness(each, wrong or {}))
        for each in tables.listed(family)
    ]
    return records, tables.versions(family), form.starts, form.unindexed, form.broken, asked


def _lateness(record: PackageRecord, wrong: Mapping[str, str]) -> str:
    if record.requires == UNUSABLE:
        return wrong[str(record.version)]
    return type(record.late).__name__


def fitting(tables: Tables, family: int, number: int) -> int | None:
    """The variants of a package that fit what is asked of it; None where that can't be told."""
    try:
        tables.load(family)
    except PackageDefinitionError:
        return None
    fits = tables.ranges[family] or ()
    return None if tables.name(family).startswith(".") else fits[number]


def direct(repositories: Sequence[Repository], names: Iterable[str]) -> dict[str, Any]:
    """The same without any index, as the repositories are now."""

    wrong: dict[str, dict[str, str]] = {name: {} for name in names}

    def read(name: str) -> list[PackageRecord]:
        records = []
        for record in (record for repository in repositories for record in repository.family(name)):
            if isinstance(record.late, Unusable) and record.late.requires is None:
                wrong.setdefault(name, {}).setdefault(str(record.version), str(record.late.error))
                record = record._replace(requires=UNUSABLE)
            records.append(record)
        return records

    tables = Tables(read)
    return {name: told(tables, name, wrong[name]) for name in names}


def load(tables: Tables, name: str) -> None:
    with suppress(PackageDefinitionError):
        tables.load(tables.number(name))


def touch(view: View, names: Iterable[str]) -> dict[str, Any]:
    """What the view tells of families, by the loop of a resolve."""
    while True:
        tables = view.tables()
        for name in names:
            load(tables, name)
        if view.is_fresh():
            wrong: dict[str, dict[str, str]] = {name: {} for name in names}
            for name, trouble in view.unusable(names):
                wrong[name].setdefault(trouble.version, str(trouble.error))
            return {name: told(tables, name, wrong[name]) for name in names}
