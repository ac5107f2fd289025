"""Never stale: after any kind of change the next look gives what the repositories have now."""

from __future__ import annotations

import os
import shutil
import sys
import time
from typing import TYPE_CHECKING

import pytest

from support.package_shelves import Shelf, ahead, direct, store_in, touch

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NAMES = [
    "app",
    "lib",
    "new",
    "other",
    "comb",
    "yam",
    "plain",
    "link",
    "FOO",
    "foo",
    "moved",
    "nothing",
    "inc",
]
INCLUDE = 'import_me = 1\n@include("mod")\ndef commands():\n    mod.run()\n'

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs links, or names that differ in case only")


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """A repository with a family of each kind."""
    shelf = Shelf(tmp_path / "packages")
    shelf.package("app", "1.0", ["lib-1+"])
    shelf.package("app", "2.0", ["lib-2", "~other-1"])
    shelf.package("lib", "1.0", [])
    shelf.package("lib", "2.0", ["!other-3"], "variants = [['plain'], ['comb-1']]\n")
    shelf.package("other", "1.0")
    shelf.write("yam/1.0/package.yaml", "requires: [lib-1]\ntimestamp: 5\n")
    shelf.write("comb.py", "versions = ['1.0', '1.1']\nrequires = ['lib']\n")
    shelf.package("plain", "", [".tag-1"])
    shelf.write("inc/1.0/package.py", INCLUDE)
    shelf.write("../elsewhere/1.0/package.py", "requires = ['lib-1']\ntimestamp = 5\n")
    shelf.write("../elsewhere2/1.0/package.py", "requires = ['lib-2']\ntimestamp = 5\n")
    shelf.write("../elsewhere2/1.2/package.py", "")
    return shelf


def edited(shelf: Shelf, *, same_size: bool = True, old_time: bool = True) -> None:
    path = shelf.path / "app/1.0/package.py"
    before = path.stat()
    text = path.read_text().replace("lib-1+", "lib-2+" if same_size else "lib-1.0.0")
    path.write_text(text)
    if old_time:
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (path.stat().st_size == before.st_size) is same_size


def replaced_file(shelf: Shelf) -> None:
    path = shelf.path / "app/1.0/package.py"
    before = path.stat()
    other = shelf.write("../fresh.py", path.read_text().replace("lib-1+", "lib-2+"))
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(path)


def combined_to_folder(shelf: Shelf) -> None:
    shelf.package("comb", "3.0", ["lib-2"])


def combined_away(shelf: Shelf) -> None:
    (shelf.path / "comb.py").unlink()
    shelf.package("comb", "3.0", ["lib-2"])


def repository_replaced(shelf: Shelf) -> None:
    other = Shelf(shelf.path.parent / "fresh")
    other.package("app", "9.0")
    shelf.path.rename(shelf.path.parent / "old")
    other.path.rename(shelf.path)


CHANGES: dict[str, Callable[[Shelf], object]] = {
    "nothing": lambda shelf: None,
    "family added": lambda shelf: shelf.package("new", "1.0", ["app-2"]),
    "family of a file added": lambda shelf: shelf.write("new.yaml", "versions: ['1', '2']\n"),
    "family removed": lambda shelf: shutil.rmtree(shelf.path / "lib"),
    "family renamed": lambda shelf: (shelf.path / "lib").rename(shelf.path / "moved"),
    "version added": lambda shelf: shelf.package("app", "3.0", ["new-7"]),
    "version removed": lambda shelf: shutil.rmtree(shelf.path / "app/2.0"),
    "version renamed": lambda shelf: (shelf.path / "app/2.0").rename(shelf.path / "app/2.1"),
    "edited, same size and time": edited,
    "edited, same size": lambda shelf: edited(shelf, old_time=False),
    "edited, same time": lambda shelf: edited(shelf, same_size=False),
    "edited": lambda shelf: edited(shelf, same_size=False, old_time=False),
    "another file in its place": replaced_file,
    "definition removed": lambda shelf: (shelf.path / "app/2.0/package.py").unlink(),
    "definition broken": lambda shelf: shelf.write("app/2.0/package.py", "requires = ["),
    "definition raises": lambda shelf: shelf.write("app/2.0/package.py", "requires = [][1]\n"),
    "definition fails outside": lambda shelf: shelf.write("app/2.0/package.py", "import nothing_of_this_name\n"),
    "yaml broken": lambda shelf: shelf.write("yam/1.0/package.yaml", "{"),
    "old release broken": lambda shelf: shelf.write("inc/1.0/release.yaml", "{"),
    "requirement broken": lambda shelf: shelf.package("app", "2.0", ["lib-1-2-3+<"]),
    "yaml beaten by py": lambda shelf: shelf.package("yam", "1.0", ["lib-2"]),
    "yaml edited": lambda shelf: shelf.write("yam/1.0/package.yaml", "requires: [lib-2]\n"),
    "ignored": lambda shelf: shelf.write("app/.ignore2.0"),
    "being built": lambda shelf: (shelf.write("app/.building3.0"), (shelf.path / "app/3.0").mkdir()),
    "versions beaten by a package": lambda shelf: shelf.package("app", "", ["lib-2"]),
    "versions after none": lambda shelf: (
        (shelf.path / "plain/package.py").unlink(), shelf.package("plain", "1"),
    ),
    "combined edited": lambda shelf: shelf.write("comb.py", "versions = ['1.0', '1.2']\nrequires = ['lib']\n"),
    "combined beaten by a folder": combined_to_folder,
    "combined became a folder": combined_away,
    "combined removed": lambda shelf: (shelf.path / "comb.py").unlink(),
    "combined broken": lambda shelf: shelf.write("comb.py", "versions = ["),
    "combined yaml beside": lambda shelf: shelf.write("comb.yaml", "versions: ['7']\n"),
    "combined py to yaml": lambda shelf: (
        (shelf.path / "comb.py").unlink(), shelf.write("comb.yaml", "versions: ['7']\n"),
    ),
    "old release beside": lambda shelf: (
        shelf.write("inc/1.0/.metadata/changelog.txt", "x"), shelf.write("inc/1.0/.metadata/release_time.txt", "77"),
    ),
    "old release file": lambda shelf: shelf.write("inc/1.0/release.yaml", "timestamp: 78\n"),
    "include added": lambda shelf: shelf.write("inc/1.0/.rez/include/mod.py", "def run(): pass\n"),
    "repository replaced": repository_replaced,
    "repository removed": lambda shelf: shelf.path.rename(shelf.path.parent / "old"),
    "environment read": lambda shelf: shelf.package("app", "2.0", [], "import os\nrequires = [os.sep and 'lib']\n"),
    "bound late": lambda shelf: shelf.package(
        "app", "2.0", [], "@late()\ndef requires():\n    return ['lib']\n"
    ),
}  # fmt: skip

LINKS: dict[str, Callable[[Shelf], object]] = {
    "case only": lambda shelf: (shelf.package("FOO", "1.0"), shelf.package("foo", "2.0", ["FOO-1"])),
    "family linked": lambda shelf: (shelf.path / "link").symlink_to("../elsewhere"),
    "version linked": lambda shelf: (shelf.path / "app/7.0").symlink_to("../../elsewhere/1.0"),
    "definition linked": lambda shelf: (
        (shelf.path / "app/1.0/package.py").unlink(),
        (shelf.path / "app/1.0/package.py").symlink_to("../../../elsewhere2/1.2/package.py"),
    ),
    "definition a loose link": lambda shelf: (
        (shelf.path / "app/1.0/package.py").unlink(),
        (shelf.path / "app/1.0/package.py").symlink_to("../../../later/package.py"),
    ),
    "definition another loose link": lambda shelf: (
        (shelf.path / "app/1.0/package.py").unlink(),
        (shelf.path / "app/1.0/package.yaml").symlink_to("../../../later/package.yaml"),
    ),
    "family linked to nothing": lambda shelf: (shelf.path / "link").symlink_to("../later"),
}  # fmt: skip


#: Those that give a resolve nothing else.
UNSEEN = {"nothing", "combined yaml beside", "include added", "family linked to nothing", "being built"}


#: Families that can't be kept after a change, and what else others look at.
BROKEN = {"combined broken": {"comb"}, "definition fails outside": {"app"}, "old release broken": {"inc"}}
NEEDS = {"lib": ["comb"], "new": ["app"]}


@pytest.fixture(params=["just now", "long ago"])
def clock(request: pytest.FixtureRequest) -> Callable[[], int]:
    """Changes lie just behind us, so nothing can be relied on; or far back, so all must be."""
    return time.time_ns if request.param == "just now" else ahead


@pytest.mark.parametrize("change", [*CHANGES, *(pytest.param(name, marks=posix) for name in LINKS)])
def test_every_change_is_seen_by_the_next_look(
    shelf: Shelf, tmp_path: Path, clock: Callable[[], int], change: str
) -> None:
    cache = tmp_path / "cache"
    view = store_in(cache, clock).view([shelf.folder])
    assert touch(view, NAMES) == direct([shelf.repository], NAMES)
    view.save()
    before = touch(store_in(cache, clock).view([shelf.folder]), NAMES)

    shelf.tick()
    {**CHANGES, **LINKS}[change](shelf)

    expected = direct([shelf.repository], NAMES)
    assert (expected == before) is (change in UNSEEN)
    for _ in range(2):
        view = store_in(cache, clock).view([shelf.folder])
        assert touch(view, NAMES) == expected
        view.save()


@pytest.mark.parametrize("change", [*CHANGES, *(pytest.param(name, marks=posix) for name in LINKS)])
def test_a_view_that_stays_sees_every_change_once_it_begins_again(
    shelf: Shelf, tmp_path: Path, clock: Callable[[], int], change: str
) -> None:
    view = store_in(tmp_path / "cache", clock).view([shelf.folder])
    touch(view, NAMES)
    shelf.tick()
    {**CHANGES, **LINKS}[change](shelf)
    for is_kept in (False, True, False):
        view.begin()
        assert touch(view, NAMES) == direct([shelf.repository], NAMES)
        if is_kept:
            view.save()


@pytest.mark.parametrize("change", sorted({*CHANGES} - {"environment read", "bound late", "being built"}))
def test_what_has_settled_is_not_read_twice(shelf: Shelf, tmp_path: Path, change: str) -> None:
    CHANGES[change](shelf)
    touch(store_in(tmp_path / "cache").view([shelf.folder]), NAMES)
    shelf.opened = 0
    view = store_in(tmp_path / "cache").view([shelf.folder])
    broken = view.linked.volatile.keys()
    assert view.doubtful == sorted(broken)
    assert set(broken) == BROKEN.get(change, set())
    expected = direct([shelf.repository], NAMES)
    for name in NAMES:
        if not broken & {name, *NEEDS.get(name, ())}:
            assert touch(view, [name]) == {name: expected[name]}
    assert shelf.opened == 0


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("ignored", lambda shelf: (shelf.path / "app/.ignore2.0").unlink()),
        ("being built", lambda shelf: shelf.package("app", "3.0", ["lib-1"])),
        ("being built", lambda shelf: (shelf.path / "app/.building3.0").unlink()),
        ("definition broken", lambda shelf: shelf.package("app", "2.0", ["lib-1"])),
        ("definition raises", lambda shelf: shelf.package("app", "2.0", ["lib-1"])),
        ("definition raises", lambda shelf: shelf.write("app/2.0/package.py", "requires = [][1:\n")),
        ("definition fails outside", lambda shelf: shelf.package("app", "2.0", ["lib-1"])),
        ("yaml broken", lambda shelf: shelf.package("yam", "1.0", ["lib-1"])),
        ("old release broken", lambda shelf: (shelf.path / "inc/1.0/release.yaml").unlink()),
        ("requirement broken", lambda shelf: shelf.package("app", "2.0", ["lib-1"])),
        ("definition removed", lambda shelf: shelf.package("app", "2.0", ["lib-1"])),
        ("definition removed", lambda shelf: shelf.write("app/2.0/package.yaml", "requires: [lib-1]\n")),
        ("definition removed", lambda shelf: shutil.rmtree(shelf.path / "app/2.0")),
        ("combined broken", lambda shelf: shelf.write("comb.py", "versions = ['5']\n")),
        ("combined became a folder", lambda shelf: (shutil.rmtree(shelf.path / "comb"), shelf.write("comb.py"))),
        ("combined py to yaml", lambda shelf: shelf.write("comb.py", "versions = ['8']\n")),
        ("repository removed", lambda shelf: shelf.package("app", "5.0", ["lib"])),
        ("family removed", lambda shelf: shelf.package("lib", "5.0")),
        ("old release beside", lambda shelf: shelf.write("inc/1.0/.metadata/release_time.txt", "78")),
        ("include added", lambda shelf: (shelf.path / "inc/1.0/.rez/include/mod.py").unlink()),
        ("environment read", lambda shelf: shelf.package("app", "2.0", ["lib-1"])),
        pytest.param("family linked", lambda shelf: retarget(shelf.path / "link", "../elsewhere2"), marks=posix),
        pytest.param("version linked", lambda shelf: retarget(shelf.path / "app/7.0", "../../elsewhere2/1.0"), marks=posix),
        pytest.param("version linked", lambda shelf: shelf.write("../elsewhere/1.0/package.py", ""), marks=posix),
        pytest.param("family linked", lambda shelf: shutil.rmtree(shelf.path.parent / "elsewhere"), marks=posix),
        pytest.param(
            "family linked", lambda shelf: swap(shelf.path.parent / "elsewhere", shelf.path.parent / "elsewhere2"), marks=posix
        ),
        pytest.param("family linked to nothing", lambda shelf: shelf.write("../later/4.0/package.py"), marks=posix),
        pytest.param("definition a loose link", lambda shelf: shelf.write("../later/package.py"), marks=posix),
        pytest.param("definition another loose link", lambda shelf: shelf.write("../later/package.yaml"), marks=posix),
        pytest.param("case only", lambda shelf: shutil.rmtree(shelf.path / "foo"), marks=posix),
    ],
)  # fmt: skip
def test_a_second_change_is_seen_too(
    shelf: Shelf, tmp_path: Path, clock: Callable[[], int], before: str, after: Callable[[Shelf], object]
) -> None:
    {**CHANGES, **LINKS}[before](shelf)
    view = store_in(tmp_path / "cache", clock).view([shelf.folder])
    first = touch(view, NAMES)
    view.save()
    assert touch(store_in(tmp_path / "cache", clock).view([shelf.folder]), NAMES) == first
    shelf.tick()
    after(shelf)
    view = store_in(tmp_path / "cache", clock).view([shelf.folder])
    assert touch(view, NAMES) == direct([shelf.repository], NAMES)
    view.save()
    assert touch(store_in(tmp_path / "cache", clock).view([shelf.folder]), NAMES) == direct(
        [shelf.repository], NAMES
    )


def retarget(link: Path, target: str) -> None:
    link.unlink()
    link.symlink_to(target)


def swap(one: Path, other: Path) -> None:
    one.rename(one.parent / "third")
    other.rename(one)
    (one.parent / "third").rename(other)
