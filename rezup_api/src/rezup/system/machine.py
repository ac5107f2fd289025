"""Facts about this machine and this process's user."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def platform_tag() -> str:
    """System and processor, e.g. "linux-x86_64": what a built environment is tied to."""
    if sys.platform == "win32":
        import platform

        return f"win32-{platform.machine().lower()}"
    return f"{sys.platform}-{os.uname().machine}"


def libc_tag() -> str:
    """The C library and its version, e.g. "glibc-2.36" or "musl"; empty where a system has but one."""
    if not sys.platform.startswith("linux"):
        return ""
    try:
        named = os.confstr("CS_GNU_LIBC_VERSION")
    except (ValueError, OSError):
        named = None
    return named.replace(" ", "-") if named else "musl"


def host_name() -> str:
    """The name of this host, without asking the network."""
    if sys.platform == "win32":
        return os.environ.get("COMPUTERNAME", "unknown")
    return os.uname().nodename


def user_name() -> str:
    """The name of the user behind this process, or its number."""
    # As getpass.getuser, whose module imports what asks for passwords.
    for variable in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        name = os.environ.get(variable)
        if name:
            return name
    try:
        import pwd

        return pwd.getpwuid(os.getuid()).pw_name
    except (KeyError, OSError, ImportError):  # no entry in the user database, as in many containers
        return str(os.getuid()) if hasattr(os, "getuid") else "unknown"


def process_environment() -> dict[str, str]:
    """A copy of this process's environment."""
    return dict(os.environ)


def is_root_in_a_home_of_another(environ: Mapping[str, str]) -> bool:
    """True under `sudo` with the home of the user who called it: files made there would be root's."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return False
    try:
        return os.stat(environ.get("HOME") or "/").st_uid != 0
    except OSError:
        return False


def has_terminal() -> bool:
    """Whether somebody could type something: the standard input is a terminal."""
    try:
        return os.isatty(0)
    except OSError:
        return False
