"""Whether reading a package file again would give the same again, told by its syntax tree.

A definition that only says things may be remembered until its file changes. One that looks at
something else (an environment variable, the clock, another file) must be read each time.
The judgement errs on one side: what is not known to be harmless counts as a look outside.
"""

from __future__ import annotations

import ast
import re
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator


_Function = ast.FunctionDef | ast.AsyncFunctionDef


class Kind(Enum):
    """What a definition depends on beside its own file."""

    PURE = "pure"
    INCLUDES = "includes"
    """On modules within its own package, for running its commands or late-bound functions."""
    VOLATILE = "volatile"
    """On something that can't be watched, or on the resolve: it must be read each time."""


class Nature(NamedTuple):
    """The judgement on one definition."""

    kind: Kind
    reason: str = ""
    """Why it is volatile, in words."""
    line: int | None = None
    includes: tuple[str, ...] = ()
    """The names of the modules that its functions include."""
    files: tuple[str, ...] = ()
    """Files to watch beside the definition, there or not."""


PURE = Nature(Kind.PURE)

#: Late-bound, these change what a resolve sees.
_RESOLVED = frozenset(["requires", "build_requires"])

#: Modules of the standard library whose functions look at nothing but their arguments.
_HARMLESS_MODULES = frozenset(
    ["__future__", "base64", "bisect", "collections", "copy", "enum", "fnmatch", "functools",
     "hashlib", "itertools", "json", "math", "operator", "posixpath", "re", "string", "textwrap",
     "typing"]
)  # fmt: skip

#: Builtin names through which a program can look outside, or at what differs in every process.
_DANGEROUS = frozenset(
    ["__import__", "breakpoint", "compile", "copyright", "credits", "delattr", "eval", "exec",
     "exit", "getattr", "globals", "hash", "hasattr", "help", "id", "input", "license", "locals",
     "memoryview", "object", "open", "quit", "setattr", "type", "vars", "dir", "super"]
)  # fmt: skip

#: Attributes that lead from harmless objects to the interpreter.
_INNER_ATTRIBUTE = re.compile(r"__|f_|gi_|cr_|ag_|tb_|co_|func_")

#: A text in ASCII without any of these words has no way out, and nothing that is bound late.
_SUSPECT = frozenset(word.encode() for word in (*_DANGEROUS, "import", "early", "late", "include"))
_WORD = re.compile(rb"[A-Za-z_]\w*")
_INNER = re.compile(rb"__|\b(?:f|gi|cr|ag|tb|co|func)_")
_CODING = re.compile(rb"\A(?:[^\n]*\n)?[^\n]*#[^\n]*coding[:=][ \t]*([\w.-]+)")


def judge(path: str, content: bytes) -> Nature:
    """The nature of a definition file, which is known to load."""
    if not path.endswith(".py"):
        return PURE  # YAML is no program
    return PURE if _is_plain(content) else _Judge(ast.parse(content)).verdict()


def _is_plain(content: bytes) -> bool:
    """Whether no word of the text could lead outside; most package files are so."""
    if not content.isascii() or _INNER.search(content) or not _SUSPECT.isdisjoint(_WORD.findall(content)):
        return False
    coding = _CODING.match(content)  # some encodings write other letters in ASCII
    return coding is None or coding[1].lower() in (b"utf-8", b"utf8", b"ascii", b"latin-1")


class _Judge:
    """Walks over all that runs when the file is read."""

    def __init__(self, tree: ast.Module) -> None:
        self._pending: list[ast.AST] = [tree]
        self._functions: dict[str, list[_Function]] = {}
        self._named: set[str] = set()
        self._includes: dict[str, None] = {}
        self._found: tuple[str, int] | None = None

    def verdict(self) -> Nature:
        while self._pending and self._found is None:
            for node in _running(self._pending.pop()):
                self._look_at(node)
                if self._found is not None:
                    break
        includes = tuple(self._includes)
        if self._found is not None:
            reason, line = self._found
            return Nature(Kind.VOLATILE, reason, line, includes)
        return Nature(Kind.INCLUDES, includes=includes) if includes else PURE

    def _look_at(self, node: ast.AST) -> None:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            self._import(node)
        elif isinstance(node, _Function):
            self._function(node)
        elif isinstance(node, ast.ClassDef):
            methods = [inner for inner in ast.walk(node) if isinstance(inner, _Function)]
            self._pending.extend(map(_body, methods))
        elif isinstance(node, ast.Attribute):
            if _INNER_ATTRIBUTE.match(node.attr):
                self._volatile(f"uses {node.attr}", node)
            self._name(node.attr)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            if node.id in _DANGEROUS or node.id.startswith("__"):
                self._volatile(f"uses {node.id}", node)
            self._name(node.id)

    def _name(self, name: str) -> None:
        """Take it that a function of this name is called, here or by whoever is handed it."""
        self._named.add(name)
        self._pending.extend(map(_body, self._functions.pop(name, ())))

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or "."]
        for name in names:
            if name.partition(".")[0] not in _HARMLESS_MODULES:
                self._volatile(f"imports {name}", node)

    def _function(self, node: _Function) -> None:
        """Judge a definition: its body counts only if it runs while the file is read."""
        marks = set(map(_mark, node.decorator_list))
        for decorator in node.decorator_list:
            if _mark(decorator) == "include" and isinstance(decorator, ast.Call):
                self._includes.update(dict.fromkeys(_texts(decorator)))
        if "late" in marks and node.name in _RESOLVED:
            self._volatile(f"{node.name} is bound late", node)
        elif "early" in marks and node.args.args:
            self._volatile(f"{node.name} takes the whole definition", node)
        elif marks - {"late", "include"} or node.name in self._named:
            self._pending.append(_body(node))
        else:
            self._functions.setdefault(node.name, []).append(node)

    def _volatile(self, reason: str, node: ast.stmt | ast.expr) -> None:
        self._found = self._found or (reason, node.lineno)


def _running(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes that run when the tree does, in the order of the text; bodies of functions don't."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if node is not tree:
            yield node
        if isinstance(node, _Function):
            parts: list[ast.AST] = [*node.decorator_list, *node.args.defaults]
            parts += [default for default in node.args.kw_defaults if default is not None]
        else:
            parts = list(ast.iter_child_nodes(node))
        waiting.extend(reversed(parts))


def _body(function: _Function) -> ast.Module:
    return ast.Module(body=function.body, type_ignores=[])


def _mark(decorator: ast.expr) -> str:
    call = decorator.func if isinstance(decorator, ast.Call) else decorator
    return call.id if isinstance(call, ast.Name) else ""


def _texts(call: ast.Call) -> list[str]:
    return [
        each.value for each in call.args if isinstance(each, ast.Constant) and isinstance(each.value, str)
    ]
