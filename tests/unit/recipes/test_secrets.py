from __future__ import annotations

from pathlib import Path

import pytest

from rezup.recipes import default_recipe, literal_secrets, redact
from rezup.recipes.parse import parse

FILE = Path("/r/rezup.toml")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://user:hunter2@host/x", "https://***@host/x"),
        ("--proxy=https://user:hunter2@host:80", "--proxy=https://***@host:80"),
        ("--index-url https://hunter2@host/simple", "--index-url https://***@host/simple"),
        ("foo @ git+https://user:hunter2@host/foo@v1", "foo @ git+https://***@host/foo@v1"),
        ("https://hunter2:@host", "https://***@host"),
        ("https://:hunter2@host", "https://***@host"),
        ("https://us%40er:hunter%32@host", "https://***@host"),
        ("https://user%3Ahunter2@host", "https://***@host"),
        ("next=https%3A%2F%2Fuser%3Ahunter2%40host%2Fx", "next=https%3A%2F%2F***%40host%2Fx"),
        ("https://user:hunt@er2@host/x@v1", "https://***@host/x@v1"),
        ("https://user:hunt/er2@host/x", "https://***@host/x"),
        ("https://user:hunt?er2@host", "https://***@host"),
        ("ssh://git:hunter2@host", "ssh://***@host"),
        ("https://${USER}:hunter2@host", "https://***@host"),
        ("https://${TOKEN:-hunter2}@host", "https://***@host"),
        ("https://user:${PASS:-hunter2}@host", "https://***@host"),
        ("user:hunter2@proxy:3128", "user:***@proxy:3128"),
        ("https://host/x?token=hunter2&y=1", "https://host/x?token=***&y=1"),
        ("https://host/x?y=1&X-Amz-Signature=hunter2#egg=x", "https://host/x?y=1&X-Amz-Signature=***#egg=x"),
        ("https://host/x?sig=hunter2", "https://host/x?sig=***"),
        ("https://host/x?api_key=hunter2", "https://host/x?api_key=***"),
        ("a https://u:hunter2@h, b 'https://v:hunter2@i'", "a https://***@h, b 'https://***@i'"),
        ('A_TOKEN = """ab\\"""cdhunter2"""', 'A_TOKEN = "***"'),
        ('A_TOKEN = """\n\\\n"hunter2""""" # x', 'A_TOKEN = "***" # x'),
        ("A_TOKEN = '''\n'hunter2'''''\nB = 1", 'A_TOKEN = "***"\nB = 1'),
        ('"MY-TOKEN" = "hunter2"', '"MY-TOKEN" = "***"'),
        ("'my.token'='hunter2'", "'my.token'=\"***\""),
        ("MY-TOKEN = 'hunter2'", 'MY-TOKEN = "***"'),
        (r'"MY\u005fTOKEN" = "hunter2"', r'"MY\u005fTOKEN" = "***"'),
        ("DB_PASSWORD = 83920174", 'DB_PASSWORD = "***"'),
        ("{A_TOKEN = 0x1F, B_TOKEN=-1.5e3}", '{A_TOKEN = "***", B_TOKEN="***"}'),
        ("A_TOKEN = 1979-05-27 07:32:00Z # x\r\nB=1", 'A_TOKEN = "***" # x\r\nB=1'),
        ("https://a:hunter2@h\nhttps://b:hunter2@h\n", "https://***@h\nhttps://***@h\n"),
    ],
)
def test_credentials_are_masked(text, expected):
    assert redact(text) == expected
    assert "hunter2" not in redact(text)
    assert redact(redact(text)) == redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "rez>=2.83",
        "git@github.com:org/repo.git",
        "git+ssh://git@github.com/org/repo@v1",
        "git+https://git@github.com/org/repo",
        "ssh://someone@host/x",
        "https://user:${PASSWORD}@host/x@v1",
        "https://${USER}:${PASSWORD}@host",
        "https://${TOKEN}@host",
        "https://${TOKEN:-}@host",
        "https://${HOST:-example.com}/x@v1",
        "https://host:8080/x@v1",
        "http://[::1]:8080/x@v1",
        "https://host/x?token=${TOKEN}",
        "https://host/x#sha256=abc&egg=foo&subdirectory=y",
        "mail someone@host at 12:30",
        "user:${PASS}@proxy:80",
        "foo @ https://host/foo.whl",
        "key=value token=abc",
        "'A-B' = 'x'\nMONKEY = 83920174\nTOKEN_FILE = 5",
        'A_TOKEN = "${A}"\nB_TOKEN = """${B}"""',
        "",
    ],
)
def test_what_is_no_secret_stays(text):
    assert redact(text) == text


def test_a_long_line_is_read_in_good_time():
    import time

    begin = time.perf_counter()
    for text in (
        "a" * 200_000,
        "://a:" * 20_000,
        "?a" * 100_000,
        "u:" * 100_000 + "@",
        "%3A%2F%2F" * 20_000 + "%40@=",
        "A=" + '"' * 100_000,
        'A="""' + '\\"""' * 50_000,
        "A='''" * 50_001,
        'A="""x\n' * 50_001,
        '"\\x' * 60_000 + "=",
        "'a' " * 50_000 + "=",
        "A=" + "1 " * 100_000,
        "A=" + "1" * 200_000 + "x y",
        "A" + " " * 200_000 + "=" + " " * 200_000 + "x",
    ):
        redact(text)
    assert time.perf_counter() - begin < 5


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        ("[rez]\nurl = 'git+https://u:hunter2@h/rez'", 2, "rez.url"),
        ("[rez]\nlib = [\n 'six',\n 'a @ https://u:hunter2@h/a',\n]", 4, "rez.lib[2]"),
        ("[[extension]]\n[[extension]]\nname = 'a'\nurl = 'https://hunter2@h/a.whl'", 4, "extension[2].url"),
        ("[pip]\noptions = ['--proxy', 'https://u:hunter2@h']", 2, "pip.options[2]"),
        ("[pip]\noptions = ['--proxy=u:hunter2@h:80']", 2, "pip.options[1]"),
        ("[pip.env]\nHTTPS_PROXY = 'http://u:hunter2@h'", 2, "pip.env.HTTPS_PROXY"),
        ("[pip.env]\nTWINE_PASSWORD = 'hunter2'", 2, "pip.env.TWINE_PASSWORD"),
        ("[env]\nURL = 'https://u:hunter2@h'", 2, "env.URL"),
        ("[env]\nGITLAB_TOKEN = 'hunter2'", 2, "env.GITLAB_TOKEN"),
        ("[env]\naws_secret_access_key = 'hunter2'", 2, "env.aws_secret_access_key"),
        ("[env]\nAPI_KEY = 'hunter2'", 2, "env.API_KEY"),
        ("[env]\nDB_PASSWORD = 83920174", 2, "env.DB_PASSWORD"),
        ("[env]\n'MY-TOKEN' = 'hunter2'", 2, "env.MY-TOKEN"),
        ("[shared]\nname = 'a'\nrequires = ['https://u:hunter2@h/a.whl']", 3, "shared.requires[1]"),
        ("\n# url = 'https://u:hunter2@h/a.whl'", 2, ""),
        ("unknown = 'https://u:hunter2@h/a.whl'", 1, ""),
    ],
)
def test_literal_secrets_are_found_with_their_place(text, line, key):
    (problem,) = literal_secrets(parse(text.encode(), FILE))
    assert problem[:3] == (str(FILE), line, key)
    assert "${VAR}" in problem.message
    assert "hunter2" not in problem.message


@pytest.mark.parametrize(
    "text",
    [
        "[rez]\nurl = 'git+ssh://git@h/rez'",
        "[env]\nGITLAB_TOKEN = '${GITLAB_TOKEN}'\nA_TOKEN = ''\nTOKEN_FILE = '/x'\nOLDPWD = '/y'\nMONKEY = 'x'",
        "[pip]\noptions = ['--index-url=https://u:${PASS}@h/simple']",
        "description = 'mail: a@b'",
    ],
)
def test_placeholders_and_plain_users_are_no_literal_secrets(text):
    assert literal_secrets(parse(text.encode(), FILE)) == ()


def test_the_default_recipe_has_none():
    assert literal_secrets(parse(default_recipe(), None)) == ()
