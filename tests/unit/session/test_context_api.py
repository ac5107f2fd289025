"""`rezup.Context` and `rezup.resolve_environ`: Rez environments for Python programs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

import rezup
from rezup.errors import (
    ContextError,
    ContextFileError,
    InvalidRequirementError,
    LaunchError,
    PackageCommandsError,
    PackageFamilyNotFoundError,
    ResolveError,
)
from rezup.runtime.context.export import exact
from rezup.session.contexts.contexts import Contexts
from rezup.session.packages import Packages

if TYPE_CHECKING:
    from pathlib import Path

    from support.world import World

PACKAGES = {
    "python/3.9": "tools = ['python']",
    "python/3.11": "tools = ['python', 'pip']\ntimestamp = 5000",
    "maya/2023": "requires = ['python-3.9']",
    "maya/2024": """requires = ['python-3']
tools = ['maya']
def commands():
    env.PATH.prepend('{root}/bin')
    env.WORDS = literal("it's $HOME `x`")
    env.OUTSIDE = '$OUTSIDE_IT'
    alias('greet', 'echo hello')
""",
    "broken/1": "def commands():\n    undefined_name\n",
}


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """An environment whose Rez has one repository."""
    root = tmp_path / "packages"
    for name, text in PACKAGES.items():
        family, _, version = name.partition("/")
        folder = root / name
        folder.mkdir(parents=True)
        (folder / "package.py").write_text(f"name = {family!r}\nversion = {version!r}\n{text}\n")
    (root / "maya/2024/bin").mkdir()
    program = root / "maya/2024/bin/maya"
    program.write_text('#!/bin/sh\nfor each; do echo "[$each]"; done\nexit 7\n')
    program.chmod(0o755)
    return {
        "HOME": str(tmp_path), "PATH": os.defpath, "REZ_PACKAGES_PATH": str(root), "REZ_IMPLICIT_PACKAGES": "",
        "REZUP_CACHE_DIR": str(tmp_path / "cache"), "TMPDIR": str(tmp_path), "SHELL": "/bin/sh",
        "REZUP_DEFAULT_SHELL": "sh", "OUTSIDE_IT": "outside",
    }  # fmt: skip


def names(context: rezup.Context) -> list[str]:
    return [each.qualified_package_name for each in context.packages]


class TestAContext:
    def test_what_it_is(self, environ: dict[str, str]) -> None:
        context = rezup.Context(["maya", "python-3.11"], environ=environ)
        assert context.is_solved
        assert context.failure is None
        assert context.request == ("maya", "python-3.11")
        assert names(context) == ["python-3.11", "maya-2024"]
        assert context.packages[1].root == f"{environ['REZ_PACKAGES_PATH']}/maya/2024"
        assert context.tools == {"python": ["python", "pip"], "maya": ["maya"]}
        assert repr(context) == "<Context solved: maya python-3.11>"

    def test_a_text_is_split_at_blanks(self, environ: dict[str, str]) -> None:
        assert rezup.Context("maya-2023  python", environ=environ).request == ("maya-2023", "python")

    @pytest.mark.parametrize(
        ("options", "found"),
        [
            ({"time": 4000}, ["python-3.9"]),
            ({"excludes": ["python-3.11"]}, ["python-3.9"]),
            ({"paths": []}, None),
            ({"implicit": False}, ["python-3.11"]),
        ],
    )
    def test_options(self, environ: dict[str, str], options: dict[str, Any], found: list[str] | None) -> None:
        if found is None:
            with pytest.raises(PackageFamilyNotFoundError):
                rezup.Context(["python"], environ=environ, **options)
        else:
            assert names(rezup.Context(["python"], environ=environ, **options)) == found

    def test_a_patch(self, environ: dict[str, str]) -> None:
        base = rezup.Context(["maya", "python-3.11"], environ=environ)
        patched = rezup.Context(["^python", "maya-2023"], environ=environ, patch=base)
        assert names(patched) == ["python-3.9", "maya-2023"]

    def test_one_without_a_solution_is_a_value(self, environ: dict[str, str]) -> None:
        context = rezup.Context(["maya-2023", "python-3.11"], environ=environ)
        assert not context.is_solved
        assert context.failure is not None
        assert "conflict" in context.failure
        assert context.packages == ()
        for ask in (
            context.environ, context.shell_code, lambda: context.run(["true"]), lambda: context.run("true"),
            lambda: context.which("ls"), lambda: context.tools,
        ):  # fmt: skip
            with pytest.raises(ContextError):
                ask()

    def test_what_can_not_be_understood_is_an_error(self, environ: dict[str, str]) -> None:
        with pytest.raises(InvalidRequirementError):
            rezup.Context(["maya-$(x)"], environ=environ)
        with pytest.raises(PackageFamilyNotFoundError):
            rezup.Context(["nowhere"], environ=environ)

    def test_diff(self, environ: dict[str, str]) -> None:
        old = rezup.Context(["maya-2023"], environ=environ)
        new = rezup.Context(["maya-2024"], environ=environ)
        found = old.diff(new)
        assert {name: [str(each.version) for each in way] for name, way in found.newer.items()} == {
            "maya": ["2023", "2024"], "python": ["3.9", "3.11"],
        }  # fmt: skip
        assert not found.older
        assert not old.diff(rezup.Context(["maya-2023"], environ=environ))


class TestItsEnvironment:
    def test_environ(self, environ: dict[str, str]) -> None:
        before = dict(environ)
        found = rezup.Context(["maya"], environ=environ).environ()
        assert found["WORDS"] == "it's $HOME `x`"
        assert found["OUTSIDE"] == "outside"
        assert found["REZ_USED_RESOLVE"] == "python-3.11 maya-2024"
        assert found["PATH"].split(os.pathsep)[0] == f"{environ['REZ_PACKAGES_PATH']}/maya/2024/bin"
        assert "OUTSIDE_IT" not in found
        assert environ == before

    @pytest.mark.parametrize("request_", ["maya", "maya-2023 .quality-2", "python-3.9"])
    def test_it_is_what_rez_gives(self, environ: dict[str, str], request_: str) -> None:
        code = (
            "import json, sys\n"
            "from rez.resolved_context import ResolvedContext\n"
            "print(json.dumps(ResolvedContext(sys.argv[1:], timestamp=9000).get_environ()))\n"
        )
        environ["REZ_DEFAULT_SHELL"] = "bash"
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", code, *request_.split()],
            env=environ, capture_output=True, text=True, check=True,
        )  # fmt: skip
        theirs = json.loads(done.stdout)
        ours = rezup.resolve_environ(request_, environ=environ, time=9000)
        assert ours.pop("REZ_USED") == os.path.dirname(rezup.__file__)
        del theirs["REZ_USED"]
        assert ours == theirs

    def test_failing_commands_are_an_error(self, environ: dict[str, str]) -> None:
        with pytest.raises(PackageCommandsError, match="broken"):
            rezup.Context(["broken"], environ=environ).environ()

    def test_which(self, environ: dict[str, str]) -> None:
        context = rezup.Context(["maya"], environ=environ)
        assert context.which("maya") == f"{environ['REZ_PACKAGES_PATH']}/maya/2024/bin/maya"
        assert context.which("no-such-program") is None

    def test_shell_code_makes_the_same_environment(self, environ: dict[str, str]) -> None:
        context = rezup.Context(["maya"], environ=environ)
        show = f"{sys.executable} -c 'import json, os; print(json.dumps(dict(os.environ)))'"
        done = subprocess.run(
            ["bash", "--norc", "-O", "expand_aliases", "-c", f"{context.shell_code('bash')}\ngreet\n{show}"],
            env=environ, capture_output=True, text=True, check=True,
        )  # fmt: skip
        greeting, _, shown = done.stdout.partition("\n")
        assert greeting == "hello"
        variables = json.loads(shown)
        expected = context.environ()
        different = {name for name in expected if variables.get(name) != expected[name]}
        assert different <= {"PATH"}  # a shell has the folders of the system beside
        assert variables["PATH"].startswith(expected["PATH"].split(os.pathsep)[0])

    def test_shell_code_of_a_shell_that_is_not_there(self, environ: dict[str, str]) -> None:
        with pytest.raises(LaunchError, match="unknown shell 'xonsh'") as caught:
            rezup.Context(["maya"], environ=environ).shell_code("xonsh")
        assert "rezup use NAME -- rez-env" in (caught.value.hint or "")


@pytest.mark.skipif(os.name == "nt", reason="programs of POSIX")
class TestRunning:
    def test_words_are_meant_to_the_letter(
        self, environ: dict[str, str], capfd: pytest.CaptureFixture[str]
    ) -> None:
        words = ["a b", "$HOME", "", "`x`", "'", '"', "*", "é", "--", "~"]
        assert rezup.Context(["maya"], environ=environ).run(["maya", *words]) == 7
        assert capfd.readouterr().out == "".join(f"[{word}]\n" for word in words)

    def test_a_line_is_of_the_shell(self, environ: dict[str, str], capfd: pytest.CaptureFixture[str]) -> None:
        assert rezup.Context(["maya"], environ=environ).run('greet; maya "$OUTSIDE"', shell="bash") == 7
        assert capfd.readouterr().out == "hello\n[outside]\n"

    def test_a_signal(self, environ: dict[str, str]) -> None:
        assert rezup.Context(["maya"], environ=environ).run("kill -9 $$") == 137


class TestFiles:
    def test_there_and_back(self, environ: dict[str, str], tmp_path: Path) -> None:
        context = rezup.Context(["maya"], environ=environ)
        context.save(tmp_path / "a.rxt")
        loaded = rezup.Context.load(tmp_path / "a.rxt", environ=environ)
        assert (loaded.request, names(loaded)) == (context.request, names(context))
        assert loaded.environ()["WORDS"] == context.environ()["WORDS"]
        assert json.loads(context.text())["package_requests"] == ["maya"]
        assert json.loads((tmp_path / "a.rxt").read_text())["status"] == "solved"

    def test_an_exported_one_is_made_again(self, environ: dict[str, str], tmp_path: Path) -> None:
        context = rezup.Context(["maya-2023"], environ=environ)
        (tmp_path / "a.json").write_text(json.dumps(exact(context._data)))
        assert names(rezup.Context.load(tmp_path / "a.json", environ=environ)) == names(context)
        (tmp_path / "packages/maya/2023/package.py").write_text(
            "name = 'maya'\nversion = '2023'\nvariants = [['python']]\n"
        )
        with pytest.raises(ContextError, match="different"):
            rezup.Context.load(tmp_path / "a.json", environ=environ)

    def test_what_is_no_context(self, environ: dict[str, str], tmp_path: Path) -> None:
        (tmp_path / "a.rxt").write_text("{}")
        with pytest.raises(ContextFileError):
            rezup.Context.load(tmp_path / "a.rxt", environ=environ)
        with pytest.raises(ContextFileError):
            rezup.Context.load(tmp_path / "none.rxt", environ=environ)

    def test_the_current_one(self, environ: dict[str, str], tmp_path: Path) -> None:
        assert rezup.Context.current(environ=environ) is None
        rezup.Context(["maya"], environ=environ).save(tmp_path / "a.rxt")
        inside = {**environ, "REZ_RXT_FILE": str(tmp_path / "a.rxt")}
        current = rezup.Context.current(environ=inside)
        assert current is not None
        assert current.request == ("maya",)
        (tmp_path / "a.rxt").unlink()
        with pytest.raises(ContextFileError):
            rezup.Context.current(environ=inside)


def test_resolve_environ(environ: dict[str, str]) -> None:
    found = rezup.resolve_environ(["maya-2023"], environ=environ)
    assert found["REZ_USED_RESOLVE"] == "python-3.9 maya-2023"
    assert rezup.resolve_environ("python", environ=environ, time=4000)["REZ_PYTHON_VERSION"] == "3.9"


def test_resolve_environ_without_a_solution(environ: dict[str, str]) -> None:
    with pytest.raises(ResolveError, match=r"no packages for maya-2023 python-3\.11: .*conflict") as caught:
        rezup.resolve_environ(["maya-2023", "python-3.11"], environ=environ)
    assert caught.value.hint


def test_the_interface_of_rezup_2_in_a_revision_with_the_embedded_runtime(
    world: World, environ: dict[str, str]
) -> None:
    own = {name: environ[name] for name in ("REZ_PACKAGES_PATH", "REZ_IMPLICIT_PACKAGES")}
    world.revision("foo", "100.000000", environment=own, runtime="embedded")
    world.recipe()
    rezup.Context(["maya-2023"], environ=environ).save(world.home / "a.rxt")
    script = world.write(
        "old.py",
        """
from rezup.util import get_revision, resolve_environ

revision = get_revision("foo")
for request in (["maya", "python-3.11"], "python", "a.rxt"):
    found = resolve_environ(revision, request)
    print(found["REZ_USED_RESOLVE"])
""",
    )
    done = subprocess.run(
        [sys.executable, script],
        env=world.environ,
        cwd=world.home,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "python-3.11 maya-2024\npython-3.11\npython-3.9 maya-2023\n"


def test_it_is_this_process_by_default_and_importing_rezup_loads_none_of_it(environ: dict[str, str]) -> None:
    code = (
        "import sys, rezup\n"
        "assert 'rezup.session' not in sys.modules and 'rezup.runtime' not in sys.modules\n"
        "print(rezup.resolve_environ(['maya'])['OUTSIDE'], rezup.Context.current())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "outside None\n"), done.stderr


def test_a_closed_standard_input_is_told(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)  # as Python has it where it was closed
    with pytest.raises(ContextFileError, match="standard input can't be read") as caught:
        rezup.Context.load("-", environ=environ)
    assert caught.value.context == "it is closed"
    with pytest.raises(ContextFileError, match="standard input can't be read"):
        Contexts(Packages(environ), environ).load("-")


def test_a_standard_input_that_can_not_be_read_is_told(environ: dict[str, str]) -> None:
    script = "import rezup\ntry: rezup.Context.load('-')\nexcept rezup.errors.ContextFileError as e: print(e.message)"
    with open(os.devnull, "wb") as only_to_write:
        found = subprocess.run(
            [sys.executable, "-c", script], stdin=only_to_write, env={**os.environ, **environ},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert (found.stdout, found.stderr) == ("standard input can't be read\n", "")
