"""Definitions that break and are mended: what an index remembers of them is what reading them again would tell."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from rezup import Reporter
from rezup.errors import RezupError
from rezup.session import Packages

STATES = {
    "good": "requires = ['lib-1+']\n",
    "other": "requires = ['lib<3']\n",
    "none": "",
    "raises": "1 / 0\n",
    "raises elsewhere": "\n1 / 0\n",
    "no program": "requires = [\n",
    "no requirement": "requires = ['lib-1-2-3+<']\n",
    "no building": "build_requires = ['lib-1-2-3+<']\n",
    "outside": "import nothing_of_this_name\n",
    "late": "@late()\ndef requires():\n    return ['lib-1'] if 'lib' in str(request) else 1 / 0\n",
    "gone": None,
    "no definition": None,
}

EDITS = st.tuples(
    st.sampled_from(["one", "two"]), st.sampled_from(["app", "lib"]), st.sampled_from("123"),
    st.sampled_from(sorted(STATES)),
)  # fmt: skip
REQUESTS = st.sampled_from([["app"], ["app-2"], ["app==1", "lib"], ["lib-3+", "app<3"], ["lib-2"]])


def write(root: Path, edit: tuple[str, str, str, str]) -> None:
    repository, family, version, state = edit
    folder = root / repository / family / version
    shutil.rmtree(folder, ignore_errors=True)
    if state != "gone":
        folder.mkdir(parents=True)
        text = STATES[state]
        if text is not None:
            (folder / "package.py").write_text(f"timestamp = 5\n{text}")


class Heard(Reporter):
    def __init__(self) -> None:
        self.warnings: set[str] = set()

    def warning(self, message: str) -> None:
        self.warnings.add(message)


class Process:
    """One that resolves, long after the last change."""

    def __init__(self, root: Path, cache: str) -> None:
        environ = {"HOME": str(root), "REZ_PACKAGES_PATH": f"{root}/one:{root}/two", "REZUP_CACHE_DIR": cache}
        self.heard = Heard()
        self.packages = Packages(environ, reporter=self.heard, clock=lambda: time.time_ns() + 10**10)

    def outcome(self, request: list[str], *, building: bool) -> Any:
        """The answer, or the error."""
        try:
            found = self.packages.resolve(request, implicit=False, building=building).resolution
        except RezupError as error:
            return type(error).__name__, str(error)
        return list(map(str, found.packages)), found.failure and found.failure.text

    def all_warnings(self) -> set[str]:
        """What is wrong with any package."""
        self.packages.search(latest=True)
        return self.heard.warnings


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(st.lists(EDITS, min_size=1, max_size=4), REQUESTS, st.booleans()), min_size=1, max_size=5
    )
)
def test_a_resolve_with_an_index_tells_what_one_without_tells(
    steps: list[tuple[list[tuple[str, str, str, str]], list[str], bool]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        (root / "file").write_text("")
        for version in "123":
            write(root, ("one", "app", version, "good"))
            write(root, ("two", "lib", version, "none"))
        for edits, request, building in steps:
            for edit in edits:
                write(root, edit)
            fresh = Process(root, f"{root}/file/none")
            expected = fresh.outcome(request, building=building)
            needed = set(fresh.heard.warnings)
            for _ in range(2):
                process = Process(root, f"{root}/cache")
                assert process.outcome(request, building=building) == expected
                # An index may look at a family more, so as to know which of its versions are meant.
                assert needed <= process.heard.warnings <= fresh.all_warnings()
