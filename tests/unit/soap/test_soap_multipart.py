"""Messages of several parts: read exactly, or refused."""

from __future__ import annotations

import pytest

from hub.kernel.errors import RemoteGarbage
from hub.kit.soap import multipart

ROOT = b"--b\r\nContent-Type: text/xml; charset=utf-8\r\nContent-ID: <r@x>\r\n\r\n<a/>\r\n"
END = b"--b--\r\n"
TYPE = "multipart/related; boundary=b"


def read(content: bytes, kind: str = TYPE, max_bytes: int = 1_000_000) -> multipart.Multipart:
    return multipart.parse(content, kind, max_bytes=max_bytes, what="It")


def part(content: bytes, *headers: str) -> bytes:
    lines = "".join(f"{header}\r\n" for header in headers)
    return b"--b\r\n" + lines.encode() + b"\r\n" + content + b"\r\n"


class TestReading:
    def test_the_first_part_is_the_root(self) -> None:
        found = read(ROOT + part(b"abc", "Content-ID: <a@x>", "Content-Type: application/pdf") + END)
        assert (found.root.content, found.root.charset, found.root.media_type) == (b"<a/>", "utf-8", "text/xml")
        assert [(one.content_id, one.media_type, one.content) for one in found.parts] == [
            ("a@x", "application/pdf", b"abc")
        ]

    def test_start_names_the_root(self) -> None:
        content = part(b"abc", "Content-ID: <a@x>") + ROOT + END
        found = read(content, f'{TYPE}; start="<r@x>"; start-info="text/xml"')
        assert (found.root.content, [one.content for one in found.parts]) == (b"<a/>", [b"abc"])

    @pytest.mark.parametrize(
        ("encoding", "written", "meant"),
        [
            ("base64", b"YWJj\r\nZGVm", b"abcdef"),
            ("quoted-printable", b"=C5=BDu=\r\ntko", b"\xc5\xbdutko"),
            ("binary", b"\r\n--c\r\n\x00\xff\r\n", b"\r\n--c\r\n\x00\xff\r\n"),
            ("8BIT", b"x", b"x"),
            ("7bit", b"", b""),
        ],
    )
    def test_transfer_encodings(self, encoding: str, written: bytes, meant: bytes) -> None:
        found = read(ROOT + part(written, f"Content-Transfer-Encoding: {encoding}") + END)
        assert found.parts[0].content == meant

    def test_text_before_and_after(self) -> None:
        assert read(b"This is MIME.\r\n" + ROOT + END + b"bye").parts == ()

    def test_line_feeds_alone(self) -> None:
        assert read(ROOT.replace(b"\r\n", b"\n") + END).root.content == b"<a/>"

    def test_folded_headers_and_quoted_boundaries(self) -> None:
        content = ROOT.replace(b"--b", b"--a=b c").replace(b"xml; ", b"xml;\r\n\t") + b"--a=b c--"
        assert read(content, 'multipart/related;\r\n boundary="a=b c"').root.charset == "utf-8"

    def test_what_is_built_is_read(self) -> None:
        boundary = multipart.new_boundary()
        parts = {"a@x": ("application/pdf", b"\r\n--" + boundary.encode()[:-1] + b"\r\n"), "b@x": ("text/plain", b"")}
        content = multipart.build(b"<a/>", "text/xml", parts, boundary=boundary)
        found = read(content, multipart.content_type(boundary, 'type="text/xml"'))
        assert {one.content_id: (one.media_type, one.content) for one in found.parts} == parts


class TestRefused:
    def refused(self, content: bytes, kind: str = TYPE, max_bytes: int = 1_000_000) -> str:
        with pytest.raises(RemoteGarbage) as caught:
            read(content, kind, max_bytes)
        return str(caught.value)

    @pytest.mark.parametrize(
        ("content", "why"),
        [
            (b"", "no boundary"),
            (b"<a/>", "no boundary"),
            (END, "no boundary"),
            (ROOT, "breaks off before its last boundary"),
            (ROOT + b"--b", "breaks off"),
            (ROOT + part(b"", "Content-Type: multipart/mixed; boundary=c") + END, "parts within parts"),
            (ROOT + part(b"", "Content-Type: message/rfc822") + END, "parts within parts"),
            (ROOT + part(b"", "Content-ID: <r@x>") + END, "two parts of the same name"),
            (
                ROOT + part(b"", "Content-ID: <a%40x>") + part(b"", "Content-ID: <a@x>") + END,
                "two parts of the same name",
            ),
            (ROOT + part(b"", "Content-ID: <a>", "content-id: <b>") + END, "two headers content-id"),
            (ROOT + part(b"", "no header") + END, "a header line that is none"),
            (ROOT + part(b"", *[f"X-{number}: x" for number in range(40)]) + END, "more than 30 header lines"),
            (ROOT + part(b"", f"X: {'x' * 9000}") + END, "no end within 8000 bytes"),
            (ROOT + part(b"?", "Content-Transfer-Encoding: base64") + END, "not base64"),
            (ROOT + part(b"", "Content-Transfer-Encoding: x-zip") + END, "'x-zip', which is not known"),
            (ROOT + part(b"x") * 250 + END, "more than 200 parts"),
            (part(b"{}", "Content-Type: application/json") + END, "'application/json' instead of SOAP"),
        ],
    )
    def test_what_is_not_mime(self, content: bytes, why: str) -> None:
        assert why in self.refused(content)

    @pytest.mark.parametrize("boundary", ["", "x" * 71, "b\x00"])
    def test_boundaries(self, boundary: str) -> None:
        assert "its boundary is missing or not one" in self.refused(
            ROOT + END, f"multipart/related; boundary={boundary}"
        )

    def test_a_start_that_is_not_there(self) -> None:
        assert "no part of the name" in self.refused(ROOT + END, f"{TYPE}; start=<gone@x>")

    def test_more_than_may_be_read(self) -> None:
        assert "more than 10 bytes together" in self.refused(ROOT + part(b"x" * 20) + END, max_bytes=10)
