"""A made-up target with a field of every kind, and short ways to map documents to it."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from lxml import etree

from hub.kit.yaml_document import parse
from hub.mapping.compile import compile_mapping
from hub.mapping.mapping import Mapping
from hub.mapping.model import Field, Kind, Mapped, Record, Target

ZAGREB = ZoneInfo("Europe/Zagreb")
OIB = "87582274224"
OTHER_OIB = "33392005961"

TARGET = Target(
    name="thing",
    roles=("debtor", "co_owner"),
    fields={
        "text": Field(Kind.TEXT, "Any text."),
        "title": Field(Kind.LOCALISED, "A title."),
        "amount": Field(Kind.MONEY, "An amount."),
        "day": Field(Kind.DATE, "A day."),
        "moment": Field(Kind.DATETIME, "A moment."),
        "number": Field(Kind.INTEGER, "A number."),
        "flag": Field(Kind.BOOLEAN, "Yes or no."),
        "colour": Field(Kind.CHOICE, "A colour.", choices=("red", "green")),
        "references": Field(Kind.REFERENCES, "References."),
        "keys": Field(Kind.TEXTS, "Texts."),
        "parts": Field(
            Kind.LIST,
            "Parts.",
            fields={
                "name": Field(Kind.TEXT, "Its name.", required=True),
                "day": Field(Kind.DATE, "Its day."),
                "amount": Field(Kind.MONEY, "Its amount."),
            },
        ),
    },
)
STRICT = Target(
    name="strict",
    roles=("debtor",),
    fields={
        "colour": Field(Kind.CHOICE, "A colour.", required=True, choices=("red", "green")),
        "text": Field(Kind.TEXT, "Any text.", required=True),
        "number": Field(Kind.INTEGER, "A number."),
    },
)
TARGETS = {"thing": TARGET, "strict": STRICT}

HEAD = """\
target: thing
key: Id
subject: { scheme: hr.oib, asked: true }
"""


def compiled(text: str, timezone: ZoneInfo = ZAGREB) -> Mapping:
    return compile_mapping(parse(text, "thing.yaml"), TARGETS, timezone=timezone)


def with_field(name: str, spec: str, more: str = "") -> Mapping:
    """A mapping with one field; records are the document itself."""
    return compiled(f"{HEAD}{more}\nfields:\n  {name}: {spec}\n")


def xml(text: str) -> etree._Element:
    return etree.fromstring(text)


def map_both(mapping: Mapping, inside: str, json: dict[str, Any]) -> tuple[Mapped, Mapped]:
    """The same record as XML and as JSON."""
    return mapping.map(xml(f"<Item><Id>1</Id>{inside}</Item>")), mapping.map({"Id": "1", **json})


def one(mapped: Mapped) -> Record:
    assert mapped.problems == []
    (record,) = mapped.records
    return record


def value(name: str, spec: str, inside: str, more: str = "") -> Any:
    """What one field becomes of an XML record, where nothing is wrong and nothing unknown."""
    mapped = with_field(name, spec, more).map(xml(f"<Item><Id>1</Id>{inside}</Item>"))
    assert mapped.drift == []
    return one(mapped).values[name]


def json_value(name: str, spec: str, json: dict[str, Any], more: str = "") -> Any:
    mapped = with_field(name, spec, more).map({"Id": "1", **json})
    assert mapped.drift == []
    return one(mapped).values[name]


def reason(name: str, spec: str, inside: str) -> str:
    """Why the one field is refused."""
    mapped = with_field(name, spec).map(xml(f"<Item><Id>1</Id>{inside}</Item>"))
    assert mapped.records == []
    (problem,) = mapped.problems
    assert (problem.position, problem.key, problem.field) == (0, "1", name)
    return problem.reason


def json_reason(name: str, spec: str, json: dict[str, Any]) -> str:
    mapped = with_field(name, spec).map({"Id": "1", **json})
    assert mapped.records == []
    (problem,) = mapped.problems
    assert (problem.position, problem.key, problem.field) == (0, "1", name)
    return problem.reason
