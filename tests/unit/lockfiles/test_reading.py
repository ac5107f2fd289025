"""Locks from bytes: ours, those of others, and what is none."""

from __future__ import annotations

import subprocess
import sys

import pytest

from rezup.errors import LockError
from rezup.lockfiles.document import SIZE_LIMIT
from rezup.lockfiles.lock import Origin, Wheel
from rezup.lockfiles.reading import parse

SHA = "0123456789abcdef" * 4

HEAD = 'lock-version = "1.0"\ncreated-by = "somebody"\n'


def package(body: str = "", *, name: str = "foo", version: str | None = "1.0") -> str:
    text = f'[[packages]]\nname = "{name}"\n'
    if version:
        text += f'version = "{version}"\n'
    return text + body + "\n"


def wheel(place: str = "", *, name: str = "foo-1.0-py3-none-any.whl", sha256: str = SHA) -> str:
    place = place or f'url = "https://host/{name}"'
    return f'wheels = [{{ {place}, hashes = {{ sha256 = "{sha256}" }} }}]'


def read(text: str):
    return parse(text.encode(), "the.toml")


def refused(text: str) -> LockError:
    with pytest.raises(LockError) as caught:
        read(text)
    assert "the.toml" in caught.value.message
    assert caught.value.context
    assert caught.value.hint
    return caught.value


def test_a_lock_of_ours() -> None:
    lock = read(
        HEAD
        + package(
            "marker = \"sys_platform == 'win32'\"\n"
            f'[[packages.wheels]]\nname = "foo-1.0-py3-none-any.whl"\npath = "wheels/foo-1.0-py3-none-any.whl"\nsize = 7\n'
            f'hashes = {{ sha256 = "{SHA.upper()}" }}\n'
            f'[packages.tool.rezup]\nsource = "git+https://host/foo@main"\ncommit = "abc123"\ntools = ["rez", "maya"]\n'
        )
        + '[tool.rezup]\npython = "3.11"\nimplementation = "pypy"\nplatforms = ["linux-x86_64", "win32-amd64"]\n'
    )
    assert (lock.python, lock.implementation, lock.platforms) == (
        "3.11",
        "pypy",
        ("linux-x86_64", "win32-amd64"),
    )
    (found,) = lock.packages
    assert found.wheels == (Wheel("foo-1.0-py3-none-any.whl", SHA, None, 7),)
    assert found.wheels[0].path == "wheels/foo-1.0-py3-none-any.whl"
    assert found.marker == "sys_platform == 'win32'"
    assert found.origin == Origin("git+https://host/foo@main", "", "abc123", ("rez", "maya"))


def test_a_lock_of_others_says_itself_what_it_covers() -> None:
    lock = read(
        'lock-version = "1.7"\nrequires-python = ">=3.9"\nenvironments = ["sys_platform == \'linux\'"]\n'
        'created-by = "x"\nextras = ["e"]\ndependency-groups = ["dev"]\ndefault-groups = ["dev"]\n'
        + package('index = "https://user:canary@host/simple"\n' + wheel())
    )
    assert lock.python is None
    assert lock.platforms == ()
    assert lock.requires_python == ">=3.9"
    assert lock.environments == ("sys_platform == 'linux'",)
    assert lock.default_groups == ("dev",)
    assert "canary" not in repr(lock)


def test_an_archive_that_is_a_wheel_counts_as_one() -> None:
    lock = read(
        HEAD
        + package(
            f'archive = {{ url = "https://host/a/foo-1.0-py3-none-any.whl#x", hashes = {{ sha256 = "{SHA}" }} }}',
            version=None,
        )
    )
    assert lock.packages[0].version == "1.0"
    assert lock.packages[0].wheels == (
        Wheel("foo-1.0-py3-none-any.whl", SHA, "https://host/a/foo-1.0-py3-none-any.whl"),
    )


@pytest.mark.parametrize(
    "body",
    [
        f'sdist = {{ url = "https://host/foo-1.0.tar.gz", hashes = {{ sha256 = "{SHA}" }} }}',
        f'archive = {{ url = "https://host/foo-1.0.zip", hashes = {{ sha256 = "{SHA}" }} }}',
        'directory = { path = "../foo", editable = true }',
        'vcs = { type = "git", url = "https://host/foo", commit-id = "abc" }',
    ],
)
def test_what_would_have_to_be_built_stays_without_wheels(body: str) -> None:
    (found,) = read(HEAD + package(body, version=None)).packages
    assert (found.name, found.version, found.wheels) == ("foo", "", ())


def test_the_name_of_a_file_is_that_of_its_url() -> None:
    name = "foo-1.0+cpu-py3-none-any.whl"
    lock = read(
        HEAD + package(wheel('url = "https://host/foo-1.0%2Bcpu-py3-none-any.whl?a=b"'), version="1.0+cpu")
    )
    assert lock.packages[0].wheels[0].name == name


def test_a_file_url_is_no_url() -> None:
    (found,) = read(HEAD + package(wheel('url = "file:///wheels/foo-1.0-py3-none-any.whl"'))).packages
    assert found.wheels[0].url is None


def test_versions_for_different_places_are_sorted() -> None:
    lock = read(
        HEAD
        + package("marker = \"os_name == 'nt'\"\n" + wheel(name="foo-2.0-py3-none-any.whl"), version="2.0")
        + package("marker = \"os_name != 'nt'\"\n" + wheel())
        + package(wheel(name="bar-1.0-py3-none-any.whl"), name="bar")
    )
    assert [(item.name, item.version) for item in lock.packages] == [
        ("bar", "1.0"),
        ("foo", "1.0"),
        ("foo", "2.0"),
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "lock-version"),
        ("\x00", "TOML"),
        ("[[packages]]", "lock-version"),
        ('lock-version = "1.0"', "packages is missing"),
        ('lock-version = 1.0\npackages = []', "lock-version must be a string"),
        ('lock-version = "one"\npackages = []', "lock-version is no version"),
        (HEAD + "packages = {}", "packages must be an array"),
        (HEAD + "packages = [1]", "packages[0] must be a table"),
        (HEAD + "[[packages]]\n", "packages[0].name is missing"),
        (HEAD + package(name="Foo"), "no normalized name"),
        (HEAD + package(name="../foo"), "no normalized name"),
        (HEAD + package(name="foo -e x"), "no normalized name"),
        (HEAD + package(version="1.0 --hash=x"), "no version"),
        (HEAD + package(version="-1"), "no version"),
        (HEAD + package("wheels = 1"), "wheels must be an array"),
        (HEAD + package("wheels = [{}]"), "is no wheel of foo"),
        (HEAD + package(wheel(name="bar-1.0-py3-none-any.whl")), "is no wheel of foo 1.0"),
        (HEAD + package(wheel(name="foo-1.1-py3-none-any.whl")), "is no wheel of foo 1.0"),
        (HEAD + package(wheel(name="foo-1.0.tar.gz")), "is no wheel"),
        (HEAD + package(wheel('name = "a/foo-1.0-py3-none-any.whl", url = "https://host/x"')), "is no wheel"),
        (HEAD + package(wheel('path = "/abs/foo-1.0-py3-none-any.whl"')), "must be relative"),
        (HEAD + package(wheel('path = "C:/foo-1.0-py3-none-any.whl"')), "must be relative"),
        (HEAD + package(wheel('path = "w\\\\foo-1.0-py3-none-any.whl"')), "must be relative"),
        (HEAD + package(wheel('path = "../foo-1.0-py3-none-any.whl"')), "leads elsewhere"),
        (HEAD + package(wheel('path = "a/../../foo-1.0-py3-none-any.whl"')), "leads elsewhere"),
        (HEAD + package(wheel('name = "foo-1.0-py3-none-any.whl", path = "etc/passwd"')), "leads elsewhere"),
        (HEAD + package(wheel('url = "ftp://host/foo-1.0-py3-none-any.whl"')), "no URL of the web"),
        (HEAD + package(wheel(sha256=SHA[:-1])), "no SHA-256"),
        (HEAD + package(wheel(sha256="x" * 64)), "no SHA-256"),
        (HEAD + package(wheel().replace("sha256", "md5")), "sha256 is missing"),
        (HEAD + package(wheel().replace(f'"{SHA}"', "7")), "must be a string"),
        (HEAD + package(wheel('url = "https://h/foo-1.0-py3-none-any.whl", size = -1')), "is no size"),
        (HEAD + package(wheel('url = "https://h/foo-1.0-py3-none-any.whl", size = true')), "is no size"),
        (HEAD + package('marker = "a\\u0007b"\n' + wheel()), "control character"),
        (HEAD + package(wheel()) + package(wheel()), "foo twice"),
        (HEAD + package(wheel()) + package('marker = "os_name == \'nt\'"\n' + wheel()), "foo twice"),
        (HEAD + package(wheel()[:-1] + ", " + wheel()[len("wheels = ["):]), "twice"),
        (HEAD + package('marker = "a"\n' + wheel()) + package('marker = "b"\n' + wheel(sha256="f" * 64)), "two hashes"),
        (HEAD + package(wheel()[:-1] + ", " + wheel()[len("wheels = ["):].replace("foo-1", "Foo-1")), "twice"),
        (HEAD + package('marker = "a"\n' + wheel()) + package('marker = "b"\n' + wheel().replace("foo-1", "Foo-1")), "one file"),
        (HEAD + package("tool = 1"), "tool must be a table"),
        (HEAD + package(wheel() + '\n[packages.tool.rezup]\nsource = "x"\ndigest = "abc"'), "digest"),
        (HEAD + "packages = []\n[tool.rezup]\npython = '3.11.7'\nplatforms = ['linux-x86_64']", "python"),
        (HEAD + "packages = []\n[tool.rezup]\npython = '3.11'", "platforms"),
        (HEAD + "packages = []\n[tool.rezup]\npython = '3.11'\nplatforms = ['a b']", "platforms"),
        (HEAD + "packages = []\nx = " + "[" * 5000, "it is n"),
        (HEAD + "packages = []\nx = " + "1" * 50000, "TOML"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_named(text: str, says: str) -> None:
    assert says in (refused(text).context or "")


def test_what_is_no_text_or_far_too_long() -> None:
    with pytest.raises(LockError, match="TOML"):
        parse(b"\xff\xfe", "x")
    with pytest.raises(LockError, match="larger"):
        parse(b"#" * (SIZE_LIMIT + 1), "x")


def test_a_lock_of_the_future_asks_for_a_newer_rezup() -> None:
    error = refused('lock-version = "2.0"\nfuture = true')
    assert error.hint == "upgrade rezup"
    assert "2.0" in (error.context or "")


@pytest.mark.parametrize(
    "url",
    ["https://user:CANARY@host", "https://CANARY@host", "https://user:p#CANARY@host/x", "https://user:CANARY?x@host/",
     "https://user:p/CANARY#x@host/y", "https://user:CANARY @host/foo-1.0-py3-none-any.whl", "CANARY@host"],
)  # fmt: skip
def test_a_password_in_a_url_is_in_no_error(url: str) -> None:
    for body in (
        wheel(f'url = "{url}"'),
        wheel(f'url = "{url}"').replace("wheels = [", "archive = ").replace("]", ""),
        wheel(f'name = "foo-1.0-py3-none-any.whl", url = "{url}"'),
        f'sdist = {{ url = "{url}" }}',
    ):
        try:
            said = repr(read(HEAD + package(body)))
        except LockError as error:
            said = str(error)
        assert "CANARY" not in said


def test_reading_a_lock_imports_no_packaging() -> None:
    text = HEAD + package(wheel())
    code = (
        "import sys; from rezup.lockfiles.reading import parse; parse(sys.argv[1].encode(), 'x');"
        "print([name for name in sys.modules if name.startswith('packaging')])"
    )
    done = subprocess.run([sys.executable, "-c", code, text], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
