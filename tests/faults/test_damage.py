"""Files that are cut at any byte, or zero-filled, as after a power failure; and those of a newer rezup."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import pytest

from rezup.cache.manifest import DamagedError, Manifest, read_manifest, record_tree
from rezup.containers import locked
from rezup.containers import receipt as receipts
from rezup.errors import HashMismatchError, RezupError
from rezup.recipes.names import ContainerName
from rezup.reporting import Reporter
from rezup.session import Session
from rezup.stores.base import PIN, RECEIPT, RECIPE
from rezup.stores.remote import RemoteStore
from rezup.stores.stamps import Stamp
from support.environments import build
from support.faulty import sampled
from support.world import fake_receipt

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.world import World

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX")

FOO = ContainerName("foo")
GOOD, NEWEST = "100.000000", "200.000000"

#: What takes longer is damaged in so many ways in the ordinary suite, and in all ways in the long one.
FORMS = [100, pytest.param(None, marks=[pytest.mark.slow, pytest.mark.timeout(1200)])]


class Warnings(Reporter):
    """Keeps what was warned of."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def warning(self, message: str) -> None:
        self.texts.append(message)


class Taken(NamedTuple):
    """What `use` would have started."""

    stamp: str
    warnings: list[str]


def use(world: World) -> Taken:
    """What `use foo` does until it starts something, in this process: there are thousands of them."""
    reporter = Warnings()
    session = Session.create(environ=world.environ, reporter=reporter)
    acquired = session.acquire(session.place("foo"))
    acquired.hold.release()
    return Taken(str(acquired.revision.stamp), reporter.texts)


def damages(data: bytes) -> Iterator[bytes]:
    """Cut at every byte, and zeros from every byte on; of the length that it had."""
    for end in range(len(data)):
        yield data[:end]
        if any(data[end:]):
            yield data[:end] + bytes(len(data) - end)


@contextmanager
def each_damage(path: Path, most: int | None = None) -> Iterator[Iterator[bytes]]:
    """Damage a file in all ways, or in an even choice of them; it is well again in the end."""
    data = path.read_bytes()

    def damaged() -> Iterator[bytes]:
        ways = list(damages(data))
        for number in sampled(len(ways), most):
            path.write_bytes(ways[number])
            yield ways[number]

    try:
        yield damaged()
    finally:
        path.write_bytes(data)


def is_same_document(text: bytes, data: bytes) -> bool:
    """Whether only the line end is missing."""
    return text.rstrip() == data.rstrip()


@pytest.fixture
def studio(world: World) -> Path:
    root = world.folder / "studio"
    root.mkdir()
    world.variables["REZUP_ROOT_REMOTE"] = str(root)
    lock = b"lock-version = '9.0'\n"
    receipt = fake_receipt(
        "foo", kind=receipts.RECIPE, locks={"pylock.toml": hashlib.sha256(lock).hexdigest()}
    ).to_bytes()
    for stamp in (GOOD, NEWEST):
        files = {RECIPE: b"[rez]\nname = 'rez'\n", "pylock.toml": lock, RECEIPT: receipt}
        RemoteStore(root).publish(FOO, files, Stamp(stamp))
    world.revision("foo", GOOD, origin="remote")
    return root


class TestAReceipt:
    @pytest.mark.parametrize("most", FORMS)
    def test_of_this_machine_leads_to_the_last_good_revision(self, world: World, most: int | None) -> None:
        world.revision("foo", GOOD)
        path = world.revision("foo", NEWEST) / RECEIPT
        data = path.read_bytes()
        with each_damage(path, most) as ways:
            for text in ways:
                taken = use(world)
                if is_same_document(text, data):
                    assert taken == (NEWEST, [])
                else:
                    assert taken.stamp == GOOD, text
                    (warning,) = taken.warnings
                    assert NEWEST in warning
        assert use(world) == (NEWEST, [])

    @pytest.mark.parametrize("most", FORMS)
    def test_of_the_only_revision_is_a_clear_error(self, world: World, most: int | None) -> None:
        folder = world.revision("foo", NEWEST)
        (folder / RECIPE).write_bytes(b"no recipe")  # else it would be built anew
        data = (folder / RECEIPT).read_bytes()
        with each_damage(folder / RECEIPT, most) as ways:
            for text in ways:
                if not is_same_document(text, data):
                    with pytest.raises(RezupError):
                        use(world)

    @pytest.mark.parametrize("most", FORMS)
    def test_of_the_remote_root_leads_to_the_last_good_revision(
        self, world: World, studio: Path, most: int | None
    ) -> None:
        path = studio / "foo" / NEWEST / RECEIPT
        data = path.read_bytes()
        with each_damage(path, most and most // 4) as ways:
            for text in ways:
                if is_same_document(text, data):
                    continue
                shutil.rmtree(world.home / ".local", ignore_errors=True)  # each failure is the first one
                taken = use(world)
                assert taken.stamp == GOOD, text
                (warning,) = taken.warnings
                assert NEWEST in warning

    @pytest.mark.parametrize("where", ["local", "remote"])
    @pytest.mark.parametrize(
        "way", ["half", *(pytest.param(way, marks=pytest.mark.slow) for way in ("empty", "zeros", "garbage"))]
    )
    def test_on_the_command_line(self, world: World, studio: Path, where: str, way: str) -> None:
        path = studio / "foo" / NEWEST / RECEIPT
        if where == "local":
            path = world.revision("foo", NEWEST, origin="remote") / RECEIPT
        data = path.read_bytes()
        path.write_bytes(
            {
                "empty": b"",
                "half": data[: len(data) // 2],
                "zeros": bytes(len(data)),
                "garbage": b"\xff" * 99,
            }[way]
        )
        outcome = world.rezup("use", "foo", "--", "rez")
        assert (outcome.code, outcome.out) == (0, f"rez of {GOOD}\n"), outcome.err
        assert outcome.err.count("warning:") == 1
        for words in (["list"], ["list", "foo"], ["status", "foo"], ["doctor"]):
            assert "Traceback" not in world.rezup(*words).err
        again = world.rezup("use", "foo", "--", "rez")
        assert (again.out, again.err.count("warning:")) == (outcome.out, 1)
        alone = world.rezup("use", f"foo@{NEWEST}", "--", "rez")
        assert alone.code == 1
        assert "hint:" in alone.err


@pytest.mark.parametrize("where", ["local", "remote"])
def test_a_pin_that_names_no_revision_is_told_of(world: World, studio: Path, where: str) -> None:
    world.revision("foo", NEWEST, origin="remote")
    path = (world.root if where == "local" else studio) / "foo" / PIN
    path.write_text(f"{GOOD}\n")
    assert use(world) == (GOOD, [])
    with each_damage(path) as ways:
        for text in ways:
            taken = use(world)
            if text.strip() == GOOD.encode():
                assert taken == (GOOD, [])
            else:
                assert taken.stamp == NEWEST
                (warning,) = taken.warnings
                assert str(path) in warning


class TestWhatIsRemembered:
    """Damaged it is as if it wasn't there; nobody is told of that, since it is written anew."""

    @pytest.mark.parametrize("most", FORMS)
    def test_of_a_remote_that_is_away(self, world: World, studio: Path, most: int | None) -> None:
        world.revision("foo", NEWEST, origin="remote")
        (studio / "foo" / PIN).write_text(GOOD)
        assert use(world) == (GOOD, [])
        studio.rename(world.folder / "away")
        away = f"the remote root {studio} is unreachable; using foo@"
        assert use(world) == (GOOD, [f"{away}{GOOD}, pinned there when it was last seen"])
        never_seen = (NEWEST, [f"{away}{NEWEST}, the newest known here"])
        (path,) = (world.home / ".cache/rezup/remotes-v1").glob("foo-*")
        whole = path.read_bytes()
        with each_damage(path, most and most // 4) as ways:
            for _ in ways:
                assert use(world) == never_seen
        changes = (
            (b'"100.000000"', b'"10000000000"'),
            (b'"listing": {', b'"listing": 5, "x": {'),
            (b'"pin": "', b'"pin": "x'),
        )
        for before, after in changes:
            assert before in whole
            path.write_bytes(whole.replace(before, after))
            assert use(world).stamp == NEWEST
        path.write_bytes(b"[" * 100_000)
        assert use(world) == never_seen

    @pytest.mark.parametrize("most", FORMS)
    def test_of_the_configuration(self, world: World, most: int | None) -> None:
        world.revision("foo", GOOD)
        world.write(".config/rezup/config.toml", "[root]\nlocal = '~/elsewhere'\n")
        world.write("rezup.foo.toml", "[rez]\nname = 'rez'\n[root]\nlocal = '~/.rezup'\n")
        for name in (".config/rezup/config.toml", "rezup.foo.toml"):
            os.utime(world.home / name, (1e9, 1e9))
        assert use(world) == (GOOD, [])
        kept = [path for path in (world.home / ".cache/rezup").rglob("*.json") if path.is_file()]
        assert len(kept) == 2
        for path in kept:
            with each_damage(path, most) as ways:
                for text in ways:
                    assert use(world) == (GOOD, []), text
                    assert path.read_bytes() != text  # mended at once

    @pytest.mark.parametrize("most", FORMS)
    def test_of_failed_builds(self, world: World, studio: Path, most: int | None) -> None:
        assert use(world).stamp == GOOD
        (path,) = (world.home / ".local/state/rezup").rglob("foo-*.json")
        with each_damage(path, most and most // 4) as ways:
            for _ in ways:
                taken = use(world)
                assert taken.stamp == GOOD
                assert len(taken.warnings) == 1
        path.write_bytes(b"[" * 100_000)
        assert use(world).stamp == GOOD


def test_a_manifest_of_the_cache_is_damaged_at_once(tmp_path: Path) -> None:
    facts = build(tmp_path / "tree")
    path = tmp_path / "manifest"
    path.write_bytes(
        Manifest("k", 1.0, "h", {}, facts, record_tree(tmp_path / "tree", seal=False)).to_bytes()
    )
    read_manifest(path, own_only=True)
    with each_damage(path) as ways:
        for _ in ways:
            with pytest.raises(DamagedError):
                read_manifest(path, own_only=True)
    path.write_bytes(path.read_bytes().replace(b'"key":"k"', b'"key":"l"'))
    with pytest.raises(DamagedError, match="changed"):
        read_manifest(path, own_only=True)


def test_a_lock_is_not_what_was_published(studio: Path) -> None:
    remote, stamp = RemoteStore(studio), Stamp(NEWEST)
    digests = receipts.parse(remote.read(FOO, stamp, RECEIPT) or b"").locks

    def read() -> locked.GivenLocks | None:
        return locked.of_revision(
            digests, lambda name: remote.read(FOO, stamp, name), lambda wheel: None, "it"
        )

    assert read() is not None
    with each_damage(remote.folder(FOO, stamp) / "pylock.toml") as ways:
        for _ in ways:
            with pytest.raises(HashMismatchError):
                read()


class TestANewerRezup:
    """What it made is passed over, and left as it is to the byte."""

    @staticmethod
    def state(folder: Path) -> dict[str, tuple[object, ...]]:
        found: dict[str, tuple[object, ...]] = {}
        for path in sorted([folder, *folder.rglob("*")]):
            status = path.lstat()
            content = path.read_bytes() if path.is_file() and not path.is_symlink() else None
            found[str(path)] = (status.st_mode, status.st_uid, status.st_ino, status.st_mtime_ns, content)
        return found

    def test_is_not_built_over_by_what_the_studio_has_under_its_name(
        self, world: World, studio: Path
    ) -> None:
        path = world.revision("foo", NEWEST, origin="remote") / RECEIPT
        path.write_bytes(path.read_bytes().replace(b'"format": 1', b'"format": 2'))
        before = self.state(path.parent)
        for words in (["use", "foo", "--", "rez"], ["use", f"foo@{NEWEST}", "--", "rez"]):
            outcome = world.rezup(*words)
            assert outcome.code == (0 if words[1] == "foo" else 1)
            assert "format 2" in outcome.err
            assert "building" not in outcome.err
            assert self.state(path.parent) == before

    def test_is_left_alone_by_all_commands(self, world: World, studio: Path) -> None:
        folder = world.revision("foo", NEWEST, origin="remote")
        newer = (folder / RECEIPT).read_bytes().replace(b'"format": 1', b'"format": 2, "more": [1]')
        (folder / RECEIPT).write_bytes(newer)
        on_share = studio / "foo" / NEWEST
        text = (on_share / RECEIPT).read_bytes().replace(b'"format": 1', b'"format": 2')
        (on_share / RECEIPT).write_bytes(text)
        os.utime(folder, (1e9, 1e9))  # so old that anything else of it would be cleaned up
        before = self.state(folder), self.state(on_share)
        for _ in range(2):
            outcome = world.rezup("use", "foo", "--", "rez")
            assert (outcome.code, outcome.out) == (0, f"rez of {GOOD}\n"), outcome.err
            assert outcome.err.count("warning:") == 1
        for words in (
            ["list"], ["list", "foo"], ["status", "foo"], ["check", "foo"], ["doctor"], ["doctor", "--fix"],
            ["drop", f"foo@{NEWEST}", "--yes"], ["pin", f"foo@{NEWEST}"], ["pin", f"foo@{NEWEST}", "--remote"],
            ["prune", "foo", "--keep", "1", "--older-than", "0d", "--yes"], ["use", f"foo@{NEWEST}", "--", "rez"],
            ["drop", "foo", "--yes"],
        ):  # fmt: skip
            outcome = world.rezup(*words)
            assert "Traceback" not in outcome.err
            assert outcome.code in ((0,) if words[0] in ("list", "status") else (0, 1, 2, 3)), outcome.err
            assert (self.state(folder), self.state(on_share)) == before, words
        assert world.stamps() == [NEWEST]
