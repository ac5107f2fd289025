"""What we write for a shell, and how we start it, beside Rez's own plugin: the same environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from rezup.shells import actions as ours
from rezup.shells.code import code_for
from rezup.shells.context_start import ContextStart, start_in_context
from rezup.shells.escaped import EscapedString
from support.shell_code import program_of, sourced

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.conformance

SEPARATORS = {"SPACED": " ", "COMMAS": ","}

#: Package commands by what they are about. (Rez can write no text at all once `resetenv` was used.)
CORPUS = {
    "values": "env.A = 'plain'\nenv.B = '/a b/c'\nenv.C = 'it\\'s \"quoted\"'\nenv.D = ''\nenv.E = 12\nenv.F = 'é日本'",
    "literal values": "env.A = literal('$HOME `x` $(y) \\'q\\' \"d\" a\\\\b')\nenv.B = literal('{root}')\nenv.C = literal('two  blanks ')",
    "variables": "env.A = 'one'\nenv.B = '$A/two'\nenv.C = '${B}/three:${A}'\nenv.D = 'x$A-y'\nenv.E = '${HOME}/z'",
    "parts": "env.A = 'one'\nenv.B = literal('$A').expandable('$A').l('\"').e(' ${A} ')",
    "home": "env.A = '~/x'\nenv.B = 'a~'\nenv.C = literal('~')\nenv.D.append('~/y')\nenv.D.append('~/z')\nenv.E.prepend('~/y')\nenv.E.prepend('~/z')",
    "paths": "env.PATH.prepend('/one')\nenv.PATH.append('/two')\nenv.PYTHONPATH.append('{root}/python')\nenv.PYTHONPATH.prepend('/p q')",
    "of the parent": "env.PARENT.append('x')\nenv.PARENT.prepend('y')\nenv.PARENT_UNSET.append('x')\nenv.PARENT_UNSET.prepend('$HOME')",
    "separators": "env.SPACED.append('a')\nenv.SPACED.append('b')\nenv.COMMAS.prepend('a')\nenv.COMMAS.prepend('$SPACED')",
    "unset": "env.A = 'a'\nunsetenv('A')\nunsetenv('GIVEN')\nunsetenv('NEVER_SET')",
    "remarks": "comment('one\\ntwo')\nenv.A = 'a'\ncomment('')",
    "said": "info('hello $GIVEN')\ninfo('')\ninfo('a\\nb')",
    "commands": "env.A = 'a'\ncommand('/bin/echo said')\nenv.B = '$A'",
    "aliases": "alias('my-tool', '/bin/echo tool')\nalias('other', '/bin/echo \"a  b\" -x')\nenv.A = 'a'",
    "backslashes": "env.A = 'a\\\\b'\nenv.B = 'c:\\\\x\\\\$A'\nenv.C = literal('\\\\\\\\')",
    "marks": "env.A = 'wow'\nenv.B = 'a=b;c&d|e<f>g(h)*?[i]#j'",
    "names with variables": "env.A = 'a'\nsetenv('X_$A', 'b')",
    "source": "source('{root}/more')",
    "many": "\n".join(f"env.PATH.prepend('/p{n}/bin')\nenv.V{n} = '{{root}}/{n}'" for n in range(150)),
}  # fmt: skip


#: Runs in a process with the real Rez: package commands by shell and case in, actions and text out.
RECORDER = """
import json, sys
from rez.rex import RexExecutor
from rez.shells import create_shell
asked, separators, root = json.load(sys.stdin)
def plain(value):
    return {"strings": value.strings} if hasattr(value, "strings") else value
answers = []
for shell, code in asked:
    executor = RexExecutor(
        interpreter=create_shell(shell), parent_environ={"PARENT": "p", "HOME": "/h", "GIVEN": "g"},
        parent_variables=["PARENT", "PARENT_UNSET"], shebang=False, add_default_namespaces=False,
    )
    executor.manager._env_sep_map = separators
    executor.bind("root", root)
    executor.execute_code(code)
    actions = [[type(each).__name__, *map(plain, each.args)] for each in executor.actions]
    answers.append([shell, code, actions, executor.get_output()])
json.dump(answers, sys.stdout)
"""

RUN_BY_REZ = "env.A = '`echo ran` $(echo ran) $$'"
PERCENT = "env.A = '50%'"
BACKSLASH = r"info('a\\nb')"
NOT_SET = "env.A = '<$NOT_SET>'\nenv.B = 'b'"
WRONG = "error('wrong')"
MARK = "env.A = literal('a!b')"
SHELLS = ("bash", "zsh", "sh", "tcsh")


class Record:
    """What Rez recorded for package commands, and the text that its plugin wrote for it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._answers: dict[tuple[str, str], tuple[list[Any], str]] = {}
        codes = [*CORPUS.values(), RUN_BY_REZ, PERCENT, BACKSLASH, NOT_SET, WRONG, MARK]
        asked = [(shell, code) for shell in SHELLS for code in codes]
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", RECORDER], input=json.dumps([asked, SEPARATORS, str(root)]),
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        for shell, code, actions, text in json.loads(done.stdout):
            self._answers[shell, code] = (actions, text)

    def texts(self, shell: str, code: str) -> tuple[str, str]:
        """Rez's text and ours."""
        actions, text = self._answers[shell, code]
        return text, code_for(shell).write(translated(actions))


def translated(actions: list[Any]) -> list[ours.Action]:
    """Rez's record as our actions."""
    made: list[ours.Action] = []
    for kind, *arguments in actions:
        arguments = [EscapedString.of(arg["strings"]) if isinstance(arg, dict) else arg for arg in arguments]
        if kind in ("Prependenv", "Appendenv"):
            name, value = arguments
            separator = SEPARATORS.get(name, ":")
            made += [ours.Refer(name), getattr(ours, kind)(name, EscapedString.promote(value), separator)]
        elif kind in ("Setenv", "Resetenv"):
            made.append(getattr(ours, kind)(arguments[0], EscapedString.promote(arguments[1])))
        elif kind in ("Info", "Error"):
            made.append(getattr(ours, kind)(EscapedString.promote(arguments[0])))
        else:
            made.append(getattr(ours, kind)(*arguments))
    return made


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Record:
    root = tmp_path_factory.mktemp("root")
    (root / "more").write_text("/bin/echo more\n")
    return Record(root)


@pytest.mark.parametrize("case", CORPUS)
@pytest.mark.parametrize("shell", SHELLS)
def test_environment_and_output_are_equal(record: Record, shell: str, case: str, tmp_path: Path) -> None:
    program_of(shell)
    theirs, mine = record.texts(shell, CORPUS[case])
    environ = {"PARENT": "p", "GIVEN": "g"}
    after = "my-tool 1 '2  3'\nother 4" if case == "aliases" else ""
    if (shell, case) == ("sh", "aliases"):
        # dash takes no function with a dash in its name: Rez's text ends right there.
        assert "Bad function name" in sourced(shell, theirs, tmp_path, environ).stderr
        outcome = sourced(shell, mine, tmp_path, environ, after)
        assert outcome[1:] == ("tool 1 2  3\na  b -x 4\n", "")
        return
    expected = sourced(shell, theirs, tmp_path, environ, after)
    assert expected.stderr == ""
    outcome = sourced(shell, mine, tmp_path, environ, after)
    assert outcome == expected


@pytest.mark.parametrize("shell", ["bash", "zsh", "sh"])
def test_what_rez_would_run_is_data(record: Record, shell: str, tmp_path: Path) -> None:
    """Deliberate: Rez lets the shell run what is in an expandable value."""
    program_of(shell)
    theirs, mine = record.texts(shell, RUN_BY_REZ)
    assert sourced(shell, theirs, tmp_path).environment["A"].startswith("ran ran ")
    assert sourced(shell, mine, tmp_path).environment["A"] == "`echo ran` $(echo ran) $$"


def test_zsh_doubles_no_percent_sign(record: Record, tmp_path: Path) -> None:
    """Deliberate: Rez doubles them in every expandable value, as if it were a prompt."""
    program_of("zsh")
    theirs, mine = record.texts("zsh", PERCENT)
    assert sourced("zsh", theirs, tmp_path).environment["A"] == "50%%"
    assert sourced("zsh", mine, tmp_path).environment["A"] == "50%"


def test_dash_says_backslashes_as_they_are(record: Record, tmp_path: Path) -> None:
    """Deliberate: Rez leaves them to echo, which means something by them in dash."""
    program_of("sh")
    theirs, mine = record.texts("sh", BACKSLASH)
    if os.path.basename(os.path.realpath(program_of("sh"))) == "dash":
        assert sourced("sh", theirs, tmp_path).stdout == "a\nb\n"
    assert sourced("sh", mine, tmp_path).stdout == "a\\nb\n"


def test_tcsh_goes_on_at_a_variable_that_is_not_set_and_finds_stderr(record: Record, tmp_path: Path) -> None:
    """Deliberate: Rez's text stops at it, as at an exclamation mark, and writes a file called 2."""
    program_of("tcsh")
    theirs, mine = record.texts("tcsh", NOT_SET)
    assert "B" not in sourced("tcsh", theirs, tmp_path).environment
    outcome = sourced("tcsh", mine, tmp_path)
    assert {"A": "<>", "B": "b"}.items() <= outcome.environment.items()
    theirs, mine = record.texts("tcsh", WRONG)
    sourced("tcsh", theirs, tmp_path)
    assert (tmp_path / "2").read_text() == "wrong 1\n"
    outcome = sourced("tcsh", mine, tmp_path)
    assert (outcome.stdout, outcome.stderr) == ("", "wrong\n")
    theirs, mine = record.texts("tcsh", MARK)
    assert "Event not found" in sourced("tcsh", theirs, tmp_path).stderr
    assert sourced("tcsh", mine, tmp_path).environment["A"] == "a!b"


# -- starting the shell

#: Runs in a process with the real Rez: starts a shell as `rez-env` does, on a context file that is there.
STARTER = """
import json, sys
from rez.shells import create_shell
shell, context, folder, options = json.loads(sys.argv[1])
sys.exit(create_shell(shell).spawn_shell(context, folder, **options).wait())
"""

#: What tells one start from another, or how many shells are around it.
OF_THE_START = {"SHLVL", "_", "OLDPWD"}

#: Start-up files of each shell; the text that says that it was read is the same in all of them.
STARTUP_FILES = {
    "bash": [".bashrc", ".bash_profile", ".profile", ".for_env"], "zsh": [".zshenv", ".zprofile", ".zlogin", ".zshrc"],
    "sh": [".profile", ".for_env"], "tcsh": [".tcshrc", ".login"],
}  # fmt: skip
OPTIONS: dict[str, dict[str, Any]] = {
    "command": {},
    "without startup files": {"norc": True},
    "startup files first": {"package_commands_sourced_first": False},
    "several lines": {"command": "/bin/sh -c 'exit 3' && echo no\n/usr/bin/env -0\n/bin/sh -c 'exit 4'"},
    "nothing to run": {"command": ""},
}


@pytest.mark.parametrize("case", OPTIONS)
@pytest.mark.parametrize("shell", SHELLS)
def test_start_with_a_command_is_equal(shell: str, case: str, tmp_path: Path) -> None:
    program = program_of(shell)
    setenv = "setenv {0} {0}" if shell == "tcsh" else "export {0}={0}"
    for name in STARTUP_FILES[shell]:
        text = setenv.format(f"FROM{name.replace('.', '_').upper()}")
        (tmp_path / name).write_text(
            text + "\n" + ("setenv BOTH rc" if shell == "tcsh" else "export BOTH=rc") + "\n"
        )
    context = code_for(shell).write([
        ours.Setenv("A", EscapedString("a")), ours.Setenv("BOTH", EscapedString("context")),
        ours.Alias("tool", "/usr/bin/env -0"), ours.Prependenv("PATH", EscapedString("/x"), ":"),
    ])  # fmt: skip
    options = {"command": "tool", "quiet": True, **OPTIONS[case]}
    (tmp_path / "theirs").mkdir()
    (tmp_path / "ours").mkdir()
    path = tmp_path / "theirs" / "context"
    path.write_text(context)
    environ = {
        "HOME": str(tmp_path), "PATH": f"{os.path.dirname(program)}:/usr/bin:/bin", "LC_ALL": "C.UTF-8",
        "REZ_ENV_PROMPT": ">", "BASH_ENV": str(tmp_path / ".for_env"), "ENV": str(tmp_path / ".for_env"),
    }  # fmt: skip
    given = json.dumps([shell, str(path), str(path.parent), options])
    theirs = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", STARTER, given], env=environ, cwd=tmp_path,
        capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    start = ContextStart(
        program, str(tmp_path / "ours"), context, command=options["command"], norc=options.get("norc", False),
        commands_first=options.get("package_commands_sourced_first", True),
    )  # fmt: skip
    launch = start_in_context(shell, start, environ).launch
    mine = subprocess.run(
        launch.argv, env=launch.apply(environ), cwd=tmp_path,
        capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert (mine.returncode, mine.stderr) == (theirs.returncode, theirs.stderr)
    expected = seen(theirs.stdout)
    if case == "without startup files":
        # Deliberate: none is none. The shell that Rez puts around the command reads one all the same.
        expected.pop({"zsh": "FROM_ZSHENV", "tcsh": "FROM_TCSHRC"}.get(shell, ""), None)
    assert seen(mine.stdout) == expected
    assert bool(seen(mine.stdout)) == (case != "nothing to run")


def seen(output: str) -> dict[str, str]:
    """The environment that a command showed."""
    pairs = (each.partition("=")[::2] for each in output.split("\0") if each)
    return {name: value for name, value in pairs if name not in OF_THE_START}
