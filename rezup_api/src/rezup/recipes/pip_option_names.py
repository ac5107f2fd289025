"""The options of `pip install` (26.0), by what follows them and what recipes may do with them."""

from __future__ import annotations

_REFUSED_VALUES = frozenset(
    {
        "--abi",
        "--editable",
        "--group",
        "--implementation",
        "--platform",
        "--prefix",
        "--python",
        "--python-version",
        "--requirements-from-script",
        "--root",
        "--target",
    }
)
#: They would install somewhere else, for another platform, or nothing.
REFUSED = _REFUSED_VALUES | {"--user", "--dry-run", "--help", "--version"}
#: Their values are files, folders or URLs.
PATH_OPTIONS = frozenset(
    {
        "--build-constraint",
        "--cache-dir",
        "--cert",
        "--client-cert",
        "--constraint",
        "--extra-index-url",
        "--find-links",
        "--index-url",
        "--log",
        "--report",
        "--requirement",
        "--src",
    }
)
_OTHER_VALUES = frozenset(
    {
        "--all-releases",
        "--config-settings",
        "--exists-action",
        "--global-option",
        "--keyring-provider",
        "--no-binary",
        "--only-binary",
        "--only-final",
        "--progress-bar",
        "--proxy",
        "--resume-retries",
        "--retries",
        "--root-user-action",
        "--timeout",
        "--trusted-host",
        "--upgrade-strategy",
        "--uploaded-prior-to",
        "--use-deprecated",
        "--use-feature",
    }
)
#: They have no value.
SWITCHES = frozenset(
    {
        "--break-system-packages",
        "--check-build-dependencies",
        "--compile",
        "--debug",
        "--disable-pip-version-check",
        "--dry-run",
        "--force-reinstall",
        "--help",
        "--ignore-installed",
        "--ignore-requires-python",
        "--isolated",
        "--no-build-isolation",
        "--no-cache-dir",
        "--no-clean",
        "--no-color",
        "--no-compile",
        "--no-deps",
        "--no-index",
        "--no-input",
        "--no-python-version-warning",
        "--no-use-pep517",
        "--no-warn-conflicts",
        "--no-warn-script-location",
        "--pre",
        "--prefer-binary",
        "--quiet",
        "--require-hashes",
        "--require-virtualenv",
        "--upgrade",
        "--use-pep517",
        "--user",
        "--verbose",
        "--version",
    }
)
WITH_VALUE = _REFUSED_VALUES | PATH_OPTIONS | _OTHER_VALUES
KNOWN = WITH_VALUE | SWITCHES
SHORT = {
    "i": "--index-url",
    "f": "--find-links",
    "c": "--constraint",
    "r": "--requirement",
    "t": "--target",
    "e": "--editable",
    "C": "--config-settings",
    "U": "--upgrade",
    "I": "--ignore-installed",
    "q": "--quiet",
    "v": "--verbose",
    "h": "--help",
    "V": "--version",
}
