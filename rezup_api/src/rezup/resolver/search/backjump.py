"""Conflict-directed backjumping: which choices are to blame for a contradiction.

A search that goes back to its last choice although that has nothing to do with what went wrong meets
the same contradiction again and again. The trail says what each change followed from; walked from its
end it gives the choices that a contradiction rests on. All others can be passed over. A level is the
place of a choice on the search's stack; sets of levels are bits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rezup.resolver.search.propagate import Clash
    from rezup.resolver.search.state import Change


def blame(trail: Sequence[Change], clash: Clash) -> int:
    """The levels of the choices that a clash follows from; more than needed perhaps, never less."""
    needed = {clash.family, clash.cause}
    levels = 0
    for family, _, cause in reversed(trail):
        if family in needed:
            if cause < 0:
                levels |= ~cause
            else:
                needed.add(cause)
    return levels
