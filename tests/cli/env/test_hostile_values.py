"""What is hostile reaches the child of `rezup env` as data, in every shell."""

from __future__ import annotations

import json
import shutil
import sys

import pytest

from support.cli_packages import package
from support.shell_code import SHELLS, program_of
from support.world import Outcome, World

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX shells")


NASTY = [
    "a b\"c'é", "$(touch harmed)", "`touch harmed`", "a\nb", "%PATH% %s", "!! !x", "日本 🦊", "; touch harmed #", "$HOME ${HOME}",
    "\\ \\n \\$x", "*?[a]{b,c}", "~ ~/x", "-n", "a|b&c<d>e", "'\"'\"'", "\t\r", "(x)", "a=b:c",
]  # fmt: skip


@pytest.mark.parametrize("shell", SHELLS)
class TestHostile:
    def test_values_and_words(self, studio: World, shell: str) -> None:
        lines = [f"    env['N{number}'] = literal({text!r})" for number, text in enumerate(NASTY)]
        package(studio, "nasty/1", "\n".join(["def commands():", *lines]))
        script = studio.write(
            "show.py", "import os, sys, json\nprint(json.dumps([dict(os.environ), sys.argv[1:]]))\n"
        )
        words = [text for text in NASTY if "$" not in text]
        outcome = studio.rezup(
            "env", "nasty", "--shell", program_of(shell), "--", sys.executable, script, *words
        )
        assert (outcome.code, outcome.err) == (0, "")
        variables, arguments = json.loads(outcome.out)
        assert [variables[f"N{number}"] for number in range(len(NASTY))] == NASTY
        assert arguments == words
        assert not list(studio.home.rglob("harmed"))

    @pytest.mark.parametrize(
        "name", ["a b\"c'é", "$(touch harmed)", "`touch harmed`", "two\nlines", "50% off!", "日本"]
    )
    def test_paths(self, studio: World, shell: str, name: str) -> None:
        """Of packages, temporary files, the home folder, and the folder that one stands in."""
        home = studio.home / name
        shutil.copytree(studio.home / "packages", home / "packages")
        (home / "tmp").mkdir()
        own = {"HOME": str(home), "TMPDIR": str(home / "tmp"), "REZ_PACKAGES_PATH": str(home / "packages")}
        outcome = studio.rezup(
            "env", "maya", "--shell", program_of(shell), "--", "printenv", "MAYA", env=own, cwd=home
        )
        assert outcome == Outcome(0, f"{home}/packages/maya/2024\n", "")
        assert not list(studio.home.rglob("harmed"))

    def test_inherited_variables(self, studio: World, shell: str) -> None:
        own = {f"I{number}": text for number, text in enumerate(NASTY)}
        package(
            studio, "more/1", "def commands():\n" + "\n".join(f"    env.{name}.append('/x')" for name in own)
        )
        script = studio.write("show.py", "import os, json\nprint(json.dumps(dict(os.environ)))\n")
        studio.variables["REZ_ALL_PARENT_VARIABLES"] = "1"
        outcome = studio.rezup(
            "env", "more", "--shell", program_of(shell), "--", sys.executable, script, env=own
        )
        assert (outcome.code, outcome.err) == (0, "")
        found = json.loads(outcome.out)
        assert {name: found[name] for name in own} == {name: f"{text}:/x" for name, text in own.items()}
        assert not list(studio.home.rglob("harmed"))


def test_hostile_requests_are_errors(studio: World) -> None:
    for text in ("$(touch harmed)", "a b", "../../x", "a\nb", "'", "é", "", "-", "a" * 5000, "\udcff"):
        outcome = studio.rezup("env", "--", "true") if text == "" else studio.rezup("env", text, "--", "true")
        assert outcome.code == (0 if text == "" else 2 if text == "-" else 1) or outcome.code == 1, text
        assert "Traceback" not in outcome.err
    assert not list(studio.home.rglob("harmed"))


def test_a_package_name_that_is_hostile_on_disk_is_not_entered(studio: World) -> None:
    package(studio, "maya/$(touch harmed)", "")
    studio.write("packages/maya/`touch harmed`/package.py", "name = 'maya'\nversion = '`touch harmed`'\n")
    assert studio.rezup("env", "maya-2024", "--", "echo", "x").out == "x\n"
    assert not list(studio.home.rglob("harmed"))


@pytest.mark.skipif(shutil.which("tcsh") is None, reason="no tcsh")
@pytest.mark.parametrize("options", [("-s",), ("-c", 'echo "$home:q"')])
def test_tcsh_runs_nothing_that_stands_in_home(studio: World, options: tuple[str, ...]) -> None:
    home = studio.home / "d`touch made`"
    home.mkdir()
    outcome = studio.rezup(
        "env", "python", "--shell", "tcsh", *options,
        env={"HOME": str(home)}, stdin=None, input='echo "$home:q"\n',
    )  # fmt: skip
    assert (outcome.code, outcome.out) == (0, f"{home}\n")
    assert not list(studio.home.rglob("made"))
