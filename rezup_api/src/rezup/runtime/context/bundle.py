"""A context and its packages in one folder, which works wherever it is moved.

::

    FOLDER/
      bundle.yaml             makes it a bundle, for Rez, too; holds notes on what was done
      context.rxt             names the packages below relative to the folder
      packages/               a repository with just the variants that the context has
        settings.yaml
        maya/2024/package.py …

Definitions are copied as they are: a package names all its variants, yet only the payload of the
one in the context is there, under the same index.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import shutil
from typing import TYPE_CHECKING, NamedTuple

from rezup.errors import ContextError
from rezup.runtime.context.context_file import BUNDLE_MARK, dumps
from rezup.runtime.context.creation import with_graph
from rezup.runtime.context.handles import Opener, location_of
from rezup.runtime.context.queries import require_all, resolve_as_exact_requests
from rezup.runtime.late import INCLUDE_FOLDER
from rezup.runtime.place import OLD_RELEASE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rezup.runtime.config import Config
    from rezup.runtime.context.context import Context
    from rezup.runtime.package import Package, Variant

CONTEXT_NAME = "context.rxt"
PACKAGES = "packages"

#: Packages in a bundle are near, and a shared memcached server would mix up their places.
_SETTINGS = "disable_memcached: true\n"


class Bundle(NamedTuple):
    """What was made."""

    folder: str
    path: str
    """The context's file."""
    notes: tuple[str, ...]
    """What was done, each as "INFO: …" or "WARNING: …"; they stand in `bundle.yaml`, too."""


class Copied(NamedTuple):
    """A variant that was copied: the folders of its payload, before and after."""

    source: str
    target: str
    is_alias: bool = False
    """Whether this is the short name of one that is told of, too."""


def bundle(
    context: Context,
    folder: str,
    config: Config,
    *,
    force: bool = False,
    skip_non_relocatable: bool = False,
    patch_libraries: bool = True,
    environ: Mapping[str, str] | None = None,
) -> Bundle:
    """Copy a context and its packages into a new folder, which is there whole or not at all.

    :param folder: must not exist
    :param force: copy also what must not be moved by its own word; beats `skip_non_relocatable`
    :param skip_non_relocatable: leave such packages where they are instead of raising
    :param patch_libraries: on Linux: lead search paths in libraries to the bundle, with `patchelf`
    :param environ: where `patchelf` is looked for
    :raises ContextError: the folder exists; the context is not solved; packages are gone, may not
        be moved, or have no payload; or something can't be copied
    """
    resolve_as_exact_requests(context)
    require_all(context)
    if os.path.lexists(folder):
        raise ContextError(f"{folder} exists", hint="name a new folder for the bundle")
    kept = _kept_in_place(context, config, force=force, skip=skip_non_relocatable)
    moving = [variant for variant in context.resolved_packages if variant.parent.name not in kept]
    folder = os.path.abspath(folder)
    _check_payloads(moving, folder)
    # Beside the final name, which it takes once it is whole.
    staging = os.path.join(os.path.dirname(folder), f".{os.path.basename(folder)}.{os.urandom(6).hex()}.tmp")
    try:
        notes = _filled(staging, folder, context, moving, config, environ if patch_libraries else None)
        _publish(staging, folder)
    except (OSError, shutil.Error) as error:
        raise _failure(error, staging, folder) from error
    finally:
        with contextlib.suppress(OSError):
            shutil.rmtree(staging)
    return Bundle(folder, os.path.join(folder, CONTEXT_NAME), notes)


def is_relocatable(package: Package, config: Config) -> bool:
    """Whether a package says, or the configuration says for it, that it works in any place."""
    own: bool | None = package.relocatable
    if own is not None:
        return own
    location = location_of(next(package.variants_of_it()))
    for key, name in (
        ("default_relocatable_per_repository", location),
        ("default_relocatable_per_package", package.name),
    ):
        value = (config[key] or {}).get(name)
        if value is not None:
            return bool(value)
    return bool(config["default_relocatable"])


def _kept_in_place(context: Context, config: Config, *, force: bool, skip: bool) -> dict[str, str]:
    """The packages that may not be moved, by name."""
    if force:
        return {}
    found = {
        variant.parent.name: variant.qualified_package_name
        for variant in context.resolved_packages
        if not is_relocatable(variant.parent, config)
    }
    if found and not skip:
        raise ContextError(
            f"{', '.join(found.values())} can't be put into a bundle",
            context="not relocatable, by their own word or the setting default_relocatable",
            hint="leave them in place with --skip-non-relocatable, or copy them all the same with --force",
        )
    return found


def _check_payloads(variants: Sequence[Variant], folder: str) -> None:
    for variant in variants:
        if variant.base is not None and _is_below(folder, variant.base):
            raise ContextError(
                f"the bundle can't be in {folder}",
                context=f"it would lie within {variant.qualified_package_name}, and hold itself",
                hint="name a folder outside of all packages",
            )
        if variant.root is not None and not os.path.isdir(variant.root):
            raise ContextError(
                f"{variant.qualified_package_name} has no payload to copy",
                context=f"there is no folder {variant.root}",
                hint="build or install the package again",
            )


def _is_below(path: str, folder: str) -> bool:
    root = os.path.realpath(folder)
    return os.path.commonpath([root, os.path.realpath(path)]) == root


def _filled(
    staging: str,
    folder: str,
    context: Context,
    moving: Sequence[Variant],
    config: Config,
    environ: Mapping[str, str] | None,
) -> tuple[str, ...]:
    repository = os.path.join(staging, PACKAGES)
    os.mkdir(staging)
    os.mkdir(repository)
    notes: list[str] = []
    copies: list[Copied] = []
    opener = Opener(config)
    placed = {}
    for variant in moving:
        new = _copied(variant, repository, opener)
        placed[variant.parent.name] = new
        copies += _payloads(variant, new)
        notes.append(f"INFO: Copied {variant.uri} to {os.path.relpath(new.uri, staging)}")
    for variant in context.resolved_packages:
        if variant.parent.name not in placed:
            shown = variant.qualified_package_name
            notes.append(f"WARNING: {shown} is not relocatable and stays where it is")
    _mend_links(copies)
    if environ is not None:
        from rezup.runtime.context.libraries import lead_to_bundle

        notes += lead_to_bundle(copies, environ)
    _write(os.path.join(repository, "settings.yaml"), _SETTINGS)
    listed = "".join([f"- {json.dumps(each)}\n" for each in notes])
    _write(os.path.join(staging, BUNDLE_MARK), f"logs:\n{listed}" if listed else "logs: []\n")
    bundled = _retargeted(context, placed, os.path.join(folder, PACKAGES))
    _write(os.path.join(staging, CONTEXT_NAME), dumps(bundled, staging))
    return tuple(notes)


def _retargeted(context: Context, placed: Mapping[str, Variant], path: str) -> Context:
    """The context with packages from other places."""
    variants = [placed.get(each.parent.name, each) for each in context.resolved_packages]
    return with_graph(context)._replace(resolved_packages=tuple(variants), package_paths=(path,))


def _copied(variant: Variant, repository: str, opener: Opener) -> Variant:
    """Copy the definition and payload of a variant."""
    place = variant.parent.place
    name, version = place.name, str(place.version)
    if place.folder is None:
        target = os.path.join(repository, os.path.basename(place.path))
        shutil.copy2(place.path, target)
        return opener.combined(target, name, version, variant.index)
    target = os.path.join(repository, name, version) if version else os.path.join(repository, name)
    long_path = variant.long_subpath
    if long_path is None:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copytree(variant.root or place.folder, target, symlinks=True)
    else:
        os.makedirs(target)
        _copy_payload(variant, os.path.join(target, long_path))
        for extra in (INCLUDE_FOLDER, *OLD_RELEASE):
            _copy_extra(os.path.join(place.folder, extra), os.path.join(target, extra))
        _copy_short_link(variant, target)
        shutil.copystat(place.folder, target)
    definition = os.path.join(target, os.path.basename(place.path))
    if not os.path.exists(definition):
        shutil.copy2(place.path, definition)
    return opener.folder(target, name, version, variant.index)


def _copy_payload(variant: Variant, target: str) -> None:
    """Copy the payload without those of variants that lie within it."""
    base, own = variant.base or "", variant.long_subpath or ""
    others = {
        os.path.join(base, each.long_subpath or "")
        for each in variant.parent.variants_of_it()
        if each.index != variant.index
    }

    def ignored(folder: str, names: list[str]) -> set[str]:
        return {name for name in names if os.path.join(folder, name) in others}

    shutil.copytree(os.path.join(base, own), target, symlinks=True, ignore=ignored)


def _copy_extra(source: str, target: str) -> None:
    if os.path.isdir(source):
        shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
    elif os.path.isfile(source):
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copy2(source, target)


def _copy_short_link(variant: Variant, target: str) -> None:
    """Make the short link again by which a hashed variant is known."""
    short, long_path = variant.subpath, variant.long_subpath
    if short and long_path and short != long_path:
        link = os.path.join(target, short)
        os.makedirs(os.path.dirname(link), exist_ok=True)
        os.symlink(os.path.relpath(os.path.join(target, long_path), os.path.dirname(link)), link)


def _payloads(before: Variant, after: Variant) -> list[Copied]:
    """The folders of a payload under all their names; a combined package has none."""
    if before.base is None or after.base is None:
        return []
    long_path = before.long_subpath or ""
    found = [Copied(os.path.join(before.base, long_path), os.path.join(after.base, long_path))]
    if before.subpath != before.long_subpath:
        found.append(Copied(before.root or "", after.root or "", is_alias=True))
    # Without a variant these end with a separator.
    return [
        each._replace(source=os.path.normpath(each.source), target=os.path.normpath(each.target))
        for each in found
    ]


def _mend_links(copies: Sequence[Copied]) -> None:
    """Make links relative that lead, by an absolute path, to what is in the bundle."""
    for copied in copies:
        for folder, folders, files in () if copied.is_alias else os.walk(copied.target):
            _mend_links_in(folder, (*folders, *files), copies)


def _mend_links_in(folder: str, names: Sequence[str], copies: Sequence[Copied]) -> None:
    for name in names:
        path = os.path.join(folder, name)
        if not os.path.islink(path):
            continue
        aim = os.readlink(path)
        for source, target, _ in copies:
            if aim == source or aim.startswith(source + os.sep):
                os.unlink(path)
                os.symlink(os.path.relpath(target + aim[len(source) :], folder), path)
                break


def _publish(staging: str, folder: str) -> None:
    from pathlib import Path

    from rezup.system.files import rename_new

    if not rename_new(Path(staging), Path(folder)):
        raise ContextError(f"{folder} exists", hint="name a new folder for the bundle")


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text)


#: How Python puts what failed into words.
_WORDS = re.compile(r"\[\w+ (?P<number>\d+)\] (?P<reason>[^:]+)")
_FULL = (errno.ENOSPC, errno.EDQUOT)
_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)


def _failure(error: OSError | shutil.Error, staging: str, folder: str) -> ContextError:
    """What can't be read or written, by the name that it would have had, and what to do."""
    number, reason = error.errno, error.strerror or str(error)
    place, target = error.filename, error.filename2 or error.filename
    if isinstance(error, shutil.Error) and error.args and isinstance(error.args[0], list):
        place, target, told = error.args[0][0]
        words = _WORDS.match(told)
        number, reason = (int(words["number"]), words["reason"]) if words else (None, told)
        if target in told and " -> " not in told:  # only what was to be written is named
            place = target
    hint = None
    if number in _FULL:
        place = target
        hint = f"make room on the disk of {os.path.dirname(folder)}, or name a folder on another one"
    elif number in _FORBIDDEN:
        is_own = str(place).startswith(staging)
        hint = "name a folder where you may write" if is_own else "see that you may read all of the package"
    context = reason if place is None else f"{str(place).replace(staging, folder)}: {reason}"
    return ContextError("the bundle can't be made", context=context, hint=hint)
