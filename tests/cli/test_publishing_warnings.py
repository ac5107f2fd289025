"""What whoever publishes has to know: which recipe it was, and who doesn't get it."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Any

import pytest

from rezup.containers import publication
from rezup.session import Session
from rezup.stores.base import RECEIPT
from rezup.stores.remote import RemoteStore
from support.listeners import Listener
from support.publishing import Studio
from support.wheels import write_rez

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.world import Outcome, World

pytestmark = pytest.mark.skipif(os.name == "nt", reason="scripts of POSIX")

PUBLISH = ("add", "foo", "--remote", "--skip-use", "--no-verify")


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path)


@pytest.fixture
def machine(studio: Studio) -> World:
    machine = studio.machine("one")
    studio.recipe(machine)
    return machine


def done(outcome: Outcome) -> Outcome:
    assert outcome.code == 0, outcome.err
    return outcome


def published(machine: World, *options: str) -> str:
    """The stamp of a new revision on the remote root."""
    stamp: str = done(machine.rezup(*PUBLISH, "--json", *options)).data["revision"]
    return stamp


def warnings(outcome: Outcome) -> list[str]:
    return [line for line in done(outcome).err.splitlines() if line.startswith("warning:")]


class TestTheRecipe:
    def test_that_is_published_is_named(self, studio: Studio, machine: World) -> None:
        lines = done(machine.rezup(*PUBLISH)).err.splitlines()
        assert f"foo: publishing {machine.home / 'rezup.foo.toml'}" in lines
        assert lines[-1].startswith("foo: published revision ")
        assert "publishing" not in done(machine.rezup(*PUBLISH, "-q")).err

    def test_of_a_container_that_is_nowhere_is_not_the_default_one(
        self, studio: Studio, machine: World
    ) -> None:
        default = machine.write("rezup.toml", (machine.home / "rezup.foo.toml").read_text())
        published(machine)
        before = studio.content()
        outcome = machine.rezup("add", "fooo", "--remote", "--skip-use", "--no-verify")
        assert (outcome.code, studio.content()) == (1, before)
        assert outcome.err.splitlines() == [
            "error: there is no container fooo",
            (
                f"  neither {machine.root} nor {studio.root} has it, "
                f"and there is no recipe {machine.home / 'rezup.fooo.toml'}"
            ),
            (
                "hint: did you mean foo? else make that recipe: rezup recipe edit fooo --create; or publish the "
                f"default one as that: rezup add fooo --remote --file {default}"
            ),
        ]

    def test_is_not_written_for_a_name_without_any(self, studio: Studio, machine: World) -> None:
        outcome = machine.rezup("add", "show", "--remote", "--skip-use", "--json")
        assert outcome.code == 1
        assert '"container-not-found"' in outcome.out
        assert "--file" not in outcome.out
        assert not (machine.home / "rezup.toml").exists()

    @pytest.mark.parametrize("where", ["remote", "local"])
    def test_of_a_container_that_is_there_is_missing(
        self, studio: Studio, machine: World, where: str
    ) -> None:
        default = machine.write("rezup.toml", (machine.home / "rezup.foo.toml").read_text())
        if where == "remote":
            published(machine)
            root = studio.root
        else:
            machine.revision("foo")
            root = machine.root
        own = machine.home / "rezup.foo.toml"
        own.unlink()
        before = studio.content()
        outcome = machine.rezup(*PUBLISH)
        assert (outcome.code, studio.content()) == (1, before)
        assert outcome.err.splitlines()[:2] == [
            "error: there is no recipe for foo",
            f"  it is in {root}, but its next revision needs {own}, which is missing",
        ]
        named = done(machine.rezup(*PUBLISH, "--file", str(default)))
        assert f"foo: publishing {default}" in named.err

    def test_of_the_default_container_is_the_default_one(self, studio: Studio, machine: World) -> None:
        (machine.home / "rezup.foo.toml").rename(machine.home / "rezup.toml")
        told = done(machine.rezup("add", "--remote", "--skip-use", "--no-verify")).err
        assert f".main: publishing {machine.home / 'rezup.toml'}" in told

    def test_is_called_the_default_one_by_validate(self, machine: World) -> None:
        default = machine.write("rezup.toml", (machine.home / "rezup.foo.toml").read_text())
        told = done(machine.rezup("recipe", "validate", "show")).err
        assert told == f"{default}: valid; it is the default recipe, as there is no recipe for show\n"
        for named in ((), (".main",), ("foo",), (str(default),), ("rezup.toml",)):
            assert done(machine.rezup("recipe", "validate", *named)).err.endswith(".toml: valid\n")
        is_default = [
            machine.rezup("recipe", "validate", name, "--json").data["default"] for name in ("show", "foo")
        ]
        assert is_default == [True, False]


class TestAPin:
    def test_of_the_studio_is_told_after_the_success(self, studio: Studio, machine: World) -> None:
        first = published(machine)
        done(machine.rezup("pin", f"foo@{first}", "--remote"))
        lines = done(machine.rezup(*PUBLISH)).err.splitlines()
        assert lines[-2].startswith("foo: published revision ")
        stamp = lines[-2].split()[3]
        assert lines[-1] == (
            f"warning: foo is pinned to {first} for the whole studio; "
            f"nobody gets {stamp} before `rezup unpin foo --remote`"
        )
        assert len(warnings(machine.rezup(*PUBLISH, "-q"))) == 1

    def test_is_in_the_document(self, studio: Studio, machine: World) -> None:
        document = done(machine.rezup(*PUBLISH, "--json")).data
        assert document["pinned"] is None
        done(machine.rezup("pin", "foo", "--remote"))
        assert done(machine.rezup(*PUBLISH, "--json")).data["pinned"] == document["revision"]

    def test_of_what_is_not_there_or_of_this_machine_alone_is_not_told(
        self, studio: Studio, machine: World
    ) -> None:
        first = published(machine)
        done(machine.rezup("use", "foo", "--", "rez"))
        done(machine.rezup("pin", f"foo@{first}"))
        (studio.root / "foo" / "pin").write_text("1795232534.713588\n")
        assert warnings(machine.rezup(*PUBLISH)) == []

    def test_is_told_of_a_bundle_too(self, studio: Studio, machine: World) -> None:
        first = published(machine)
        done(machine.rezup("pin", f"foo@{first}", "--remote"))
        write_rez(studio.wheels, "9.2.0")
        done(machine.rezup("add", "foo", "--skip-use"))
        (stamp,) = machine.stamps()
        file = studio.folder / "foo.rezup"
        done(machine.rezup("bundle", f"foo@{stamp}", file))
        (warning,) = warnings(machine.rezup("unbundle", "--remote", "--no-verify", file))
        assert f"foo is pinned to {first} for the whole studio" in warning


class TestTheSameAgain:
    def test_is_published_and_told(self, studio: Studio, machine: World) -> None:
        first = published(machine)
        told = done(machine.rezup(*PUBLISH)).err.splitlines()
        assert f"foo: same recipe and locks as revision {first}" in told
        assert len(list((studio.root / "foo").glob("[0-9]*"))) == 2
        assert "same recipe" not in done(machine.rezup(*PUBLISH, "-q")).err

    def test_is_not_told_of_other_locks_or_recipes(self, studio: Studio, machine: World) -> None:
        published(machine)
        write_rez(studio.wheels, "9.2.0")
        assert "same recipe" not in done(machine.rezup(*PUBLISH)).err
        studio.recipe(machine, head="description = 'another'")
        assert "same recipe" not in done(machine.rezup(*PUBLISH)).err

    @pytest.mark.parametrize("where", ["--remote", None])
    def test_as_where_a_rollback_leads_is_told(
        self, studio: Studio, machine: World, where: str | None
    ) -> None:
        options = [where] if where else []
        write_rez(studio.wheels, "9.2.0")
        oldest = published(machine)
        write_rez(studio.wheels, "9.3.0")
        stamps = [oldest, published(machine), published(machine)]
        if not where:
            for stamp in stamps:
                done(machine.rezup("use", f"foo@{stamp}", "--", "rez"))
        (warning,) = warnings(machine.rezup("rollback", "foo", *options))
        assert warning == (
            f"warning: revision {stamps[1]} of foo has the same recipe and locks as the one before, {stamps[2]}"
        )
        assert warnings(machine.rezup("rollback", "foo", *options)) == []

    def test_is_not_told_of_what_has_no_locks(self, machine: World) -> None:
        del machine.variables["REZUP_ROOT_REMOTE"]
        for stamp in ("1795232534.713588", "1795232535.713588"):
            machine.revision("foo", stamp)
        assert warnings(machine.rezup("rollback", "foo")) == []


class TestHostsOnRezup2:
    def test_that_had_the_last_one_stay_on_it(self, studio: Studio, machine: World) -> None:
        first = published(machine, "--also-2x")
        for _ in range(2):  # the studio is not done with 2.x, and forgot it
            told = warnings(machine.rezup(*PUBLISH))
            assert told == [f"warning: hosts on rezup 2.x stay on {first}: publish with --also-2x"]
        assert warnings(machine.rezup(*PUBLISH, "--also-2x")) == []

    def test_stay_on_what_2x_itself_published(self, studio: Studio, machine: World) -> None:
        self.old(studio, "1619780350.58")
        (told,) = warnings(machine.rezup(*PUBLISH))
        assert "hosts on rezup 2.x stay on 1619780350.58" in told

    def test_are_not_told_of_where_they_were_left_before(self, studio: Studio, machine: World) -> None:
        self.old(studio, "1619780350.58")
        published(machine)
        assert warnings(machine.rezup(*PUBLISH)) == []

    @staticmethod
    def old(studio: Studio, stamp: str) -> None:
        """A revision that rezup 2.x published."""
        folder = studio.root / "foo" / "revisions" / stamp
        folder.mkdir(parents=True)
        (folder / "rezup.toml").write_text('[rez]\nname = "rez"\n')
        (folder / "revision.json").write_text('{"rezup_version": "2.6.0", "venvs": ["rez"]}')


class TestARootThatDoesNotTellWhatItHas:
    @pytest.fixture
    def unbundle(
        self, studio: Studio, machine: World, monkeypatch: pytest.MonkeyPatch
    ) -> Callable[..., list[str]]:
        """Publishes a bundle while a look at the container does what is said, and returns what was warned of."""
        done(machine.rezup("add", "foo", "--skip-use"))
        file = studio.folder / "foo.rezup"
        done(machine.rezup("bundle", "foo", file))
        monkeypatch.setattr(publication, "_READ_TIMEOUT", 30.0)

        def publish(look: Callable[[], Any], *, timeout: float = 30.0) -> list[str]:
            real, looked = RemoteStore._do, []

            def first_fails(store: RemoteStore, operation: Callable[[], Any], *, patience: int = 1) -> Any:
                if not looked and store.timeout == 30.0:
                    looked.append(True)
                    operation = look
                    store.timeout = timeout
                return real(store, operation, patience=patience)

            monkeypatch.setattr(RemoteStore, "_do", first_fails)
            heard = Listener()
            session = Session.create(environ=machine.environ, reporter=heard, recipes_folder=machine.home)
            with session.sharing().read(file) as unpacked:
                done = session.sharing().publish_bundle(unpacked, session.place("foo"), verify=False)
            assert looked
            assert not done.was_there
            assert (studio.root / "foo" / done.stamp / RECEIPT).is_file()
            return heard.warnings

        return publish

    def test_as_it_hangs_is_told(self, studio: Studio, unbundle: Callable[..., list[str]]) -> None:
        reading, _ = os.pipe()
        assert unbundle(lambda: os.read(reading, 1), timeout=0.2) == [
            f"{studio.root / 'foo'} doesn't answer within 30 s; publishing, maybe what was published before"
        ]

    def test_as_it_may_not_be_read_is_told(self, studio: Studio, unbundle: Callable[..., list[str]]) -> None:
        assert unbundle(lambda: fail(errno.EACCES)) == [
            (
                f"{studio.root / 'foo'} can't be read (Permission denied); "
                "publishing, maybe what was published before"
            )
        ]

    def test_as_it_is_empty_is_not_told(self, unbundle: Callable[..., list[str]]) -> None:
        assert unbundle(lambda: fail(errno.ENOENT)) == []


def fail(number: int) -> Any:
    raise OSError(number, os.strerror(number), "somewhere")
