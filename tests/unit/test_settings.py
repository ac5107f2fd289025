from __future__ import annotations

from pathlib import Path

import pytest

from rezup.errors import SettingsError
from rezup.settings import Settings
from rezup.system.machine import platform_tag


class World:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environ = {
            "HOME": str(folder / "home"),
            "XDG_CONFIG_DIRS": str(folder / "site"),
            "XDG_CONFIG_HOME": str(folder / "user"),
        }

    def config(self, place: str, text: str) -> None:
        path = self.folder / place / "rezup" / "config.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_defaults(world: World) -> None:
    settings = Settings.load(world.environ)
    assert settings.root_local == world.folder / "home" / ".rezup"
    assert settings.root_remote is None
    assert settings.lock_timeout == 300.0
    assert settings.offline is False
    assert set(settings.origins.values()) == {"default"}


def test_each_source_beats_those_below_it_and_is_named(world: World) -> None:
    def local() -> tuple[str, str]:
        recipe = ("/r/rezup.toml", {"local": "/recipe"})
        settings = Settings.load(world.environ, overrides=overrides, recipe=recipe if with_recipe else None)
        return str(settings.root_local), settings.origins["root_local"]

    overrides: dict[str, str | None] = {"root_local": None}
    with_recipe = False
    world.config("site", 'root_local = "/site"')
    assert local() == ("/site", str(world.folder / "site/rezup/config.toml"))
    world.config("user", 'root_local = "/user"')
    assert local() == ("/user", str(world.folder / "user/rezup/config.toml"))
    with_recipe = True
    assert local() == ("/recipe", "/r/rezup.toml")
    world.environ["REZUP_ROOT_LOCAL"] = "/variable"
    assert local() == ("/variable", "REZUP_ROOT_LOCAL")
    overrides["root_local"] = "/line"
    assert local() == ("/line", "command line")
    overrides.clear()
    world.config("site", 'root_local = "/site"\nlocked = ["root_local"]')
    assert local()[0] == "/site"
    assert local()[1].endswith("config.toml (locked)")


def test_what_the_command_line_says_against_a_lock_is_an_error_that_names_the_file(world: World) -> None:
    world.config("site", 'root_local = "/site"\nlocked = ["root_local"]')
    with pytest.raises(SettingsError) as caught:
        Settings.load(world.environ, overrides={"root_local": "/line"})
    file = f"{world.folder}/site/rezup/config.toml"
    assert str(caught.value) == f"--root /line has no effect: {file} locks root_local to /site"
    assert file in str(caught.value.hint)
    assert Settings.load(world.environ, overrides={"root_local": "/line/../site/"}).overridden == ()


def test_the_strongest_of_what_a_lock_overrides_is_told(world: World) -> None:
    world.config("user", 'root_local = "/user"')
    world.config("site", 'root_local = "/site"\nprompt = "x"\nlocked = ["root_local", "prompt"]')
    told = f"has no effect: {world.folder}/site/rezup/config.toml locks root_local to /site"
    assert Settings.load(world.environ).overridden == (
        f"/user of {world.folder}/user/rezup/config.toml {told}",
    )
    world.environ |= {"REZUP_ROOT_LOCAL": "/variable", "REZUP_PROMPT": "y"}
    assert Settings.load(world.environ).overridden == (f"/variable of REZUP_ROOT_LOCAL {told}",)
    world.environ["REZUP_ROOT_LOCAL"] = "/site"
    assert Settings.load(world.environ).overridden == ()


def test_an_empty_variable_is_not_set(world: World) -> None:
    world.environ["REZUP_ROOT_REMOTE"] = ""
    assert Settings.load(world.environ).root_remote is None


def test_paths_are_absolute_with_home_and_platform(world: World) -> None:
    world.environ["REZUP_ROOT_LOCAL"] = "~/roots/{platform}"
    assert Settings.load(world.environ).root_local == world.folder / "home" / "roots" / platform_tag()
    world.environ["REZUP_ROOT_LOCAL"] = "here/../there"
    assert Settings.load(world.environ).root_local == Path.cwd() / "there"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REZUP_LOCK_TIMEOUT", "soon"),
        ("REZUP_LOCK_TIMEOUT", "-1"),
        ("REZUP_OFFLINE", "maybe"),
        ("REZUP_LOCK_TIMEOUT", "nan"),
    ],
)
def test_a_value_that_can_not_be_used_is_an_error_that_names_its_place(
    world: World, name: str, value: str
) -> None:
    world.environ[name] = value
    with pytest.raises(SettingsError) as caught:
        Settings.load(world.environ)
    assert name in str(caught.value.hint)


@pytest.mark.parametrize(
    "text",
    [
        "root_local = ",
        "root_local = 5",
        "locked = 'root_local'",
        "locked = ['x']",
        "locked = [['x']]",
        "a = " + "[" * 100_000,
    ],
)
def test_a_configuration_file_that_is_wrong_is_an_error_that_names_it(world: World, text: str) -> None:
    world.config("site", text)
    with pytest.raises(SettingsError, match=r"config\.toml|root_local"):
        Settings.load(world.environ)


def test_an_unknown_key_is_told_and_stops_nothing(world: World) -> None:
    world.config("user", "root_locale = '/x'\nprompt = 'p'")
    settings = Settings.load(world.environ)
    assert settings.prompt == "p"
    assert settings.unknown == (f"{world.folder}/user/rezup/config.toml: root_locale",)


def test_a_relative_path_without_a_working_folder_is_an_error(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    world.environ["REZUP_ROOT_LOCAL"] = "here"
    with pytest.raises(SettingsError, match="working folder"):
        Settings.load(world.environ)
    world.environ["REZUP_ROOT_LOCAL"] = "/here"
    assert Settings.load(world.environ).root_local == Path("/here")


def test_every_setting_is_told_with_its_origin(world: World) -> None:
    world.environ["REZUP_PROMPT"] = "> "
    origins = Settings.load(world.environ).described()
    assert origins["prompt"] == ("> ", "REZUP_PROMPT")
    assert origins["root_remote"] == ("", "default")
