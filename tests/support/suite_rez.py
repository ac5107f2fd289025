"""Suites as the real Rez makes and reads them, asked line by line.

Run as a program it reads one question (JSON) per line from stdin and answers each with a line:
``{"ask": "resolve", "request", "paths", "file"}``, ``{"ask": "play", "folder", "steps"}`` (see `play`),
``{"ask": "state", "folder"}``, ``{"ask": "about" or "parse", …}``.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


class Rez:
    """A Rez that stays, with a home of its own."""

    def __init__(self, home: Path, packages: Path) -> None:
        environ = {
            "HOME": str(home),
            "PATH": os.defpath,
            "REZ_PACKAGES_PATH": str(packages),
            "REZ_LOCAL_PACKAGES_PATH": str(packages),
            "REZ_COLOR_ENABLED": "0",
            "COLUMNS": "80",
        }
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", __file__],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ,
        )  # fmt: skip

    def ask(self, question: str, **arguments: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"ask": question, **arguments}) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        assert "broken" not in answer, answer["broken"]
        return answer["answer"]

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(20)
        self._process.stdout.close()


def _resolve(request: list[str], paths: list[str], file: str) -> str:
    from rez.resolved_context import ResolvedContext

    context = ResolvedContext(request, package_paths=paths, caching=False)
    context.save(file)
    return str(context.status.name)


def _play(folder: str, steps: list[list[Any]]) -> dict[str, Any]:
    """Do one thing after another; a step is a word and its arguments."""
    from rez.exceptions import SuiteError
    from rez.resolved_context import ResolvedContext
    from rez.suite import Suite

    suite = Suite()
    outcomes = []
    for word, *arguments in steps:
        try:
            if word == "store":
                suite.save(folder)
                suite = Suite.load(folder)
            elif word == "add":
                name, file, prefix_char = arguments
                suite.add_context(name, ResolvedContext.load(file), prefix_char=prefix_char)
            else:
                names = {
                    "remove": "remove_context", "bump": "bump_context", "prefix": "set_context_prefix",
                    "suffix": "set_context_suffix", "hide": "hide_tool", "unhide": "unhide_tool",
                    "alias": "alias_tool", "unalias": "unalias_tool",
                }  # fmt: skip
                getattr(suite, names[word])(*arguments)
            outcomes.append(True)
        except SuiteError:
            outcomes.append(False)
    suite.save(folder)
    return {"outcomes": outcomes, "state": _state(folder)}


def _state(folder: str) -> dict[str, Any]:
    from rez.suite import Suite

    suite = Suite.load(folder)
    tools = suite.get_tools()

    def row(tool: Any) -> list[Any]:
        found = tool["variant"] if isinstance(tool["variant"], set) else [tool["variant"]]
        names = sorted(each.qualified_package_name for each in found)
        return [
            tool["tool_alias"], tool["tool_name"], tool["context_name"], names, isinstance(tool["variant"], set),
        ]  # fmt: skip

    # Rez 3.4.0 calls every tool hidden, as it looks whether the tool has this key; before, it had none.
    overridden = [
        each for alias in suite.get_conflicting_aliases() for each in suite.get_alias_conflicts(alias)
    ]
    for tool in [*tools.values(), *suite.get_hidden_tools(), *overridden]:
        del tool["hidden"], tool["conflicting"]

    def text(method: Any, **arguments: Any) -> list[str]:
        stream = io.StringIO()
        method(stream, **arguments)
        return stream.getvalue().splitlines()

    return {
        "data": [
            {**each, "hidden_tools": sorted(each["hidden_tools"])}
            for _, each in sorted(suite.to_dict()["contexts"].items())
        ],
        "tools": [row(each) for each in tools.values()],
        "overridden": {
            alias: [row(each) for each in suite.get_alias_conflicts(alias) or ()]
            for alias in suite.get_conflicting_aliases()
        },
        "hidden": [row(each) for each in suite.get_hidden_tools()],
        "paths": [suite.get_tool_filepath(alias) for alias in tools],
        "info": text(suite.print_info),
        "info -v": text(suite.print_info, verbose=True),
        "tools text": text(suite.print_tools),
        "tools text -v": text(suite.print_tools, verbose=True),
        "of one": {name: text(suite.print_tools, context_name=name) for name in suite.contexts},
        "found": {
            word: [suite.find_contexts(in_request=word), suite.find_contexts(in_resolve=word)]
            for word in ("maya", "lib", "nuke")
        },
        "resolved": {
            word: suite.find_contexts(in_resolve=word)
            for word in ("maya-2024", "!maya", "lib<2", "!lib-2", "no")
        },
        "bin": sorted(os.listdir(os.path.join(folder, "bin"))),
        "contexts": sorted(os.listdir(os.path.join(folder, "contexts"))),
    }


def _nothing() -> Any:
    """A standard input from which nothing can be read, now or later."""
    reading, writing = os.pipe()
    _open_ends.append(writing)
    return os.fdopen(reading)


_open_ends: list[int] = []


def _tool(path: str, arguments: list[str]) -> dict[str, Any]:
    """What a wrapper would run, and with what: Rez's own, but for the last step."""
    import contextlib

    from rez.config import config
    from rez.resolved_context import ResolvedContext
    from rez.wrapper import Wrapper

    found: dict[str, Any] = {}

    def execute(self: Any, command: Any = None, stdin: bool = False, quiet: bool = False, **_: Any) -> Any:
        found.update(command=command, stdin=stdin, quiet=quiet, prompt=config.overrides.get("prompt"))
        return 0, None, None

    def patched(self: Any, request: list[str], strict: bool = False, **_: Any) -> list[str]:
        found.update(patch=request, strict=strict)
        return [str(each) for each in self.requested_packages()]

    kept = ResolvedContext.execute_shell, ResolvedContext.get_patched_request
    ResolvedContext.execute_shell, ResolvedContext.get_patched_request = execute, patched
    stream = io.StringIO()
    kept_stdin = sys.stdin
    sys.stdin = _nothing()
    try:
        with contextlib.redirect_stdout(stream), contextlib.redirect_stderr(io.StringIO()):
            try:
                status = Wrapper(path).run(*arguments)
            except SystemExit as error:
                status = f"exit {error.code}"
            except (ValueError, AttributeError):
                status = "crash"
    finally:
        ResolvedContext.execute_shell, ResolvedContext.get_patched_request = kept
        sys.stdin.close()
        os.close(_open_ends.pop())
        sys.stdin = kept_stdin
        config.remove_override("prompt")
    return {"status": status, "out": stream.getvalue().splitlines(), **found}


def _visible(paths: list[str], mode: str, parent: str | None) -> list[Any]:
    from types import SimpleNamespace

    from rez.config import config
    from rez.resolved_context import ResolvedContext
    from rez.suite import Suite

    found: list[str] = []
    config.override("suite_visibility", mode)
    before = os.environ["PATH"]
    os.environ["PATH"] = os.pathsep.join(paths)
    context = SimpleNamespace(parent_suite_path=parent)
    executor = SimpleNamespace(env=SimpleNamespace(PATH=found))
    try:
        ResolvedContext._append_suite_paths(context, executor)
        return [Suite.visible_suite_paths(), found]
    finally:
        os.environ["PATH"] = before
        config.remove_override("suite_visibility")


def _serve() -> None:
    asked = {"resolve": _resolve, "play": _play, "state": _state, "tool": _tool, "visible": _visible}
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever Rez prints is no answer
    for line in sys.stdin:
        question = json.loads(line)
        try:
            answer = {"answer": asked[question.pop("ask")](**question)}
        except Exception as error:  # noqa: BLE001 - shown by the test that asked
            answer = {"broken": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    _serve()
