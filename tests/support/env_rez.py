"""`rez-env` and `rezup env` run on the same packages in real shells, and what each of them left and said."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from support import env_documented, env_packages

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

EXAMPLES = Path(__file__).parents[2] / "examples" / "packages"

#: Shells that Rez has; `sh` is dash on the machines that we know.
SHELLS = ("bash", "sh", "zsh", "tcsh")

#: Variables that differ on purpose, or that nobody may compare. Why:
DIFFERENT = {
    "_": "the shell's own, the last program that it ran",
    "SHLVL": "there is no shell around the shell",
    "REZ_USED": "the library that made the environment",
    "REZ_PATH": "the same, where variables of Rez 1 are set",
    "REZ_CONTEXT_FILE": "in a folder of ours",
    "REZ_RXT_FILE": "in a folder of ours, unless the context came from a file",
    "REZ_USED_TIMESTAMP": "the time of the resolve",
    "REZ_SHELL_INIT_TIMESTAMP": "the time of the start",
    "HOST": "tcsh's own", "GROUP": "tcsh's own", "HOSTTYPE": "tcsh's own", "OSTYPE": "tcsh's own",
    "MACHTYPE": "tcsh's own", "VENDOR": "tcsh's own",
    "REZ_STORED_PROMPT_SH": "the prompt of a shell that has none",
    "REZ_STORED_PROMPT_CSH": "the prompt of a shell that has none",
}  # fmt: skip

REQUESTS_OF_EXAMPLES = {
    "example maya": "maya-2024 rigging",
    "example newer": "maya rigging usd",
    "example config": "studio_config .studio.threads-16 .studio.cache-off",
    "example config of maya": "studio_config maya",
    "example late": "shot_tools",
    "example late with maya": "shot_tools maya-2024",
    "example usd": "usd",
    "example conflict": "maya-2024 maya-2025",
}

MARK = "--- environment ---"


class Left(NamedTuple):
    """How a run ended, with the folder of the studio written as ROOT."""

    code: int
    said: str
    """stdout before the environment."""
    errors: str
    environ: dict[str, str]


class Studio:
    """Three repositories, a home, and both tools.

    :param folder: all of it lies there
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.work = folder / "work"
        for path in (self.home, self.work):
            path.mkdir(parents=True)
        shutil.copytree(EXAMPLES, folder / "examples", ignore=shutil.ignore_patterns("__pycache__"))
        env_packages.write(folder / "generated")
        fill(folder / "documented", env_documented.PACKAGES)
        self.programs = folder / "programs"
        self.programs.mkdir()
        dash = shutil.which("dash") or shutil.which("sh")
        assert dash is not None
        (self.programs / "sh").symlink_to(dash)
        self.environ = {
            "HOME": str(self.home), "PATH": f"{self.programs}:/usr/bin:/bin", "LC_ALL": "C.UTF-8", "SHELL": "/bin/sh",
            "USER": "ann", "LOGNAME": "ann", "TERM": "dumb", "TMPDIR": str(folder / "tmp"),
            "GIVEN": "given", "GIVEN_TOO": "too", "INHERITED": "one:two", "REZUP_NO_UPGRADE": "1",
            "REZ_DISABLE_HOME_CONFIG": "1", "REZ_CONFIG_FILE": str(folder / "rezconfig.py"),
        }  # fmt: skip
        (folder / "tmp").mkdir()
        settings: dict[str, Any] = {
            "packages_path": [str(folder / name) for name in ("examples", "documented", "generated")],
            "local_packages_path": str(folder / "local"),
            "release_packages_path": str(folder / "released"),
            "implicit_packages": ["~host==studio"],
            "parent_variables": ["INHERITED", "INHERITED_NONE"],
            "env_var_separators": {"SPACED": " ", "COMMAS": ",", "CMAKE_MODULE_PATH": ";"},
            "optionvars": {"studio": "ours", "deep": {"er": [1, "two"]}},
            "standard_system_paths": [str(self.programs), "/usr/bin", "/bin"],
            "default_shell": "",
            "platform_map": {"arch": {".*": "an_arch"}, "os": {".*": "an_os"}},
            "package_cache_async": False, "read_package_cache": False, "write_package_cache": False,
        }  # fmt: skip
        text = "".join(f"{name} = {value!r}\n" for name, value in settings.items())
        (folder / "rezconfig.py").write_text(text)

    def rez(self, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run `rez-env`."""
        code = "import sys; sys.argv[0] = 'rez-env'; from rez.cli._main import run; run('env')"
        return self._run([sys.executable, "-W", "ignore", "-c", code, *arguments], **options)

    def rezup(self, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run `rezup env`."""
        return self._run([sys.executable, "-m", "rezup_cli", "env", *arguments], **options)

    def left(self, done: subprocess.CompletedProcess[str]) -> Left:
        """What a run left that was told to show its environment last; see `SHOW`."""
        said, _, text = done.stdout.replace(str(self.folder), "ROOT").partition(f"{MARK}\n")
        environ = dict(each.split("=", 1) for each in text.split("\0") if "=" in each)
        kept = {name: value for name, value in environ.items() if name not in DIFFERENT}
        return Left(done.returncode, said, done.stderr.replace(str(self.folder), "ROOT"), kept)

    def _run(
        self, command: Sequence[str], env: Mapping[str, str] | None = None, **options: Any
    ) -> subprocess.CompletedProcess[str]:
        if "input" not in options:
            options.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.run(
            command, env={**self.environ, **(env or {})}, cwd=options.pop("cwd", self.work), timeout=120,
            capture_output=True, text=True, errors="surrogateescape", check=False, **options,
        )  # fmt: skip


#: A line in all shells that shows the environment.
SHOW = f"/bin/echo '{MARK}'; /usr/bin/env -0"


def requests() -> dict[str, str]:
    """All that is compared with Rez in every shell, and recorded."""
    return {**REQUESTS_OF_EXAMPLES, **env_documented.REQUESTS, **env_packages.requests()}


def line_for(request: str) -> str:
    """The line to run: the aliases of what was asked for, and the environment."""
    called = {"maya-2024": "mayabatch x 'y  z'", "maya": "", "nuke": "nukestudio a", "houdini": ""}
    lines = [called.get(each, "") for each in request.split()]
    return "; ".join([*(each for each in lines if each), SHOW])


def fill(root: Path, files: Mapping[str, str]) -> None:
    """Write packages; name and version of a definition come from its path."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = textwrap.dedent(content).strip("\n") + "\n"
        if path.name == "package.py":
            family, *versions = path.parent.relative_to(root).parts
            text = f"name = {family!r}\n" + "".join(f"version = {each!r}\n" for each in versions) + text
        path.write_text(text, encoding="utf-8")


# -- what is recorded


def packed(answers: Mapping[str, Mapping[str, Left]]) -> dict[str, Any]:
    """Answers by request and shell as JSON: that of the first shell, and how the others differ from it."""
    found: dict[str, Any] = {}
    for name, by_shell in answers.items():
        first = by_shell[SHELLS[0]]
        found[name] = {SHELLS[0]: [first.code, first.said, first.environ]}
        for shell in SHELLS[1:]:
            other = by_shell[shell]
            names = first.environ.keys() | other.environ.keys()
            changed = {
                key: other.environ.get(key) for key in sorted(names) if first.environ.get(key) != other.environ.get(key)
            }  # fmt: skip
            found[name][shell] = [other.code, None if other.said == first.said else other.said, changed]
    return found


def unpacked(recorded: Mapping[str, Any], shell: str) -> tuple[int, str, dict[str, str]]:
    """(status, stdout, environment) of one recorded answer."""
    code, said, environ = recorded[SHELLS[0]]
    if shell == SHELLS[0]:
        return code, said, environ
    own, words, changed = recorded[shell]
    joined = {**environ, **changed}
    return own, said if words is None else words, {k: v for k, v in joined.items() if v is not None}


def read(path: Path) -> Any:
    """A recorded file."""
    return json.loads(path.read_text(encoding="utf-8"))


def text_of(record: Any) -> str:
    """A record as the text of its file."""
    return json.dumps(record, separators=(",", ":"), sort_keys=True, ensure_ascii=False) + "\n"


def missing(programs: Iterable[str]) -> list[str]:
    """Those of the programs that this machine doesn't have."""
    return [each for each in programs if shutil.which(each, path=f"/usr/bin{os.pathsep}/bin") is None]
