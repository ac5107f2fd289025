"""Expansion of `$VARIABLE`, `~` and `{system.…}` in the text of settings."""

from __future__ import annotations

import os
import re
import string
from typing import TYPE_CHECKING, Any

from rezup.system.identity import home_folder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rezup.runtime.config.facts import SystemFacts

_VARIABLE = re.compile(r"\$(\w+|\{[^}]*\})")

_SEPARATORS = re.escape(os.sep + (os.altsep or ""))
_LISTING = re.escape("".join({os.pathsep, ";"}))
#: A lone tilde: at the start, or after a blank or a separator of lists; before a folder
#: separator, a separator of lists, a blank or the end. So `~name`, a weak request, is not one.
_TILDE = re.compile(rf"(\A|\s|[{_LISTING}])~([{_SEPARATORS}]|[{_LISTING}]|\s|\Z)")


class Expander:
    """Expands values as Rez does: variables first, then the home folder, then system facts."""

    __slots__ = ("_environ", "_facts")

    def __init__(self, environ: Mapping[str, str], facts: SystemFacts) -> None:
        self._environ = environ
        self._facts = facts

    def expanded(self, value: Any) -> Any:
        """The same value with every text in it expanded, at any depth of lists and dictionaries.

        Lists come back as new ones; tuples and sets become lists.

        :raises ValueError: a text has unbalanced braces
        """
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, (list, tuple, set)):
            return [self.expanded(entry) for entry in value]
        if isinstance(value, dict):
            return {key: self.expanded(entry) for key, entry in value.items()}
        return value

    def _text(self, text: str) -> str:
        if "$" in text:
            text = _VARIABLE.sub(self._variable, text)
        if "~" in text:
            text = self._with_home(text)
        if "{" in text or "}" in text:
            try:
                text = _Formatter(self._facts).vformat(text, (), {})
            except (ValueError, IndexError) as error:
                raise ValueError(f"braces that can't be filled in: {text!r}: {error}") from error
        return text

    def _variable(self, match: re.Match[str]) -> str:
        # An unknown variable stays as it is written.
        return self._environ.get(match[1].strip("{}") if match[1][0] == "{" else match[1], match[0])

    def _with_home(self, text: str) -> str:
        home = self._windows_home() if os.name == "nt" else home_folder(self._environ)
        if home is None:
            return text
        # Rez normalises every text that has a tilde anywhere, even one that stands for itself.
        return os.path.normpath(_TILDE.sub(lambda match: match[1] + home + match[2], text))

    def _windows_home(self) -> str | None:
        for name in ("HOME", "USERPROFILE"):
            if name in self._environ:
                return self._environ[name]
        if "HOMEPATH" in self._environ:
            return os.path.join(self._environ.get("HOMEDRIVE", ""), self._environ["HOMEPATH"])
        return None


class _Formatter(string.Formatter):
    """Fills `{system.…}`; any other field stays as it is written."""

    def __init__(self, facts: SystemFacts) -> None:
        self._facts = facts

    def get_field(self, field_name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        try:
            return super().get_field(field_name, args, kwargs)
        except (AttributeError, KeyError, TypeError):
            return f"{{{field_name}}}", field_name

    def get_value(self, key: int | str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        if key == "system":
            return self._facts
        if isinstance(key, int):
            return args[key]
        raise KeyError(key)

    def convert_field(self, value: Any, conversion: Any) -> Any:
        if value is None:
            return ""
        if isinstance(value, list):
            return " ".join(map(str, value))
        return super().convert_field(value, conversion)
