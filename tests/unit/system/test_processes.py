from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from rezup.errors import ProcessError
from rezup.system.processes import run

if TYPE_CHECKING:
    from pathlib import Path


def python(code: str, **options: object) -> str:
    return run([sys.executable, "-c", code], environment=os.environ, **options).output  # type: ignore[arg-type]


def test_the_output_comes_back_and_goes_to_the_log_and_the_listener(tmp_path: Path) -> None:
    heard: list[str] = []
    output = python("print('one'); print('two')", log=tmp_path / "log", on_line=heard.append)
    assert output == "one\ntwo\n"
    assert heard == ["one", "two"]
    assert (tmp_path / "log").read_text().endswith("one\ntwo\n")


def test_a_failure_keeps_command_status_output_and_log(tmp_path: Path) -> None:
    with pytest.raises(ProcessError) as caught:
        python("import sys; print('why'); print(); sys.exit(3)", log=tmp_path / "log", what="trying")
    error = caught.value
    assert (error.message, error.status, error.context) == ("trying failed", 3, "why")
    assert error.command[0] == sys.executable
    assert error.log == tmp_path / "log"
    assert str(tmp_path / "log") in str(error.hint)


def test_secrets_are_masked_everywhere(tmp_path: Path) -> None:
    heard: list[str] = []
    with pytest.raises(ProcessError) as caught:
        python(
            "import sys; print('pass s3cret'); sys.exit('s3cret')",
            log=tmp_path / "log",
            on_line=heard.append,
            mask=lambda text: text.replace("s3cret", "****"),
        )
    everything = f"{heard} {caught.value} {caught.value.command} {caught.value.output} {(tmp_path / 'log').read_text()}"
    assert "s3cret" not in everything
    assert everything.count("****") >= 4


def test_a_program_that_does_not_exist_is_an_error_without_a_status() -> None:
    with pytest.raises(ProcessError, match="No such file") as caught:
        run(["/nowhere/program"], environment={})
    assert caught.value.status is None


def test_a_program_that_hangs_is_killed() -> None:
    with pytest.raises(ProcessError, match="no answer within"):
        python("import time; time.sleep(60)", timeout=0.2)


@pytest.mark.skipif(os.name == "nt", reason="sessions of POSIX")
def test_what_only_keeps_the_output_open_is_told_from_what_hangs() -> None:
    code = "import subprocess; subprocess.Popen(['sleep', '60']); print('done')"
    with pytest.raises(ProcessError) as caught:
        python(code, timeout=2.0, own_group=True)
    assert "it ended with status 0" in str(caught.value.context)
    assert caught.value.status is None
    assert caught.value.output == "done"


def test_errors_can_be_kept_apart() -> None:
    assert python("import sys; print('data'); sys.stderr.write('talk')", separate_errors=True) == "data\n"


def test_standard_input_is_closed_so_nothing_waits_for_an_answer() -> None:
    assert python("import sys; print(repr(sys.stdin.read()))") == "''\n"
