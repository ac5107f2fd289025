"""Wheels of any version of rezup, made from the checkout, and installations of them without an index."""

from __future__ import annotations

import compileall
import re
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement

import rezup
import rezup_cli
from rezup.installers.programs import bundled_pip
from support.wheels import digest, write_wheel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


#: The version that is installed, and others; none depends on what the checkout says it is.
OLD, NEW, NEWER, MAJOR = "3.4.0", "3.5.0", "3.6.0", "4.0.0"
#: What a library of these tests tells the commands that it starts.
WITNESS = "REZUP_TEST_WITNESS"
#: A command that tells which library led to it.
TELL = [sys.executable, "-c", f"import os; print('used', os.environ.get({WITNESS!r}))"]
#: Seconds until a test gives something up; only ever used up by a failing test.
PATIENCE = 60.0

_PROJECTS = {"rezup-api": "rezup", "rezup": "rezup_cli"}


def build_wheels(folder: Path) -> None:
    """The wheels of this checkout, in folders named like their distributions."""
    for name, package in (("rezup-api", rezup), ("rezup", rezup_cli)):
        project = Path(package.__file__).parents[2]
        copy = folder / "source" / project.name
        shutil.copytree(project, copy, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info", "dist"))
        command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder / name]
        subprocess.run(command, cwd=copy, check=True, capture_output=True)


def variant(
    built: Path,
    folder: Path,
    name: str,
    version: str,
    *,
    says: str | None = None,
    requires: Sequence[str] | None = None,
    requires_python: str | None = None,
    files: Mapping[str, str] | None = None,
    digests: Mapping[str, str] | None = None,
) -> Path:
    """A wheel of the checkout as if it were of another version.

    :param says: the version that its code says it is, if that is not the truth
    :param requires: further requirements; of `rezup`, what it wants of `rezup-api`
    :param files: further files, or others in place of its own
    :param digests: what is recorded of files, in place of the truth
    """
    (source,) = (built / name).glob("*.whl")
    package = _PROJECTS[name]
    stem = f"{name.replace('-', '_')}-{version}"
    content: dict[str, bytes] = {}
    with zipfile.ZipFile(source) as archive:
        for info in archive.infolist():
            path = re.sub(r"^[^/]+\.dist-info/", f"{stem}.dist-info/", info.filename)
            if not path.endswith("/RECORD"):
                content[path] = archive.read(info)
    start = f"{package}/__init__.py"
    text = re.sub(r"(?m)^__version__ = .*$", f'__version__ = "{says or version}"', content[start].decode())
    if name == "rezup-api":
        text += f"\nimport os\n\nos.environ[{WITNESS!r}] = __version__\n"
    content[start] = text.encode()
    about = content[f"{stem}.dist-info/METADATA"].decode()
    head, blank, rest = about.partition("\n\n")
    head = re.sub(r"(?m)^Version: .*$", f"Version: {version}", head)
    if name == "rezup":
        requires = requires or [f"rezup-api>={version},~={'.'.join(version.split('.')[:2])}"]
        head = re.sub(r"(?m)^Requires-Dist: rezup-api.*\n", "", head)
    head += "".join(f"\nRequires-Dist: {requirement}" for requirement in requires or ())
    if requires_python:
        head = re.sub(r"(?m)^Requires-Python: .*$", f"Requires-Python: {requires_python}", head)
    content[f"{stem}.dist-info/METADATA"] = f"{head}{blank}{rest}".encode()
    content.update({path: text.encode() for path, text in (files or {}).items()})
    told = {path: digest(data) for path, data in content.items()} | dict(digests or {})
    record = "".join(f"{path},{told[path]},{len(data)}\n" for path, data in content.items())
    content[f"{stem}.dist-info/RECORD"] = f"{record}{stem}.dist-info/RECORD,,\n".encode()
    folder.mkdir(parents=True, exist_ok=True)
    wheel = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, data in content.items():
            archive.writestr(path, data)
    return wheel


def put_dependencies(folder: Path) -> None:
    """What rezup needs, copied from the environment of the tests.

    In place of uv stands one that names that uv, and in place of virtualenv one that holds its newest
    pip: they are large, and what is to be tested is not how fast they are copied.
    """
    pending, done = ["rezup-api", "rezup"], {"rezup-api", "rezup", "uv", "virtualenv"}
    while pending:
        for text in metadata.distribution(pending.pop()).requires or []:
            requirement = Requirement(text)
            wanted = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
            if not wanted or requirement.name in done:
                continue
            done.add(requirement.name)
            pending.append(requirement.name)
            for file in metadata.distribution(requirement.name).files or []:
                if ".." not in file.parts and Path(str(file.locate())).is_file():
                    (folder / file).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy2(str(file.locate()), folder / file)
    put_stand_ins(folder)
    compileall.compile_dir(folder, quiet=2)


def put_stand_ins(folder: Path) -> None:
    """Distributions named uv and virtualenv; the former leads to the real one, if there is one."""
    try:
        from uv import find_uv_bin

        version, body = metadata.version("uv"), f"return {find_uv_bin()!r}"
    except (ImportError, OSError):
        version, body = "0.9.0", "raise FileNotFoundError('there is none')"
    wheel = write_wheel(
        folder.parent / "uv", "uv", version, {"uv/__init__.py": f"def find_uv_bin():\n    {body}\n"}
    )
    unpack(wheel, folder)
    unpack(
        write_wheel(
            folder.parent / "virtualenv",
            "virtualenv",
            metadata.version("virtualenv"),
            {"virtualenv/__init__.py": ""},
        ),
        folder,
    )
    pip = bundled_pip(sys.version_info[:2])
    assert pip is not None
    embedded = folder / "virtualenv/seed/wheels/embed" / pip.name
    embedded.parent.mkdir(parents=True)
    shutil.copy2(pip, embedded)
    (record,) = folder.glob("virtualenv-*.dist-info/RECORD")
    record.write_text(f"{record.read_text()}{embedded.relative_to(folder)},,\n")


def pack(installed: Path, folder: Path) -> None:
    """Wheels of all that lies unpacked in a folder."""
    for found in metadata.distributions(path=[str(installed)]):
        wheel = folder / f"{found.name.replace('-', '_')}-{found.version}-py3-none-any.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            for file in found.files or []:
                path = Path(str(file.locate()))
                if file.suffix == ".pyc" or file.name in ("INSTALLER", "REQUESTED") or not path.is_file():
                    continue
                if file.name == "RECORD":
                    lines = path.read_text().splitlines(keepends=True)
                    kept = [line for line in lines if "/INSTALLER," not in line and "/REQUESTED," not in line]
                    archive.writestr(str(file), "".join(kept))
                else:
                    archive.write(path, str(file))


def unpack(wheel: Path, folder: Path) -> None:
    """Install a pure wheel in the simplest way there is."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)


@dataclass(frozen=True)
class Installation:
    """A virtual environment that holds both distributions."""

    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def site_packages(self) -> Path:
        return self.folder / f"lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"

    @property
    def script(self) -> Path:
        return self.folder / "bin" / "rezup"

    def put(self, *wheels: Path) -> None:
        """Install wheels in place of other versions of the same, as pip would."""
        for wheel in wheels:
            name = wheel.name.split("-")[0]
            package = _PROJECTS.get(name.replace("_", "-"), name)
            for old in (*self.site_packages.glob(f"{name}-*.dist-info"), self.site_packages / package):
                shutil.rmtree(old, ignore_errors=True)
            unpack(wheel, self.site_packages)
        compileall.compile_dir(self.site_packages, quiet=2)

    def listing(self) -> dict[str, tuple[int, int]]:
        """All of its files, by what changes when they do."""
        found = {}
        for path in sorted(self.folder.rglob("*")):
            if path.is_file():
                status = path.stat()
                found[str(path.relative_to(self.folder))] = (status.st_mtime_ns, status.st_size)
        return found


def make_installation(
    folder: Path, dependencies: Path, *wheels: Path, base: Path | None = None
) -> Installation:
    """A virtual environment without pip, its dependencies in a folder that it shares with others."""
    base = base or Path(getattr(sys, "_base_executable", sys.executable)).resolve()
    made = Installation(folder)
    made.site_packages.mkdir(parents=True)
    made.python.parent.mkdir()
    made.python.symlink_to(base)
    (folder / "pyvenv.cfg").write_text(
        f"home = {base.parent}\ninclude-system-site-packages = false\nversion = {sys.version.split()[0]}\n"
    )
    (made.site_packages / "dependencies.pth").write_text(f"{dependencies}\n")
    made.put(*wheels)
    made.script.write_text(
        f"#!{made.python}\nimport sys\nfrom rezup_cli.main import main\n"
        "if __name__ == '__main__':\n    sys.exit(main())\n"
    )
    made.script.chmod(0o755)
    return made
