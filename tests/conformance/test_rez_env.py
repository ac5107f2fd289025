"""`rezup resolve --json` beside the real `rez-env --output`: the same packages, requests, texts and statuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from support.resolve_worlds import canonical

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from support.world import World

#: Two repositories: versions, variants, releases at times, combined and unversioned packages, ephemerals.
FILES = {
    "one/python/2.7/package.py": "timestamp = 1000",
    "one/python/3.9/package.py": "timestamp = 2000",
    "one/python/3.11/package.py": "timestamp = 3000",
    "one/maya/2023/package.py": "requires = ['python-3.9']\ntimestamp = 1500",
    "one/maya/2024/package.py": "requires = ['python-3.11']\ntimestamp = 2500",
    "one/maya/2024.beta/package.py": "requires = ['python-3.11']\ntimestamp = 2600",
    "one/rig/1.0/package.py": "variants = [['python-2.7'], ['python-3.9'], ['python-3.11']]",
    "one/rig/1.1/package.py": "requires = ['maya']\nvariants = [['python-3.9', 'maya-2023'], ['maya-2024', 'python-3']]",
    "one/scripts/package.py": "requires = ['python-3']",
    "one/many.py": "versions = ['1', '2']\nversion_overrides = {'1': {'requires': ['python-2']}}",
    "one/toggle/1/package.py": "requires = ['.feature-1']",
    "one/toggle/2/package.py": "requires = ['.feature-2']",
    "one/lost/1/package.py": "requires = ['nowhere-1']",
    "one/late/1/package.py": "@late()\ndef requires():\n    return ['python-2'] if in_context() and 'maya' not in request else ['python-3']",
    "one/later/1/package.py": "@late()\ndef requires():\n    return ['maya'] if in_context() and 'python' in implicits and 'python' not in request else []",
    "one/hurt/1/package.py": "requires = [",
    "one/hurt/2/package.py": "requires = ['python-3']",
    "one/loop/1/package.py": "requires = ['pool']",
    "one/pool/1/package.py": "requires = ['loop']",
    "two/python/3.9/package.py": "requires = ['shadow']",
    "two/python/3.12/package.yaml": "requires: [extra]",
    "two/extra/0/package.yaml": "name: extra\nversion: '0'\n",
    "two/extra/1.0/package.yaml": "hashed_variants: true\nvariants: [[], [python-2]]\n",
}  # fmt: skip


def config(**settings: Any) -> dict[str, str]:
    """Variables that set settings of Rez."""
    return {f"REZ_{name.upper()}_JSON": json.dumps(value) for name, value in settings.items()}


class Case(NamedTuple):
    """One call of `rez-env`."""

    arguments: str
    environ: Mapping[str, str] = {}


CASES = {
    "solved": Case("maya rig"),
    "a variant": Case("rig-1.0 python-2"),
    "weak": Case("~python-2 rig"),
    "conflict": Case("maya !maya-2024"),
    "two repositories": Case("python extra"),
    "the first repository wins": Case("python-3.9"),
    "the other way round": Case("python-3.9+ --paths two:one"),
    "one of them twice": Case("python --paths one:one:./two/../one"),
    "unversioned": Case("scripts"),
    "combined": Case("many many-1"),
    "ephemerals": Case("toggle .feature-1+<2"),
    "ephemerals that fail": Case("toggle .feature-3"),
    "implicit packages": Case("rig", config(implicit_packages=["~python-3.9", "!maya-2024"])),
    "no implicit packages": Case("rig --ni", config(implicit_packages=["~python-3.9"])),
    "implicit packages of the system": Case("python"),
    "a filter": Case("maya", config(package_filter={"excludes": ["*.beta"]})),
    "filters": Case("maya python", config(package_filter=[{"excludes": ["glob(*.beta)"]}, {"excludes": ["maya-2024"], "includes": ["maya-2024.beta"]}])),
    "exclude": Case("maya --exclude maya-2024"),
    "exclude and include": Case("maya --exclude maya-2024 --include maya-2024.beta"),
    "exclude beside a filter": Case("maya --exclude maya-2023", config(package_filter={"excludes": ["*.beta"]})),
    "include beside a filter": Case("maya --include maya", config(package_filter={"excludes": ["*.beta"]})),
    "all is excluded": Case("maya --exclude maya"),
    "time": Case("maya --time 2550"),
    "an early time": Case("maya --time 1200"),
    "relative time": Case("maya --time=-2d"),
    "sorted": Case("maya", config(package_orderers=[{"type": "sorted", "descending": False, "packages": ["python", "maya"]}])),
    "version split": Case("rig", config(package_orderers=[{"type": "version_split", "first_version": "2023"}])),
    "per family": Case("maya", config(package_orderers=[{"type": "per_family", "orderers": [{"packages": ["maya"], "type": "sorted", "descending": False}]}])),
    "soft timestamp": Case("maya python", config(package_orderers=[{"type": "soft_timestamp", "timestamp": 1700, "rank": 2}])),
    "intersection priority": Case("rig-1.0 maya", config(variant_select_mode="intersection_priority")),
    "no unversioned packages": Case("scripts", config(allow_unversioned_packages=False)),
    "missing variant requires": Case("lost"),
    "missing variant requires allowed": Case("lost", config(error_on_missing_variant_requires=False)),
    "failing": Case("maya-2023 python-3.11"),
    "a failing reduction": Case("rig-1.1 maya-2022|2024 python-2"),
    "the request contradicts itself": Case("maya-2023 maya-2024"),
    "fail limit": Case("rig-1.1 maya-2024 !python-3.11 --max-fails 0"),
    "time limit": Case("maya --time-limit 0"),
    "a cycle": Case("loop"),
    "no family": Case("nope"),
    "no version": Case("maya-1999"),
    "bound late": Case("late"),
    "bound late, seen the request": Case("late maya"),
    "bound late, seen implicit packages": Case("later", config(implicit_packages=["~python-3.11"])),
    "bound late, seen what is not implicit": Case("later python", config(implicit_packages=["~python-3.11"])),
    "a damaged package that is not needed": Case("hurt-2"),
}  # fmt: skip

SOON = ("solved", "combined", "exclude beside a filter", "failing", "no family", "no version")


def rez_env(world: World, arguments: list[str], environ: Mapping[str, str]) -> dict[str, Any]:
    """What `rez-env` says, in a form for both."""
    output = world.home / "out.rxt"
    code = "import sys; sys.argv[0] = 'rez-env'; from rez.cli._main import run; run('env')"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, *arguments, "--output", str(output)],
        env={**world.environ, **environ}, cwd=world.home, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if not output.exists():
        error, _, text = done.stderr.splitlines()[-1].partition("ERROR    ")[2].partition(": ")
        return {"error": error, "text": text}
    context = json.loads(output.read_text())
    found = [each["variables"] for each in context["resolved_packages"] or ()]
    return {
        "status": context["status"],
        "packages": [(each["name"], each.get("version") or "", each["index"]) for each in found],
        "ephemerals": context["resolved_ephemerals"] or [],
        "text": canonical(context["failure_description"] or ""),
        "request": [*context["package_requests"], *context["implicit_packages"]],
        "paths": context["package_paths"],
    }


def ours(world: World, arguments: list[str], environ: Mapping[str, str]) -> dict[str, Any]:
    """The same of `rezup resolve`."""
    given = ["--no-implicit" if each == "--ni" else each for each in arguments]
    outcome = world.rezup("resolve", *given, "--json", env={**environ})
    document = json.loads(outcome.out)
    data = document["data"]
    if data is None:
        return {"error": document["errors"][0]["code"], "text": document["errors"][0]["message"]}
    assert (document["status"], outcome.code) == (
        ("success", 0) if data["status"] == "solved" else ("error", 1)
    )
    assert [each["code"] for each in document["errors"]] == ["resolve-failed"] * (data["status"] != "solved")
    return {
        "status": data["status"],
        "packages": [(each["name"], each["version"], each["variant"]) for each in data["packages"]],
        "ephemerals": data["ephemerals"],
        "text": canonical(data["failure"]["text"]) if data["failure"] else "",
        "request": data["request"],
        "paths": data["paths"],
    }


CODES = {
    "PackageFamilyNotFoundError": "package-family-not-found",
    "PackageNotFoundError": "package-not-found",
}


def compare(world: World, case: Case) -> None:
    for name, text in FILES.items():
        family, version, *_ = [*name.split("/")[1:], ""]
        head = "" if name.endswith(".yaml") else f"name = {family.removesuffix('.py')!r}\n"
        if name.endswith(".yaml") and "name:" not in text:
            text = f"name: {family}\nversion: '{version}'\n{text}"
        elif head and version not in ("", "package.py"):
            head += f"version = {version!r}\n"
        world.write(name, head + text + "\n")
    environ = {"REZ_PACKAGES_PATH": f"{world.home}/one{os.pathsep}{world.home}/two", **case.environ}
    arguments = case.arguments.split()
    theirs, found = rez_env(world, arguments, environ), ours(world, arguments, environ)
    if "error" in theirs:
        theirs["error"] = CODES[theirs["error"]]
    if theirs.get("status") == "aborted":
        theirs["status"] = "failed"  # JSON has two outcomes
    assert found == theirs
    assert ours(world, arguments, environ) == theirs  # from what the first call kept


@pytest.mark.parametrize("name", SOON)
def test_some_cases_at_once(world: World, name: str) -> None:
    compare(world, CASES[name])


@pytest.mark.conformance
@pytest.mark.parametrize("name", CASES)
def test_it_answers_as_rez_env(world: World, name: str) -> None:
    compare(world, CASES[name])


@pytest.mark.conformance
def test_uris_are_those_that_rez_prints(world: World) -> None:
    compare(world, CASES["solved"])
    environ = {"REZ_PACKAGES_PATH": f"{world.home}/one{os.pathsep}{world.home}/two"}
    request = ["rig-1.1", "many", "scripts", "extra", "toggle"]
    code = (
        "import json, sys\nfrom rez.resolved_context import ResolvedContext\n"
        "print(json.dumps([v.uri for v in ResolvedContext(sys.argv[1:]).resolved_packages]))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, *request],
        env={**world.environ, **environ}, cwd=world.home, capture_output=True, text=True, check=True,
    )  # fmt: skip
    outcome = world.rezup("resolve", *request, "--json", env=environ)
    assert outcome.code == 0, outcome
    assert [each["uri"] for each in outcome.data["packages"]] == json.loads(done.stdout.splitlines()[-1])


@pytest.mark.conformance
def test_a_patch_of_a_context(world: World, tmp_path: Path) -> None:
    compare(world, CASES["solved"])
    kept = tmp_path / "kept.rxt"
    (world.home / "out.rxt").rename(kept)
    environ = {"REZ_PACKAGES_PATH": f"{world.home}/one", "REZ_RXT_FILE": str(kept)}
    seen = set()
    for changes in (["maya-2023"], ["^rig", "scripts"], ["!python-3.11"]):
        theirs = rez_env(world, [*changes, "--patch"], environ)
        found = ours(world, [*changes, "--patch"], environ)
        named = ours(world, [*changes, "--patch", str(kept)], {**environ, "REZ_RXT_FILE": ""})
        assert found == named == theirs
        seen.add(tuple(found["request"]))
    assert len(seen) == 3
