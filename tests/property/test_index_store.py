"""After any edits, in any order, an index tells what the repositories have; checked after each."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from rezup.runtime.index_store.inspection import verify
from support.package_shelves import Shelf, ahead, direct, store_in, touch

if TYPE_CHECKING:
    from collections.abc import Callable

FAMILIES = ["app", "lib", "fix"]
VERSIONS = ["1", "2", "2.1"]
NAMES = [*FAMILIES, "App", "nothing"]
LINES = [
    "requires = ['lib']\n",
    "requires = ['fix']\n",
    "requires = ['lib-2', '!fix-1']\n",
    "requires = ['~app-1', '.ab-1']\n",
    "variants = [['fix'], ['lib-1']]\n",
    "requires = ['lib-2', 'lib-1']\n",
    "import os\nrequires = [os.sep and 'lib']\n",
    "@late()\ndef requires():\n    return []\n",
    "requires = [\n",
    "@include('mod')\ndef commands():\n    pass\n",
    "timestamp = 7\n",
    "versions = ['1', '2']\nrequires = ['fix']\n",
]
YAML = ["requires: [lib]\n", "requires: [fix]\n", "versions: ['1', '2']\n", "{\n"]

family = st.sampled_from(FAMILIES)
version = st.sampled_from(VERSIONS)
EDITS = st.one_of(
    st.tuples(st.just("write"), family, version, st.sampled_from(["package.py"]), st.sampled_from(LINES)),
    st.tuples(st.just("write"), family, version, st.just("package.yaml"), st.sampled_from(YAML)),
    st.tuples(st.just("write"), family, version, st.just("package.py"), st.sampled_from(LINES[:2])),
    st.tuples(st.just("write old"), family, version, st.just("package.py"), st.sampled_from(LINES[:2])),
    st.tuples(st.just("write"), family, st.just(""), st.just("package.py"), st.sampled_from(LINES)),
    st.tuples(st.just("write"), st.just(""), st.just(""), st.sampled_from(["app.py", "lib.py"]), st.sampled_from(LINES)),
    st.tuples(st.just("write"), st.just(""), st.just(""), st.just("app.yaml"), st.sampled_from(YAML)),
    st.tuples(st.just("write"), family, st.sampled_from([".ignore1", ".building2", ".ignore2.1"]), st.just(""), st.just("")),
    st.tuples(st.just("write"), family, version, st.sampled_from(["release.yaml", ".metadata/release_time.txt"]), st.sampled_from(["", "9", "timestamp: 3\n"])),
    st.tuples(st.just("write"), family, version, st.just(".rez/include/mod.py"), st.sampled_from(["", "x = 1\n"])),
    st.tuples(st.just("remove"), family, st.sampled_from(["", *VERSIONS, ".ignore1", ".building2"]), st.sampled_from(["", "package.py", "package.yaml", "release.yaml"]), st.just("")),
    st.tuples(st.just("remove"), st.just(""), st.just(""), st.sampled_from(["app.py", "app.yaml"]), st.just("")),
    st.tuples(st.just("rename"), family, version, version, st.just("")),
    st.tuples(st.just("rename family"), family, st.sampled_from([*FAMILIES, "App"]), st.just(""), st.just("")),
    st.tuples(st.just("link"), family, version, st.sampled_from(["beyond", "beyond2", "gone"]), st.just("")),
    st.tuples(st.just("link family"), family, st.just(""), st.sampled_from(["beyond", "beyond2", "gone"]), st.just("")),
    st.tuples(st.just("swap repositories"), st.just(""), st.just(""), st.just(""), st.just("")),
)  # fmt: skip


def delete(path: Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.is_dir():
        shutil.rmtree(path)


def apply(shelf: Shelf, edit: tuple[str, str, str, str, str]) -> None:
    """Do one edit; what the file system refuses is none."""
    kind, first, second, third, text = edit
    path = shelf.path / first / second / third
    beside = shelf.path.parent
    if kind.startswith("write"):
        before = path.stat() if path.is_file() else None
        shelf.write(str(Path(first, second, third)), text)
        if before is not None and kind == "write old":
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    elif kind == "remove":
        delete(path)
    elif kind == "rename":
        (shelf.path / first / second).rename(shelf.path / first / third)
    elif kind == "rename family":
        (shelf.path / first).rename(shelf.path / second)
    elif kind.startswith("link"):
        target = shelf.path / first / second
        delete(target)
        target.symlink_to(beside / third, target_is_directory=True)
    else:
        shelf.path.rename(beside / "third")
        (beside / "other").rename(shelf.path)
        (beside / "third").rename(beside / "other")


def play(
    edits: list[tuple[bool, tuple[str, str, str, str, str]]], clock: Callable[[], int], root: Path
) -> None:
    one, two = Shelf(root / "one"), Shelf(root / "other")
    one.package("app", "1", ["lib-1+"])
    one.package("lib", "1")
    two.package("lib", "2", ["fix"])
    Shelf(root).write("beyond/package.py", "requires = ['fix-3']\n")
    Shelf(root).write("beyond2/3/package.py", "requires = ['app']\n")
    store = store_in(root / "cache", clock)
    resident = store.view([one.folder, two.folder])
    for is_together, edit in edits:
        one.tick()
        with contextlib.suppress(OSError):
            apply(one, edit)
        if is_together:
            continue  # the next look comes after the next edit
        expected = direct([one.repository, two.repository], NAMES)
        resident.begin()
        assert touch(resident, NAMES) == expected, edit
        view = store.view([one.folder, two.folder])
        assert touch(view, NAMES) == expected, edit
        view.save()
        assert touch(store.view([two.folder]), NAMES) == direct([two.repository], NAMES)
    if clock is ahead:
        found = verify(store, [one.folder, two.folder])
        assert found.is_good
        assert found.stale == () or edits[-1][0]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.booleans(), EDITS), min_size=1, max_size=12), st.sampled_from([time.time_ns, ahead])
)
def test_an_index_tells_what_the_repositories_have(
    edits: list[tuple[bool, tuple[str, str, str, str, str]]], clock: Callable[[], int]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        play(edits, clock, Path(folder).resolve())
