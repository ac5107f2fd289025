"""What is kept of the configuration: used while nothing changed, never after something did."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING

import pytest

from rezup.session.packages.configuration import BUCKET, ResolveSettings, load_settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def later() -> int:
    """A time at which all that was just written is long settled."""
    return time.time_ns() + 10**10


class Studio:
    """A home with a configuration that uses every way to have one."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.config = folder / "config"
        self.home.mkdir()
        self.config.mkdir()
        self.environ = {
            "HOME": str(self.home),
            "PATH": str(folder / "bin"),
            "REZ_CONFIG_FILE": f"{self.config / 'studio.py'}{os.pathsep}{self.config / 'show.yaml'}",
            "SHOW": "one",
        }
        self.write("studio.py", "packages_path = ['/studio', '/${SHOW}']\n")
        self.write("show.yaml", "implicit_packages: ['a']\n")
        self.write("filter.json", '{"excludes": ["*.beta"]}')
        (self.home / ".rezconfig").write_text("variant_select_mode: intersection_priority\n")

    def write(self, name: str, text: str) -> None:
        (self.config / name).write_text(text)

    def settings(self) -> ResolveSettings:
        return load_settings(self.environ, {}, later).settings

    @property
    def is_kept(self) -> bool:
        """Whether the next call finds what it needs without reading any configuration."""
        return load_settings(self.environ, {}, later).config is None

    def fresh(self) -> ResolveSettings:
        """What it is without anything kept."""
        elsewhere = {**self.environ, "REZUP_CACHE_DIR": str(self.home / "empty")}
        return load_settings(elsewhere, {}, time.time_ns).settings._replace(cache=self.settings().cache)


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path)


def test_it_is_kept_and_is_the_same(studio: Studio) -> None:
    first = studio.settings()
    assert first.packages_path == ("/studio", "/one")
    assert first.implicit_packages == ("a",)
    assert studio.is_kept
    assert studio.settings() == first == studio.fresh()


CHANGES: dict[str, Callable[[Studio], object]] = {
    "a file of Python": lambda s: s.write("studio.py", "packages_path = ['/other', '/${SHOW}']\n"),
    "a file of YAML": lambda s: s.write("show.yaml", "implicit_packages: ['b']\n"),
    "a file that is gone": lambda s: (s.config / "show.yaml").unlink(),
    "a file at a better place": lambda s: s.write("show.py", "implicit_packages = ['c']\n"),
    "the home configuration": lambda s: (s.home / ".rezconfig").write_text("implicit_packages: [d]\n"),
    "a home configuration of Python": lambda s: (s.home / ".rezconfig.py").write_text("implicit_packages = ['e']"),
    "no home configuration": lambda s: s.environ.update(REZ_DISABLE_HOME_CONFIG="1"),
    "a variable that a file names": lambda s: s.environ.update(SHOW="two"),
    "a variable that a file named": lambda s: s.environ.pop("SHOW"),
    "a setting by variable": lambda s: s.environ.update(REZ_PACKAGES_PATH="/v"),
    "a setting by JSON": lambda s: s.environ.update(REZ_IMPLICIT_PACKAGES_JSON='["j"]'),
    "other files": lambda s: s.environ.update(REZ_CONFIG_FILE=str(s.config / "show.yaml")),
    "our own configuration": lambda s: own(s.home / ".config", 'index_trust = "release"'),
    "our own folder of caches": lambda s: own(s.home / ".config", 'cache_dir = "~/elsewhere"'),
    "another folder of configuration": lambda s: s.environ.update(XDG_CONFIG_HOME=str(own(s.home / "x", 'index_trust = "release"'))),
    "a program that tells the system": lambda s: program(s, "lsb_release"),
}  # fmt: skip


def own(folder: Path, text: str) -> Path:
    (folder / "rezup").mkdir(parents=True)
    (folder / "rezup" / "config.toml").write_text(text)
    return folder


def program(studio: Studio, name: str) -> None:
    folder = studio.config.parent / "bin"
    folder.mkdir()
    (folder / name).write_text("#!/bin/sh\necho 'Distributor ID: Made\nRelease: 7'\n")
    (folder / name).chmod(0o755)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_every_change_is_seen_by_the_next_call(studio: Studio, change: Callable[[Studio], object]) -> None:
    studio.settings()
    assert studio.is_kept
    change(studio)
    assert not studio.is_kept
    assert studio.settings() == studio.fresh()


@pytest.mark.parametrize(
    "name",
    [name for name in CHANGES if name not in ("a program that tells the system", "our own folder of caches")],
)
def test_a_change_changes_something(studio: Studio, name: str) -> None:
    """So that the test before could not pass by chance."""
    before = studio.settings()
    CHANGES[name](studio)
    assert studio.fresh() != before


def test_a_file_loaded_on_demand(studio: Studio) -> None:
    studio.write("studio.py", f"package_filter = DelayLoad({str(studio.config / 'filter.json')!r})\n")
    assert studio.settings().package_filter == [{"excludes": ["*.beta"]}]
    assert studio.is_kept
    studio.write("filter.json", json.dumps({"excludes": ["*.gamma"]}))
    assert not studio.is_kept
    assert studio.settings().package_filter == [{"excludes": ["*.gamma"]}]


@pytest.mark.parametrize(
    "text",
    ["import os\npackages_path = [os.environ['HOME']]", "import time\nx = time.time()", "with open('/etc/os-release') as f: x = f.read()"],
)  # fmt: skip
def test_a_program_that_looks_outside_is_run_each_time(studio: Studio, text: str) -> None:
    studio.write("studio.py", text)
    studio.settings()
    assert not studio.is_kept


@pytest.mark.parametrize("fact", ["fqdn", "domain", "shell"])
def test_what_only_others_can_tell_is_asked_each_time(studio: Studio, fact: str) -> None:
    studio.write("show.yaml", f"implicit_packages: ['x-{{system.{fact}}}']\n")
    studio.settings()
    assert not studio.is_kept


def test_what_changed_a_moment_ago_is_not_kept(studio: Studio) -> None:
    load_settings(studio.environ, {}, time.time_ns)
    assert not (studio.home / ".cache" / "rezup" / BUCKET).exists()


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-3], lambda data: b"", lambda data: data[:9] + b"\0" + data[10:]]
)
def test_a_damaged_file_is_ignored(studio: Studio, damage: Callable[[bytes], bytes]) -> None:
    first = studio.settings()
    (path,) = (studio.home / ".cache" / "rezup" / BUCKET).iterdir()
    path.write_bytes(damage(path.read_bytes()))
    assert not studio.is_kept
    assert studio.is_kept
    assert studio.settings() == first


def test_overrides_are_never_kept(studio: Studio, tmp_path: Path) -> None:
    studio.settings()
    found = load_settings(studio.environ, {"index_trust": "release", "cache_dir": str(tmp_path)}, later)
    assert found.settings.trust_releases
    assert found.settings.cache == str(tmp_path)
    assert not studio.settings().trust_releases


def test_without_a_home_nothing_is_kept(studio: Studio) -> None:
    del studio.environ["HOME"]
    studio.environ["REZUP_CACHE_DIR"] = str(studio.config / "cache")
    studio.settings()
    assert not studio.is_kept
