"""The store of environments keeps its promises with and without locks, links and a lock by key."""

from __future__ import annotations

import errno
import os
import shutil
import threading
from typing import TYPE_CHECKING, Any

import pytest

from rezup.cache.environments import Environments, Provided
from rezup.errors import CacheError
from rezup.system.files import seal_tree
from support.environments import build, content, wanted

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(params=["locks", "no locks"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Environments:
    """A store, on a disk with locks and on one that has none."""
    if request.param == "no locks":
        if os.name == "nt":
            pytest.skip("other locks there")
        import fcntl

        def refuse(*_: Any) -> None:
            raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

        monkeypatch.setattr(fcntl, "flock", refuse)
    return Environments(tmp_path / "cache", lock_timeout=30)


def at_once(work: Any, count: int = 16) -> list[Any]:
    """Call `work` with each number at the same time; gives the answers."""
    answers: list[Any] = [None] * count
    barrier = threading.Barrier(count)

    def run(number: int) -> None:
        barrier.wait()
        try:
            answers[number] = work(number)
        except BaseException as error:  # noqa: BLE001 - told by the caller's comparison
            answers[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


@pytest.mark.parametrize("link", [True, False])
def test_all_that_ask_at_once_get_the_whole_environment_and_one_is_kept(
    store: Environments, tmp_path: Path, link: bool, request: pytest.FixtureRequest
) -> None:
    built = []

    def slow(target: Path) -> dict[str, Any]:
        built.append(target)
        return build(target)

    answers = at_once(lambda n: store.provide(wanted(), slow, tmp_path / f"clone{n}", link=link))
    assert [type(answer) for answer in answers] == [Provided] * 16
    build(tmp_path / "plain")
    for number in range(16):
        assert content(tmp_path / f"clone{number}") == content(tmp_path / "plain")
    assert store.names() == [wanted().key]
    assert store.damage(wanted().key) == []
    assert [path for path in store.bucket.iterdir() if path.name.startswith((".staging", ".trash"))] == []
    if request.node.callspec.params["store"] == "locks":
        assert len(built) == 1


def test_damage_that_many_meet_at_once_is_mended_for_all(store: Environments, tmp_path: Path) -> None:
    store.environment(wanted(), build).release()
    victim = store.folder(wanted().key) / "tree/bin/tool"
    victim.chmod(0o755)
    victim.write_text("something else")
    answers = at_once(lambda n: store.provide(wanted(), build, tmp_path / f"clone{n}"), 8)
    assert [type(answer) for answer in answers] == [Provided] * 8
    texts = {(tmp_path / f"clone{n}/bin/tool").read_text() for n in range(8)}
    assert texts == {"#!/bin/sh\necho tool\n"}
    assert store.damage(wanted().key) == []


def test_different_environments_do_not_wait_for_each_other(store: Environments, tmp_path: Path) -> None:
    both = threading.Barrier(2)

    def together(target: Path) -> dict[str, Any]:
        both.wait(timeout=60)
        return build(target)

    answers = at_once(lambda n: store.provide(wanted(str(n)), together, tmp_path / f"clone{n}"), 2)
    assert [type(answer) for answer in answers] == [Provided] * 2


@pytest.mark.skipif(os.name == "nt", reason="files are not linked there")
def test_publishing_a_clone_leaves_the_files_of_the_store_read_only(
    store: Environments, tmp_path: Path
) -> None:
    store.provide(wanted(), build, tmp_path / "clone")
    seal_tree(tmp_path / "clone")
    for path in (store.folder(wanted().key) / "tree").rglob("*"):
        if path.is_file() and not path.is_symlink():
            assert path.stat().st_mode & 0o222 == 0
    assert os.access(tmp_path / "clone/bin/tool", os.X_OK)
    assert store.provide(wanted(), build, tmp_path / "again").was_there


def test_a_disk_that_is_full_is_told_in_one_line(store: Environments, tmp_path: Path) -> None:
    reason = f"[Errno {errno.ENOSPC}] No space left on device"

    def fill(target: Path) -> dict[str, Any]:
        build(target)
        raise shutil.Error([(f"/from/{n}", f"/to/{n}", reason) for n in range(5000)])

    with pytest.raises(CacheError) as caught:
        store.provide(wanted(), fill, tmp_path / "clone")
    assert caught.value.context == reason
