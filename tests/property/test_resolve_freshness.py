"""After any edit of any package, the next resolve through an index is the one that no index would give."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from rezup.errors import RezupError
from rezup.resolver.solver import Solver
from support.package_shelves import Shelf, store_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from rezup.resolver.resolution import Resolution

NAMES = ["app", "lib", "fix", "base"]
VERSIONS = ["1", "2", "3"]
#: What a package may ask of those after it; a few make cycles, contradictions and errors.
REQUIREMENTS = {
    "app": ["lib", "lib-1", "lib-2+", "fix", "fix-2", "!fix-1", ".ab-1"],
    "lib": ["fix", "fix-2", "base", "base<2", "~base-1", "gone"],
    "fix": ["base", "base-2", "base-1+<3", "!base-3", "app"],
    "base": [".ab-1+", "~app-1", "base"],
}


@st.composite
def packages(draw: st.DrawFn) -> tuple[str, str, list[str], list[str]]:
    """A package that exists in every world, with other requirements."""
    name = draw(st.sampled_from(NAMES))
    wanted = st.lists(st.sampled_from(REQUIREMENTS[name]), max_size=2)
    return name, draw(st.sampled_from(VERSIONS)), draw(wanted), draw(wanted)


REQUESTS = st.sampled_from(
    [["app"], ["app", "base<3"], ["app-1+<3", "!fix-3"], ["~lib-1", "app"], ["lib", "app==2"]]
)


def write(shelf: Shelf, package: tuple[str, str, list[str], list[str]]) -> None:
    name, version, requires, variants = package
    more = f"variants = {[[each] for each in variants]!r}\n" if variants else ""
    shelf.package(name, version, requires, more)


def outcome(solve: Callable[[], Resolution]) -> Any:
    """All that a resolve tells: packages or failure, phases, and where things are."""
    try:
        found = solve()
    except RezupError as error:
        return type(error).__name__, str(error).partition(" (searched")[0]
    uris = [found.uri(package) for package in found.packages]
    return (
        found.status,
        list(map(str, found.packages)),
        uris,
        found.failure and found.failure.text,
        found.phases,
    )


@settings(max_examples=80, deadline=None)
@given(st.lists(packages(), max_size=12), REQUESTS, st.lists(packages(), min_size=1, max_size=4))
def test_a_resolve_sees_every_edit_that_matters(
    world: list[tuple[str, str, list[str], list[str]]],
    request: list[str],
    edits: list[tuple[str, str, list[str], list[str]]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        shelf = Shelf(Path(folder, "packages"))
        plain = [(name, version, REQUIREMENTS[name][:1], []) for name in NAMES[:3] for version in VERSIONS]
        for package in (*plain, *(("base", version, [], []) for version in VERSIONS), *world):
            write(shelf, package)
        store = store_in(Path(folder, "cache"))
        for edit in (None, *edits):
            if edit is not None:
                write(shelf, edit)
            view = store.view([shelf.folder])
            kept = outcome(lambda view=view: view.use(lambda tables: Solver(request, tables).solve()))
            view.save()
            assert kept == outcome(lambda: Solver(request, [shelf.repository]).solve())
