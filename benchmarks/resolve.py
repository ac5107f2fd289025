"""The resolver against Rez's own, on the 188 requests of the benchmark that ships inside Rez.

    python benchmarks/resolve.py            # all requests: some minutes, as Rez takes about a second for each
    python benchmarks/resolve.py --quick    # every twelfth

Both run in this process, one after the other, with the garbage collector off. Three things are timed:
Rez's `ResolvedContext` on a repository of files that it has loaded before; `Solver` with the index
opened anew from a memory map for each request; and with the families of one index kept. Results are
compared as it runs. Of several rounds the best counts for each side. Rez must be installed (it is a
development dependency).
"""

from __future__ import annotations

import argparse
import gc
import mmap
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
os.environ.update(REZ_DISABLE_HOME_CONFIG="1", REZ_CONFIG_FILE="")

from rezup.resolver.index.stored import StoredIndex, build, update
from rezup.resolver.repository import MemoryRepository, PackageRecord
from rezup.resolver.solver import Solver
from rezup.resolver.version import Version
from support import rez_benchmark

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def clock(action: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds on the wall, and what came out."""
    started = time.perf_counter()
    found = action()
    return time.perf_counter() - started, found


def by_rez(request: list[str], repository: str) -> Any:
    """Rez's answer, as packages or as the text of its failure."""
    from rez.resolved_context import ResolvedContext

    return ResolvedContext(request, package_paths=[repository], add_implicit_packages=False)


def rez_packages(context: Any) -> list[tuple[str, str, int | None]] | str:
    """The answer in our form."""
    if not context.success:
        return str(context.failure_description)
    return [(variant.name, str(variant.version), variant.index) for variant in context.resolved_packages]


def opened_anew(request: list[str], path: Path) -> Any:
    """Our answer with the index opened for it."""
    with path.open("rb") as stream:
        data = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    return Solver(request, StoredIndex(data)).solve()


def passes(
    requests: list[list[str]], ways: dict[str, Callable[[list[str]], Any]], rounds: int
) -> dict[str, list[float]]:
    """Each way goes through all requests, one way after the other; the best times of some rounds.

    The answers of all ways are compared; the run ends if they differ.
    """
    best = {name: [float("inf")] * len(requests) for name in ways}
    for _ in range(rounds):
        answers: dict[str, list[Any]] = {name: [] for name in ways}
        for name, way in ways.items():
            gc.collect()
            for number, request in enumerate(requests):
                seconds, found = clock(lambda way=way, request=request: way(request))
                best[name][number] = min(best[name][number], seconds)
                answers[name].append(plain(found))
        for request, *given in zip(requests, *answers.values(), strict=True):
            if any(answer != given[0] for answer in given):
                sys.exit(f"different answers to {request}")
    return best


def plain(found: Any) -> list[tuple[str, str, int | None]] | str:
    """An answer of either tool: its packages, or the text of its failure."""
    if not hasattr(found, "is_solved"):
        return rez_packages(found)
    return [tuple(each) for each in found.packages] if found.is_solved else str(found.failure.text)


def indexing() -> tuple[bytes, dict[str, float]]:
    """Build the index of the whole repository, and change one package of its largest family."""
    files, sources = clock(lambda: list(rez_benchmark.sources()))
    executing, definitions = clock(lambda: [rez_benchmark.executed(*source) for source in sources])
    records = [
        PackageRecord(
            values["name"], Version(values.get("version", "")), tuple(values.get("requires") or ()),
            tuple(map(tuple, values.get("variants") or ())), timestamp=values.get("timestamp") or 0,
        )
        for values in definitions
    ]  # fmt: skip
    repository = MemoryRepository(records)
    building, data = clock(lambda: build(repository.family, repository.families()))
    largest = max(repository.families(), key=lambda name: len(repository.family(name)))
    changed = [*repository.family(largest)]
    changed[0] = changed[0]._replace(requires=("new_package-1+",))
    updating, _ = clock(lambda: update(StoredIndex(data), {largest: changed}))
    return data, {
        "unpacking the archive": files,
        "compiling and executing 18,226 package files": executing,
        "building the index of their records": building,
        "changing one package of the largest family": updating,
    }


def report(title: str, times: list[float], peer: list[float]) -> None:
    """Print one line, with the ratio of the sums and the least of the ratios."""
    ratio = sum(peer) / sum(times)
    least = min(theirs / ours for ours, theirs in zip(times, peer, strict=True))
    print(
        f"  {title:34} mean {statistics.mean(times) * 1000:8.2f} ms"
        f"   median {statistics.median(times) * 1000:8.2f}"
        f"   max {max(times) * 1000:8.2f}   {ratio:6.1f} x (least {least:.1f} x)"
    )


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="every twelfth request, two rounds")
    parser.add_argument("--every", type=int, default=1, help="every N-th request")
    parser.add_argument("--rounds", type=int, default=2, help="how often each is measured")
    arguments = parser.parse_args()
    every = 12 if arguments.quick else arguments.every
    gc.disable()
    data, steps = indexing()
    print("index")
    for title, seconds in steps.items():
        print(f"  {title:46} {seconds * 1000:8.1f} ms")
    print(f"  {'its size':46} {len(data) / 1e6:8.1f} MB")
    with tempfile.TemporaryDirectory() as folder:
        repository = str(rez_benchmark.extract(Path(folder)))
        path = Path(folder) / "index"
        path.write_bytes(data)
        kept = StoredIndex(data).tables()
        requests = rez_benchmark.requests()[::every]
        ways = {
            "rez ResolvedContext": lambda request: by_rez(request, repository),
            "rezup, index opened for each": lambda request: opened_anew(request, path),
            "rezup, index kept": lambda request: Solver(request, kept).solve(),
        }
        timed = passes(requests, ways, arguments.rounds)
    print(f"{len(requests)} requests, all answers equal; best of {arguments.rounds} rounds, gc off")
    for title, times in timed.items():
        report(title, times, timed["rez ResolvedContext"])


if __name__ == "__main__":
    main()
