"""Farm jobs where they are submitted: what is told of the file, and of a revision that others can't have."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from support.jobs import STAMP, container
from support.world import World, publish, studio_of

if TYPE_CHECKING:
    from pathlib import Path

    from support.world import Outcome


def write(world: World, *more: str) -> Outcome:
    """Make a job of maya in the container; its file is job.json in the home folder."""
    command = world.command("env", "maya", "-o", "job.json", *more)
    return world.rezup("use", "foo", "--local", "--", *command)


WROTE = f"wrote job.json: 2 packages, in foo@{STAMP}\n"


class TestWhatIsTold:
    def test_the_file_and_what_is_in_it(self, world: World) -> None:
        assert write(world).err == WROTE
        outcome = write(world, "-q")
        assert (outcome.code, outcome.out, outcome.err) == (0, "", "")

    def test_outside_of_any_container(self, world: World, packages: Path) -> None:
        world.variables.update(REZ_PACKAGES_PATH=str(packages), REZ_IMPLICIT_PACKAGES="")
        (world.home / "studio").mkdir()
        world.variables["REZUP_ROOT_REMOTE"] = str(world.home / "studio")
        outcome = world.rezup("env", "free", "-o", "job.json")
        assert outcome.err == "wrote job.json: 1 package, in no container\n"


class TestARevisionThatIsHereOnly:
    def test_without_a_remote_root_nothing_is_said(self, world: World) -> None:
        assert write(world).err == WROTE

    def test_one_that_the_remote_root_lacks_is_warned_of(self, world: World, tmp_path: Path) -> None:
        studio_of(world, tmp_path / "studio", ["200.000000"])
        for quiet in ((), ("-q",)):
            outcome = write(world, *quiet)
            assert (outcome.code, outcome.out) == (0, "")
            assert outcome.err.removeprefix(WROTE) == (
                f"warning: revision {STAMP} of foo is on this machine only: hosts that don't have it can't run the "
                "job; publish one with `rezup add foo --remote`, enter that, and submit again\n"
            )
        assert json.loads((world.home / "job.json").read_text())["container"]["revision"] == STAMP

    def test_one_that_the_remote_root_has_is_not(self, world: World, tmp_path: Path) -> None:
        publish(studio_of(world, tmp_path / "studio", []), STAMP)
        assert write(world).err == WROTE

    def test_one_that_was_pulled_is_not_looked_for(self, tmp_path: Path, packages: Path) -> None:
        machine = container(World(tmp_path / "puller"), packages, origin="remote")
        machine.variables["REZUP_ROOT_REMOTE"] = str(tmp_path / "nowhere")
        assert write(machine).err == WROTE

    @pytest.mark.parametrize("is_there", [False, True])
    def test_where_the_remote_root_does_not_answer_that_is_said(
        self, world: World, tmp_path: Path, is_there: bool
    ) -> None:
        root = tmp_path / "studio"
        if is_there:
            root.mkdir()  # empty, as where nothing is mounted
        world.variables["REZUP_ROOT_REMOTE"] = str(root)
        outcome = write(world)
        assert outcome.code == 0
        assert outcome.err.startswith(f"{WROTE}warning: the remote root {root} is unreachable (")
        assert outcome.err.endswith(
            f"isn't known whether other hosts can have revision {STAMP} of foo, which the job needs\n"
        )

    def test_the_remote_root_of_the_containers_recipe_counts(self, world: World, tmp_path: Path) -> None:
        studio_of(world, tmp_path / "studio", ["200.000000"])
        root = world.variables.pop("REZUP_ROOT_REMOTE")
        world.write("rezup.foo.toml", f'[rez]\nname = "rez"\n[root]\nremote = "{root}"\n')
        assert "on this machine only" in write(world).err

    def test_a_recipe_that_can_not_be_read_does_no_harm(self, world: World, packages: Path) -> None:
        world.variables.update(REZ_PACKAGES_PATH=str(packages), REZ_IMPLICIT_PACKAGES="")
        world.write("rezup.foo.toml", "[rez\n")
        inside = {"REZUP_CONTAINER": "foo", "REZUP_REVISION": STAMP}
        outcome = world.rezup("env", "maya", "-o", "job.json", env=inside)
        assert (outcome.code, outcome.err) == (0, WROTE)


class TestACommandBesideIt:
    @pytest.mark.parametrize("command", [("--", "echo", "run"), ("-c", "echo run")])
    def test_is_wrong_usage_and_nothing_is_written(self, world: World, command: tuple[str, ...]) -> None:
        for option in (["-o", "job.json"], ["--output=job.json"]):
            outcome = world.rezup("env", "maya", *option, *command)
            assert (outcome.code, outcome.out) == (2, "")
            assert "--output writes the file and starts nothing" in outcome.err
            assert "`rezup use --from job.json -- COMMAND`" in " ".join(outcome.err.split())
            assert not (world.home / "job.json").exists()

    @pytest.mark.parametrize("command", [("--", "echo", "run"), ("-c", "echo run")])
    def test_of_a_context_is_left_out_as_by_rez_and_told(
        self, world: World, packages: Path, command: tuple[str, ...]
    ) -> None:
        world.variables.update(REZ_PACKAGES_PATH=str(packages), REZ_IMPLICIT_PACKAGES="")
        outcome = world.rezup("env", "maya", "-o", "shot.rxt", *command)
        assert (outcome.code, outcome.out) == (0, "")
        assert (
            outcome.err == "warning: the command is not run: --output saves the context and starts nothing\n"
        )
        assert json.loads((world.home / "shot.rxt").read_text())["status"] == "solved"
