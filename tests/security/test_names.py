"""Hostile names wherever a name is taken: refused, or harmless; nothing is written outside of the places that are ours."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
from typing import TYPE_CHECKING

import pytest

from rezup.containers import receipt as receipts
from rezup.errors import InvalidNameError
from rezup.recipes.names import ContainerName
from rezup.stores.base import RECEIPT, RECIPE
from support.watched import Run, outside, picture, run_watched
from support.world import World, fake_receipt

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the descriptors of /proc")

_SIGNS = " !\"#$%&'()*+,/:;<=>?[\\]^`{|}~"
_ODD = (
    "\0", "\1", "\7", "\b", "\t", "\n", "\r", "\x1b", "\x7f", "\x85", "\xa0", "\xad", "\xe9", "e\u0301", "\u0131",
    "\u200b", "\u200d", "\u202e", "\u2028", "\u2024", "\u2044", "\u2215", "\u29f8", "\uff0e", "\uff0f", "\uff3c",
    "\ufeff", "\ufffd", "\ud800", "\udcff", "\U0001f600", "\u0660", "\u212a", "\u017f",
)  # fmt: skip
_DEVICES = (
    "con",
    "CON",
    "prn",
    "aux",
    "nul",
    "NUL",
    "com1",
    "COM9",
    "lpt1",
    "conin$",
    "conout$",
    "com0",
    "lpt0",
)

#: Not one of them may be the name of a container or of a tool.
REFUSED: tuple[str, ...] = tuple(
    dict.fromkeys(
        [
            # ways out
            *(".", "..", "...", "../victim", "../../victim", "../../../../../../tmp/victim", "a/../../victim"),
            *("foo/..", "foo/../..", "foo/../../victim", "./foo", "foo/.", "foo/", "/", "//", "/foo", "//foo"),
            *("victim/100.000000", "../outside", "..\\victim", "\\\\host\\share\\x", "C:\\x", "C:x", "c:/x"),
            *("..%2fvictim", "%2e%2e%2fvictim", "..%c0%afvictim", "..%00/victim", "..;/victim", "....//victim"),
            *("file:///tmp/x", "https://host/x", "~", "~root", "~/x", "$HOME", "${HOME}/x", "%TEMP%", "{platform}"),
            # names that are something else elsewhere
            *_DEVICES, *(f"{device}.txt" for device in _DEVICES), ".con", ".nul.x", "con.", "foo:stream", "foo::$DATA",
            # ends and beginnings
            *("x.", "foo..", ".x.", "x ", " x", "..x", "..foo", ".-x", ". x", "x" * 65, "x" * 255, "x" * 5000, "." * 64),
            *("-", "-x", "-rf", "-C/tmp", ".wheels", ".Wheels", ".WHEELS"),
            # what a shell or a format would take for more than a name
            *("$(touch x)", "`touch x`", "x;touch y", "x|y", "x&&y", "x>y", "x<y", "'x'", '"x"', "x'y", 'x"y', "x\\"),
            *("*", "?", "[a-z]", "{a,b}", "%s%s%s%n", "{0}", "{0.__class__}", "\\x00", "\\u002e", "x#y", "a b", "a=b"),
            *("']\n[rez]\nname='x", '"}', "<x>", "x\ny", "x\r\ny", "\x1b[31m", "\x1b]0;x\7"),
            *(f"foo{sign}bar" for sign in _SIGNS), *(f"foo{sign}" for sign in _SIGNS), *(f"foo{odd}bar" for odd in _ODD),
            *(f"{odd}foo" for odd in _ODD[10:]),
        ]
    )
)  # fmt: skip

#: Names that are allowed, and mean something to rezup or to the file system in other places.
ALLOWED = (
    ".lock", "lock", "pin", "revisions", "lease", "revision.json", "rezup.toml", "pylock.toml", ".staging-1-1-1",
    ".trash-00000000-1-0123abcd", "venv", ".work", ".git", ".ssh", ".bashrc", "100.000000", "history.jsonl",
    "CACHEDIR.TAG", "__pycache__", "desktop.ini", "_", "0", "a--b", "a..b", "x" * 64, "." + "x" * 64, "conx", "com10",
)  # fmt: skip


def test_there_are_200_of_them_and_none_is_a_name() -> None:
    assert len(REFUSED) >= 200
    accepted = []
    for name in REFUSED:
        with contextlib.suppress(InvalidNameError):
            accepted.append(ContainerName.parse(name))
    assert accepted == []
    for name in ALLOWED:
        assert ContainerName.parse(name) == name


@pytest.fixture
def studio(world: World) -> World:
    """A machine with a remote root and what a hostile name could want to reach."""
    for stamp in ("100.000000", "200.000000"):
        world.revision("foo", stamp)
        data = b'[rez]\nname = "rez"\n'
        published = world.folder / "remote" / "foo" / stamp
        published.mkdir(parents=True)
        digest = hashlib.sha256(data).hexdigest()
        receipt = fake_receipt("foo", kind=receipts.RECIPE, recipe_digest=digest, tools=(), environments=())
        (published / RECIPE).write_bytes(data)
        (published / RECEIPT).write_bytes(receipt.to_bytes())
    world.variables |= {
        "REZUP_ROOT_REMOTE": str(world.folder / "remote"),
        "REZUP_OFFLINE": "1",
        "PIP_NO_INDEX": "1",
    }
    world.write(".local/state/there", "")
    for victim in (world.home / "victim", world.folder / "outside", world.root / "foo" / "victim"):
        for stamp in ("100.000000", "200.000000"):
            (victim / stamp).mkdir(parents=True)
            for name in (RECIPE, RECEIPT, "lease"):
                (victim / stamp / name).write_bytes((world.root / "foo" / stamp / name).read_bytes())
        (victim / "pin").write_text("100.000000\n")
    world.write("rezup.toml", '[rez]\nname = "rez"\n[pip]\noptions = ["--no-index"]\n')
    return world


#: All combinations take minutes; of each command, every name has its turn in the short form, in a few of them.
SHARE = pytest.mark.parametrize("share", [9, pytest.param(1, marks=pytest.mark.slow)])


def some(
    commands: Sequence[tuple[str, ...]], number: int, share: int
) -> list[tuple[tuple[str, ...], dict[str, str]]]:
    """Every `share`-th command, another set for each number."""
    return [(words, {}) for words in commands[number % share :: share]]


def places(world: World) -> list[Path]:
    """What rezup may write to, whatever it is asked for."""
    return [world.root, world.home / ".cache", world.home / ".local/state", world.folder / "remote"]


#: The one file that a command was asked to write.
ASKED_FOR = ("out.rezup", "job.json")


def is_asked_for(path: str, world: World) -> bool:
    """Whether it is that file, or the temporary one that becomes it."""
    folder, name = os.path.split(path)
    return folder == os.path.realpath(world.home) and name.lstrip(".").startswith(ASKED_FOR)


def containers(name: str) -> list[tuple[str, ...]]:
    """Every command that takes a container."""
    bundle = ("unbundle", "no.rezup", "--name")
    return [
        ("use", name, "--", "true"), ("use", name, "--make", "--", "true"), ("use", name, "--do", "true"),
        ("add", name, "--skip-use", "--offline"), ("add", name, "--remote", "--skip-use", "--offline"),
        ("drop", name, "--yes"), ("pin", name), ("pin", name, "--remote"), ("unpin", name), ("rollback", name),
        ("rollback", name, "--remote"), ("history", name), ("check", name), ("list", name), ("status", name),
        ("bundle", name, "out.rezup", "--offline"), (*bundle, name), ("diff", name, "foo"), ("diff", "foo", name),
        ("lock", name, "--offline"), ("recipe", "show", name), ("recipe", "validate", name), ("config", name),
        *(words for command, words in _LATER(name) if _is_there(command)),
    ]  # fmt: skip


def _LATER(name: str) -> list[tuple[str, tuple[str, ...]]]:  # noqa: N802 - a table
    return [("which", ("which", name)), ("prune", ("prune", name, "--yes", "--keep", "1"))]


def _is_there(command: str) -> bool:
    from rezup_cli.command_group import COMMANDS

    return command in COMMANDS


def revisions(name: str) -> list[tuple[str, ...]]:
    """Every command that takes a revision."""
    target = f"foo@{name}"
    return [
        ("use", target, "--", "true"), ("drop", target, "--yes"), ("pin", target), ("pin", target, "--remote"),
        ("status", target), ("check", target), ("bundle", target, "out.rezup", "--offline"), ("diff", target, "foo"),
        *(words for command, words in _LATER(target) if _is_there(command)),
    ]  # fmt: skip


def variables(name: str) -> list[dict[str, str]]:
    """The variables that carry a name."""
    return [
        {"REZUP_CONTAINER": name, "REZUP_REVISION": "100.000000"},
        {"REZUP_CONTAINER": "foo", "REZUP_REVISION": name},
        {"REZUP_CONTAINER": name, "REZUP_REVISION": name, "PATH": f"/usr/bin:/bin:/{name}/{name}/bin"},
        {"REZUP_USE_REVISION": name},
    ]


_STEERING = frozenset("\0\1\7\b\r\x1b\x7f\x85\u202e\u2028")


def check(
    world: World, run: Callable[[], list[list[Run]]], names: Sequence[str], *, is_refused: bool
) -> None:
    """Nothing was written elsewhere, nothing of ours was lost, no command fell over."""
    kept = [world.root, world.folder / "remote"] if is_refused else []
    caches = (world.home / ".cache", world.home / ".local", world.home / "job.json")
    but = caches if is_refused else (*caches, world.root, world.folder / "remote")
    before = picture(world.folder, but=but)
    for name, batch in zip(names, run(), strict=True):
        strange = [path for path in outside(batch, places(world)) if not is_asked_for(path, world)]
        assert strange == [], f"{name!a}"
        for each in batch:
            assert each.code in (0, 1, 2), f"{name!a}: {each}"
            assert "Traceback" not in each.text, f"{name!a}: {each.text}"
            assert "something went wrong inside" not in each.text, f"{name!a}: {each.text}"
            assert not _STEERING.intersection(each.text), f"{name!a}: {each.text!a}"
            if is_refused:
                assert each.code in (1, 2), f"{name!a}: {each}"
        if is_refused:
            written = [path for each in batch for path in each.written]
            assert not [path for path in written for place in kept if path.startswith(f"{place}/")], (
                f"{name!a}"
            )
    assert picture(world.folder, but=but) == before


@SHARE
def test_as_a_container(studio: World, share: int) -> None:
    batches = [some(containers(name), number, share) for number, name in enumerate(REFUSED)]
    check(studio, lambda: run_watched(studio, batches), REFUSED, is_refused=True)


@SHARE
def test_as_a_revision(studio: World, share: int) -> None:
    batches = [some(revisions(name), number, share) for number, name in enumerate(REFUSED)]
    check(studio, lambda: run_watched(studio, batches), REFUSED, is_refused=True)


@SHARE
def test_in_the_variables(studio: World, share: int) -> None:
    names = [name for name in REFUSED if "\0" not in name and "\ud800" not in name]
    words = [
        ("status", "foo"), ("use", "foo", "--", "true"), ("drop", "foo@1.5", "--yes"), ("history", "foo"), ("list",),
        ("env", "-o", "job.json"), ("pin", "foo@100.000000"),
    ]  # fmt: skip
    batches = [
        [(line, each) for line in words for each in variables(name)][number % (3 * share) :: 3 * share]
        for number, name in enumerate(names)
    ]
    check(studio, lambda: run_watched(studio, batches), names, is_refused=False)


@SHARE
def test_as_a_tool_of_a_recipe(studio: World, share: int) -> None:
    # Of a tool, the name of the folder of wheels is one like any other.
    names = [
        name
        for name in REFUSED
        if name.lower() != ".wheels" and "\ud800" not in name and "\udcff" not in name
    ]
    batches = []
    for number, name in enumerate(names):
        text = f"[rez]\nname = 'rez'\n[[extension]]\nname = {json.dumps(name)}\nisolation = true\n"
        studio.write(f"rezup.tool{number}.toml", text)
        tool = f"tool{number}"
        commands = [
            ("recipe", "validate", tool), ("use", tool, "--", "true"), ("add", tool, "--skip-use"),
            ("add", tool, "--remote", "--skip-use"), ("lock", tool),
        ]  # fmt: skip
        batches.append(some(commands, number, min(share, len(commands))))
    check(studio, lambda: run_watched(studio, batches), names, is_refused=True)


@SHARE
def test_as_the_path_of_a_recipe(studio: World, share: int) -> None:
    names = [
        name
        for name in REFUSED
        if "\0" not in name and "\ud800" not in name and not os.path.exists(studio.home / name.strip("~"))
    ]
    batches = []
    for number, name in enumerate(names):
        commands = [
            ("use", "foo", "--make", name, "--", "true"), ("add", "foo", "--file", name, "--skip-use"),
            ("unbundle", name), ("use", "--from", name, "--", "true"), ("env", "-i", name),
        ]  # fmt: skip
        batches.append(some(commands, number, min(share, len(commands))))
    check(studio, lambda: run_watched(studio, batches), names, is_refused=True)


def test_as_a_lock_that_a_receipt_names(studio: World) -> None:
    """What the remote root says is no better than what a user types."""
    data = b'[rez]\nname = "rez"\n'
    names = REFUSED[::4]
    for number, name in enumerate(names):
        folder = studio.folder / "remote" / f"lock{number}" / "100.000000"
        folder.mkdir(parents=True)
        (folder / RECIPE).write_bytes(data)
        digest = hashlib.sha256(data).hexdigest()
        receipt = fake_receipt(
            f"lock{number}", kind=receipts.RECIPE, recipe_digest=digest, tools=(), environments=(),
            locks={name: hashlib.sha256(b"").hexdigest(), f"pylock.{name}.toml": digest},
        )  # fmt: skip
        (folder / RECEIPT).write_bytes(receipt.to_bytes())
    batches = [[(("use", f"lock{number}", "--", "true"), {})] for number in range(len(names))]
    told: list[str] = []

    def run() -> list[list[Run]]:
        found = run_watched(studio, batches)
        told.extend(each.text for batch in found for each in batch)
        return found

    check(studio, run, names, is_refused=False)
    assert [
        text for text in told if "is damaged on the remote" not in text or "names no lock" not in text
    ] == []


def test_as_a_place_in_a_receipt(studio: World) -> None:
    """A revision whose receipt leads out of it is no revision that can be used."""
    ways = ("../../../victim", "/bin", "venv/../../../..", "C:/x", "\\\\host\\x")
    for number, way in enumerate(ways):
        folder = studio.revision("foo", f"{number + 3}00.000000")
        document = json.loads((folder / RECEIPT).read_bytes())
        document["environments"][0]["scripts"] = way
        (folder / RECEIPT).write_text(json.dumps(document))
    but = (studio.home / ".cache", studio.home / ".local", studio.root / "foo" / ".lock")
    before = picture(studio.folder, but=but)
    for number, way in enumerate(ways):
        done = studio.rezup("use", f"foo@{number + 3}00.000000", "--local", "--", "env")
        assert done.code == 1, way
        assert done.out == ""
    assert picture(studio.folder, but=but) == before


@SHARE
def test_names_that_are_allowed_stay_below_the_root(studio: World, share: int) -> None:
    # `lock` writes beside the recipe that it finds, which is the default one here.
    batches = [
        [(words, {}) for words, _ in some(containers(name), number, share) if words[0] != "lock"]
        for number, name in enumerate(ALLOWED)
    ]
    check(studio, lambda: run_watched(studio, batches), ALLOWED, is_refused=False)
    assert (studio.root / "foo" / "200.000000" / RECEIPT).is_file()


@pytest.mark.slow
def test_a_true_process_writes_nowhere_else_either(studio: World, tmp_path: Path) -> None:
    """As strace sees it: programs that are started count, too."""
    import re
    import shutil
    import subprocess

    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("no strace")
    pattern = re.compile(r'(?<![a-z])(?:open|openat|creat|mkdir|mkdirat|rename\w*|unlink\w*|rmdir|link\w*|symlink\w*|chmod|fchmodat)\(.*')  # fmt: skip
    allowed = tuple(map(str, (*places(studio), "/dev/null", "/dev/tty", "/proc/")))
    for number, name in enumerate(n for n in REFUSED[:60] if "\0" not in n and "\ud800" not in n):
        for words in (("use", name, "--make", "--", "true"), ("drop", name, "--yes")):
            log = tmp_path / f"trace{number}"
            subprocess.run(
                [strace, "-f", "-qq", "-e", "trace=file", "-o", log, *studio.command(*words)],
                env={**studio.environ, "PYTHONDONTWRITEBYTECODE": "1"}, cwd=studio.home, stdin=subprocess.DEVNULL,
                capture_output=True, check=False,
            )  # fmt: skip
            for line in log.read_text("utf-8", "replace").splitlines():
                found = pattern.search(line)
                is_write = found and (
                    "O_WRONLY" in line or "O_RDWR" in line or "O_CREAT" in line or "open" not in found[0][:6]
                )
                if is_write and " = -1 " not in line:
                    paths = re.findall(r'"([^"]*)"', line)
                    assert all(path.startswith(allowed) for path in paths), line
