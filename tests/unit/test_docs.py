"""The documentation names all there is, and what it links to exists."""

from __future__ import annotations

import ast
import re
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest

import rezup.recipes
from rezup import errors
from rezup.runtime.config.settings import SETTINGS
from rezup.settings import OTHER_KEYS, VARIABLES
from rezup.system.compiled import read_toml
from rezup_cli.command_group import cli

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])

SET_BY_REZUP = {"REZUP_CONTAINER", "REZUP_REVISION", "REZUP_USING_REMOTE", "REZUP_EDIT_IN_PRODUCTION"}

#: The section of commands.md that holds the options of all commands.
SHARED = "Options of every command"


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def prose(text: str) -> str:
    """A page without its blocks of code."""
    return re.sub(r"^( *)```.*?^\1```", "", text, flags=re.DOTALL | re.MULTILINE)


def anchors(text: str) -> set[str]:
    """What the headings of a page are called in links, by the rule of GitHub."""
    headings = re.findall(r"^#+ +(.+)$", prose(text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def sections(text: str) -> dict[str, str]:
    """The second-level sections of a page by their titles."""
    parts = re.split(r"^## +(.+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def commands() -> Iterator[tuple[str, click.Command, click.Context]]:
    """Every command of the tree with its full name, groups too."""
    pending: list[tuple[str, click.Command, click.Context | None]] = [("rezup", cli, None)]
    while pending:
        name, command, parent = pending.pop()
        context = click.Context(command, info_name=name, parent=parent)
        yield name, command, context
        if isinstance(command, click.Group):
            for child in command.list_commands(context):
                found = command.get_command(context, child)
                assert found is not None
                pending.append((f"{name} {child}", found, context))


def recipe_keys() -> set[str]:
    """Every key that the readers of recipes know, from what they hand to `warn_unknown`."""
    keys: set[str] = set()
    folder = Path(rezup.recipes.__file__).parent
    for path in sorted(folder.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "warn_unknown":
                (argument,) = node.args
                if isinstance(argument, ast.Name):
                    keys.update(getattr(import_module(f"rezup.recipes.{path.stem}"), argument.id))
                else:
                    keys.update(ast.literal_eval(argument))
    return keys


def dependencies() -> set[str]:
    """Names of all that the three project files ask for."""
    requirements: list[Any] = []
    for folder in (".", "rezup_api", "rezup_cli"):
        document = read_toml(ROOT / folder / "pyproject.toml", None, kind="test", pick=dict)
        assert document is not None
        requirements += document.get("project", {}).get("dependencies", [])
        requirements += document.get("build-system", {}).get("requires", [])
        for group in document.get("dependency-groups", {}).values():
            requirements += group
    names = (re.match(r"[\w.-]+", text) for text in requirements if isinstance(text, str))
    return {match[0] for match in names if match}


def error_codes() -> set[str]:
    return {
        value.code
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, errors.RezupError)
    }


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_resolve(path: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(path.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        linked = (path.parent / name).resolve() if name else path
        assert linked.is_file(), target
        assert linked.is_relative_to(ROOT), target
        if anchor:
            assert anchor in anchors(linked.read_text(encoding="utf-8")), target


def test_every_page_is_in_the_index() -> None:
    linked = {
        (DOCS / target).resolve()
        for target in re.findall(r"\]\(([^)#\s]+)", page("index.md"))
        if ":" not in target
    }
    assert {path for path in PAGES if DOCS in path.parents} - {DOCS / "index.md"} == linked


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_page_names_the_place_it_was_written_at(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"(?<![\w.])/(?:root|home|tmp|work)/", text)


@pytest.mark.parametrize("name", sorted({name for name in VARIABLES.values() if name} | SET_BY_REZUP))
def test_every_variable_is_documented(name: str) -> None:
    assert f"`{name}`" in page("reference/environment.md")
    assert f"`{name}`" in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("key", sorted({*VARIABLES, *OTHER_KEYS}))
def test_every_configuration_key_is_documented(key: str) -> None:
    assert f"`{key}`" in page("reference/environment.md")


@pytest.mark.parametrize("name", sorted(name for name, _, _ in commands()))
def test_every_command_and_option_is_documented(name: str) -> None:
    found = sections(page("reference/commands.md"))
    assert name in found
    text = found[name] + found[SHARED]
    command, context = next((command, context) for known, command, context in commands() if known == name)
    for parameter in command.get_params(context):
        if isinstance(parameter, click.Option):
            for option in (*parameter.opts, *parameter.secondary_opts):
                assert f"`{option}`" in text, f"{name} {option}"


def test_no_section_is_about_a_command_that_is_gone() -> None:
    titles = {title for title in sections(page("reference/commands.md")) if title.startswith("rezup")}
    assert titles == {name for name, _, _ in commands()}


def test_the_readme_names_every_command() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for name, command, _ in commands():
        if not isinstance(command, click.Group):
            first, *rest = name.split()[1:]
            assert f"`rezup {first}" in text
            assert all(word in text for word in rest)


@pytest.mark.parametrize("key", sorted(recipe_keys()))
def test_every_recipe_key_is_documented(key: str) -> None:
    assert re.search(rf"`(?:\[+(?:\w+\.)*)?{re.escape(key)}\b[^`\n]*`", page("reference/recipe.md"))


def test_the_recipe_keys_were_found() -> None:
    assert {
        "rez",
        "url",
        "edit",
        "isolation",
        "backend",
        "options",
        "remote",
        "requires",
        "script",
    } <= recipe_keys()


@pytest.mark.parametrize("name", sorted(dependencies()))
def test_every_dependency_has_its_reason(name: str) -> None:
    assert re.search(rf"^\| .*`{re.escape(name)}`.* \|", page("explanation/dependencies.md"), re.MULTILINE)


@pytest.mark.parametrize("code", sorted(error_codes()))
def test_every_error_code_is_documented(code: str) -> None:
    assert re.search(rf"^\| `{code}` \|", page("reference/exit-codes-and-json.md"), re.MULTILINE)


@pytest.mark.parametrize("file", ["README.md", "CONTRIBUTING.md"])
def test_the_test_command_is_the_one_of_continuous_integration(file: str) -> None:
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    (command,) = [line for line in lines if line.endswith("-m pytest -n auto") and " venv .venv " in line]
    assert command in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("setting", sorted(SETTINGS))
def test_every_setting_of_rez_has_its_place_in_the_parity_tables(setting: str) -> None:
    rows = [line for line in page("reference/parity.md").splitlines() if line.startswith("| `")]
    assert sum(f"`{setting}`" in row for row in rows) == 1


def test_every_command_of_rez_has_its_place_in_the_parity_tables() -> None:
    commands = Path(find_spec("rez").submodule_search_locations[0], "cli")  # type: ignore[union-attr,index]
    names = {path.stem for path in commands.glob("*.py")} - {"__init__"}
    text = page("reference/parity.md")
    missing = {name for name in names if not name.startswith("_") and f"`rez-{name}`" not in text}
    assert missing == set()


def test_every_promise_names_a_test_that_exists() -> None:
    rows = [line for line in page("explanation/reliability.md").splitlines() if line.startswith("| ")]
    named = [re.findall(r"`(tests/[^`]+)`", row) for row in rows if row != "| promise | test |"]
    assert len(named) > 30
    assert all(named), "a promise without a test"
    for test in (each for row in named for each in row):
        path, *names = test.split("::")
        assert names, test
        inside: Any = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        for name in names:
            found = [node for node in inside.body if getattr(node, "name", None) == name]
            assert found, test
            inside = found[0]
