"""Making an environment of a recipe, see `rezup.installers.plans`."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rezup.errors import ProcessError
from rezup.installers import bytecode, editable, scripts
from rezup.installers.backend import prepare
from rezup.installers.base import BuiltEnvironment, InstalledTool, Package
from rezup.installers.distributions import find_distribution, read_distributions
from rezup.installers.interpreter import check_interpreter, interpreter_request
from rezup.installers.locked import LockedInstall
from rezup.installers.programs import bundled_pip, python_of, scripts_of, site_packages_of
from rezup.installers.seed import Seed
from rezup.installers.traces import remove_traces
from rezup.reporting import stage
from rezup.system.discovery import find
from rezup.system.files import make_folder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rezup.installers.backend import Prepared
    from rezup.installers.context import BuildContext
    from rezup.installers.distributions import Distribution
    from rezup.installers.pip_configuration import PipSettings
    from rezup.installers.plans import EnvironmentPlan, Locked
    from rezup.installers.programs import UvProgram
    from rezup.installers.scripts import Layout
    from rezup.lockfiles.lock import Lock
    from rezup.recipes.model import Tool
    from rezup.system.interpreters import Interpreter


def build(
    plan: EnvironmentPlan, target: Path, context: BuildContext, locked: Locked | None = None
) -> BuiltEnvironment:
    """Make one environment at `target`, which must not exist, inside a staging folder.

    Nothing in it names the place it was built at, but for what `BuiltEnvironment.leftovers` lists;
    it may be renamed and moved.

    :param locked: nothing is resolved, and nothing but what the lock names gets in; the same lock and
        interpreter make the same files everywhere. None resolves what the plan asks for
    :raises InterpreterNotFoundError: no Python fits
    :raises LockError: the lock doesn't fit, or what it names can't be had
    :raises HashMismatchError: a file isn't the one that was locked
    :raises ProcessError: a program failed, e.g. as requirements contradict each other
    :raises InstallError: anything else
    """
    make_folder(target.parent)
    make_folder(context.folder)
    make_folder(context.log.parent)
    if plan.is_embedded:
        from rezup.installers.embedded import build_embedded

        return build_embedded(plan, target, context)
    prepared = prepare_plan(plan, context, locked.lock if locked else None)
    interpreter, installer, reason = prepared[:3]
    chosen = None if locked is None else LockedInstall.of(plan, prepared, locked, context)
    reporter = context.reporter
    reporter.debug(f"{plan.name}: built by {installer.name} {installer.version}: {reason}")
    site = site_packages_of(target, interpreter.release, interpreter.implementation)
    layout = scripts.Layout(target, scripts_of(target), site)
    with stage(reporter, "environment", str(plan.name)):
        installer.create(target, interpreter)
    compiled = _install(plan, layout, prepared, context, chosen)
    with stage(reporter, "scripts", str(plan.name)):
        finished = _finish(plan, layout, context, locked, interpreter)
    with stage(reporter, "byte-code", str(plan.name)):
        bytecode.complete(
            target, site, interpreter, finished.distributions,
            workplace=context.workplace, cache=context.cache, before=compiled,
        )  # fmt: skip
    return BuiltEnvironment(
        name=plan.name,
        interpreter=interpreter,
        python=python_of(target).relative_to(target).as_posix(),
        scripts=layout.production.relative_to(target).as_posix(),
        tools=finished.tools,
        backend=installer.name,
        backend_version=installer.version,
        backend_reason=reason,
        distributions=tuple((found.name, found.version) for found in finished.distributions),
        leftovers=scripts.leftovers(layout, finished.distributions),
        notes=finished.notes,
    )


def _install(
    plan: EnvironmentPlan,
    layout: Layout,
    prepared: Prepared,
    context: BuildContext,
    chosen: LockedInstall | None,
) -> bytecode.Compiled | None:
    """Install what the plan asks for, or what a lock has for it; what is compiled of it already."""
    beside = _Beside(layout, prepared, context, chosen)
    packages = (*plan.packages, *beside.packages)
    wanted = chosen.shown if chosen else [package.requirement for package in packages]
    with stage(context.reporter, "install", context.mask(", ".join(wanted))):
        try:
            if chosen is not None:
                chosen.install(layout.target)
            else:
                prepared.installer.install(layout.target, prepared.interpreter, packages)
        except ProcessError as error:
            message = f"the environment {plan.name} can't be installed"
            raise with_explanation(error, plan, context, message) from error
        finally:
            compiled = beside.finish()
    return compiled


class _Beside:
    """What is done for an environment while the rest is being fetched: pip, and pip's byte-code.

    uv makes environments without pip, so it is prepared aside; pip's own way begins with it.
    """

    def __init__(
        self, layout: Layout, prepared: Prepared, context: BuildContext, chosen: LockedInstall | None
    ) -> None:
        installer, interpreter = prepared.installer, prepared.interpreter
        self._layout, self._interpreter, self._context = layout, interpreter, context
        self.packages: tuple[Package, ...] = ()
        """What has to be installed with the rest, where there is no other way."""
        self._seed: Seed | None = None
        if installer.name == "uv":
            wheel = bundled_pip(interpreter.release)
            if wheel is None:
                self.packages = (Package("pip"),)
            elif chosen is None or chosen.has_seed(wheel):
                self._seed = Seed(wheel, layout, context.folder / f"seed-{layout.target.name}")
        self._pool = ThreadPoolExecutor(1)
        self._future = self._pool.submit(self._prepare)
        if installer.name == "pip":
            self._pool.shutdown()  # pip itself is about to run, twice as fast with byte-code

    def finish(self) -> bytecode.Compiled | None:
        """Wait, and put in place what was prepared; returns what is compiled."""
        self._pool.shutdown()
        compiled = self._future.result()
        if self._seed is not None:
            self._seed.settle()
        return compiled

    def _prepare(self) -> bytecode.Compiled | None:
        root, site = self._layout.target, self._layout.site
        if self._seed is not None:
            root, site = self._seed.root, self._seed.site
            self._seed.unpack()
        try:
            return bytecode.complete(
                root, site, self._interpreter, read_distributions(site),
                workplace=self._context.workplace, cache=self._context.cache, others=False,
                python=python_of(self._layout.target),
            )  # fmt: skip
        except ProcessError as error:  # the later call for all says it
            self._context.reporter.debug(f"byte-code: {error}")
            return None


def prepare_plan(plan: EnvironmentPlan, context: BuildContext, lock: Lock | None = None) -> Prepared:
    """The interpreter that the plan asks for, and the installer.

    :param lock: the interpreter has to be of its Python
    :raises InterpreterNotFoundError: there is none
    :raises LockError: the lock is of another Python than the plan
    :raises InstallError: the installer asked for can't do it
    """
    request = plan.python if lock is None else interpreter_request(plan.python, lock)

    def find_interpreter(uv: UvProgram | None, settings: PipSettings) -> Interpreter:
        return find(
            request,
            environment=settings.environment,
            uv=None if uv is None else uv.path,
            allow_fetch=context.allow_fetch and not context.offline,
            folder=context.folder, log=context.log, mask=context.mask,
        )  # fmt: skip

    make_folder(context.folder)
    with stage(context.reporter, "interpreter", request or ""):
        prepared = prepare(plan.backend, context, find_interpreter)
    if lock is not None:
        check_interpreter(prepared.interpreter, lock)
    return prepared


@dataclass(frozen=True, slots=True)
class _Finished:
    tools: tuple[InstalledTool, ...]
    distributions: tuple[Distribution, ...]
    notes: tuple[str, ...]


def _finish(
    plan: EnvironmentPlan,
    layout: Layout,
    context: BuildContext,
    locked: Locked | None,
    interpreter: Interpreter,
) -> _Finished:
    """Make a production install of what was installed."""
    distributions = read_distributions(layout.site)
    chosen = [(tool, _distribution_of(tool, distributions, locked)) for tool in plan.tools]
    if locked is not None:
        remove_traces(layout, distributions, interpreter)
    notes: list[str] = []
    preset = False
    rez = next((found for tool, found in chosen if tool is plan.rez), None)
    if rez is not None and rez.editable is not None and context.edit_in_production:
        linked = editable.link_sources(rez)
        preset = not linked.is_linked
        if preset:
            notes.append(f"only Rez's own scripts are in production: {linked.reason}")
            context.reporter.warning(notes[-1])
    is_edited = any(found.editable is not None for _, found in chosen)
    tools = [
        scripts.ToolScripts(found, tool.flags, is_rez=found is rez, preset=preset, beside_source=is_edited)
        for tool, found in chosen
    ]
    written = scripts.write_production_scripts(layout, tools)
    scripts.make_relocatable(layout)
    scripts.correct_records(layout, distributions, tools)
    installed = tuple(
        InstalledTool(
            name=tool.name, distribution=found.name, version=found.version, environment=plan.name,
            editable=found.editable, scripts=written[found.key],
        )
        for tool, found in chosen
    )  # fmt: skip
    return _Finished(installed, distributions, tuple(notes))


def _distribution_of(
    tool: Tool, distributions: Sequence[Distribution], locked: Locked | None
) -> Distribution:
    """What was installed for a tool; a lock names what was built for it."""
    for package in locked.lock.packages if locked else ():
        if package.origin is not None and str(tool.name) in package.origin.tools:
            for distribution in distributions:
                if distribution.key == package.name:
                    return distribution
    return find_distribution(distributions, tool.requirement, tool.path, tool.name)


def with_explanation(
    error: ProcessError, plan: EnvironmentPlan, context: BuildContext, message: str
) -> ProcessError:
    """The same failure, saying of which environment; and what helps against the usual causes."""
    from rezup.installers.resolution import is_nowhere

    text = " ".join(error.output.lower().split())  # uv breaks its lines
    advice = [error.hint]
    if is_nowhere(text):
        if not context.offline:
            advice.insert(0, "check the spelling, the version, and the index that pip is configured for")
    elif "no solution" in text or "conflict" in text or "resolutionimpossible" in text:
        advice.insert(0, "change the requirements, or set `isolation = true` on an extension")
    if context.offline:
        advice.insert(0, "offline: run it once with a network, or give wheels with --find-links")
    hint = "; ".join(part for part in advice if part)
    return ProcessError(
        message,
        command=error.command, status=error.status, output=error.output, log=error.log,
        context=error.context, hint=hint,
    )  # fmt: skip
