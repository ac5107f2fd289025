"""``rezup doctor``: a healthy machine has no findings, and each way to break one has its own."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rezup.containers.health import roots
from rezup.containers.health.kinds import KINDS
from support.environments import has_reflinks
from support.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.skipif(os.name == "nt", reason="permissions and links of POSIX")

DAY = 86400


def obey_permissions() -> None:
    """Be denied what permissions deny, also as root: called before a program begins."""
    if sys.platform == "linux" and os.geteuid() == 0:
        import ctypes

        drop, override, search = 24, 1, 2  # PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
        for capability in (override, search):
            ctypes.CDLL(None).prctl(drop, capability, 0, 0, 0)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A machine with two containers that were built by one lock."""
    made = World(tmp_path_factory.mktemp("template") / "machine")
    shutil.copyfile(made.recipe("foo"), made.home / "rezup.bar.toml")  # by the same wheel
    for name in ("foo", "bar"):
        assert made.rezup("use", name, "--", "rez", "--version").code == 0
    return made


@pytest.fixture
def machine(template: World, world: World) -> World:
    """A copy of that machine, to be broken; pip, most of its files and never broken, is linked."""

    def copy(source: str, target: str) -> object:
        return os.link(source, target) if "/site-packages/pip/" in source else shutil.copy2(source, target)

    ignored = shutil.ignore_patterns("uv")  # the cache of that program
    shutil.copytree(
        template.home, world.home, symlinks=True, dirs_exist_ok=True, ignore=ignored, copy_function=copy
    )
    return world


def revision(machine: World, name: str = "foo") -> Path:
    return machine.root / name / machine.stamps(name)[0]


def library(machine: World) -> Path:
    """A file of the environment."""
    return next(revision(machine).glob("venv/rez/lib/python*/site-packages/rez/cli.py"))


def cache(machine: World) -> Path:
    return machine.home / ".cache" / "rezup"


def entry(machine: World) -> Path:
    (found,) = [path for path in (cache(machine) / "environments-v1").iterdir() if len(path.name) == 64]
    return found


def write(path: Path, text: str | bytes) -> None:
    """Write a file in place, whatever its permissions are; folders are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        path.chmod(path.stat().st_mode | 0o200)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    if path.suffix in (".py", ".whl"):
        path.chmod(0o444)


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


def wheel(machine: World) -> Path:
    return next((revision(machine) / "wheels").glob("rez-*.whl"))


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


def remote_of(machine: World) -> Path:
    """A remote root with one revision."""
    root = machine.folder / "remote"
    target = root / "foo" / revision(machine).name
    target.mkdir(parents=True)
    for name in ("rezup.toml", "pylock.toml", "revision.json"):
        shutil.copyfile(revision(machine) / name, target / name)
    machine.variables["REZUP_ROOT_REMOTE"] = str(root)
    return target


def be_pipe(path: Path) -> None:
    """Whoever opens it waits for ever, as on a mount that is dead."""
    path.unlink()
    os.mkfifo(path)


def replace_by_link(machine: World) -> None:
    path = library(machine)
    path.unlink()
    path.symlink_to("system.py")


def twin(machine: World) -> None:
    shutil.copytree(revision(machine), machine.root / "FOO" / "1.000000", symlinks=True)


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
WITH = {"interpreter-missing": {"no-record"}}


def codes(data: dict[str, Any]) -> set[str]:
    return {each["code"] for each in data["findings"] if not each["mended"]}


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
    assert (finding["means"], finding["remedy"]) == (KINDS[code].means, KINDS[code].remedy)
    assert finding["can_be_mended"] is is_mended

    fixed = machine.rezup("doctor", "--fix", "--json")
    assert fixed.code == (0 if is_mended else 3), fixed.out
    assert (code in codes(fixed.data)) is not is_mended
    if is_mended:
        assert machine.rezup("doctor", "--json").data["findings"] == []


def test_they_are_at_least_25_kinds_of_damage() -> None:
    assert len({code for code, _, _ in BROKEN}) >= 25


def test_a_healthy_machine_has_no_finding(machine: World) -> None:
    remote_of(machine)
    found = machine.rezup("doctor", "--json")
    assert (found.code, found.data) == (0, {"healthy": True, "findings": [], "mended": 0})
    told = machine.rezup("doctor")
    assert (told.code, told.out, told.err) == (0, "", "all is well\n")


def test_an_empty_machine_is_healthy(world: World) -> None:
    assert world.rezup("doctor", "--json").data["findings"] == []
    assert sorted(path.name for path in world.home.iterdir()) == []


def test_a_folder_on_the_remote_that_is_kept_from_us_is_no_finding(machine: World) -> None:
    """It need not be a container: administrators keep things there."""
    private = remote_of(machine).parent.parent / "private"
    private.mkdir(0)
    found = machine.rezup("doctor", "--json", preexec_fn=obey_permissions)
    assert (found.code, found.data["findings"]) == (0, [])


def test_a_file_on_the_remote_that_is_kept_from_us_is_named(machine: World) -> None:
    path = remote_of(machine) / "rezup.toml"
    path.chmod(0)
    (finding,) = machine.rezup("doctor", "--json", preexec_fn=obey_permissions).data["findings"]
    assert (finding["code"], finding["where"]) == ("remote-unreadable", str(path))
    assert "Permission denied" in finding["what"]


@pytest.mark.parametrize("umask", [0o002, 0o077])
def test_what_is_made_under_any_umask_is_healthy(world: World, umask: int) -> None:
    world.recipe()
    assert world.rezup("use", "foo", "--", "rez", "--version", umask=umask).code == 0
    found = world.rezup("doctor", "--json", umask=umask)
    assert (found.code, found.data["findings"]) == (0, [])


def test_looking_changes_nothing(machine: World) -> None:
    write(library(machine), "evil = 1\n")
    machine.rezup("doctor")  # what every command keeps of recipes is kept now
    before = {path: path.lstat().st_mtime_ns for path in machine.home.rglob("*")}
    assert machine.rezup("doctor").code == 3
    assert {path: path.lstat().st_mtime_ns for path in machine.home.rglob("*")} == before


def test_several_faults_are_found_and_mended_at_once(machine: World) -> None:
    write(library(machine), "evil = 1\n")
    write(revision(machine) / "pylock.toml", "evil")
    write(wheel(machine), "evil")
    (revision(machine, "bar") / "lease").unlink()
    machine.root.chmod(0o777)
    write(machine.root / "notes.txt", "mine")
    shutil.rmtree(entry(machine))
    fixed = machine.rezup("doctor", "--fix", "--json")
    assert (fixed.code, codes(fixed.data)) == (3, {"foreign-file"})
    assert fixed.data["mended"] == 5
    assert machine.rezup("check").code == 0
    assert (machine.root / "notes.txt").read_text() == "mine"


def test_each_finding_says_where_what_it_means_and_what_to_do(machine: World) -> None:
    machine.root.chmod(0o777)
    told = machine.rezup("doctor")
    kind = KINDS["root-writable-by-all"]
    assert told.out.splitlines() == [
        "root-writable-by-all: its permissions are 777",
        f"  where:  {machine.root}",
        f"  means:  {kind.means}",
        f"  remedy: {kind.remedy}",
    ]
    assert told.err.splitlines() == ["1 wrong", "hint: `rezup doctor --fix` tries to mend 1 of them"]
    mended = machine.rezup("doctor", "--fix")
    assert (mended.code, mended.err) == (0, "all is well; 1 mended\n")
    assert mended.out.startswith("mended: root-writable-by-all")


@pytest.mark.parametrize("data", [None, b"", b"{"])
def test_what_is_said_of_a_broken_receipt_mends_it(machine: World, data: bytes | None) -> None:
    broken = revision(machine)
    assert machine.rezup("add", "foo", "--skip-use").code == 0
    path = broken / "revision.json"
    path.unlink()
    if data is not None:
        path.write_bytes(data)
    (finding,) = machine.rezup("doctor", "--json").data["findings"]
    assert "`rezup use NAME@REVISION`" in finding["remedy"]
    target = f"foo@{broken.name}"
    assert machine.rezup("use", target, "--", "rez", "--version").code == 0
    assert machine.rezup("doctor", "--json").data["findings"] == []
    path.unlink()
    assert "`rezup drop NAME@REVISION`" in finding["remedy"]
    assert machine.rezup("drop", target, "--yes").code == 0
    assert machine.rezup("doctor", "--json").data["findings"] == []


@pytest.mark.parametrize(
    "name",
    [
        "records/rez",
        "records",
        "revision.json",
        "pylock.toml",
        "rezup.toml",
        "wheels",
        "venv/rez",
        "venv",
        "",
    ],
)
def test_what_only_its_permissions_hide_is_made_readable_and_not_replaced(machine: World, name: str) -> None:
    path, known = revision(machine) / name, bool(name)
    shutil.rmtree(cache(machine))
    before = path.stat()
    path.chmod(0)
    found = machine.rezup("doctor", "--json", preexec_fn=obey_permissions)
    assert codes(found.data) == {"unreadable"}, found.out
    (finding,) = found.data["findings"]
    assert name in finding["paths"] or not known
    fixed = machine.rezup("doctor", "--fix", "--json", preexec_fn=obey_permissions)
    assert (fixed.code, fixed.data["mended"]) == (0, 1), fixed.out
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert machine.rezup("check").code == 0


def test_a_record_that_others_may_write_is_not_made_anew(machine: World) -> None:
    path = revision(machine) / "records" / "rez"
    shutil.rmtree(cache(machine))
    before = path.stat()
    path.chmod(0o666)
    fixed = machine.rezup("doctor", "--fix", "--json")
    assert (fixed.code, fixed.data["mended"]) == (0, 1), fixed.out
    after = path.stat()
    assert (after.st_ino, after.st_mtime_ns, after.st_mode & 0o777) == (
        before.st_ino,
        before.st_mtime_ns,
        0o644,
    )


def test_what_permissions_hid_is_mended_in_its_turn(machine: World) -> None:
    path = revision(machine) / "records" / "rez"
    good = path.read_bytes()
    write(path, "evil")
    path.chmod(0o666)
    assert codes(machine.rezup("doctor", "--json").data) == {"writable-by-others"}
    fixed = machine.rezup("doctor", "--fix", "--json")
    assert fixed.code == 0, fixed.out
    assert {each["code"] for each in fixed.data["findings"]} == {"writable-by-others", "record-damaged"}
    assert json.loads(path.read_bytes().split(b"\n")[2])["files"] == json.loads(good.split(b"\n")[2])["files"]


def test_what_is_said_of_a_broken_remote_revision_mends_it(machine: World) -> None:
    broken = remote_of(machine)
    (broken / "pylock.toml").unlink()
    assert codes(machine.rezup("doctor", "--json").data) == {"remote-incomplete"}
    shutil.copyfile(revision(machine) / "pylock.toml", broken / "pylock.toml")
    assert machine.rezup("doctor", "--json").data["findings"] == []

    write(broken / "pylock.toml", "evil")
    added = machine.rezup("add", "foo", "--remote", "--skip-use", "--no-verify", "--allow-local-paths")
    assert added.code == 0, added.err
    (finding,) = machine.rezup("doctor", "--json").data["findings"]
    assert "remove the folder of this one by hand" in finding["remedy"]
    shutil.rmtree(broken)
    assert machine.rezup("doctor", "--json").data["findings"] == []
    assert machine.rezup("use", "foo", "--", "rez", "--version").code == 0


def test_what_is_said_of_twins_mends_it(machine: World) -> None:
    twin(machine)
    (machine.root / "FOO" / "history.jsonl").touch()  # which stays
    refused = machine.rezup("add", "foo", "--skip-use")
    assert "can't be made beside" in refused.err
    assert machine.rezup("drop", "FOO", "--yes").code == 0
    (finding,) = machine.rezup("doctor", "--json").data["findings"]
    assert "remove what is left of its folder by hand" in finding["remedy"]
    shutil.rmtree(machine.root / "FOO")
    assert machine.rezup("doctor", "--json").data["findings"] == []


def test_problems_of_a_recipe_are_told_once(machine: World) -> None:
    path = machine.write("rezup.baz.toml", '[root]\nremote = "x"\n[rez]\nname = "rez"\nedit = 3\n')
    told = machine.rezup("doctor")
    assert f"recipe-unusable: 2 problems\n  where:  {path}\n" in told.out
    assert [told.out.count(text) for text in ("root.remote", "rez.edit")] == [1, 1]


@pytest.mark.parametrize("mode", ["auto", "copy"])
def test_a_file_written_in_place_is_mended_in_all_that_share_it(world: World, mode: str) -> None:
    world.write(".config/rezup/config.toml", f'link_mode = "{mode}"\n')
    shutil.copyfile(world.recipe("foo"), world.home / "rezup.bar.toml")  # by the same wheel
    for name in ("foo", "bar"):
        assert world.rezup("use", name, "--", "rez", "--version").code == 0
    path, other = (
        library(world),
        Path(str(library(world)).replace(str(revision(world)), str(revision(world, "bar")))),
    )
    if path.stat().st_ino != other.stat().st_ino and mode == "auto" and has_reflinks(world.folder):
        pytest.skip("with reflinks, environments share nothing that is written")
    assert path.samefile(other) is (mode == "auto")
    good = path.read_bytes()
    with open(path, "r+b") as stream:  # root may, and so may who made it writable
        stream.write(b"# evil")

    found = world.rezup("check", "--json")
    wrong = {each["container"] for each in found.data["revisions"] if each["differences"]}
    assert wrong == ({"foo", "bar"} if mode == "auto" else {"foo"})
    fixed = world.rezup("doctor", "--fix", "--json")
    assert fixed.code == 0, fixed.out
    assert {each["code"] for each in fixed.data["findings"]} == (
        {"environment-damaged", "cache-entry-damaged"} if mode == "auto" else {"environment-damaged"}
    )
    assert path.read_bytes() == other.read_bytes() == good
    assert path.samefile(other) is (mode == "auto")
    assert world.rezup("check").code == 0
    assert world.rezup("cache", "verify").code == 0


def test_what_is_used_goes_on_while_it_is_mended(machine: World) -> None:
    path = library(machine)
    write(path, "evil = 1\n")
    with machine.in_use(file=path) as user:
        assert machine.rezup("check", "foo").code == 1
        assert machine.rezup("doctor", "--fix").code == 0
        out, _ = user.communicate("\n", timeout=30)
    assert (user.returncode, out) == (0, "evil = 1\n")
    assert path.read_text() != "evil = 1\n"


def test_without_cache_and_lock_an_environment_stays_as_it_is(machine: World) -> None:
    write(library(machine), "evil = 1\n")
    shutil.rmtree(entry(machine))
    for name in ("foo", "bar"):
        (revision(machine, name) / "pylock.toml").unlink()
    fixed = machine.rezup("doctor", "--fix", "--json")
    assert fixed.code == 3
    assert codes(fixed.data) == {"environment-damaged", "lock-missing"}
    assert all(each["failure"] for each in fixed.data["findings"])
    assert library(machine).read_text() == "evil = 1\n"
    assert not list((machine.root / "foo").glob(".staging-*"))


def test_a_link_in_the_place_of_a_folder_is_not_followed(machine: World) -> None:
    package = library(machine).parent
    outside = machine.folder / "outside"
    package.rename(outside)
    package.symlink_to(outside)
    write(outside / "cli.py", "mine\n")
    fixed = machine.rezup("doctor", "--fix", "--json")
    assert fixed.code == 3
    assert (outside / "cli.py").read_text() == "mine\n"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away")
def test_what_others_own_is_left_alone(machine: World) -> None:
    path = library(machine)
    write(path, "evil = 1\n")
    os.chown(path, 4242, 4242)
    fixed = machine.rezup("doctor", "--fix", "--json")
    assert fixed.code == 3
    (finding,) = fixed.data["findings"]
    assert "another user" in finding["failure"]
    assert path.read_text() == "evil = 1\n"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away")
def test_what_sudo_left_in_a_home_is_named(machine: World) -> None:
    os.chown(machine.home, 4242, 4242)
    for folder in (machine.root, cache(machine), machine.home / ".local"):
        for path in (folder, *folder.rglob("*")):
            os.chown(path, 4242, 4242, follow_symlinks=False)
    os.chown(machine.root / "foo", 0, 0)
    found = machine.rezup("doctor", "--json")
    assert len(found.data["findings"]) == 1, found.out
    (finding,) = found.data["findings"]
    assert (finding["code"], finding["where"]) == ("owned-by-root", str(machine.root / "foo"))
    assert not finding["can_be_mended"]


def test_names_of_others_reach_a_terminal_without_harm(machine: World) -> None:
    for name in (b"a\nerror: forged", b"b\x1b[31m", b"c\xff"):
        with open(os.path.join(os.fsencode(machine.root), name), "wb"):
            pass
    told = machine.rezup("doctor")
    assert told.code == 3, told.err
    assert told.out.count("foreign-file: ") == 3
    assert not [line for line in told.out.splitlines() if line.startswith("error")]
    assert "\x1b" not in told.out
    document = json.loads(machine.rezup("doctor", "--json").out)
    assert (document["status"], document["exit_code"], len(document["errors"])) == ("error", 3, 3)


def test_it_works_inside_of_a_container(machine: World) -> None:
    inside = machine.rezup("use", "foo", "--", sys.executable, "-m", "rezup_cli", "doctor")
    assert (inside.code, inside.out) == (0, ""), inside.out


@pytest.mark.parametrize(
    "text", ["locked = 'x'", "locked = ['no_such_key']", "link_mode = 'x'\nlocked = ['link_mode']"]
)
def test_a_wrong_configuration_of_the_site_is_named_by_its_file(machine: World, text: str) -> None:
    site = machine.write("site/rezup/config.toml", text)
    machine.variables["XDG_CONFIG_DIRS"] = str(machine.home / "site")
    (finding,) = machine.rezup("doctor", "--json").data["findings"]
    assert (finding["code"], finding["where"]) == ("setting-wrong", str(site))


def test_usage_is_2(world: World) -> None:
    assert world.rezup("doctor", "--unknown").code == 2
    assert world.rezup("doctor", "--", "true").code == 2


@pytest.mark.parametrize(
    ("free", "total", "files", "is_low"),
    [
        (roots.LEAST_BYTES, 1 << 40, None, False),
        (roots.LEAST_BYTES - 1, 1 << 40, None, True),
        (0, 0, None, False),
        (1 << 40, 1 << 41, 10, True),
        (1 << 40, 1 << 41, 1_000_000, False),
    ],
)
def test_low_space_is_told(tmp_path: Path, free: int, total: int, files: int | None, is_low: bool) -> None:
    found = list(roots.space(tmp_path, free, total, files))
    assert [each.code for each in found] == (["low-space"] if is_low else [])


@pytest.mark.parametrize("code", sorted(KINDS))
def test_every_finding_is_documented(code: str) -> None:
    page = Path(__file__).parents[2] / "docs" / "how-to" / "when-something-is-wrong.md"
    assert f"\n### `{code}`\n" in page.read_text(encoding="utf-8")
