"""The fields of a context's file: which there must be, what they are, what stands for one that is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from rezup.errors import ContextFileError, InvalidRequirementError
from rezup.resolver.requirement import Requirement

if TYPE_CHECKING:
    from collections.abc import Callable

#: The newest format of which all is known; a later one of the same major only adds to it.
MAJOR = 4

#: Rez's names of the locks that a patch respects; see `rezup.runtime.context.patching`.
PATCH_LOCKS = ("no_lock", "lock_2", "lock_3", "lock_4", "lock")

STATUSES = ("pending", "solved", "failed", "aborted")

#: The end of the year 9999, beyond which no date can be written.
LAST_TIME = 253402300800


class _BadValueError(Exception):
    """What a value should be."""


class _Field(NamedTuple):
    check: Callable[[Any], Any]
    default: Any = None
    is_needed: bool = False


def is_text(value: Any) -> bool:
    r"""Whether something is a text that can be said and written.

    Bytes of a path that are no text, as Python has them ("\udc80" to "\udcff"), can be; null and
    other halves of characters can't.
    """
    if not isinstance(value, str) or "\0" in value:
        return False
    try:
        value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return False
    return True


def has_texts_only(data: Any) -> bool:
    """Whether all that is a text in plain data, however deep, is one as above."""
    rest = [data]
    while rest:
        each = rest.pop()
        if isinstance(each, dict):
            rest += [*each, *each.values()]
        elif isinstance(each, (list, tuple)):
            rest += each
        elif isinstance(each, str) and not is_text(each):
            return False
    return True


def _text(value: Any) -> str:
    if not is_text(value):
        raise _BadValueError("a text")
    text: str = value
    return text


def _text_or_none(value: Any) -> str | None:
    return None if value is None else _text(value)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _BadValueError("true or false")
    return value


def _flag_or_none(value: Any) -> bool:
    return False if value is None else _flag(value)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < LAST_TIME:
        raise _BadValueError("a number")
    return value


def _moment(value: Any) -> int:
    return int(_number(value))


def _moment_or_none(value: Any) -> int | None:
    return None if value is None else _moment(value)


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise _BadValueError("a list of texts")
    return tuple([_text(each) for each in value])


def _requirements(value: Any) -> tuple[str, ...]:
    texts = _texts(value)
    for text in texts:
        try:
            Requirement.parse_package(text)
        except InvalidRequirementError as error:
            raise _BadValueError(f"a list of requirements ({error})") from error
    return texts


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise _BadValueError("a list")
    return value


def _filters(value: Any) -> list[Any]:
    found = [] if value is None else [value] if isinstance(value, dict) else _list(value)
    if not all(isinstance(each, dict) for each in found) or not has_texts_only(found):
        raise _BadValueError("a list of package filters")
    return found


def _orderers(value: Any) -> list[Any] | None:
    if not value:
        return None
    if not all(isinstance(each, dict) for each in _list(value)) or not has_texts_only(value):
        raise _BadValueError("a list of package orderers")
    found: list[Any] = value
    return found


def _one_of(*words: str) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        if value not in words:
            raise _BadValueError(f"one of {', '.join(words)}")
        return value

    return check


_lock = _one_of(*PATCH_LOCKS)


def _locks(value: Any) -> dict[str, str]:
    """The locks by name; pairs are what Rez reads, a mapping is what it writes."""
    pairs = list(value.items()) if isinstance(value, dict) else _list(value)
    if not all(isinstance(each, (list, tuple)) and len(each) == 2 for each in pairs):
        raise _BadValueError("pairs of a name and a lock")
    return {_text(name): _lock(lock) for name, lock in pairs}


_FIELDS = {
    "status": _Field(_one_of(*STATUSES), is_needed=True),
    "package_requests": _Field(_requirements, is_needed=True),
    "resolved_packages": _Field(_list, is_needed=True),
    "implicit_packages": _Field(_requirements, ()),
    "package_paths": _Field(_texts, ()),
    "resolved_ephemerals": _Field(_requirements, ()),
    "timestamp": _Field(_moment, is_needed=True),
    "requested_timestamp": _Field(_moment_or_none),
    "building": _Field(_flag_or_none, default=False),
    "testing": _Field(_flag_or_none, default=False),
    "failure_description": _Field(_text_or_none),
    "graph": _Field(_text_or_none),
    "package_filter": _Field(_filters),
    "package_orderers": _Field(_orderers),
    "default_patch_lock": _Field(_lock, "no_lock"),
    "patch_locks": _Field(_locks),
    "append_sys_path": _Field(_flag, default=True),
    "caching": _Field(_flag, default=True),
    "package_caching": _Field(_flag, default=True),
    "package_cache_async": _Field(_flag, default=True),
    "created": _Field(_moment, 0),
    "user": _Field(_text, ""),
    "host": _Field(_text, ""),
    "platform": _Field(_text, ""),
    "arch": _Field(_text, ""),
    "os": _Field(_text, ""),
    "rez_version": _Field(_text, ""),
    "rez_path": _Field(_text, ""),
    "solve_time": _Field(_number, 0.0),
    "load_time": _Field(_number, 0.0),
    "num_loaded_packages": _Field(_moment, -1),
    "from_cache": _Field(_flag_or_none, default=False),
    "parent_suite_path": _Field(_text_or_none),
    "suite_context_name": _Field(_text_or_none),
}  # fmt: skip

_FRESH = {"package_filter": list, "patch_locks": dict}


def checked_fields(data: Any) -> dict[str, Any]:
    """The fields of a context, by their names, from the plain data of a file of any version.

    :raises ContextFileError: a field is missing or not what it must be; or the format is newer
    """
    if not isinstance(data, dict):
        raise _failure("it is no mapping")
    _check_version(data.get("serialize_version"))
    found = {}
    for name, field in _FIELDS.items():
        if name not in data:
            if field.is_needed:
                raise _failure(f"it has no {name}")
            found[name] = _FRESH[name]() if name in _FRESH else field.default
            continue
        try:
            found[name] = field.check(data[name])
        except _BadValueError as error:
            raise _failure(f"{name} must be {error}") from error
    return found


def checked_requests(data: Any) -> tuple[str, ...]:
    """Just the requests among the fields, of whatever else there is.

    :raises ContextFileError: there are none, or they can't be understood
    """
    if not isinstance(data, dict) or "package_requests" not in data:
        raise _failure("it has no package_requests")
    try:
        return _requirements(data["package_requests"])
    except _BadValueError as error:
        raise _failure(f"package_requests must be {error}") from error


def _check_version(version: Any) -> None:
    if version is None:
        raise _failure("it has no serialize_version")
    major = str(version)[:80].partition(".")[0]
    if not (major.isascii() and major.isdigit()):
        raise _failure(f"its serialize_version is {str(version)[:80]!a}")
    if int(major) > MAJOR:
        raise ContextFileError(
            "the context can't be used",
            context=f"it has the format {str(version)[:80]}; formats up to {MAJOR} are known",
            hint="a newer rezup may know it",
        )


def _failure(reason: str) -> ContextFileError:
    return ContextFileError("the context can't be used", context=reason)
