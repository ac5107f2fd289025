"""Package files of every form, read by the real Rez and by us."""

from __future__ import annotations

import os
import textwrap
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from rezup.errors import PackageDefinitionError
from rezup.runtime.config import load_config
from rezup.runtime.filesystem import FilesystemRepository
from rezup.runtime.locations import open_repository
from rezup.runtime.nature import Kind
from rezup.runtime.source_code import body_text
from support import rez_benchmark
from support.rez_packages import ask_rez, ask_rez_for_records, outcome, told

if TYPE_CHECKING:
    from pathlib import Path

#: One repository; keys are paths, values package files (dedented).
FILES = {
    "plain/1.0/package.py": """
        name = 'plain'
        version = '1.0'
        requires = ['python-2.7+<4', '!maya-2020', '~nuke', '.eph-1', 'x==1', 'y@2', 'z#3']
        build_requires = ['cmake-3']
        private_build_requires = ['gcc']
        timestamp = 1600000000
        tools = ['a', 'b']
        authors = ['me', 'you']
        description = '''
            Two lines,
              the second deeper.
        '''
        help = 'http://x'
        uuid = 'abc'
        relocatable = True
        cachable = None
        has_plugins = True
        plugin_for = ['maya']
        revision = {'a': [1, 2]}
        changelog = '  one\\n  two\\n'
        release_message = None
        previous_version = '0.9'
        previous_revision = 17
        vcs = 'git'
        format_version = 2
        hashed_variants = False
        tests = {'unit': 'pytest', 'more': {'command': ['a', 'b'], 'requires': ['pytest-7'], 'run_on': 'default',
                 'on_variants': {'type': 'requires', 'value': ['python-3']}, 'extra': 1}, 'list': ['x']}
        """,
    # -- code
    "coded/1.0/package.py": """
        # -*- coding: utf-8 -*-
        import os
        import math as m
        from os.path import join
        from collections import OrderedDict
        name = 'coded'
        _private = 'x'
        custom = {'a': {'b': [1]}, '__gone': 1, 'f': join, 'mod': m}
        requires = ['python-%d' % n for n in (2,)] + [str.join('-', ['a', '1'])]
        ordered = 3
        def helper():
            return ['tool']
        tools = helper()
        class Thing(object):
            pass
        help = [['Docs', 'http://x'], ['More', 'y']]
        license = 'MIT'
        id = id
        description = u'caf\\u00e9 é'
        """,
    "early/1.0/package.py": """
        name = 'early'
        stuff = 'python-3'
        @early()
        def requires():
            if building or testing:
                return ['never']
            return [this.stuff] + ['n-%d' % build_variant_index] + build_variant_requires
        @early()
        def variants():
            return [['a-1'], ['b-2']]
        @early()
        def custom(data):
            return sorted(data)[:1]
        @early()
        def nested():
            def inner():
                return 5
            return inner
        section = {'deep': 1}
        """,
    "early_this/1.0/package.py": """
        name = 'early_this'
        @early()
        def a():
            return this.b
        @early()
        def b():
            return 1
        """,
    "late/1.0/package.py": """
        name = 'late'
        version = '1.0'
        num = 3
        @late()
        def requires():
            # the first line is a comment
            if in_context():
                return ['never']
            return ['python-%d' % this.num, 'b']

        @late()
        def tools():
            return [this.name, str(this.version), this.base[-3:], 'package' if this.is_package else 'variant']

        @late()
        def anything():
            import math
            return math.floor(2.5)

        @late()
        @include('helpers')
        def included():
            return helpers.answer(this) if helpers else None

        @include('nowhere')
        @late()
        def missing():
            return nowhere is None

        @late()
        def build_requires():
            return ['x', 3]

        @late()
        def broken():
            return undefined
        variants = [['a'], ['b']]
        """,
    "late/1.0/.rez/include/helpers.py": """
        def answer(package):
            return package.name * 2
        """,
    "late/1.0/.rez/include/helpers.sha1": "0123",
    "late_commands/1.0/package.py": """
        name = 'late_commands'
        @late()
        def commands():
            pass
        """,
    "commands/1.0/package.py": """
        name = 'commands'
        version = '1.0'
        def pre_commands():
            env.A = 1
        @include('a', 'b')
        def commands():
            # a comment first
            env.PATH.append('{root}/bin')
            if x:
              # inner
                pass  # strange indentation
            '''
        a text that goes left
            '''
            # last comment

        def post_commands():
            env.B = 2
        def pre_test_commands():
        # comment to the left
            alias('x', "y")
        # another


        def _other():
            pass
        pre_build_commands = _other
        """,
    "commands_text/1.0/package.py": """
        name = 'commands_text'
        commands = '''
        env.A = '1'
            env.B = '2'
        '''
        pre_commands = ['export A=1']
        """,
    "preprocess/1.0/package.py": """
        name = 'preprocess'
        def preprocess(this, data):
            data['x'] = 1
        _data = {'x': 2}
        """,
    "scopes/1.0/package.py": """
        name = 'scopes'
        with scope('config') as c:
            c.release_packages_path = '~/released'
            c.plugins.shell.bash.prompt = '$USER>'
            default_relocatable = False
            packages_path = ModifyList(append=['/more'])
        with scope('config'):
            env_var_separators = {'A': ';'}
        with scope('animal'):
            count = 2
            name = 'inner'
            with scope('cat') as cat:
                friendly = False
                cat.legs.front = 2
                cat['tail'] = {'long': True}
            other = count
        with scope('animal'):
            with scope('cat'):
                paws = 4
        after = name
        """,
    "config_yaml/1.0/package.yaml": """
        name: config_yaml
        version: '1.0'
        config:
          release_packages_path: '{system.platform}/x'
          plugins: {shell: {bash: {prompt: q}}}
        """,
    "config_bad/1.0/package.py": """
        name = 'config_bad'
        config = [1]
        """,
    # -- variants
    "variants/1.0/package.py": """
        name = 'variants'
        requires = ['c']
        variants = [['python-2.7', 'maya==2019', 'x-1+<2'], ['python-3', '~a', '!b-1'], ['.e-1']]
        """,
    "hashed/1.0/package.py": """
        name = 'hashed'
        hashed_variants = True
        variants = [['python-2.7', 'maya==2019'], ['python-3', '~a-1', 'x>=1'], []]
        """,
    "hashed/1.0/_v/note": "",
    "one_empty_variant/1.0/package.py": "name = 'v'\nvariants = [[]]\nhashed_variants = True\n",
    "no_variants/1.0/package.py": "name = 'v'\nvariants = []\n",
    "redirected/1.0/package.py": "name = 'r'\n_redirected_base = '/elsewhere'\nvariants = [['a']]\n",
    # -- YAML
    "yaml/2.0/package.yaml": """
        name: yaml
        version: '2.0'
        requires: [python-3, "~a-1"]
        variants:
        - [a-1]
        - [b-1, c]
        commands: |
          env.A = 1
          env.B = 2
        timestamp: 12
        custom: !!python/unicode 'text'
        description: >
          Folded
          text.
        """,
    "yaml_empty/1.0/package.yaml": "",
    "yaml_list/1.0/package.yaml": "- a\n",
    "yaml_bad/1.0/package.yaml": "a: [\n",
    # -- wrong kinds
    "wrong/1.0/package.py": """
        name = 3
        version = 1.0
        requires = ('python',)
        build_requires = ['a', 1]
        private_build_requires = ['a b']
        variants = ['a']
        tools = 'x'
        authors = 'me'
        description = 3
        help = [['a'], 'b']
        uuid = 1
        relocatable = 'yes'
        hashed_variants = 1
        tests = {'a': 1}
        timestamp = '12'
        changelog = ['a']
        previous_version = 3
        release_message = 1
        vcs = None
        commands = 5
        pre_commands = None
        plugin_for = [1]
        has_plugins = None
        revision = None
        """,
    "tests_bad/1.0/package.py": "name = 'x'\ntests = {'a': {'requires': ['x']}}\n",
    "tests_bad/2.0/package.py": "name = 'x'\ntests = {'a': {'command': 'x', 'requires': ['x y']}}\n",
    "tests_bad/3.0/package.py": "name = 'x'\ntests = {'a': {'command': 'x', 'on_variants': {'type': 'r', 'value': []}}}\n",
    "names/1.0/package.py": "name = 'x'\nrequires = ['!.eph']\nbuild_requires = ['a/b']\nprivate_build_requires = ['-1']\nvariants = [['a-1..']]\n",
    "raises/1.0/package.py": "name = 'x'\nraise InvalidPackageError('no')\n",
    "syntax/1.0/package.py": "name = 'x'\nrequires = [\n",
    "divides/1.0/package.py": "name = 'x'\n@early()\ndef requires():\n    return 1 / 0\n",
    "nothing/1.0/package.py": "",
    # -- where they lie
    "versions/1.0/package.py": "name = 'versions'\n",
    "versions/1.0-beta/package.py": "name = 'other'\nversion = '7'\n",
    "versions/2.0/package.yaml": "name: versions\n",
    "versions/2.1/package.py": "name = 'py wins'\n",
    "versions/2.1/package.yaml": "name: yaml loses\n",
    "versions/3.0/package.py": "name = 'ignored'\n",
    "versions/.ignore3.0": "",
    "versions/.ignore1.0/is a folder": "",
    "versions/4.0/note": "built, no package file",
    "versions/.building4.0": "",
    "versions/5.0/package.py": "name = 'being built, but there'\n",
    "versions/.building5.0": "",
    "versions/.hidden/package.py": "name = 'x'\n",
    "versions/file": "no folder",
    "missing/1.0/note": "no package file",
    "missing/__pycache__/x.pyc": "",
    "unversioned/package.py": "name = 'unversioned'\nrequires = ['a']\nvariants = [['b']]\n",
    "unversioned/1.0/package.py": "name = 'hidden by the other'\n",
    "empty/.keep": "",
    "old/1.0/package.yaml": "name: old\n",
    "old/1.0/release.yaml": "timestamp: 99\nchangelog: [a, b]\nextra: 1\n",
    "old/2.0/package.yaml": "name: old\n",
    "old/2.0/.metadata/changelog.txt": "log\n",
    "old/2.0/.metadata/release_time.txt": "77\n",
    "old/3.0/package.yaml": "name: old\ntimestamp: 5\n",
    "old/3.0/release.yaml": "timestamp: 99\n",
    "dotted.name/1.0/package.py": "name = 'dotted.name'\n",
    "not a name/1.0/package.py": "name = 'x'\n",
    "__pycache__/1.0/package.py": "name = 'x'\n",
    ".dot/1.0/package.py": "name = 'x'\n",
    "settings.yaml": "disable_memcache: true\n",
    "combined.py": """
        name = 'combined'
        versions = ['1.0', '1.1', '2.0']
        requires = ['a']
        version_overrides = {'1': {'requires': ['b'], 'tools': ['t']}, '1.1+': {'variants': [['v-1'], ['v-2']]}}
        def commands():
            env.X = 1
        """,
    "combined_yaml.yaml": """
        name: combined_yaml
        versions: ['1.0', '2.0']
        version_overrides:
          '2': {description: two}
        """,
    "combined_plain.py": "name = 'combined_plain'\ntools = ['x']\nversion_overrides = {'1': {}}\nvariants = [['a']]\n",
    "combined_none.py": "name = 'x'\nversions = []\n",
    "both.py": "name = 'py'\nversions = ['1']\n",
    "both.yaml": "name: yaml\nversions: ['2']\n",
    "folder_wins.py": "name = 'x'\nversions = ['9']\n",
    "folder_wins/1.0/package.py": "name = 'folder_wins'\n",
    "combined_bad.py": "name = 'x'\nversions = [1.0]\n",
    "combined_text.txt": "no package",
    "other/1.0/pkg.py": "name = 'other'\n",
}  # fmt: skip

NAMES = ["settings", "Plain", "__pycache__x", "nowhere", "package", "not.there"]


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")


def environment(folder: Path, config: str = "") -> dict[str, str]:
    (folder / "home").mkdir(exist_ok=True)
    (folder / "config.yaml").write_text(textwrap.dedent(config), encoding="utf-8")
    return {
        "HOME": str(folder / "home"), "PATH": os.environ["PATH"], "USER": "artist", "LANG": "C.UTF-8",
        "REZ_CONFIG_FILE": str(folder / "config.yaml"), "REZ_DISABLE_HOME_CONFIG": "1",
    }  # fmt: skip


def our_answer(paths: list[str], names: list[str], environ: dict[str, str]) -> dict[str, Any]:
    config = load_config(environ)
    found = {}
    for path in paths:
        repository = open_repository(path, config)
        assert isinstance(repository, FilesystemRepository)
        listed = sorted(repository.families())
        packages: dict[str, Any] = {}
        for name in sorted({*names, *listed}):
            packages[name] = outcome(lambda here=repository, name=name: _told(here, name))
        found[path] = {"families": listed, "packages": packages, "location": repository.location}
    return found


def _told(repository: FilesystemRepository, name: str) -> list[dict[str, Any]]:
    answers = []
    for package in repository.packages(name):
        try:
            own = package.keys_of_its_own - {"versions"}
        except PackageDefinitionError:
            own = frozenset()
        answers.append(told(package, package.variants_of_it, own))
    return answers


def compared(ours: Any, theirs: Any, place: str = "") -> list[str]:
    """Where two answers differ; where both can't give a value, the words may differ."""
    if isinstance(theirs, dict) and "error" in theirs:
        if ours is None and "NoneType" in theirs["words"]:
            return []  # Rez stumbles over a combined file without versions where they are needed
        return [] if isinstance(ours, dict) and "error" in ours else [f"{place}: {ours!r}, Rez {theirs}"]
    if place.endswith("/uri") and theirs is None:
        return []  # without a definition Rez has no URI; ours says where it should be
    if isinstance(theirs, dict) and isinstance(ours, dict) and theirs.keys() == ours.keys():
        return [line for key in theirs for line in compared(ours[key], theirs[key], f"{place}/{key}")]
    if isinstance(theirs, list) and isinstance(ours, list) and len(ours) == len(theirs):
        return [
            line
            for at, (one, other) in enumerate(zip(ours, theirs, strict=True))
            for line in compared(one, other, f"{place}[{at}]")
        ]
    return [] if ours == theirs else [f"{place}: {ours!r}, Rez {theirs!r}"]


def by_version(answer: dict[str, Any]) -> dict[str, Any]:
    """Packages in the order of their versions' texts, since Rez has none; no packages is no family."""
    for repository in answer.values():
        for name, packages in repository["packages"].items():
            if isinstance(packages, list):
                repository["packages"][name] = sorted(packages, key=lambda each: str(each["version"])) or None
    return answer


CONFIGS = {
    "": ["plain"],
    """
    allow_unversioned_packages: false
    plugins: {package_repository: {filesystem: {check_package_definition_files: true, file_lock_dir: plain}}}
    """: [],
    """
    plugins: {package_repository: {filesystem: {package_filenames: [pkg, package]}}}
    use_variant_shortlinks: false
    """: ["other"],
}


@pytest.mark.parametrize("config", CONFIGS, ids=["default", "checked", "names"])
def test_every_attribute_is_what_rez_reads(tmp_path: Path, config: str) -> None:
    folder = tmp_path / "a b\"c'é"
    write(folder / "repo", FILES)
    hashed = folder / "repo" / "hashed" / "1.0"
    digest = "e3a5d8f4"
    (hashed / "_v" / "a").symlink_to(f"../{digest}")
    (folder / "link").symlink_to("repo")
    (folder / "repo" / "linked").symlink_to("plain")
    environ = environment(folder, config)
    # The short link leads to the digest of the first variant, which only then is known.
    (variant,) = [
        each
        for package in FilesystemRepository(str(folder / "repo"), load_config(environ)).packages("hashed")
        for each in package.variants_of_it()
        if each.index == 0
    ]
    (hashed / "_v" / "b").symlink_to(f"../{variant.long_subpath}")
    paths = [str(folder / "repo"), f"filesystem@{folder / 'link'}", str(folder / "repo" / "none")]
    ours = by_version(our_answer(paths, NAMES, environ))
    theirs = by_version(ask_rez(paths, NAMES, environ))
    lines = compared(ours, theirs)
    assert not lines, "\n".join(lines)


def test_the_repositories_that_rez_tests_itself_with(tmp_path: Path) -> None:
    data = rez_benchmark.folder().parent / "tests"
    paths = [
        str(data / name)
        for name in (
            "builds/packages",
            "packages/py_packages",
            "packages/yaml_packages",
            "solver/packages",
            "suites/packages",
        )
    ]
    environ = environment(tmp_path)
    ours, theirs = by_version(our_answer(paths, [], environ)), by_version(ask_rez(paths, [], environ))
    assert sum(len(each["families"]) for each in theirs.values()) > 35
    lines = compared(ours, theirs)
    assert not lines, "\n".join(lines)


def random_body(random: Random, depth: int = 1) -> list[str]:
    """Lines of a function, with comments and texts where nobody would put them."""
    inner = "    " * depth
    lines = []
    for _ in range(random.randint(1, 6)):
        lines += random.choice(
            [
                [f"{inner}a = 1"], [f"{inner}# level"], ["# left"], [""], [f"{inner}b = 2  # same line"],
                [f"{inner}'''text", "  left", "'''"], [f"{inner}c = (1,", "2)"], ["    " * random.randint(0, 3) + "# odd"],
            ]
        )  # fmt: skip
        if depth < 4 and random.random() < 0.3:
            lines += [f"{inner}if a:", *random_body(random, depth + 1)]
    return [*lines, f"{inner}pass"]


def test_the_text_of_random_functions(tmp_path: Path) -> None:
    from rez.utils.sourcecode import SourceCode

    random = Random(7)
    for number in range(1000):
        after = random.choice([[], ["", "# after"], ["y = 2"], ["# after", "", "y = 2"]])
        source = "\n".join(["x = 1"] * random.randint(0, 2) + ["def f():", *random_body(random), *after, ""])
        path = tmp_path / f"m{number}.py"
        path.write_text(source)
        names: dict[str, Any] = {}
        exec(compile(source, str(path), "exec"), names)
        function = names["f"]
        theirs = SourceCode(func=function).source
        assert body_text(source.encode(), function.__code__.co_firstlineno) == theirs, source


@pytest.mark.conformance
def test_the_18226_packages_of_the_benchmark(tmp_path: Path) -> None:
    root = rez_benchmark.extract(tmp_path)
    answers = ask_rez_for_records(str(root), environment(tmp_path))
    repository = FilesystemRepository(str(root), load_config({"HOME": str(tmp_path)}))
    found = {}
    for name in repository.families():
        for reading in repository.readings(name):
            record = reading.record
            assert reading.nature is not None
            assert reading.nature.kind is Kind.PURE
            variants = [list(each) for each in record.variants]
            found[record.uri] = [
                name, str(record.version), list(record.requires), variants,
                list(record.build_requires), record.timestamp,
            ]  # fmt: skip
    assert len(found) == 18226
    assert found == answers
