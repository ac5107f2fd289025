"""Code run by the real Rez, in a process that answers one line of JSON with another.

A question is ``{"body": …, "environ": {…}, "inherited": […] or true, "mode": …}``, or ``{"request": […],
"paths": […], "environ": {…}, "building": …, "append_sys_path": …}`` for a whole context. The answer has what a shell's interpreter was told until
the end or the first error, and the environment; ``{"error": …}`` where there is no answer. Modes are ways of shells: "written" (bash), "expanded" (PowerShell),
"whole" (cmd).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

#: Rez is told a joined value as a whole, or (PowerShell) what is put before or behind.
MODES = ("written", "expanded", "whole")

CONFIG = """
optionvars = {"plain": "value", "deep": {"er": [1, 2], "none": None}}
env_var_separators = {"FLAGS": " ", "CMAKE_MODULE_PATH": ";"}
implicit_packages = ["~platform==linux"]
standard_system_paths = ["/usr/bin", "/bin with space"]
default_shell = "bash"
cache_packages_path = None
memcached_uri = []
"""


class Oracle:
    """A running Rez."""

    def __init__(self, repository: str, environ: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", __file__, repository], env=environ, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip

    def __enter__(self) -> Oracle:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=60)

    def ask(self, **question: Any) -> dict[str, Any]:
        """Rez's answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, "Rez has ended"
        answer: dict[str, Any] = json.loads(line)
        return answer


def parts(value: Any) -> Any:
    """A text with its literal parts, as JSON can hold it."""
    if hasattr(value, "strings"):
        return [[bool(kind), str(text)] for kind, text in value.strings]
    return [[False, str(value)]]


def _interpreter(mode: str) -> Any:
    from rez.rex import ActionInterpreter

    class Told(ActionInterpreter):
        expand_env_vars = mode != "written"

        def __init__(self) -> None:
            self.told: list[Any] = []

        def get_output(self, style: Any = None) -> Any:
            return self.told

        def get_key_token(self, key: str) -> str:
            return "${" + key + "}"

        def setenv(self, key: Any, value: Any) -> None:
            self.told.append(["setenv", key, parts(value)])

        def unsetenv(self, key: Any) -> None:
            self.told.append(["unsetenv", key])

        def resetenv(self, key: Any, value: Any, friends: Any = None) -> None:
            self.told.append(["resetenv", key, parts(value)])

        def prependenv(self, key: Any, value: Any) -> None:
            if mode != "expanded":
                raise NotImplementedError
            self.told.append(["prependenv", key, parts(value)])

        def appendenv(self, key: Any, value: Any) -> None:
            if mode != "expanded":
                raise NotImplementedError
            self.told.append(["appendenv", key, parts(value)])

        def alias(self, key: Any, value: Any) -> None:
            self.told.append(["alias", key, value])

        def info(self, value: Any) -> None:
            self.told.append(["info", parts(value)])

        def error(self, value: Any) -> None:
            self.told.append(["error", parts(value)])

        def command(self, value: Any) -> None:
            from rez.rex import EscapedString

            program, rest = (value, []) if isinstance(value, (str, EscapedString)) else (value[0], value[1:])
            EscapedString.disallow(program)
            self.told.append(["command", program, [parts(each) for each in rest]])

        def comment(self, value: Any) -> None:
            self.told.append(["comment", value])

        def source(self, value: Any) -> None:
            self.told.append(["source", value])

        def shebang(self) -> None:
            self.told.append(["shebang"])

        def _saferefenv(self, key: Any) -> None:
            self.told.append(["refer", key])

    return Told()


def _body(question: dict[str, Any], repository: str) -> Any:
    from rez.packages import get_package
    from rez.rex import RexExecutor
    from rez.rex_bindings import (
        EphemeralsBinding,
        RequirementsBinding,
        VariantBinding,
        VariantsBinding,
        VersionBinding,
        intersects,
    )
    from rez.utils.sourcecode import SourceCode
    from rez.version import Requirement

    interpreter = _interpreter(question["mode"])
    executor = RexExecutor(
        interpreter=interpreter, parent_environ=question["environ"], parent_variables=question["inherited"]
    )
    bindings = {}
    for name, version, index in question["packages"]:
        package = get_package(name, version, paths=[repository])
        variant = package.get_variant(index)
        bindings[name] = VariantBinding(variant, interpreter=interpreter)
        if name == question["this"]:
            executor.bind("this", bindings[name])
            executor.bind("version", VersionBinding(variant.version))
            executor.bind("root", bindings[name].root)
            executor.bind("base", variant.base)
    executor.bind("resolve", VariantsBinding(bindings))
    executor.bind("request", RequirementsBinding(map(Requirement, question["request"])))
    executor.bind("implicits", RequirementsBinding(map(Requirement, question["implicits"])))
    executor.bind("ephemerals", EphemeralsBinding(list(map(Requirement, question["ephemerals"]))))
    executor.bind("intersects", intersects)
    executor.bind("building", False)
    executor.bind("testing", False)
    failed = False
    try:
        for body in question["body"]:
            with executor.reset_globals():
                executor.execute_code(SourceCode(source=body, eval_as_function=False))
    except Exception:  # noqa: BLE001 - what was told until then counts as well
        failed = True
    return {"told": interpreter.told, "environ": executor.manager.environ, "failed": failed}


def _context(question: dict[str, Any]) -> Any:
    from rez.resolved_context import ResolvedContext
    from rez.system import system
    from rez.utils.sourcecode import include_module_manager

    context = ResolvedContext(
        question["request"], package_paths=question["paths"], building=question["building"]
    )
    context.append_sys_path = question["append_sys_path"]
    variants = context.resolved_packages or ()
    facts = {
        "packages": [[v.resource.location, v.name, str(v.version), v.index] for v in variants],
        "timestamp": context.timestamp,
        "rez_version": context.rez_version,
        "rez_path": context.rez_path,
        "rez_bin_path": system.rez_bin_path,
        "requests": list(map(str, context.requested_packages())),
        "implicits": list(map(str, context.implicit_packages)),
        "ephemerals": list(map(str, context.resolved_ephemerals or ())),
        "paths": context.package_paths,
    }
    interpreter = _interpreter("written")
    environ = None
    try:
        context._execute(context._create_executor(interpreter, question["environ"]))
        include_module_manager.modules.clear()  # as another process has it
        environ = context.get_environ(question["environ"])
    except Exception as error:  # noqa: BLE001 - whatever Rez raises is the answer
        facts["words"] = str(error)
    return {"told": interpreter.told, "environ": environ, "facts": facts}


def _serve(repository: str) -> None:
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever Rez prints is no answer
    for line in sys.stdin:
        question = json.loads(line)
        try:
            answer = _body(question, repository) if "body" in question else _context(question)
        except Exception as error:  # noqa: BLE001 - whatever Rez raises is the answer
            answer = {"error": f"{type(error).__name__}: {error}"}
        out.write(json.dumps(answer) + "\n")
        out.flush()


if __name__ == "__main__":
    _serve(sys.argv[1])
