"""Which indexes pip and uv would ask, and how they are reached."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from rezup.installers.indexes import built_in_index, configured_indexes
from rezup.installers.pip_configuration import read_settings
from rezup.installers.uv_settings import read_uv_settings

if TYPE_CHECKING:
    from pathlib import Path

    from rezup.installers.indexes import Indexes


def configured(home: Path, **variables: str) -> Indexes:
    environ = {"HOME": str(home), "XDG_CONFIG_DIRS": str(home / "site"), **variables}
    if not (home / ".config/pip").exists():  # else the files of this very machine would count
        environ.setdefault("PIP_CONFIG_FILE", os.devnull)
    settings = read_settings(environ, home / "prefix", home=home)
    return configured_indexes(settings, read_uv_settings(settings.environment, home))


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_without_any_configuration_it_is_the_one_that_pip_has_built_in(tmp_path: Path) -> None:
    built_in = built_in_index()
    assert built_in is not None
    assert built_in.startswith("https://")
    assert configured(tmp_path).urls == (built_in,)
    from pip._internal.models.index import PyPI

    assert built_in == PyPI.simple_url.rstrip("/")


def test_of_pip(tmp_path: Path) -> None:
    write(
        tmp_path / ".config/pip/pip.conf",
        "[global]\nindex-url = https://main.example/simple\nextra-index-url = https://a.example/s https://b.example/s\n"
        "trusted-host = main.example\n    other:8080\nproxy = proxy.example:3128\ncert = ~/ca.pem\nclient-cert = /me.pem\n",
    )
    found = configured(tmp_path)
    assert found.urls == ("https://a.example/s", "https://b.example/s", "https://main.example/simple")
    assert found.access.proxy == "proxy.example:3128"
    assert found.access.certificates == os.path.expanduser("~/ca.pem")
    assert found.access.client_certificate == "/me.pem"
    assert found.access.trusted_hosts == {"main.example", "other:8080"}
    assert configured(tmp_path, PIP_INDEX_URL="https://v.example/s").urls[-1] == "https://v.example/s"
    assert configured(tmp_path, PIP_CONFIG_FILE=os.devnull).urls == (built_in_index(),)


def test_of_the_variables_of_uv(tmp_path: Path) -> None:
    found = configured(
        tmp_path, UV_INDEX="studio=https://s.example/simple https://t.example/simple",
        UV_EXTRA_INDEX_URL="https://u.example/simple", UV_DEFAULT_INDEX="mirror=https://m.example/simple",
    )  # fmt: skip
    assert found.urls == (
        "https://s.example/simple", "https://t.example/simple", "https://u.example/simple", "https://m.example/simple",
    )  # fmt: skip
    assert configured(tmp_path, UV_INDEX_URL="https://old.example/s").urls == ("https://old.example/s",)
    assert configured(tmp_path, UV_INSECURE_HOST="a.example b.example:8").access.trusted_hosts == {
        "a.example", "b.example:8",
    }  # fmt: skip


def test_of_uv_toml(tmp_path: Path) -> None:
    write(
        tmp_path / ".config/uv/uv.toml",
        '[[index]]\nname = "studio"\nurl = "https://s.example/simple"\n'
        '[[index]]\nurl = "https://m.example/simple"\ndefault = true\n'
        '[pip]\nextra-index-url = ["https://x.example/simple"]\n',
    )
    assert configured(tmp_path).urls == (
        "https://s.example/simple", "https://x.example/simple", "https://m.example/simple",
    )  # fmt: skip
    write(
        tmp_path / ".config/uv/uv.toml",
        'index-url = "https://i.example/simple"\nextra-index-url = ["https://e.example"]\n',
    )
    assert configured(tmp_path).urls == ("https://e.example", "https://i.example/simple")
    write(tmp_path / ".config/uv/uv.toml", 'index = 7\nextra-index-url = "x"\npip = 3\nindex-url = 4\n')
    assert configured(tmp_path).urls == (built_in_index(),)


def test_the_user_counts_more_than_the_site(tmp_path: Path) -> None:
    write(tmp_path / "site/uv/uv.toml", 'index-url = "https://site.example/simple"\n')
    assert configured(tmp_path).urls == ("https://site.example/simple",)
    write(tmp_path / ".config/uv/uv.toml", 'index-url = "https://user.example/simple"\n')
    assert configured(tmp_path).urls == ("https://user.example/simple",)


def test_logins_of_named_indexes(tmp_path: Path) -> None:
    login = {"UV_INDEX_MY_STUDIO_USERNAME": "ann", "UV_INDEX_MY_STUDIO_PASSWORD": "p@ss/w"}
    found = configured(
        tmp_path,
        UV_INDEX="my-studio=https://s.example/simple",
        UV_DEFAULT_INDEX="https://m.example/s",
        **login,
    )
    assert found.urls == ("https://ann:p%40ss%2Fw@s.example/simple", "https://m.example/s")
    write(
        tmp_path / ".config/uv/uv.toml",
        '[[index]]\nname = "my-studio"\nurl = "https://s.example/simple"\ndefault = true\n',
    )
    assert configured(tmp_path, **login).urls == ("https://ann:p%40ss%2Fw@s.example/simple",)
    own = configured(tmp_path, UV_DEFAULT_INDEX="my-studio=https://bob:x@s.example/simple", **login)
    assert own.urls == ("https://bob:x@s.example/simple",)


@pytest.mark.parametrize("way", ["pip", "uv", "uv.toml", "pip table"])
def test_where_no_index_may_be_asked(tmp_path: Path, way: str) -> None:
    (tmp_path / "my wheels").mkdir()
    links = {"PIP_FIND_LINKS": (tmp_path / "my wheels").as_uri() + " https://x.example/wheels /nowhere"}
    if way == "pip":
        found = configured(tmp_path, PIP_NO_INDEX="1", PIP_INDEX_URL="https://x.example/s", **links)
    elif way == "uv":
        found = configured(tmp_path, UV_NO_INDEX="true", UV_FIND_LINKS=f"{tmp_path / 'my wheels'},/nowhere")
    else:
        head = "[pip]\n" if way == "pip table" else ""
        write(
            tmp_path / ".config/uv/uv.toml",
            f'{head}no-index = true\nfind-links = ["{tmp_path / "my wheels"}"]\n',
        )
        found = configured(tmp_path)
    assert found.urls == ()
    assert found.folders == (tmp_path / "my wheels",)


def test_a_switch_that_is_off_counts_for_nothing(tmp_path: Path) -> None:
    assert configured(tmp_path, PIP_NO_INDEX="0", PIP_INDEX_URL="https://x.example/s").urls == (
        "https://x.example/s",
    )


def test_each_index_once(tmp_path: Path) -> None:
    url = "https://x.example/simple"
    assert configured(tmp_path, PIP_INDEX_URL=url, PIP_EXTRA_INDEX_URL=url, UV_INDEX=url).urls == (url,)


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_certificates_of_the_environment(tmp_path: Path, name: str) -> None:
    assert configured(tmp_path, **{name: "/ca.pem"}).access.certificates == "/ca.pem"
    assert configured(tmp_path, PIP_CERT="/pip.pem", **{name: "/ca.pem"}).access.certificates == "/pip.pem"
