"""What every shell must do when it is opened in a container, held against the real shells."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from rezup import shells
from rezup.shells import Startup, shell_named

pytest.importorskip("pty", reason="needs pseudo-terminals")

from support.terminal import PATIENCE, Terminal

MARK = "rezup (foo/local) "
UGLY = "a b\"c'é"

NASTY = [
    "", " ", "  two  blanks  ", "\t", "\n", "a\nb", "\na", "a\n", "'", '"', "''", '""', "it's", "'\"'\"'", "\\", "\\\\",
    "a\\", "\\'", '\\"', "\\n", "\\!", "!", "!!", "a!b", "$", "$HOME", "${HOME}", "$(exit 9)", "`exit 9`", "%PATH%",
    "%s%n", "*", "?", "[a-z]*", "{a,b}", "~", "~root", "=ls", "-n", "--", "#x", "a#b", ";", "&", "&&", "|", "<x>",
    ">", "(", ")", "^", "a=b", "é", "日本", "🦊", "\x01\x7f", "\r", "a;b&c|d", "'$x'\\''!\\\n\"",
]  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A shell, and how its user writes a start-up file."""

    name: str
    startup_file: str
    """Below HOME."""
    count: str
    """A line for it that leaves a trace in the file ``count`` of HOME."""
    prepend: str
    """A line for it that puts {0} first on PATH."""
    echo_status: str
    """A command that prints the last exit status between brackets."""
    environ: tuple[tuple[str, str], ...] = ()
    program: str = ""
    """Where it isn't called by its name: a link of that name is made to this program."""


POSIX_COUNT = 'echo read >>"$HOME/count"'
POSIX_PREPEND = "PATH='{0}':$PATH"
CASES = [
    Case("bash", ".bashrc", POSIX_COUNT, POSIX_PREPEND, 'echo "[$?]"'),
    Case("zsh", ".zshrc", POSIX_COUNT, POSIX_PREPEND, 'echo "[$?]"'),
    Case("fish", ".config/fish/config.fish", POSIX_COUNT, "set -gx PATH '{0}' $PATH", 'echo "[$status]"'),
    Case("dash", ".shrc", POSIX_COUNT, POSIX_PREPEND, 'echo "[$?]"', (("ENV", "$HOME/.shrc"),)),
    Case("tcsh", ".tcshrc", POSIX_COUNT, "set path = ('{0}' $path:q)", 'echo "[$status]"'),
    Case("csh", ".cshrc", POSIX_COUNT, "set path = ('{0}' $path:q)", 'echo "[$status]"'),
    Case("sh", ".shrc", POSIX_COUNT, POSIX_PREPEND, 'echo "[$?]"', (("ENV", "$HOME/.shrc"),), "bash"),
]


class World:
    """A user with a fresh HOME, a revision with its folders, and one kind of shell."""

    def __init__(self, case: Case, root: Path) -> None:
        self.case = case
        self.home = root / "home"
        self.bin = root / "venv" / "bin" / "rez"
        self.completion = root / "rez" / "completion"
        self.own_bin = root / "own" / "bin"
        for folder in (self.home, self.bin, self.completion, self.own_bin):
            folder.mkdir(parents=True)
        self.executable = self._program(root)
        self.shell = shell_named(case.name)
        self.environ = {
            "HOME": str(self.home),
            "PATH": os.pathsep.join([str(self.bin), "/usr/local/bin", "/usr/bin", "/bin"]),
            "TERM": "dumb",
            "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8",
            "REZUP_CONTAINER": "foo",
            **dict(case.environ),
        }

    def _program(self, root: Path) -> str:
        found = shutil.which(self.case.program or self.case.name)
        if found is None:
            pytest.skip(f"{self.case.program or self.case.name} is not installed")
        if not self.case.program:
            return found
        link = root / self.case.name
        link.symlink_to(found)
        return str(link)

    @property
    def rc(self) -> Path:
        return self.home / self.case.startup_file

    def write_rc(self, *lines: str, path: Path | None = None) -> None:
        path = path or self.rc
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join([*lines, ""]), encoding="utf-8")

    def launch(self, scripts: Path | None = None) -> shells.Launch:
        startup = Startup(self.executable, MARK, (str(self.bin),), self.completion)
        launch = self.shell.interactive(startup, self.environ)
        if scripts is None:
            return launch
        there = str(Path(shells.__file__).with_name("scripts"))
        return shells.Launch(
            tuple(part.replace(there, str(scripts)) for part in launch.argv),
            {
                name: value and value.replace(there, str(scripts))
                for name, value in launch.environment.items()
            },
        )

    def terminal(self, launch: shells.Launch | None = None) -> Terminal:
        launch = launch or self.launch()
        return Terminal(launch.argv, launch.apply(self.environ), self.home)

    def after(self, *commands: str, launch: shells.Launch | None = None) -> str:
        """Open the shell, type commands and leave it by ``exit 7``; what was shown."""
        with self.terminal(launch) as terminal:
            shown = terminal.expect(self.environ.get("REZUP_PROMPT", MARK))
            for command in commands:
                terminal.send(command + "\n")
            terminal.send("exit 7\n")
            status, rest = terminal.finish()
        assert status == 7, shown + rest
        return shown + rest

    def child_environment(self, *commands: str, launch: shells.Launch | None = None) -> dict[str, str]:
        """The environment of a program started at the prompt."""
        self.after(*commands, "env -0 > environment", launch=launch)
        return self.recorded()

    def recorded(self) -> dict[str, str]:
        text = (self.home / "environment").read_text(encoding="utf-8")
        return dict(entry.split("=", 1) for entry in text.split("\0") if entry)

    def times_read(self) -> int:
        count = self.home / "count"
        return len(count.read_text().splitlines()) if count.exists() else 0


@pytest.fixture(
    params=CASES, ids=lambda case: f"{case.name}-is-{case.program}" if case.program else case.name
)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    return World(request.param, tmp_path)


def only(world: World, *names: str) -> None:
    if world.case.name not in names:
        pytest.skip(f"is about {', '.join(names)}")


def of(name: str, root: Path) -> World:
    return World(next(case for case in CASES if case.name == name), root)


# -- start-up files and the prompt


def test_own_startup_file_is_read_once_the_prompt_is_marked_and_the_exit_status_passed_on(
    world: World,
) -> None:
    world.write_rc(world.case.count)
    world.after()
    assert world.times_read() == 1


def test_without_own_startup_file_the_shell_opens_quietly(world: World) -> None:
    shown = world.after()
    assert "o such file" not in shown
    assert "rror" not in shown


def test_status_of_a_failed_command_is_seen_at_the_next_prompt(world: World) -> None:
    shown = world.after("env false", world.case.echo_status)
    assert "[1]" in shown


def test_ends_at_end_of_file_instead_of_hanging(world: World) -> None:
    launch = world.launch()
    finished = subprocess.run(
        launch.argv, env=launch.apply(world.environ), cwd=world.home, stdin=subprocess.DEVNULL,
        capture_output=True, timeout=PATIENCE, start_new_session=True, check=False,
    )  # fmt: skip
    assert finished.returncode in (0, 1)  # tcsh takes an end of file for a failure


def test_ends_with_stdin_closed(world: World) -> None:
    launch = world.launch()
    command = ["/bin/sh", "-c", 'exec "$@" <&-', "sh", *launch.argv]
    subprocess.run(
        command, env=launch.apply(world.environ), cwd=world.home, capture_output=True,
        timeout=PATIENCE, start_new_session=True, check=False,
    )  # fmt: skip


def test_reads_commands_from_a_pipe(world: World) -> None:
    launch = world.launch()
    finished = subprocess.run(
        launch.argv, env=launch.apply(world.environ), cwd=world.home, input=b"env -0 > environment\nexit 7\n",
        capture_output=True, timeout=PATIENCE, start_new_session=True, check=False,
    )  # fmt: skip
    assert finished.returncode == 7
    assert world.recorded()["PATH"].split(":")[0] == str(world.bin)


# -- environment


def test_folders_of_the_revision_stand_first_again_and_once(world: World) -> None:
    world.write_rc(world.case.prepend.format(world.own_bin), world.case.prepend.format(world.bin.parent))
    path = world.child_environment()["PATH"].split(":")
    assert path == [
        str(world.bin), str(world.bin.parent), str(world.own_bin), "/usr/local/bin", "/usr/bin", "/bin",
    ]  # fmt: skip


def test_several_folders_keep_their_order(world: World) -> None:
    world.write_rc(world.case.prepend.format(world.own_bin))
    folders = (str(world.bin), str(world.bin.parent), "/usr/bin")
    launch = world.shell.interactive(Startup(world.executable, MARK, folders), world.environ)
    path = world.child_environment(launch=launch)["PATH"].split(":")
    assert path == [*folders, str(world.own_bin), "/usr/local/bin", "/bin"]


def test_environment_differs_from_that_of_the_shell_alone_in_the_prompt_text_only(world: World) -> None:
    world.write_rc("")
    plain = shells.Launch((world.executable, "-i"))
    with world.terminal(plain) as terminal:
        terminal.send("env -0 > environment\nexit 7\n")
        status, shown = terminal.finish()
    assert status == 7, shown
    expected = world.recorded()
    assert world.child_environment() == {**expected, "REZUP_PROMPT": MARK}


def test_startup_file_and_what_it_starts_see_no_private_variable(world: World) -> None:
    only(world, "bash", "zsh", "dash", "sh", "tcsh", "csh")
    world.write_rc('env -0 > "$HOME/environment"')
    world.after()
    assert [name for name in world.recorded() if name.startswith("_REZUP")] == []


def test_stray_private_variables_of_an_outer_shell_do_not_get_in(world: World) -> None:
    world.environ.update(dict.fromkeys(shells.base.PARAMETERS, "stray"))
    environment = world.child_environment()
    assert [name for name in environment if name.startswith("_REZUP")] == []


def test_ugly_folder_names_are_only_names(world: World, tmp_path: Path) -> None:
    root = tmp_path / UGLY
    ugly = World(world.case, root)
    ugly.write_rc(ugly.case.count)
    scripts = root / "lib" / "scripts"
    shutil.copytree(Path(shells.__file__).with_name("scripts"), scripts)
    environment = ugly.child_environment(launch=ugly.launch(scripts))
    assert environment["PATH"].split(":")[0] == str(ugly.bin)
    assert environment["HOME"] == str(ugly.home)
    assert ugly.times_read() == 1


def test_scripts_are_not_written_to(world: World, tmp_path: Path) -> None:
    scripts = tmp_path / "lib" / "scripts"
    shutil.copytree(Path(shells.__file__).with_name("scripts"), scripts)
    before = sorted(scripts.rglob("*"))
    world.after("echo hello", launch=world.launch(scripts))
    assert sorted(scripts.rglob("*")) == before


def test_zsh_reads_the_files_below_the_users_zdotdir_and_gives_it_back(tmp_path: Path) -> None:
    world = of("zsh", tmp_path)
    folder = world.home / "dots"
    world.environ["ZDOTDIR"] = str(folder)
    world.write_rc("echo wrong >> $HOME/count")
    world.write_rc(world.case.count, path=folder / ".zshenv")
    world.write_rc(world.case.count, path=folder / ".zshrc")
    assert world.child_environment()["ZDOTDIR"] == str(folder)
    assert (world.home / "count").read_text() == "read\nread\n"


def test_zsh_follows_a_zdotdir_that_the_users_zshenv_sets(tmp_path: Path) -> None:
    world = of("zsh", tmp_path)
    folder = world.home / "dots"
    world.write_rc('export ZDOTDIR="$HOME/dots"', path=world.home / ".zshenv")
    world.write_rc(world.case.count, path=folder / ".zshrc")
    assert world.child_environment()["ZDOTDIR"] == str(folder)
    assert world.times_read() == 1


def test_zsh_started_in_the_shell_is_an_ordinary_one(tmp_path: Path) -> None:
    world = of("zsh", tmp_path)
    world.write_rc(world.case.count)
    shown = world.after("zsh -i -c 'echo \"<${+functions[_rezup_mark]}>\"'")
    assert "<0>" in shown
    assert world.times_read() == 2


def test_zsh_restores_path_even_if_a_startup_file_empties_the_hooks(tmp_path: Path) -> None:
    world = of("zsh", tmp_path)
    world.write_rc("precmd_functions=()", world.case.prepend.format(world.own_bin), "PROMPT='ready> '")
    with world.terminal() as terminal:
        terminal.expect("ready> ")
        terminal.send("env -0 > environment\n")
        terminal.expect(MARK)
        terminal.send("exit 7\n")
        assert terminal.finish()[0] == 7
    assert world.recorded()["PATH"].split(":")[:2] == [str(world.bin), str(world.own_bin)]


def test_sh_gives_env_back_to_the_shells_it_starts(tmp_path: Path) -> None:
    world = of("dash", tmp_path)
    world.write_rc(world.case.count)
    assert world.child_environment("dash -i -c :")["ENV"] == "$HOME/.shrc"
    assert world.times_read() == 2


def test_sh_without_env_of_the_users_leaves_none(tmp_path: Path) -> None:
    world = of("dash", tmp_path)
    del world.environ["ENV"]
    assert "ENV" not in world.child_environment()


def test_csh_has_its_home_variable_back(tmp_path: Path) -> None:
    world = of("tcsh", tmp_path)
    world.write_rc("cd ~", 'echo "$home" > where', 'echo "$HOME" >> where')
    world.after()
    assert (world.home / "where").read_text().splitlines() == [str(world.home)] * 2


def test_tcsh_reads_cshrc_where_there_is_no_tcshrc(tmp_path: Path) -> None:
    world = of("tcsh", tmp_path)
    world.write_rc(world.case.count, path=world.home / ".cshrc")
    world.after()
    assert world.times_read() == 1


def test_csh_opens_without_home(tmp_path: Path) -> None:
    world = of("tcsh", tmp_path)
    del world.environ["HOME"]
    assert "HOME" not in world.child_environment()


# -- what marks the prompt


@pytest.mark.parametrize(
    "text", ["%m %F{red}! ", "b\\u\\\\$c^d`e $(echo no) ", "${HOME} \"q' & | <x> ", "é [%~] "]
)
def test_prompt_text_is_shown_as_it_is(world: World, text: str) -> None:
    world.environ["REZUP_PROMPT"] = text
    world.after()


def test_line_break_in_the_prompt_text(world: World) -> None:
    world.environ["REZUP_PROMPT"] = "up{linebreak}low> "
    with world.terminal() as terminal:
        terminal.expect("up\r\nlow> ")
        terminal.send("exit 7\n")
        assert terminal.finish()[0] == 7


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("bash", ["precmd() { PS1='fancy> '; }", "PROMPT_COMMAND='precmd; # comment'"]),
        ("bash", ["precmd() { PS1='fancy> '; }", "PROMPT_COMMAND=(precmd)"]),
        ("bash", ["precmd() { PS1='fancy> '; }", "PROMPT_COMMAND=precmd", "shopt -u promptvars"]),
        ("bash", ["PS1='fancy> '", "readonly PROMPT_COMMAND=:"]),
        ("bash", ["PS1='fancy> '", "set -u"]),
        ("zsh", ["precmd() { PROMPT='fancy> ' }"]),
        ("zsh", ["theme() { PROMPT='fancy> ' }", "precmd_functions+=(theme)"]),
        ("zsh", ["setopt promptsubst promptbang ksharrays", "theme() { PROMPT='fancy> ' }", "precmd_functions+=(theme)"]),
        ("zsh", ["setopt nounset errexit", "PROMPT='fancy> '"]),
        ("fish", ["function fish_prompt", "echo 'fancy> '", "end"]),
        ("dash", ["PS1='fancy> '", "set -u"]),
        ("tcsh", ["set prompt = 'fancy> '"]),
    ],
)  # fmt: skip
def test_mark_stays_before_prompts_that_set_themselves_anew(
    tmp_path: Path, name: str, lines: list[str]
) -> None:
    world = of(name, tmp_path)
    world.environ["REZUP_PROMPT"] = text = "m!%\\$x "
    world.write_rc(*lines)
    with world.terminal() as terminal:
        for _ in range(3):
            assert terminal.expect("fancy> ").endswith(f"{text}fancy> ")
            terminal.send("true\n")
        terminal.expect("fancy> ")
        terminal.send("exit 7\n")
        assert terminal.finish()[0] == 7


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("bash", 'PS1="${REZUP_PROMPT}own> "'),
        ("bash", "PS1='${REZUP_PROMPT}own> '"),
        ("zsh", 'PROMPT="${REZUP_PROMPT}own> "'),
        ("fish", "function fish_prompt; echo $REZUP_PROMPT'own> '; end"),
        ("dash", 'PS1="${REZUP_PROMPT}own> "'),
        ("tcsh", 'set prompt = "${REZUP_PROMPT}own> "'),
    ],
)
def test_startup_file_written_for_rezup_2_does_not_mark_twice(tmp_path: Path, name: str, line: str) -> None:
    world = of(name, tmp_path)
    world.write_rc(line)
    with world.terminal() as terminal:
        shown = terminal.expect("own> ")
        terminal.send("true\n")
        again = terminal.expect("own> ")
        terminal.send("exit 7\n")
        assert terminal.finish()[0] == 7
    assert (shown.count(MARK), again.count(MARK)) == (1, 1)


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("bash", ["PROMPT_COMMAND='PS1=\"<$?>\"'"]),
        ("zsh", ["precmd() { PROMPT=\"<$?>\" }"]),
        ("fish", ["function fish_prompt; echo \"<$status|$pipestatus>\"; end"]),
    ],
)  # fmt: skip
def test_users_prompt_sees_the_status_of_the_users_command(
    tmp_path: Path, name: str, lines: list[str]
) -> None:
    world = of(name, tmp_path)
    world.write_rc(*lines)
    with world.terminal() as terminal:
        terminal.expect("<0")
        terminal.send("env sh -c 'exit 5'\n")
        terminal.expect("<5")
        terminal.send("exit 7\n")
        assert terminal.finish()[0] == 7


def test_text_changed_in_the_shell_changes_the_prompt(tmp_path: Path) -> None:
    for name in ("bash", "zsh", "dash"):
        world = of(name, tmp_path / name)
        with world.terminal() as terminal:
            terminal.expect(MARK)
            terminal.send("REZUP_PROMPT='other'' '\n")
            assert MARK not in terminal.expect("other ")
            terminal.send("exit 7\n")
            assert terminal.finish()[0] == 7


def test_bash_of_old_gets_its_hook_into_the_string(tmp_path: Path) -> None:
    """bash 3.2 isn't here: the same branch, taken by making bash lie about its version."""
    world = of("bash", tmp_path)
    scripts = tmp_path / "scripts"
    shutil.copytree(Path(shells.__file__).with_name("scripts"), scripts)
    script = scripts / "bash.sh"
    script.write_text(script.read_text().replace(">= 501", ">= 9999"))
    world.write_rc("PROMPT_COMMAND='PS1=\"own> \";'")
    with world.terminal(world.launch(scripts)) as terminal:
        assert terminal.expect("own> ").endswith(f"{MARK}own> ")
        terminal.send("exit 7\n")
        assert terminal.finish()[0] == 7


# -- completion


def write_completion(world: World) -> None:
    """A stand-in for Rez: its three scripts in short, and the program that they ask."""
    bourne = "_rez_complete_fn() {\n    COMPREPLY=($(COMP_LINE=${COMP_LINE} COMP_POINT=${COMP_POINT} _rez-complete))\n}\n"
    (world.completion / "complete.sh").write_text(bourne + "complete -F _rez_complete_fn rez-env\n")
    (world.completion / "complete.zsh").write_text(
        bourne + "compctl -K _rez_complete_fn rez\ncompctl -K _rez_complete_fn rez-env\n"
    )
    (world.completion / "complete.csh").write_text("complete rez-env 'p/*/(maya-2025 maya-2026)/'\n")
    for name, text in {
        "rez": 'printf "<%s>" "$@"\n',
        "rez-env": 'printf "<%s>" "$@"\n',
        "_rez-complete": 'echo "$COMP_LINE|$COMP_POINT" > "$HOME/asked"\necho "maya-2025 maya-2026"\n',
    }.items():
        path = world.bin / name
        path.write_text("#!/bin/sh\n" + text)
        path.chmod(0o755)


@pytest.mark.parametrize(
    ("name", "tool"),
    # zsh 5.9 never finds a compctl for a command with a dash unless its new completion asks (see below).
    [("bash", "rez-env"), ("zsh", "rez"), ("fish", "rez-env"), ("tcsh", "rez-env")],
)
@pytest.mark.parametrize("where", ["plain", UGLY])
def test_rez_completes_at_the_tab_key(tmp_path: Path, name: str, tool: str, where: str) -> None:
    world = of(name, tmp_path / where)
    write_completion(world)
    world.environ["TERM"] = "xterm"
    with world.terminal() as terminal:
        terminal.expect(MARK)
        terminal.send(f"{tool} ma\t5\n")
        terminal.expect("<maya-2025>")
        terminal.send("exit 7\n")
        assert terminal.finish()[0] == 7
    if name != "tcsh":
        assert (world.home / "asked").read_text() == f"{tool} ma|{len(tool) + 3}\n"


def test_zsh_completes_for_rez_under_its_new_completion_system_too(tmp_path: Path) -> None:
    world = of("zsh", tmp_path)
    write_completion(world)
    world.environ["TERM"] = "xterm"
    world.write_rc("autoload -Uz compinit", "compinit -u")
    with world.terminal() as terminal:
        terminal.expect(MARK)
        terminal.send("rez-env ma\t5\n")
        terminal.expect("<maya-2025>")
        terminal.send("exit 7\n")
        assert terminal.finish()[0] == 7


def test_missing_completion_scripts_are_no_matter(world: World) -> None:
    shutil.rmtree(world.completion)
    assert "completion" not in world.after()


# -- arguments


def test_nasty_arguments_arrive_as_they_are(world: World) -> None:
    assert len(NASTY) >= 40
    command = " ".join(map(world.shell.quote, ["/usr/bin/printf", "%s\\0", *NASTY]))
    finished = subprocess.run(
        [world.executable, "-c", command],
        env=world.environ,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    assert finished.stderr == b""
    assert finished.stdout.split(b"\0")[:-1] == [os.fsencode(text) for text in NASTY]


@pytest.mark.parametrize("locale", ["C.UTF-8", "C"])
def test_nasty_arguments_typed_at_the_prompt_arrive_as_they_are(world: World, locale: str) -> None:
    """Through ``source``, which is what pasting comes to; history and expansion are on."""
    world.environ["LC_ALL"] = world.environ["LANG"] = locale
    texts = [text for text in NASTY if locale != "C" or text.isascii()]
    words = ["/usr/bin/printf", "%s\\0", *texts]
    (world.home / "typed").write_text(
        " ".join(map(world.shell.quote, words)) + " > arguments\n", encoding="utf-8"
    )
    world.after("source ./typed" if world.case.name in ("tcsh", "csh", "fish") else ". ./typed")
    assert (world.home / "arguments").read_bytes().split(b"\0")[:-1] == [os.fsencode(text) for text in texts]


def test_null_character_is_refused(world: World) -> None:
    with pytest.raises(ValueError, match="null character"):
        world.shell.quote("a\0b")


def test_script_gets_its_arguments_and_returns_its_status_without_own_startup_files(world: World) -> None:
    world.write_rc(world.case.count)
    world.write_rc(world.case.count, path=world.home / ".zshenv")
    script = world.home / "-my script"
    everything = {"fish": "$argv", "tcsh": "$argv:q", "csh": "$argv:q"}.get(world.case.name, '"$@"')
    lines = [f"/usr/bin/printf '%s\\0' {everything} > arguments", "exit 7", ""]
    if world.case.name in ("tcsh", "csh"):  # $argv:q drops the empty ones
        lines[0] = "while ($#argv)\n/usr/bin/printf '%s\\0' \"$argv[1]:q\" >> arguments\nshift\nend"
    script.write_text("\n".join(lines))
    texts = (
        NASTY if "q" not in everything else [text for text in NASTY if "\\\n" not in text]
    )  # nor is :q exact
    launch = world.shell.script(world.executable, script.name, texts)
    finished = subprocess.run(
        launch.argv, env=launch.apply(world.environ), cwd=world.home, stdin=subprocess.DEVNULL,
        capture_output=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert (finished.returncode, finished.stderr) == (7, b"")
    assert (world.home / "arguments").read_bytes().split(b"\0")[:-1] == [os.fsencode(text) for text in texts]
    assert world.times_read() == 0
