"""Files of farm jobs that are damaged, newer, hostile, or none: they are refused, and nothing is run."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from support.jobs import change, do, refused, submit

if TYPE_CHECKING:
    from pathlib import Path

    from support.world import World


class TestTheFile:
    @pytest.mark.parametrize(
        "content",
        [b"", b"\0" * 4000, b'{"format": 1, "kind": "rezup-job", "cont', b"[]", b"{}", b"\xff\xfe", b"[" * 100_000,
         b'{"kind": "rezup-job", "format": 1}', b'{"kind": "exact", "format": 1}'],
    )  # fmt: skip
    def test_a_damaged_one(self, world: World, content: bytes) -> None:
        file = world.home / "job.json"
        file.write_bytes(content)
        refused(do(world, file), "job.json")

    def test_one_that_is_cut_short_anywhere(self, world: World) -> None:
        file = submit(world, "maya")
        whole = file.read_bytes()
        for length in range(0, len(whole) - 2, len(whole) // 7):
            for end in (b"", b"\0" * 100):  # as a full disk, or a crash of the file server, leaves it
                file.write_bytes(whole[:length] + end)
                refused(do(world, file), "job.json is cut short or damaged\n", "hint: submit the job again")

    @pytest.mark.parametrize("content", [b"maya -batch\n", b"[" * 100_000, b"serialize_version: 3\n"])
    def test_what_never_was_one(self, world: World, content: bytes) -> None:
        file = world.home / "job.json"
        file.write_bytes(content)
        refused(do(world, file), "job.json is no job\n  it is no JSON document\n", "hint: make one with")

    def test_a_newer_one(self, world: World) -> None:
        file = change(submit(world, "maya"), format=2)
        refused(do(world, file), "its format is 2, and this rezup knows 1", "hint: upgrade rezup")
        change(file, format=1, context__format=2)
        refused(do(world, file), "format 2")

    def test_one_that_is_not_there(self, world: World) -> None:
        refused(do(world, world.home / "none.json"), "none.json can't be read", "No such file")
        refused(do(world, world.home), "can't be read")

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
    def test_a_pipe_in_its_place_is_not_waited_for(self, world: World) -> None:
        os.mkfifo(world.home / "job.json")
        refused(do(world, world.home / "job.json", timeout=30), "it is no file")

    @pytest.mark.parametrize(
        "changes",
        [
            {"container__name": "../../etc"},
            {"container__name": "-x"},
            {"container__name": 5},
            {"container__revision": "-1"},
            {"container__revision": ""},
            {"container__revision": "../100.000000"},
            {"container__revision": ["100.000000"]},
            {"container__recipe_digest": 1},
            {"container__tools": ["rez"]},
            {"container__tools": {"rez": None}},
            {"container": "foo"},
            {"container": ...},
            {"context": ...},
            {"context": []},
            {"platform": {}},
            {"context__request": ["maya==2024.1", 5]},
            {"context__request": "maya"},
            {"context__request": ["$(touch /nowhere)"]},
            {"context__packages": [{"name": "maya"}]},
            {"context__packages": ...},
            {"context__time": "soon"},
            {"context__packages_path": ["/a\0b"]},
            {"context__requested": [5]},
            {"format": True},
            {"context__format": True},
            {"context__package_filter": [1, 2]},
            {"context__packages_path": ["/a\ud800"]},
            {"container__tools": {"rez": "\ud800"}},
            {"rezup": "\ud800"},
        ],
    )  # fmt: skip
    def test_a_hostile_one(self, world: World, changes: dict[str, Any]) -> None:
        refused(do(world, change(submit(world, "maya"), **changes)), "can't be used")

    def test_hostile_texts_are_data(self, world: World, tmp_path: Path) -> None:
        witness = tmp_path / "the-witness"  # a dash, for what follows it in a filter is no version
        for name in ("tools", "rezup"):
            file = submit(world, "maya")
            evil = f"$(touch {witness})`touch {witness}`'; touch {witness}; \x1b[31m\n"
            change(file, **{"rezup": evil} if name == "rezup" else {"container__tools": {"rez": evil}})
            do(world, file)
        change(submit(world, "maya"), context__package_filter=[{"excludes": [evil]}])
        refused(do(world, tmp_path / "job.json"))
        assert not witness.exists()

    def test_a_context_file_is_no_job(self, world: World) -> None:
        file = world.home / "c.rxt"
        world.rezup("use", "foo", "--", *world.command("env", "maya", "-o", file))
        refused(do(world, file), "is no job", "hint: make one with")
