"""Every setting of Rez, under many configurations, against the real Rez."""

from __future__ import annotations

import os
import textwrap
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from rezup.errors import RezConfigError
from rezup.runtime.config import load_config
from rezup.runtime.config.plugin_settings import PLUGIN_TYPES
from rezup.runtime.config.settings import SETTINGS
from support.rez_config import ask_rez, plain

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name != "posix", reason="asks Rez through forks")


class World(NamedTuple):
    """Files below a folder (`home/` is the home folder), and variables; `{dir}` is that folder."""

    name: str
    files: Mapping[str, str] = MappingProxyType({})
    environ: Mapping[str, str | None] = MappingProxyType({})


def listed(*names: str) -> dict[str, str | None]:
    return {"REZ_CONFIG_FILE": ":".join(f"{{dir}}/{name}" for name in names)}


WORLDS = [
    World("nothing is set"),
    World("home, YAML", {"home/.rezconfig": "packages_path: [/one, ~/two]\nquiet: yes\neditor: joe\n"}),
    World("home, Python before YAML", {
        "home/.rezconfig": "quiet: true", "home/.rezconfig.py": "show_progress = False"}),
    World("home is left out", {"home/.rezconfig": "quiet: true"}, {"REZ_DISABLE_HOME_CONFIG": "T"}),
    World("home is not left out by any other word", {"home/.rezconfig": "quiet: true"},
          {"REZ_DISABLE_HOME_CONFIG": "yes"}),
    World("later files win, home last", {
        "a.yaml": "quiet: true\ndot_image_format: svg\nbrowser: a", "b.py": "dot_image_format = 'pdf'\nbrowser = 'b'",
        "home/.rezconfig": "browser: home"}, listed("a.yaml", "b.py")),
    World("a missing file, a folder, and Python beside the file that is named", {
        "x.yaml": "quiet: true", "x.py": "quiet = False\nbrowser = 'py'", "d/inside": ""},
        listed("none.yaml", "d", "x.yaml", "")),
    World("lists that grow", {
        "a.py": "packages_path = ModifyList(prepend=['/first'])\nimplicit_packages = ModifyList(append=['~x-1'])",
        "b.py": "packages_path = ModifyList(append=['/last'], prepend=['/before'])\npip_extra_args = ModifyList(append=['-v'])",
        "c.yaml": "release_hooks: [amqp]"}, listed("a.py", "b.py", "c.yaml")),
    World("dictionaries that mix", {
        "a.yaml": "env_var_separators: {A: ';'}\noptionvars: {one: {two: 2}}\ncontext_tracking_amqp: {userid: me}",
        "b.py": "optionvars = {'one': {'three': ModifyList(append=[3])}}\nenv_var_separators = {'DOXYGEN_TAGFILES': ','}"},
        listed("a.yaml", "b.py")),
    World("plain variables", {"home/.rezconfig": "quiet: false"}, {
        "REZ_PACKAGES_PATH": "/a:~/b::/c d", "REZ_IMPLICIT_PACKAGES": "~x-1, y  z,,w", "REZ_QUIET": "On",
        "REZ_PACKAGE_CACHE_LOG_DAYS": "12", "REZ_PACKAGE_CACHE_CLEAN_LIMIT": "2", "REZ_ENV_VAR_SEPARATORS": "A:;,B:3,C:1.5,D:x:y",
        "REZ_EDITOR": "", "REZ_TMPDIR": "", "REZ_COLOR_ENABLED": "force", "REZ_DEFAULT_CACHABLE": "y",
        "REZ_BUILD_THREAD_COUNT": "7", "REZ_PACKAGE_PREPROCESS_FUNCTION": "a.b", "REZ_MEMCACHED_URI": "h:1,h:2",
        "REZ_VARIANT_SELECT_MODE": "intersection_priority", "REZ_SUITE_ALIAS_PREFIX_CHAR": "++"}),
    World("JSON variables", {}, {
        "REZ_PACKAGES_PATH_JSON": '["/a", "~/b"]', "REZ_PACKAGE_FILTER_JSON": '{"excludes": ["glob(*-beta)"]}',
        "REZ_PACKAGE_ORDERERS_JSON": '[{"type": "sorted", "descending": false}]', "REZ_PLATFORM_MAP_JSON": '{"os": {"x": "y"}}',
        "REZ_QUIET_JSON": "true", "REZ_EDITOR_JSON": "null", "REZ_DEFAULT_CACHABLE_JSON": "null"}),
    World("plain before JSON, and no other case", {}, {
        "REZ_BROWSER": "plain", "REZ_BROWSER_JSON": '"json"', "rez_editor": "no", "REZ_IMAGE_VIEWER_JSON": '"v"'}),
    World("expansion", {"a.yaml": r"""
        packages_path: ['$STUDIO/x', '${STUDIO}/y', '$NOPE/z', '${NOPE}', '~', '~/a:~/b;~', 'a ~ b', '/x/~name', '~name//y']
        implicit_packages: ['~platform=={system.platform}', '{system.arch} {system.user}', '{nope} {system.nope} {{x}}', '{system.variant}']
        browser: '{system.home} {system.rez_version} {system.platform!r:>12} {system.rez_bin_path}|'
        optionvars: {a: ['$STUDIO', {b: '~/c'}], '$STUDIO': 1}
        documentation_url: '$$STUDIO $STUDIO$STUDIO ${A B} $A_B'
        """}, {**listed("a.yaml"), "STUDIO": "/st udio", "A_B": "ab", "A B": "blank"}),
    World("an empty variable is one", {"a.yaml": "browser: 'x${EMPTY}y$EMPTY'"}, {**listed("a.yaml"), "EMPTY": ""}),
    World("platform map", {"a.py": r"""
        platform_map = {
            "os": {r"Nothing-(.*)": r"\1", r"(\w+)-(\d+)\D*.*": r"\1.\2 x", r".*": "never"},
            "arch": {"x86_64": "64bit", "64bit": "no"},
        }
        browser = "{system.os} {system.arch} {system.platform}"
        """}, listed("a.py")),
    World("plugins, YAML", {"a.yaml": """
        plugins:
          package_repository:
            filesystem: {check_package_definition_files: true, package_filenames: [pkg, package], file_lock_dir: .lock, more: '{system.platform} $HOME'}
          release_hook:
            emailer: {sender: '{system.user}@x', recipients: me}
            command: {pre_build_commands: [{command: ls, args: '-l  -a'}, {command: x, args: [a], user: me, env: {A: b}, pretty_args: true}]}
          release_vcs: {tag_name: '{package.name}', git: {allow_no_upstream: true}}
          shell: {bash: {prompt: '~'}, nushell: {prompt: nu}}
          build_process: {mine: {a: [1, '~']}}
          unknown_type: {a: 1}
        """}, listed("a.yaml")),
    World("plugins, Python, in layers", {"a.py": """
        plugins = {"build_system": {"cmake": {"cmake_args": ModifyList(append=["-x"]), "build_target": "Debug"}}}
        """, "b.py": """
        plugins = {"build_system": {"cmake": {"cmake_args": ModifyList(append=["-y"])}}}
        """}, listed("a.py", "b.py")),
    World("values from other files", {
        "a.py": "optionvars = DelayLoad(__file__[:-4] + 'o.yaml')\npackage_filter = DelayLoad('~/f.json')\n"
                "packages_path = DelayLoad(__file__[:-4] + 'none.yaml')\nplatform_map = DelayLoad('x.txt')",
        "o.yaml": "a: {b: ['~', 1]}", "home/f.json": '{"excludes": ["x"]}'}, listed("a.py")),
    World("the machine's own", {"dir/vi": "", "dir/xterm": "", "t/x": ""}, {
        "PATH": "{dir}/dir", "TMPDIR": "{dir}/t", "EDITOR": "ed -s", "LOGNAME": "", "USER": "somebody"}),
    World("no PATH worth it", {}, {"PATH": "/nonexistent", "EDITOR": None}),
    World("one dictionary is a list of it; nothing is an empty list", {"a.yaml": """
        package_orderers: {type: no_order}
        package_filter: [{excludes: a}, {excludes: b}]
        pip_extra_args: null
        memcached_uri: ~
        context_tracking_amqp: null
        default_cachable: null
        heading_styles: ~
        tmpdir: ~
        """}, listed("a.yaml")),
    World("a program as configuration", {"a.py": """
        import os, sys
        from os.path import join
        _private = 1
        browser = join("$HOME", rez_version, __name__)
        if sys.version_info > (3,):
            packages_path = [os.path.dirname(__file__)]
        def package_preprocess_function(this, data):
            data["x"] = 1
        class Thing: pass
        editor = __file__[-4:]
        nonsense_setting = 3
        """}, listed("a.py")),
    World("words", {"a.yaml": "build_thread_count: logical_cores\nsuite_visibility: parent_priority\n"
                    "rez_tools_visibility: never\ncreate_executable_script_mode: both\npackage_preprocess_mode: after\ncolor_enabled: force"},
          listed("a.yaml")),
    World("pip remaps", {"a.yaml": r"pip_install_remaps: [{record_path: '{p}{sep}x', pip_install: '{s}$HOME', rez_install: '{pardir}'}]"},
          listed("a.yaml")),
    World("no home", {}, {"HOME": None}),
    World("YAML of older days", {"a.yaml": "browser: !!python/unicode 'x'\noptionvars: {t: !!python/tuple [1, 2], d: 2020-01-02, o: 017, f: 1_000}"}, listed("a.yaml")),
    World("wrong kinds", {"a.py": """
        packages_path = ("/a", "/b")
        implicit_packages = "x"
        show_progress = "yes"
        package_cache_log_days = "3"
        package_cache_clean_limit = 1
        env_var_separators = None
        variant_select_mode = "nope"
        editor = 3
        build_thread_count = 0
        package_filter = ["x"]
        pip_install_remaps = [{"record_path": "x"}]
        browser = "{"
        documentation_url = "{} x"
        color_enabled = "maybe"
        optionvars = [1]
        platform_map = [1]
        max_package_changelog_chars = True
        plugins = {"release_vcs": {"check_tag": "yes"}, "build_system": {"cmake": {"build_target": "Fast"}}, "shell": 3}
        """}, listed("a.py")),
    World("wrong variables", {}, {
        "REZ_SHOW_PROGRESS": "maybe", "REZ_PACKAGE_CACHE_LOG_DAYS": "x", "REZ_ENV_VAR_SEPARATORS": "a", "REZ_PACKAGE_FILTER": "x",
        "REZ_PIP_INSTALL_REMAPS": "x", "REZ_BROWSER_JSON": "{", "REZ_OPTIONVARS": "", "REZ_PACKAGES_PATH_JSON": '"/a"'}),
    World("a list grows on no list", {"a.py": "quiet = ModifyList(append=[1])"}, listed("a.py")),
    World("a file that is no program", {"a.py": "x = ("}, listed("a.py")),
    World("a file that is no YAML", {"a.yaml": "x: ["}, listed("a.yaml")),
    World("a YAML file of another form", {"a.yaml": "[1]"}, listed("a.yaml")),
]  # fmt: skip


def made(world: World, folder: Path) -> dict[str, str]:
    """Write the files of a world; its environment."""
    (folder / "home").mkdir(parents=True)
    for name, text in world.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        path.chmod(0o755)
    environ: dict[str, str | None] = {
        "HOME": str(folder / "home"), "PATH": "/usr/bin:/bin", "LOGNAME": "artist", "LANG": "C.UTF-8",
    }  # fmt: skip
    environ.update(world.environ)
    return {name: text.replace("{dir}", str(folder)) for name, text in environ.items() if text is not None}


def our_answer(environ: dict[str, str]) -> dict[str, Any]:
    def outcome(key: str) -> dict[str, Any]:
        try:
            return {"value": plain(config.lookup(key))}
        except RezConfigError as error:
            return {"error": str(error)}

    try:
        config = load_config(environ)
        config._data()
    except RezConfigError as error:
        return {"error": str(error)}
    keys = [*SETTINGS, *(f"plugins.{each}" for each in PLUGIN_TYPES)]
    return {key: outcome(key) for key in keys}


def differences(ours: dict[str, Any], theirs: dict[str, Any]) -> list[str]:
    """Keys whose value differs; where both refuse, the words may differ."""
    if "error" in theirs or "error" in ours:
        return (
            []
            if "error" in theirs and "error" in ours
            else [f"{ours.get('error')!r}, Rez {theirs.get('error')!r}"]
        )
    return [
        f"{key}: {ours.get(key)!r}, Rez {theirs.get(key)!r}"
        for key in sorted(ours.keys() | theirs.keys())
        if (("error" in ours[key]) != ("error" in theirs[key]))
        or ours[key].get("value") != theirs[key].get("value")
    ]


def test_every_setting_is_what_rez_makes_of_it(tmp_path: Path) -> None:
    environments = [made(world, tmp_path / f"a b\"c'é {number}") for number, world in enumerate(WORLDS)]
    answers = ask_rez(environments)
    found = {
        world.name: differences(our_answer(environ), theirs)
        for world, environ, theirs in zip(WORLDS, environments, answers, strict=True)
    }
    lines = [f"{name}: {line}" for name, different in found.items() for line in different]
    assert not lines, "\n".join(lines)
    assert all("error" in each or len(each) == len(SETTINGS) + len(PLUGIN_TYPES) for each in answers)
