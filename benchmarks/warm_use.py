"""`rezup use -- true` on a ready revision."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from harness import Bench, bench, compare

if TYPE_CHECKING:
    from pathlib import Path

RUNS = 25


def main() -> None:
    """Against the bare import of click, against rezup 2.6, and against itself with many revisions."""
    with bench() as made:
        home, old_home = made.home(), made.home()
        rezup, ancestor = made.ours / "bin" / "rezup", made.theirs / "bin" / "rezup"
        made.run([rezup, "use", "--", "true"], home)
        made.run([ancestor, "use", "--", "true"], old_home)
        click = [made.python, "-c", "import click"]

        def ours() -> tuple[float, float]:
            return made.run([rezup, "use", "--", "true"], home)

        compare(
            "warm start",
            ours,
            lambda: made.run(click, home),
            peer_name="import click",
            runs=RUNS,
            target="at most 1.5",
        )
        compare(
            "warm start", ours, lambda: made.run([ancestor, "use", "--", "true"], old_home),
            peer_name="rezup 2.6", runs=RUNS, target="sooner",
        )  # fmt: skip
        many = _with_many(made, home)
        compare(
            "warm start, 1,000 revisions and 100 containers",
            lambda: made.run([rezup, "use", "--", "true"], many), ours,
            peer_name="rezup, 1 revision", runs=RUNS, target="about 1",
        )  # fmt: skip


def _with_many(made: Bench, home: Path) -> Path:
    """A home with the same revision, 999 others of the container, and 99 other containers."""
    many = made.home()
    shutil.copytree(home, many, symlinks=True, dirs_exist_ok=True)
    container = many / ".rezup" / ".main"
    (real,) = (p for p in container.iterdir() if p.name[0].isdigit())
    for number in range(999):
        folder = container / f"{number + 1}.000000"
        folder.mkdir()
        for name in ("rezup.toml", "revision.json", "lease"):
            shutil.copy(real / name, folder / name)
    for number in range(99):
        shutil.copytree(container / "1.000000", many / ".rezup" / f"c{number}" / "1.000000")
    return many


if __name__ == "__main__":
    main()
