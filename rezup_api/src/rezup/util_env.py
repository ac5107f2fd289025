"""The environment of a container in one import, as rezup 2.x had it.

``from rezup.util_env import dot_main`` puts the variables of container ``.main`` into
``os.environ``; other containers go by their own names.
"""

from __future__ import annotations

import os


def __dir__() -> list[str]:
    from rezup.util import iter_containers

    names = {container.name() for container in iter_containers()}
    return sorted("dot_main" if name == ".main" else name for name in names)


def __getattr__(name: str) -> dict[str, str]:
    if name.startswith("__") and name.endswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from rezup.util import get_revision

    variables = get_revision(".main" if name == "dot_main" else name).recipe_env()
    os.environ.update(variables)
    return variables
