from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.kernel.errors import RemoteGarbage
from hub.kit.xml import parse


def refusal(data: bytes, **more: object) -> RemoteGarbage:
    with pytest.raises(RemoteGarbage) as caught:
        parse(data, **more)
    return caught.value


@pytest.mark.parametrize(
    "data",
    [
        "<a>č</a>".encode(),
        '<?xml version="1.0" encoding="UTF-8"?><a>č</a>'.encode(),
        '\ufeff<?xml version="1.0" encoding="utf-8"?><a>č</a>'.encode(),
        '\r\n \t<?xml version="1.0"?>\n<a>č</a>\n'.encode(),
        '\ufeff\n<?xml version="1.0"?><a>č</a>'.encode(),
        '<?xml version="1.0" encoding="windows-1250"?><a>č</a>'.encode("cp1250"),
        "<?xml version='1.0' encoding='Windows-1250' standalone='yes'?><a>č</a>".encode("cp1250"),
        '<?xml version="1.0" encoding="ISO-8859-2"?><a>č</a>'.encode("iso8859-2"),
        '<?xml version="1.0" encoding="utf-16"?><a>č</a>'.encode("utf-16"),
        '<?xml version="1.0" encoding="utf-16"?><a>č</a>'.encode("utf-16-be"),
        # Declared as UTF-16 and sent as UTF-8: what a .NET StringWriter makes of it.
        '<?xml version="1.0" encoding="utf-16"?><a>č</a>'.encode(),
    ],
)
def test_encodings_and_what_stands_before_the_declaration(data):
    root = parse(data)
    assert (root.tag, root.text) == ("a", "č")


@pytest.mark.parametrize(
    ("charset", "declared", "encoded"),
    [
        ("windows-1250", None, "cp1250"),
        ("utf-8", "windows-1250", "utf-8"),  # The media type goes before the declaration (RFC 7303 §3.2).
        ("iso-8859-1", "utf-8", "utf-8"),  # The bytes are UTF-8, as one of the two says.
        ("utf-8", "windows-1250", "cp1250"),  # The bytes are not UTF-8, so the other one is right.
    ],
)
def test_the_charset_of_the_media_type(charset, declared, encoded):
    declaration = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    assert parse(f"{declaration}<a>šđžčć</a>".encode(encoded), charset=charset).text == "šđžčć"


def test_a_wrong_declared_encoding_is_told_with_its_place():
    error = refusal('<?xml version="1.0" encoding="utf-8"?>\n<a>Ana Horvatić</a>'.encode("cp1250"))
    assert str(error) == "The reply is not utf-8 text as it says: byte 0xE6 at offset 53 (line 2)."
    assert error.evidence == '<?xml version="1.0" encoding="utf-8"?> <a>…</a>'


@pytest.mark.parametrize("name", ["utf-7", "cp037", "utf-32", "zip", "idna", "x" * 30])
def test_other_encodings_are_refused(name):
    assert "in the encoding" in str(refusal(f'<?xml version="1.0" encoding="{name}"?><a/>'.encode()))


@pytest.mark.parametrize(
    "data",
    [
        b"<!DOCTYPE a><a/>",
        b'<?xml version="1.0"?>\n<!-- x --><?pi ?>\n<!DOCTYPE a SYSTEM "http://127.0.0.1/a.dtd"><a/>',
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        '<!DOCTYPE a [<!ENTITY x "y">]><a b="&x;"/>'.encode("utf-16"),
        b"\xef\xbb\xbf\n<!DOCTYPE a><a/>",
    ],
)
def test_a_dtd_is_refused(data):
    assert "carries a DTD" in str(refusal(data))


def test_the_text_doctype_in_content_is_none():
    assert parse(b"<a><!-- <!DOCTYPE a> --><![CDATA[<!DOCTYPE a>]]></a>").xpath("string()") == "<!DOCTYPE a>"


def test_entities_are_not_known():
    assert "Entity 'x' not defined" in str(refusal(b"<a>&x;</a>"))
    assert parse(b"<a>&lt;&#269;</a>").text == "<č"


def test_depth_and_size_are_bounded():
    assert parse(b"<a>" * 256 + b"</a>" * 256).tag == "a"
    assert "Excessive depth" in str(refusal(b"<a>" * 257 + b"</a>" * 257))
    assert parse(b"<a/>", max_bytes=4).tag == "a"
    assert str(refusal(b"<a/>", max_bytes=3, what="catalogue")) == "The catalogue has 4 bytes; at most 3 are read."


def test_a_hostile_prolog_takes_no_time():
    started = time.process_time()
    assert "not well-formed" in str(refusal(b"<?a?><!---->" * 20_000 + b"<!DOCTYP a>"))
    assert time.process_time() - started < 1


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (b"<a>\n<b>69435151530</a>", "(line 2, column 19)"),
        (b"\n\n<?xml version='1.0'?>\n<a>", "(line 4, column 4)"),
        (b"<a>69435151530", "(line 1, column 15)"),
        (b"<a/><b/>", "(line 1, column 5)"),
        (b"<a>\x00</a>", "(line 1, column 4)"),
    ],
)
def test_what_is_not_well_formed_is_told_with_its_place_and_no_content(data, place):
    error = refusal(data)
    assert str(error).startswith("The reply is not well-formed XML: ")
    assert str(error).endswith(f"{place}.")
    assert "69435151530" not in f"{error}{error.evidence}"
    assert error.__cause__ is None


def test_nothing_and_something_else():
    assert "is empty" in str(refusal(b" \n"))
    error = refusal(b"<!doctype html><html><head><title>Sign in</title></head></html>")
    assert "not well-formed" in str(error)
    assert error.evidence == "HTML page “Sign in”"


def test_names_with_long_numbers_are_masked():
    assert "69435151530" not in str(refusal(b"<oib69435151530></a>"))


def test_namespaces_may_be_iris_and_nothing_else_is_forgiven():
    iri = "https://ofn.gov.cz/úřední-desky/2020-07-01"
    root = parse(f'<d:a xmlns:d="{iri}"><d:b xmlns:e="{iri}/č">č</d:b></d:a>'.encode())
    assert root.tag == f"{{{iri}}}a"
    assert root[0].text == "č"
    for rest in ("<d:b></d:a>", "<e:b/></d:a>", "&x;</d:a>", ""):
        refusal(f'<d:a xmlns:d="{iri}">{rest}'.encode())
    assert "carries a DTD" in str(refusal(f'<!DOCTYPE a><d:a xmlns:d="{iri}"/>'.encode()))


PIECES = [
    b"<a>",
    b"</a>",
    b"<?xml version='1.0' encoding='",
    b"utf-16",
    b"'?>",
    b"\xff\xfe",
    b"<!DOCTYPE a [",
    b"]>",
    b"&x;",
    b"\x00",
    b"<",
]


@given(st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=4)), max_size=12).map(b"".join))
def test_whatever_comes_it_is_a_document_or_garbage(data):
    try:
        root = parse(data)
    except RemoteGarbage:
        return
    assert root.getroottree().docinfo.internalDTD is None
