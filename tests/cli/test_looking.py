"""`list`, `status`, `recipe`: what they print, and to whom."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from support.world import World

ENVELOPE = ["format", "command", "status", "exit_code", "data", "errors"]


def test_list_marks_where_each_container_is(world: World, tmp_path: Path) -> None:
    from rezup.recipes.names import ContainerName
    from rezup.stores.remote import RemoteStore
    from rezup.stores.stamps import Stamp

    studio = tmp_path / "studio"
    studio.mkdir()
    world.variables["REZUP_ROOT_REMOTE"] = str(studio)
    store = RemoteStore(studio)
    store.publish(ContainerName("both"), {"rezup.toml": b""}, Stamp("100.000000"))
    store.publish(ContainerName("far"), {"rezup.toml": b""}, Stamp("100.000000"))
    world.revision("both", "100.000000")
    world.revision("near", "100.000000")
    world.write("rezup.idea.toml", '[rez]\nname = "rez"\n')
    world.write("oldrezup.dev.toml.bak", "")
    found = {c["name"]: c["where"] for c in world.rezup("list", "--json").data["containers"]}
    assert found == {"both": "local, remote", "far": "remote only", "near": "local", "idea": "recipe only"}
    human = world.rezup("list")
    assert human.out.splitlines()[0].split() == ["NAME", "WHERE", "LOCAL", "REMOTE", "NEWEST", "PINNED"]
    studio.rename(tmp_path / "gone")
    unreachable = world.rezup("list", "--json")
    assert unreachable.data["remote_reachable"] is False
    assert unreachable.err.count("warning:") == 1


def test_list_follows_the_roots_that_recipes_name(world: World, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    world.write("rezup.foo.toml", f'[rez]\nname = "rez"\n[root]\nlocal = "{elsewhere}"\n')
    world.revision("foo", "100.000000")
    assert world.rezup("list", "--json").data["containers"][0]["where"] == "recipe only"
    world.root.rename(elsewhere)
    assert world.rezup("list", "--json").data["containers"][0]["where"] == "local"
    assert world.rezup("use", "foo", "--", "rez").out == "rez of 100.000000\n"


def test_list_tells_which_pin_is_ignored_and_what_is_taken(world: World, tmp_path: Path) -> None:
    from rezup.recipes.names import ContainerName
    from rezup.stores.remote import RemoteStore
    from rezup.stores.stamps import Stamp

    def look() -> tuple[str | None, str | None]:
        (found,) = world.rezup("list", "--json").data["containers"]
        return found["pinned"], found["ignored_pin"]

    def marks() -> dict[str, str]:
        lines = [
            line.split("local")[0].split(maxsplit=1)
            for line in world.rezup("list", "foo").out.splitlines()[1:]
        ]
        return {stamp: "".join(rest).strip() for stamp, *rest in lines}

    studio = tmp_path / "studio"
    studio.mkdir()
    world.variables["REZUP_ROOT_REMOTE"] = str(studio)
    for stamp in ("100.000000", "200.000000"):
        RemoteStore(studio).publish(ContainerName("foo"), {"rezup.toml": b""}, Stamp(stamp))
        world.revision("foo", stamp)
    assert look() == (None, None)
    assert marks() == {"200.000000": "taken", "100.000000": ""}
    (studio / "foo" / "pin").write_text("150.000000\n")
    assert look() == (None, "150.000000")
    assert "150.000000 (not there)" in world.rezup("list").out
    assert world.rezup("list", "foo", "--json").data["pinned"] is None
    (studio / "foo" / "pin").write_text("100.000000\n")
    assert marks() == {"200.000000": "", "100.000000": "pinned, taken"}
    (world.root / "foo" / "pin").write_text("rub\x1b[31mbish\n")
    assert look() == ("100.000000", "rub\x1b[31mbish")
    (studio / "foo" / "pin").unlink()
    assert "rub\\x1b[31mbish (no revision)" in world.rezup("list").out
    (world.root / "foo" / "pin").write_text("150.000000\n")
    studio.rename(tmp_path / "gone")
    assert look() == ("150.000000", None)  # the remote root may have it


def test_list_of_one_shows_its_revisions_and_their_states(world: World) -> None:
    world.revision("foo", "100.000000")
    (world.revision("foo", "200.000000") / "revision.json").write_text("{")
    world.revision("foo", "300.000000", platform="other")
    (world.root / "foo" / "400.000000").mkdir()
    found = world.rezup("list", "foo", "--json").data["revisions"]
    assert [(r["revision"], r["state"]) for r in found] == [
        ("400.000000", "incomplete"),
        ("300.000000", "other platform"),
        ("200.000000", "damaged"),
        ("100.000000", "ready"),
    ]
    assert world.rezup("list", "nowhere").code == 1


def test_status_tells_what_why_and_where_settings_come_from(world: World) -> None:
    world.revision("foo", "100.000000", description="a test")
    world.revision("foo", "200.000000")
    data = world.rezup("status", "foo@-1", "--json", env={"REZUP_PROMPT": "x"}).data["container"]
    assert data["revision"] == "100.000000"
    assert data["newer"] == ["200.000000"]
    assert data["rez"] == "3.4.0"
    assert data["description"] == "a test"
    assert data["settings"]["prompt"] == {"value": "x", "origin": "REZUP_PROMPT"}
    human = world.rezup("status", "foo", "-v").out
    assert "newest here" in human
    assert "pinned" not in human
    assert "REZUP_ROOT_LOCAL" not in human
    assert "default" in human


def test_status_tells_who_pinned_it_and_why(world: World, tmp_path: Path) -> None:
    from rezup.recipes.names import ContainerName
    from rezup.stores.remote import RemoteStore
    from rezup.stores.stamps import Stamp
    from support.world import fake_receipt

    studio = RemoteStore(tmp_path / "studio")
    studio.root.mkdir()
    world.variables["REZUP_ROOT_REMOTE"] = str(studio.root)
    receipt = fake_receipt("foo", kind="recipe").to_bytes()
    for stamp in ("100.000000", "200.000000"):
        files = {"rezup.toml": b"[rez]\n", "revision.json": receipt}
        studio.publish(ContainerName("foo"), files, Stamp(stamp))
        world.revision("foo", stamp)
    assert world.rezup("status", "foo", "--json").data["container"]["pins"] == []
    assert world.rezup("rollback", "foo", "-r", "--why", "maya fails").code == 0
    assert world.rezup("pin", "foo@200").code == 0
    here, there = world.rezup("status", "foo", "--json").data["container"]["pins"]
    assert (here["where"], here["revision"], here["action"], here["why"]) == (
        "local",
        "200.000000",
        "pin",
        "",
    )
    assert (there["where"], there["action"], there["why"]) == ("remote", "rollback", "maya fails")
    assert there["user"]
    assert there["at"] > 0
    for words in (("status", "foo"), ("status", "foo", "-v")):
        human = world.rezup(*words).out
        assert "pinned here" in human
        assert f"by {there['user']} on {there['host']}: maya fails" in human
    studio.root.rename(tmp_path / "gone")
    unknown = world.rezup("status", "foo", "--json").data["container"]["pins"][1]
    assert (unknown["revision"], unknown["user"]) == ("100.000000", None)


def test_status_inside_tells_the_revision_we_are_in_and_who_uses_it(world: World) -> None:
    world.revision("foo", "100.000000")
    script = world.write("look.sh", '"$@"\n')
    world.write("late.py", "")
    inside = ["use", "foo", "--do", str(script), "--", *world.command("status", "--json")]
    outcome = world.rezup(*inside)
    assert outcome.data["context"] is None
    container = outcome.data["container"]
    assert (container["name"], container["inside"]) == ("foo", True)
    assert container["revision"] == "100.000000"
    assert container["reason"] == "this shell was opened with it"
    assert container["used_by"] != []


@pytest.mark.parametrize(
    "arguments",
    [
        ["list"],
        ["list", "foo"],
        ["status", "foo"],
        ["recipe", "show", "foo"],
        ["recipe", "validate", "foo"],
        ["drop", "foo", "--yes"],
    ],
)
def test_every_json_document_has_the_same_keys(world: World, arguments: list[str]) -> None:
    world.revision("foo", "100.000000")
    world.write("rezup.foo.toml", '[rez]\nname = "rez"\n')
    outcome = world.rezup(*arguments, "--json")
    document = json.loads(outcome.out)
    assert list(document) == ENVELOPE
    assert document["format"] == 1
    assert document["status"] == "success"
    assert document["exit_code"] == outcome.code == 0
    assert document["errors"] == []
    assert document["data"] is not None


@pytest.mark.parametrize(
    "arguments",
    [["list", "foo"], ["recipe", "show", "foo"], ["drop", "foo"], ["status", "../x"], ["status", "foo@9"]],
)
def test_errors_are_json_too(world: World, arguments: list[str]) -> None:
    outcome = world.rezup(*arguments, "--json")
    document = json.loads(outcome.out)
    assert list(document) == ENVELOPE
    assert document["status"] == "error"
    assert document["exit_code"] == outcome.code == 1
    assert sorted(document["errors"][0]) == ["code", "context", "hint", "message"]
    assert outcome.err == ""


def test_wrong_usage_is_json_too(world: World) -> None:
    outcome = world.rezup("list", "--nonsense", "--json")
    assert outcome.code == 2
    assert json.loads(outcome.out)["errors"][0]["code"] == "usage"


def test_recipe_show_masks_credentials_and_validate_names_every_problem(world: World) -> None:
    world.write(
        "rezup.foo.toml",
        '[rez]\nname = "rez"\nlib = ["x @ https://u:hunter2@h/x.whl"]\n'
        "[env]\nA_TOKEN = 'hunter2'\n[pip.env]\nB_PASSWORD = 'hunter2'\n",
    )
    for arguments in (["recipe", "show", "foo"], ["recipe", "show", "foo", "--json"]):
        outcome = world.rezup(*arguments)
        assert outcome.code == 0
        assert "hunter2" not in outcome.out
    bad = world.write("bad.toml", '[rez]\nname = "y"\nedit = 3\n')
    outcome = world.rezup("recipe", "validate", bad)
    assert outcome.code == 1
    assert f"{bad}:2: rez.name" in outcome.err
    assert f"{bad}:3: rez.edit" in outcome.err
    bad = world.write(
        "rezup.bad.toml",
        'extra = 1\n[root]\nremote = "x"\n[rez]\nname = "rez"\n[[extension]]\nname = "rez"\nurl = "rez"\n',
    )
    for words in (["recipe", "validate", "bad"], ["recipe", "show", "bad"], ["use", "bad", "--", "rez"]):
        outcome = world.rezup(*words)
        assert outcome.code == 1
        for place in ("1: extra", "3: root.remote", "7: extension[1].name"):
            assert f"{bad}:{place}" in outcome.err, words
    bad.unlink()
    warned = world.write("warn.toml", '[rez]\nname = "rez"\nflag = ["-E"]\n')
    outcome = world.rezup("recipe", "validate", "--json", warned)
    assert "flags" in outcome.data["warnings"][0]


def test_talk_goes_to_stderr_and_data_to_stdout(world: World) -> None:
    empty = world.rezup("list")
    assert empty.out == ""
    assert "no containers yet" in empty.err
    assert world.rezup("-q", "list").err == ""
    assert world.rezup("list", "-q").err == ""


def test_a_reader_that_leaves_early_is_no_traceback(world: World) -> None:
    for number in range(300):
        (world.root / "foo" / f"{number}.000000").mkdir(parents=True)
    done = subprocess.run(
        ["sh", "-c", '"$@" | head -1', "sh", *world.command("list", "foo")],
        env=world.environ, capture_output=True, text=True, cwd=world.home, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    assert done.stdout.startswith("REVISION")


def test_status_follows_the_revision_that_the_environment_asks_for(world: World) -> None:
    for stamp in ("100.000000", "200.000000"):
        world.revision("foo", stamp)
    for spelling in ("-1", "@-1", "100"):
        environment = {"REZUP_USE_REVISION": spelling}
        assert (
            world.rezup("status", "foo", "--json", env=environment).data["container"]["revision"]
            == "100.000000"
        )
        assert world.rezup("use", "foo", "--", "rez", env=environment).out == "rez of 100.000000\n"


def test_a_container_without_a_recipe_of_its_own_is_not_promised_to_be_made(world: World) -> None:
    world.write("rezup.toml", '[rez]\nname = "rez"\n')
    assert world.rezup("list", "nope").code == 1
    assert world.rezup("use", "nope", "--", "rez").code == 1
    assert not world.root.exists()


def test_roots_of_a_recipe_and_the_cache_folder_take_variables_and_home(world: World) -> None:
    world.write("rezup.foo.toml", '[rez]\nname = "rez"\n[root]\nlocal = "${PLACE}/{platform}"\n')
    settings = world.rezup("status", "foo", "--json", env={"PLACE": "/here", "REZUP_CACHE_DIR": "~/c"}).data[
        "container"
    ]["settings"]
    assert settings["root_local"]["value"].startswith("/here/")
    assert "{" not in settings["root_local"]["value"]
    assert settings["cache_dir"]["value"] == f"{world.home}/c"
    assert world.rezup("status", "foo").code == 1
    assert not (world.home / "~").exists()


def test_errors_of_a_recipe_come_with_the_warnings_that_may_explain_them(world: World) -> None:
    bad = world.write("bad.toml", '[rez]\nname = "rez"\nuri = "rez"\nlib = "six"\n')
    outcome = world.rezup("recipe", "validate", bad, "--json")
    assert json.loads(outcome.out)["command"] == "recipe validate"
    assert "rez.uri: warning:" in outcome.out
    assert "rez.lib" in outcome.out


def test_one_bad_recipe_does_not_hide_the_other_containers(world: World) -> None:
    world.revision("foo", "100.000000")
    world.write("rezup.bad.toml", "not toml")
    world.write("rezup.worse.toml", '[rez]\nname = "rez"\n[root]\nlocal = "${NOPE}/x"\n')
    outcome = world.rezup("list", "--json")
    assert outcome.code == 0
    assert [c["name"] for c in outcome.data["containers"]] == ["bad", "foo", "worse"]
    assert outcome.err.count("warning:") == 2
