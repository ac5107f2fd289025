"""A revision whose folder nobody lets us into: it is not usable, and stops nothing else."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from support.permissions import obey_permissions
from support.world import Outcome, World, studio_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")

OLD, NEW = "100.000000", "200.000000"


@pytest.fixture(params=["made here", "of the studio"])
def machine(world: World, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[World]:
    """A machine that has two revisions, of which it may not enter the newer one."""
    origin = "local" if request.param == "made here" else "remote"
    folders = [world.revision("foo", stamp, origin=origin) for stamp in (OLD, NEW)]
    if origin == "remote":
        studio_of(world, tmp_path / "studio", [OLD, NEW])
    folders[-1].chmod(0)
    yield world
    folders[-1].chmod(0o755)


def said(machine: World, *arguments: str) -> Outcome:
    outcome = machine.rezup(*arguments, preexec_fn=obey_permissions)
    assert outcome.code == 0, outcome.err
    return outcome


def test_use_takes_the_one_before_with_one_warning_and_builds_nothing(machine: World) -> None:
    outcome = said(machine, "use", "foo", "--", "rez")
    assert outcome.out == f"rez of {OLD}\n"
    (line,) = outcome.err.splitlines()
    for part in ("warning", NEW, "Permission denied", f"taking {OLD} instead"):
        assert part in line
    assert not list((machine.home / ".local" / "state" / "rezup").glob("logs/*"))


def test_which_and_list_and_status_go_on(machine: World) -> None:
    assert said(machine, "which", "foo").out == f"{machine.root}/foo/{OLD}\n"
    explained = said(machine, "which", "foo", "--explain").out
    assert "Permission denied" in next(line for line in explained.splitlines() if NEW in line)
    listed = said(machine, "list", "foo", "--json").data["revisions"]
    assert [(each["revision"], each["state"]) for each in listed] == [(NEW, "damaged"), (OLD, "ready")]
    assert "damaged" in said(machine, "status", "foo").out


@pytest.mark.parametrize("yes", [(), ("--yes",)])
def test_prune_goes_on_and_leaves_it_alone(machine: World, yes: tuple[str, ...]) -> None:
    found = said(machine, "prune", "--json", "--older-than", "0", *yes).data["revisions"]
    why = {each["revision"]: [reason["code"] for reason in each["reasons"]] for each in found}
    assert "not-ready" in why[NEW]
    assert why[OLD]
    assert machine.stamps() == [NEW, OLD]


def test_without_another_one_it_is_an_error_that_says_why(machine: World) -> None:
    outcome = machine.rezup("use", f"foo@{NEW}", "--", "rez", preexec_fn=obey_permissions)
    assert outcome.code == 1
    assert "Permission denied" in outcome.err
    assert "the system refused" not in outcome.err
    refused = machine.rezup("which", f"foo@{NEW}", "--json", preexec_fn=obey_permissions)
    assert json.loads(refused.out)["errors"][0]["code"] == "revision-not-ready"
