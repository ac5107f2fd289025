"""The `runtime` key of `[rez]`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rezup.errors import RecipeError
from rezup.installers.plans import plan
from rezup.recipes.parse import parse

if TYPE_CHECKING:
    from rezup.recipes.model import Recipe


def read(text: str) -> Recipe:
    return parse(text.encode(), None)


@pytest.mark.parametrize(
    "text", ["", "[rez]", '[rez]\nruntime = "vanilla"', '[rez]\nname = "rez"\nurl = "rez>=3"']
)
def test_vanilla_is_the_default(text: str) -> None:
    recipe = read(text)
    assert recipe.runtime == "vanilla"
    assert not recipe.warnings
    (part,) = plan(recipe)
    assert part.packages
    assert not part.is_embedded


def test_embedded_installs_nothing() -> None:
    recipe = read('[rez]\nruntime = "embedded"\npython = "3.11"\nflags = ["-E", "-s"]')
    assert recipe.runtime == "embedded"
    assert not recipe.warnings
    (part,) = plan(recipe)
    assert part.is_embedded
    assert part.packages == ()
    assert part.python == "3.11"
    assert part.tools[0].flags == ("-E", "-s")


def test_the_name_of_rez_may_be_said_and_no_other() -> None:
    recipe = read('[rez]\nname = "rez"\nruntime = "embedded"\nedit = false\n')
    assert recipe.runtime == "embedded"
    assert not recipe.warnings
    assert recipe.rez == read('[rez]\nruntime = "embedded"').rez
    with pytest.raises(RecipeError, match='must be "rez"'):
        read('[rez]\nname = "foo"\nruntime = "embedded"\n')


def test_an_isolated_extension_gets_no_rez() -> None:
    recipe = read(
        '[rez]\nruntime = "embedded"\n[[extension]]\nname = "tool"\nurl = "tool==1"\nisolation = true'
    )
    first, second = plan(recipe)
    assert first.is_embedded
    assert not second.is_embedded
    assert [package.requirement for package in second.packages] == ["tool==1"]


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ('url = "rez==3"', "rez.url"),
        ("edit = true", "rez.edit"),
        ('lib = ["six"]', "rez.lib"),
    ],
)
def test_what_to_install_is_refused_beside_it(line: str, key: str) -> None:
    with pytest.raises(RecipeError) as caught:
        read(f'[rez]\nruntime = "embedded"\n{line}\n')
    found = [problem for problem in caught.value.problems if "copy of rezup itself" in problem.message]
    assert [(problem.key, problem.line) for problem in found] == [(key, 3)]
    assert 'runtime = "vanilla"' in (caught.value.hint or "")


@pytest.mark.parametrize("line", ["isolation = false", "", 'isolation = "yes"'])
def test_an_extension_that_would_join_rez_is_refused(line: str) -> None:
    with pytest.raises(RecipeError) as caught:
        read(f'[rez]\nruntime = "embedded"\n[[extension]]\nname = "foo"\n{line}\n')
    assert "extension[1].isolation" in [problem.key for problem in caught.value.problems]
    assert "isolation = true" in (caught.value.hint or "") or '"yes"' in line


def test_an_empty_extension_is_still_a_placeholder() -> None:
    assert read('[rez]\nruntime = "embedded"\n[[extension]]\n').extensions == ()


def test_shared_is_refused() -> None:
    with pytest.raises(RecipeError, match="shared"):
        read('[rez]\nruntime = "embedded"\n[shared]\nname = "x"\nrequires = ["six"]\n')


@pytest.mark.parametrize("value", ['"Embedded"', '"other"', "1", "true", '""'])
def test_any_other_value_is_refused(value: str) -> None:
    with pytest.raises(RecipeError) as caught:
        read(f"[rez]\nruntime = {value}\n")
    assert [problem.key for problem in caught.value.problems] == ["rez.runtime"]


def test_the_key_means_nothing_in_an_extension() -> None:
    recipe = read('[[extension]]\nname = "foo"\nruntime = "embedded"\n')
    assert recipe.runtime == "vanilla"
    assert [problem.key for problem in recipe.warnings] == ["extension[1].runtime"]
