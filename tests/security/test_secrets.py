"""Secrets of a recipe, of a dotenv file and of the environment: in no output of any command, in no file but their own."""

from __future__ import annotations

import os
import shutil
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.package_index import Index, write_index
from support.watched import run_watched
from support.wheels import write_rez, write_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.world import World

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the processes of /proc")

#: What nobody may see, by where it stands.
CANARIES = {
    "login in an option": "opt1on-canary",
    "login from a variable": "var1able-canary",
    "user from a variable": "us3r-canary",
    "token of find-links": "f1ndlinks-canary",
    "[env] by its name": "n4med-canary",
    "[env] by its URL": "pr0xy-canary",
    "dotenv": "d0tenv-canary",
    "[pip.env]": "p1penv-canary",
}  # fmt: skip


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    """Takes any of our passwords and none else, and takes its time with wheels."""
    wheels = tmp_path / "index wheels"
    write_rez(wheels)
    write_wheel(wheels, "lib", "1.0", {"lib.py": ""})
    folder = tmp_path / "index"
    write_index(folder, wheels)
    shutil.rmtree(wheels)
    passwords = [CANARIES[name] for name in ("login in an option", "login from a variable", "[pip.env]")]
    logins = [f"{user}:{word}" for user in ("us3r-canary", "user") for word in passwords]
    with Index(folder, logins, delay=0.1).serving() as served:
        yield served


@pytest.fixture
def machine(world: World, index: Index) -> World:
    """A recipe with literal secrets, and one that names variables, as it should be."""
    place, canary = index.place, CANARIES
    world.write("secrets.env", f"DOTENV_TOKEN={canary['dotenv']}\n", mode=0o600)
    world.write(
        "rezup.foo.toml",
        "[rez]\nname = 'rez'\nlib = ['lib']\n[dotenv]\n1 = '~/secrets.env'\n"
        f"[env]\nMY_TOKEN = '{canary['[env] by its name']}'\nHTTPS_PROXY = 'http://u:{canary['[env] by its URL']}@127.0.0.1:9'\n"
        f"[pip]\noptions = ['--index-url=http://user:{canary['login in an option']}@{place}/',"
        f" '--find-links=http://{place}/lib/?token={canary['token of find-links']}']\n"
        f"env = {{ PIP_EXTRA_INDEX_URL = 'http://user:{canary['[pip.env]']}@{place}/' }}\n",
        mode=0o600,
    )
    world.write(
        "rezup.bar.toml",
        "[rez]\nname = 'rez'\nlib = ['lib']\n[env]\nSTUDIO_TOKEN = '${SECRET}'\n"
        f"[pip]\noptions = ['--index-url=http://${{LOGIN}}:${{SECRET}}@{place}/']\n",
    )
    world.write("rezup.bad.toml", (world.home / "rezup.bar.toml").read_text().replace("'lib'", "'nosuch'"))
    world.write(
        "rezup.worse.toml",
        (world.home / "rezup.foo.toml").read_text() + "[[extension]]\nname = 'x y'\n",
        mode=0o600,
    )
    (world.folder / "remote").mkdir()
    world.variables |= {
        "SECRET": canary["login from a variable"], "LOGIN": canary["user from a variable"], "PIP_RETRIES": "0",
        "REZUP_ROOT_REMOTE": str(world.folder / "remote"),
    }  # fmt: skip
    return world


#: In this order: what makes, what looks, what fails, what removes.
COMMANDS: list[tuple[str, ...]] = [
    ("add", "foo", "--skip-use"), ("add", "bar", "--remote", "--wheelhouse", "--skip-use"), ("use", "bar", "--", "true"),
    ("use", "foo", "--local", "--", "true"), ("use", "foo", "--make", "--timings", "--", "true"), ("lock", "bar"), ("lock", "foo", "-o", "locks"),
    ("pin", "foo", "--why", "because"), ("unpin", "foo"), ("rollback", "foo"), ("history", "foo"), ("list",), ("list", "foo"),
    ("status", "foo"), ("status", "bar"), ("check",), ("doctor",), ("doctor", "--fix"), ("config",), ("diff", "foo@-1", "foo"),
    ("diff", "foo", "rezup.bar.toml"), ("recipe", "show", "foo"), ("recipe", "show", "bar"), ("recipe", "validate", "foo"),
    ("recipe", "validate", "worse"), ("bundle", "bar", "bar.rezup"), ("bundle", "foo", "foo.rezup"),
    ("unbundle", "bar.rezup", "--name", "other"), ("add", "foo", "--remote", "--skip-use"), ("add", "bad", "--skip-use"),
    ("add", "bad", "--remote", "--skip-use"), ("lock", "bad"), ("use", "worse", "--", "true"), ("use", "bad", "--", "true"),
    ("use", "foo", "--", "no-such-program"), ("cache", "list"), ("cache", "verify"), ("index", "status"), ("self", "version"),
    ("drop", "foo@-1", "--yes"),
]  # fmt: skip


def later() -> list[tuple[str, ...]]:
    from rezup_cli.command_group import COMMANDS as KNOWN

    found = [("which", "foo", "--explain"), ("which", "bar"), ("prune", "--keep", "1", "--older-than", "0d")]
    return [words for words in found if words[0] in KNOWN]


def shown(text: str) -> list[str]:
    return [where for where, canary in CANARIES.items() if canary in text]


def written(world: World) -> list[str]:
    """Files with a secret, in them or in their names, but for those that it belongs into and uv's own cache."""
    own = {world.home / name for name in ("rezup.foo.toml", "rezup.worse.toml", "secrets.env")}
    own |= set((world.root / "foo").glob("*/rezup.toml"))
    for path in (world.root / "foo").glob("*/rezup.toml"):
        assert path.stat().st_mode & 0o777 == 0o600
    found = []
    for path in world.folder.rglob("*"):
        if path in own or path.is_relative_to(world.home / ".cache" / "uv"):
            continue
        data = (
            os.readlink(path).encode() if path.is_symlink() else path.read_bytes() if path.is_file() else b""
        )
        found += [
            f"{path}: {name}"
            for name, canary in CANARIES.items()
            if canary.encode() in data or canary in path.name
        ]
    return found


#: What takes long and is much like another: only in the long form.
LONG = {
    ("use", "bar", "--", "true"), ("use", "foo", "--make", "--timings", "--", "true"), ("lock", "bar"), ("diff", "foo@-1", "foo"),
    ("lock", "foo", "-o", "locks"), ("unbundle", "bar.rezup", "--name", "other"), ("add", "bad", "--remote", "--skip-use"),
    ("lock", "bad"), ("use", "bad", "--", "true"), ("cache", "verify"), ("doctor", "--fix"), ("drop", "foo@-1", "--yes"),
}  # fmt: skip


@pytest.mark.parametrize("form", ["short", pytest.param("long", marks=pytest.mark.slow)])
def test_no_command_shows_one_and_none_is_left_in_a_file(machine: World, index: Index, form: str) -> None:
    commands = [
        words for words in (*COMMANDS[:-1], *later(), COMMANDS[-1]) if form == "long" or words not in LONG
    ]
    lines: list[tuple[str, ...]] = []
    for number, words in enumerate(commands):
        lines.append(("-D", *words))
        if number > 6 and (form == "long" or words[0] not in ("add", "use", "bundle")):
            cut = words.index("--") if "--" in words else len(words)
            lines.append((*words[:cut], "--json", *words[cut:]))
            lines.append(("-v", *words))
    (runs,) = run_watched(machine, [[(words, {}) for words in lines]])
    for words, run in zip(lines, runs, strict=True):
        assert shown(run.text) == [], words
        for program, _ in run.programs:
            assert shown(" ".join(program)) == [], words
    ended = {" ".join(words): run for words, run in zip(lines, runs, strict=True)}
    for words in (
        "add foo --skip-use",
        "add bar --remote --wheelhouse --skip-use",
        "bundle bar bar.rezup",
        "recipe show foo",
    ):
        assert ended[f"-D {words}"].code == 0, ended[f"-D {words}"]
    for words in (
        "add foo --remote --skip-use",
        "add bad --skip-use",
        "bundle foo foo.rezup",
        "recipe validate worse",
    ):
        assert ended[f"-D {words}"].code == 1, ended[f"-D {words}"]
    assert index.logins[True] > 5
    assert written(machine) == []


def test_the_process_list_has_none_while_it_builds(machine: World) -> None:
    """What every user of the machine can see of every program."""
    seen: set[str] = set()
    programs: set[str] = set()
    is_over = threading.Event()

    def watch() -> None:
        while not is_over.is_set():
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
                except OSError:
                    continue
                if str(machine.folder) in line:
                    programs.add(line.split(" ")[0])
                seen.update(shown(line))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        for name in ("foo", "bar"):
            done = machine.rezup("add", name, "--skip-use", env={"REZUP_ROOT_REMOTE": ""})
            assert done.code == 0, done.err
    finally:
        is_over.set()
        thread.join()
    assert seen == set()
    assert [program for program in programs if "uv" in program or "python" in program]


def test_a_program_in_the_container_is_given_them(machine: World) -> None:
    """They are of use only there."""
    done = machine.rezup(
        "use",
        "foo",
        "--",
        "sh",
        "-c",
        "echo $MY_TOKEN $HTTPS_PROXY $DOTENV_TOKEN",
        env={"REZUP_ROOT_REMOTE": ""},
    )
    assert shown(done.out) == ["[env] by its name", "[env] by its URL", "dotenv"]
    assert shown(done.err) == []
