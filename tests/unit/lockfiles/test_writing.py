"""Locks to bytes: always the same, valid for others, without credentials."""

from __future__ import annotations

import sys

import pytest

from rezup.errors import LockError
from rezup.lockfiles.lock import Lock, LockedPackage, Origin, Wheel
from rezup.lockfiles.reading import parse
from rezup.lockfiles.urls import public_url
from rezup.lockfiles.writing import to_bytes

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SHA = "ab" * 32
FOO = "foo-1.0-py3-none-any.whl"


def lock_of(*packages: LockedPackage) -> Lock:
    return Lock(packages, "3.11", "cpython", ("linux-x86_64", "win32-amd64"))


def test_the_text_is_a_lock_by_the_published_rule() -> None:
    lock = lock_of(
        LockedPackage("bar", "2.0", (Wheel("bar-2.0-py3-none-any.whl", SHA, "https://host/bar-2.0-py3-none-any.whl", 7),)),
        LockedPackage("foo", "1.0", (Wheel(FOO, SHA),), "sys_platform == 'linux'", Origin("~/dev/foo", SHA, "", ("rez",))),
    )  # fmt: skip
    document = tomllib.loads(to_bytes(lock).decode())
    found = pytest.importorskip("packaging.pylock").Pylock.from_dict(document)
    found.validate()
    assert str(found.requires_python) == "==3.11.*"
    assert found.created_by == "rezup"
    assert [str(marker) for marker in found.environments or ()] == [
        'sys_platform == "linux" and platform_machine == "x86_64"',
        'sys_platform == "win32" and platform_machine == "AMD64"',
    ]
    assert document["packages"][1]["wheels"] == [
        {"name": FOO, "path": f"wheels/{FOO}", "hashes": {"sha256": SHA}}
    ]
    assert "path" not in document["packages"][0]["wheels"][0]
    assert document["packages"][1]["tool"]["rezup"] == {
        "source": "~/dev/foo",
        "digest": SHA,
        "tools": ["rez"],
    }
    assert parse(to_bytes(lock), "x") == lock


def test_the_order_of_what_is_locked_changes_no_byte() -> None:
    one = LockedPackage("foo", "1.0", (Wheel(FOO, SHA), Wheel("foo-1.0-py2-none-any.whl", SHA)))
    two = LockedPackage("bar", "1.0", (Wheel("bar-1.0-py3-none-any.whl", SHA),))
    turned = one._replace(wheels=one.wheels[::-1])
    assert to_bytes(lock_of(one, two)) == to_bytes(lock_of(two, turned))


def test_a_lock_of_others_keeps_what_it_covers() -> None:
    package = LockedPackage("foo", "1.0", (Wheel(FOO, SHA),), "'dev' in dependency_groups")
    lock = Lock(
        (package,), requires_python=">=3.9", environments=("os_name == 'nt'",), default_groups=("dev",)
    )
    data = to_bytes(lock)
    assert parse(data, "x") == lock
    pytest.importorskip("packaging.pylock").Pylock.from_dict(tomllib.loads(data.decode())).validate()


def test_what_has_no_wheel_cannot_be_locked() -> None:
    with pytest.raises(LockError, match=r"foo 1\.0 can't be locked") as caught:
        to_bytes(lock_of(LockedPackage("foo", "1.0", ())))
    assert "sdists" in (caught.value.hint or "")


URLS = [
    ("https://host/a/foo.whl", "https://host/a/foo.whl"),
    ("HTTPS://Host:8080/foo.whl", "https://Host:8080/foo.whl"),
    ("https://user:canary@host/foo.whl", "https://host/foo.whl"),
    ("https://canary@host/foo.whl", "https://host/foo.whl"),
    ("https://git@host/foo.whl", "https://host/foo.whl"),
    ("https://host/foo.whl?token=canary", "https://host/foo.whl"),
    ("https://host/foo.whl?Expires=1&X=canary#sha256=1", "https://host/foo.whl"),
    ("https://host/foo.whl#canary", "https://host/foo.whl"),
    ("https://host/foo.whl;sig=canary", "https://host/foo.whl"),
    ("https://host?canary", "https://host"),
    ("https://user:can/ary@host/foo.whl", None),
    ("https://user:can#ary@host/foo.whl", None),
    ("https://user:can?ary@host/foo.whl", None),
    ("https://user:can@ary@host/foo.whl", "https://host/foo.whl"),
    ("https://[::1]:80/foo.whl", "https://[::1]:80/foo.whl"),
    ("https://host/foo-1.0%2Bcpu.whl", "https://host/foo-1.0%2Bcpu.whl"),
    ("https://host/https%3A%2F%2Fu%3Acanary%40x/foo.whl", None),
    ("https://can ary/foo.whl", None),
    ("https://user:canary", None),
    ("ftp://host/foo.whl", None),
    ("file:///foo.whl", None),
    ("foo.whl", None),
    ("", None),
]


@pytest.mark.parametrize(("url", "public"), URLS)
def test_a_url_loses_all_that_may_be_secret(url: str, public: str | None) -> None:
    found = public_url(url)
    if public is not None:
        assert found == public
    assert found is None or not any(part in found for part in ("can", "ary", "@", "?", "#"))
    if found is not None:
        assert public_url(found) == found


@pytest.mark.parametrize("url", [url for url, public in URLS if public and url != public])
def test_no_canary_gets_into_a_lock(url: str) -> None:
    origin = Origin("git+https://user:canary@host/foo?token=canary@main")
    data = to_bytes(lock_of(LockedPackage("foo", "1.0", (Wheel(FOO, SHA, url),), None, origin)))
    assert b"can" not in data
    assert b"ary" not in data


def test_a_url_that_keeps_its_secret_cannot_be_locked() -> None:
    wheel = Wheel(FOO, SHA, "https://host/https%3A%2F%2Fu%3Acanary%40x/foo.whl")
    with pytest.raises(LockError) as caught:
        to_bytes(lock_of(LockedPackage("foo", "1.0", (wheel,))))
    assert FOO in caught.value.message
    assert "canary" not in str(caught.value)


def test_a_package_without_a_version_can_be_read_again() -> None:
    lock = lock_of(LockedPackage("foo", "", (Wheel(FOO, SHA), Wheel("foo-1.0-py2-none-any.whl", SHA))))
    assert "version" not in tomllib.loads(to_bytes(lock).decode())["packages"][0]
    assert {wheel.name for wheel in parse(to_bytes(lock), "x").packages[0].wheels} == {
        wheel.name for wheel in lock.packages[0].wheels
    }
