"""Versions as Rez orders them.

A version is a row of tokens (`A-Z a-z 0-9 _`) with any single character between two of them;
`1.0` and `1-0` are equal. A token is cut into runs of digits and runs of anything else, and
these are compared one by one:

* a run of digits is greater than any other run, `1.beta < 1.0`;
* digits compare as numbers, then as text: `9 < 10`, and `01 < 1` (they are not equal);
* other runs compare by code point, `A < Z < _ < a`;
* where one token or version begins with the other, the shorter is less: `1 < 1.0 < 1.0.0`.

The empty version, that of an unversioned package, is the least.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn, overload

from rezup.errors import InvalidVersionError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import ClassVar, TypeAlias

    Key: TypeAlias = tuple[int | str, ...]

# A key is one flat tuple that compares natively. Each run begins with a number that ranks it,
# so that what follows is only ever met by its like; the end of a token ranks below all runs.
_TOKEN_END = -1  # nothing follows
_TEXT = 0  # the text follows
_DIGITS = 1  # value and rank of its spelling follow
_INFINITY = 2  # nothing follows

_CACHED = 1 << 14
_cache: dict[str, Version] = {}


class Immutable:
    """Base of values: what is set once stays. Subclasses fill their slots through `_fill`."""

    __slots__ = ()

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is immutable: {name}")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is immutable: {name}")


fill = object.__setattr__
"""Sets a slot of a value that is being made."""


class Ordered(Immutable):
    """Base of values that compare and hash by a key, each class among its own."""

    __slots__ = ("key",)

    key: tuple[object, ...]

    def __eq__(self, other: object) -> bool:
        return self.key == other.key if isinstance(other, type(self)) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.key)

    def __lt__(self, other: object) -> bool:
        return self.key < other.key if isinstance(other, type(self)) else NotImplemented

    def __le__(self, other: object) -> bool:
        return self.key <= other.key if isinstance(other, type(self)) else NotImplemented

    def __gt__(self, other: object) -> bool:
        return self.key > other.key if isinstance(other, type(self)) else NotImplemented

    def __ge__(self, other: object) -> bool:
        return self.key >= other.key if isinstance(other, type(self)) else NotImplemented


class VersionToken(Ordered):
    """One token of a version, such as "2" or "rc1"; ordered as in a version."""

    __slots__ = ("_text",)

    _text: str
    key: Key

    def __init__(self, text: str) -> None:
        """:raises InvalidVersionError: the text has other characters than A-Z a-z 0-9 _, or none"""
        if not _is_token(text):
            raise InvalidVersionError(f"{text[:80]!a} is no token of a version")
        fill(self, "_text", text)
        fill(self, "key", _token_key(text))

    def next(self) -> VersionToken:
        """The token that ends the range of this one."""
        return VersionToken(self._text + "_")

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._text!r})"

    def __reduce__(self) -> tuple[object, ...]:
        return VersionToken, (self._text,)


class Version(Ordered):
    """A version; see the module for its order.

    ``key`` sorts as the version does and is made of numbers and text only. Its form is ours
    to change: store it only beside a format version.
    """

    __slots__ = ("_parts", "_text")

    inf: ClassVar[Version]
    """Greater than any other; it ends the ranges that have no upper end."""

    _text: str
    _parts: tuple[str, ...]
    key: Key

    def __new__(cls, text: str | None = "") -> Version:
        """:raises InvalidVersionError: the text is no version"""
        text = text or ""
        found = _cache.get(text)
        if found is None:
            if len(_cache) >= _CACHED:
                _cache.clear()
            parts = _split(text)
            _cache[text] = found = cls._made(text, parts, _key(text, parts))
        return found

    @classmethod
    def _made(cls, text: str, parts: tuple[str, ...], key: Key) -> Version:
        self = object.__new__(cls)
        fill(self, "_text", text)
        fill(self, "_parts", parts)
        fill(self, "key", key)
        return self

    @property
    def tokens(self) -> tuple[VersionToken, ...]:
        """Its tokens in order; none for the empty version."""
        return tuple(map(VersionToken, self._parts))

    @property
    def major(self) -> VersionToken:
        """The first token.

        :raises IndexError: there is none
        """
        return self[0]

    @property
    def minor(self) -> VersionToken:
        """The second token.

        :raises IndexError: there is none
        """
        return self[1]

    @property
    def patch(self) -> VersionToken:
        """The third token.

        :raises IndexError: there is none
        """
        return self[2]

    def as_tuple(self) -> tuple[str, ...]:
        """The text of its tokens: ("1", "2") for `1-2`."""
        return self._parts

    def copy(self) -> Version:
        """Itself, as it can't change."""
        return self

    def trim(self, length: int) -> Version:
        """Its first tokens: `1.2.3` trimmed to 2 is `1.2`.

        :raises InvalidVersionError: the infinite version has no tokens
        """
        if self is Version.inf:
            raise InvalidVersionError("the infinite version can't be trimmed")
        parts = self._parts[:length]
        return Version(self._text[: sum(map(len, parts)) + max(len(parts) - 1, 0)])

    def next(self) -> Version:
        """The end of the range of this version: `1.2` is all from `1.2` to below `1.2_`.

        That of the empty version is the infinite one.
        """
        if not self._parts:
            return Version.inf
        last = self.key[-1]
        run: Key = (last + "_",) if isinstance(last, str) else (last, _TEXT, "_")
        return self._made(self._text + "_", (*self._parts[:-1], self._parts[-1] + "_"), self.key[:-1] + run)

    def __next__(self) -> Version:
        """See `next`."""
        return Version.next(self)

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return f"Version({self._text!r})"

    def __len__(self) -> int:
        return len(self._parts)

    def __bool__(self) -> bool:
        """Whether it has tokens."""
        return bool(self._parts)

    def __iter__(self) -> Iterator[VersionToken]:
        return iter(self.tokens)

    @overload
    def __getitem__(self, index: int) -> VersionToken: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[VersionToken, ...]: ...
    def __getitem__(self, index: int | slice) -> VersionToken | tuple[VersionToken, ...]:
        return self.tokens[index]

    def __reduce__(self) -> tuple[object, ...]:
        return (getattr, (Version, "inf")) if self is Version.inf else (Version, (self._text,))


def _is_token(text: str) -> bool:
    return text.isascii() and (text.isalnum() or text.replace("_", "0").isalnum())


def _split(text: str) -> tuple[str, ...]:
    """The tokens of a text.

    :raises InvalidVersionError: the text is no version
    """
    if not text:
        return ()
    parts = text.replace("-", ".").split(".")
    if not all(map(_is_token, parts)):
        # Rez takes any character between two tokens, which is rare enough to cost more.
        parts = "".join(letter if _is_token(letter) else "." for letter in text).split(".")
        if not all(parts):
            raise InvalidVersionError(
                f"{text[:80]!a} is no version",
                context="it is tokens of A-Z a-z 0-9 _, with one separator between two of them",
            )
    return tuple(parts)


def _key(text: str, parts: tuple[str, ...]) -> Key:
    """:raises InvalidVersionError: a number is too long for Python to read"""
    key: list[int | str] = []
    try:
        for part in parts:
            key += _token_key(part)
            key.append(_TOKEN_END)
    except ValueError as error:
        raise InvalidVersionError(f"{text[:80]!a} is no version", context=str(error)) from error
    return tuple(key[:-1])


def _token_key(token: str) -> Key:
    if token.isdigit():
        return _digits_key(token)
    if not any(map(str.isdigit, token)):
        return _TEXT, token
    key: list[int | str] = []
    start = 0
    for end in range(1, len(token) + 1):
        if end == len(token) or token[end].isdigit() is not token[start].isdigit():
            run = token[start:end]
            key += _digits_key(run) if run.isdigit() else (_TEXT, run)
            start = end
    return tuple(key)


def _digits_key(digits: str) -> Key:
    # Spellings of one number differ in their zeros only: as text, `0 < 00`, yet `01 < 1`.
    value = int(digits)
    zeros = len(digits) - len(digits.lstrip("0"))
    return _DIGITS, value, -zeros if value else zeros


Version.inf = Version._made("[INF]", (), (_INFINITY,))
