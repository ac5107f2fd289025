"""A disk that makes no links, or not this one, still gets a whole clone."""

from __future__ import annotations

import errno
import os
import sys
from typing import TYPE_CHECKING, Any

import pytest

from rezup.cache.environments import Environments
from rezup.system.cloning import COPY, LINK, REFLINK
from support.environments import build, content, wanted

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="files are not linked there")


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Environments:
    """A store on a disk without reflinks."""
    import fcntl

    def refuse(*_: Any) -> None:
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))

    monkeypatch.setattr(fcntl, "ioctl", refuse)
    made = Environments(tmp_path / "cache")
    made.environment(wanted(), build).release()
    return made


def failing_link(monkeypatch: pytest.MonkeyPatch, code: int, name: str) -> list[str]:
    """Let links of files whose path ends like this fail; gives the names that were tried."""
    tried: list[str] = []
    real = os.link

    def link(source: str, target: str, **options: Any) -> None:
        tried.append(os.path.basename(source))
        if source.endswith(name):
            raise OSError(code, os.strerror(code), source, None, target)
        real(source, target, **options)

    monkeypatch.setattr(os, "link", link)
    return tried


def clone(store: Environments, target: Path) -> dict[str, int]:
    with store.environment(wanted(), build) as found:
        counts = dict(found.clone(target).counts)
        assert content(target) == content(found.tree)
    return counts


def test_all_files_are_linked_where_it_works(store: Environments, tmp_path: Path) -> None:
    assert clone(store, tmp_path / "one") == {REFLINK: 0, LINK: 4, COPY: 0}


@pytest.mark.parametrize("code", [errno.EMLINK, errno.EPERM, errno.EACCES], ids=errno.errorcode.get)
def test_a_file_that_cannot_be_linked_is_copied_and_the_others_are_linked(
    store: Environments, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    names = ("bin/tool", "lib/site/module.py")
    for bad, good in (names, names[::-1]):
        folder = tmp_path / os.path.basename(bad)
        with monkeypatch.context() as patch:
            failing_link(patch, code, bad)
            assert clone(store, folder) == {REFLINK: 0, LINK: 3, COPY: 1}
        assert (folder / bad).stat().st_nlink == 1
        assert (folder / good).stat().st_nlink > 1
        assert os.access(folder / "bin/tool", os.X_OK)


@pytest.mark.parametrize("code", [errno.EXDEV, errno.ENOTSUP], ids=errno.errorcode.get)
def test_a_disk_without_links_is_asked_once_and_all_is_copied(
    store: Environments, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    tried = failing_link(monkeypatch, code, "")
    assert clone(store, tmp_path / "one") == {REFLINK: 0, LINK: 0, COPY: 4}
    assert len(tried) == 1


def test_a_full_disk_is_an_error_and_leaves_nothing(
    store: Environments, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing_link(monkeypatch, errno.ENOSPC, "bin/tool")
    with pytest.raises(OSError, match="space"):
        clone(store, tmp_path / "one")
    assert not (tmp_path / "one").exists()
    assert store.names() == [wanted().key]


def test_a_file_that_may_be_written_is_never_linked(store: Environments, tmp_path: Path) -> None:
    (store.folder(wanted().key) / "tree/bin/tool").chmod(0o755)
    assert clone(store, tmp_path / "one") == {REFLINK: 0, LINK: 3, COPY: 1}


@pytest.mark.skipif(not os.path.isdir("/dev/shm"), reason="needs a second disk")
def test_a_clone_on_another_disk_is_a_copy(store: Environments, tmp_path: Path) -> None:
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        if os.stat(folder).st_dev == tmp_path.stat().st_dev:
            pytest.skip("it is the same disk")
        assert clone(store, Path(folder) / "one") == {REFLINK: 0, LINK: 0, COPY: 4}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux's way to share data")
def test_where_data_can_be_shared_no_file_is(
    store: Environments, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl
    import shutil

    def share(made: int, request: int, given: int) -> None:
        assert request == 0x40049409
        with open(given, "rb", closefd=False) as source, open(made, "wb", closefd=False) as target:
            shutil.copyfileobj(source, target)

    monkeypatch.setattr(fcntl, "ioctl", share)
    assert clone(store, tmp_path / "one") == {REFLINK: 4, LINK: 0, COPY: 0}
    made = tmp_path / "one/lib/site/module.py"
    assert made.stat().st_mode & 0o777 == 0o644
    assert int(made.stat().st_mtime) == 1_600_000_000
