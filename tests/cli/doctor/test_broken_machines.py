"""Each way to break a machine has a finding of its own."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rezup.containers.health.kinds import KINDS
from support.broken_machines import (
    cache,
    codes,
    entry,
    library,
    remote_of,
    remote_twin,
    revision,
    twin,
    wheel,
    write,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.world import World

pytestmark = pytest.mark.skipif(os.name == "nt", reason="permissions and links of POSIX")

DAY = 86400


def receipt(machine: World, **changes: Any) -> None:
    """Change the receipt; a value of None takes a key out."""
    path = revision(machine) / "revision.json"
    document = {**json.loads(path.read_text()), **changes}
    path.write_text(json.dumps({key: value for key, value in document.items() if value is not None}))


def old(path: Path) -> Path:
    """Make something look as if it was left long ago."""
    os.utime(path, (time.time() - 3 * DAY,) * 2, follow_symlinks=False)
    return path


def leftover(machine: World, kind: str) -> None:
    """What a killed process leaves, whose number no process of this host can have."""
    from rezup.system.leftovers import new_name

    name = re.sub(r"-\d+-", "-4194999-", new_name(kind))
    folder = machine.root / "foo" / name
    folder.mkdir()
    (folder / "lease").touch()
    old(folder)


def gone_interpreter(machine: World) -> None:
    data = b'[rez]\nname = "rez"\n'
    made = machine.revision("gone", recipe_digest=hashlib.sha256(data).hexdigest())
    python = made / "venv/rez/bin/python"
    python.unlink()
    python.symlink_to("/nonexistent/python3")


def another_version(machine: World) -> None:
    """Its Python is not the one that it was built with, which was older."""
    (environment,) = json.loads((revision(machine) / "revision.json").read_text())["environments"]
    receipt(machine, environments=[{**environment, "interpreter_version": "3.1.5", "interpreter_size": 1}])


def unreachable(machine: World) -> None:
    machine.variables["REZUP_ROOT_REMOTE"] = str(machine.folder / "not-mounted")


def be_pipe(path: Path) -> None:
    """Whoever opens it waits for ever, as on a mount that is dead."""
    path.unlink()
    os.mkfifo(path)


def replace_by_link(machine: World) -> None:
    path = library(machine)
    path.unlink()
    path.symlink_to("system.py")


def remote_fails(machine: World) -> None:
    """Most of a remote root can't be read, so that a look at it is ended."""
    container = remote_of(machine).parent
    for number in range(30):
        (container / f"{number}.000000" / "revision.json").mkdir(parents=True)


def remote_folder_fails(machine: World) -> None:
    """One container leads to itself, so that it can't be listed."""
    container = remote_of(machine).parent
    (container.parent / "bar").symlink_to("bar")


def add_byte_code(machine: World) -> None:
    write(library(machine).parent / "extra" / "__pycache__" / "new.cpython-311.pyc", b"code")


def another_root(machine: World, path: Path) -> None:
    machine.variables["REZUP_ROOT_LOCAL"] = str(path)


def pointer(machine: World) -> None:
    """The pointer to a library that isn't there any more."""
    from rezup_cli.bootstrap import find_place

    found = find_place(machine.environ)
    assert found is not None
    write(Path(found.folder) / "current.json", pointer_text(found.installation))


def pointer_text(installation: str) -> str:
    document = {"format": 1, "installation": installation, "version": "9.9.9", "previous": None, "held": None}
    return json.dumps({**document, "base": "elsewhere"})


#: code -> the ways to break a machine, and whether --fix mends it.
BROKEN: list[tuple[str, Callable[[World], object], bool]] = [
    # receipts
    ("receipt-missing", lambda m: (revision(m) / "revision.json").unlink(), False),
    ("receipt-empty", lambda m: write(revision(m) / "revision.json", b"\0" * 700), False),
    ("receipt-empty", lambda m: write(revision(m) / "revision.json", b""), False),
    ("receipt-damaged", lambda m: write(revision(m) / "revision.json", '{"format": 1, "cont'), False),
    ("receipt-damaged", lambda m: receipt(m, tools=None), False),
    ("newer-format", lambda m: receipt(m, format=99), False),
    ("foreign-revision", lambda m: receipt(m, format=None), False),
    ("other-platform", lambda m: receipt(m, platform="darwin-arm64"), False),
    ("interpreter-missing", gone_interpreter, False),
    ("interpreter-replaced", another_version, False),
    # permissions
    ("writable-by-others", lambda m: library(m).chmod(0o666), True),
    ("writable-by-others", lambda m: revision(m).chmod(0o777), True),
    ("writable-by-others", lambda m: (revision(m) / "records" / "rez").chmod(0o664), True),
    ("unreadable", lambda m: (revision(m) / "revision.json").chmod(0o600), True),
    ("unreadable", lambda m: library(m).parent.chmod(0o700), True),
    ("root-writable-by-all", lambda m: m.root.chmod(0o777), True),
    ("root-writable-by-all", lambda m: (m.root / "foo").chmod(0o777), True),
    ("cache-writable-by-all", lambda m: (cache(m) / "environments-v1").chmod(0o777), True),
    # roots and containers
    ("foreign-file", lambda m: write(m.root / "notes.txt", "mine"), False),
    ("foreign-file", lambda m: write(m.root / "foo" / "notes.txt", "mine"), False),
    ("foreign-file", lambda m: write(revision(m) / "notes.txt", "mine"), False),
    ("foreign-file", lambda m: write(m.root / "foo" / "1.2.3" / "x", "mine"), False),
    ("stale-staging", lambda m: leftover(m, "staging"), True),
    ("stale-trash", lambda m: leftover(m, "trash"), True),
    ("lock-leftover", lambda m: write(m.root / "foo" / ".lock.owner", "farm7, process 12"), True),
    (
        "lock-leftover",
        lambda m: old(m.write(f".cache/rezup/environments-v1/.{'a' * 64}.lock", "")),
        True,
    ),
    ("temporary-leftover", lambda m: old(m.write(".rezup/foo/.pin.12.0a1b2c3d.tmp", "1")), True),
    ("dangling-link", lambda m: (m.root / "foo" / "latest").symlink_to("1.0"), False),
    ("dangling-link", lambda m: (m.root / "old").symlink_to("/nonexistent/old"), False),
    ("container-is-link", lambda m: (m.root / "linked").symlink_to(m.root / "foo"), False),
    ("case-twins", twin, False),
    ("pin-names-nothing", lambda m: write(m.root / "foo" / "pin", "1.5\n"), False),
    ("pin-names-nothing", lambda m: write(m.root / "foo" / "pin", b"\0\0\0"), False),
    ("root-no-folder", lambda m: another_root(m, m.write("file", "")), False),
    ("root-unusable", lambda m: another_root(m, m.write("a$b/foo/.lock", "").parent.parent), False),
    ("root-unusable", lambda m: another_root(m, m.folder / "not$there"), False),
    ("remote-unreachable", unreachable, False),
    ("remote-unreadable", lambda m: be_pipe(remote_of(m) / "pylock.toml"), False),
    ("remote-container-unreadable", remote_folder_fails, False),
    ("remote-partly-checked", remote_fails, False),
    ("remote-case-twins", remote_twin, False),
    ("remote-damaged", lambda m: write(remote_of(m) / "revision.json", "{"), False),
    ("remote-damaged", lambda m: write(remote_of(m) / "pylock.toml", "other"), False),
    ("remote-incomplete", lambda m: (remote_of(m) / "rezup.toml").unlink(), False),
    ("root-writable-by-all", lambda m: remote_of(m).parent.parent.chmod(0o777), True),
    # the cache
    ("cache-entry-damaged", lambda m: write(next(entry(m).glob("tree/lib/*/*/rez/cli.py")), "evil"), True),
    ("cache-entry-damaged", lambda m: write(entry(m) / "manifest", "evil"), True),
    ("cache-entry-damaged", lambda m: (entry(m) / "lease").unlink(), True),
    ("cached-wheel-damaged", lambda m: write(next((cache(m) / "wheels-v1").rglob("rez-*.whl")), "evil"), True),
    ("kept-file-damaged", lambda m: m.write(".cache/rezup/settings-v1/config-1.json", '{"mark"'), True),
    ("kept-file-damaged", lambda m: m.write(".cache/rezup/rezconfig-v1/x", "no sum"), True),
    ("dangling-link", lambda m: m.write(".cache/rezup/shims-v1/x/y", "").with_name("rezup").symlink_to("no"), True),
    # revisions
    ("lease-missing", lambda m: (revision(m) / "lease").unlink(), True),
    ("recipe-missing", lambda m: (revision(m) / "rezup.toml").unlink(), True),
    ("recipe-altered", lambda m: write(revision(m) / "rezup.toml", "[rez]\n"), True),
    ("lock-missing", lambda m: (revision(m) / "pylock.toml").unlink(), True),
    ("lock-altered", lambda m: write(revision(m) / "pylock.toml", "evil"), True),
    ("wheel-missing", lambda m: wheel(m).unlink(), True),
    ("wheel-damaged", lambda m: write(wheel(m), "evil"), True),
    ("record-missing", lambda m: (revision(m) / "records/rez").unlink(), True),
    ("record-damaged", lambda m: write(revision(m) / "records/rez", "evil"), True),
    ("environment-damaged", lambda m: write(library(m), "evil = 1\n"), True),
    ("environment-damaged", lambda m: library(m).unlink(), True),
    ("environment-damaged", lambda m: shutil.rmtree(library(m).parent), True),
    ("environment-damaged", replace_by_link, True),
    ("byte-code-added", add_byte_code, True),
    ("file-added", lambda m: write(library(m).with_name("extra.py"), "x = 1\n"), False),
    # settings
    ("settings-unreadable", lambda m: m.write(".config/rezup/config.toml", "root_local = ["), False),
    ("setting-wrong", lambda m: m.write(".config/rezup/config.toml", "lock_timeout = 'soon'"), False),
    ("setting-unknown", lambda m: m.write(".config/rezup/config.toml", "root_locl = '/x'"), False),
    ("variable-wrong", lambda m: m.variables.update(REZUP_LOCK_TIMEOUT="soon"), False),
    ("variable-wrong", lambda m: m.variables.update(REZUP_USE_REVISION="newest"), False),
    ("variable-unknown", lambda m: m.variables.update(REZUP_ROOT_LOCL="/x"), False),
    ("recipe-unusable", lambda m: m.write("rezup.baz.toml", "[rez\n"), False),
    ("recipe-odd", lambda m: m.write("rezup.baz.toml", '[rez]\nname = "rez"\nurll = "x"\n'), False),
    ("library-missing", pointer, False),
]  # fmt: skip

#: What comes along with a code.
WITH = {"interpreter-missing": {"no-record"}, "remote-partly-checked": {"remote-unreadable"}}


@pytest.mark.parametrize(
    ("code", "damage", "is_mended"), BROKEN, ids=[f"{code}-{n}" for n, (code, _, _) in enumerate(BROKEN)]
)
def test_each_broken_machine_has_its_finding(
    machine: World, code: str, damage: Callable[[World], object], is_mended: bool
) -> None:
    damage(machine)
    found = machine.rezup("doctor", "--json")
    assert codes(found.data) == {code} | WITH.get(code, set()), found.out
    assert (found.code, found.data["healthy"]) == (3, False)
    (finding,) = [each for each in found.data["findings"] if each["code"] == code]
    assert finding["where"]
    assert finding["what"]
    assert (finding["means"], finding["severity"]) == (KINDS[code].means, KINDS[code].severity)
    assert finding["remedy"] == named(KINDS[code].remedy, finding)
    assert finding["can_be_mended"] is is_mended
    assert_is_about_what_its_place_says(finding)

    fixed = machine.rezup("doctor", "--fix", "--json")
    assert fixed.code == (0 if is_mended else 3), fixed.out
    assert (code in codes(fixed.data)) is not is_mended
    if is_mended:
        assert machine.rezup("doctor", "--json").data["findings"] == []


def named(remedy: str, finding: dict[str, Any]) -> str:
    """A remedy as the finding tells it: with its container and revision in place of NAME and REVISION."""
    if finding["container"] is None:
        return remedy
    target = f"{finding['container']}@{finding['revision'] or 'REVISION'}"
    return remedy.replace("NAME@REVISION", target).replace("NAME", finding["container"])


def assert_is_about_what_its_place_says(finding: dict[str, Any]) -> None:
    """A place in a root names the container, and the revision below it."""
    match = re.search(
        r"/(?:\.rezup|remote)/(foo|bar|gone|linked)(?:/([0-9]+\.[0-9]{6}))?(?=/|$)", finding["where"]
    )
    if match is not None:
        assert (finding["container"], finding["revision"]) == match.groups()
    elif finding["code"].startswith("recipe-"):
        assert (finding["container"], finding["revision"]) == ("baz", None)
    else:
        assert (finding["container"], finding["revision"]) == (None, None)


def test_they_are_at_least_25_kinds_of_damage() -> None:
    assert len({code for code, _, _ in BROKEN}) >= 25
