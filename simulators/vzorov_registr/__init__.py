"""Stand-in for the register of persons of Vzorov: SOAP 1.2 with basic authentication."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from importlib import resources
from zoneinfo import ZoneInfo

from lxml import etree
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulators.kit.control import simulator
from simulators.kit.secrets import secret
from simulators.kit.soap import SOAP_12, SoapDoor, Writer
from simulators.kit.store import Item, Store
from simulators.kit.switches import Switchboard, Switches
from simulators.kit.writes import Ledger, Rejected
from simulators.people import BOZENA, EMA, JIRI, KATERINA, RUZENA, ZAHRADNICTVI, ZDENEK

PORT = 8104

_ZONE = ZoneInfo("Europe/Prague")
_NAMESPACE = "urn:vzorov:registr:1"
_FIELDS = ("@id", "Druh", "FyzickaOsoba", "PravnickaOsoba", "Obec", "Zmeneno")
_WRITER = Writer(
    _NAMESPACE,
    items={"Osoby": "Osoba"},
    orders={
        "Osoba": _FIELDS,
        "FyzickaOsoba": ("RodneCislo", "Titul", "Jmeno", "Prijmeni"),
        "PravnickaOsoba": ("ICO", "Nazev"),
    },
)
_PAGE = 100


def app(clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Starlette:
    """The simulator with its data as of `clock`'s day."""
    board = Switchboard()
    store = Store(
        key="@id",
        fields=_FIELDS,
        version=("Zmeneno", _moment),
        initial=lambda: _persons(clock().astimezone(_ZONE).date()),
        clock=clock,
    )
    credentials = base64.b64encode(f"munihub:{secret('vzorov-registr')}".encode())

    def authenticate(request: Request, _header: etree._Element | None) -> Response | None:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic" and hmac.compare_digest(given.strip().encode(), credentials):
            return None
        return Response(status_code=401, headers={"WWW-Authenticate": 'Basic realm="registr", charset="UTF-8"'})

    def list_persons(request: etree._Element, switches: Switches) -> etree._Element:
        kind = _text(request, "Druh")
        persons = [person for person in store.items() if kind in {"", person["Druh"]}]
        page, size = int(_text(request, "Strana") or 1), min(int(_text(request, "Velikost") or _PAGE), _PAGE)
        shown = persons[(page - 1) * size : page * size]
        return _WRITER.element(
            "SeznamOsobOdpoved",
            {
                "StavK": _moment(clock()),
                "Strana": page,
                "StranCelkem": max(1, -(-len(persons) // size)),
                "OsobCelkem": len(persons),
                "Osoby": [_spoil(person, switches.wrong_schema) for person in shown],
            },
        )

    ledger = Ledger(clock)

    def change_contact(request: etree._Element, _: Switches) -> etree._Element:
        number = _text(request, "RodneCislo") or _text(request, "ICO")
        known = {person["@id"]: _number(person) for person in store.items()}
        changed = [
            name for name in ("Email", "Telefon", "Adresa") if request.find(f"{{{_NAMESPACE}}}{name}") is not None
        ]

        def act() -> tuple[str, dict[str, int]]:
            person = next((one for one, theirs in known.items() if theirs == number), None)
            if person is None:
                raise Rejected("RodneCislo", "Osoba s tímto číslem v registru není.")
            if not changed:
                raise Rejected("Email", "Není co změnit.")
            return person, {"Verze": len(ledger.entries) + 1}

        done = ledger.perform("kontakt", _text(request, "Klic"), number, act)
        return _WRITER.element("ZmenaKontaktuOdpoved", done)

    def asked(request: etree._Element, _: Switches) -> etree._Element:
        found = ledger.asked(_text(request, "Klic"))
        return _WRITER.element("DotazNaZmenuOdpoved", {"Zmena": found} if found else {})

    door = SoapDoor(
        version=SOAP_12,
        wsdl=resources.files(__package__).joinpath("registr.wsdl").read_bytes(),
        encoding="utf-8",
        operations={"SeznamOsob": list_persons, "ZmenaKontaktu": change_contact, "DotazNaZmenu": asked},
        authenticate=authenticate,
        board=board,
        ledger=ledger,
    )
    return simulator(
        routes=[Route("/registr", door.answer, methods=["GET", "POST"])],
        board=board,
        stores={"people": store},
        ledger=ledger,
    )


def _persons(today: date) -> list[tuple[Item, datetime]]:
    """Everybody the register knows. One citizen of the accounting is missing on purpose."""
    people = (RUZENA, JIRI, ZDENEK, BOZENA, KATERINA, EMA, ZAHRADNICTVI)
    changed = datetime.combine(today - timedelta(days=40), time(2, 0), _ZONE)
    persons: list[Item] = []
    for number, person in enumerate(people, 1):
        item: Item = {"@id": f"RO-{number:06d}", "Druh": "PO" if person.is_entity else "FO", "Obec": "Vzorov"}
        if person.is_entity:
            item["PravnickaOsoba"] = {"ICO": person.number, "Nazev": person.name}
        else:
            birth_number = f"{person.number[:6]}/{person.number[6:]}"
            item["FyzickaOsoba"] = {"RodneCislo": birth_number, "Jmeno": person.given, "Prijmeni": person.name}
            if person is ZDENEK:
                item["FyzickaOsoba"]["Titul"] = "Ing."
        if person is BOZENA:
            item["Obec"] = None
        persons.append(item)
    return [(person, changed) for person in persons]


def _moment(value: datetime) -> str:
    return value.astimezone(_ZONE).isoformat(timespec="seconds")


def _text(request: etree._Element, name: str) -> str:
    return request.findtext(f"{{{_NAMESPACE}}}{name}", "").strip()


def _number(person: Item) -> str:
    if "PravnickaOsoba" in person:
        return str(person["PravnickaOsoba"]["ICO"])
    return str(person["FyzickaOsoba"]["RodneCislo"]).replace("/", "")


def _spoil(person: Item, how: str | None) -> Item:
    """A register has no amounts: `renamed` is the kind, `mistyped` the moment of the change."""
    if how == "renamed":
        return {("DruhOsoby" if name == "Druh" else name): value for name, value in person.items()}
    return {**person, "Zmeneno": "včera"} if how == "mistyped" else person
