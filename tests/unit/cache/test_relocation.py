"""Each kind of file names the new place by its own rules."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from rezup.cache.relocation import Place, Relocation
from rezup.errors import CacheError

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="paths of POSIX")

OLD = "/work/shop/.venv"


def facts(*paths: str, venv: str = OLD, python: str = "/usr/bin/python3.11") -> dict[str, Any]:
    project = os.path.dirname(venv)
    return {"names": {"venv": [venv], "project": [project]}, "python": python, "placed": list(paths)}


def moved(
    folder: Path, path: str, text: str, new: str, *, old: str = OLD, python: str = "/usr/bin/python3.11"
) -> str:
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_text(text)
    place = Place(new, os.path.dirname(new), python)
    Relocation(facts(path, venv=old), [path], place).apply(folder)
    return (folder / path).read_text()


@pytest.mark.parametrize(
    ("path", "text", "plain", "blank"),
    [
        ("bin/activate", 'VIRTUAL_ENV="{}"\n', 'VIRTUAL_ENV="{}"\n', 'VIRTUAL_ENV="{}"\n'),
        ("bin/activate", "VIRTUAL_ENV='{}'\n", "VIRTUAL_ENV='{}'\n", "VIRTUAL_ENV='{}'\n"),
        ("bin/activate", "export VIRTUAL_ENV={}\n", "export VIRTUAL_ENV={}\n", "export VIRTUAL_ENV='{}'\n"),
        ("bin/activate", "X=$(cygpath {})\n", "X=$(cygpath {})\n", "X=$(cygpath '{}')\n"),
        ("bin/activate.csh", "setenv VIRTUAL_ENV '{}'\n", "setenv VIRTUAL_ENV '{}'\n", "setenv VIRTUAL_ENV '{}'\n"),
        ("bin/activate.fish", "set -gx VIRTUAL_ENV {}\n", "set -gx VIRTUAL_ENV {}\n", "set -gx VIRTUAL_ENV '{}'\n"),
        ("bin/activate.bat", '@set "VIRTUAL_ENV={}"\n', '@set "VIRTUAL_ENV={}"\n', '@set "VIRTUAL_ENV={}"\n'),
        ("bin/tool", "#!{}/bin/python3 -E\nx\n", "#!{}/bin/python3 -E\nx\n",
         "#!/bin/sh\n'''exec' \"{}/bin/python3\" -E \"$0\" \"$@\"\n' '''\nx\n"),
        ("bin/tool", "#!/bin/sh\n'''exec' \"{}/bin/python\" \"$0\" \"$@\"\n' '''\nx\n",
         "#!{}/bin/python\nx\n", "#!/bin/sh\n'''exec' \"{}/bin/python\" \"$0\" \"$@\"\n' '''\nx\n"),
        ("bin/tool", "#!/bin/sh\n'''exec' '{}/bin/python' \"$0\" \"$@\"\n' '''\nx\n",
         "#!{}/bin/python\nx\n", "#!/bin/sh\n'''exec' \"{}/bin/python\" \"$0\" \"$@\"\n' '''\nx\n"),
        ("bin/tool.sh", "#!/bin/sh\necho {}\n", "#!/bin/sh\necho {}\n", "#!/bin/sh\necho {}\n"),
        ("pyvenv.cfg", "command = python3 -m venv {}\n", "command = python3 -m venv {}\n", "command = python3 -m venv {}\n"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("new", ["/ci/builds/7/shop/.venv", "/ci/two words/.venv", "/ci/a&b;c (2)/ü/.venv"])
def test_scripts_and_activation_name_the_new_place(
    tmp_path: Path, path: str, text: str, plain: str, blank: str, new: str
) -> None:
    is_plain = new.isascii() and not set(new) & set(" &;()")
    expected = plain if is_plain or (path == "bin/tool" and " " not in new) else blank
    assert moved(tmp_path, path, text.format(OLD), new) == expected.format(new)


def test_a_script_in_a_deep_folder_needs_no_long_first_line(tmp_path: Path) -> None:
    new = f"/ci/{'x' * 130}/.venv"
    text = moved(tmp_path, "bin/tool", f"#!{OLD}/bin/python\nx\n", new)
    assert text == f"#!/bin/sh\n'''exec' \"{new}/bin/python\" \"$0\" \"$@\"\n' '''\nx\n"


def test_only_whole_paths_are_replaced(tmp_path: Path) -> None:
    text = f"{OLD}-other {OLD}2 /mnt{OLD} {OLD}.bak {OLD}/bin /work/shop/src /work/shopping file://{OLD}\n"
    assert moved(tmp_path, "share/note", text, "/ci/.venv") == (
        "/ci/.venv-other /ci/.venv2 /mnt/work/shop/.venv /ci/.venv.bak /ci/.venv/bin /ci/src /work/shopping "
        "file:///ci/.venv\n"
    )


def test_a_source_that_is_used_from_the_project_is_that_of_the_new_project(tmp_path: Path) -> None:
    assert moved(tmp_path, "lib/x.pth", "/work/shop/src\n", "/ci/a b/.venv") == "/ci/a b/src\n"
    path = "lib/x.dist-info/direct_url.json"
    assert moved(tmp_path, path, '{"url": "file:///work/shop"}', "/ci/a b/.venv") == (
        '{"url": "file:///ci/a%20b"}'
    )


def test_a_new_place_below_the_old_one_is_not_replaced_twice(tmp_path: Path) -> None:
    new = f"{OLD}/inner/.venv"
    assert moved(tmp_path, "bin/activate", f"X='{OLD}'\n", new) == f"X='{new}'\n"


@pytest.mark.parametrize("name", ["it's", 'a"b', "a$b", "a`b", "a:b", "a\nb", "a!b", "a\\b"])
def test_a_place_that_shells_would_misread_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(CacheError) as caught:
        moved(tmp_path, "bin/activate", f"X='{OLD}'\n", f"/ci/{name}/.venv")
    assert caught.value.hint


def test_in_the_same_place_every_name_goes(tmp_path: Path) -> None:
    place = "/ci/it's/.venv"
    assert moved(tmp_path, "bin/activate", f'X="{place}"\n', place, old=place) == f'X="{place}"\n'


def test_another_python_of_the_same_kind_is_taken_where_it_lies(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to("/usr/bin/python3.11")
    (tmp_path / "bin" / "python3").symlink_to("python")
    (tmp_path / "bin" / "tool").symlink_to("/usr/bin/tool")
    text = moved(
        tmp_path, "pyvenv.cfg", "home = /usr/bin\nversion = 3.11.7\nexecutable = /usr/bin/python3.11\n",
        OLD, python="/opt/py/bin/python3.11",
    )  # fmt: skip
    assert text == "home = /opt/py/bin\nversion = 3.11.7\nexecutable = /opt/py/bin/python3.11\n"
    assert os.readlink(tmp_path / "bin/python") == "/opt/py/bin/python3.11"
    assert os.readlink(tmp_path / "bin/python3") == "python"
    assert os.readlink(tmp_path / "bin/tool") == "/usr/bin/tool"


def test_a_link_into_the_old_place_leads_into_the_new_one(tmp_path: Path) -> None:
    (tmp_path / "lib64").symlink_to(f"{OLD}/lib")
    moved(tmp_path, "pyvenv.cfg", "", "/ci/.venv")
    assert os.readlink(tmp_path / "lib64") == "/ci/.venv/lib"


def test_a_file_outside_of_the_environment_is_never_touched(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text(OLD)
    (tmp_path / "venv").mkdir()
    Relocation(facts("../outside"), ["bin/tool"], Place("/ci/.venv", "/ci", "")).apply(tmp_path / "venv")
    assert outside.read_text() == OLD
