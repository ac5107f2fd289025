"""A new revision of Rez while its packages are in the installer's cache, byte-code and syncing included."""

from __future__ import annotations

import shutil
import subprocess

from harness import bench, compare

RUNS = 7


def main() -> None:
    """Against rezup 2.6, then each stage of ours."""
    with bench() as made:
        home, old_home = made.home(), made.home()
        rezup, ancestor = made.ours / "bin" / "rezup", made.theirs / "bin" / "rezup"
        compare(
            "new revision", lambda: made.run([rezup, "add", "--skip-use"], home),
            lambda: made.run([ancestor, "add", "--skip-use"], old_home),
            peer_name="rezup 2.6", runs=RUNS, target="at least 3 x as fast",
        )  # fmt: skip
        print("\nstages of one more:")
        done = subprocess.run(
            [rezup, "use", "--make", "--timings", "-q", "--", "true"],
            env=made.environ(home), cwd=home, check=True, capture_output=True, text=True,
        )  # fmt: skip
        print(done.stderr.rstrip())
        shutil.rmtree(home / ".cache" / "rezup")
        print("\nstages with nothing compiled before:")
        done = subprocess.run(
            [rezup, "use", "--make", "--timings", "-q", "--", "true"],
            env=made.environ(home), cwd=home, check=True, capture_output=True, text=True,
        )  # fmt: skip
        print(done.stderr.rstrip())


if __name__ == "__main__":
    main()
