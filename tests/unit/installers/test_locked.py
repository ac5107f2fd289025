"""What programs say when an installation by lock fails, and which interpreter a lock wants."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from rezup.errors import HashMismatchError, InstallError, LockError, ProcessError
from rezup.installers import scripts
from rezup.installers.base import Package
from rezup.installers.distributions import EntryPoint
from rezup.installers.facts import TREE_FORMAT
from rezup.installers.interpreter import interpreter_request
from rezup.installers.locked import judged
from rezup.installers.pip_configuration import PipSettings, read_settings
from rezup.installers.reaching import for_builds, reaching, without_index
from rezup.installers.requirements import write_requirements
from rezup.installers.resolution import explained, lacking_offline, without_wheels
from rezup.installers.sources import Source, folder_digest, read_source
from rezup.installers.uv import _for_compile
from rezup.installers.uv_settings import UvSettings
from rezup.lockfiles.lock import Lock, LockedPackage, Wheel

A, B = "a" * 64, "b" * 64
NAMES = {
    name: (LockedPackage(name, version, (wheel,)), wheel)
    for name, version, wheel in (
        ("rez", "9.2", Wheel("rez-9.2-py3-none-any.whl", A)),
        ("rez-thing", "1.2", Wheel("rez_thing-1.2-py3-none-any.whl", A)),
    )
}

UV_MISMATCH = f"""\
Resolved 1 package in 1ms
error: Failed to download `rez-thing==1.2`
  cause: Hash mismatch for `rez-thing==1.2`

         Expected:
           sha256:{A}

         Computed:
           sha256:{B}
"""
UV_OLDER_MISMATCH = f"""\
  × Failed to read `rez-thing @ file:///x/rez_thing-1.2-py3-none-any.whl`
  ╰─▶ Hash mismatch for `rez-thing @ file:///x/rez_thing-1.2-py3-none-any.whl`

      Expected:
        sha256:{A}

      Computed:
        sha256:{B}
"""
PIP_MISMATCH = f"""\
Collecting rez-thing==1.2 (from -r h.txt (line 1))
ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE. If you have updated the package versions
    rez-thing==1.2 from https://host/rez_thing-1.2-py3-none-any.whl#sha256={A} (from -r h.txt (line 1)):
        Expected sha256 {A}
             Got        {B}
"""
UV_OFFLINE = """\
error: Failed to download `rez==9.2`
  cause: Network connectivity is disabled, but the requested data wasn't found in the cache: https://host/x.whl
"""
UV_GONE = """\
error: No solution found when resolving dependencies
  cause: Because there is no version of rez==9.2 and you require rez==9.2, we can conclude that
"""
PIP_GONE = "ERROR: No matching distribution found for rez==9.2\n"


def failure(text: str) -> ProcessError:
    return ProcessError("installing failed", command=["x"], status=1, output=text, context="said so")


@pytest.mark.parametrize("text", [UV_MISMATCH, UV_OLDER_MISMATCH, PIP_MISMATCH])
def test_another_hash_is_named_with_its_file(text: str) -> None:
    error = judged(failure(text), NAMES, is_offline=False)
    assert isinstance(error, HashMismatchError)
    assert (error.name, error.expected, error.found) == ("rez_thing-1.2-py3-none-any.whl", A, B)


@pytest.mark.parametrize("text", [UV_OFFLINE, UV_GONE, PIP_GONE])
@pytest.mark.parametrize("is_offline", [True, False])
def test_what_can_not_be_had_is_named(text: str, is_offline: bool) -> None:
    error = judged(failure(text), NAMES, is_offline=is_offline)
    assert isinstance(error, LockError)
    assert error.message == "rez-9.2-py3-none-any.whl can't be had"
    assert ("offline" in (error.context or "")) == is_offline
    assert error.hint


def test_other_failures_stay_what_they_are() -> None:
    error = failure("error: No space left on device while writing rez==9.2")
    assert judged(error, NAMES, is_offline=False) is error


@pytest.mark.parametrize(
    ("python", "locked", "expected"),
    [
        (None, None, None), (None, "3.11", "3.11"), ("3.11", None, "3.11"), ("3.11", "3.11", "3.11"),
        ("3.11.4", "3.11", "3.11.4"), ("/usr/bin/python3", "3.11", "/usr/bin/python3"),
    ],
)  # fmt: skip
def test_interpreter_of_a_lock(python: str | None, locked: str | None, expected: str | None) -> None:
    assert interpreter_request(python, Lock((), locked)) == expected


def test_range_is_narrowed_to_the_python_of_the_lock() -> None:
    from rezup.system.discovery import specifier

    wanted = specifier(interpreter_request(">=3.9,<3.13", Lock((), "3.11")) or "")
    assert [v for v in ("3.9.1", "3.10.1", "3.11.1", "3.11.9", "3.12.0") if wanted.contains(v)] == [
        "3.11.1", "3.11.9"
    ]  # fmt: skip
    for python in ("3.12", "3.1", ">=3.12", "3.12.1"):
        with pytest.raises(LockError):
            interpreter_request(python, Lock((), "3.11"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("rez>=2", None), ("rez[all]; python_version > '3'", None), ("./x", None),
        ("/a/b", Source("/a/b", Path("/a/b"))), ("/a/b[x,y]", Source("/a/b", Path("/a/b"), "[x,y]")),
        ("file:///a/b", Source("file:///a/b", Path("/a/b"))),
        ("git+https://h/r@main", Source("git+https://h/r@main", None)),
        ("x [a] @ https://h/x.zip ; os_name == 'nt'",
         Source("https://h/x.zip", None, "[a]", "os_name == 'nt'")),
    ],
)  # fmt: skip
@pytest.mark.skipif(os.name == "nt", reason="paths of POSIX")
def test_sources(text: str, expected: Source | None) -> None:
    assert read_source(text) == expected


def test_digest_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "c").write_text("2")
    seen = [folder_digest(tmp_path)]
    (tmp_path / "b" / "__pycache__").mkdir()
    (tmp_path / "b" / "__pycache__" / "c.pyc").write_text("x")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").write_text("x")
    assert folder_digest(tmp_path) == seen[0]
    (tmp_path / "b" / "c").write_text("3")
    seen.append(folder_digest(tmp_path))
    (tmp_path / "b" / "c").rename(tmp_path / "b" / "d")
    seen.append(folder_digest(tmp_path))
    (tmp_path / "e").symlink_to("a")
    seen.append(folder_digest(tmp_path))
    (tmp_path / "e").unlink()
    (tmp_path / "e").symlink_to("b")
    seen.append(folder_digest(tmp_path))
    assert len(set(seen)) == len(seen)


def settings(*options: str, **variables: str) -> PipSettings:
    return read_settings({"PIP_CONFIG_FILE": os.devnull, **variables}, Path("/nowhere"), options=options)


def test_installing_by_a_lock_is_told_where_and_not_what() -> None:
    told = settings(
        "--index-url", "https://h/simple", "--constraint", "c.txt", "--pre", "--no-binary", ":all:",
        UV_CONSTRAINT="/c", UV_INDEX="https://i",
    )  # fmt: skip
    by_lock = reaching(told)
    assert dict(by_lock.values) == {"index-url": ("https://h/simple",)}
    assert "UV_CONSTRAINT" not in by_lock.environment
    assert by_lock.environment["UV_INDEX"] == "https://i"
    local = without_index(by_lock)
    assert dict(local.values) == {"no-index": ("1",), "no-cache-dir": ("1",)}
    assert "UV_INDEX" not in local.environment
    assert local.environment["UV_NO_CACHE"] == "1"


def test_builds_know_the_indexes_of_uv() -> None:
    told = settings("--only-binary", ":all:", UV_INDEX="https://extra", UV_DEFAULT_INDEX="https://main")
    assert dict(for_builds(told, None).values) == {}
    built = for_builds(told, UvSettings())
    assert dict(built.values) == {"index-url": ("https://main",), "extra-index-url": ("https://extra",)}
    shut = for_builds(settings("--no-index"), UvSettings())
    assert dict(shut.values) == {"no-index": ("1",)}


def test_names_that_are_built_in_any_case() -> None:
    assert without_wheels(settings()) == ()
    assert without_wheels(settings("--no-binary", "Rez_Thing,numpy")) == ("rez-thing", "numpy")
    assert without_wheels(settings("--no-binary", "numpy", "--no-binary", ":none:")) == ()


def test_arguments_for_compiling() -> None:
    told = ["--constraints", "c.txt", "--requirements", "r.txt", "--require-hashes", "--no-index"]
    assert _for_compile(told) == ["--constraints", "c.txt", "r.txt", "--no-index"]


def test_requirements_file_holds_no_secret(tmp_path: Path) -> None:
    path = tmp_path / "r.txt"
    asked = write_requirements(
        [
            Package("rez>=2"), Package("git+https://me:s3cr3t@h/r"), Package("/a b/c", editable=True),
            Package("x @ https://h/x.zip?token=s3cr3t"), Package("https://h/top-secret/x.whl"),
        ],
        path, ["top-secret"],
    )  # fmt: skip
    text = path.read_text()
    assert "s3cr3t" not in text
    assert "top-secret" not in text
    assert {"me:s3cr3t", "top-secret"} <= set(asked.environment.values())
    assert "-e file:///a%20b/c\n" in text
    with pytest.raises(InstallError):
        write_requirements([Package("--index-url=x")], path)


def test_format_of_the_tree_is_raised_with_what_makes_it() -> None:
    """If this fails, raise `TREE_FORMAT`: caches must not give anybody a tree of the old kind."""
    digest = hashlib.sha256(Path(scripts.__file__).with_name("bytecode_target.py").read_bytes())
    for in_production in (True, False):
        text = scripts.script_text(
            EntryPoint("name", "module", "function"), ("-E",), in_production=in_production, preset=True
        )
        digest.update(text.encode())
    assert (TREE_FORMAT, digest.hexdigest()[:16]) == (1, "8a16ae42738717d5")


UV_OFFLINE_LOCK = """\
error: No solution found when resolving dependencies
  cause: Because {} was not found in the cache and you require {}>=2, we can conclude that your requirements are unsatisfiable.

hint: Packages were unavailable because the network was disabled. When the network is disabled, registry packages may only be read from the cache.
"""
UV_OFFLINE_VERSION = """\
  × No solution found when resolving dependencies:
  ╰─▶ Because only the following versions of my-thing are available:
          my-thing<=1.0
      and you require my-thing>=2, we can conclude that your requirements are unsatisfiable.
"""
UV_OFFLINE_URL = """\
error: Failed to download and build `my-thing @ git+https://host/x`
  cause: Git operation failed
  cause: Remote Git fetches are not allowed because network connectivity is disabled (i.e., with `--offline`)
"""
PIP_OFFLINE_URL = """\
  Collecting other
  Collecting my-thing@ http://host/x.whl
  WARNING: Retrying ... ProxyError('Cannot connect to proxy.')
"""
PIP_OFFLINE_BUILD = """\
  × installing build dependencies did not run successfully.
      Collecting my-thing @ http://127.0.0.1:33329/x.whl
      × Failed to connect to proxy http://127.0.0.1:9 while fetching http://127.0.0.1:33329/x.whl
"""


@pytest.mark.parametrize(
    "text",
    [
        UV_OFFLINE_LOCK.format("my-thing", "my-thing"), UV_OFFLINE_VERSION, UV_OFFLINE_URL, PIP_OFFLINE_URL,
        PIP_OFFLINE_BUILD,
        "ERROR: No matching distribution found for my-thing>=2\n",
    ],
)  # fmt: skip
def test_what_is_not_here_is_named_where_nothing_can_be_fetched(text: str) -> None:
    error = explained(failure(text), is_offline=True)
    assert isinstance(error, LockError)
    assert error.message == "my-thing can't be had"
    assert "offline" in (error.context or "")
    assert "isolation" not in (error.hint or "")
    here = failure(text)
    assert explained(here, is_offline=False) is here


def test_other_failures_have_nothing_to_do_with_the_network() -> None:
    for text in (
        "SyntaxError: invalid syntax",
        "Because a==1 depends on rez<9 and you require rez>=9, we can",
    ):
        assert lacking_offline(text) == ()
