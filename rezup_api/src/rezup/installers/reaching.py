"""What of a configuration says how packages are reached, and not which ones are taken.

A lock has decided what is installed. Constraints, pre-releases, formats and the like had their say when it
was made; told once more, they could only make an installer refuse it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rezup.installers.indexes import configured_indexes

if TYPE_CHECKING:
    from rezup.installers.pip_configuration import PipSettings
    from rezup.installers.uv_settings import UvSettings

_REACHING = frozenset(
    ["cache-dir", "cert", "client-cert", "debug", "extra-index-url", "find-links", "index-url",
     "keyring-provider", "log", "no-cache-dir", "no-color", "no-index", "no-input", "progress-bar", "proxy",
     "quiet", "resume-retries", "retries", "timeout", "trusted-host", "use-feature", "verbose"]
)  # fmt: skip
#: What decides for uv which packages are taken.
_DECIDING = frozenset(
    ["UV_BUILD_CONSTRAINT", "UV_CONSTRAINT", "UV_EXCLUDE", "UV_EXCLUDE_NEWER", "UV_NO_BINARY",
     "UV_NO_BINARY_PACKAGE", "UV_NO_BUILD", "UV_NO_BUILD_PACKAGE", "UV_OVERRIDE", "UV_PRERELEASE",
     "UV_REQUIRE_HASHES", "UV_TORCH_BACKEND"]
)  # fmt: skip
#: Of `pip install`, for what is built by itself: which packages go with it is decided elsewhere.
_OF_A_RESOLUTION = frozenset(
    ["constraint", "force-reinstall", "ignore-installed", "no-binary", "only-binary", "requirement",
     "require-hashes", "upgrade", "upgrade-strategy", "no-deps", "no-dependencies"]
)  # fmt: skip

_NOBODY = "http://127.0.0.1:9"
_PROXIES = ("http_proxy", "https_proxy", "ftp_proxy", "all_proxy")
#: Variables with which a program, and what it starts, gets no answer but at once a refusal.
NO_NETWORK = {
    **{name: _NOBODY for proxy in _PROXIES for name in (proxy, proxy.upper())},
    "no_proxy": "",
    "NO_PROXY": "",
    "GIT_ALLOW_PROTOCOL": "file",
}
#: The same for pip, which believes its own settings first.
NO_NETWORK_FOR_PIP = {**NO_NETWORK, "PIP_PROXY": _NOBODY, "PIP_RETRIES": "0"}


def reaching(settings: PipSettings) -> PipSettings:
    """The settings for installing by a lock."""
    values = {name: texts for name, texts in settings.values.items() if name in _REACHING}
    environment = {name: text for name, text in settings.environment.items() if name not in _DECIDING}
    return replace(settings, values=values, environment=environment)


def for_builds(settings: PipSettings, uv: UvSettings | None) -> PipSettings:
    """The settings for building one source, which pip does for both installers.

    :param uv: uv's own settings, where uv resolves: an index that only uv knows counts for builds, too
    """
    values = {name: texts for name, texts in settings.values.items() if name not in _OF_A_RESOLUTION}
    if uv is not None and "no-index" not in values:
        *extra, default = configured_indexes(settings, uv).urls or ("",)
        if default:
            values["index-url"] = (default,)
            if extra:
                values["extra-index-url"] = tuple(extra)
        else:
            values["no-index"] = ("1",)
    links = settings.environment.get("UV_FIND_LINKS") if uv is not None else None
    if links:
        values["find-links"] = (*values.get("find-links", ()), *filter(None, links.split(",")))
    return replace(settings, values=values)


def without_network(settings: PipSettings) -> PipSettings:
    """The settings for builds that may ask nobody, whatever address they bring along."""
    return replace(
        settings,
        values={**settings.values, "proxy": (_NOBODY,), "retries": ("0",)},
        environment={**settings.environment, **NO_NETWORK},
    )


def without_index(settings: PipSettings) -> PipSettings:
    """The settings for files that are all here: nothing is asked, nothing is cached."""
    dropped = ("index-url", "extra-index-url", "find-links", "cache-dir", "proxy")
    values = {name: texts for name, texts in settings.values.items() if name not in dropped}
    environment = {
        name: text
        for name, text in settings.environment.items()
        if name not in ("UV_FIND_LINKS", "UV_INDEX", "UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL")
    }
    return replace(
        settings,
        values={**values, "no-index": ("1",), "no-cache-dir": ("1",)},
        environment={**environment, **NO_NETWORK, "UV_NO_CACHE": "1", "UV_NO_CONFIG": "1"},
    )
