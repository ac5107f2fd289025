"""The same revision everywhere: locks, wheels beside them, and what happens when a byte changes."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from rezup.stores.base import RECEIPT
from support.wheels import write_extension, write_rez, write_wheel
from support.world import Outcome, World

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="scripts of POSIX")


def digests(folder: Path) -> dict[str, str]:
    """Every file of a tree, links as what they lead to."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            found[name] = f"-> {os.readlink(path)}"
        elif path.is_file():
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def newest(world: World, container: str = "foo") -> Path:
    return world.root / container / world.stamps(container)[0]


def made(outcome: Outcome) -> Outcome:
    assert outcome.code == 0, outcome.err
    return outcome


class Studio:
    """A share with a remote root and a folder of wheels, and machines."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "studio"
        self.wheels = self.root / "wheels"
        self.root.mkdir(parents=True)
        write_rez(self.wheels)

    def machine(self, name: str) -> World:
        machine = World(self.folder / name)
        machine.variables["REZUP_ROOT_REMOTE"] = str(self.root)
        return machine

    def recipe(self, machine: World, extra: str = "", *, version: str = ">=9") -> Path:
        return machine.write(
            "rezup.foo.toml",
            f"{extra}\n[rez]\nname = 'rez'\nurl = 'rez{version}'\n"
            f"[pip]\noptions = ['--no-index', '--find-links={self.wheels}']\n",
        )

    def publish(self, machine: World, *options: str) -> Outcome:
        return machine.rezup("add", "foo", "--remote", "--skip-use", *options)

    def revision(self) -> Path:
        (found,) = (path for path in (self.root / "foo").iterdir() if path.name[0].isdigit())
        return found


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path)


class TestARevision:
    def test_has_its_locks_and_the_wheels_that_no_index_has(self, world: World) -> None:
        world.recipe()
        made(world.rezup("add", "foo", "--skip-use"))
        folder = newest(world)
        receipt = json.loads((folder / RECEIPT).read_bytes())
        data = (folder / "pylock.toml").read_bytes()
        assert receipt["locks"] == {"pylock.toml": hashlib.sha256(data).hexdigest()}
        names = sorted(path.name for path in (folder / "wheels").iterdir())
        assert [name.split("-")[0] for name in names] == ["pip", "rez"]
        for name in names:
            assert hashlib.sha256((folder / "wheels" / name).read_bytes()).hexdigest() in data.decode()

    def test_of_the_same_lock_comes_out_of_the_cache(self, world: World) -> None:
        world.recipe()
        first = made(world.rezup("add", "foo", "--skip-use", "-v"))
        second = made(world.rezup("add", "foo", "--skip-use", "-v"))
        assert "built in the cache" in first.err
        assert "taken from the cache" in second.err
        one, other = (digests(world.root / "foo" / stamp / "venv") for stamp in world.stamps())
        assert one == other
        receipt = json.loads((newest(world) / RECEIPT).read_bytes())
        assert receipt["environments"][0]["cloned"].split(" (")[0] in ("reflink", "hard link", "copy")
        assert made(world.rezup("use", "foo", "--", "rez")).code == 0

    def test_of_a_lock_and_the_cache_imports_nothing_that_only_a_build_needs(self, world: World) -> None:
        recipe = world.recipe()
        recipe.write_text("lock = 'pylock.toml'\n" + recipe.read_text())
        made(world.rezup("lock", str(recipe)))
        made(world.rezup("add", "foo", "--skip-use"))
        code = (
            "import sys, click\n"
            "before = set(sys.modules)\n"
            "from rezup_cli.main import main\n"
            "assert main(['add', 'foo', '--skip-use']) == 0\n"
            "print(*sorted(set(sys.modules) - before))\n"
        )
        # A measurement of coverage would load modules of its own.
        environment = {n: value for n, value in world.environ.items() if not n.startswith("COVERAGE_")}
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=environment, cwd=world.home, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert len(world.stamps()) == 2
        loaded = set(done.stdout.splitlines()[-1].split())
        assert "rezup.cache.cloning" in loaded
        assert not {each.split(".")[0] for each in loaded} & {
            "packaging", "filelock", "subprocess", "shutil", "tempfile", "logging", "concurrent", "difflib",
            "dataclasses", "getpass", "ssl",
        }  # fmt: skip
        building = {"backend", "bytecode", "environments", "locked", "locking", "scripts", "virtualenv_pip"}
        assert not {f"rezup.installers.{each}" for each in building} & loaded

    def test_is_isolated_where_that_is_asked_for(self, world: World) -> None:
        world.recipe()
        world.write(".config/rezup/config.toml", 'link_mode = "copy"\n')
        for _ in range(2):
            made(world.rezup("add", "foo", "--skip-use"))
        inodes = [
            {p.stat().st_ino for p in (world.root / "foo" / s / "venv").rglob("*.py")} for s in world.stamps()
        ]
        assert not inodes[0] & inodes[1]

    def test_of_several_environments_has_a_lock_for_each(self, world: World) -> None:
        write_extension(world.folder / "wheels")
        extra = '[[extension]]\nname = "rez.thing"\nurl = "rez-thing"\nisolation = true\n'
        world.recipe(extra=extra)
        made(world.rezup("add", "foo", "--skip-use"))
        names = sorted(path.name for path in newest(world).glob("pylock*"))
        assert names == ["pylock.rez_thing.toml", "pylock.toml"]

    def test_of_a_source_tells_what_it_was_built_from(self, world: World, tmp_path: Path) -> None:
        from support.wheels import write_project

        project = tmp_path / "thing"
        write_project(project, "thing", "1.0", {"thing.py": "def main(): pass\n"}, {"thing": "thing:main"})
        world.recipe(extra=f"[[extension]]\nname = 'thing'\nurl = '{project}'\n")
        made(world.rezup("add", "foo", "--skip-use"))
        (origin,) = json.loads((newest(world) / RECEIPT).read_bytes())["built_from"]
        assert origin["source"] == str(project)
        assert len(origin["digest"]) == 64
        before = newest(world)
        shutil.rmtree(project)  # the revision doesn't need it any more
        (before / "venv" / "rez" / "bin" / "python").unlink()
        made(world.rezup("use", "foo", "--", "rez"))


class TestAMachineThatPulls:
    def test_gets_the_very_files_of_another_one(self, studio: Studio) -> None:
        one, two = studio.machine("one"), studio.machine("two")
        studio.recipe(one)
        made(studio.publish(one))
        made(one.rezup("use", "foo", "--", "rez"))
        write_rez(studio.wheels, "9.5.0")  # what would be taken today
        made(two.rezup("use", "foo", "--", "rez"))
        assert digests(newest(one) / "venv") == digests(newest(two) / "venv")
        assert (newest(one) / "pylock.toml").read_bytes() == (studio.revision() / "pylock.toml").read_bytes()
        assert newest(two).name == studio.revision().name

    def test_needs_no_index_where_there_is_a_wheelhouse(self, studio: Studio) -> None:
        one, two = studio.machine("one"), studio.machine("two")
        studio.recipe(one)
        made(studio.publish(one, "--wheelhouse"))
        shutil.rmtree(studio.wheels)
        made(two.rezup("use", "foo", "--offline", "--", "rez"))

    def test_refuses_a_wheel_of_which_a_byte_changed(self, studio: Studio) -> None:
        one, two = studio.machine("one"), studio.machine("two")
        studio.recipe(one)
        made(studio.publish(one))
        (wheel,) = (studio.root / ".wheels").glob("*/rez-*.whl")
        wheel.chmod(0o644)
        data = bytearray(wheel.read_bytes())
        data[-1] ^= 1
        wheel.write_bytes(data)
        shutil.rmtree(studio.wheels)
        refused = two.rezup("use", "foo", "--", "rez")
        assert refused.code == 1
        assert wheel.name in refused.err
        assert wheel.parent.name in refused.err  # the hash that is wanted
        assert hashlib.sha256(data).hexdigest() in refused.err
        assert two.stamps() == []
        assert (
            not (two.root / "foo").exists()
            or [p for p in (two.root / "foo").iterdir() if p.name[0].isdigit()] == []
        )

    def test_refuses_a_lock_of_which_a_byte_changed(self, studio: Studio) -> None:
        one, two = studio.machine("one"), studio.machine("two")
        studio.recipe(one)
        made(studio.publish(one))
        lock = studio.revision() / "pylock.toml"
        text = lock.read_text()
        lock.write_text(text.replace("9.1.0", "9.1.1", 1))
        refused = two.rezup("use", "foo", "--", "rez")
        assert refused.code == 1
        assert "pylock.toml" in refused.err
        assert hashlib.sha256(text.encode()).hexdigest() in refused.err
        assert hashlib.sha256(lock.read_bytes()).hexdigest() in refused.err
        assert two.stamps() == []

    def test_is_told_when_the_lock_is_not_for_it(self, studio: Studio) -> None:
        one, two = studio.machine("one"), studio.machine("two")
        studio.recipe(one, "platforms = ['macos-arm64']")
        made(studio.publish(one, "--no-verify"))
        refused = two.rezup("use", "foo", "--", "rez")
        assert refused.code == 1
        assert "darwin-arm64" in refused.err
        assert "platforms" in refused.err

    def test_rebuilds_by_the_lock_of_the_studio_even_if_its_own_copy_was_changed(
        self, studio: Studio
    ) -> None:
        one, two = studio.machine("one"), studio.machine("two")
        studio.recipe(one)
        made(studio.publish(one))
        made(two.rezup("use", "foo", "--", "rez"))
        before = newest(two)
        (before / "pylock.toml").write_text((before / "pylock.toml").read_text() + "# mine\n")
        (before / "venv" / "rez" / "bin" / "python").unlink()
        write_rez(studio.wheels, "9.5.0")
        made(two.rezup("use", "foo", "--", "rez"))
        assert (before / "pylock.toml").read_bytes() == (studio.revision() / "pylock.toml").read_bytes()
        assert two.stamps() == [before.name]

    def test_does_not_rebuild_under_the_name_of_the_studio_what_nobody_locked(self, studio: Studio) -> None:
        one, two = studio.machine("one"), studio.machine("two")
        studio.recipe(one)
        made(studio.publish(one))
        made(two.rezup("use", "foo", "--", "rez"))
        (newest(two) / "pylock.toml").unlink()
        (newest(two) / "venv" / "rez" / "bin" / "python").unlink()
        shutil.move(studio.root, studio.folder / "gone")
        refused = two.rezup("use", "foo", "--", "rez")
        assert refused.code == 1
        assert not (newest(two) / "pylock.toml").exists()

    def test_builds_a_revision_that_an_older_rezup_published_without_a_lock(self, studio: Studio) -> None:
        one, two = studio.machine("one"), studio.machine("two")
        studio.recipe(one)
        made(studio.publish(one))
        receipt = json.loads((studio.revision() / RECEIPT).read_bytes())
        del receipt["locks"], receipt["built_from"]
        (studio.revision() / RECEIPT).write_text(json.dumps(receipt))
        (studio.revision() / "pylock.toml").unlink()
        made(two.rezup("use", "foo", "--", "rez"))
        assert (newest(two) / "pylock.toml").is_file()


class TestLock:
    def test_is_made_without_building_and_revisions_are_made_by_it(self, world: World) -> None:
        recipe = world.write(
            "studio/rezup.toml",
            "lock = 'pylock.toml'\n[rez]\nname = 'rez'\nurl = 'rez>=9'\n"
            f"[pip]\noptions = ['--no-index', '--find-links={world.folder / 'wheels'}']\n",
        )
        write_rez(world.folder / "wheels", "9.1.0")
        found = made(world.rezup("lock", recipe, "--json")).data
        assert found["files"] == [str(recipe.parent / "pylock.toml")]
        assert found["is_named"]
        assert {each["name"]: each["kind"] for each in found["changes"]} == {"pip": "added", "rez": "added"}
        assert not world.root.exists() or world.stamps() == []
        write_rez(world.folder / "wheels", "9.2.0")
        made(world.rezup("add", "foo", "-f", recipe, "--skip-use"))
        assert (newest(world) / "pylock.toml").read_bytes() == (recipe.parent / "pylock.toml").read_bytes()
        assert '"9.1.0"' in (newest(world) / "pylock.toml").read_text()

    def test_keeps_versions_until_an_upgrade(self, world: World) -> None:
        wheels = world.folder / "wheels"
        write_rez(wheels, "9.1.0")
        write_wheel(wheels, "thing", "1.0", {"thing.py": ""})
        recipe = world.write(
            "studio/rezup.toml",
            "lock = 'pylock.toml'\n[rez]\nname = 'rez'\nurl = 'rez'\nlib = ['thing']\n"
            f"[pip]\noptions = ['--no-index', '--find-links={wheels}']\n",
        )
        made(world.rezup("lock", recipe))
        write_rez(wheels, "9.2.0")
        write_wheel(wheels, "thing", "2.0", {"thing.py": ""})
        assert made(world.rezup("lock", recipe, "--json")).data["changes"] == []
        (only,) = made(world.rezup("lock", recipe, "--upgrade", "thing", "--json")).data["changes"]
        assert (only["name"], only["before"], only["after"]) == ("thing", "1.0", "2.0")
        rest = made(world.rezup("lock", recipe, "--upgrade")).err
        assert "rez 9.1.0 -> 9.2.0" in rest

    def test_that_does_not_fit_its_recipe_is_refused_before_anything_is_built(self, world: World) -> None:
        wheels = world.folder / "wheels"
        write_rez(wheels, "9.1.0")
        text = (
            "lock = 'pylock.toml'\n[rez]\nname = 'rez'\nurl = '{}'\n"
            f"[pip]\noptions = ['--no-index', '--find-links={wheels}']\n"
        )
        recipe = world.write("studio/rezup.toml", text.format("rez"))
        made(world.rezup("lock", recipe))
        recipe.write_text(text.format("rez>=9.2"))
        refused = world.rezup("add", "foo", "-f", recipe, "--skip-use")
        assert refused.code == 1
        assert "rez>=9.2" in refused.err
        assert "hint:" in refused.err
        assert world.stamps() == []

    def test_is_what_is_published_where_the_recipe_names_one(self, studio: Studio) -> None:
        one = studio.machine("one")
        recipe = studio.recipe(one, "lock = 'pylock.toml'")
        made(one.rezup("lock", recipe, "--output", recipe.parent))
        write_rez(studio.wheels, "9.5.0")
        made(studio.publish(one))
        assert (studio.revision() / "pylock.toml").read_bytes() == (
            recipe.parent / "pylock.toml"
        ).read_bytes()

    def test_that_does_not_cover_the_platforms_of_its_recipe_is_refused(self, studio: Studio) -> None:
        one = studio.machine("one")
        recipe = studio.recipe(one, "lock = 'pylock.toml'")
        made(one.rezup("lock", recipe, "--output", recipe.parent))
        studio.recipe(one, "lock = 'pylock.toml'\nplatforms = ['linux', 'macos']")
        refused = studio.publish(one)
        assert refused.code == 1
        assert "darwin-arm64" in refused.err
        assert "rezup lock" in refused.err
        assert not (studio.root / "foo").exists()

    def test_that_is_missing_is_an_error_with_a_hint(self, world: World) -> None:
        recipe = world.write("studio/rezup.toml", "lock = 'pylock.toml'\n[rez]\nname = 'rez'\nurl = 'rez'\n")
        refused = world.rezup("add", "foo", "-f", recipe, "--skip-use")
        assert refused.code == 1
        assert "rezup lock" in refused.err


class TestDiff:
    def test_tells_what_changed_between_revisions_and_recipes(self, world: World) -> None:
        world.recipe(version="9.1.0")
        made(world.rezup("add", "foo", "--skip-use"))
        world.recipe(version="9.2.0", extra='[env]\nMODE = "show"\n')
        made(world.rezup("add", "foo", "--skip-use"))
        found = made(world.rezup("diff", "foo@-1", "foo", "--json")).data
        (package,) = found["packages"]
        assert (package["name"], package["before"], package["after"], package["kind"]) == (
            "rez", "9.1.0", "9.2.0", "changed",
        )  # fmt: skip
        assert {each["key"] for each in found["recipe"]} == {"env.MODE", "rez.url"}
        text = made(world.rezup("diff", "foo@-1", "foo"))
        assert "~ rez 9.1.0 -> 9.2.0" in text.out
        same = made(world.rezup("diff", "foo", "foo"))
        assert same.out == ""
        assert "the same" in same.err


class TestBundle:
    def test_makes_the_same_revision_where_there_is_nothing(self, studio: Studio, tmp_path: Path) -> None:
        one, two = studio.machine("one"), World(tmp_path / "two")
        studio.recipe(one)
        made(studio.publish(one))
        made(one.rezup("use", "foo", "--", "rez"))
        made(one.rezup("bundle", "foo", tmp_path / "foo.rezup"))
        shutil.rmtree(studio.wheels)
        made(two.rezup("unbundle", tmp_path / "foo.rezup", "--offline"))
        assert two.stamps() == one.stamps()
        assert digests(newest(one) / "venv") == digests(newest(two) / "venv")
        made(two.rezup("use", "foo", "--", "rez"))

    def test_can_be_published_elsewhere(self, studio: Studio, tmp_path: Path) -> None:
        one = studio.machine("one")
        studio.recipe(one)
        made(one.rezup("add", "foo", "--skip-use"))
        made(one.rezup("bundle", "foo", tmp_path / "foo.rezup"))
        other = Studio(tmp_path / "elsewhere")
        two, three = other.machine("two"), other.machine("three")
        made(two.rezup("unbundle", tmp_path / "foo.rezup", "--remote", "--name", "bar"))
        shutil.rmtree(studio.wheels)
        shutil.rmtree(other.wheels)
        made(three.rezup("use", "bar", "--offline", "--", "rez"))

    def test_takes_wheels_from_the_remote_root_where_there_is_no_index(
        self, studio: Studio, tmp_path: Path
    ) -> None:
        one, two = studio.machine("one"), studio.machine("two")
        studio.recipe(one)
        made(studio.publish(one, "--wheelhouse"))
        made(two.rezup("use", "foo", "--", "rez"))
        shutil.rmtree(studio.wheels)
        shutil.rmtree(two.home / ".cache")
        made(two.rezup("bundle", "foo", tmp_path / "foo.rezup", "--offline"))
        three = World(tmp_path / "three")
        made(three.rezup("unbundle", tmp_path / "foo.rezup"))
        made(three.rezup("use", "foo", "--", "rez"))

    def test_asks_no_index_even_if_its_recipe_names_one(self, studio: Studio, tmp_path: Path) -> None:
        """A wheel is missing in it: that is told, and nobody is asked for it."""
        import socket
        import zipfile

        one, two = studio.machine("one"), World(tmp_path / "two")
        del one.variables["REZUP_ROOT_REMOTE"]
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.settimeout(0.2)
            recipe = studio.recipe(one)
            text = recipe.read_text().replace(
                "'--no-index'", f"'--index-url=http://127.0.0.1:{server.getsockname()[1]}/simple'"
            )
            made(one.rezup("add", "foo", "--skip-use"))
            bundle = tmp_path / "foo.rezup"
            made(one.rezup("bundle", "foo", bundle))
            with zipfile.ZipFile(bundle) as archive:
                content = {name: archive.read(name) for name in archive.namelist() if "/rez-" not in name}
            content["rezup.toml"] = text.encode()
            about = json.loads(content.pop("bundle.json"))
            about["members"] = {
                name: {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
                for name, data in content.items()
            }
            content["bundle.json"] = json.dumps(about).encode()
            with zipfile.ZipFile(bundle, "w") as archive:
                for name, data in sorted(content.items()):
                    archive.writestr(name, data)
            two.variables["REZUP_ROOT_REMOTE"] = str(studio.root)
            for options in ([], ["--remote"]):
                refused = two.rezup("unbundle", bundle, *options)
                assert refused.code == 1
                assert "rez-9.1.0" in refused.err
            with pytest.raises(TimeoutError):
                server.accept()
        assert two.stamps() == []
        assert not (studio.root / "foo").exists()

    def test_with_a_changed_byte_is_refused(self, studio: Studio, tmp_path: Path) -> None:
        one, two = studio.machine("one"), World(tmp_path / "two")
        studio.recipe(one)
        made(one.rezup("add", "foo", "--skip-use"))
        bundle = tmp_path / "foo.rezup"
        made(one.rezup("bundle", "foo", bundle))
        data = bytearray(bundle.read_bytes())
        data[len(data) // 2] ^= 1
        bundle.write_bytes(data)
        refused = two.rezup("unbundle", bundle)
        assert refused.code == 1
        assert two.stamps() == []
