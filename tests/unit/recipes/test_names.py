from __future__ import annotations

import pytest

from rezup.errors import InvalidNameError
from rezup.recipes.names import WHEELHOUSE, ContainerName, ToolName


@pytest.mark.parametrize("text", [WHEELHOUSE, ".wheels", ".Wheels", ".WHEELS"])
def test_no_container_has_the_name_of_the_folder_of_wheels(text: str) -> None:
    with pytest.raises(InvalidNameError, match="a root keeps its wheels"):
        ContainerName.parse(text)


@pytest.mark.parametrize("text", ["wheels", ".wheel", ".wheels2", ".main"])
def test_other_names_are_free(text: str) -> None:
    assert ContainerName.parse(text) == text


def test_a_tool_may_have_that_name() -> None:
    assert ToolName.parse(".wheels") == ".wheels"
