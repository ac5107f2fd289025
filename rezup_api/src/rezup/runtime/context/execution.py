"""A context's packages made into actions for a shell, and into the environment they give.

In this order, as Rez has it: what Rez says of itself and of the resolve, the variables of each
package, `pre_commands` of all packages, `commands` of all, `post_commands` of all, ephemerals,
then what is behind all packages on the path: suites, the system's folders, Rez's own programs.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from rezup.resolver.requirement import Requirement
from rezup.runtime.context.execution_roots import Roots
from rezup.runtime.late import EphemeralTexts, RequirementTexts
from rezup.runtime.rex.bindings import Resolve, intersects
from rezup.runtime.rex.dialects import dialect_of
from rezup.runtime.rex.engine import Origin, Rex
from rezup.runtime.rex.recorder import Outside
from rezup.shells.actions import Comment
from rezup.shells.escaped import literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rezup.runtime.config import Config
    from rezup.runtime.context.context import Context
    from rezup.runtime.rex.bindings import PackageBinding
    from rezup.runtime.rex.recorder import Recorder
    from rezup.runtime.source_code import SourceCode
    from rezup.shells.actions import Action

PARTS = ("pre_commands", "commands", "post_commands")

_LINE = "#" * 80
_BLANK = Comment("")
_UNDERLINE = Comment("-" * 80)


class Surroundings(NamedTuple):
    """What is known outside of a context when it is executed."""

    shell: str = ""
    """By its name; "" is as good as a POSIX shell."""
    system_paths: tuple[str, ...] = ()
    """The folders that a bare shell looks for programs in."""
    own_folder: str | None = None
    """The folder that has rezup itself; it stays reachable behind all others."""
    rez_bin_path: str | None = None
    """The folder of Rez's own programs; None where there is none."""
    suite_paths: tuple[str, ...] = ()
    """The suites whose tools are on the path of the process that asks."""
    cached_roots: Mapping[str, str] = {}
    """By name, the roots of packages that are in the package cache."""
    rxt_file: str | None = None
    """The file of the context; None leaves its variable out, as do those below."""
    context_file: str | None = None
    """The script that is made of the actions."""
    init_timestamp: int | None = None
    """When the shell starts; seconds since 1970."""
    is_interactive: bool | None = None
    before: Callable[[Rex], None] | None = None
    """Is called before all packages, to have actions of its own."""
    after: Callable[[Rex], None] | None = None
    """The same behind them."""
    bundle_commands: SourceCode | None = None
    """Those that lie in the folder of a bundle."""


class Execution(NamedTuple):
    """What came of it."""

    actions: list[Action]
    """For a shell."""
    environ: dict[str, str]
    """The variables that they give a value: what Rez's `get_environ` returns."""


_NOTHING = Surroundings()


def execute(
    context: Context, config: Config, environ: Mapping[str, str], surroundings: Surroundings = _NOTHING
) -> Execution:
    """Run the commands of a context's packages.

    :param environ: that of the process that asks
    :raises PackageCommandsError: commands fail, or stop
    :raises PackageDefinitionError: a package can't be loaded
    """
    rex = rex_for(config, environ, surroundings)
    recorder = rex.recorder
    recorder.shebang()
    _name_files(recorder, surroundings)
    if surroundings.before is not None:
        header(recorder, "pre-actions-callback")
        surroundings.before(rex)
    _run(context, config, rex, surroundings)
    if surroundings.init_timestamp is not None:
        recorder.setenv("REZ_SHELL_INIT_TIMESTAMP", str(surroundings.init_timestamp))
    if surroundings.is_interactive is not None:
        recorder.setenv("REZ_SHELL_INTERACTIVE", "1" if surroundings.is_interactive else "0")
    if surroundings.after is not None:
        header(recorder, "post-actions-callback")
        surroundings.after(rex)
    if surroundings.bundle_commands is not None:
        header(recorder, "bundle post-commands")
        rex.run(surroundings.bundle_commands, Origin(part="post-commands of the bundle"))
    return Execution(recorder.actions, recorder.environ)


def rex_for(config: Config, environ: Mapping[str, str], surroundings: Surroundings) -> Rex:
    """An engine under a configuration."""
    outside = Outside(
        environ,
        None if config["all_parent_variables"] else frozenset(config["parent_variables"]),
        config["env_var_separators"],
        dialect_of(surroundings.shell, config.facts.platform),
        config.facts.home,
        surroundings.shell,
    )
    return Rex(outside, option_vars=lambda: config["optionvars"], system=config.facts)


def header(recorder: Recorder, text: str) -> None:
    """A remark at the beginning of a section."""
    for line in ("", "", _LINE, text, _LINE):
        recorder.comment(line)


def _minor_header(recorder: Recorder, text: str) -> None:
    recorder.actions.append(_BLANK)
    recorder.comment(text)
    recorder.actions.append(_UNDERLINE)


def _name_files(recorder: Recorder, surroundings: Surroundings) -> None:
    if surroundings.rxt_file is not None:
        recorder.setenv("REZ_RXT_FILE", surroundings.rxt_file)
    if surroundings.context_file is not None:
        recorder.setenv("REZ_CONTEXT_FILE", surroundings.context_file)


def _run(context: Context, config: Config, rex: Rex, surroundings: Surroundings) -> None:
    recorder = rex.recorder
    roots = Roots(context, config, recorder.outside.dialect, surroundings.cached_roots)
    _name_resolve(context, config, recorder, roots)
    rex.names.update(
        building=context.building,
        testing=context.testing,
        request=RequirementTexts(map(Requirement, context.package_requests)),
        implicits=RequirementTexts(map(Requirement, context.implicit_packages)),
        ephemerals=EphemeralTexts(map(Requirement, context.resolved_ephemerals)),
        intersects=intersects,
    )
    packages = roots.bindings({name: rex.names[name] for name in _LATE_NAMES})
    rex.names["resolve"] = Resolve(packages)
    header(recorder, "package variables")
    for variant in context.resolved_packages:
        _name_package(recorder, variant, packages[variant.parent.name], roots)
    for part in PARTS:
        _run_part(part, context, rex, packages, roots)
    _name_ephemerals(context, recorder)
    header(recorder, "post system setup")
    _extend_path(context, config, recorder, surroundings)


#: What late-bound attributes see of an environment, too.
_LATE_NAMES = ("system", "building", "testing", "request", "implicits", "ephemerals", "intersects")


def _name_resolve(context: Context, config: Config, recorder: Recorder, roots: Roots) -> None:
    dialect = recorder.outside.dialect
    setenv = recorder.setenv
    request = " ".join(context.package_requests)
    implicit = " ".join(context.implicit_packages)
    resolve = " ".join(variant.parent.qualified_name for variant in context.resolved_packages)
    rez_path = dialect.path(context.rez_path)
    header(recorder, "system setup")
    setenv("REZ_USED", rez_path)
    setenv("REZ_USED_VERSION", context.rez_version)
    setenv("REZ_USED_TIMESTAMP", str(context.timestamp))
    setenv("REZ_USED_REQUESTED_TIMESTAMP", str(context.requested_timestamp or 0))
    setenv("REZ_USED_REQUEST", literal(request))
    setenv("REZ_USED_IMPLICIT_PACKAGES", literal(implicit))
    setenv("REZ_USED_RESOLVE", resolve)
    setenv("REZ_USED_PACKAGES_PATH", dialect.separator.join(map(dialect.path, context.package_paths)))
    if context.resolved_ephemerals:
        setenv("REZ_USED_EPH_RESOLVE", " ".join(context.resolved_ephemerals))
    local = " ".join(each.parent.qualified_name for each in context.resolved_packages if roots.is_local(each))
    if local:
        setenv("REZ_USED_LOCAL_RESOLVE", local)
    if context.building:
        setenv("REZ_BUILD_ENV", "1")
    if config["rez_1_environment_variables"] and not config["disable_rez_1_compatibility"]:
        both = f"{request} {implicit}".strip()
        setenv("REZ_VERSION", context.rez_version)
        setenv("REZ_PATH", rez_path)
        setenv("REZ_REQUEST", both)
        setenv("REZ_RESOLVE", resolve)
        setenv("REZ_RAW_REQUEST", both)
        setenv("REZ_RESOLVE_MODE", "latest")


def _name_package(recorder: Recorder, variant: Any, binding: PackageBinding, roots: Roots) -> None:
    package = variant.parent
    prefix = "REZ_" + package.name.upper().replace(".", "_")
    tokens = (*package.version.as_tuple()[:3], "", "", "")
    setenv = recorder.setenv
    _minor_header(recorder, f"variables for package {variant.qualified_name}")
    setenv(prefix + "_VERSION", str(package.version))
    setenv(prefix + "_MAJOR_VERSION", tokens[0])
    setenv(prefix + "_MINOR_VERSION", tokens[1])
    setenv(prefix + "_PATCH_VERSION", tokens[2])
    setenv(prefix + "_BASE", roots.base(variant))
    setenv(prefix + "_ROOT", binding.root)
    if binding.cached_root is not None:
        setenv(prefix + "_ORIG_ROOT", roots.own(variant))


def _run_part(
    part: str, context: Context, rex: Rex, packages: Mapping[str, PackageBinding], roots: Roots
) -> None:
    is_first = True
    for variant in context.resolved_packages:
        code = variant.parent.attribute(part)
        if code is None:
            continue
        if is_first:
            header(rex.recorder, part)
            is_first = False
        _minor_header(rex.recorder, f"{part} from package {variant.qualified_name}")
        this = packages[variant.parent.name]
        origin = Origin(variant.parent.qualified_name, part, variant.base)
        rex.run(code, origin, this=this, version=this.version, root=this.root, base=roots.base(variant))


def _name_ephemerals(context: Context, recorder: Recorder) -> None:
    if not context.resolved_ephemerals:
        return
    header(recorder, "ephemeral variables")
    for text in context.resolved_ephemerals:
        requirement = Requirement(text)
        name = requirement.name[1:].upper().replace(".", "_")
        recorder.setenv(f"REZ_EPH_{name}_REQUEST", str(requirement.range))


def _extend_path(context: Context, config: Config, recorder: Recorder, surroundings: Surroundings) -> None:
    for suite in _visible_suites(context, config["suite_visibility"], surroundings.suite_paths):
        recorder.appendenv("PATH", os.path.join(suite, "bin"))
    if context.append_sys_path:
        for path in surroundings.system_paths:
            recorder.appendenv("PATH", path)
    if surroundings.rez_bin_path:
        visibility = config["rez_tools_visibility"]
        if visibility == "append":
            recorder.appendenv("PATH", surroundings.rez_bin_path)
        elif visibility == "prepend":
            recorder.prependenv("PATH", surroundings.rez_bin_path)
    if surroundings.own_folder and config["rez_tools_visibility"] != "never":
        recorder.appendenv("PATH", surroundings.own_folder)


def _visible_suites(context: Context, visibility: str, paths: tuple[str, ...]) -> tuple[str, ...]:
    if visibility == "always":
        return paths
    # Rez takes the parent alone for "parent_priority" as well.
    if visibility != "never" and paths and context.parent_suite_path:
        return (context.parent_suite_path,)
    return ()
