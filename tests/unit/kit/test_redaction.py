from __future__ import annotations

import base64

import pytest

from hub.kit.redaction import redact, redact_headers, secrets_in, shown_url, snippet


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("OIB 69435151530.", "OIB [digits]."),
        ("r. č. 900101/1234", "r. č. [digits]"),
        ("HR17 2360 0001 1012 3456 5", "HR[digits]"),
        ("1234567 stays", "1234567 stays"),
        ("2026-11-21T12:00:00Z stays", "2026-11-21T12:00:00Z stays"),
        ("Authorization: Basic bXVuaWh1Yjp4\r\nAccept: */*", "Authorization: [secret]\r\nAccept: */*"),
        ("Set-Cookie: sid=1; Path=/", "Set-Cookie: [secret]"),
        ("sent Bearer abc123.def here", "sent Bearer [secret] here"),
        ("Basic authentication is required", "Basic authentication is required"),
        ("eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.", "[token]"),
        ("http://munihub:hunter2@host/a", "http://[secret]@host/a"),
        ('{"access_token" : "a\\"b", "kind": "x"}', '{"access_token" : "[secret]", "kind": "x"}'),
        ('{"client_secret":"cut off', '{"client_secret":"[secret]"'),
        ("grant_type=x&client_secret=abc&scope=y", "grant_type=x&client_secret=[secret]&scope=y"),
        ("password='a b' user='c'", "password=[secret] user='c'"),
        ('<wsse:Password Type="x#T">hunter2</wsse:Password>', '<wsse:Password Type="x#T">[secret]</wsse:Password>'),
        ("<wsse:Nonce>q83v</wsse:Nonce>", "<wsse:Nonce>[secret]</wsse:Nonce>"),
        ("<wsse:UsernameToken>\n <a/>", "<wsse:UsernameToken>\n <a/>"),
        ("pišite na ana.horvat@pregrada.hr!", "pišite na [e-mail]!"),
    ],
)
def test_texts(text, expected):
    assert redact(text) == expected


def test_known_secrets_go_first_the_longest_before_its_part():
    assert redact("abcd-efgh abcd xyz", secrets=["abcd", "abcd-efgh", "xyz"]) == "[secret] [secret] xyz"


def test_headers_are_blanked_by_name():
    headers = {"authorization": "Basic x", "x-api-key": "k", "x-signature": "s", "etag": "69435151530"}
    assert redact_headers(headers) == {
        "authorization": "[secret]",
        "x-api-key": "[secret]",
        "x-signature": "[secret]",
        "etag": "[digits]",
    }


def test_a_url_is_shown_without_user_query_and_identifiers():
    assert shown_url("https://u:p@host/people/69435151530?token=x#y") == "https://[secret]@host/people/[digits]"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", ""),
        (
            "\ufeff<?xml version='1.0'?>\n<a b='Ana'><c>Horvat</c></a>".encode(),
            "<?xml version='1.0'?> <a b=…><c>…</c></a>",
        ),
        (b'<s:E xmlns:s="urn:x"><b><![CDATA[Ana]]></b><!-- Ana', '<s:E xmlns:s="urn:x"><b>…</b>'),
        (b'<a b="cut o', "<a b=…"),
        (
            b'{"name": "Ana \\"H\\"", "n": -1.5e3, "l": [true, null, "x"], "cut": "of',
            '{"name": …, "n": …, "l": […, …, …], "cut": …',
        ),
        (b"<html><head><title> 502\nBad Gateway</title>", "HTML page “502 Bad Gateway”"),
        (b"<!DOCTYPE html><body>Ana", "HTML page"),
        (b"Service Unavailable\nAna Horvat", "Service Unavailable"),
        (b"Failed: PHNhbWxwOlJlc3BvbnNlIHhtbG5zOnNhbWxwPSJ1cm46 x", "Failed: … x"),
        (b"\xff\xfe" * 3, "\ufffd" * 6),
    ],
)
def test_a_snippet_has_the_shape_and_not_the_content(content, expected):
    assert snippet(content) == expected


def test_a_snippet_is_short():
    assert snippet(b"x " * 5000) == "x " * 79 + "x…"


def test_what_must_not_be_shown_of_credentials():
    basic = "Basic " + base64.b64encode(b"munihub:hunter2").decode()
    assert secrets_in({"authorization": basic}) == (basic, "bXVuaWh1YjpodW50ZXIy", "hunter2")
    assert secrets_in({"authorization": "Bearer abc"}) == ("Bearer abc", "abc")
    assert secrets_in({"x-api-key": "abc"}) == ("abc", "abc")
    assert snippet(b"no such user: hunter2", secrets=("hunter2",)) == "no such user: [secret]"


@pytest.mark.parametrize("start", [b"", b"{", b"<html><title>", b"<"])
def test_evidence_holds_nothing_that_a_database_could_not_keep_or_a_terminal_would_obey(start):
    """Old systems pad their texts with NUL, and what is said of a delivery that was refused must be kept."""
    shown = snippet(start + b"Ne ide\0\0 \x1b[2J jer \xff\xc2\x9b")
    assert shown.isprintable()
    assert snippet(b"Ne ide\0\0") == "Ne ide"
