"""Changing a recipe: key by key with all comments kept, or by an editor; checked before it is written.

A file that somebody else changed in the meantime is left as it is, and so is one whose new text would
be no recipe.
"""

from __future__ import annotations

import contextlib
import os
import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rezup.errors import RecipeError
from rezup.recipes.parse import parse
from rezup.recipes.reading import SIZE_LIMIT, decode, tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from rezup.recipes.model import Recipe

#: How a text begins that is being edited; nobody takes it for a recipe.
_KEPT = ".edit-"


class Draft(NamedTuple):
    """A recipe that is about to be changed.

    ``target`` is the file itself, where ``path`` is a link to it. ``data`` is what was read; of a file
    that is to be made ``is_new``, and then it is what it starts from.
    """

    path: Path
    target: Path
    data: bytes
    mode: int
    is_new: bool = False


def open_draft(path: Path) -> Draft:
    """The recipe at `path`, as it is now.

    :raises RecipeError: it can't be read
    """
    target = Path(os.path.realpath(path))
    return Draft(path, target, _read(target), target.stat().st_mode & 0o7777)


def new_draft(path: Path, basis: Path | None) -> Draft:
    """A recipe that is not there yet.

    :param basis: the recipe to start from; None for the commented default
    :raises RecipeError: it can't be read
    """
    from rezup.recipes.default import default_recipe

    if path.is_symlink():
        raise RecipeError(
            f"the recipe {path} can't be made",
            context=f"the name is a link to {path.readlink()}, where nothing is",
            hint="make that file, or remove the link",
        )
    if basis is None:
        return Draft(path, path, default_recipe(), 0o644, is_new=True)
    return Draft(path, path, _read(basis), basis.stat().st_mode & 0o7777, is_new=True)


def changed(draft: Draft, values: Iterable[tuple[str, str]], removed: Iterable[str]) -> bytes:
    """The text with some keys set and others taken away; everything else stays as it is written.

    :param values: dotted keys with values: TOML where they are, else texts. The entries of
        `[[extension]]` are addressed by name, and one that is missing is added
    :param removed: dotted keys
    :raises RecipeError: the file is no TOML, or there is no such place in it
    """
    from tomlkit.exceptions import TOMLKitError

    from rezup.recipes.dotted_keys import as_toml, key_path, unset_key

    text = decode(draft.data, str(draft.path))
    expected = tables(text, str(draft.path))
    steps = [(key_path(key), value) for key, value in values]
    missing = [key_path(key) for key in removed]
    is_of_windows = "\n" in text and text.count("\n") == text.count("\r\n")
    before = result = _ended(text.replace("\r\n", "\n") if is_of_windows else text)
    try:
        for key, value in steps:
            result = _with(result, expected, key, as_toml(key, value))
        for key in missing:
            unset_key(expected, key)
            result = _by_tomlkit(result, partial(unset_key, key=key))
        result = _ended(result)
        data = (result.replace("\n", "\r\n") if is_of_windows else result).encode("utf-8")
    except (TOMLKitError, TypeError, AttributeError, UnicodeError) as error:
        raise _unfit(draft.path, str(error)) from error
    if _said(result) != expected:  # tomlkit has its limits
        raise _unfit(draft.path, "it would not say what it should, as its tables are written in parts")
    return draft.data if result == before else data


def _with(text: str, expected: dict[str, object], key: tuple[str, ...], written: str) -> str:
    """The text with one key set, which `expected` then has, too.

    A new key is put in as a line of its own; where there is no place for one, and of a key that is there,
    tomlkit changes the value.
    """
    import tomlkit

    from rezup.recipes.dotted_keys import EXTENSION, as_item, entry_number, has_key, set_key
    from rezup.recipes.insertion import inserted

    entry = entry_number(expected, key[1]) if key[0] == EXTENSION else None
    is_new, before = not has_key(expected, key), repr(expected)
    set_key(expected, key, tables(f"v = {written}", "value")["v"], None)
    if repr(expected) == before:  # equal values may differ: 1 is no true
        return text
    if is_new:
        found = inserted(text, key, written, entry=entry)
        if found is not None and _said(found) == expected:
            return found
    return _by_tomlkit(text, lambda document: set_key(document, key, as_item(written), tomlkit))


def _ended(text: str) -> str:
    return text if not text or text.endswith("\n") else f"{text}\n"


def _by_tomlkit(text: str, change: Callable[[Any], None]) -> str:
    """The text after a change, with the comments above a table where that table goes."""
    import tomlkit

    from rezup.recipes.header_comments import folded, unfolded

    mark = os.urandom(8).hex()
    line_ends = folded(text, mark)
    document = tomlkit.parse(line_ends if _said(line_ends) == _said(text) else text)
    change(document)
    return unfolded(tomlkit.dumps(document), mark)


def _said(text: str) -> dict[str, object] | None:
    with contextlib.suppress(RecipeError):
        return tables(text, "text")
    return None


def check(draft: Draft, data: bytes) -> Recipe:
    """The recipe that the bytes would be.

    :raises RecipeError: with each thing that is wrong
    """
    return parse(data, draft.path)


def write(draft: Draft, data: bytes) -> None:
    """Put the new text in the place of the old one, with the permissions that it had.

    A new file gets what the umask leaves of them, and is for its owner only if it holds a secret.

    :raises RecipeError: somebody changed the file since it was read, or it can't be written
    """
    from rezup.recipes.default import write_new
    from rezup.system.editor import replace_content

    try:
        if draft.is_new:
            if not write_new(draft.path, data, mode=_new_mode(draft, data)):
                raise _raced(draft)
            return
        if Path(os.path.realpath(draft.path)) != draft.target or _read(draft.target) != draft.data:
            raise _raced(draft)
        replace_content(draft.target, data)
    except OSError as error:
        raise RecipeError(
            f"the recipe {draft.path} can't be written",
            context=error.strerror or str(error),
            hint="check the permissions and the free space there",
        ) from error


def _new_mode(draft: Draft, data: bytes) -> int:
    from rezup.recipes.secrets import literal_secrets
    from rezup.system.editor import without_umask

    mode = without_umask(draft.mode)
    return mode & 0o600 if literal_secrets(check(draft, data)) else mode


def edit(draft: Draft, environ: Mapping[str, str], tell: Callable[[str], object]) -> tuple[bytes, Path]:
    """Let the user edit the text; returns the new one, and the file that holds it until `discard`.

    :param tell: is given the words about where the text is, if this process is told to end meanwhile
    :raises RecipeError: there is no editor, or it failed
    """
    from rezup.system.editor import editor_command, run_editor
    from rezup.system.files import open_new

    path = draft.target.with_name(f"{_KEPT}{os.urandom(4).hex()}.{draft.target.name}")
    try:
        command = editor_command(environ)
        with open_new(path) as stream:
            stream.write(draft.data)
        status = run_editor(command, path, environ)
        data = _read(path)
    except RecipeError:  # what is there now can't be read, and nobody knows what it is
        raise
    except (OSError, ValueError) as error:
        discard(draft, path)
        raise RecipeError(
            f"the recipe {draft.path} can't be edited",
            context=str(error)[:300],
            hint="set VISUAL or EDITOR to a program, or change single keys with --set KEY=VALUE",
        ) from error
    except BaseException:
        with contextlib.suppress(OSError):  # the terminal may be gone
            tell(f"the text that was edited is kept in {path}")
        raise
    if status != 0:
        kept = "" if data == draft.data else f"; the text is kept in {path}"
        if data == draft.data:
            discard(draft, path)
        raise RecipeError(f"the editor ended with status {status}", context=f"nothing was changed{kept}")
    return data, path


def discard(draft: Draft, path: Path) -> None:
    """Remove a text of this recipe that was edited; any other file stays.

    So does the recipe itself: its name is shorter than those that are removed.
    """
    name = re.escape(_KEPT) + r"[0-9a-f]{8}\." + re.escape(draft.target.name)
    is_here = os.path.realpath(path.parent) == os.path.realpath(draft.target.parent)
    if is_here and re.fullmatch(name, path.name):
        with contextlib.suppress(OSError):
            path.unlink()


def read_text(path: Path) -> bytes:
    """The bytes of a file that may become a recipe.

    :raises RecipeError: it can't be read
    """
    return _read(path)


def _read(path: Path) -> bytes:
    try:
        if not path.is_file():  # a pipe would be waited for
            raise RecipeError(f"{path} is no file", hint="name a file that holds the text of a recipe")
        with path.open("rb") as stream:
            return stream.read(SIZE_LIMIT + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        if isinstance(error, RecipeError):
            raise
        raise RecipeError(f"the recipe {path} can't be read", context=reason) from error


def _raced(draft: Draft) -> RecipeError:
    return RecipeError(
        f"the recipe {draft.path} was changed by somebody else in the meantime",
        context="nothing was written",
        hint="look at it, and try again",
    )


def _unfit(path: Path, reason: str) -> RecipeError:
    return RecipeError(
        f"{path} can't be changed key by key",
        context=reason,
        hint="use an editor: rezup recipe edit on a terminal",
    )
