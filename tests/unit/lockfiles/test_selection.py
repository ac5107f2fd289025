"""What of a lock is installed where."""

from __future__ import annotations

import subprocess
import sys

import pytest
from packaging.tags import Tag

from rezup.errors import LockError
from rezup.lockfiles.lock import Lock, LockedPackage, Wheel
from rezup.lockfiles.selection import Target, check_fit, select, uncovered
from rezup.lockfiles.targets import platform_marker, ranked_by_name, this_target
from rezup.system.machine import platform_tag

ALL = ("linux-x86_64", "linux-aarch64", "win32-amd64", "win32-arm64", "darwin-arm64", "darwin-x86_64")


def wheels(package: str, version: str, *tags: str) -> tuple[Wheel, ...]:
    names = sorted(f"{package}-{version}-{tag}.whl" for tag in tags)
    return tuple(Wheel(name, f"{number:064x}") for number, name in enumerate(names))


def package(name: str, *tags: str, version: str = "1.0", marker: str | None = None) -> LockedPackage:
    return LockedPackage(name, version, wheels(name, version, *(tags or ("py3-none-any",))), marker)


def lock_of(*packages: LockedPackage, python: str = "3.11", platforms: tuple[str, ...] = ALL) -> Lock:
    return Lock(packages, python, "cpython", platforms)


def target(platform: str = "linux-x86_64", python: str = "3.11", implementation: str = "cpython") -> Target:
    return Target(python, f"{python}.7", implementation, platform)


def chosen(lock: Lock, place: Target, **more) -> dict[str, list[str]]:
    return {
        item.package.name: [wheel.name.split("-", 2)[2][:-4] for wheel in item.wheels]
        for item in select(lock, place, what="the.toml", **more)
    }


def refused(lock: Lock, place: Target) -> LockError:
    with pytest.raises(LockError) as caught:
        select(lock, place, what="the.toml")
    assert "the.toml" in caught.value.message
    assert caught.value.hint
    return caught.value


NATIVE = (
    "cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64", "cp311-cp311-manylinux_2_28_x86_64", "cp311-cp311-musllinux_1_2_x86_64",
    "cp311-cp311-linux_x86_64", "cp311-cp311-manylinux_2_28_aarch64", "cp311-cp311-win_amd64", "cp311-cp311-win32",
    "cp311-cp311-win_arm64", "cp311-cp311-macosx_11_0_arm64", "cp311-cp311-macosx_14_0_arm64",
    "cp311-cp311-macosx_10_9_universal2", "cp311-cp311-macosx_10_9_x86_64", "cp312-cp312-win_amd64", "cp39-abi3-win_amd64",
    "cp313-cp313t-win_amd64", "py3-none-any", "py2-none-any", "cp311-cp311t-win_amd64", "pp311-pypy311_pp73-win_amd64",
)  # fmt: skip


@pytest.mark.parametrize(
    ("platform", "tags"),
    [
        ("win32-amd64", ["cp311-cp311-win_amd64", "cp39-abi3-win_amd64", "py3-none-any"]),
        ("win32-arm64", ["cp311-cp311-win_arm64", "py3-none-any"]),
        ("win32-x86", ["cp311-cp311-win32", "py3-none-any"]),
        ("darwin-arm64", ["cp311-cp311-macosx_14_0_arm64", "cp311-cp311-macosx_11_0_arm64",
                          "cp311-cp311-macosx_10_9_universal2", "py3-none-any"]),
        ("darwin-x86_64", ["cp311-cp311-macosx_10_9_x86_64", "cp311-cp311-macosx_10_9_universal2", "py3-none-any"]),
        ("linux-aarch64", ["cp311-cp311-manylinux_2_28_aarch64", "py3-none-any"]),
        ("linux-x86_64", ["cp311-cp311-manylinux_2_28_x86_64", "cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64",
                          "cp311-cp311-linux_x86_64", "cp311-cp311-musllinux_1_2_x86_64", "py3-none-any"]),
        ("linux-riscv64", ["py3-none-any"]),
        ("freebsd14-amd64", ["py3-none-any"]),
    ],
)  # fmt: skip
def test_a_platform_gets_its_wheels_best_first(platform: str, tags: list[str]) -> None:
    found = ranked_by_name(package("foo", *NATIVE).wheels, target(platform))
    assert [wheel.name.split("-", 2)[2][:-4] for wheel in found] == tags
    if platform != platform_tag():
        assert chosen(lock_of(package("foo", *NATIVE), platforms=(platform,)), target(platform)) == {
            "foo": tags
        }


def test_this_machine_gets_what_its_own_pip_would_take() -> None:
    from packaging.tags import sys_tags

    mine = this_target()
    own = [str(tag) for tag in sys_tags()]
    lock = lock_of(
        package("foo", *own[::7], "cp20-cp20-win_amd64"), python=mine.python, platforms=(mine.platform,)
    )
    if mine.implementation != "cpython":
        pytest.skip("tags of CPython")
    assert chosen(lock, mine) == {"foo": own[::7]}


def test_tags_that_are_given_decide() -> None:
    lock = lock_of(package("foo", *NATIVE))
    tags = [Tag("py2", "none", "any"), Tag("cp313", "cp313t", "win_amd64")]
    assert chosen(lock, target("win32-amd64"), tags=tags) == {
        "foo": ["py2-none-any", "cp313-cp313t-win_amd64"]
    }


@pytest.mark.parametrize(
    ("python", "tags"),
    [
        ("2.7", ["cp27-cp27mu-manylinux1_aarch64", "cp27-cp27m-manylinux1_aarch64", "py2.py3-none-any"]),
        ("3.7", ["cp37-cp37m-manylinux1_aarch64", "py2.py3-none-any"]),
        ("3.13", ["cp313-cp313-manylinux1_aarch64", "py2.py3-none-any"]),
    ],
)
def test_the_python_decides_as_well(python: str, tags: list[str]) -> None:
    every = (
        "cp27-cp27m-manylinux1_aarch64", "cp27-cp27mu-manylinux1_aarch64", "cp37-cp37m-manylinux1_aarch64",
        "cp313-cp313-manylinux1_aarch64", "py2.py3-none-any",
    )  # fmt: skip
    lock = lock_of(package("foo", *every), python=python)
    if platform_tag() == "linux-aarch64":
        pytest.skip("is this machine")
    assert chosen(lock, target("linux-aarch64", python)) == {"foo": tags}


def test_pypy_gets_its_own_wheels() -> None:
    lock = lock_of(package("foo", *NATIVE))._replace(implementation="pypy")
    place = Target("3.11", "3.11.9", "pypy", "win32-amd64")
    assert chosen(lock, place) == {"foo": ["pp311-pypy311_pp73-win_amd64", "py3-none-any"]}


def test_a_later_build_is_better() -> None:
    lock = lock_of(
        LockedPackage("foo", "1.0", wheels("foo", "1.0", "2-py3-none-any", "10-py3-none-any", "py3-none-any"))
    )
    found = [wheel.name for wheel in select(lock, target(), what="x")[0].wheels]
    assert found == ["foo-1.0-10-py3-none-any.whl", "foo-1.0-2-py3-none-any.whl", "foo-1.0-py3-none-any.whl"]


def test_markers_choose_packages_and_versions() -> None:
    lock = lock_of(
        package("win", marker="sys_platform == 'win32'"),
        package("foo", version="1.0", marker="platform_machine == 'AMD64'"),
        package("foo", version="2.0", marker="platform_machine != 'AMD64'"),
        package("old", marker="python_full_version < '3.11.5'"),
        package("mac", marker="platform_system == 'Darwin' and os_name == 'posix'"),
        package(
            "cp", marker="platform_python_implementation == 'CPython' and implementation_name == 'cpython'"
        ),
        package("extra", marker="extra == 'x' or 'x' in extras or 'dev' in dependency_groups"),
        package("release", marker="platform_release >= '400' and platform_version == 'x'"),
    )

    def names(platform: str) -> list[str]:
        return [
            f"{item.package.name} {item.package.version}" for item in select(lock, target(platform), what="x")
        ]

    assert names("win32-amd64") == ["cp 1.0", "foo 1.0", "win 1.0"]
    assert names("darwin-arm64") == ["cp 1.0", "foo 2.0", "mac 1.0"]
    assert names("linux-x86_64") == ["cp 1.0", "foo 2.0"]


def test_groups_that_others_install_by_default_are_installed() -> None:
    lock = Lock((package("foo", marker="'dev' in dependency_groups"),), default_groups=("dev",))
    assert list(chosen(lock, target())) == ["foo"]
    assert not chosen(lock._replace(default_groups=()), target())


def test_two_versions_at_once_are_refused() -> None:
    lock = lock_of(
        package("foo", version="1.0", marker="os_name == 'posix'"),
        package("foo", version="2.0", marker="os_name != 'x'"),
    )
    assert "two versions of foo" in str(refused(lock, target()))


@pytest.mark.parametrize(
    ("place", "says", "hint"),
    [
        (target(python="3.12"), "cpython 3.11, and the environment has cpython 3.12.7", "rezup lock"),
        (target(implementation="pypy"), "pypy 3.11.7", "rezup lock"),
        (target("darwin-arm64"), "covers linux-x86_64, not darwin-arm64", "`platforms`"),
    ],
)
def test_a_lock_for_something_else_is_refused(place: Target, says: str, hint: str) -> None:
    error = refused(lock_of(platforms=("linux-x86_64",)), place)
    assert says in (error.context or "")
    assert hint in (error.hint or "")


@pytest.mark.parametrize(
    ("lock", "says"),
    [
        (Lock((), requires_python=">=3.12"), "Python >=3.12"),
        (Lock((), requires_python="new"), "no range"),
        (Lock((), environments=("sys_platform == 'win32'", "os_name == 'java'")), "none of its environments"),
        (Lock((package("foo", marker="a b c"),)), "no marker"),
        (Lock((package("foo", marker="(" * 3000),)), "no marker"),
        (Lock((package("foo", marker="extra == os_nam"),)), "no marker"),
        (Lock((package("foo", marker="python_version ~= 'x'"),)), "no marker"),
    ],
)
def test_a_lock_of_others_for_something_else_is_refused(lock: Lock, says: str) -> None:
    assert says in (refused(lock, target()).context or "")


def test_a_lock_of_others_that_fits_is_taken() -> None:
    lock = Lock(
        (package("foo"),), requires_python=">=3.9", environments=("os_name == 'nt'", "os_name == 'posix'")
    )
    assert list(chosen(lock, target())) == ["foo"]


def test_a_package_that_has_nothing_for_here_is_named() -> None:
    error = refused(
        lock_of(package("foo", *(f"cp3{n}-cp3{n}-win_amd64" for n in range(12, 20)))), target("darwin-arm64")
    )
    assert "no wheel of foo 1.0 fits cpython 3.11 on darwin-arm64" in (error.context or "")
    assert "foo-1.0-cp312-cp312-win_amd64.whl" in (error.context or "")
    assert "and 3 more" in (error.context or "")
    assert "only something to build" in str(refused(lock_of(LockedPackage("foo", "1.0", ())), target()))


def test_what_platforms_lack_is_told_before_locking() -> None:
    lock = lock_of(
        package("pure"),
        package("native", "cp311-cp311-win_amd64", "cp311-cp311-manylinux_2_17_aarch64"),
        package("musl", "py3-none-musllinux_1_2_aarch64", marker="sys_platform == 'linux'"),
        package("winonly", "py3-none-win_amd64", marker="sys_platform == 'win32'"),
    )
    if platform_tag() in ("linux-aarch64", "win32-amd64", "darwin-arm64"):
        pytest.skip("is this machine")
    gaps = uncovered(lock, ("win32-amd64", "linux-aarch64", "darwin-arm64"))
    assert [str(gap) for gap in gaps] == ["musl 1.0 on linux-aarch64", "native 1.0 on darwin-arm64"]
    assert uncovered(lock, ("win32-amd64",)) == ()


def test_a_lock_that_meets_all_requirements_fits() -> None:
    lock = lock_of(
        package("foo-bar", version="2.0rc1"),
        package("torch", version="2.1+cpu"),
        package("win", marker="os_name == 'nt'"),
    )
    check_fit(
        lock,
        ["Foo.Bar>=1", "foo_bar[extra]==2.0rc1", "torch==2.1", "win; os_name == 'nt'", "foo-bar @ https://host/x.zip",
         "~/dev/tool", "git+https://host/x", "./x.whl", "mac; sys_platform == 'java'"],
        what="x",
    )  # fmt: skip


def test_everything_that_a_lock_lacks_is_named_at_once() -> None:
    lock = lock_of(package("foo", version="1.0"), package("win", marker="os_name == 'nt'"))
    with pytest.raises(LockError) as caught:
        check_fit(lock, ["foo>=2", "bar", "win", "baz @ https://u:canary@host/baz.zip"], what="the.toml")
    context = caught.value.context or ""
    assert "foo>=2 (it has 1.0)" in context
    assert "bar" in context
    assert "win (linux-x86_64)" in context
    assert "baz" in context
    assert "canary" not in str(caught.value)
    assert "the.toml" in caught.value.message
    assert "--upgrade" in (caught.value.hint or "")
    check_fit(lock, ["win"], what="x", target=target("win32-amd64"))


def test_a_lock_of_others_is_looked_at_from_here() -> None:
    lock = Lock((package("foo"), package("elsewhere", marker="os_name == 'java'")))
    check_fit(lock, ["foo"], what="x")
    with pytest.raises(LockError, match="elsewhere"):
        check_fit(lock, ["elsewhere"], what="x")


@pytest.mark.parametrize("platform", ALL)
def test_the_marker_of_a_platform_holds_there_alone(platform: str) -> None:
    lock = lock_of(package("foo", marker=platform_marker(platform)))
    assert [other for other in ALL if chosen(lock, target(other))] == [platform]


def test_choosing_without_markers_imports_none_of_them() -> None:
    code = (
        "import sys\n"
        "from rezup.lockfiles.lock import Lock, LockedPackage, Wheel\n"
        "from rezup.lockfiles.selection import select\n"
        "from rezup.lockfiles.targets import this_target\n"
        "here = this_target()\n"
        "wheel = Wheel('foo-1.0-py3-none-any.whl', '0' * 64)\n"
        "lock = Lock((LockedPackage('foo', '1.0', (wheel,)),), here.python, here.implementation, (here.platform,))\n"
        "assert select(lock, here, what='x')\n"
        "print([name for name in sys.modules if name in ('packaging.markers', 'packaging.requirements')])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("platform", "tags"),
    [
        ("win32-amd64", ["cp311-cp311-win_amd64", "py3-none-any"]),
        ("darwin-arm64", ["cp311-cp311-macosx_14_0_arm64", "cp311-cp311-macosx_11_0_arm64",
                          "cp311-cp311-macosx_10_9_universal2", "py3-none-any"]),
        ("darwin-x86_64", ["cp311-cp311-macosx_10_9_x86_64", "py3-none-any"]),
        ("linux-x86_64", ["cp311-cp311-manylinux_2_28_x86_64", "cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64",
                          "cp311-cp311-linux_x86_64", "cp311-cp311-musllinux_1_2_x86_64", "py3-none-any"]),
    ],
)  # fmt: skip
def test_machines_of_a_platform_that_differ_get_theirs_each(platform: str, tags: list[str]) -> None:
    lock = lock_of(package("foo", *NATIVE), platforms=(platform,))
    assert chosen(lock, target(platform), any_machine=True) == {"foo": tags}
    future = lock_of(package("foo", "cp311-cp311-manylinux_2_99_x86_64"), platforms=("linux-x86_64",))
    assert chosen(future, target(), any_machine=True) == {"foo": ["cp311-cp311-manylinux_2_99_x86_64"]}
