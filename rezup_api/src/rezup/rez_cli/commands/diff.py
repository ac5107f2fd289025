"""Compare the source of two packages, as it was released."""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING, Any

from rezup.errors import LaunchError, PackageFamilyNotFoundError, ProcessError
from rezup.system.processes import run as run_program

if TYPE_CHECKING:
    import argparse

    from rezup.rez_cli.caller import Caller
    from rezup.rez_cli.shelf import Shelf
    from rezup.runtime.package import Package

#: What brings a revision into a new folder, by the kind of repository; its marks are removed afterwards.
_EXPORTS = {
    "git": (
        ("git", "clone", "--quiet", "{url}", "{folder}"),
        ("git", "-C", "{folder}", "checkout", "--quiet", "{commit}"),
    ),
    "hg": (("hg", "clone", "--quiet", "--updaterev", "{commit}", "{url}", "{folder}"),),
    "svn": (("svn", "export", "--quiet", "--revision", "{commit}", "{url}", "{folder}"),),
}  # fmt: skip


def add_options(parser: argparse.ArgumentParser, caller: Caller) -> None:
    """Those of `rez-diff`."""
    del caller
    parser.add_argument("PKG1", help="a package, such as maya-2024")
    parser.add_argument("PKG2", nargs="?", help="the other one; by default the version before PKG1")


def run(options: argparse.Namespace, parser: argparse.ArgumentParser, caller: Caller, groups: Any) -> int:
    """Bring both sources into new folders, and open the configured program on them."""
    del parser, groups
    shelf = caller.shelf()
    first = _package(options.PKG1, shelf)
    second = _package(options.PKG2, shelf) if options.PKG2 else _before(first, shelf)
    for package in (first, second):
        if not (package.vcs and package.revision):
            raise LaunchError(
                f"{package.qualified_name} can't be compared",
                context="its definition does not tell where its source is: no vcs, or no revision",
            )
    tool = str(caller.config["difftool"] or "")
    if not tool:
        raise LaunchError("there is no program to compare with", hint="set `difftool` for Rez")
    folder = tempfile.mkdtemp(prefix="rez-pkg-diff")
    paths = []
    for package in (first, second):
        caller.out.say(f"Exporting {package.qualified_name}...")
        paths.append(_export(package, os.path.join(folder, package.qualified_name), caller))
    caller.out.say(f"Opening diff viewer {tool}...")
    caller.out.flush()
    from rezup.launch.start import spawn
    from rezup.system.locks import Hold

    spawn([tool, *paths], caller.environ, Hold(None))
    return 0


def _package(text: str, shelf: Shelf) -> Package:
    """The package of just this name and version.

    :raises PackageFamilyNotFoundError: there is none
    """
    name, _, version = text.partition("-")
    found = [each for each in shelf.packages(name) if str(each.version) == version]
    if not found:
        raise PackageFamilyNotFoundError(
            f"there is no package {text[:80]!a}", hint="name it with its version, such as maya-2024"
        )
    return found[0]


def _before(package: Package, shelf: Shelf) -> Package:
    """The version before a package.

    :raises PackageFamilyNotFoundError: it is the first one
    """
    found = [each for each in shelf.packages(package.name) if each.version < package.version]
    if not found:
        raise PackageFamilyNotFoundError(f"there is no version before {package.qualified_name}")
    return found[-1]


def _export(package: Package, folder: str, caller: Caller) -> str:
    """The source of a package in a new folder.

    :raises LaunchError: it can't be had
    """
    revision = package.revision if isinstance(package.revision, dict) else {}
    url, commit = revision.get("fetch_url") or revision.get("url"), revision.get("commit")
    steps = _EXPORTS.get(package.vcs, ())
    if not steps or not url or not commit:
        raise LaunchError(
            f"the source of {package.qualified_name} can't be had",
            context=f"its definition tells {package.vcs!r}, and no url and commit that are known for it",
        )
    for step in steps:
        words = [word.format(url=url, commit=commit, folder=folder) for word in step]
        try:
            run_program(words, environment=caller.environ, what=f"exporting {package.qualified_name}")
        except ProcessError as error:
            raise LaunchError(
                f"the source of {package.qualified_name} can't be had", context=error.context or str(error)
            ) from error
    _remove_marks(folder)
    return folder


def _remove_marks(folder: str) -> None:
    import shutil

    for name in (".git", ".hg"):
        shutil.rmtree(os.path.join(folder, name), ignore_errors=True)
