"""Indexes and wheels that are not as they should be. The command runs, and a later start cleans up and upgrades."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from support.upgrade_faults import fails, recovers
from support.upgrade_wheels import (
    MAJOR,
    NEW,
    NEWER,
    OLD,
    PATIENCE,
    pack,
)
from support.wheels import write_wheel

if TYPE_CHECKING:
    from support.upgrade_index import Index
    from support.upgrades import Machine

pytest_plugins = ["support.upgrades", "support.upgrade_faults"]
pytestmark = pytest.mark.skipif(os.name == "nt", reason="installations of POSIX")


@pytest.mark.parametrize(
    "answer",
    ["hang", "html", "broken",
     *(pytest.param(answer, marks=pytest.mark.slow) for answer in ("drip", "login", "invalid", "other", "huge", "gone"))],
)  # fmt: skip
def test_an_index_that_gives_no_sensible_answer(machine: Machine, index: Index, answer: str) -> None:
    machine.publish(NEW)
    machine.ask(index)
    index.answer = answer
    outcome = machine.use()
    assert (outcome.out, outcome.err) == (f"used {OLD}\n", "")
    stamp, asked = machine.stamp.read_text(), len(index.requests)
    assert asked >= 1
    assert machine.use().err == ""
    assert (machine.stamp.read_text(), len(index.requests)) == (stamp, asked)  # once
    refused = machine.rezup("self", "version", "--latest") if answer not in ("hang", "drip") else None
    if refused is not None:
        assert refused.code == 1
        assert f"error: the index {index.url.rstrip('/')}" in refused.err.replace("simple/", "simple")
    if answer == "html":
        index.answer = "json"
        recovers(machine)


@pytest.mark.parametrize(
    "url", ["http://192.0.2.1/simple", "http://127.0.0.1:9/simple", "http://x.invalid/s"]
)
def test_an_index_that_is_not_reached(machine: Machine, url: str) -> None:
    machine.variables |= {"REZUP_UPGRADE_SOURCE": "", "PIP_INDEX_URL": url}
    assert machine.use().err == ""
    stamp = machine.stamp.read_text()
    assert machine.use().err == ""
    assert machine.stamp.read_text() == stamp
    machine.let_pass()
    assert "can't be asked" in machine.use("-v").err


@pytest.mark.slow
def test_a_download_that_hangs_ends_after_half_a_minute(machine: Machine, index: Index) -> None:
    machine.publish(NEW)
    machine.ask(index)
    index.spoil = lambda data: data if index.ended.wait(PATIENCE) else b""
    outcome = machine.use()
    assert outcome.out == f"used {OLD}\n"
    assert outcome.err.count("\n") == 2
    assert "warning: rezup-api can't be installed" in outcome.err
    index.spoil = bytes
    recovers(machine)


def test_releases_that_may_not_be_taken(machine: Machine, index: Index) -> None:
    """All reasons are in tests/contract/test_release_sources.py and tests/unit/upgrade."""
    for version in (NEW, "3.5.1rc1", "3.5.2.post1", NEWER, "3.6.1", MAJOR):
        machine.publish(version, requires_python=">=3.99" if version == "3.6.1" else None)
    machine.ask(index)
    index.edit = lambda file: {**file, "yanked": "it is bad" if NEWER in file["filename"] else False}
    assert machine.used() == NEW


def test_a_wheel_that_arrives_truncated(machine: Machine, index: Index) -> None:
    machine.publish(NEW)
    machine.ask(index)
    index.spoil = lambda data: data[: len(data) // 2]
    fails(machine)


def test_a_wheel_that_is_another_than_the_index_says(machine: Machine, index: Index) -> None:
    machine.publish(NEW)
    machine.ask(index)
    index.edit = lambda file: {**file, "hashes": {"sha256": "0" * 64}}
    outcome = fails(machine)
    assert "hash" in outcome.lower()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param({"files": {"rezup/settings.py": "import nothing_like_it\n"}}, "does not work here", id="import error"),
        pytest.param({"files": {"rezup/launch/__init__.py": "raise SystemExit(0)\n"}}, "says that it is", id="exits", marks=pytest.mark.slow),
        pytest.param({"files": {"rezup/errors.py": "def broken(:\n"}}, "does not work here", id="syntax error", marks=pytest.mark.slow),
        pytest.param({"says": OLD}, f"says that it is {OLD}", id="lies", marks=pytest.mark.slow),
        pytest.param({"requires": ["there-is-no-such-thing>=2"]}, "can't be installed", id="missing dependency"),
        pytest.param({"digests": {"rezup/errors.py": "sha256=" + "A" * 43}}, "errors.py is damaged", id="record", marks=pytest.mark.slow),
    ],
)  # fmt: skip
def test_a_wheel_that_does_not_work(machine: Machine, changes: dict[str, Any], said: str) -> None:
    machine.variables |= {"PIP_NO_INDEX": "1"}
    machine.publish(NEW, **changes)
    assert said in fails(machine)
    refused = machine.rezup("self", "upgrade")
    assert refused.code == 1
    assert refused.err.count("error:") == 1
    if "says" in changes:
        machine.let_one_pass()
        assert machine.use().err == ""  # one that failed is not tried every day
        machine.publish(NEW)
        recovers(machine)


@pytest.mark.slow
def test_wheels_in_a_folder_that_can_not_be_read(machine: Machine) -> None:
    whole = machine.publish(NEW).read_bytes()
    (machine.releases / f"rezup_api-{NEWER}-py3-none-any.whl").write_bytes(whole[: len(whole) // 2])
    (machine.releases / "rezup_api-3.8.0-py3-none-any.whl").mkdir()
    (machine.releases / "rezup_api-3.9.0-py3-none-any.whl").write_bytes(b"")
    (machine.releases / "rezup_api-none-any.whl").write_bytes(whole)
    assert machine.used() == NEW


@pytest.mark.slow
def test_a_folder_that_does_not_answer(machine: Machine) -> None:
    machine.publish(NEW)
    os.mkfifo(machine.releases / f"rezup_api-{NEWER}-py3-none-any.whl")  # opening it takes for ever
    outcome = machine.use("-v")
    assert outcome.out == f"used {OLD}\n"
    assert "does not answer" in outcome.err
    assert machine.use().err == ""
    (machine.releases / f"rezup_api-{NEWER}-py3-none-any.whl").unlink()
    recovers(machine)


@pytest.mark.slow
def test_a_dependency_that_is_not_installed_is_brought_along(machine: Machine) -> None:
    pack(machine.kit.dependencies, machine.releases)
    write_wheel(machine.releases, "thing", "2.0", {"thing/__init__.py": ""}, requires=["thing-too"])
    write_wheel(machine.releases, "thing-too", "1.0", {"thing_too/__init__.py": ""})
    machine.variables |= {"PIP_NO_INDEX": "1"}
    machine.publish(NEW, requires=["thing>=2"], files={"rezup/use_thing.py": "import thing, thing_too\n"})
    assert machine.used() == NEW
    assert (machine.api / NEW / "thing_too").is_dir()
    assert not (machine.installation.site_packages / "thing").exists()


def test_a_dependency_that_must_be_newer_is_newer_only_there(machine: Machine) -> None:
    pack(machine.kit.dependencies, machine.releases)
    (found,) = machine.kit.dependencies.glob("shellingham-*.dist-info")
    write_wheel(machine.releases, "shellingham", "99.0", {"shellingham/__init__.py": "NEW = True\n"})
    machine.variables |= {"PIP_NO_INDEX": "1"}
    code = "from shellingham import NEW\n"
    machine.publish(NEW, requires=["shellingham>=99"], files={"rezup/use_thing.py": code})
    assert machine.used() == NEW
    assert [path.name for path in (machine.api / NEW).glob("shellingham-*")] == ["shellingham-99.0.dist-info"]
    assert found.exists()


def test_nothing_of_the_current_folder_is_run_while_a_library_is_tried(machine: Machine) -> None:
    folder = machine.folder / "project"
    folder.mkdir()
    (folder / "pkgutil.py").write_text("open('was_run', 'w').close()\n")
    machine.publish(NEW)
    assert machine.rezup("list", cwd=folder).code == 0
    assert machine.library() == NEW
    assert not (folder / "was_run").exists()


def test_a_version_that_failed_is_not_tried_again_at_the_next_check(machine: Machine) -> None:
    machine.publish(NEW, files={"rezup/settings.py": "import nothing_like_it\n"})
    fails(machine)
    machine.let_one_pass()
    assert machine.use().err == ""
    refused = machine.rezup("self", "upgrade")
    assert refused.code == 1
    assert "does not work here" in refused.err
