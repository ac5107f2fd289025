"""A bundle that the remote root has already: nothing is published twice, and nothing that isn't there counts."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from rezup.containers import publication
from rezup.session import Session
from rezup.stores.base import RECEIPT, RECIPE
from rezup.stores.remote import RemoteStore
from support.listeners import Listener
from support.publishing import Studio
from support.wheels import write_rez

if TYPE_CHECKING:
    from pathlib import Path

    from support.world import Outcome, World

pytestmark = pytest.mark.skipif(os.name == "nt", reason="scripts of POSIX")

UNBUNDLE = ("unbundle", "--remote")
UNPROVED = (*UNBUNDLE, "--no-verify")


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path)


@pytest.fixture
def machine(studio: Studio) -> World:
    machine = studio.machine("one")
    studio.recipe(machine)
    return machine


@pytest.fixture
def file(studio: Studio, machine: World) -> Path:
    """A bundle of what the recipe makes."""
    return bundle(studio, machine, "9.1.0")


def bundle(studio: Studio, machine: World, version: str) -> Path:
    """A bundle of what the recipe makes where this version of Rez is the newest."""
    write_rez(studio.wheels, version)
    done(machine.rezup("add", "foo", "--skip-use"))
    file = studio.folder / f"{version}.rezup"
    done(machine.rezup("bundle", "foo", file))
    return file


def done(outcome: Outcome) -> Outcome:
    assert outcome.code == 0, outcome.err
    return outcome


def document(machine: World, *words: str | Path) -> dict[str, Any]:
    """What a command that succeeds says."""
    data: dict[str, Any] = done(machine.rezup(*words, "--json")).data
    return data


def stamps(studio: Studio) -> list[str]:
    return sorted(path.name for path in (studio.root / "foo").iterdir() if path.name[0].isdigit())


class TestItsWheels:
    def test_are_added_where_they_are_missing(self, studio: Studio, machine: World, file: Path) -> None:
        stamp = document(machine, "add", "foo", "--remote", "--skip-use", "--no-verify")["revision"]
        shutil.rmtree(studio.root / ".wheels")  # as where an index had them
        shutil.rmtree(studio.wheels)
        other = studio.machine("other")
        told = done(other.rezup(*UNPROVED, "--offline", file)).err
        assert told == f"foo: it is published already: revision {stamp} on {studio.root}; 2 wheels added\n"
        done(studio.machine("third").rezup("use", "foo", "--offline", "--", "rez"))
        again = document(other, *UNPROVED, file)
        assert (again["revision"], again["wheels_added"], stamps(studio)) == (stamp, 0, [stamp])

    def test_are_mended_where_they_are_damaged(self, studio: Studio, machine: World, file: Path) -> None:
        first = document(machine, *UNPROVED, file)
        assert (first["was_there"], first["wheels_added"]) == (False, 0)
        (wheel,) = (studio.root / ".wheels").glob("*/rez-*.whl")
        wheel.chmod(0o644)
        wheel.write_bytes(b"no wheel")
        again = document(machine, *UNPROVED, file)
        assert (again["revision"], again["wheels_added"]) == (first["revision"], 1)
        assert wheel.read_bytes()[:2] == b"PK"


class TestARevisionThatIsNotWhole:
    @pytest.mark.parametrize("name", [RECIPE, "pylock.toml"])
    @pytest.mark.parametrize("is_lost", [True, False])
    def test_does_not_count(
        self, studio: Studio, machine: World, file: Path, name: str, is_lost: bool
    ) -> None:
        first = document(machine, *UNPROVED, file)["revision"]
        path = studio.root / "foo" / first / name
        data = path.read_bytes()
        path.unlink()
        if not is_lost:
            path.write_bytes(data + b"\n")
        outcome = done(machine.rezup(*UNPROVED, file, "--json"))
        assert (outcome.data["was_there"], outcome.data["revision"] > first) == (False, True)
        assert f"revision {first} on {studio.root} has the same recipe and locks" in outcome.err
        assert "its files were lost or changed" in outcome.err
        done(studio.machine("other").rezup("use", "foo", "--", "rez"))


class TestOneThatTheStudioDoesNotTake:
    @pytest.fixture
    def revisions(self, studio: Studio, machine: World, file: Path) -> list[str]:
        """One of the bundle, and a newer one."""
        files = [file, bundle(studio, machine, "9.2.0")]
        return [document(machine, *UNPROVED, each)["revision"] for each in files]

    def test_as_it_is_not_the_newest_is_told(
        self, studio: Studio, machine: World, file: Path, revisions: list[str]
    ) -> None:
        old, new = revisions
        assert done(machine.rezup(*UNPROVED, file)).err.splitlines() == [
            f"foo: it is published already: revision {old} on {studio.root}",
            (
                f"foo: it isn't the newest: the studio takes revision {new}; "
                f"to have it take {old}: rezup pin foo@{old} --remote"
            ),
        ]
        data = document(machine, *UNPROVED, file)
        assert (data["revision"], data["was_there"], data["taken"]) == (old, True, new)
        assert stamps(studio) == revisions
        done(machine.rezup("pin", f"foo@{old}", "--remote"))
        assert document(machine, *UNPROVED, file)["taken"] is None

    def test_as_another_is_pinned_is_told(self, studio: Studio, machine: World, revisions: list[str]) -> None:
        old, new = revisions
        done(machine.rezup("pin", f"foo@{old}", "--remote"))
        told = done(machine.rezup(*UNPROVED, studio.folder / "9.2.0.rezup")).err.splitlines()
        assert told[0].endswith(f"revision {new} on {studio.root}")
        assert told[1].startswith(f"foo: another one is pinned there: the studio takes revision {old}; ")


class TestOneWithoutAProof:
    def test_is_proved_and_published_anew(self, studio: Studio, machine: World, file: Path) -> None:
        first = document(machine, *UNPROVED, file)["revision"]
        outcome = done(machine.rezup(*UNBUNDLE, file, "--json"))
        assert (outcome.data["was_there"], outcome.data["verified"]) == (False, True)
        assert outcome.err.count(f"revision {first} on {studio.root} has the same recipe and locks") == 1
        assert "published without a proof" in outcome.err
        second = outcome.data["revision"]
        assert stamps(studio) == [first, second]
        for words in (UNBUNDLE, UNPROVED):
            assert document(machine, *words, file)["revision"] == second

    def test_that_does_not_start_is_told(self, studio: Studio, machine: World) -> None:
        studio.broken_rez("def main():\n    raise SystemExit(3)\n")
        done(machine.rezup("add", "foo", "--remote", "--skip-use", "--no-verify"))
        file = studio.folder / "foo.rezup"
        done(machine.rezup("bundle", "foo", file))
        before = studio.content()
        outcome = machine.rezup(*UNBUNDLE, file)
        assert outcome.code == 1
        assert "rez --version doesn't work in foo" in outcome.err
        assert studio.content() == before


def test_receipts_that_hang_cost_one_wait_and_do_not_keep_from_publishing(
    studio: Studio, machine: World, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hanging = ["9000000000.000000", "9000000001.000000"]
    for stamp in hanging:
        folder = studio.root / "foo" / stamp
        folder.mkdir(parents=True)
        os.mkfifo(folder / RECEIPT)
    asked = []
    read = RemoteStore.read

    def noted(store: RemoteStore, container: Any, stamp: Any, name: str) -> bytes | None:
        asked.append((stamp, name))
        return read(store, container, stamp, name)

    monkeypatch.setattr(RemoteStore, "read", noted)
    monkeypatch.setattr(publication, "_READ_TIMEOUT", 3.0)
    heard = Listener()
    session = Session.create(environ=machine.environ, reporter=heard, recipes_folder=machine.home)
    with session.sharing().read(file) as unpacked:
        place = session.place("foo")
        published = session.sharing().publish_bundle(unpacked, place, verify=False)
    assert asked == [(hanging[1], RECEIPT)]
    assert not published.was_there
    assert (studio.root / "foo" / published.stamp / RECEIPT).is_file()
    (warning,) = heard.warnings
    assert warning.startswith(f"{studio.root / 'foo' / hanging[1]} doesn't answer within 3 s; publishing")
