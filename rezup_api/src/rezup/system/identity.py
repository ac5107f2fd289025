"""What kind of machine this is, in the words that package managers use.

Each function takes the environment it is to believe, and finds out anew: whoever asks keeps the
answer.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from rezup.errors import ProcessError

if TYPE_CHECKING:
    from collections.abc import Mapping

LSB_FILE = "/etc/lsb-release"
OS_FILE = "/etc/os-release"

_NAMES = {"linux": "linux", "darwin": "osx", "win32": "windows"}


def platform_name() -> str:
    """One of "linux", "osx", "windows"; elsewhere what Python calls it."""
    return _NAMES.get(sys.platform, sys.platform)


def architecture() -> str:
    """The processor, e.g. "x86_64"."""
    import platform

    return platform.machine()


def operating_system(environ: Mapping[str, str]) -> str:
    """Name and version, e.g. "Ubuntu-22.04", "osx-14.5", "windows-10.0.19045.SP0".

    On Linux the pair comes from the first of these that has both: the file lsb-release, the
    program `lsb_release`, the file os-release. The program may cost 50 ms and more.

    :raises OSError: nothing tells it
    """
    import platform

    if sys.platform == "darwin":
        return f"osx-{platform.mac_ver()[0]}"
    if sys.platform == "win32":
        _, version, pack, _ = platform.win32_ver()
        return "windows-" + ".".join(part for part in (version, pack) if part)
    return _linux(environ)


def _linux(environ: Mapping[str, str]) -> str:
    name = release = None
    for form, name_key, release_key in (
        ("file", "DISTRIB_ID=", "DISTRIB_RELEASE="),
        ("program", "Distributor ID:", "Release:"),
        ("", "ID=", "VERSION_ID="),
    ):
        found = _ask_lsb(environ) if form == "program" else _text(LSB_FILE if form else OS_FILE)
        name = name or _entry(found, name_key)
        release = release or _entry(found, release_key)
        if name and release:
            return f"{name}-{release}"
    raise OSError(f"neither {LSB_FILE} nor {OS_FILE} nor lsb_release tells the name of this system")


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _ask_lsb(environ: Mapping[str, str]) -> str:
    from rezup.system.processes import run

    program = shutil.which("lsb_release", path=environ.get("PATH", os.defpath))
    if program is None:
        return ""
    try:
        return run([program, "-a"], environment=environ, separate_errors=True, timeout=30).output
    except ProcessError:
        return ""


def _entry(text: str, key: str) -> str | None:
    """The value of the last line with that key."""
    found = None
    for line in text.splitlines():
        if line.startswith(key):
            found = line[len(key) :].strip()
            if len(found) > 1 and found[0] == found[-1] and found[0] in "'\"":
                found = found[1:-1]
    return found


def logical_cores() -> int:
    """What the system counts as processors."""
    return os.cpu_count() or 1


def physical_cores(environ: Mapping[str, str]) -> int:
    """Processors without their hyperthreads; the logical number where nothing tells."""
    logical = logical_cores()
    if logical == 1:
        return 1
    if sys.platform == "darwin":
        return _first_number(["sysctl", "-n", "hw.physicalcpu"], environ) or logical
    if sys.platform == "win32":
        script = "(Get-CimInstance Win32_Processor | Measure-Object NumberOfCores -Sum).Sum"
        return _first_number(["powershell", "-NoProfile", "-Command", script], environ) or logical
    return _cores_of_linux(_text("/proc/cpuinfo")) or _cores_of_lscpu(environ) or logical


def _cores_of_linux(text: str) -> int | None:
    """Distinct pairs of socket and core; None where a processor does not tell both."""
    blocks = [block for block in text.split("\n\n") if block.startswith("processor")]
    cores = set()
    for block in blocks:
        pairs = (line.split(":", 1) for line in block.splitlines() if ":" in line)
        facts = {key.strip(): value.strip() for key, value in pairs}
        if "physical id" not in facts or "core id" not in facts:
            return 1 if len(blocks) == 1 else None
        cores.add((facts["physical id"], facts["core id"]))
    return len(cores) or None


def _cores_of_lscpu(environ: Mapping[str, str]) -> int | None:
    from rezup.system.processes import run

    try:
        output = run(["lscpu"], environment=environ, separate_errors=True, timeout=30).output
    except ProcessError:
        return None
    pairs = (line.partition(":") for line in output.splitlines())
    facts = {key.strip(): value.strip() for key, _, value in pairs}
    sockets = facts.get("Socket(s)", facts.get("CPU socket(s)", ""))
    cores = facts.get("Core(s) per socket", "")
    return int(sockets) * int(cores) if sockets.isdigit() and cores.isdigit() else None


def _first_number(command: list[str], environ: Mapping[str, str]) -> int | None:
    from rezup.system.processes import run

    try:
        output = run(command, environment=environ, separate_errors=True, timeout=30).output.strip()
    except ProcessError:
        return None
    return int(output) if output.isdigit() else None


def first_program(names: tuple[str, ...], environ: Mapping[str, str]) -> str | None:
    """The path of the first of these programs that is on PATH."""
    path = environ.get("PATH", os.defpath)
    return next((found for name in names if (found := shutil.which(name, path=path))), None)


def temporary_folder(environ: Mapping[str, str]) -> str:
    """Where temporary files belong, by the variables that Python's own `tempfile` looks at."""
    for name in ("TMPDIR", "TEMP", "TMP"):
        folder = environ.get(name)
        if folder and os.path.isdir(folder) and os.access(folder, os.W_OK | os.X_OK):
            return os.path.abspath(folder)
    if os.name == "posix":
        for folder in ("/tmp", "/var/tmp", "/usr/tmp"):  # noqa: S108 - names a place, makes no file
            if os.path.isdir(folder) and os.access(folder, os.W_OK | os.X_OK):
                return folder
        return os.getcwd()
    return tempfile.gettempdir()


def home_folder(environ: Mapping[str, str]) -> str:
    """The user's home, as `~` is understood by Python."""
    if os.name == "nt":
        if "USERPROFILE" in environ:
            return environ["USERPROFILE"]
        if "HOMEPATH" in environ:
            return environ.get("HOMEDRIVE", "") + environ["HOMEPATH"]
        return os.path.expanduser("~")
    if "HOME" in environ:
        return environ["HOME"].rstrip("/") or "/"
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_dir.rstrip("/") or "/"
    except KeyError:  # a user without an entry, as in many containers
        return "~"


def login_name(environ: Mapping[str, str]) -> str:
    """Who this is: the usual variables first, then the user database."""
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        if environ.get(name):
            return environ[name]
    from rezup.system.machine import user_name

    return user_name()
