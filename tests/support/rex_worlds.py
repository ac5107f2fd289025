"""A small repository, and running code in it as commands of its packages."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any, NamedTuple

from rezup.resolver.requirement import Requirement
from rezup.runtime.config import load_config
from rezup.runtime.context.context import Context
from rezup.runtime.context.execution_roots import Roots
from rezup.runtime.filesystem import FilesystemRepository
from rezup.runtime.late import EphemeralTexts, RequirementTexts
from rezup.runtime.rex.bindings import Resolve, intersects
from rezup.runtime.rex.dialects import Dialect
from rezup.runtime.rex.engine import Origin, Rex
from rezup.runtime.rex.recorder import Outside
from rezup.runtime.source_code import SourceCode
from rezup.shells.actions import (
    Alias,
    Appendenv,
    Command,
    Comment,
    Error,
    Info,
    Prependenv,
    Refer,
    Resetenv,
    Setenv,
    Shebang,
    Source,
    Unsetenv,
)
from rezup.shells.escaped import EscapedString
from support.rex_oracle import CONFIG, parts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from rezup.runtime.config import Config
    from rezup.runtime.package import Variant
    from rezup.shells.actions import Action

PACKAGES = {
    "maya/2022.1/package.py": """
        name = 'maya'
        version = '2022.1'
        tools = ['maya', 'mayapy']
        own = {'key': 'value of {root}'}
        variants = [['python-2'], ['python-3']]
        @late()
        def later():
            return 'late %s in %s' % (this.name, in_context())
        """,
    "tool/1.2.3alpha/package.py": "name = 'tool'\nversion = '1.2.3alpha'\ndescription = 'a {version} tool'\n",
    "python/3.01/package.py": "name = 'python'\nversion = '3.01'\n",
    "python/2.7/package.py": "name = 'python'\nversion = '2.7'\n",
    "bare/package.py": "name = 'bare'\n",
}  # fmt: skip

#: What is in the environment of a body: names, versions, indexes; the first of them is `this`.
RESOLVED = [["maya", "2022.1", 1], ["tool", "1.2.3alpha", None], ["python", "3.01", None], ["bare", "", None]]

REQUEST = ["maya-2022", "!nuke-12", "~houdini-18", ".feature.x-1"]
IMPLICITS = ["~platform==linux"]
EPHEMERALS = [".feature.x-1.2", ".debug"]


class Ways(NamedTuple):
    """The dialect of a mode of the oracle."""

    mode: str
    dialect: Dialect


WAYS = (
    Ways("written", Dialect()),
    Ways("expanded", Dialect(expands=True)),
    Ways("whole", Dialect(expands=True, joins=False)),
)


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Write files below a folder; contents are dedented."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(content), encoding="utf-8")


def environment(folder: Path) -> dict[str, str]:
    """The environment of Rez, with its configuration."""
    config = folder / "rexconfig.py"
    config.write_text(CONFIG)
    return {
        "HOME": "/home/me", "PATH": "/usr/bin:/bin", "REZ_DISABLE_HOME_CONFIG": "1",
        "REZ_CONFIG_FILE": str(config), "REZ_LOCAL_PACKAGES_PATH": str(folder / "local"),
    }  # fmt: skip


def variant(repository: str, config: Config, name: str, version: str, index: int | None) -> Variant:
    """A variant of a repository."""
    package = FilesystemRepository(repository, config).package(name, version)
    assert package is not None
    found = package.variant(index)
    assert found is not None
    return found


class Bench:
    """Runs bodies as commands of the first of the packages."""

    def __init__(self, repository: str, environ: dict[str, str]) -> None:
        self.config = load_config(environ)
        self.context = Context(
            "solved", tuple(REQUEST), tuple(IMPLICITS), resolved_ephemerals=tuple(EPHEMERALS),
            resolved_packages=tuple(variant(repository, self.config, *each) for each in RESOLVED),
        )  # fmt: skip

    def rex(
        self, environ: Mapping[str, str], inherited: Iterable[str] | bool = (), dialect: Dialect | None = None
    ) -> Rex:
        """An engine that has all names."""
        known = None if inherited is True else frozenset(inherited or ())
        dialect = dialect or Dialect()
        outside = Outside(environ, known, self.config["env_var_separators"], dialect, "/home/me")
        rex = Rex(outside, option_vars=lambda: self.config["optionvars"], system=self.config.facts)
        rex.names.update(
            building=False, testing=False, intersects=intersects,
            request=RequirementTexts(map(Requirement, REQUEST)),
            implicits=RequirementTexts(map(Requirement, IMPLICITS)),
            ephemerals=EphemeralTexts(map(Requirement, EPHEMERALS)),
        )  # fmt: skip
        self.packages = Roots(self.context, self.config, dialect, {}).bindings({})
        rex.names["resolve"] = Resolve(self.packages)
        rex.recorder.shebang()
        return rex

    def run(self, rex: Rex, *bodies: str) -> None:
        """Run bodies one after another."""
        first = self.context.resolved_packages[0]
        this = self.packages[first.parent.name]
        for body in bodies:
            code = SourceCode(body, path="/p/package.py", as_function=False)
            own = {"this": this, "version": this.version, "root": this.root, "base": first.base}
            rex.run(code, Origin(first.parent.qualified_name, base=first.base), **own)


def question(bodies: Sequence[str], environ: Mapping[str, str], inherited: Any, mode: str) -> dict[str, Any]:
    """The question that the oracle is asked about bodies."""
    return {
        "body": list(bodies), "environ": dict(environ), "mode": mode,
        "inherited": inherited if inherited is True else list(inherited), "packages": RESOLVED,
        "this": RESOLVED[0][0], "request": REQUEST, "implicits": IMPLICITS, "ephemerals": EPHEMERALS,
    }  # fmt: skip


def told(actions: Iterable[Action], mode: str) -> list[Any]:
    """Actions in the words of the oracle."""
    return [_told(each, mode) for each in actions]


def _told(each: Action, mode: str) -> list[Any]:
    match each:
        case Setenv(name, value):
            return ["setenv", name, parts(value)]
        case Resetenv(name, value, _):  # Rez tells no shell of friends
            return ["resetenv", name, parts(value)]
        case Prependenv(name, value, separator):
            if mode == "expanded":
                return ["prependenv", name, parts(value)]
            return ["setenv", name, parts(value + separator + "${" + name + "}")]
        case Appendenv(name, value, separator):
            if mode == "expanded":
                return ["appendenv", name, parts(value)]
            return ["setenv", name, parts(EscapedString("${" + name + "}") + separator + value)]
        case Command(text, arguments):
            return ["command", text, [parts(argument) for argument in arguments]]
        case Info(text) | Error(text):
            return [type(each).__name__.lower(), parts(text)]
        case Unsetenv(name) | Refer(name) | Source(name) | Comment(name):
            return [type(each).__name__.lower(), name]
        case Alias(name, command):
            return ["alias", name, command]
        case Shebang():
            return ["shebang"]
    raise AssertionError(each)
