"""What goes together, by pip: the report of a dry run, or all wheels gathered where pip knows no reports."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

from rezup.errors import LockError, ProcessError
from rezup.installers.base import Package
from rezup.installers.distributions import url_path
from rezup.installers.requirements import write_requirements
from rezup.installers.resolution import no_wheel, only_source
from rezup.installers.sources import keep_wheel
from rezup.lockfiles.lock import LockedPackage, Wheel
from rezup.lockfiles.urls import public_url
from rezup.lockfiles.wheel_names import read_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rezup.installers.pip_program import PipProgram, Reported
    from rezup.installers.requirements import Asked
    from rezup.installers.resolution import Question

_WHAT = "resolving with pip"
_MISSING = re.compile(r"No matching distribution found for ([^(\n]+)")


def resolve(
    pip: PipProgram, question: Question, *, from_source: Sequence[str], secrets: Sequence[str] = ()
) -> tuple[LockedPackage, ...]:
    """The answer to a question.

    :param from_source: names of what is not to be taken as a wheel; ":all:" is everything
    :raises ProcessError: pip failed
    :raises LockError: it is about other platforms, or there is no wheel of something
    """
    if question.is_universal:
        raise LockError(
            "pip can't lock for another platform than its own",
            context=f"the recipe lists {', '.join(question.platforms)}",
            hint="only uv can: remove what rules it out (`rezup -v lock` says what), or `platforms`",
        )
    folder = pip.workplace.folder
    asked = write_requirements(question.packages, folder / "requirements.in", secrets)
    arguments = [*asked.arguments, *_formats(question, from_source)]
    kept = folder / "kept.txt"
    kept.write_text(
        "".join(f"{n}=={v}\n" for n, v in question.kept.items() if n not in question.built), encoding="utf-8"
    )
    if question.kept:
        try:
            return _resolve(pip, question, [*arguments, "--constraint", str(kept)], asked)
        except ProcessError as error:
            pip.workplace.reporter.debug(f"the versions of the previous lock don't fit any more: {error}")
    try:
        return _resolve(pip, question, arguments, asked)
    except ProcessError as error:
        missing = _MISSING.search(error.output)
        if missing and "--only-binary" in arguments and _has_source(pip, missing[1].strip()):
            raise only_source(missing[1].strip()) from error
        raise


def _has_source(pip: PipProgram, requirement: str) -> bool:
    """Whether what has no wheel has something to build one from."""
    folder = pip.workplace.folder / "source"
    asked = write_requirements([Package(requirement)], pip.workplace.folder / "source.in")
    options = ["--no-deps", "--no-binary", ":all:", "--dest", str(folder)]
    try:
        pip.run("download", [*options, *asked.arguments], what="looking for a source distribution")
    except ProcessError:
        return False
    return True


def _formats(question: Question, from_source: Sequence[str]) -> list[str]:
    if question.sdists or ":all:" in from_source:
        return []
    options = ["--only-binary", ":all:"]
    for name in from_source:  # once more, as ":all:" has just taken it back
        options += ["--no-binary", name]
    return options


def _resolve(
    pip: PipProgram, question: Question, arguments: Sequence[str], asked: Asked
) -> tuple[LockedPackage, ...]:
    if not pip.has_report:
        return _gathered(pip, question, arguments, asked.environment)
    found = pip.report(arguments, what=_WHAT, variables=asked.environment)
    return tuple(_locked(each, question) for each in found if not each.is_editable)


def _locked(found: Reported, question: Question) -> LockedPackage:
    own = question.built.get(found.name)
    if own is not None:
        return own._replace(version=found.version)
    file = found.url.partition("#")[0].partition("?")[0].rpartition("/")[2]
    if not file.endswith(".whl"):
        return question.build(_requirement(found), found.sha256)._replace(version=found.version)
    path = url_path(found.url)
    if path is not None:
        return LockedPackage(found.name, found.version, (keep_wheel(path, question.wheels),))
    if not found.sha256:
        raise LockError(
            f"{found.name} {found.version} can't be locked", context="its index tells no SHA-256 of its files"
        )
    from urllib.parse import unquote

    url = public_url(found.url)
    if url is None:
        raise no_wheel(f"{found.name} {found.version}", question.platforms[0], is_source_there=False)
    return LockedPackage(found.name, found.version, (Wheel(unquote(file), found.sha256, url),))


def _requirement(found: Reported) -> str:
    url = found.url
    if found.repository:
        url = f"{found.repository}+{url}@{found.commit}"
    return f"{found.name} @ {url}" + (f"#subdirectory={found.subdirectory}" if found.subdirectory else "")


def _gathered(
    pip: PipProgram, question: Question, arguments: Sequence[str], variables: Mapping[str, str]
) -> tuple[LockedPackage, ...]:
    """Every wheel of the environment, as a pip of an old Python brings or builds them."""
    edited = {
        name
        for number, package in enumerate(p for p in question.packages if p.editable)
        for name in _wheels(pip, [_one(pip, package)], {}, f"edited-{number}")
    }
    packages = []
    for name, path in sorted(_wheels(pip, [arguments], variables, "gathered").items()):
        own = question.built.get(name)
        if own is not None:
            packages.append(own)
        elif name not in edited:
            version = path.name.split("-")[1]
            packages.append(LockedPackage(name, version, (keep_wheel(path, question.wheels),)))
    return tuple(packages)


def _one(pip: PipProgram, package: Package) -> list[str]:
    path = pip.workplace.folder / "edited.in"
    return ["--no-deps", *write_requirements([Package(package.requirement)], path).arguments]


def _wheels(
    pip: PipProgram, calls: Sequence[Sequence[str]], variables: Mapping[str, str], name: str
) -> dict[str, Path]:
    folder = pip.workplace.folder / name
    shutil.rmtree(folder, ignore_errors=True)
    for arguments in calls:
        pip.run("wheel", ["--wheel-dir", str(folder), *arguments], what=_WHAT, variables=variables)
    return {parts.package: path for path in folder.glob("*.whl") if (parts := read_name(path.name))}
