"""Releases on package indexes, by the JSON form of the simple repository API.

Source: the "Simple repository API" specification of the Python Packaging User Guide (PEP 503,
592, 629, 691, 700). Files without a SHA-256 digest are not taken.
"""

from __future__ import annotations

import json
import re
import urllib.error
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from packaging.utils import InvalidWheelFilename, parse_wheel_filename
from packaging.version import InvalidVersion

from rezup.errors import UpgradeError
from rezup.installers.indexes import local_folder
from rezup.system.web import get, without_credentials
from rezup.upgrade.sources.base import Release, Source
from rezup.upgrade.sources.folder import WheelFolders

if TYPE_CHECKING:
    from rezup.system.web import Access, Answer

JSON = "application/vnd.pypi.simple.v1+json"
_SHA256 = re.compile(r"[0-9a-f]{64}")


class PackageIndexes(Source):
    """All indexes that are configured; the first that has a project decides what there is of it."""

    def __init__(self, urls: tuple[str, ...], access: Access) -> None:
        self._urls = urls
        self._access = access

    @property
    def name(self) -> str:
        """Their addresses, without credentials."""
        return ", ".join(map(without_credentials, self._urls)) or "no index"

    @property
    def options(self) -> tuple[str, ...]:
        """The installer knows them."""
        return ("--only-binary", ":all:")

    def releases(self, project: str, seconds: float) -> list[Release]:
        """Its wheels there. All indexes are asked at once; one that doesn't answer stops those after it."""
        with ThreadPoolExecutor(max(len(self._urls), 1)) as pool:  # each of them ends in time
            for found in pool.map(lambda url: self._ask(url, project, seconds), self._urls):
                if found is not None:
                    return found
        return []

    def _ask(self, url: str, project: str, seconds: float) -> list[Release] | None:
        """What one index has; None if it does not know the project."""
        shown = without_credentials(url)
        folder = local_folder(url)
        if folder is not None:
            if not (folder / project).is_dir():
                return None
            return WheelFolders(folder / project).releases(project, seconds)
        try:
            answer = get(f"{url.rstrip('/')}/{project}/", accept=JSON, access=self._access, seconds=seconds)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code == 404:
                return None
            raise UpgradeError(f"the index {shown} refused", context=f"HTTP {error.code}") from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "reason", None) or error
            raise UpgradeError(f"the index {shown} can't be asked", context=str(reason)) from None
        return [release for file in _files(answer, shown) if (release := _release(file, project))]


def _files(answer: Answer, shown: str) -> list[Any]:
    hint = "`rezup self upgrade --in-place` leaves it all to pip"
    if answer.content_type not in (JSON, "application/json"):
        raise UpgradeError(
            f"the index {shown} does not answer in JSON", context=f"it sent {answer.content_type}", hint=hint
        )
    try:
        document = json.loads(answer.body)
        version = str(document.get("meta", {}).get("api-version", "1.0"))
        files = document["files"]
    except (ValueError, KeyError, AttributeError, RecursionError):
        raise UpgradeError(f"the index {shown} sent what is no list of files", hint=hint) from None
    if version.partition(".")[0] != "1" or not isinstance(files, list):
        raise UpgradeError(f"the index {shown} speaks another version of the protocol", hint=hint)
    return files


def _release(file: Any, project: str) -> Release | None:
    """The release of a wheel; None for anything else, and for what can't be verified."""
    try:
        name, version, _, tags = parse_wheel_filename(file["filename"])
        digest = file["hashes"]["sha256"]
        requires = file.get("requires-python") or None
    except (InvalidWheelFilename, InvalidVersion, KeyError, TypeError, AttributeError):
        return None
    if name != project or not any(tag.interpreter == "py3" and tag.platform == "any" for tag in tags):
        return None
    if not isinstance(digest, str) or not _SHA256.fullmatch(digest):
        return None
    return Release(
        version,
        f"{project}=={version} --hash=sha256:{digest}",
        requires if isinstance(requires, str) else None,
        is_yanked=bool(file.get("yanked")),
        options=("--require-hashes", "--only-binary", ":all:"),
    )
