"""Changes of a context's request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rezup.errors import ContextError, InvalidRequirementError
from rezup.resolver.version import Version
from rezup.runtime.context.patching import lock_request, lock_requests, patched_request
from support.context_worlds import World

if TYPE_CHECKING:
    from rezup.runtime.context.context import Context


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Context:
    return World(tmp_path_factory.mktemp("world")).context("python-3.11 maya !toggle ~scripts-2")


@pytest.mark.parametrize(
    ("changes", "options", "expected"),
    [
        (["maya-2024"], {}, "python-3.11 maya-2024 !toggle ~scripts-2"),
        (["^maya", "rig"], {}, "python-3.11 !toggle ~scripts-2 rig"),
        (["!toggle-1", "~scripts-1"], {}, "python-3.11 maya !toggle-1 ~scripts-1"),
        (["toggle", "!maya-2023"], {}, "python-3.11 maya !toggle ~scripts-2 toggle !maya-2023"),
        (["maya-1", "maya-2"], {}, "python-3.11 maya-1 !toggle ~scripts-2 maya-2"),
        ([], {"without": ["toggle", "python"]}, "maya ~scripts-2"),
        (["rig"], {"strict": True}, "python-3.11.4.1 maya-2024.2 rig"),
        (["rig"], {"strict": True, "rank": 3}, "python-3.11.4.1 maya-2024.2 rig"),
        ([], {"rank": 1}, "python-3.11 maya !toggle ~scripts-2"),
        ([], {"rank": 2}, "python-3.11 maya !toggle ~scripts-2 ~python<3_ ~maya<2024_"),
        (["maya-2025"], {"rank": 3}, "python-3.11 maya-2025 !toggle ~scripts-2 ~python<3.11_"),
        (
            ["!maya-2025"],
            {"rank": 2},
            "python-3.11 maya !toggle ~scripts-2 !maya-2025 ~python<3_ ~maya<2024_",
        ),
        ([], {"rank": 5}, "python-3.11 maya !toggle ~scripts-2"),
    ],
)
def test_patches(context: Context, changes: list[str], options: dict[str, Any], expected: str) -> None:
    assert patched_request(context, changes, **options) == expected.split()


def test_what_can_not_be_patched(context: Context) -> None:
    with pytest.raises(InvalidRequirementError) as caught:
        patched_request(context, ["-x"])
    assert "^NAME" in str(caught.value.hint)
    failed = context._replace(status="failed", resolved_packages=())
    assert patched_request(failed, ["rig"])[-1] == "rig"
    for options in ({"strict": True}, {"rank": 2}):
        with pytest.raises(ContextError, match="can't be patched that way"):
            patched_request(failed, ["rig"], **options)  # type: ignore[arg-type]


def test_locks(context: Context) -> None:
    locked = context._replace(default_patch_lock="lock_3", patch_locks={"maya": "lock", "none": "lock"})
    assert lock_requests(context) == []
    assert lock_requests(locked) == ["~python-3.11", "~maya==2024.2"]
    assert lock_request("foo", Version("1"), "lock_4", weak=False) == "foo-1"
    assert lock_request("foo", Version(""), "lock_2") is None
    with pytest.raises(ContextError, match="'lock_5' is no patch lock"):
        lock_request("foo", Version("1"), "lock_5")
