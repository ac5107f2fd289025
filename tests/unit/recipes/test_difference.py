"""What changed between recipes."""

from __future__ import annotations

import pytest

from rezup.errors import RecipeError
from rezup.recipes.difference import KeyChange, difference


def changes(before: str, after: str) -> list[KeyChange]:
    return list(difference(before.encode(), after.encode()))


def test_keys_come_go_and_change() -> None:
    before = 'description = "a"\n[rez]\nurl = "rez>=2"\nlib = ["x"]\n[root]\nlocal = "/a"\n'
    after = 'description = "a"\nplatforms = ["linux"]\n[rez]\nurl = "rez>=3"\nlib = ["x", "y"]\npython = 3.10\nedit = true\n'
    assert changes(before, after) == [
        KeyChange("rez.url", "rez>=2", "rez>=3", "changed"),
        KeyChange("rez.lib", "[x]", "[x, y]", "changed"),
        KeyChange("root.local", "/a", None, "removed"),
        KeyChange("platforms", None, "[linux]", "added"),
        KeyChange("rez.python", None, "3.10", "added"),
        KeyChange("rez.edit", None, "true", "added"),
    ]


def test_comments_and_spelling_are_no_difference() -> None:
    assert not changes('[rez]\nurl = "rez"  # newest\n', "rez = { url = 'rez' }")


def test_a_version_is_no_number() -> None:
    assert changes("[rez]\npython = 3.10", "[rez]\npython = 3.1") == [
        KeyChange("rez.python", "3.10", "3.1", "changed")
    ]
    assert changes("a = 1", "a = true") == [KeyChange("a", "1", "true", "changed")]


def test_extensions_are_known_by_their_names() -> None:
    one = '[[extension]]\nname = "one"\nurl = "one>=1"\n'
    two = '[[extension]]\nname = "two.x"\n'
    assert changes(one, two + one.replace(">=1", ">=2")) == [
        KeyChange("extension.one.url", "one>=1", "one>=2", "changed"),
        KeyChange("extension.'two.x'.name", None, "two.x", "added"),
    ]
    assert changes("[[extension]]\nurl = 'a'", "[[extension]]\nurl = 'b'") == [
        KeyChange("extension[1].url", "a", "b", "changed")
    ]


def test_secrets_are_masked() -> None:
    before = '[pip]\noptions = ["--index-url", "https://u:canary1@host"]\n[pip.env]\nPIP_PASSWORD = "canary1"\n[env]\nAPI_TOKEN = "canary1"\nT = "${T}"\n'
    found = changes(before, before.replace("canary1", "canary2").replace("${T}", "${U}"))
    assert [change.key for change in found] == [
        "pip.options",
        "pip.env.PIP_PASSWORD",
        "env.API_TOKEN",
        "env.T",
    ]
    assert "canary" not in repr(found)
    assert found[2] == KeyChange("env.API_TOKEN", "***", "***", "changed")
    assert found[3].after == "${U}"


def test_what_is_no_recipe_is_an_error() -> None:
    with pytest.raises(RecipeError):
        changes("", "a = ")
