"""`rezup lock` and `rezup diff`: recipes that share a folder, damaged locks, full disks, and what is left of a failure."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from rezup.containers.building import LockedFolder
from rezup.errors import LockError, StoreError
from rezup.lockfiles.lock import Lock, LockedPackage, Wheel
from rezup.lockfiles.writing import to_bytes
from rezup.reporting import Reporter
from rezup.session.locks import Locking, Locks
from rezup.session.places import Places
from rezup.session.wiring import Wiring
from support.wheels import write_rez, write_wheel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from support.world import Outcome, World

pytestmark = pytest.mark.skipif(os.name == "nt", reason="links and mounts of POSIX")

REZ = "[rez]\nname = 'rez'\n"
ISOLATED = "[[extension]]\nname = 't'\nurl = 't'\nisolation = true\n"


def made(outcome: Outcome) -> Outcome:
    assert outcome.code == 0, outcome.err
    return outcome


def wheel_name(package: str) -> str:
    return f"{package.replace('-', '_')}-1.0-py3-none-any.whl"


class Bench:
    """Recipes in a folder, locked by a builder that resolves nothing: what it finds is `answer`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "studio"
        self.cache = folder / "cache"
        for each in (self.folder, self.cache, folder / "home"):
            each.mkdir()
        self.answer: Mapping[str, Mapping[str, bytes]] = {}
        """Name of a lock -> package -> the bytes of its wheel."""
        self.failure: Callable[[Path], Exception] | None = None
        environ = {"HOME": str(folder / "home")}
        places = Places(environ, {}, folder / "home")
        self.locks = Locks(_Wiring(self, environ, places), places)

    def recipe(self, name: str, text: str = REZ) -> Path:
        path = self.folder / name
        path.write_text(text)
        return path

    def lock(self, recipe: str | Path, answer: Mapping[str, Mapping[str, bytes]], **options: Any) -> Locking:
        self.answer = answer
        return self.locks.lock(str(self.folder / recipe), **options)

    def wheels(self) -> list[str]:
        return sorted(path.name.partition("-")[0] for path in (self.folder / "wheels").iterdir())

    def names(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir() if not path.name.endswith("rezup.toml"))


class _Wiring(Wiring):
    def __init__(self, bench: Bench, environ: Mapping[str, str], places: Places) -> None:
        super().__init__(environ, Reporter(), places)
        self._bench = bench

    def builder(self, place: Any) -> Any:
        return _Builder(self._bench)


class _Builder:
    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def lock(self, recipe: Any, folder: Path, container: Any, **options: Any) -> LockedFolder:
        assert folder.is_dir()
        if self._bench.failure:
            raise self._bench.failure(folder)
        (folder / "wheels").mkdir()
        locks = {}
        for name, packages in self._bench.answer.items():
            found = []
            for package, data in packages.items():
                kept = self._bench.cache / hashlib.sha256(data).hexdigest()
                kept.write_bytes(data)
                place = folder / "wheels" / wheel_name(package)
                if not place.exists():
                    with contextlib.suppress(OSError):  # another disk
                        place.hardlink_to(kept)  # as a cache gives them out
                if not place.exists():
                    place.write_bytes(data)
                wheel = Wheel(wheel_name(package), kept.name)
                found.append(LockedPackage(package, "1.0", (wheel,)))
            locks[name] = Lock(tuple(found), "3.11", "cpython", ("linux-x86_64",))
        return LockedFolder(folder, {name: to_bytes(lock) for name, lock in locks.items()}, locks)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


class TestAFolderOfSeveralRecipes:
    def test_has_a_lock_for_each(self, bench: Bench) -> None:
        for name in ("rezup.toml", "a.toml", "b.c.toml"):
            bench.recipe(name)
        found = [
            bench.lock(name, {"pylock.toml": {}}).files[0].name
            for name in ("rezup.toml", "a.toml", "b.c.toml")
        ]
        assert found == ["pylock.toml", "pylock.a.toml", "pylock.b_c.toml"]

    def test_keeps_them_apart_in_another_folder_too(self, bench: Bench) -> None:
        bench.recipe("a.toml")
        bench.recipe("b.toml", f"lock = 'pylock.x.toml'\n{REZ}")
        for name in ("a.toml", "b.toml"):
            bench.lock(name, {"pylock.toml": {}}, output=bench.folder / "other")
        names = sorted(path.name for path in (bench.folder / "other").iterdir())
        assert names == ["pylock.a.toml", "pylock.x.toml"]

    def test_has_a_lock_for_the_isolated_tool_of_each(self, bench: Bench) -> None:
        answer: dict[str, dict[str, bytes]] = {"pylock.toml": {}, "pylock.t.toml": {}}
        for name in ("a.toml", "b.toml"):
            bench.recipe(name, REZ + ISOLATED)
        found = [path.name for name in ("a.toml", "b.toml") for path in bench.lock(name, answer).files]
        assert found == ["pylock.a.toml", "pylock.a-t.toml", "pylock.b.toml", "pylock.b-t.toml"]
        assert bench.lock("a.toml", answer).changes == ()

    def test_builds_by_the_locks_of_each(self, world: World) -> None:
        wheels = world.folder / "wheels"
        write_rez(wheels)
        write_wheel(wheels, "t", "1.0", {"t.py": "def main(): pass\n"}, scripts={"t": "t:main"})
        recipe = world.write(
            "studio/a.toml",
            f"lock = 'pylock.a.toml'\n{REZ}{ISOLATED}[pip]\noptions = ['--no-index', '--find-links={wheels}']\n",
        )
        made(world.rezup("lock", recipe))
        write_wheel(wheels, "t", "2.0", {"t.py": "def main(): pass\n"}, scripts={"t": "t:main"})
        made(world.rezup("add", "foo", "-f", recipe, "--skip-use"))
        lock = world.root / "foo" / world.stamps()[0] / "pylock.t.toml"
        assert lock.read_bytes() == (recipe.parent / "pylock.a-t.toml").read_bytes()

    @pytest.mark.parametrize("order", [("rezup.toml", "t.toml"), ("t.toml", "rezup.toml")])
    def test_refuses_a_tool_whose_lock_is_that_of_another_recipe(
        self, bench: Bench, order: tuple[str, str]
    ) -> None:
        bench.recipe("rezup.toml", REZ + ISOLATED)
        bench.recipe("t.toml")
        (bench.folder / "broken.toml").write_text("[")
        with pytest.raises(LockError, match=r"pylock\.t\.toml") as caught:
            bench.lock(order[0], {"pylock.toml": {}})
        assert caught.value.context is not None
        assert order[1] in caught.value.context
        assert not list(bench.folder.glob("pylock*"))
        bench.recipe("t.toml", f"lock = 'pylock.other.toml'\n{REZ}")
        for name in order:
            bench.lock(name, {"pylock.toml": {}})

    def test_may_have_one_lock_that_two_recipes_name(self, bench: Bench) -> None:
        for name in ("a.toml", "b.toml"):
            bench.recipe(name, f"lock = 'pylock.toml'\n{REZ}")
            assert bench.lock(name, {"pylock.toml": {}}).is_named

    def test_keeps_wheels_that_another_lock_names(self, bench: Bench) -> None:
        for name in ("a.toml", "b.toml"):
            bench.recipe(name)
        both = {"pylock.toml": {"t": b"t", "u": b"u"}}
        bench.lock("a.toml", both)
        bench.lock("b.toml", {"pylock.toml": {"t": b"t"}})
        bench.lock("a.toml", {"pylock.toml": {}})
        assert bench.wheels() == ["t"]
        bench.lock("b.toml", {"pylock.toml": {}})
        assert bench.wheels() == []

    def test_keeps_all_wheels_beside_a_lock_that_cannot_be_read(self, bench: Bench) -> None:
        bench.recipe("a.toml")
        bench.lock("a.toml", {"pylock.toml": {"t": b"t"}})
        (bench.folder / "pylock.b.toml").write_text("no lock")
        bench.lock("a.toml", {"pylock.toml": {}})
        assert bench.wheels() == ["t"]

    def test_is_told_of_locks_that_name_another_build_of_a_wheel(self, bench: Bench) -> None:
        for name in ("a.toml", "b.toml"):
            bench.recipe(name)
        bench.lock("a.toml", {"pylock.toml": {"t": b"old"}})
        assert bench.lock("b.toml", {"pylock.toml": {"t": b"old"}}).warnings == ()
        (told,) = bench.lock("b.toml", {"pylock.toml": {"t": b"new"}}).warnings
        assert "pylock.a.toml" in told
        assert wheel_name("t") in told

    def test_of_real_recipes_keeps_what_the_other_one_needs(self, world: World) -> None:
        wheels = world.folder / "wheels"
        write_rez(wheels)
        write_wheel(wheels, "t", "1.0", {"t.py": ""})
        text = (
            "lock = 'pylock.{0}.toml'\n[rez]\nname = 'rez'\nlib = [{1}]\n"
            f"[pip]\noptions = ['--no-index', '--find-links={wheels}']\n"
        )
        recipes = [world.write(f"studio/{name}.toml", text.format(name, "'t'")) for name in "ab"]
        for recipe in recipes:
            made(world.rezup("lock", recipe))
        recipes[0].write_text(text.format("a", ""))
        made(world.rezup("lock", recipes[0]))
        made(world.rezup("add", "foo", "-f", recipes[1], "--skip-use"))


class TestWriting:
    def test_leaves_wheels_alone_that_are_as_they_should_be(self, bench: Bench) -> None:
        bench.recipe("rezup.toml")
        bench.lock("rezup.toml", {"pylock.toml": {"t": b"t"}})
        before = (bench.folder / "wheels" / wheel_name("t")).stat()
        bench.lock("rezup.toml", {"pylock.toml": {"t": b"t"}})
        after = (bench.folder / "wheels" / wheel_name("t")).stat()
        assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)

    def test_replaces_a_wheel_at_once_and_shares_none_with_the_cache(
        self, bench: Bench, tmp_path: Path
    ) -> None:
        bench.recipe("rezup.toml")
        bench.lock("rezup.toml", {"pylock.toml": {"t": b"old"}})
        wheel = bench.folder / "wheels" / wheel_name("t")
        assert wheel.stat().st_nlink == 1
        (tmp_path / "reader").hardlink_to(wheel)
        bench.lock("rezup.toml", {"pylock.toml": {"t": b"new"}})
        assert wheel.read_bytes() == b"new"
        assert (tmp_path / "reader").read_bytes() == b"old"
        assert wheel.stat().st_nlink == 1

    def test_brings_wheels_then_locks_of_tools_then_that_of_rez(self, bench: Bench) -> None:
        bench.recipe("rezup.toml", REZ + ISOLATED)
        answer = {"pylock.toml": {"r": b"r"}, "pylock.t.toml": {"t": b"t"}}
        for name, there in (("pylock.t.toml", []), ("pylock.toml", ["pylock.t.toml"])):
            (bench.folder / name).mkdir()  # where the renaming ends
            with pytest.raises(StoreError):
                bench.lock("rezup.toml", answer)
            (bench.folder / name).rmdir()
            assert bench.names() == [*there, "wheels"]
            assert bench.wheels() == ["r", "t"]

    def test_stages_beside_the_lock_and_leaves_nothing(self, bench: Bench) -> None:
        bench.recipe("rezup.toml")
        seen = []

        def failure(folder: Path) -> Exception:
            seen.append(folder)
            return LockError("no")

        bench.failure = failure
        for output in (None, bench.folder / "new"):
            with pytest.raises(LockError):
                bench.lock("rezup.toml", {}, output=output)
        assert [path.parent for path in seen] == [bench.folder, bench.folder / "new"]
        assert all(path.name.startswith(".staging-") for path in seen)
        assert bench.names() == []

    def test_sweeps_what_a_killed_process_left(self, bench: Bench) -> None:
        bench.recipe("rezup.toml")
        dead = subprocess.run(
            [sys.executable, "-c", "from rezup.system import leftovers as l; print(l.new_name(l.STAGING))"],
            capture_output=True, text=True, check=True,
        ).stdout.strip()  # fmt: skip
        (bench.folder / dead).mkdir()
        os.utime(bench.folder / dead, (1, 1))
        bench.lock("rezup.toml", {"pylock.toml": {}})
        assert bench.names() == ["pylock.toml"]

    @pytest.mark.parametrize("is_wrapped", [False, True])
    def test_of_a_full_disk_blames_the_folder_that_is_full(self, bench: Bench, is_wrapped: bool) -> None:
        bench.recipe("rezup.toml")

        def failure(folder: Path) -> Exception:
            text = os.strerror(errno.ENOSPC)
            full = OSError(errno.ENOSPC, text, "/source.whl", None, str(folder / "wheels" / "x.whl"))
            if not is_wrapped:
                return full
            error = LockError("/source.whl can't be kept")
            error.__cause__ = OSError(errno.ENOSPC, text)
            return error

        bench.failure = failure
        with pytest.raises(StoreError) as caught:
            bench.lock("rezup.toml", {})
        assert caught.value.context == f"{bench.folder}: {os.strerror(errno.ENOSPC)}"
        assert "source" not in str(caught.value)

    def test_to_a_full_disk_changes_nothing(self, bench: Bench, small: Path) -> None:
        bench.recipe("rezup.toml", f"lock = '{small}/pylock.toml'\n{REZ}")
        bench.lock("rezup.toml", {"pylock.toml": {"t": b"old"}})
        before = (small / "pylock.toml").read_bytes()
        bench.cache.joinpath("big").write_bytes(b"x" * 300_000)
        bench.failure = lambda folder: _copied(bench.cache / "big", folder / "big")
        with pytest.raises(StoreError) as caught:
            bench.lock("rezup.toml", {})
        assert str(small) in str(caught.value)
        assert str(bench.cache) not in str(caught.value)
        assert sorted(path.name for path in small.iterdir()) == ["pylock.toml", "wheels"]
        assert (small / "pylock.toml").read_bytes() == before


def _copied(source: Path, target: Path) -> Exception:
    import shutil

    try:
        shutil.copyfile(source, target)
    except OSError as error:
        return error
    raise AssertionError("there was room")


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own."""
    folder = tmp_path / "small"
    folder.mkdir()
    options = ["-t", "tmpfs", "-o", "size=128k", "tmpfs", str(folder)]
    try:
        done = subprocess.run(["mount", *options], capture_output=True, check=False).returncode
    except FileNotFoundError:
        done = 1
    if done != 0:
        pytest.skip("needs to mount a disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


class TestADamagedLock:
    @pytest.mark.parametrize("content", ["", "no TOML", "lock-version = 1\n"])
    def test_is_replaced_by_a_full_upgrade_with_a_warning(self, bench: Bench, content: str) -> None:
        bench.recipe("rezup.toml")
        (bench.folder / "pylock.toml").write_text(content)
        found = bench.lock("rezup.toml", {"pylock.toml": {"t": b"t"}}, upgrade=())
        (told,) = found.warnings
        assert str(bench.folder / "pylock.toml") in told
        assert "replaced" in told
        assert bench.lock("rezup.toml", {"pylock.toml": {"t": b"t"}}).warnings == ()

    @pytest.mark.parametrize("upgrade", [None, ["t"]])
    def test_is_an_error_else_whose_hint_is_the_full_upgrade(
        self, bench: Bench, upgrade: list[str] | None
    ) -> None:
        recipe = bench.recipe("rezup.toml")
        (bench.folder / "pylock.toml").write_text("no lock")
        with pytest.raises(LockError) as caught:
            bench.lock("rezup.toml", {"pylock.toml": {"t": b"t"}}, upgrade=upgrade)
        assert caught.value.hint == f"`rezup lock {recipe} --upgrade` makes it anew"
        assert (bench.folder / "pylock.toml").read_text() == "no lock"

    def test_can_be_replaced_as_the_hint_says(self, world: World) -> None:
        world.recipe()
        lock = world.write("rezup.foo.lock/pylock.toml", "no lock")
        refused = world.rezup("lock", "foo")
        assert refused.code == 1
        assert "rezup lock foo --upgrade" in refused.err
        done = made(world.rezup("lock", "foo", "--upgrade", "--quiet"))
        assert "warning:" in done.err
        assert '"9.1.0"' in lock.read_text()


class TestUpgrade:
    @pytest.mark.parametrize("value", ["studio/rezup.toml", "rezup.toml", "studio/", "a\\b"])
    def test_of_a_recipe_says_how_it_is_meant(self, world: World, value: str) -> None:
        refused = world.rezup("lock", "--upgrade", value)
        assert refused.code == 2
        assert f"rezup lock {value} --upgrade" in refused.err

    @pytest.mark.parametrize("value", ["rez==3", ".main", "rez thing"])
    def test_of_what_is_no_name_is_a_usage_error(self, world: World, value: str) -> None:
        refused = world.rezup("lock", "foo", "--upgrade", value)
        assert refused.code == 2
        assert value in refused.err

    def test_of_a_package_that_is_not_locked_names_it(self, bench: Bench) -> None:
        bench.recipe("rezup.toml")
        answer = {"pylock.toml": {"rez": b"r", "a-thing": b"t"}}
        for _ in ("no lock yet", "a lock"):
            with pytest.raises(LockError, match="nosuchpkg") as caught:
                bench.lock("rezup.toml", answer, upgrade=["rez", "nosuchpkg"])
            assert "did you mean" not in str(caught.value)
            bench.lock("rezup.toml", answer)
        with pytest.raises(LockError, match="did you mean a-thing"):
            bench.lock("rezup.toml", answer, upgrade=["a-thin"])
        bench.lock("rezup.toml", answer, upgrade=["A_Thing"])

    def test_of_everything_wins_over_that_of_a_package(self, world: World) -> None:
        wheels = world.folder / "wheels"
        write_wheel(wheels, "thing", "1.0", {"thing.py": ""})
        world.recipe(extra="lib = ['thing']")
        made(world.rezup("lock", "foo"))
        write_wheel(wheels, "thing", "2.0", {"thing.py": ""})
        assert "thing 1.0 -> 2.0" in made(world.rezup("lock", "foo", "--upgrade", "rez", "--upgrade")).err


class TestDiff:
    def old(self, world: World, container: str = "foo") -> str:
        """A revision that rezup 2.x made."""
        folder = world.root / container / "revisions" / "1619780350.58"
        folder.mkdir(parents=True)
        (folder / "rezup.toml").write_text(
            '[rez]\nname = "rez"\nurl = "rez>=2.80"\n[[extension]]\nname = "a b/c"\n'
        )
        (folder / "revision.json").write_text('{"rezup_version": "2.6.0", "venvs": ["rez"]}')
        return f"{container}@{folder.name}"

    def test_of_revisions_here_needs_no_remote_root(self, world: World) -> None:
        world.revision("foo", "1795268965.83")
        world.revision("foo", "1795268966.83")
        world.variables["REZUP_ROOT_REMOTE"] = str(world.folder / "gone")
        found = made(world.rezup("diff", "foo@-1", "foo", "--json")).data
        assert found["before"]["name"] == "foo@1795268965.83"
        assert found["after"]["name"] == "foo@1795268966.83"

    def test_knows_revisions_of_rezup_2(self, world: World) -> None:
        world.revision("foo", "1795268966.83")
        before = self.old(world)
        found = made(world.rezup("diff", before, "foo"))
        assert "rez.url = rez>=2.80" in found.out
        assert f"{before} has no lock" in found.err

    def test_says_once_that_there_is_no_lock_and_only_recipes_are_the_same(self, world: World) -> None:
        before = self.old(world)
        found = made(world.rezup("diff", before, before))
        assert found.err.count("has no lock") == 1
        assert "their recipes are the same" in found.err
