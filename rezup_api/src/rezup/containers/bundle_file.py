"""A revision as one file, to be carried where there is no network.

::

    FILE                     see `rezup.wheelhouse.archive`
      bundle.json            format, container, revision, who made the revision, where and by which rezup,
                             and SHA-256 and size of every other member
      pylock*.toml           its locks
      revision.json          its receipt, as a remote root has it
      rezup.toml             its recipe
      wheels/NAME.whl

Nobody vouches for such a file. Names, kinds and sizes of all members are checked before a byte is written,
and hashes as they are written: into a folder that the caller gives, which is emptied if one is wrong.
Nothing of it is run or imported.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import stat
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from rezup.errors import BundleError, HashMismatchError, InvalidNameError
from rezup.lockfiles.lock import WHEELS
from rezup.lockfiles.wheel_names import is_wheel_name
from rezup.recipes.names import ContainerName
from rezup.stores.base import RECEIPT, RECIPE
from rezup.stores.folder import LEASE
from rezup.stores.stamps import Stamp
from rezup.system.files import open_new, remove_tree, sync_folder
from rezup.system.leftovers import STAGING, new_name, sweep
from rezup.wheelhouse import archive
from rezup.wheelhouse.archive import Archive, Piece, refusal
from rezup.wheelhouse.hashing import NoFileError, open_file, why
from rezup.wheelhouse.names import is_sha256

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

FORMAT = 1
ABOUT = "bundle.json"

_LOCK = re.compile(r"pylock(?:\.[A-Za-z0-9_-]{1,65})?\.toml")
#: Bytes of a member that is no wheel; far above what is needed.
_LARGEST_TEXT = 32 << 20
_LONGEST_FACT = 200
_CHUNK = 1 << 20


class BundleFacts(NamedTuple):
    """What a bundle says of itself: of the revision, nothing of who bundles it."""

    container: ContainerName
    revision: Stamp
    creator: str
    """Who made the revision; printable, as are the next two."""
    host: str
    """Where it was made."""
    rezup: str
    """The version of rezup that made it."""


class Bundle(NamedTuple):
    """An unpacked bundle."""

    facts: BundleFacts
    folder: Path
    """Where it was unpacked: recipe, receipt and locks under their names, and wheels in ``wheels/``."""
    files: Mapping[str, Path]
    """By the name in the bundle, such as "rezup.toml" or "wheels/rez-3.4.0-py3-none-any.whl"."""

    @property
    def container(self) -> ContainerName:
        """Its container."""
        return self.facts.container

    @property
    def stamp(self) -> Stamp:
        """Its revision."""
        return self.facts.revision

    @property
    def wheels(self) -> tuple[Path, ...]:
        """The wheels, sorted by name."""
        return tuple(path for name, path in sorted(self.files.items()) if name.startswith(f"{WHEELS}/"))


class _Content(NamedTuple):
    """What a member has to be."""

    sha256: str
    size: int


def is_member(name: str) -> bool:
    """Whether a bundle may have a member of that name."""
    if name in (ABOUT, RECIPE, RECEIPT) or _LOCK.fullmatch(name):
        return True
    folder, _, wheel = name.partition("/")
    return folder == WHEELS and is_wheel_name(wheel)


# -- writing ----------------------------------------------------------------------------------


def write_bundle(target: Path, files: Mapping[str, bytes | Path], about: BundleFacts) -> None:
    """Write a bundle; it is there completely or not at all, and replaces what has the name.

    :param files: content, or a file with it, by name: "rezup.toml", "revision.json", locks, and wheels
    :raises BundleError: it can't be written, or a file can't be in a bundle or changed meanwhile
    """
    _check_names(files)
    parent = target.parent
    sweep(parent, LEASE)
    staging = parent / new_name(STAGING)
    try:
        contents = {name: _content(files[name]) for name in sorted(files)}
        staging.mkdir(0o700)
        try:
            made = staging / "bundle"
            with made.open("xb") as stream:  # the user's umask decides who may read it
                archive.write(stream, _pieces(files, contents, about))
                if hasattr(os, "fchmod"):
                    os.fchmod(stream.fileno(), stat.S_IMODE(os.fstat(stream.fileno()).st_mode) & 0o755)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(made, target)
            sync_folder(parent)
        finally:
            with contextlib.suppress(OSError):
                remove_tree(staging)
    except OSError as error:
        raise BundleError(
            f"the bundle {target} can't be written",
            context=why(error),
            hint="check the folder's permissions and free space",
        ) from error


def _check_names(files: Mapping[str, object]) -> None:
    """:raises BundleError: nobody could read a bundle of these"""
    names = set(files)
    wrong = next((name for name in sorted(names) if name == ABOUT or not is_member(name)), None)
    if wrong is not None:
        raise BundleError(f"{wrong[:200]!a} can't be in a bundle", context="that is no name it may have")
    problem = _incomplete(names)
    if problem or len({name.lower() for name in names}) < len(names) or len(names) >= archive.MOST_MEMBERS:
        raise BundleError(
            "the revision can't be bundled", context=problem or "it has too many files, or two of one name"
        )


def _incomplete(names: set[str]) -> str:
    """What a bundle of these lacks; empty if nothing."""
    for name in (RECIPE, RECEIPT):
        if name not in names:
            return f"it has no {name}"
    has_wheels = any(name.startswith(f"{WHEELS}/") for name in names)
    return "it has wheels and no lock" if has_wheels and not any(map(_LOCK.fullmatch, names)) else ""


def _content(source: bytes | Path) -> _Content:
    digest, size = hashlib.sha256(), 0
    for chunk in _chunks(source):
        digest.update(chunk)
        size += len(chunk)
    return _Content(digest.hexdigest(), size)


def _chunks(source: bytes | Path) -> Iterator[bytes]:
    if isinstance(source, bytes):
        yield source
        return
    with _opened(source) as stream:
        while chunk := stream.read(_CHUNK):
            yield chunk


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """:raises BundleError: it can't be read, or it is no file"""
    try:
        descriptor = open_file(path, follow=True)
    except (NoFileError, OSError) as error:
        raise BundleError(f"{path} can't be read", context=why(error)) from error
    with os.fdopen(descriptor, "rb") as stream:
        yield stream


def _pieces(
    files: Mapping[str, bytes | Path], contents: Mapping[str, _Content], about: BundleFacts
) -> Iterator[Piece]:
    document = {
        "format": FORMAT,
        "container": about.container,
        "revision": about.revision,
        **{name: _printable(getattr(about, name)) for name in ("creator", "host", "rezup")},
        "members": {
            name: {"sha256": content.sha256, "size": content.size} for name, content in contents.items()
        },
    }
    data = json.dumps(document, indent=1).encode("ascii") + b"\n"
    yield Piece(ABOUT, len(data), [data])
    for name, wanted in contents.items():
        yield Piece(name, wanted.size, _unchanged(name, files[name], wanted))


def _unchanged(name: str, source: bytes | Path, wanted: _Content) -> Iterator[bytes]:
    """:raises BundleError: it isn't what it was when it was hashed"""
    digest, left = hashlib.sha256(), wanted.size
    for chunk in _chunks(source):
        digest.update(chunk)
        left -= len(chunk)
        if left < 0:
            break
        yield chunk
    if left or digest.hexdigest() != wanted.sha256:
        raise BundleError(f"{name} was changed while it was bundled", hint="try again")


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)[:_LONGEST_FACT]


# -- reading ----------------------------------------------------------------------------------


def read_bundle(path: Path, into: Path) -> Bundle:
    """Check a bundle and unpack it.

    :param into: see `OpenBundle.unpack`
    :raises BundleError: it can't be read or trusted, or `into` can't be written
    :raises HashMismatchError: a member isn't what the bundle says
    """
    with open_bundle(path) as opened:
        return opened.unpack(into)


@contextlib.contextmanager
def open_bundle(path: Path) -> Iterator[OpenBundle]:
    """A bundle whose members are known, for looking into it before it is unpacked.

    :raises BundleError: it can't be read, isn't a bundle, or a newer rezup wrote it
    """
    with _opened(path) as stream:
        try:
            opened = Archive(stream, is_member)
            facts, contents = _about(opened)
        except OSError as error:
            raise BundleError(f"{path} can't be read", context=why(error)) from error
        yield OpenBundle(opened, facts, contents)


class OpenBundle:
    """A bundle that is open; see `open_bundle`."""

    def __init__(self, opened: Archive, facts: BundleFacts, contents: Mapping[str, _Content]) -> None:
        self.facts = facts
        """What it says of itself."""
        self._archive = opened
        self._contents = contents

    def unpack(self, into: Path) -> Bundle:
        """Write the members into a folder; nothing is left there on failure.

        :param into: a folder that is empty and that nobody else writes to
        :raises BundleError: it can't be read or written
        :raises HashMismatchError: a member isn't what the bundle says
        """
        try:
            if into.is_symlink() or os.listdir(into):
                raise BundleError(f"{into} can't take a bundle", context="it is a link, or not empty")
            try:
                return self._unpack(into)
            except BaseException:
                _empty(into)
                raise
        except OSError as error:
            raise BundleError(
                f"the bundle can't be unpacked into {into}",
                context=why(error),
                hint="check the folder's permissions and free space",
            ) from error

    def _unpack(self, into: Path) -> Bundle:
        files = {}
        for name, wanted in self._contents.items():
            place = into.joinpath(*name.split("/"))
            place.parent.mkdir(mode=0o755, exist_ok=True)
            self._write(name, place, wanted.sha256)
            files[name] = place
        return Bundle(self.facts, into, files)

    def _write(self, name: str, place: Path, wanted: str) -> None:
        digest = hashlib.sha256()
        with open_new(place) as stream:
            for chunk in self._archive.content(name):
                digest.update(chunk)
                stream.write(chunk)
        found = digest.hexdigest()
        if found != wanted:
            raise HashMismatchError(
                name, expected=wanted, found=found, by="the bundle's list", hint="get the bundle anew"
            )


def _empty(folder: Path) -> None:
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            if path.is_dir() and not path.is_symlink():
                remove_tree(path)
            else:
                path.unlink()


def _about(opened: Archive) -> tuple[BundleFacts, dict[str, _Content]]:
    """What a bundle says of itself, which fits what is in it."""
    if ABOUT not in opened.sizes:
        raise refusal(f"it has no {ABOUT}")
    large = next((n for n, size in opened.sizes.items() if size > _LARGEST_TEXT and "/" not in n), None)
    if large is not None:
        raise refusal(f"{large} is too large")
    data = b"".join(opened.content(ABOUT))
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise refusal(f"{ABOUT} is no JSON document") from error
    _check_format(document)
    try:
        facts, contents = _facts(document), _contents(document["members"])
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise refusal(f"{ABOUT} makes no sense") from error
    _check_members({name: size for name, size in opened.sizes.items() if name != ABOUT}, contents)
    return facts, contents


def _check_format(document: Any) -> None:
    found = document.get("format") if isinstance(document, dict) else None
    if not isinstance(found, int) or isinstance(found, bool) or found < 1:
        raise refusal(f"{ABOUT} has no format")
    if found > FORMAT:
        raise BundleError(
            "the bundle was made by a newer rezup",
            context=f"it has format {str(found)[:20]}, this rezup knows {FORMAT}",
            hint="upgrade rezup",
        )


def _facts(document: dict[str, Any]) -> BundleFacts:
    texts = [document[name] for name in BundleFacts._fields]
    if not all(isinstance(text, str) and text.isprintable() and len(text) <= _LONGEST_FACT for text in texts):
        raise ValueError("a text")
    container, revision, *others = texts
    try:
        return BundleFacts(ContainerName.parse(container), Stamp.parse(revision), *others)
    except InvalidNameError as error:
        raise refusal(str(error)) from error


def _contents(document: dict[str, Any]) -> dict[str, _Content]:
    found = {}
    for name, told in document.items():
        sha256, size = told["sha256"], told["size"]
        if not (isinstance(sha256, str) and is_sha256(sha256) and type(size) is int):
            raise ValueError(name)
        found[name] = _Content(sha256, size)
    return found


def _check_members(sizes: Mapping[str, int], contents: Mapping[str, _Content]) -> None:
    for name in sorted(sizes.keys() ^ contents.keys()):
        told = "isn't listed" if name in sizes else "is missing"
        raise refusal(f"member {name[:200]!a} {told}")
    for name, size in sizes.items():
        if size != contents[name].size:
            raise refusal(f"member {name} has {size} bytes instead of {contents[name].size}")
    problem = _incomplete(set(sizes))
    if problem:
        raise refusal(problem)
