"""Texts of scripts, metadata of distributions, records."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from rezup.errors import InstallError
from rezup.installers import editable
from rezup.installers.distributions import (
    Distribution,
    EntryPoint,
    find_distribution,
    read_distributions,
    url_path,
)  # fmt: skip
from rezup.installers.scripts import (
    Layout,
    ToolScripts,
    correct_records,
    header,
    leftovers,
    make_relocatable,
    production_flags,
    script_text,
    write_production_scripts,
)  # fmt: skip
from support.wheels import digest, write_wheel

ENTRY = EntryPoint("rez-env", "rez.cli", "Main.run")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    target = tmp_path / "venv"
    site = target / "lib" / "python3.11" / "site-packages"
    site.mkdir(parents=True)
    (target / "bin").mkdir()
    (target / "pyvenv.cfg").write_text(f"home = /usr\ncommand = virtualenv {target}\n")
    return Layout(target, target / "bin", site)


def install(layout: Layout, wheel: Path) -> Distribution:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(layout.site)
    (found,) = [d for d in read_distributions(layout.site) if wheel.name.startswith(d.name.replace("-", "_"))]
    return found


# Text


@pytest.mark.parametrize("preset", [False, True])
def test_script_is_python_and_shell(tmp_path: Path, preset: bool) -> None:
    text = script_text(ENTRY, ("-E",), preset=preset)
    ast.parse(text)
    assert "\\" not in text
    assert "from rez.cli import Main\n" in text
    assert "sys.exit(Main.run())" in text
    assert ("rez_bin_path" in text) is preset
    path = tmp_path / "script"
    path.write_text(text)
    for shell in ("sh", "dash", "bash", "zsh"):
        if shutil.which(shell):
            shell_part = text.rpartition("'''")[0]
            done = subprocess.run(
                [shell, "-n"], input=shell_part, capture_output=True, text=True, check=False
            )
            assert (done.returncode, done.stderr) == (0, ""), shell


@pytest.mark.parametrize("flag", ["-E -S", "x", "-c'", '-X"', "-", "", "$(x)", "-E;x", "'''", "-X\n"])
def test_flag_that_is_no_option_is_refused(flag: str) -> None:
    with pytest.raises(InstallError):
        header([flag])


def test_flags_never_write_byte_code() -> None:
    tool = distribution("x")
    assert production_flags(ToolScripts(tool, ("-E",))) == ("-E", "-B")
    assert production_flags(ToolScripts(tool, ("-B", "-I"))) == ("-B", "-I")
    assert production_flags(ToolScripts(tool, ("-E",), beside_source=True)) == ("-E",)
    assert '"$b/python" -E -Xutf8 "$s"' in header(["-E", "-Xutf8"])


# Metadata


@pytest.mark.parametrize(
    "line",
    [
        "../x = a:b",
        "x = a:b()",
        "x = a",
        "x = a:b\nc",
        "x y = a:b",
        "x = a b:c",
        "-x = a:b",
        "x = a:b;c",
        "é = a:b",
        "x/y = a:b",
    ],
)
def test_unfit_entry_points_are_refused(layout: Layout, tmp_path: Path, line: str) -> None:
    text = f"[console_scripts]\n{line}\n"
    found = install(layout, write_wheel(tmp_path, "thing", "1", {}, entry_points=text))
    with pytest.raises(InstallError, match="console script"):
        found.entry_points("console_scripts")


def test_entry_points_are_read(layout: Layout, tmp_path: Path) -> None:
    text = "# c\n[gui_scripts]\ng=a:b\n\n[console_scripts]\nrez-x = a.b : c.d [extra]\n; c\ny=a:b\n"
    found = install(layout, write_wheel(tmp_path, "thing", "1", {}, entry_points=text))
    assert found.entry_points("console_scripts") == (
        EntryPoint("rez-x", "a.b", "c.d"),
        EntryPoint("y", "a", "b"),
    )


def test_damaged_metadata_is_passed_over(layout: Layout) -> None:
    (layout.site / "bad-1.dist-info").mkdir()
    (layout.site / "worse-1.dist-info").mkdir()
    (layout.site / "worse-1.dist-info" / "METADATA").write_bytes(b"\xff\0")
    (layout.site / "file-1.dist-info").write_text("")
    assert read_distributions(layout.site) == ()


def distribution(name: str, url: str | None = None, source: Path | None = None) -> Distribution:
    return Distribution(name, "1", Path(), Path(), False, url, source)


@pytest.mark.parametrize(
    ("requirement", "path", "expected"),
    [
        ("Rez_Thing>=1", None, "rez-thing"),
        ("rez.thing[x] ; python_version > '3'", None, "rez-thing"),
        ("rez-thing @ https://x.invalid/y.whl", None, "rez-thing"),
        ("git+https://user@host.invalid/group/tool.git@v1.0#egg=tool", None, "vcs"),
        ("https://x.invalid/archive.zip", None, "archive"),
        (".", Path("/src/local"), "local"),
        (".", Path("/src/edited"), "edited"),
        ("git+https://elsewhere.invalid/a.git", None, "fallback"),
    ],
)
def test_distribution_of_a_tool(requirement: str, path: Path | None, expected: str) -> None:
    known = [
        distribution("other"), distribution("rez-thing"), distribution("fallback"),
        distribution("vcs", "https://host.invalid/group/tool.git"),
        distribution("archive", "https://x.invalid/archive.zip"), distribution("local", "file:///src/local"),
        distribution("edited", "file:///src/edited", Path("/src/edited")),
    ]  # fmt: skip
    assert find_distribution(known, requirement, path, "fallback").name == expected


def test_distribution_that_can_not_be_told() -> None:
    with pytest.raises(InstallError, match="what was installed for tool"):
        find_distribution([distribution("other")], "git+https://x.invalid/y", None, "tool")


def test_url_path() -> None:
    assert url_path("file:///a%20b") == Path("/a b")
    assert url_path("https://x.invalid/a") is None


# Making it relocatable


def test_foreign_scripts_are_given_a_start_of_ours(layout: Layout) -> None:
    (layout.programs / "one").write_text(f"#!{layout.programs}/python3\nprint(1)\n")
    (layout.programs / "long").write_text(
        f"#!/bin/sh\n'''exec' \"{layout.programs}/python\" \"$0\" \"$@\"\n' '''\nprint(2)\n"
    )
    coded = f"#!{layout.programs}/python\n# -*- coding: latin-1 -*-\nx = '\xe9'\n".encode("latin-1")
    (layout.programs / "coded").write_bytes(coded)
    (layout.programs / "shell").write_text("#!/bin/sh\necho 3\n")
    (layout.programs / "program").write_bytes(b"\x7fELF\0")
    (layout.programs / "activate.fish").write_text("x")
    make_relocatable(layout)
    for name in ("one", "long", "coded"):
        data = (layout.programs / name).read_bytes()
        assert data.startswith(b"#!/bin/sh\n")
        assert os.fsencode(layout.target) not in data
        ast.parse(data)
    assert (layout.programs / "one").read_text().endswith("'''\nprint(1)\n")
    assert (layout.programs / "shell").read_text() == "#!/bin/sh\necho 3\n"
    assert (layout.programs / "program").read_bytes() == b"\x7fELF\0"
    assert not (layout.programs / "activate.fish").exists()
    assert (layout.target / "pyvenv.cfg").read_text() == "home = /usr\n"
    assert leftovers(layout, ()) == ()


def test_leftovers_are_found(layout: Layout, tmp_path: Path) -> None:
    (layout.site / "x.pth").write_text(f"{layout.target}/src\n")
    (layout.programs / "odd").write_text(f"exec {layout.target}/x\n")
    assert leftovers(layout, ()) == ("bin/odd", "lib/python3.11/site-packages/x.pth", "pyvenv.cfg")


def test_record_follows_the_scripts(layout: Layout, tmp_path: Path) -> None:
    wheel = write_wheel(
        tmp_path, "rez", "1", {"rez/x.py": ""}, scripts={"rez": "rez.x:f", "rez-env": "rez.x:f"}
    )
    rez = install(layout, wheel)
    record = rez.record()
    for name in ("rez", "rez-env"):
        (layout.programs / name).write_text("old")
        record[f"../../../bin/{name}"] = (digest(b"old"), "3")
    (layout.programs / "kept").write_text("new")
    record["../../../bin/kept"] = (digest(b"old"), "3")
    record['a,"b".py'] = ("sha256=x", "1")
    rez.write_record(record)
    tool = ToolScripts(rez, ("-E",), is_rez=True)
    assert write_production_scripts(layout, [tool]) == {"rez": ("rez", "rez-env")}
    correct_records(layout, [rez], [tool])
    after = rez.record()
    assert {name for name in after if name.startswith("..")} == {
        "../../../bin/kept", "../../../bin/rez/rez", "../../../bin/rez/rez-env",
        "../../../bin/rez/.rez_production_install",
    }  # fmt: skip
    assert after["../../../bin/kept"] == (digest(b"new"), "3")
    assert after['a,"b".py'] == ("sha256=x", "1")
    assert after["rez/x.py"] == record["rez/x.py"]


def test_without_links_scripts_tell_rez(
    tmp_path: Path, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "source"
    (source / "src/rez").mkdir(parents=True)
    (source / "src/rez/__init__.py").write_text("")
    rez = Distribution("rez", "1", layout.site / "rez-1.dist-info", layout.site, editable=source)

    def refuse(self: Path, target: Path, target_is_directory: bool = False) -> None:
        raise OSError(1, "a required privilege is not held")

    monkeypatch.setattr(Path, "symlink_to", refuse)
    linked = editable.link_sources(rez)
    assert not linked.is_linked
    assert "privilege" in linked.reason
    assert list(layout.site.iterdir()) == []
    nothing = Distribution("rez", "1", layout.site, layout.site, editable=tmp_path / "empty")
    assert not editable.link_sources(nothing).is_linked
