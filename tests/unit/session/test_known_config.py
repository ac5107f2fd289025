"""What is kept of the configuration answers as the configuration does."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from rezup.session.packages.configuration import load_settings
from rezup.session.packages.known import KnownConfig

if TYPE_CHECKING:
    from pathlib import Path

    from rezup.runtime.config import Config

STUDIO = """
packages_path = ['/studio', '/${SHOW}']
implicit_packages = ['a', '~b']
parent_variables = ['P']
env_var_separators = {'X': ','}
optionvars = {'deep': {'er': [1, 'two']}}
default_shell = 'zsh'
set_prompt = False
plugins = {'shell': {'bash': {'prompt': 'mine'}}}
standard_system_paths = ['/x']
context_tmpdir = '{system.user}'
"""


def later() -> int:
    """A time at which all that was just written is long settled."""
    return time.time_ns() + 10**10


class Both:
    """The configuration, and what was kept of it."""

    def __init__(self, folder: Path, text: str) -> None:
        (folder / "studio.py").write_text(text)
        self.environ = {
            "HOME": str(folder), "LOGNAME": "ann", "USER": "ann", "PATH": str(folder), "SHOW": "one",
            "REZ_CONFIG_FILE": str(folder / "studio.py"),
        }  # fmt: skip
        first = load_settings(self.environ, {}, later)
        assert first.config is not None
        self.config: Config = first.config
        second = load_settings(self.environ, {}, later)
        assert second.config is None
        self.settings = second.settings
        self.loaded = 0

    def load(self) -> Config:
        self.loaded += 1
        return self.config

    @property
    def known(self) -> Any:
        return KnownConfig(self.settings, self.load)


@pytest.fixture(params=[STUDIO, ""], ids=["a studio's", "the usual"])
def both(tmp_path: Path, request: pytest.FixtureRequest) -> Both:
    return Both(tmp_path, request.param)


def plain(value: Any) -> Any:
    return json.loads(json.dumps(value))


def test_settings_that_are_kept_are_equal_and_nothing_is_loaded(both: Both) -> None:
    known = both.known
    names = ["packages_path", "implicit_packages", *both.settings.more[0]]
    assert len(names) > 25
    for name in names:
        if name == "context_tmpdir" and both.config.origins(name)[0].kind == "machine":
            assert known[name] is None  # it may be gone the next moment, so it is looked for anew
            continue
        assert known[name] == both.config[name], name
        assert type(known[name]) is type(both.config[name]), name
        assert known.get(name) == both.config.get(name), name
        assert getattr(known, name) == both.config[name], name
    assert both.loaded == 0


def test_settings_of_plugins(both: Both) -> None:
    known = both.known
    kept = both.settings.more[1]
    assert {"shell", "package_repository"} == {*kept}
    for kind in kept:
        assert plain(known["plugins"][kind]) == plain(both.config["plugins"][kind])
    assert known["plugins"]["shell"].get("bash") == both.config["plugins"]["shell"].get("bash")
    assert both.loaded == 0
    assert plain(known["plugins"]["build_system"]) == plain(both.config["plugins"]["build_system"])
    assert both.loaded == 1


def test_facts(both: Both) -> None:
    known = both.known
    for name in both.settings.more[2]:
        assert getattr(known.facts, name) == getattr(both.config.facts, name), name
    assert both.loaded == 0
    assert known.facts.fqdn == both.config.facts.fqdn
    assert both.loaded == 1


def test_all_else_is_loaded(both: Both) -> None:
    known = both.known
    rest = [name for name in both.config if name not in both.settings.more[0]]
    assert "build_directory" in rest
    for name in rest:
        if name != "plugins":
            assert known[name] == both.config[name], name
    assert list(known) == list(both.config)
    assert known.get("no_such_setting", 5) == 5
    with pytest.raises(KeyError):
        _ = known["no_such_setting"]
    with pytest.raises(AttributeError):
        _ = known._no_such_name
    assert known.sources == both.config.sources


def test_overrides_are_of_the_whole(both: Both) -> None:
    assert both.known.with_overrides({"packages_path": ["/z"]})["packages_path"] == ["/z"]
    assert both.known["packages_path"] == both.config["packages_path"]
