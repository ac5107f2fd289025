"""`rezup env -o` and `-i`: contexts as files, also damaged, foreign and hostile ones."""

from __future__ import annotations

import json
import os
import shutil
import sys
from typing import Any

import pytest

from support.cli_packages import package
from support.shell_code import program_of
from support.world import Outcome, World

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX shells")


def test_a_context_is_saved_entered_and_changed(studio: World) -> None:
    assert studio.rezup("env", "maya", "-o", "x.rxt") == Outcome(0, "", "")
    printed = studio.rezup("env", "maya", "-o", "-").out
    saved = (studio.home / "x.rxt").read_text()
    assert json.loads(printed).keys() == json.loads(saved).keys()

    def used(*arguments: str, **options: Any) -> str:
        return studio.rezup("env", *arguments, "--", "printenv", "REZ_USED_RESOLVE", **options).out.strip()

    package(studio, "maya/2025")  # the context keeps what it was
    assert used("-i", "x.rxt") == used("-i", "-", stdin=None, input=saved) == "python-3.9 maya-2024"
    assert used("-i", "x.rxt", "python-2.7", "^maya", "--patch") == "python-2.7"
    current = {"REZ_RXT_FILE": str(studio.home / "x.rxt")}
    assert used("python-2.7", "maya-2023", "--patch", env=current) == "python-2.7 maya-2023"
    assert used("maya", "-i", "x.rxt", "--patch") == "maya-2025"


def test_a_failed_one_is_saved_and_says_so(studio: World) -> None:
    outcome = studio.rezup("env", "maya-2024", "python-2", "-o", "x.rxt")
    assert (outcome.code, outcome.out) == (1, "")
    assert "conflicts occurred" in outcome.err
    entered = studio.rezup("env", "-i", "x.rxt", "--", "echo", "never")
    assert (entered.code, entered.out) == (1, "")
    assert "conflicts occurred" in entered.err


def test_where_it_cannot_be_saved(studio: World) -> None:
    outcome = studio.rezup("env", "maya", "-o", "nowhere/x.rxt")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith("error: ")
    assert "nowhere/x.rxt" in outcome.err


def _damaged(text: str) -> dict[str, bytes]:
    document = json.loads(text)
    found = {
        "empty": b"", "cut": text[: len(text) // 2].encode(), "nested": b"[" * 100_000, "a list": b"[]", "text": b'"x"',
        "no text": b"\xff\xfe\x00", "code": b"__import__('os').system('touch harmed')", "null": b"null",
        "pickle": b"\x80\x04cos\nsystem\n(S'touch harmed'\ntR.",
        "yaml": b"!!python/object/apply:os.system ['touch harmed']",
        "a later form": json.dumps({**document, "serialize_version": "99.0"}).encode(),
        "an odd form": json.dumps({**document, "serialize_version": {"a": 1}}).encode(),
    }  # fmt: skip
    for name in ("status", "resolved_packages", "package_requests", "package_paths"):
        found[f"without {name}"] = json.dumps({k: v for k, v in document.items() if k != name}).encode()
        for value in (5, {"a": [1]}, [[[]]], [{"variables": 3}]):
            found[f"{name} {value}"] = json.dumps({**document, name: value}).encode()
    return found


def test_a_damaged_or_foreign_file_is_an_error_and_executes_nothing(studio: World) -> None:
    text = studio.rezup("env", "maya", "-o", "-").out
    for name, content in _damaged(text).items():
        (studio.home / "x.rxt").write_bytes(content)
        outcome = studio.rezup("env", "-i", "x.rxt", "--", "echo", "never")
        if name == "without package_paths" or name.startswith("package_paths"):
            assert outcome.code in (0, 1), name  # nothing is looked for in them
        else:
            assert (outcome.code, outcome.out) == (1, ""), (name, outcome)
        assert "Traceback" not in outcome.err, name
        if outcome.code == 1:
            assert outcome.err.startswith("error: "), name
            assert "x.rxt" in outcome.err or name.startswith("status"), (name, outcome.err)
    assert not (studio.home / "harmed").exists()
    assert "nowhere.rxt" in studio.rezup("env", "-i", "nowhere.rxt").err


def test_a_hostile_file_names_data_only(studio: World) -> None:
    document = json.loads(studio.rezup("env", "maya", "-o", "-").out)
    nasty = "$(touch harmed)`touch harmed`'; touch harmed; \"\n touch harmed\n!"
    for key, value in {"package_requests": [nasty], "implicit_packages": [nasty], "user": nasty, "rez_path": nasty,
                       "suite_context_name": nasty, "parent_suite_path": nasty, "host": nasty}.items():  # fmt: skip
        (studio.home / "x.rxt").write_text(json.dumps({**document, key: value}))
        for shell in ("bash", "tcsh"):
            outcome = studio.rezup("env", "-i", "x.rxt", "--shell", program_of(shell), "--", "echo", "in")
            assert (outcome.code, outcome.out) in ((0, "in\n"), (1, "")), (key, outcome)
            assert "Traceback" not in outcome.err
    assert not list(studio.home.rglob("harmed"))


def test_packages_that_vanished_are_named(studio: World) -> None:
    studio.rezup("env", "maya", "-o", "x.rxt")
    shutil.rmtree(studio.home / "packages/maya/2024")
    outcome = studio.rezup("env", "-i", "x.rxt", "--", "echo", "never")
    assert (outcome.code, outcome.out) == (1, "")
    assert "maya" in outcome.err.splitlines()[0]
    assert str(studio.home / "packages/maya/2024") in outcome.err


def test_a_context_goes_through_links_and_into_pipes(studio: World) -> None:
    """What is no plain file is never replaced by one."""
    target = studio.write("target.rxt", "old")
    (studio.home / "link.rxt").symlink_to(target)
    assert studio.rezup("env", "maya", "-o", "link.rxt").code == 0
    assert (studio.home / "link.rxt").is_symlink()
    assert json.loads(target.read_text())["status"] == "solved"
    pipe = studio.home / "pipe"
    os.mkfifo(pipe)
    process = studio.start("env", "maya", "-o", "pipe")
    with pipe.open() as stream:
        assert json.load(stream)["status"] == "solved"
    process.communicate(timeout=30)
    assert process.returncode == 0
    assert pipe.is_fifo()
    folder = studio.rezup("env", "maya", "-o", "packages")
    assert (folder.code, folder.out) == (1, "")
    assert "packages can't be written" in folder.err
