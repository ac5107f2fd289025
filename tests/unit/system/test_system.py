"""Folders, bounded calls, kept TOML, files, locks: the pieces that touch the operating system."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
from platformdirs import PlatformDirs

from rezup.system import bounded, compiled, files, holders, locks
from rezup.system.dirs import user_folders


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere platformdirs itself answers")
@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"XDG_CONFIG_HOME": "/c", "XDG_CACHE_HOME": "/k", "XDG_STATE_HOME": "/s", "XDG_CONFIG_DIRS": "/a:/b"},
        {"XDG_CONFIG_HOME": "  ", "XDG_CACHE_HOME": "", "XDG_CONFIG_DIRS": ""},
    ],
)
def test_user_folders_are_those_of_platformdirs(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_CONFIG_DIRS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/home/ann")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    theirs = PlatformDirs("rezup", appauthor=False)
    ours = user_folders("rezup", os.environ)
    assert ours.config == theirs.user_config_path
    assert ours.cache == theirs.user_cache_path
    assert ours.state == theirs.user_state_path
    assert ours.site_config == theirs.site_config_path


def test_relative_xdg_folders_are_ignored() -> None:
    folders = user_folders("rezup", {"HOME": "/home/ann", "XDG_CACHE_HOME": "here"})
    assert folders.cache == Path("/home/ann/.cache/rezup")


class TestBoundedCalls:
    def test_an_answer_comes_back(self) -> None:
        assert bounded.call(lambda: {"a": [1, "é"]}, 5) == {"a": [1, "é"]}

    def test_an_error_of_the_system_comes_back_as_it_was(self) -> None:
        with pytest.raises(FileNotFoundError) as caught:
            bounded.call(lambda: os.stat("/nowhere/at/all").st_size, 5)
        assert caught.value.errno == errno.ENOENT
        assert caught.value.filename == "/nowhere/at/all"

    def test_a_call_that_hangs_is_left_behind(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(bounded.TimedOut):
            bounded.call((tmp_path / "pipe").read_text, 0.1)

    def test_in_a_process_of_one_thread_a_fork_does_it_and_nothing_is_printed_twice(
        self, tmp_path: Path
    ) -> None:
        os.mkfifo(tmp_path / "pipe")
        code = (
            "import sys; sys.stdout.write('once ')\n"
            "from rezup.system import bounded\n"
            "assert 'threading' not in sys.modules or not bounded._has_threads()\n"
            "print(bounded.call(lambda: [1, 2], 5))\n"
            "try: bounded.call(lambda: open(sys.argv[1]).read(), 0.1)\n"
            "except bounded.TimedOut: print('timed out')\n"
            "try: bounded.call(lambda: open('/nowhere').read(), 5)\n"
            "except FileNotFoundError as error: print(error.filename)\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, tmp_path / "pipe"], capture_output=True, text=True, timeout=60
        )
        assert done.stdout == "once [1, 2]\ntimed out\n/nowhere\n"
        assert done.stderr == ""

    def test_a_long_answer_comes_back_whole(self) -> None:
        assert bounded.call(lambda: ["x" * 50] * 20_000, 10) == ["x" * 50] * 20_000


class TestKeptToml:
    def read(self, path: Path, cache: Path | None) -> dict[str, object] | None:
        return compiled.read_toml(path, cache, kind="test", pick=lambda document: {"a": document.get("a")})

    def settled(self, path: Path, text: str) -> None:
        path.write_text(text)
        os.utime(path, (1_000_000_000, 1_000_000_000))

    def test_a_settled_file_is_parsed_once(self, tmp_path: Path) -> None:
        file, cache = tmp_path / "x.toml", tmp_path / "cache"
        self.settled(file, "a = 1\nb = 2")
        assert self.read(file, cache) == {"a": 1}
        (kept,) = cache.iterdir()
        kept.write_text(kept.read_text().replace('"a": 1', '"a": 7'))
        assert self.read(file, cache) == {"a": 7}

    def test_a_change_is_seen(self, tmp_path: Path) -> None:
        file, cache = tmp_path / "x.toml", tmp_path / "cache"
        self.settled(file, "a = 1")
        self.read(file, cache)
        self.settled(file, "a = 123")
        assert self.read(file, cache) == {"a": 123}

    def test_a_file_that_changed_a_moment_ago_is_not_kept(self, tmp_path: Path) -> None:
        file, cache = tmp_path / "x.toml", tmp_path / "cache"
        file.write_text("a = 1")
        assert self.read(file, cache) == {"a": 1}
        assert not cache.exists()

    @pytest.mark.parametrize("damage", ["", "{", "[]", "null", '{"mark": 1}'])
    def test_a_damaged_copy_is_ignored(self, tmp_path: Path, damage: str) -> None:
        file, cache = tmp_path / "x.toml", tmp_path / "cache"
        self.settled(file, "a = 1")
        self.read(file, cache)
        next(cache.iterdir()).write_text(damage)
        assert self.read(file, cache) == {"a": 1}

    def test_no_file_is_none_and_bad_toml_is_an_error(self, tmp_path: Path) -> None:
        assert self.read(tmp_path / "none.toml", None) is None
        (tmp_path / "bad.toml").write_text("a = ")
        with pytest.raises(ValueError, match=r"value|Invalid"):
            self.read(tmp_path / "bad.toml", None)

    def test_a_cache_that_can_not_be_written_is_no_error(self, tmp_path: Path) -> None:
        self.settled(tmp_path / "x.toml", "a = 1")
        assert self.read(tmp_path / "x.toml", tmp_path / "x.toml" / "cache") == {"a": 1}


class TestFiles:
    def test_an_atomic_write_replaces_the_whole_file_and_leaves_nothing_beside_it(
        self, tmp_path: Path
    ) -> None:
        target = tmp_path / "a b\"c'é"
        files.write_atomic(target, b"one", mode=0o600)
        files.write_atomic(target, b"two")
        assert target.read_bytes() == b"two"
        assert target.stat().st_mode & 0o777 == 0o644
        assert list(tmp_path.iterdir()) == [target]

    def test_a_failing_write_leaves_the_old_content(self, tmp_path: Path) -> None:
        target = tmp_path / "folder"
        (target / "x").mkdir(parents=True)
        with pytest.raises(IsADirectoryError):
            files.write_atomic(target, b"data")  # a folder can't be replaced by a file
        assert sorted(p.name for p in tmp_path.iterdir()) == ["folder"]

    def test_a_rename_never_replaces_a_folder_with_content(self, tmp_path: Path) -> None:
        for name in ("one", "two"):
            (tmp_path / name).mkdir()
            (tmp_path / name / "file").write_text(name)
        assert files.rename_new(tmp_path / "one", tmp_path / "final")
        assert not files.rename_new(tmp_path / "two", tmp_path / "final")
        assert (tmp_path / "final" / "file").read_text() == "one"

    def test_removing_a_tree_does_not_follow_links(self, tmp_path: Path) -> None:
        (tmp_path / "victim").mkdir()
        (tmp_path / "victim" / "file").write_text("")
        (tmp_path / "tree").mkdir()
        (tmp_path / "tree" / "link").symlink_to(tmp_path / "victim")
        (tmp_path / "link").symlink_to(tmp_path / "victim")
        files.remove_tree(tmp_path / "tree")
        files.remove_tree(tmp_path / "link")
        files.remove_tree(tmp_path / "missing")
        assert [p.name for p in tmp_path.iterdir()] == ["victim"]
        assert (tmp_path / "victim" / "file").exists()

    def test_new_folders_are_readable_by_all_under_a_strict_umask(self, tmp_path: Path) -> None:
        before = os.umask(0o077)
        try:
            files.make_folder(tmp_path / "a" / "b")
        finally:
            os.umask(before)
        assert (tmp_path / "a").stat().st_mode & 0o777 == 0o755
        assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o755


class TestHolds:
    def test_holds_are_shared_and_keep_an_exclusive_lock_away(self, tmp_path: Path) -> None:
        lease = tmp_path / "lease"
        lease.touch()
        first, second = locks.hold(lease), locks.hold(lease)
        with locks.exclusive(lease) as free:
            assert free is False
        first.release()
        with locks.exclusive(lease) as free:
            assert free is False
        second.release()
        with locks.exclusive(lease) as free:
            assert free is True
            with pytest.raises(locks.Gone):
                locks.hold(lease)

    def test_a_hold_on_what_is_missing_or_was_replaced_fails(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            locks.hold(tmp_path / "lease")
        with locks.exclusive(tmp_path / "lease") as free:
            assert free is None

    def test_a_hold_needs_no_write_access(self, tmp_path: Path) -> None:
        lease = tmp_path / "lease"
        lease.touch(mode=0o444)
        tmp_path.chmod(0o555)
        try:
            locks.hold(lease).release()
        finally:
            tmp_path.chmod(0o755)

    def test_a_hold_kept_for_children_lives_until_the_last_of_them_ends(self, tmp_path: Path) -> None:
        lease = tmp_path / "lease"
        lease.touch()
        hold = locks.hold(lease)
        assert hold.keep_for_children()
        assert hold.descriptor is not None
        assert hold.descriptor >= locks.LOWEST_DESCRIPTOR
        with subprocess.Popen(["cat"], stdin=subprocess.PIPE, pass_fds=[hold.descriptor]) as child:
            hold.release()
            with locks.exclusive(lease) as free:
                assert free is False
            assert [holder.pid for holder in holders.open_by(lease)] == [child.pid]
            assert child.stdin is not None
            child.stdin.close()
            child.wait()
        with locks.exclusive(lease) as free:
            assert free is True

    def test_processes_are_found_by_their_environment(self, tmp_path: Path) -> None:
        folder, other = tmp_path / "one" / "1.0", tmp_path / "two" / "1.0"
        for path in (folder, other):
            (path / "bin").mkdir(parents=True)
        (tmp_path / "link").symlink_to(tmp_path / "one")
        path = f"{tmp_path}/link/1.0/bin:{os.environ['PATH']}"
        environment = {**os.environ, "PATH": path, "MARK": "x"}
        with subprocess.Popen(["cat"], stdin=subprocess.PIPE, env=environment) as child:
            found = holders.with_environment({"MARK": "x"}, path_below=folder)
            elsewhere = holders.with_environment({"MARK": "x"}, path_below=other)
            unmarked = holders.with_environment({"MARK": "y"}, path_below=folder)
            child.communicate()
        assert [holder.pid for holder in found] == [child.pid]
        assert elsewhere == unmarked == ()


class TestBuildLock:
    def lock(self, path: Path, said: list[str], *, timeout: float = 30, is_done: bool = False):  # type: ignore[no-untyped-def]
        return locks.build_lock(
            path,
            owner="ws1, process 1",
            timeout=timeout,
            waiting=lambda holder, _: said.append(f"waiting for {holder}"),
            is_done=lambda: is_done,
            unavailable=lambda reason: said.append(f"unlocked: {reason}"),
        )

    def test_who_waits_is_told_for_whom_and_goes_on_unlocked_in_the_end(self, tmp_path: Path) -> None:
        said: list[str] = []
        with self.lock(tmp_path / ".lock", said), self.lock(tmp_path / ".lock", said, timeout=0.2):
            pass
        assert said[0] == "waiting for ws1, process 1"
        assert said[-1].startswith("unlocked: still locked by ws1, process 1")

    def test_the_wait_ends_when_the_work_is_there(self, tmp_path: Path) -> None:
        said: list[str] = []
        with self.lock(tmp_path / ".lock", said), self.lock(tmp_path / ".lock", said, is_done=True):
            pass
        assert said == []

    @pytest.mark.skipif(os.name == "nt", reason="there it is filelock's own")
    def test_it_is_the_lock_that_filelock_takes(self, tmp_path: Path) -> None:
        from filelock import FileLock, Timeout

        said: list[str] = []
        path, theirs = tmp_path / ".lock", FileLock(tmp_path / ".lock")
        before = os.umask(0o077)
        try:
            with self.lock(path, said), pytest.raises(Timeout):
                theirs.acquire(timeout=0)
        finally:
            os.umask(before)
        assert path.stat().st_mode & 0o777 == 0o644
        with theirs, self.lock(path, said, timeout=0.1):
            pass
        assert said[-1].startswith("unlocked: still locked by an unknown process")
        with self.lock(path, said):
            assert (tmp_path / ".lock.owner").read_text() == "ws1, process 1"
        assert not (tmp_path / ".lock.owner").exists()

    def test_a_link_in_the_place_of_the_lock_is_not_followed(self, tmp_path: Path) -> None:
        said: list[str] = []
        (tmp_path / ".lock").symlink_to(tmp_path / "victim")
        with self.lock(tmp_path / ".lock", said, timeout=0.1):
            said.append("worked")
        assert not (tmp_path / "victim").exists()
        assert said[-1] == "worked"

    def test_a_folder_without_locks_is_worked_in_unlocked(self, tmp_path: Path) -> None:
        said: list[str] = []
        with self.lock(tmp_path / "missing" / "folder" / ".lock", said):
            said.append("worked")
        assert said[-1] == "worked"
