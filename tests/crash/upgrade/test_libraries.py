"""Pointers and libraries that are gone, damaged, or written by others; clocks that were set back. The command runs, and a later start cleans up and upgrades."""

from __future__ import annotations

import json
import os
import shutil
import time
from typing import TYPE_CHECKING, Any

import pytest

from support.upgrade_faults import all_is_well, recovers
from support.upgrade_wheels import (
    MAJOR,
    NEW,
    OLD,
)

if TYPE_CHECKING:
    from support.upgrades import Machine

pytest_plugins = ["support.upgrades", "support.upgrade_faults"]
pytestmark = pytest.mark.skipif(os.name == "nt", reason="installations of POSIX")


@pytest.mark.parametrize(
    "missing", ["lease", *(pytest.param(name, marks=pytest.mark.slow) for name in ("", "rezup/__init__.py"))]
)
def test_a_library_that_is_gone(machine: Machine, missing: str) -> None:
    library = machine.be_upgraded()
    path = library / missing
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    all_is_well(machine, OLD)
    if missing == "lease":
        recovers(machine)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("rezup/reporting.py", None, marks=pytest.mark.slow),
        ("rezup/errors.py", ""),
        pytest.param("rezup/__init__.py", "__version__ = '3.5", marks=pytest.mark.slow),
        ("rezup/session/__init__.py", "raise RuntimeError('altered')\n"),
        pytest.param("rezup/launch", None, marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("is_due", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_library_that_is_damaged(machine: Machine, name: str, content: str | None, is_due: bool) -> None:
    path = machine.be_upgraded() / name
    if content is not None:
        path.write_text(content)
    else:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    if is_due:
        machine.let_pass()
    outcome = machine.use()
    assert outcome.out == f"used {OLD}\n"
    assert outcome.err.count("\n") == 1, outcome.err
    assert f"warning: the upgraded rezup-api {NEW}" in outcome.err
    if name == "rezup/errors.py":  # the next start takes it anew, without waiting for the pause
        assert machine.use().out == f"used {NEW}\n"
        all_is_well(machine, NEW)


def test_a_damaged_library_while_a_check_is_due(machine: Machine) -> None:
    """What is loaded for the check is loaded from there, too."""
    (machine.be_upgraded() / "rezup/reporting.py").write_text("def broken(:\n")
    machine.let_pass()
    outcome = machine.use()
    assert outcome.out == f"used {OLD}\n"
    assert outcome.err.count("\n") == 1, outcome.err


@pytest.mark.slow
def test_a_damaged_library_of_which_only_the_check_needs_the_damaged_part(machine: Machine) -> None:
    (machine.be_upgraded() / "rezup/upgrade/policy.py").write_text("")
    assert machine.use().err == ""
    machine.let_pass()
    outcome = machine.use()
    assert outcome.out == f"used {OLD}\n"
    assert "is damaged" in outcome.err
    assert machine.used() == NEW


def test_an_error_of_ours_is_no_reason_to_blame_the_library(machine: Machine) -> None:
    machine.be_upgraded()
    outcome = machine.rezup("use", "nowhere", "--", "rez")
    assert outcome.code == 1
    assert "damaged" not in outcome.err
    assert machine.library() == NEW


def test_pointers_that_are_garbage(machine: Machine) -> None:
    machine.be_upgraded()
    good = machine.pointer
    garbage = [
        "",
        "\0" * 300,
        "{",
        "[]",
        "null",
        "7",
        "[" * 60_000,
        "\xff\xfe{}",
        '{"format": 1}',
        "x" * 70_000,
    ]
    senseless: list[dict[str, Any]] = [
        {"version": f"../{NEW}"}, {"version": "/tmp"}, {"version": MAJOR}, {"version": [NEW]}, {"version": ""},
        {"version": "."}, {"version": "3.5.0rc1"}, {"version": "9" * 6000}, {"version": "3.9.9"}, {"version": 3},
        {"version": None}, {"version": "\u0663.5.0"}, {"version": True}, {"installation": "other"}, {"format": 99},
        {"installation": None},
    ]  # fmt: skip
    cases = [*garbage, *(json.dumps({**good, **changes}) for changes in senseless), json.dumps(good)]
    found = machine.choices("(api / 'current.json').write_bytes(case.encode('latin-1', 'replace'))", cases)
    assert found == [None] * (len(cases) - 1) + [NEW]
    (machine.api / "current.json").write_text("{")
    all_is_well(machine, OLD)


def test_pointers_with_strange_ideas_of_what_is_installed(machine: Machine) -> None:
    """What they say of it only saves a search."""
    machine.be_upgraded()
    good = machine.pointer
    bases: list[Any] = [None, {}, [], 7, "", "\0", "/nowhere", "/dev/null", str(machine.home)]
    cases = [json.dumps({**good, "base": base}) for base in bases]
    found = machine.choices("(api / 'current.json').write_text(case)", cases)
    assert set(found) <= {None, NEW}
    machine.point(base="/nowhere")
    assert machine.use().err == ""


def test_a_pointer_that_others_may_have_written(machine: Machine) -> None:
    machine.be_upgraded()
    pointer = machine.api / "current.json"
    pointer.chmod(0o666)
    all_is_well(machine, OLD)
    recovers(machine)
    if os.geteuid() == 0:
        os.chown(pointer, 65534, 65534)
        all_is_well(machine, OLD)
        recovers(machine)


def test_pointers_that_are_no_files(machine: Machine) -> None:
    machine.be_upgraded()
    pointer = machine.api / "current.json"
    pointer.rename(pointer.with_name("good"))
    cases = [
        "pointer.mkdir()",
        "pointer.rmdir(); os.mkfifo(pointer)",
        "pointer.unlink(); pointer.symlink_to('x')",
    ]
    assert machine.choices("pointer = api / 'current.json'\nexec(case)", cases) == [None] * 3
    all_is_well(machine, OLD)


@pytest.mark.parametrize("is_damaged", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_clock_that_was_set_back_and_a_damaged_stamp(machine: Machine, is_damaged: bool) -> None:
    """All kinds of damage are in tests/unit/test_bootstrap.py."""
    machine.use()
    machine.publish(NEW)
    words = machine.stamp.read_text().split()
    machine.stamp.write_text("garbage" if is_damaged else f"{time.time() + 1e7:.0f} {' '.join(words[1:])}\n")
    assert machine.used() == NEW
    assert float(machine.stamp.read_text().split()[0]) < time.time() + 60


def test_a_library_that_others_could_change_is_not_run(machine: Machine) -> None:
    library = machine.be_upgraded()
    for folder in (library, machine.api):
        for mode in (0o775, 0o757):
            folder.chmod(mode)
            assert machine.library() == OLD
        folder.chmod(0o755)
        assert machine.library() == NEW
