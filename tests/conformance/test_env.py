"""`rezup env` beside the real `rez-env`: real shells, real processes, the same environment and words.

What Rez answered is recorded (`record.py env`), so that every run compares with it; the live comparisons are
marked. What differs on purpose is in `DIFFERENT` of `support.env_rez`, in `KNOWN` here, and in the tests at
the end of this file.
"""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support import env_rez
from support.env_rez import SHELLS, SHOW, Studio, line_for, requests

if TYPE_CHECKING:
    from support.env_rez import Left

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="answers name the platform")

RECORDED = Path(__file__).parent / "data" / "env-rez-3.4.0.json"

#: What Rez does in a shell that we do not, by request and shell.
KNOWN = {
    ("documented weak", "tcsh"): "tcsh takes the `!` of the request, which Rez writes into a variable, for its history",
}  # fmt: skip

#: The shell of each request in the quick run.
QUICK = {name: SHELLS[number % len(SHELLS)] for number, name in enumerate(requests())}


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    found = env_rez.missing(["bash", "zsh", "tcsh"])
    if found:
        pytest.skip(f"not installed: {', '.join(found)}")
    return Studio(tmp_path_factory.mktemp("studio"))


@pytest.fixture(scope="module")
def recorded() -> Any:
    return env_rez.read(RECORDED)


@pytest.mark.parametrize("name", [name for name in QUICK if (name, QUICK[name]) not in KNOWN])
def test_it_is_what_rez_answered(studio: Studio, recorded: Any, name: str) -> None:
    arguments = ["--shell", QUICK[name], *requests()[name].split(), "-c", line_for(requests()[name])]
    found = studio.left(studio.rezup(*arguments))
    code, said, environ = env_rez.unpacked(recorded["answers"][name], QUICK[name])
    assert (found.code, found.said, found.environ) == (code, said, environ), found.errors


def test_all_packages_are_in_what_is_recorded(recorded: Any) -> None:
    """The generated packages are all entered, but for those that end an environment, which all fail."""
    answers = recorded["answers"]
    assert answers.keys() == requests().keys()
    entered = {name for each in answers.values() for name in each["bash"][2] if name.startswith("REZ_PKG_")}
    assert sum(name.endswith("_ROOT") for name in entered) == 160
    failed = {name for name in answers if name.startswith("generated ends") and answers[name]["bash"][0] == 1}
    assert len(failed) == len(env_rez.env_packages.ENDINGS)


class Both:
    """Both tools, given the same."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio

    def left(self, *arguments: str, **options: Any) -> tuple[Left, Left]:
        """What Rez left, and what we left."""
        studio = self.studio
        return studio.left(studio.rez(*arguments, **options)), studio.left(
            studio.rezup(*arguments, **options)
        )

    def same(self, *arguments: str, **options: Any) -> Left:
        """The same of both; what it is."""
        theirs, ours = self.left(*arguments, **options)
        assert (ours.code, ours.said, ours.environ) == (theirs.code, theirs.said, theirs.environ), (
            ours.errors,
            theirs.errors,
        )
        return ours


@pytest.fixture
def both(studio: Studio) -> Both:
    return Both(studio)


@pytest.mark.conformance
@pytest.mark.parametrize("name", requests())
@pytest.mark.parametrize("shell", SHELLS)
def test_environment_and_words_of_packages(both: Both, shell: str, name: str) -> None:
    request = requests()[name]
    theirs, ours = both.left("--shell", shell, *request.split(), "-c", line_for(request))
    if (name, shell) in KNOWN:
        assert len(theirs.environ) < len(ours.environ)
        return
    assert (ours.code, ours.said, ours.environ) == (theirs.code, theirs.said, theirs.environ)
    if ours.code == 0 and shell != "tcsh":  # whose /dev/stderr Rez loses
        assert ours.errors == theirs.errors


@pytest.mark.conformance
@pytest.mark.parametrize("name", requests())
def test_fish_is_as_bash(studio: Studio, name: str) -> None:
    if env_rez.missing(["fish"]):
        pytest.skip("fish is not installed")
    request = requests()[name]
    arguments = [*request.split(), "-c", line_for(request)]
    bash, fish = (studio.left(studio.rezup("--shell", each, *arguments)) for each in ("bash", "fish"))
    # Functions are bash's way to hand aliases on, PS1 its prompt; fish sets USER itself.
    kept, found = (
        {k: v for k, v in each.environ.items() if not k.startswith("BASH_FUNC_") and k not in ("PS1", "USER")}
        for each in (bash, fish)
    )
    assert (fish.code, fish.said, found) == (bash.code, bash.said, kept)


SHOWN = ("-c", SHOW)

#: Calls whose answers are equal in bash, by what they are about.
CALLS: dict[str, tuple[str, ...]] = {
    "status": ("seq", "-c", "exit 7"),
    "status of a command": ("seq", "--", "sh", "-c", "exit 3"),
    "failing": ("seq", "--", "false"),
    "not found": ("seq", "--", "no_such_program"),
    "not a program": ("seq", "--", "/etc/passwd"),
    "a signal of a child": ("seq", "-c", "sh -c 'kill -9 $$'; exit $?"),
    "words": ("seq", "--", "printf", "[%s]", "a b", "it's", '"', "", "*", ";", "&", "é", "-x"),
    "variables in words": ("seq", "--", "/bin/echo", "$SEQ", "${SEQ}/x"),
    "a line": ("seq", "-c", "for x in 1 2; do echo $x $SEQ; done | tail -1"),
    "an alias": ("maya-2018", "--", "mayabatch", "a"),
    "options behind": ("seq", "--", "/bin/echo", "-c", "--norc"),
    "no packages": SHOWN,
    "no implicit": ("nuke", "--no-implicit", *SHOWN),
    "build": ("objects", "builder", "--build", *SHOWN),
    "exclude": ("python", "--exclude", "python-3", *SHOWN),
    "exclude and include": ("python", "--exclude", "python", "--include", "python-3.7.1", *SHOWN),
    "exclude all": ("seq", "--exclude", "seq", *SHOWN),
    "no filters": ("python", "--no-filters", *SHOWN),
    "paths": ("python", "--paths", "../documented", *SHOWN),
    "no local": ("nuke", "--no-local", *SHOWN),
    "time": ("maya-2018", "--time", "1000", *SHOWN),
    "max fails": ("maya-2018", "python-3", "--max-fails", "0", *SHOWN),
    "time limit": ("maya", "--time-limit", "0", *SHOWN),
    "cache options": ("seq", "--no-cache", "--no-pkg-cache", "--pkg-cache-mode", "sync", *SHOWN),
    "quiet": ("seq", "--quiet", *SHOWN),
    "new session": ("seq", "--new-session", *SHOWN),
    "norc": ("seq", "--norc", *SHOWN),
    "a bad request": ("seq-1-1+<", *SHOWN),
    "an unknown option": ("seq", "--such"),
    "no context": ("-i", "nowhere.rxt", *SHOWN),
}  # fmt: skip


@pytest.mark.conformance
@pytest.mark.parametrize("name", CALLS)
def test_a_call(both: Both, name: str) -> None:
    both.same("--shell", "bash", *CALLS[name])


@pytest.mark.conformance
@pytest.mark.parametrize("shell", SHELLS)
class TestInAShell:
    def test_from_stdin(self, both: Both, shell: str) -> None:
        theirs, ours = both.left(
            "--shell", shell, "seq", "--stdin", input=f"/bin/echo $SEQ\n{SHOW}\nexit 4\n"
        )
        assert (ours.code, ours.said) == (4, "pre:seq:post\n")
        if shell == "zsh":  # which Rez starts without the context
            assert (theirs.code, theirs.said, "SEQ" in theirs.environ) == (4, "\n", False)
        else:
            assert ours == theirs

    def test_without_terminal_and_command(self, both: Both, shell: str) -> None:
        """Rez tells bash, sh and zsh nothing of the context then."""
        theirs, ours = both.left("--shell", shell, "seq", "-q", input="/bin/echo got it\nexit 5\n")
        assert (ours.code, ours.said) == (theirs.code, theirs.said) == (5, "got it\n")
        _, ours = both.left("--shell", shell, "seq", "-q", input="/bin/echo $SEQ\n")
        assert ours.said == "pre:seq:post\n"

    def test_nested(self, both: Both, shell: str) -> None:
        tools = {
            "rez": shlex.join([sys.executable, "-W", "ignore", "-c", "import sys; sys.argv[0] = 'rez-env'; from rez.cli._main import run; run('env')"]),
            "rezup": shlex.join([sys.executable, "-m", "rezup_cli", "env"]),
        }  # fmt: skip
        for name, tool in tools.items():
            path = both.studio.programs / f"env-of-{name}"
            path.write_text(f'#!/bin/sh\nexec {tool} "$@"\n')
            path.chmod(0o755)
        studio, found = both.studio, []
        inner = ["--shell", shell, "nuke", "seq", "-c", shlex.quote(SHOW)]
        for name, run in (("rez", studio.rez), ("rezup", studio.rezup)):
            line = " ".join([str(studio.programs / f"env-of-{name}"), *inner])
            found.append(studio.left(run("--shell", shell, "maya-2018", "seq", "-c", line)))
        theirs, ours = found
        assert (ours.code, ours.said, ours.environ) == (theirs.code, theirs.said, theirs.environ)
        assert "REZ_NUKE_ROOT" in ours.environ

    @pytest.mark.parametrize("way", ["command", "norc", "rcfile", "stdin"])
    def test_files_that_a_shell_reads_at_its_start(self, both: Both, shell: str, way: str) -> None:
        home = both.studio.folder / "home-with-files"
        home.mkdir(exist_ok=True)
        for name in (
            "bashrc",
            "bash_profile",
            "bash_login",
            "profile",
            "zshrc",
            "zprofile",
            "zlogin",
            "zshenv",
        ):
            (home / f".{name}").write_text(f'export STARTED="$STARTED {name}($SEQ)"\n')
        for name in ("tcshrc", "cshrc", "login"):
            (home / f".{name}").write_text(
                f'if (! $?STARTED) setenv STARTED\nif ($?SEQ) then\nsetenv STARTED "$STARTED {name}($SEQ)"\n'
                f'else\nsetenv STARTED "$STARTED {name}()"\nendif\n'
            )
        own = home / "own"
        own.write_text("setenv OWN yes\n" if shell == "tcsh" else "export OWN=yes\n")
        arguments = {
            "command": SHOWN, "norc": ("--norc", *SHOWN), "rcfile": ("--rcfile", str(own), *SHOWN), "stdin": ("--stdin",),
        }  # fmt: skip
        options: dict[str, Any] = {"env": {"HOME": str(home)}}
        if way == "stdin":
            options["input"] = SHOW + "\n"
        theirs, ours = both.left("--shell", shell, "seq", *arguments[way], **options)
        assert (ours.code, ours.said, ours.environ.get("OWN")) == (
            theirs.code,
            theirs.said,
            theirs.environ.get("OWN"),
        )
        if shell in ("bash", "sh"):
            assert ours.environ == theirs.environ
            return
        read, wanted = _read(ours), _read(theirs)
        # A shell around the shell reads files before the context, and the context's shell some of them again.
        assert len(set(read)) == len(read)
        if way == "stdin":
            assert read == {"zsh": ["zshenv()"], "tcsh": ["tcshrc(pre:seq:post)"]}[shell]
        else:
            of_context = {each for each in wanted if not each.endswith("()")} - {"cshrc(pre:seq:post)"}
            assert set(read) == of_context


def _read(left: Left) -> list[str]:
    """The start-up files that a shell has read, in that order."""
    return left.environ.get("STARTED", "").split()


@pytest.mark.conformance
class TestFiles:
    def test_a_context_of_either_is_entered_by_both(self, both: Both, tmp_path: Path) -> None:
        request = ["maya-2018", "maya_utils", "builder", ".builder.debug-1"]
        found = []
        for name, run in (("rez", both.studio.rez), ("rezup", both.studio.rezup)):
            path = tmp_path / f"of-{name}.rxt"
            assert run(*request, "--output", str(path)).returncode == 0
            found.append(both.same("--shell", "bash", "-i", str(path), *SHOWN))
        assert found[0] == found[1]
        assert "REZ_MAYA_UTILS_ROOT" in found[0].environ

    def test_a_failed_one_is_saved_and_not_entered(self, both: Both, tmp_path: Path) -> None:
        for run in (both.studio.rez, both.studio.rezup):
            path = tmp_path / "failed.rxt"
            path.unlink(missing_ok=True)
            done = run("maya-2018", "python-3", "--output", str(path))
            assert path.is_file()
            assert done.returncode == 1
            both.same("-i", str(path), *SHOWN)

    def test_to_stdout_and_from_stdin(self, both: Both) -> None:
        text = both.studio.rezup("seq", "nuke", "-o", "-").stdout
        of_rez = both.studio.rez("seq", "nuke", "-o", "-").stdout
        found = []
        for text_ in (text, of_rez):  # Rez itself has no `-i -`
            left = both.studio.left(both.studio.rezup("--shell", "bash", "-i", "-", *SHOWN, input=text_))
            found.append((left.code, left.environ))
        assert found[0] == found[1]
        assert "REZ_NUKE_ROOT" in found[0][1]

    @pytest.mark.parametrize(
        "changes",
        [["^nuke"], ["python-3", "^maya"], ["!seq"], ["nuke-11", "--strict"], ["seq", "--patch-rank", "1"]],
    )
    def test_a_patch(self, both: Both, tmp_path: Path, changes: list[str]) -> None:
        path = tmp_path / "base.rxt"
        both.studio.rez("maya-2018", "nuke", "seq", "-o", str(path))
        both.same("--shell", "bash", "-i", str(path), *changes, "--patch", *SHOWN)
        both.same("--shell", "bash", *changes, "--patch", *SHOWN, env={"REZ_RXT_FILE": str(path)})

    def test_where_the_file_is_read_from_is_told(self, studio: Studio, tmp_path: Path) -> None:
        path = tmp_path / "own.rxt"
        studio.rez("seq", "-o", str(path))
        for run in (studio.rez, studio.rezup):
            assert run("-i", str(path), "--", "printenv", "REZ_RXT_FILE").stdout == f"{path}\n"


@pytest.mark.conformance
def test_variables_of_rez_1(both: Both) -> None:
    on = {"REZ_DISABLE_REZ_1_COMPATIBILITY": "0", "REZ_REZ_1_ENVIRONMENT_VARIABLES": "1"}
    assert "REZ_REQUEST" in both.same("--shell", "bash", "maya-2018", "seq", *SHOWN, env=on).environ


@pytest.mark.conformance
@pytest.mark.parametrize("shell", SHELLS)
def test_paths_of_a_bare_shell_and_implicit_packages_of_the_machine(both: Both, shell: str) -> None:
    config = both.studio.folder / "bare.py"
    config.write_text(
        f"packages_path = [{str(both.studio.folder / 'documented')!r}]\nall_parent_variables = True\n"
    )
    own = {"REZ_CONFIG_FILE": str(config)}
    assert "REZ_NUKE_ROOT" in both.same("--shell", shell, "nuke", *SHOWN, env=own).environ


_TEXTS = st.lists(
    st.sampled_from(
        ["{root}", "{version.major}", "{unknown}", "$GIVEN", "${GIVEN}", "$INHERITED", "~", "~/", ":", "/", "a", "b c",
         "'", '"', "*", ";", "&", "|", "<", "(", ")", "#", "é", "☃", "", "{this.name}", "=", "?", "[x]", ",", "{{x}}"]
    ),
    max_size=4,
).map("".join)  # fmt: skip
_NAMES = st.sampled_from(["A", "B", "GIVEN", "INHERITED", "INHERITED_NONE", "SPACED", "PYTHONPATH"])
_CALLS = st.one_of(
    st.builds("{}({!r}, {!r})".format, st.sampled_from(["setenv", "prependenv", "appendenv"]), _NAMES, _TEXTS),
    st.builds("env[{!r}].{}({!r})".format, _NAMES, st.sampled_from(["set", "append", "prepend", "setdefault"]), _TEXTS),
    st.builds("setenv({!r}, literal({!r}).e({!r}))".format, _NAMES, _TEXTS, _TEXTS),
    st.builds("unsetenv({!r})\nsetenv({!r}, 'again')".format, *[st.shared(_NAMES, key="name")] * 2),
    st.builds("info('x' + {!r})".format, _TEXTS),
    st.builds("setenv('GOT', str(defined({!r})))".format, _NAMES),
    st.builds("setenv('GOT', expandvars({!r}))".format, _TEXTS),
    st.builds("alias('tool_{}', '/bin/echo {}')".format, st.sampled_from("ab"), st.sampled_from(["x", "y z"])),
)  # fmt: skip


@pytest.mark.conformance
@settings(
    max_examples=int(os.environ.get("REZUP_TEST_EXAMPLES", "8")), deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(lines=st.lists(_CALLS, min_size=4, max_size=30))
def test_made_up_commands_in_all_shells(both: Both, lines: list[str]) -> None:
    """More of them with REZUP_TEST_EXAMPLES=100."""
    folder = both.studio.folder / "documented" / "made_up" / "1"
    folder.mkdir(parents=True, exist_ok=True)
    definition = f"name = 'made_up'\nversion = '1'\ncommands = {chr(10).join(lines)!r}\n"
    (folder / "package.py").write_text(definition, encoding="utf-8")
    for shell in SHELLS:
        both.same("--shell", shell, "made_up", *SHOWN)


# -- what differs on purpose, beside the variables in `DIFFERENT`


@pytest.mark.conformance
def test_a_shell_that_dies_of_a_signal_is_told_as_shells_tell_it(both: Both) -> None:
    theirs, ours = both.left("--shell", "bash", "seq", "-c", "kill -9 $$")
    assert theirs.code == 256 - 9
    assert ours.code == -9  # which a shell tells as 137: no process of ours is left to say anything


@pytest.mark.conformance
def test_a_second_pair_of_dashes_is_a_word_of_the_command(both: Both) -> None:
    theirs, ours = both.left("seq", "--", "/bin/echo", "a", "--", "b")
    assert theirs.said == "a\n"  # Rez drops it, with all that follows
    assert ours.said == "a -- b\n"


@pytest.mark.conformance
def test_an_unknown_shell_is_no_wrong_usage(both: Both) -> None:
    """It may be one that a plugin of a Rez brings."""
    theirs, ours = both.left("seq", "--shell", "nosh", *SHOWN)
    assert (theirs.code, ours.code) == (2, 1)


@pytest.mark.conformance
def test_a_time_that_is_none_is_wrong_usage(both: Both) -> None:
    theirs, ours = both.left("seq", "--time", "soon", *SHOWN)
    assert "Traceback" in theirs.errors
    assert (theirs.code, ours.code) == (1, 2)


@pytest.mark.conformance
def test_a_name_of_an_alias_that_dash_does_not_take(both: Both) -> None:
    folder = both.studio.folder / "documented" / "dashed" / "1"
    folder.mkdir(parents=True, exist_ok=True)
    text = "name = 'dashed'\nversion = '1'\ndef commands():\n    alias('a-b', '/bin/echo called')\n"
    (folder / "package.py").write_text(text)
    theirs, ours = both.left("--shell", "sh", "dashed", "--", "a-b", "x")
    assert "Bad function name" in theirs.errors
    assert (ours.code, ours.said) == (0, "called x\n")
