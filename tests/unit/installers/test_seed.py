"""pip for environments of uv: made aside, moved in at once, and never over another pip."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rezup.errors import InstallError
from rezup.installers.distributions import read_distributions
from rezup.installers.scripts import Layout
from rezup.installers.seed import Seed
from support.wheels import write_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    target = tmp_path / "a b" / "venv"
    made = Layout(target, target / "bin", target / "lib" / "python3.11" / "site-packages")
    made.programs.mkdir(parents=True)
    made.site.mkdir(parents=True)
    (target / "pyvenv.cfg").write_text("")
    (made.programs / "python").symlink_to(sys.executable)
    return made


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    files = {"pip/__init__.py": "def main():\n    print('pip')\n"}
    return write_wheel(tmp_path, "pip", "1.0", files, scripts={"pip": "pip:main"})


def test_it_is_moved_in_with_its_scripts_and_a_true_record(
    layout: Layout, wheel: Path, tmp_path: Path
) -> None:
    seed = Seed(wheel, layout, tmp_path / "seed")
    seed.unpack()
    assert list(layout.site.iterdir()) == []
    seed.settle()
    (pip,) = read_distributions(layout.site)
    assert (pip.name, pip.version) == ("pip", "1.0")
    assert all((layout.site / path).is_file() for path in pip.record())
    assert not (tmp_path / "seed").exists()
    code = f"import sys; sys.path.insert(0, {str(layout.site)!r}); import runpy; runpy.run_path({str(layout.programs / 'pip')!r}, run_name='__main__')"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        == "pip\n"
    )


def test_what_the_recipe_brought_is_kept(layout: Layout, wheel: Path, tmp_path: Path) -> None:
    seed = Seed(wheel, layout, tmp_path / "seed")
    seed.unpack()
    (layout.site / "pip-2.0.dist-info").mkdir()
    (layout.site / "pip-2.0.dist-info" / "METADATA").write_text("Name: pip\nVersion: 2.0\n")
    seed.settle()
    assert [found.version for found in read_distributions(layout.site)] == ["2.0"]


@pytest.mark.parametrize("name", ["../evil.py", "/evil.py", "pip-1.0.data/scripts/evil"])
def test_a_wheel_that_holds_more_than_packages_is_refused(layout: Layout, tmp_path: Path, name: str) -> None:
    hostile = write_wheel(tmp_path, "pip", "1.0", {name: ""})
    with pytest.raises(InstallError, match="no plain wheel"):
        Seed(hostile, layout, tmp_path / "seed").unpack()
    assert not (tmp_path / "evil.py").exists()


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    """A folder on another file system."""
    shared = Path("/dev/shm")
    if not shared.is_dir() or shared.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is one file system only")
    with tempfile.TemporaryDirectory(dir=shared) as folder:
        yield Path(folder)


def test_it_comes_from_another_file_system(layout: Layout, wheel: Path, elsewhere: Path) -> None:
    seed = Seed(wheel, layout, elsewhere / "seed")
    seed.unpack()
    (seed.site / "pip" / "more").mkdir()
    (seed.site / "pip" / "more" / "x.py").write_text("x = 1\n")
    seed.settle()
    (pip,) = read_distributions(layout.site)
    assert all((layout.site / path).is_file() for path in pip.record())
    assert (layout.site / "pip" / "more" / "x.py").read_text() == "x = 1\n"
    assert not (elsewhere / "seed").exists()


def test_the_first_failure_of_a_move_is_the_one_that_is_told(
    layout: Layout, wheel: Path, elsewhere: Path
) -> None:
    seed = Seed(wheel, layout, elsewhere / "seed")
    seed.unpack()
    for number in range(5):
        os.mkfifo(seed.site / "pip" / f"pipe-{number}")  # can't be copied
    with pytest.raises(OSError, match="pipe") as caught:
        seed.settle()
    assert not isinstance(caught.value, shutil.Error)
    assert str(caught.value).count("pipe-") == 1
