"""pip's settings in uv's words, and which installer is taken."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rezup.errors import InstallError
from rezup.installers.pip_configuration import read_settings
from rezup.installers.selection import choose
from rezup.installers.translation import Translation, translate
from rezup.system.interpreters import Interpreter

if TYPE_CHECKING:
    from rezup.recipes.model import Backend


def told(*options: str, **variables: str) -> Translation:
    environment = {"PIP_CONFIG_FILE": os.devnull, **variables}
    return translate(read_settings(environment, Path("/nonexistent"), options=options))


def test_nothing_is_nothing() -> None:
    translation = told()
    assert translation == Translation((), {}, frozenset(), ())


def test_indexes_keep_pips_meaning() -> None:
    translation = told(
        "--index-url=https://u:p@main.invalid/simple", "--extra-index-url", "https://a.invalid", "--extra-index-url",
        "/srv/my index",
    )  # fmt: skip
    assert translation.environment == {
        "UV_DEFAULT_INDEX": "https://u:p@main.invalid/simple",
        "UV_INDEX": "https://a.invalid file:///srv/my%20index",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
    }
    assert translation.arguments == ()  # where every user could read them
    assert translation.untranslated == ()
    assert "UV_INDEX_URL" in translation.removed


@pytest.mark.parametrize(
    ("options", "arguments"),
    [
        (["--no-index"], ("--no-index",)),
        (["--pre"], ("--prerelease", "allow")),
        (["--no-deps"], ("--no-deps",)),
        (["--no-build-isolation"], ("--no-build-isolation",)),
        (["--only-binary=:all:"], ("--only-binary", ":all:")),
        (["--no-binary=a,b"], ("--no-binary", "a", "--no-binary", "b")),
        (
            ["--trusted-host", "a", "--trusted-host", "b:80"],
            ("--allow-insecure-host", "a", "--allow-insecure-host", "b:80"),
        ),
        (["-c", "/c.txt"], ("--constraints", "/c.txt")),
        (["--quiet", "--no-input", "--no-cache-dir", "--progress-bar=off", "-U"], ()),
    ],
)
def test_options(options: list[str], arguments: tuple[str, ...]) -> None:
    translation = told(*options)
    assert (translation.arguments, translation.environment, translation.untranslated) == (arguments, {}, ())


def test_network_settings(tmp_path: Path) -> None:
    translation = told(
        "--proxy",
        "u:p@proxy:1",
        "--timeout=2.4",
        "--retries=0",
        "--cert",
        "/ca.pem",
        "--client-cert",
        "/me.pem",
    )
    assert translation.environment["HTTPS_PROXY"] == "http://u:p@proxy:1"
    assert translation.environment["http_proxy"] == "http://u:p@proxy:1"
    assert translation.removed >= {"NO_PROXY", "no_proxy", "SSL_CERT_DIR"}
    assert translation.environment["UV_HTTP_TIMEOUT"] == "2"
    assert translation.environment["UV_HTTP_RETRIES"] == "0"
    assert translation.environment["SSL_CERT_FILE"] == "/ca.pem"
    assert translation.environment["SSL_CLIENT_CERT"] == "/me.pem"
    assert told("--cert", str(tmp_path)).environment == {"SSL_CERT_DIR": str(tmp_path)}


def test_certificates_of_pips_http_library() -> None:
    assert told(REQUESTS_CA_BUNDLE="/a.pem").environment == {"SSL_CERT_FILE": "/a.pem"}
    assert told(CURL_CA_BUNDLE="/a.pem").environment == {"SSL_CERT_FILE": "/a.pem"}
    assert told(REQUESTS_CA_BUNDLE="/a.pem", SSL_CERT_FILE="/b.pem").environment == {}


@pytest.mark.parametrize(
    ("options", "name"),
    [
        (["--prefer-binary"], "prefer-binary"),
        (["--ignore-requires-python"], "ignore-requires-python"),
        (["--no-use-pep517"], "no-use-pep517"),
        (["--use-feature=fast-deps"], "use-feature"),
        (["--find-links", "/a,b"], "find-links"),
        (["--timeout", "soon"], "timeout"),
        (["--some-option-of-tomorrow=1"], "some-option-of-tomorrow"),
    ],
)
def test_what_uv_has_no_word_for(options: list[str], name: str) -> None:
    assert told(*options).untranslated == (name,)


def python(version: str = "3.11.7") -> Interpreter:
    return Interpreter(Path("/python"), version, "cpython", "cpython-311", "abi", "x86_64")


NOTHING = Translation((), {}, frozenset(), ())
MUCH = Translation((), {}, frozenset(), ("prefer-binary",))


@pytest.mark.parametrize(
    ("backend", "version", "translation", "target", "misfits", "expected", "reason"),
    [
        ("auto", "0.13.8", NOTHING, "3.11.7", (), "uv", "nothing rules it out"),
        ("auto", "1.0.0", NOTHING, "3.8.0", (), "uv", "nothing rules it out"),
        ("uv", "0.8.0", NOTHING, "3.11.7", (), "uv", "the recipe asks"),
        ("pip", "0.13.8", NOTHING, "3.11.7", (), "pip", "the recipe asks"),
        ("auto", None, NOTHING, "3.11.7", (), "pip", "no uv"),
        ("auto", "0.7.22", NOTHING, "3.11.7", (), "pip", "older"),
        ("auto", "0.13.8", NOTHING, "3.7.16", (), "pip", "3.7.16"),
        ("auto", "0.13.8", NOTHING, "2.7.18", (), "pip", "2.7.18"),
        ("auto", "0.13.8", MUCH, "3.11.7", (), "pip", "prefer-binary"),
        ("auto", "0.13.8", NOTHING, "3.11.7", ("target in x",), "pip", "target in x"),
        ("uv", None, NOTHING, "3.11.7", (), None, "no uv"),
        ("uv", "0.13.8", MUCH, "3.11.7", (), None, "prefer-binary"),
    ],
)
def test_choice(
    backend: Backend, version: str | None, translation: Translation, target: str, misfits: tuple[str, ...],
    expected: str | None, reason: str,
) -> None:  # fmt: skip
    def chosen() -> tuple[str, str]:
        selection = choose(
            backend,
            uv_version=version,
            translation=translation,
            interpreter=python(target),
            uv_misfits=misfits,
        )
        return selection.backend, selection.reason

    if expected is None:
        with pytest.raises(InstallError, match=reason):
            chosen()
    else:
        assert chosen()[0] == expected
        assert reason in chosen()[1]
