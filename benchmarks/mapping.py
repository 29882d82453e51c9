"""The mapping engine beside a reader written by hand for the same reply: 50 items of 12 fields.

Prints one row per form of document: the smallest processor time of each over interleaved rounds, and their
ratio. Both make the same records; that is checked first. Parsing is not part of it.

    python -m benchmarks.mapping
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from lxml import etree

from hub.kernel.money import Money
from hub.kernel.references import Reference
from hub.kit import identifiers
from hub.kit.yaml_document import parse
from hub.mapping.compile import compile_mapping
from hub.mapping.model import PartyRef, Record
from hub.obligations.model import TARGET

ZONE = ZoneInfo("Europe/Zagreb")
GOAL = 1.3
KINDS = {"K": "fee", "P": "tax", "G": "fine", "R": "invoice"}
MAPPING = """
target: obligation
source: { records: Items.Item }
key: DocNo
version: ChangedAt
subject: { scheme: hr.oib, from: Taxpayer.OIB }
fields:
  kind:            { from: Type, table: { K: fee, P: tax, G: fine, R: invoice } }
  title:           { from: Description, language: hr }
  original:        { from: Total, as: decimal_comma, currency: EUR }
  outstanding:     { from: Open, as: decimal_comma, currency: EUR }
  issued_on:       { from: Issued, as: date, format: "%d.%m.%Y" }
  due_on:          { from: Due, as: date, format: "%d.%m.%Y" }
  year:            { from: Year, as: integer }
  document_number: DocNo
  references:      [{ scheme: hr.poziv_na_broj, from: CallNo }]
  cancelled:       { from: Cancelled, as: boolean }
ignore: [ClerkCode]
"""
NS = "http://financije.example/2026"


def items() -> list[dict[str, Any]]:
    return [
        {
            "DocNo": f"2026-{number:06}",
            "ChangedAt": f"2026-01-{number % 28 + 1:02}T08:15:{number % 60:02}.1234567",
            "Taxpayer": {"OIB": "87582274224"},
            "Type": "KPGR"[number % 4],
            "Description": f"Komunalna naknada za {number % 12 + 1}. mjesec, Čakovečka ulica {number}",
            "Total": f"{number + 1}.250,{number:02}",
            "Open": f"{number * 7},00",
            "Issued": f"{number % 28 + 1:02}.01.2026",
            "Due": f"{number % 28 + 1:02}.02.2026",
            "Year": "2026",
            "CallNo": f"HR01 5720-{number:05}-26",
            "Cancelled": "false",
            "ClerkCode": "R2",
        }
        for number in range(50)
    ]


def as_xml() -> etree._Element:
    root = etree.Element(f"{{{NS}}}GetOpenItemsResponse", nsmap={None: NS})
    container = etree.SubElement(root, f"{{{NS}}}Items")
    for item in items():
        element = etree.SubElement(container, f"{{{NS}}}Item")
        for name, value in item.items():
            child = etree.SubElement(element, f"{{{NS}}}{name}")
            if isinstance(value, dict):
                for inner, text in value.items():
                    etree.SubElement(child, f"{{{NS}}}{inner}").text = text
            else:
                child.text = value
    return etree.fromstring(etree.tostring(root))


# The reader by hand: what a careful developer writes for this one reply, exact amounts and dates included.
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
TAGS = {f"{{{NS}}}{name}": name for name in (*items()[0], "OIB")}
BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


def amount(text: str) -> Money:
    whole, _, fraction = text.strip().partition(",")
    head, *groups = whole.split(".")
    if (
        len(fraction) != 2
        or not len(head) >= 1
        or (groups and (len(head) > 3 or any(len(part) != 3 for part in groups)))
    ):
        raise ValueError(text)
    digits = "".join((head, *groups, fraction))
    if not (digits.isascii() and digits.isdigit()):
        raise ValueError(text)
    return Money(int(digits), "EUR")


def day(text: str) -> date:
    text = text.strip()
    if len(text) != 10 or text[2] != "." or text[5] != ".":
        raise ValueError(text)
    return date(int(text[6:]), int(text[3:5]), int(text[:2]))


def reference(text: str) -> str:
    text = text.strip()
    model, _, number = text.partition(" ")
    if len(model) != 4 or not model.startswith("HR") or not number.replace("-", "").isdigit() or len(number) > 22:
        raise ValueError(text)
    return text


def record(row: dict[str, Any], oib: str, known: dict[str, str]) -> Record:
    moment = datetime.fromisoformat(row["ChangedAt"].strip())
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZONE)
    if oib not in known:
        known[oib] = identifiers.normalise("hr.oib", oib)
    return Record(
        key=row["DocNo"].strip(),
        version=(moment - EPOCH) // MICROSECOND,
        parties=(PartyRef("debtor", "hr.oib", known[oib]),),
        values={
            "kind": KINDS[row["Type"].strip()],
            "title": {"hr": row["Description"].strip()},
            "original": amount(row["Total"]),
            "outstanding": amount(row["Open"]),
            "issued_on": day(row["Issued"]),
            "due_on": day(row["Due"]),
            "year": int(row["Year"]),
            "document_number": row["DocNo"].strip(),
            "references": (Reference("hr.poziv_na_broj", reference(row["CallNo"])),),
            "cancelled": BOOLEANS[row["Cancelled"].strip().lower()],
        },
    )


def by_hand_xml(document: etree._Element) -> tuple[list[Record], set[str]]:
    records, unknown, known = [], set[str](), dict[str, str]()
    for item in document.iterfind(f"{{{NS}}}Items/{{{NS}}}Item"):
        row: dict[str, Any] = {}
        for child in item:
            name = TAGS.get(child.tag)
            if name is None:
                unknown.add(child.tag)
            elif name == "Taxpayer":
                for inner in child:
                    row[TAGS[inner.tag]] = inner.text
            else:
                row[name] = child.text
        records.append(record(row, row["OIB"].strip(), known))
    return records, unknown


def by_hand_json(document: Any) -> tuple[list[Record], set[str]]:
    records, unknown, known = [], set[str](), dict[str, str]()
    names = set(TAGS.values()) - {"OIB"}
    for row in document["Items"]["Item"]:
        unknown |= row.keys() - names
        records.append(record(row, row["Taxpayer"]["OIB"].strip(), known))
    return records, unknown


def fastest(
    first: Callable[[], object], second: Callable[[], object], *, rounds: int, calls: int
) -> tuple[float, float]:
    """The smallest processor time of one call of each, in seconds, over interleaved rounds."""
    best = [float("inf"), float("inf")]
    for _ in range(rounds):
        for index, call in enumerate((first, second)):
            begun = time.process_time_ns()
            for _ in range(calls):
                call()
            best[index] = min(best[index], (time.process_time_ns() - begun) / calls / 1e9)
    return best[0], best[1]


def main() -> int:
    mapping = compile_mapping(parse(MAPPING, "obligation.yaml"), {"obligation": TARGET}, timezone=ZONE)
    documents: dict[str, tuple[Any, Callable[[Any], tuple[list[Record], set[str]]]]] = {
        "xml": (as_xml(), by_hand_xml),
        "json": (json.loads(json.dumps({"Items": {"Item": items()}})), by_hand_json),
    }
    missed = False
    for name, (document, by_hand) in documents.items():
        mapped = mapping.map(document)
        assert not mapped.problems, mapped.problems
        assert not mapped.drift, mapped.drift
        assert mapped.records == by_hand(document)[0]
        engine, hand = fastest(
            lambda d=document: mapping.map(d), lambda d=document, r=by_hand: r(d), rounds=40, calls=20
        )
        ratio = engine / hand
        missed = missed or ratio > GOAL
        print(
            f"mapping {name:5} 50 items x 12 fields  engine {engine * 1e6:7.0f} µs  by hand {hand * 1e6:7.0f} µs  "
            f"ratio {ratio:.2f}  goal <= {GOAL}"
        )
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
