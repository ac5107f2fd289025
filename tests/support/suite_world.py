"""Packages with tools, contexts of them, and the state of a suite as plain data."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from rezup.runtime.config import load_config
from rezup.runtime.context.context import Context
from rezup.runtime.context.handles import Opener
from rezup.runtime.suites.info import info_lines, tools_lines
from rezup.runtime.suites.suite import Suite

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rezup.runtime.config import Config
    from rezup.runtime.suites.tools import Tool

#: Those that clash have names of the same length: which one Rez names first is not settled.
PACKAGES = {
    "maya-2023": {"tools": ["maya", "render"]},
    "maya-2024": {"tools": ["maya", "render", "mayapy"], "requires": ["lib-1"]},
    "nuke-13": {"tools": ["Nuke", "render", "python"]},
    "util-10": {"tools": ["render", "convert", "with blank"], "requires": ["lib-2"]},
    "houdini-20": {"tools": ["hython", "render", "a b\"c'é"], "requires": ["lib-1+"]},
    "lib-1": {"tools": ["hidden_in_lib"]},
    "lib-2": {},
}

REQUESTS = {
    "maya": ["maya"],
    "old": ["maya-2023", "!lib-2"],
    "clash": ["nuke", "util"],
    "fx": ["houdini", "~nuke-13"],
    "plain": ["lib"],
}


def write_packages(root: Path, packages: Mapping[str, Mapping[str, Any]] = PACKAGES) -> Path:
    """A repository on disk."""
    for full, attributes in packages.items():
        name, _, version = full.partition("-")
        folder = root / name / version
        folder.mkdir(parents=True)
        lines = [f"name = {name!r}", f"version = {version!r}"]
        lines += [f"{key} = {value!r}" for key, value in attributes.items()]
        (folder / "package.py").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return root


def config_of(home: Path, packages: Path) -> Config:
    """A configuration of its own."""
    path = str(packages)
    return load_config({"HOME": str(home)}, overrides={"packages_path": [path], "local_packages_path": path})


def context_of(
    config: Config, *packages: str, requests: Sequence[str] | None = None, **fields: Any
) -> Context:
    """A context of these packages, such as "maya-2024"."""
    opener = Opener(config)
    root = config["packages_path"][0]
    parts = [full.partition("-")[::2] for full in packages]
    variants = [
        opener.folder(os.path.join(root, name, version), name, version, None) for name, version in parts
    ]
    return Context(
        **{
            "status": "solved",
            "package_requests": tuple(name for name, _ in parts) if requests is None else tuple(requests),
            "package_paths": (root,),
            "resolved_packages": tuple(variants),
            "timestamp": 1,
            "rez_version": "3.4.0",
            **fields,
        }
    )


def play(
    folder: str, steps: list[list[Any]], config: Config, contexts: Mapping[str, Context]
) -> dict[str, Any]:
    """What `support.suite_rez` does, done by us."""
    from rezup.errors import SuiteError

    suite = Suite(config)
    outcomes = []
    for word, *arguments in steps:
        try:
            if word == "store":
                suite.save(folder)
                suite = Suite.load(folder, config)
            elif word == "add":
                name, file, prefix_char = arguments
                suite.add(name, contexts[file], prefix_char=prefix_char)
            else:
                method = {"prefix": suite.set_prefix, "suffix": suite.set_suffix}.get(word) or getattr(
                    suite, word
                )
                method(*arguments)
            outcomes.append(True)
        except SuiteError:
            outcomes.append(False)
    suite.save(folder)
    return {"outcomes": outcomes, "state": state(folder, config)}


def state(folder: str, config: Config) -> dict[str, Any]:
    """All of a suite that is on disk."""
    from rezup.runtime.suites.members import data_of

    suite = Suite.load(folder, config)
    table = suite.tools()
    members = sorted(suite.members, key=lambda each: each.name)
    return {
        "data": [{**data_of(member), "hidden_tools": sorted(member.hidden_tools)} for member in members],
        "tools": [row(each) for each in table.visible.values()],
        "overridden": {alias: [row(each) for each in found] for alias, found in table.overridden.items()},
        "hidden": [row(each) for each in table.hidden],
        "paths": [suite.tool_path(alias) for alias in table.visible],
        "info": [line.text for line in info_lines(suite)],
        "info -v": [line.text for line in info_lines(suite, verbose=True)],
        "tools text": [line.text for line in tools_lines(suite)],
        "tools text -v": [line.text for line in tools_lines(suite, verbose=True)],
        "of one": {
            name: [line.text for line in tools_lines(suite, context_name=name)] for name in suite.names
        },
        "found": {
            word: [suite.find(in_request=word), suite.find(in_resolve=word)]
            for word in ("maya", "lib", "nuke")
        },
        "resolved": {
            word: suite.find(in_resolve=word) for word in ("maya-2024", "!maya", "lib<2", "!lib-2", "no")
        },
        "bin": sorted(os.listdir(os.path.join(folder, "bin"))),
        "contexts": sorted(os.listdir(os.path.join(folder, "contexts"))),
    }


def row(tool: Tool) -> list[Any]:
    """A tool as plain data."""
    names = sorted(each.qualified_package_name for each in tool.variants)
    return [tool.alias, tool.name, tool.context, names, tool.is_clashing]


def tree(root: Path) -> dict[str, Any]:
    """All below a folder: content and whether it is a program; links with their targets."""
    found: dict[str, Any] = {}
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        if path.is_symlink():
            found[name] = os.readlink(path)
        elif path.is_file():
            found[name] = (path.read_bytes(), bool(path.stat().st_mode & 0o100))
    return found
