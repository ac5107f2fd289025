"""What comes out of a resolve: packages, or the reason why there are none."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from rezup.resolver.conflict import FailedPhase, Reason
    from rezup.resolver.explain import Explanation
    from rezup.resolver.graph import Graph
    from rezup.resolver.repository import PackageRecord
    from rezup.resolver.search.state import State


class ResolvedPackage(NamedTuple):
    """One variant of a result."""

    name: str

    version: str
    """As the package writes it; empty for an unversioned package."""

    variant: int | None
    """Rez's index of the variant; None where the package has no list of variants."""

    def __str__(self) -> str:
        index = "" if self.variant is None else f"[{self.variant}]"
        return f"{self.name}-{self.version}{index}" if self.version else f"{self.name}{index}"


class Failure:
    """Why a resolve failed."""

    __slots__ = ("phase", "reason", "text")

    def __init__(self, text: str, reason: Reason | None, phase: FailedPhase | None = None) -> None:
        self.text = text
        """In Rez's words."""
        self.reason = reason
        """As data; None where even Rez has none."""
        self.phase = phase
        """The scopes at the clash; None if the request contradicts itself, or at a cycle."""

    def __repr__(self) -> str:
        return f"Failure({self.text!r})"


class Resolution:
    """The outcome of one resolve; a failed one is a value, too.

    ``status`` is "solved", "failed" or "aborted" (a callback or the time limit ended it).
    """

    __slots__ = (
        "_records",
        "_state",
        "_uri",
        "abort_reason",
        "backjumped",
        "ephemerals",
        "fails",
        "failure",
        "messages",
        "packages",
        "phases",
        "request",
        "status",
    )

    def __init__(
        self,
        status: str,
        *,
        request: tuple[str, ...],
        packages: tuple[ResolvedPackage, ...] = (),
        ephemerals: tuple[str, ...] = (),
        failure: Failure | None = None,
        phases: int = 0,
        fails: int = 0,
        abort_reason: str | None = None,
        backjumped: bool = False,
        messages: tuple[str, ...] = (),
        records: Callable[[str], list[PackageRecord]] | None = None,
        uri: Callable[[str, str], str] | None = None,
        state: State | None = None,
    ) -> None:
        self.status = status
        self.request = request
        """As it was given."""
        self.packages = packages
        """In Rez's order: as requested, each after all that it needs, then by name."""
        self.ephemerals = ephemerals
        """Their final ranges, such as ".foo-1+<2"."""
        self.failure = failure
        self.phases = phases
        """Steps that the search took; those of the last start if it was restarted."""
        self.fails = fails
        """Steps that failed."""
        self.abort_reason = abort_reason
        self.backjumped = backjumped
        """Whether the search began anew and passed over choices; see docs/explanation/resolver.md."""
        self.messages = messages
        """What Rez would have written to stderr meanwhile."""
        self._records = records
        self._uri = uri
        self._state = state

    @property
    def is_solved(self) -> bool:
        """Whether there are packages for the request."""
        return self.status == "solved"

    def record(self, package: ResolvedPackage) -> PackageRecord:
        """The record of a package of this resolve, with its uri.

        :raises KeyError: the package is not of this resolve
        """
        for record in self._records(package.name) if self._records is not None else ():
            if str(record.version) == package.version:
                return record
        raise KeyError(str(package))

    def uri(self, package: ResolvedPackage) -> str:
        """Where the definition of a package of this resolve is; quicker than its whole record.

        :raises KeyError: the package is not of this resolve
        """
        found = self._uri(package.name, package.version) if self._uri is not None else ""
        if not found and package not in self.packages:
            raise KeyError(str(package))
        return found

    def explain(self) -> Explanation | None:
        """The shortest way from the request to the clash; None for what was solved."""
        from rezup.resolver.explain import explain

        return explain(self)

    def graph(self) -> Graph:
        """What needs what; of a failed resolve as far as it came, with the clash."""
        from rezup.resolver.graph import graph_of

        return graph_of(self, self._state)
