"""Roots that rezup 2.6 itself made: listed, used, dropped and pulled from, but never written into."""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from support.real import base_python, run_program, settle
from support.world import World

if TYPE_CHECKING:
    from collections.abc import Mapping

pytest_plugins = ["support.real"]
pytestmark = [pytest.mark.integration, pytest.mark.skipif(os.name == "nt", reason="scripts of POSIX")]

RECIPE = """\
description = "made by 2.6"
[rez]
name = "rez"
url = "rez>=3.0"
[env]
STUDIO = "of 2.6"
"""
PRODUCTION = "from rez.system import system; print(system.is_production_rez_install)"


def old_python() -> Path:
    """A Python that rezup 2.6 runs with: it needs `imp` and `pkg_resources`."""
    if sys.version_info < (3, 12):
        return base_python()
    pythons = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    found = [path for minor in (11, 10, 9) for path in pythons.glob(f"3.{minor}.*/bin/python3")]
    found += [Path(path) for minor in (11, 10, 9) if (path := shutil.which(f"python3.{minor}"))]
    if not found:
        pytest.skip("there is no Python before 3.12")
    return found[0]


@dataclass(frozen=True)
class Legacy:
    """rezup 2.6, and what it made: a revision on its machine, and one on the remote root."""

    program: Path
    maker: World
    local: Path
    remote: Path

    def run(self, *arguments: str) -> str:
        """What rezup 2.6 says."""
        return run_program(self.program, *arguments, env=self.maker.environ, cwd=self.maker.home)


@pytest.fixture(scope="module")
def legacy(tmp_path_factory: pytest.TempPathFactory, uv_cache: Path) -> Legacy:
    folder = tmp_path_factory.mktemp("rezup-2.6")
    local, remote = folder / "local", folder / "remote"
    remote.mkdir()
    maker = settle(
        World(folder / "maker"), uv_cache, REZUP_ROOT_LOCAL=str(local), REZUP_ROOT_REMOTE=str(remote)
    )
    maker.write("rezup.old.toml", RECIPE)
    run_program(old_python(), "-m", "venv", folder / "venv", env=maker.environ)
    pip = [folder / "venv/bin/python", "-m", "pip", "install", "-q"]
    run_program(*pip, "rezup==2.1.1", "rezup-api==2.6.0", "setuptools<80", env=maker.environ)
    made = Legacy(folder / "venv/bin/rezup", maker, local, remote)
    assert "rezup 2.6.0" in made.run("--version")
    made.run("add", "old", "--skip-use")
    made.run("add", "old", "--skip-use", "--remote")
    return made


@pytest.fixture
def machine(real_world: World, legacy: Legacy) -> World:
    """A machine whose local root rezup 2.6 made. Not to be changed."""
    real_world.variables["REZUP_ROOT_LOCAL"] = str(legacy.local)
    return real_world


@pytest.fixture
def own_copy(real_world: World, legacy: Legacy) -> Path:
    """The revisions of a machine whose local root is a copy, to be changed."""
    shutil.copytree(legacy.local, real_world.root, symlinks=True)
    return real_world.root / "old/revisions"


def files(folder: Path) -> dict[str, int]:
    """All below a folder, and when it was changed."""
    return {str(path): path.lstat().st_mtime_ns for path in folder.rglob("*")}


def listed(world: World) -> dict[str, Mapping[str, Any]]:
    """The revisions that `list` tells, by their names."""
    outcome = world.rezup("list", "old", "--json")
    assert outcome.code == 0, outcome.err
    return {revision["revision"]: revision for revision in outcome.data["revisions"]}


def only(folder: Path) -> Path:
    (found,) = folder.iterdir()
    return found


def damaged(revisions: Path, receipt: bytes) -> Path:
    """A newer revision beside the good one, with another receipt."""
    good = only(revisions)
    newer = revisions / f"{float(good.name) + 60:.6f}"
    shutil.copytree(good, newer, symlinks=True)
    (newer / "revision.json").write_bytes(receipt)
    return newer


class TestItsLocalRoot:
    def test_its_revisions_are_listed_and_told_of(self, machine: World, legacy: Legacy) -> None:
        stamp = only(legacy.local / "old/revisions").name
        revision = listed(machine)[stamp]
        assert (revision["state"], revision["legacy"]) == ("ready", True)
        assert revision["description"] == "made by 2.6"
        status = machine.rezup("status", "old", "--json").data["container"]
        assert (status["revision"], status["state"]) == (stamp, "ready")

    def test_they_are_used_and_not_written_into(self, machine: World, legacy: Legacy) -> None:
        before = files(legacy.local)
        version = machine.rezup("use", "old", "--", "rez", "--version")
        assert version.out.startswith("Rez 3."), version.err
        script = "echo $STUDIO $REZUP_REVISION; rez-env -- rez-python -c '" + PRODUCTION + "'"
        outcome = machine.rezup("use", "old", "--", "sh", "-c", script)
        assert (outcome.code, outcome.err) == (0, "")
        stamp = only(legacy.local / "old/revisions").name
        assert outcome.out == f"of 2.6 {stamp}\nTrue\n"
        assert files(legacy.local) == before

    def test_they_are_dropped_one_by_one(self, real_world: World, own_copy: Path, legacy: Legacy) -> None:
        good = only(own_copy)
        receipt = json.loads((good / "revision.json").read_text())
        older = damaged(own_copy, json.dumps(receipt).encode())
        dropped = real_world.rezup("drop", f"old@{older.name}", "--yes")
        assert dropped.code == 0, dropped.err
        assert only(own_copy) == good
        assert real_world.rezup("drop", "old", "--yes").code == 0
        assert not own_copy.exists() or not list(own_copy.iterdir())
        assert "old" not in real_world.rezup("list").out
        assert len(list((legacy.local / "old/revisions").iterdir())) == 1

    @pytest.mark.parametrize("receipt", [b"", b'{"rezup_version": "2.6.0", "crea', b"\0" * 200])
    def test_one_with_a_damaged_receipt_is_passed_over(
        self, real_world: World, own_copy: Path, receipt: bytes
    ) -> None:
        good = only(own_copy)
        newer = damaged(own_copy, receipt)
        outcome = real_world.rezup("use", "old", "--", "sh", "-c", "echo $REZUP_REVISION")
        assert (outcome.code, outcome.out) == (0, f"{good.name}\n"), outcome.err
        assert "Traceback" not in outcome.err
        assert newer.name in outcome.err
        assert listed(real_world)[newer.name]["state"] != "ready"

    def test_one_of_rezup_1_is_listed_as_foreign_and_left_alone(
        self, real_world: World, own_copy: Path
    ) -> None:
        good = only(own_copy)
        foreign = damaged(own_copy, b'{"creator": "ann", "hostname": "ws1", "revision_path": "/x", "venvs": ["rez"]}')  # fmt: skip
        before = files(foreign)
        assert listed(real_world)[foreign.name]["state"] == "foreign"
        outcome = real_world.rezup("use", "old", "--", "sh", "-c", "echo $REZUP_REVISION")
        assert (outcome.code, outcome.out) == (0, f"{good.name}\n"), outcome.err
        assert files(foreign) == before

    def test_a_new_revision_joins_them_and_rezup_2_still_uses_its_own(
        self, machine: World, legacy: Legacy
    ) -> None:
        machine.write("rezup.old.toml", RECIPE.replace("of 2.6", "of 3"))
        own = only(legacy.local / "old/revisions").name
        before = files(legacy.local / "old/revisions")
        assert machine.rezup("add", "old", "--skip-use").code == 0
        stamp = next(stamp for stamp in listed(machine) if stamp != own)
        asked = ["--", "sh", "-c", "echo $STUDIO $REZUP_REVISION"]
        assert machine.rezup("use", "old", *asked).out == f"of 3 {stamp}\n"
        assert machine.rezup("use", f"old@{own}", *asked).out == f"of 2.6 {own}\n"
        assert legacy.run("use", "old", "--local", "--", "rez-python", "-c", PRODUCTION).endswith("True\n")
        assert files(legacy.local / "old/revisions") == before
        assert machine.rezup("drop", f"old@{stamp}", "--yes").code == 0


class TestItsRemoteRoot:
    @pytest.fixture
    def client(self, real_world: World, legacy: Legacy) -> World:
        real_world.variables["REZUP_ROOT_REMOTE"] = str(legacy.remote)
        return real_world

    def test_its_revision_is_pulled_under_the_same_name(self, client: World, legacy: Legacy) -> None:
        stamp = only(legacy.remote / "old/revisions").name
        before = files(legacy.remote)
        assert listed(client)[stamp]["state"] == "not here"
        asked = ["use", "old", "--", "sh", "-c", "echo $STUDIO $REZUP_REVISION; rez-python -c '" + PRODUCTION + "'"]  # fmt: skip
        first = client.rezup(*asked)
        assert (first.code, first.out) == (0, f"of 2.6 {stamp}\nTrue\n"), first.err
        second = client.rezup(*asked)
        assert (second.out, second.err) == (first.out, "")
        assert client.stamps("old") == [stamp]
        receipt = json.loads((client.root / "old" / stamp / "revision.json").read_bytes())
        assert receipt["format"] == 1
        assert files(legacy.remote) == before

    @pytest.mark.parametrize("receipt", [b'{"rezup_ver', b'{"rezup_version": "2.6.0", "crea', b"\0" * 200])
    def test_one_with_a_damaged_receipt_is_passed_over(
        self, client: World, legacy: Legacy, tmp_path: Path, receipt: bytes
    ) -> None:
        shutil.copytree(legacy.remote, tmp_path / "remote")
        client.variables["REZUP_ROOT_REMOTE"] = str(tmp_path / "remote")
        stamp = only(legacy.remote / "old/revisions").name
        newer = damaged(tmp_path / "remote/old/revisions", receipt)
        outcome = client.rezup("use", "old", "--", "sh", "-c", "echo $REZUP_REVISION")
        assert (outcome.code, outcome.out) == (0, f"{stamp}\n"), outcome.err
        assert newer.name in outcome.err
        assert "Traceback" not in outcome.err


class TestWhatIsPublishedForItToo:
    """`add --remote --also-2x`: a host that is still on rezup 2.6 follows."""

    RECIPE = """\
description = "by 3, for 2.6: [all] # of them"
[rez]
name = "rez"
url = "rez>=3.0"
python = ">=3.8"
lib = ["six<2"]
[env]
STUDIO = "of 3 # and 'of' \\"2.6\\" \\\\ too"
PLAIN = "${HOME}/x"
"""

    def test_is_pulled_and_used_by_rezup_2(
        self, real_world: World, legacy: Legacy, uv_cache: Path, tmp_path: Path
    ) -> None:
        remote = tmp_path / "remote"
        remote.mkdir()
        real_world.variables["REZUP_ROOT_REMOTE"] = str(remote)
        recipe = self.RECIPE.replace('">=3.8"', f'"{sys.version_info[0]}.{sys.version_info[1]}"')
        real_world.write("rezup.show.toml", recipe)
        added = real_world.rezup("add", "show", "--remote", "--also-2x", "--skip-use")
        assert added.code == 0, added.err
        (stamp,) = listed_of(real_world, "show")

        client = settle(
            World(tmp_path / "client"), uv_cache,
            REZUP_ROOT_LOCAL=str(tmp_path / "local"), REZUP_ROOT_REMOTE=str(remote),
        )  # fmt: skip
        client.write("rezup.show.toml", "")
        asked = "import os, rez; print(rez.__version__, os.environ['STUDIO'], os.environ['PLAIN'], sep='|')"
        before = files(remote)
        out = run_program(
            legacy.program,
            "use",
            "show",
            "--",
            "rez-python",
            "-c",
            asked,
            env=client.environ,
            cwd=client.home,
        )
        version, studio, plain = out.splitlines()[-1].split("|")
        assert studio == "of 3 # and 'of' \"2.6\" \\ too"
        assert plain == f"{client.home}/x"
        assert only(tmp_path / "local/show/revisions").name == stamp
        assert files(remote) == before
        ours = real_world.rezup("use", "show", "--", "rez", "--version").out
        assert version in ours


def listed_of(world: World, container: str) -> list[str]:
    """The revisions of a container, as `list` names them."""
    outcome = world.rezup("list", container, "--json")
    assert outcome.code == 0, outcome.err
    return [revision["revision"] for revision in outcome.data["revisions"]]
