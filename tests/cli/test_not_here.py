"""What `list` and `status` tell of revisions that only the remote root has."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, Any

import pytest

from rezup.recipes.names import ContainerName
from rezup.stores.remote import RemoteStore
from rezup.stores.stamps import Stamp
from support.world import fake_receipt

if TYPE_CHECKING:
    from pathlib import Path

    from support.world import World

LOCK = """\
lock-version = "1.0"
created-by = "test"

[[packages]]
name = "rez"
version = "{version}"

[[packages.wheels]]
name = "rez-{version}-py3-none-any.whl"
url = "https://example.org/rez-{version}-py3-none-any.whl"
hashes = {{sha256 = "{digest}"}}
"""


@pytest.fixture
def studio(world: World, tmp_path: Path) -> RemoteStore:
    root = tmp_path / "studio"
    root.mkdir()
    world.variables["REZUP_ROOT_REMOTE"] = str(root)
    return RemoteStore(root)


def lock(version: str) -> bytes:
    return LOCK.format(version=version, digest="a" * 64).encode()


def publish(studio: RemoteStore, stamp: str, data: bytes | None, **facts: Any) -> Path:
    """A revision with that lock of Rez; returns its folder."""
    locks = {} if data is None else {"pylock.toml": data}
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in locks.items()}
    facts = {"creator": "bob", "host": "ws1", "created": float(stamp), "verified": True, **facts}
    receipt = fake_receipt("foo", kind="recipe", tools=(), environments=(), locks=digests, **facts)
    files = {"rezup.toml": b"[rez]\n", "revision.json": receipt.to_bytes(), **locks}
    name = ContainerName("foo")
    return studio.folder(name, studio.publish(name, files, Stamp(stamp)))


def listed(world: World) -> dict[str, Any]:
    """The version of Rez by revision."""
    found = world.rezup("list", "foo", "--json").data["revisions"]
    return {each["revision"]: each["rez"] for each in found}


def pipe(path: Path) -> None:
    """Whoever reads it waits for ever, as on a mount that is dead."""
    path.unlink(missing_ok=True)
    os.mkfifo(path)


def test_the_lock_tells_the_version_of_rez(world: World, studio: RemoteStore) -> None:
    for stamp, version in (("100.000000", "3.2.0"), ("200.000000", "3.3.0"), ("300.000000", "3.2.0")):
        publish(studio, stamp, lock(version))
    publish(studio, "400.000000", None)  # rezup 2.x knew no locks
    publish(studio, "500.000000", b"no lock")
    (publish(studio, "600.000000", lock("3.4.0")) / "pylock.toml").write_bytes(lock("6.6.6"))
    publish(studio, "700.000000", lock("3.5.0"))
    world.revision("foo", "700.000000")
    assert listed(world) == {
        "100.000000": "3.2.0",
        "200.000000": "3.3.0",
        "300.000000": "3.2.0",
        "400.000000": None,
        "500.000000": None,
        "600.000000": None,  # it isn't the lock that was published, so nobody can build it
        "700.000000": "3.4.0",  # what is installed here
    }
    assert world.rezup("status", "foo@200", "--json").data["container"]["rez"] == "3.3.0"
    assert "\nrez          3.3.0\n" in world.rezup("status", "foo@200").out


def test_of_very_many_only_the_newest_are_looked_into(world: World, studio: RemoteStore) -> None:
    from rezup.containers.inventory import VERSIONS_READ

    for number in range(VERSIONS_READ + 2):
        publish(studio, f"{100 + number}.000000", lock(f"3.{number}.0"))
    versions = list(listed(world).values())
    assert versions == [*(f"3.{number + 2}.0" for number in reversed(range(VERSIONS_READ))), None, None]


def test_when_there_is_no_time_left_nothing_more_is_asked(studio: RemoteStore) -> None:
    from rezup.containers.inventory import Looks

    publish(studio, "100.000000", lock("3.2.0"))
    name, stamp = ContainerName("foo"), Stamp("100.000000")
    receipt = Looks(studio).receipt(name, stamp)
    assert receipt is not None
    assert Looks(studio).rez_version(name, stamp, receipt) == "3.2.0"
    late = Looks(studio, seconds=0)
    assert (late.receipt(name, stamp), late.rez_version(name, stamp, receipt)) == (None, None)


@pytest.mark.skipif(os.name == "nt", reason="pipes of POSIX")
@pytest.mark.parametrize("file", ["revision.json", "pylock.toml"])
def test_after_one_file_that_gives_no_answer_nothing_more_is_asked(
    world: World, studio: RemoteStore, file: str
) -> None:
    folders = [publish(studio, f"{n}00.000000", lock(f"3.{n}.0")) for n in (2, 3, 4)]
    pipe(folders[1] / file)
    found = world.rezup("list", "foo", "--json")
    assert found.code == 0
    rows = found.data["revisions"]
    assert [each["rez"] for each in rows] == ["3.4.0", None, None]
    is_read = file == "pylock.toml"
    assert [each["creator"] for each in rows] == ["bob", "bob" if is_read else None, None]
    human = world.rezup("list", "foo")
    assert (human.code, len(human.out.splitlines())) == (0, 4)


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
def test_a_file_that_is_kept_from_us_hides_no_other(world: World, studio: RemoteStore) -> None:
    from support.permissions import obey_permissions

    publish(studio, "100.000000", lock("3.2.0"))
    (publish(studio, "200.000000", lock("3.3.0")) / "revision.json").chmod(0)
    rows = world.rezup("list", "foo", "--json", preexec_fn=obey_permissions).data["revisions"]
    assert [(each["rez"], each["creator"]) for each in rows] == [(None, None), ("3.2.0", "bob")]


def test_the_long_list_tells_when_and_who(world: World, studio: RemoteStore) -> None:
    world.variables["TZ"] = "UTC"
    publish(studio, "86400.000000", lock("3.2.0"), description="Show")
    publish(studio, "999999999999.000000", lock("3.3.0"), creator="e\nve", created=1.0)
    world.revision("foo", "172800.000000", creator="ann")
    world.revision("bar", "172800.000000", creator="ann", published_by="bob", published_on="ws1")
    heads, odd, here, old = (line.split("  ") for line in world.rezup("list", "foo", "-v").out.splitlines())
    cells = [[cell.strip() for cell in row if cell.strip()] for row in (heads, odd, here, old)]
    assert cells[0] == [
        "REVISION", "WHERE", "STATE", "REZ", "DATE", "PUBLISHED BY", "MADE BY", "DESCRIPTION"
    ]  # fmt: skip
    assert cells[1][5:8] == ["-", "e\\nve on ws1", "e\\nve"]  # no calendar has that year
    assert cells[2][-3:] == ["1970-01-03 00:00", "-", "ann"]
    assert cells[3][-4:] == ["1970-01-02 00:00", "bob on ws1", "bob", "Show"]
    assert "  1970-01-03 00:00  bob on ws1    ann" in world.rezup("list", "bar", "-v").out
    assert "DATE" not in world.rezup("list", "foo").out


def test_status_tells_who_published_and_whether_it_was_proved(world: World, studio: RemoteStore) -> None:
    world.variables["TZ"] = "UTC"
    publish(studio, "86400.000000", lock("3.2.0"), description="Show")
    publish(studio, "172800.000000", lock("3.2.0"), verified=False)
    for target, day, proof in (
        ("foo@86400", "02", "proved before it was published"),
        ("foo", "03", "none: published with --no-verify"),
    ):
        lines = [line.split("  ", 1) for line in world.rezup("status", target, "-v").out.splitlines() if line]
        told = {label: rest[0].strip() for label, *rest in lines}
        assert told["state"] == "not here"
        assert told["made"].startswith(f"1970-01-{day} 00:00 by bob on ws1, rezup ")
        assert (told["published"], told["proof"]) == ("by bob on ws1", proof)
    data = world.rezup("status", "foo@86400", "--json").data["container"]
    assert (data["state"], data["description"], data["verified"]) == ("not here", "Show", True)
    assert (data["created"], data["creator"], data["host"]) == (86400.0, "bob", "ws1")
    assert (data["published_by"], data["published_on"]) == ("bob", "ws1")
    assert (data["tools"], data["environments"]) == ([], [])


@pytest.mark.skipif(os.name == "nt", reason="pipes of POSIX")
def test_status_goes_on_without_an_answer(world: World, studio: RemoteStore) -> None:
    folder = publish(studio, "100.000000", lock("3.2.0"))
    pipe(folder / "revision.json")
    found = world.rezup("status", "foo", "--json")
    data = found.data["container"]
    assert (found.code, data["state"], data["creator"], data["rez"]) == (0, "not here", None, None)
    assert "made" not in world.rezup("status", "foo", "-v").out
