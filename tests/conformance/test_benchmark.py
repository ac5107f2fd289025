"""The 188 requests of Rez's own benchmark: same packages, same order, same phases, same failure text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rezup.resolver.index.stored import StoredIndex, build
from rezup.resolver.repository import MemoryRepository, PackageRecord
from rezup.resolver.solver import Solver
from rezup.resolver.version import Version
from support import rez_benchmark

DATA = Path(__file__).parent / "data"


def repository() -> MemoryRepository:
    return MemoryRepository(
        [
            PackageRecord(
                values["name"], Version(values.get("version", "")), tuple(values.get("requires") or ()),
                tuple(map(tuple, values.get("variants") or ())), timestamp=values.get("timestamp") or 0,
            )
            for values in rez_benchmark.definitions()
        ]
    )  # fmt: skip


def recorded() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((DATA / "benchmark-rez-3.4.0.json").read_text(encoding="utf-8"))
    return found


def ours(request: list[str], packages: Any) -> dict[str, Any]:
    resolution = Solver(request, packages).solve()
    found: dict[str, Any] = {"phases": resolution.phases, "fails": resolution.fails}
    if resolution.failure is not None:
        return {**found, "failure": resolution.failure.text}
    return {**found, "packages": [list(package) for package in resolution.packages]}


def test_all_answers_are_those_that_rez_gave() -> None:
    record = recorded()
    requests = rez_benchmark.requests()
    assert len(requests) == len(record["answers"]) == 188
    packages = repository()
    data = build(packages.family, packages.families())
    kept = StoredIndex(data).tables()
    for number, (request, answer) in enumerate(zip(requests, record["answers"], strict=True)):
        expected = dict(answer)
        if "packages" in expected:
            expected["packages"] = [record["variants"][place] for place in expected["packages"]]
        assert ours(request, StoredIndex(data)) == expected, number
        if number % 4 == 0:
            assert ours(request, kept) == expected, number


@pytest.mark.conformance
@pytest.mark.timeout(3600)
@pytest.mark.filterwarnings("ignore")  # Rez takes a warning while it loads a plugin for a missing plugin
def test_rez_gives_the_recorded_answers(tmp_path: Path) -> None:
    from conformance.record import answer

    record = recorded()
    place = str(rez_benchmark.extract(tmp_path))
    table = {(name, version, index): at for at, (name, version, index) in enumerate(record["variants"])}
    for number, request in enumerate(rez_benchmark.requests()):
        assert answer(request, place, table) == record["answers"][number]
