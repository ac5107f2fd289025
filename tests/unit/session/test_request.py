"""Requests as Rez's command line takes them: patches against Rez itself, times of release."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest

from rezup.errors import ContextFileError, InvalidRequirementError, ResolveError
from rezup.session.packages.request import parse_time, patched, requests_of

if TYPE_CHECKING:
    from pathlib import Path

OLD = [sign + name + version for sign in ("", "!", "~") for name in "abc" for version in ("", "-1", "-2")]
OLD += [".x-1", ".x-2"]
NEW = [*OLD, "^a", "^b", "^.x", "^a-1"]


def patched_by_rez(old: list[str], new: list[str]) -> list[str]:
    from rez.resolved_context import ResolvedContext
    from rez.version import Requirement

    context: Any = ResolvedContext.__new__(ResolvedContext)
    context._package_requests = [Requirement(text) for text in old]
    return list(map(str, context.get_patched_request(package_requests=list(new))))


def test_patches_are_those_of_rez() -> None:
    draw = random.Random(4)
    for _ in range(3000):
        old, new = draw.choices(OLD, k=draw.randint(0, 4)), draw.choices(NEW, k=draw.randint(0, 4))
        assert patched(old, new) == patched_by_rez(old, new), (old, new)


def test_a_patch_that_can_t_be_understood() -> None:
    with pytest.raises(InvalidRequirementError) as caught:
        patched(["a"], ["b-1-1+<"])
    assert "^NAME" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("123", 123), (" 5 ", 5), ("-10s", 999_990), ("-5m", 999_700), ("-0.5h", 998_200), ("-2d", 827_200)],
)
def test_times(text: str, seconds: int) -> None:
    assert parse_time(text, now=1_000_000) == seconds


@pytest.mark.parametrize("text", ["", "x", "-", "-1w", "10d", "1.5", "-d", "-infs", "-nand"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ResolveError, match="is no time"):
        parse_time(text)


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "{}", '{"package_requests": "foo"}', '{"package_requests": [1]}']
)
def test_a_file_that_is_no_context(tmp_path: Path, content: str) -> None:
    path = tmp_path / "x.rxt"
    path.write_text(content)
    with pytest.raises(ContextFileError, match="no context of Rez"):
        requests_of(str(path))


def test_the_requests_of_a_context(tmp_path: Path) -> None:
    path = tmp_path / "x.rxt"
    path.write_text(json.dumps({"package_requests": ["foo-1", "!bar"], "implicit_packages": ["~os"]}))
    assert requests_of(str(path)) == ["foo-1", "!bar"]
    with pytest.raises(ContextFileError, match="can't be read"):
        requests_of(str(tmp_path / "nope.rxt"))
