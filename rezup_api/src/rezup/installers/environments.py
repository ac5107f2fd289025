"""From a recipe to finished environments: what goes into each (`plan`), and making one (`build`)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rezup.errors import ProcessError
from rezup.installers import bytecode, editable, scripts
from rezup.installers.backend import prepare
from rezup.installers.base import BuiltEnvironment, InstalledTool, Package
from rezup.installers.distributions import find_distribution, read_distributions
from rezup.installers.programs import bundled_pip, python_of, scripts_of, site_packages_of
from rezup.installers.seed import Seed
from rezup.reporting import stage
from rezup.system.discovery import find
from rezup.system.files import make_folder

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from rezup.installers.backend import BuildContext, Prepared
    from rezup.installers.base import Installer
    from rezup.installers.distributions import Distribution
    from rezup.installers.pip_configuration import PipSettings
    from rezup.installers.programs import UvProgram
    from rezup.installers.scripts import Layout
    from rezup.recipes.model import Backend, Recipe, Tool
    from rezup.recipes.names import ToolName
    from rezup.system.interpreters import Interpreter


@dataclass(frozen=True, slots=True)
class EnvironmentPlan:
    """One environment to build: all of `packages` are resolved together."""

    name: ToolName
    python: str | None
    """What the recipe asks for, as in `Tool.python`."""
    tools: tuple[Tool, ...]
    """Whose console scripts become production scripts."""
    packages: tuple[Package, ...]
    backend: Backend = "auto"
    rez: Tool | None = None
    """The one of `tools` that is Rez itself; None where Rez is but a library."""
    is_embedded: bool = False
    """Whether Rez is the runtime of this very library, see `rezup.installers.embedded`."""


def plan(recipe: Recipe) -> tuple[EnvironmentPlan, ...]:
    """The environments of a recipe: Rez with all that shares its environment, then the isolated ones.

    The recipe's variables must be filled in before.
    """
    is_embedded = recipe.runtime == "embedded"
    joined = (recipe.rez, *(tool for tool in recipe.extensions if not tool.isolated))
    shared = recipe.shared.requirements if recipe.shared else ()
    first = EnvironmentPlan(
        name=recipe.rez.name,
        python=recipe.rez.python,
        tools=joined,
        packages=() if is_embedded else _distinct([*_packages(joined), *map(Package, shared)]),
        backend=recipe.backend,
        rez=recipe.rez,
        is_embedded=is_embedded,
    )
    isolated = (
        EnvironmentPlan(
            name=tool.name,
            python=tool.python,
            tools=(tool,),
            # There is no Rez to install beside a tool where the recipe asks for none.
            packages=_distinct([*(() if is_embedded else [_package(recipe.rez)]), *_packages([tool])]),
            backend=recipe.backend,
        )
        for tool in recipe.extensions
        if tool.isolated
    )
    return (first, *isolated)


def build(plan: EnvironmentPlan, target: Path, context: BuildContext) -> BuiltEnvironment:
    """Make one environment at `target`, which must not exist, inside a staging folder.

    Nothing in it names the place it was built at, but for what `BuiltEnvironment.leftovers` lists;
    it may be renamed and moved.

    :raises InterpreterNotFoundError: no Python fits
    :raises ProcessError: a program failed, e.g. as requirements contradict each other
    :raises InstallError: anything else
    """
    make_folder(target.parent)
    make_folder(context.folder)
    make_folder(context.log.parent)
    if plan.is_embedded:
        from rezup.installers.embedded import build_embedded

        return build_embedded(plan, target, context)
    interpreter, installer, reason = _prepared(plan, context)
    reporter = context.reporter
    reporter.debug(f"{plan.name}: built by {installer.name} {installer.version}: {reason}")
    site = site_packages_of(target, interpreter.release, interpreter.implementation)
    layout = scripts.Layout(target, scripts_of(target), site)
    with stage(reporter, "environment", str(plan.name)):
        installer.create(target, interpreter)
    beside = _Beside(layout, interpreter, installer, context)
    packages = (*plan.packages, *beside.packages)
    with stage(reporter, "install", context.mask(", ".join(package.requirement for package in packages))):
        try:
            installer.install(target, interpreter, packages)
        except ProcessError as error:
            raise _with_explanation(error, plan, context) from error
        finally:
            compiled = beside.finish()
    with stage(reporter, "scripts", str(plan.name)):
        finished = _finish(plan, layout, context)
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


class _Beside:
    """What is done for an environment while the rest is being fetched: pip, and pip's byte-code.

    uv makes environments without pip, so it is prepared aside; pip's own way begins with it.
    """

    def __init__(
        self, layout: Layout, interpreter: Interpreter, installer: Installer, context: BuildContext
    ) -> None:
        self._layout, self._interpreter, self._context = layout, interpreter, context
        self.packages: tuple[Package, ...] = ()
        """What has to be installed with the rest, where there is no other way."""
        self._seed: Seed | None = None
        if installer.name == "uv":
            wheel = bundled_pip(interpreter.release)
            if wheel is None:
                self.packages = (Package("pip"),)
            else:
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


def _prepared(plan: EnvironmentPlan, context: BuildContext) -> Prepared:
    """The interpreter that the plan asks for, and the installer."""

    def find_interpreter(uv: UvProgram | None, settings: PipSettings) -> Interpreter:
        return find(
            plan.python,
            environment=settings.environment,
            uv=None if uv is None else uv.path,
            allow_fetch=context.allow_fetch and not context.offline,
            folder=context.folder, log=context.log, mask=context.mask,
        )  # fmt: skip

    with stage(context.reporter, "interpreter", plan.python or ""):
        return prepare(plan.backend, context, find_interpreter)


@dataclass(frozen=True, slots=True)
class _Finished:
    tools: tuple[InstalledTool, ...]
    distributions: tuple[Distribution, ...]
    notes: tuple[str, ...]


def _finish(plan: EnvironmentPlan, layout: Layout, context: BuildContext) -> _Finished:
    """Make a production install of what was installed."""
    distributions = read_distributions(layout.site)
    chosen = [
        (tool, find_distribution(distributions, tool.requirement, tool.path, tool.name))
        for tool in plan.tools
    ]
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


def _packages(tools: Iterable[Tool]) -> list[Package]:
    found = []
    for tool in tools:
        found += [_package(tool), *map(Package, tool.libraries)]
    return found


def _package(tool: Tool) -> Package:
    if tool.path is not None:
        return Package(str(tool.path), editable=tool.editable)
    return Package(tool.requirement)


def _distinct(packages: Iterable[Package]) -> tuple[Package, ...]:
    return tuple(dict.fromkeys(packages))


def _with_explanation(error: ProcessError, plan: EnvironmentPlan, context: BuildContext) -> ProcessError:
    """The same failure, saying of which environment; and what helps against the usual causes."""
    text = error.output.lower()
    advice = [error.hint]
    if "no solution" in text or "conflict" in text or "resolutionimpossible" in text:
        advice.insert(0, "change the requirements, or set `isolation = true` on an extension")
    if context.offline:
        advice.insert(0, "offline: run it once with a network, or give wheels with --find-links")
    hint = "; ".join(part for part in advice if part)
    return ProcessError(
        f"the environment {plan.name} can't be installed",
        command=error.command, status=error.status, output=error.output, log=error.log,
        context=error.context, hint=hint,
    )  # fmt: skip
