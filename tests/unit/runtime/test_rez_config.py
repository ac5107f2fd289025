"""The configuration of Rez: what conformance can't show, such as origins, TOML and messages."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest

from rezup.errors import RezConfigError
from rezup.runtime.config import Config, Origin, Source, load_config
from rezup.runtime.config.facts import version_text

if TYPE_CHECKING:
    from pathlib import Path


class Home:
    """A home folder with configuration files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)

    def write(self, name: str, text: str) -> str:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    def config(self, **variables: str) -> Config:
        return load_config({"HOME": str(self.folder), "PATH": "/usr/bin:/bin", **variables})


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "a b\"c'é")


def files(*paths: str) -> str:
    return os.pathsep.join(paths)


def test_settings_are_keys_and_attributes(home: Home) -> None:
    config = home.config()
    assert config.packages_path == config["packages_path"] == config.lookup("packages_path")
    assert config.plugins.shell.zsh.prompt == config.lookup("plugins.shell.zsh.prompt") == "%"
    assert "packages_path" in list(config)
    assert config.get("nonsense", 3) == 3
    assert not hasattr(config, "nonsense")
    assert not hasattr(config.plugins, "nonsense")
    for dotted in ("nonsense", "plugins.nonsense", "quiet.more", "plugins.shell.nonsense"):
        with pytest.raises(KeyError):
            config.lookup(dotted)


def test_a_value_handed_out_is_not_the_default_itself(home: Home) -> None:
    home.config()["packages_path"].append("/mine")
    assert "/mine" not in home.config()["packages_path"]


def test_origins(home: Home) -> None:
    first = home.write(
        "a.py", "packages_path = ['/a']\nquiet = True\nplugins = {'shell': {'bash': {'prompt': 'a'}}}"
    )
    second = home.write("b.py", "packages_path = ModifyList(append=['/b'])\nplatform_map = {'os': {}}")
    own = home.write(".rezconfig", "env_var_separators: {A: ';'}\nbrowser: x")
    config = home.config(REZ_CONFIG_FILE=files(first, second), REZ_BROWSER="y", REZ_QUIET_JSON="false")
    assert config.origins("packages_path") == (Origin("file", first), Origin("file", second))
    assert config.origins("env_var_separators") == (Origin("default", ""), Origin("file", own))
    assert config.origins("platform_map") == (Origin("default", ""), Origin("file", second))
    assert config.origins("browser") == (Origin("variable", "REZ_BROWSER"),)
    assert config.origins("quiet") == (Origin("variable", "REZ_QUIET_JSON"),)
    assert config.origins("plugins.shell.bash.prompt") == (Origin("file", first),)
    assert config.origins("plugins.shell.zsh.prompt") == (Origin("default", ""),)
    assert config.origins("dot_image_format") == (Origin("default", ""),)
    assert config.origins("tmpdir") == (Origin("machine", ""),)
    package = config.with_overrides({"browser": "z", "packages_path": ["/p"]})
    assert package.browser == "z"
    assert package.origins("browser") == package.origins("packages_path") == (Origin("package", ""),)
    with pytest.raises(KeyError):
        config.origins("nonsense")


def test_a_package_section_adds_to_what_is_below(home: Home) -> None:
    config = home.config()
    changed = config.with_overrides(
        {"plugins": {"shell": {"bash": {"prompt": "p"}}}, "env_var_separators": {"A": ","}}
    )
    assert changed.plugins.shell.bash.prompt == "p"
    assert changed.plugins.shell.zsh.prompt == "%"
    assert changed.env_var_separators["A"] == ","
    assert changed.env_var_separators["CMAKE_MODULE_PATH"] == ";"
    assert "A" not in config.env_var_separators


def test_toml(home: Home) -> None:
    below = home.write("below.yaml", "packages_path: [/below]")
    path = home.write(
        "studio.toml",
        """
        quiet = true
        packages_path = { prepend = ["~/dev"], append = ["/last"] }
        package_filter = [{ excludes = "glob(*-beta)" }]
        optionvars = { delay_load = "~/o.json" }
        [plugins.package_repository.filesystem]
        package_filenames = ["package", "pkg"]
        """,
    )
    home.write("o.json", '{"a": 1}')
    config = home.config(REZ_CONFIG_FILE=files(below, path))
    assert config.quiet is True
    assert config.packages_path == [f"{home.folder}/dev", "/below", "/last"]
    assert config.package_filter == [{"excludes": "glob(*-beta)"}]
    assert config.optionvars == {"a": 1}
    assert config.plugins.package_repository.filesystem.package_filenames == ["package", "pkg"]
    assert config.origins("packages_path") == (Origin("file", below), Origin("file", path))


def test_toml_is_read_only_where_rez_would_find_nothing(home: Home) -> None:
    home.write(".rezconfig.toml", "browser = 'toml'")
    assert home.config().browser == "toml"
    home.write(".rezconfig", "browser: yaml")
    assert home.config().browser == "yaml"
    home.write(".rezconfig.py", "browser = 'py'")
    assert home.config().browser == "py"


def test_the_files_that_were_looked_for(home: Home) -> None:
    named = home.write("named.yaml", "optionvars: {}")
    values = home.write("o.json", "{}")
    program = home.write(".rezconfig.py", f"optionvars = DelayLoad({values!r})")
    config = home.config(REZ_CONFIG_FILE=named)
    stem = named.removesuffix(".yaml")
    before = (Source(f"{stem}.py", found=False), Source(named, found=True), Source(program, found=True))
    assert config.sources == before
    assert config.executed == (program,)
    assert config.optionvars == {}
    assert config.sources == (*before, Source(values, found=True))


def test_the_variables_that_were_asked_for(home: Home) -> None:
    home.write(".rezconfig", "browser: $STUDIO/x")
    config = home.config()
    assert {"HOME", "REZ_CONFIG_FILE", "REZ_DISABLE_HOME_CONFIG"} <= config.variables
    assert "STUDIO" not in config.variables
    assert config.browser == "$STUDIO/x"
    assert {"STUDIO", "REZ_BROWSER", "REZ_BROWSER_JSON"} <= config.variables


def test_keys_that_are_no_settings_are_told_of(home: Home) -> None:
    path = home.write(".rezconfig", "pakages_path: []\nplugins: {}\nquiet: true\n_own: 1\n")
    assert home.config().unknown() == (("pakages_path", path),)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (".rezconfig.py", "\nx = 1\ny = 1 / 0\n", r"\.rezconfig\.py:3 can't be used: ZeroDivisionError: "),
        (".rezconfig.py", "\nx = (\n", r"\.rezconfig\.py:2 can't be used: SyntaxError: "),
        (".rezconfig.py", "raise SystemExit(3)", r"\.rezconfig\.py:1 can't be used: SystemExit: 3"),
        (".rezconfig", "a: 1\nb: [\n", r"\.rezconfig:3 can't be used: no YAML: "),
        (".rezconfig", "[1]", r"\.rezconfig: expected keys and values, not list"),
        (".rezconfig.toml", "a = ", r"\.rezconfig\.toml can't be used: no TOML: "),
    ],
)
def test_a_file_that_cant_be_read_is_named_with_its_line(
    home: Home, name: str, text: str, message: str
) -> None:
    home.write(name, text)
    with pytest.raises(RezConfigError, match=message):
        home.config()


def test_a_file_that_imports_rez_gets_a_hint(home: Home) -> None:
    home.write(".rezconfig.py", "from rez.nonsense import x")
    with pytest.raises(RezConfigError) as caught:
        home.config()
    assert caught.value.hint is not None
    assert "Rez is not installed beside rezup" in caught.value.hint


def test_a_mistake_harms_only_who_needs_the_setting(home: Home) -> None:
    path = home.write(".rezconfig", "quiet: maybe\nbrowser: '{'\nplugins: {release_vcs: {check_tag: 1}}")
    config = home.config(REZ_SHOW_PROGRESS="perhaps", REZ_OPTIONVARS_JSON="{", REZ_PACKAGE_FILTER="x")
    assert config.packages_path
    for key, words in {
        "quiet": f"{path}: 'maybe': the type is wrong",
        "browser": "braces",
        "show_progress": "$REZ_SHOW_PROGRESS can't be used: 'perhaps'",
        "optionvars": "$REZ_OPTIONVARS_JSON is no JSON",
        "package_filter": "$REZ_PACKAGE_FILTER can't hold",
    }.items():
        with pytest.raises(RezConfigError, match=re.escape(words)):
            config[key]
    assert config.plugins.shell
    with pytest.raises(
        RezConfigError, match=re.escape("plugins.release_vcs.check_tag: 1: the type is wrong")
    ):
        _ = config.plugins.release_vcs


def test_a_list_can_only_grow_on_a_list(home: Home) -> None:
    path = home.write(".rezconfig.py", "quiet = ModifyList(append=[1])")
    with pytest.raises(RezConfigError, match=f"{re.escape(path)} can't be used: ModifyList"):
        _ = home.config().browser
    home.write(".rezconfig.py", "quiet = ModifyList(append=1)")
    with pytest.raises(RezConfigError, match="ModifyList takes lists, not 1"):
        home.config()


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("~/none.json", "can't read"),
        ("~/x.txt", "DelayLoad reads .yaml and .json"),
        ("~/bad.json", "can't read"),
    ],
)
def test_a_value_from_another_file_that_cant_be_had(home: Home, value: str, words: str) -> None:
    home.write("bad.json", "{")
    home.write(".rezconfig.py", f"optionvars = DelayLoad({value!r})")
    with pytest.raises(RezConfigError, match=words):
        _ = home.config().optionvars


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("Ubuntu-22.04", "Ubuntu-22.04"),
        ("a b/c", "a_b_c"),
        ("-x.", "x"),
        ("a..b", "a.b"),
        ("10.0.1.SP0", "10.0.1.SP0"),
        ("a.-b", "a.b"),
    ],
)
def test_facts_become_versions(text: str, version: str) -> None:
    assert version_text(text) == version


def test_plugins_of_others(home: Home) -> None:
    home.write(".rezconfig", "plugins: {mine: {a: {b: 1}}, shell: {nushell: {prompt: '~'}}}")
    config = home.config()
    assert config.plugins.mine.a.b == 1
    assert "mine" not in list(config.plugins)
    assert len(config.plugins) == len(config.as_dict()["plugins"]) == 7
    assert config.plugins.shell.nushell.prompt == str(home.folder)
    with pytest.raises(AttributeError):
        _ = config.plugins.shell.nushell.nope


@pytest.mark.parametrize(
    "commands",
    ["'ls'", "['ls']", "[{'args': 'x'}]", "[{'command': 'ls', 'nope': 1}]", "[{'command': 'ls', 'user': 1}]"],
)
def test_commands_of_release_hooks_are_checked(home: Home, commands: str) -> None:
    home.write(
        ".rezconfig.py", f"plugins = {{'release_hook': {{'command': {{'pre_build_commands': {commands}}}}}}}"
    )
    with pytest.raises(RezConfigError, match=r"plugins\.release_hook\.command\.pre_build_commands"):
        _ = home.config().plugins.release_hook
