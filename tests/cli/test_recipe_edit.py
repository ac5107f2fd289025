"""``rezup recipe edit`` in an editor, and what terminals make of recipes."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from rezup.system.editor import editor_command
from rezup_cli.console import harmless
from support.recipe_edit import TEXT, done, edit, files
from support.terminal import Terminal

if TYPE_CHECKING:
    from pathlib import Path

    from support.world import World


@pytest.fixture
def recipe(world: World) -> Path:
    return world.write("rezup.foo.toml", TEXT)


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


def test_a_terminal_is_not_steered_by_line_ends() -> None:
    assert harmless("safe\rdanger\r\r\n", is_data=True) == "safe\\rdanger\\r\r\n"
    assert harmless("safe\r\n") == "safe\\r\n"


def test_a_file_of_windows_is_shown_as_it_is(world: World) -> None:
    world.write("rezup.foo.toml", TEXT).write_bytes(TEXT.replace("\n", "\r\n").encode())
    with Terminal(world.command("recipe", "show", "foo"), world.environ, world.home) as terminal:
        code, shown = terminal.finish()
    assert code == 0
    assert "\\r" not in shown
