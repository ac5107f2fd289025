"""What holds for every lock, and for everything that only looks like one."""

from __future__ import annotations

import string
from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from rezup.errors import LockError
from rezup.lockfiles.difference import difference
from rezup.lockfiles.lock import Lock, LockedPackage, Origin, Wheel
from rezup.lockfiles.normalising import from_uv
from rezup.lockfiles.reading import parse
from rezup.lockfiles.selection import Target, check_fit, select
from rezup.lockfiles.urls import public_url
from rezup.lockfiles.writing import to_bytes

LETTERS = string.ascii_lowercase + string.digits
SHA = st.text("0123456789abcdef", min_size=64, max_size=64)
NAMES = st.from_regex(r"[a-z0-9]{1,8}(-[a-z0-9]{1,5}){0,2}", fullmatch=True)
VERSIONS = st.from_regex(
    r"[0-9]{1,3}(\.[0-9]{1,3}){0,3}(rc[1-9])?(\.post[1-9])?(\+[a-z0-9]{1,4})?", fullmatch=True
)
TAGS = st.sampled_from(
    ["py3-none-any", "py2.py3-none-any", "cp311-cp311-win_amd64", "cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64",
     "cp39-abi3-macosx_11_0_arm64", "7-py3-none-any"]
)  # fmt: skip
TEXTS = st.text(st.characters(exclude_categories=["C", "Z"]) | st.just(" "), min_size=1, max_size=20).filter(
    str.strip
)
MARKERS = st.none() | st.sampled_from(
    ["sys_platform == 'win32'", "sys_platform != 'win32'", "python_version < '3.9'"]
)
ORIGINS = st.none() | st.builds(
    Origin,
    st.sampled_from(["~/dev/tool", "git+https://host/tool@main", "C:\\dev \"x\" 'y'", "é.zip"]),
    SHA | st.just(""),
    st.text("0123456789abcdef", max_size=40),
    st.lists(NAMES, max_size=3).map(tuple),
)


@st.composite
def packages(draw, name: str) -> LockedPackage:
    version = draw(VERSIONS)
    wheels = []
    for tags in draw(st.lists(TAGS, min_size=1, max_size=4, unique=True)):
        file = f"{name.replace('-', '_')}-{version}-{tags}.whl"
        url = draw(
            st.none()
            | st.sampled_from(
                [f"https://host:81/a/{file.replace('+', '%2B')}", "http://h/x", f"https://h/{file}"]
            )
        )
        wheels.append(Wheel(file, draw(SHA), url, draw(st.none() | st.integers(0, 2**62))))
    return LockedPackage(name, version, tuple(sorted(wheels)), draw(MARKERS), draw(ORIGINS))


@st.composite
def locks(draw) -> Lock:
    found = tuple(draw(packages(name)) for name in sorted(draw(st.sets(NAMES, max_size=4))))
    if draw(st.booleans()):
        platforms = draw(
            st.lists(
                st.sampled_from(["linux-x86_64", "win32-amd64", "darwin-arm64"]), min_size=1, unique=True
            )
        )
        return Lock(
            found,
            draw(st.sampled_from(["2.7", "3.11"])),
            draw(st.sampled_from(["cpython", "pypy"])),
            tuple(platforms),
        )
    return Lock(
        found,
        requires_python=draw(st.none() | st.just(">=3.9")),
        environments=tuple(draw(st.lists(MARKERS.filter(bool), max_size=2))),
        default_groups=tuple(draw(st.lists(NAMES, max_size=2))),
    )


@given(locks())
def test_what_is_written_is_read_again(lock: Lock) -> None:
    data = to_bytes(lock)
    assert parse(data, "x") == lock
    assert to_bytes(parse(data, "x")) == data
    assert difference({"rez": lock}, {"rez": parse(data, "x")}) == ()


PIECES = [
    "", "..", "/etc/passwd", "../foo-1.0-py3-none-any.whl", "-e x", "x" * 9000, "https://u:p@h/x", "9" * 400, "\\u0000", "2.0",
    "[", "]", "{", "}", '"', "=", "\n", "[[packages]]", "wheels = []", "true", "-1", "1e999", "1979-05-27", "nan", "'''", "é",
    "(", "os_name", "python_version ~= 'x'", "*", ">=", "'x' in extras", "\\", "win32-", "name", "__proto__",
]  # fmt: skip


@given(locks(), st.data())
def test_a_damaged_lock_is_an_error_and_never_a_crash(lock: Lock, data: st.DataObject) -> None:
    text = to_bytes(lock).decode()
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 40)))
        text = text[:start] + data.draw(st.sampled_from(PIECES) | st.text(max_size=8)) + text[end:]
    damaged = text.encode("utf-8", "replace")
    target = Target("3.11", "3.11.7", "cpython", "linux-x86_64")
    with suppress(LockError):
        read = parse(damaged, "x")
        for package in read.packages:
            for wheel in package.wheels:
                assert not {"/", "\\"} & set(wheel.name)
                assert len(wheel.sha256) == 64
        with suppress(LockError):
            select(read, target, what="x")
        with suppress(LockError):
            check_fit(read, ["foo>=1", "bar; os_name == 'nt'"], what="x")
        with suppress(LockError):
            assert parse(to_bytes(read), "x").packages == read.packages
    with suppress(LockError):
        from_uv(damaged, python="3.11", implementation="cpython", platforms=("linux-x86_64",), built={})


@given(
    st.text(LETTERS, max_size=6),
    st.text(LETTERS + "/?#@:%;[]. \\", max_size=8),
    st.text(LETTERS + "/.-_?#@;=&", max_size=20),
)
def test_no_password_is_left_in_a_url(user: str, password: str, rest: str) -> None:
    found = public_url(f"https://{user}:CANARY{password}CANARY@host.example/{rest}")
    assert found is None or "CANARY" not in found
    assert found is None or public_url(found) == found
