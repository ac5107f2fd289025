"""`add --remote` proves before it publishes, and can write the shape of rezup 2.x beside its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

import support.killed
from rezup.system.leftovers import SWEEP_AFTER
from rezup.system.machine import platform_tag
from support.publishing import HANGING, TELLING, Studio, is_running, work_left

if TYPE_CHECKING:
    from pathlib import Path

    from support.world import Outcome, World

pytestmark = pytest.mark.skipif(os.name == "nt", reason="scripts of POSIX")

PUBLISH = ("add", "foo", "--remote", "--skip-use")
IMPORT_ERROR = "import nothing_like_it\n"


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path)


@pytest.fixture
def machine(studio: Studio) -> World:
    return studio.machine("publisher")


def done(outcome: Outcome) -> Outcome:
    assert outcome.code == 0, outcome.err
    return outcome


def refused(studio: Studio, machine: World, *options: str) -> Outcome:
    """A publication that fails, leaves the share as it was byte for byte, and nothing on the machine."""
    before = studio.content()
    outcome = machine.rezup(*PUBLISH, *options)
    assert outcome.code == 1, outcome
    assert studio.content() == before
    assert machine.rezup("list", "foo", "--json").data["revisions"] == []
    assert work_left(machine) == []
    return outcome


class TestAProof:
    def test_starts_rez_and_the_scripts_of_each_extension(self, studio: Studio, machine: World) -> None:
        isolated = studio.extension("apart", "def main(): pass\n") + "isolation = true\n"
        studio.recipe(machine, "[[extension]]\nname = 'rez-thing'\n" + isolated)
        data = done(machine.rezup(*PUBLISH, "--json")).data
        assert data["verified"] is True
        assert [(each["environment"], each["tool"], each["command"], each["status"]) for each in data["starts"]] == [
            ("rez", "rez", ["rez", "--version"], 0),
            ("rez", "rez-thing", ["rez-thing", "--help"], 0),
            ("apart", "apart", ["apart", "--help"], 0),
        ]  # fmt: skip
        assert studio.receipt()["verified"] is True
        assert work_left(machine) == []

    def test_gives_scripts_what_use_gives_them_and_no_terminal(
        self, studio: Studio, machine: World, tmp_path: Path
    ) -> None:
        extension = studio.extension("telling", TELLING)
        studio.recipe(machine, extension, head="[env]\nSHOW = 'kraken'\nALSO = '${HOME}/x'\n")
        machine.variables |= {"WITNESS": str(tmp_path / "told"), "VIRTUAL_ENV": "/elsewhere"}
        done(machine.rezup(*PUBLISH))
        told = json.loads((tmp_path / "told").read_text())
        environment = told["environment"]
        assert (environment["SHOW"], environment["ALSO"]) == ("kraken", f"{machine.home}/x")
        assert environment["REZUP_CONTAINER"] == "foo"
        assert environment["REZUP_USING_REMOTE"] == "yes"
        assert environment["PATH"].split(os.pathsep)[0].endswith("venv/rez/bin/rez")
        assert "VIRTUAL_ENV" not in environment
        assert (told["arguments"], told["input"], told["folder"]) == (["--help"], "", [])
        assert told["terminal"] is False

    @pytest.mark.parametrize(
        ("body", "said"),
        [
            (IMPORT_ERROR, "ModuleNotFoundError: No module named 'nothing_like_it'"),
            pytest.param(
                "def main(): raise SystemExit(127)\n", "status 127: a program", marks=pytest.mark.slow
            ),
        ],
    )
    def test_refuses_an_extension_whose_script_does_not_start(
        self, studio: Studio, machine: World, body: str, said: str
    ) -> None:
        studio.recipe(machine, studio.extension("bad-one", body))
        outcome = refused(studio, machine)
        assert "bad-one --help doesn't work in foo, so nothing was published" in outcome.err
        assert said in outcome.err
        assert "--no-verify" in outcome.err
        (log,) = [word.rstrip(";") for word in outcome.err.split() if word.rstrip(";").endswith(".log")]
        with open(log, encoding="utf-8") as stream:
            assert "bad-one --help" in stream.read()

    def test_refuses_an_isolated_extension_that_fails_to_import(self, studio: Studio, machine: World) -> None:
        studio.recipe(machine, studio.extension("bad-one", IMPORT_ERROR) + "isolation = true\n")
        outcome = refused(studio, machine, "--json")
        (error,) = json.loads(outcome.out)["errors"]
        assert error["code"] == "proof-failed"
        assert "nothing_like_it" in error["context"]

    def test_refuses_a_rez_that_does_not_tell_its_version(self, studio: Studio, machine: World) -> None:
        studio.broken_rez("def main(): return 3\n")
        studio.recipe(machine)
        assert "rez --version doesn't work in foo" in refused(studio, machine).err

    @pytest.mark.slow
    def test_refuses_what_can_not_be_built_here(self, studio: Studio, machine: World) -> None:
        studio.recipe(machine)
        lock = machine.write("pylock.toml", "")
        recipe = studio.recipe(machine, head="lock = 'pylock.toml'")
        lock.unlink()
        done(machine.rezup("lock", str(recipe)))
        studio.broken_rez(IMPORT_ERROR)  # a file that isn't the one that was locked
        for wheel in (machine.home / "wheels", machine.home / ".cache"):
            subprocess.run(["rm", "-rf", wheel], check=True)
        assert "hint:" in refused(studio, machine).err

    def test_ends_a_script_that_hangs_with_all_that_it_started(
        self, studio: Studio, machine: World, tmp_path: Path
    ) -> None:
        studio.recipe(machine, studio.extension("hanging", HANGING))
        machine.variables["WITNESS"] = str(tmp_path / "child")
        outcome = refused(studio, machine, "--verify-timeout", "2")
        assert "hanging --help doesn't work in foo" in outcome.err
        assert "no answer within 2 s | about to hang" in outcome.err
        assert not is_running(int((tmp_path / "child").read_text()))

    @pytest.mark.slow
    def test_shows_no_secret_that_a_script_tells(self, studio: Studio, machine: World) -> None:
        body = "import os\ndef main(): raise ValueError(os.environ['STUDIO_TOKEN'])\n"
        recipe = studio.recipe(machine, studio.extension("chatty", body))
        recipe.write_text(recipe.read_text() + "[pip.env]\nPIP_PROXY = 'http://u:${STUDIO_TOKEN}@x'\n")
        machine.variables["STUDIO_TOKEN"] = "s3cr3t-canary"
        outcome = refused(studio, machine)
        assert "ValueError: ***" in outcome.err
        logs = [path.read_text() for path in machine.home.rglob("*.log")]
        assert any("ValueError" in text for text in logs)
        assert not any("canary" in text for text in [outcome.err, *logs])

    def test_of_the_embedded_runtime_asks_ours_for_its_version(self, studio: Studio, machine: World) -> None:
        machine.write("rezup.foo.toml", "[rez]\nruntime = 'embedded'\n")
        data = done(machine.rezup(*PUBLISH, "--json")).data
        assert [each["command"] for each in data["starts"]] == [["rez", "--version"]]
        assert studio.receipt()["verified"] is True

    def test_is_of_this_platform_and_says_once_what_it_leaves_out(
        self, studio: Studio, machine: World
    ) -> None:
        other = "windows" if sys.platform != "win32" else "linux"
        studio.recipe(machine, head=f"platforms = ['{platform_tag()}', '{other}']")
        err = done(machine.rezup(*PUBLISH)).err
        assert err.count(f"tried on {platform_tag()} only, and not on win32-amd64") == 1

    def test_that_can_not_be_made_here_is_an_error(self, studio: Studio, machine: World) -> None:
        other = "windows-arm64"
        studio.recipe(machine, head=f"platforms = ['{other}']")
        outcome = refused(studio, machine)
        assert "the recipe can't be tried on this machine, so nothing was published" in outcome.err
        assert "it is for win32-arm64" in outcome.err
        assert done(machine.rezup(*PUBLISH, "--no-verify", "--json")).data["verified"] is False

    def test_leaves_nothing_when_it_is_killed(self, studio: Studio, machine: World) -> None:
        studio.recipe(machine)
        before = studio.content()
        command = [sys.executable, support.killed.__file__, "publish", "prove", "start"]
        killed = subprocess.run(
            command, env=machine.environ, cwd=machine.home, capture_output=True, check=False
        )
        assert killed.returncode == -signal.SIGKILL
        assert studio.content() == before
        (left,) = work_left(machine)
        long_ago = time.time() - SWEEP_AFTER - 1
        os.utime(left, (long_ago, long_ago))
        done(machine.rezup(*PUBLISH))
        assert work_left(machine) == []


class TestWithoutAProof:
    def test_what_is_broken_is_published_and_every_machine_is_told(
        self, studio: Studio, machine: World
    ) -> None:
        studio.recipe(machine, studio.extension("bad-one", IMPORT_ERROR))
        data = done(machine.rezup(*PUBLISH, "--no-verify", "--json")).data
        assert (data["verified"], data["starts"]) == (False, [])
        assert studio.receipt()["verified"] is False
        other = studio.machine("other")
        done(other.rezup("use", "foo", "--", "rez"))
        assert other.rezup("status", "foo", "--json").data["container"]["verified"] is False
        assert "none: published with --no-verify" in other.rezup("status", "foo", "-v").out

    @pytest.mark.slow
    def test_nothing_is_built(self, studio: Studio, machine: World) -> None:
        studio.recipe(machine)
        outcome = done(machine.rezup(*PUBLISH, "--no-verify", "-v"))
        assert "without a proof" in outcome.err
        assert "making the environment" not in outcome.err


class TestTheNextPull:
    def test_on_the_same_machine_builds_nothing_anew(self, studio: Studio, machine: World) -> None:
        studio.recipe(machine, "[[extension]]\nname = 'rez-thing'\n")
        published = done(machine.rezup(*PUBLISH, "-v"))
        assert published.err.count("built in the cache") == 1
        used = done(machine.rezup("use", "foo", "-v", "--", "rez"))
        assert used.err.count("taken from the cache") == 1
        assert "installing" not in used.err
        (stamp,) = machine.stamps()
        receipt = json.loads((machine.root / "foo" / stamp / "revision.json").read_bytes())
        assert receipt["environments"][0]["cloned"]
        assert receipt["verified"] is True
        assert "proved before it was published" in machine.rezup("status", "foo", "-v").out

    def test_follows_at_once_where_a_command_is_given(self, studio: Studio, machine: World) -> None:
        studio.recipe(machine)
        outcome = done(machine.rezup("add", "foo", "--remote", "-v", "--", "rez", "hello"))
        assert json.loads(outcome.out)["argv"][1:] == ["hello"]
        assert outcome.err.count("installing") == 1
        assert outcome.err.count("taken from the cache") == 1


def test_the_interface_of_2x_publishes_with_a_proof(studio: Studio, machine: World) -> None:
    studio.recipe(machine)
    code = "from rezup import util; print(util.Container('foo').new_revision().dirname())"
    told = subprocess.run(
        [sys.executable, "-c", code], env=machine.environ, cwd=machine.home, capture_output=True, text=True, check=True
    )  # fmt: skip
    assert (studio.root / "foo" / told.stdout.strip() / "revision.json").is_file()
    assert studio.receipt()["verified"] is True


class TestABundle:
    @pytest.fixture
    def bundle(self, studio: Studio, machine: World, tmp_path: Path) -> Path:
        """Of a revision whose extension is broken."""
        studio.recipe(machine, studio.extension("bad-one", IMPORT_ERROR), name="bar")
        done(machine.rezup("add", "bar", "--skip-use"))
        done(machine.rezup("bundle", "bar", tmp_path / "bar.rezup"))
        return tmp_path / "bar.rezup"

    def test_is_proved_before_it_is_published(self, studio: Studio, bundle: Path) -> None:
        before = studio.content()
        other = studio.machine("other")
        outcome = other.rezup("unbundle", bundle, "--remote")
        assert outcome.code == 1
        assert "bad-one --help doesn't work in bar" in outcome.err
        assert studio.content() == before
        assert work_left(other) == []
        data = done(other.rezup("unbundle", bundle, "--remote", "--no-verify", "--json")).data
        assert data["verified"] is False
        assert studio.receipt("bar")["verified"] is False


class TestAlsoTheShapeOf2x:
    def test_is_one_revision_with_ours(self, studio: Studio, machine: World) -> None:
        studio.recipe(machine)
        stamp = done(machine.rezup(*PUBLISH, "--also-2x", "--json")).data["revision"]
        old = studio.root / "foo" / "revisions" / stamp
        assert sorted(path.name for path in old.iterdir()) == ["revision.json", "rezup.toml"]
        other = studio.machine("other")
        assert [each["revision"] for each in other.rezup("list", "foo", "--json").data["revisions"]] == [
            stamp
        ]
        listed = {each["name"]: each["remote"] for each in other.rezup("list", "--json").data["containers"]}
        assert listed["foo"] == 1
        done(other.rezup("use", "foo", "--", "rez"))
        assert other.stamps() == [stamp]
        receipt = json.loads((other.root / "foo" / stamp / "revision.json").read_bytes())
        assert receipt["locks"] == studio.receipt()["locks"]
        assert other.rezup("status", "foo", "--json").data["container"]["newer"] == []
        found = json.loads(other.rezup("doctor", "--json").out)["data"]["findings"]
        assert [each for each in found if str(studio.root) in json.dumps(each)] == []

    @pytest.mark.slow
    def test_can_be_used_where_ours_is_gone(self, studio: Studio, machine: World) -> None:
        studio.recipe(machine)
        stamp = done(machine.rezup(*PUBLISH, "--also-2x", "--json")).data["revision"]
        (studio.root / "foo" / stamp).rename(studio.folder / "taken away")
        other = studio.machine("other")
        done(other.rezup("use", "foo", "--", "rez"))
        assert other.stamps() == [stamp]

    def test_that_can_not_be_written_leaves_ours_in_use(self, studio: Studio, machine: World) -> None:
        studio.recipe(machine)
        (studio.root / "foo").mkdir()
        (studio.root / "foo" / "revisions").write_text("a file of somebody")
        outcome = machine.rezup(*PUBLISH, "--also-2x")
        assert outcome.code == 1
        assert "is published, but not for rezup 2.x" in outcome.err
        done(studio.machine("other").rezup("use", "foo", "--", "rez"))
        assert [path.name for path in (studio.root / "foo").iterdir() if path.name.startswith(".")] == []

    @pytest.mark.parametrize("number", [pytest.param(0, marks=pytest.mark.slow), 1])
    def test_when_killed_before_either_write_leaves_a_working_system(
        self, studio: Studio, machine: World, number: int
    ) -> None:
        studio.recipe(machine)
        code = (
            "import sys; from support.killed_sharing import kill_before\n"
            "from rezup.session import Session\n"
            "kill_before('rename', int(sys.argv[1]), sys.argv[2])\n"
            "session = Session.create()\n"
            "session.sharing().publish(session.place('foo'), also_2x=True, verify=False)\n"
        )
        # All wheels are there already: only the revision's two shapes are renamed.
        done(
            machine.rezup("add", "bar", "-f", str(machine.home / "rezup.foo.toml"), "--remote", "--skip-use")
        )
        killed = subprocess.run(
            [sys.executable, "-c", code, str(number), str(studio.root / "foo")],
            env={**machine.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            cwd=machine.home, capture_output=True, check=False,
        )  # fmt: skip
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        other = studio.machine("other")
        listed = other.rezup("list", "foo", "--json").data
        assert len(listed["revisions"] if listed else []) == number
        assert not (studio.root / "foo" / "revisions").is_dir() or not list(
            (studio.root / "foo" / "revisions").iterdir()
        )
        if number:
            done(other.rezup("use", "foo", "--", "rez"))
        done(machine.rezup(*PUBLISH, "--also-2x"))
        done(other.rezup("use", "foo", "--", "rez"))
        assert len(list((studio.root / "foo" / "revisions").iterdir())) == 1

    @pytest.mark.parametrize(
        ("text", "key"),
        [
            ("[rez]\nruntime = 'embedded'\n", "rez.runtime"),
            ("[env]\nFORMAT = '%d'\n[rez]\nname = 'rez'\n", "env.FORMAT"),
            ("[rez]\nname = 'rez'\nurl = 'rez==${REZ}'\n", "rez.url"),
            ("[rez]\nname = 'rez'\n[[extension]]\nname = 'a'\nurl = './a'\n", "extension[1].url"),
            ("[rez]\nname = 'rez'\n[pip]\noptions = ['--proxy=${P}']\n", "pip.options"),
            ("[rez]\nname = 'rez'\n[dotenv]\n1 = '${SHOW}/a.env'\n", "dotenv.1"),
        ],
    )
    def test_refuses_what_2x_can_not_do(self, studio: Studio, machine: World, text: str, key: str) -> None:
        machine.write("rezup.foo.toml", text)
        before = studio.content()
        outcome = machine.rezup(*PUBLISH, "--also-2x")
        assert outcome.code == 1
        assert "rezup 2.x can't do what the recipe asks for" in outcome.err
        assert f"{key}" in outcome.err
        assert studio.content() == before


@pytest.mark.parametrize(
    ("command", "option"),
    [
        ("add", "--also-2x"),
        ("add", "--no-verify"),
        ("add", "--verify-timeout=3"),
        ("unbundle", "--no-verify"),
    ],
)
def test_an_option_about_publishing_needs_a_remote(world: World, command: str, option: str) -> None:
    outcome = world.rezup(command, "foo", option)
    assert outcome.code == 2
    assert f"{option.partition('=')[0]} is about publishing: it needs --remote" in outcome.err
    assert world.stamps() == []


class TestAShareThatIsAway:
    def test_nothing_is_published_to_the_disk_under_its_mount_point(
        self, studio: Studio, machine: World
    ) -> None:
        studio.recipe(machine)
        done(machine.rezup(*PUBLISH))
        studio.root.rename(studio.folder / "away")
        missing = machine.rezup(*PUBLISH)
        assert missing.code == 1
        assert "there is no such folder" in missing.err
        assert not studio.root.exists()
        studio.root.mkdir()
        empty = machine.rezup(*PUBLISH)
        assert empty.code == 1
        assert "it had revisions before" in empty.err
        assert list(studio.root.iterdir()) == []

    def test_what_was_published_from_here_is_what_was_seen_last(self, studio: Studio, machine: World) -> None:
        studio.recipe(machine)
        done(machine.rezup(*PUBLISH))
        newest = machine.rezup(*PUBLISH, "--json").data["revision"]
        studio.root.rename(studio.folder / "away")
        assert machine.rezup("status", "foo", "--json").data["container"]["revision"] == newest
