from __future__ import annotations

import pytest

from rezup.containers.choice import NO_REMOTE, REACHABLE, UNREACHABLE, View, Wanted, choose, fallbacks
from rezup.errors import RevisionNotFoundError
from rezup.recipes.names import ContainerName
from rezup.stores.base import Listing
from rezup.stores.stamps import Stamp

FOO = ContainerName("foo")


def listing(*stamps: str, pin: str | None = None) -> Listing:
    return Listing(frozenset(map(Stamp, stamps)), pin=Stamp(pin) if pin else None, exists=bool(stamps))


def nothing_pulled(stamp: Stamp) -> bool:
    return False


def taken(view: View, revision: str | None = None) -> str | None:
    choice = choose(Wanted(FOO, revision), view, is_pulled=nothing_pulled)
    return None if choice is None else str(choice.revision)


class TestWithoutARemote:
    def test_the_newest_is_taken(self) -> None:
        assert taken(View(listing("1.0", "3.0", "2.0"))) == "3.0"

    def test_the_pin_beats_the_newest(self) -> None:
        assert taken(View(listing("1.0", "3.0", pin="1.0"))) == "1.0"

    def test_an_empty_container_offers_nothing(self) -> None:
        assert taken(View(listing())) is None


class TestWithARemote:
    def view(self, local: Listing, remote: Listing) -> View:
        return View(local, remote, REACHABLE)

    def test_the_newest_on_the_remote_is_taken_though_a_newer_one_was_made_here(self) -> None:
        assert taken(self.view(listing("9.0"), listing("1.0", "2.0"))) == "2.0"

    def test_the_remote_pin_beats_its_newest(self) -> None:
        assert taken(self.view(listing(), listing("1.0", "2.0", pin="1.0"))) == "1.0"

    def test_the_local_pin_beats_the_remote_pin(self) -> None:
        assert taken(self.view(listing("9.0", pin="9.0"), listing("1.0", "2.0", pin="1.0"))) == "9.0"

    def test_a_container_that_the_remote_has_not_is_taken_from_here(self) -> None:
        assert taken(self.view(listing("9.0"), listing())) == "9.0"

    def test_fallbacks_are_the_studios_own_older_ones_that_are_here(self) -> None:
        view = self.view(listing("1.0", "2.0", "2.5", "4.0"), listing("1.0", "2.0", "3.0", "4.0", pin="3.0"))
        choice = choose(Wanted(FOO), view, is_pulled=nothing_pulled)
        assert choice is not None
        assert choice.revision == "3.0"
        assert fallbacks(choice, view) == ["2.0", "1.0"]


class TestWithAnUnreachableRemote:
    def test_what_it_said_last_is_taken(self) -> None:
        assert taken(View(listing("1.0", "9.0"), listing("1.0", "2.0", pin="1.0"), UNREACHABLE)) == "1.0"

    def test_without_memory_the_newest_that_came_from_it_is_taken(self) -> None:
        view = View(listing("1.0", "2.0", "9.0"), None, UNREACHABLE)
        choice = choose(Wanted(FOO), view, is_pulled=lambda stamp: stamp < "9")
        assert choice is not None
        assert choice.revision == "2.0"

    def test_without_memory_and_without_any_that_came_from_it_there_is_nothing(self) -> None:
        assert taken(View(listing("9.0"), None, UNREACHABLE)) is None


class TestByName:
    view = View(listing("100.25", "100.5", "200.0"), listing("300.0"), REACHABLE)

    @pytest.mark.parametrize(
        ("spec", "expected"),
        [
            ("100.5", "100.5"),
            ("2", "200.0"),
            ("100.2", "100.25"),
            ("-0", "300.0"),
            ("-1", "200.0"),
            ("-3", "100.25"),
        ],
    )
    def test_a_stamp_a_unique_prefix_or_a_position_before_the_newest(self, spec: str, expected: str) -> None:
        assert taken(self.view, spec) == expected

    @pytest.mark.parametrize("spec", ["", "9", "-4", "-x", "--1", "-99999999999999999999", "../100.5"])
    def test_anything_else_is_an_error(self, spec: str) -> None:
        with pytest.raises(RevisionNotFoundError, match="has no revision"):
            taken(self.view, spec)

    def test_a_prefix_of_several_names_them(self) -> None:
        with pytest.raises(RevisionNotFoundError, match="2 revisions") as caught:
            taken(self.view, "100")
        assert caught.value.context == "100.5, 100.25"

    def test_a_revision_asked_for_by_name_has_no_fallback(self) -> None:
        choice = choose(Wanted(FOO, "200.0"), self.view, is_pulled=nothing_pulled)
        assert choice is not None
        assert choice.is_explicit
        assert fallbacks(choice, self.view) == []

    def test_its_reason_names_where_the_wish_comes_from(self) -> None:
        choice = choose(
            Wanted(FOO, "200.0", "REZUP_USE_REVISION"),
            View(listing("200.0"), None, NO_REMOTE),
            is_pulled=nothing_pulled,
        )
        assert choice is not None
        assert "REZUP_USE_REVISION" in choice.reason
