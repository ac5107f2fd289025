"""Reading pip's configuration, held against what a real pip says of the same files."""

from __future__ import annotations

import ast
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rezup.errors import InstallError
from rezup.installers.pip_configuration import configuration_files, read_settings


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.fixture
def machine(tmp_path: Path) -> dict[str, str]:
    """An environment whose home and configuration folders are the test's."""
    (tmp_path / "home").mkdir()
    return {
        "HOME": str(tmp_path / "home"),
        "PATH": os.environ["PATH"],
        "XDG_CONFIG_DIRS": str(tmp_path / "site"),
    }


def values(machine: dict[str, str], prefix: Path | None = None, **more: object) -> dict[str, tuple[str, ...]]:
    home = Path(machine["HOME"])
    settings = read_settings(machine, prefix or home / "no prefix", home=home, **more)  # type: ignore[arg-type]
    known = settings.values.items()
    return {name: value for name, value in known if name not in outside()}


def outside() -> set[str]:
    """Keys of the machine's own /etc/pip.conf, which a test can't take away."""
    if not Path("/etc/pip.conf").is_file():
        return set()
    return set(read_settings({"PIP_CONFIG_FILE": "/etc/pip.conf", "XDG_CONFIG_DIRS": "/nonexistent"},
                             Path("/nonexistent"), home=Path("/nonexistent")).values)  # fmt: skip


pip_conf = pytest.mark.skipif(sys.platform != "linux", reason="file names of Linux")


@pip_conf
def test_later_files_win_and_sections_before_files(machine: dict[str, str], tmp_path: Path) -> None:
    home = Path(machine["HOME"])
    write(
        tmp_path / "site/pip/pip.conf",
        "[global]\nretries = 1\nproxy = one\nclient-cert = site\n[install]\nsrc = a\n",
    )
    write(home / ".pip/pip.conf", "[global]\nretries = 2\nproxy = two\n")
    write(home / ".config/pip/pip.conf", "[global]\nretries = 3\nsrc = b\n[list]\nformat = json\n")
    found = values(machine)
    assert found["retries"] == ("3",)
    assert found["proxy"] == ("two",)
    assert found["client-cert"] == ("site",)
    assert found["src"] == ("a",)
    assert "format" not in found


@pip_conf
def test_environment_beats_files_and_the_prefix_counts(machine: dict[str, str], tmp_path: Path) -> None:
    write(tmp_path / "venv/pip.conf", "[global]\nproxy = venv\nretries = 7\n")
    machine["PIP_RETRIES"] = "9"
    machine["PIP_SRC"] = ""  # no value at all
    found = values(machine, tmp_path / "venv")
    assert (found["proxy"], found["retries"]) == (("venv",), ("9",))
    assert "src" not in found


@pip_conf
def test_config_file_of_the_environment_replaces_the_users(machine: dict[str, str], tmp_path: Path) -> None:
    write(Path(machine["HOME"]) / ".config/pip/pip.conf", "[global]\nproxy = user\n")
    machine["PIP_CONFIG_FILE"] = str(write(tmp_path / "own.conf", "[global]\nretries = 4\n"))
    assert values(machine) == {"retries": ("4",)}
    machine["PIP_CONFIG_FILE"] = os.devnull
    assert configuration_files(machine, tmp_path, tmp_path) == []


@pip_conf
def test_agrees_with_a_real_pip(machine: dict[str, str], tmp_path: Path) -> None:
    if importlib.util.find_spec("pip") is None:
        pytest.skip("this Python has no pip")
    home = Path(machine["HOME"])
    write(tmp_path / "site/pip/pip.conf", "[global]\nindex-url = https://a.invalid\nRetries = 1\n")
    write(home / ".config/pip/pip.conf",
          "[global]\nextra_index_url =\n    https://b.invalid\n    https://c.invalid\n--timeout = 5\n"
          "[install]\nno-binary = x\nfind-links = /a /b\n; a comment\n")  # fmt: skip
    machine |= {"PIP_TIMEOUT": "6", "PIP_TRUSTED_HOST": "a b", "PIP_NO_INDEX": "0"}
    done = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"],
        env=machine,
        capture_output=True,
        text=True,
        check=True,
    )
    theirs: dict[str, tuple[str, ...]] = {}
    for section in ("global", "install", ":env:"):
        for line in done.stdout.splitlines():
            key, _, value = line.partition("=")
            if key.startswith(f"{section}."):
                theirs[key[len(section) + 1 :]] = tuple(ast.literal_eval(value).split())
    assert theirs.pop("no-index") == ("0",)  # off is the same as not set
    theirs = {name: value for name, value in theirs.items() if name not in outside()}
    assert values(machine) == theirs
    assert theirs


def test_recipe_adds_to_collections_and_replaces_the_rest(machine: dict[str, str]) -> None:
    machine |= {"PIP_FIND_LINKS": "/a", "PIP_RETRIES": "1", "PIP_PRE": "1", "PIP_CONFIG_FILE": os.devnull}
    found = values(
        machine,
        options=("-f", "/b", "--retries=2", "--no-deps"),
        variables={"PIP_PRE": "no", "HTTPS_PROXY": "p"},
    )
    assert found == {"find-links": ("/a", "/b"), "retries": ("2",), "no-deps": ("1",)}


def test_environment_for_programs_has_no_variable_of_pip(machine: dict[str, str], tmp_path: Path) -> None:
    machine |= {"PIP_RETRIES": "1", "PIP_CONFIG_FILE": os.devnull}
    settings = read_settings(machine, tmp_path, variables={"HTTPS_PROXY": "p", "PIP_PRE": "1"})
    assert settings.environment["HTTPS_PROXY"] == "p"
    assert not [name for name in settings.environment if name.startswith("PIP_")]


@pytest.mark.parametrize("name", ["USER", "TARGET", "PREFIX", "ROOT", "PYTHON", "DRY_RUN"])
def test_where_to_install_is_not_the_machines_to_say(machine: dict[str, str], name: str) -> None:
    machine |= {f"PIP_{name}": "1", "PIP_CONFIG_FILE": os.devnull}
    assert values(machine) == {}


@pip_conf
def test_isolated_leaves_out_variables_and_the_users_file(machine: dict[str, str], tmp_path: Path) -> None:
    write(Path(machine["HOME"]) / ".config/pip/pip.conf", "[global]\nproxy = user\n")
    write(tmp_path / "site/pip/pip.conf", "[global]\nretries = 1\n")
    machine["PIP_SRC"] = "x"
    assert values(machine, options=("--isolated",)) == {"retries": ("1",)}


def test_broken_file_is_named_but_not_quoted(machine: dict[str, str], tmp_path: Path) -> None:
    machine["PIP_CONFIG_FILE"] = str(write(tmp_path / "own.conf", "[global]\ncanary\n"))
    with pytest.raises(InstallError) as caught:
        values(machine)
    assert "own.conf" in str(caught.value)
    assert "canary" not in str(caught.value) + repr(caught.value) + str(caught.value.hint)


def test_secrets_are_not_in_the_repr(machine: dict[str, str], tmp_path: Path) -> None:
    machine |= {"PIP_INDEX_URL": "https://user:canary@host", "PIP_CONFIG_FILE": os.devnull, "X": "canary"}
    assert "canary" not in repr(read_settings(machine, tmp_path))
