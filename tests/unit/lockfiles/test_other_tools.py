"""uv and pip read the locks that are written here, and rezup those of theirs."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from rezup.lockfiles.lock import Lock, LockedPackage, Origin, Wheel
from rezup.lockfiles.reading import parse
from rezup.lockfiles.selection import select
from rezup.lockfiles.targets import this_target
from rezup.lockfiles.writing import to_bytes
from support.wheels import write_wheel

if TYPE_CHECKING:
    from pathlib import Path

HERE = this_target()


def locked(
    path: Path, name: str, version: str, *, marker: str | None = None, url: str | None = None
) -> LockedPackage:
    data = path.read_bytes()
    wheel = Wheel(path.name, hashlib.sha256(data).hexdigest(), url, len(data))
    return LockedPackage(name, version, (wheel,), marker, Origin("~/dev/x", "ab" * 32, "", ("rez",)))


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    """A lock with its wheels beside it; one of them is for another system."""
    wheels = tmp_path / "wheels"
    content = Lock(
        (
            locked(write_wheel(wheels, "bar-baz", "1.5+cpu", {"bar_baz.py": ""}), "bar-baz", "1.5+cpu"),
            locked(write_wheel(wheels, "foo", "1.0", {"foo.py": "good = 1"}, requires=["bar-baz"]), "foo", "1.0"),
            locked(
                write_wheel(wheels, "elsewhere", "1.0", {"elsewhere.py": ""}), "elsewhere", "1.0",
                marker="sys_platform == 'java'", url="https://host.invalid/elsewhere-1.0-py2.py3-none-any.whl",
            ),
        ),
        HERE.python, HERE.implementation, (HERE.platform, "win32-amd64" if sys.platform != "win32" else "linux-x86_64"),
    )  # fmt: skip
    path = tmp_path / "pylock.toml"
    path.write_bytes(to_bytes(content))
    return path


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(folder),
        "PIP_CONFIG_FILE": "/dev/null",
        "PIP_NO_INDEX": "1",
    }
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, cwd=folder, check=False, env=environment)  # fmt: skip


def uv(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    find_uv_bin = pytest.importorskip("uv").find_uv_bin
    return run(
        folder, find_uv_bin(), "--no-config", "--offline", "--cache-dir", str(folder / "cache"), *words
    )


def pip(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    version = json.loads(run(folder, sys.executable, "-m", "pip", "inspect").stdout or "{}").get(
        "pip_version", "0"
    )
    if int(version.split(".")[0]) < 26:
        pytest.skip("a pip that reads locks is needed")
    return run(folder, sys.executable, "-m", "pip", "--isolated", "--disable-pip-version-check", *words)


def spoil(lock: Path) -> None:
    """Put a sound wheel of the same size in the place of one."""
    write_wheel(lock.parent / "wheels", "foo", "1.0", {"foo.py": "evil = 1"}, requires=["bar-baz"])


def test_uv_installs_by_a_lock_of_ours(lock: Path) -> None:
    target = lock.parent / "target"
    done = uv(
        lock.parent, "pip", "install", "--python", sys.executable, "--target", str(target), "-r", str(lock)
    )
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in target.glob("*.py")) == ["bar_baz.py", "foo.py"]


def test_uv_refuses_other_content(lock: Path) -> None:
    spoil(lock)
    done = uv(
        lock.parent,
        "pip",
        "install",
        "--python",
        sys.executable,
        "--target",
        str(lock.parent / "t"),
        "-r",
        str(lock),
    )
    assert done.returncode != 0
    assert "ash mismatch" in done.stderr


def test_pip_installs_by_a_lock_of_ours(lock: Path) -> None:
    target = lock.parent / "target"
    done = pip(lock.parent, "install", "--no-index", "--target", str(target), "-r", str(lock))
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in target.glob("*.py")) == ["bar_baz.py", "foo.py"]


def test_pip_refuses_other_content(lock: Path) -> None:
    spoil(lock)
    done = pip(lock.parent, "install", "--no-index", "--target", str(lock.parent / "t"), "-r", str(lock))
    assert done.returncode != 0
    assert "HASH" in done.stderr.upper()


def test_a_lock_of_pip_is_read(tmp_path: Path) -> None:
    links = tmp_path / "links"
    write_wheel(links, "foo", "1.0", {"foo.py": ""}, requires=["bar-baz"])
    write_wheel(links, "bar-baz", "1.5", {"bar_baz.py": ""})
    done = pip(
        tmp_path, "lock", "--no-index", "--find-links", str(links), "-o", str(tmp_path / "pylock.toml"), "foo"
    )
    assert done.returncode == 0, done.stderr
    data = (tmp_path / "pylock.toml").read_bytes()
    lock = parse(data, "x")
    assert lock.python is None
    assert [item.package.name for item in select(lock, HERE, what="x")] == ["bar-baz", "foo"]


def test_a_lock_of_uv_is_read(tmp_path: Path) -> None:
    links = tmp_path / "links"
    write_wheel(links, "foo", "1.0", {"foo.py": ""}, requires=["bar-baz"])
    write_wheel(links, "bar-baz", "1.5", {"bar_baz.py": ""})
    (tmp_path / "in.txt").write_text("foo\n")
    done = uv(tmp_path, "pip", "compile", "--format", "pylock.toml", "--no-index", "--find-links", str(links),
              "--python-version", HERE.python, "--universal", "in.txt")  # fmt: skip
    assert done.returncode == 0, done.stderr
    lock = parse(done.stdout.encode(), "x")
    assert [item.package.name for item in select(lock, HERE, what="x")] == ["bar-baz", "foo"]
    shutil.rmtree(links)
