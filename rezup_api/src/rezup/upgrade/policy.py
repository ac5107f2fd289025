"""Which of the versions on offer may be taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.specifiers import InvalidSpecifier, SpecifierSet

if TYPE_CHECKING:
    from collections.abc import Iterable

    from packaging.version import Version

    from rezup.upgrade.sources.base import Release


def newest(
    releases: Iterable[Release],
    *,
    installed: Version,
    allowed: SpecifierSet,
    python: str,
    held: Version | None = None,
) -> Release | None:
    """The newest release that is newer than what is installed and that nothing rules out.

    Ruled out are pre-releases, post-releases and local versions (a start reads numbers and dots only),
    yanked releases, other major versions, what the installed command line does not allow, and what
    does not support the running Python.

    :param allowed: the command line's requirement on the library
    :param python: the full version of the running Python
    :param held: a version that was rolled back; neither it nor an older one is taken
    """
    least = installed if held is None else max(installed, held)
    found = [
        release
        for release in releases
        if release.version > least and is_fit(release, installed=installed, allowed=allowed, python=python)
    ]
    return max(found, key=lambda release: release.version, default=None)


def is_fit(release: Release, *, installed: Version, allowed: SpecifierSet, python: str) -> bool:
    """Whether nothing but its age speaks against a release."""
    version = release.version
    return (
        not version.is_prerelease
        and not version.is_postrelease
        and version.local is None
        and not release.is_yanked
        and version.major == installed.major
        and version.epoch == installed.epoch
        and version in allowed
        and supports(release, python)
    )


def supports(release: Release, python: str) -> bool:
    """Whether a release says that it runs on this Python, or says nothing."""
    if not release.requires_python:
        return True
    try:
        return SpecifierSet(release.requires_python).contains(python, prereleases=True)
    except InvalidSpecifier:
        return False


def newest_final(releases: Iterable[Release], python: str) -> Version | None:
    """The newest final release of all, whatever major version it is of."""
    found = [
        release.version
        for release in releases
        if not release.is_yanked and not release.version.is_prerelease and supports(release, python)
    ]
    return max(found, default=None)
