"""`rezup env` against `rez-env`: the same packages and request, whole processes, in one run.

    python benchmarks/env.py

The request is the median of the benchmark that ships inside Rez. Its packages have no commands, so the
ones that it resolves to are given some: a path or two, a variable, now and then an alias. A second
measurement runs the commands of 300 packages inside one process, and a third counts processes and memory.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from harness import HERE, Bench, compare
from resolve_cold import installed, let_settle, median, runner

if TYPE_CHECKING:
    from collections.abc import Iterable

sys.path.insert(0, str(HERE / "tests"))

RUNS = 25

COMMANDS = """

def commands():
    env.PATH.prepend("{root}/bin")
    env.PYTHONPATH.append("{root}/python")
    env[f"{this.name.upper()}_ROOT"] = "{root}"
    if version.major:
        env.BENCHMARK_VERSIONS.append("{this.name}-{version}")
    alias("run_{this.name}", "{root}/bin/run")
"""

#: Runs the commands of a context many times, in one process, by either tool.
_EXECUTE = {
    "rez": """
from rez.resolved_context import ResolvedContext
from rez.rex import OutputStyle
def load(path): return ResolvedContext.load(path)
def execute(context): context.get_shell_code(shell="bash", parent_environ={})
""",
    "rezup": """
from rezup.runtime.config import load_config
from rezup.runtime.context.context_file import load as _load
from rezup.runtime.context.execution import Surroundings, execute as _execute
from rezup.shells.code import code_for
config = load_config({})
def load(path): return _load(path, config)
def execute(context): code_for("bash").write(_execute(context, config, {}, Surroundings("bash")).actions)
""",
}

_TIMED = """
import gc, sys, time
gc.disable()
best = []
for _ in range(5):
    context = load(sys.argv[1])
    for variant in context.resolved_packages:
        variant.commands  # what is read from disk is not what is compared
    execute(context)
    started = time.perf_counter()
    execute(context)
    best.append(time.perf_counter() - started)
print(min(best))
"""


def main() -> None:
    """Against `import click` and the shell, against rez-env; then the commands alone; then what it takes."""
    from support import rez_benchmark

    with installed() as made:
        home = made.home()
        packages = rez_benchmark.extract(made.folder)
        request = median(made, home, packages)
        count = give_commands(made, home, packages, request)
        print(f"the median request has {len(request)} requirements and resolves to {count} packages")
        ours = runner(
            made, home, "rezup", "env", *request, "--no-implicit", "--shell", "bash", "--paths", packages,
            "-q", "--", "true",
        )  # fmt: skip
        theirs = runner(
            made, home, "rez-env", *request, "--ni", "--shell", "bash", "--paths", packages, "-q", "--",
            "true",
        )  # fmt: skip
        let_settle()
        ours()
        ours()
        shell = runner(made, home, "python", "-c", f"import click, os; os.execv('/bin/bash', {_BASH!r})")
        compare(
            "rezup env", ours, shell, peer_name="import click, then bash", runs=RUNS,
            target="at most 3 times `import click`, plus the shell: about 0.33",
        )  # fmt: skip
        compare("rezup env", ours, theirs, peer_name="rez-env", runs=5, target="25")
        execution(made, home)
        costs(made, home, packages, request)


_BASH = ["bash", "--norc", "-c", "true"]


def give_commands(made: Bench, home: Path, packages: Path, request: Iterable[str]) -> int:
    """Give the packages that a request resolves to commands; gives their number."""
    done = subprocess.run(
        [made.ours / "bin" / "rezup", "resolve", *request, "--no-implicit", "--json", "--paths", packages],
        env=made.environ(home), capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = json.loads(done.stdout)["data"]["packages"]
    for package in found:
        with Path(package["uri"].rpartition("[")[0]).open("a", encoding="utf-8") as stream:
            stream.write(COMMANDS)
    return len(found)


def execution(made: Bench, home: Path) -> None:
    """The commands of 300 packages, without resolving and without starting anything."""
    with tempfile.TemporaryDirectory(dir=made.folder) as folder:
        names = [f"package_{number:03}" for number in range(300)]
        for number, name in enumerate(names):
            place = Path(folder, "packages", name, "1.2.3")
            place.mkdir(parents=True)
            requires = f"requires = ['{names[number - 1]}-1']\n" if number else ""
            (place / "package.py").write_text(f"name = '{name}'\nversion = '1.2.3'\n{requires}{COMMANDS}")
        saved = Path(folder, "context.rxt")
        subprocess.run(
            [made.ours / "bin" / "rezup", "env", names[-1], "--no-implicit", "-o", saved,
             "--paths", Path(folder, "packages")],
            env=made.environ(home), check=True,
        )  # fmt: skip
        seconds = {
            tool: float(
                subprocess.run(
                    [made.python, "-c", setup + _TIMED, saved],
                    env=made.environ(home), capture_output=True, text=True, check=True,
                ).stdout
            )
            for tool, setup in _EXECUTE.items()
        }  # fmt: skip
    print("\ncommands of 300 packages to bash, in one process")
    for tool, taken in seconds.items():
        print(f"  {tool:6} {taken * 1000:8.2f} ms")
    print(f"  {seconds['rez'] / seconds['rezup']:.1f} times as fast (target: 5)")


def costs(made: Bench, home: Path, packages: Path, request: Iterable[str]) -> None:
    """Processes started, and the memory of what waits while a command runs."""
    print("\nwhat it takes (strace, /proc)")
    waiting = "sleep 0.5; cat /proc/$$/status | grep VmRSS; cat /proc/$PPID/status | grep -E 'Name|VmRSS'"
    for tool, none in (("rezup", "--no-implicit"), ("rez-env", "--ni")):
        program = [made.ours / "bin" / tool, *(["env"] if tool == "rezup" else [])]
        command = [*program, *request, none, "--shell", "bash", "--paths", packages, "-q"]
        log = made.folder / f"{tool}.strace"
        traced = ["strace", "-f", "-qq", "-e", "trace=execve,fork,vfork,clone,clone3", "-o", log]
        subprocess.run([*traced, *command, "--", "true"], env=made.environ(home), check=True)
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        processes = len({line.split()[0] for line in lines})
        programs = sum("execve(" in line and line.endswith("= 0") for line in lines)
        done = subprocess.run(
            [*command, "-c", waiting], env=made.environ(home), capture_output=True, text=True, check=True
        )
        shown = " ".join(done.stdout.split())
        print(f"  {tool:8} {processes} processes and threads, {programs} programs; shell, parent: {shown}")


if __name__ == "__main__":
    os.chdir(HERE)
    main()
