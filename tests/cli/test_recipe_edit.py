"""``rezup recipe edit``: key by key and in an editor, and what is never written."""

from __future__ import annotations

import errno
import json
import os
import signal
import stat
import struct
from typing import TYPE_CHECKING, Any

import pytest

from rezup.system.editor import editor_command, replace_content
from rezup_cli.console import harmless
from support.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from support.world import Outcome, World

TEXT = """\
# the studio's recipe
description = "show"  # what it is for

[rez]
name = "rez"  # never another
url = "rez==3.3.0"

[env]
# of the old show
OLD = "1"
KEPT = "x"   # as it is

[[extension]]
name = "rez-gui"
url = "rez-gui==1.0"  # the newest that works

[[extension]]
name = "other"
url = "other==2"
"""


@pytest.fixture
def recipe(world: World) -> Path:
    return world.write("rezup.foo.toml", TEXT)


def edit(world: World, *arguments: str, **options: Any) -> Outcome:
    return world.rezup("recipe", "edit", "foo", *arguments, **options)


def done(world: World, *arguments: str, **options: Any) -> Outcome:
    outcome = edit(world, *arguments, **options)
    assert (outcome.code, outcome.out) == (0, ""), outcome.err
    return outcome


def refused(world: World, *arguments: str, words: str = "", **options: Any) -> Outcome:
    """What is an error, and changes no file in the home."""
    before = files(world)
    outcome = edit(world, *arguments, **options)
    assert outcome.code == 1, outcome.err
    assert outcome.err.startswith("error: ")
    assert "hint: " in outcome.err
    assert "Traceback" not in outcome.err
    assert words in outcome.err
    assert files(world) == before
    return outcome


def files(world: World) -> Mapping[str, bytes]:
    return {path.name: path.read_bytes() for path in world.home.iterdir() if path.is_file()}


def editor(world: World, script: str) -> dict[str, str]:
    """A program that edits without a person, for a terminal that has none."""
    path = world.write("editor with blanks.sh", f"#!/bin/sh\n{script}\n", mode=0o755)
    return {**world.environ, "VISUAL": f"'{path}' --wait", "EDITOR": "false"}


def in_editor(world: World, script: str, *arguments: str) -> tuple[int, str]:
    environ = editor(world, script)
    command = world.command("recipe", "edit", "foo", *arguments)
    with Terminal(command, environ, world.home) as terminal:
        code, shown = terminal.finish()
    return code, shown.replace("\r\n", "\n")


ACL = "system.posix_acl_access"
DEFAULT_ACL = "system.posix_acl_default"


def access_list(path: Path, *entries: tuple[int, ...], name: str = ACL) -> bytes:
    """Say who may use a file: (kind, permissions[, user]) each; skips the test where that can't be said."""
    packed = [struct.pack("<HHI", *each, *(() if len(each) == 3 else (0xFFFFFFFF,))) for each in entries]
    data = struct.pack("<I", 2) + b"".join(packed)
    try:
        os.setxattr(path, name, data)
    except (AttributeError, OSError) as error:
        pytest.skip(f"no access lists here: {error}")
    return data


class TestKeyByKey:
    def test_one_key_is_changed_and_all_else_stays_to_the_letter(self, world: World, recipe: Path) -> None:
        outcome = done(world, "--set", "rez.url=rez==3.4.0")
        assert recipe.read_text() == TEXT.replace("rez==3.3.0", "rez==3.4.0")
        assert f"wrote {recipe}" in outcome.err

    def test_several_at_once(self, world: World, recipe: Path) -> None:
        done(
            world, "--set", "env.FOO=bar", "--unset", "env.OLD", "--set", "extension.rez-gui.url=rez-gui==1.2",
            "--unset", "extension.other", "--set", 'pip.options=["--no-index"]', "--set", "rez.edit=false",
        )  # fmt: skip
        text = recipe.read_text()
        found = world.rezup("recipe", "show", "foo", "--json").data
        assert found["env"] == {"KEPT": "x", "FOO": "bar"}
        assert {each["name"]: each["url"] for each in found["tools"]} == {
            "rez": "rez==3.3.0", "rez-gui": "rez-gui==1.2"
        }  # fmt: skip
        assert found["pip"]["options"] == ["--no-index"]
        for kept in ("# the studio's recipe", "# what it is for", "# never another", "# as it is"):
            assert kept in text

    @pytest.mark.parametrize(
        ("value", "written"),
        [
            ("bar", "bar"), ("", ""), ("a = 'b'", "a = 'b'"), ("5", "5"), ("2024.10", "2024.10"), ("'5'", "5"),
            ("2024-01-01", "2024-01-01"), ("nan", "nan"), ("0x1F", "0x1F"), ("1_000", "1_000"), ("true", "true"),
            ("['a']", "['a']"), ("1 # one", "1 # one"), ('"', '"'), ("é\n'\t", "é\n'\t"),
            ("a=b=c", "a=b=c"),
        ],
    )  # fmt: skip
    def test_a_value_is_toml_where_it_can_be_and_else_a_text(
        self, world: World, recipe: Path, value: str, written: str
    ) -> None:
        done(world, "--set", f"env.X={value}")
        assert world.rezup("recipe", "show", "foo", "--json").data["env"]["X"] == written
        assert recipe.read_text().startswith(TEXT[: TEXT.index("KEPT")])

    def test_tables_and_extensions_that_are_not_there_are_made(self, world: World, recipe: Path) -> None:
        recipe.write_text('[rez]\nname = "rez"\n')
        done(
            world, "--set", "env.A=1", "--set", "extension.gui.url=gui==1", "--set", "extension.gui.isolation=true",
            "--set", "description=new", "--set", "root.remote=/studio", "--set", "pip.env.PIP_RETRIES=1",
        )  # fmt: skip
        found = world.rezup("recipe", "show", "foo", "--json").data
        assert (found["env"], found["description"], found["root"]["remote"]) == ({"A": "1"}, "new", "/studio")
        assert [(each["name"], each["url"], each["isolation"]) for each in found["tools"]][1:] == [
            ("gui", "gui==1", True)
        ]

    def test_a_comment_directly_above_a_table_goes_where_it_goes(self, world: World, recipe: Path) -> None:
        first = '[rez]\nname = "rez"\n\n'
        a, b = (f'# about {n}\n  # more\n[[extension]]\nname = "{n}"\nurl = "{n}==1"\n\n' for n in "ab")
        last = '# a chapter\n\n# about env\n[env]  # its own\nA = "1"\n'
        recipe.write_text(first + a + b + last)
        done(world, "--unset", "extension.a")
        assert recipe.read_text() == first + b + last
        done(world, "--set", "extension.c.url=c==1")
        text = recipe.read_text()
        assert text.index("about b") < text.index('"c"') < text.index("# about env\n[env]  # its own\n")
        done(world, "--unset", "extension.b", "--unset", "extension.c", "--unset", "env")
        assert "about" not in recipe.read_text()

    def test_what_looks_like_a_header_in_a_text_is_none(self, world: World, recipe: Path) -> None:
        text = 'description = """\n# a\n[x] \\\n  y\n# b\n[z]"""\r\n# c\r\n[rez]\nname = "rez"\n'
        recipe.write_bytes(text.encode())
        done(world, "--set", "rez.url=rez==1")
        assert recipe.read_bytes().decode().rstrip() == f'{text}url = "rez==1"'

    def test_inline_tables(self, world: World, recipe: Path) -> None:
        recipe.write_text(
            'env = {A = "1"}  # one\nextension = [{name = "gui", url = "gui==1"}]\n[rez]\nname = "rez"\n'
        )
        done(world, "--set", "env.B=2", "--set", "extension.gui.url=gui==2", "--set", "extension.x.url=x==1")
        found = world.rezup("recipe", "show", "foo", "--json").data
        assert found["env"] == {"A": "1", "B": "2"}
        assert [each["url"] for each in found["tools"]][1:] == ["gui==2", "x==1"]
        assert "# one" in recipe.read_text()

    def test_the_default_recipe_with_all_its_comments(self, world: World) -> None:
        path = world.home / "rezup.toml"
        assert world.rezup("recipe", "edit", "--create", "--set", "rez.url=rez==3.4.0").code == 0
        before = path.read_text()
        assert world.rezup("recipe", "edit", "--set", "env.A=1", "--unset", "env.A").code == 0
        assert [line for line in before.splitlines() if line.startswith("#")] == [
            line for line in path.read_text().splitlines() if line.startswith("#")
        ]
        assert world.rezup("recipe", "validate").code == 0

    def test_an_unknown_key_is_warned_of_with_the_near_miss(self, world: World, recipe: Path) -> None:
        outcome = done(world, "--set", "rez.flag=-E")
        assert "warning: " in outcome.err
        assert "flags" in outcome.err

    def test_nothing_to_change_writes_nothing(self, world: World, recipe: Path) -> None:
        before = recipe.stat()
        outcome = done(world, "--set", "rez.url=rez==3.3.0")
        assert "nothing changed" in outcome.err
        assert (recipe.stat().st_ino, recipe.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)

    def test_json(self, world: World, recipe: Path) -> None:
        document = json.loads(edit(world, "--set", "rez.flag=-E", "--json").out)
        assert (document["command"], document["status"]) == ("recipe edit", "success")
        data = document["data"]
        assert (data["file"], data["changed"], data["created"]) == (str(recipe), True, False)
        assert len(data["digest"]) == 64
        assert "flags" in data["warnings"][0]

    def test_by_its_path(self, world: World) -> None:
        path = world.write("studio/rezup.toml", TEXT)
        assert world.rezup("recipe", "edit", path, "--set", "description=x").code == 0
        assert 'description = "x"' in path.read_text()


class TestRefusals:
    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (["--set", "rez.url="], "rez.url"),
            (["--set", "env.REZUP_CONTAINER=x"], "REZUP_CONTAINER"),
            (["--set", "schema=rezup-recipe:9.0"], "newer"),
            (["--unset", "env.NOPE"], "there is no env.NOPE"),
            (["--unset", "extension.nope"], "there is no extension.nope"),
            (["--unset", "extension.rez-gui.nope"], "there is no"),
            (["--set", "description.x=1"], "description is no table"),
            (["--set", "extension.rez-gui=x"], "is an extension"),
            (["--set", "extension=x"], "is no key"),
            (["--set", "=x"], "is no key"),
            (["--set", "a\n[b]\nc=x"], "is no key"),
            (["--set", "[rez]=x"], "is no key"),
            (["--unset", "rez."], "is no key"),
            (["--unset", "extension.other.name"], "name"),
            ([], "--set KEY=VALUE"),
            (["--from", "nowhere.toml"], "no file"),
        ],
    )
    def test_what_is_no_recipe_is_not_written(
        self, world: World, recipe: Path, arguments: list[str], words: str
    ) -> None:
        refused(world, *arguments, words=words)

    @pytest.mark.parametrize(
        "arguments", [["--set", "x"], ["--from", "x", "--set", "a=1"], ["--nope"], ["--", "true"]]
    )
    def test_wrong_usage(self, world: World, recipe: Path, arguments: list[str]) -> None:
        outcome = edit(world, *arguments)
        assert outcome.code == 2
        assert recipe.read_text() == TEXT

    def test_no_recipe(self, world: World) -> None:
        refused(world, "--set", "description=x", words="--create")

    def test_the_default_of_all_others_is_not_changed_for_one(self, world: World) -> None:
        default = world.write("rezup.toml", TEXT, mode=0o600)
        refused(world, "--set", "description=x", words=f"--create makes it, a copy of {default}")
        done(world, "--create", "--set", "description=x")
        assert default.read_text() == TEXT
        path = world.home / "rezup.foo.toml"
        assert 'description = "x"' in path.read_text()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600

    def test_a_dangling_link_is_told(self, world: World) -> None:
        (world.home / "rezup.foo.toml").symlink_to("nowhere.toml")
        refused(world, "--create", "--set", "description=x", words="is a link to nowhere.toml")
        assert not (world.home / "nowhere.toml").exists()

    @pytest.mark.parametrize(
        ("umask", "value", "mode"),
        [
            (0o022, "env.STUDIO=x", 0o644),
            (0o077, "env.STUDIO=x", 0o600),
            (0o027, "env.STUDIO=x", 0o640),
            (0o022, "env.STUDIO_TOKEN=x", 0o600),
            (0o022, "env.STUDIO_TOKEN=${X}", 0o644),
        ],
    )
    def test_who_may_read_a_new_one(self, world: World, umask: int, value: str, mode: int) -> None:
        done(world, "--create", "--set", value, umask=umask)
        assert stat.S_IMODE((world.home / "rezup.foo.toml").stat().st_mode) == mode

    def test_create_without_a_change_makes_the_default(self, world: World) -> None:
        assert edit(world, "--create", "--json").data["created"] is True
        assert world.rezup("recipe", "validate", "foo").code == 0
        refused(world, "--create", words="--set")

    def test_what_can_not_be_written_so_is_told_rather_than_spoilt(self, world: World, recipe: Path) -> None:
        recipe.write_text('env.A = "1"  # one\nlock = "x"\n[rez]\nname = "rez"\n')
        refused(world, "--set", "env.B=2", words="use an editor")

    def test_what_is_no_toml(self, world: World, recipe: Path) -> None:
        recipe.write_text("[rez\n")
        refused(world, "--set", "rez.name=rez", words=f"{recipe}:1")

    def test_a_secret_is_not_shown(self, world: World, recipe: Path) -> None:
        outcome = edit(world, "--set", "hunter2")
        assert "hunter2" not in outcome.err
        outcome = edit(world, "--set", "env.REZUP_REVISION=hunter2")
        assert outcome.code == 1
        assert "hunter2" not in outcome.err


class TestTheFile:
    @pytest.mark.parametrize("mode", [0o600, 0o644, 0o664])
    @pytest.mark.parametrize("umask", [0o022, 0o077])
    def test_its_permissions_are_kept(self, world: World, recipe: Path, mode: int, umask: int) -> None:
        recipe.chmod(mode)
        done(world, "--set", "description=x", umask=umask)
        assert stat.S_IMODE(recipe.stat().st_mode) == mode

    def test_who_else_may_read_it_is_kept(self, world: World, recipe: Path) -> None:
        wanted = access_list(recipe, (1, 6), (2, 6, 1000), (4, 0), (16, 6), (32, 0))
        os.setxattr(recipe, "user.studio", b"x")
        done(world, "--set", "description=x")
        assert os.getxattr(recipe, ACL) == wanted
        assert os.getxattr(recipe, "user.studio") == b"x"
        assert stat.S_IMODE(recipe.stat().st_mode) == 0o660

    def test_the_folder_gives_access_to_nobody_else(self, world: World, recipe: Path) -> None:
        access_list(world.home, (1, 7), (2, 7, 1000), (4, 7), (16, 7), (32, 5), name=DEFAULT_ACL)
        recipe.chmod(0o640)
        done(world, "--set", "description=x")
        assert ACL not in os.listxattr(recipe)
        assert stat.S_IMODE(recipe.stat().st_mode) == 0o640

    @pytest.mark.skipif(
        not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away"
    )
    def test_its_owner_is_kept(self, world: World, recipe: Path) -> None:
        os.chown(recipe, 4242, 4343)
        done(world, "--set", "description=x")
        assert (recipe.stat().st_uid, recipe.stat().st_gid) == (4242, 4343)

    def test_a_link_stays_and_what_it_leads_to_is_changed(self, world: World) -> None:
        target = world.write("studio/show.toml", TEXT)
        (world.home / "rezup.foo.toml").symlink_to("studio/show.toml")
        done(world, "--set", "description=x")
        assert os.readlink(world.home / "rezup.foo.toml") == "studio/show.toml"
        assert 'description = "x"' in target.read_text()
        assert [path.name for path in target.parent.iterdir()] == ["show.toml"]

    @pytest.mark.skipif(
        not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root is in danger of it"
    )
    def test_root_leaves_the_home_of_another_alone(self, world: World, recipe: Path) -> None:
        os.chown(world.home, 4242, 4242)
        refused(world, "--set", "description=x", words="home of another user")


class TestInAnEditor:
    def test_what_was_saved_is_written(self, world: World, recipe: Path) -> None:
        code, shown = in_editor(world, '[ "$1" = --wait ] && sed -i s/3.3.0/3.4.0/ "$2"')
        assert (code, shown) == (0, f"wrote {recipe}\n")
        assert recipe.read_text() == TEXT.replace("3.3.0", "3.4.0")
        assert sorted(files(world)) == ["editor with blanks.sh", "rezup.foo.toml"]

    def test_its_text_is_beside_it_and_for_its_owner_only(self, world: World, recipe: Path) -> None:
        in_editor(world, 'stat -c "%a %n" "$2" > told')
        mode, path = (world.home / "told").read_text().split()
        assert mode == "600"
        assert path.startswith(f"{world.home}/.edit-")
        assert path.endswith(".rezup.foo.toml")

    def test_nothing_saved_changes_nothing(self, world: World, recipe: Path) -> None:
        code, shown = in_editor(world, "true")
        assert code == 0
        assert "nothing changed" in shown
        assert sorted(files(world)) == ["editor with blanks.sh", "rezup.foo.toml"]

    def test_an_invalid_text_is_kept_and_can_be_gone_on_with(self, world: World, recipe: Path) -> None:
        code, shown = in_editor(world, 'sed -i "s/name = .rez\\"/name = 5/" "$2"')
        assert code == 1
        assert f"{recipe}:5: rez.name" in shown
        assert recipe.read_text() == TEXT
        (kept,) = world.home.glob(".edit-*")
        assert f"rezup recipe edit foo --from {kept}" in shown
        assert world.rezup("list", "--json").data["containers"][0]["name"] == "foo"
        assert edit(world, "--from", str(kept)).code == 1
        kept.write_text(TEXT.replace("3.3.0", "3.4.0"))
        done(world, "--from", str(kept))
        assert recipe.read_text() == TEXT.replace("3.3.0", "3.4.0")
        assert not kept.exists()

    def test_what_somebody_else_changed_meanwhile_is_left_alone(self, world: World, recipe: Path) -> None:
        code, shown = in_editor(world, f'sed -i s/3.3.0/3.4.0/ "$2"; echo "# theirs" >> {recipe}')
        assert code == 1
        assert "by somebody else" in shown
        assert recipe.read_text() == f"{TEXT}# theirs\n"
        (kept,) = world.home.glob(".edit-*")
        assert "3.4.0" in kept.read_text()

    def test_one_that_appeared_meanwhile_is_left_alone(self, world: World) -> None:
        path = world.home / "rezup.foo.toml"
        code, shown = in_editor(world, f"echo '# theirs' > {path}", "--create")
        assert code == 1
        assert "by somebody else" in shown
        assert path.read_text() == "# theirs\n"

    @pytest.mark.parametrize("script", ["exit 3", "kill $$"])
    def test_an_editor_that_fails_changes_nothing(self, world: World, recipe: Path, script: str) -> None:
        code, shown = in_editor(world, script)
        assert code == 1
        assert "nothing was changed" in shown
        assert sorted(files(world)) == ["editor with blanks.sh", "rezup.foo.toml"]

    @pytest.mark.parametrize("program", ["/no/such/editor", "'unclosed"])
    def test_one_that_can_not_be_started(self, world: World, recipe: Path, program: str) -> None:
        environ = {**world.environ, "VISUAL": program}
        with Terminal(world.command("recipe", "edit", "foo"), environ, world.home) as terminal:
            code, shown = terminal.finish()
        assert code == 1
        assert "set VISUAL or EDITOR" in shown
        assert sorted(files(world)) == ["rezup.foo.toml"]

    def test_a_file_of_the_users_own_is_not_removed(self, world: World, recipe: Path) -> None:
        own = world.write("mine.toml", TEXT.replace("3.3.0", "3.4.0"))
        done(world, "--from", str(own))
        assert own.exists()

    @pytest.mark.parametrize(
        "name", [".edit-mine.toml", ".edit-12345678.other.toml", ".edit-123.rezup.foo.toml"]
    )
    def test_a_file_whose_name_is_like_that_of_a_kept_one_is_not_removed(
        self, world: World, recipe: Path, name: str
    ) -> None:
        own = world.write(name, TEXT.replace("3.3.0", "3.4.0"))
        done(world, "--from", str(own))
        assert own.exists()

    def test_a_kept_file_elsewhere_is_not_removed(self, world: World, recipe: Path) -> None:
        own = world.write("x/.edit-12345678.rezup.foo.toml", TEXT.replace("3.3.0", "3.4.0"))
        done(world, "--from", str(own))
        assert own.exists()

    def test_a_recipe_is_not_removed_for_its_name(self, world: World) -> None:
        path = world.write(".edit-conf.toml", TEXT)
        assert world.rezup("recipe", "edit", path, "--from", path).code == 0
        assert path.read_text() == TEXT

    def test_a_hint_can_be_pasted(self, world: World) -> None:
        folder = world.home / "my studio"
        recipe, bad = world.write("my studio/rezup.toml", TEXT), world.write("my studio/bad.toml", "[rez")
        outcome = world.rezup("recipe", "edit", recipe, "--from", bad)
        assert outcome.code == 1
        assert f"rezup recipe edit '{folder}/rezup.toml' --from '{folder}/bad.toml'" in outcome.err

    def test_ctrl_c_is_for_what_the_editor_runs(self, world: World, recipe: Path) -> None:
        script = 'trap : INT; (echo ready; exec sleep 60); sleep 0.5; sed -i s/3.3.0/3.4.0/ "$2"'
        with Terminal(world.command("recipe", "edit", "foo"), editor(world, script), world.home) as terminal:
            terminal.expect("ready")
            terminal.send("\x03")
            code, shown = terminal.finish()
        assert code == 0, shown
        assert recipe.read_text() == TEXT.replace("3.3.0", "3.4.0")

    @pytest.mark.parametrize("name", ["INT", "QUIT"])
    def test_the_keys_still_end_what_the_editor_runs(self, world: World, recipe: Path, name: str) -> None:
        code, shown = in_editor(world, f"ulimit -c 0; kill -{name} $$")
        assert code == 1
        assert "the editor ended with status -" in shown

    def test_the_text_is_kept_if_rezup_is_told_to_end(self, world: World, recipe: Path) -> None:
        script = 'sed -i s/3.3.0/3.4.0/ "$2"; echo ready; exec sleep 60'
        with Terminal(world.command("recipe", "edit", "foo"), editor(world, script), world.home) as terminal:
            terminal.expect("ready")
            os.kill(terminal.pid, signal.SIGTERM)
            code, shown = terminal.finish()
        assert code == 128 + signal.SIGTERM
        (kept,) = world.home.glob(".edit-*")
        assert f"kept in {kept}" in shown
        assert "3.4.0" in kept.read_text()

    def test_what_is_there_instead_of_the_text_is_not_removed(self, world: World, recipe: Path) -> None:
        code, shown = in_editor(world, 'rm "$2"; mkfifo "$2"')
        assert code == 1
        (kept,) = world.home.glob(".edit-*")
        assert f"{kept} is no file" in shown

    def test_blanks_name_no_editor(self, world: World, recipe: Path) -> None:
        environ = editor(world, 'sed -i s/3.3.0/3.4.0/ "$2"')
        environ |= {"EDITOR": environ["VISUAL"], "VISUAL": " "}
        with Terminal(world.command("recipe", "edit", "foo"), environ, world.home) as terminal:
            code, shown = terminal.finish()
        assert code == 0, shown
        assert "3.4.0" in recipe.read_text()


def test_an_editor_of_windows() -> None:
    environ = {"VISUAL": '"C:\\Program Files\\np\\np.exe" --wait'}
    assert editor_command(environ, is_windows=True) == ["C:\\Program Files\\np\\np.exe", "--wait"]
    assert editor_command({"EDITOR": "C:\\np\\np.exe -w"}, is_windows=True) == ["C:\\np\\np.exe", "-w"]
    assert editor_command({}, is_windows=True) == ["notepad"]


def test_what_is_written_and_seen_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "rezup.toml"
    path.write_text("old")
    sync = os.fsync

    def broken_for_folders(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EIO, "no disk")
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", broken_for_folders)
    replace_content(path, b"new")
    assert path.read_text() == "new"


def test_what_can_not_be_kept_gives_the_group_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "rezup.toml"
    path.write_text("old")
    access_list(path, (1, 6), (2, 6, 1000), (4, 0), (16, 6), (32, 4))

    def refused_here(*arguments: object) -> None:
        raise OSError(errno.EPERM, "not yours")

    monkeypatch.setattr(os, "setxattr", refused_here)
    replace_content(path, b"new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_a_terminal_is_not_steered_by_line_ends() -> None:
    assert harmless("safe\rdanger\r\r\n", is_data=True) == "safe\\rdanger\\r\r\n"
    assert harmless("safe\r\n") == "safe\\r\n"


def test_a_file_of_windows_is_shown_as_it_is(world: World) -> None:
    world.write("rezup.foo.toml", TEXT).write_bytes(TEXT.replace("\n", "\r\n").encode())
    with Terminal(world.command("recipe", "show", "foo"), world.environ, world.home) as terminal:
        code, shown = terminal.finish()
    assert code == 0
    assert "\\r" not in shown
