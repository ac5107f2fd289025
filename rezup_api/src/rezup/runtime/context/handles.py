"""Variants as a context's file names them: Rez's handles, and the way back to the package.

::

    {"key": "filesystem.variant",                        one folder for each version
     "variables": {"repository_type": "filesystem", "location": "/packages",
                   "name": "maya", "version": "2024", "index": 0}}
    {"key": "filesystem.variant.combined", …, "ext": "py"}   all versions in one file

A package without a version has no key `version`; a variant of a package without a list of
variants has the index null. Nothing is looked at on disk until an attribute is asked for.
"""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Any

from rezup.errors import ContextError, ContextFileError, InvalidVersionError, PackageDefinitionError
from rezup.resolver.repository import LateBinding
from rezup.resolver.requirement import Requirement, is_package_name
from rezup.resolver.version import Version
from rezup.runtime.late import Binding, EphemeralTexts
from rezup.runtime.package import Package, Variant
from rezup.runtime.place import (
    SUFFIXES,
    Loaded,
    Place,
    RepositorySettings,
    candidates,
    load_combined,
    load_folder,
    version_of_combined,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rezup.runtime.config import Config
    from rezup.runtime.config.facts import SystemFacts

PLAIN = "filesystem.variant"
COMBINED = "filesystem.variant.combined"

_GONE = "resolve the request again, or bring the package back"


class RecordedVariant(Variant):
    """A variant by its index in a context, which the package may have lost since."""

    __slots__ = ()

    @property
    def variant_requires(self) -> list[Requirement]:
        """See `Variant`.

        :raises PackageDefinitionError: the package has no such variant any more
        """
        if self.index is not None and self.index >= self.parent.num_variants:
            raise PackageDefinitionError(
                f"variant {self.index} of {self.parent.qualified_name}, which the context has, is gone",
                path=self.parent.uri,
                context=f"the package names {self.parent.num_variants}",
                hint=_GONE,
            )
        return super().variant_requires


class Opener:
    """Makes variants of one context; the settings that all of them share are looked up once.

    :param known: definition files and what they say, by the folder of the package, as far as that is known
    :param binding: what late-bound functions see of the context
    """

    __slots__ = ("_binding", "_config", "_known", "_settings")

    def __init__(
        self,
        config: Config,
        known: Mapping[str, tuple[str, dict[str, Any]]] | None = None,
        binding: Binding | None = None,
    ) -> None:
        self._config = config
        self._binding = binding
        self._known = known or {}
        self._settings = RepositorySettings.of(config)

    def folder(self, path: str, name: str, version: str, index: int | None) -> Variant:
        """The variant of a package that has a folder of its own."""
        data = None
        if path in self._known:
            file, data = self._known[path]
            paths = [file]
        else:
            paths = candidates(path, self._settings.package_filenames)
        load = partial(_load_folder, path, paths, self._settings, _shown(name, version))
        shortlinks = self._settings.shortlinks
        place = Place(name, Version(version), paths, load, folder=path, shortlinks=shortlinks, data=data)
        return RecordedVariant(Package(place, self._config, self._binding), index)

    def combined(self, path: str, name: str, version: str, index: int | None) -> Variant:
        """The variant of a package in a combined file."""
        load = partial(_load_combined, path, name, version, self._settings)
        place = Place(name, Version(version), [path], load, mark=f"<{version}>")
        return RecordedVariant(Package(place, self._config, self._binding), index)

    def at_uri(self, uri: str, name: str, version: str, index: int | None) -> Variant:
        """The variant that a resolve names by the place of its definition.

        :param uri: as Rez writes it, see `rezup.session.packages.Resolved`
        :raises ContextError: it has no place on disk, as packages in memory have none
        """
        place = uri.rpartition("[")[0] or uri
        if place.endswith(">"):
            return self.combined(place.rpartition("<")[0], name, version, index)
        folder = os.path.dirname(place)
        if not os.path.isabs(folder):
            raise ContextError(
                f"{_shown(name, version)} can't be part of a context",
                context=f"it is in no folder but at {uri[:80]!a}",
                hint="packages that are only in memory can be resolved, yet not entered or saved",
            )
        return self.folder(folder, name, version, index)

    def of_handle(self, handle: Any, bundle: str | None) -> Variant:
        """The variant of a handle.

        :param bundle: the folder that a relative location counts from
        :raises ContextFileError: it is no handle, or one of a kind that can't be read here
        """
        key, variables = _parts(handle)
        if key not in (PLAIN, COMBINED) or variables.get("repository_type", "filesystem") != "filesystem":
            raise ContextFileError(
                "the context has a package that can't be read here",
                context=f"{str(variables.get('name'))[:80]!a} is of the kind {str(key)[:80]!a}",
                hint="only packages in folders are; a Rez with a plugin for others does it in its container: "
                "rezup use NAME -- rez-env --input FILE",
            )
        name, version, index = _checked(variables)
        location = _location(variables.get("location"), bundle)
        if key == PLAIN:
            parts = (location, name, version) if version else (location, name)
            return self.folder(os.path.join(*parts), name, version, index)
        suffix = variables.get("ext")
        if suffix is not None:
            if f".{suffix}" not in SUFFIXES:
                raise _bad(f"a combined file of the kind {str(suffix)[:80]!a}")
            return self.combined(os.path.join(location, f"{name}.{suffix}"), name, version, index)
        # Files before version 4.0 don't name the kind of file.
        paths = candidates(location, (name,))
        return self.combined(next(filter(os.path.isfile, paths), paths[0]), name, version, index)


def binding_of(fields: Mapping[str, Any], facts: SystemFacts) -> Binding:
    """What late-bound functions see of a context.

    :param fields: its fields by name
    """
    given = LateBinding(fields["package_requests"], fields["implicit_packages"], fields["building"])
    found = Binding(given, facts)
    found.names["testing"] = fields["testing"]
    found.names["ephemerals"] = EphemeralTexts(map(Requirement, fields["resolved_ephemerals"]))
    return found


def handle_of(variant: Variant, bundle: str | None = None) -> dict[str, Any]:
    """The handle of a variant.

    :param bundle: locations below this folder are written relative to it
    """
    place = variant.parent.place
    version = str(place.version)
    if place.folder is None:
        location, filename = os.path.split(place.path)
        variables: dict[str, Any] = {"ext": os.path.splitext(filename)[1][1:]}
    else:
        variables = {}
        location = os.path.dirname(os.path.dirname(place.folder) if version else place.folder)
    if bundle is not None:
        location = _relative(location, bundle)
    variables |= {
        "index": variant.index,
        "location": location,
        "name": place.name,
        "repository_type": "filesystem",
    }
    if version:
        variables["version"] = version
    return {"key": PLAIN if place.folder is not None else COMBINED, "variables": variables}


def place_of_uri(uri: str) -> str:
    """Where a variant's package lies, by its uri: its folder, or the file that has it among others."""
    place = uri.rpartition("[")[0] or uri
    return place.rpartition("<")[0] if place.endswith(">") else os.path.dirname(place)


def place_of_handle(handle: Any) -> str:
    """The same by its handle; empty for what is none, or counts from a bundle."""
    try:
        variables = handle["variables"]
        location, name, version = variables["location"], variables["name"], variables.get("version")
        if not os.path.isabs(location):
            return ""
        if handle["key"] == COMBINED:
            return f"{location}{os.sep}{name}.{variables['ext']}"
        return f"{location}{os.sep}{name}{os.sep}{version}" if version else f"{location}{os.sep}{name}"
    except (KeyError, TypeError, AttributeError):
        return ""


def location_of(variant: Variant) -> str:
    """The repository that a variant is in."""
    found: str = handle_of(variant)["variables"]["location"]
    return found


def is_gone(variant: Variant) -> bool:
    """Whether the package, or just this variant of it, is no longer there."""
    package = variant.parent
    if not os.path.isfile(package.place.path):
        return True
    try:
        count = package.num_variants
    except PackageDefinitionError:
        return package.place.folder is None  # a combined file without that version; else it is damaged
    return variant.index is not None and variant.index >= count


def _load_folder(folder: str, paths: Sequence[str], settings: RepositorySettings, shown: str) -> Loaded:
    try:
        return load_folder(folder, paths, settings)
    except PackageDefinitionError as error:
        if any(map(os.path.isfile, paths)):
            raise
        raise PackageDefinitionError(
            f"{shown}, which the context has, is gone", path=folder, context=error.context, hint=_GONE
        ) from error


def _load_combined(path: str, name: str, version: str, settings: RepositorySettings) -> Loaded:
    shown = _shown(name, version)
    if not os.path.isfile(path):
        raise PackageDefinitionError(f"{shown}, which the context has, is gone", path=path, hint=_GONE)
    file = load_combined(path, settings)
    versions = file.data.get("versions")
    if version and isinstance(versions, list) and version not in versions:
        raise PackageDefinitionError(
            f"{shown}, which the context has, is gone",
            path=path,
            context="the file no longer names this version",
            hint=_GONE,
        )
    return file._replace(data=version_of_combined(path, file.data, Version(version))) if version else file


def _parts(handle: Any) -> tuple[Any, Mapping[str, Any]]:
    if not isinstance(handle, dict) or not isinstance(handle.get("variables"), dict):
        raise _bad("a resolved package that has no variables")
    variables = handle["variables"]
    if "key" in handle:
        return handle["key"], variables
    # Before version 4.0 the definition's path said what kind it is.
    path = handle.get("path")
    if not isinstance(path, str):
        raise _bad("a resolved package that has neither key nor path")
    is_plain = os.path.splitext(os.path.basename(path))[0] == "package"
    found = {key: variables.get(key) for key in ("name", "version", "index")}
    return PLAIN if is_plain else COMBINED, {**found, "location": variables.get("search_path")}


def _checked(variables: Mapping[str, Any]) -> tuple[str, str, int | None]:
    name, version, index = variables.get("name"), variables.get("version"), variables.get("index")
    if not isinstance(name, str) or not is_package_name(name):
        raise _bad(f"a package named {str(name)[:80]!a}")
    if version is not None and not isinstance(version, str):
        raise _bad(f"{name} with the version {str(version)[:80]!a}")
    try:
        Version(version or "")
    except InvalidVersionError as error:
        raise _bad(f"{name}: {error}") from error
    if index is not None and (type(index) is not int or index < 0):
        raise _bad(f"{name} with the variant {str(index)[:80]!a}")
    return name, version or "", index


def _location(found: Any, bundle: str | None) -> str:
    from rezup.runtime.context.fields import is_text  # writing does without it

    if not isinstance(found, str) or not found or not is_text(found):
        raise _bad(f"the package location {str(found)[:80]!a}")
    if os.path.isabs(found):
        return found
    if bundle is None:
        raise _bad(f"the relative package location {found[:80]!a}, and it lies in no bundle")
    return os.path.normpath(os.path.realpath(os.path.join(bundle, found)))


def _relative(location: str, bundle: str) -> str:
    root, inside = os.path.realpath(bundle), os.path.realpath(location)
    is_inside = inside == root or inside.startswith(root.rstrip(os.sep) + os.sep)
    return os.path.relpath(inside, root) if is_inside else location


def _bad(what: str) -> ContextFileError:
    return ContextFileError("the context can't be used", context=f"it has {what}")


def _shown(name: str, version: str) -> str:
    return f"{name}-{version}" if version else name
