"""Wheels and source projects that tests make themselves, so that nothing comes from an index."""

from __future__ import annotations

import base64
import hashlib
import textwrap
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

#: Tells what runs it, for a console script to print.
WITNESS = """\
import json
import os
import sys


def main():
    print(json.dumps({
        "argv": sys.argv,
        "prefix": sys.prefix,
        "executable": sys.executable,
        "ignores_environment": sys.flags.ignore_environment,
        "writes_bytecode": not sys.dont_write_bytecode,
        "path": sys.path,
        "file": os.path.abspath(__file__),
        "optimize": sys.flags.optimize,
    }))
    return 7 if sys.argv[1:] == ["fail"] else 0
"""


def write_wheel(
    folder: Path,
    name: str,
    version: str,
    files: Mapping[str, str],
    *,
    scripts: Mapping[str, str] | None = None,
    entry_points: str = "",
    requires: Sequence[str] = (),
    requires_python: str | None = None,
    hashes: Mapping[str, str] | None = None,
) -> Path:
    """Write a pure wheel.

    :param files: path in the wheel to text
    :param scripts: console script to "module:function"
    :param entry_points: further text of ``entry_points.txt``
    :param hashes: of files, in place of the true ones
    """
    stem = f"{name.replace('-', '_')}-{version}"
    info = f"{stem}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    metadata += "".join(f"Requires-Dist: {requirement}\n" for requirement in requires)
    if requires_python:
        metadata += f"Requires-Python: {requires_python}\n"
    content = dict(files)
    content[f"{info}/METADATA"] = metadata
    content[f"{info}/WHEEL"] = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py2-none-any\nTag: py3-none-any\n"  # fmt: skip
    text = entry_points
    if scripts:
        text += "[console_scripts]\n" + "".join(f"{key} = {value}\n" for key, value in scripts.items())
    if text:
        content[f"{info}/entry_points.txt"] = text
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{stem}-py2.py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        record = ""
        for file, value in content.items():
            data = value.encode()
            archive.writestr(file, data)
            record += f"{file},{(hashes or {}).get(file) or digest(data)},{len(data)}\n"
        archive.writestr(f"{info}/RECORD", f"{record}{info}/RECORD,,\n")
    return path


def digest(data: bytes) -> str:
    """A hash as RECORD has it."""
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def write_rez(folder: Path, version: str = "9.1.0") -> Path:
    """A stand-in for Rez: scripts with its names, and its way to tell a production install."""
    return write_wheel(
        folder, "rez", version, rez_files(version),
        scripts={"rez": "rez.cli:main", "rez-env": "rez.cli:main", "_rez_fwd": "rez.cli:main"},
    )  # fmt: skip


def rez_files(version: str = "9.1.0") -> dict[str, str]:
    """The packages of the stand-in."""
    return {
        "rez/__init__.py": f"__version__ = {version!r}\n",
        "rez/cli.py": WITNESS,
        "rez/system.py": "class System(object):\n    rez_bin_path = None\n\n\nsystem = System()\n",
        "rez/template_py2.py": "print 'a template of another Python'\n",
        "rezplugins/__init__.py": "from pkgutil import extend_path\n__path__ = extend_path(__path__, __name__)\n",
        "rezplugins/command/__init__.py": "",
    }


#: A plugin as Rez wants it; what it needs of Rez is imported when Rez asks for it.
PLUGIN = """\
'''A plugin of a test.'''
PLUGIN = {label!r}


def setup_parser(parser, completions=False):
    pass


def command(opts, parser=None, extra_arg_groups=None):
    pass


def register_plugin():
    from rez.command import Command

    class Thing(Command):
        @classmethod
        def name(cls):
            return {name!r}

    return Thing
"""


def write_extension(folder: Path, name: str = "rez-thing", *, requires: Sequence[str] = ("rez",)) -> Path:
    """An extension with a script, a plugin in Rez's folder and one by entry point."""
    return write_wheel(
        folder, name, "1.2", {
            f"{name.replace('-', '_')}/__init__.py": PLUGIN.format(label="entry point", name="thing_too"),
            f"{name.replace('-', '_')}/tool.py": WITNESS,
            "rezplugins/command/thing.py": PLUGIN.format(label="folder", name="thing"),
        },
        scripts={name: f"{name.replace('-', '_')}.tool:main"},
        entry_points=f"[rez.plugins.command]\nthing_too = {name.replace('-', '_')}\n\n",
        requires=requires,
    )  # fmt: skip


# A build backend inside the project: building it needs no package at all.
_BACKEND = """\
import os, zipfile

NAME, VERSION, ROOT, SCRIPTS = {name!r}, {version!r}, {root!r}, {scripts!r}
STEM = NAME.replace("-", "_") + "-" + VERSION


def _wheel(folder, files):
    info = STEM + ".dist-info/"
    files[info + "METADATA"] = "Metadata-Version: 2.1\\nName: %s\\nVersion: %s\\n" % (NAME, VERSION)
    files[info + "WHEEL"] = "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
    files[info + "entry_points.txt"] = "[console_scripts]\\n" + "".join(
        "%s = %s\\n" % item for item in sorted(SCRIPTS.items()))
    files[info + "RECORD"] = "".join(name + ",,\\n" for name in files) + info + "RECORD,,\\n"
    name = STEM + "-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return name


def build_wheel(folder, config_settings=None, metadata_directory=None):
    files = {{}}
    for place, _, names in os.walk(ROOT):
        for name in names:
            path = os.path.join(place, name)
            with open(path) as stream:
                files[os.path.relpath(path, ROOT)] = stream.read()
    return _wheel(folder, files)


def build_editable(folder, config_settings=None, metadata_directory=None):
    return _wheel(folder, {{"_" + NAME.replace("-", "_") + ".pth": os.path.abspath(ROOT) + "\\n"}})
"""


def write_project(
    folder: Path, name: str, version: str, files: Mapping[str, str], scripts: Mapping[str, str]
) -> Path:
    """A source project, its packages below ``src``, that builds wheels and editable wheels by itself."""
    for file, text in files.items():
        path = folder / "src" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (folder / "backend").mkdir()
    (folder / "backend" / "own_backend.py").write_text(
        _BACKEND.format(name=name, version=version, root="src", scripts=dict(scripts))
    )
    (folder / "pyproject.toml").write_text(
        textwrap.dedent(
            f"""\
            [build-system]
            requires = []
            build-backend = "own_backend"
            backend-path = ["backend"]

            [project]
            name = "{name}"
            version = "{version}"
            """
        )
    )
    return folder


def write_sdist(project: Path, folder: Path) -> Path:
    """The source distribution of a project as `write_project` makes it."""
    import io
    import re
    import tarfile

    text = (project / "pyproject.toml").read_text()
    name, version = (re.findall(rf'^{key} = "(.*)"$', text, re.MULTILINE)[0] for key in ("name", "version"))
    stem = f"{name.replace('-', '_')}-{version}"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{stem}.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        archive.add(project, stem)
        data = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode()
        member = tarfile.TarInfo(f"{stem}/PKG-INFO")
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))
    return path


def retag(wheel: Path, tags: str) -> Path:
    """The same wheel for other interpreters and machines, in place of the first."""
    name = "-".join([*wheel.name.split("-")[:2], tags])
    return wheel.rename(wheel.with_name(f"{name}.whl"))
