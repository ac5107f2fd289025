"""Answers to requests, kept so that entering the same environment again needs neither index nor solver.

An answer is kept with the stamp of everything that it was compared with when it was found: the folders of the
repositories and of families, and all definitions that the resolve may have looked at. It is given again only
where every single one is the same, to the same request under the same settings: what would be checked after
a resolve is checked in its place. What can't be told by stamps is never kept.
"""

from __future__ import annotations

import marshal
import os
import sys
from typing import TYPE_CHECKING, Any, NamedTuple
from zlib import crc32

from rezup.resolver.resolution import Resolution, ResolvedPackage
from rezup.runtime.index_store.folders import real_folder
from rezup.runtime.index_store.stamps import all_unchanged
from rezup.runtime.locations import parse_location
from rezup.system.kept import limit_kept, read_kept, write_kept

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from rezup.resolver.graph import Graph
    from rezup.resolver.repository import PackageRecord
    from rezup.runtime.index_store.stamps import Stamp
    from rezup.session.packages.configuration import ResolveSettings

BUCKET = "answers-v1"

#: How many answers are kept; the oldest go first.
KEPT = 256

#: Raise it whenever what is kept means something else, or the same request may be answered otherwise.
_FORMAT = 1


class Answer(NamedTuple):
    """What was kept of a resolve."""

    resolution: Resolution
    uris: tuple[str, ...]
    """See `rezup.session.packages.Resolved`."""
    stamps: Mapping[str, Stamp]
    """Of all that was found unchanged a moment ago."""


def answers_for(
    settings: ResolveSettings,
    entries: Iterable[str],
    question: tuple[Any, ...],
    anew: Callable[[], Resolution],
) -> KnownAnswers | None:
    """What is kept of a question to the repositories of a packages path; None where some are in no folder.

    :param question: the request, and what else the resolve is told, as plain data
    :param anew: see `KnownAnswers`
    """
    places = [parse_location(entry) for entry in entries]
    if settings.cache is None or any(kind != "filesystem" for kind, _ in places):
        return None
    under = (
        settings.variant_select_mode, settings.error_on_missing_variant_requires,
        settings.package_orderers, settings.package_filenames, settings.reading, settings.trust_releases,
    )  # fmt: skip
    locations = tuple([real_folder(place) for _, place in places])
    return KnownAnswers(os.path.join(settings.cache, BUCKET), (locations, under, question), anew)


class KnownAnswers:
    """Answers in one folder.

    :param folder: where they are kept
    :param question: all that an answer depends on beside files, as plain data
    :param anew: does the resolve, for who wants to know more than is kept
    """

    def __init__(self, folder: str, question: Any, anew: Callable[[], Resolution]) -> None:
        from rezup import __version__

        # Version 2 writes equal values as equal bytes; later ones also tell which are the same object.
        self._question = marshal.dumps((question, sys.hexversion, sys.implementation.name), 2)
        self._mark = (_FORMAT, __version__, self._question)
        self._anew = anew
        name = f"{crc32(self._question):08x}{crc32(self._question, 1):08x}"
        self._file = os.path.join(folder, name)

    def find(self) -> Answer | None:
        """The answer that is kept, if it still holds."""
        kept = read_kept(self._file)
        if kept is None or kept[0] != self._mark or not all_unchanged(kept[1]):
            return None
        _, stamps, (request, packages, ephemerals, phases, fails, backjumped, messages), uris = kept
        resolution = _KnownResolution(
            "solved", request=request, packages=tuple(map(ResolvedPackage._make, packages)),
            ephemerals=ephemerals, phases=phases, fails=fails, backjumped=backjumped, messages=messages,
        )  # fmt: skip
        resolution.anew = self._anew
        return Answer(resolution, uris, dict(stamps))

    def keep(
        self, resolution: Resolution, uris: tuple[str, ...], grounds: Sequence[tuple[str, Stamp]] | None
    ) -> None:
        """Keep an answer, as far as it can be kept; where it can't be written, go on without.

        :param grounds: all that it was compared with; None where there is more than stamps can tell
        """
        if grounds is None or not resolution.is_solved:
            return
        found = (
            resolution.request, tuple(map(tuple, resolution.packages)), resolution.ephemerals,
            resolution.phases, resolution.fails, resolution.backjumped, resolution.messages,
        )  # fmt: skip
        if write_kept(self._file, (self._mark, tuple(dict.fromkeys(grounds)), found, uris)):
            limit_kept(os.path.dirname(self._file), KEPT)


class _KnownResolution(Resolution):
    """One that was kept; what is not, is found by doing it again."""

    __slots__ = ("_done", "anew")

    anew: Callable[[], Resolution]

    def _again(self) -> Resolution:
        if not hasattr(self, "_done"):
            self._done = self.anew()
        return self._done

    def record(self, package: ResolvedPackage) -> PackageRecord:
        """See `Resolution`."""
        return self._again().record(package)

    def uri(self, package: ResolvedPackage) -> str:
        """See `Resolution`."""
        return self._again().uri(package)

    def graph(self) -> Graph:
        """See `Resolution`."""
        return self._again().graph()
