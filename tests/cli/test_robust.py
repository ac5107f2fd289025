"""What is broken, odd or hostile around rezup: an answer in words, and no harm."""

from __future__ import annotations

import errno
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rezup.containers import legacy
from rezup.containers import receipt as receipts
from rezup.containers.revision import DAMAGED, NotReadyError, open_ready
from rezup.errors import ContainerError, LaunchError, RecipeError
from rezup.launch import environment as launch_environment
from rezup.launch.scripts import launch_for
from rezup.launch.shims import shim_folder
from rezup.launch.start import run
from rezup.recipes.names import ContainerName
from rezup.reporting import Reporter
from rezup.stores.local import LocalStore
from rezup.stores.stamps import Stamp
from rezup.system import compiled, locks
from rezup.system.machine import platform_tag
from support.world import fake_receipt

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.world import World

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX")
NESTED = "[" * 100_000


def refusing(code: int, *, only_writing: bool = False) -> Callable[..., int]:
    """An `os.open` that refuses."""
    real = os.open

    def refuse(path: Any, flags: int, *arguments: Any, **options: Any) -> int:
        if only_writing and not flags & os.O_RDWR:
            return real(path, flags, *arguments, **options)
        raise OSError(code, os.strerror(code), str(path))

    return refuse


class TestHelperProcess:
    def test_it_answers_where_children_are_reaped_by_the_system(self) -> None:
        code = (
            "from rezup.system import bounded\n"
            "import signal\n"
            "signal.signal(signal.SIGCHLD, signal.SIG_IGN)\n"
            "print(bounded.call(lambda: 5, 10))\n"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout == "5\n"

    def test_it_has_no_stream_of_its_caller(self) -> None:
        code = (
            "from rezup.system import bounded\n"
            "import os\n"
            "look = lambda: [os.readlink(f'/proc/self/fd/{n}') for n in (0, 1, 2)]\n"
            "print(bounded.call(look, 10))\n"
        )
        if not Path("/proc/self/fd").exists():
            pytest.skip("no /proc")
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout == f"{['/dev/null'] * 3}\n"

    def test_it_answers_a_caller_without_streams_and_with_many_files(self) -> None:
        code = (
            "from rezup.system import bounded\n"
            "import os, sys\n"
            "files = [os.open('/dev/null', os.O_RDONLY) for _ in range(1100)] if sys.argv[1:] else []\n"
            "if not files: os.close(0), os.close(1)\n"
            "os.write(2, str(bounded.call(lambda: 5, 10)).encode())\n"
        )
        for arguments in ([], ["many"]):
            done = subprocess.run(
                ["sh", "-c", 'ulimit -n 4096; exec "$@"', "sh", sys.executable, "-c", code, *arguments],
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            assert done.stderr == "5"


def test_a_caller_that_ignores_its_children_does_not_hide_our_exit_status(world: World) -> None:
    world.revision("foo", "100.000000")
    limited = ["sh", "-c", 'ulimit -n 200; exec "$@"', "sh", *world.command("use", "foo", "--", "false")]
    code = "import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); os.execv('/bin/sh', sys.argv[1:])"
    done = subprocess.run([sys.executable, "-c", code, *limited], env=world.environ, check=False)
    assert done.returncode == 1


class TestLocks:
    @pytest.mark.parametrize("code", [errno.EACCES, errno.EPERM, errno.EROFS])
    def test_what_may_not_be_written_is_locked_for_reading_or_not_at_all(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
    ) -> None:
        path = tmp_path / "lease"
        path.touch()
        with monkeypatch.context() as patch:
            patch.setattr(os, "open", refusing(code, only_writing=True))
            with locks.exclusive(path) as free:
                assert free is True
            patch.setattr(os, "open", refusing(code))
            with locks.exclusive(path) as free:
                assert free is None

    def test_what_may_not_be_read_is_not_held(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(os, "open", refusing(errno.EACCES))
            assert locks.hold(tmp_path).descriptor is None

    def test_a_pipe_as_lease_is_not_waited_for(self, world: World) -> None:
        lease = world.revision("foo", "100.000000") / "lease"
        found = [path for path in lease.parent.iterdir() if path.name.lstrip(".").startswith("lease")]
        for path in found:
            path.unlink()
            os.mkfifo(path)
        assert world.rezup("use", "foo", "--", "true", timeout=30).code in (0, 1)
        assert world.rezup("drop", "foo", "--yes", timeout=30).code in (0, 1)


class TestReceipts:
    @pytest.mark.parametrize("created", ["NaN", "Infinity", "-1", "1e300", "1" + "0" * 400, "1e11", '"x"'])
    def test_a_moment_that_no_calendar_has_is_damage(self, created: str) -> None:
        data = fake_receipt("foo").to_bytes().replace(b'"created": 1.0', f'"created": {created}'.encode())
        assert created.encode() in data
        with pytest.raises(receipts.DamagedReceiptError):
            receipts.parse(data)

    def test_nesting_without_end_is_damage(self, world: World) -> None:
        assert receipts.is_of_rezup_2(NESTED.encode()) is False
        with pytest.raises(receipts.DamagedReceiptError):
            receipts.parse(NESTED.encode())
        with pytest.raises(receipts.DamagedReceiptError):
            legacy.read(world.home / "100.5", ContainerName("foo"), NESTED.encode(), "x")
        (world.revision("foo", "100.000000") / "revision.json").write_text(NESTED)
        assert world.rezup("list", "foo", "--json").data["revisions"][0]["state"] == "damaged"
        assert world.rezup("status", "foo").code == 0

    def test_a_path_that_is_no_utf_8_survives(self) -> None:
        source = "/home/\udcff/rezup.toml"
        receipt = fake_receipt("foo", recipe_source=source)
        assert receipts.parse(receipt.to_bytes()).recipe_source == source

    def test_a_receipt_of_something_else_is_foreign(self, world: World) -> None:
        (world.revision("foo", "100.000000") / "revision.json").write_text("{}")
        assert world.rezup("list", "foo", "--json").data["revisions"][0]["state"] == "foreign"

    @pytest.mark.parametrize(("owner", "name"), [(os, "open"), (Path, "stat")])
    def test_a_folder_that_can_not_be_read_is_damaged(
        self, world: World, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str
    ) -> None:
        world.revision("foo", "100.000000")

        def refuse(path: Path, *_: Any) -> Any:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))

        with monkeypatch.context() as patch:
            patch.setattr(owner, name, refuse)
            with pytest.raises(NotReadyError, match="Permission denied") as caught:
                open_ready(
                    LocalStore(world.root), ContainerName("foo"), Stamp("100.000000"), platform=platform_tag()
                )
        assert caught.value.state == DAMAGED
        assert "rezup drop foo@100.000000" in str(caught.value.hint)


def test_a_toml_file_nested_without_end_is_a_value_error(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text("a = " + NESTED)
    with pytest.raises(ValueError, match=r"nested|Cannot|Invalid"):
        compiled.read_toml(tmp_path / "x.toml", None, kind="x", pick=dict)


class TestSettingsAndRoots:
    def test_an_unknown_key_is_shown_by_status(self, world: World) -> None:
        file = world.write(".config/rezup/config.toml", "later = 1\n")
        world.revision("foo", "100.000000")
        assert world.rezup("use", "foo", "--", "true").code == 0
        assert world.rezup("status", "foo", "--json").data["unknown_settings"] == [f"{file}: later"]
        assert f"{file}: later" in world.rezup("status", "foo").out

    @pytest.mark.parametrize("value", ["5", "true", "['/x']", "1979-05-27", "'here'", "'${HERE:-x}/y'", "0"])
    def test_a_root_that_is_no_absolute_path_is_an_error_that_names_it(
        self, world: World, value: str
    ) -> None:
        recipe = world.write("rezup.foo.toml", f'[rez]\nname = "rez"\n[root]\nlocal = {value}\n')
        for _ in range(2):  # read, and kept
            outcome = world.rezup("status", "foo")
            assert outcome.code == 1
            assert re.search(rf"{re.escape(str(recipe))}(:4)?: root.local", outcome.err)
            assert "hint:" in outcome.err
            os.utime(recipe, (1e9, 1e9))

    @pytest.mark.parametrize("value", ["false", "''", "'~/roots'", "'${HOME}/roots'"])
    def test_one_that_is_or_is_none_is_not(self, world: World, value: str) -> None:
        world.write("rezup.foo.toml", f'[rez]\nname = "rez"\n[root]\nlocal = {value}\n')
        assert world.rezup("status", "foo").code == 0


class TestLaunch:
    @pytest.mark.parametrize("name", ["x" * 5000, "a\0b", ""])
    def test_a_script_that_can_not_be_looked_up(self, name: str) -> None:
        with pytest.raises(LaunchError):
            launch_for(name, [], None, {})  # type: ignore[arg-type]

    @pytest.mark.parametrize("arguments", [[""], [], ["true", "a\0b"]])
    def test_a_command_that_can_not_be_started(self, arguments: list[str]) -> None:
        for wait in (True, False):
            with pytest.raises(LaunchError):
                run(arguments, {}, locks.Hold(None), wait=wait)

    def test_an_empty_command_gets_a_hint(self, world: World) -> None:
        world.revision("foo", "100.000000")
        outcome = world.rezup("use", "foo", "--", "")
        assert outcome.code == 1
        assert "hint:" in outcome.err

    def test_a_recipe_with_too_long_a_name_is_wrong_usage(self, world: World) -> None:
        assert world.rezup("use", "foo", "--make", "x" * 5000).code == 2
        outcome = world.rezup("use", "foo", "--make", "bar")
        assert outcome.code == 2
        assert "~/rezup.foo.toml" in outcome.err

    def test_rezups_own_python_is_not_found_inside(self, tmp_path: Path) -> None:
        program, shims = tmp_path / "venv" / "bin" / "rezup", tmp_path / "shims-v1"
        folder = shim_folder(str(program), str(shims))
        assert folder is not None
        assert os.listdir(folder) == ["rezup"]
        link = Path(folder, "rezup")
        assert os.readlink(link) == str(program)
        assert shim_folder(str(program), str(shims)) == folder
        link.unlink()
        link.symlink_to("elsewhere")
        assert shim_folder(str(program), str(shims)) == folder
        assert os.readlink(link) == str(program)
        assert shim_folder(str(program), None) is None
        (tmp_path / "file").touch()
        assert shim_folder(str(program), str(tmp_path / "file")) is None

    def test_a_path_that_has_rezup_is_left_as_it_is_and_nothing_is_written(
        self, world: World, tmp_path: Path
    ) -> None:
        world.revision("foo", "100.000000")
        stamp = Stamp("100.000000")
        revision = open_ready(LocalStore(world.root), ContainerName("foo"), stamp, platform=platform_tag())
        program, shims = tmp_path / "venv" / "bin" / "rezup", tmp_path / "shims-v1"

        def path(before: str) -> list[str]:
            composed = launch_environment.compose(
                revision, {"PATH": before}, is_from_remote=False, reporter=Reporter(),
                program=program, shims=shims,
            )  # fmt: skip
            return composed["PATH"].split(os.pathsep)[1:]

        assert path(f"/bin:{program.parent}") == ["/bin", str(program.parent)]
        assert not shims.exists()
        (first, shim) = path("/bin")
        assert first == "/bin"
        assert Path(shim).parent == shims


class TestDrop:
    def test_one_that_has_to_stay_keeps_no_other(self, world: World) -> None:
        for number in range(1, 6):
            world.revision("foo", f"{number}00.000000")
        (world.root / "foo" / "500.000000" / "revision.json").write_text('{"format": 99}')
        (world.root / "foo" / "300.000000" / "revision.json").write_text("{}")
        outcome = world.rezup("drop", "foo", "--yes", "--json")
        assert outcome.code == 1
        (error,) = json.loads(outcome.out)["errors"]
        assert error["code"] == ContainerError.code
        assert "format 99" in error["context"]
        assert "foreign" in error["context"]
        assert error["context"].endswith("removed: 400.000000, 200.000000, 100.000000")
        assert world.stamps() == ["500.000000", "300.000000"]
        (world.root / "foo" / "300.000000" / "revision.json").write_text('{"format": 99}')
        outcome = world.rezup("drop", "foo", "--yes", "--json")
        assert json.loads(outcome.out)["errors"][0]["code"] == "unsupported-format"


class TestLastResort:
    def calling(self, world: World, error: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        code = (
            "import sys\n"
            "from rezup.session import Session\n"
            "from rezup_cli.main import main\n"
            f"def fail(*_, **__): raise {error}\n"
            "Session.create = fail\n"
            "sys.exit(main(sys.argv[1:]))\n"
        )
        return subprocess.run(
            [sys.executable, "-c", code, *arguments],
            env=world.environ, capture_output=True, text=True, check=False, cwd=world.home,
        )  # fmt: skip

    @pytest.mark.parametrize(
        ("error", "code"),
        [
            ("OSError(5, 'Input/output error', '/x')", "os-error"),
            ("UnicodeDecodeError('utf-8', b'', 0, 1, 'bad')", "internal-error"),
            ("RecursionError('deep')", "internal-error"),
            ("KeyError('x')", "internal-error"),
        ],
    )
    def test_a_stray_error_has_three_lines(self, world: World, error: str, code: str) -> None:
        done = self.calling(world, error, "list")
        assert done.returncode == 1
        assert [line.partition(" ")[0] for line in done.stderr.splitlines()] == ["error:", "", "hint:"]
        assert "--debug" in done.stderr
        done = self.calling(world, error, "list", "--json", "-D")
        assert done.returncode == 1
        assert json.loads(done.stdout)["errors"][0]["code"] == code
        assert "Traceback" in done.stderr

    def test_an_interrupt_is_json_too(self, world: World) -> None:
        done = self.calling(world, "KeyboardInterrupt", "list", "--json")
        document = json.loads(done.stdout)
        assert done.returncode == document["exit_code"] == 130
        assert document["errors"][0]["code"] == "interrupted"

    @pytest.mark.parametrize("arguments", [["list"], ["list", "--json"], ["list", "nope", "--json"]])
    def test_a_full_disk_is_told(self, world: World, arguments: list[str]) -> None:
        if not Path("/dev/full").exists():
            pytest.skip("no /dev/full")
        world.revision("foo", "100.000000")
        with open("/dev/full", "w") as full:
            done = subprocess.run(
                world.command(*arguments),
                env=world.environ, stdout=full, stderr=subprocess.PIPE, text=True, check=False,
            )  # fmt: skip
        assert done.returncode == 1
        assert done.stderr.startswith("error:")
        assert "Exception ignored" not in done.stderr
        assert "Traceback" not in done.stderr

    def test_each_problem_of_a_recipe_is_an_error_of_its_own(self, world: World) -> None:
        bad = world.write("bad.toml", '[rez]\nname = "y"\nedit = 3\n')
        errors = json.loads(world.rezup("recipe", "validate", bad, "--json").out)["errors"]
        assert [error["message"].partition(": ")[0] for error in errors][:2] == [f"{bad}:2", f"{bad}:3"]
        assert {error["code"] for error in errors} == {RecipeError.code}

    def test_names_that_no_encoding_has_are_printed(self, world: World) -> None:
        folder = os.fsencode(world.home) + b"/\xff"
        os.mkdir(folder)
        world.revision("foo", "100.000000")
        outcome = world.rezup(
            "status", "foo", "--root", os.fsdecode(folder), env={"PYTHONIOENCODING": "utf-8"}
        )
        assert outcome.code == 0, outcome.err
        assert outcome.out.isascii()
