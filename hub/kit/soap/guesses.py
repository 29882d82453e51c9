"""What an element of a reply may be, from its name and its type: for a first mapping, never for a running one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from hub.kit.soap.shapes import Shape
from hub.kit.soap.wording import Wording, wording_of

_WHOLE = re.compile(r"[a-z]*integer|(unsigned)?(long|int|short|byte)", re.IGNORECASE)
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\d_a-zA-Z]+")
# Identifiers of persons by what back offices of five countries call them, longest first where one holds another.
_IDENTIFIERS = {
    "oib": "hr.oib",
    "mbs": "hr.mbs",
    "rodnecislo": "cz.birth_number",
    "rc": "cz.birth_number",
    "ico": "cz.ico",
    "dic": "cz.dic",
    "rnokpp": "ua.rnokpp",
    "ipn": "ua.rnokpp",
    "unzr": "ua.unzr",
    "edrpou": "ua.edrpou",
    "cnp": "ro.cnp",
    "cui": "ro.cui",
    "cif": "ro.cui",
    "jmbg": "rs.jmbg",
    "pib": "rs.pib",
    "maticnibroj": "rs.mb",
}
_WORDS = {
    "key": "id guid uuid key sifra šifra kod code number broj cislo číslo oznaka reference",
    "version": "changed modified updated zmeneno izmjena promjena izmena modificare version timestamp",
    "kind": "kind type druh vrsta tip category",
    "status": "status stav stanje state stare",
    "title": "title subject description name opis naziv predmet popis nazev denumire purpose",
    "name": "name naziv nazev jmeno ime denumire nume",
    "original": "amount total iznos castka suma sum price value original",
    "outstanding": "outstanding remaining balance preostalo otvoreno saldo zbyva dug open neplaceno rest",
    "interest": "interest kamata urok dobanda",
    "due_on": "due dospijece splatnost rok scadenta deadline",
    "issued_on": "issued date datum created invoice izdavanja vystaveno",
    "opened_on": "opened registered received zaprimanja podani date datum",
    "closed_on": "closed ended completed zatvaranja ukonceni",
    "changed_at": "changed modified updated zmeneno promjena",
    "year": "year godina rok an",
    "department": "department odjel odbor unit",
    "references": "reference poziv symbol vs variable klasa",
    "number": "number broj redni cislo poradi no",
    "amount": "amount iznos castka suma sum total",
    "document_number": "document invoice number broj racun faktura",
    "message": "message note svrha zprava",
}


class Country(NamedTuple):
    """What identifiers of a country let expect: its language, its currency, how its payments are recognised."""

    language: str
    currency: str
    reference: str | None


COUNTRIES = {
    "hr": Country("hr", "EUR", "hr.poziv_na_broj"),
    "cz": Country("cs", "CZK", "cz.variable_symbol"),
    "ua": Country("uk", "UAH", None),
    "ro": Country("ro", "RON", None),
    "rs": Country("sr-Latn", "RSD", "rs.poziv_na_broj"),
}
_TYPES = {
    "money": re.compile(r"decimal|float|double|string"),
    "date": re.compile(r"date|dateTime|string"),
    "datetime": re.compile(r"dateTime"),
    "integer": re.compile(r"gYear|" + _WHOLE.pattern, re.IGNORECASE),
    "boolean": re.compile(r"boolean"),
}


@dataclass(frozen=True, slots=True)
class Leaf:
    """An element or attribute with a text of its own; `path` as mappings write it, from the record."""

    path: str
    name: str
    base: str
    values: tuple[str, ...]
    required: bool
    repeated: bool
    said: str
    wording: Wording


def leaves_of(record: Shape) -> list[Leaf]:
    """All leaves in document order, each path once."""
    found: dict[str, Leaf] = {}
    repeated: set[tuple[str, ...]] = set()
    for way, shape in record.walk():
        if shape.repeated or way[:-1] in repeated:
            repeated.add(way)
        if shape.base is None or shape.name == "*" or (shape.content and shape.base == "anyType"):
            continue
        path = ".".join(way)
        said = f"{shape.type or shape.base}, {'optional' if shape.least == 0 else 'required'}"
        said += ", repeated" if way in repeated else ""
        said += f", one of {', '.join(shape.values[:6])}" if shape.values else ""
        said += f": {shape.documentation[:80]}" if shape.documentation else ""
        said = " ".join("".join(letter if letter.isprintable() else " " for letter in said).split())
        name = shape.name.removeprefix("@")
        required = shape.least > 0
        leaf = Leaf(path, name, shape.base, shape.values, required, way in repeated, said, wording_of(shape))
        found.setdefault(path, leaf)
    return list(found.values())


def identifier_scheme(name: str) -> str | None:
    """The scheme of an identifier that an element of this name is likely to hold."""
    parts = _parts(name)
    joined = "".join(parts)
    for word, scheme in _IDENTIFIERS.items():
        if word in parts or joined == word or (len(word) > 4 and word in joined):
            return scheme
    return None


def best(field: str, leaves: Sequence[Leaf], kind: str = "text") -> Leaf | None:
    """The leaf whose name is most like what a field is called; None where none is, or its type cannot be it."""
    words = (_WORDS.get(field) or field.replace("_", " ")).split()
    kind = "datetime" if field == "version" else kind
    fits = _TYPES.get(kind)
    best_score, best_leaf = 0.0, None
    for leaf in leaves:
        told = _told(leaf, kind)
        if told is False or (fits is not None and not told and not fits.fullmatch(leaf.base)):
            continue
        score = _likeness(words, _parts(leaf.name))
        if score and kind == "choice" and leaf.values:
            score += 1
        if score and kind in {"money", "date"} and leaf.base == "string" and not told:
            score -= 0.5
        if score > best_score:
            best_score, best_leaf = score + (0.1 if leaf.required else 0), leaf
    return best_leaf


def identifier_country(name: str) -> Country:
    """Of a scheme such as hr.oib; without one, what is written where nobody knows."""
    return COUNTRIES.get(name.partition(".")[0], Country("en", "EUR", None))


def converter(leaf: Leaf, currency: str) -> str:
    """How a mapping would read it, by its type in the schema; as a comment."""
    if leaf.wording.moment is not None:
        words = f'as: {leaf.wording.moment.converter}, format: "{leaf.wording.moment.format}"'
    elif leaf.wording.amount is not None:
        words = f"as: {leaf.wording.amount}, currency: {currency}"
    elif _WHOLE.fullmatch(leaf.base):
        words = "as: integer"
    else:
        words = {
            **dict.fromkeys(("decimal", "float", "double"), f"as: decimal, currency: {currency}"),
            "date": "as: date",
            "dateTime": "as: datetime",
            "boolean": "as: boolean",
            "gYear": "as: year",
            "base64Binary": "a document",
        }.get(leaf.base, "")
    if not words and leaf.values:
        words = "table: { … }"
    return f" → {words}" if words else ""


def _told(leaf: Leaf, kind: str) -> bool | None:
    """Whether the schema says that a text is (not) written as such a kind; None where it says nothing of it."""
    amount, moment = leaf.wording.amount, leaf.wording.moment
    if amount is None and moment is None:
        return None
    if kind == "money":
        return amount is not None
    if kind == "datetime":
        return moment is not None and moment.converter == "datetime"
    return moment is not None if kind == "date" else None


def _parts(name: str) -> list[str]:
    """`DatumIzdavanja` as its words, in small letters."""
    return [part.lower() for part in _PARTS.findall(name)]


def _likeness(words: Sequence[str], parts: Sequence[str]) -> float:
    """Higher for an earlier word of the list, and for a name that has no other words."""
    for place, word in enumerate(words):
        if any(part == word or (len(word) > 3 and part.startswith(word)) for part in parts):
            return 10.0 - place - 0.3 * len(parts)
    return 0.0
