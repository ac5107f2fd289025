"""Typed access to a TOML table; what doesn't fit becomes a finding, not an exception."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup.recipes.findings import Findings, UnfitError
from rezup.recipes.reading import RawFloat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from rezup.recipes.locate import Key

_KINDS = {
    bool: "a boolean",
    int: "an integer",
    RawFloat: "a float",
    str: "a string",
    list: "an array",
    dict: "a table",
}
_INT_LIMIT = 2**63


def kind(value: object) -> str:
    """What TOML calls the type of a value."""
    return _KINDS.get(type(value), "a date or time")


class Table:
    """One table of a recipe and the key it stands under."""

    def __init__(self, values: Mapping[str, object], key: Key, findings: Findings) -> None:
        self._values = values
        self.findings = findings
        self.key = key

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def value(self, name: str) -> object:
        """The raw value, or None."""
        return self._values.get(name)

    def error(self, name: str | None, message: str, hint: str | None = None) -> None:
        """Note an error at a key of this table, or at the table."""
        self.findings.error(self.key if name is None else (*self.key, name), message, hint)

    def warn(self, name: str | None, message: str) -> None:
        """Note a warning likewise."""
        self.findings.warn(self.key if name is None else (*self.key, name), message)

    def warn_unknown(self, known: Iterable[str]) -> None:
        """Warn of every key that is not among the known ones, with the near miss."""
        known = list(known)
        for name in self._values:
            if name not in known:
                from difflib import get_close_matches

                near = get_close_matches(name.lower(), known, n=1)
                self.warn(name, "is unknown and ignored" + (f"; did you mean {near[0]!r}?" if near else ""))

    def table(self, name: str) -> Table:
        """The table under `name`; empty if it is missing or something else."""
        value = self._values.get(name, {})
        if not isinstance(value, dict):
            self.error(name, f"must be a table, not {kind(value)}", f"write it as [{name}]")
            value = {}
        return Table(value, (*self.key, name), self.findings)

    def tables(self, name: str) -> list[Table]:
        """The array of tables under `name`."""
        value = self._values.get(name, [])
        if not isinstance(value, list):
            self.error(name, f"must be an array of tables, not {kind(value)}", f"write it as [[{name}]]")
            return []
        found = []
        for position, item in enumerate(value, start=1):
            key = (*self.key, name, position)
            if isinstance(item, dict):
                found.append(Table(item, key, self.findings))
            else:
                self.findings.error(key, f"must be a table, not {kind(item)}", f"write it as [[{name}]]")
        return found

    def text(self, name: str, *, unset_by_false: bool = False) -> str | None:
        """A string, or None if it is missing or no string."""
        value = self._values.get(name)
        if value is None or (unset_by_false and value is False):
            return None
        if not isinstance(value, str):
            self.error(name, f"must be a string, not {kind(value)}")
            return None
        if "\0" in value:
            self.error(name, "holds a NUL character")
            return None
        return value

    def scalar(self, name: str) -> str | None:
        """A string, or a number as it was written; None if it is missing or something else."""
        value = self._values[name]
        if isinstance(value, RawFloat):
            return value.text
        if isinstance(value, int) and not isinstance(value, bool):
            if abs(value) <= _INT_LIMIT:
                return str(value)
            self.error(name, "is an integer beyond 64 bits", "put it in quotes")
            return None
        if isinstance(value, str):
            return self.text(name)
        hint = f'put it in quotes: {name} = "{str(value).lower()}"' if isinstance(value, bool) else None
        self.error(
            name, f"must be a string, not {kind(value)}" + ("; put it in quotes" if hint else ""), hint
        )
        return None

    def flag(self, name: str) -> bool:
        """A boolean; False if it is missing or something else."""
        value = self._values.get(name, False)
        if not isinstance(value, bool):
            self.error(name, f"must be true or false, not {kind(value)}")
            return False
        return value

    def texts(self, name: str, check: Callable[[str], str]) -> tuple[str, ...]:
        """An array of strings that each pass `check`."""
        value = self._values.get(name, [])
        if not isinstance(value, list):
            self.error(name, f"must be an array of strings, not {kind(value)}", f"write it as {name} = [...]")
            return ()
        found = []
        for position, item in enumerate(value, start=1):
            key = (*self.key, name, position)
            if not isinstance(item, str):
                self.findings.error(key, f"must be a string, not {kind(item)}")
                continue
            try:
                found.append(check(item))
            except UnfitError as error:
                self.findings.error(key, error.message, error.hint)
        return tuple(found)

    def element_error(self, name: str, position: int, error: UnfitError) -> None:
        """Note an error at an element (from 1) of an array of this table."""
        self.findings.error((*self.key, name, position), error.message, error.hint)
