"""Locking an environment: what the plan asks for is resolved, and what no index has is built to wheels."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rezup.errors import InterpreterNotFoundError, LockError, ProcessError
from rezup.installers.base import Package
from rezup.installers.resolution import Question, explained
from rezup.installers.sources import SourceBuilder, keep_wheel, read_source
from rezup.lockfiles.lock import Lock, LockedPackage, Origin
from rezup.lockfiles.wheel_names import read_name
from rezup.recipes.plain_requirements import canonical
from rezup.reporting import stage
from rezup.system.files import make_folder
from rezup.system.machine import platform_tag

if TYPE_CHECKING:
    from pathlib import Path

    from rezup.installers.backend import Prepared
    from rezup.installers.context import BuildContext
    from rezup.installers.plans import EnvironmentPlan
    from rezup.system.interpreters import Interpreter


class Upgrade(NamedTuple):
    """What of a previous lock is not kept."""

    packages: tuple[str, ...] = ()
    """Names of distributions; empty is everything."""


def lock_environment(
    plan: EnvironmentPlan,
    context: BuildContext,
    wheels: Path,
    *,
    platforms: tuple[str, ...],
    sdists: bool,
    upgrade: Upgrade | None = None,
    previous: Lock | None = None,
) -> Lock:
    """The lock of what the plan asks for; nothing of the environment is installed.

    Sources in edit mode are not in it, what they need is.

    :param wheels: the folder for wheels that were built or come from a local folder; made where there is any
    :param platforms: what it has to cover; empty is this machine's
    :param sdists: whether a package may be built that has no wheel
    :param upgrade: None keeps the versions of `previous` where they still fit
    :raises InterpreterNotFoundError: no Python fits
    :raises LockError: something has no wheel for a platform, or can't be fetched
    :raises InstallError: anything else, e.g. requirements contradict each other
    """
    make_folder(context.folder)
    make_folder(context.log.parent)
    platforms = tuple(sorted(set(platforms))) or (platform_tag(),)
    if plan.is_embedded:
        from rezup.installers.embedded import prepared_for

        return _lock((), prepared_for(plan, context).interpreter, platforms)
    kept = previous if upgrade is None or upgrade.packages else None
    prepared = _prepared(plan, context, kept)
    interpreter = prepared.interpreter
    with stage(context.reporter, "lock", str(plan.name)):
        question = _question(plan, context, prepared, wheels, platforms, sdists=sdists)
        question = question._replace(kept=_versions(kept, upgrade, interpreter))
        try:
            packages = prepared.installer.resolve(question)
        except ProcessError as error:
            reason = explained(error, is_offline=context.offline)
            raise _with_advice(reason, plan, context) from error
        packages = _with_seeds(packages, prepared, wheels)
    return _lock(packages, interpreter, platforms)


def _lock(packages: tuple[LockedPackage, ...], interpreter: Interpreter, platforms: tuple[str, ...]) -> Lock:
    ordered = sorted(packages, key=lambda each: (each.name, each.version, each.marker or ""))
    python = ".".join(map(str, interpreter.release))
    return Lock(tuple(ordered), python, interpreter.implementation, platforms)


def _prepared(plan: EnvironmentPlan, context: BuildContext, kept: Lock | None) -> Prepared:
    """Interpreter and installer; the Python of a previous lock is kept while the recipe allows it."""
    from rezup.installers.environments import prepare_plan

    if kept is not None and kept.python is not None:
        try:
            return prepare_plan(plan, context, kept)
        except (InterpreterNotFoundError, LockError) as error:
            context.reporter.debug(f"the previous lock's Python is left: {error}")
    return prepare_plan(plan, context)


def _versions(previous: Lock | None, upgrade: Upgrade | None, interpreter: Interpreter) -> dict[str, str]:
    """Of a lock of the same Python; of two versions for two platforms none is kept."""
    if previous is None or previous.python not in (None, ".".join(map(str, interpreter.release))):
        return {}
    left = {canonical(name) for name in upgrade.packages} if upgrade else set()
    found: dict[str, list[str]] = {}
    for package in previous.packages:
        if package.origin is None and package.version and package.name not in left:
            found.setdefault(package.name, []).append(package.version)
    return {name: versions[0] for name, versions in found.items() if len(versions) == 1}


def _question(
    plan: EnvironmentPlan,
    context: BuildContext,
    prepared: Prepared,
    wheels: Path,
    platforms: tuple[str, ...],
    *,
    sdists: bool,
) -> Question:
    """What is asked, with every source of the plan built."""
    builder = SourceBuilder(prepared.pip_program, prepared.interpreter, context, wheels)
    packages: list[Package] = []
    built: dict[str, LockedPackage] = {}
    for package in plan.packages:
        source = None if package.editable else read_source(package.requirement)
        if source is None:
            packages.append(package)
            continue
        names, shown = _tools(plan, package)
        made = builder.build(source, shown or package.requirement, names)
        _refuse_another(built.get(made.name), made)
        built[made.name] = made
        place = (wheels / made.wheels[0].name).absolute().as_uri()
        marker = f" ; {source.marker}" if source.marker else ""
        packages.append(Package(f"{made.name}{source.extras} @ {place}{marker}"))

    if prepared.installer.name == "uv" and not prepared.seeds:
        packages.append(Package("pip"))  # rez-pip needs it

    def build(requirement: str, digest: str) -> LockedPackage:
        found = read_source(requirement)
        if found is None:
            raise LockError(f"{context.mask(requirement)} can't be built", context="it names no place")
        # Where on this machine it lay is nobody's business.
        shown = found.place.partition("#")[0] if found.path is None else found.path.name
        return builder.build(found, shown, (), digest)

    return Question(
        interpreter=prepared.interpreter,
        packages=tuple(packages),
        platforms=platforms,
        is_universal=platforms != (platform_tag(),),
        built=built,
        kept={},
        wheels=wheels,
        sdists=sdists,
        build=build,
    )


def _tools(plan: EnvironmentPlan, package: Package) -> tuple[tuple[str, ...], str]:
    """Names of the tools that a package was asked for by, and how the recipe spells it."""
    asking = [
        tool
        for tool in plan.tools
        if package.requirement == (tool.requirement if tool.path is None else str(tool.path))
    ]
    return tuple(str(tool.name) for tool in asking), asking[0].requirement if asking else ""


def _refuse_another(there: LockedPackage | None, made: LockedPackage) -> None:
    if there is not None and there.wheels != made.wheels:
        sources = [each.origin.source for each in (there, made) if isinstance(each.origin, Origin)]
        raise LockError(
            f"{made.name} is asked for from two places",
            context=" and ".join(sources),
            hint="name one of them, or set `isolation = true` on an extension",
        )


def _with_seeds(
    packages: tuple[LockedPackage, ...], prepared: Prepared, wheels: Path
) -> tuple[LockedPackage, ...]:
    """With pip, which rez-pip needs, and what else the installer puts into every environment."""
    there = {package.name for package in packages}
    added = []
    for path in prepared.seeds:
        name = read_name(path.name)
        if name is not None and name.package not in there:
            added.append(LockedPackage(name.package, name.version, (keep_wheel(path, wheels),)))
    return (*packages, *added)


def _with_advice(
    error: ProcessError | LockError, plan: EnvironmentPlan, context: BuildContext
) -> ProcessError | LockError:
    if isinstance(error, LockError):
        return error
    from rezup.installers.environments import with_explanation

    return with_explanation(error, plan, context, f"the environment {plan.name} can't be locked")
