"""The people who can sign in with the simulated eIDs. Those of the two towns are the back offices' citizens.

Identifiers have valid check digits and belong to nobody we know.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from simulators import people
from simulators.people import Person


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody with an eID. `number` is what the country calls her by, in the words of `people.Person`.

    `patronymic` (UA); `acts_for`: the legal entity she represents at this login.
    """

    given: str
    family: str
    born: date
    number: str
    country: str
    sex: str = "Female"
    patronymic: str = ""
    acts_for: Person | None = None

    @property
    def full_name(self) -> str:
        return f"{self.given} {self.family}"

    @property
    def label(self) -> str:
        """As the login page names her."""
        firm = f", for {self.acts_for.name}" if self.acts_for else ""
        return f"{self.full_name} ({self.number}){firm}"


def _of(person: Person, born: date, country: str, sex: str = "Female", acts_for: Person | None = None) -> Holder:
    return Holder(person.given, person.name, born, person.number, country, sex, acts_for=acts_for)


CROATIA: Mapping[str, Holder] = {
    "zeljka": _of(people.ZELJKA, date(1974, 6, 9), "HR"),
    "duro": _of(people.DURO, date(1969, 1, 30), "HR", "Male"),
    "sime": _of(people.SIME, date(1991, 12, 5), "HR", "Male"),
    "ciro": _of(people.CIRO, date(1958, 8, 17), "HR", "Male"),
    "andelka": _of(people.ANDELKA, date(1986, 4, 21), "HR"),
    "zeljka-stolarija": _of(people.ZELJKA, date(1974, 6, 9), "HR", acts_for=people.STOLARIJA),
}

# A Czech birth number tells the birth date; tests compare.
CZECHIA: Mapping[str, Holder] = {
    "ruzena": _of(people.RUZENA, date(2005, 2, 12), "CZ"),
    "jiri": _of(people.JIRI, date(2004, 3, 15), "CZ", "Male"),
    "zdenek": _of(Person(people.ZDENEK.number, people.ZDENEK.name, "Zdeněk"), date(2004, 10, 27), "CZ", "Male"),
    "bozena": _of(people.BOZENA, date(1888, 11, 15), "CZ"),
    "katerina": _of(people.KATERINA, date(2005, 11, 4), "CZ"),
    "matej": _of(people.MATEJ, date(2006, 5, 8), "CZ", "Male"),
}

# Known to no town: whoever comes from another country.
ABROAD: Mapping[str, Holder] = {
    "jurgen": Holder("Jürgen", "Groß-Weißmüller", date(1979, 11, 3), "L01X00T47-7F3A", "DE", "Male"),
    "francoise": Holder("Françoise", "L'Œillet", date(1993, 2, 28), "5e0c9b1a-22d4", "FR"),
    "jurgen-firma": Holder(
        "Jürgen",
        "Groß-Weißmüller",
        date(1979, 11, 3),
        "L01X00T47-7F3A",
        "DE",
        "Male",
        acts_for=Person("DEHRB98765", "Groß & Söhne GmbH"),
    ),
}

_VODOKANAL = Person("41003212", "КП «Водоканал Їжакове»")
UKRAINE: Mapping[str, Holder] = {
    "hanna": Holder("Ганна", "Шевчук-Їжакевич", date(1987, 3, 14), "3184902042", "UA", patronymic="Олексіївна"),
    "yevhen": Holder("Євген", "Ґудзь", date(1991, 11, 2), "3354303173", "UA", "Male", patronymic="Ігорович"),
    "yevhen-vodokanal": Holder(
        "Євген", "Ґудзь", date(1991, 11, 2), "3354303173", "UA", "Male", patronymic="Ігорович", acts_for=_VODOKANAL
    ),
    # Refused a number for her belief: series and number of her passport stand in its place.
    "solomiia": Holder("Соломія", "Щербак", date(1980, 7, 7), "СО123456", "UA", patronymic="Тарасівна"),
}

ROMANIA: Mapping[str, Holder] = {
    "ileana": Holder("Ileana-Ștefania", "Țepeș", date(1988, 4, 12), "2880412401171", "RO"),
    "razvan": Holder("Răzvan", "Brâncuși", date(1992, 11, 7), "1921107350229", "RO", "Male"),
}

SERBIA: Mapping[str, Holder] = {
    "ljiljana": Holder("Љиљана", "Ђорђевић", date(1985, 3, 22), "2203985715128", "RS"),
    "nenad": Holder("Ненад", "Џамић", date(1973, 1, 9), "0901973710033", "RS", "Male"),
    # A foreigner without a JMBG.
    "amelie": Holder("Amélie", "Noël", date(1990, 9, 1), "", "RS"),
}
