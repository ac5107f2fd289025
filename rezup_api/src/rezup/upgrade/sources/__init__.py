"""Where newer versions come from: an index, folders of wheels, or a source repository."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rezup.errors import UpgradeError
from rezup.upgrade.sources.folder import Repository, WheelFolders, is_repository

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rezup.upgrade.sources.base import Source


def choose_source(configured: Path | None, environ: Mapping[str, str], *, offline: bool) -> Source:
    """The configured folder or repository, else the indexes of pip's and uv's configuration.

    :raises UpgradeError: an index would have to be asked, and no network may be used; or the folder
        lies on a file system that does not answer
    :raises InstallError: a configuration of pip or uv can't be read
    """
    if configured is not None:
        return Repository(configured) if is_repository(configured) else WheelFolders(configured)
    from rezup.installers.indexes import configured_indexes
    from rezup.installers.pip_configuration import read_settings
    from rezup.installers.uv_settings import read_uv_settings
    from rezup.system.interpreters import running
    from rezup.upgrade.sources.index import PackageIndexes

    settings = read_settings(environ, Path(running().prefix))
    indexes = configured_indexes(settings, read_uv_settings(settings.environment))
    if not indexes.urls:
        return WheelFolders(*indexes.folders)
    if offline:
        raise UpgradeError("no index may be asked, as REZUP_OFFLINE is set", hint="unset it, or set a source")
    return PackageIndexes(indexes.urls, indexes.access)
