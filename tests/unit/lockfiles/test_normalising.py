"""What a real uv resolved from wheels of the test, made into locks."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from rezup.errors import LockError
from rezup.lockfiles.document import Source
from rezup.lockfiles.lock import Lock, Origin, Wheel
from rezup.lockfiles.normalising import from_uv, local_wheels, sources
from rezup.lockfiles.selection import uncovered
from support.wheels import write_project, write_wheel

SHA = "ab" * 32
ALL = ("linux-x86_64", "win32-amd64", "darwin-arm64")


def uv(folder: Path, requirements: str, *options: str, python: str = "3.11") -> bytes:
    """What the uv that is installed writes; it sees no index and no configuration."""
    find_uv_bin = pytest.importorskip("uv").find_uv_bin
    (folder / "requirements.in").write_text(requirements)
    done = subprocess.run(
        [find_uv_bin(), "--no-config", "--offline", "--cache-dir", str(folder / "cache"), "pip", "compile", "--format", "pylock.toml",
         "--no-index", "--find-links", str(folder / "links"), "--python-version", python, *options, "requirements.in"],
        capture_output=True, cwd=folder, check=False, env={"PATH": "/usr/bin:/bin", "HOME": str(folder)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def made(data: bytes, *platforms: str, python: str = "3.11", built=None) -> Lock:
    return from_uv(
        data, python=python, implementation="cpython", platforms=platforms or ALL, built=built or {}
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    links = tmp_path / "links"
    write_wheel(links, "foo", "1.0", {}, requires=[
        "bar-baz>=1", "win-only; sys_platform == 'win32'", "late; python_version >= '3.12'",
        "patchy; python_full_version < '3.11.4'", "never; sys_platform == 'java'", "pypies; implementation_name == 'pypy'",
        "here; python_version >= '3.8' and platform_machine != 'mips'", "kernel; platform_release >= '5'",
    ])  # fmt: skip
    for name in ("bar-baz", "win-only", "late", "patchy", "never", "pypies", "here", "kernel"):
        write_wheel(links, name, "1.5", {})
    return tmp_path


def native(links: Path, name: str, version: str, *tags: str) -> None:
    """Wheels for platforms, by their names."""
    pure = write_wheel(links, name, version, {})
    for tag in tags:
        shutil.copy(pure, links / f"{name}-{version}-{tag}.whl")
    pure.unlink()


def test_packages_that_no_platform_needs_are_left_out_and_markers_that_always_hold(folder: Path) -> None:
    data = uv(folder, "foo", "--universal")
    found = {item.name: item.marker for item in made(data).packages}
    assert found == {
        "bar-baz": None,
        "foo": None,
        "here": None,
        "kernel": found["kernel"],
        "patchy": found["patchy"],
        "win-only": "sys_platform == 'win32'",
    }
    assert "3.11.4" in (found["patchy"] or "")
    assert "platform_release" in (found["kernel"] or "")
    assert "win-only" not in [item.name for item in made(data, "linux-x86_64").packages]
    only_windows = {item.name: item.marker for item in made(data, "win32-amd64").packages}
    assert only_windows["win-only"] is None
    lock = made(data)
    assert (lock.python, lock.implementation, lock.platforms) == ("3.11", "cpython", ALL)


def test_wheels_of_a_folder_are_locked_by_path_and_found_there(folder: Path) -> None:
    data = uv(folder, "bar-baz")
    (package,) = made(data).packages
    (wheel,) = package.wheels
    assert wheel.url is None
    assert wheel.path == "wheels/bar_baz-1.5-py2.py3-none-any.whl"
    (url,) = local_wheels(data).values()
    assert url.endswith("/links/bar_baz-1.5-py2.py3-none-any.whl")
    assert list(local_wheels(data)) == [wheel.sha256]


def test_wheels_for_others_are_left_out(folder: Path) -> None:
    native(
        folder / "links", "native", "2.0", "cp311-cp311-manylinux_2_17_x86_64", "cp311-cp311-musllinux_1_2_x86_64",
        "cp311-cp311-manylinux_2_17_aarch64", "cp311-cp311-win_amd64", "cp311-cp311-macosx_11_0_arm64",
        "cp312-cp312-win_amd64", "cp311-cp311-win32", "pp311-pypy311_pp73-win_amd64",
    )  # fmt: skip
    data = uv(folder, "native", "--universal")
    (package,) = made(data).packages
    assert [wheel.name.split("-", 3)[3][:-4] for wheel in package.wheels] == [
        "cp311-macosx_11_0_arm64", "cp311-manylinux_2_17_x86_64", "cp311-musllinux_1_2_x86_64", "cp311-win_amd64",
    ]  # fmt: skip
    (package,) = made(data, "linux-x86_64").packages
    assert len(package.wheels) == 2
    assert uncovered(made(data), ALL) == ()
    (gap,) = uncovered(made(data, *ALL, "darwin-x86_64"), ["darwin-x86_64"])
    assert (gap.platform, gap.package.name) == ("darwin-x86_64", "native")


def test_two_versions_for_two_platforms_stay_apart(folder: Path) -> None:
    write_wheel(folder / "links", "forked", "1.0", {})
    write_wheel(folder / "links", "forked", "2.0", {})
    data = uv(
        folder, "forked<2; sys_platform == 'win32'\nforked>=2; sys_platform != 'win32'\n", "--universal"
    )
    found = {item.version: item.marker for item in made(data).packages}
    assert set(found) == {"1.0", "2.0"}
    assert None not in found.values()
    assert {item.version: item.marker for item in made(data, "linux-x86_64").packages} == {"2.0": None}
    wheel = Wheel("forked-2.0-py3-none-any.whl", SHA)
    both = made(data, built={"forked": (wheel, Origin("x"))}).packages
    assert [(item.version, item.wheels == (wheel,)) for item in both] == [("1.0", False), ("2.0", True)]


def test_what_has_to_be_built_has_no_wheel_until_it_is_given(folder: Path) -> None:
    write_project(folder / "projx", "projx", "0.1", {"projx.py": ""}, {})
    source = write_project(folder / "projs-0.2", "projs", "0.2", {"projs.py": ""}, {})
    (source / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: projs\nVersion: 0.2\n")
    shutil.make_archive(str(folder / "links" / "projs-0.2"), "gztar", folder, "projs-0.2")
    direct = write_wheel(folder / "direct", "direct", "3.0", {})
    data = uv(folder, f"./projx\nprojs\ndirect @ {direct.as_uri()}\n")
    lock = made(data)
    assert [(item.name, item.version, len(item.wheels)) for item in lock.packages] == [
        ("direct", "3.0", 1), ("projs", "0.2", 0), ("projx", "", 0),
    ]  # fmt: skip
    found = sources(data)
    assert found["projx", ""] == Source("directory", "projx")
    assert found["projs", "0.2"].kind == "sdist"
    assert found["projs", "0.2"].place.endswith("/links/projs-0.2.tar.gz")
    assert [Path(place).name for place in local_wheels(data).values()] == [direct.name]

    built = {
        "projx": (Wheel("projx-0.1-py3-none-any.whl", SHA), Origin("./projx", SHA)),
        "projs": (Wheel("projs-0.2-py3-none-any.whl", SHA), Origin("projs==0.2", SHA)),
    }
    done = made(data, built=built)
    assert [(item.name, item.version) for item in done.packages] == [
        ("direct", "3.0"),
        ("projs", "0.2"),
        ("projx", "0.1"),
    ]
    assert done.packages[2].wheels == (built["projx"][0],)
    assert done.packages[2].origin == Origin("./projx", SHA)
    assert uncovered(done, ALL) == ()
    with pytest.raises(LockError, match="no wheel of projx"):
        made(data, built={"projx": (Wheel("other-0.1-py3-none-any.whl", SHA), Origin("x"))})


def test_a_repository_tells_its_commit(folder: Path) -> None:
    project = write_project(folder / "projx", "projx", "0.1", {"projx.py": ""}, {})
    git = ["git", "-c", "user.name=n", "-c", "user.email=n@example.org", "-c", "init.defaultBranch=main"]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "one"]):
        subprocess.run([*git, *words], cwd=project, check=True)
    data = uv(folder, f"projx @ git+{project.as_uri()}@main\n")
    (source,) = sources(data).values()
    assert (source.kind, len(source.commit)) == ("vcs", 40)
    (package,) = made(data).packages
    assert (package.name, package.wheels) == ("projx", ())


# What uv writes for an index, shortened; such an answer can't be made without one.
INDEX = b"""\
lock-version = "1.0"
created-by = "uv"
requires-python = ">=3.11"
environments = ["sys_platform == 'linux'", "sys_platform == 'win32'"]
extras = ["gui"]
dependency-groups = ["dev", "docs"]
default-groups = ["dev"]

[[packages]]
name = "foo"
version = "1.0"
marker = "python_full_version == '3.11.*' and sys_platform != 'java'"
index = "https://user:canary@host/simple"
sdist = { url = "https://user:canary@host/foo-1.0.tar.gz", upload-time = 2026-05-18T23:37:14Z, hashes = { sha256 = "%(sha)s" } }
wheels = [
    { url = "https://user:canary@host/f/foo-1.0-py3-none-any.whl?token=canary", upload-time = 2026-05-18T23:37:14Z, size = 12, hashes = { sha256 = "%(sha)s" } },
]

[[packages]]
name = "foo"
version = "2.0"
marker = "python_full_version >= '3.12'"
wheels = [{ url = "https://host/f/foo-2.0-py3-none-any.whl", hashes = { sha256 = "%(sha)s" } }]

[[packages]]
name = "grouped"
version = "1.0"
marker = "'dev' in dependency_groups and sys_platform == 'win32'"
wheels = [{ url = "https://host/f/grouped-1.0-py3-none-any.whl", hashes = { sha256 = "%(sha)s" } }]

[[packages]]
name = "manual"
version = "1.0"
marker = "'docs' in dependency_groups or 'gui' in extras"
wheels = [{ url = "https://host/f/manual-1.0-py3-none-any.whl", hashes = { sha256 = "%(sha)s" } }]
""" % {b"sha": SHA.encode()}


def test_an_answer_from_an_index_loses_its_credentials_and_groups() -> None:
    lock = made(INDEX)
    foo, grouped = lock.packages
    assert foo.marker is None
    assert foo.wheels == (
        Wheel("foo-1.0-py3-none-any.whl", SHA, "https://host/f/foo-1.0-py3-none-any.whl", 12),
    )
    assert grouped.marker == "sys_platform == 'win32' and platform_machine == 'AMD64'"
    assert lock.default_groups == lock.environments == ()
    assert "canary" not in repr(lock)


def test_one_wheel_in_two_places_is_locked_once() -> None:
    entry = '{ url = "%s/foo-1.0-py3-none-any.whl", hashes = { sha256 = "' + SHA + '" } }'
    text = 'lock-version = "1.0"\ncreated-by = "uv"\n[[packages]]\nname = "foo"\nversion = "1.0"\nwheels = [%s, %s]\n'
    data = (text % (entry % "https://host", entry % "file:///links")).encode()
    assert len(made(data).packages[0].wheels) == 1


def test_an_answer_that_is_none_is_an_error() -> None:
    with pytest.raises(LockError, match="that uv made"):
        made(b"error: nothing")
