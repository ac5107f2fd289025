from __future__ import annotations

import json

import pytest

from rezup.containers import receipt as receipts
from rezup.containers.receipt import DamagedReceiptError, EnvironmentRecord, Receipt, ToolRecord, parse
from rezup.errors import UnsupportedFormatError

RECEIPT = Receipt(
    container="foo",
    kind=receipts.ENVIRONMENT,
    platform="linux-x86_64",
    created=1795179768.5,
    creator="ann",
    host="ws1",
    rezup="3.0.0",
    recipe_digest="ab" * 32,
    recipe_source="/home/ann/rezup.toml",
    description="a b\"c'é",
    origin="remote",
    environment={"B": "${A}/x", "A": ""},
    dotenv=("~/x.env",),
    tools=(ToolRecord("rez", "rez", "3.4.0", "rez"), ToolRecord("ext", "rez-ext", "1.0", "rez", "/src/ext")),
    environments=(
        EnvironmentRecord(
            "rez",
            "venv/rez/bin/python",
            "venv/rez/bin/rez",
            "/usr/bin/python3.11",
            "3.11.2",
            "cpython",
            "abi",
            "uv",
            "0.9",
            "why",
            "hard link",
            7000000,
            1795179768123456789,
        ),
    ),
)


def test_a_receipt_survives_writing_and_reading() -> None:
    assert parse(RECEIPT.to_bytes()) == RECEIPT
    assert list(parse(RECEIPT.to_bytes()).environment) == ["B", "A"]
    assert RECEIPT.rez_version == "3.4.0"


def test_who_published_it_is_text_or_not_told() -> None:
    told = RECEIPT._replace(published_by="bob", published_on="ws7")
    assert parse(told.to_bytes()) == told
    document = json.loads(RECEIPT.to_bytes())
    del document["published_by"], document["published_on"]  # an older one
    assert parse(json.dumps(document).encode()) == RECEIPT
    with pytest.raises(DamagedReceiptError):
        parse(json.dumps({**document, "published_by": None}).encode())


def test_cut_at_any_byte_it_is_damaged_and_never_anything_else() -> None:
    data = RECEIPT.to_bytes().rstrip()
    for length in range(len(data)):
        with pytest.raises(DamagedReceiptError):
            parse(data[:length])


@pytest.mark.parametrize(
    "data",
    [b"", b"\0" * 4096, b"[]", b"null", b"{}", b'"x"', b'{"format": "1"}', b'{"format": true}', b"\xff\xfe"],
)
def test_what_is_no_receipt_is_damaged(data: bytes) -> None:
    with pytest.raises(DamagedReceiptError):
        parse(data)


def test_zeros_anywhere_are_damage_or_harmless_but_no_crash() -> None:
    data = RECEIPT.to_bytes()
    for start in range(0, len(data), 7):
        torn = data[:start] + b"\0" * min(16, len(data) - start) + data[start + 16 :]
        with pytest.raises(DamagedReceiptError):
            parse(torn)


def test_a_newer_format_is_refused() -> None:
    with pytest.raises(UnsupportedFormatError, match="format 2"):
        parse(b'{"format": 2, "whatever": []}')


def test_keys_that_a_later_rezup_adds_are_ignored() -> None:
    document = json.loads(RECEIPT.to_bytes())
    document["later"] = {"x": 1}
    document["tools"][0]["later"] = True
    assert parse(json.dumps(document).encode()) == RECEIPT


@pytest.mark.parametrize("path", ["/bin/sh", "../x", "venv/../../x", "C:/x", "\\\\srv\\x"])
def test_a_path_that_leaves_the_revision_is_damage(path: str) -> None:
    document = json.loads(RECEIPT.to_bytes())
    document["environments"][0]["scripts"] = path
    with pytest.raises(DamagedReceiptError):
        parse(json.dumps(document).encode())


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("environment", {"A": 1}),
        ("environment", []),
        ("dotenv", [None]),
        ("created", "x"),
        ("creator", None),
        ("tools", [{}]),
    ],
)
def test_a_value_of_the_wrong_type_is_damage(key: str, value: object) -> None:
    document = json.loads(RECEIPT.to_bytes())
    document[key] = value
    with pytest.raises(DamagedReceiptError):
        parse(json.dumps(document).encode())


def test_one_that_does_not_tell_of_the_file_of_its_python_is_whole() -> None:
    document = json.loads(RECEIPT.to_bytes())
    for key in ("interpreter_size", "interpreter_modified"):
        del document["environments"][0][key]
    (environment,) = parse(json.dumps(document).encode()).environments
    assert (environment.interpreter_size, environment.interpreter_modified) == (0, 0)


@pytest.mark.parametrize("key", ["interpreter_size", "interpreter_modified"])
@pytest.mark.parametrize("value", ["7", None, 7.5, True, [7]])
def test_what_is_no_number_of_the_file_of_its_python_is_damage(key: str, value: object) -> None:
    document = json.loads(RECEIPT.to_bytes())
    document["environments"][0][key] = value
    with pytest.raises(DamagedReceiptError, match=key):
        parse(json.dumps(document).encode())
