"""The very first start: an empty home, nothing cached."""

from __future__ import annotations

from harness import bench, compare

RUNS = 5


def main() -> None:
    """Against rezup 2.6; the network is part of it.

    Homes are removed in the end only: after a large removal some file systems create files slowly
    for a while, which would be measured instead.
    """
    with bench() as made:

        def first(program: str) -> tuple[float, float]:
            return made.run([program, "use", "--", "true"], made.home())

        compare(
            "first start on a fresh home",
            lambda: first(str(made.ours / "bin" / "rezup")),
            lambda: first(str(made.theirs / "bin" / "rezup")),
            peer_name="rezup 2.6", runs=RUNS, target="at least 2 x as fast",
        )  # fmt: skip


if __name__ == "__main__":
    main()
