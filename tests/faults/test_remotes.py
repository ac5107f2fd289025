"""A share that is away, slow, or hangs: what is known is used, after a bounded wait, with one warning."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import support.faulty_remote
from rezup.containers import receipt as receipts
from rezup.containers.health import remotes
from rezup.recipes.names import ContainerName
from rezup.stores.base import PIN, RECEIPT, RECIPE
from rezup.stores.remote import RemoteStore
from rezup.stores.stamps import Stamp
from support.wheels import write_rez
from support.world import Outcome, World, fake_receipt

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pipes of POSIX")

FOO = ContainerName("foo")
GOOD, NEWEST = "100.000000", "200.000000"

#: For a launch that is stuck to be told from one that waits.
LONG = 60.0


class Studio:
    """A share with an old revision, which the machine has, and a new one, which it has not."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "studio"
        self.root.mkdir()
        self.machine = World(folder / "machine")
        self.machine.variables.update(REZUP_ROOT_REMOTE=str(self.root), PIP_NO_INDEX="1")
        self.publish(GOOD)
        self.machine.revision("foo", GOOD, origin="remote")
        self.newest = self.publish(NEWEST)

    def publish(self, stamp: str) -> Path:
        """A revision that can be read, but not be made: its lock is none."""
        lock = b"lock-version = '9.0'\n"
        files = {RECIPE: b"[rez]\nname = 'rez'\n", "pylock.toml": lock}
        digests = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
        recipe_digest = digests.pop(RECIPE)
        receipt = fake_receipt("foo", kind=receipts.RECIPE, locks=digests, recipe_digest=recipe_digest)
        files[RECEIPT] = receipt.to_bytes()
        store = RemoteStore(self.root)
        return store.folder(FOO, store.publish(FOO, files, Stamp(stamp)))

    def publish_real(self) -> Path:
        """The newest one; it can be made, by the wheels of the share."""
        publisher = World(self.root.parent / "publisher")
        write_rez(publisher.folder / "wheels")
        publisher.variables.update(self.machine.variables, PIP_FIND_LINKS=str(publisher.folder / "wheels"))
        publisher.write("rezup.foo.toml", "[rez]\nname = 'rez'\n")
        outcome = publisher.rezup("add", "foo", "--remote", "--wheelhouse", "--skip-use", "--no-verify")
        assert outcome.code == 0, outcome.err
        return self.root / "foo" / RemoteStore(self.root).listing(FOO).newest_first()[0]

    def run(self, seconds: float, *arguments: str, below: str = "") -> Outcome:
        """The command line of the machine, while the share, or what is below it, takes so long to answer."""
        script = support.faulty_remote.__file__
        done = subprocess.run(
            [sys.executable, script, str(self.root / below), str(seconds), *arguments],
            env={**self.machine.environ, "PYTHONPATH": str(Path(script).parents[1])},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=self.machine.home,
            timeout=LONG, check=False,
        )  # fmt: skip
        return Outcome(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path)


def warnings(outcome: Outcome) -> list[str]:
    return [line for line in outcome.err.splitlines() if line.startswith("warning:")]


def be_pipe(path: Path) -> None:
    """Whoever opens it waits for ever, as on a mount that is dead."""
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    os.mkfifo(path)


@pytest.mark.parametrize("name", [RECIPE, RECEIPT, "pylock.toml"])
def test_a_file_that_hangs_is_given_up_and_the_last_good_revision_taken(studio: Studio, name: str) -> None:
    be_pipe(studio.newest / name)
    for _ in range(2):
        outcome = studio.machine.rezup("use", "foo", "--", "rez", timeout=LONG)
        assert (outcome.code, outcome.out) == (0, f"rez of {GOOD}\n"), outcome.err
        (warning,) = warnings(outcome)
        assert f"taking {GOOD} instead" in warning
        assert "no answer within 1 s" in warning


def test_a_wheel_that_hangs_is_given_up_and_the_last_good_revision_taken(studio: Studio) -> None:
    newest = studio.publish_real()
    wheels = list((studio.root / ".wheels").glob("[!.]*/*.whl"))
    assert wheels
    for path in wheels:
        be_pipe(path)
    outcome = studio.machine.rezup("use", "foo", "--", "rez", timeout=LONG)
    assert (outcome.code, outcome.out) == (0, f"rez of {GOOD}\n"), outcome.err
    assert f"revision {newest.name} of foo" in warnings(outcome)[-1]
    assert f"taking {GOOD} instead" in warnings(outcome)[-1]


def test_a_pin_that_hangs_is_told_of_and_stops_nobody(studio: Studio) -> None:
    studio.machine.revision("foo", NEWEST, origin="remote")
    be_pipe(studio.root / "foo" / PIN)
    outcome = studio.machine.rezup("use", "foo", "--", "rez", timeout=LONG)
    assert (outcome.code, outcome.out) == (0, f"rez of {NEWEST}\n")
    (warning,) = warnings(outcome)
    assert str(studio.root / "foo" / PIN) in warning


@pytest.mark.slow
@pytest.mark.parametrize("name", [RECIPE, RECEIPT, "pylock.toml"])
def test_a_machine_that_has_none_ends_with_a_clear_error(studio: Studio, name: str) -> None:
    """It has nothing else to take, so it waits longer."""
    shutil.rmtree(studio.machine.root)
    be_pipe(studio.newest / name)
    outcome = studio.machine.rezup("use", "foo", "--", "rez", timeout=LONG)
    assert outcome.code == 1
    assert "no answer within 15 s" in outcome.err
    assert "hint:" in outcome.err
    assert studio.machine.stamps() == []


@pytest.mark.parametrize("name", [RECEIPT, "history.jsonl"])
def test_who_only_looks_does_not_hang_either(studio: Studio, name: str) -> None:
    be_pipe((studio.newest if name == RECEIPT else studio.newest.parent) / name)
    for words in (["list"], ["list", "foo"], ["status", "foo"], ["history", "foo"]):
        outcome = studio.machine.rezup(*words, timeout=LONG)
        assert outcome.code == (1 if words[0] == name.partition(".")[0] else 0), outcome.err


class TestADoctor:
    """Names what doesn't answer, and looks at the rest."""

    @pytest.mark.parametrize("name", [RECIPE, RECEIPT, "pylock.toml"])
    def test_of_a_file_that_hangs(self, studio: Studio, name: str) -> None:
        be_pipe(studio.newest / name)
        (studio.newest.parent / GOOD / "pylock.toml").write_text("other")
        found = remote_findings(studio.machine.rezup("doctor", "--json", timeout=LONG))
        assert found == {
            ("remote-unreadable", str(studio.newest / name)),
            ("remote-damaged", str(studio.newest.parent / GOOD / "pylock.toml")),
        }

    def test_of_a_container_that_hangs(self, studio: Studio) -> None:
        other = studio.root / "other" / GOOD
        shutil.copytree(studio.newest, other)
        (other / RECIPE).unlink()
        studio.machine.revision("foo", NEWEST, origin="remote")
        (studio.machine.root / "foo" / PIN).write_text("300.000000\n")  # it may be on the share
        found = remote_findings(studio.run(1e6, "doctor", "--json", below="foo"))
        assert found == {
            ("remote-container-unreadable", str(studio.root / "foo")),
            ("remote-incomplete", str(other / RECIPE)),
        }

    @pytest.mark.slow
    def test_of_a_share_that_hangs_tells_that_once(self, studio: Studio) -> None:
        """It is waited for longer than by a launch."""
        found = remote_findings(studio.run(1e6, "doctor", "--json"))
        assert found == {("remote-unreachable", str(studio.root))}

    def test_gives_up_where_too_much_hangs(self, studio: Studio) -> None:
        for number in range(40):
            be_pipe(studio.publish(f"{300 + number}.000000") / RECEIPT)
        store = RemoteStore(studio.root, timeout=1)  # what does answer may take so long on a busy machine
        found = list(remotes.findings(store, in_vain=0.9))
        assert {each.code for each in found} == {"remote-unreadable", "remote-partly-checked"}
        (rest,) = [each for each in found if each.where == str(studio.root)]
        assert rest.code == "remote-partly-checked"
        assert "gave no answer" in rest.what
        assert 1 <= len(found) - 1 <= 3
        assert len(found) - 1 + len(rest.paths) == 42
        assert found[0].where.startswith(str(studio.root / "foo" / "339.000000"))  # the newest first
        assert len(list(remotes.contents(store, RECEIPT, in_vain=0.9))) <= 2

    def test_gives_up_where_too_much_fails(self, studio: Studio) -> None:
        """A share that goes away meanwhile answers at once, with an error."""
        for number in range(40):
            path = studio.publish(f"{300 + number}.000000") / RECEIPT
            path.unlink()
            path.mkdir()
        found = list(remotes.findings(RemoteStore(studio.root)))
        (rest,) = [each for each in found if each.where == str(studio.root)]
        assert len(found) - 1 + len(rest.paths) == 42
        assert len(rest.paths) >= 20

    def test_ends_in_time_where_all_is_slow(self, studio: Studio) -> None:
        (finding,) = remotes.findings(RemoteStore(studio.root), in_all=0)
        assert (finding.code, finding.where) == ("remote-partly-checked", str(studio.root))
        assert finding.what == "there was no time for all of it, so 1 of its folders was not looked at"
        assert finding.paths == ("foo",)

    def test_takes_what_can_be_read_to_mend(self, studio: Studio) -> None:
        """Of the files that may be the right one, one hangs."""
        be_pipe(studio.newest / RECIPE)
        good = (studio.newest.parent / GOOD / RECIPE).read_bytes()
        assert list(remotes.contents(RemoteStore(studio.root, timeout=1), RECIPE)) == [good]


def remote_findings(outcome: Outcome) -> set[tuple[str, str]]:
    """Code and place of what a doctor says, but for the revisions of the machine, which are none."""
    told = {(each["code"], each["where"]) for each in outcome.data["findings"]}
    return {(code, where) for code, where in told if code.startswith(("remote-", "pin-"))}


class TestAShareThatHangs:
    """No folder of it can even be listed."""

    @pytest.fixture
    def seen(self, studio: Studio) -> Studio:
        """The machine saw the share before, and had the old revision pinned there."""
        (studio.root / "foo" / PIN).write_text(f"{GOOD}\n")
        assert studio.machine.rezup("use", "foo", "--", "rez").out == f"rez of {GOOD}\n"
        return studio

    def test_leaves_what_was_known_last(self, seen: Studio) -> None:
        seen.machine.revision("foo", "900.000000", origin="remote")  # it is not the studio's choice
        outcome = seen.run(1e6, "use", "foo", "--", "rez")
        assert (outcome.code, outcome.out) == (0, f"rez of {GOOD}\n"), outcome.err
        assert len(warnings(outcome)) <= 1

    def test_stops_nobody_who_looks(self, seen: Studio) -> None:
        for words in (["list"], ["list", "foo"], ["status", "foo"]):
            outcome = seen.run(1e6, *words)
            assert outcome.code == 0, outcome.err
            assert GOOD in outcome.out or words == ["list"]
        assert "unreachable" in outcome.out + outcome.err

    def test_leads_to_no_build_and_a_clear_error_where_nothing_is_known(self, studio: Studio) -> None:
        shutil.rmtree(studio.machine.root)
        studio.machine.write("rezup.foo.toml", "[rez]\nname = 'rez'\n")
        outcome = studio.run(1e6, "use", "foo", "--", "rez")
        assert outcome.code == 1
        assert "unreachable" in outcome.err
        assert "hint:" in outcome.err
        assert not studio.machine.root.exists()

    def test_takes_no_revision_of_somebody(self, seen: Studio) -> None:
        before = sorted(seen.root.rglob("*"))
        outcome = seen.run(1e6, "pin", f"foo@{GOOD}", "--remote", "--why", "x")
        assert outcome.code == 1
        assert "hint:" in outcome.err
        assert sorted(seen.root.rglob("*")) == before


def test_a_share_that_is_slow_is_waited_for(studio: Studio) -> None:
    newest = studio.publish_real()
    outcome = studio.run(0.1, "use", "foo", "--", "rez")
    assert outcome.code == 0, outcome.err
    assert newest.name in outcome.out
    assert studio.machine.stamps() == [newest.name, GOOD]


@pytest.mark.parametrize("is_mounted", [True, False])
def test_a_share_that_is_away_stops_nobody_who_looks(studio: Studio, is_mounted: bool) -> None:
    studio.machine.rezup("use", f"foo@{GOOD}", "--", "true")
    studio.root.rename(studio.root.with_name("elsewhere"))
    if is_mounted:
        studio.root.mkdir()  # an empty folder, as that of a share that isn't mounted
    for words in (["list"], ["list", "foo"], ["status", "foo"]):
        outcome = studio.machine.rezup(*words)
        assert outcome.code == 0, outcome.err
        assert "unreachable" in outcome.out + outcome.err
    refused = studio.machine.rezup("add", "foo", "--remote", "--skip-use", "-f", "/dev/null")
    assert refused.code in (1, 2)
    assert "Traceback" not in refused.err
