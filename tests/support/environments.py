"""Small trees that stand for environments, and real ones of a project."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any
from venv import EnvBuilder

from rezup.cache.fingerprint import Fingerprint, fingerprint
from rezup.system.cloning import reflink
from rezup.system.interpreters import running

if TYPE_CHECKING:
    from pathlib import Path


def wanted(text: str = "numpy==2.0") -> Fingerprint:
    """The key of an environment with this lock file."""
    return fingerprint({"lock": text.encode()}, running().base, platform="linux-x86_64", libc="glibc-2.36")


def build(target: Path) -> dict[str, Any]:
    """Make a tree with all that an environment may hold."""
    site = target / "lib" / "site"
    (site / "__pycache__").mkdir(parents=True)
    (target / "empty").mkdir()
    (target / "bin").mkdir()
    (site / "module.py").write_text("VALUE = 1\n")
    (site / "__pycache__" / "module.pyc").write_bytes(b"byte-code")
    (site / "nothing").write_bytes(b"")
    script = target / "bin" / "tool"
    script.write_text("#!/bin/sh\necho tool\n")
    script.chmod(0o755)
    (target / "lib64").symlink_to("lib")
    (target / "bin" / "python").symlink_to(sys.executable)
    os.utime(site / "module.py", (1_600_000_000, 1_600_000_000.25))
    return {"tools": ["tool"]}


def content(root: Path) -> dict[str, str | bytes]:
    """Everything below a folder: bytes of files, targets of links, "" for folders."""
    found: dict[str, str | bytes] = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.is_symlink():
            found[name] = os.readlink(path)
        else:
            found[name] = path.read_bytes() if path.is_file() else ""
    return found


def make_project(folder: Path, *, lock: str = "numpy==2.0\n", cache: str = "${HOME}/cache") -> Path:
    """A project with its file, a lock file, and no environment yet."""
    folder.mkdir(parents=True)
    (folder / "requirements.txt").write_text(lock)
    (folder / ".virtualenv_cache.toml").write_text(
        f'[virtualenv-cache]\ncache_size = 2\ncache_path = "{cache}"\n'
        'virtualenv_path = ".venv"\nrequirements_lock_paths = ["requirements.txt"]\n'
    )
    return folder


def make_venv(project: Path, *, says: str = "hello") -> Path:
    """Its environment, with one package that has a script, and one that is used from the project."""
    venv = project / ".venv"
    EnvBuilder(symlinks=True).create(venv)
    site = next(venv.glob("lib/python*/site-packages"))
    (site / "greeting.py").write_text(f"import sys\ndef main():\n    print({says!r}, sys.prefix)\n")
    python = venv / "bin" / "python"
    script = venv / "bin" / "greet"
    if " " in str(python):
        start = f"#!/bin/sh\n'''exec' \"{python}\" \"$0\" \"$@\"\n' '''\n"
    else:
        start = f"#!{python}\n"
    script.write_text(f"{start}from greeting import main\nmain()\n")
    script.chmod(0o755)
    (project / "source").mkdir(exist_ok=True)
    (project / "source" / "own.py").write_text("")
    (site / "__editable__.pth").write_text(f"{project}/source\n")
    return venv


def output(*command: str | Path, **options: Any) -> str:
    """What a program prints; it leaves no byte-code."""
    options.setdefault("env", {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
    return subprocess.run(
        list(map(str, command)), check=True, capture_output=True, text=True, **options
    ).stdout.strip()


def has_reflinks(folder: Path) -> bool:
    """Whether the disk has them, so that a clone shares nothing that is written."""
    (folder / "one").write_text("x")
    try:
        reflink(str(folder / "one"), str(folder / "other"))
    except (OSError, ImportError):
        return False
    return True
