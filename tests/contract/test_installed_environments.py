"""What both installers leave in an environment, and that it runs wherever it is moved to."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rezup.installers.distributions import read_distributions
from support.installer_worlds import World, ask, make_world
from support.lock_worlds import tool
from support.wheels import digest, write_extension

if TYPE_CHECKING:
    from rezup.installers.base import BuiltEnvironment

pytestmark = pytest.mark.skipif(os.name == "nt", reason="scripts of POSIX")


@dataclass
class Finished:
    built: BuiltEnvironment
    target: Path
    world: World


@pytest.fixture(scope="module", params=["uv", "pip"])
def finished(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, shared: Path
) -> Finished:
    """Rez and an extension in one environment, moved away from where it was built."""
    root = tmp_path_factory.mktemp(f'it\'s a "{request.param}" $ world')
    world = make_world(root, request.param, shared)
    write_extension(world.wheels)
    extension = tool("rez-thing", flags=("-I", "-OO"))
    built, staging = world.build(world.recipe(None, extension))
    target = root / "moved away" / "rez"
    target.parent.mkdir()
    staging.rename(target)
    return Finished(built, target, world)


def test_tells_what_was_built(finished: Finished) -> None:
    built = finished.built
    assert (built.name, built.python, built.scripts) == ("rez", "bin/python", "bin/rez")
    assert [(t.name, t.distribution, t.version, t.environment) for t in built.tools] == [
        ("rez", "rez", "9.1.0", "rez"),
        ("rez-thing", "rez-thing", "1.2", "rez"),
    ]
    assert built.tools[0].scripts == ("_rez_fwd", "rez", "rez-env")
    assert built.backend == finished.world.backend
    assert built.backend_version
    assert built.backend_reason == "the recipe asks for it"
    assert {"pip", "rez", "rez-thing"} <= {name for name, _ in built.distributions}
    assert built.notes == ()


def test_reports_its_stages_in_order(finished: Finished) -> None:
    assert finished.world.listener.stages == ["interpreter", "environment", "install", "scripts", "byte-code"]


def test_log_holds_what_programs_printed(finished: Finished) -> None:
    text = (finished.world.root / "log.txt").read_text()
    assert "$ " in text
    assert re.search(r"rez.*9\.1\.0", text)
    assert finished.world.listener.lines


def test_only_production_scripts_are_in_their_folder(finished: Finished) -> None:
    names = {path.name for path in (finished.target / "bin" / "rez").iterdir()}
    assert names == {".rez_production_install", "_rez_fwd", "rez", "rez-env", "rez-thing"}
    assert (finished.target / "bin/rez/.rez_production_install").read_text() == "9.1.0"
    assert {path.name for path in (finished.target / "bin").iterdir()} >= {"python", "pip", "rez"}
    assert not (finished.target / "bin" / "rez-env").exists()


def test_script_runs_with_the_flags_of_its_tool(finished: Finished) -> None:
    rez = ask(finished.target / "bin/rez/rez-env", "a b", "'", "", "$HOME")
    assert rez["argv"] == [str(finished.target / "bin/rez/rez-env"), "a b", "'", "", "$HOME"]
    assert rez["ignores_environment"] == 1
    assert rez["writes_bytecode"] is False
    assert rez["optimize"] == 0
    assert rez["prefix"] == str(finished.target)
    thing = ask(finished.target / "bin/rez/rez-thing")
    assert thing["optimize"] == 2


def test_script_passes_the_status_on(finished: Finished) -> None:
    assert ask(finished.target / "bin/rez/rez-env", "fail")["status"] == 7


def test_hostile_environment_changes_nothing(finished: Finished, tmp_path: Path) -> None:
    for name in ("json.py", "rez.py", "usercustomize.py", "sitecustomize.py"):
        (tmp_path / name).write_text("raise SystemExit('hostile')\n")
    script = finished.target / "bin/rez/rez-env"
    calm = ask(script)
    hostile = ask(
        script, cwd=tmp_path, PYTHONPATH=str(tmp_path), PYTHONHOME=str(tmp_path), PYTHONUSERBASE=str(tmp_path),
        PYTHONSTARTUP=str(tmp_path / "rez.py"), PYTHONPYCACHEPREFIX=str(tmp_path), CDPATH=str(tmp_path),
        ENV=str(tmp_path / "rez.py"),
    )  # fmt: skip
    assert hostile == calm


@pytest.mark.parametrize(
    "way", ["link", "link to link", "folder", "programs", "environment", "sh", "PATH", "sh PATH"]
)
def test_script_is_found_every_way(finished: Finished, tmp_path: Path, way: str) -> None:
    real = finished.target / "bin/rez/rez-env"
    cwd, command, search = tmp_path, [], os.environ["PATH"]
    if way == "link":
        (tmp_path / "envy").symlink_to(real)
        command = ["./envy"]
    elif way == "link to link":
        (tmp_path / "deep").mkdir()
        (tmp_path / "deep" / "one").symlink_to(os.path.relpath(real, tmp_path / "deep"))
        (tmp_path / "two").symlink_to("deep/one")
        command = [str(tmp_path / "two")]
    elif way in ("folder", "programs", "environment"):
        depth = {"folder": 0, "programs": 1, "environment": 2}[way]
        (tmp_path / "python").write_text("#!/bin/sh\necho wrong\n")
        (tmp_path / "python").chmod(0o755)
        (tmp_path / "linked").symlink_to(real.parents[depth])
        command = [str(Path("linked", real.relative_to(real.parents[depth])))]
    elif way == "sh":
        cwd, command = real.parent, ["sh", "rez-env"]
    elif way == "PATH":
        command, search = ["rez-env"], f"{real.parent}:{search}"
    else:
        command, search = ["bash", "rez-env"], f"{real.parent}:{search}"
    done = subprocess.run(
        command, cwd=cwd, env={"PATH": search}, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert done.stderr == ""
    told = json.loads(done.stdout)
    assert os.path.realpath(told["prefix"]) == os.path.realpath(finished.target)
    # Rez looks for its mark beside the script it was called by.
    assert Path(cwd, told["argv"][0]).with_name(".rez_production_install").is_file()


def test_nothing_names_the_place_it_was_built_at(finished: Finished) -> None:
    assert finished.built.leftovers == ()
    staging = os.fsencode(finished.world.root / "staging")
    guilty = [
        path for path in finished.target.rglob("*")
        if path.is_file() and not path.is_symlink() and staging in path.read_bytes()
    ]  # fmt: skip
    assert guilty == []


def test_activation_is_removed(finished: Finished) -> None:
    names = {path.name.lower() for path in (finished.target / "bin").iterdir()}
    assert not [name for name in names if "activate" in name or name.endswith(".bat")]


def test_other_scripts_are_relocated(finished: Finished) -> None:
    done = subprocess.run(
        [finished.target / "bin" / "pip", "--version"], capture_output=True, text=True, check=False
    )
    assert str(finished.target) in done.stdout, done.stderr


def test_record_is_right(finished: Finished) -> None:
    site = next(finished.target.glob("lib/python*/site-packages"))
    seen = set()
    for distribution in read_distributions(site):
        record = distribution.record()
        assert record, distribution
        for path, (recorded, size) in record.items():
            place = site / path
            assert place.is_file(), path
            if recorded:
                assert recorded == digest(place.read_bytes()), path
                assert int(size) == place.stat().st_size, path
        seen |= {path for path in record if path.startswith("../")}
    assert "../../../bin/rez/rez-env" in seen
    assert "../../../bin/rez-env" not in seen


def test_byte_code_is_complete_and_names_no_path(finished: Finished) -> None:
    site = next(finished.target.glob("lib/python*/site-packages"))
    cached = set(site.rglob("__pycache__/*.pyc"))
    for module in site.rglob("*.py"):
        is_template = module.name == "template_py2.py"
        expected = module.parent / "__pycache__" / f"{module.stem}.{sys.implementation.cache_tag}.pyc"
        assert (expected in cached) != is_template, module
    home = os.fsencode(finished.world.root)
    for path in cached:
        data = path.read_bytes()
        assert data[4:8] == b"\x01\0\0\0", path  # unchecked hash
        assert home not in data, path


def test_running_it_writes_nothing(finished: Finished) -> None:
    def state() -> set[tuple[str, int]]:
        return {(str(path), path.lstat().st_mtime_ns) for path in finished.target.rglob("*")}

    before = state()
    ask(finished.target / "bin/rez/rez-env")
    ask(finished.target / "bin/rez/rez-thing")
    assert state() == before


def test_plugins_of_an_extension_are_seen_both_ways(finished: Finished) -> None:
    code = (
        "import importlib.metadata as m, rezplugins.command.thing as t; print(t.PLUGIN);"
        "print(*[p.load().PLUGIN for p in m.entry_points(group='rez.plugins.command')])"
    )
    done = subprocess.run(
        [finished.target / "bin" / "python", "-E", "-B", "-c", code],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split("\n") == ["folder", "entry point", ""], done.stderr
