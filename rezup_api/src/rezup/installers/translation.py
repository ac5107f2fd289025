"""pip's settings in uv's words, with pip's meaning.

What holds credentials (indexes, proxies, links) goes by environment variable, as argument lists are
readable by every user of the machine. An option that isn't listed here changes what gets
installed in a way that uv can't be told, so pip has to do it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rezup.installers.pip_configuration import PipSettings

#: Of no effect on what is installed into a fresh environment, or set by rezup itself.
HARMLESS = frozenset(
    ["break-system-packages", "cache-dir", "check-build-dependencies", "compile", "debug",
     "disable-pip-version-check", "exists-action", "force-reinstall", "ignore-installed", "log",
     "no-cache-dir", "no-clean", "no-color", "no-compile", "no-input", "no-python-version-warning",
     "no-warn-conflicts", "no-warn-script-location", "progress-bar", "quiet", "require-virtualenv",
     "resume-retries", "root-user-action", "upgrade", "upgrade-strategy", "use-pep517", "verbose"]
)  # fmt: skip

_SWITCHES = {
    "no-build-isolation": ("--no-build-isolation",),
    "no-dependencies": ("--no-deps",),
    "no-deps": ("--no-deps",),
    "no-index": ("--no-index",),
    "pre": ("--prerelease", "allow"),
    "require-hashes": ("--require-hashes",),
}
_REPEATED = {
    "build-constraint": "--build-constraints",
    "config-settings": "--config-setting",
    "constraint": "--constraints",
    "requirement": "--requirements",
    "trusted-host": "--allow-insecure-host",
}
_PACKAGE_LISTS = {"no-binary": "--no-binary", "only-binary": "--only-binary"}
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")


@dataclass(frozen=True, slots=True)
class Translation:
    """What uv is told in place of pip; ``environment`` may hold secrets and is not shown."""

    arguments: tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)
    removed: frozenset[str]
    """Variables that uv must not see."""
    untranslated: tuple[str, ...]
    """Options that uv has no word for; only pip can do what they ask."""


def translate(settings: PipSettings) -> Translation:
    """Say it for uv; a value that uv would read otherwise leaves its option untranslated."""
    draft = _Draft()
    for option, values in settings.values.items():
        if option in HARMLESS:
            continue
        if option in _SWITCHES:
            draft.arguments += _SWITCHES[option]
        elif option in _REPEATED:
            for value in values:
                draft.arguments += (_REPEATED[option], value)
        elif option in _PACKAGE_LISTS:
            for value in ",".join(values).split(","):
                draft.arguments += (_PACKAGE_LISTS[option], value.strip())
        elif option not in _SPECIAL or not _SPECIAL[option](draft, values):
            draft.untranslated.append(option)
    _certificates(draft, settings)
    return Translation(
        tuple(draft.arguments), draft.environment, frozenset(draft.removed), tuple(sorted(draft.untranslated))
    )


@dataclass
class _Draft:
    arguments: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)
    untranslated: list[str] = field(default_factory=list)


def _index(draft: _Draft, values: tuple[str, ...]) -> bool:
    url = _url(values[-1])
    if url is None:
        return False
    draft.environment["UV_DEFAULT_INDEX"] = url
    draft.removed |= {"UV_INDEX_URL"}
    return True


def _extra_indexes(draft: _Draft, values: tuple[str, ...]) -> bool:
    urls = [_url(value) for value in values]
    if any(url is None for url in urls):
        return False
    draft.environment["UV_INDEX"] = " ".join(url for url in urls if url)
    # pip knows no order of indexes: the best version of all of them wins.
    draft.environment["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    return True


def _links(draft: _Draft, values: tuple[str, ...]) -> bool:
    if any("," in value for value in values):  # uv's separator, which nothing escapes
        return False
    draft.environment["UV_FIND_LINKS"] = ",".join(str(_expanded(value)) for value in values)
    return True


def _certificate(draft: _Draft, values: tuple[str, ...]) -> bool:
    path = _expanded(values[-1])
    if Path(path).is_dir():
        draft.environment["SSL_CERT_DIR"] = path
        draft.removed |= {"SSL_CERT_FILE"}
    else:
        draft.environment["SSL_CERT_FILE"] = path
        draft.removed |= {"SSL_CERT_DIR"}
    return True


def _client_certificate(draft: _Draft, values: tuple[str, ...]) -> bool:
    draft.environment["SSL_CLIENT_CERT"] = _expanded(values[-1])
    return True


def _proxy(draft: _Draft, values: tuple[str, ...]) -> bool:
    url = values[-1]
    for name in _PROXIES:
        draft.environment[name] = url if "://" in url else f"http://{url}"
    # With a proxy of its own pip asks the environment no more, thus for no exceptions either.
    draft.removed |= {"NO_PROXY", "no_proxy"}
    return True


def _seconds(draft: _Draft, values: tuple[str, ...]) -> bool:
    try:
        draft.environment["UV_HTTP_TIMEOUT"] = str(max(1, round(float(values[-1]))))
    except ValueError:
        return False
    return True


def _retries(draft: _Draft, values: tuple[str, ...]) -> bool:
    if not values[-1].isdecimal():
        return False
    draft.environment["UV_HTTP_RETRIES"] = values[-1]
    return True


def _keyring(draft: _Draft, values: tuple[str, ...]) -> bool:
    if values[-1] in ("disabled", "subprocess"):
        draft.environment["UV_KEYRING_PROVIDER"] = values[-1]
        return True
    return values[-1] == "auto"


_SPECIAL: dict[str, Callable[[_Draft, tuple[str, ...]], bool]] = {
    "cert": _certificate,
    "client-cert": _client_certificate,
    "extra-index-url": _extra_indexes,
    "find-links": _links,
    "index-url": _index,
    "keyring-provider": _keyring,
    "proxy": _proxy,
    "retries": _retries,
    "timeout": _seconds,
}


def _certificates(draft: _Draft, settings: PipSettings) -> None:
    """The variables that pip's HTTP library reads, which uv doesn't know."""
    if "cert" in settings.values or settings.environment.get("SSL_CERT_FILE"):
        return
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        bundle = settings.environment.get(name)
        if bundle:
            _certificate(draft, (bundle,))
            return


def _url(value: str) -> str | None:
    """An index as uv takes it: a URL, or a folder as its URL; None for what it would misread."""
    if "://" in value or value.startswith("file:"):
        return None if " " in value else value
    path = Path(_expanded(value))
    return path.as_uri() if path.is_absolute() else None


def _expanded(value: str) -> str:
    """`~` as the home folder, which pip does for paths and uv doesn't."""
    return str(Path(value).expanduser()) if re.match(r"~[/\\]", value) else value
