"""What machines and containers share: one environment in the cache, whatever becomes of the cache; and no secrets."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from rezup.cache.environments import BUCKET, Environments
from rezup.stores.base import RECEIPT
from support.package_index import Index, write_index
from support.wheels import write_extension, write_rez, write_wheel
from support.world import Outcome, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="scripts of POSIX")
pytest_plugins = ["support.upgrade_faults"]

CANARIES = ("us3r-canary", "s3cr3t-canary", "t0ken-canary", "an0ther-canary")


class Studio:
    """A share with one revision and its wheels, and machines that have one cache and no index."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "studio"
        self.cache = folder / "cache"
        self.root.mkdir()

    def machine(self, name: str, *, cache: Path | None = None) -> World:
        machine = World(self.folder / name)
        machine.variables |= {
            "REZUP_ROOT_REMOTE": str(self.root),
            "REZUP_CACHE_DIR": str(cache or self.cache),
            "PIP_NO_INDEX": "1",
        }
        return machine

    def publish(self, *names: str) -> None:
        """One revision of each name, all of the same lock."""
        machine = self.machine("publisher", cache=self.folder / "another cache")
        write_rez(self.folder / "wheels")
        machine.variables["PIP_FIND_LINKS"] = str(self.folder / "wheels")
        for name in names:
            recipe = machine.write(f"rezup.{name}.toml", "[rez]\nname = 'rez'\n")
            made(machine.rezup("add", name, "-f", recipe, "--remote", "--wheelhouse", "--skip-use"))
        shutil.rmtree(self.folder / "wheels")

    @property
    def environments(self) -> list[Path]:
        """Those in the cache."""
        store = Environments(self.cache)
        return [store.folder(key) for key in store.names()]


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path)


def made(outcome: Outcome) -> Outcome:
    assert outcome.code == 0, outcome.err
    return outcome


def environment(machine: World, container: str = "foo") -> Path:
    (stamp,) = machine.stamps(container)
    return machine.root / container / stamp / "venv" / "rez"


def module(environment: Path) -> Path:
    (found,) = environment.glob("lib/python*/site-packages/rez/cli.py")
    return found


def cloned(machine: World, container: str = "foo") -> str:
    """How the environment came out of the cache."""
    receipt = json.loads((environment(machine, container).parents[1] / RECEIPT).read_bytes())
    (each,) = receipt["environments"]
    return str(each["cloned"])


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink()
    }


class TestOneLock:
    @pytest.mark.skipif(sys.platform == "darwin", reason="data is shared there, and not files")
    def test_is_one_environment_on_the_disk_for_two_containers(self, studio: Studio) -> None:
        studio.publish("foo", "bar")
        machine = studio.machine("one")
        made(machine.rezup("use", "foo", "--", "rez"))
        made(machine.rezup("use", "bar", "--", "rez"))
        (kept,) = studio.environments
        foo, bar = environment(machine), environment(machine, "bar")
        if cloned(machine).startswith("reflink"):
            pytest.skip("a disk that shares data, and not files")
        assert module(foo).stat().st_ino == module(bar).stat().st_ino
        assert module(foo).stat().st_ino == module(kept / "tree").stat().st_ino
        own = [p for p in bar.rglob("*") if p.is_file() and not p.is_symlink() and p.stat().st_nlink < 3]
        assert sum(p.stat().st_size for p in own) < 10_000

    def test_is_another_environment_for_another_lock(self, studio: Studio) -> None:
        studio.publish("foo")
        machine = studio.machine("one")
        made(machine.rezup("use", "foo", "--", "rez"))
        write_rez(studio.folder / "more", "9.2.0")
        machine.write("rezup.bar.toml", "[rez]\nname = 'rez'\n")
        machine.variables["PIP_FIND_LINKS"] = str(studio.folder / "more")
        made(machine.rezup("use", "bar", "--", "rez"))
        assert len(studio.environments) == 2
        assert module(environment(machine)).stat().st_ino != module(environment(machine, "bar")).stat().st_ino


class TestManyAtOnce:
    @pytest.mark.parametrize("count", [4, pytest.param(16, marks=pytest.mark.slow)])
    def test_machines_with_one_cache_make_one_environment(self, studio: Studio, count: int) -> None:
        studio.publish("foo")
        machines = [studio.machine(f"m{number}") for number in range(count)]
        told = together([(machine, ("-v", "use", "foo", "--offline", "--", "rez")) for machine in machines])
        assert sum("making the environment rez" in err for err in told) == 1
        assert sum("taken from the cache" in err for err in told) == count - 1
        (kept,) = studio.environments
        assert Environments(studio.cache).damage(kept.name) == []
        assert len({str(sorted(digests(environment(machine)).items())) for machine in machines}) == 1
        assert [path.name for path in (studio.cache / BUCKET).iterdir() if ".staging" in path.name] == []

    @pytest.mark.parametrize("count", [4, pytest.param(16, marks=pytest.mark.slow)])
    def test_processes_on_one_machine_make_one_revision(self, studio: Studio, count: int) -> None:
        studio.publish("foo")
        machine = studio.machine("one")
        told = together([(machine, ("-v", "use", "foo", "--offline", "--", "rez"))] * count)
        assert sum("the cache (" in err for err in told) == 1
        assert len(studio.environments) == 1
        made(machine.rezup("use", "foo", "--", "rez"))
        assert len(machine.stamps()) == 1
        assert [path.name for path in (machine.root / "foo").iterdir() if ".staging" in path.name] == []

    def test_a_bundle_that_is_unpacked_many_times_at_once_is_one_revision(self, studio: Studio) -> None:
        studio.publish("foo")
        made(studio.machine("writer").rezup("bundle", "foo", studio.folder / "foo.rezup"))
        machine = studio.machine("one")
        together([(machine, ("unbundle", studio.folder / "foo.rezup", "--offline"))] * 4)
        assert len(machine.stamps()) == 1
        assert len(studio.environments) == 1
        made(machine.rezup("use", "foo", "--", "rez"))


def together(runs: list[tuple[World, tuple[str | Path, ...]]]) -> list[str]:
    """Start all, and have each end well; what they say."""
    started = [machine.start(*arguments) for machine, arguments in runs]
    ended = [(process.communicate(timeout=240), process.returncode) for process in started]
    assert Counter(code for _, code in ended) == {0: len(runs)}, [streams for streams, code in ended if code]
    return [streams[1] for streams, _ in ended]


class TestAPoisonedEnvironment:
    POISON = b"def main():\n    print('poison')\n"

    @pytest.mark.parametrize(
        "change",
        ["written", *(pytest.param(each, marks=pytest.mark.slow) for each in ("replaced", "removed"))],
    )
    def test_of_the_cache_is_made_anew_by_who_pulls(self, studio: Studio, change: str) -> None:
        studio.publish("foo")
        one, two = studio.machine("one"), studio.machine("two")
        one.write(".config/rezup/config.toml", 'link_mode = "copy"\n')  # so that it stays as it was
        made(one.rezup("use", "foo", "--", "rez"))
        (kept,) = studio.environments
        poison(module(kept / "tree"), change, self.POISON)
        outcome = made(two.rezup("use", "foo", "--", "rez"))
        assert "is damaged" in outcome.err
        assert module(environment(one)).relative_to(environment(one)).as_posix() in outcome.err
        assert digests(environment(one)) == digests(environment(two))
        assert one.rezup("cache", "verify").code == 0

    def test_that_looks_as_before_is_found_by_its_hash_and_made_anew(self, studio: Studio) -> None:
        studio.publish("foo")
        one, two = studio.machine("one"), studio.machine("two")
        one.write(".config/rezup/config.toml", 'link_mode = "copy"\n')
        made(one.rezup("use", "foo", "--", "rez"))
        (kept,) = studio.environments
        victim = module(kept / "tree")
        status = victim.stat()
        poison(victim, "written", self.POISON + b"#" * (status.st_size - len(self.POISON)))
        os.utime(victim, ns=(status.st_atime_ns, status.st_mtime_ns))
        found = two.rezup("cache", "verify")
        assert found.code == 1
        assert victim.relative_to(kept / "tree").as_posix() in found.out
        two.rezup("cache", "verify", "--fix")
        made(two.rezup("use", "foo", "--", "rez"))
        assert digests(environment(one)) == digests(environment(two))

    def test_is_handed_to_nobody_though_many_pull_at_once(self, studio: Studio) -> None:
        studio.publish("foo")
        one, *others = (studio.machine(f"m{number}") for number in range(4))
        one.write(".config/rezup/config.toml", 'link_mode = "copy"\n')
        made(one.rezup("use", "foo", "--", "rez"))
        (kept,) = studio.environments
        poison(module(kept / "tree"), "written", self.POISON)
        together([(machine, ("use", "foo", "--offline", "--", "rez")) for machine in others])
        assert {str(sorted(digests(environment(each)).items())) for each in others} == {
            str(sorted(digests(environment(one)).items()))
        }
        assert len(studio.environments) == 1


def poison(path: Path, change: str, data: bytes) -> None:
    if change == "written":
        path.chmod(0o644)
        path.write_bytes(data)
    else:
        path.unlink()
        if change == "replaced":
            path.write_bytes(data)


class TestACache:
    def test_that_is_no_folder_is_done_without(self, studio: Studio) -> None:
        studio.publish("foo")
        studio.cache.write_text("a file of somebody")
        machine = studio.machine("one")
        made(machine.rezup("use", "foo", "--", "rez"))
        assert studio.cache.read_text() == "a file of somebody"
        assert cloned(machine) == ""

    @pytest.mark.parametrize("bucket", [BUCKET, "wheels-v1", "bytecode-v1"])
    def test_of_which_one_part_is_no_folder_is_done_without(self, studio: Studio, bucket: str) -> None:
        studio.publish("foo")
        studio.cache.mkdir()
        (studio.cache / bucket).write_text("a file of somebody")
        machine = studio.machine("one")
        made(machine.rezup("use", "foo", "--", "rez"))
        assert (studio.cache / bucket).read_text() == "a file of somebody"
        assert (cloned(machine) == "") == (bucket == BUCKET)

    def test_that_may_only_be_read_is_done_without(self, studio: Studio, mount: Callable[..., None]) -> None:
        studio.publish("foo")
        mount(studio.cache, "-t", "tmpfs", "-o", "ro", "tmpfs")
        machine = studio.machine("one")
        made(machine.rezup("use", "foo", "--", "rez"))
        assert cloned(machine) == ""

    def test_that_may_only_be_read_gives_what_it_has(
        self, studio: Studio, mount: Callable[..., None]
    ) -> None:
        studio.publish("foo")
        mount(studio.cache, "-t", "tmpfs", "tmpfs")
        made(studio.machine("one").rezup("use", "foo", "--", "rez"))
        subprocess.run(["mount", "-o", "remount,ro", studio.cache], check=True)
        machine = studio.machine("two")
        outcome = made(machine.rezup("use", "foo", "--", "rez"))
        assert "installing" not in outcome.err
        assert cloned(machine).startswith("copy")

    @pytest.mark.parametrize("size", ["64k", "1m", "8m"])
    def test_that_is_full_is_done_without(
        self, studio: Studio, mount: Callable[..., None], size: str
    ) -> None:
        studio.publish("foo")
        mount(studio.cache, "-t", "tmpfs", "-o", f"size={size}", "tmpfs")
        machine = studio.machine("one")
        outcome = made(machine.rezup("use", "foo", "--", "rez"))
        assert "Traceback" not in outcome.err
        assert studio.environments == []
        made(machine.rezup("use", "foo", "--", "rez"))
        assert list((studio.cache / BUCKET).glob(".staging-*")) == []

    def test_on_another_disk_is_copied_from(self, studio: Studio, mount: Callable[..., None]) -> None:
        studio.publish("foo")
        mount(studio.cache, "-t", "tmpfs", "tmpfs")
        one, two = studio.machine("one"), studio.machine("two")
        for machine in (one, two):
            made(machine.rezup("use", "foo", "--", "rez"))
            assert cloned(machine).startswith("copy")
            assert module(environment(machine)).stat().st_nlink == 1
        assert len(studio.environments) == 1
        module(environment(one)).write_text("changed in place")
        assert two.rezup("cache", "verify").code == 0
        assert digests(environment(one)) != digests(environment(two))

    @pytest.mark.parametrize("size", ["2m", "8m"])
    def test_does_not_hide_that_the_disk_of_the_revisions_is_full(
        self, studio: Studio, mount: Callable[..., None], size: str
    ) -> None:
        studio.publish("foo")
        machine = studio.machine("one")
        mount(machine.root, "-t", "tmpfs", "-o", f"size={size}", "tmpfs")
        outcome = machine.rezup("use", "foo", "--", "rez")
        assert outcome.code == 1
        assert "hint:" in outcome.err
        assert "Traceback" not in outcome.err
        assert machine.stamps() == []
        assert [path for path in machine.root.rglob("*") if path.is_file() and path.stat().st_size] == []


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    folder = tmp_path / "index"
    wheels = tmp_path / "index wheels"
    write_rez(wheels)
    write_extension(wheels)
    write_wheel(wheels, "lib", "1.0", {"lib.py": ""})
    write_index(folder, wheels, query=f"?sign={CANARIES[3]}")
    with Index(folder, [":".join(CANARIES[:2])]).serving() as served:
        yield served


#: Ways to tell an installer of an index: variables of the machine, and lines of a recipe.
WAYS = {
    "variable": ({"PIP_INDEX_URL": "http://{login}@{place}/"}, ""),
    "option": ({"LOGIN": "{login}", "PIP_INDEX_URL": ""}, "options = ['--index-url=http://${{LOGIN}}@{place}/']"),
    "variable of a recipe": ({"URL": "http://{login}@{place}/"}, "env = {{ PIP_INDEX_URL = '${{URL}}' }}"),
    "query": (
        {"PIP_INDEX_URL": "http://{login}@{place}/", "URL": "http://{place}/?token=t0ken-canary"},
        "options = ['--find-links=${{URL}}']",
    ),
}  # fmt: skip


@pytest.mark.parametrize("backend", ["uv", pytest.param("pip", marks=pytest.mark.slow)])
@pytest.mark.parametrize("way", WAYS)
def test_no_secret_of_an_index_is_written_down(studio: Studio, index: Index, way: str, backend: str) -> None:
    variables, line = WAYS[way]
    filled = {"login": ":".join(CANARIES[:2]), "place": index.place}
    machine = studio.machine("one")
    del machine.variables["PIP_NO_INDEX"]
    machine.variables |= {name: value.format_map(filled) for name, value in variables.items() if value}
    machine.write(
        "rezup.foo.toml",
        "[rez]\nname = 'rez'\nlib = ['lib']\n[[extension]]\nname = 'rez-thing'\nisolation = true\n"
        f"[installer]\nbackend = '{backend}'\n[pip]\n{line.format_map(filled)}\n",
    )
    bundle = studio.folder / "foo.rezup"
    outcomes = [
        made(machine.rezup("-D", "lock", "foo", "--json")),
        made(machine.rezup("-D", "add", "foo", "--remote", "--wheelhouse", "--skip-use", "--json")),
        made(machine.rezup("-D", "add", "foo", "--skip-use", "--json")),
        made(machine.rezup("bundle", "foo", bundle)),
        made(machine.rezup("recipe", "show", "foo")),
    ]
    machine.write(
        "rezup.bad.toml", (machine.home / "rezup.foo.toml").read_text().replace("'lib'", "'nosuch'")
    )
    for arguments in (("lock", "bad"), ("add", "bad", "--remote", "--wheelhouse")):
        outcomes.append(machine.rezup("-D", *arguments))
        assert outcomes[-1].code == 1
    assert index.logins[True] > 4
    told = [
        text for each in outcomes for text in (each.out, each.err) for canary in CANARIES if canary in text
    ]
    assert told == []
    assert written(studio.folder) == []


@pytest.mark.parametrize("stage", [b"401", b"half"])
def test_no_secret_is_left_by_a_build_that_fails(studio: Studio, index: Index, stage: bytes) -> None:
    """A password that isn't accepted, and a wheel that is cut off."""
    machine = studio.machine("one")
    del machine.variables["PIP_NO_INDEX"]
    login = ":".join(CANARIES[:2]) if stage == b"half" else ":".join(CANARIES[2:])
    machine.variables["PIP_INDEX_URL"] = f"http://{login}@{index.place}/"
    if stage == b"half":
        for path in (studio.folder / "index").glob("lib/*.whl"):
            path.write_bytes(path.read_bytes()[:100])
    machine.write("rezup.foo.toml", "[rez]\nname = 'rez'\nlib = ['lib']\n")
    for arguments in (("use", "foo"), ("add", "foo", "--remote", "--wheelhouse")):
        outcome = machine.rezup("-D", *arguments)
        assert outcome.code == 1
        assert [canary for canary in CANARIES if canary in outcome.err + outcome.out] == []
    assert written(studio.folder) == []
    assert not (studio.root / "foo").exists()


def written(folder: Path) -> list[str]:
    """Files and links with a secret in them or in their names, but for the index and uv's own cache."""
    found = []
    for path in folder.rglob("*"):
        if path.is_relative_to(folder / "index") or path.is_relative_to(folder / "one/home/.cache/uv"):
            continue
        if path.is_symlink():
            data = os.readlink(path).encode()
        else:
            data = path.read_bytes() if path.is_file() else b""
        if any(canary.encode() in data or canary in path.name for canary in CANARIES):
            found.append(str(path.relative_to(folder)))
    return found
