"""``rezup recipe edit`` key by key, and what is never written."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING

import pytest

from support.recipe_edit import TEXT, done, edit, refused

if TYPE_CHECKING:
    from pathlib import Path

    from support.world import World


@pytest.fixture
def recipe(world: World) -> Path:
    return world.write("rezup.foo.toml", TEXT)


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

    def test_a_new_key_stands_right_after_the_last_one_of_its_table(self, world: World, recipe: Path) -> None:
        done(world, "--set", "rez.edit=false", "--set", "env.NEW=x", "--set", "extension.rez-gui.edit=false")
        expected = TEXT
        for last, line in (
            ('url = "rez==3.3.0"\n', "edit = false\n"),
            ('KEPT = "x"   # as it is\n', 'NEW = "x"\n'),
            ('url = "rez-gui==1.0"  # the newest that works\n', "edit = false\n"),
        ):
            expected = expected.replace(last, last + line)
        assert recipe.read_text() == expected

    def test_line_ends_stay_those_of_the_file(self, world: World, recipe: Path) -> None:
        recipe.write_bytes(TEXT.replace("\n", "\r\n").encode())
        done(
            world, "--set", "rez.edit=false", "--set", "rez.url=rez==3.4.0", "--set", "lock=pylock.toml",
            "--set", "pip.env.A=1", "--set", "extension.new.url=new==1", "--unset", "env.OLD",
            "--set", 'env.LINES="""a\nb"""',
        )  # fmt: skip
        data = recipe.read_bytes()
        assert data.count(b"\n") == data.count(b"\r\n") > TEXT.count("\n")
        assert data.endswith(b"\r\n")
        assert world.rezup("recipe", "show", "foo", "--json").data["env"]["LINES"] == "a\nb"

    @pytest.mark.parametrize("newline", ["\n", "\r\n"])
    @pytest.mark.parametrize(
        "arguments", [["--set", "rez.url=x"], ["--set", "rez.edit=false"], ["--unset", "rez.url"]]
    )
    def test_the_last_line_is_ended(
        self, world: World, recipe: Path, newline: str, arguments: list[str]
    ) -> None:
        recipe.write_bytes(f'[rez]{newline}name = "rez"{newline}url = "rez"'.encode())
        done(world, *arguments)
        data = recipe.read_bytes().decode()
        assert data.endswith(newline)
        assert data.count("\n") == data.count(newline)

    def test_nothing_to_change_does_not_end_the_last_line(self, world: World, recipe: Path) -> None:
        recipe.write_bytes(TEXT.rstrip().encode())
        assert "nothing changed" in done(world, "--set", "rez.url=rez==3.3.0").err
        assert recipe.read_bytes() == TEXT.rstrip().encode()

    def test_an_empty_file(self, world: World, recipe: Path) -> None:
        recipe.write_bytes(b"")
        done(world, "--set", "rez.name=rez", "--set", "description=x")
        assert recipe.read_text() == 'description = "x"\n\n[rez]\nname = "rez"\n'

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
        recipe.write_text('pip.options = []\nlock = "pylock.toml"\npip.env.A = "1"\n[rez]\nname = "rez"\n')
        refused(world, "--unset", "pip.env.A", words="use an editor")

    def test_a_byte_order_mark_is_named(self, world: World, recipe: Path) -> None:
        recipe.write_bytes(b"\xef\xbb\xbf" + TEXT.encode())
        refused(world, "--set", "rez.edit=false", words="byte order mark")

    def test_what_is_no_toml(self, world: World, recipe: Path) -> None:
        recipe.write_text("[rez\n")
        refused(world, "--set", "rez.name=rez", words=f"{recipe}:1")

    def test_a_secret_is_not_shown(self, world: World, recipe: Path) -> None:
        outcome = edit(world, "--set", "hunter2")
        assert "hunter2" not in outcome.err
        outcome = edit(world, "--set", "env.REZUP_REVISION=hunter2")
        assert outcome.code == 1
        assert "hunter2" not in outcome.err
