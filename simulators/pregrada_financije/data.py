"""The items of Pregrada's financial card, relative to a day, in the card's own words and formats."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from simulators.kit.store import Item
from simulators.people import CIRO, DURO, SIME, STOLARIJA, ZELJKA, Person

ZONE = ZoneInfo("Europe/Zagreb")

# The order of the elements in the schema.
FIELDS = (
    "Sifra", "OIB", "Vrsta", "Opis", "Godina", "Strana", "Valuta", "Iznos", "Preostalo", "Kamata",
    "DatumIzdavanja", "Dospijece", "Primatelj", "Odjel", "Model", "PozivNaBroj", "BrojRacuna", "SvrhaDoznake",
    "Status", "Obroci", "Suvlasnici", "VanjskeUplate", "Referent", "Obrisano", "ZadnjaPromjena",
)  # fmt: skip


def amount(cents: int) -> str:
    """125000 → `1.250,00`."""
    whole, rest = divmod(cents, 100)
    return f"{whole:,}".replace(",", ".") + f",{rest:02d}"


def day(value: date) -> str:
    return f"{value:%d.%m.%Y}"


def moment(value: datetime) -> str:
    return f"{value.astimezone(ZONE):%d.%m.%Y %H:%M:%S}"


def check_digit(digits: str) -> int:
    """MOD11INI of the Croatian models: weights 2, 3, 4, … from the right; remainders 0 and 1 give 0."""
    remainder = sum(int(digit) * weight for weight, digit in enumerate(reversed(digits), 2)) % 11
    return 0 if remainder <= 1 else 11 - remainder


def hr68(revenue: str, oib: str, number: int) -> Item:
    """Model HR68: revenue code (its fourth digit checks the others) - OIB - up to five digits."""
    return {"Model": "HR68", "PozivNaBroj": f"{revenue}{check_digit(revenue)}-{oib}-{number:05d}"}


def hr01(customer: str, period: str, document: str) -> Item:
    """Model HR01: three parts and at the end one check digit over all of them."""
    return {
        "Model": "HR01",
        "PozivNaBroj": f"{customer}-{period}-{document}{check_digit(customer + period + document)}",
    }


def taxpayers() -> list[Item]:
    people = (ZELJKA, DURO, SIME, CIRO, STOLARIJA)
    return [
        {"OIB": person.number, "Naziv": person.full_name, "VrstaOsobe": "P" if person.is_entity else "F"}
        for person in people
    ]


def _item(person: Person, key: str, text: str, cents: int, **more: object) -> Item:
    """`key` is year, kind and number, as in `2026-KN-000117`."""
    year, kind, _ = key.split("-")
    item: Item = {
        "Sifra": key,
        "OIB": person.number,
        "Vrsta": kind,
        "Opis": text,
        "Godina": int(year),
        "Strana": "D",
        "Valuta": "EUR",
        "Iznos": amount(cents),
        "Preostalo": amount(cents),
        "Primatelj": "GRAD",
        "Status": "A",
        **more,
    }
    if item["Preostalo"] == amount(0):
        item["Status"] = "P"
    return item


def items(today: date) -> list[tuple[Item, datetime]]:
    """Every item and the moment of its last change: some overdue, some due within a month, some history."""

    def ago(days: int) -> date:
        return today - timedelta(days=days)

    def changed(days: int) -> datetime:
        return datetime.combine(ago(days), time(6, 0), ZONE)

    return [
        *((item, changed(3)) for item in _zeljka_owes(today)),
        *((item, changed(30)) for item in _zeljka_has_paid(today)),
        *((item, changed(2)) for item in _others(today)),
    ]


def _zeljka_owes(today: date) -> list[Item]:
    year, oib = today.year, ZELJKA.number

    def on(days: int) -> str:
        return day(today + timedelta(days=days))

    instalments = [
        {
            "RedniBroj": number,
            "Dospijece": on(30 * number - 70),
            "Valuta": "EUR",
            "Iznos": amount(25000),
            "Preostalo": amount(0 if number == 1 else 25000),
            **hr68("571", oib, 100 + number),
        }
        for number in range(1, 6)
    ]
    return [
        _item(
            ZELJKA, f"{year}-KN-000117", f"Komunalna naknada {year}., 2. polugodište, Ulica žrtava fašizma 7",
            4860, DatumIzdavanja=on(-10), Dospijece=on(20), Odjel="KOM", **hr68("572", oib, 12),
            BrojRacuna=f"117/KN/{year}", SvrhaDoznake="Komunalna naknada 2. polugodište",
            Suvlasnici=[DURO.number], Referent="MH",
        ),
        _item(
            ZELJKA, f"{year}-KN-000042", f"Komunalna naknada {year}., 1. polugodište, Ulica žrtava fašizma 7",
            4860, Preostalo=amount(4897), Kamata=amount(37), DatumIzdavanja=on(-55), Dospijece=on(-25),
            Odjel="KOM", **hr68("572", oib, 6), BrojRacuna=f"42/KN/{year}", Suvlasnici=[DURO.number],
        ),
        _item(
            ZELJKA, f"{year}-GN-000310", f"Godišnja grobna naknada {year}., groblje Pregrada, polje Č", 2654,
            DatumIzdavanja=on(-18), Dospijece=on(12), Primatelj="NISKOGRADNJA",
            **hr01("004711", f"{year % 100:02d}12", "0310"), SvrhaDoznake="Grobna naknada",
        ),
        _item(
            ZELJKA, f"{year}-VO-008800", "Voda i odvodnja, obračun po očitanju", 9640, Preostalo=amount(3640),
            DatumIzdavanja=on(-22), Dospijece=on(8), Primatelj="NISKOGRADNJA",
            **hr01("004711", f"{year % 100:02d}11", "8800"), BrojRacuna=f"8800-1-{year}",
        ),
        _item(
            ZELJKA, f"{year}-KZ-000009", "Kazna komunalnog redara: nepropisno odloženi glomazni otpad", 13272,
            DatumIzdavanja=on(-70), Dospijece=on(-40), Odjel="KOM", **hr68("770", oib, 9),
        ),
        _item(
            ZELJKA, f"{year}-KD-000003", "Komunalni doprinos \N{EN DASH} dogradnja terase, obročna otplata",
            125000, Preostalo=amount(100000), DatumIzdavanja=on(-60), Dospijece=instalments[-1]["Dospijece"],
            Odjel="FIN", **hr68("571", oib, 100), Obroci=instalments,
        ),
        _item(
            ZELJKA, f"{year}-PR-000055", "Preplata komunalne naknade", 1820, Strana="P", DatumIzdavanja=None,
            Dospijece=None, Model=None, PozivNaBroj=None,
        ),
        _item(
            ZELJKA, f"{year}-RN-000021", "Najam dvorane društvenog doma, stornirano", 6636,
            DatumIzdavanja=on(-35), Dospijece=on(-5), **hr68("770", oib, 21), Status="S",
        ),
    ]  # fmt: skip


def _zeljka_has_paid(today: date) -> list[Item]:
    last, oib = today.year - 1, ZELJKA.number
    return [
        _item(
            ZELJKA, f"{last}-KN-000117", f"Komunalna naknada {last}., 2. polugodište", 4860,
            Preostalo=amount(0), DatumIzdavanja=f"01.11.{last}", Dospijece=f"01.12.{last}", Odjel="KOM",
            **hr68("572", oib, 12),
        ),
        _item(
            ZELJKA, f"{last}-PZ-000077", f"Porez na kuće za odmor {last}., Gornja Plemenšćina", 10620,
            Preostalo=amount(0), Dospijece=f"15.06.{last}", **hr68("173", oib, 77),
        ),
        # Before the euro (1 January 2023) the card was kept in kunas; these years are history only.
        _item(
            ZELJKA, "2022-KN-000117", "Komunalna naknada 2022.", 36618, Valuta="HRK", Preostalo=amount(0),
            DatumIzdavanja="01.03.2022", Dospijece="31.03.2022", Odjel="KOM", **hr68("572", oib, 22),
        ),
        _item(
            ZELJKA, "2021-VO-000040", "Vodni doprinos, priključak", 120456, Valuta="HRK", Preostalo=amount(0),
            Dospijece="15.09.2021", Primatelj="NISKOGRADNJA",
        ),
    ]  # fmt: skip


def _others(today: date) -> list[Item]:
    year = today.year

    def on(days: int) -> str:
        return day(today + timedelta(days=days))

    instalments = [
        {
            "RedniBroj": number,
            "Dospijece": on(30 * number - 45),
            "Valuta": "EUR",
            "Iznos": amount(312000),
            "Preostalo": amount(0 if number == 1 else 312000),
        }
        for number in range(1, 5)
    ]
    return [
        _item(
            DURO, f"{year}-VO-008801", "Voda i odvodnja, obračun po očitanju", 21405, Preostalo=None,
            DatumIzdavanja=on(-50), Dospijece=on(-20), Primatelj="NISKOGRADNJA",
            **hr01("004712", f"{year % 100:02d}10", "8801"),
        ),
        _item(
            CIRO, f"{year}-GN-000311", f"Godišnja grobna naknada {year}., groblje Vinagora", 2654,
            DatumIzdavanja=on(-15), Dospijece=on(15), Primatelj="NISKOGRADNJA",
            **hr01("004713", f"{year % 100:02d}12", "0311"),
        ),
        _item(
            CIRO, f"{year}-ZK-000005", "Zakup javne površine, štand na tržnici", 33180,
            Preostalo=amount(34011), Kamata=amount(831), DatumIzdavanja=on(-120), Dospijece=on(-90),
            Odjel="FIN", **hr68("572", CIRO.number, 5),
        ),
        _item(
            STOLARIJA, f"{year}-RN-000011", "Kupoprodaja zemljišta u poslovnoj zoni, plaćanje u obrocima",
            1248000, Preostalo=amount(936000), DatumIzdavanja=on(-30), Dospijece=instalments[-1]["Dospijece"],
            Odjel="FIN", Model="HR00", PozivNaBroj=f"11-{year}", BrojRacuna=f"11/RN/{year}", Obroci=instalments,
        ),
    ]  # fmt: skip
