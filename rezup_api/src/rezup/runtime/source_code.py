"""A function of a package file, kept as the text of its body."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType

    from rezup.runtime.vocabulary import Decorator


class SourceCode:
    """Text of commands, or of a late-bound function, with the place it stands at.

    The text is that of the body alone, without its indentation; a blank end is cut off. It is
    worked out when first asked for.
    """

    __slots__ = (
        "_code", "_content", "_first", "_text",
        "as_function", "decorators", "function", "line", "name", "path",
    )  # fmt: skip

    def __init__(
        self, text: str | None = None, *, path: str = "", name: str = "", line: int | None = None,
        function: Callable[..., Any] | None = None, content: bytes | None = None,
        decorators: tuple[Decorator, ...] = (), as_function: bool = True, code: CodeType | None = None,
    ) -> None:  # fmt: skip
        """Note what is known.

        :param code: what `compiled` gave earlier, by the same Python and for the same file
        """
        self._text = None if text is None else text.rstrip()
        self._code = code
        self._first = 0
        self._content = content
        self.path = path
        self.name = name
        self.line = line
        self.function = function
        self.decorators = decorators
        self.as_function = as_function
        """False for commands, whose names are to stay visible to those after them."""

    @classmethod
    def of_function(
        cls, function: Callable[..., Any], path: str, content: bytes, *, as_function: bool
    ) -> SourceCode:
        """That of a function of a package file with this content."""
        code = function.__code__
        if code.co_filename != path:  # imported from somewhere
            with open(code.co_filename, "rb") as stream:
                content = stream.read()
        return cls(
            path=code.co_filename, name=function.__name__, line=code.co_firstlineno,
            function=function, content=content, decorators=getattr(function, "_decorators", ()),
            as_function=as_function,
        )  # fmt: skip

    @property
    def text(self) -> str:
        """The text of the body."""
        if self._text is None:
            self._text, self._first = _body(self._content or b"", self.line or 1)
            self._content = None
        return self._text

    @property
    def is_late(self) -> bool:
        """Whether it gives the value of an attribute when that is asked for."""
        return any(decorator.name == "late" for decorator in self.decorators)

    @property
    def includes(self) -> tuple[str, ...]:
        """The modules that it wants from within the package."""
        for decorator in self.decorators:
            if decorator.name == "include":
                return tuple(dict.fromkeys(decorator.arguments))
        return ()

    def __eq__(self, other: object) -> bool:
        return self.text == other.text if isinstance(other, SourceCode) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.text)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"SourceCode({self.text!r})"

    def runnable(self) -> str:
        """A program that runs the text: as a function whose value is `_result`, or as it is."""
        # Blank lines, too, as Rez does: they may stand within a text of several lines.
        body = "    " + (self.text or "pass").replace("\n", "\n    ")
        if not self.as_function:
            return f"if True:\n{body}"
        name = self.name or "_unnamed"
        return f"def {name}():\n{body}\n_result = {name}()"

    def compiled(self) -> CodeType:
        """`runnable` as byte code, made once.

        Its lines are those of the file `path` for a function, which has a `line`; else they are
        those of the text plus one. It can be marshalled and handed to another `SourceCode`.

        :raises SyntaxError: the text is no Python
        """
        if self._code is None:
            text, first = self.runnable(), self._first
            if first == 1:  # the function is all on the first line
                text = text.replace("\n    ", " ", 1)
            name = f"<{self.path}>" if self.line is None else self.path
            self._code = compile("\n" * max(first - 2, 0) + text, name, "exec")
        return self._code


def body_text(content: bytes, first: int) -> str:
    """The body of the function whose definition (or first decorator) starts in this line.

    Comments before the first statement and after the last one belong to it.
    """
    return _body(content, first)[0]


def _body(content: bytes, first: int) -> tuple[str, int]:
    """The same, and the line of the file that it begins in."""
    from textwrap import dedent  # a text that was kept needs neither this nor a tokenizer

    text = content.decode(_encoding(content), "replace")
    text = text.replace("\r\n", "\n").replace("\r", "\n")  # as Python counts lines, unlike splitlines
    lines = [line + "\n" for line in text.split("\n")]
    signature, column, last, inline = _extent(lines[first - 1 :])
    if inline is not None:
        return inline, first
    body = lines[first - 1 + signature : first - 1 + last]
    for line in lines[first - 1 + last :]:
        if line.strip() and not (line.lstrip()[0] == "#" and _indentation(line) >= column):
            break
        body.append(line)
    text = dedent("".join(body).rstrip())
    if "\n#" in text or text.startswith("#"):
        text = dedent(_aligned(text))
    return text.rstrip(), first + signature


def _extent(lines: list[str]) -> tuple[int, int, int, str | None]:
    """Lines of the signature, column of the body, last line of the body; or its text, on one line."""
    import tokenize

    source = iter(lines)
    depth = outer = signature = column = last = 0
    is_signature = False
    for token in tokenize.generate_tokens(lambda: next(source, "")):
        if token.type == tokenize.NAME and token.string in ("def", "async") and not signature:
            is_signature = True
        elif token.type == tokenize.NEWLINE and not signature:
            signature = token.end[0] if is_signature else 0
            if is_signature and not token.line.partition("#")[0].rstrip().endswith(":"):
                return 0, 0, 0, token.line.rpartition("):")[2].strip()
        elif token.type == tokenize.INDENT:
            depth += 1
            if signature:
                column = column or token.end[1]
            else:
                outer = depth  # the definition itself stands within something
        elif token.type == tokenize.DEDENT:
            depth -= 1
            if depth == outer:
                break
        elif depth > outer and token.type == tokenize.NEWLINE:
            last = token.end[0]
    return signature, column, last, None


def _aligned(text: str) -> str:
    """Comments at the start of a line, moved to where the next line of another kind begins."""
    lines = text.split("\n")
    place = ""
    for at in range(len(lines) - 1, -1, -1):
        if lines[at].startswith("#"):
            lines[at] = place + lines[at]
        else:
            place = " " * _indentation(lines[at])
    return "\n".join(lines)


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip())


def _encoding(content: bytes) -> str:
    import io
    import tokenize

    return tokenize.detect_encoding(io.BytesIO(content).readline)[0]
