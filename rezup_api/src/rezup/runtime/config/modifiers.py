"""What a rezconfig file may hold beside plain data, and how files are laid over each other."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class ModifyList:
    """Adds to a list of the files before, instead of replacing it."""

    __slots__ = ("append", "prepend")

    def __init__(self, append: list[Any] | None = None, prepend: list[Any] | None = None) -> None:
        for given in (append, prepend):
            if given is not None and not isinstance(given, list):
                raise ValueError(f"ModifyList takes lists, not {given!r}")
        self.append = append
        self.prepend = prepend

    def __repr__(self) -> str:
        return f"ModifyList(append={self.append!r}, prepend={self.prepend!r})"

    def applied_to(self, value: Any) -> list[Any]:
        """The longer list; None counts as an empty one.

        :raises ValueError: there is something else than a list below
        """
        if value is not None and not isinstance(value, list):
            raise ValueError(f"ModifyList can't be applied to {value!r}, which is no list")
        return [*(self.prepend or ()), *(value or ()), *(self.append or ())]


class DelayLoad:
    """A value that lies in a file of its own (YAML or JSON), read when the setting is asked for."""

    __slots__ = ("path",)

    def __init__(self, path: str) -> None:
        self.path = str(path)

    def __repr__(self) -> str:
        return f"DelayLoad({self.path!r})"

    def load(self, home: str) -> Any:
        """What the file holds.

        :param home: what `~` stands for
        :raises ValueError: it can't be read
        """
        path = self.resolved(home)
        suffix = os.path.splitext(path)[1]
        if suffix not in (".yaml", ".json"):
            raise ValueError(f"DelayLoad reads .yaml and .json, not {path}")
        try:
            with open(path, "rb") as stream:
                content = stream.read()
            if suffix == ".json":
                return json.loads(content)
            from rezup.runtime.yaml_file import parse_yaml

            return parse_yaml(content, path)
        except (OSError, ValueError) as error:
            raise ValueError(f"DelayLoad can't read {path}: {error}") from error

    def resolved(self, home: str) -> str:
        """The path, `~` expanded."""
        if self.path == "~" or self.path.startswith(("~/", "~" + os.sep)):
            return home + self.path[1:]
        return os.path.expanduser(self.path)


def merged(below: Mapping[Any, Any], above: Mapping[Any, Any]) -> dict[Any, Any]:
    """`above` laid over `below`: dictionaries mix by key, at every depth; anything else replaces.

    :raises ValueError: a ModifyList meets something that is no list
    """
    result = {}
    for key, value in below.items():
        result[key] = _over(value, above[key]) if key in above else flat(value)
    for key, value in above.items():
        if key not in below:
            result[key] = _over(None, value)
    return result


def flat(value: Any) -> Any:
    """A value without modifiers: what they add to nothing."""
    if isinstance(value, ModifyList):
        return value.applied_to(None)
    if isinstance(value, dict):
        return {key: flat(inner) for key, inner in value.items()}
    return value


def _over(below: Any, above: Any) -> Any:
    if isinstance(below, dict) and isinstance(above, dict):
        return merged(below, above)
    if isinstance(above, ModifyList):
        return above.applied_to(flat(below))
    return flat(above)
