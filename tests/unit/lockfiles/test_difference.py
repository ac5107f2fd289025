"""What changed between locks."""

from __future__ import annotations

from rezup.lockfiles.difference import PackageChange, difference
from rezup.lockfiles.lock import Lock, LockedPackage, Wheel


def package(name: str, version: str, *files: tuple[str, str], marker: str | None = None) -> LockedPackage:
    wheels = tuple(Wheel(f"{name}-{version}-{tags}.whl", sha * 64) for tags, sha in files)
    return LockedPackage(name, version, wheels, marker)


def lock_of(*packages: LockedPackage) -> Lock:
    return Lock(packages, "3.11", "cpython", ("linux-x86_64",))


PURE = ("py3-none-any", "a")


def test_packages_come_go_change_and_are_rebuilt() -> None:
    before = {
        "rez": lock_of(package("foo", "1.0", PURE), package("gone", "1.0", PURE), package("same", "1.0", PURE),
                       package("built", "1.0", PURE)),
        "old": lock_of(package("foo", "1.0", PURE)),
    }  # fmt: skip
    after = {
        "rez": lock_of(package("foo", "1.1", PURE), package("new", "2.0", PURE), package("same", "1.0", PURE),
                       package("built", "1.0", ("py3-none-any", "b"))),
        "maya": lock_of(package("foo", "1.0", PURE)),
    }  # fmt: skip
    assert difference(before, after) == (
        PackageChange("maya", "foo", None, "1.0", "added"),
        PackageChange("old", "foo", "1.0", None, "removed"),
        PackageChange("rez", "built", "1.0", "1.0", "rebuilt"),
        PackageChange("rez", "foo", "1.0", "1.1", "changed"),
        PackageChange("rez", "gone", "1.0", None, "removed"),
        PackageChange("rez", "new", None, "2.0", "added"),
    )
    assert difference(before, before) == ()


def test_a_further_platform_rebuilds_nothing() -> None:
    linux = package("foo", "1.0", ("cp311-cp311-manylinux1_x86_64", "a"))
    both = package("foo", "1.0", ("cp311-cp311-manylinux1_x86_64", "a"), ("cp311-cp311-win_amd64", "b"))
    other = package("foo", "1.0", ("cp311-cp311-win_amd64", "b"))
    assert difference({"rez": lock_of(linux)}, {"rez": lock_of(both)}) == ()
    assert difference({"rez": lock_of(linux)}, {"rez": lock_of(other)}) == ()


def test_a_new_build_number_is_a_rebuild() -> None:
    one, two = package("foo", "1.0", ("1-py3-none-any", "a")), package("foo", "1.0", ("2-py3-none-any", "b"))
    assert [item.kind for item in difference({"rez": lock_of(one)}, {"rez": lock_of(two)})] == ["rebuilt"]


def test_versions_for_several_platforms_stand_together() -> None:
    before = lock_of(package("foo", "1.0", PURE))
    after = lock_of(package("foo", "1.0", PURE, marker="a"), package("foo", "2.0", PURE, marker="b"))
    assert difference({"rez": before}, {"rez": after}) == (
        PackageChange("rez", "foo", "1.0", "1.0, 2.0", "changed"),
    )
