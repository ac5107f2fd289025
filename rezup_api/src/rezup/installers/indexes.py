"""The package indexes that pip and uv would ask on this machine, and how they are reached."""

from __future__ import annotations

import ast
import os
import re
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, unquote, urlsplit

from rezup.installers.programs import bundled_pip
from rezup.system.web import Access

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rezup.installers.pip_configuration import PipSettings
    from rezup.installers.uv_settings import UvSettings

#: uv lets an index be given a name: "studio=https://…".
_NAMED = re.compile(r"^[A-Za-z0-9._-]+=")


class Indexes(NamedTuple):
    """Where packages come from; web addresses may hold credentials, so they are not to be shown."""

    urls: tuple[str, ...]
    """Simple-API roots, in the order in which they are preferred; the first that has a project counts."""
    folders: tuple[Path, ...]
    """Local folders of wheels, for a machine that is told to ask no index."""
    access: Access


def configured_indexes(settings: PipSettings, uv: UvSettings) -> Indexes:
    """What the configuration of pip and uv names, additional indexes before the default one.

    Without any default, it is the one that pip has built in; where no index may be asked, there is none.
    """
    environment = settings.environment
    documents = [_read_toml(path) for path in uv.files]
    if (
        "no-index" in settings.values
        or environment.get("UV_NO_INDEX", "").lower() in ("1", "true")
        or any(table.get("no-index") is True for document in documents for table in _levels(document))
    ):
        return Indexes((), _links(settings, documents), _access(settings))
    words = " ".join(environment.get(name, "") for name in ("UV_INDEX", "UV_EXTRA_INDEX_URL")).split()
    urls = [_named(word, environment) for word in words]
    urls += settings.values.get("extra-index-url", ())
    urls += [url for document in documents for url in _additional(document, environment)]
    default = (
        settings.last("index-url")
        or _named(environment.get("UV_DEFAULT_INDEX", ""), environment)
        or environment.get("UV_INDEX_URL")
        or next((url for document in documents if (url := _default(document, environment))), None)
        or built_in_index()
    )
    urls += [default] if default else []
    return Indexes(tuple(dict.fromkeys(urls)), (), _access(settings))


def built_in_index() -> str | None:
    """The index that pip asks when it is told nothing, read from the pip that virtualenv brings.

    No address of an index stands in this code: a machine asks what its own tools would ask.
    """
    wheel = bundled_pip(sys.version_info[:2])
    if wheel is None:
        return None
    try:
        with zipfile.ZipFile(wheel) as archive:
            tree = ast.parse(archive.read("pip/_internal/models/index.py"))
    except (OSError, KeyError, SyntaxError, ValueError, zipfile.BadZipFile):
        return None
    for node in tree.body:
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "PyPI"
            and isinstance(node.value, ast.Call) and node.value.args
            and isinstance(node.value.args[0], ast.Constant)
            and isinstance(node.value.args[0].value, str)
        ):  # fmt: skip
            return node.value.args[0].value.rstrip("/") + "/simple"
    return None


def _access(settings: PipSettings) -> Access:
    environment = settings.environment
    certificates = settings.last("cert") or next(
        (environment[n] for n in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE") if environment.get(n)), None
    )
    return Access(
        proxy=settings.last("proxy"),
        certificates=certificates and os.path.expanduser(certificates),
        client_certificate=settings.last("client-cert"),
        trusted_hosts=frozenset(
            [*settings.values.get("trusted-host", ()), *environment.get("UV_INSECURE_HOST", "").split()]
        ),
    )


def _read_toml(path: Path) -> dict[str, Any]:
    from rezup.system.compiled import read_toml

    try:
        return read_toml(path, None, kind="uv", pick=dict) or {}
    except (OSError, ValueError):  # whoever installs with it will say so
        return {}


def _tables(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = document.get("index")
    return [table for table in found if isinstance(table, dict)] if isinstance(found, list) else []


def _levels(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Where a key that uv's `[pip]` table has, too, may stand."""
    pip = document.get("pip")
    return [document, pip] if isinstance(pip, dict) else [document]


def _additional(document: Mapping[str, Any], environment: Mapping[str, str]) -> list[str]:
    urls = [_url(table, environment) for table in _tables(document) if not table.get("default")]
    return [url for url in (*urls, *_listed([document], "extra-index-url")) if url]


def _default(document: Mapping[str, Any], environment: Mapping[str, str]) -> str | None:
    urls: list[Any] = [_url(table, environment) for table in _tables(document) if table.get("default")]
    urls += [table.get("index-url") for table in _levels(document)]
    return next((url for url in urls if url and isinstance(url, str)), None)


def _listed(documents: Sequence[Mapping[str, Any]], key: str) -> list[str]:
    values = [table.get(key) for document in documents for table in _levels(document)]
    return [text for value in values if isinstance(value, list) for text in value if isinstance(text, str)]


def _url(table: Mapping[str, Any], environment: Mapping[str, str]) -> str:
    url, name = table.get("url"), table.get("name")
    if not isinstance(url, str):
        return ""
    return _named(f"{name}={url}" if isinstance(name, str) else url, environment)


def _named(word: str, environment: Mapping[str, str]) -> str:
    """The address of an index that may be given a name, with the login that uv has for that name."""
    match = _NAMED.match(word)
    if match is None:
        return word
    url = word[match.end() :]
    prefix = "UV_INDEX_" + re.sub(r"[^A-Za-z0-9]", "_", match[0][:-1]).upper()
    user, password = (environment.get(f"{prefix}_{part}", "") for part in ("USERNAME", "PASSWORD"))
    if "://" not in url or "@" in url or not (user or password):
        return url
    return url.replace("://", f"://{quote(user, safe='')}:{quote(password, safe='')}@", 1)


def _links(settings: PipSettings, documents: Sequence[Mapping[str, Any]]) -> tuple[Path, ...]:
    texts = [
        *settings.values.get("find-links", ()),
        *settings.environment.get("UV_FIND_LINKS", "").split(","),
    ]
    found = [
        path
        for text in (*texts, *_listed(documents, "find-links"))
        if (path := local_folder(text.strip())) and path.is_dir()
    ]
    return tuple(dict.fromkeys(found))


def local_folder(text: str) -> Path | None:
    """The folder that an index or a link on this machine is; None for a web address."""
    if text.startswith("file:"):
        text = unquote(urlsplit(text).path)
    elif "://" in text or not text:
        return None
    return Path(os.path.expanduser(text))
