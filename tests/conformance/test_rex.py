"""Commands of packages run by the real Rez and by us: what a shell is told, and the environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rezup.errors import PackageCommandsError
from rezup.runtime.config import load_config
from rezup.runtime.context.context import Context
from rezup.runtime.context.execution import Surroundings, execute
from rezup.runtime.rex.replay import changes_of
from support import rex_worlds
from support.rex_bodies import BODIES
from support.rex_oracle import Oracle
from support.rex_packages import LOCAL, WORLD

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.rex_worlds import Ways

pytestmark = pytest.mark.conformance

ENVIRON = {
    "PARENT": "PARENT", "KEY": "PARENT", "INHERITED": "one:two", "INHERITED_EMPTY": "", "PATH": "/usr/bin:/bin",
    "DOLLAR": "$KEY", "TILDE": "~/x", "BRACE": "{root}",
}  # fmt: skip
INHERITED = ["INHERITED", "INHERITED_EMPTY", "INHERITED_MISSING", "X_PARENT"]


class Both:
    """Rez and us on the same repository."""

    def __init__(self, oracle: Oracle, bench: rex_worlds.Bench) -> None:
        self._oracle = oracle
        self._bench = bench

    def answers(self, bodies: list[str], ways: Ways, inherited: Any) -> tuple[Any, Any]:
        """Rez's answer, and ours."""
        asked = rex_worlds.question(bodies, ENVIRON, inherited, ways.mode)
        theirs = self._oracle.ask(**asked)
        rex = self._bench.rex(ENVIRON, inherited, ways.dialect)
        failed = False
        try:
            self._bench.run(rex, *bodies)
        except PackageCommandsError:
            failed = True
        told = rex_worlds.told(rex.recorder.actions, ways.mode)
        return theirs, {"told": told, "environ": rex.recorder.environ, "failed": failed}


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    folder = tmp_path_factory.mktemp("rex")
    rex_worlds.write(folder / "packages", rex_worlds.PACKAGES)
    environ = rex_worlds.environment(folder)
    repository = str(folder / "packages")
    with Oracle(repository, environ) as oracle:
        yield Both(oracle, rex_worlds.Bench(repository, environ))


@pytest.mark.parametrize("ways", rex_worlds.WAYS, ids=lambda ways: ways.mode)
@pytest.mark.parametrize("body", BODIES)
def test_a_body(both: Both, body: str, ways: Ways) -> None:
    theirs, ours = both.answers([body], ways, INHERITED)
    assert ours == theirs


@pytest.mark.parametrize("inherited", [True, []], ids=["all", "none"])
@pytest.mark.parametrize("body", [body for body in BODIES if "pend" in body])
def test_joining_to_the_variables_of_the_parent(both: Both, body: str, inherited: Any) -> None:
    theirs, ours = both.answers([body], rex_worlds.WAYS[0], inherited)
    assert ours == theirs


def test_bodies_one_after_another_share_the_environment_and_no_names(both: Both) -> None:
    bodies = ["x = 1; root = 'r'; env.A = '{x}{root}'", "env.B = '{x}'; env.C = '{root}'; env.P.append('$A')",
              "env.D = 'x' in globals(); env.P.append('{env.A}')"]  # fmt: skip
    theirs, ours = both.answers(bodies, rex_worlds.WAYS[0], [])
    assert ours == theirs
    assert ours["environ"]["B"] == "{x}"
    assert ours["environ"]["D"] == "False"


_PIECES = st.sampled_from(
    ["{root}", "{version.major}", "{unknown}", "{this.nope}", "{env.A}", "{env.PARENT}", "{x}", "{", "}", "{{", "}}", "{}",
     "$", "$A", "${A}", "$PARENT", "${PARENT}", "$B1", "$DOLLAR", "${TILDE}", "$BRACE", "{env.BRACE}", "~", "~/", ":", "/",
     "a", "b c", "'", '"', "`", "$(x)", "\\", "\n", "%A%", "!", "é", "☃", "", "{resolve.tool.version}", "{root!r}", "{root:>5}"]
)  # fmt: skip
_TEXTS = st.lists(_PIECES, max_size=4).map("".join)
_NAMES = st.sampled_from(
    ["A", "B", "PATH", "PARENT", "INHERITED", "INHERITED_MISSING", "FLAGS", "X_$KEY", "${A}", "{x}"]
)
_LITERALS = st.lists(st.tuples(st.sampled_from("le"), _TEXTS), min_size=1, max_size=3).map(
    lambda each: "literal('')" + "".join(f".{kind}({text!r})" for kind, text in each)
)
_VALUES = st.one_of(
    _TEXTS.map(repr), _TEXTS.map(repr), _LITERALS, st.sampled_from(["5", "None", "['a', '{root}']", "env.A"])
)
_CALLS = st.one_of(
    st.builds("{}({!r}, {})".format, st.sampled_from(["setenv", "prependenv", "appendenv", "resetenv", "alias"]), _NAMES, _VALUES),
    st.builds("env[{!r}].{}({})".format, _NAMES, st.sampled_from(["set", "append", "prepend", "setdefault"]), _VALUES),
    st.builds("{}({!r})".format, st.sampled_from(["unsetenv"]), _NAMES),
    st.builds("{}({})".format, st.sampled_from(["info", "error", "comment", "source", "x = str"]), _VALUES),
    st.builds("env.GOT = {}({!r})".format, st.sampled_from(["getenv", "defined", "undefined"]), _NAMES),
    st.builds("env.GOT = {}({})".format, st.sampled_from(["expandvars", "format"]), _VALUES),
    st.builds("command({!r})".format, _TEXTS),
)  # fmt: skip
_BODIES = st.lists(_CALLS, min_size=1, max_size=8).map(lambda lines: "\n".join(["x = '<{root}>'", *lines]))


@pytest.mark.parametrize("ways", rex_worlds.WAYS, ids=lambda ways: ways.mode)
@settings(max_examples=700, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bodies=st.lists(_BODIES, min_size=1, max_size=2), inherited=st.sampled_from([True, [], INHERITED]))
def test_made_up_bodies(both: Both, ways: Ways, bodies: list[str], inherited: Any) -> None:
    theirs, ours = both.answers(bodies, ways, inherited)
    assert ours == theirs


class Contexts:
    """Whole contexts of Rez, and the same packages executed by us."""

    def __init__(self, folder: Path, **settings: str) -> None:
        rex_worlds.write(folder / "packages", WORLD)
        rex_worlds.write(folder / "local", LOCAL)
        self.paths = [str(folder / "local"), str(folder / "packages")]
        self.environ = {**rex_worlds.environment(folder), **settings}
        self.config = load_config(self.environ)

    def compared(self, request: list[str], *, building: bool = False, append_sys_path: bool = True) -> Any:
        """The error that both end in, or None."""
        with Oracle(self.paths[1], self.environ) as oracle:
            theirs = oracle.ask(
                request=request, paths=self.paths, environ=ENVIRON, building=building,
                append_sys_path=append_sys_path,
            )  # fmt: skip
        assert "error" not in theirs, theirs
        facts = theirs["facts"]
        context = self.context(facts, building, append_sys_path)
        surroundings = Surroundings(
            system_paths=("/usr/bin", "/bin with space"), rez_bin_path=facts["rez_bin_path"]
        )
        try:
            ours = execute(context, self.config, ENVIRON, surroundings)
        except PackageCommandsError as error:
            assert theirs["environ"] is None
            return error
        assert rex_worlds.told(ours.actions, "written") == theirs["told"], facts.get("words")
        assert ours.environ == theirs["environ"], facts.get("words")
        assert list(ours.environ) == list(theirs["environ"])
        assert changes_of(ours.actions, ENVIRON, "/home/me") == theirs["environ"]
        return None

    def context(self, facts: dict[str, Any], building: bool, append_sys_path: bool) -> Context:
        """The context that Rez found, as ours."""
        return Context(
            "solved", tuple(facts["requests"]), tuple(facts["implicits"]), tuple(facts["paths"]),
            tuple(rex_worlds.variant(path, self.config, *each) for path, *each in facts["packages"]),
            tuple(facts["ephemerals"]), timestamp=facts["timestamp"], building=building,
            rez_version=facts["rez_version"], rez_path=facts["rez_path"], append_sys_path=append_sys_path,
        )  # fmt: skip


@pytest.mark.parametrize(
    "request_", [
        [], ["plain"], ["app", "lang-2"], ["app", "lang-3", ".feature-1.5"], ["app", "lib", "!extra-2", ".other"],
        ["two.words", "one-1", "mine"], ["one", "lang", "app", "mine"],
    ], ids=" ".join,
)  # fmt: skip
def test_contexts(tmp_path: Path, request_: list[str]) -> None:
    assert Contexts(tmp_path).compared(request_) is None


@pytest.mark.parametrize(
    "settings_", [
        {"REZ_ALL_PARENT_VARIABLES": "1"}, {"REZ_PARENT_VARIABLES": "PATH INHERITED"},
        {"REZ_REZ_1_ENVIRONMENT_VARIABLES": "0"}, {"REZ_DISABLE_REZ_1_COMPATIBILITY": "1"},
        {"REZ_REZ_TOOLS_VISIBILITY": "never"}, {"REZ_REZ_TOOLS_VISIBILITY": "prepend"},
    ], ids=lambda each: " ".join(each),
)  # fmt: skip
def test_contexts_under_settings(tmp_path: Path, settings_: dict[str, str]) -> None:
    assert Contexts(tmp_path, **settings_).compared(["app", "mine"]) is None


def test_a_context_for_building_without_system_paths(tmp_path: Path) -> None:
    assert Contexts(tmp_path).compared(["app"], building=True, append_sys_path=False) is None


def test_commands_that_fail_or_stop_do_so_in_both(tmp_path: Path) -> None:
    contexts = Contexts(tmp_path)
    stopped = contexts.compared(["stops"])
    assert stopped.context.startswith("not on linux")
    failed = contexts.compared(["fails"])
    assert failed.line == 6
