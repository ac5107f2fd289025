"""Equal keys mean equal environments."""

from __future__ import annotations

from typing import Any

import pytest

from rezup.cache.fingerprint import fingerprint, is_key
from rezup.system.interpreters import running

PYTHON = running().base
BASE: dict[str, Any] = {
    "contents": {"lock": b"a"}, "interpreter": PYTHON, "platform": "linux-x86_64", "libc": "glibc-2.36", "flags": ("x",),
}  # fmt: skip


def key(**changes: Any) -> str:
    given = {**BASE, **changes}
    contents, interpreter = given.pop("contents"), given.pop("interpreter")
    return fingerprint(contents, interpreter, **given).key


@pytest.mark.parametrize(
    "changes",
    [
        {"contents": {"lock": b"b"}},
        {"contents": {"other": b"a"}},
        {"contents": {"lock": b"a", "other": b""}},
        {"interpreter": PYTHON._replace(version="3.99.0")},
        {"interpreter": PYTHON._replace(implementation="pypy")},
        {"interpreter": PYTHON._replace(abi="other")},
        {"platform": "linux-aarch64"},
        {"libc": "musl"},
        {"libc": "glibc-2.31"},
        {"flags": ()},
        {"flags": ("x", "y")},
    ],
    ids=str,
)
def test_whatever_makes_a_difference_changes_the_key(changes: dict[str, Any]) -> None:
    assert key(**changes) != key()


def test_the_place_of_the_interpreter_and_the_order_of_files_do_not(tmp_path: Any) -> None:
    assert key(interpreter=PYTHON._replace(path=tmp_path)) == key()
    assert key(contents={"a": b"1", "b": b"2"}) == key(contents={"b": b"2", "a": b"1"})


def test_a_key_is_a_key_and_nothing_else_is() -> None:
    assert is_key(key())
    for text in ("", "..", key()[1:], key().upper(), "/" + key()[1:], key() + "0"):
        assert not is_key(text)
