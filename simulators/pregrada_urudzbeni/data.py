"""The cases of Pregrada's registry, relative to a day, in the registry's own words."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from simulators.kit.store import Item
from simulators.people import ANDELKA, DURO, SIME, STOLARIJA, ZELJKA, Person

ZONE = ZoneInfo("Europe/Zagreb")

FIELDS = (
    "id", "klasa", "urbroj", "naziv", "vrsta", "status", "ustrojstvena_jedinica", "zaprimljeno", "rok",
    "zavrseno", "ishod", "stranke", "dogadaji", "referent", "obrisano", "promijenjeno",
)  # fmt: skip

STATUSES = {
    "ZAPRIMLJENO": "Zaprimljeno",
    "U_RADU": "U radu",
    "CEKA_STRANKU": "Čeka se dopuna stranke",
    "RIJESENO": "Riješeno",
    "ARHIVIRANO": "Arhivirano",
    "ODUSTANAK": "Stranka odustala",
}
PARTS = ("podnositelji", "ostale_stranke", "opunomocenici", "roditelji")
_UNITS = {"02": "Odsjek za financije", "03": "Komunalni odsjek"}
_KINDS = {
    "UP1": "Upravni postupak prvog stupnja",
    "NP": "Neupravni predmet",
    "ZAHTJEV": "Zahtjev građana",
}


def moment(value: datetime) -> str:
    """RFC 3339 with the offset of Zagreb, whole seconds."""
    return value.astimezone(ZONE).isoformat(timespec="seconds")


def parties() -> list[Item]:
    people = (ZELJKA, DURO, SIME, STOLARIJA, ANDELKA)
    return [{"oib": person.number, "naziv": person.full_name} for person in people]


class _Registry:
    """Writes cases as of a day."""

    def __init__(self, today: date) -> None:
        self.today = today

    def on(self, days: int) -> str:
        return (self.today + timedelta(days=days)).isoformat()

    def at(self, days: int, hour: int) -> datetime:
        return datetime.combine(self.today + timedelta(days=days), time(hour, 15), ZONE)

    def case(
        self,
        number: int,
        subject: str,
        parties: list[tuple[Person, str]],
        events: list[tuple[int, str, str]],
        **more: Any,
    ) -> tuple[Item, datetime]:
        """`parties` with their part; `events`: days from today, status, text. The last event is where it stands.

        `more`: `kind` UP1, NP or ZAHTJEV; `unit` 02 or 03; `group` of the classification plan; `due` and `closed`
        in days from today; `result`.
        """
        opened = self.today + timedelta(days=events[0][0])
        last_day, last_status, _ = events[-1]
        kind, unit = more.get("kind", "ZAHTJEV"), more.get("unit", "03")
        prefix = "UP/I-" if kind == "UP1" else ""
        item = {
            "id": 40000 + number,
            "klasa": f"{prefix}{more.get('group', '363-03')}/{opened:%y}-01/{number}",
            "urbroj": f"2140-5-{unit}/1-{opened:%y}-{len(events)}",
            "naziv": subject,
            "vrsta": {"sifra": kind, "naziv": _KINDS[kind]},
            "status": {"sifra": last_status, "naziv": STATUSES[last_status]},
            "ustrojstvena_jedinica": {"sifra": unit, "naziv": _UNITS[unit]},
            "zaprimljeno": opened.isoformat(),
            "rok": self.on(more["due"]) if "due" in more else None,
            "zavrseno": self.on(more["closed"]) if "closed" in more else None,
            "ishod": more.get("result"),
            "stranke": {part: [{"oib": person.number} for person, has in parties if has == part] for part in PARTS},
            "dogadaji": [
                {"vrijeme": moment(self.at(days, 9 + place)), "status": status, "opis": text}
                for place, (days, status, text) in enumerate(events)
            ],
            "referent": "I. Habek",
        }
        return item, self.at(last_day, 16)


def cases(today: date) -> list[tuple[Item, datetime]]:
    """Every case and the moment of its last change."""
    write = _Registry(today).case
    return [
        write(
            17,
            "Rješenje o izvedenom stanju, dogradnja terase",
            [(ZELJKA, "podnositelji"), (DURO, "ostale_stranke")],
            [
                (-48, "ZAPRIMLJENO", "Zahtjev je zaprimljen u pisarnici."),
                (-41, "U_RADU", "Predmet je dodijeljen Komunalnom odsjeku."),
            ],
            kind="UP1",
            due=12,
        ),
        write(
            112,
            "Zahtjev za obročnu otplatu komunalnog doprinosa",
            [(ZELJKA, "podnositelji")],
            [
                (-20, "ZAPRIMLJENO", "Zahtjev je predan elektronički."),
                (-15, "U_RADU", "U obradi."),
                (-6, "CEKA_STRANKU", "Molimo dostavite presliku vlasničkog lista do kraja mjeseca."),
            ],
            unit="02",
            group="403-02",
            due=9,
        ),
        write(
            58,
            "Prijava neispravne javne rasvjete, Ulica žrtava fašizma",
            [(ZELJKA, "podnositelji")],
            [
                (-90, "ZAPRIMLJENO", "Prijava je zaprimljena."),
                (-83, "RIJESENO", "Rasvjetno tijelo je zamijenjeno."),
                (-60, "ARHIVIRANO", "Predmet je arhiviran."),
            ],
            kind="NP",
            group="363-01",
            closed=-60,
            result="Otklonjeno",
        ),
        write(
            131,
            "Oslobođenje od plaćanja komunalne naknade",
            [(DURO, "podnositelji"), (ZELJKA, "opunomocenici")],
            [
                (-35, "ZAPRIMLJENO", "Zahtjev je zaprimljen."),
                (-12, "ODUSTANAK", "Stranka je povukla zahtjev."),
            ],
            kind="UP1",
            closed=-12,
        ),
        write(
            140,
            "Priznavanje prava na naknadu za troškove ogrjeva",
            [(SIME, "podnositelji")],
            [
                (-30, "ZAPRIMLJENO", "Zahtjev je zaprimljen."),
                (-22, "U_RADU", "Provjera uvjeta."),
                (-3, "RIJESENO", "Doneseno je rješenje; bit će dostavljeno poštom."),
            ],
            kind="UP1",
            unit="02",
            group="551-06",
            due=0,
            result="Zahtjev se usvaja",
        ),
        write(
            152,
            "Odobrenje za korištenje javne površine, sajam obrtništva",
            [(STOLARIJA, "podnositelji"), (ZELJKA, "opunomocenici")],
            [(-2, "ZAPRIMLJENO", "Zahtjev je zaprimljen.")],
            due=28,
        ),
        write(
            155,
            "Upis u dječji vrtić, dopuna prijave",
            [(ANDELKA, "roditelji")],
            [
                (-4, "ZAPRIMLJENO", "Prijava je zaprimljena."),
                (-1, "U_RADU", "Prijava se obrađuje."),
            ],
            group="601-02",
            due=26,
        ),
    ]
