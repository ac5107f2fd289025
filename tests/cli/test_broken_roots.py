"""Roots and revisions that are not as they should be: the error is clear, and nothing is built over."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from rezup.stores.base import RECEIPT, RECIPE
from support.permissions import obey_permissions

if TYPE_CHECKING:
    from pathlib import Path

    from support.world import World


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
def test_a_read_only_root_is_used_and_a_build_in_it_is_a_clear_error(world: World) -> None:
    world.revision("foo", "100.000000")
    world.recipe()
    for path in (world.root, world.root / "foo"):
        path.chmod(0o555)
    try:
        used = world.rezup("use", "foo", "--", "rez", preexec_fn=obey_permissions)
        refused = world.rezup("use", "foo", "--make", "--", "rez", preexec_fn=obey_permissions)
    finally:
        for path in (world.root, world.root / "foo"):
            path.chmod(0o755)
    assert used.out == "rez of 100.000000\n"
    assert refused.code == 1
    assert "hint:" in refused.err


def test_a_root_that_can_not_be_written_is_a_clear_error(world: World) -> None:
    world.recipe()
    world.root.mkdir()
    (world.root / "foo").write_text("a file in the way")
    outcome = world.rezup("use", "foo", "--", "rez")
    assert outcome.code == 1
    assert [line.split()[0] for line in outcome.err.splitlines()[-3:]] == [
        "error:",
        f"{world.root}/foo:",
        "hint:",
    ]


def test_a_sole_revision_that_is_damaged_is_built_anew_from_its_recipe(world: World) -> None:
    world.recipe()
    world.rezup("add", "foo", "--skip-use")
    (stamp,) = world.stamps()
    for damage in (b"", b"\0" * 100):
        (world.root / "foo" / stamp / RECEIPT).write_bytes(damage)
        outcome = world.rezup("use", "foo", "--", "rez")
        assert outcome.code == 0, outcome.err
        assert "building it anew" in outcome.err
        assert world.stamps() == [stamp]


def test_what_is_not_ours_is_never_built_over(world: World, tmp_path: Path) -> None:
    from rezup.recipes.names import ContainerName
    from rezup.stores.remote import RemoteStore
    from rezup.stores.stamps import Stamp

    studio = tmp_path / "studio"
    recipe = world.recipe()
    world.variables["REZUP_ROOT_REMOTE"] = str(studio)
    RemoteStore(studio).publish(
        ContainerName("foo"),
        {RECIPE: recipe.read_bytes(), RECEIPT: b'{"rezup_version": "2.6.0"}'},
        Stamp("100.0"),
    )
    folder = world.root / "foo" / "100.0"
    for receipt in ('{"somebody": "else"}', '{"format": 99}'):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / RECEIPT).write_text(receipt)
        (folder / "thesis.txt").write_text("precious")
        assert world.rezup("use", "foo", "--", "rez").code == 1
        assert world.rezup("drop", "foo", "--yes").code == 1
        assert (folder / "thesis.txt").read_text() == "precious"


def test_a_name_that_differs_in_case_only_is_refused_before_a_write(world: World) -> None:
    world.revision("foo", "100.000000")
    world.recipe("Foo")
    outcome = world.rezup("use", "Foo", "--", "rez")
    assert outcome.code == 1
    assert "upper and lower case" in outcome.err
    assert [p.name for p in world.root.iterdir()] == ["foo"]


def test_a_root_that_anybody_may_write_to_is_warned_of(world: World) -> None:
    world.recipe()
    world.root.mkdir()
    world.root.chmod(0o777)
    assert "anybody may write" in world.rezup("add", "foo", "--skip-use").err


@pytest.mark.skipif(os.name == "nt", reason="locks of POSIX")
@pytest.mark.parametrize("kind", ["folder", "link to itself", "pipe"])
def test_a_revision_whose_lease_is_no_file_can_be_built_anew_and_dropped(world: World, kind: str) -> None:
    world.recipe()
    assert world.rezup("use", "foo", "--", "true").code == 0
    (stamp,) = world.stamps()
    lease = world.root / "foo" / stamp / "lease"
    for words in (("use", "foo", "--", "rez"), ("drop", "foo", "--yes")):
        lease.unlink()
        if kind == "folder":
            lease.mkdir()
        elif kind == "pipe":
            os.mkfifo(lease)
        else:
            lease.symlink_to(lease)
        (lease.parent / "venv/rez/bin/python").unlink()
        outcome = world.rezup(*words)
        assert outcome.code == 0, outcome.err
        assert world.stamps() == ([stamp] if words[0] == "use" else [])
