"""What a document has and the mapping does not know."""

from __future__ import annotations

from inspect import getclosurevars
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from hub.mapping.model import Drift
from hub.mapping.scalars import outline
from tests.unit.mapping.engine import HEAD, compiled, map_both, one, with_field, xml

XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'


def unknown(path: str, sample: str = "") -> Drift:
    return Drift("unknown_field", path, sample)


def test_an_unknown_field_is_told_once_with_what_it_looks_like() -> None:
    mapping = compiled(HEAD + "source: { records: I }\nfields: { text: A }\n")
    document = xml("<R><I><Id>1</Id><A>x</A><Ime>Ana Horvat</Ime></I><I><Id>2</Id><Ime>Ivo</Ime><B>1.5</B></I></R>")
    mapped = mapping.map(document)
    assert mapped.drift == [unknown("Ime", "Xxx Xxxxxx"), unknown("B", "9.9")]
    assert mapping.map(document).drift == mapped.drift
    json = {"I": [{"Id": 1, "A": "x", "Ime": "Ana Horvat"}, {"Id": 2, "Ime": "Ivo", "B": 1.5}]}
    assert mapping.map(json).drift == mapped.drift


def test_the_sample_is_short_and_tells_nobodys_data() -> None:
    mapping = with_field("text", "A")
    (drift,) = mapping.map({"Id": 1, "Opis": "Ana\nHorvat " * 1000}).drift
    assert drift.sample == ("Xxx Xxxxxx " * 100)[:59] + "…"
    (drift,) = mapping.map({"Id": 1, "Opis": {"x": 1}}).drift
    assert drift.sample == ""
    (drift,) = mapping.map({"Id": 1, "Opis": 87582274224}, sample=lambda text: text[:4]).drift
    assert drift.sample == "8758"


@given(st.text(max_size=300))
def test_an_outline_has_no_letter_and_no_digit_of_the_text(text: str) -> None:
    got = outline(text)
    assert len(got) <= 60
    assert {sign for sign in got if sign.isalnum()} <= {"9", "x", "X"}


def test_nested_fields() -> None:
    for mapped in map_both(with_field("text", "A.B"), "<A><B>x</B><C>y</C></A>", {"A": {"B": "x", "C": "y"}}):
        assert one(mapped).values == {"text": "x"}
        assert mapped.drift == [unknown("A.C", "x")]


def test_fields_of_list_items() -> None:
    for mapped in map_both(
        with_field("parts", "{ each: P.Q, fields: { name: N } }"),
        "<P><Q><N>a</N><M>1</M></Q><Q><N>b</N><M>2</M></Q><R>x</R></P>",
        {"P": {"Q": [{"N": "a", "M": 1}, {"N": "b", "M": 2}], "R": "x"}},
    ):
        assert set(mapped.drift) == {unknown("P.Q.M", "9"), unknown("P.R", "x")}


def test_drift_of_values_in_list_items() -> None:
    for mapped in map_both(
        with_field("parts", "{ each: P.Q, fields: { name: N, day: { from: D.E, lenient: true } } }"),
        "<P><Q><N>a</N><D><E>soon</E></D></Q></P>",
        {"P": {"Q": [{"N": "a", "D": {"E": "soon"}}]}},
    ):
        assert mapped.drift == [Drift("lenient", "P.Q.D.E", "xxxx")]


def test_every_used_place_is_known() -> None:
    mapping = compiled(
        "target: thing\nkey: { join: [K.A, K.B] }\nversion: V\nremoved: { from: G, values: [1] }\n"
        "where: { from: W, in: [1] }\nparties: [{ scheme: x.y, from: S }, { scheme: x.y, each: T, from: U }]\n"
        "fields: { amount: { from: M, as: decimal, currency: { from: C }, sign: { from: N, negative: [x] } },"
        " references: [{ scheme: x.y, from: R }], text: { first_of: [A, B] } }\n"
    )
    document = {
        "K": {"A": 1, "B": 2}, "V": 3, "G": 0, "W": 1, "S": 4, "T": [{"U": 5}], "M": 6, "C": "EUR", "N": "", "R": 7,
        "A": "x", "B": "y",
    }  # fmt: skip
    assert mapping.map(document).drift == []


@pytest.mark.parametrize(
    ("ignore", "left"),
    [
        ("[]", ["B", "C.D", "C.E", "H", "@g"]),
        ("[B]", ["C.D", "C.E", "H", "@g"]),
        ("[B, C.D, '@g', H]", ["C.E"]),
        ("[C.*]", ["B", "H", "@g"]),
        ("[C.E.*]", ["B", "C.D", "H", "@g"]),
        ("[C.E]", ["B", "C.D", "C.E.F", "H", "@g"]),
        ("[C.E.F]", ["B", "C.D", "H", "@g"]),
        ("['*']", []),
    ],
)
def test_ignore(ignore: str, left: list[str]) -> None:
    mapping = with_field("text", "{ first_of: [A, C.A] }", f"ignore: {ignore}")
    document = xml('<I g="1"><Id>1</Id><B>x</B><C><D>1</D><E><F>2</F></E></C><H/></I>')
    assert [drift.path for drift in mapping.map(document).drift] == left
    json = {"@g": 1, "Id": 1, "B": "x", "C": {"D": 1, "E": {"F": 2}}, "H": None}
    assert {drift.path for drift in mapping.map(json).drift} == set(left)


def test_what_is_ignored_as_a_value_may_not_become_more() -> None:
    mapping = with_field("text", "A", "ignore: [Audit]")
    assert mapping.map(xml("<I><Id>1</Id><Audit>x</Audit></I>")).drift == []
    assert mapping.map({"Id": 1, "Audit": ["x", 1]}).drift == []
    assert mapping.map(xml("<I><Id>1</Id><Audit><By>x</By></Audit></I>")).drift == [unknown("Audit.By", "x")]
    assert mapping.map({"Id": 1, "Audit": {"By": "x"}}).drift == [unknown("Audit.By", "x")]
    assert mapping.map({"Id": 1, "Audit": [{"By": "x"}]}).drift == [unknown("Audit.By", "x")]


def test_below_a_subtree_that_is_ignored_fields_are_still_read() -> None:
    mapping = with_field("text", "A.B.C", "ignore: [A.*]")
    for mapped in map_both(
        mapping, "<A><B><C>x</C><D/></B><E><F/></E></A>", {"A": {"B": {"C": "x", "D": 1}, "E": {"F": 1}}}
    ):
        assert one(mapped).values == {"text": "x"}
        assert mapped.drift == []
    for mapped in map_both(mapping, "<A>5</A>", {"A": 5}):
        assert one(mapped).values == {"text": None}
        assert mapped.drift == []


def test_ignore_inside_lists() -> None:
    spec = "{ each: P, fields: { name: N } }"
    document = {"Id": 1, "P": [{"N": "a", "M": 1, "O": {"Q": 1}}]}
    assert [drift.path for drift in with_field("parts", spec).map(document).drift] == ["P.M", "P.O"]
    assert with_field("parts", spec, "ignore: [P.M, P.O.Q]").map(document).drift == []
    assert with_field("parts", spec, "ignore: [P.*]").map(document).drift == []
    assert with_field("parts", spec, "ignore: ['*']").map(document).drift == []


def test_attributes_of_records_and_containers() -> None:
    mapping = with_field("text", "A.B")
    document = xml(f'<I n="1" {XSI} xsi:type="x"><Id>1</Id><A m="2"><B o="3">x</B></A></I>')
    assert mapping.map(document).drift == [unknown("A.@m", "9"), unknown("@n", "9")]


def test_text_where_elements_are_expected_and_the_other_way_round() -> None:
    mapping = with_field("text", "A.B")
    assert mapping.map(xml("<I><Id>1</Id><A>123</A></I>")).drift == [unknown("A", "999")]
    assert mapping.map({"Id": 1, "A": 123}).drift == [unknown("A", "999")]
    mapped = with_field("parts", "{ each: P, fields: { name: N } }").map({"Id": 1, "P": ["x"]})
    assert mapped.drift == [unknown("P", "x")]
    assert [problem.field for problem in mapped.problems] == ["parts.name"]
    mapped = with_field("text", "A").map(["x"])
    assert mapped.drift == [unknown(".", "x")]
    assert [problem.field for problem in mapped.problems] == ["key"]


def test_names_with_dots_are_told_as_ignore_takes_them() -> None:
    mapping = with_field("text", "A")
    (drift,) = mapping.map({"Id": 1, "a.b:c": 1}).drift
    assert drift.path == r"a\.b\:c"
    assert with_field("text", "A", rf"ignore: ['{drift.path}']").map({"Id": 1, "a.b:c": 1}).drift == []
    (drift,) = mapping.map(xml("<I><Id>1</Id><a.b>1</a.b></I>")).drift
    assert drift.path == r"a\.b"


def test_characters_that_cannot_be_stored_are_replaced() -> None:
    (drift,) = with_field("text", "A").map({"Id": 1, "x\0\ud800": "\0"}).drift
    assert (drift.path, drift.sample) == ("x\ufffd\ufffd", "\ufffd")


def test_unknown_codes_are_told_one_by_one() -> None:
    mapping = compiled(HEAD + "source: { records: I }\nfields: { colour: { from: A, table: { K: red } } }\n")
    codes = ["Q", "Z", "Q", "x" * 100]
    mapped = mapping.map({"I": [{"Id": index, "A": code} for index, code in enumerate(codes)]})
    assert mapped.drift == [
        Drift("unknown_code", "A", "Q"),
        Drift("unknown_code", "A", "Z"),
        Drift("unknown_code", "A", "x" * 59 + "…"),
    ]


def test_a_foreign_document_does_not_make_an_endless_report() -> None:
    mapping = with_field("text", "A")
    assert len(mapping.map({"Id": 1, **{f"k{number}": 1 for number in range(5000)}}).drift) == 200
    inside = "".join(f"<k{number}/>" for number in range(5000))
    assert len(mapping.map(xml(f"<I><Id>1</Id>{inside}</I>")).drift) == 200


def test_tags_that_are_made_up_do_not_fill_the_memory() -> None:
    """The same name in ever new namespaces is read, but not remembered for ever."""
    mapping = compiled(HEAD + "source: { records: I }\nfields: { text: A, keys: A }\n")
    root = etree.Element("R")
    for number in range(1500):
        item = etree.SubElement(root, "I")
        etree.SubElement(item, "Id").text = str(number)
        etree.SubElement(item, f"{{urn:{number}}}A").text = f"x{number}"
    mapped = mapping.map(root)
    assert [record.values["text"] for record in mapped.records] == [f"x{number}" for number in range(1500)]
    assert mapped.drift == []
    read = getclosurevars(mapping.xml.start).nonlocals["read"]
    assert len(getclosurevars(read).nonlocals["actions"]) == 1000


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inside: (
        st.lists(inside, max_size=3)
        | st.dictionaries(st.sampled_from(["Id", "A", "B", "P", "N", "S", "x.y", "@a"]), inside, max_size=5)
    ),
    max_leaves=12,
)
ANY = compiled(
    "target: thing\nkey: Id\nversion: V\nsource: { each: P }\n"
    "parties: [{ scheme: hr.oib, from: S }, { scheme: cz.ico, each: B.S, from: . }]\n"
    "removed: { from: P.S, values: [1] }\nwhere: { from: P.N, not_in: [x] }\n"
    "fields: { text: A, keys: P.A, number: B.A, amount: { from: P.B, as: decimal_comma, currency: { from: A } },"
    " parts: { each: P.P, fields: { name: N, day: A } }, colour: { from: B.N, table: { x: red } },"
    " references: [{ scheme: cz.variable_symbol, from: '@a' }], title: { from: B.B, language: hr } }\n"
)


@given(JSON)
def test_no_json_document_can_break_a_mapping(document: Any) -> None:
    mapped = ANY.map(document)
    assert all(problem.reason for problem in mapped.problems)
    positions = {problem.position for problem in mapped.problems}
    assert len(positions) + len(mapped.records) <= 100


ELEMENTS = st.recursive(
    st.tuples(st.sampled_from("ABPNSV"), st.sampled_from(["", "1", "x", " 2 ", "1,5"])).map(
        lambda pair: f"<{pair[0]}>{pair[1]}</{pair[0]}>"
    ),
    lambda inside: st.tuples(
        st.sampled_from("ABPNS"), st.lists(inside, max_size=4), st.sampled_from(["", ' a="1"', "<!-- c -->"])
    ).map(lambda parts: f"<{parts[0]}{parts[2] if '=' in parts[2] else ''}>{parts[2] if '!' in parts[2] else ''}"
                        f"{''.join(parts[1])}</{parts[0]}>"),
    max_leaves=15,
)  # fmt: skip


@given(st.lists(ELEMENTS, max_size=6))
def test_no_xml_document_can_break_a_mapping(inside: list[str]) -> None:
    mapped = ANY.map(xml(f"<I><Id>1</Id>{''.join(inside)}</I>"))
    assert all(problem.reason for problem in mapped.problems)
