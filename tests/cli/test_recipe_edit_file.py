"""``rezup recipe edit`` leaves the file to whom it belongs, with the permissions that it had."""

from __future__ import annotations

import errno
import os
import stat
import struct
from typing import TYPE_CHECKING

import pytest

from rezup.system.editor import replace_content
from support.recipe_edit import TEXT, done, refused

if TYPE_CHECKING:
    from pathlib import Path

    from support.world import World


@pytest.fixture
def recipe(world: World) -> Path:
    return world.write("rezup.foo.toml", TEXT)


ACL = "system.posix_acl_access"
DEFAULT_ACL = "system.posix_acl_default"


def access_list(path: Path, *entries: tuple[int, ...], name: str = ACL) -> bytes:
    """Say who may use a file: (kind, permissions[, user]) each; skips the test where that can't be said."""
    packed = [struct.pack("<HHI", *each, *(() if len(each) == 3 else (0xFFFFFFFF,))) for each in entries]
    data = struct.pack("<I", 2) + b"".join(packed)
    try:
        os.setxattr(path, name, data)
    except (AttributeError, OSError) as error:
        pytest.skip(f"no access lists here: {error}")
    return data


class TestTheFile:
    @pytest.mark.parametrize("mode", [0o600, 0o644, 0o664])
    @pytest.mark.parametrize("umask", [0o022, 0o077])
    def test_its_permissions_are_kept(self, world: World, recipe: Path, mode: int, umask: int) -> None:
        recipe.chmod(mode)
        done(world, "--set", "description=x", umask=umask)
        assert stat.S_IMODE(recipe.stat().st_mode) == mode

    def test_who_else_may_read_it_is_kept(self, world: World, recipe: Path) -> None:
        wanted = access_list(recipe, (1, 6), (2, 6, 1000), (4, 0), (16, 6), (32, 0))
        os.setxattr(recipe, "user.studio", b"x")
        done(world, "--set", "description=x")
        assert os.getxattr(recipe, ACL) == wanted
        assert os.getxattr(recipe, "user.studio") == b"x"
        assert stat.S_IMODE(recipe.stat().st_mode) == 0o660

    def test_the_folder_gives_access_to_nobody_else(self, world: World, recipe: Path) -> None:
        access_list(world.home, (1, 7), (2, 7, 1000), (4, 7), (16, 7), (32, 5), name=DEFAULT_ACL)
        recipe.chmod(0o640)
        done(world, "--set", "description=x")
        assert ACL not in os.listxattr(recipe)
        assert stat.S_IMODE(recipe.stat().st_mode) == 0o640

    @pytest.mark.skipif(
        not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away"
    )
    def test_its_owner_is_kept(self, world: World, recipe: Path) -> None:
        os.chown(recipe, 4242, 4343)
        done(world, "--set", "description=x")
        assert (recipe.stat().st_uid, recipe.stat().st_gid) == (4242, 4343)

    def test_a_link_stays_and_what_it_leads_to_is_changed(self, world: World) -> None:
        target = world.write("studio/show.toml", TEXT)
        (world.home / "rezup.foo.toml").symlink_to("studio/show.toml")
        done(world, "--set", "description=x")
        assert os.readlink(world.home / "rezup.foo.toml") == "studio/show.toml"
        assert 'description = "x"' in target.read_text()
        assert [path.name for path in target.parent.iterdir()] == ["show.toml"]

    @pytest.mark.skipif(
        not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root is in danger of it"
    )
    def test_root_leaves_the_home_of_another_alone(self, world: World, recipe: Path) -> None:
        os.chown(world.home, 4242, 4242)
        refused(world, "--set", "description=x", words="home of another user")


def test_what_is_written_and_seen_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "rezup.toml"
    path.write_text("old")
    sync = os.fsync

    def broken_for_folders(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EIO, "no disk")
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", broken_for_folders)
    replace_content(path, b"new")
    assert path.read_text() == "new"


def test_what_can_not_be_kept_gives_the_group_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "rezup.toml"
    path.write_text("old")
    access_list(path, (1, 6), (2, 6, 1000), (4, 0), (16, 6), (32, 4))

    def refused_here(*arguments: object) -> None:
        raise OSError(errno.EPERM, "not yours")

    monkeypatch.setattr(os, "setxattr", refused_here)
    replace_content(path, b"new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
