"""Declared encodings: what is read, and how a wrong declaration is noticed."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.kit.encodings import ENCODINGS, check, decode, encode

CROATIAN, UKRAINIAN = "Šećer, đak, žaba", "Їжак ґрунт є"


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        *((name, CROATIAN) for name in ("utf-8", "utf-16", "utf-16-le", "windows-1250", "cp852", "iso-8859-2")),
        *((name, UKRAINIAN) for name in ("utf-8", "windows-1251", "koi8-u")),
        ("iso-8859-16", "Țară și înțeles"),
    ],
)
def test_read_as_declared(encoding: str, text: str) -> None:
    assert decode(encode(text, encoding), encoding) == text
    assert decode(encode(text, encoding), encoding.upper()) == text


def test_other_names() -> None:
    assert [check(name) for name in ("cp1250", "CP1251", "latin2", "utf8")] == [
        "windows-1250", "windows-1251", "iso-8859-2", "utf-8",
    ]  # fmt: skip


def test_marks() -> None:
    assert decode(codecs.BOM_UTF8 + b"a", "utf-8") == "a"
    assert decode(codecs.BOM_UTF16_BE + "č".encode("utf-16-be"), "utf-16") == "č"
    assert decode(codecs.BOM_UTF16_LE + "č".encode("utf-16-le"), "utf-16-le") == "č"


@pytest.mark.parametrize(
    ("content", "encoding", "why"),
    [
        (CROATIAN.encode("cp1250"), "utf-8", "the byte at position 0 is no character of utf-8"),
        ("žŠ".encode("cp1250"), "iso-8859-2", "the byte at position 0 is no letter of iso-8859-2; is it another"),
        (b"a\x81", "windows-1250", "the byte at position 1 is no character of windows-1250"),
        (codecs.BOM_UTF8 + b"a", "windows-1250", "begins with the mark of utf-8, and is declared as windows-1250"),
        (codecs.BOM_UTF16_LE + b"a\0", "utf-8", "begins with the mark of utf-16, and is declared as utf-8"),
        (b"a\0", "utf-16", "has no byte order mark: declare utf-16-le where it has none"),
        (b"a", "cp855", r"'cp855' is not an encoding \(did you mean cp852"),
    ],
)
def test_a_wrong_declaration_is_noticed(content: bytes, encoding: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        decode(content, encoding)


def test_what_cannot_be_written_is_refused() -> None:
    with pytest.raises(ValueError, match=r"has the character U\+041A, which windows-1250 does not have"):
        encode("a К", "windows-1250")


@given(st.binary(max_size=40), st.sampled_from(sorted(ENCODINGS)))
def test_any_bytes_are_read_back_or_refused(content: bytes, encoding: str) -> None:
    assert check(encoding) == encoding
    try:
        text = decode(content, encoding)
    except ValueError:
        return
    assert decode(encode(text, encoding), encoding) == text
