"""The names of revisions: timestamps that sort by value."""

from __future__ import annotations

import re

from rezup.errors import InvalidNameError

# Ours have six decimals; rezup 2.x wrote whatever `str(time.time())` gave, up to seven.
_PATTERN = re.compile(r"([0-9]{1,12})\.([0-9]{1,9})")
_MICROSECONDS = 1_000_000


class Stamp(str):
    """The validated name of a revision, such as "1795179768.172130": seconds since 1970 (UTC)."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Stamp:
        """:raises InvalidNameError: the text is no timestamp"""
        if _PATTERN.fullmatch(text) is None:
            raise InvalidNameError(
                f"{text[:80]!a} is no revision",
                context="a revision is a timestamp such as 1795179768.172130",
            )
        return cls(text)

    @classmethod
    def is_stamp(cls, text: str) -> bool:
        """Whether a name found in a folder is that of a revision."""
        return _PATTERN.fullmatch(text) is not None

    @classmethod
    def at(cls, seconds: float) -> Stamp:
        """The stamp of a moment."""
        return cls._of(round(seconds * _MICROSECONDS))

    @classmethod
    def _of(cls, microseconds: int) -> Stamp:
        whole, fraction = divmod(max(microseconds, 0), _MICROSECONDS)
        return cls.parse(f"{whole}.{fraction:06d}")

    def following(self) -> Stamp:
        """The next stamp, a microsecond later (also after one with more decimals).

        :raises InvalidNameError: there is none, it was the last possible
        """
        whole, fraction = self.split(".")
        return self._of(int(whole) * _MICROSECONDS + int(fraction.ljust(9, "0")) // 1000 + 1)

    @property
    def order(self) -> tuple[int, str, str]:
        """Sorts by value, "1.5" after "1.25"; ties ("1.50", "1.5") by text."""
        whole, fraction = self.split(".")
        return int(whole), fraction.ljust(9, "0"), str(self)

    @property
    def seconds(self) -> float:
        """Seconds since 1970, UTC."""
        return float(self)
