"""The installer for a job: found, chosen and told what this machine is configured to do."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from rezup.installers.pip_configuration import read_settings
from rezup.installers.programs import bundled_pip, find_uv
from rezup.installers.reaching import for_builds
from rezup.installers.selection import choose
from rezup.installers.translation import translate
from rezup.installers.uv_settings import read_uv_settings
from rezup.installers.virtualenv_pip import VirtualenvPipInstaller
from rezup.system.interpreters import running

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rezup.installers.base import Installer
    from rezup.installers.context import BuildContext
    from rezup.installers.pip_configuration import PipSettings
    from rezup.installers.pip_program import PipProgram
    from rezup.installers.programs import UvProgram
    from rezup.installers.uv_settings import UvSettings
    from rezup.recipes.model import Backend
    from rezup.system.interpreters import Interpreter


class Prepared(NamedTuple):
    """The installer that does the job, and why it is that one."""

    interpreter: Interpreter
    installer: Installer
    reason: str
    settings: PipSettings
    """What the installer is told, in pip's words."""
    told: Callable[[PipSettings], Installer]
    """The same installer, told something else."""
    pip: VirtualenvPipInstaller
    """Whose pip builds what has to be built before it can be locked, whichever installer resolves."""
    uv_settings: UvSettings | None
    """Those of uv, where uv is the installer."""

    def pip_program(self) -> PipProgram:
        """The pip that builds for the interpreter."""
        settings = for_builds(self.settings, self.uv_settings)
        return replace(self.pip, settings=settings).program(self.interpreter)

    @property
    def seeds(self) -> tuple[Path, ...]:
        """The wheels that an environment has before anything is asked for; pip is the first."""
        if self.installer.name == "uv":
            wheel = bundled_pip(self.interpreter.release)
            return () if wheel is None else (wheel,)
        return self.pip.seeds(self.interpreter)


def prepare(
    backend: Backend,
    context: BuildContext,
    find_interpreter: Callable[[UvProgram | None, PipSettings], Interpreter],
) -> Prepared:
    """Choose an installer; what takes programs to find out is asked at the same time.

    :param find_interpreter: the Python to install for, given uv, if there is one, and pip's settings
    :raises InterpreterNotFoundError: no Python fits
    :raises InstallError: the installer asked for can't do it, or a configuration can't be read
    """
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(find_uv, context.environment, context.folder)
        running_python = running()
        settings = read_settings(
            context.environment, running_python.prefix,
            options=context.pip_options, variables=context.pip_environment,
        )  # fmt: skip
        uv = asked.result()
        interpreter = find_interpreter(uv, settings)
    translation = translate(settings)
    own = read_uv_settings(settings.environment)
    selection = choose(
        backend,
        uv_version=None if uv is None else uv.version,
        translation=translation, interpreter=interpreter, uv_misfits=own.misfits,
    )  # fmt: skip
    pip = VirtualenvPipInstaller(running_python, context.workplace, settings, context.cache)

    def told(settings: PipSettings) -> Installer:
        if selection.backend == "uv" and uv is not None:
            from rezup.installers.uv import UvInstaller

            return UvInstaller(uv, context.workplace, settings, translate(settings), own)
        return replace(pip, settings=settings)

    return Prepared(
        interpreter, told(settings), selection.reason, settings, told, pip,
        own if selection.backend == "uv" else None,
    )  # fmt: skip
