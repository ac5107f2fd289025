"""The attributes of packages: what each must be, and the form it is handed out in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rezup.resolver.requirement import Requirement
from rezup.resolver.version import Version
from rezup.runtime.config.kinds import either, list_of_texts, of_type
from rezup.runtime.source_code import SourceCode

if TYPE_CHECKING:
    from collections.abc import Callable

_TEXT = of_type(str)
_CACHED = 1 << 16
_requirements: dict[str, Requirement] = {}


def requirement(text: Any) -> Requirement:
    """A requirement, as package files write it.

    :raises ValueError: it is no text, or no requirement of a package
    """
    found = _requirements.get(text) if isinstance(text, str) else None
    if found is not None:
        return found
    if not isinstance(text, str):
        raise ValueError(f"{text!r} is no text")
    if len(_requirements) >= _CACHED:
        _requirements.clear()
    _requirements[text] = found = Requirement.parse_package(text)
    return found


def requirements(value: Any) -> list[Requirement]:
    """A list of requirements.

    :raises ValueError: one is none
    """
    if not isinstance(value, list):
        raise ValueError("expected a list of requirements")
    return [requirement(text) for text in value]


def late_requirements(value: Any) -> list[Requirement]:
    """The same, as a late-bound function gives it: requirements or their texts.

    :raises ValueError: one is none
    """
    if not isinstance(value, list):
        raise ValueError("expected a list of requirements")
    return [each if isinstance(each, Requirement) else requirement(each) for each in value]


def variants(value: Any) -> list[list[Requirement]]:
    """A list of lists of requirements.

    :raises ValueError: one is none
    """
    if not isinstance(value, list):
        raise ValueError("expected a list of variants")
    return [requirements(each) for each in value]


def version(value: Any) -> Version:
    """A version.

    :raises ValueError: it is none
    """
    return Version(_TEXT(value))


def _block(value: Any) -> str:
    from textwrap import dedent

    return dedent(_TEXT(value)).strip()


def _help(value: Any) -> Any:
    if isinstance(value, str) or (isinstance(value, list) and all(map(_is_texts, value))):
        return value
    raise ValueError("expected a text, or a list of pairs of texts")


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(entry, str) for entry in value)


def _commands(value: Any) -> SourceCode:
    """The text of commands; a list of them is the way of Rez 1, which Rez refuses, too."""
    if isinstance(value, SourceCode):
        return value
    if isinstance(value, str):
        return SourceCode(value)
    raise ValueError(
        "a list is the way of Rez 1" if isinstance(value, list) else "expected a function or text"
    )


_TEXT_OR_TEXTS = either(_TEXT, list_of_texts)


def _tests(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("expected a dictionary of tests")
    return {_TEXT(name): _test(test) for name, test in value.items()}


def _test(value: Any) -> Any:
    if not isinstance(value, dict):
        return _TEXT_OR_TEXTS(value)
    if "command" not in value:
        raise ValueError("a test needs a command")
    return {_TEXT(key): _TEST_PARTS[key](part) if key in _TEST_PARTS else part for key, part in value.items()}


def _on_variants(value: Any) -> Any:
    if isinstance(value, bool):
        return value
    if isinstance(value, dict) and value.keys() == {"type", "value"} and value["type"] == "requires":
        return {"type": "requires", "value": late_requirements(value["value"])}
    raise ValueError('expected True, False, or a dictionary of type "requires"')


_TEST_PARTS: dict[str, Callable[[Any], Any]] = {
    "command": _TEXT_OR_TEXTS,
    "requires": late_requirements,
    "run_on": _TEXT_OR_TEXTS,
    "on_variants": _on_variants,
}


def _anything(value: Any) -> Any:
    return value


_OPTIONAL_BOOLEAN = of_type(bool, None)

#: May be a late-bound function instead.
BINDABLE: dict[str, Callable[[Any], Any]] = {
    "requires": requirements,
    "build_requires": requirements,
    "private_build_requires": requirements,
    "has_plugins": of_type(bool),
    "plugin_for": list_of_texts,
    "tools": list_of_texts,
    "help": _help,
    "relocatable": _OPTIONAL_BOOLEAN,
    "cachable": _OPTIONAL_BOOLEAN,
    "tests": _tests,
}

#: Those that Rez knows; any other key is the package's own. `name`, `version` and `base` come
#: from where the package lies, whatever the file says.
ATTRIBUTES: dict[str, Callable[[Any], Any]] = {
    **BINDABLE,
    "description": _block,
    "authors": list_of_texts,
    "variants": variants,
    "uuid": _TEXT,
    "config": of_type(dict),
    "hashed_variants": of_type(bool),
    "pre_commands": _commands,
    "commands": _commands,
    "post_commands": _commands,
    "pre_build_commands": _commands,
    "pre_test_commands": _commands,
    "timestamp": of_type(int),
    "revision": _anything,
    "changelog": _block,
    "release_message": of_type(str, None),
    "previous_version": version,
    "previous_revision": _anything,
    "vcs": _TEXT,
}

#: What the values of late-bound functions must be; those of others are taken as they are.
LATE: dict[str, Callable[[Any], Any]] = dict.fromkeys(
    ("requires", "build_requires", "private_build_requires"), late_requirements
)


def checked(name: str, value: Any) -> Any:
    """The value of an attribute in the form it is handed out in.

    :raises ValueError: it can't be that attribute
    """
    if isinstance(value, SourceCode) and (name in BINDABLE or name not in ATTRIBUTES):
        return value
    check = ATTRIBUTES.get(name)
    return value if check is None else check(value)
