"""Three machines and a share: what one publishes, the others build."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from rezup.stores.base import RECEIPT, RECIPE
from support.wheels import write_project, write_rez
from support.world import Outcome, World


class TestARemoteRoot:
    """Three machines and a share."""

    @pytest.fixture
    def machines(self, tmp_path: Path) -> list[World]:
        (tmp_path / "studio").mkdir()
        wheels = tmp_path / "studio" / "wheels"
        for version in ("9.1.0", "9.2.0"):
            write_rez(wheels, version)
        machines = [World(tmp_path / name) for name in ("one", "two", "three")]
        for machine in machines:
            machine.variables["REZUP_ROOT_REMOTE"] = str(tmp_path / "studio")
        return machines

    def publish(self, machine: World, version: str, *extra: str) -> Outcome:
        wheels = Path(machine.variables["REZUP_ROOT_REMOTE"]) / "wheels"
        machine.write(
            "rezup.foo.toml",
            f"description = 'v{version}'\n[rez]\nname = 'rez'\nurl = 'rez=={version}'\n"
            f"[pip]\noptions = ['--no-index', '--find-links={wheels}']\n",
        )
        return machine.rezup("add", "foo", "--remote", "--skip-use", *extra)

    def publish_bad(self, machine: World) -> None:
        """The newest revision of the studio is one that nobody can build."""
        assert self.publish(machine, "9.2.0").code == 0
        for wheel in (Path(machine.variables["REZUP_ROOT_REMOTE"]) / ".wheels").glob("*/rez-9.2.0*"):
            wheel.unlink()
        (Path(machine.variables["REZUP_ROOT_REMOTE"]) / "wheels" / "rez-9.2.0-py2.py3-none-any.whl").unlink()

    def test_what_can_not_be_locked_is_not_published(self, machines: list[World]) -> None:
        refused = self.publish(machines[0], "9.9.9")
        assert refused.code == 1
        assert "9.9.9" in refused.err
        assert not (Path(machines[0].variables["REZUP_ROOT_REMOTE"]) / "foo").exists()

    def version(self, machine: World) -> object:
        outcome = machine.rezup("use", "foo", "--", "rez")
        assert outcome.code == 0, outcome.err
        return machine.rezup("status", "foo", "--json").data["container"]["rez"]

    def test_every_machine_gets_the_same_revision_under_the_same_name(self, machines: list[World]) -> None:
        assert self.publish(machines[0], "9.1.0").code == 0
        assert [self.version(machine) for machine in machines] == ["9.1.0"] * 3
        assert machines[0].stamps() == machines[1].stamps() == machines[2].stamps()
        assert self.publish(machines[1], "9.2.0").code == 0
        assert [self.version(machine) for machine in machines] == ["9.2.0"] * 3

    def test_the_remote_holds_recipe_lock_and_receipt_only(self, machines: list[World]) -> None:
        self.publish(machines[0], "9.1.0")
        (folder,) = (Path(machines[0].variables["REZUP_ROOT_REMOTE"]) / "foo").iterdir()
        assert sorted(p.name for p in folder.iterdir()) == sorted([RECIPE, RECEIPT, "pylock.toml"])
        assert machines[0].stamps() == []

    def test_a_bad_new_revision_blocks_nobody_and_is_not_tried_again_at_once(
        self, machines: list[World]
    ) -> None:
        self.publish(machines[0], "9.1.0")
        assert self.version(machines[1]) == "9.1.0"
        self.publish_bad(machines[0])
        first = machines[1].rezup("use", "foo", "--", "rez")
        assert first.code == 0
        warnings = [line for line in first.err.splitlines() if line.startswith("warning:")]
        assert len(warnings) == 1
        assert "published by" in warnings[0]
        assert machines[1].stamps()[0] in warnings[0]
        second = machines[1].rezup("use", "foo", "--", "rez")
        assert second.code == 0
        assert "installing" not in second.err
        assert "attempts so far: 1" in second.err

    def test_a_machine_without_any_builds_the_last_good_one_when_the_newest_is_bad(
        self, machines: list[World]
    ) -> None:
        self.publish(machines[0], "9.1.0")
        self.publish_bad(machines[0])
        outcome = machines[1].rezup("use", "foo", "--", "rez")
        assert outcome.code == 0, outcome.err
        assert outcome.err.count("warning:") == 1
        assert len(machines[1].stamps()) == 1

    def test_a_revision_asked_for_by_name_is_had_or_an_error(self, machines: list[World]) -> None:
        self.publish(machines[0], "9.1.0")
        self.publish_bad(machines[0])
        failed = machines[1].rezup("use", "foo@-0", "--", "rez")
        assert failed.code == 1
        assert machines[1].rezup("use", "foo@-1", "--", "rez").code == 0

    def test_a_revision_that_is_half_published_is_passed_over(self, machines: list[World]) -> None:
        self.publish(machines[0], "9.1.0")
        self.version(machines[1])
        half = Path(machines[0].variables["REZUP_ROOT_REMOTE"]) / "foo" / "9999999999.000000"
        half.mkdir()
        (half / RECIPE).write_text("[rez]\nname = 'rez'\n")
        outcome = machines[1].rezup("use", "foo", "--", "rez")
        assert outcome.code == 0
        assert "incomplete on the remote" in outcome.err

    def test_what_was_used_works_with_the_remote_gone(self, machines: list[World]) -> None:
        self.publish(machines[0], "9.1.0")
        self.version(machines[1])
        Path(machines[0].variables["REZUP_ROOT_REMOTE"]).rename(machines[0].folder / "gone")
        assert machines[1].rezup("use", "foo", "--", "rez").code == 0
        refused = machines[2].rezup("use", "foo", "--", "rez")
        assert refused.code == 1
        assert "unreachable" in refused.err

    def test_a_recipe_with_a_literal_secret_is_not_published(self, machines: list[World]) -> None:
        machines[0].write(
            "rezup.foo.toml", "[rez]\nname = 'rez'\nlib = ['x @ https://u:hunter2@h/x-1-py3-none-any.whl']\n"
        )
        outcome = machines[0].rezup("add", "foo", "--remote", "--skip-use")
        assert outcome.code == 1
        assert "${" in outcome.err
        assert "hunter2" not in outcome.err
        assert not (Path(machines[0].variables["REZUP_ROOT_REMOTE"]) / "foo").exists()

    def test_a_path_that_others_can_not_see_is_not_published_unless_told(self, machines: list[World]) -> None:
        studio = Path(machines[0].variables["REZUP_ROOT_REMOTE"])
        machines[0].write("site.env", "A=1\n")
        machines[0].write(
            "rezup.foo.toml",
            f"[rez]\nname = 'rez'\nurl = 'rez'\n[dotenv]\n1 = '{machines[0].home}/site.env'\n"
            f"[pip]\noptions = ['--no-index', '--find-links={studio / 'wheels'}']\n",
        )
        refused = machines[0].rezup("add", "foo", "--remote", "--skip-use")
        assert refused.code == 1
        assert "rezup.foo.toml:5: dotenv.1" in refused.err
        assert machines[0].rezup("add", "foo", "--remote", "--skip-use", "--allow-local-paths").code == 0

    def test_a_source_of_one_machine_reaches_the_others_as_its_wheel(self, machines: list[World]) -> None:
        studio = Path(machines[0].variables["REZUP_ROOT_REMOTE"])
        source = machines[0].home / "thing"
        write_project(
            source, "thing", "1.0", {"thing.py": "def main(): print('own')\n"}, {"thing": "thing:main"}
        )
        machines[0].write(
            "rezup.foo.toml",
            "[rez]\nname = 'rez'\nurl = 'rez'\n[[extension]]\nname = 'thing'\nurl = './thing'\n"
            f"[pip]\noptions = ['--no-index', '--find-links={studio / 'wheels'}']\n",
        )
        published = machines[0].rezup("add", "foo", "--remote", "--skip-use")
        assert published.code == 0, published.err
        shutil.rmtree(source)
        outcome = machines[1].rezup("use", "foo", "--", "thing")
        assert (outcome.code, outcome.out) == (0, "own\n"), outcome.err

    def test_without_a_remote_root_publishing_is_an_error_with_a_hint(self, world: World) -> None:
        world.recipe()
        outcome = world.rezup("add", "foo", "--remote", "--skip-use")
        assert outcome.code == 1
        assert "REZUP_ROOT_REMOTE" in outcome.err
