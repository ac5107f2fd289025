"""Where the definition of one package lies, and its contents once they were asked for."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from rezup.errors import PackageDefinitionError
from rezup.resolver.ranges import VersionRange
from rezup.runtime.attributes import version as read_version
from rezup.runtime.late import include_files

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rezup.resolver.version import Version
    from rezup.runtime.config import Config
    from rezup.runtime.nature import Nature

#: The suffixes of package files; earlier ones win.
SUFFIXES = (".py", ".yaml")

#: What a release by Rez before 2.0 left beside a package file that has no timestamp.
OLD_RELEASE = (
    "release.yaml",
    os.path.join(".metadata", "changelog.txt"),
    os.path.join(".metadata", "release_time.txt"),
)


class RepositorySettings(NamedTuple):
    """The settings that reading a filesystem repository looks at, under the names of Rez."""

    allow_unversioned_packages: bool = True
    check_package_definition_files: bool = False
    file_lock_dir: str | None = None
    package_filenames: tuple[str, ...] = ("package",)
    python_paths: tuple[str, ...] = ()
    shortlinks: str | None = "_v"
    """The folder of short links to hashed variants; None where they are not used."""
    max_changelog: int = 65536

    @classmethod
    def of(cls, config: Config) -> RepositorySettings:
        """Those of a configuration."""
        own = config["plugins"]["package_repository"]["filesystem"]
        return cls(
            config["allow_unversioned_packages"],
            own["check_package_definition_files"],
            own["file_lock_dir"],
            tuple(own["package_filenames"]),
            tuple(config["package_definition_build_python_paths"]),
            config["variant_shortlinks_dirname"] if config["use_variant_shortlinks"] else None,
            config["max_package_changelog_chars"],
        )


class Loaded(NamedTuple):
    """A definition file and what it says."""

    path: str
    content: bytes
    data: dict[str, Any]
    beside: tuple[str, ...] = ()
    """Files beside it that were looked for, too."""
    is_plain: bool = False
    """Whether it only says things, so that nothing else can be of influence."""


class Place:
    """One package: what its place says of it, and a way to its definition."""

    __slots__ = (
        "_beside", "_content", "_data", "_is_plain", "_load", "_mark", "_path", "_paths", "folder",
        "is_known", "name", "shortlinks", "version",
    )  # fmt: skip

    def __init__(
        self, name: str, version: Version, paths: Sequence[str], load: Callable[[], Loaded], *,
        mark: str = "", folder: str | None = None, shortlinks: str | None = None,
        data: dict[str, Any] | None = None,
    ) -> None:  # fmt: skip
        """Note where it lies.

        :param paths: where the definition may be, best first
        :param mark: which of the packages in the file it is
        :param data: what the definition says, if that is known
        """
        self.name = name
        self.version = version
        self.folder = folder
        """The folder of the payload; None for combined packages, which have none."""
        self.shortlinks = shortlinks
        self._paths = paths
        self._path: str | None = None
        self._mark = mark
        self._load = load
        self._content: bytes | None = None
        self._beside: tuple[str, ...] = ()
        self._is_plain = False
        self._data: dict[str, Any] | PackageDefinitionError | None = data
        self.is_known = data is not None
        """Whether what it says was known beforehand."""

    @property
    def uri(self) -> str:
        """What Rez calls it: the definition file, and the version in `<>` for combined ones."""
        return self.path + self._mark

    @property
    def path(self) -> str:
        """The definition file; where it would be, if there is none."""
        if self._path is None:
            paths = self._paths
            if len(paths) > 1:
                self._path = next((path for path in paths if os.path.isfile(path)), paths[0])
            else:
                self._path = paths[0]
        return self._path

    @property
    def looked_for(self) -> list[str]:
        """The definition file, and those that would have been taken in its place."""
        return [*self._paths[: self._paths.index(self.path)], self.path]

    def nature(self) -> Nature | None:
        """What the definition depends on; None where it can't be loaded."""
        if self._content is None:
            return None
        from rezup.runtime.nature import PURE, judge

        found = PURE if self._is_plain else judge(self.path, self._content)
        files = self._beside
        if self.folder is not None:
            files += tuple(path for name in found.includes for path in include_files(name, self.folder))
        return found._replace(files=files) if files else found

    def data(self) -> dict[str, Any]:
        """What the definition says; it is read once.

        :raises PackageDefinitionError: it can't be, each time anew
        """
        if self._data is None:
            try:
                found = self._load()
                self._data, self._content, self._beside = found.data, found.content, found.beside
                self._path, self._is_plain = found.path, found.is_plain
            except PackageDefinitionError as error:
                self._data = error
        if isinstance(self._data, PackageDefinitionError):
            raise self._data
        return self._data


def read_file(path: str) -> bytes | None:
    """The content of a regular file; None where there is none.

    :raises PackageDefinitionError: it can't be read
    """
    try:
        with open(path, "rb", buffering=0) as stream:
            return stream.read()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    except OSError as error:
        raise PackageDefinitionError(
            "it can't be read", path=path, context=error.strerror or str(error)
        ) from error


def candidates(folder: str, filenames: tuple[str, ...]) -> list[str]:
    """The paths at which a definition may be, best first."""
    return [f"{folder}{os.sep}{name}{suffix}" for name in filenames for suffix in SUFFIXES]


def find_definition(folder: str, filenames: tuple[str, ...]) -> str | None:
    """The definition file of a folder."""
    return next((path for path in candidates(folder, filenames) if os.path.isfile(path)), None)


def load_folder(folder: str, paths: Sequence[str], settings: RepositorySettings) -> Loaded:
    """The first of these files that is there, and what it says.

    :raises PackageDefinitionError: there is none, or it can't be loaded
    """
    from rezup.runtime.definition import read_definition

    for path in paths:
        content = read_file(path)
        if content is not None:
            data, is_plain = read_definition(path, content, settings.python_paths)
            beside: tuple[str, ...] = ()
            if "timestamp" not in data:
                beside = tuple(os.path.join(folder, name) for name in OLD_RELEASE)
                data.update(_old_release(beside, settings.max_changelog))
            return Loaded(path, content, data, beside, is_plain)
    wanted = ", ".join(map(os.path.basename, paths))
    raise PackageDefinitionError("there is no package definition", path=folder, context=f"none of {wanted}")


def load_combined(path: str, settings: RepositorySettings) -> Loaded:
    """What a combined file says.

    :raises PackageDefinitionError: it can't be loaded
    """
    content = read_file(path)
    if content is None:
        raise PackageDefinitionError("it is gone", path=path)
    from rezup.runtime.definition import read_definition

    data, is_plain = read_definition(path, content, settings.python_paths)
    return Loaded(path, content, data, is_plain=is_plain)


def _old_release(paths: tuple[str, ...], longest: int) -> dict[str, Any]:
    """What Rez before 2.0 wrote beside the package file when it was released."""
    release, log, time = paths
    content = read_file(release)
    if content is not None:
        from rezup.runtime.definition import load_definition

        data = load_definition(release, content)
        if "changelog" in data:
            text = data["changelog"]
            data["changelog"] = _cut("\n".join(text) if isinstance(text, list) else text, longest)
        return data
    data = {}
    if os.path.isdir(os.path.dirname(log)):
        if (content := read_file(log)) is not None:
            data["changelog"] = _cut(content.decode(errors="replace"), longest)
        if (content := read_file(time)) is not None and content.strip().isdigit():
            data["timestamp"] = int(content)
    return data


def _cut(text: Any, longest: int) -> Any:
    if not isinstance(text, str) or not longest or len(text) <= longest + 3:
        return text
    return text[:longest] + "..."


def combined_versions(path: str, data: Mapping[str, Any]) -> list[str]:
    """The versions that a combined file names; empty for a file of one unversioned package.

    :raises PackageDefinitionError: they are no list of versions
    """
    found = data.get("versions")
    try:
        for text in found or ():
            read_version(text)
        return list(found or ())
    except (TypeError, ValueError) as error:
        raise PackageDefinitionError("versions can't be used", path=path, context=str(error)) from error


def version_of_combined(path: str, data: Mapping[str, Any], version: Version) -> dict[str, Any]:
    """What a combined file says of one of its versions.

    :raises PackageDefinitionError: the overrides can't be used
    """
    result = dict(data)
    if "versions" not in result:
        return result
    del result["versions"]
    result["version"] = str(version)
    overrides = result.pop("version_overrides", None) or {}
    try:
        for range_text, changes in overrides.items():
            if VersionRange(range_text).contains_version(version):
                result.update(changes)
    except (AttributeError, TypeError, ValueError) as error:
        raise PackageDefinitionError(
            "version_overrides can't be used", path=path, context=str(error)
        ) from error
    return result
