"""Trees compared with their records, and files replaced without being written to."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from rezup.cache.manifest import record_tree
from rezup.containers.health.kinds import KINDS
from rezup.containers.health.replacing import Replacer, check_folders
from rezup.containers.health.trees import Difference, Hashes, differences, is_byte_code
from rezup.errors import HashMismatchError, StoreError

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="links of POSIX")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    (root / "lib" / "empty").mkdir(parents=True)
    (root / "lib" / "one.py").write_text("1\n")
    (root / "lib" / "two.py").write_text("2\n")
    (root / "link").symlink_to("lib")
    return root


def test_a_tree_is_as_it_was_recorded(tree: Path) -> None:
    assert differences(tree, record_tree(tree, seal=False), Hashes()) == []


def test_each_kind_of_difference(tree: Path) -> None:
    record = record_tree(tree, seal=False)
    (tree / "lib" / "one.py").write_text("3\n")
    (tree / "lib" / "two.py").unlink()
    (tree / "lib" / "empty").rmdir()
    (tree / "link").unlink()
    (tree / "link").symlink_to("elsewhere")
    (tree / "new").mkdir()
    (tree / "new" / "file").touch()
    assert differences(tree, record, Hashes()) == [
        Difference("missing", "lib/empty"),
        Difference("changed", "lib/one.py"),
        Difference("missing", "lib/two.py"),
        Difference("changed", "link"),
        Difference("added", "new/file"),
    ]


def test_a_tree_that_is_gone_is_missing_as_a_whole(tree: Path, tmp_path: Path) -> None:
    record = record_tree(tree, seal=False)
    found = differences(tmp_path / "nothing", record, Hashes())
    assert {each.kind for each in found} == {"missing"}
    assert len(found) == 5


def test_a_file_with_two_names_is_read_once_and_again_when_it_was_written(tree: Path) -> None:
    os.link(tree / "lib" / "one.py", tree / "lib" / "twin.py")
    hashes = Hashes()
    first = hashes.of(str(tree / "lib" / "one.py"))
    assert hashes.of(str(tree / "lib" / "twin.py")) == first
    (tree / "lib" / "twin.py").write_text("other\n")
    assert hashes.of(str(tree / "lib" / "one.py")) != first


def test_a_link_is_not_followed_for_a_hash(tree: Path) -> None:
    (tree / "alias").symlink_to(tree / "lib" / "one.py")
    with pytest.raises(OSError, match="symbolic"):
        Hashes().of(str(tree / "alias"))


def test_what_replaces_a_file_leaves_its_other_names_alone(tree: Path, tmp_path: Path) -> None:
    wrong, other, right = tree / "lib" / "one.py", tmp_path / "other", tmp_path / "right"
    os.link(wrong, other)
    right.write_text("right\n")
    right.chmod(0o444)
    with wrong.open() as reader:
        Replacer(link=True).put(right, wrong, Hashes().of(str(right)))
        assert reader.read() == "1\n"
    assert wrong.read_text() == "right\n"
    assert other.read_text() == "1\n"
    assert sorted(path.name for path in (tree / "lib").iterdir()) == ["empty", "one.py", "two.py"]


def test_a_file_with_another_hash_replaces_nothing(tree: Path) -> None:
    target = tree / "lib" / "one.py"
    with pytest.raises(HashMismatchError):
        Replacer(link=False).put(tree / "lib" / "two.py", target, "0" * 64)
    assert target.read_text() == "1\n"
    assert sorted(path.name for path in (tree / "lib").iterdir()) == ["empty", "one.py", "two.py"]


def test_a_folder_in_the_way_goes_only_if_it_is_empty(tree: Path) -> None:
    digest = Hashes().of(str(tree / "lib" / "two.py"))
    Replacer(link=False).put(tree / "lib" / "two.py", tree / "lib" / "empty", digest)
    assert (tree / "lib" / "empty").read_text() == "2\n"
    with pytest.raises(OSError, match="directory"):
        Replacer(link=False).put(tree / "lib" / "two.py", tree / "lib", digest)


def test_no_path_leads_through_a_link(tree: Path) -> None:
    check_folders(tree, "lib/one.py")
    with pytest.raises(StoreError, match="left alone"):
        check_folders(tree, "link/one.py")
    with pytest.raises(OSError, match="No such file"):
        check_folders(tree, "gone/one.py")
    check_folders(tree, "gone/one.py", make=frozenset({"gone"}))
    assert (tree / "gone").is_dir()


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("lib/__pycache__/a.cpython-311.pyc", True),
        ("lib/__pycache__/notes.txt", True),
        ("lib/__pycache__/", True),
        ("lib/a.pyc", True),
        ("lib/a.py", False),
        ("lib/my__pycache__/a.py", False),
    ],
)
def test_byte_code_is_told_by_its_name(path: str, expected: bool) -> None:
    assert is_byte_code(path) is expected


def test_every_kind_says_what_it_means_and_what_to_do() -> None:
    for code, kind in KINDS.items():
        assert code == code.lower().replace("_", "-")
        assert kind.means
        assert kind.remedy
