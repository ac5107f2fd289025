from __future__ import annotations

import subprocess
import sys

import pytest

from rezup.errors import LaunchError
from rezup.shells import canonical_name, known_names, shell_named


@pytest.mark.parametrize(
    ("program", "name"),
    [
        ("bash", "bash"),
        ("/opt/local/bin/bash-5.2", "bash"),
        ("bash5", "bash"),
        ("-zsh", "zsh"),
        ("zsh-5.9", "zsh"),
        ("fish_3.7", "fish"),
        ("dash-static", "dash"),
        ("PWSH.EXE", "pwsh"),
        ("pwsh-preview", "pwsh"),
        (r"C:\Windows\System32\cmd.exe", "cmd"),
        (r"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe", "powershell"),
        (" tcsh\n", "tcsh"),
        ("xonsh", None),
        ("rbash", None),
        ("python3", None),
        ("bashful", None),
        ("", None),
        ("-", None),
    ],
)
def test_program_stands_for_a_shell(program: str, name: str | None) -> None:
    assert canonical_name(program) == name


@pytest.mark.parametrize("name", known_names())
def test_every_known_name_leads_to_a_shell_that_goes_by_it(name: str) -> None:
    assert name in shell_named(name).names


def test_unknown_shell_is_refused_with_the_known_names() -> None:
    with pytest.raises(LaunchError) as caught:
        shell_named("/bin/xonsh")
    assert "/bin/xonsh" in caught.value.message
    assert "bash, zsh, fish" in (caught.value.hint or "")


def test_loading_one_shell_loads_no_other_and_no_detection() -> None:
    code = (
        "import sys; from rezup.shells import shell_named; shell_named('zsh');"
        "print(*sorted(n for n in sys.modules if n.startswith(('rezup.', 'shellingham', 'subprocess'))))"
    )
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert output.split() == [
        "rezup.shells",
        "rezup.shells.base",
        "rezup.shells.registry",
        "rezup.shells.zsh",
    ]
