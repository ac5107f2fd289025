"""Every kind of finding: what it means, and what is done about it.

The order is that in which they are mended: what others need to be read or rebuilt comes first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Kind(NamedTuple):
    """What findings of one code have in common."""

    means: str
    """What it leads to."""
    remedy: str
    """What `doctor --fix` does, or what the user has to do."""
    is_note: bool = False
    """Worth knowing, and no fault."""
    is_harmless: bool = False
    """It takes space or has no effect, and nothing that is used is other than it should be."""

    @property
    def severity(self) -> Literal["error", "warning", "note"]:
        """How bad it is."""
        return "note" if self.is_note else "warning" if self.is_harmless else "error"


_FIX_RIGHTS = "--fix corrects the permissions of files that are yours"
_FIX_SWEEP = "--fix deletes it; work under way is never touched"
_FIX_COPY = (
    "--fix takes it from a place that has it with the same hash, if there is one; else make a new revision"
)
_ANEW = (
    "`rezup use NAME@REVISION` builds it anew, from the remote root or by its own recipe; "
    "or remove it with `rezup drop NAME@REVISION`"
)
_REPUBLISH = (
    "publish the revision anew with `rezup add NAME --remote`, move a pin of the studio that names this one "
    "(`rezup pin NAME@OTHER --remote`), and remove the folder of this one by hand"
)
_PUBLISH = f"{_REPUBLISH}; --fix leaves it alone"
_BY_HAND = "rezup leaves it alone; move or remove it by hand if nobody needs it"

KINDS: Mapping[str, Kind] = {
    # -- settings
    "settings-unreadable": Kind(
        "no command that needs settings works", "correct or remove the file; --fix leaves it alone"
    ),
    "setting-wrong": Kind(
        "no command that needs settings works",
        "correct the value; --fix leaves it alone",
    ),
    "setting-unknown": Kind(
        "the key has no effect, maybe as it is misspelt",
        "correct or remove it",
        is_harmless=True,
    ),
    "variable-wrong": Kind(
        "commands that need this variable fail", "set it to what can be used, or unset it"
    ),
    "variable-unknown": Kind(
        "the variable has no effect, maybe as it is misspelt",
        "correct its name, or unset it",
        is_harmless=True,
    ),
    "recipe-unusable": Kind(
        "no revision can be made of it", "correct it; `rezup recipe validate` checks it again"
    ),
    "recipe-odd": Kind(
        "a part of the recipe has no effect, maybe as it is misspelt", "correct it", is_harmless=True
    ),
    "library-missing": Kind(
        "rezup starts with the library that pip installed, not the one it was upgraded to",
        "run `rezup self upgrade`, or `rezup self rollback`",
    ),
    "uv-missing": Kind(
        "environments are built with pip, which takes longer", "install uv if you like", is_note=True
    ),
    # -- owners and permissions
    "owned-by-root": Kind(
        "you can neither change nor remove it; it was made with sudo",
        "give it back: sudo chown -R YOU PATH",
    ),
    "root-writable-by-all": Kind("anybody may decide what runs here", _FIX_RIGHTS),
    "cache-writable-by-all": Kind("anybody may put code there that you run", _FIX_RIGHTS),
    "writable-by-others": Kind("others may change what runs here", _FIX_RIGHTS),
    "unreadable": Kind("who can't read it can't use the revision", _FIX_RIGHTS),
    # -- roots and containers
    "root-no-folder": Kind("nothing can be used or made", "choose another root, or move the file away"),
    "root-unusable": Kind("Rez can't run there", "choose another root with --root or REZUP_ROOT_LOCAL"),
    "remote-unreachable": Kind(
        "what was used last is used again; new revisions don't arrive",
        "check the mount and REZUP_ROOT_REMOTE",
    ),
    "remote-unreadable": Kind(
        "launches that need it give it up after a moment, and take the last good revision",
        f"check the mount, and whether you may read it; if it stays so, {_REPUBLISH}",
    ),
    "remote-container-unreadable": Kind(
        "launches of the container take the last good revision; new ones don't arrive",
        "check the mount and the file server; don't remove the folder, as what is in it may be sound",
    ),
    "remote-partly-checked": Kind(
        "nothing was found wrong in the rest, as nobody looked at it",
        "run `rezup doctor` again when the share is quicker, or on the file server itself",
    ),
    "remote-incomplete": Kind("machines that don't have the revision yet can't build it", _PUBLISH),
    "remote-damaged": Kind("machines that don't have the revision yet refuse to build it", _PUBLISH),
    "low-space": Kind("builds will fail soon", "free space: `rezup prune --yes`, `rezup cache prune --yes`"),
    "case-twins": Kind(
        "on systems that don't tell upper from lower case they are one container",
        "let go of one of the two with `rezup drop NAME`, and remove what is left of its folder by hand",
    ),
    "remote-case-twins": Kind(
        "on systems that don't tell upper from lower case they are one container, as on some shares",
        "rename or remove the folder of one of the two on the share by hand; --fix leaves them alone",
    ),
    "container-is-link": Kind("nothing is built in it or removed from it", "move the folder to its place"),
    "foreign-file": Kind("it is none of rezup's, which ignores it", _BY_HAND, is_harmless=True),
    "dangling-link": Kind(
        "it leads nowhere",
        "--fix removes those of rezup's cache; others are removed by hand",
        is_harmless=True,
    ),
    "pin-names-nothing": Kind(
        "the pin is ignored, with a warning at each use",
        "`rezup unpin NAME` lifts it, with --remote that of the studio; or pin another revision",
    ),
    "stale-staging": Kind(
        "a killed build left it; it takes space and nothing else", _FIX_SWEEP, is_harmless=True
    ),
    "stale-trash": Kind(
        "a killed removal left it; it takes space and nothing else", _FIX_SWEEP, is_harmless=True
    ),
    "lock-leftover": Kind(
        "a killed process left it; who waits may be told a wrong holder", _FIX_SWEEP, is_harmless=True
    ),
    "temporary-leftover": Kind(
        "a killed process left a half written file, which nobody reads", _FIX_SWEEP, is_harmless=True
    ),
    # -- the cache
    "cache-entry-damaged": Kind(
        "it was written in place, and so maybe in revisions that share its files",
        "--fix removes it; it is built anew when it is needed",
    ),
    "cached-wheel-damaged": Kind(
        "it is not used, and fetched or built once more", "--fix removes it", is_harmless=True
    ),
    "kept-file-damaged": Kind("it is ignored, and made anew", "--fix removes it", is_harmless=True),
    # -- revisions
    "receipt-missing": Kind("the revision can't be used: it is not complete", _ANEW),
    "receipt-empty": Kind("the revision can't be used; a power failure may have cut its receipt", _ANEW),
    "receipt-damaged": Kind("the revision can't be used", _ANEW),
    "newer-format": Kind("the revision can't be used by this rezup", "upgrade rezup; it is left untouched"),
    "foreign-revision": Kind(
        "rezup 1.x made it, or something else; it can't be used", _BY_HAND, is_harmless=True
    ),
    "other-platform": Kind(
        "the revision can't be used on this machine; those of its platform use it",
        "it is left untouched; in a shared home put {platform} into REZUP_ROOT_LOCAL",
        is_harmless=True,
    ),
    "interpreter-missing": Kind(
        "the Python that the revision was built with was moved or removed",
        "nothing to do: the next `rezup use` builds it anew; or install that Python again",
    ),
    "interpreter-replaced": Kind(
        "another version took the place of the Python that it was built with, and reads other folders",
        "nothing to do: the next `rezup use` builds it anew; or install the former version again",
    ),
    "lease-missing": Kind(
        "nobody is seen to use the revision, so it may be removed meanwhile", "--fix makes it"
    ),
    "recipe-missing": Kind("the revision can't be built anew", _FIX_COPY),
    "recipe-altered": Kind("the revision was built from another recipe than this one", _FIX_COPY),
    "lock-missing": Kind("the revision can't be built anew as it was", _FIX_COPY),
    "lock-altered": Kind("the revision was built by another lock than this one", _FIX_COPY),
    "wheel-missing": Kind("the revision can't be built anew as it was", _FIX_COPY),
    "wheel-damaged": Kind("the revision can't be built anew as it was", _FIX_COPY),
    "record-missing": Kind(
        "the files of an environment can't be checked",
        "--fix builds the environment once more, and takes its record if all files are the same",
    ),
    "record-damaged": Kind(
        "the files of an environment can't be checked",
        "--fix builds the environment once more, and takes its record if all files are the same",
    ),
    "no-record": Kind(
        "an older rezup made it, so its files can't be checked",
        "nothing to do",
        is_note=True,
    ),
    "environment-damaged": Kind(
        "files were changed or removed after the build: what runs is not what was locked",
        "--fix builds the environment by its lock and replaces what is wrong; whoever uses it goes on",
    ),
    "byte-code-added": Kind(
        "Python may run it instead of what was compiled at the build", "--fix removes it"
    ),
    "file-added": Kind(
        "it was not there when the environment was built, and may change what runs",
        _BY_HAND,
    ),
}
