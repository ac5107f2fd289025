"""A name of a wheel is one for locks, wheelhouse and bundles, on every platform, or for none of them."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rezup.containers.bundle_file import is_member
from rezup.errors import LockError
from rezup.lockfiles.lock import Wheel
from rezup.lockfiles.reading import parse
from rezup.lockfiles.wheel_names import is_wheel_name
from rezup.wheelhouse.names import check

SHA256 = "a" * 64
DEVICES = ["con", "prn", "aux", "nul", *(f"{kind}{digit}" for kind in ("com", "lpt") for digit in range(10))]
PARTS = (
    st.sampled_from([*DEVICES, *map(str.upper, DEVICES), "foo", "1.0", "py3", "none", "any", "cp311", "7", "\u0663", ""])
    | st.sampled_from([".x", "x.", "_x", "x_", "..", "f\u00f6\u00f6", "a/b", "a\\b", "a:b", "a b", "a\0", "x\n", "1!2.0", "1.0+a"])
    | st.text(max_size=6)
    | st.from_regex(r"[A-Za-z0-9._]{1,90}", fullmatch=True)
)  # fmt: skip
STEMS = st.builds(".".join, st.lists(PARTS, min_size=1, max_size=2))
NAMES = st.builds(
    lambda stem, parts, end: "-".join([stem, *parts]) + end,
    STEMS,
    st.lists(STEMS, min_size=4, max_size=5) | st.sampled_from([["1.0", "py3", "none", "any"]]),
    st.sampled_from([".whl"] * 9 + ["", ".WHL", ".whl/", ".whl ", ".whl."]),
)


def locked(name: str) -> bool:
    """Whether a lock may have a wheel of that name."""
    package = re.sub(r"[-_.]+", "-", name.partition("-")[0]).lower()
    file = f"{{name = {json.dumps(name)}, path = {json.dumps(f'wheels/{name}')}, hashes = {{sha256 = '{SHA256}'}}}}"
    text = f"lock-version = '1.0'\n[[packages]]\nname = {json.dumps(package)}\nwheels = [{file}]\n"
    try:
        (found,) = parse(text.encode(), "x").packages
    except LockError:
        return False
    return [wheel.name for wheel in found.wheels] == [name]


def stored(name: str) -> bool:
    """Whether the wheelhouse takes one."""
    try:
        return check(Wheel(name, SHA256)).name == name
    except LockError:
        return False


def every_platform_has_it(name: str) -> bool:
    """By the rules of Windows, which are the narrowest."""
    return (
        name.isascii()
        and name.isprintable()
        and len(name) <= 240
        and not set('<>:"/\\|?*') & set(name)
        and not name.endswith((".", " "))
        and name.partition(".")[0].lower() not in DEVICES
    )


@given(NAMES)
def test_all_agree_on_every_name(name: str) -> None:
    allowed = is_wheel_name(name)
    assert (locked(name), stored(name), is_member(f"wheels/{name}")) == (allowed,) * 3
    assert every_platform_has_it(name) or not allowed


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("foo-1.0-py3-none-any.whl", True),
        ("con-1.0-py3-none-any.whl", True),
        ("console.x-1.0-py3-none-any.whl", True),
        ("zope.con-1.0-py3-none-any.whl", True),
        ("con.x-1.0-py3-none-any.whl", False),
        ("LPT1.x-1.0-py3-none-any.whl", False),
        ("f" * 220 + "-1.0-py3-none-any.whl", False),
        ("f" * 219 + "-1.0-py3-none-any.whl", True),
        ("_foo-1.0-py3-none-any.whl", False),
        ("foo-1.0-x-py3-none-any.whl", False),
        ("foo-1.0-\u0663-py3-none-any.whl", False),
    ],
)
def test_all_agree_on_these(name: str, allowed: bool) -> None:
    assert [is_wheel_name(name), locked(name), stored(name), is_member(f"wheels/{name}")] == [allowed] * 4
    assert every_platform_has_it(name) or not allowed
