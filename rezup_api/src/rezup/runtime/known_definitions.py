"""What the definitions of a resolve said, kept, so that entering it again reads one file instead of them all.

A pack holds the definitions of the packages of one resolve, with their commands compiled. Each is used only
where the stamps of its file, and of the files beside it that were looked for, are what they were. A
definition that looks at anything else is never kept.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any
from zlib import crc32

from rezup.runtime.index_store.stamps import is_settled, stamp
from rezup.system.kept import limit_kept, read_kept, write_kept

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import TypeAlias

    from rezup.runtime.index_store.stamps import Clock, Stamp
    from rezup.runtime.place import Place
    from rezup.runtime.source_code import SourceCode
    from rezup.runtime.vocabulary import Decorator

    _Entry: TypeAlias = tuple[str, str, list[tuple[str, Stamp]], Any]
    """(folder of the package, its definition, stamps of all files that it depends on, what it said)."""

BUCKET = "definitions-v1"

#: How many packs are kept; the oldest go first.
KEPT = 256

#: Raise it whenever what is kept means something else.
_FORMAT = 1

_PLAIN = (str, int, float, bool, bytes, type(None))


class KnownDefinitions:
    """Packs in one folder.

    One object is for one context: what it keeps has to be read after it was made.

    :param folder: None keeps nothing
    :param settings: all settings that reading definitions depends on, as text
    :param clock: gives the time in nanoseconds
    """

    def __init__(self, folder: str | None, settings: str, clock: Clock) -> None:
        self._folder = folder
        self._mark = (_FORMAT, sys.hexversion, sys.implementation.cache_tag, settings)
        self._started = clock()
        self._known: dict[str, _Entry] = {}

    def find(
        self, folders: Sequence[str], just_seen: Mapping[str, Stamp] | None = None
    ) -> dict[str, tuple[str, dict[str, Any]]]:
        """The definitions that are known of these packages, each as its file has it now.

        :param folders: of the packages of one context, in its order
        :param just_seen: stamps of files that were looked at a moment ago
        :returns: by folder, the definition file and what it says
        """
        self._known = {}
        file = self._file(folders)
        found = None if file is None else read_kept(file)
        if found is None or found[0] != self._mark:
            return {}
        seen = just_seen or {}
        self._known = {
            entry[0]: entry
            for entry in found[1]
            if all(seen.get(name) == known or stamp(name) == known for name, known in entry[2])
        }
        return {folder: (path, _restored(path, packed)) for folder, path, _, packed in self._known.values()}

    def keep(self, places: Iterable[Place]) -> None:
        """Keep what these places said, as far as it can be kept; where it can't be written, go on without.

        :param places: those of one context in its order, loaded after `find` was asked
        """
        found = list(places)
        file = self._file([place.folder or place.path for place in found])
        if file is None:
            return
        kept = [entry for place in found if (entry := self._entry(place)) is not None]
        if {entry[0] for entry in kept} == self._known.keys():
            return  # the others can't be kept
        if write_kept(file, (self._mark, kept)):
            limit_kept(os.path.dirname(file), KEPT)

    def _file(self, folders: Sequence[str]) -> str | None:
        if self._folder is None:
            return None
        text = "\0".join(folders).encode("utf-8", "surrogateescape")
        return os.path.join(self._folder, f"{crc32(text):08x}{crc32(text, 1):08x}")

    def _entry(self, place: Place) -> _Entry | None:
        """What is kept of a definition; None if that can't be kept."""
        if place.folder is None:
            return None  # one of many in a file
        if place.is_known:
            return self._known.get(place.folder)
        from rezup.runtime.nature import Kind

        nature = place.nature()
        if nature is None or nature.kind is Kind.VOLATILE:
            return None
        packed = _packed(place.data())
        stamps = [(name, stamp(name)) for name in (*place.looked_for, *nature.files)]
        # These are taken after the files were read. What was settled before that is the same.
        if packed is None or not is_settled([each for _, each in stamps], self._started):
            return None
        return place.folder, place.path, stamps, packed


def _packed(data: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, tuple[Any, ...]]] | None:
    """(plain values, functions) by name; None where there is something else."""
    from rezup.runtime.source_code import SourceCode

    values: dict[str, Any] = {}
    functions: dict[str, tuple[Any, ...]] = {}
    for name, value in data.items():
        if isinstance(value, SourceCode):
            functions[name] = _function(value)
        elif _is_plain(value):
            values[name] = value
        else:
            return None
    return values, functions


def _function(source: SourceCode) -> tuple[Any, ...]:
    try:
        code = source.compiled()
    except (SyntaxError, ValueError):  # who runs it will be told
        code = None
    decorators = tuple([tuple(each) for each in source.decorators])
    return source.text, source.path, source.name, source.line, source.as_function, decorators, code


def _is_plain(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return type(value) in (list, tuple) and all(map(_is_plain, value))
    if isinstance(value, dict):
        return type(value) is dict and all(map(_is_plain, value)) and all(map(_is_plain, value.values()))
    return type(value) in _PLAIN


def _restored(path: str, packed: tuple[dict[str, Any], dict[str, tuple[Any, ...]]]) -> dict[str, Any]:
    data, functions = packed
    if functions:
        from rezup.runtime.source_code import SourceCode

        for name, (text, origin, inner, line, as_function, decorators, code) in functions.items():
            data[name] = SourceCode(
                text, path=origin or path, name=inner, line=line, as_function=as_function,
                decorators=_decorators(decorators) if decorators else (), code=code,
            )  # fmt: skip
    return data


def _decorators(packed: tuple[tuple[Any, ...], ...]) -> tuple[Decorator, ...]:
    from rezup.runtime.vocabulary import Decorator  # brings along what most definitions have no need of

    return tuple([Decorator(*each) for each in packed])
