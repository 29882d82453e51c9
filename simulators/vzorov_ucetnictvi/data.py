"""The assessments (předpisy) in Vzorov's accounting, relative to a day, in its own words."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from simulators.kit.store import Item
from simulators.people import BOZENA, EMA, MATEJ, RUZENA, ZAHRADNICTVI, ZDENEK, Person

ZONE = ZoneInfo("Europe/Prague")

FIELDS = (
    "id", "druh", "nazev", "rok", "poplatnik", "zastupce", "castka", "zbyva", "prislusenstvi", "mena",
    "vystaveno", "splatnost", "prijemce", "odbor", "variabilni_symbol", "specificky_symbol", "konstantni_symbol",
    "cislo_dokladu", "zprava", "stornovano", "splatky", "zapoctene_uhrady", "uctoval", "smazano", "verze",
)  # fmt: skip


def moment(value: datetime) -> str:
    """RFC 3339 with the offset of Prague, whole seconds."""
    return value.astimezone(ZONE).isoformat(timespec="seconds")


def version(at: datetime) -> int:
    """The row version of this accounting: milliseconds since 1970."""
    return int(at.timestamp() * 1000)


def _payer(person: Person) -> Item:
    if person.is_entity:
        return {"typ": "PO", "rodne_cislo": None, "ico": person.number}
    return {"typ": "FO", "rodne_cislo": person.number, "ico": None}


def _item(person: Person, key: str, text: str, crowns: float, **more: object) -> Item:
    """`key` is kind, year and number, as in `KO-2026-000117`; the variable symbol is made of the last two."""
    kind, year, number = key.split("-")
    return {
        "id": key,
        "druh": kind,
        "nazev": text,
        "rok": int(year),
        "poplatnik": _payer(person),
        "castka": crowns,
        "zbyva": crowns,
        "mena": "CZK",
        "prijemce": "MESTO",
        # Ten digits; the leading zeros belong to it.
        "variabilni_symbol": f"00{year[2:]}{number}",
        "stornovano": False,
        **more,
    }


def assessments(today: date) -> list[tuple[Item, datetime]]:
    """Every assessment and the moment of its last change: open, overdue, in parts, paid, cancelled, credit."""

    def changed(days: int) -> datetime:
        return datetime.combine(today - timedelta(days=days), time(5, 30), ZONE)

    return [
        *((item, changed(2)) for item in _of_ruzena(today)),
        *((item, changed(1)) for item in _of_others(today)),
    ]


def _of_ruzena(today: date) -> list[Item]:
    year, last = today.year, today.year - 1

    def on(days: int) -> str:
        return (today + timedelta(days=days)).isoformat()

    parts = [
        {
            "poradi": number,
            "splatnost": on(30 * number - 65),
            "castka": 4200.0,
            "zbyva": 0.0 if number <= 2 else 4200.0,
        }
        for number in range(1, 5)
    ]
    return [
        _item(
            RUZENA, f"KO-{year}-000117", f"Poplatek za komunální odpad {year}", 840.0, vystaveno=on(-25),
            splatnost=on(18), odbor="FIN", konstantni_symbol="1148", specificky_symbol="1340",
            zprava="Komunální odpad Příhodová", uctoval="ek07",
        ),
        _item(
            EMA, f"KO-{year}-000118", f"Poplatek za komunální odpad {year}, dítě", 420.5, vystaveno=on(-25),
            splatnost=on(18), odbor="FIN", konstantni_symbol="1148", specificky_symbol="1340",
            zastupce=[_payer(RUZENA)],
        ),
        _item(
            RUZENA, f"PES-{year}-000031", f"Poplatek ze psa {year}: Ťapka", 300.0, zbyva=315.0, prislusenstvi=15.0,
            vystaveno=on(-95), splatnost=on(-50), odbor="FIN", konstantni_symbol="1148",
        ),
        _item(
            RUZENA, f"POK-{year}-000009", "Pokuta za překročení nejvyšší dovolené rychlosti", 1500.0,
            vystaveno=on(-40), splatnost=on(-10), odbor="DOP", cislo_dokladu=f"ODOP/{year}/0042",
        ),
        _item(
            RUZENA, f"NAJ-{year}-000004", "Nájem zahrádky č. 12, kolonie Na Výsluní", 16800.0, zbyva=8400.0,
            vystaveno=on(-70), splatnost=parts[-1]["splatnost"], splatky=parts,
        ),
        _item(
            RUZENA, f"SLU-{year}-000210", "Pronájem kontejneru na suť, 3 dny", 2178.9, vystaveno=on(-9),
            splatnost=on(5), prijemce="TS", cislo_dokladu=f"FV{year}0210",
        ),
        _item(
            RUZENA, f"PRE-{year}-000002", "Přeplatek místního poplatku", -150.0, vystaveno=on(-5), splatnost=None,
        ),
        _item(
            RUZENA, f"SPR-{year}-000066", "Správní poplatek za výpis z matriky, zrušeno", 100.0, vystaveno=on(-30),
            splatnost=on(-15), stornovano=True,
        ),
        _item(
            RUZENA, f"KO-{last}-000117", f"Poplatek za komunální odpad {last}", 780.0, zbyva=0.0,
            vystaveno=f"{last}-03-01", splatnost=f"{last}-05-31", odbor="FIN", konstantni_symbol="1148",
        ),
        _item(
            RUZENA, f"PES-{last}-000031", f"Poplatek ze psa {last}: Ťapka", 300.0, zbyva=0.0,
            vystaveno=f"{last}-01-15", splatnost=f"{last}-03-31", odbor="FIN",
        ),
    ]  # fmt: skip


def _of_others(today: date) -> list[Item]:
    year = today.year

    def on(days: int) -> str:
        return (today + timedelta(days=days)).isoformat()

    return [
        _item(
            ZDENEK, f"POK-{year}-000010", "Pokuta za parkování na zeleni", 2000.0, zbyva=None, vystaveno=on(-33),
            splatnost=on(-3), odbor="DOP",
        ),
        _item(
            BOZENA, f"KO-{year}-000119", f"Poplatek za komunální odpad {year}, osvobození 75+", 210.0,
            vystaveno=on(-25), splatnost=on(18), odbor="FIN", konstantni_symbol="1148",
        ),
        _item(
            ZAHRADNICTVI, f"NAJ-{year}-000005", "Nájem pozemku p. č. 1187/3, tržiště", 48400.0, vystaveno=on(-12),
            splatnost=on(2), cislo_dokladu=f"FV{year}0005",
        ),
        _item(
            MATEJ, f"PES-{year}-000032", f"Poplatek ze psa {year}: Žofka", 150.0, vystaveno=on(-60),
            splatnost=on(-20), odbor="FIN",
        ),
    ]  # fmt: skip
