"""One bounded HTTP request, for a question whose answer may as well be missing.

Programs that fetch packages do their own downloads. This asks an index what there is: the time is
limited as a whole, name resolution included, which no time-out of a socket covers.
"""

from __future__ import annotations

import base64
import contextlib
import netrc
import ssl
import threading
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote, urlsplit, urlunsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

#: No list of releases is longer than this, in bytes.
LIMIT = 16 << 20


class Access(NamedTuple):
    """How a server is reached."""

    proxy: str | None = None
    """In place of what the environment says."""
    certificates: str | None = None
    """A file or folder of authorities to trust, in place of the system's."""
    client_certificate: str | None = None
    trusted_hosts: frozenset[str] = frozenset()
    """Hosts, or "host:port", whose certificate is not verified."""


class Answer(NamedTuple):
    """What a server said."""

    content_type: str
    body: bytes
    url: str
    """Where it came from after redirects, without credentials."""


def get(url: str, *, accept: str, access: Access, seconds: float) -> Answer:
    """Get a document within `seconds`, redirects included.

    :param url: http or https; it may hold credentials, which are sent to that host alone
    :raises OSError: no answer in time, or one that is an error (``urllib.error.HTTPError``)
    :raises ValueError: it is no web address, or the answer is no HTTP
    """
    try:
        scheme, _ = urlsplit(url).scheme, urlsplit(url).port
    except ValueError:  # its text may quote a password
        raise ValueError("the address can't be read") from None
    if scheme not in ("http", "https"):
        raise ValueError("only http and https can be asked")
    answers: list[Answer] = []
    errors: list[Exception] = []

    def ask() -> None:
        try:
            answers.append(_get(url, accept, access, seconds))
        except Exception as error:  # noqa: BLE001 - raised again by the caller's thread
            errors.append(error)

    # Looking up a name can't be interrupted; the thread is left behind and ends with the process.
    thread = threading.Thread(target=ask, daemon=True, name="ask an index")
    thread.start()
    thread.join(seconds)
    if answers:
        return answers[0]
    if not errors:
        raise TimeoutError(f"no answer within {seconds:g} s")
    if isinstance(errors[0], (OSError, ValueError)):
        raise errors[0]
    raise ValueError(f"{type(errors[0]).__name__}: {errors[0]}") from errors[0]


def without_credentials(url: str) -> str:
    """A web address that may be shown."""
    scheme, mark, rest = url.partition("://")
    rest = rest.rpartition("@")[2]  # a password may hold a slash, which no parser expects
    try:
        parts = urlsplit(f"{scheme}{mark}{rest}")
        _ = parts.port
    except ValueError:  # what is wrong with it may be the password
        return "(an address that can't be read)"
    return urlunsplit(parts._replace(query="", fragment=""))


def _get(url: str, accept: str, access: Access, seconds: float) -> Answer:
    parts = urlsplit(url)
    bare = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
    headers = {"Accept": accept, "User-Agent": "rezup"}
    login = _login(parts.username, parts.password, parts.hostname or "")
    if login is not None:
        headers["Authorization"] = login
    request = urllib.request.Request(bare, headers=headers)  # noqa: S310 - the scheme was checked
    with _opener(access, parts.hostname or "", parts.port).open(request, timeout=seconds) as response:
        body = response.read(LIMIT + 1)
        if len(body) > LIMIT:
            raise ValueError("the answer is too long")
        return Answer(response.headers.get_content_type(), body, without_credentials(response.url))


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows a redirect only where it gives nothing away.

    Never from https to http; a login stays with its server, and so does the leave to skip verification.
    """

    def __init__(self, *, is_unverified: bool) -> None:
        self._is_unverified = is_unverified

    def redirect_request(
        self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        old, new = urlsplit(req.full_url), urlsplit(newurl)
        moves = (old.scheme, old.netloc) != (new.scheme, new.netloc)
        if new.scheme not in ("http", "https") or (old.scheme == "https" and new.scheme != "https"):
            fp.close()
            raise OSError("it redirects to where nothing is verified")
        if moves and self._is_unverified:
            fp.close()
            raise OSError("it redirects to a server that is not trusted")
        request = super().redirect_request(req, fp, code, msg, headers, newurl)
        if request is not None and moves:
            request.headers.pop("Authorization", None)
        return request


def _login(user: str | None, password: str | None, host: str) -> str | None:
    if user is None:
        with contextlib.suppress(OSError, netrc.NetrcParseError):
            found = netrc.netrc().authenticators(host)
            if found:
                user, password = found[0], found[2]
    if user is None:
        return None
    text = f"{unquote(user)}:{unquote(password or '')}"
    return "Basic " + base64.b64encode(text.encode("utf-8")).decode("ascii")


def _opener(access: Access, host: str, port: int | None) -> urllib.request.OpenerDirector:
    context = ssl.create_default_context()
    if access.certificates:
        import os

        if os.path.isdir(access.certificates):
            context = ssl.create_default_context(capath=access.certificates)
        else:
            context = ssl.create_default_context(cafile=access.certificates)
    is_unverified = host in access.trusted_hosts or f"{host}:{port}" in access.trusted_hosts
    if is_unverified:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if access.client_certificate:
        context.load_cert_chain(access.client_certificate)
    proxies: Mapping[str, str] | None = None
    if access.proxy:
        proxy = access.proxy if "://" in access.proxy else f"http://{access.proxy}"
        proxies = {"http": proxy, "https": proxy}
    return urllib.request.build_opener(
        urllib.request.ProxyHandler(None if proxies is None else dict(proxies)),
        urllib.request.HTTPSHandler(context=context),
        _Redirects(is_unverified=is_unverified),
    )
