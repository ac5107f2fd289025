"""What stays on PATH in a context: Rez's programs, and rezup itself."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from rezup.errors import LaunchError
from rezup.launch.context_entry import Wish
from rezup.launch.shims import shim_folder
from rezup.session.contexts import Contexts
from rezup.session.contexts.tools import Tools
from rezup.session.packages import Packages

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX shells")


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """One package, and a container's folder of programs on PATH."""
    programs = tmp_path / "venv" / "bin" / "rez"
    programs.mkdir(parents=True)
    (programs / ".rez_production_install").touch()
    package = tmp_path / "packages" / "tool" / "1"
    package.mkdir(parents=True)
    (package / "package.py").write_text("def commands():\n    env.PATH.prepend('/tool')\n")
    return {
        "HOME": str(tmp_path), "PATH": f"{programs}:{os.environ['PATH']}", "REZ_IMPLICIT_PACKAGES": "",
        "REZ_PACKAGES_PATH": str(tmp_path / "packages"), "TMPDIR": str(tmp_path),
    }  # fmt: skip


def path_inside(environ: dict[str, str], program: str | None) -> list[str]:
    contexts = Contexts(Packages(environ), environ, program=program)
    context, _ = contexts.resolve(["tool"])
    return contexts.environ(context)["PATH"].split(os.pathsep)


def test_in_a_container_both_are_there(environ: dict[str, str], tmp_path: Path) -> None:
    program = str(tmp_path / "installed" / "rezup")
    first, *_, rez, own = path_inside(environ, program)
    assert (first, rez) == ("/tool", str(tmp_path / "venv" / "bin" / "rez"))
    assert os.readlink(os.path.join(own, "rezup")) == program


def test_elsewhere_only_rezup(environ: dict[str, str], tmp_path: Path) -> None:
    environ["PATH"] = os.environ["PATH"]
    tools = Tools(Packages(environ), environ, str(tmp_path / "rezup"))
    assert tools.bin_folder() is None
    assert path_inside(environ, str(tmp_path / "rezup"))[-1] == tools.own_folder()


def test_neither_where_the_configuration_says_so(environ: dict[str, str], tmp_path: Path) -> None:
    environ["REZ_REZ_TOOLS_VISIBILITY"] = "never"
    found = path_inside(environ, str(tmp_path / "rezup"))
    assert not any("shims-v1" in folder or "venv" in folder for folder in found)


def test_a_shim_that_others_could_have_put_there_is_not_used(tmp_path: Path) -> None:
    program = str(tmp_path / "rezup")
    folder = shim_folder(program, str(tmp_path / "shims"))
    assert folder is not None
    os.chmod(folder, 0o777)
    assert shim_folder(program, str(tmp_path / "shims")) is None
    os.chmod(folder, 0o755)
    assert shim_folder(program, str(tmp_path / "shims")) == folder


def test_the_program_of_a_shell_may_be_configured(environ: dict[str, str], tmp_path: Path) -> None:
    own = tmp_path / "my bash"
    own.symlink_to("/bin/bash")
    config = tmp_path / "rezconfig.py"
    config.write_text(f"plugins = {{'shell': {{'bash': {{'executable_fullpath': {str(own)!r}}}}}}}\n")
    environ["REZ_CONFIG_FILE"] = str(config)
    contexts = Contexts(Packages(environ), environ)
    context, _ = contexts.resolve(["tool"])
    ready = contexts.entry(context).prepare(Wish(shell="bash", command="true"))
    assert ready.arguments[0] == str(own)
    own.unlink()
    with pytest.raises(LaunchError, match="my bash can't be started"):
        contexts.entry(context).prepare(Wish(shell="bash", command="true"))
