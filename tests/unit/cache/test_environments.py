"""Environments go into the store and come out of it as they were, or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from typing import TYPE_CHECKING, Any

import pytest

from rezup.cache.entry import LEASE, MANIFEST, TREE, USED
from rezup.cache.environments import Environments
from rezup.cache.manifest import DamagedError
from rezup.errors import CacheError
from rezup.reporting import Reporter
from support.environments import build, content, wanted

if TYPE_CHECKING:
    from pathlib import Path

needs_posix = pytest.mark.skipif(os.name == "nt", reason="files are not linked there")


class Listener(Reporter):
    def __init__(self) -> None:
        self.warnings: list[str] = []

    def warning(self, message: str) -> None:
        self.warnings.append(message)


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
def store(tmp_path: Path, listener: Listener) -> Environments:
    return Environments(tmp_path / "cache", reporter=listener)


def never(target: Path) -> dict[str, Any]:
    raise AssertionError(f"{target} is built although it is there")


@pytest.mark.parametrize("link", [True, False])
def test_a_clone_is_what_was_built_with_byte_code_links_times_and_modes(
    store: Environments, tmp_path: Path, link: bool
) -> None:
    build(tmp_path / "plain")
    first = store.provide(wanted(), build, tmp_path / "one", link=link)
    again = store.provide(wanted(), never, tmp_path / "two", link=link)
    assert (first.was_there, again.was_there) == (False, True)
    assert first.facts == again.facts == {"tools": ["tool"]}
    for made in ("one", "two"):
        assert content(tmp_path / made) == content(tmp_path / "plain")
        assert int((tmp_path / made / "lib/site/module.py").stat().st_mtime) == 1_600_000_000
        assert os.access(tmp_path / made / "bin/tool", os.X_OK)
        assert not os.access(tmp_path / made / "lib/site/module.py", os.X_OK)
    assert sum(first.cloned.counts.values()) == 4


@needs_posix
def test_a_linked_file_is_read_only_and_a_copied_one_its_owners(store: Environments, tmp_path: Path) -> None:
    store.provide(wanted(), build, tmp_path / "linked")
    store.provide(wanted(), build, tmp_path / "copied", link=False)
    linked, copied = (tmp_path / name / "lib/site/module.py" for name in ("linked", "copied"))
    if linked.stat().st_nlink > 1:
        assert linked.stat().st_mode & 0o222 == 0
    assert copied.stat().st_nlink == 1
    assert copied.stat().st_mode & 0o200


@pytest.mark.parametrize("link", [True, False])
def test_a_file_replaced_in_one_clone_changes_nothing_elsewhere(
    store: Environments, tmp_path: Path, link: bool
) -> None:
    for name in ("one", "two"):
        store.provide(wanted(), build, tmp_path / name, link=link)
    before = content(tmp_path / "two")
    new = tmp_path / "new"
    new.write_text("VALUE = 2\n")
    new.replace(tmp_path / "one/lib/site/module.py")
    (tmp_path / "one/bin/tool").unlink()
    assert content(tmp_path / "two") == before
    assert store.damage(wanted().key) == []


@needs_posix
def test_a_file_written_in_place_through_a_link_is_found_and_never_handed_on(
    store: Environments, tmp_path: Path, listener: Listener
) -> None:
    store.provide(wanted(), build, tmp_path / "one")
    victim = tmp_path / "one/lib/site/module.py"
    if victim.stat().st_nlink == 1:
        pytest.skip("this disk shares data without sharing files")
    victim.chmod(0o644)
    victim.write_text("VALUE = 6666\n")
    assert store.damage(wanted().key) == ["lib/site/module.py was changed"]
    made = store.provide(wanted(), build, tmp_path / "two")
    assert not made.was_there
    assert (tmp_path / "two/lib/site/module.py").read_text() == "VALUE = 1\n"
    assert "module.py was changed" in listener.warnings[0]
    assert store.damage(wanted().key) == []


@needs_posix
def test_a_write_in_place_that_keeps_the_size_is_told_by_its_time(
    store: Environments, tmp_path: Path
) -> None:
    store.environment(wanted(), build).release()
    victim = store.folder(wanted().key) / TREE / "lib/site/module.py"
    victim.chmod(0o644)
    victim.write_text("VALUE = 9\n")
    assert not store.provide(wanted(), build, tmp_path / "one").was_there
    assert (tmp_path / "one/lib/site/module.py").read_text() == "VALUE = 1\n"


@needs_posix
def test_a_copy_isolates_the_store_from_writing_in_place(store: Environments, tmp_path: Path) -> None:
    store.provide(wanted(), build, tmp_path / "one", link=False)
    (tmp_path / "one/lib/site/module.py").write_text("VALUE = 6666\n")
    assert store.damage(wanted().key) == []


def test_a_poisoned_file_is_found_by_its_hash_even_with_its_size_and_time(
    store: Environments, tmp_path: Path
) -> None:
    store.environment(wanted(), build).release()
    victim = store.folder(wanted().key) / TREE / "lib/site/module.py"
    status = victim.stat()
    victim.chmod(0o644)
    victim.write_text("VALUE = 9\n")
    os.utime(victim, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert store.damage(wanted().key) == ["lib/site/module.py was changed"]


def damage_lease(folder: Path) -> None:
    (folder / LEASE).unlink()


def damage_manifest(folder: Path) -> None:
    data = (folder / MANIFEST).read_bytes()
    (folder / MANIFEST).write_bytes(data[: len(data) // 2])


def empty_manifest(folder: Path) -> None:
    (folder / MANIFEST).write_bytes(b"")


def damage_file(folder: Path) -> None:
    (folder / TREE / "bin/tool").unlink()


def file_for_pipe(folder: Path) -> None:
    (folder / TREE / "bin/tool").unlink()
    os.mkfifo(folder / TREE / "bin/tool")


def file_for_link(folder: Path) -> None:
    (folder / TREE / "bin/tool").unlink()
    (folder / TREE / "bin/tool").symlink_to("/etc/passwd")


def open_manifest(folder: Path) -> None:
    (folder / MANIFEST).chmod(0o666)


def foreign_manifest(folder: Path) -> None:
    data = (folder / MANIFEST).read_bytes()
    _forge(folder, data, lambda document: document.update(key="0" * 64))


def leading_out(folder: Path) -> None:
    data = (folder / MANIFEST).read_bytes()
    row = ["../lease", 0, int((folder / LEASE).stat().st_mtime), ""]
    _forge(folder, data, lambda document: document["files"].append(row))


def _forge(folder: Path, data: bytes, change: Any) -> None:
    magic, _, body = data.split(b"\n", 2)
    document = json.loads(body)
    change(document)
    body = json.dumps(document).encode()
    (folder / MANIFEST).write_bytes(magic + b"\n" + hashlib.sha256(body).hexdigest().encode() + b"\n" + body)


@needs_posix
@pytest.mark.parametrize(
    "damage",
    [
        damage_lease, damage_manifest, empty_manifest, damage_file, file_for_pipe, file_for_link, open_manifest,
        foreign_manifest, leading_out,
    ],
)  # fmt: skip
def test_damage_reads_as_absent_and_the_environment_is_made_anew(
    store: Environments, tmp_path: Path, listener: Listener, damage: Any
) -> None:
    store.environment(wanted(), build).release()
    damage(store.folder(wanted().key))
    made = store.provide(wanted(), build, tmp_path / "one")
    assert not made.was_there
    build(tmp_path / "plain")
    assert content(tmp_path / "one") == content(tmp_path / "plain")
    assert len(listener.warnings) == 1
    assert store.provide(wanted(), never, tmp_path / "two").was_there
    assert [path.name for path in store.bucket.iterdir() if path.name.startswith(".")] == []


@needs_posix
def test_an_entry_of_another_user_is_not_trusted_in_ones_own_store(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs to give a file away")
    store, shared = Environments(tmp_path), Environments(tmp_path, own_only=False)
    store.environment(wanted(), build).release()
    os.chown(store.folder(wanted().key) / MANIFEST, 4711, -1)
    found = shared.find(wanted().key)
    assert found is not None
    found.release()
    assert store.find(wanted().key) is None


def test_a_build_that_fails_leaves_nothing(store: Environments) -> None:
    def fails(target: Path) -> dict[str, Any]:
        build(target)
        raise LookupError("no")

    with pytest.raises(LookupError):
        store.environment(wanted(), fails)
    assert store.names() == []
    assert [path.name for path in store.bucket.iterdir()] == ["CACHEDIR.TAG"]


def test_a_target_that_exists_is_left_alone(store: Environments, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/file").write_text("mine")
    with pytest.raises(FileExistsError):
        store.provide(wanted(), build, tmp_path / "mine")
    assert content(tmp_path / "mine") == {"file": b"mine"}


def test_a_clone_that_fails_half_way_leaves_no_half_environment(store: Environments, tmp_path: Path) -> None:
    with store.environment(wanted(), build) as found:
        (found.tree / "bin/tool").unlink()
        with pytest.raises(DamagedError):
            found.clone(tmp_path / "one")
    assert not (tmp_path / "one").exists()


@needs_posix
def test_what_is_held_is_not_removed_and_goes_when_it_is_let_go(store: Environments) -> None:
    with store.environment(wanted(), build):
        assert not store.remove(wanted().key, now=1e12)
        assert store.names() == [wanted().key]
    assert store.remove(wanted().key, now=1e12)
    assert store.names() == []
    assert store.remove(wanted().key, now=1e12)


@needs_posix
def test_where_nothing_tells_who_uses_it_an_entry_is_spared_for_a_while(
    store: Environments, monkeypatch: pytest.MonkeyPatch
) -> None:
    import errno
    import fcntl

    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOLCK, "no locks here")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    store.environment(wanted(), build).release()
    used = store.last_use(wanted().key).seconds
    assert not store.remove(wanted().key, now=used + 60)
    assert store.remove(wanted().key, now=used + 86400)


def test_replacing_gives_the_new_one_and_a_clone_of_the_old_notices(
    store: Environments, tmp_path: Path
) -> None:
    def other(target: Path) -> dict[str, Any]:
        build(target)
        (target / "bin/other").write_text("")
        return {}

    old = store.environment(wanted(), build)
    new = store.put(wanted(), other, replace=True)
    assert new is not None
    with old, pytest.raises(DamagedError):
        old.clone(tmp_path / "one")
    store.discard(old, "it was replaced")
    new.release()
    store.provide(wanted(), never, tmp_path / "two")
    assert (tmp_path / "two/bin/other").exists()


def test_the_loser_of_a_race_takes_the_entry_of_the_winner(store: Environments) -> None:
    first = store.put(wanted(), build, replace=False)
    second = store.put(wanted(), build, replace=False)
    assert first is not None
    assert second is not None
    assert second.was_there
    assert second.identity == first.identity
    first.release()
    second.release()
    assert {path.name for path in store.bucket.iterdir()} == {"CACHEDIR.TAG", wanted().key}


def test_what_a_killed_builder_left_goes_when_it_is_old(store: Environments) -> None:
    store.environment(wanted(), build).release()
    names = {
        ".staging-00000000-1-deadbeef": True,
        ".trash-00000000-1-deadbeef": True,
        f".{'0' * 64}.lock": False,
    }
    for when, rest in ((None, 3), (1e9, 0)):
        for name, is_folder in names.items():
            path = store.bucket / name
            path.mkdir(exist_ok=True) if is_folder else path.touch()
            if when is not None:
                os.utime(path, (when, when))
        store.sweep()
        assert sum((store.bucket / name).exists() for name in names) == rest
    assert store.names() == [wanted().key]


def test_a_use_that_cannot_be_read_was_never(store: Environments) -> None:
    store.environment(wanted(), build).release()
    assert store.last_use(wanted().key).seconds > 1_700_000_000
    (store.folder(wanted().key) / USED).write_text("[]")
    assert store.last_use(wanted().key) == (0.0, "")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="root writes anywhere but on Linux's /proc")
def test_a_store_that_cannot_be_written_is_an_error_with_a_hint() -> None:
    from pathlib import Path

    with pytest.raises(CacheError) as caught:
        Environments(Path("/proc/nowhere")).environment(wanted(), build)
    assert caught.value.hint


def test_only_keys_name_folders(store: Environments) -> None:
    with pytest.raises(ValueError, match="up"):
        store.folder("../up")
