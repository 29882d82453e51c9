"""Single records of a document as bytes: every field and digit, and nobody else's."""

from __future__ import annotations

import json
from decimal import Decimal

from hub.mapping.fragments import fragments
from tests.unit.mapping.engine import compiled, xml

SUBJECT = "subject: { scheme: hr.oib, asked: true }\n"
ITEMS = f"target: thing\nsource: {{ records: R.Item }}\nkey: Id\n{SUBJECT}fields: {{ text: T }}\n"


def test_records_of_json_by_position_and_by_key() -> None:
    text = (
        '{"R": {"Item": [{"Id": "a", "T": "x"}, {"T": "Šuma \\"2\\"", "n": 12.50, "big": 12345678901234567890.10,'
        ' "list": [1, null, true, {}]}, {"Id": "c"}]}}'
    )
    document = json.loads(text, parse_float=Decimal)
    found, media_type = fragments(compiled(ITEMS), document, {1, "c"})
    assert media_type == "application/json"
    assert found == {
        1: '{"T": "Šuma \\"2\\"", "n": 12.50, "big": 12345678901234567890.10, "list": [1, null, true, {}]}'.encode(),
        "c": b'{"Id": "c"}',
    }
    assert json.loads(found[1], parse_float=Decimal) == document["R"]["Item"][1]


def test_records_of_xml_with_their_namespaces_and_without_what_follows() -> None:
    document = xml(
        '<S xmlns="urn:s" xmlns:x="urn:x"><R><Item><Id>a</Id></Item> after <Item x:n="1"><Id>b</Id><x:T>č&amp;</x:T></Item>'
        "<!-- a comment --></R></S>"
    )
    found, media_type = fragments(compiled(ITEMS), document, {1})
    assert media_type == "application/xml"
    assert found == {
        1: '<Item xmlns="urn:s" xmlns:x="urn:x" x:n="1"><Id>b</Id><x:T>č&amp;</x:T></Item>'.encode(),
    }


def test_records_that_share_an_element_come_with_the_whole_of_it() -> None:
    mapping = compiled(
        f"target: thing\nsource: {{ records: Client, each: Line }}\nkey: Line.No\n{SUBJECT}fields: {{ text: Line.T }}\n"
    )
    document = {"Client": [{"Line": [{"No": "1"}, {"No": "2"}]}, {"Line": [{"No": "3"}]}]}
    found, _ = fragments(mapping, document, {1, "3"})
    assert found == {1: b'{"Line": [{"No": "1"}, {"No": "2"}]}', "3": b'{"Line": [{"No": "3"}]}'}


def test_a_key_that_cannot_be_read_hides_no_other() -> None:
    mapping = compiled(f"target: thing\nkey: {{ from: Id, table: {{ A: a }} }}\n{SUBJECT}fields: {{ text: T }}\n")
    document = [{"Id": "?", "T": "1"}, {"Id": "A", "T": "2"}]
    assert fragments(mapping, document, {0, "a"})[0] == {0: b'{"Id": "?", "T": "1"}', "a": b'{"Id": "A", "T": "2"}'}
    assert fragments(mapping, document, {7, "z"})[0] == {}
