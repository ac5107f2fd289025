"""What ``rezup doctor`` says of a machine, and that a healthy one has no findings."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rezup.containers.health import roots
from rezup.containers.health.kinds import KINDS
from support.broken_machines import library, remote_of, write

if TYPE_CHECKING:
    from support.world import World

pytestmark = pytest.mark.skipif(os.name == "nt", reason="permissions and links of POSIX")


def test_a_healthy_machine_has_no_finding(machine: World) -> None:
    remote_of(machine)
    found = machine.rezup("doctor", "--json")
    assert (found.code, found.data) == (0, {"healthy": True, "findings": [], "mended": 0})
    told = machine.rezup("doctor")
    assert (told.code, told.out, told.err) == (0, "", "all is well\n")


def test_an_empty_machine_is_healthy(world: World) -> None:
    assert world.rezup("doctor", "--json").data["findings"] == []
    assert sorted(path.name for path in world.home.iterdir()) == []


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


def test_problems_of_a_recipe_are_told_once(machine: World) -> None:
    path = machine.write("rezup.baz.toml", '[root]\nremote = "x"\n[rez]\nname = "rez"\nedit = 3\n')
    told = machine.rezup("doctor")
    assert f"recipe-unusable: 2 problems\n  where:  {path}\n" in told.out
    assert [told.out.count(text) for text in ("root.remote", "rez.edit")] == [1, 1]


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


def test_the_errors_of_a_document_have_the_names_too(machine: World) -> None:
    """A pin on the remote root is that of the container whose folder it is in."""
    write(remote_of(machine).parent / "pin", "1.5\n")
    document = json.loads(machine.rezup("doctor", "--json").out)
    (finding,), (error,) = document["data"]["findings"], document["errors"]
    assert (finding["container"], finding["revision"]) == ("foo", None)
    assert error["hint"] == finding["remedy"]
    assert finding["remedy"].startswith("`rezup unpin foo` lifts it")


def test_what_hurts_nobody_is_told_apart(machine: World) -> None:
    write(machine.root / "notes.txt", "mine")
    found = machine.rezup("doctor", "--json", env={"PATH": "/usr/bin:/bin"})
    severities = {each["code"]: each["severity"] for each in found.data["findings"]}
    assert severities.pop("uv-missing", "note") == "note"
    assert severities == {"foreign-file": "warning"}
    assert found.code == 3
    write(library(machine), "evil = 1\n")
    found = machine.rezup("doctor", "--json")
    assert {each["severity"] for each in found.data["findings"]} >= {"warning", "error"}


@pytest.mark.parametrize(("is_damaged", "status"), [(False, 0), (True, 3)])
def test_the_job_of_the_page_fails_for_errors_only(machine: World, is_damaged: bool, status: int) -> None:
    page = Path(__file__).parents[3] / "docs" / "how-to" / "when-something-is-wrong.md"
    _, _, rest = page.read_text(encoding="utf-8").partition("rezup doctor --json | python3 -c '\n")
    write(machine.root / "notes.txt", "mine")
    if is_damaged:
        write(library(machine), "evil = 1\n")
    found = machine.rezup("doctor", "--json")
    done = subprocess.run(
        [sys.executable, "-c", rest.partition("\n'\n")[0]],
        input=found.out, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (found.code, done.returncode, done.stderr) == (3, status, "")
    assert ("environment-damaged foo " in done.stdout) is is_damaged
    assert "foreign-file" not in done.stdout


def test_the_page_names_all_that_hurts_nobody() -> None:
    page = Path(__file__).parents[3] / "docs" / "how-to" / "when-something-is-wrong.md"
    _, _, rest = page.read_text(encoding="utf-8").partition("| `warning` |")
    line = rest.partition("\n")[0]
    assert re.findall(r"`([a-z-]+)`", line) == [
        code for code, kind in KINDS.items() if kind.severity == "warning"
    ]


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
    page = Path(__file__).parents[3] / "docs" / "how-to" / "when-something-is-wrong.md"
    assert f"\n### `{code}`\n" in page.read_text(encoding="utf-8")
