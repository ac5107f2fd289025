"""A new revision of Rez while its packages are in the installer's cache, byte-code and syncing included."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

from harness import bench, compare

if TYPE_CHECKING:
    from pathlib import Path

    from harness import Bench

RUNS = 7
#: Revisions of one lock, for the space that they take.
MANY = 200


def main() -> None:
    """Against rezup 2.6, then each stage of ours."""
    with bench() as made:
        home, old_home = made.home(), made.home()
        rezup, ancestor = made.ours / "bin" / "rezup", made.theirs / "bin" / "rezup"

        def add() -> tuple[float, float]:
            return made.run([rezup, "add", "--skip-use"], home)

        def add_anew() -> tuple[float, float]:
            shutil.rmtree(home / ".cache" / "rezup" / "environments-v1", ignore_errors=True)
            return add()

        def peer() -> tuple[float, float]:
            return made.run([ancestor, "add", "--skip-use"], old_home)

        compare(
            "new revision, resolved and installed", add_anew, peer,
            peer_name="rezup 2.6", runs=RUNS, target="at least 3 x as fast",
        )  # fmt: skip
        compare(
            "new revision, resolved, environment from the cache", add, peer,
            peer_name="rezup 2.6", runs=RUNS, target="no target",
        )  # fmt: skip
        _name_lock(made, rezup, home)
        compare(
            "new revision of a recipe with a lock, environment from the cache", add, peer,
            peer_name="rezup 2.6", runs=RUNS, target="at least 15 x as fast",
        )  # fmt: skip
        _stages(made, rezup, home, "stages of one more")
        shutil.rmtree(home / ".cache" / "rezup")
        _stages(made, rezup, home, "stages with no cache of ours")
        _space(made, rezup, home)


def _name_lock(made: Bench, rezup: Path, home: Path) -> None:
    recipe = home / "rezup.toml"
    recipe.write_text(f'lock = "pylock.toml"\n{recipe.read_text()}')
    made.run([rezup, "lock"], home)
    made.run([rezup, "add", "--skip-use"], home)


def _stages(made: Bench, rezup: Path, home: Path, title: str) -> None:
    done = subprocess.run(
        [rezup, "use", "--make", "--timings", "-q", "--", "true"],
        env=made.environ(home), cwd=home, check=True, capture_output=True, text=True,
    )  # fmt: skip
    print(f"\n{title}:\n{done.stderr.rstrip()}")


def _space(made: Bench, rezup: Path, home: Path) -> None:
    """What many revisions of one lock take, against one alone; data shared by links counts once."""
    root = home / ".rezup" / ".main"
    shutil.rmtree(root)
    made.run([rezup, "add", "--skip-use"], home)
    one = _size(root)
    for _ in range(MANY - 1):
        made.run([rezup, "add", "--skip-use"], home)
    files, folders = _size(root)
    print(f"\n{MANY} revisions of one lock take {(files + folders) / sum(one):.2f} x the space of one")
    print(f"  one: files {one[0] / 1e6:.1f} MB, folders {one[1] / 1e6:.1f} MB")
    print(f"  all: files {files / 1e6:.1f} MB, folders {folders / 1e6:.1f} MB (target: under 1.5 x)")


def _size(root: Path) -> tuple[int, int]:
    """Bytes on the disk of files, each once, and of folders."""
    seen: dict[tuple[int, int], int] = {}
    folders = 0
    for folder, _, names in os.walk(root):
        folders += os.lstat(folder).st_blocks * 512
        for name in names:
            status = os.lstat(os.path.join(folder, name))
            seen[status.st_dev, status.st_ino] = status.st_blocks * 512
    return sum(seen.values()), folders


if __name__ == "__main__":
    main()
