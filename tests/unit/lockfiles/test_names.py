"""Names of locks and of the wheels in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from rezup.lockfiles.names import is_lock_name, lock_name, lock_path
from rezup.lockfiles.wheel_names import fits_package, read_name


@pytest.mark.parametrize(
    ("tool", "name"),
    [
        (None, "pylock.toml"),
        ("maya", "pylock.maya.toml"),
        ("rez-thing", "pylock.rez-thing.toml"),
        ("a.b.c", "pylock.a_b_c.toml"),
        (".hidden", "pylock._hidden.toml"),
    ],
)
def test_a_lock_is_called_by_its_tool(tool: str | None, name: str) -> None:
    assert lock_name(tool) == name
    assert is_lock_name(name)
    # Newer than the oldest `packaging` that rezup takes.
    assert pytest.importorskip("packaging.pylock").is_valid_pylock_path(Path(name))


@pytest.mark.parametrize(
    "name",
    ["", "pylock", "pylock.", "pylock..toml", "pylock.a.b.toml", "Pylock.toml", "pylock.toml.bak", "pylock.a/b.toml",
     "uv.lock", "xpylock.toml", "pylock.a\\b.toml", "pylock.\n.toml", "pylock.tomltoml"],
)  # fmt: skip
def test_other_names_are_none_of_locks(name: str) -> None:
    assert not is_lock_name(name)


def test_locks_of_tools_lie_beside_the_one_of_rez() -> None:
    lock = Path("/studio/locks/pylock.toml")
    assert lock_path(lock, lock_name(None)) == lock
    assert lock_path(lock, lock_name("maya")) == Path("/studio/locks/pylock.maya.toml")
    # The recipe names that of Rez, which may be called as it likes.
    other = Path("/studio/locks/pylock.dev.toml")
    assert lock_path(other, lock_name(None)) == other
    assert lock_path(other, lock_name("maya")) == Path("/studio/locks/pylock.dev-maya.toml")


@pytest.mark.parametrize(
    ("name", "package", "version"),
    [
        ("rez-3.4.0-py3-none-any.whl", "rez", "3.4.0"),
        ("python_dateutil-2.9.0.post0-py2.py3-none-any.whl", "python-dateutil", "2.9.0.post0"),
        ("zope.interface-5.0-cp27-cp27mu-manylinux1_x86_64.whl", "zope-interface", "5.0"),
        ("torch-2.13.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl", "torch", "2.13.0+cpu"),
        ("foo-1.0-3-py3-none-any.whl", "foo", "1.0"),
        ("foo-1.0+local_1-py3-none-any.whl", "foo", "1.0+local.1"),
        ("foo-1.0.0-py3-none-any.whl", "foo", "1.0"),
        ("foo-1!2.0-py3-none-any.whl", "foo", "1!2.0"),
    ],
)
def test_a_wheel_is_of_its_package(name: str, package: str, version: str) -> None:
    assert fits_package(name, package, version)
    assert not fits_package(name, "other", version)
    assert not fits_package(name, package, "9.9.9")


@pytest.mark.parametrize(
    "name",
    ["", ".whl", "foo.whl", "foo-1.0.whl", "../foo-1.0-py3-none-any.whl", "foo-1.0-py3-none-any.whl/", "a/foo-1.0-py3-none-any.whl",
     "foo-1.0-py3-none-any.zip", "-foo-1.0-py3-none-any.whl", "foo-1.0-x-py3-none-any.whl", "foo-1.0-py3-none-any.whl\n",
     "foo-1.0 -py3-none-any.whl", "foo-1.0-..-none-any.whl", "foo-1.0-py3.-none-any.whl", "foo-1.0-py3-none-any.WHL", f"foo-{'1' * 255}-py3-none-any.whl", ".foo-1.0-py3-none-any.whl"],
)  # fmt: skip
def test_what_is_no_name_of_a_wheel(name: str) -> None:
    assert read_name(name) is None
    assert not fits_package(name, "foo", "1.0")


def test_builds_sort_by_number() -> None:
    numbers = [read_name(f"foo-1.0-{build}-py3-none-any.whl") for build in ("2", "10", "10a")]
    builds = [name.build for name in numbers if name]
    assert builds == sorted(builds) == [(2, ""), (10, ""), (10, "a")]
