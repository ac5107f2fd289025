"""The import table of the project, held by walking the syntax trees; imports inside functions count."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import rezup
import rezup_cli

API = Path(rezup.__file__).parent
CLI = Path(rezup_cli.__file__).parent

LEAVES = {"errors", "reporting"}

# package (or module) -> what it may import beside the leaves and itself
TABLE: dict[str, set[str]] = {
    "errors": set(),
    "reporting": set(),
    "system": set(),
    "shells": {"system"},
    "recipes": {"system"},
    "lockfiles": {"recipes", "system"},
    "wheelhouse": {"lockfiles", "recipes", "system"},
    "installers": {"recipes", "lockfiles", "system"},
    "cache": {"system"},
    "stores": {"recipes", "system"},
    "containers": {"recipes", "installers", "lockfiles", "wheelhouse", "cache", "stores", "system"},
    "resolver": set(),
    "runtime": {"resolver", "shells", "system"},
    "launch": {"containers", "recipes", "runtime", "shells", "system"},
    "upgrade": {"installers", "system"},
    "settings": {"system"},
    "session": {
        "upgrade",
        "settings",
        "system",
        "recipes",
        "installers",
        "lockfiles",
        "wheelhouse",
        "cache",
        "stores",
        "containers",
        "launch",
        "resolver",
        "runtime",
        "shells",
    },
    "rez_cli": {"session", "runtime", "resolver", "shells", "launch", "system", "settings"},
    "util": {"session", "containers", "recipes", "stores", "system"},
    "util_env": {"util"},
}

THIRD_PARTY = {
    "distlib", "dotenv", "filelock", "packaging", "platformdirs", "shellingham", "tomli", "tomli_w", "tomlkit", "uv", "virtualenv", "pip",
    "yaml",
    "python_discovery",  # comes with virtualenv, which had it inside before
}  # fmt: skip


def imported(path: Path) -> set[str]:
    """Full names of all that a module imports, but for typing only."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            module = node.module or ""
            names.add(module)
            if module in ("rezup", "rezup_cli"):
                names.update(f"{module}.{alias.name}" for alias in node.names)
    return names


def rooms() -> list[tuple[str, Path]]:
    found = []
    for path in sorted(API.rglob("*.py")):
        relative = path.relative_to(API)
        room = relative.parts[0].removesuffix(".py")
        if room != "__init__":
            found.append((room, path))
    return found


@pytest.mark.parametrize(
    ("room", "path"), rooms(), ids=lambda value: value if isinstance(value, str) else value.name
)
def test_a_module_imports_only_what_its_row_allows(room: str, path: Path) -> None:
    allowed = TABLE[room] | LEAVES | {room}
    for name in imported(path):
        if name == "rezup" or name.startswith("rezup."):
            target = name.removeprefix("rezup").lstrip(".").split(".")[0]
            assert target in allowed or target in ("", "__version__"), (
                f"{path.relative_to(API)} imports {name}"
            )
        assert not name.startswith(("click", "rich", "rezup_cli")), f"{path.relative_to(API)} imports {name}"


def test_every_room_has_a_row() -> None:
    assert {room for room, _ in rooms()} <= set(TABLE)


@pytest.mark.parametrize("path", sorted(API.rglob("*.py")), ids=lambda path: str(path.relative_to(API)))
def test_only_declared_libraries_are_imported(path: Path) -> None:
    import sys

    standard = sys.stdlib_module_names | {"tomllib", "imp"}  # of one Python version or another
    for name in imported(path):
        top = name.split(".")[0]
        assert top in standard or top in THIRD_PARTY or top == "rezup", f"{path}: {name}"


@pytest.mark.parametrize("path", sorted(CLI.rglob("*.py")), ids=lambda path: str(path.relative_to(CLI)))
def test_the_command_line_uses_public_names_of_the_library_only(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("rezup."):
            assert not any(part.startswith("_") for part in (node.module or "").split("."))
            assert not any(alias.name.startswith("_") for alias in node.names), f"{path}: {node.module}"


@pytest.mark.parametrize("package", ["system", "rest"])
def test_only_system_touches_the_environment_and_other_programs(package: str) -> None:
    forbidden = {"subprocess"}
    for room, path in rooms():
        if room == "system" or package == "system":
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        uses_environ = any(
            isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv", "putenv")
            and isinstance(node.value, ast.Name) and node.value.id == "os"
            for node in ast.walk(tree)
        )  # fmt: skip
        relative = str(path.relative_to(API))
        assert not uses_environ or relative == "util_env.py", relative
        assert not imported(path) & forbidden or relative == "launch/start.py", relative


@pytest.mark.parametrize("path", [*API.rglob("*.py"), *CLI.rglob("*.py")], ids=lambda path: path.name)
def test_product_code_has_no_assert_and_prints_nothing(path: Path) -> None:
    if path.name == "bytecode_target.py":
        return  # runs in a revision's own Python, and talks to us by printing
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        assert not isinstance(node, ast.Assert), f"{path}:{node.lineno}"
        is_print = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
        assert not is_print, f"{path}:{getattr(node, 'lineno', 0)}"


@pytest.mark.parametrize("path", [*API.rglob("*.py"), *CLI.rglob("*.py")], ids=lambda path: path.name)
def test_modules_and_functions_stay_readable(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 450, f"{path} grew past its job"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            assert (node.end_lineno or 0) - node.lineno < 60, f"{path}:{node.lineno} {node.name}"
