"""Locks to their bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup.errors import LockError
from rezup.lockfiles.targets import platform_marker
from rezup.lockfiles.urls import public_url

if TYPE_CHECKING:
    from rezup.lockfiles.lock import Lock, LockedPackage, Wheel

_HEADER = "# Written by rezup; `rezup lock` makes it anew.\n"


def to_bytes(lock: Lock) -> bytes:
    """The lock as a ``pylock.toml`` (PEP 751) that pip and uv read too; the same bytes for the same lock.

    No credentials get in: URLs lose user, password, query and fragment, texts are masked.

    :raises LockError: a package has no wheel, or a URL that can't be freed of credentials
    """
    import tomli_w

    document: dict[str, object] = {"lock-version": "1.0"}
    environments = [platform_marker(platform) for platform in lock.platforms] or [*lock.environments]
    if environments:
        document["environments"] = environments
    if lock.python:
        document["requires-python"] = f"=={lock.python}.*"
    elif lock.requires_python:
        document["requires-python"] = lock.requires_python
    if lock.default_groups:
        document["dependency-groups"] = document["default-groups"] = [*lock.default_groups]
    document["created-by"] = "rezup"
    packages = sorted(lock.packages, key=lambda item: (item.name, item.version, item.marker or ""))
    document["packages"] = [_package(package) for package in packages]
    if lock.python:
        document["tool"] = {
            "rezup": {
                "python": lock.python,
                "implementation": lock.implementation,
                "platforms": [*lock.platforms],
            }
        }
    return (_HEADER + tomli_w.dumps(document)).encode("utf-8")


def _package(package: LockedPackage) -> dict[str, object]:
    if not package.wheels:
        raise LockError(
            f"{package.name} {package.version}".rstrip() + " can't be locked",
            context="there is no wheel of it",
            hint="let it be built (`sdists = true` in [installer]), or ask for a version that has wheels",
        )
    table: dict[str, object] = {"name": package.name}
    if package.version:
        table["version"] = package.version
    if package.marker:
        table["marker"] = package.marker
    table["wheels"] = [_wheel(wheel) for wheel in sorted(package.wheels)]
    origin = package.origin
    if origin is not None:
        from rezup.recipes.secrets import redact

        entry: dict[str, object] = {"source": redact(origin.source)}
        if origin.digest:
            entry["digest"] = origin.digest
        if origin.commit:
            entry["commit"] = origin.commit
        if origin.tools:
            entry["tools"] = [*origin.tools]
        table["tool"] = {"rezup": entry}
    return table


def _wheel(wheel: Wheel) -> dict[str, object]:
    table: dict[str, object] = {"name": wheel.name}
    if wheel.url:
        url = public_url(wheel.url)
        if url is None:
            raise LockError(
                f"{wheel.name} can't be locked",
                context="nobody can tell where the credentials in its URL end",
                hint="write the password of the index percent-encoded",
            )
        table["url"] = url
    else:
        table["path"] = wheel.path
    if wheel.size is not None:
        table["size"] = wheel.size
    table["hashes"] = {"sha256": wheel.sha256}
    return table
