"""Secrets in text: masked wherever text is shown, and found before a recipe is published.

Masked is more than a secret at times (who can tell a token from a user's name?), never less:
text for people may lose a word, it must not gain a password. ``${VAR}`` is no secret and stays.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rezup.recipes.variables import has_placeholder, placeholder_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from rezup.errors import Problem
    from rezup.recipes.locate import Key
    from rezup.recipes.model import Recipe

MASK = "***"

#: A shorter value would mask half of a text, and protect nobody.
_SHORTEST_SECRET = 4

# scheme://userinfo@, the scheme for deciding about a lone user name
_USERINFO = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,31})://([^/?#\s'\"<>]*)@")
# A password with a raw "/", "?" or "#" in it: what follows "user:" is no port number.
_RAW_USERINFO = re.compile(
    r"(://)(?:\$\{[^}]*\}|[^\s/?#@:'\"<>$\[])+:(?!\d*(?:[/?#\s'\"]|$))(?![^/?#\s'\"<>]*@)[^\s'\"<>]{0,2000}@"
)
# user:password@host without a scheme, as proxies may be given
_BARE_USERINFO = re.compile(r"(?<![\w.%+$}{/:@-])([\w.%+-]{1,80}:)([^\s/@:'\"<>]+)@(?=[\w\[.-])")
# A URL within a URL: "://" and "@" percent-encoded
_ENCODED_USERINFO = re.compile(r"(?i)(%3A%2F%2F)((?:(?!%2F|%40)[^\s/?#&@])+)%40")
_TELLING_WORDS = (
    r"(?:token|passw(?:or)?d|passphrase|pwd|secret|signature|credentials?|auth|api[_-]?key|access[_-]?key"
    r"|private[_-]?key)"
)
_PARAMETER = re.compile(
    rf"([?&;](?:[\w.-]{{0,40}}{_TELLING_WORDS}[\w.-]{{0,40}}|[\w.-]{{1,40}}[_-]key|key|sig|pass)=)([^&#;\s'\"<>]+)",
    re.IGNORECASE,
)
_SECRET_NAME = re.compile(
    r"(?:^|.*[_.-])(?:PASSWORD|PASSWD|PASSPHRASE|PASS|TOKEN|SECRET"
    r"|API[_.-]?KEY|(?:ACCESS|SECRET|PRIVATE)[_.-]?KEY|CREDENTIALS?)",
    re.IGNORECASE | re.DOTALL,
)
# NAME = "text", and NAME = 123, as TOML has it. No two ways lead through the same text, so that long ones
# are read in good time.
_ASSIGNMENT = re.compile(
    r"""((?<![\w-])[A-Za-z_][A-Za-z0-9_-]{0,99}|"(?:[^"\\\n]|\\.){1,100}"|'[^'\n]{1,100}')(\s*=\s*)"""
    r'''("""(?:[^"\\]|\\[\s\S]|"(?!""))*"""(?:"{1,2}(?!"))?|\'\'\'[\s\S]*?\'\'\'(?:'{1,2}(?!'))?'''
    r"""|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[+-]?\d[\w.:+-]*(?: \d\d:[\w.:+-]*)?(?=[ \t]*(?:[\r\n#,}\]]|$)))"""
)
_EMPTY_PLACEHOLDER = re.compile(r"\$\{[^}:]*(?::-)?\}")
_WELL_KNOWN_USERS = frozenset({"git", "hg", "svn", "anonymous", MASK})


def redact(text: str) -> str:
    """The text with the credentials of every URL, and of every recipe, in it masked.

    Masked are ``user:password@``, ``token@`` (but for users such as ``git@`` and over ssh), both
    also percent-encoded or without a scheme, query parameters that are named as secrets are, and
    texts and numbers that are assigned to variables of such names.
    """
    if "@" in text:
        text = _USERINFO.sub(_masked_userinfo, text)
        text = _RAW_USERINFO.sub(rf"\1{MASK}@", text)
        text = _BARE_USERINFO.sub(_masked_password, text)
    if "%40" in text:
        text = _ENCODED_USERINFO.sub(lambda match: f"{match[1]}{MASK}%40", text)
    if "=" in text:
        text = _ASSIGNMENT.sub(_masked_assignment, text)
        text = _PARAMETER.sub(lambda match: match[0] if _is_open(match[2]) else match[1] + MASK, text)
    return text


def literal_secrets(recipe: Recipe) -> tuple[Problem, ...]:
    """Places of a recipe, comments too, that hold a secret as it is rather than as ``${VAR}``."""
    from rezup.errors import Problem
    from rezup.recipes.findings import located, shown_file

    hint = "write ${VAR} in its place and set the variable on each machine"
    text = recipe.data.decode("utf-8")
    file = shown_file(recipe.source)
    entries = [(key, f"holds credentials; {hint}") for key, value in _texts(recipe) if redact(value) != value]
    entries += [
        (("env", name), f"holds a secret, by its name; {hint}")
        for name, value in recipe.environment.items()
        if is_secret_variable(name, value) and redact(value) == value
    ]
    entries += [
        (("pip", "env", name), f"holds a secret, by its name; {hint}")
        for name, value in recipe.pip_environment.items()
        if is_secret_variable(name, value) and redact(value) == value
    ]
    problems = list(located(file, text, entries))
    lines = {problem.line for problem in problems}
    problems += [
        Problem(file, number, "", f"holds credentials; {hint}")
        for number, line in enumerate(text.splitlines(), start=1)
        if number not in lines and _has_url_credentials(line)
    ]
    return tuple(sorted(problems, key=lambda problem: problem.line or 0))


def _texts(recipe: Recipe) -> Iterator[tuple[Key, str]]:
    from rezup.recipes.places import tool_places

    for table, tool in tool_places(recipe):
        yield (*table, "url"), tool.requirement
        for number, text in enumerate(tool.libraries, start=1):
            yield (*table, "lib", number), text
    for number, text in enumerate(recipe.shared.requirements if recipe.shared else (), start=1):
        yield ("shared", "requires", number), text
    for number, text in enumerate(recipe.pip_options, start=1):
        yield ("pip", "options", number), text
    for name, text in recipe.pip_environment.items():
        yield ("pip", "env", name), text
    for name, text in recipe.environment.items():
        yield ("env", name), text


def _masked_userinfo(match: re.Match[str]) -> str:
    scheme, userinfo = match[1], match[2]
    user, colon, password = userinfo.partition(":")
    if has_placeholder(userinfo):
        # ${VAR:-default} holds a colon of its own
        stripped = _EMPTY_PLACEHOLDER.sub("", userinfo)
        user, colon, password = stripped.partition(":")
        if "$" not in stripped and (not password) and (colon or not user):
            return match[0]
    elif not userinfo or (not colon and (user in _WELL_KNOWN_USERS or "ssh" in scheme.lower())):
        return match[0]
    return f"{scheme}://{MASK}@"


def _masked_password(match: re.Match[str]) -> str:
    return match[0] if _is_open(match[2]) else f"{match[1]}{MASK}@"


def _masked_assignment(match: re.Match[str]) -> str:
    name, equals, value = match.groups()
    if value[0] not in "\"'" and match.start() and match.string[match.start() - 1] in "?&;":
        return match[0]  # a parameter of a URL
    text = value.strip("\"'")
    # Nobody writes the letters of a name as escapes but to hide it.
    is_secret = is_secret_variable("TOKEN" if "\\" in name else name.strip("\"'"), text)
    return f'{name}{equals}"{MASK}"' if is_secret else match[0]


def _is_open(value: str) -> bool:
    """True for what is no secret: masked already, or nothing but placeholders without defaults."""
    return value == MASK or not _EMPTY_PLACEHOLDER.sub("", value)


def _has_url_credentials(line: str) -> bool:
    return "://" in line and redact(line) != line


def is_secret_variable(name: str, value: str) -> bool:
    """True for a variable that by its name holds a secret, with a literal value."""
    # NAME_FILE and the like name where the secret is.
    return bool(value) and not has_placeholder(value) and _SECRET_NAME.fullmatch(name) is not None


def secret_values(recipe: Recipe, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Values that a build fills in and nobody may see, the longest first.

    Those of variables that by their name hold a secret, and of all that stand within a URL.
    """
    texts = [*recipe.pip_options, *recipe.pip_environment.values()]
    for tool in recipe.tools:
        texts += [tool.requirement, *tool.libraries]
    found = set()
    for text in texts:
        for name in placeholder_names(text):
            value = environ.get(name, "")
            is_secret = "://" in text or is_secret_variable(name, value)
            if len(value) >= _SHORTEST_SECRET and is_secret:
                found.add(value)
    return tuple(sorted(found, key=len, reverse=True))


def masking(secrets: Iterable[str]) -> Callable[[str], str]:
    """What masks the secrets of a build in a text: those values, and credentials in URLs.

    :param secrets: as `secret_values` finds them
    """

    def mask(text: str) -> str:
        for secret in secrets:
            text = text.replace(secret, MASK)
        return redact(text)

    return mask
