"""`config`: what it prints of Rez's settings."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from support.world import World


def test_every_setting_has_a_line_with_its_origin(world: World) -> None:
    path = world.write(
        ".rezconfig", "browser: 'a b'\nplugins: {shell: {bash: {prompt: '%'}}}\npakages_path: []\n"
    )
    outcome = world.rezup("config", env={"REZ_QUIET": "1"})
    assert outcome.code == 0
    lines = outcome.out.splitlines()
    assert f'browser = "a b"  # {path}' in lines
    assert "quiet = true  # $REZ_QUIET" in lines
    assert f'plugins.shell.bash.prompt = "%"  # {path}' in lines
    assert 'plugins.shell.zsh.prompt = "%"  # default' in lines
    assert any(line.startswith("tmpdir = ") and line.endswith("  # this machine") for line in lines)
    assert (
        lines == sorted(lines[: -sum(line.startswith("plugins.") for line in lines)])
        or "quiet" in outcome.out
    )
    assert outcome.err == f"warning: {path}: there is no setting pakages_path\n"


def test_one_value_alone(world: World) -> None:
    world.write(".rezconfig", "packages_path: [~/a, /b]\nbrowser: x y")
    outcome = world.rezup("config", "packages_path")
    assert json.loads(outcome.out) == [f"{world.home}/a", "/b"]
    assert outcome.err == f"from {world.home}/.rezconfig\n"
    assert world.rezup("config", "browser").out == "x y\n"
    assert world.rezup("config", "plugins.shell.bash").out == '{"prompt": ">", "executable_fullpath": null}\n'


def test_json(world: World) -> None:
    path = str(world.write(".rezconfig.py", "env_var_separators = {'A': ';'}\nnope = 1\n"))
    data = world.rezup("config", "env_var_separators", "--json").data
    assert data["settings"] == {
        "env_var_separators": {
            "value": {"CMAKE_MODULE_PATH": ";", "DOXYGEN_TAGFILES": " ", "A": ";"},
            "origins": [{"kind": "default", "name": None}, {"kind": "file", "name": path}],
        }
    }
    assert data["files"] == [{"path": path, "found": True}]
    assert data["unknown"] == [{"key": "nope", "file": path}]
    assert len(world.rezup("config", "--json").data["settings"]) > 180


def test_a_setting_that_cant_be_used(world: World) -> None:
    path = world.write(".rezconfig", "quiet: maybe\nplugins: {release_vcs: {check_tag: 1}}\n")
    outcome = world.rezup("config")
    assert outcome.code == 0
    assert (
        f"quiet = error: the setting quiet can't be used: {path}: 'maybe': the type is wrong  # {path}"
        in outcome.out
    )
    assert "plugins.release_vcs = error: a plugin setting can't be used" in outcome.out
    alone = world.rezup("config", "quiet")
    assert (alone.code, alone.out) == (1, "")
    assert "hint: it takes True or False" in alone.err


def test_an_unknown_key_and_a_broken_file(world: World) -> None:
    outcome = world.rezup("config", "package_path")
    assert outcome.code == 1
    assert "there is no setting package_path" in outcome.err
    assert "hint: did you mean packages_path?" in outcome.err
    world.write(".rezconfig.py", "\n1 / 0")
    broken = world.rezup("config", "--json")
    document = json.loads(broken.out)
    assert (broken.code, document["errors"][0]["code"]) == (1, "invalid-rez-config")
    assert document["errors"][0]["message"].endswith(".rezconfig.py:2 can't be used")
