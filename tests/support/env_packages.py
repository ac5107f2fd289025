"""A repository of 200 packages that between them use all there is in package commands, always the same one."""

from __future__ import annotations

import random
import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

#: What commands do, by name. In each, @N, @n and @d stand for the package in capitals, itself, and one it needs.
FEATURES = {
    "set": "env.@N_A = '{root}/a'\nenv['@N_B'] = '{base}|{version}'\nsetenv('@N_C', root)",
    "set again": "env.@N_A = 'one'\nenv.@N_A = '$@N_A:two'\nenv.@N_A.set('${@N_A}:three')",
    "values": "env.@N_N = 12\nenv.@N_T = True\nenv.@N_L = ['a', '{root}']\nenv.@N_E = ''\nenv.@N_Q = 'it\\'s \"q\" #;&|<>()*?[i]'",
    "append": "env.PATH.append('{root}/bin')\nenv.SHARED.append('@n')\nappendenv('SHARED_TOO', '{version}')",
    "prepend": "env.PATH.prepend('{root}/bin')\nenv.SHARED.prepend('@n')\nprependenv('PYTHONPATH', '{root}/python')",
    "both ends": "env.ENDS_@N.append('b')\nenv.ENDS_@N.prepend('a')\nenv.ENDS_@N.append('c')",
    "of the parent": "env.INHERITED.append('@n')\nenv.INHERITED.prepend('$GIVEN')\nenv.INHERITED_NONE.append('@n')",
    "set and append": "env.@N_P = 'x'\nenv.@N_P.append('y')\nenv.SHARED.append('$@N_P')",
    "separators": "env.SPACED.append('-@n')\nenv.COMMAS.prepend('@n')\nenv.CMAKE_MODULE_PATH.append('{root}/cmake')",
    "unset": "env.@N_U = 'u'\nunsetenv('@N_U')\nenv.GIVEN_TOO.unset()\nenv.@N_V = getenv('GIVEN', 'none') if False else 'v'",
    "defenv": "env.@N_D.setdefault('first')\nenv.@N_D.setdefault('second')\nenv.GIVEN.setdefault('mine')",
    "getenv": "env.@N_G = getenv('GIVEN') + env.GIVEN.value() + str(env.GIVEN)\nenv.@N_H = '{env.GIVEN}'",
    "defined": "env.@N_D1 = str(defined('GIVEN')), undefined('GIVEN'), defined('@N_NOPE'), 'GIVEN' in env",
    "expansion": "env.@N_X = '$GIVEN/${GIVEN}/x'\nenv.@N_Y = expandvars('$GIVEN {version}')\nenv.@N_Z = expandvars('${GIVEN}', format=False)",
    "escaping": "env.@N_S = literal('$GIVEN {root}').e('$GIVEN').l(' `x` $(y)')\nenv.@N_R = expandable('{root}').literal('{root}')",
    "home": "env.@N_HOME = '~/@n'\nenv.HOMES.append('~/@n')\nenv.@N_TILDE = literal('~/x')",
    "this": "env.@N_THIS = '{this.name} {this.version} {this.root} {this.index} {this.own[k]} {this.version.minor}'",
    "version": "env.@N_V1 = '{version.major}.{version.minor}.{version.patch}'\nenv.@N_V2 = str(version[0]), str(version.as_tuple()), version == '2.0', len(version)",
    "resolve": "env.@N_DEP = '{resolve.@d.root} {resolve.@d.version.major}' if '@d' in resolve else 'none'\nenv.@N_COUNT = str('nope' in resolve), str(resolve.get('nope'))",
    "request": "env.@N_REQ = request.get('@n', '-'), str(request.get_range('@n', '0')), '@n' in request, 'nope' in request",
    "implicits": "env.@N_IMPL = implicits.get('host', '-'), 'host' in implicits",
    "ephemerals": "env.@N_EPH = ephemerals.get('mode', '-'), str(ephemerals.get_range('mode', '1')), intersects(ephemerals.get('mode', '1'), '2')",
    "intersects": "env.@N_INT = intersects(resolve.@n, '1'), intersects(request.get('@n', '@n'), '<2'), intersects('x-1.2', '1.3')",
    "optionvars": "env.@N_OPT = optionvars('studio'), optionvars('deep.er'), optionvars('nope', 'dflt')",
    "building": "env.@N_BUILD = building, testing\nif not building:\n    env.@N_RUNS = 'yes'",
    "system": "env.@N_SYS = '{system.platform}', system.arch, system.rez_version",
    "alias": "alias('tool_@n', '/bin/echo called @n')\nenv.@N_ALIAS = 'made'",
    "command": "command('/bin/echo ran @n')\ncommand(['/bin/echo', 'ran', '@n', '{version}'])",
    "info": "info('@n is at {root}')\ninfo('given $GIVEN')",
    "error": "error('@n warns: {version}')",
    "comment": "comment('a word of @n about {root}')\nenv.@N_COMMENT = 'made'",
    "source": "source('{root}/setup')",
    "locals": "parts = ['x', 'y']\nfor part in parts:\n    env.@N_PARTS.append('{part}')\nword = '{root}!'[:-1]\nenv.@N_WORD = '{word}'",
    "functions": "def helper(x):\n    return x * 2\nenv.@N_TWICE = helper('ab')",
    "import": "import os.path\nenv.@N_BASE = os.path.basename(root), os.path.join('a', 'b')",
    "globals": "env.@N_GLOBALS = sorted(k for k in ('this', 'root', 'base', 'version', 'env', 'nope') if k in globals())",
    "env object": "env.@N_K = '@N_NOT' in env, env.get('GIVEN').name\nenv.update({'@N_U1': '1', '@N_U2': '{root}'})",
    "unknown braces": "env.@N_BR = '{{root}} {unknown} ${UNSET_BRACE}x'[:18]\nenv.@N_JSON = literal('{\"k\": 1}')",
    "attributes": "env.@N_TOOLS = '{this.tools}', this.tools[0], this.description, '{this.qualified_name}'",
    "late": "env.@N_LATE = this.later",
    "included": "env.@N_INC = shared.word('@n')",
}  # fmt: skip

#: Packages whose commands do not come to an end; each is asked for by itself.
ENDINGS = {
    "ends_stop": "stop('not for %s', 'you')",
    "ends_raise": "env.X = 'x'\nraise ValueError('own')",
    "ends_syntax": "env.X = ",
    "ends_missing": "env.X = '{resolve.nope.root}'",
    "ends_getenv": "env.X = getenv('NOT_SET_ANYWHERE')",
    "ends_attribute": "env.X = this.nothing",
    "ends_value": "env.X = version.nothing",
    "ends_zero": "1 / 0",
}

COUNT = 200
_FAMILIES = COUNT - len(ENDINGS) - 32  # 32 of them have a second version
_SLOTS = ("pre_commands", "commands", "commands", "commands", "post_commands")
#: What needs more in the definition than commands.
_IN_PYTHON = frozenset(["late", "included"])


def write(folder: Path) -> None:
    """Make the repository."""
    chance = random.Random(5)
    names = list(FEATURES)
    for number in range(_FAMILIES):
        name = _name(number)
        versions = ["1.2.3", "2.0"] if number % 5 == 0 else [["1.2.3", "1.10", "1.2.alpha"][number % 3]]
        needs = [_name(each) for each in sorted(chance.sample(range(number), min(number, 2)))]
        # Each feature comes round in turn, with some beside it.
        features = [names[number % len(names)], *chance.sample(names, 3)]
        for version in versions[:2]:
            _write(folder, name, version, needs, features, number)
    for name, body in ENDINGS.items():
        path = folder / name / "1" / "package.py"
        path.parent.mkdir(parents=True)
        head = f"name = {name!r}\nversion = '1'\n"
        if name == "ends_syntax":
            path.write_text(head + f"commands = {body!r}\n")
        else:
            path.write_text(head + "def commands():\n" + textwrap.indent(body, "    ") + "\n")


def requests() -> dict[str, str]:
    """By name, requests that between them need every package."""
    found = {}
    numbers = list(range(_FAMILIES))
    for first in range(20):
        chosen = [_name(number) for number in numbers[first::20]]
        word = [".mode-2", ".mode-1+<3", ""][first % 3]
        found[f"generated {first}"] = " ".join([*chosen, word]).strip()
    # The first versions of those that have two.
    older = [f"{_name(number)}-1" for number in numbers if number % 5 == 0]
    found["generated older"] = " ".join(older[: len(older) // 2])
    found["generated older too"] = " ".join(older[len(older) // 2 :])
    return found | {f"generated {name}": name for name in ENDINGS}


def _name(number: int) -> str:
    """The name of a package; without digits, with which Rez's `$NAME` has its own ways."""
    return f"pkg_{chr(97 + number // 26)}{chr(97 + number % 26)}"


def _write(folder: Path, name: str, version: str, needs: list[str], features: list[str], number: int) -> None:
    # Definitions are of each form in turn: a function, text in Python, text in YAML, one file for all versions.
    form = ("function", "function", "text", "yaml")[number % 4]
    if form == "yaml" and not _IN_PYTHON.isdisjoint(features):
        form = "function"
    bodies: dict[str, list[str]] = {}
    for position, feature in enumerate(dict.fromkeys(features)):
        slot = _SLOTS[(number + position) % len(_SLOTS)]
        if form != "function" or feature in _IN_PYTHON:
            slot = "commands"
        text = FEATURES[feature].replace("@N", name.upper()).replace("@n", name)
        bodies.setdefault(slot, []).append(text.replace("@d", needs[0] if needs else name))
    root = folder / name / version
    root.mkdir(parents=True)
    variants = [[_name(1)], [_name(2)]] if number % 7 == 3 and number > 2 else []
    for place in [root, *(root.joinpath(*each) for each in variants)]:
        place.mkdir(exist_ok=True)
        (place / "setup").write_text(f"/bin/echo sourced {name}\n")
    if form == "yaml":
        _write_yaml(root, name, version, needs, bodies, variants)
        return
    lines = [
        f"name = {name!r}", f"version = {version!r}", f"requires = {needs!r}", f"tools = ['tool_{name}']",
        f"description = 'the {name} package'", "own = {'k': 'v'}",
    ]  # fmt: skip
    if variants:
        lines.append(f"variants = {variants!r}")
    if "late" in features:
        lines.append("@late()\ndef later():\n    return 'late %s %s' % (in_context(), this.name)")
    if "included" in features:
        lines.append("@include('shared')")
        (root / ".rez/include").mkdir(parents=True)
        (root / ".rez/include/shared.py").write_text("def word(x):\n    return 'shared ' + x\n")
        (root / ".rez/include/shared.sha1").write_text("0123abc")
        form = "function"
        bodies = {"commands": [text for each in bodies.values() for text in each]}
    for slot, texts in bodies.items():
        body = "\n".join(texts)
        if form == "text":
            lines.append(f"{slot} = {body!r}")
        else:
            lines.append(f"def {slot}():\n" + textwrap.indent(body, "    "))
    (root / "package.py").write_text("\n".join(lines) + "\n")


def _write_yaml(
    root: Path,
    name: str,
    version: str,
    needs: list[str],
    bodies: dict[str, list[str]],
    variants: list[list[str]],
) -> None:
    lines = [f"name: {name}", f"version: '{version}'", f"description: the {name} package", "own: {k: v}"]
    lines += [f"tools: [tool_{name}]", f"requires: [{', '.join(needs)}]"]
    if variants:
        lines.append("variants:")
        lines += [f"- [{', '.join(each)}]" for each in variants]
    for slot, texts in bodies.items():
        lines.append(f"{slot}: |")
        lines.append(textwrap.indent("\n".join(texts), "  "))
    (root / "package.yaml").write_text("\n".join(lines) + "\n")
