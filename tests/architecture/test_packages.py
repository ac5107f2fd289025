"""What is imported is what is installed, and the two distributions fit together."""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

import rezup
import rezup_cli
from rezup import errors


@pytest.mark.parametrize(("distribution", "package"), [("rezup-api", rezup), ("rezup", rezup_cli)])
def test_each_import_package_is_the_installed_one(distribution: str, package: object) -> None:
    file = Path(str(getattr(package, "__file__", None)))
    assert file.name == "__init__.py", "a namespace package found by accident, not the installed one"
    found = metadata.distribution(distribution)
    editable = found.read_text("direct_url.json")
    if editable and '"editable": true' in editable:
        assert file.parent.parent.name == "src"
    else:
        assert file == Path(str(found.locate_file(f"{file.parent.name}/__init__.py")))
    assert (file.parent / "py.typed").is_file()


def test_both_are_of_one_version_and_the_command_line_asks_for_that_library() -> None:
    assert rezup.__version__ == rezup_cli.__version__
    assert metadata.version("rezup-api") == metadata.version("rezup") == rezup.__version__
    wanted = next(r for r in metadata.requires("rezup") or [] if r.startswith("rezup-api"))
    series = ".".join(rezup.__version__.split(".")[:2])
    assert f"~={series}" in wanted
    assert f">={rezup.__version__}" in wanted


def test_the_public_names_are_exactly_what_can_be_imported() -> None:
    for name in rezup.__all__:
        assert getattr(rezup, name) is not None
    assert dir(rezup) == rezup.__all__
    with pytest.raises(AttributeError):
        rezup.nothing_of_that_name  # noqa: B018


def test_importing_the_library_imports_nothing_else() -> None:
    code = "import sys; before = set(sys.modules); import rezup; print(sorted(m for m in set(sys.modules) - before if 'rezup' in m))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['rezup']"


def test_every_error_has_a_code_of_its_own_in_kebab_case() -> None:
    classes = [c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, errors.RezupError)]
    codes = [c.code for c in classes]
    assert len(set(codes)) == len(codes) >= 15
    for code in codes:
        assert code.replace("-", "").isalpha()
        assert code == code.lower()


def test_the_tree_in_the_errors_module_names_every_class() -> None:
    for name, value in vars(errors).items():
        if isinstance(value, type) and issubclass(value, errors.RezupError):
            assert name in (errors.__doc__ or ""), name
