"""UTF-8 that would be read in an encoding of one byte a character is told from a text of that encoding."""

from __future__ import annotations

import pytest

from hub.intake.file_text import BrokenFile, FileText

CP1250, CP1251, LATIN2 = "windows-1250", "windows-1251", "iso-8859-2"


def read(body: bytes, encoding: str, length: int) -> str:
    text = FileText(encoding, "write utf-8")
    pieces = [text.decode(body[at : at + length]) for at in range(0, len(body), length)]
    return "".join([*pieces, text.decode(b"", final=True)])


@pytest.mark.parametrize("length", [1, 1000])
@pytest.mark.parametrize(
    ("text", "encoding", "line"),
    [
        ("a\nDječji vrtić", CP1250, 2),
        ("Škola\nŠkola\nŠkola", CP1250, 1),
        ("\ufeffa", CP1250, 1),
        ("a\n\nЗемельний податок", "koi8-u", 3),
        ("Žižkov", LATIN2, 1),
        ("x\ny €, 𝄞", "cp852", 2),
    ],
)
def test_utf_8_is_refused_with_the_line_of_its_first_letter(text, encoding, line, length):
    with pytest.raises(BrokenFile, match=f"it is UTF-8, and would be read as {encoding}: write utf-8") as broken:
        read(text.encode(), encoding, length)
    assert broken.value.line == line
    assert broken.value.found in text


@pytest.mark.parametrize("length", [1, 1000])
@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Dječji vrtić, ŠKOLA, Đurđevac", CP1250),
        # These letters are valid UTF-8 too: once is chance, and beside other letters it is none.
        ("KČŠ", CP1250),
        ("KČŠ i ČŽ, pa škola", CP1250),
        ("ÎŞI ÎŞI ÎŞI şcoală", CP1250),
        ("Příliš žluťoučký kůň", LATIN2),
        ("Земельний податок, ЗЕМЕЛЬНИЙ ПОДАТОК, РЈ", CP1251),
        ("Порез на имовину, ПОРЕЗ", CP1251),
        ("plain, and nothing more", CP1250),
        ("Dječji vrtić", "utf-8"),
        ("Dječji vrtić", "utf-16"),
    ],
)
def test_a_text_of_the_encoding_is_read(text, encoding, length):
    assert read(text.encode(encoding), encoding, length) == text


def test_one_letter_is_not_enough_and_a_sequence_cut_off_is_none():
    assert read("Škola".encode(), CP1250, 3) == "Ĺ\xa0kola"
    assert read("Žižkov".encode() + b"\xc5", CP1250, 3).endswith("Ĺ")
