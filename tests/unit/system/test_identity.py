"""What kind of machine this is."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from rezup.system import identity

posix = pytest.mark.skipif(os.name != "posix", reason="a shell script stands for a program")


def program(folder: Path, name: str, text: str) -> dict[str, str]:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return {"PATH": str(folder)}


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells it in files")
@pytest.mark.skipif(Path(identity.LSB_FILE).exists(), reason="that file wins")
def test_the_name_of_a_linux(tmp_path: Path) -> None:
    told = program(tmp_path / "a", "lsb_release", "echo 'Distributor ID:\tMint'; echo 'Release:\t21.3'")
    assert identity.operating_system(told) == "Mint-21.3"
    silent = program(tmp_path / "b", "lsb_release", "exit 1")
    half = program(tmp_path / "c", "lsb_release", "echo 'Distributor ID:\tMint'")
    values = dict(
        line.split("=", 1) for line in Path(identity.OS_FILE).read_text().splitlines() if "=" in line
    )
    release = values["VERSION_ID"].strip('"')
    assert identity.operating_system(silent) == f"{values['ID'].strip(chr(34))}-{release}"
    assert identity.operating_system(half) == f"Mint-{release}"


@posix
def test_cores(tmp_path: Path) -> None:
    assert 1 <= identity.physical_cores({"PATH": ""}) <= identity.logical_cores()
    text = "".join(
        f"processor\t: {number}\nphysical id\t: 0\ncore id\t: {number // 2}\n\n" for number in range(4)
    )
    assert identity._cores_of_linux(text) == 2
    assert identity._cores_of_linux("processor\t: 0\nmodel\t: x\n\nprocessor\t: 1\n") is None
    assert identity._cores_of_linux("processor\t: 0\nmodel\t: x\n") == 1
    table = program(
        tmp_path / "a", "lscpu", "echo 'CPU(s): 12'; echo 'Core(s) per socket: 3'; echo 'Socket(s): 2'"
    )
    assert identity._cores_of_lscpu(table) == 6
    assert identity._cores_of_lscpu(program(tmp_path / "b", "lscpu", "echo no")) is None
    assert identity._cores_of_lscpu({"PATH": str(tmp_path)}) is None


@posix
def test_the_first_program_on_path(tmp_path: Path) -> None:
    environ = program(tmp_path / "a", "two", "")
    assert identity.first_program(("one", "two"), environ) == str(tmp_path / "a" / "two")
    assert identity.first_program(("one",), environ) is None


def test_the_folder_of_temporary_files(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    gone, here = str(tmp_path / "gone"), str(tmp_path / "here")
    assert identity.temporary_folder({"TMPDIR": gone, "TEMP": here, "TMP": "/"}) == here
    assert os.path.isdir(identity.temporary_folder({}))


@posix
def test_the_home_folder_and_the_user() -> None:
    assert identity.home_folder({"HOME": "/somewhere/"}) == "/somewhere"
    assert identity.home_folder({"HOME": "/"}) == "/"
    assert os.path.isabs(identity.home_folder({}))
    assert identity.login_name({"LOGNAME": "", "USER": "me"}) == "me"
    assert identity.login_name({})
