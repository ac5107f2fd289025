from __future__ import annotations

import pytest

from rezup.errors import InvalidNameError
from rezup.stores.stamps import Stamp


@pytest.mark.parametrize("text", ["1795179768.172130", "1619780350.58", "0.0", "1795229019.4314365"])
def test_timestamps_are_stamps(text: str) -> None:
    assert Stamp.parse(text) == text


@pytest.mark.parametrize(
    "text", ["", "1", "1.", ".5", "-1.0", "1.2.3", "1e5.0", "../1.0", "1.0/", "1.0\n", "١.٠", "1" * 13 + ".0"]
)
def test_other_names_are_none(text: str) -> None:
    assert not Stamp.is_stamp(text)
    with pytest.raises(InvalidNameError):
        Stamp.parse(text)


def test_the_following_stamp_is_greater_than_one_of_any_precision() -> None:
    for text in ("1.0", "1.999999", "1795229019.4314365", "1.9999999", "5.000000001"):
        assert Stamp(text).following().order > Stamp(text).order
    assert Stamp("1.999999").following() == "2.000000"


def test_order_is_by_value_and_ties_are_by_text() -> None:
    assert Stamp("9.5").order < Stamp("10.0").order
    assert Stamp("1.25").order < Stamp("1.5").order
    assert Stamp("1.5").order < Stamp("1.50").order


def test_a_moment_has_six_decimals() -> None:
    assert Stamp.at(1795179768.17213) == "1795179768.172130"
    assert Stamp.at(0) == "0.000000"
