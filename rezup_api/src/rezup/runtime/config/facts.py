"""The facts that `{system.…}` stands for, each found when first asked for."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Any

from rezup.system import identity

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: The release of Rez whose behaviour this is; what `{system.rez_version}` shows.
REZ_VERSION = "3.4.0"


class SystemFacts:
    """What Rez's `system` object tells, under the same names.

    :param platform_map: gives the setting of that name, which rewrites `arch` and `os`
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        platform_map: Callable[[], Mapping[str, Any]] = dict,
        rez_version: str = REZ_VERSION,
    ) -> None:
        self._environ = environ
        self._platform_map = platform_map
        self.rez_version = rez_version

    @cached_property
    def platform(self) -> str:
        """One of "linux", "osx", "windows"."""
        return identity.platform_name()

    @cached_property
    def arch(self) -> str:
        """The processor, rewritten by the platform map, fit to be a version."""
        return version_text(self._mapped("arch", identity.architecture()))

    @cached_property
    def os(self) -> str:
        """The operating system, rewritten by the platform map, fit to be a version."""
        return version_text(self._mapped("os", identity.operating_system(self._environ)))

    @cached_property
    def variant(self) -> list[str]:
        """The three facts as requirements, for variants of system-dependent packages."""
        return [f"platform-{self.platform}", f"arch-{self.arch}", f"os-{self.os}"]

    @cached_property
    def user(self) -> str:
        """The name of the user."""
        return identity.login_name(self._environ)

    @cached_property
    def home(self) -> str:
        """The home folder of the user."""
        return identity.home_folder(self._environ)

    @cached_property
    def fqdn(self) -> str:
        """The full name of this machine; this may ask the network."""
        import socket

        return socket.getfqdn()

    @cached_property
    def hostname(self) -> str:
        """The name of this machine."""
        import socket

        return socket.gethostname()

    @cached_property
    def domain(self) -> str:
        """The full name without its first part."""
        return self.fqdn.partition(".")[2]

    @cached_property
    def shell(self) -> str:
        """The name of the shell that rezup was started from."""
        from rezup.shells.detect import parent_shell
        from rezup.shells.registry import canonical_name

        if self.platform == "windows":
            return "powershell"
        found = parent_shell() or self._environ.get("SHELL", "") or "sh"
        name = canonical_name(found) or found.rpartition("/")[2]
        return "bash" if name == "dash" else name

    #: Rez's folder of programs; the resolver is no production install of Rez.
    rez_bin_path = None
    is_production_rez_install = False
    selftest_is_running = False

    def _mapped(self, name: str, value: str) -> str:
        for pattern, replacement in (self._platform_map().get(name) or {}).items():
            value, changes = re.subn(pattern, replacement, value)
            if changes:
                break
        return value


def version_text(text: str) -> str:
    """A text fit to be a version: tokens of letters, digits, `_`, joined by single `.` or `-`."""
    result = ""
    for part in re.split(r"([.-])", text.strip(".").strip("-")):
        if part in (".", "-", ""):
            if part and result and result[-1] not in ".-":
                result += part
        else:
            result += re.sub(r"[^a-zA-Z0-9_]", "_", part)
    return result.rstrip(".-")
