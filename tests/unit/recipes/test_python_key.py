from __future__ import annotations

from pathlib import Path

import pytest

from rezup.errors import RecipeError
from rezup.recipes.parse import parse


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("3.10", "3.10"),
        ("2.7", "2.7"),
        ("3", "3"),
        ('"3.10.4"', "3.10.4"),
        ('">=3.9,<3.12"', ">=3.9,<3.12"),
        ('""', None),
        ("false", None),
    ],
)
def test_a_number_is_taken_as_it_is_written(value, expected):
    recipe = parse(f"[rez]\npython = {value}".encode(), Path("/r/rezup.toml"))
    assert recipe.rez.python == expected


@pytest.mark.parametrize(
    "value", ["3.1e1", "310", "-3.9", "nan", "true", "2020-01-01", "[3.9]", '"nonsense"', "0"]
)
def test_nonsense_is_refused_with_its_place(value):
    with pytest.raises(RecipeError) as caught:
        parse(f"[rez]\npython = {value}".encode(), Path("/r/rezup.toml"))
    (problem,) = caught.value.problems
    assert problem[1:3] == (2, "rez.python")
