"""What a warm start loads and touches, and completion, which is one."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from support.world import World


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(world: World, shell: str) -> None:
    outcome = world.rezup("completions", shell)
    assert outcome.code == 0
    assert "_REZUP_COMPLETE" in outcome.out


def test_completion_knows_containers_and_revisions_of_this_machine(world: World) -> None:
    world.revision("foo", "100.000000")
    world.revision("bar", "100.000000")

    def complete(words: str, cword: int) -> list[str]:
        environment = {"_REZUP_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(cword)}
        return [line.split(",")[1] for line in world.rezup(env=environment).out.splitlines()]

    assert complete("rezup use f", 2) == ["foo"]
    assert complete("rezup use foo@", 2) == ["foo@100.000000"]
    assert "status" in complete("rezup st", 1)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="strace is for Linux")
@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["use", "--help"], []])
def test_version_help_and_completion_touch_neither_the_network_nor_the_remote_root(
    world: World, arguments: list[str], tmp_path: Path
) -> None:
    import shutil

    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    (tmp_path / "studio" / "foo").mkdir(parents=True)
    world.variables["REZUP_ROOT_REMOTE"] = str(tmp_path / "studio")
    environment = dict(world.environ)
    if not arguments:
        environment.update(_REZUP_COMPLETE="bash_complete", COMP_WORDS="rezup use f", COMP_CWORD="2")
    trace = tmp_path / "trace"
    subprocess.run(
        ["strace", "-f", "-o", trace, "-e", "trace=network,file,process", *world.command(*arguments)],
        env=environment, capture_output=True, check=True, cwd=world.home,
    )  # fmt: skip
    text = trace.read_text()
    assert "execve(" in text
    assert str(tmp_path / "studio") not in "\n".join(
        line for line in text.splitlines() if "execve(" not in line
    )
    assert not [line for line in text.splitlines() if " connect(" in line or "AF_INET" in line]


def test_a_warm_start_imports_click_and_the_standard_library_only(world: World) -> None:
    folder = world.revision("foo", "100.000000", environment={"A": "${HOME}"})
    world.write("rezup.toml", '[rez]\nname = "rez"\n')
    os.utime(world.home / "rezup.toml", (1e9, 1e9))
    world.rezup("use", "foo", "--", "true")
    code = (
        "import os, sys\n"
        "def became(*_):\n"
        "    known = set(sys.stdlib_module_names) | {'rezup', 'rezup_cli', 'click'}\n"
        "    print(sorted({m.split('.')[0] for m in set(sys.modules) - before} - known))\n"
        "    print(sorted({'tomllib', 'tomli', 'dataclasses', 'subprocess', 'hashlib'} & set(sys.modules) - before))\n"
        "    os._exit(sys.stdout.flush() or 0)\n"
        "import click\n"
        "before = set(sys.modules)\n"
        "os.execvpe = became\n"
        "from rezup_cli.main import main\n"
        "main(['use', 'foo', '--', 'true'])\n"
    )
    # A measurement of coverage would load modules of its own.
    environment = {name: value for name, value in world.environ.items() if not name.startswith("COVERAGE_")}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        cwd=world.home,
    )
    assert done.stdout == "[]\n[]\n", done.stderr
    assert folder.is_dir()


def test_a_warm_start_makes_a_constant_number_of_operations_on_the_remote_root(
    world: World, tmp_path: Path
) -> None:
    import shutil

    from rezup.recipes.names import ContainerName
    from rezup.stores.remote import RemoteStore
    from rezup.stores.stamps import Stamp

    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    studio = tmp_path / "studio"
    studio.mkdir()
    world.variables["REZUP_ROOT_REMOTE"] = str(studio)
    for number in range(300):
        (studio / "foo" / f"{number}.000000").mkdir(parents=True)
    RemoteStore(studio).publish(
        ContainerName("foo"), {"rezup.toml": b"", "revision.json": b"{}"}, Stamp("900.000000")
    )
    (studio / "foo" / "pin").write_text("900.000000")
    world.revision("foo", "900.000000")
    trace = tmp_path / "trace"
    subprocess.run(
        ["strace", "-f", "-o", trace, "-e", "trace=file", *world.command("use", "foo", "--", "true")],
        env=world.environ, capture_output=True, check=True, cwd=world.home,
    )  # fmt: skip
    touched = [
        line for line in trace.read_text().splitlines() if f'"{studio}' in line and "execve" not in line
    ]
    assert 1 <= len(touched) <= 5, touched
