"""The rules of a resolve, one by one; the comparison with Rez itself is in tests/conformance."""

from __future__ import annotations

from typing import Any

import pytest

from rezup.errors import (
    ContradictoryPackageError,
    InvalidRequirementError,
    PackageFamilyNotFoundError,
    PackageNotFoundError,
)
from rezup.resolver.conflict import Cycle, TotalReduction
from rezup.resolver.search.search import Progress, Verdict
from support.resolve_worlds import Package, ResolveWorld, ours, resolution, rez


def solved(packages: list[Package], *request: str, **settings: Any) -> list[str]:
    """The packages of a result, which is also that of Rez."""
    world = ResolveWorld.of(packages, *request, **settings)
    found = resolution(world)
    assert found.is_solved, found.failure
    assert ours(world) == rez(world)
    return [*map(str, found.packages), *found.ephemerals]


def failed(packages: list[Package], *request: str, **settings: Any) -> str:
    world = ResolveWorld.of(packages, *request, **settings)
    found = resolution(world)
    assert found.failure is not None
    assert ours(world) == rez(world)
    return found.failure.text


def several(name: str, *versions: str) -> list[Package]:
    return [Package(name, version) for version in versions]


def test_the_highest_version_is_taken() -> None:
    assert solved(several("a", "1", "10", "9"), "a") == ["a-10"]


def test_requested_packages_come_first_each_after_what_it_needs_and_the_rest_by_name() -> None:
    packages = [
        Package("b", "1", ("z", "c")),
        Package("a", "1", ("y",)),
        *several("c", "1"),
        *several("y", "1"),
        *several("z", "1"),
    ]
    assert solved(packages, "b", "a") == ["c-1", "z-1", "b-1", "y-1", "a-1"]


def test_a_conflict_request_keeps_versions_out_but_pulls_nothing_in() -> None:
    packages = [Package("a", "1", ("b",)), *several("b", "1", "2", "3")]
    assert solved(packages, "!b-3", "a") == ["b-2", "a-1"]
    assert solved(packages, "!b-3", "!nofam", "b-2") == ["b-2"]


def test_a_weak_request_narrows_what_others_need() -> None:
    packages = [Package("a", "1", ("b",)), *several("b", "1", "2", "3")]
    assert solved(packages, "~b-1", "a") == ["b-1", "a-1"]
    assert solved(packages, "~b-1", "~c") == []


def test_the_first_scope_with_a_choice_is_split() -> None:
    packages = [
        Package("a", "2", ("c-1",)), Package("a", "1", ("c-2",)),
        Package("b", "2", ("c-2",)), Package("b", "1", ("c-1",)), *several("c", "1", "2"),
    ]  # fmt: skip
    assert solved(packages, "a", "b") == ["c-1", "a-2", "b-1"]
    assert solved(packages, "b", "a") == ["c-2", "b-2", "a-1"]


@pytest.mark.parametrize(
    ("mode", "expected"), [("version_priority", "a-1[1]"), ("intersection_priority", "a-1[0]")]
)
def test_variants_are_preferred_by_what_they_share_with_the_request(mode: str, expected: str) -> None:
    variants = (("b-1", "c-1"), ("b-2",))
    packages = [Package("a", "1", (), variants), *several("b", "1", "2"), *several("c", "1")]
    assert solved(packages, "a", "b", "c", mode=mode)[-1] in (expected, "c-1")
    assert expected in solved(packages, "a", "b", "c", mode=mode)


def test_of_variants_that_add_as_much_the_last_name_and_then_the_last_index_wins() -> None:
    packages = [
        Package("a", "1", (), (("x",), ("z",), ("y",))),
        *several("x", "1"),
        *several("y", "1"),
        *several("z", "1"),
    ]
    assert solved(packages, "a") == ["z-1", "a-1[1]"]
    assert solved([Package("a", "1", (), (("x",), ("x",))), *several("x", "1")], "a") == ["x-1", "a-1[1]"]


def test_ephemerals_must_agree_and_are_reported_with_their_range() -> None:
    packages = [
        Package("a", "1", (".feature-2+",)),
        Package("b", "1", (".feature<4",)),
        Package("c", "1", (".feature-1",)),
    ]
    assert solved(packages, "a", "b") == ["a-1", "b-1", ".feature-2+<4"]
    assert failed(packages, "a", "c").startswith("The following package conflicts occurred: (")


def test_a_request_that_contradicts_itself_fails_without_a_look_at_packages() -> None:
    text = failed([], "nofam-1", "nofam-2")
    assert text == "The following package conflicts occurred: (nofam-1 <--!--> nofam-2)"


def test_a_cycle_ends_the_solve_even_if_an_older_version_had_none() -> None:
    packages = [Package("a", "2", ("b",)), Package("a", "1"), Package("b", "1", ("a",))]
    assert failed(packages, "a") == "A cyclic dependency was detected: a-2 --> b-1 --> a-2"
    assert failed([Package("a", "1", ("a-1",))], "a") == "A cyclic dependency was detected: a-1 --> a-1"


def test_a_package_that_lost_all_its_variants_is_named_with_them() -> None:
    packages = [Package("b", "1", (), (("c-2",), ("!c-1",))), *several("c", "1", "2", "3")]
    text = failed(packages, "b", "c-1")
    assert text.startswith("A package was completely reduced: (b-1[")
    reason = resolution(ResolveWorld.of(packages, "b", "c-1")).failure.reason  # type: ignore[union-attr]
    assert isinstance(reason, TotalReduction)
    assert {(each.variant, str(each.dependency), str(each.conflicting)) for each in reason.reductions} == {
        (0, "c-2", "c==1"), (1, "!c-1", "c==1"),
    }  # fmt: skip


def test_the_first_failed_phase_is_told_even_after_others() -> None:
    packages = [
        Package("a", "2", ("b-2",)), Package("a", "1", ("b-1",)),
        Package("b", "2", ("c-3",)), Package("b", "1", ("c-4",)),
        Package("d", "1", ("c-5",)), *several("c", "3", "4", "5"),
    ]  # fmt: skip
    found = resolution(ResolveWorld.of(packages, "a", "d"))
    assert failed(packages, "a", "d") == "The following package conflicts occurred: (c-3|4 <--!--> c==5)"
    assert found.phases >= 1


# -- what is missing


def test_a_missing_family_or_version_of_the_request_is_an_error() -> None:
    with pytest.raises(PackageFamilyNotFoundError, match="package family not found: nofam"):
        resolution(ResolveWorld.of([], "nofam"))
    with pytest.raises(PackageNotFoundError, match="Package could not be found: a-3"):
        resolution(ResolveWorld.of(several("a", "1"), "a-3"))


def test_a_missing_version_of_a_dependency_is_an_error_even_if_another_version_would_do() -> None:
    packages = [
        Package("a", "2", (), (("b-9",), ("b-8",))),
        Package("a", "1", ("c",)),
        *several("b", "1"),
        *several("c", "1"),
    ]
    world = ResolveWorld.of(packages, "a")
    assert ours(world) == rez(world)
    assert ours(world).kind == "PackageNotFoundError"


@pytest.mark.parametrize(("any_b", "old_b"), [("e", "d"), ("d", "e")])
def test_so_it_is_if_another_package_asks_for_any_version_at_the_same_time(any_b: str, old_b: str) -> None:
    packages = [
        Package("a", "2", (any_b, old_b)),
        Package("a", "1"),
        Package(any_b, "1", ("b",)),
        Package(old_b, "1", ("b-9",)),
        *several("b", "1"),
    ]
    world = ResolveWorld.of(packages, "a")
    assert ours(world) == rez(world)
    assert ours(world).text == "Package could not be found: b-9"


def test_a_missing_family_of_a_dependency_is_an_error_that_names_who_needs_it() -> None:
    packages = [Package("a", "1", ("nofam-2",))]
    with pytest.raises(PackageFamilyNotFoundError) as caught:
        resolution(ResolveWorld.of(packages, "a"))
    assert str(caught.value) == "package family not found: nofam, was required by: a (searched: repository 0)"


def test_or_it_makes_only_what_needs_it_fail() -> None:
    packages = [Package("a", "2", ("nofam",)), Package("a", "1")]
    assert solved(packages, "a", missing_is_error=False) == ["a-1"]
    found = resolution(ResolveWorld.of(packages, "a-2", missing_is_error=False))
    assert found.failure is not None
    assert found.failure.text == "Solver failed with unknown reason."
    assert found.messages == ("package family not found: nofam, was required by: a (searched: repository 0)",)


def test_a_package_that_contradicts_itself_ends_the_resolve_once_it_is_looked_at() -> None:
    packages = [Package("a", "2", ("b-1", "b-2")), Package("a", "1"), *several("b", "1", "2")]
    with pytest.raises(
        ContradictoryPackageError, match=r"a-2\[\] has an internal requirements conflict: b-1 <--!--> b-2"
    ):
        resolution(ResolveWorld.of(packages, "a"))
    assert solved(packages, "a-1") == ["a-1"]


@pytest.mark.parametrize("text", ["!.feature", "~.feature-1", "a b", ""])
def test_a_request_is_read_as_strictly_as_by_rez(text: str) -> None:
    with pytest.raises(InvalidRequirementError):
        resolution(ResolveWorld.of([], text))


# -- settings


def test_earlier_repositories_shadow_later_ones() -> None:
    world = ResolveWorld(
        (
            (Package("a", "1", ("b-1",)),),
            (Package("a", "1.0"), Package("a", "1", ("b-2",)), *several("b", "1", "2")),
        ),
        ("a==1",),
    )
    assert ours(world) == rez(world)
    assert ("b", "1", None) in ours(world).packages


def test_build_requires_of_every_package_count_when_building() -> None:
    packages = [Package("a", "1", ("b",)), Package("b", "1", (), (), ("cmake",)), *several("cmake", "3")]
    assert solved(packages, "a") == ["b-1", "a-1"]
    assert solved(packages, "a", building=True) == ["cmake-3", "b-1", "a-1"]


def test_orderers_filters_and_a_timestamp_decide_which_versions_there_are() -> None:
    packages = [Package("a", version, timestamp=time) for version, time in (("1", 10), ("2", 20), ("3", 30))]
    assert solved(packages, "a", orderers=({"type": "sorted", "descending": False},)) == ["a-1"]
    assert solved(packages, "a", filters=({"excludes": ["a-3"]},)) == ["a-2"]
    assert solved(packages, "a", timestamp=15) == ["a-1"]
    with pytest.raises(PackageNotFoundError):
        resolution(ResolveWorld.of(packages, "a", timestamp=5))


# -- limits


def test_a_callback_may_abort() -> None:
    told: list[Progress] = []

    def callback(progress: Progress) -> Verdict:
        told.append(progress)
        return Verdict("abort", "enough")

    found = resolution(ResolveWorld.of(several("a", "1", "2"), "a"), callback=callback)
    assert (found.status, found.abort_reason, len(told)) == ("aborted", "enough", 1)
    assert (told[0].solves, told[0].fails) == (1, 0)


def test_a_limit_of_failures_fails_with_the_last_of_them() -> None:
    packages = [
        Package("a", "2", ("x-1",)),
        Package("a", "1", ("y",)),
        Package("x", "1", ("z-2",)),
        *several("y", "1"),
        *several("z", "1", "2"),
        Package("w", "1", ("z-1",)),
    ]
    limited = resolution(ResolveWorld.of(packages, "a", "w"), max_fails=1)
    assert resolution(ResolveWorld.of(packages, "a", "w")).is_solved
    assert limited.failure is not None
    assert limited.failure.text.startswith(
        "fail limit reached: aborted after 1 failures:\nThe following package conflicts"
    )


def test_a_time_limit_aborts() -> None:
    ticks = iter(range(0, 1000, 10))
    found = resolution(
        ResolveWorld.of(several("a", "1", "2"), "a"), time_limit=5, clock=lambda: float(next(ticks))
    )
    assert (found.status, found.abort_reason) == ("aborted", "time limit exceeded")


# -- thrashing


def thrashing(width: int) -> list[Package]:
    """Choices that have nothing to do with a contradiction between the first package and the last."""
    between = [f"x{number}" for number in range(width)]
    packages = [Package("top", "1", ("first", *between, "zlast"))]
    packages += [Package("first", "2", ("b",)), Package("first", "1", ("d",))]
    packages += [Package(name, str(version), ("c-1",)) for name in "bd" for version in (1, 2)]
    packages += [
        Package(name, str(version), (f"{name}_{version}",)) for name in between for version in (1, 2)
    ]
    packages += [Package(f"{name}_{version}", "1") for name in between for version in (1, 2)]
    packages += [Package("zlast", str(version), (f"w{version}",)) for version in (1, 2)]
    packages += [Package(f"w{version}", "1", ("c-3",)) for version in (1, 2)]
    return [*packages, *several("c", "1", "3")]


def test_a_search_that_thrashes_begins_anew_with_backjumping() -> None:
    plain = resolution(ResolveWorld.of(thrashing(6), "top"), restart_after=None)
    jumping = resolution(ResolveWorld.of(thrashing(6), "top"), restart_after=5)
    assert plain.status == jumping.status == "failed"
    assert plain.failure is not None
    assert jumping.failure is not None
    assert plain.failure.text == jumping.failure.text
    assert (plain.backjumped, jumping.backjumped) == (False, True)
    assert jumping.phases * 10 < plain.phases


def test_it_does_so_by_itself_where_rez_would_not_end() -> None:
    found = resolution(ResolveWorld.of(thrashing(40), "top"))
    assert found.status == "failed"
    assert found.backjumped


PASSED_OVER = [
    Package("a", "2", ("c-1",)), Package("a", "1"),
    Package("m", "2"), Package("m", "1", ("nofam",)),
    Package("z", "2", ("w2",)), Package("z", "1", ("w1",)), Package("w2", "1", ("c-3",)), Package("w1", "1", ("c-3",)),
    *several("c", "1", "3"),
]  # fmt: skip


def test_backjumping_may_pass_over_an_error_that_rez_meets() -> None:
    """The documented difference: going back over `m`, which is not to blame, Rez meets the missing package."""
    world = ResolveWorld.of(PASSED_OVER, "a", "m", "z")
    assert ours(world) == rez(world)
    assert ours(world).kind == "PackageFamilyNotFoundError"
    jumped = resolution(world, restart_after=0)
    assert jumped.backjumped
    assert list(map(str, jumped.packages)) == ["a-1", "m-2", "c-3", "w2-1", "z-2"]


def test_a_long_chain_of_packages_needs_no_deep_stack() -> None:
    packages = [Package(f"p{number}", "1", (f"p{number + 1}",)) for number in range(3000)]
    found = resolution(ResolveWorld.of([*packages, Package("p3000", "1")], "p0"))
    assert len(found.packages) == 3001
    assert str(found.packages[0]) == "p3000-1"


def test_a_cycle_is_data_too() -> None:
    found = resolution(ResolveWorld.of([Package("a", "1", ("b",)), Package("b", "2", ("a",))], "a"))
    assert found.failure is not None
    assert found.failure.reason == Cycle((("a", "1"), ("b", "2")))
