"""What a file is by its bytes, and whether it is more than one thing.

Exact signatures of the few types a town takes, rather than a catalogue of all there are: what is recognised here is
also checked to be that and nothing behind it. References: PDF ISO 32000-1 §7.5, JPEG ISO 10918-1 annex B, PNG (W3C,
third edition) §5, WebP RFC 9649, TIFF 6.0 §2, HEIF ISO 23008-12, ZIP APPNOTE 6.3.10 §4.3, OPC ISO 29500-2,
OpenDocument 1.3 part 2 §3.3.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
from dataclasses import dataclass

from hub.blobs.model import Remark

TEXT = "text/plain"
_OOXML = "application/vnd.openxmlformats-officedocument."
_OFFICE = {
    f"{_OOXML}wordprocessingml.document.main+xml": f"{_OOXML}wordprocessingml.document",
    f"{_OOXML}spreadsheetml.sheet.main+xml": f"{_OOXML}spreadsheetml.sheet",
    f"{_OOXML}presentationml.presentation.main+xml": f"{_OOXML}presentationml.presentation",
}
_MANY = 2_000
_LARGEST_PART = 200_000_000
# In ten megabytes of compressed streams some three hundred places look like one by chance; with more than this nobody
# looks behind all of them, which takes seconds.
_MOST_ESCAPED = 20_000
_HEIC = {b"heic", b"heix", b"heim", b"heis", b"mif1"}
# Names in a PDF by which it does something when it is opened or clicked (ISO 32000-1 §12.6.4, §7.11.4, §12.7.8).
_PDF_ACTS = re.compile(rb"/(?:JavaScript|JS|Launch|OpenAction|AA|EmbeddedFile|RichMedia|XFA|SubmitForm|ImportData)\b")
_MARKUP = re.compile(rb"<\s*(?:!doctype|html|svg|script|body|head|iframe|img|\?xml|\?php)", re.IGNORECASE)


class Unfit(Exception):
    """The content is not taken; `code` is stable, the text is for the sender."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True)
class Content:
    """`remark` says why it is not shown in a browser; None: it may be."""

    media_type: str
    remark: Remark | None = None


def examine(content: bytes) -> Content:
    """What it is. Raises Unfit for what nobody takes: active pages, archives, macros, two things in one, unknown."""
    if not content:
        raise Unfit("empty", "The file is empty.")
    for signature, look in _KNOWN:
        if content.startswith(signature):
            return look(content)
    if content[4:8] == b"ftyp" and content[8:12] in _HEIC:
        return _alone(content, Content("image/heic"))
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return _webp(content)
    return _text(content)


def _pdf(content: bytes) -> Content:
    if b"%%EOF" not in content[-2048:]:
        raise Unfit("broken", "This PDF has no end: it was cut off.")
    _alone(content, None)
    # Names may be written with #xx for any letter (§7.3.5), which only somebody who hides something does.
    plain, escaped = re.subn(
        rb"#([0-9A-Fa-f]{2})", lambda found: bytes([int(found[1], 16)]), content, count=_MOST_ESCAPED
    )
    if re.search(rb"/Encrypt\b", plain):
        return Content("application/pdf", Remark.ENCRYPTED)
    acts = escaped == _MOST_ESCAPED or _PDF_ACTS.search(plain)
    return Content("application/pdf", Remark.ACTIVE_CONTENT if acts else None)


def _jpeg(content: bytes) -> Content:
    end = content.rfind(b"\xff\xd9")
    if end < 0:
        raise Unfit("broken", "This picture has no end: it was cut off.")
    return _alone(content, Content("image/jpeg"))


def _png(content: bytes) -> Content:
    """Walk its chunks (§5.3): nothing may come after IEND."""
    at = 8
    while at + 12 <= len(content):
        length, kind = struct.unpack(">I4s", content[at : at + 8])
        at += 12 + length
        if kind == b"IEND":
            break
    else:
        raise Unfit("broken", "This picture has no end: it was cut off.")
    if at != len(content):
        raise Unfit("polyglot", "Something is hidden behind the end of this picture.")
    return Content("image/png")


def _webp(content: bytes) -> Content:
    if int.from_bytes(content[4:8], "little") + 8 not in {len(content), len(content) - 1}:
        raise Unfit("polyglot", "This picture is shorter or longer than it says.")
    return _alone(content, Content("image/webp"))


def _tiff(content: bytes) -> Content:
    return _alone(content, Content("image/tiff"))


def _zip(content: bytes) -> Content:
    """Only as the container of an office document; nothing is unpacked but two small parts that say what it is."""
    # Before the directory is read: one of 200,000 entries fits into ten megabytes, and takes eight seconds to read.
    if content.count(b"PK\x01\x02") > _MANY:
        raise Unfit("archive_bomb", "This file would become far too large when it is opened.")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            if len(parts) > _MANY or sum(part.file_size for part in parts) > _LARGEST_PART:
                raise Unfit("archive_bomb", "This file would become far too large when it is opened.")
            names = {part.filename for part in parts}
            # What stands before the first part or behind the last belongs to something else; of two parts with one name
            # another program may open the other one.
            offset = min((part.header_offset for part in parts), default=1)
            if offset != 0 or archive.comment or len(names) < len(parts):
                raise Unfit("polyglot", "This file is two things at once.")
            if any(_is_program(name) for name in names):
                raise Unfit("macros", "This document has macros, which are programs. Save it without them, or as PDF.")
            return Content(_office_type(archive, names), Remark.OFFICE_DOCUMENT)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise Unfit("broken", "This file is damaged or encrypted.") from error


def _is_program(name: str) -> bool:
    """VBA and ActiveX in OOXML, Basic, Python and the like in OpenDocument, by where they lie in the container."""
    return name.lower().endswith("vbaproject.bin") or "/activeX/" in name or name.startswith(("Basic/", "Scripts/"))


def _office_type(archive: zipfile.ZipFile, names: set[str]) -> str:
    if "mimetype" in names:
        media_type = _start(archive, "mimetype").decode("ascii", "replace").strip()
        if media_type.startswith("application/vnd.oasis.opendocument."):
            return media_type
    if "[Content_Types].xml" in names:
        declared = _start(archive, "[Content_Types].xml")
        if b"macroEnabled" in declared:
            raise Unfit("macros", "This document has macros, which are programs. Save it without them, or as PDF.")
        for main, media_type in _OFFICE.items():
            if main.encode() in declared:
                return media_type
    raise Unfit("archive", "Archives are not taken: send the files one by one.")


def _start(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as part:
        return part.read(100_000)


def _old_office(_: bytes) -> Content:
    raise Unfit("macros", "Documents of before 2007 may have macros. Save it as .docx, .odt or PDF.")


def _archive(_: bytes) -> Content:
    raise Unfit("archive", "Archives are not taken: send the files one by one.")


def _program(_: bytes) -> Content:
    raise Unfit("program", "Programs are not taken.")


def _text(content: bytes) -> Content:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unfit("unknown", "It is not known what this file is. Send a PDF or a picture.") from None
    if any(one < " " and one not in "\t\n\r\f" for one in text):
        raise Unfit("unknown", "It is not known what this file is. Send a PDF or a picture.")
    if _MARKUP.search(content):
        raise Unfit("active_page", "Pages and drawings made of markup are not taken. Send a PDF or a picture.")
    return Content(TEXT)


def _alone(content: bytes, found: Content | None) -> Content:
    """Refuses a second thing in it: an archive at the end, a page at the beginning.

    A ZIP is read from its end, where its directory is within 22 to 65,557 bytes (APPNOTE §4.3.16); browsers that guess
    look at the first 1,445 bytes at most (WHATWG MIME Sniffing §5.2).
    """
    tail = content[-65_557:]
    at = tail.rfind(b"PK\x05\x06")
    if at >= 0 and _ends_a_zip(tail, at):
        raise Unfit("polyglot", "This file is two things at once.")
    # What cameras and programs write about a picture is XML in the middle of it, and no page.
    if _MARKUP.search(content[:1445].replace(b"<?xml", b"")):
        raise Unfit("polyglot", "This file is two things at once.")
    return found or Content("")


def _ends_a_zip(tail: bytes, at: int) -> bool:
    """Whether the directory's record leads to the end of the file, as a reader of archives demands."""
    if at + 22 > len(tail):
        return False
    comment = int.from_bytes(tail[at + 20 : at + 22], "little")
    return at + 22 + comment <= len(tail)


_KNOWN = (
    (b"%PDF-", _pdf),
    (b"\xff\xd8\xff", _jpeg),
    (b"\x89PNG\r\n\x1a\n", _png),
    (b"II*\0", _tiff),
    (b"MM\0*", _tiff),
    (b"PK\x03\x04", _zip),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _old_office),
    (b"PK\x05\x06", _archive),
    (b"Rar!\x1a\x07", _archive),
    (b"7z\xbc\xaf\x27\x1c", _archive),
    (b"\x1f\x8b", _archive),
    (b"MZ", _program),
    (b"\x7fELF", _program),
    (b"#!", _program),
)
