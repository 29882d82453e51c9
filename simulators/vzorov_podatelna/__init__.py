"""Stand-in for the filing room of Vzorov: SOAP 1.1. It takes things, knows no key of the caller and cannot be asked."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

from lxml import etree
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulators.kit.control import simulator
from simulators.kit.secrets import secret
from simulators.kit.soap import SOAP_11, SoapDoor, Writer
from simulators.kit.store import Item, Store
from simulators.kit.switches import Switchboard, Switches
from simulators.kit.writes import Ledger

PORT = 8105

_ZONE = ZoneInfo("Europe/Prague")
_NAMESPACE = "urn:vzorov:podatelna:1"
_FIELDS = ("CisloJednaci", "Vec", "Podatel", "ZnackaPodatele", "Prilohy", "Doruceno")
_WRITER = Writer(_NAMESPACE, items={}, orders={"PrijmiPodaniOdpoved": ("CisloJednaci", "Doruceno")})
_FIRST = 1001
_LARGEST = 60_000_000


def app(clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Starlette:
    """The simulator; nothing has been filed yet."""
    board, ledger = Switchboard(), Ledger(clock)
    store = Store(key="CisloJednaci", fields=_FIELDS, initial=list, clock=clock)
    credentials = base64.b64encode(f"munihub:{secret('vzorov-podatelna')}".encode())

    def authenticate(request: Request, _header: etree._Element | None) -> Response | None:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic" and hmac.compare_digest(given.strip().encode(), credentials):
            return None
        return Response(status_code=401, headers={"WWW-Authenticate": 'Basic realm="podatelna", charset="UTF-8"'})

    def filed(request: etree._Element, subject: str, person: str) -> dict[str, Any]:
        who = _text(request, f"{person}/RodneCislo") or _text(request, f"{person}/ICO")

        def act() -> tuple[str, dict[str, Any]]:
            now = clock().astimezone(_ZONE)
            number = f"MUVZ/{_FIRST + len(store.items())}/{now:%Y}"
            names = [name.text or "" for name in request.iter(f"{{{_NAMESPACE}}}Nazev")]
            item: Item = {
                "CisloJednaci": number,
                "Vec": subject,
                "Podatel": who,
                "ZnackaPodatele": _text(request, "ZnackaPodatele"),
                "Prilohy": names,
                "Doruceno": now.isoformat(timespec="seconds"),
            }
            store.put(item)
            return number, {"CisloJednaci": number, "Doruceno": item["Doruceno"]}

        # The key of the ledger is the number we gave the citizen: the filing room itself does not look at it.
        noted = _text(request, "ZnackaPodatele")
        return ledger.perform(etree.QName(request).localname, noted, who, act, recognises=False)

    def take(request: etree._Element, _: Switches) -> etree._Element:
        return _WRITER.element("PrijmiPodaniOdpoved", filed(request, _text(request, "Vec"), "Podatel"))

    def report(request: etree._Element, _: Switches) -> etree._Element:
        done = filed(request, _text(request, "Kategorie"), "Ohlasil")
        return _WRITER.element("NahlasZavaduOdpoved", {"CisloJednaci": done["CisloJednaci"]})

    door = SoapDoor(
        version=SOAP_11,
        wsdl=resources.files(__package__).joinpath("podatelna.wsdl").read_bytes(),
        encoding="utf-8",
        operations={"PrijmiPodani": take, "NahlasZavadu": report},
        authenticate=authenticate,
        board=board,
        ledger=ledger,
        largest=_LARGEST,
    )
    routes = [Route("/podatelna", door.answer, methods=["GET", "POST"])]
    return simulator(routes=routes, board=board, stores={"items": store}, ledger=ledger)


def _text(request: etree._Element, path: str) -> str:
    steps = "/".join(f"{{{_NAMESPACE}}}{step}" for step in path.split("/"))
    return request.findtext(steps, "").strip()
