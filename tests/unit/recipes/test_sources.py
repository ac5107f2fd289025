from __future__ import annotations

import os
from pathlib import Path

import pytest

from rezup.recipes.findings import UnfitError
from rezup.recipes.interpreter import interpreter_flag, python_request
from rezup.recipes.sources import Origin, file_url_path, library, local_path, requirement

FOLDER = Path("/recipes").absolute()
HOME = Path("/home/someone").absolute()
ORIGIN = Origin(FOLDER, HOME)


@pytest.mark.parametrize(
    "text",
    [
        "rez",
        "rez>=2.83",
        "rez >= 2.83, < 4",
        "rez[extra,other]==3.*",
        "rez~=3.0; python_version < '3.12'",
        "rez (>=2)",
        "Qt5.py",
        "git+https://github.com/nerdvegas/rez@3.2.1#egg=rez",
        "git+git://github.com/get-bar/bar",
        "git+ssh://git@host/x.git",
        "https://host/foo-1.0-py3-none-any.whl",
        "https://${TOKEN}@host/foo.whl",
        "file:///mnt/foo.whl",
        "foo @ https://host/foo.whl",
        "foo[x] @ git+https://host/foo ; python_version > '3'",
        "foo==${VERSION}",
        "${SOURCE}/foo",
    ],
)
def test_requirements_and_urls_are_no_paths(text):
    assert requirement(text) == text
    assert local_path(text, ORIGIN) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("./foo", FOLDER / "foo"),
        ("../foo", FOLDER.parent / "foo"),
        (".", FOLDER),
        ("~", HOME),
        ("~/dev/foo", HOME / "dev/foo"),
        ("/x/../y", Path("/y")),
        ("foo-1.0-py3-none-any.whl", FOLDER / "foo-1.0-py3-none-any.whl"),
        ("a b/../foo.tar.gz", FOLDER / "foo.tar.gz"),
    ],
)
def test_paths_become_absolute(text, expected):
    assert requirement(text) == text
    assert local_path(text, ORIGIN) == expected


@pytest.mark.parametrize("text", ["C:\\x", "C:/x", "c://x", "\\\\srv\\x"])
def test_windows_paths_are_paths_everywhere(text):
    assert requirement(text) == text
    assert local_path(text, ORIGIN) is not None


def test_a_name_with_a_separator_is_a_path_if_the_folder_exists(tmp_path):
    (tmp_path / "dev" / "foo").mkdir(parents=True)
    assert requirement("dev/foo", tmp_path) == "dev/foo"
    assert local_path("dev/foo", Origin(tmp_path)) == tmp_path / "dev" / "foo"
    with pytest.raises(UnfitError, match="no requirement, URL or path"):
        requirement("dev/bar", tmp_path)


def test_a_name_without_a_separator_is_never_a_folder(tmp_path):
    (tmp_path / "foo").mkdir()
    assert local_path("foo", Origin(tmp_path)) is None


def test_a_relative_path_needs_a_folder():
    with pytest.raises(UnfitError, match="has no folder"):
        local_path("./foo", Origin(None))


def test_the_home_of_nobody_is_refused():
    with pytest.raises(UnfitError, match="unknown user"):
        local_path("~no-such-user-here/x", ORIGIN)


def test_without_a_given_home_the_system_is_asked():
    assert local_path("~/x", Origin(FOLDER)) == Path(os.path.expanduser("~/x"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "-e .",
        "--target=/x",
        " --target=/x",
        "foo --hash=sha256:0",
        "foo>=1 --target=/x",
        "git+https://host/x -e .",
        "foo bar",
        "foo\nbar",
        "foo\0",
        "foo\x1b[31m",
        "foo\u2028bar",
        "git://host/x",
        "ssh://host/x",
        "https://host/a b",
        "git@github.com:org/repo.git",
        "foo @ ./bar",
        "#comment",
        "naïve",
    ],
)
def test_what_an_installer_could_misread_is_refused(text):
    with pytest.raises(UnfitError):
        requirement(text)


def test_blanks_around_a_requirement_are_dropped():
    assert requirement(" rez>=2 ") == "rez>=2"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("six", "six"),
        ("/x/foo", str(Path("/x/foo"))),
        ("~/foo", str(HOME / "foo")),
        ("${X}/foo", "${X}/foo"),
        ("foo @ file:///x", "foo @ file:///x"),
    ],
)
def test_libraries_may_be_absolute_paths(text, expected):
    assert library(text, ORIGIN) == expected


@pytest.mark.parametrize("text", ["./foo", "foo.whl", "../x"])
def test_libraries_may_not_be_relative_paths(text):
    with pytest.raises(UnfitError, match="relative"):
        library(text, ORIGIN)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("file:///x/y", "/x/y"),
        ("file:/x", "/x"),
        ("FILE://localhost/x", "/x"),
        ("foo @ file:///a%20b#sha256=0", "/a b"),
        ("git+file:///repo", "/repo"),
        ("file:///C:/x", "C:/x"),
        ("file://server/share", None),
        ("https://host/file:///x", None),
        ("foo", None),
    ],
)
def test_the_path_of_a_file_url(text, expected):
    assert file_url_path(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3", "3"),
        ("3.10", "3.10"),
        ("3.10.4", "3.10.4"),
        ("2.7", "2.7"),
        ("3.14.0rc1", "3.14.0rc1"),
        ("python3.9", "3.9"),
        ("CPython3.9", "3.9"),
        (">=3.9,<3.12", ">=3.9,<3.12"),
        (" >= 3.9 , != 3.10.* ", ">=3.9,!=3.10.*"),
        ("~=3.9", "~=3.9"),
        ("==3.10.*", "==3.10.*"),
        ("/usr/bin/python3", "/usr/bin/python3"),
        ("~/py/bin/python", str(HOME / "py/bin/python")),
        ("./py/bin/python", str(FOLDER / "py/bin/python")),
        ("py/bin/python", str(FOLDER / "py/bin/python")),
        ("C:\\Python39\\python.exe", "C:\\Python39\\python.exe"),
        ("${PY}/bin/python", "${PY}/bin/python"),
    ],
)
def test_a_python_is_a_version_a_range_or_a_path(text, expected):
    assert python_request(text, ORIGIN) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "python",
        "310",
        "3.1e1",
        "-3",
        "3.",
        ".3",
        "3.10.4.5",
        "nan",
        "inf",
        "1_0",
        ">=",
        ">=3,",
        "~=3",
        ">3.*",
        "3 .9",
        "3.9\n",
        "latest",
    ],
)
def test_a_python_that_is_nonsense_is_refused(text):
    with pytest.raises(UnfitError):
        python_request(text, ORIGIN)


@pytest.mark.parametrize(
    "flag", ["-E", "-Es", "-OO", "-B", "-P", "-Xutf8", "-Wignore::DeprecationWarning", "-EXdev", "-3"]
)
def test_options_of_the_interpreter(flag):
    assert interpreter_flag(flag) == flag


@pytest.mark.parametrize(
    "flag",
    [
        "",
        "E",
        "-",
        "--",
        "-c",
        "-cimport os",
        "-m",
        "-mfoo",
        "-Em",
        "-x",
        "-i",
        "-h",
        "-V",
        "--help",
        "-S",
        "-X",
        "-W",
        "-W ignore",
        "-E -s",
        "-E\n",
        "-X$(id)",
        "-X`id`",
        "-Xa;b",
        "-X%PATH%",
        " -E",
    ],
)
def test_flags_that_are_none_or_replace_the_script_are_refused(flag):
    with pytest.raises(UnfitError):
        interpreter_flag(flag)
