from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rezup.containers import bundling
from rezup.containers.locked import GivenLocks
from rezup.containers.receipt import Receipt
from rezup.containers.source import Source
from rezup.errors import RecipeError
from rezup.recipes.names import ContainerName
from rezup.recipes.parse import parse
from rezup.stores.stamps import Stamp

if TYPE_CHECKING:
    from pathlib import Path

STAMP = Stamp("1795179768.172130")
CANARY = "c4nary-s3cret"


class Unused:
    """A builder that must not be asked."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"{name} was asked for")


def source(recipe: str) -> Source:
    """A revision with locks, made of that recipe."""
    receipt = Receipt("foo", "recipe", "linux-x86_64", 0.0, "ann", "ws1", "3.0.0", "0" * 64)
    given = GivenLocks({"pylock.toml": b""}, lambda _: None, "the revision")
    return Source(ContainerName("foo"), parse(recipe.encode(), None), receipt, given)


@pytest.mark.parametrize(
    "text",
    [
        f"lib = ['x @ https://u:{CANARY}@h/x-1-py3-none-any.whl']",
        f"[env]\nMY_TOKEN = '{CANARY}'",
        f"[pip]\noptions = ['--index-url', 'https://u:{CANARY}@h/simple']",
        f"# https://u:{CANARY}@h/simple",
    ],
)
def test_a_literal_secret_is_not_bundled(tmp_path: Path, text: str) -> None:
    """Nor is anything built or downloaded for it."""
    made = source(f"[rez]\nname = 'rez'\n{text}\n")
    with pytest.raises(RecipeError, match="a secret, which everybody could read in the bundle") as caught:
        bundling.write(STAMP, made, tmp_path / "foo.rezup", builder=Unused())  # type: ignore[arg-type]
    assert CANARY not in f"{caught.value} {caught.value.hint}"
    assert caught.value.problems
    assert list(tmp_path.iterdir()) == []


def test_a_variable_in_its_place_will_do(tmp_path: Path) -> None:
    """It comes as far as the builder."""
    made = source("[rez]\nname = 'rez'\nlib = ['x @ https://${U}:${P}@h/x-1-py3-none-any.whl']\n")
    with pytest.raises(AssertionError, match="cache was asked for"):
        bundling.write(STAMP, made, tmp_path / "foo.rezup", builder=Unused())  # type: ignore[arg-type]
