"""What uv is told, seen by a program that stands in for it."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from rezup.errors import InstallError, ProcessError
from rezup.installers.base import Package
from rezup.installers.pip_configuration import read_settings
from rezup.installers.programs import UvProgram, Workplace, bundled_pip
from rezup.installers.reaching import reaching, without_index
from rezup.installers.requirements import ask
from rezup.installers.resolution import is_nowhere
from rezup.installers.translation import translate
from rezup.installers.uv import UvInstaller
from rezup.installers.uv_settings import UvSettings, read_uv_settings, uv_environment
from rezup.reporting import Reporter
from rezup.system.interpreters import running

STAND_IN = """\
#!{python} -I
import json, os, sys
with open({log!r}, "a") as stream:
    stream.write(json.dumps([sys.argv[1:], dict(os.environ), os.getcwd(), os.listdir(".")]) + "\\n")
if os.environ.get("FAIL") and "UV_SYSTEM_CERTS" not in os.environ:
    sys.exit("error: invalid peer certificate: UnknownIssuer")
"""

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the stand-in is a script of POSIX")


class StandIn:
    def __init__(self, folder: Path) -> None:
        self.log = folder / "calls.json"
        self.path = folder / "uv"
        self.path.write_text(STAND_IN.format(python=sys.executable, log=str(self.log)))
        self.path.chmod(0o755)
        self.cwd = folder / "cwd"
        self.cwd.mkdir()
        self.output = folder / "log.txt"

    def installer(
        self, *options: str, own: UvSettings | None = None, offline: bool = False, **variables: str
    ) -> UvInstaller:
        environment = {"PIP_CONFIG_FILE": os.devnull, "PATH": "/bin", "HOME": "/nowhere", **variables}
        settings = read_settings(environment, Path("/nonexistent"), options=options)
        work = Workplace(self.cwd, environment, self.output, Reporter(), str, offline=offline)
        program = UvProgram(self.path, "0.13.8")
        return UvInstaller(program, work, settings, translate(settings), own or UvSettings())

    def calls(self) -> list[tuple[list[str], dict[str, str], str, list[str]]]:
        return [tuple(json.loads(line)) for line in self.log.read_text().splitlines()]


@pytest.fixture
def uv(tmp_path: Path) -> StandIn:
    return StandIn(tmp_path)


def test_secrets_are_in_no_argument_log_or_file(uv: StandIn, tmp_path: Path) -> None:
    installer = uv.installer("--index-url", "https://user:canary@host/simple", "--proxy", "user:canary@proxy")
    packages = [Package("rez @ git+https://canary@host/rez.git"), Package("six")]
    installer.install(tmp_path / "venv", running().base, packages)
    ((arguments, environment, _, _),) = uv.calls()
    assert "canary" not in " ".join(arguments)
    assert environment["UV_DEFAULT_INDEX"] == "https://user:canary@host/simple"
    assert environment["REZUP_SECRET_0"] == "canary"
    assert "canary" not in uv.output.read_text()
    assert "canary" not in repr(installer)
    for path in uv.cwd.iterdir():
        assert "canary" not in path.read_text()
    assert (uv.cwd / "requirements.txt").read_text() == "rez @ git+https://${REZUP_SECRET_0}@host/rez.git\n"


def test_runs_in_its_folder_with_a_scrubbed_environment(uv: StandIn, tmp_path: Path) -> None:
    installer = uv.installer(
        PYTHONPATH="/x", PYTHONHOME="/x", VIRTUAL_ENV="/x", CONDA_PREFIX="/x", UV_PYTHON="/x", UV_TARGET="/x",
        UV_PROJECT="/x", UV_CACHE_DIR="/cache", UV_CONSTRAINT="relative.txt", UV_BUILD_CONSTRAINT="/abs.txt",
        UV_INDEX_STUDIO_PASSWORD="secret", PIP_RETRIES="1",
    )  # fmt: skip
    installer.install(tmp_path / "venv", running().base, [Package("six")])
    ((arguments, environment, cwd, listing),) = uv.calls()
    assert set(environment) - {"LC_CTYPE"} == {
        "PATH", "HOME", "UV_NO_CONFIG", "UV_CACHE_DIR", "UV_BUILD_CONSTRAINT", "UV_INDEX_STUDIO_PASSWORD",
        "UV_HTTP_RETRIES", "PYTHONDONTWRITEBYTECODE",
    }  # fmt: skip
    assert os.path.realpath(cwd) == os.path.realpath(uv.cwd)
    assert listing == []
    assert arguments[arguments.index("--link-mode") + 1] == "copy"
    assert arguments[arguments.index("--python") + 1] == str(tmp_path / "venv/bin/python")
    assert arguments[-1] == "six"


def test_own_indexes_of_uv_join_those_of_pip(uv: StandIn, tmp_path: Path) -> None:
    installer = uv.installer(
        "--extra-index-url=https://b.invalid", "--find-links=/links", "-i", "https://main.invalid",
        UV_INDEX="https://a.invalid", UV_FIND_LINKS="/own", UV_DEFAULT_INDEX="https://other.invalid",
        UV_INDEX_URL="https://old.invalid",
    )  # fmt: skip
    installer.install(tmp_path / "venv", running().base, [Package("six")])
    environment = uv.calls()[0][1]
    assert environment["UV_INDEX"] == "https://a.invalid https://b.invalid"
    assert environment["UV_FIND_LINKS"] == "/own,/links"
    assert environment["UV_DEFAULT_INDEX"] == "https://main.invalid"
    assert "UV_INDEX_URL" not in environment


def test_certificates_of_the_system_are_tried(uv: StandIn, tmp_path: Path) -> None:
    uv.installer(FAIL="1").install(tmp_path / "venv", running().base, [Package("six")])
    assert ["UV_SYSTEM_CERTS" in call[1] for call in uv.calls()] == [False, True]
    with pytest.raises(ProcessError):  # a certificate that was asked for is not replaced
        uv.installer("--cert=/ca.pem", FAIL="1").install(tmp_path / "venv", running().base, [Package("six")])


def test_offline(uv: StandIn, tmp_path: Path) -> None:
    uv.installer(offline=True).install(tmp_path / "venv", running().base, [Package("six")])
    assert "--offline" in uv.calls()[0][0]


def test_an_environment_is_made_relocatable_and_without_pip(uv: StandIn, tmp_path: Path) -> None:
    uv.installer(UV_INDEX="https://a.invalid").create(tmp_path / "venv", running().base)
    (made,) = uv.calls()
    assert made[0][0] == "venv"
    assert "--relocatable" in made[0]


def test_bundled_pip_fits_the_python() -> None:
    wheel = bundled_pip((3, 11))
    assert wheel is not None
    assert wheel.name.startswith("pip-")
    assert bundled_pip((2, 7)) is None
    assert bundled_pip((3, 6)) is None


# uv's own configuration files


def test_own_files(uv: StandIn, tmp_path: Path) -> None:
    home, site = tmp_path / "home", tmp_path / "site"
    environment = {"XDG_CONFIG_DIRS": str(site)}
    assert read_uv_settings(environment, home).files == tuple(
        path for path in [Path("/etc/uv/uv.toml")] if path.is_file()
    )
    user = home / ".config/uv/uv.toml"
    user.parent.mkdir(parents=True)
    user.write_text('[pip]\ntarget = "/x"\nno-deps = true\n')
    (site / "uv").mkdir(parents=True)
    (site / "uv/uv.toml").write_text("offline = true\n")
    found = read_uv_settings(environment, home)
    assert found.files == (user, site / "uv/uv.toml")
    assert found.misfits == (f"no-deps in {user}", f"target in {user}")
    uv.installer(own=found).install(tmp_path / "venv", running().base, [Package("six")])
    _, seen, _, listing = uv.calls()[0]
    assert listing == ["uv.toml"]  # empty: it ends uv's search for projects
    assert "UV_NO_CONFIG" not in seen
    assert (uv.cwd / "uv.toml").read_text() == ""


def test_one_own_file_is_handed_in(uv: StandIn, tmp_path: Path) -> None:
    path = tmp_path / "one.toml"
    path.write_text("")
    found = read_uv_settings({"UV_CONFIG_FILE": str(path)}, tmp_path)
    uv.installer(own=found).install(tmp_path / "venv", running().base, [Package("six")])
    seen = uv.calls()[0][1]
    assert (seen["UV_CONFIG_FILE"], seen["UV_NO_CONFIG"]) == (str(path), "1")
    assert read_uv_settings({"UV_CONFIG_FILE": str(path), "UV_NO_CONFIG": "1"}, tmp_path).files == ()


def test_broken_own_file_is_named_but_not_quoted(tmp_path: Path) -> None:
    path = tmp_path / "one.toml"
    path.write_text("canary canary")
    with pytest.raises(InstallError) as caught:
        read_uv_settings({"UV_CONFIG_FILE": str(path)}, tmp_path)
    assert "one.toml" in str(caught.value)
    assert "canary" not in str(caught.value)


def test_environment_keeps_what_is_not_uvs() -> None:
    assert uv_environment({"CC": "gcc", "UV_FUTURE": "1"}) == {"CC": "gcc", "PYTHONDONTWRITEBYTECODE": "1"}


# Requirements


def test_requirements_without_secrets_are_arguments(tmp_path: Path) -> None:
    asked = ask(
        [Package("rez>=2"), Package("/src", editable=True), Package("git+ssh://git@host/x.git")], tmp_path
    )
    assert asked == (("--editable", "/src", "--", "rez>=2", "git+ssh://git@host/x.git"), {})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["-r x", "--index-url=x", "a\nb"])
def test_options_are_no_requirements(tmp_path: Path, text: str) -> None:
    with pytest.raises(InstallError):
        ask([Package(text)], tmp_path)


def test_token_in_a_query_is_hidden(tmp_path: Path) -> None:
    asked = ask([Package("x @ https://host/x.whl?token=canary")], tmp_path)
    assert "canary" not in str(asked.arguments)
    assert asked.environment == {"REZUP_SECRET_0": "host/x.whl?token=canary"}


@pytest.mark.parametrize(
    "variables",
    [{"HOME": "/dev/null/home"}, {"XDG_CACHE_HOME": "/dev/null/x"}, {"UV_CACHE_DIR": "/dev/null/uv"}],
)
def test_a_cache_that_can_not_be_written_is_replaced(
    uv: StandIn, tmp_path: Path, variables: dict[str, str]
) -> None:
    uv.installer(**variables).create(tmp_path / "venv", running().base)
    told = {"UV_CACHE_DIR": str(tmp_path / "kept"), "HOME": "/dev/null/home"}
    uv.installer(**told).create(tmp_path / "venv", running().base)
    uv.installer(HOME="/dev/null/home", UV_NO_CACHE="1").create(tmp_path / "venv", running().base)
    assert [environment.get("UV_CACHE_DIR") for _, environment, _, _ in uv.calls()] == [
        str(uv.cwd / "uv-cache"), told["UV_CACHE_DIR"], None
    ]  # fmt: skip


def test_where_no_index_is_asked_files_of_the_user_name_none(uv: StandIn, tmp_path: Path) -> None:
    own = UvSettings((tmp_path / "uv.toml", tmp_path / "site.toml"))
    for path in own.files:
        path.write_text('find-links = ["https://host/links"]')
    installer = uv.installer(own=own, HTTPS_PROXY="http://proxy", NO_PROXY="host")
    settings = without_index(reaching(installer.settings))
    replace(installer, settings=settings, translation=translate(settings)).install(
        tmp_path / "venv", running().base, [Package("six")]
    )
    ((arguments, environment, _, files),) = uv.calls()
    assert environment["UV_NO_CONFIG"] == "1"
    assert "uv.toml" not in files
    assert "--no-index" in arguments
    assert environment["HTTPS_PROXY"] == environment["https_proxy"] == "http://127.0.0.1:9"
    assert not environment["NO_PROXY"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("because pyside99 was not found in the package registry and you require pyside99", True),
        ("error: no matching distribution found for pyside99", True),
        ("because there is no version of rez==77 and you require rez==77", True),
        ("because only rez<=9.1 is available and you require rez>=77", True),
        ("because only rez<=9.1 is available and rez-thing==1 depends on rez>=77", False),
        ("because you require rez>=9 and rez<8, your requirements are unsatisfiable", False),
        ("no matching distribution found for rez; error: resolutionimpossible", False),
    ],
)
def test_what_no_index_has_is_told_from_a_contradiction(text: str, expected: bool) -> None:
    assert is_nowhere(text) is expected
