"""Cutting a body into events: not a byte is lost, and no body breaks the knife."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hub.intake import cloudevents
from hub.intake.cloudevents import BATCH, NDJSON, SINGLE, Piece, UnreadableBody, cut, read_envelope
from hub.kernel.errors import TooLarge, UnsupportedMedia

EVENT = {"specversion": "1.0", "id": "1", "source": "/fin", "type": "item", "data": {"n": 1}}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
BLANKS = st.text(alphabet=" \t\r\n", max_size=3)


def text(value: Any) -> str:
    """JSON as some source writes it: a text that cannot be UTF-8 stays escaped, as does what no body may hold."""
    plain = json.dumps(value, ensure_ascii=False)
    try:
        plain.encode()
    except UnicodeEncodeError:
        return json.dumps(value)
    return plain


def one(event: Any = None, **changes: Any) -> Piece:
    """EVENT with changes, cut as a single event; None removes an attribute."""
    wanted = {name: value for name, value in (EVENT | changes).items() if value is not None}
    (piece,) = cut(json.dumps(wanted if event is None else event).encode(), SINGLE, {})
    return piece


# ── Not a byte is lost ───────────────────────────────────────────────────────────────────────────


@given(st.lists(st.tuples(BLANKS, JSON, BLANKS), max_size=5), BLANKS, BLANKS)
@example([(" ", {"a": '[,]{}\\"'}, "\n")], "", "")
def test_a_batch_is_cut_into_the_bytes_of_its_elements(parts, before, after):
    texts = [text(value) for _, value, _ in parts]
    inside = ",".join(f"{left}{middle}{right}" for (left, _, right), middle in zip(parts, texts, strict=True))
    pieces = cut(f"{before}[{inside}]{after}".encode(), BATCH, {})
    assert [piece.body.decode() for piece in pieces] == texts


@given(st.lists(JSON, max_size=5))
def test_lines_are_kept_as_they_are(values):
    lines = [json.dumps(value) for value in values]
    for ending in ("\n", "\r\n", "\n\n \n"):
        pieces = cut(ending.join(lines).encode(), NDJSON[0], {})
        assert [piece.body.decode() for piece in pieces] == lines


@pytest.mark.parametrize("media_type", NDJSON)
def test_every_name_for_lines(media_type):
    assert [piece.fault for piece in cut(json.dumps(EVENT).encode(), media_type, {})] == [None]


def test_a_mark_at_the_beginning_is_no_fault():
    body = b"\xef\xbb\xbf" + json.dumps(EVENT).encode()
    assert cut(body, SINGLE, {}) == [Piece("/fin 1", body, SINGLE)]
    assert read_envelope(body) == EVENT


@given(
    st.binary(max_size=60), st.sampled_from([SINGLE, BATCH, *NDJSON, "text/plain", "application/json"]), st.booleans()
)
@example(b"[" * 5000, BATCH, False)
@example(b'{"a":' * 5000, SINGLE, False)
@example(b"[1e999, " + b"9" * 5000 + b"]", BATCH, False)
@example(b'["\\ud800"]', BATCH, False)
@example(b'"\\ud800"', "application/json", True)
def test_any_body_is_cut_or_refused(body, media_type, binary):
    headers = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "s", "ce-type": "t"} if binary else {}
    try:
        pieces = cut(body, media_type, headers)
    except (UnreadableBody, UnsupportedMedia):
        return
    for piece in pieces:
        assert isinstance(piece.body, bytes)
        assert (piece.fault is None) == (not piece.external_id.startswith("sha256:"))
        if piece.fault is None:
            assert read_envelope(piece.body)["specversion"] == "1.0"


# ── What an event is ─────────────────────────────────────────────────────────────────────────────


def test_a_good_event_is_known_by_its_source_and_id():
    piece = one()
    assert (piece.external_id, piece.media_type, piece.fault) == ("/fin 1", SINGLE, None)
    assert one(id="x" * 500, source="y" * 500).fault is None


def test_a_source_and_an_id_are_not_taken_for_others():
    """A source is a URI reference and has no blanks; where one has, it must not be mistaken for the id's beginning."""
    assert one(source="/a b", id="c").external_id != one(source="/a", id="b c").external_id


@pytest.mark.parametrize("name", ["specversion", "id", "source", "type"])
@pytest.mark.parametrize("value", [None, "", 7, True, ["a"], "x" * 501])
def test_an_attribute_that_is_missing_or_no_text(name, value):
    piece = one(**{name: value})
    assert piece.fault == f"the attribute {name!r} is needed: a text of 1 to 500 characters"
    assert piece.external_id.startswith("sha256:")


def test_characters_that_cloudevents_forbids():
    """CloudEvents 1.0.2, "Type System", String: each of them, since a quick look passes by most texts."""
    last_two = [plane << 16 | last for plane in range(17) for last in (0xFFFE, 0xFFFF)]
    forbidden = [*range(0x20), *range(0x7F, 0xA0), *range(0xD800, 0xE000), *range(0xFDD0, 0xFDF0), *last_two]
    fault = "the attribute 'id' holds a character that CloudEvents does not allow"
    assert [code for code in forbidden if one(id=f"a{chr(code)}").fault != fault] == []


@pytest.mark.parametrize("letter", ["\u00a0", "\u00ad", "\u200b", "\u2028", "\ue000", "\U0010fffd"])
def test_characters_that_nobody_sees_are_allowed(letter):
    assert one(id=f"a{letter}").external_id == f"/fin a{letter}"


@pytest.mark.parametrize("version", ["1", "1.0.2", "0.3", "1.1"])
def test_other_versions(version):
    assert one(specversion=version).fault == f"specversion {version!r} is not 1.0"


@pytest.mark.parametrize("value", [None, 7, "text", [], [EVENT]])
def test_what_is_no_object_is_no_event(value):
    body = json.dumps(value).encode()
    (piece,) = cut(body, SINGLE, {})
    assert piece == Piece(cloudevents.digest_id(body), body, SINGLE, "an event is a JSON object")
    with pytest.raises(UnreadableBody, match="an event is a JSON object"):
        read_envelope(body)


def test_the_same_garbage_is_the_same_piece():
    first, again, other = cut(b'{"a":1}\n{"a":1}\n{"a":2}', NDJSON[0], {})
    assert first == again != other


@pytest.mark.parametrize("media_type", ["", "application/json", "application/xml", "text/plain", "multipart/form-data"])
def test_another_content_type_is_refused(media_type):
    with pytest.raises(
        UnsupportedMedia, match=rf"or an event in binary mode \(ce-\* headers\); this was '{media_type}'\."
    ):
        cut(json.dumps(EVENT).encode(), media_type, {})


@pytest.mark.parametrize("media_type", [BATCH, NDJSON[0]])
def test_too_many_events(media_type, monkeypatch):
    monkeypatch.setattr(cloudevents, "MOST", 3)

    def body(count: int) -> bytes:
        texts = [json.dumps(EVENT | {"id": str(number)}) for number in range(count)]
        return (f"[{','.join(texts)}]" if media_type == BATCH else "\n".join(texts)).encode()

    assert len(cut(body(3), media_type, {})) == 3
    with pytest.raises(TooLarge, match="One request may have 3 events: send several"):
        cut(body(4), media_type, {})


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "a batch is a JSON array of events"),
        (b"{}", "a batch is a JSON array of events"),
        (b"[", "event 1 of the batch is not JSON: "),
        (b"[1,", "event 2 of the batch is not JSON: "),
        (b"[1 2]", "after event 1 of the batch there is neither ',' nor ']'"),
        (b"[1", "after event 1 of the batch there is neither ',' nor ']'"),
        (b"[1] 2", "there is more text after the batch's last bracket"),
        (b"[NaN]", "event 1 of the batch is not JSON: NaN is not JSON"),
        (b"[-Infinity]", "event 1 of the batch is not JSON: -Infinity is not JSON"),
        (b"[1, \xff]", r"the batch is not UTF-8 \(byte 4\)"),
        (b"[\0]", "the batch holds a NUL character"),
        (b"[" * 100_000, "event 1 of the batch is not JSON: nested too deep"),
    ],
)
def test_a_batch_that_cannot_be_cut(body, reason):
    with pytest.raises(UnreadableBody, match=reason):
        cut(body, BATCH, {})


# ── Binary mode: attributes in headers (bindings/http-protocol-binding.md §3.1) ──────────────────

HEADERS = {"ce-specversion": "1.0", "ce-id": "7", "ce-source": "/fin", "ce-type": "item", "content-length": "1"}


@pytest.mark.parametrize(
    ("media_type", "body", "data"),
    [
        ("application/json", b'{"a": "\xc5\xa0"}', {"a": "Š"}),
        ("application/vnd.town+json", b"7", 7),
        ("text/plain", b"\xc5\xa0", "Š"),
        ("", b"", ""),
    ],
)
def test_binary_mode_is_kept_in_structured_form(media_type, body, data):
    (piece,) = cut(body, media_type, HEADERS | {"ce-subject": "%C5%A0 1"})
    assert (piece.external_id, piece.media_type, piece.fault) == ("/fin 7", SINGLE, None)
    assert read_envelope(piece.body) == {
        "specversion": "1.0",
        "id": "7",
        "source": "/fin",
        "type": "item",
        "subject": "Š 1",
        "datacontenttype": media_type,
        "data": data,
    }


def test_binary_mode_keeps_half_a_surrogate_pair():
    (piece,) = cut(b'"\\ud800"', "application/json", HEADERS)
    assert read_envelope(piece.body)["data"] == "\ud800"


def test_binary_mode_with_data_that_are_not_what_they_say():
    assert cut(b"{", "application/json", HEADERS)[0].fault.startswith("the data is not JSON: ")
    assert cut(b"{", "application/json", HEADERS)[0].body == b"{"
    with pytest.raises(UnreadableBody, match=r"the data is not UTF-8 \(byte 0\)"):
        cut(b"\xff", "application/pdf", HEADERS)


@pytest.mark.parametrize("missing", ["ce-id", "ce-source", "ce-type"])
def test_binary_mode_without_an_attribute(missing):
    headers = {name: value for name, value in HEADERS.items() if name != missing}
    assert cut(b"1", "application/json", headers)[0].fault is not None
