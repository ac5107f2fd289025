"""Farm jobs on machines that lack something: they are refused, with what is missing and where it was looked for."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from support.jobs import STAMP, change, container, do, package, refused, submit

if TYPE_CHECKING:
    from pathlib import Path

    from support.world import World


class TestWhatIsMissing:
    def test_no_such_container(self, world: World, farm: World) -> None:
        file = submit(world, "maya")
        farm.rezup("drop", "foo", "--yes")
        err = refused(
            do(farm, file), "no container foo", STAMP, str(farm.root), "hint: set REZUP_ROOT_REMOTE"
        )
        assert err.count("\n") == 3

    def test_no_such_revision(self, world: World, farm: World, tmp_path: Path) -> None:
        file = submit(world, "maya")
        farm.rezup("drop", "foo", "--yes")
        farm.revision("foo", "900.000000")
        refused(do(farm, file), f"revision {STAMP} of foo", "not to be had", str(farm.root))
        (tmp_path / "studio").mkdir()
        farm.variables["REZUP_ROOT_REMOTE"] = str(tmp_path / "studio")
        refused(do(farm, file), f"{farm.root} and {tmp_path / 'studio'}")
        refused(farm.rezup("use", "--from", file, "--local", "--", "true"), "(--local)")

    def test_a_container_with_a_recipe_is_not_made_instead(self, world: World, farm: World) -> None:
        file = submit(world, "maya")
        farm.rezup("drop", "foo", "--yes")
        farm.recipe()
        refused(do(farm, file), "not to be had")
        assert farm.stamps() == []

    def test_a_part_of_its_name_is_not_the_revision(self, world: World, farm: World) -> None:
        refused(do(farm, change(submit(world, "maya"), container__revision="100.0")), "revision 100.0 of foo")

    def test_an_unreachable_remote_is_told(self, world: World, farm: World, tmp_path: Path) -> None:
        file = submit(world, "maya")
        farm.variables["REZUP_ROOT_REMOTE"] = str(tmp_path / "nowhere")
        assert do(farm, file).code == 0
        farm.rezup("drop", "foo", "--yes")
        refused(do(farm, file), "unreachable")

    def test_one_of_the_same_name_that_was_made_otherwise(
        self, world: World, farm: World, packages: Path
    ) -> None:
        file = submit(world, "maya")
        farm.rezup("drop", "foo", "--yes")
        container(farm, packages, recipe_digest="1" * 64)
        refused(do(farm, file), f"foo@{STAMP} is not the revision of the job", "another recipe")

    def test_one_of_another_platform(self, world: World, farm: World, packages: Path) -> None:
        file = submit(world, "maya")
        farm.rezup("drop", "foo", "--yes")
        container(farm, packages, platform="plan9-vax")
        refused(do(farm, file), "plan9-vax")

    def test_a_package_that_vanished(self, world: World, farm: World, packages: Path) -> None:
        file = submit(world, "maya")
        definition = packages / "python/3.11/package.py"
        definition.unlink()
        refused(do(farm, file), f"{definition.parent}: there is no package definition")
        definition.parent.rmdir()
        refused(
            do(farm, file),
            "can't be made again here",
            f"not in {packages}: python-3.11",
            "hint: what the job",
        )
        shutil.rmtree(packages / "python")
        refused(do(farm, file), f"not in {packages}: python-3.11")

    def test_another_variant(self, world: World, farm: World, packages: Path) -> None:
        file = submit(world, "rig", "python-3.9")
        package(packages, "rig/1.0", "variants = [['python-3', 'free'], ['python-3.11']]")
        refused(do(farm, file), "rig: another variant", "free")

    def test_another_path(self, world: World, farm: World, tmp_path: Path, packages: Path) -> None:
        file = submit(world, "free")
        package(tmp_path / "other", "free/1")
        change(file, context__packages_path=[str(tmp_path / "other"), str(packages)])
        refused(do(farm, file), "free: another path", str(tmp_path / "other"), str(packages))

    def test_another_version(self, world: World, farm: World) -> None:
        file = submit(world, "maya")
        change(file, context__request=["maya==2024.1", "python==3.9"])
        refused(do(farm, file), "python: another version: 3.9 instead of 3.11")

    def test_a_job_of_another_platform_that_can_not_be_done_names_it(self, world: World, farm: World) -> None:
        file = change(submit(world, "maya"), platform="plan9-vax", context__request=["maya==9"])
        refused(do(farm, file), "plan9-vax")

    def test_inside_a_container(self, world: World, farm: World) -> None:
        file = submit(world, "maya")
        outcome = farm.rezup("use", "foo", "--", *farm.command("use", "--from", file, "--", "true"))
        refused(outcome, "already container foo")


class TestWhatOnlyRezCanDo:
    @pytest.mark.parametrize(
        ("variables", "changes", "words"),
        [
            ({"REZ_DEFAULT_SHELL": "xonsh"}, {}, "unknown shell 'xonsh'"),
            ({}, {"context__package_orderers": [{"type": "studio"}]}, "no package orderer 'studio'"),
            ({}, {"context__packages_path": ["sqlite@/packages"]}, "no kind of repository called 'sqlite'"),
        ],
    )  # fmt: skip
    def test_a_plugin_that_is_not_known_is_said_with_the_command_that_can(
        self, world: World, variables: dict[str, str], changes: dict[str, Any], words: str
    ) -> None:
        file = change(submit(world, "maya"), **changes)
        refused(do(world, file, env=variables), words, "rezup use NAME -- rez-env")
