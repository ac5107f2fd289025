"""Trees that are about to be published: readable by all, and on the disk."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from rezup.system.files import seal_tree
from support.wheelhouses import umask

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")

BELOW = ("bin", "lib", "lib/deep")


def tree(folder: Path) -> Path:
    """A staged revision, whose environment holds but a link to a file of a cache."""
    cached = folder / "cached"
    cached.write_text("code")
    cached.chmod(0o444)
    root = folder / "staging"
    for name in ("", "venv", "venv/rez", *(f"venv/rez/{name}" for name in BELOW)):
        (root / name).mkdir()
    os.link(cached, root / "venv/rez/lib/deep/code.py")
    (root / "rezup.toml").write_text("secret")
    (root / "program").write_text("x")
    (root / "program").chmod(0o700)
    return root


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
@pytest.mark.parametrize("is_known", [True, False])
def test_permissions_are_the_same_under_any_umask(tmp_path: Path, mask: int, is_known: bool) -> None:
    with umask(mask):
        root = tree(tmp_path)
        known = {"venv/rez": BELOW} if is_known else None
        seal_tree(root, private=frozenset({"rezup.toml"}), sealed=known)
    folders = [root, *(path for path in root.rglob("*") if path.is_dir())]
    assert len(folders) == 6
    assert {mode(path) for path in folders} == {0o755}
    assert mode(root / "rezup.toml") == 0o600
    assert mode(root / "program") == 0o755
    assert mode(root / "venv/rez/lib/deep/code.py") == 0o444


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
def test_all_folders_and_new_files_are_synced(tmp_path: Path) -> None:
    root = tree(tmp_path)
    code = (
        "import pathlib, sys; from rezup.system.files import seal_tree\n"
        f"seal_tree(pathlib.Path(sys.argv[1]), sealed={{'venv/rez': {BELOW!r}}})"
    )
    trace = tmp_path / "trace"
    subprocess.run(
        ["strace", "-f", "-y", "-e", "trace=fsync", "-o", trace, sys.executable, "-c", code, root], check=True
    )
    synced = re.findall(r"fsync\(\d+<([^>]+)>", trace.read_text())
    expected = [root, *(path for path in root.rglob("*") if path.stat().st_nlink == 1 or path.is_dir())]
    assert sorted(synced) == sorted(map(str, expected))
