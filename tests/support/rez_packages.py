"""What the real Rez reads from repositories: every family, package, variant and attribute.

Run as a program it reads ``{"paths": […], "names": […]}`` (JSON) from stdin; `names` are families to
ask for by name beside those that a repository lists.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

ATTRIBUTES = [
    "authors", "build_requires", "cachable", "changelog", "commands", "description", "has_plugins",
    "hashed_variants", "help", "plugin_for", "post_commands", "pre_build_commands", "pre_commands",
    "pre_test_commands", "previous_revision", "previous_version", "private_build_requires",
    "release_message", "relocatable", "requires", "revision", "tests", "timestamp", "tools", "uuid",
    "variants", "vcs",
]  # fmt: skip
SETTINGS = [
    "release_packages_path",
    "packages_path",
    "default_relocatable",
    "env_var_separators",
    "plugins.shell.bash.prompt",
]


def plain(value: Any) -> Any:
    """A value as JSON can hold it."""
    if isinstance(value, dict):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [plain(inner) for inner in value]
    if type(value).__name__ == "SourceCode":
        text = value.source if hasattr(value, "source") else value.text
        return {"text": text, "decorators": sorted({*map(str, value.includes or ())})}
    if isinstance(value, (str, int, float, type(None))):
        return value
    return (
        str(value)
        if type(value).__name__ in ("Version", "Requirement", "PackageRequest", "date")
        else type(value).__name__
    )


def outcome(ask: Any) -> Any:
    """A value, or the fact that it can't be had."""
    try:
        return plain(ask())
    except Exception as error:  # noqa: BLE001 - whatever Rez or we raise is the answer
        return {"error": True, "words": f"{type(error).__name__}: {error}"}


def told(package: Any, variants: Any, own_keys: Any) -> dict[str, Any]:
    """All of one package; works on those of Rez and on ours."""
    answer: dict[str, Any] = {name: outcome(lambda name=name: getattr(package, name)) for name in ATTRIBUTES}
    answer["own"] = {name: outcome(lambda name=name: getattr(package, name)) for name in sorted(own_keys)}
    for name in ("uri", "base", "name", "version", "qualified_name", "num_variants"):
        answer[name] = outcome(lambda name=name: getattr(package, name))
    answer["exact"] = outcome(package.as_exact_requirement)
    for dotted in SETTINGS:
        answer[dotted] = outcome(lambda dotted=dotted: setting(package.config, dotted))
    answer["variants of it"] = outcome(lambda: list(map(told_of_variant, variants())))
    return answer


def told_of_variant(variant: Any) -> dict[str, Any]:
    """All of one variant."""
    asked = {
        "root": lambda: variant.root,
        "subpath": lambda: variant.subpath,
        "requires": lambda: variant.requires,
        "all": lambda: variant.get_requires(build_requires=True, private_build_requires=True),
        "tools": lambda: variant.tools,
    }
    answer = {name: outcome(ask) for name, ask in asked.items()}
    return {**answer, "uri": variant.uri, "index": variant.index, "name": variant.qualified_name}


def setting(config: Any, dotted: str) -> Any:
    """A setting through attributes, as package code asks."""
    for name in dotted.split("."):
        config = getattr(config, name)
    return config


def ask_rez(paths: list[str], names: list[str], environ: dict[str, str]) -> dict[str, Any]:
    """Rez's answer: for each path the families it lists, and for each name its packages."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", __file__], env=environ, capture_output=True, text=True, timeout=600,
        input=json.dumps({"paths": paths, "names": names}),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def ask_rez_for_records(path: str, environ: dict[str, str]) -> dict[str, Any]:
    """What a resolve by Rez sees of every package, by URI."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", __file__], env=environ, capture_output=True, text=True, timeout=600,
        input=json.dumps({"records": path}),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _records(path: str) -> dict[str, Any]:
    from rez.packages import iter_package_families

    found = {}
    for family in iter_package_families([path]):
        for package in family.iter_packages():
            lists = [list(map(str, each or ())) for each in (package.requires, package.build_requires)]
            variants = [list(map(str, each)) for each in package.variants or ()]
            found[package.uri] = [
                package.name, str(package.version), lists[0], variants, lists[1], package.timestamp or 0,
            ]  # fmt: skip
    return found


def _answer(paths: list[str], names: list[str]) -> dict[str, Any]:
    from rez.package_repository import package_repository_manager
    from rez.packages import Package

    found: dict[str, Any] = {}
    for path in paths:
        repository = package_repository_manager.get_repository(path)
        listed = outcome(lambda here=repository: sorted({each.name for each in here.iter_package_families()}))
        packages = {}
        for name in sorted({*names, *listed}):
            family = repository.get_package_family(name)
            if family is None:
                packages[name] = None
                continue
            packages[name] = outcome(
                lambda here=repository, family=family: [
                    _told(Package(each)) for each in here.iter_packages(family)
                ]
            )
        found[path] = {"families": listed, "packages": packages, "location": repository.location}
    return found


def _told(package: Any) -> dict[str, Any]:
    from rez.config import config

    # Rez keeps settings that were once asked for, also below a package's own section: the answer
    # would hang on what was asked before.
    for dotted in SETTINGS:
        vars(config).pop(dotted.partition(".")[0], None)
    try:
        own = package.arbitrary_keys()
    except Exception:  # noqa: BLE001 - Rez raises much
        own = ()
    return told(package, package.iter_variants, own)


if __name__ == "__main__":
    question = json.load(sys.stdin)
    sys.stdout, out = sys.stderr, sys.stdout
    if "records" in question:
        json.dump(_records(question["records"]), out)
    else:
        json.dump(_answer(question["paths"], question["names"]), out)
    out.flush()
    os._exit(0)
