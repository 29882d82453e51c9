"""The made-up citizens of the two towns. What each of them shows stands in the README.

Identifiers have valid check digits and belong to nobody we know. Czech birth numbers are from the
overflow series (month + 20 or + 70, possible since 2004), which is hardly ever given out, or from years
in which nobody living was born.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Person:
    """`number` is the OIB, rodné číslo (without slash) or IČO. A legal entity has no `given` name."""

    number: str
    name: str
    given: str = ""

    @property
    def is_entity(self) -> bool:
        return not self.given

    @property
    def full_name(self) -> str:
        return f"{self.given} {self.name}".strip()


# Pregrada
ZELJKA = Person("83100426579", "Đurđević-Šćepan", "Željka")
DURO = Person("29471603856", "Čavrić", "Đuro")
SIME = Person("60582139473", "Žnidarčić", "Šime")
CIRO = Person("17305492686", "Bišćan", "Ćiro")
STOLARIJA = Person("40968173527", "Stolarija Čičković j.d.o.o.")
ANDELKA = Person("75123068949", "Špoljarić", "Anđelka")

# Vzorov
RUZENA = Person("0572127050", "Příhodová", "Růžena")
JIRI = Person("0423157020", "Šťastný", "Jiří")
ZDENEK = Person("0430277034", "Úlehla", "Zdeněk")
BOZENA = Person("886115001", "Ďuríčková", "Božena")
ZAHRADNICTVI = Person("88888886", "Zahradnictví Šťovíček s.r.o.")
KATERINA = Person("0581047027", "Žďárská", "Kateřina")
MATEJ = Person("0625087056", "Říha", "Matěj")
# A child: her fee is paid by Růžena, who is her guardian.
EMA = Person("1972128015", "Příhodová", "Ema")
