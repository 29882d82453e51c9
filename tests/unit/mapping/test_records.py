"""Records: where they are, their key, version and parties, and what refuses them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from hub.kernel.errors import RemoteGarbage
from hub.kernel.money import Money
from hub.mapping.mapping import Mapping
from hub.mapping.model import Drift, PartyRef, RecordProblem
from tests.unit.mapping.engine import HEAD, OIB, OTHER_OIB, compiled, one, with_field, xml

SUBJECT = "subject: { scheme: hr.oib, asked: true }\n"


def head(more: str) -> Mapping:
    return compiled(f"target: thing\n{more}\nfields: {{ text: A }}\n")


def keys(mapping: Mapping, document: Any) -> list[str]:
    mapped = mapping.map(document)
    assert mapped.problems == []
    return [record.key for record in mapped.records]


# Where records are.


def test_records_at_a_path() -> None:
    mapping = compiled(HEAD + "source: { records: Items.Item }\nfields: {}\n")
    assert keys(mapping, xml("<R><Items><Item><Id>1</Id></Item><Item><Id>2</Id></Item></Items></R>")) == ["1", "2"]
    assert keys(mapping, {"Items": {"Item": [{"Id": 1}, None, {"Id": "2"}]}}) == ["1", "2"]
    assert keys(mapping, {"Items": {"Item": {"Id": 1}}}) == ["1"]
    assert keys(mapping, {"Items": [{"Item": {"Id": 1}}, {"Item": [{"Id": 2}]}]}) == ["1", "2"]
    assert keys(
        mapping, xml("<R><Items><Item><Id>1</Id></Item></Items><Items><Item><Id>2</Id></Item></Items></R>")
    ) == [
        "1",
        "2",
    ]


def test_without_a_path_the_document_holds_them() -> None:
    mapping = compiled(HEAD + "fields: {}\n")
    assert keys(mapping, [{"Id": 1}, {"Id": 2}]) == ["1", "2"]
    assert keys(mapping, {"Id": 1}) == ["1"]
    assert keys(mapping, None) == []
    assert keys(mapping, xml("<Item><Id>1</Id></Item>")) == ["1"]


def test_namespaces() -> None:
    mapping = compiled(
        'target: thing\nnamespaces: { a: "urn:a", b: "urn:b" }\nsource: { records: a:Items.Item }\n'
        "key: Id\nsubject: { scheme: hr.oib, asked: true }\n"
        "fields: { text: a:A, keys: K, number: 'N.@b:n', flag: b:F }\n"
    )
    document = xml(
        '<R xmlns:x="urn:a" xmlns:y="urn:b"><x:Items><y:Item><Id>1</Id><x:A>x</x:A><x:K>1</x:K><y:K>2</y:K>'
        '<N y:n="5"/><y:F>1</y:F></y:Item></x:Items></R>'
    )
    mapped = mapping.map(document)
    assert one(mapped).values == {"text": "x", "keys": ("1", "2"), "number": 5, "flag": True}
    assert mapped.drift == []
    # In another namespace it is another element.
    other = xml('<R xmlns:x="urn:a"><x:Items><Item><Id>1</Id><A>x</A></Item></x:Items></R>')
    mapped = mapping.map(other)
    assert one(mapped).values["text"] is None
    assert mapped.drift == [Drift("unknown_field", "A", "x")]
    assert mapping.map(xml("<R><Items><Item><Id>1</Id></Item></Items></R>")).records == []


def test_nil_records_are_none() -> None:
    mapping = compiled(HEAD + "source: { records: Items.Item }\nfields: {}\n")
    nil = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="1"'
    assert keys(mapping, xml(f"<R><Items><Item {nil}/><Item><Id>2</Id></Item></Items></R>")) == ["2"]
    assert keys(mapping, xml(f"<R><Items {nil}/></R>")) == []


def test_no_container_is_no_records() -> None:
    mapping = compiled(HEAD + "source: { records: Items.Item, cursor: Meta.Next }\nfields: {}\n")
    for document in (
        xml("<R/>"),
        xml("<R><Items/></R>"),
        xml("<R><Count>0</Count><Meta><Next>1</Next></Meta></R>"),
        {},
        {"Items": None},
        {"Items": {"Item": []}},
        {"Items": []},
        {"count": 0, "Meta": {"Next": 1}, "Errors": []},
    ):
        mapped = mapping.map(document)
        assert (mapped.records, mapped.problems, mapped.drift) == ([], [], [])


def test_a_renamed_container_is_drift() -> None:
    mapping = compiled(HEAD + "source: { records: Items.Item }\nfields: {}\n")
    for document, path in (
        (xml("<R><Itemz><Item><Id>1</Id></Item></Itemz></R>"), "Itemz"),
        (xml("<R><Items><Thing><Id>1</Id></Thing></Items></R>"), "Items.Thing"),
        (xml('<R><Items><row id="1"/></Items></R>'), "Items.row"),
        ({"Itemz": {"Item": [{"Id": 1}]}}, "Itemz"),
        ({"Items": {"Thing": [{"Id": 1}]}}, "Items.Thing"),
    ):
        mapped = mapping.map(document)
        assert mapped.records == []
        assert mapped.drift == [Drift("unknown_field", path, "")]


def test_each_makes_a_record_of_every_occurrence() -> None:
    mapping = compiled(
        "target: thing\nsource: { records: Client, each: Year.Line }\nkey: { join: [Year.No, Year.Line.No], with: / }\n"
        "subject: { scheme: hr.oib, from: OIB }\n"
        "fields: { text: Year.Line.Name, number: Year.No, keys: Year.Line.K, "
        "parts: { each: Year.Line.Part, fields: { name: . } } }\n"
    )
    document = xml(
        f"<R><Client><Year><No>1</No><Line><No>a</No><Name>x</Name><K>1</K></Line>"
        f"<Line><No>b</No><K>2</K><K>3</K><Part>p</Part></Line></Year><OIB>{OIB}</OIB>"
        f"<Year><Line><No>c</No></Line><No>2</No></Year><Year/></Client><Client/></R>"
    )
    json = {
        "Client": [
            {
                "OIB": OIB,
                "Year": [
                    {"No": 1, "Line": [{"No": "a", "Name": "x", "K": [1]}, {"No": "b", "K": [2, 3], "Part": ["p"]}]},
                    {"No": 2, "Line": {"No": "c"}},
                    {},
                ],
            },
            {},
        ]
    }
    mapped = mapping.map(document)
    assert mapping.map(json) == mapped
    assert mapped.problems == []
    assert mapped.drift == []
    assert [(record.key, record.parties[0].value) for record in mapped.records] == [
        ("1/a", OIB),
        ("1/b", OIB),
        ("2/c", OIB),
    ]
    assert [record.values for record in mapped.records] == [
        {"text": "x", "number": 1, "keys": ("1",), "parts": ()},
        {"text": None, "number": 1, "keys": ("2", "3"), "parts": ({"name": "p"},)},
        {"text": None, "number": 2, "keys": (), "parts": ()},
    ]


def test_a_problem_in_one_of_each() -> None:
    mapping = compiled(
        "target: thing\nsource: { records: Client, each: Line }\nkey: Line.No\n"
        f"{SUBJECT}fields: {{ number: Line.N, text: T }}\n"
    )
    mapped = mapping.map(
        xml("<R><Client><Line><No>1</No></Line></Client><Client><Line><No>2</No><N>x</N></Line><T>a</T></Client></R>")
    )
    assert [record.key for record in mapped.records] == ["1"]
    assert mapped.problems == [
        RecordProblem(1, "2", "number", "Client[1].Line.N", "x", "'x' is not a whole number"),
    ]


# Key, version, removed, where.


def test_keys() -> None:
    join = head(f"key: {{ join: [A.B, C], with: '-' }}\n{SUBJECT}")
    assert keys(join, {"A": {"B": 1}, "C": "x"}) == ["1-x"]
    mapped = join.map([{"A": {"B": 1}}, {"C": 2}])
    assert mapped.records == []
    assert [(problem.key, problem.field, problem.path, problem.reason) for problem in mapped.problems] == [
        (None, "key", "[0].A.B", "is missing: no record is kept without one"),
        (None, "key", "[1].C", "is missing: no record is kept without one"),
    ]
    either = head(f"key: {{ first_of: [{{ join: [A, B] }}, C] }}\n{SUBJECT}")
    assert keys(either, [{"A": 1, "B": 2, "C": 3}, {"A": 1, "C": 3}]) == ["1 2", "3"]
    attribute = head(f"key: '@id'\n{SUBJECT}")
    assert keys(attribute, xml('<Item id="7"/>')) == ["7"]
    assert keys(attribute, {"@id": 7}) == ["7"]


def test_versions() -> None:
    for spec, text, version in (
        ("version: V", "17", 17),
        ("version: V", "1970-01-01T01:00:01", 1_000_000),
        ("version: { from: V, as: integer }", "17", 17),
        ("version: { from: V, as: datetime }", "1970-01-01T00:00:00.0000019Z", 1),
        ("version: { from: V, format: '%d.%m.%Y %H:%M' }", "01.01.1970 01:01", 60_000_000),
        ("version: V", "", None),
        ("", "17", None),
    ):
        mapping = compiled(f"{HEAD}{spec}\nignore: [V]\nfields: {{}}\n")
        assert one(mapping.map(xml(f"<Item><Id>1</Id><V>{text}</V></Item>"))).version == version
        assert one(mapping.map({"Id": 1, "V": text})).version == version
    assert one(compiled(f"{HEAD}version: V\nfields: {{}}\n").map({"Id": 1, "V": 17})).version == 17


def test_a_bad_version_refuses_the_record() -> None:
    mapping = compiled(f"{HEAD}version: V\nfields: {{}}\n")
    (problem,) = mapping.map(xml("<Item><Id>1</Id><V>yesterday</V></Item>")).problems
    assert (problem.key, problem.field, problem.path) == ("1", "version", "[0].V")
    assert problem.reason == "'yesterday' is not a moment such as 2026-01-31T08:15:00+01:00"


def test_removed_records_need_no_more_than_a_key() -> None:
    mapping = compiled(
        "target: strict\nkey: Id\nversion: V\nsubject: { scheme: hr.oib, from: OIB }\n"
        "removed: { from: Gone, values: [true, X] }\nfields: { colour: C, text: T }\n"
    )
    for gone in ("true", "1", "True", "X"):
        record = one(mapping.map(xml(f"<I><Id>1</Id><V>2</V><OIB>bad</OIB><Gone>{gone}</Gone></I>")))
        assert (record.key, record.version, record.removed) == ("1", 2, True)
        assert (record.parties, record.values) == ((), {})
    assert one(mapping.map({"Id": 1, "Gone": True})).removed is True
    # What is wrong with one is told, what it lacks beside is not.
    assert [problem.field for problem in mapping.map({"Id": 1, "Gone": True, "V": "x"}).problems] == ["version"]
    record = one(mapping.map({"Id": 1, "Gone": False, "C": "red", "T": "x"}))
    assert (record.removed, record.values) == (False, {"colour": "red", "text": "x"})


def test_where() -> None:
    mapping = compiled(
        f"{HEAD}where:\n  - {{ from: S, in: [O, 5, true] }}\n  - {{ from: T.K, not_in: [X] }}\nfields: {{}}\n"
    )
    documents = [
        {"Id": "kept", "S": "O"},
        {"Id": "number", "S": 5, "T": {"K": "Y"}},
        {"Id": "boolean", "S": True},
        {"Id": "other", "S": "P"},
        {"Id": "missing"},
        {"Id": "not in", "S": "O", "T": {"K": " X "}},
    ]
    assert keys(mapping, documents) == ["kept", "number", "boolean"]
    assert keys(mapping, xml("<I><Id>1</Id><S> O </S><T><K>Y</K></T></I>")) == ["1"]
    assert keys(mapping, xml("<I><Id>1</Id><S>P</S></I>")) == []


def test_what_is_left_out_has_no_problems() -> None:
    mapping = compiled(f"{HEAD}where: {{ from: S, in: O }}\nfields: {{ number: N }}\n")
    mapped = mapping.map([{"S": "P", "N": "x"}, {"Id": 1, "S": "O", "N": 5}])
    assert one(mapped).values == {"number": 5}
    (problem,) = mapping.map({"Id": 1, "S": {"x": 1}}).problems
    assert (problem.field, problem.reason) == ("where", "an object stands where one value is expected")


# Parties.


def parties(spec: str, document: Any, asked: dict[str, str] | None = None) -> tuple[PartyRef, ...]:
    mapping = compiled(f"target: thing\nkey: Id\n{spec}\nfields: {{}}\n")
    return one(mapping.map(document, asked=asked or {})).parties


def test_a_subject_from_the_record_or_asked_about() -> None:
    assert parties("subject: { scheme: hr.oib, from: A.OIB }", {"Id": 1, "A": {"OIB": f"HR {OIB}"}}) == (
        PartyRef("debtor", "hr.oib", OIB),
    )
    assert parties("subject: { scheme: hr.oib, asked: true }", {"Id": 1}, {"hr.oib": OIB}) == (
        PartyRef("debtor", "hr.oib", OIB),
    )
    assert parties("subject: { scheme: hr.oib, asked: true }", {"Id": 1}, {"cz.ico": "25123891"}) == ()
    assert parties("subject: { scheme: tax.partner, from: P }", {"Id": 1, "P": 17}) == (
        PartyRef("debtor", "tax.partner", "17"),
    )


def test_a_missing_identifier_leaves_the_record_unassigned() -> None:
    assert parties("subject: { scheme: hr.oib, from: OIB }", xml("<I><Id>1</Id><OIB/></I>")) == ()
    assert parties("subject: { scheme: hr.oib, from: OIB }", {"Id": 1}) == ()


def test_several_parties() -> None:
    spec = """parties:
  - { role: co_owner, scheme: hr.oib, each: Owners.Owner, from: '@oib' }
  - { scheme: hr.oib, first_of: [Payer, { from: Debtor }] }
  - { role: co_owner, scheme: tax.partner, asked: true }"""
    document = xml(
        f'<I><Id>1</Id><Owners><Owner oib="{OIB}"/><Owner oib=""/><Owner oib="{OTHER_OIB}"/></Owners>'
        f"<Debtor>{OIB}</Debtor></I>"
    )
    json = {"Id": 1, "Owners": {"Owner": [{"@oib": OIB}, {"@oib": None}, {"@oib": OTHER_OIB}]}, "Debtor": OIB}
    expected = (
        PartyRef("co_owner", "hr.oib", OIB),
        PartyRef("co_owner", "hr.oib", OTHER_OIB),
        PartyRef("debtor", "hr.oib", OIB),
        PartyRef("co_owner", "tax.partner", "7"),
    )
    assert parties(spec, document, {"tax.partner": "7"}) == expected
    assert parties(spec, json, {"tax.partner": "7"}) == expected
    mapping = compiled(f"target: thing\nkey: Id\n{spec}\nfields: {{}}\n")
    assert mapping.schemes == {"hr.oib", "tax.partner"}


def test_one_text_in_several_roles_is_several_parties() -> None:
    spec = """parties:
  - { role: debtor, scheme: hr.oib, from: A }
  - { role: co_owner, scheme: hr.oib, from: A }
  - { role: co_owner, scheme: tax.partner, from: A }"""
    mapping = compiled(f"target: thing\nkey: Id\n{spec}\nfields: {{}}\n")
    mapped = mapping.map([{"Id": 1, "A": OIB}, {"Id": 2, "A": OIB}])
    assert [record.parties for record in mapped.records] == 2 * [
        (
            PartyRef("debtor", "hr.oib", OIB),
            PartyRef("co_owner", "hr.oib", OIB),
            PartyRef("co_owner", "tax.partner", OIB),
        )
    ]


def test_a_bad_identifier_refuses_the_record_and_is_not_shown() -> None:
    mapping = compiled("target: thing\nkey: Id\nsubject: { scheme: hr.oib, from: OIB }\nfields: {}\n")
    mapped = mapping.map([{"Id": 1, "OIB": "87582274225"}, {"Id": 2, "OIB": OIB}])
    assert [record.key for record in mapped.records] == ["2"]
    assert mapped.problems == [
        RecordProblem(0, "1", "parties", "[0].OIB", None, "is not a hr.oib: the check digit does not match")
    ]
    mapping = compiled("target: thing\nkey: Id\nsubject: { scheme: hr.oib, from: OIB, lenient: true }\nfields: {}\n")
    mapped = mapping.map({"Id": 1, "OIB": "87582274225"})
    assert one(mapped).parties == ()
    assert mapped.drift == [Drift("lenient", "OIB", "99999999999")]


def test_an_identifier_in_a_field_is_not_shown_either() -> None:
    mapped = with_field("text", "{ from: A, as: identifier, scheme: hr.oib }").map({"Id": 1, "A": "87582274225"})
    assert [problem.value for problem in mapped.problems] == [None]


# Lists in records.

PARTS = """
    each: Parts.Part
    fields:
      name: N
      day: { from: D, as: date }
      amount: { from: A, as: decimal, currency: { from: C } }"""


def test_lists() -> None:
    document = xml(
        "<I><Id>1</Id><Parts><Part><N>a</N><A>5</A><C>EUR</C></Part><Part><N>b</N><D>2026-01-31</D></Part></Parts></I>"
    )
    json = {"Id": 1, "Parts": {"Part": [{"N": "a", "A": 5, "C": "EUR"}, {"N": "b", "D": "2026-01-31"}]}}
    expected = (
        {"name": "a", "day": None, "amount": Money(500, "EUR")},
        {"name": "b", "day": date(2026, 1, 31), "amount": None},
    )
    mapping = with_field("parts", PARTS)
    for form in (document, json):
        mapped = mapping.map(form)
        assert one(mapped).values["parts"] == expected
        assert mapped.drift == []
    for nothing in (xml("<I><Id>1</Id></I>"), xml("<I><Id>1</Id><Parts/></I>"), {"Id": 1}, {"Id": 1, "Parts": None}):
        assert one(mapping.map(nothing)).values["parts"] == ()


def test_every_fault_in_every_item_is_told() -> None:
    mapping = with_field("parts", PARTS)
    mapped = mapping.map(
        {
            "Id": 1,
            "Parts": [
                {"Part": {"D": "x", "A": "y", "C": "EUR"}},
                {"Part": [{"N": "b"}, {"N": "c", "A": 1}]},
            ],
        }
    )
    assert mapped.records == []
    assert [(problem.field, problem.path, problem.value, problem.reason) for problem in mapped.problems] == [
        ("parts.name", "[0].Parts.Part[0].N", None, "is required, and the source gives nothing that can be used"),
        ("parts.day", "[0].Parts.Part[0].D", "x", "'x' is not a date such as 2026-01-31"),
        ("parts.amount", "[0].Parts.Part[0].A", "y", "'y' is not an amount"),
        ("parts.amount", "[0].Parts.Part[2].A", "1", "has no currency in this record"),
    ]


def test_several_readers_of_one_list() -> None:
    mapping = compiled(
        "target: thing\nkey: Id\n"
        "parties: [{ scheme: hr.oib, each: O, from: OIB }, { role: co_owner, scheme: tax.x, each: O, from: X }]\n"
        "fields: { parts: { each: O, fields: { name: Name } } }\nignore: [O.Note, O.Address.*]\n"
    )
    record = {"OIB": OIB, "X": "7", "Name": "Ana", "Note": "x", "Address": {"Street": "y"}}
    mapped = mapping.map({"Id": 1, "O": [record]})
    assert one(mapped).parties == (PartyRef("debtor", "hr.oib", OIB), PartyRef("co_owner", "tax.x", "7"))
    assert one(mapped).values == {"parts": ({"name": "Ana"},)}
    assert mapped.drift == []


# Problems.


def test_a_bad_record_stops_no_other_and_all_its_faults_are_told() -> None:
    mapping = compiled(
        "target: strict\nsource: { records: Items.Item }\nkey: Id\nsubject: { scheme: hr.oib, from: OIB }\n"
        "version: V\nfields: { colour: { from: C, table: { K: red } }, text: T, number: N }\n"
    )
    document = xml(
        f"<R><Items><Item><Id>1</Id><C>K</C><T>x</T><OIB>{OIB}</OIB></Item>"
        "<Item><C>Q</C><N>x</N><V>y</V><OIB>1</OIB></Item>"
        "<Item><Id>3</Id><C>K</C><T>z</T></Item></Items></R>"
    )
    mapped = mapping.map(document)
    assert [record.key for record in mapped.records] == ["1", "3"]
    assert [
        (problem.position, problem.key, problem.field, problem.path, problem.value) for problem in mapped.problems
    ] == [
        (1, None, "key", "Items.Item[1].Id", None),
        (1, None, "version", "Items.Item[1].V", "y"),
        (1, None, "parties", "Items.Item[1].OIB", None),
        (1, None, "colour", "Items.Item[1].C", "Q"),
        (1, None, "text", "Items.Item[1].T", None),
        (1, None, "number", "Items.Item[1].N", "x"),
    ]
    assert mapped.problems[3].reason == "the code 'Q' is not in the table (known: K)"
    assert mapped.drift == [Drift("unknown_code", "C", "Q")]


def test_a_required_field_with_a_default_takes_unknown_codes() -> None:
    mapping = compiled(
        "target: strict\nkey: Id\n" + SUBJECT + "fields: { colour: { from: C, table: { K: red }, default: green },"
        " text: { constant: x } }\n"
    )
    mapped = mapping.map({"Id": 1, "C": "Q"})
    assert one(mapped).values == {"colour": "green", "text": "x"}
    assert mapped.drift == [Drift("unknown_code", "C", "Q")]


def test_a_choice_in_our_own_words_that_is_required() -> None:
    mapping = compiled("target: strict\nkey: Id\n" + SUBJECT + "fields: { colour: C, text: { constant: x } }\n")
    (problem,) = mapping.map({"Id": 1, "C": "blue"}).problems
    assert problem.reason == "'blue' is not one of red, green"


def test_long_values_are_shortened() -> None:
    (problem,) = with_field("number", "A").map({"Id": 1, "A": "x" * 1000}).problems
    assert problem.value == "x" * 59 + "…"
    assert len(problem.reason) < 100
    (problem,) = with_field("number", "A").map({"Id": 1, "A": ["x"] * 1000}).problems
    assert problem.value == "a list of 1000"
    (problem,) = with_field("text", "A").map({"Id": 1, "A": "a\0b"}).problems
    assert problem.value == "a\ufffdb"


@pytest.mark.parametrize(
    ("inside", "json"),
    [
        ("<A>1</A><A>2</A>", None),
        ("<B><A>1</A></B><B><A>2</A></B>", {"B": [{"A": 1}, {"A": 2}]}),
    ],
)
def test_two_values_where_one_is_expected_are_not_guessed_between(inside: str, json: Any) -> None:
    spec = "B.A" if "B" in inside else "A"
    mapping = with_field("number", spec)
    documents = [xml(f"<I><Id>1</Id>{inside}</I>")] + ([{"Id": 1, **json}] if json else [])
    for document in documents:
        mapped = mapping.map(document)
        assert mapped.records == []
        assert [(problem.key, problem.field, problem.path, problem.reason) for problem in mapped.problems] == [
            ("1", "number", f"[0].{spec}", "stands there more than once, and a field takes one")
        ]
    assert one(mapping.map(xml(f"<I><Id>1</Id>{inside.replace('2', '')}</I>"))).values == {"number": 1}


def test_elements_inside_a_value_are_not_passed_over() -> None:
    mapped = with_field("text", "A").map(xml("<I><Id>1</Id><A>x <b>y</b></A></I>"))
    assert [(problem.field, problem.reason) for problem in mapped.problems] == [
        ("text", "has more elements inside, where one value is expected")
    ]
    assert mapped.drift == [Drift("unknown_field", "A.b", "x")]
    # Nor in a later record, when the place is known.
    mapping = compiled(HEAD + "source: { records: I }\nfields: { text: A }\n")
    mapped = mapping.map(xml("<R><I><Id>1</Id><A>x</A></I><I><Id>2</Id><A>y<b/></A></I></R>"))
    assert [record.key for record in mapped.records] == ["1"]
    assert [problem.key for problem in mapped.problems] == ["2"]


def test_misfits_in_the_items_of_lists() -> None:
    mapping = with_field("parts", "{ each: P, fields: { name: N } }")
    mapped = mapping.map(xml("<I><Id>1</Id><P><N>a</N></P><P><N>b</N><N>c</N></P></I>"))
    assert [(problem.field, problem.path) for problem in mapped.problems] == [("parts.name", "[0].P[1].N")]
    mapping = compiled("target: thing\nkey: Id\nparties: [{ scheme: hr.oib, each: P, from: N }]\nfields: {}\n")
    mapped = mapping.map(xml("<I><Id>1</Id><P><N>a</N><N>b</N></P></I>"))
    assert [(problem.field, problem.reason) for problem in mapped.problems] == [
        ("parties", "stands there more than once, and a field takes one")
    ]


# Beside the records.


def test_cursor_at_a_path() -> None:
    mapping = head("key: Id\nsource: { cursor: Meta.Next, records: Items }\n" + SUBJECT)
    assert mapping.cursor(xml("<R><Meta><Next> 5 </Next></Meta></R>"), "4") == "5"
    assert mapping.cursor({"Meta": {"Next": 5}}, None) == "5"
    for document in (xml("<R><Meta><Next/></Meta></R>"), xml("<R/>"), {}, {"Meta": {"Next": None}}, {"Meta": []}):
        assert mapping.cursor(document, "4") == "4"
        assert mapping.cursor(document, None) is None
    with pytest.raises(RemoteGarbage, match=r"Meta\.Next: an object stands where one value is expected"):
        mapping.cursor({"Meta": {"Next": {"x": 1}}}, None)
    attribute = head("key: Id\nsource: { cursor: 'Meta.@next' }\n" + SUBJECT)
    assert attribute.cursor(xml('<R><Meta next="5"/></R>'), None) == "5"
    assert attribute.cursor({"Meta": {"@next": 5}}, None) == "5"


@pytest.mark.parametrize(
    ("order", "values", "previous", "cursor"),
    [
        ("integer", ["9", "10", "8"], None, "10"),
        ("integer", ["9", "10"], "11", "11"),
        ("integer", ["9", "x", ""], "2", "9"),
        ("integer", [], "2", "2"),
        ("integer", ["5"], "not a number", "5"),
        ("datetime", ["2026-01-31T10:00:00+02:00", "2026-01-31T08:30:00Z"], None, "2026-01-31T08:30:00Z"),
        ("datetime", ["2026-01-31T07:00:00"], "2026-01-31T06:30:00Z", "2026-01-31T06:30:00Z"),
        ("text", ["0x0A", "0x1F", "0x0B"], "0x0C", "0x1F"),
    ],
)
def test_the_greatest_of_the_records_as_cursor(
    order: str, values: list[str], previous: str | None, cursor: str
) -> None:
    mapping = head(f"key: Id\nsource: {{ records: Items.Item, cursor: {{ max: V, as: {order} }} }}\n{SUBJECT}")
    inside = "".join(f"<Item><V>{text}</V></Item>" for text in values)
    assert mapping.cursor(xml(f"<R><Items>{inside}</Items></R>"), previous) == cursor
    assert mapping.cursor({"Items": {"Item": [{"V": text} for text in values]}}, previous) == cursor


def test_a_cursor_in_a_format() -> None:
    mapping = head("key: Id\nsource: { records: I, cursor: { max: V, as: datetime, format: '%d.%m.%Y' } }\n" + SUBJECT)
    assert mapping.cursor({"I": [{"V": "02.01.2026"}, {"V": "01.02.2026"}]}, "31.01.2026") == "01.02.2026"


def test_no_cursor_changes_nothing() -> None:
    mapping = head("key: Id\n" + SUBJECT)
    assert mapping.cursor({"Next": 5}, "4") == "4"
    assert mapping.caught_up_to({"At": "2026-01-31"}) is None


def test_caught_up_to() -> None:
    mapping = head("key: Id\nsource: { caught_up_to: Meta.At }\n" + SUBJECT)
    moment = datetime(2026, 1, 31, 7, tzinfo=UTC)
    assert mapping.caught_up_to(xml("<R><Meta><At>2026-01-31T08:00:00<!-- local --></At></Meta></R>")) == moment
    assert mapping.caught_up_to({"Meta": {"At": "2026-01-31T08:00:00+01:00"}}) == moment
    assert mapping.caught_up_to({"Meta": {}}) is None
    with pytest.raises(RemoteGarbage, match=r"Meta\.At: 'soon' is not a moment"):
        mapping.caught_up_to({"Meta": {"At": "soon"}})
    formatted = head("key: Id\nsource: { caught_up_to: { from: At, format: '%d.%m.%Y %H:%M' } }\n" + SUBJECT)
    assert formatted.caught_up_to({"At": "31.01.2026 08:00"}) == moment


def test_what_is_the_connectors() -> None:
    mapping = head(
        "key: Id\nsource: { operation: Get, parameters: { OIB: { alias: hr.oib } }, records: I, complete: false }\n"
        + SUBJECT
    )
    assert mapping.source_call == {"operation": "Get", "parameters": {"OIB": {"alias": "hr.oib"}}}
    assert mapping.complete is False
    assert mapping.target.name == "thing"
    assert mapping.examples is None
    assert head("key: Id\n" + SUBJECT).complete is True
    assert head("key: Id\n" + SUBJECT).source_call == {}


# Places that are read in several ways.


def test_a_value_with_attributes_of_its_own() -> None:
    mapping = with_field("amount", "{ from: T, as: decimal, currency: { from: T.@c } }", "version: T.@v")
    record = one(mapping.map(xml('<I><Id>1</Id><T c="EUR" v="7">5</T></I>')))
    assert (record.values, record.version) == ({"amount": Money(500, "EUR")}, 7)
    mapped = mapping.map({"Id": 1, "T": 5})
    assert [problem.reason for problem in mapped.problems] == ["has no currency in this record"]
    assert one(mapping.map({"Id": 1, "T": {"@c": "EUR", "@v": 7}})).values == {"amount": None}


def test_one_place_for_several_fields() -> None:
    mapping = compiled(
        HEAD + "version: '@v'\nfields: { text: A, keys: A, number: '@v', title: { from: A, language: hr } }\n"
    )
    mapped = mapping.map(xml('<I v="7"><Id>1</Id><A>x</A></I>'))
    expected = {"text": "x", "keys": ("x",), "number": 7, "title": {"hr": "x"}}
    assert one(mapped).values == expected
    assert one(mapping.map({"@v": 7, "Id": 1, "A": "x"})).values == expected
    mapping = compiled(
        HEAD + "fields: { keys: A, parts: { each: P, fields: { name: { first_of: [K, K] } } }, references:"
        " [{ scheme: x.y, from: B }, { scheme: x.z, from: B }] }\n"
    )
    assert one(mapping.map({"Id": 1, "A": ["x"], "B": 2, "P": {"K": 1}})).values == {
        "keys": ("x",),
        "parts": ({"name": "1"},),
        "references": (("x.y", "2"), ("x.z", "2")),
    }


def test_all_values_at_a_place_for_two_fields() -> None:
    mapping = compiled(HEAD + "fields: { keys: { first_of: [A, { from: A, as: cz_symbol }] } }\n")
    assert one(mapping.map({"Id": 1, "A": ["1", "2"]})).values == {"keys": ("1", "2")}


def test_nil_items_of_a_list_are_none() -> None:
    nil = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"'
    mapping = with_field("parts", "{ each: P, fields: { name: N } }")
    assert one(mapping.map(xml(f"<I><Id>1</Id><P {nil}/><P><N>a</N></P></I>"))).values == {"parts": ({"name": "a"},)}
    assert one(mapping.map({"Id": 1, "P": [None, {"N": "a"}]})).values == {"parts": ({"name": "a"},)}
