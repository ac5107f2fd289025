"""URLs as a lock may hold them: everybody who has the lock reads them."""

from __future__ import annotations

import re

# What follows "scheme://" once credentials are gone: a host, perhaps its port.
_HOST = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?")
_DELIMITER = re.compile(r"[/?#;\\]")
_END = re.compile(r"[?#;]")
#: "://", percent-encoded: a URL within the path may have credentials of its own.
_ENCODED = "%3a%2f%2f"


def public_url(url: str) -> str | None:
    """The URL without user, password, query and fragment.

    None where it isn't of the web, or nobody can tell where a password in it ends.
    """
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.lower() not in ("http", "https"):
        return None
    authority = _DELIMITER.split(rest, maxsplit=1)[0]
    after = rest[len(authority) :]
    # A raw "/", "?" or "#" in a password ends the host too early: what follows holds the rest, up to an "@".
    if "@" in after and ("@" in authority or ":" in rest.rpartition("@")[0]):
        return None
    host = authority.rpartition("@")[2]
    path = _END.split(after, maxsplit=1)[0]
    if _HOST.fullmatch(host) is None or _ENCODED in path.lower():
        return None
    return f"{scheme.lower()}://{host}{path}"
