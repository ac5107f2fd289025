"""A farm and a full root: thousands of starts on one remote root, a thousand revisions, a waiting shell.

    python benchmarks/scale.py            # 20 machines with 100 starts each
    python benchmarks/scale.py --quick    # 4 with 10

Each machine has a home, thus a local root and caches, of its own; all share a remote root with one
revision of the real Rez and its wheels. What is compared in one run: the slowest hundredth of starts with
the median, a full root with one of a single revision, a shell in a container with the same shell alone.
"""

from __future__ import annotations

import os
import random
import shutil
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from harness import Bench, bench, compare

if TYPE_CHECKING:
    from collections.abc import Sequence

MACHINES, STARTS = (4, 10) if "--quick" in sys.argv else (20, 100)
REVISIONS, CONTAINERS = 1000, 200
RUNS = 5 if "--quick" in sys.argv else 15

RECIPE = 'description = "Show"\n[rez]\nname = "rez"\n'


class Farm(NamedTuple):
    """Machines that share a remote root."""

    bench: Bench
    remote: Path
    machines: tuple[Path, ...]

    @property
    def start(self) -> list[str]:
        """The command that a job begins with."""
        return self.rezup("use", "show", "--", "true")

    def rezup(self, *arguments: str) -> list[str]:
        """A command line."""
        return [str(self.bench.ours / "bin" / "rezup"), *arguments]

    @property
    def variables(self) -> dict[str, str]:
        """What a studio sets on each machine."""
        return {"REZUP_ROOT_REMOTE": str(self.remote), "REZUP_NO_UPGRADE": "1"}

    def environ(self, machine: Path) -> dict[str, str]:
        """The environment of a job."""
        return {**self.bench.environ(machine), **self.variables}


def main() -> None:
    """The farm, then the full root, then the shell."""
    with bench(ancestor=False) as made:
        remote = made.folder / "studio"
        remote.mkdir()
        farm = Farm(made, remote, tuple(made.home() for _ in range(MACHINES)))
        _publish(farm)
        for title in ("starts on empty roots", "starts on ready roots"):
            _many_starts(farm, title)
        _remote_operations(farm, farm.machines)
        _full_root(farm)
        _waiting_shell(farm)


def _publish(farm: Farm) -> None:
    home = farm.bench.home()
    (home / "rezup.show.toml").write_text(RECIPE)
    command = farm.rezup("add", "show", "--remote", "--wheelhouse", "--skip-use")
    subprocess.run(command, env=farm.environ(home), cwd=home, check=True, stdin=subprocess.DEVNULL)


# -- the farm ---------------------------------------------------------------------------------


def _many_starts(farm: Farm, title: str) -> None:
    """All starts in a shuffled order, as many at once as a farm of this size would have."""
    jobs = [machine for machine in farm.machines for _ in range(STARTS)]
    random.Random(1).shuffle(jobs)
    at_once = 4 * (os.cpu_count() or 1)

    def start(machine: Path) -> tuple[int, float]:
        began = time.perf_counter()
        done = subprocess.run(
            farm.start, env=farm.environ(machine), cwd=machine, capture_output=True, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        return done.returncode, time.perf_counter() - began

    began = time.perf_counter()
    with ThreadPoolExecutor(at_once) as pool:
        ended = list(pool.map(start, jobs))
    minutes = (time.perf_counter() - began) / 60
    seconds = sorted(each for _, each in ended)
    failed = sum(code != 0 for code, _ in ended)
    middle, slow = statistics.median(seconds), seconds[int(len(seconds) * 0.99)]
    made = [_revisions(machine) for machine in farm.machines]
    print(f"\n{len(jobs)} {title} of {MACHINES} machines, {at_once} at once")
    print(f"  failed {failed} (target: 0), revisions made on each machine {min(made)} to {max(made)} (1)")
    print(
        f"  p50 {middle * 1000:.0f} ms, p99 {slow * 1000:.0f} ms: {slow / middle:.2f} x (target: at most 3 x)"
    )
    print(f"  {len(jobs) / minutes:,.0f} starts a minute")


def _revisions(machine: Path) -> int:
    root = machine / ".rezup" / "show"
    return sum(each.name[0].isdigit() for each in root.iterdir())


def _remote_operations(farm: Farm, machines: Sequence[Path]) -> None:
    """How often a start asks the remote root for something, as the kernel sees it."""
    if shutil.which("strace") is None:
        print("\nfile operations on the remote root: not counted, strace is not installed")
        return
    counts = []
    trace = farm.bench.folder / "trace"
    for machine in machines:
        command = ["strace", "-f", "-qq", "-e", "trace=file", "-o", str(trace), *farm.start]
        subprocess.run(command, env=farm.environ(machine), cwd=machine, check=True, stdin=subprocess.DEVNULL)
        counts.append(sum(f'"{farm.remote}' in line for line in trace.read_text().splitlines()))
    print(
        f"\nfile operations of a start on the remote root: {min(counts)} to {max(counts)} (target: at most 5)"
    )


# -- a full root ------------------------------------------------------------------------------


def _full_root(farm: Farm) -> None:
    """`use`, `status` and `list` where there are many revisions and containers, and where there is one."""
    one, many = farm.machines[0], farm.bench.home()
    shutil.copytree(one, many, symlinks=True, dirs_exist_ok=True)
    small = {**farm.variables, "REZUP_ROOT_REMOTE": str(farm.bench.folder / "small")}
    shutil.copytree(farm.remote, small["REZUP_ROOT_REMOTE"])
    for root in (many / ".rezup", farm.remote):
        _fill(root)

    def compared(*arguments: str, target: str = "about 1") -> None:
        compare(
            f"rezup {' '.join(arguments)}, {REVISIONS:,} revisions and {CONTAINERS} containers in each root",
            lambda: farm.bench.run(farm.rezup(*arguments), many, **farm.variables),
            lambda: farm.bench.run(farm.rezup(*arguments), one, **small),
            peer_name="1 revision, 1 container", runs=RUNS, target=target,
        )  # fmt: skip

    compared("use", "show", "--", "true")
    compared("status", "show")
    compared("list", target=f"{CONTAINERS} lines instead of one")
    compared("list", "show", target=f"{REVISIONS:,} lines instead of one")
    _remote_operations(farm, [many])


def _fill(root: Path) -> None:
    container = root / "show"
    (real,) = (path for path in container.iterdir() if path.name[0].isdigit())
    for number in range(REVISIONS - 1):
        _copy_facts(real, container / f"{number + 1}.000000")
    for number in range(CONTAINERS - 1):
        _copy_facts(real, root / f"c{number}" / "1.000000")


def _copy_facts(revision: Path, target: Path) -> None:
    """All of a revision but its environments."""
    target.mkdir(parents=True)
    for path in revision.iterdir():
        if path.is_file():
            shutil.copy(path, target)


# -- a waiting shell --------------------------------------------------------------------------


def _waiting_shell(farm: Farm) -> None:
    """What a program that waits in a container takes, with all processes that wait with it."""
    if not Path("/proc/self/smaps_rollup").exists():
        print("\nmemory of a waiting shell: not measured, it is read from /proc")
        return
    wait = ["sh", "-c", "echo ready; read line"]
    machine = farm.machines[0]
    inside = _memory(farm.rezup("use", "show", "--", *wait), farm.environ(machine), machine)
    alone = _memory(wait, farm.environ(machine), machine)
    print("\na waiting shell, processes and their own memory")
    print(f"  in a container {inside[0]}, {inside[1]} kB; alone {alone[0]}, {alone[1]} kB")


def _memory(command: Sequence[str], environ: dict[str, str], cwd: Path) -> tuple[int, int]:
    """Number and own memory, in kB, of the processes that a command has made when it says "ready"."""
    started = subprocess.Popen(
        command,
        env=environ,
        cwd=cwd,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert started.stdout is not None
    started.stdout.readline()
    family, kilobytes = [started.pid], 0
    for pid in family:
        family += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        kilobytes += sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Private_"))
    started.communicate(b"\n")
    return len(family), kilobytes


if __name__ == "__main__":
    main()
