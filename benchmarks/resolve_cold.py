"""`rezup resolve` as a whole process, on the benchmark that ships inside Rez.

The request is the median of the 188 by the time that the solve takes. The index is there, and checking it is
part of what is measured. Then the same on a repository of ten times the size, and after a change.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness import HERE, Bench, compare, install

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

sys.path.insert(0, str(HERE / "tests"))

RUNS = 25

#: The place of the median among the requests, by the time of the solve, best of three.
_MEDIAN = """
import json, os, sys
from rezup.session import Packages
requests, paths = json.load(sys.stdin)
def seconds(request):
    found = [Packages(dict(os.environ)).resolve(request, paths=paths, implicit=False) for _ in range(3)]
    return min(each.timings["solve"] for each in found)
order = sorted(range(len(requests)), key=lambda number: seconds(requests[number]))
print(order[len(order) // 2])
"""


@contextlib.contextmanager
def installed() -> Iterator[Bench]:
    """Rezup and Rez in one virtual environment."""
    folder = Path(tempfile.mkdtemp(prefix="rezup-bench-"))
    try:
        venv = folder / "venv"
        install(venv, [str(HERE / "rezup_api"), str(HERE / "rezup_cli"), "rez>=3.4,<3.5"])
        yield Bench(folder, venv, venv)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    """Against `import click`, against rez-env, against itself in a larger repository and after a change."""
    from support import rez_benchmark

    with installed() as made:
        home = made.home()
        packages = rez_benchmark.extract(made.folder)
        request = median(made, home, packages)
        print(f"the median request has {len(request)} requirements")
        resolve = runner(made, home, "rezup", "resolve", *request, "--no-implicit", "--paths", packages)
        let_settle()
        resolve()
        compare(
            "a resolve", resolve, runner(made, home, "python", "-c", "import click"),
            peer_name="import click", runs=RUNS, target="at most 2.5 times as long, so 0.4",
        )  # fmt: skip
        rez_env = runner(made, home, "rez-env", *request, "--ni", "--paths", packages, "--", "true")
        compare("a resolve", resolve, rez_env, peer_name="rez-env", runs=5, target="40")
        larger = made.folder / "ten times"
        grow(packages, larger)
        again = runner(made, home, "rezup", "resolve", *request, "--no-implicit", "--paths", larger)
        let_settle()
        print(f"\nindex of ten times as many packages: {again()[0]:.1f} s")
        compare(
            "a resolve among ten times as many packages", again, resolve,
            peer_name="rezup", runs=RUNS, target="at most 1.5 times as long, so 0.67",
        )  # fmt: skip
        change(packages, resolve, request)


def runner(
    made: Bench, home: Path, program: str, *arguments: str | Path
) -> Callable[[], tuple[float, float]]:
    """Runs a program of the environment, and takes the time."""
    command = [made.ours / "bin" / program, *arguments]
    return lambda: made.run(command, home)


def median(made: Bench, home: Path, packages: Path) -> list[str]:
    """The request whose solve takes the median time."""
    from support import rez_benchmark

    requests = rez_benchmark.requests()
    done = subprocess.run(
        [made.python, "-c", _MEDIAN], input=json.dumps([requests, [str(packages)]]), env=made.environ(home),
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return requests[int(done.stdout)]


def let_settle() -> None:
    """Wait until what was just written may be kept in an index."""
    time.sleep(3)


def grow(packages: Path, target: Path) -> None:
    """The packages as they are, and nine copies under other names."""
    from support import rez_benchmark

    target.mkdir()
    for entry in packages.iterdir():
        (target / entry.name).symlink_to(entry)
    for path, text in rez_benchmark.sources():
        values = rez_benchmark.executed(path, text)
        for number in range(9):
            prefix = f"c{number}_"
            lines = [f"name = {prefix + values['name']!r}"]
            if "version" in values:
                lines.append(f"version = {values['version']!r}")
            lines += [
                f"{key} = {_renamed(values[key], prefix)!r}"
                for key in ("requires", "variants")
                if key in values
            ]
            copy = target / f"{prefix}{path}"
            copy.parent.mkdir(parents=True)
            copy.write_text("\n".join(lines))


def _renamed(value: Any, prefix: str) -> Any:
    """Requirements, or lists of them, on the packages of a copy."""
    if isinstance(value, str):
        return re.sub(r"^([!~]?)", rf"\g<1>{prefix}", value)
    return [_renamed(inner, prefix) for inner in value]


def change(packages: Path, resolve: Callable[[], tuple[float, float]], request: list[str]) -> None:
    """What a resolve costs after one package that it looks at was edited."""
    name = next(
        found[0]
        for text in request
        if (found := re.findall(r"^(\w+)", text)) and (packages / found[0]).is_dir()
    )
    path = min((packages / name).glob("*/package.py"))
    usual = min(resolve()[0] for _ in range(5))
    with path.open("a", encoding="utf-8") as stream:
        stream.write("\n")
    at_once = resolve()[0]
    let_settle()
    kept = resolve()[0]
    after = min(resolve()[0] for _ in range(5))
    print(f"\none package of {name} changed ({len(os.listdir(packages / name))} versions), whole process")
    for what, seconds in (
        ("before", usual),
        ("at once", at_once),
        ("3 s later, kept", kept),
        ("after", after),
    ):
        print(f"  {what:16} {seconds * 1000:8.1f} ms   {seconds / usual:.2f}")


if __name__ == "__main__":
    main()
