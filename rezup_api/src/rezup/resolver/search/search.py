"""The search: phases, splits and steps back (rules 8.7, 11.1 and 11.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup.resolver.search.backjump import blame
from rezup.resolver.search.propagate import propagate
from rezup.resolver.search.state import Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

    from rezup.resolver.search.preference import Preference
    from rezup.resolver.search.propagate import Clash
    from rezup.resolver.search.state import State

    Frame: TypeAlias = tuple[int, int, int, int]
    """A split whose first part is being tried: (length of the trail before, family, variants left for
    later, `State.first` before)."""


class Progress:
    """What a callback is told between two phases."""

    __slots__ = ("fails", "solves", "state")

    def __init__(self, solves: int, fails: int, state: State) -> None:
        self.solves = solves
        """Phases so far."""
        self.fails = fails
        """How many of them failed."""
        self.state = state
        """The scopes; for reading only."""


class Verdict:
    """What a callback wants: "go on", "abort", or "fail" (which is "go on" as long as nothing failed)."""

    __slots__ = ("action", "reason")

    def __init__(self, action: str, reason: str = "") -> None:
        self.action = action
        self.reason = reason


GO_ON = Verdict("go on")


class Thrashing(Exception):  # noqa: N818 -- not an error: the search begins anew in another way
    """More phases failed than a search without backjumping may take."""


class Search:
    """Looks for one variant of each package.

    :param state: with the scopes of the request
    :param judge: told of a failed phase that may be an error; raises it
    :param callback: asked between two phases
    :param restart_after: failed phases after which `run` raises `Thrashing`; None is never
    :param backjumping: whether choices that a failure doesn't rest on are passed over
    """

    def __init__(
        self,
        state: State,
        preference: Preference,
        *,
        judge: Callable[[Snapshot], None],
        callback: Callable[[Progress], Verdict] | None = None,
        restart_after: int | None = None,
        backjumping: bool = False,
    ) -> None:
        self.state = state
        self.phases = 0
        self.fails = 0
        self.stopped: Verdict | None = None
        self.first_failure: Snapshot | None = None
        self.last_failure: Snapshot | None = None
        self._preference = preference
        self._judge = judge
        self._callback = callback
        self._restart_after = restart_after
        self.backjumping = backjumping
        self._frames: list[Frame] = []

    def run(self) -> bool:
        """Search until all is settled; False if there is no solution, or the callback stopped it.

        :raises Thrashing: too many phases failed
        """
        state = self.state
        changed: Sequence[int] = tuple(state.order)
        while True:
            mark, first = len(state.trail), state.first
            clash = propagate(state, changed, again=self.phases > 0)
            self.phases += 1
            if clash is None:
                family = state.unsettled()
                if family is None:
                    return True
                if self._callback is not None and not self._may_go_on():
                    return False
                self._split(family)
            else:
                self.fails += 1
                state.first = first
                family_or_none = self._step_back(clash, mark, changed)
                if family_or_none is None:
                    return False
                family = family_or_none
            changed = (family,)

    def _split(self, family: int) -> None:
        state = self.state
        variants = state.masks[family]
        part = self._preference.first_part(family, variants)
        trail = state.trail
        self._frames.append((len(trail), family, variants ^ part, state.first))
        trail.append((family, variants, ~(1 << len(self._frames) - 1)))
        state.masks[family] = part

    def _decide(self, family: int, variants: int, levels: int) -> None:
        state = self.state
        state.trail.append((family, state.masks[family], ~levels))
        state.masks[family] = variants

    def _step_back(self, clash: Clash, mark: int, changed: Sequence[int]) -> int | None:
        """Go to the next part to try; gives its family, None if there is none left."""
        state = self.state
        levels = blame(state.trail, clash) if self.backjumping else -1
        state.undo(mark)
        self._note_failure(clash, changed)
        if self._callback is not None and self._frames and not self._may_go_on():
            return None
        if self._restart_after is not None and self.fails > self._restart_after:
            raise Thrashing
        while self._frames:
            before, family, rest, first = self._frames.pop()
            state.undo(before)
            level = 1 << len(self._frames)
            if levels & level:
                state.first = first
                self._decide(family, rest, levels & (level - 1))
                return family
        return None

    def _note_failure(self, clash: Clash, changed: Sequence[int]) -> None:
        """Keep the scopes of a phase that failed: the first is what a failed resolve is explained by."""
        state = self.state
        may_be_error = clash.entering or state.misses_a_conflict() or state.tables.any_broken
        if self.first_failure is None or self._callback is not None or may_be_error:
            self.last_failure = Snapshot(state, changed)
            if self.first_failure is None:
                self.first_failure = self.last_failure
            if may_be_error:
                self._judge(self.last_failure)

    def _may_go_on(self) -> bool:
        if self._callback is None:
            return True
        verdict = self._callback(Progress(self.phases, self.fails, self.state))
        if verdict.action == "abort" or (verdict.action == "fail" and self.fails):
            self.stopped = verdict
            return False
        return True
