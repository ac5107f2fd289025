from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pytest

from rezup.errors import Problem, RecipeError
from rezup.recipes import load
from rezup.recipes.parse import parse

SEED = """\
description = "My rez setup"

[rez]
name = "rez"
url = "rez>=2.83"

[[extension]]
name = "foo"
url = "~/dev/foo"
edit = true

[[extension]]
name = "bar"
url = "git+git://github.com/get-bar/bar"
isolation = true
python = 2.7

[env]
REZ_CONFIG_FILE = "/path/to/rezconfig.py"
"""

FOLDER = Path("/recipes").absolute()
FILE = FOLDER / "rezup.toml"
HOME = Path("/home/someone").absolute()


def read(text: str, source: Path | None = FILE):
    return parse(text.encode(), source, home=HOME)


def problems(text: str, source: Path | None = FILE) -> list[tuple[int | None, str, str]]:
    with pytest.raises(RecipeError) as caught:
        read(text, source)
    assert {problem.file for problem in caught.value.problems} == {
        "<recipe>" if source is None else str(source)
    }
    found = [tuple(problem[1:]) for problem in caught.value.problems]
    return [entry for entry in found if not entry[2].startswith("warning: ")]


def only_problem(text: str) -> tuple[int | None, str, str]:
    (found,) = problems(text)
    return found


def warnings(text: str) -> list[tuple[int | None, str, str]]:
    return [tuple(problem[1:]) for problem in read(text).warnings]


class TestWholeRecipes:
    def test_the_seed_of_the_mission_is_read(self):
        recipe = read(SEED)
        assert recipe.description == "My rez setup"
        assert recipe.rez.requirement == "rez>=2.83"
        assert recipe.rez.path is None
        assert recipe.rez.flags == ("-E",)
        foo, bar = recipe.extensions
        assert (foo.name, foo.requirement, foo.path) == ("foo", "~/dev/foo", HOME / "dev/foo")
        assert foo.editable
        assert not foo.isolated
        assert bar.isolated
        assert bar.python == "2.7"
        assert recipe.environment == {"REZ_CONFIG_FILE": "/path/to/rezconfig.py"}
        assert recipe.warnings == ()
        assert recipe.tools == (recipe.rez, foo, bar)

    def test_the_bytes_and_their_digest_are_kept(self):
        data = SEED.replace("\n", "\r\n").encode()
        recipe = parse(data, FILE)
        assert recipe.data == data
        assert recipe.digest == hashlib.sha256(data).hexdigest()
        assert recipe.source == FILE

    def test_an_empty_recipe_is_rez_from_the_index(self):
        recipe = read("")
        assert (recipe.rez.name, recipe.rez.requirement) == ("rez", "rez")
        assert recipe.extensions == ()
        assert recipe.backend == "auto"

    def test_the_default_recipe_of_2x_is_read_without_a_warning(self):
        recipe = read(
            'description = "default container revision recipe"\nschema = "rezup-recipe:2.0"\n'
            '[root]\nlocal = ""\nremote = ""\n[dotenv]\n[dotenv.linux]\n[dotenv.darwin]\n[dotenv.windows]\n'
            '[env]\n[pip]\noptions = ["--disable-pip-version-check"]\n[pip.env]\n'
            '[rez]\nname = "rez"\nurl = "rez>=2.83"\n[[extension]]\n'
        )
        assert recipe.extensions == ()
        assert recipe.pip_options == ("--disable-pip-version-check",)
        assert recipe.warnings == ()

    def test_a_recipe_is_frozen(self):
        with pytest.raises(AttributeError):
            read("").description = "other"

    def test_every_problem_is_told_at_once_in_the_order_of_the_file(self):
        text = '[env]\nA = true\n[rez]\nname = "other"\nflags = ["E"]\n[[extension]]\nurl = "-x"\n[installer]\nbackend = "conda"\n'
        assert [(line, key) for line, key, _ in problems(text)] == [
            (2, "env.A"),
            (4, "rez.name"),
            (5, "rez.flags[1]"),
            (6, "extension[1].name"),
            (7, "extension[1].url"),
            (9, "installer.backend"),
        ]

    def test_the_error_names_the_recipe_and_has_a_hint(self):
        with pytest.raises(RecipeError) as caught:
            read('schema = "rezup-recipe:3.0"')
        assert str(FILE) in caught.value.message
        assert caught.value.hint == "upgrade rezup"
        assert caught.value.code == "invalid-recipe"

    def test_a_recipe_without_a_file_is_named_so(self):
        with pytest.raises(RecipeError) as caught:
            parse(b"rez = 1", None)
        assert caught.value.problems[0].file == "<recipe>"

    def test_an_error_without_a_hint_of_its_own_says_how_to_check(self):
        with pytest.raises(RecipeError) as caught:
            read("description = 1")
        assert "rezup recipe validate" in caught.value.hint


class TestBytes:
    @pytest.mark.parametrize(
        ("data", "line", "words"),
        [
            (b"\xef\xbb\xbf[rez]", 1, "byte order mark"),
            ("[rez]".encode("utf-16"), 1, "UTF-16"),
            (b'# fine\nx = "\xff"', 2, "not UTF-8: byte 0xff"),
            (b"# fine\n\n\0", 3, "NUL"),
            (b"#" * (1024 * 1024 + 1), None, "larger than"),
            (b'[rez]\nname = "rez\n', 2, "not TOML"),
            (b"a = 1\na = 2\n", 2, "not TOML"),
            (b"a = [1,\n", 1, "not TOML"),
            (b"a = " + b"9" * 5000, None, "not TOML"),
        ],
        ids=lambda value: repr(value)[:20],
    )
    def test_what_is_no_text_or_no_toml_is_refused(self, data, line, words):
        with pytest.raises(RecipeError) as caught:
            parse(data, FILE)
        (problem,) = caught.value.problems
        assert problem[:3] == (str(FILE), problem.line, "")
        # 3.10's and 3.14's decoders differ in the place of a duplicate key and of the end
        assert problem.line == line or (b"a = " in data and words == "not TOML")
        assert words in problem.message

    def test_endless_nesting_is_no_crash(self):
        with pytest.raises(RecipeError):
            parse(b"a = " + b"[" * 100_000, FILE)

    def test_windows_line_ends_keep_the_lines(self):
        assert only_problem("# one\r\n\r\n[rez]\r\nedit = 1\r\n")[:2] == (4, "rez.edit")

    def test_a_text_with_an_escaped_nul_is_refused(self):
        assert only_problem('description = "a\\u0000b"')[:2] == (1, "description")


class TestLoad:
    def test_a_file_is_read(self, tmp_path):
        path = tmp_path / "rezup.toml"
        path.write_text('[[extension]]\nname = "foo"\nurl = "./foo"\n', encoding="utf-8")
        recipe = load(path)
        assert recipe.source == path
        assert recipe.extensions[0].path == tmp_path / "foo"

    def test_a_relative_name_becomes_absolute(self, tmp_path, monkeypatch):
        (tmp_path / "r.toml").write_text("")
        monkeypatch.chdir(tmp_path)
        assert load(Path("r.toml")).source == tmp_path / "r.toml"

    @pytest.mark.parametrize("name", ["missing.toml", ".", "a\0b"])
    def test_what_is_no_file_is_one_line(self, tmp_path, name):
        with pytest.raises(RecipeError) as caught:
            load(tmp_path / name)
        assert caught.value.context

    def test_an_endless_file_is_refused(self):
        if not Path("/dev/zero").exists():
            pytest.skip("no /dev/zero here")
        with pytest.raises(RecipeError, match="no regular file"):
            load(Path("/dev/zero"))

    def test_a_file_of_any_size_is_refused_without_being_read(self, tmp_path):
        with open(tmp_path / "large.toml", "wb") as stream:
            stream.truncate(1 << 40)
        with pytest.raises(RecipeError, match="larger than"):
            load(tmp_path / "large.toml")


class TestUnknownKeys:
    def test_they_warn_with_the_near_miss(self):
        assert warnings('\n[rez]\nurll = "rez"\n') == [
            (3, "rez.urll", "is unknown and ignored; did you mean 'url'?")
        ]

    @pytest.mark.parametrize(
        ("text", "key"),
        [
            ("zzz = 1", "zzz"),
            ("[extensions]", "extensions"),
            ("[root]\nremot = ''", "root.remot"),
            ("[pip]\nopts = []", "pip.opts"),
            ("[dotenv.solaris]\na = '/x'", "dotenv.solaris"),
            ("[[extension]]\n[[extension]]\nname = 'a'\nisolated = true", "extension[2].isolated"),
            ("[installer]\nname = 'uv'", "installer.name"),
            ("[shared]\nname = 'x'\nx = 1", "shared.x"),
            ('["odd key"]', "'odd key'"),
        ],
    )
    def test_they_are_never_errors(self, text, key):
        assert key in [found for _, found, _ in warnings(text)]

    def test_control_characters_of_a_key_are_not_shown(self):
        assert warnings('"a\\u001b[31m" = 1')[0][1] == "'a\\x1b[31m'"


class TestSchema:
    @pytest.mark.parametrize(
        "schema", ["rezup-recipe:2.0", "rezup-recipe:2.1", "rezup-recipe:2.99", "rezup-recipe:1"]
    )
    def test_this_major_and_older_ones_are_read(self, schema):
        assert read(f'schema = "{schema}"').schema == schema

    @pytest.mark.parametrize("schema", ["rezup-recipe:3.0", "rezup-recipe:10"])
    def test_a_newer_major_is_refused(self, schema):
        line, key, message = only_problem(f'\nschema = "{schema}"')
        assert (line, key) == (2, "schema")
        assert "newer" in message

    @pytest.mark.parametrize("schema", ["2.0", "rez:2.0", "", "rezup-recipe:2.0.0", "rezup-recipe:x"])
    def test_nonsense_is_refused(self, schema):
        assert only_problem(f'schema = "{schema}"')[:2] == (1, "schema")

    def test_a_number_is_refused(self):
        assert "must be a string, not a float" in only_problem("schema = 2.0")[2]


class TestRoot:
    @pytest.mark.parametrize("value", ['""', "false"])
    def test_empty_and_false_mean_unset(self, value):
        recipe = read(f"[root]\nlocal = {value}\nremote = {value}")
        assert (recipe.local_root, recipe.remote_root) == (None, None)

    @pytest.mark.parametrize("value", ["/studio/rezup", "~/x", "${STUDIO}/x", "C:/x", "\\\\srv\\x"])
    def test_a_root_is_kept_as_written(self, value):
        recipe = read(f"[root]\nlocal = '{value}'\nremote = '{value}'")
        assert (recipe.local_root, recipe.remote_root) == (value, value)

    @pytest.mark.parametrize("value", ["true", "1", "[]", "'relative/root'", '"/a\\nb"'])
    def test_the_rest_is_refused(self, value):
        assert only_problem(f"[root]\nremote = {value}")[:2] == (2, "root.remote")

    def test_a_root_that_is_no_table_is_refused(self):
        assert only_problem("root = '/x'")[:2] == (1, "root")


class TestDotenv:
    def test_files_are_sorted_by_key_and_platform_ones_come_apart(self):
        recipe = read(
            "[dotenv]\n2 = '/two'\n1 = '~/one'\n[dotenv.linux]\nb = '/lb'\na = '${X}/la'\n"
            "[dotenv.windows]\na = 'C:\\w'\n[dotenv.darwin]\n"
        )
        assert recipe.dotenv == ("~/one", "/two")
        assert recipe.platform_dotenv == {"linux": ("${X}/la", "/lb"), "win32": ("C:\\w",)}
        assert recipe.warnings == ()

    def test_an_empty_path_is_none(self):
        assert read("[dotenv]\na = ''").dotenv == ()

    @pytest.mark.parametrize(
        ("text", "key"),
        [
            ("[dotenv]\na = 'x.env'", "dotenv.a"),
            ("[dotenv]\na = 1", "dotenv.a"),
            ("[dotenv.linux]\na = './x.env'", "dotenv.linux.a"),
            ("[dotenv.linux]\na = true", "dotenv.linux.a"),
            ("[dotenv.linux.b]\na = '/x'", "dotenv.linux.b"),
        ],
    )
    def test_what_is_no_absolute_path_is_refused(self, text, key):
        assert only_problem(text)[1] == key

    def test_a_file_named_as_a_platform_is_read_everywhere_with_a_warning(self):
        recipe = read("[dotenv]\nlinux = '/x'")
        assert recipe.dotenv == ("/x",)
        assert recipe.warnings[0].key == "dotenv.linux"


class TestEnv:
    def test_strings_are_kept_in_file_order_and_not_interpolated(self):
        environment = read("[env]\nB = '${A}'\nA = ''\nC = 'x y'").environment
        assert list(environment.items()) == [("B", "${A}"), ("A", ""), ("C", "x y")]

    def test_numbers_are_taken_as_written(self):
        assert read("[env]\nA = 1\nB = 3.10\nC = -2\nD = 1e5").environment == {
            "A": "1",
            "B": "3.10",
            "C": "-2",
            "D": "1e5",
        }

    def test_a_boolean_asks_for_quotes(self):
        with pytest.raises(RecipeError) as caught:
            read("[env]\nA = true")
        assert caught.value.problems == (
            Problem(str(FILE), 2, "env.A", "must be a string, not a boolean; put it in quotes"),
        )
        assert caught.value.hint == 'put it in quotes: A = "true"'

    @pytest.mark.parametrize("value", ["[]", "{}", "2020-01-01", "99999999999999999999", '"a\\u0000"'])
    def test_other_values_are_refused(self, value):
        assert only_problem(f"[env]\nA = {value}")[:2] == (2, "env.A")

    @pytest.mark.parametrize("name", ['"A=B"', '""', '"A\\u0000"', '"A B"', '"A\\n"'])
    def test_what_names_no_variable_is_refused(self, name):
        assert only_problem(f"[env]\n{name} = 'x'")[0] == 2

    @pytest.mark.parametrize(
        "name", ["REZUP_CONTAINER", "REZUP_REVISION", "REZUP_USING_REMOTE", "rezup_revision"]
    )
    def test_variables_of_rezup_itself_are_refused(self, name):
        assert only_problem(f"[env]\n{name} = 'x'")[:2] == (2, f"env.{name}")

    @pytest.mark.parametrize("name", ["LD_PRELOAD", "LD_AUDIT", "DYLD_INSERT_LIBRARIES", "PYTHONSTARTUP"])
    def test_variables_that_load_foreign_code_warn(self, name):
        assert [key for _, key, _ in warnings(f"[env]\n{name} = '/x'")] == [f"env.{name}"]
        assert warnings(f"[env]\n{name} = ''") == []

    @pytest.mark.parametrize("name", ["PYTHONPATH", "LD_LIBRARY_PATH", "PATH", "ProgramFiles(x86)"])
    def test_other_variables_do_not(self, name):
        assert warnings(f"[env]\n'{name}' = '/x'") == []


class TestRez:
    def test_every_key(self):
        tool = read(
            "[rez]\nname = 'rez'\nurl = '../rez'\nedit = true\nflags = ['-E', '-s']\npython = '3.11'\nlib = ['six', 'a>=1']"
        ).rez
        assert tool.path == FOLDER.parent / "rez"
        assert tool.editable
        assert tool.flags == ("-E", "-s")
        assert tool.python == "3.11"
        assert tool.libraries == ("six", "a>=1")
        assert not tool.isolated

    def test_no_flags_is_an_empty_list(self):
        assert read("[rez]\nflags = []").rez.flags == ()

    def test_another_name_is_refused(self):
        assert only_problem("[rez]\nname = 'rezz'")[:2] == (2, "rez.name")

    def test_isolation_is_refused(self):
        assert only_problem("[rez]\nisolation = true")[:2] == (2, "rez.isolation")
        assert warnings("[rez]\nisolation = false")[0][1] == "rez.isolation"

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("name", "1"),
            ("url", "1"),
            ("url", "''"),
            ("url", "[]"),
            ("edit", "'yes'"),
            ("flags", "'-E'"),
            ("lib", "'six'"),
            ("python", "true"),
            ("python", "[3]"),
        ],
    )
    def test_a_value_of_the_wrong_type_is_refused(self, key, value):
        assert only_problem(f"[rez]\n{key} = {value}")[:2] == (2, f"rez.{key}")

    def test_a_rez_that_is_no_table_is_refused(self):
        assert only_problem("\nrez = 'rez>=2'")[:2] == (2, "rez")


class TestExtensions:
    def test_the_url_is_the_name_unless_given(self):
        assert read("[[extension]]\nname = 'foo'").extensions[0].requirement == "foo"

    def test_empty_tables_are_placeholders_yet_count_as_positions(self):
        recipe = read("[[extension]]\n[[extension]]\nname = 'foo'\n[[extension]]\n")
        assert [tool.name for tool in recipe.extensions] == ["foo"]
        assert only_problem("[[extension]]\n[[extension]]\nname = 'foo'\nedit = 1")[1] == "extension[2].edit"

    @pytest.mark.parametrize("text", ["[extension]\nname = 'a'", "extension = 'a'", "extension = ['a']"])
    def test_anything_but_an_array_of_tables_is_refused(self, text):
        with pytest.raises(RecipeError) as caught:
            read(text)
        assert caught.value.problems[0].line == 1
        assert "[[extension]]" in caught.value.hint

    def test_a_name_is_needed(self):
        assert only_problem("\n[[extension]]\nurl = 'foo'") == (2, "extension[1].name", "is missing")

    @pytest.mark.parametrize("name", ["../x", "a/b", "", "con", "-x", "a b", "x" * 70, "naïve", "a\\nb"])
    def test_a_name_that_can_name_no_folder_is_refused(self, name):
        keys = [key for _, key, _ in problems(f'[[extension]]\nname = "{name}"\nurl = "x"')]
        assert keys == ["extension[1].name"]

    @pytest.mark.parametrize("name", ["rez", "Rez", "REZ"])
    def test_rez_is_reserved(self, name):
        line, key, message = only_problem(f"[[extension]]\nname = '{name}'")
        assert (line, key) == (2, "extension[1].name")
        assert "reserved" in message

    @pytest.mark.parametrize("twin", ["foo", "FOO"])
    def test_names_are_unique_whatever_the_case(self, twin):
        line, key, message = only_problem(f"[[extension]]\nname = 'foo'\n[[extension]]\nname = '{twin}'")
        assert (line, key) == (4, "extension[2].name")
        assert "taken" in message

    def test_python_without_isolation_warns_as_2x_ignored_it(self):
        recipe = read("[[extension]]\nname = 'foo'\npython = 3.9")
        assert recipe.extensions[0].python is None
        assert [(p.line, p.key) for p in recipe.warnings] == [(3, "extension[1].python")]

    def test_edit_needs_a_local_path(self):
        assert only_problem("[[extension]]\nname = 'foo'\nedit = true")[1] == "extension[1].url"
        assert only_problem("[[extension]]\nname = 'foo'\nurl = 'file:///x'\nedit = true")[0] == 3

    def test_edit_of_a_placeholder_is_known_at_build_time(self):
        tool = read("[[extension]]\nname = 'foo'\nurl = '${DEV}/foo'\nedit = true").extensions[0]
        assert (tool.editable, tool.path) == (True, None)


class TestShared:
    def test_it_is_read_with_a_deprecation_warning(self):
        recipe = read("[shared]\nname = 'prod'\nrequires = ['six']")
        assert (recipe.shared.name, recipe.shared.requirements) == ("prod", ("six",))
        assert [(p.line, p.key) for p in recipe.warnings] == [(1, "shared")]

    def test_an_empty_one_is_none(self):
        recipe = read("[shared]")
        assert recipe.shared is None
        assert recipe.warnings == ()

    def test_its_requirements_are_checked(self):
        assert only_problem("[shared]\nname = 'a'\nrequires = ['six', '-e .']")[:2] == (
            3,
            "shared.requires[2]",
        )


class TestInit:
    def test_a_script_is_refused_as_a_recipe_is_data(self):
        line, key, message = only_problem("[init]\nscript = 'import os'")
        assert (line, key) == (2, "init.script")
        assert "a recipe is data" in message

    def test_an_empty_one_does_nothing(self):
        assert read("[init]\nscript = ''").warnings == ()


class TestInstaller:
    @pytest.mark.parametrize("backend", ["auto", "uv", "pip"])
    def test_the_three_backends(self, backend):
        assert read(f"[installer]\nbackend = '{backend}'").backend == backend

    @pytest.mark.parametrize("value", ["'conda'", "''", "true"])
    def test_no_others(self, value):
        assert only_problem(f"[installer]\nbackend = {value}")[:2] == (2, "installer.backend")


class TestSecretsInMessages:
    def test_no_problem_shows_a_password(self):
        with pytest.raises(RecipeError) as caught:
            read("[rez]\nurl = 'odd://user:hunter2@host/x y'\nlib = ['https://user:hunter2@host/a b']")
        assert len(caught.value.problems) == 2
        assert "hunter2" not in str(caught.value)


def test_importing_the_names_loads_nothing_more():
    import subprocess

    code = (
        "import sys, rezup.recipes.names; print([n for n in sys.modules if n.startswith('rezup.recipes.')])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "['rezup.recipes.names']"


def test_importing_the_variables_loads_no_heavy_module():
    import subprocess

    code = (
        "import sys; before = set(sys.modules); import rezup.recipes.variables as v; v.compose({'A': '${B}'}, [], {});"
        "print({'dotenv', 'pathlib', 'tomllib', 'tomli', 'dataclasses', 'io'} & (set(sys.modules) - before))"
    )
    result = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys;sys.path[:0] = {sys.path!r};" + code],
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.strip() == "set()"


def test_the_public_names_are_those_that_load():
    import rezup.recipes as package

    assert dir(package) == sorted(package.__all__, key=dir(package).index)
    assert all(getattr(package, name) is not None for name in package.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        package.nothing  # noqa: B018
