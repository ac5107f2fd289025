"""Where the packages of a context lie, in the form of the shell."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from rezup.resolver.repository import LateBinding
from rezup.runtime.late import Binding
from rezup.runtime.package import Package, Variant
from rezup.runtime.rex.bindings import PackageBinding

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rezup.runtime.config import Config
    from rezup.runtime.context.context import Context
    from rezup.runtime.rex.dialects import Dialect


class Roots:
    """Answers for all packages of one context; those of packages without a folder are None."""

    def __init__(self, context: Context, config: Config, dialect: Dialect, cached: Mapping[str, str]) -> None:
        self._context = context
        self._config = config
        self._dialect = dialect
        self._cached = cached

    def base(self, variant: Variant) -> str | None:
        """The folder of the package."""
        return self._path(variant.base)

    def own(self, variant: Variant) -> str | None:
        """The folder of the variant, whether or not it has been cached."""
        return self._path(variant.root)

    def bindings(self, late: Mapping[str, Any]) -> dict[str, PackageBinding]:
        """The packages by name, as commands see them.

        :param late: the names that their late-bound attributes see
        """
        binding = Binding(LateBinding(()), self._config.facts)
        binding.names.update(late)

        def bound(variant: Variant) -> Variant:
            return Variant(Package(variant.parent.place, self._config, binding), variant.index)

        made = {}
        for variant in self._context.resolved_packages:
            name = variant.parent.name
            cached = self._cached.get(name)
            root = self.own(variant) if cached is None else self._path(cached)
            made[name] = PackageBinding(variant, root, cached, bound)
        return made

    def is_local(self, variant: Variant) -> bool:
        """Whether the package lies in the repository of the user's own packages."""
        package = variant.parent
        config = self._config if package.attribute("config") is None else package.config
        place = package.place
        if place.folder is None:
            location = os.path.dirname(place.path)
        else:
            location = os.path.dirname(place.folder)
            if package.version:
                location = os.path.dirname(location)
        return bool(location == config["local_packages_path"])

    def _path(self, path: str | None) -> str | None:
        return path if path is None else self._dialect.path(path)
