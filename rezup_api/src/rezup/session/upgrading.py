"""Upgrades of the library, wired together: settings, sources, installers."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from rezup.reporting import Reporter
from rezup.settings import Settings
from rezup.system.machine import is_root_in_a_home_of_another, process_environment
from rezup.upgrade.automatic import Automatic, Policy
from rezup.upgrade.upgrader import Latest, State, UpgradePlace, Upgrader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rezup.installers.context import BuildContext
    from rezup.upgrade.sources.base import Source

__all__ = ["Latest", "State", "UpgradePlace", "Upgrader", "automatic_upgrade", "create_upgrader"]


def create_upgrader(place: UpgradePlace, reporter: Reporter | None = None) -> Upgrader:
    """What the command line upgrades the library through.

    :raises SettingsError: a setting can't be used
    """
    environ = process_environment()
    return _upgrader(place, environ, Settings.load(environ), reporter or Reporter())


def automatic_upgrade(place: UpgradePlace, reporter: Reporter) -> str | None:
    """Look for a newer library and take it, as configured, at a start when that is due.

    :returns: the version that is in place now and wants a new start; None to go on as before
    :raises SettingsError: a setting can't be used
    """
    environ = process_environment()
    settings = Settings.load(environ)
    policy = Policy(
        settings.auto_upgrade,
        settings.upgrade_pause,
        is_pause_locked=settings.origins["upgrade_pause"].endswith("(locked)"),
        may_ask=not settings.offline or settings.upgrade_source is not None,
    )
    return Automatic(
        _upgrader(place, environ, settings, reporter),
        policy,
        reporter,
        may_write=not is_root_in_a_home_of_another(environ),
    ).run()


def _upgrader(
    place: UpgradePlace, environ: Mapping[str, str], settings: Settings, reporter: Reporter
) -> Upgrader:
    def source() -> Source:
        from rezup.upgrade.sources import choose_source

        return choose_source(settings.upgrade_source, environ, offline=settings.offline)

    @contextlib.contextmanager
    def context(time_left: Callable[[], float]) -> Iterator[BuildContext]:
        from rezup.installers.context import BuildContext
        from rezup.recipes.secrets import redact
        from rezup.system.logs import new_log

        with tempfile.TemporaryDirectory(prefix="rezup-", ignore_cleanup_errors=True) as work:
            yield BuildContext(
                environment=environ,
                folder=Path(work),
                log=new_log(settings.folders.state / "logs", "upgrade"),
                reporter=reporter,
                mask=redact,
                offline=settings.offline,
                time_left=time_left,
            )

    return Upgrader(
        place,
        source=source,
        context=context,
        reporter=reporter,
        is_foreign_home=is_root_in_a_home_of_another(environ),
    )
