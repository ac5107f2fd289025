"""The real Rez inside a revision: its tools, its plugins and its packages, used as people use them."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.real import Inside, base_python, run_program, unpacked, without_programs
from support.terminal import Terminal
from support.wheels import WITNESS, write_extension, write_wheel

if TYPE_CHECKING:
    from support.world import World

pytest_plugins = ["support.real"]
pytestmark = [pytest.mark.integration, pytest.mark.skipif(os.name == "nt", reason="shells of POSIX")]

IS_PRODUCTION = "from rez.system import system; print(system.is_production_rez_install)"
#: From the Allzpark document: a context as requests that can be resolved again.
SNIPPET = (
    "from rez.status import status; "
    "print(' '.join('%s==%s' % (pkg.name, pkg.version) for pkg in status.context.resolved_packages))"
)


def made(world: World, recipe: str, container: str = "foo") -> Inside:
    """A container of a recipe of one's own."""
    world.write(f"rezup.{container}.toml", recipe)
    outcome = world.rezup("add", container, "--skip-use", timeout=250)
    assert outcome.code == 0, outcome.err
    return Inside(world, container)


def is_in_production(inside: Inside) -> None:
    """Everything by which Rez tells a production install, in its tools and in nested ones."""
    assert inside.ask("rez", "--version").startswith("Rez 3.")
    assert inside.python(IS_PRODUCTION) == "True"
    assert inside.python(IS_PRODUCTION, "rez-env", "--") == "True"


class TestTheTools:
    @pytest.mark.parametrize(
        ("command", "answer"),
        [
            (["rez", "--version"], "Rez 3."),
            (["rez-status"], "No active context"),
            (["rez-config", "package_definition_python_path"], "None"),
            (["rez-env", "--", "rez-context"], "resolved by"),
            (["rez-env", "--", "rez-status"], "Active Context"),
            (["rez-search", "nothing"], ""),
            (["rez-plugins", "--help"], "usage: rez plugins"),
        ],
    )
    def test_they_run_without_a_warning_of_pip(self, inside: Inside, command: list[str], answer: str) -> None:
        outcome = inside.run(*command)
        assert answer in outcome.out + outcome.err
        assert "Pip-based" not in outcome.err
        assert "Traceback" not in outcome.err

    def test_they_are_a_production_install(self, inside: Inside) -> None:
        is_in_production(inside)

    def test_one_context_resolves_another_inside(self, inside: Inside) -> None:
        inside.package("pkg", text="def commands():\n    env.OUTER = 'pkg'")
        inside.package("pkg2", text="def commands():\n    env.INNER = 'pkg2'")
        inner = "rez-env pkg2 -- sh -c 'echo $OUTER $INNER; command -v rez-env'"
        assert inside.ask("rez-env", "pkg", "-c", inner) == (
            f"pkg pkg2\n{inside.folder}/venv/rez/bin/rez/rez-env"
        )
        inner = f'rez-env pkg2 -- rez-python -c "{IS_PRODUCTION}"'
        assert inside.ask("rez-env", "pkg", "-c", inner) == "True"

    def test_a_script_is_run_with_the_python_of_the_revision(self, inside: Inside) -> None:
        script = inside.world.write("job.py", "import rez, sys\nprint(rez.__path__[0], *sys.argv[1:])\n")
        outcome = inside.world.rezup("use", "--do", script, "--", "a b")
        assert outcome.code == 0, outcome.err
        place, _, rest = outcome.out.strip().partition(" ")
        assert Path(place).is_relative_to(inside.folder)
        assert rest == "a b"

    def test_it_works_after_its_root_was_renamed(
        self, real_world: World, built_root: Path, tmp_path: Path
    ) -> None:
        shutil.copytree(built_root, tmp_path / "before", symlinks=True)
        (tmp_path / "before").rename(tmp_path / "after it's moved")
        real_world.variables["REZUP_ROOT_LOCAL"] = str(tmp_path / "after it's moved")
        is_in_production(Inside(real_world))
        place = Inside(real_world).python("import rez; print(rez.__path__[0])")
        assert Path(place).is_relative_to(tmp_path / "after it's moved")


class TestAnEnvironmentThatIsHostile:
    @pytest.fixture
    def evil(self, inside: Inside) -> dict[str, str]:
        """Rez, the standard library and start-up files, all of which end the program that reads them."""
        raising = "raise SystemExit('hostile')\n"
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        for folder in ("evil", f".local/lib/python{version}/site-packages", f"base/lib/python{version}/site-packages"):  # fmt: skip
            for name in ("rez/__init__.py", "json/__init__.py", "sitecustomize.py", "usercustomize.py"):
                inside.world.write(f"{folder}/{name}", raising)
        home = inside.world.home
        return {
            "PYTHONPATH": str(home / "evil"), "PYTHONHOME": str(home / "evil"),
            "PYTHONSTARTUP": str(home / "evil/sitecustomize.py"), "PYTHONUSERBASE": str(home / "base"),
        }  # fmt: skip

    def test_changes_nothing_for_the_tools(self, inside: Inside, evil: dict[str, str]) -> None:
        hostile = ["env", *(f"{name}={value}" for name, value in evil.items())]
        assert inside.ask(*hostile, "rez", "--version") == inside.ask("rez", "--version")
        assert inside.python(IS_PRODUCTION, *hostile) == "True"
        assert inside.python(IS_PRODUCTION, *hostile, "rez-env", "--") == "True"

    def test_changes_nothing_where_a_package_makes_it_so(self, inside: Inside, evil: dict[str, str]) -> None:
        lines = "".join(f"    env.{name} = {value!r}\n" for name, value in evil.items())
        inside.package("evil", text=f"def commands():\n{lines}")
        assert inside.python(SNIPPET, "rez-env", "evil", "--") == "evil==1.0"
        inner = f'rez-env evil -- rez-python -c "{IS_PRODUCTION}"'
        assert inside.ask("rez-env", "evil", "-c", inner) == "True"

    def test_changes_nothing_where_it_is_there_before_rezup(
        self, inside: Inside, evil: dict[str, str]
    ) -> None:
        # What the start of rezup's own Python reads is no business of a revision.
        evil.pop("PYTHONHOME")
        (inside.world.home / "evil/sitecustomize.py").unlink()
        shutil.rmtree(inside.world.home / "evil/json")
        inside.world.variables.update(evil)
        is_in_production(inside)


class TestPackages:
    def test_one_is_built_installed_resolved_and_its_tool_run(self, inside: Inside) -> None:
        build(inside)
        assert inside.ask("rez-env", "hello", "--", "hello", "you") == "hello you"
        assert inside.ask("rez-search", "hello", "--format", "{qualified_name}") == "hello-1.0"

    def test_one_is_copied_into_the_package_cache_and_used_from_there(self, inside: Inside) -> None:
        cache, scratch = inside.world.home / "cache", inside.world.home / "scratch"
        cache.mkdir()
        scratch.mkdir()
        # What lies in the temporary folder is not cached, and the home of a test does.
        inside.world.variables["TMPDIR"] = str(scratch)
        inside.world.write(
            ".rezconfig.py",
            f"cache_packages_path = {str(cache)!r}\ndefault_cachable = True\npackage_cache_local = True\n"
            "package_cache_same_device = True\npackage_cache_async = False\n",
        )
        build(inside)
        assert inside.run("rez-env", "hello", "--", "hello", "you").out == "hello you\n"
        outcome = inside.run("rez-pkg-cache")
        assert "cached" in outcome.out
        assert "production" not in outcome.err
        place = inside.ask("rez-env", "hello", "--", "sh", "-c", "command -v hello")
        assert Path(place).is_relative_to(cache)

    def test_pip_packages_become_packages_of_rez(self, inside: Inside) -> None:
        for name in ("platform", "arch", "os"):
            assert inside.run("rez-bind", name).code == 0
        version = ".".join(map(str, sys.version_info[:3]))
        inside.package(
            "python", version, f"def commands():\n    env.PATH.prepend({str(base_python().parent)!r})"
        )
        installs_six(inside)

    @pytest.mark.slow  # it copies the whole standard library
    def test_the_python_of_the_machine_is_bound_and_pip_packages_join_it(self, inside: Inside) -> None:
        assert inside.run("rez-bind", "python", "--", "--exe", base_python(), timeout=280).code == 0
        assert inside.ask("rez-env", "python", "--", "python", "-c", "print(6 * 7)") == "42"
        installs_six(inside)

    def test_a_context_tells_its_packages_as_the_allzpark_document_has_it(self, inside: Inside) -> None:
        inside.package("pkg_a", "2.33.3")
        inside.package("pkg_a", "2.32.0")
        inside.package("pkg_b", "5.12.3", text="requires = ['pkg_c-1']")
        inside.package("pkg_c", "1.4.beta")
        answer = inside.python(SNIPPET, "rez-env", "pkg_a", "pkg_b", "--")
        assert sorted(answer.split()) == ["pkg_a==2.33.3", "pkg_b==5.12.3", "pkg_c==1.4.beta"]
        assert inside.python(SNIPPET, "rez-env", *answer.split(), "--") == answer


def installs_six(inside: Inside) -> None:
    """Install a package of the index by ``rez-pip``, and use it."""
    outcome = inside.run("rez-pip", "--install", "six")
    assert outcome.code == 0, outcome
    assert "Pip-based" not in outcome.err
    place = inside.ask("rez-env", "python", "six", "--", "python", "-c", "import six; print(six.__file__)")
    assert Path(place).is_relative_to(inside.world.home / "packages/six")
    version = ".".join(map(str, sys.version_info[:3]))
    assert f"python=={version}" in inside.python(SNIPPET, "rez-env", "six", "python", "--").split()


def build(inside: Inside) -> None:
    """Install a package with a tool; its build command is a script of Python."""
    inside.world.write(
        "src/hello/package.py",
        "name = 'hello'\nversion = '1.0'\ntools = ['hello']\n"
        "build_command = 'rez-python {root}/build.py {install}'\n"
        "def commands():\n    env.PATH.append('{root}/bin')\n",
    )
    inside.world.write(
        "src/hello/build.py",
        "import os, shutil, sys\n"
        "if 'install' in sys.argv:\n"
        "    source, target = os.environ['REZ_BUILD_SOURCE_PATH'], os.environ['REZ_BUILD_INSTALL_PATH']\n"
        "    shutil.copytree(source + '/bin', target + '/bin')\n",
    )
    inside.world.write("src/hello/bin/hello", '#!/bin/sh\necho hello "$@"\n', mode=0o755)
    outcome = inside.run("rez-build", "--install", cwd=inside.world.home / "src/hello")
    assert outcome.code == 0, outcome
    assert (inside.world.home / "packages/hello/1.0/bin/hello").is_file()


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_the_completion_of_rez_is_active_in_the_shell(inside: Inside) -> None:
    inside.package("pkg_first")
    inside.world.variables.update(REZUP_DEFAULT_SHELL="bash", TERM="dumb")
    with Terminal(inside.world.command("use"), inside.world.environ, inside.world.home) as terminal:
        terminal.expect("rezup (.main/local)")
        terminal.send("complete -p rez-env\n")
        terminal.expect("complete -F _rez_complete_fn rez-env")
        terminal.send("rez-env pkg_f\t -- printenv REZ_USED_REQUEST\n")
        terminal.expect("\npkg_first")
        terminal.send("COMP_LINE='rez sta' COMP_POINT=7 _rez-complete\n")
        terminal.expect("\nstatus")
        terminal.send("exit\n")
        assert terminal.finish()[0] == 0


@pytest.mark.parametrize("backend", ["uv", pytest.param("pip", marks=pytest.mark.slow)])
def test_rez_in_edit_mode_is_in_production_and_follows_its_source(
    real_world: World, rez_archive: Path, tmp_path: Path, backend: str
) -> None:
    source = unpacked(rez_archive, tmp_path / "source")
    recipe = (
        f"[rez]\nname = 'rez'\nurl = '{source}'\nedit = true\n[installer]\nbackend = '{backend}'\n"
        "[env]\nREZUP_EDIT_IN_PRODUCTION = '1'\n"
    )
    inside = made(real_world, recipe)
    is_in_production(inside)
    status = source / "src/rez/status.py"
    status.write_text(status.read_text() + "\nEDITED = 'seen'\n")
    edited = "from rez.status import EDITED; print(EDITED)"
    assert inside.python(edited) == "seen"
    assert inside.python(edited, "rez-env", "--") == "seen"


def test_the_pip_backend_makes_the_same_production_install(real_world: World) -> None:
    inside = made(real_world, "[rez]\nname = 'rez'\nurl = 'rez>=3.0'\n[installer]\nbackend = 'pip'\n")
    is_in_production(inside)
    receipt = json.loads((inside.folder / "revision.json").read_bytes())
    assert receipt["environments"][0]["backend"] == "pip"


@pytest.mark.slow
def test_all_of_it_works_where_there_is_no_uv(real_world: World, tmp_path: Path) -> None:
    """rezup in an environment of its own, made from this source, in which uv is left out."""
    repository = Path(__file__).parents[2]
    environment = real_world.environ
    environment["PATH"] = without_programs(environment["PATH"], "uv")
    python = tmp_path / "own/bin/python"
    run_program(base_python(), "-m", "venv", tmp_path / "own", env=environment)
    pip = [python, "-m", "pip", "install", "-q"]
    run_program(*pip, repository / "rezup_api", repository / "rezup_cli", env=environment)
    run_program(python, "-m", "pip", "uninstall", "-q", "-y", "uv", env=environment)
    run = [tmp_path / "own/bin/rezup", "use", "--", "rez-python", "-c", IS_PRODUCTION]
    assert run_program(*run, env=environment, cwd=real_world.home).endswith("\nTrue\n")
    status = [tmp_path / "own/bin/rezup", "status", ".main", "--json"]
    assert '"pip"' in run_program(*status, env=environment, cwd=real_world.home)


@pytest.mark.slow
@pytest.mark.parametrize("version", ["2.7", "3.6"])
def test_an_isolated_extension_runs_with_an_old_python_of_its_own(
    real_world: World, tmp_path: Path, version: str
) -> None:
    if not list(Path(real_world.variables.get("PYENV_ROOT", "-")).glob(f"versions/{version}.*")):
        pytest.skip(f"there is no Python {version}")
    write_extension(tmp_path / "wheels", "rez-old")
    inside = made(
        real_world,
        # The newest Rez that fits each of the two Pythons.
        "[rez]\nname = 'rez'\nurl = 'rez>=2.83'\n"
        f"[[extension]]\nname = 'rez-old'\nisolation = true\npython = '{version}'\n"
        f"[pip]\noptions = ['--find-links={tmp_path / 'wheels'}']\n",
    )
    is_in_production(inside)
    witness = json.loads(inside.ask("rez-old", "a b"))
    assert witness["argv"][1:] == ["a b"]
    assert witness["prefix"] == str(inside.folder / "venv/rez-old")
    assert f"python{version}" in witness["file"]
    python = inside.folder / "venv/rez-old/bin/python"
    code = "import sys, rez; print('%d.%d %s' % (sys.version_info[0], sys.version_info[1], rez.__version__))"
    answer = inside.ask(python, "-c", code)
    assert answer.startswith(f"{version} 2." if version == "2.7" else version)


COMMAND = """\
'''Say what this command is.'''
from rez.command import Command

command_behavior = {{"hidden": False}}


def setup_parser(parser, completions=False):
    parser.add_argument("--loud", action="store_true")


def command(opts, parser=None, extra_arg_groups=None):
    print("{label}".upper() if opts.loud else "{label}")


class Plugin(Command):
    schema_dict = {{}}

    @classmethod
    def name(cls):
        return "{name}"


def register_plugin():
    return Plugin
"""


@pytest.mark.parametrize("backend", ["uv", pytest.param("pip", marks=pytest.mark.slow)])
def test_plugins_of_an_extension_are_commands_of_rez_both_ways(
    real_world: World, tmp_path: Path, backend: str
) -> None:
    write_wheel(
        tmp_path / "wheels", "rez-both", "1.0", {
            "rez_both/__init__.py": "",
            "rez_both/entered.py": COMMAND.format(name="entered", label="by entry point"),
            "rez_both/tool.py": WITNESS,
            "rezplugins/command/placed.py": COMMAND.format(name="placed", label="by its place"),
        },
        scripts={"rez-both": "rez_both.tool:main"},
        entry_points="[rez.plugins.command]\nentered = rez_both.entered\n\n", requires=["rez"],
    )  # fmt: skip
    inside = made(
        real_world,
        f"[rez]\nname = 'rez'\nurl = 'rez>=3.3'\n[[extension]]\nname = 'rez-both'\n[installer]\nbackend = '{backend}'\n"
        f"[pip]\noptions = ['--find-links={tmp_path / 'wheels'}']\n",
    )
    code = "from rez.plugin_managers import plugin_manager as m; print(*m.get_plugins('command'))"
    assert {"placed", "entered"} <= set(inside.python(code).split())
    assert inside.ask("rez", "placed") == "by its place"
    assert inside.ask("rez", "entered", "--loud") == "BY ENTRY POINT"
    assert inside.ask("rez-env", "--", "rez", "placed") == "by its place"
    assert json.loads(inside.ask("rez-both"))["ignores_environment"] == 1
