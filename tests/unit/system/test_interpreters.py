"""Finding interpreters and asking what they are."""

from __future__ import annotations

import os
import sys
import venv
from pathlib import Path

import pytest

from rezup.errors import InterpreterNotFoundError
from rezup.installers.programs import find_uv
from rezup.system.discovery import find, specifier
from rezup.system.interpreters import Interpreter, inspect, is_python_variable, running, unsuited

pytestmark = pytest.mark.skipif(os.name == "nt", reason="programs of POSIX")

VERSION = ".".join(map(str, sys.version_info[:3]))
MINOR = ".".join(map(str, sys.version_info[:2]))
# A version that no machine has, told by a stand-in.
STAND_IN = """\
#!/bin/sh
if [ -n "$PYTHONHOME$PYTHONPATH$VIRTUAL_ENV" ]; then exit 1; fi
exec {real} -I - "$0" <<'EOF'
import json, sys
print(json.dumps(dict(executable={told}, base_executable=None, prefix={prefix!r}, base_prefix={prefix!r},
    version={version!r}, level="final", implementation="cpython", cache_tag="cpython-99", suffix=".x.so",
    machine="m")))
EOF
"""


def stand_in(path: Path, version: str, *, told: Path | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = STAND_IN.format(
        real=running().base.path, version=version, prefix=str(path.parents[1]),
        told="sys.argv[1]" if told is None else repr(str(told)),
    )  # fmt: skip
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.fixture(params=["uv", "without uv"])
def uv(request: pytest.FixtureRequest, tmp_path: Path) -> Path | None:
    if request.param != "uv":
        return None
    program = find_uv(os.environ, tmp_path)
    if program is None:
        pytest.skip("there is no uv")
    return program.path


@pytest.fixture
def world(tmp_path: Path) -> dict[str, str]:
    home = tmp_path / "home"
    home.mkdir()
    return {"HOME": str(home), "PATH": "/usr/bin:/bin", "UV_CACHE_DIR": str(tmp_path / "uv"),
            "UV_PYTHON_INSTALL_DIR": str(tmp_path / "pythons")}  # fmt: skip


def test_inspecting_agrees_with_this_python(world: dict[str, str]) -> None:
    base = running().base
    assert inspect(base.path, world) == base
    assert (base.version, base.cache_tag) == (VERSION, sys.implementation.cache_tag)
    assert base.release == sys.version_info[:2]
    assert not base.path.is_symlink()
    assert base.path.is_file()


def test_environment_is_followed_to_its_base(tmp_path: Path, world: dict[str, str]) -> None:
    venv.create(tmp_path / "outer", symlinks=True)
    assert inspect(tmp_path / "outer/bin/python", world) == running().base


def test_shim_is_followed_to_the_program(tmp_path: Path, world: dict[str, str]) -> None:
    real = stand_in(tmp_path / "real/bin/python9.9", "9.9.1")
    shim = tmp_path / "shims" / "python"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\nexec "{real}" "$@"\n')
    shim.chmod(0o755)
    assert inspect(shim, world).path == real.resolve()


def test_hostile_environment_does_not_reach_it(tmp_path: Path, world: dict[str, str]) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('hostile')\n")
    hostile = {"PYTHONPATH": str(tmp_path), "PYTHONHOME": str(tmp_path), "VIRTUAL_ENV": str(tmp_path)}
    assert inspect(running().base.path, {**world, **hostile}) == running().base


@pytest.mark.parametrize(
    "text", ["#!/bin/sh\nexit 3\n", "#!/bin/sh\necho hello\n", "#!/bin/sh\necho '{}'\n", "#!/nowhere\n"]
)
def test_what_is_no_python(tmp_path: Path, world: dict[str, str], text: str) -> None:
    path = tmp_path / "python"
    path.write_text(text)
    path.chmod(0o755)
    with pytest.raises(InterpreterNotFoundError) as caught:
        inspect(path, world)
    assert str(path) in caught.value.message
    assert caught.value.hint


def test_without_a_request_it_is_the_running_one(world: dict[str, str]) -> None:
    assert find(None, environment=world) == running().base


@pytest.mark.parametrize("request_", [MINOR, VERSION, ">=3.10", f"=={MINOR}.*"])
def test_running_one_is_taken_if_it_fits(world: dict[str, str], uv: Path | None, request_: str) -> None:
    assert find(request_, environment={**world, "PATH": ""}, uv=uv) == running().base


def test_path_is_taken_as_it_is(tmp_path: Path, world: dict[str, str]) -> None:
    conda = stand_in(tmp_path / "conda/bin/python", "3.12.7")
    (tmp_path / "conda/conda-meta").mkdir()
    assert find(str(conda), environment=world).version == "3.12.7"


def test_missing_version_tells_where_it_looked(world: dict[str, str], uv: Path | None) -> None:
    with pytest.raises(InterpreterNotFoundError) as caught:
        find("3.19", environment=world, uv=uv)
    assert "3.19" in caught.value.message
    assert "PATH" in (caught.value.context or "")
    assert caught.value.hint


@pytest.mark.parametrize("text", ["latest", "3.x", ">=three", "3.10;rm"])
def test_unreadable_request(world: dict[str, str], text: str) -> None:
    with pytest.raises(InterpreterNotFoundError):
        find(text, environment=world)


def test_ranges() -> None:
    assert specifier("3.1").contains("3.1.4")
    assert not specifier("3.1").contains("3.10.4")
    assert not specifier("3.10.4").contains("3.10.5")
    assert specifier(">=3.9,<3.12").contains("3.11.7")


def test_old_python_is_found_in_pyenv(tmp_path: Path, world: dict[str, str], uv: Path | None) -> None:
    # Neither uv nor virtualenv looks at one any more.
    told = stand_in(tmp_path / "pyenv/versions/2.7.18/bin/python2.7", "2.7.18")
    stand_in(tmp_path / "pyenv/shims/python2.7", "2.7.1")
    environment = {**world, "PYENV_ROOT": str(tmp_path / "pyenv"), "PATH": f"{tmp_path}/pyenv/shims:/bin"}
    assert find("2.7", environment=environment, uv=uv).path == told.resolve()
    assert find(">=2.6,<3", environment=environment, uv=uv).version == "2.7.18"


def test_conda_and_environments_on_path_are_passed_over(tmp_path: Path, world: dict[str, str]) -> None:
    for name, mark in (("conda", "conda-meta"), ("venv", "pyvenv.cfg")):
        stand_in(tmp_path / name / "bin/python2.7", "2.7.18")
        (tmp_path / name / mark).mkdir() if mark == "conda-meta" else (tmp_path / name / mark).write_text("")
    stand_in(tmp_path / "maya2022/bin/python2.7", "2.7.11")
    entries = [f"{tmp_path}/{name}/bin" for name in ("conda", "venv", "maya2022")]
    with pytest.raises(InterpreterNotFoundError) as caught:
        find("2.7", environment={**world, "PATH": ":".join(entries)})
    assert "maya2022" in (caught.value.context or "")
    plain = stand_in(tmp_path / "plain/bin/python2.7", "2.7.9")
    found = find("2.7", environment={**world, "PATH": ":".join([*entries, str(plain.parent)])})
    assert found.path == plain.resolve()


@pytest.mark.parametrize(
    ("path", "is_unfit"),
    [
        ("/usr/autodesk/maya2024/bin/mayapy", True),
        ("/opt/hfs20.5.332/python/bin/python3.11", True),
        ("/usr/local/Nuke15.0v4/python3", True),
        ("/opt/blender-4.2/4.2/python/bin/python3.11", True),
        ("/Applications/Houdini/Houdini20.5/python3.11", True),
        ("/home/maya/.pyenv/versions/3.11.7/bin/python3.11", False),
        ("/usr/bin/python3.11", False),
        ("/opt/rvm/python3", False),
        ("/opt/flamenco/python3", False),
    ],
)
def test_pythons_of_applications(path: str, is_unfit: bool) -> None:
    found = Interpreter(Path(path), "3.11.7", "cpython", "cpython-311", "abi", "x86_64")
    assert (unsuited(found, {"HOME": "/home/maya"}) is not None) is is_unfit


def test_variables_that_steer_python() -> None:
    steering = ["PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "CONDA_PREFIX", "__PYVENV_LAUNCHER__"]
    assert all(is_python_variable(name) for name in steering)
    assert not any(is_python_variable(name) for name in ["PATH", "HOME", "PYENV_ROOT", "REZ_CONFIG_FILE"])
