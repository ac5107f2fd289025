"""Record what Rez answers to the 188 requests of its own benchmark, or which environments it makes.

``python tests/conformance/record.py`` writes ``data/benchmark-rez-VERSION.json`` for the Rez that is
installed (three to ten minutes); with ``env`` behind it ``data/env-rez-VERSION.json`` (two minutes). The suite
compares with the files, so that it needs no minutes itself.

The first holds a table of resolved variants and, for each request, the positions of its answer in that table::

    {"rez": "3.4.0", "variants": [["name", "1.2", null], …],
     "answers": [{"packages": [0, 5, …], "phases": 9, "fails": 0}, {"failure": "The following …", …}]}

The second holds, for each request, exit status, stdout and variables in bash, and how other shells differ::

    {"rez": "3.4.0", "answers": {"example maya": {"bash": [0, "…", {"MAYA_VERSION": "2024", …}], "zsh": […], …}}}
"""

from __future__ import annotations

import gc
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    os.environ.update(REZ_DISABLE_HOME_CONFIG="1", REZ_CONFIG_FILE="")

from support import env_rez, rez_benchmark

DATA = Path(__file__).parent / "data"


def answer(
    request: list[str], repository: str, table: dict[tuple[str, str, int | None], int]
) -> dict[str, Any]:
    """What Rez says to one request; new variants are added to the table."""
    from rez.solver import Solver, SolverStatus
    from rez.utils.formatting import PackageRequest

    solver = Solver([PackageRequest(text) for text in request], [repository])
    solver.solve()
    record: dict[str, Any] = {"phases": solver.num_solves, "fails": solver.num_fails}
    if solver.status == SolverStatus.solved:
        keys = [(v.name, str(v.version), v.index) for v in solver.resolved_packages or ()]
        record["packages"] = [table.setdefault(key, len(table)) for key in keys]
    else:
        record["failure"] = solver.failure_description()
    return record


def main() -> None:
    """Record all of them and write the file."""
    import rez

    table: dict[tuple[str, str, int | None], int] = {}
    answers = []
    with tempfile.TemporaryDirectory() as folder:
        repository = str(rez_benchmark.extract(Path(folder)))
        gc.disable()
        for number, request in enumerate(rez_benchmark.requests()):
            answers.append(answer(request, repository, table))
            gc.collect()
            sys.stdout.write(f"{number} {answers[-1].get('failure', 'solved')}\n")
    record = {"rez": rez.__version__, "variants": [list(key) for key in table], "answers": answers}
    path = DATA / f"benchmark-rez-{rez.__version__}.json"
    path.write_text(json.dumps(record, separators=(",", ":")) + "\n", encoding="utf-8")


def main_env() -> None:
    """Record environments and write the file."""
    import rez

    answers: dict[str, dict[str, env_rez.Left]] = {}
    with tempfile.TemporaryDirectory() as folder:
        studio = env_rez.Studio(Path(folder) / "studio")
        for name, request in env_rez.requests().items():
            asked = [*request.split(), "-c", env_rez.line_for(request)]
            answers[name] = {
                shell: studio.left(studio.rez("--shell", shell, *asked)) for shell in env_rez.SHELLS
            }
            sys.stdout.write(f"{name}\n")
    record = {"rez": rez.__version__, "answers": env_rez.packed(answers)}
    path = DATA / f"env-rez-{rez.__version__}.json"
    path.write_text(env_rez.text_of(record), encoding="utf-8")


if __name__ == "__main__":
    main_env() if sys.argv[1:] == ["env"] else main()
