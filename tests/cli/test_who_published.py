"""Who published a revision is told on every machine, however it got there."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from support.publishing import Studio

if TYPE_CHECKING:
    from pathlib import Path

    from support.world import Outcome, World

pytestmark = pytest.mark.skipif(os.name == "nt", reason="scripts of POSIX")

USE = ("use", "foo", "--", "rez")
HOST = os.uname().nodename if hasattr(os, "uname") else ""


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path)


@pytest.fixture
def publisher(studio: Studio) -> World:
    """Bob's machine, on which the recipe is."""
    machine = of(studio, "bob")
    studio.recipe(machine)
    return machine


@pytest.fixture
def published(publisher: World) -> str:
    """The revision that he published."""
    outcome = done(publisher.rezup("add", "foo", "--remote", "--skip-use", "--no-verify", "--json"))
    return str(outcome.data["revision"])


def of(studio: Studio, user: str) -> World:
    """The machine of somebody."""
    machine = studio.machine(f"machine of {user}")
    machine.variables["LOGNAME"] = user
    return machine


def done(outcome: Outcome) -> Outcome:
    assert outcome.code == 0, outcome.err
    return outcome


def receipt(machine: World, stamp: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((machine.root / "foo" / stamp / "revision.json").read_bytes())
    return document


def who(machine: World, stamp: str) -> tuple[str, str, str]:
    """Who built it, who published it, and where."""
    found = receipt(machine, stamp)
    return found["creator"], found["published_by"], found["published_on"]


def test_a_pull_tells_who_published_and_who_built(studio: Studio, published: str) -> None:
    ann = of(studio, "ann")
    listed = ann.rezup("list", "foo", "--json").data["revisions"][0]
    assert (listed["creator"], listed["published_by"], listed["published_on"]) == ("bob", "bob", HOST)
    done(ann.rezup(*USE))
    assert who(ann, published) == ("ann", "bob", HOST)
    for found in (
        ann.rezup("status", "foo", "--json").data["container"],
        ann.rezup("list", "foo", "--json").data["revisions"][0],
    ):
        assert (found["creator"], found["published_by"], found["published_on"]) == ("ann", "bob", HOST)
    line = f"by bob on {HOST}"
    assert [each.split(maxsplit=1) for each in ann.rezup("status", "foo", "-v").out.splitlines()].count(
        ["published", line]
    ) == 1
    assert line not in ann.rezup("status", "foo").out


def test_a_pull_out_of_the_cache_does_too(studio: Studio, publisher: World) -> None:
    data = done(publisher.rezup("add", "foo", "--remote", "--skip-use", "--json")).data  # proved, so built
    publisher.variables["LOGNAME"] = "ann"
    outcome = done(publisher.rezup("-v", *USE))
    assert "taken from the cache" in outcome.err
    assert who(publisher, data["revision"]) == ("ann", "bob", HOST)


@pytest.mark.parametrize("is_away", [False, True])
def test_what_was_pulled_and_is_built_anew_keeps_it(studio: Studio, published: str, is_away: bool) -> None:
    ann = of(studio, "ann")
    done(ann.rezup(*USE))
    (ann.root / "foo" / published / "venv" / "rez" / "bin" / "python").unlink()
    ann.variables["LOGNAME"] = "eve"
    if is_away:
        (studio.root / "foo").rename(studio.folder / "elsewhere")
    assert "building it anew" in done(ann.rezup("use", f"foo@{published}", "--", "rez")).err
    assert who(ann, published) == ("eve", "bob", HOST)


def test_one_that_was_made_here_tells_nobody(studio: Studio, publisher: World) -> None:
    done(publisher.rezup("add", "foo", "--skip-use"))
    (stamp,) = publisher.stamps()
    assert who(publisher, stamp) == ("bob", "", "")
    found = publisher.rezup("status", "foo", "--json").data["container"]
    assert (found["published_by"], found["published_on"]) == (None, None)
    assert "published" not in publisher.rezup("status", "foo", "-v").out


@pytest.mark.parametrize("is_pulled", [False, True])
def test_a_bundle_carries_it_along(studio: Studio, published: str, is_pulled: bool) -> None:
    """Of a revision of this machine, or of the remote root."""
    ann, file = of(studio, "ann"), studio.folder / "foo.rezup"
    if is_pulled:
        done(ann.rezup(*USE))
    done(ann.rezup("bundle", f"foo@{published}", file))
    eve = of(studio, "eve")
    del eve.variables["REZUP_ROOT_REMOTE"]
    done(eve.rezup("unbundle", file))
    assert who(eve, published) == ("eve", "bob", HOST)


def test_from_a_bundle_it_is_published_by_who_did_that(studio: Studio, published: str) -> None:
    ann, file = of(studio, "ann"), studio.folder / "foo.rezup"
    done(ann.rezup("bundle", f"foo@{published}", file))
    shutil.rmtree(studio.root / "foo")
    stamp = done(ann.rezup("unbundle", file, "--remote", "--no-verify", "--json")).data["revision"]
    eve = of(studio, "eve")
    done(eve.rezup(*USE))
    assert who(eve, stamp) == ("eve", "ann", HOST)


def test_a_revision_of_2x_tells_it_as_well(studio: Studio, publisher: World) -> None:
    words = ("add", "foo", "--remote", "--skip-use", "--no-verify", "--also-2x", "--json")
    stamp = done(publisher.rezup(*words)).data["revision"]
    (studio.root / "foo" / stamp).rename(studio.folder / "taken away")
    ann = of(studio, "ann")
    done(ann.rezup(*USE))
    assert who(ann, stamp) == ("ann", "bob", HOST)


class TestABundleThatIsPublished:
    def test_twice_is_one_revision(self, studio: Studio, publisher: World) -> None:
        file = studio.folder / "foo.rezup"
        done(publisher.rezup("add", "foo", "--skip-use"))
        done(publisher.rezup("bundle", "foo", file))
        ann = of(studio, "ann")
        first = done(ann.rezup("unbundle", file, "--remote", "--json")).data
        assert (first["was_there"], first["verified"]) == (False, True)
        before = studio.content()
        again = done(of(studio, "eve").rezup("unbundle", file, "--remote"))
        assert again.err == (f"foo: it is published already: revision {first['revision']} on {studio.root}\n")
        found = done(ann.rezup("unbundle", file, "--remote", "--json")).data
        assert (found["revision"], found["was_there"]) == (first["revision"], True)
        assert (found["verified"], found["starts"]) == (None, [])
        assert studio.content() == before

    def test_by_a_recipe_before_is_not_published_again(self, studio: Studio, published: str) -> None:
        ann, file = of(studio, "ann"), studio.folder / "foo.rezup"
        done(ann.rezup("bundle", "foo", file))
        found = done(ann.rezup("unbundle", file, "--remote", "--no-verify", "--json")).data
        assert (found["revision"], found["was_there"]) == (published, True)

    @pytest.mark.slow
    def test_with_other_locks_is_another_revision(self, studio: Studio, publisher: World) -> None:
        """The same recipe, in which a newer version of what it asks for was found."""
        from support.wheels import write_rez

        files = [studio.folder / name for name in ("one.rezup", "two.rezup")]
        for file, version in zip(files, ("9.1.0", "9.2.0"), strict=True):
            write_rez(studio.wheels, version)
            done(publisher.rezup("add", "foo", "--skip-use"))
            done(publisher.rezup("bundle", "foo", file))
        stamps = [
            done(publisher.rezup("unbundle", file, "--remote", "--no-verify", "--json")).data["revision"]
            for file in (*files, *files)
        ]
        assert stamps[:2] == stamps[2:]
        assert stamps[0] != stamps[1]
