"""What a file is, is judged by its bytes; what is two things, or does something, is found."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from time import process_time

import pytest

from hub.blobs.contents import Unfit, examine
from hub.blobs.model import Remark

PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n%%EOF\n"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00" + b"\x00" * 40 + b"\xff\xd9"
WEBP = b"RIFF" + struct.pack("<I", 12) + b"WEBPVP8 \x00\x00\x00\x00"
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def png(more: bytes = b"") -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0\0"))
        + chunk(b"IEND", b"")
        + more
    )


def archive(**parts: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name, content in parts.items():
            made.writestr(name, content)
    return out.getvalue()


def word(more: dict[str, str] | None = None, kind: str = "document.main+xml") -> bytes:
    types = f'<Types><Override ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.{kind}"/></Types>'
    return archive(**{"[Content_Types].xml": types, "word/document.xml": "<w/>"} | (more or {}))


ODT = archive(mimetype="application/vnd.oasis.opendocument.text", **{"content.xml": "<x/>"})


@pytest.mark.parametrize(
    ("content", "media_type", "remark"),
    [
        (PDF, "application/pdf", None),
        (JPEG, "image/jpeg", None),
        # What telephones put behind a picture (a short film) is no second document of an office.
        (JPEG + b"\x00\x00\x00\x18ftypmp42" + b"\x00" * 100, "image/jpeg", None),
        (png(), "image/png", None),
        (WEBP, "image/webp", None),
        (b"\x00\x00\x00\x18ftypheic" + b"\x00" * 40, "image/heic", None),
        (b"II*\x00" + b"\x00" * 40, "image/tiff", None),
        ("Molim priključenje čćđšž. Заява.\n".encode(), "text/plain", None),
        (b"a;b;c\r\n=1+1;2;3\r\n", "text/plain", None),
        (word(), WORD, Remark.OFFICE_DOCUMENT),
        (ODT, "application/vnd.oasis.opendocument.text", Remark.OFFICE_DOCUMENT),
        (PDF.replace(b"/Catalog", b"/Catalog /OpenAction 2 0 R"), "application/pdf", Remark.ACTIVE_CONTENT),
        (PDF.replace(b"/Catalog", b"/Catalog /J#61vaScript (x)"), "application/pdf", Remark.ACTIVE_CONTENT),
        (PDF.replace(b"trailer", b"trailer << /Encrypt 3 0 R >>"), "application/pdf", Remark.ENCRYPTED),
    ],
)
def test_what_is_taken(content: bytes, media_type: str, remark: Remark | None) -> None:
    found = examine(content)
    assert (found.media_type, found.remark) == (media_type, remark)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"<!DOCTYPE html><html><script>alert(1)</script></html>", "active_page"),
        (b"\n\n  <HTML><body onload=x>", "active_page"),
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="x"/>', "active_page"),
        (b'<svg onload="x"/>', "active_page"),
        (b"words first, then <script>alert(1)</script>", "active_page"),
        (archive(**{"a.txt": "x"}), "archive"),
        (b"PK\x05\x06" + b"\0" * 18, "archive"),
        (b"Rar!\x1a\x07\x00", "archive"),
        (b"7z\xbc\xaf\x27\x1c", "archive"),
        (b"\x1f\x8b\x08", "archive"),
        (b"MZ\x90", "program"),
        (b"\x7fELF", "program"),
        (b"#!/bin/sh\nrm -rf /\n", "program"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "macros"),
        (word({"word/vbaProject.bin": "x"}), "macros"),
        (word(kind="document.macroEnabled.main+xml"), "macros"),
        (archive(mimetype="application/vnd.oasis.opendocument.text", **{"Basic/script-lc.xml": "x"}), "macros"),
        (archive(mimetype="application/vnd.oasis.opendocument.text", **{"Scripts/python/a.py": "x"}), "macros"),
        (word({"word/activeX/activeX1.bin": "x"}), "macros"),
        (word({"word/document.xmX": "<other/>"}).replace(b"document.xmX", b"document.xml"), "polyglot"),
        (PDF + archive(**{"evil.exe": "x"}), "polyglot"),
        (JPEG + archive(**{"evil.exe": "x"}), "polyglot"),
        (png(archive(**{"evil.exe": "x"})), "polyglot"),
        (png(b"<script>alert(1)</script>"), "polyglot"),
        (b"\xff\xd8\xff\xe0<html><script>alert(1)</script>\xff\xd9", "polyglot"),
        (b"%PDF-1.4\n<script>alert(1)</script>\n%%EOF", "polyglot"),
        (b"GIF89a" + b"\0" * 10, "unknown"),
        (b"#!ok" + PDF, "program"),
        (PDF[:-8], "broken"),
        (JPEG[:-2], "broken"),
        (png()[:-12], "broken"),
        (word()[:-30], "broken"),
        (bytes(range(256)), "unknown"),
        (b"a\x00b", "unknown"),
    ],
)
def test_what_is_refused(content: bytes, code: str) -> None:
    with pytest.raises(Unfit) as refusal:
        examine(content)
    assert refusal.value.code == code


def test_an_office_document_that_would_fill_the_disk_is_not_opened() -> None:
    bomb = word({f"word/{number}.xml": "" for number in range(2100)})
    with pytest.raises(Unfit) as refusal:
        examine(bomb)
    assert refusal.value.code == "archive_bomb"


def test_what_would_take_seconds_to_look_at_is_decided_at_once() -> None:
    """Ten megabytes of nothing but entries of a directory, or of escapes: everybody else waits as long."""
    entry = b"PK\x01\x02" + bytes(24) + b"\x01" + bytes(17) + b"a"
    end = (
        b"PK\x05\x06" + bytes(8) + (len(entry) * 200_000).to_bytes(4, "little") + (30).to_bytes(4, "little") + bytes(2)
    )
    began = process_time()
    with pytest.raises(Unfit) as refusal:
        examine(b"PK\x03\x04" + bytes(26) + entry * 200_000 + end)
    assert refusal.value.code == "archive_bomb"
    assert examine(b"%PDF-1.4" + b"#41" * 3_000_000 + b"%%EOF").remark is Remark.ACTIVE_CONTENT
    assert process_time() - began < 2
