"""What is told of requirements without `packaging` is what `packaging` tells."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from rezup.recipes.plain_requirements import is_met, is_plain

NUMBERS = st.sampled_from(["0", "1", "2", "10", "00", "01", "3"])
RELEASES = st.lists(NUMBERS, min_size=1, max_size=4).map(".".join)
ENDS = st.sampled_from(["", "", "", "", ".post1", "rc1", ".dev0", "+local", ".*"])
VERSIONS = st.builds("{}{}".format, RELEASES, ENDS)
COMPARISONS = st.sampled_from(["==", ">=", "<=", "!=", ">", "<", "~=", "==="])
CLAUSES = st.builds("{}{}{}".format, COMPARISONS, st.sampled_from(["", " "]), VERSIONS)
NAMES = st.sampled_from(["rez", "Rez", "rez-x", "rez_x", "Rez.-X", "rez_", "-rez", "r"])
TEXTS = st.builds(
    "{}{}{}{}".format,
    NAMES,
    st.sampled_from(["", " ", "[x]", "  "]),
    st.lists(CLAUSES, max_size=3).flatmap(
        lambda clauses: st.sampled_from([",", " , "]).map(lambda comma: comma.join(clauses))
    ),
    st.sampled_from(["", "", "", " ; python_version>'3'", " @ https://host/x", ","]),
)
LOCKED = st.dictionaries(st.sampled_from(["rez", "rez-x", "r"]), VERSIONS | st.just(""))


@given(TEXTS | st.text(max_size=12))
@example("rez\u0660==1")
@example("rez==1\n")
def test_what_is_plain_is_a_requirement(text: str) -> None:
    if is_plain(text):
        read = Requirement(text)
        assert read.url is read.marker is None
        assert not read.extras


@given(TEXTS, LOCKED)
def test_what_is_met_is_met_by_packaging_too(text: str, versions: dict[str, str]) -> None:
    if not is_met(text, versions):
        return
    read = Requirement(text)
    version = versions[canonicalize_name(read.name)]
    assert not version or read.specifier.contains(version, prereleases=True)


@given(NAMES, st.lists(st.builds("{}{}".format, COMPARISONS, RELEASES), max_size=3), RELEASES)
def test_what_is_plain_is_met_whenever_packaging_says_so(name: str, clauses: list[str], version: str) -> None:
    text = name + ",".join(clauses)
    try:
        read = Requirement(text)
    except InvalidRequirement:
        assert not is_plain(text)
        return
    if is_plain(text):
        versions = {canonicalize_name(read.name): version}
        assert is_met(text, versions) == read.specifier.contains(version, prereleases=True)


@pytest.mark.parametrize("text", ["rez", "rez>=3.0", "rez == 3.4.0", "Qt.py>=1.3,<2", "a"])
def test_what_recipes_mostly_ask_for_is_plain(text: str) -> None:
    assert is_plain(text)


def test_of_no_version_only_the_name_counts() -> None:
    assert is_met("rez>=3", {"rez": ""})
    assert not is_met("rez>=3", {"rex": "3"})
