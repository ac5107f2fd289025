"""The requests of Rez's own solver tests, in every order and both modes: as Rez answers them."""

from __future__ import annotations

import json
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from conformance.rez_cases import DATA, GROUPS, MODES, RELEASED, SOLVER, Group
from rezup.resolver.filters import PackageFilterList
from rezup.resolver.order_keys import Releases
from rezup.resolver.orderers import PackageOrder
from rezup.resolver.repository import MemoryRepository
from rezup.resolver.requirement import Requirement
from rezup.resolver.solver import Solver
from rezup.resolver.version import Version
from rezup.runtime.config import load_config
from rezup.runtime.filesystem import FilesystemRepository
from support.resolve_worlds import Answer, Package, ours, rez

groups = pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.title)


def recorded() -> dict[str, dict[str, dict[str, list[Any]]]]:
    """By mode, group and request."""
    found: dict[str, Any] = json.loads((DATA / "cases-rez-3.4.0.json").read_text(encoding="utf-8"))
    return found["answers"]  # type: ignore[no-any-return]


def as_recorded(answer: Answer | None) -> list[Any]:
    """An answer as JSON has it."""
    return json.loads(json.dumps(answer))  # type: ignore[no-any-return]


def in_words(answer: Answer) -> list[str]:
    """An answer as the tables have it."""
    if answer.kind == "failed":
        return ["cycle" if answer.text.startswith("A cyclic") else "failed"]
    if answer.kind != "solved":
        return [answer.kind]
    shown = [
        (f"{name}-{version}" if version else name) + ("" if variant is None else f"[{variant}]")
        for name, version, variant in answer.packages
    ]
    return shown + sorted(answer.ephemerals)


@groups
def test_each_request_is_answered_as_expected(group: Group) -> None:
    for request, expected in group.cases():
        assert in_words(ours(group.world(request, group.settings.mode))) == expected, request


@groups
@pytest.mark.parametrize("mode", MODES)
def test_every_order_of_a_request_is_answered_as_rez_did(group: Group, mode: str) -> None:
    answers = recorded()[mode][group.title]
    orders = list(group.orders())
    assert set(answers) == {" ".join(order) for order in orders}
    for order in orders:
        world = group.world(order, mode)
        assert as_recorded(ours(world)) == answers[" ".join(order)], order
        assert as_recorded(ours(world, stored=True)) == answers[" ".join(order)], order


def test_a_request_is_answered_in_every_order_or_in_none() -> None:
    for by_group in recorded().values():
        for group in GROUPS:
            for request, _ in group.cases():
                kinds = {by_group[group.title][" ".join(order)][0] for order in permutations(request)}
                assert len(kinds) == 1, request


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ("!.bah", ""),
        ("!.bah-2.5+", ""),
        (".foo-2.5 !.foo-2", "The following package conflicts occurred: (.foo-2.5 <--!--> !.foo-2)"),
        ("!.foo-2 .foo-2.5", "The following package conflicts occurred: (!.foo-2 <--!--> .foo-2.5)"),
    ],
)
@pytest.mark.filterwarnings("ignore:the load_module:DeprecationWarning")  # Rez's way to load a plugin
def test_an_ephemeral_in_a_conflict_is_taken_by_the_solver_itself(request_: str, expected: str) -> None:
    from rez.solver import Solver as RezSolver
    from rez.version import Requirement as RezRequirement

    given = request_.split()
    found = Solver(map(Requirement, given), []).solve()
    theirs = RezSolver([RezRequirement(text) for text in given], [])
    theirs.solve()
    assert (found.failure.text if found.failure else "") == expected
    assert (theirs.failure_description() if theirs.status.name == "failed" else "") == expected
    assert found.packages == tuple(theirs.resolved_packages or ())
    assert found.ephemerals == tuple(map(str, theirs.resolved_ephemerals or ()))


@pytest.mark.conformance
@groups
@pytest.mark.parametrize("mode", MODES)
def test_rez_gives_the_recorded_answers(group: Group, mode: str) -> None:
    answers = recorded()[mode][group.title]
    for order in group.orders():
        assert as_recorded(rez(group.world(order, mode))) == answers[" ".join(order)], order


@pytest.mark.conformance
@pytest.mark.parametrize(
    ("folder", "packages"), [("solver/packages", SOLVER), ("packages/py_packages", RELEASED)]
)
def test_the_tables_have_the_packages_that_rez_tests_with(folder: str, packages: tuple[Package, ...]) -> None:
    import rez as package

    place = Path(package.__file__).parent / "data" / "tests" / folder
    repository = FilesystemRepository(str(place), load_config({"REZ_DISABLE_HOME_CONFIG": "1", "HOME": "/"}))
    names = {each.name for each in packages}
    found = {record._replace(uri="") for name in names for record in repository.family(name)}
    assert found == {each.record() for each in packages}
    if packages is SOLVER:
        assert set(repository.families()) == names


# -- which version is first

DOWN = {"type": "sorted", "descending": True}
UP = {"type": "sorted", "descending": False}
SPLIT = {"type": "version_split", "first_version": "2.6.0"}


def soft(timestamp: int, rank: int = 0) -> dict[str, Any]:
    return {"type": "soft_timestamp", "timestamp": timestamp, "rank": rank}


def per_family(default: dict[str, Any] | None = None, **orderers: dict[str, Any]) -> dict[str, Any]:
    given = [{**orderer, "packages": [name]} for name, orderer in orderers.items()]
    return {"type": "per_family", "orderers": given, **({"default_order": default} if default else {})}


EACH_ITS_OWN = per_family(UP, pysplit={"type": "no_order"}, python=SPLIT, timestamped=soft(3001, 3))


@pytest.mark.parametrize(
    ("orderer", "name", "expected"),
    [
        (UP, "pymum", "1 2 3"),
        (DOWN, "pymum", "3 2 1"),
        (SPLIT, "python", "2.6.0 2.5.2 2.7.0 2.6.8"),
        (EACH_ITS_OWN, "pysplit", "7 6 5"),
        (EACH_ITS_OWN, "python", "2.6.0 2.5.2 2.7.0 2.6.8"),
        (EACH_ITS_OWN, "timestamped", "1.1.1 1.1.0 1.0.6 1.0.5 1.2.0 2.0.0 2.1.5 2.1.0"),
        (EACH_ITS_OWN, "pymum", "1 2 3"),
        (per_family(missing_package={"type": "no_order"}), "missing_package", ""),
        (per_family(), "pymum", "3 2 1"),
        (soft(3001), "timestamped", "1.1.0 1.0.6 1.0.5 1.1.1 1.2.0 2.0.0 2.1.0 2.1.5"),
        (soft(3001, 3), "timestamped", "1.1.1 1.1.0 1.0.6 1.0.5 1.2.0 2.0.0 2.1.5 2.1.0"),
        (soft(4001, 3), "timestamped", "1.1.1 1.1.0 1.0.6 1.0.5 1.2.0 2.0.0 2.1.5 2.1.0"),
        (soft(7001, 3), "timestamped", "2.1.5 2.1.0 2.0.0 1.2.0 1.1.1 1.1.0 1.0.6 1.0.5"),
        (soft(9999999999, 3), "timestamped", "2.1.5 2.1.0 2.0.0 1.2.0 1.1.1 1.1.0 1.0.6 1.0.5"),
        (soft(0, 3), "timestamped", "1.0.6 1.0.5 1.1.1 1.1.0 1.2.0 2.0.0 2.1.5 2.1.0"),
        (soft(3001), "pymum", "3 2 1"),
    ],
)
def test_an_orderer_puts_first_what_rez_puts_first(orderer: dict[str, Any], name: str, expected: str) -> None:
    repository = MemoryRepository(each.record() for each in (*SOLVER, *RELEASED))
    versions = sorted((str(record.version) for record in repository.family(name)), key=Version, reverse=True)
    made = PackageOrder.from_pod(orderer)
    assert made.reorder(name, versions, Version, Releases.of([repository])) == expected.split()
    assert PackageOrder.from_pod(json.loads(json.dumps(made.to_pod()))) == made


# -- which versions there are

ALL = "1.0.5 1.0.6 1.1.0 1.1.1 1.2.0 2.0.0 2.1.0 2.1.5"
TWO = [{"excludes": ["*.0"]}, {"excludes": ["*-2.*"], "includes": ["pymum"]}]


@pytest.mark.parametrize(
    ("filters", "name", "expected"),
    [
        ([], "pydad", "1 2 3"),
        ([{}], "pydad", "1 2 3"),
        ([{"excludes": ["glob(timestamped-*.5)"]}], "timestamped", "1.0.6 1.1.0 1.1.1 1.2.0 2.0.0 2.1.0"),
        ([{"excludes": ["regex(timestamped-1.[1|2].*)"]}], "timestamped", "1.0.5 1.0.6 2.0.0 2.1.0 2.1.5"),
        ([{"excludes": ["range(timestamped-1.1+)"]}], "timestamped", "1.0.5 1.0.6"),
        ([{"excludes": ["before(6999)"]}], "timestamped", "2.1.0 2.1.5"),
        ([{"excludes": ["glob(timestamped-*)"]}], "pydad", "1 2 3"),
        ([{"excludes": ["glob(*.5)"], "includes": ["range(timestamped-2)"]}], "timestamped", ALL[6:]),
        (TWO, "timestamped", "1.0.5 1.0.6 1.1.1"),
        (TWO, "pymum", "1 2 3"),
    ],
)
def test_a_filter_leaves_what_it_leaves_in_rez(filters: list[Any], name: str, expected: str) -> None:
    repository = MemoryRepository(each.record() for each in (*SOLVER, *RELEASED))
    made = PackageFilterList.from_pod(filters)
    for each in (made, PackageFilterList.from_pod(json.loads(json.dumps(made.to_pod())))):
        left = [record for record in repository.family(name) if each.excludes(record) is None]
        assert " ".join(str(record.version) for record in left) == expected
