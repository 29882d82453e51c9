"""Files made to cost a lot: each is broken at a line, or read, and neither takes long nor much memory."""

from __future__ import annotations

import json
from collections.abc import Iterable

import pytest

from hub.intake import file_json, file_reading
from hub.intake.file_reading import FileKind, reader_of
from hub.intake.file_text import BrokenFile, FileRecord
from hub.kit.charset import charset_of


def kind(form: str, *, records: str = "", encoding: str = "utf-8") -> FileKind:
    return FileKind("k", "*", "f", form, encoding, ";", records, complete=False)


def read(one: FileKind, parts: Iterable[bytes]) -> list[FileRecord]:
    reader = reader_of(one, None)
    return [record for part in parts for record in reader.feed(part)] + list(reader.close())


def broken(one: FileKind, parts: Iterable[bytes]) -> BrokenFile:
    with pytest.raises(BrokenFile) as error:
        read(one, parts)
    return error.value


def test_a_quotation_mark_before_nothing_but_ends_of_lines(monkeypatch):
    monkeypatch.setattr(file_reading, "LONGEST", 1000)
    fed = []

    def endless() -> Iterable[bytes]:
        yield b'a;b\n"'
        for number in range(100):
            fed.append(number)
            yield b"\n" * 100

    assert "none closes it for very long" in broken(kind("csv"), endless()).reason
    assert len(fed) <= 11


@pytest.mark.parametrize(
    "head", [b";".join(b"c%d" % n for n in range(1001)), b"a;" + b"b" * 201], ids=["columns", "name"]
)
def test_names_of_columns_that_would_stand_in_every_record(head):
    wrong = broken(kind("csv"), [head + b"\n"])
    assert (wrong.line, wrong.reason) == (1, "there are at most 1,000 columns, with names of at most 200 characters")
    assert len(read(kind("csv"), [b";".join(b"c%d" % n for n in range(1000)) + b"\n" + b";" * 999])) == 1


def test_a_record_of_xml_that_does_not_end(monkeypatch):
    monkeypatch.setattr(file_reading, "LONGEST", 1000)
    fed = []

    def endless() -> Iterable[bytes]:
        yield b"<r>\n<s>"
        for number in range(100):
            fed.append(number)
            yield b"<a/>" * 25

    wrong = broken(kind("xml", records="s"), endless())
    assert (wrong.line, wrong.reason) == (2, "one record has more than 1,000 bytes")
    assert len(fed) == 10
    # Many records, each short, are no long one.
    assert len(read(kind("xml", records="s"), [b"<r>", *([b"<s>%s</s>" % (b"x" * 90)] * 50), b"</r>"])) == 50


def test_comments_and_instructions_are_not_kept():
    reader = reader_of(kind("xml", records="s"), None)
    assert list(reader.feed(b"<r>" + b"<!-- x --><?y z?>" * 1000)) == []
    assert len(list(reader._parser.read_events())) == 0  # type: ignore[attr-defined]
    (record,) = reader.feed(b"<s>a<!-- x -->b</s>")
    assert record.content == "<s>ab</s>"
    (last,) = reader.feed(b"<s/>")
    assert last.content == "<s/>"


def test_many_small_values_are_not_copied_for_each_other():
    """What is left of a piece is cut off once, not at each of its values."""
    copied = 0

    class Counted(str):
        __slots__ = ()

        def __getitem__(self, key):
            nonlocal copied
            part = str.__getitem__(self, key)
            copied += len(part)
            return Counted(part) if isinstance(key, slice) else part

    reader = file_json.JsonFile("utf-8", "", "")
    reader._rest = Counted("[" + '{"a":1},' * 2000)
    assert len(list(reader.feed(b""))) == 2000 or len(list(reader.close())) == 2000
    assert copied < 20 * 2000 * 8


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_json_in_pieces_of_any_size(size):
    values = [{"a": n, "b": "[]{},:\n\u010d"} for n in range(5)]
    text = json.dumps({"x": {"y": []}, "p": {"z": 1.5, "q": values, "w": 2}}, indent=1, ensure_ascii=False).encode()
    found = read(kind("json", records="p.q"), [text[at : at + size] for at in range(0, len(text), size)])
    assert [json.loads(one.content) for one in found] == values
    assert [text.decode().split("\n")[one.line - 1].strip() for one in found] == ["{"] * 5


@pytest.mark.parametrize(
    "name", ["zlib", "bz2", "base64", "hex", "rot13", "quopri", "uu", "idna", "punycode", "undefined", "unicode_escape",
             "raw_unicode_escape", "utf-7", "charmap", "klingon", "\u00e9", "../x"],
)  # fmt: skip
def test_what_is_no_character_set(name):
    with pytest.raises(LookupError):
        charset_of(name)


@pytest.mark.parametrize(
    ("name", "known"), [("UTF8", "utf-8"), ("windows-1250", "cp1250"), ("latin2", "iso8859-2"), ("utf-16", "utf-16")]
)
def test_character_sets_by_any_of_their_names(name, known):
    assert charset_of(name) == known


def test_utf_16_without_its_mark_is_told_and_no_failure_of_ours():
    assert broken(kind("csv", encoding="utf-16"), ["a;b\n1;2\n".encode("utf-16-le")]).reason == "it is no utf-16"
    assert len(read(kind("csv", encoding="utf-16"), ["a;b\n1;2\n".encode("utf-16")])) == 1
