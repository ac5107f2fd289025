"""The settings of Rez's own plugins: what they must be, and their values where nobody sets them.

Plugins of others bring defaults of their own, which only Rez can load; what a rezconfig file says
about them is kept all the same.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from rezup.runtime.config.kinds import either, list_of_texts, of_type, one_of
from rezup.runtime.config.modifiers import merged

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_TEXT = of_type(str)
_OPTIONAL_TEXT = of_type(str, None)
_BOOLEAN = of_type(bool)
_INTEGER = of_type(int)


_COMMAND_KEYS = {
    "command": _TEXT, "args": either(_TEXT, list_of_texts), "pretty_args": _BOOLEAN, "user": _TEXT,
    "env": of_type(dict),
}  # fmt: skip


def _commands(value: Any) -> Any:
    """Check the commands of a release hook; arguments in one text become a list."""
    if not isinstance(value, list):
        raise ValueError("the type is wrong")
    return [_command(entry) for entry in value]


def _command(entry: Any) -> Any:
    if not isinstance(entry, dict) or "command" not in entry:
        raise ValueError("each command is a dictionary with the key command")
    for key, part in entry.items():
        if key not in _COMMAND_KEYS:
            raise ValueError(f"a command knows the keys {', '.join(_COMMAND_KEYS)}")
        _COMMAND_KEYS[key](part)
    args = entry.get("args")
    return {**entry, "args": args.split()} if isinstance(args, str) else entry


_HOOK_FLAGS = ("cancel_on_error", "print_commands", "print_error", "print_output", "stop_on_error")

_MAIL = "\n".join(
    [
        "Package '{package.qualified_name}' was released by {system.user}@{system.fqdn}.\n",
        "USER: {system.user}",
        "PACKAGE: {package.qualified_name}",
        "RELEASED TO: {release.path}",
        "PREVIOUS VERSION: {release.previous_version}",
        "REZ VERSION: {system.rez_version}\n",
        "{variants.count} VARIANTS:\n{variants.paths}\n",
        "MESSAGE:\n{release.message}\n",
        "CHANGELOG:\n{release.changelog}",
    ]
)


def _shells() -> dict[str, Any]:
    prompts = dict.fromkeys(("sh", "bash", "csh", "tcsh", "gitbash"), ">")
    prompts |= {"zsh": "%", "cmd": "$G", "powershell": "> $ ", "pwsh": "> $ "}
    shells: dict[str, dict[str, Any]] = {
        name: {"prompt": prompt, "executable_fullpath": None} for name, prompt in prompts.items()
    }
    for name in ("cmd", "powershell", "pwsh"):
        shells[name]["additional_pathext"] = [".PY"]
    for name in ("powershell", "pwsh"):
        shells[name]["execution_policy"] = None
    return shells


#: plugin type -> its settings: name -> (check, default), one level deeper for each plugin
_Tree = dict[str, Any]
_KNOWN: dict[str, _Tree] = {
    "build_process": {},
    "build_system": {
        "cmake": {
            "build_system": (
                one_of("eclipse", "codeblocks", "make", "nmake", "mingw", "xcode", "ninja"),
                "make" if os.name == "posix" else "nmake",
            ),
            "build_target": (one_of("Debug", "Release", "RelWithDebInfo"), "Release"),
            "cmake_args": (list_of_texts, ["-Wno-dev", "--no-warn-unused-cli"]),
            "cmake_binary": (_OPTIONAL_TEXT, None),
            "install_pyc": (None, True),
            "make_binary": (_OPTIONAL_TEXT, None),
        }
    },
    "command": {},
    "package_repository": {
        "filesystem": {
            "check_package_definition_files": (None, False),
            "file_lock_dir": (_OPTIONAL_TEXT, None),
            "file_lock_timeout": (_INTEGER, 10),
            "file_lock_type": (one_of("default", "link", "mkdir", "symlink"), "default"),
            "package_filenames": (list_of_texts, ["package"]),
        }
    },
    "release_hook": {
        "amqp": {
            "connect_timeout": (_INTEGER, 10),
            "exchange_name": (_TEXT, ""),
            "exchange_routing_key": (_TEXT, "REZ.PACKAGE.RELEASED"),
            "host": (_TEXT, ""),
            "message_attributes": (of_type(dict), {}),
            "message_delivery_mode": (_INTEGER, 1),
            "password": (_TEXT, ""),
            "userid": (_TEXT, ""),
        },
        "command": {
            **dict.fromkeys(_HOOK_FLAGS, (_BOOLEAN, True)),
            **{
                name: (_commands, [])
                for name in ("post_release_commands", "pre_build_commands", "pre_release_commands")
            },
        },
        "emailer": {
            "body": (_TEXT, _MAIL),
            "recipients": (either(_TEXT, list_of_texts), []),
            "sender": (_TEXT, "{system.user}@rez-release.com"),
            "smtp_host": (_TEXT, ""),
            "smtp_port": (_INTEGER, 25),
            "subject": (_TEXT, "[rez] [release] {system.user} released {package.qualified_name}"),
        },
    },
    "release_vcs": {
        "check_tag": (_BOOLEAN, False),
        "git": {"allow_no_upstream": (_BOOLEAN, False)},
        "releasable_branches": (either(of_type(None), list_of_texts), []),
        "tag_name": (_TEXT, "{qualified_name}"),
    },
    "shell": {},
}

#: The plugin types of Rez, in the order of the alphabet.
PLUGIN_TYPES = tuple(_KNOWN)


def plugin_settings(
    plugin_type: str, data: Mapping[str, Any], expanded: Callable[[Any], Any]
) -> dict[str, Any]:
    """The settings of one plugin type.

    :param data: what the rezconfig files say about it, which may be nothing
    :raises ValueError: a known setting holds a value of the wrong kind; it names the setting
    """
    if not isinstance(data, dict):
        raise ValueError(f"{plugin_type}: expected a dictionary")
    known = _KNOWN.get(plugin_type, {})
    defaults = _shells() if plugin_type == "shell" else _defaults(known)
    result: dict[str, Any] = expanded(_checked(known, merged(defaults, data), plugin_type))
    return result


def _defaults(tree: _Tree) -> dict[str, Any]:
    return {name: _defaults(node) if isinstance(node, dict) else node[1] for name, node in tree.items()}


def _checked(tree: _Tree, values: Any, place: str) -> dict[str, Any]:
    if not isinstance(values, dict):
        raise ValueError(f"{place}: expected a dictionary")
    result = dict(values)
    for name, node in tree.items():
        where = f"{place}.{name}"
        if isinstance(node, dict):
            result[name] = _checked(node, values[name], where)
        elif node[0] is not None:
            try:
                result[name] = node[0](values[name])
            except ValueError as error:
                raise ValueError(f"{where}: {values[name]!r}: {error}") from error
    return result
