"""Stand-in for the financial card of Pregrada: SOAP 1.1 in windows-1250, with WS-Security."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from importlib import resources

from lxml import etree
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from simulators.kit.control import simulator
from simulators.kit.push import Pusher
from simulators.kit.secrets import secret
from simulators.kit.soap import SOAP_11, Fault, SoapDoor, Writer
from simulators.kit.store import Item, Store
from simulators.kit.switches import Switchboard, Switches
from simulators.kit.writes import Ledger, Rejected
from simulators.kit.wsse import UsernameTokens
from simulators.pregrada_financije.data import FIELDS, ZONE, items, moment, taxpayers
from simulators.pregrada_financije.postings import Postings

PORT = 8101

_NAMESPACE = "urn:pregrada:financije:1"
_WRITER = Writer(
    _NAMESPACE,
    items={"Stavke": "Stavka", "Obroci": "Obrok", "Suvlasnici": "SuvlasnikOIB", "VanjskeUplate": "Kljuc"},
    orders={
        "Obveznik": ("OIB", "Naziv", "VrstaOsobe"),
        "Stavka": FIELDS,
        "Obrok": ("RedniBroj", "Dospijece", "Valuta", "Iznos", "Preostalo", "Model", "PozivNaBroj"),
    },
)
_LARGEST_PART = 100


def app(clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Starlette:
    """The simulator with its data as of `clock`'s day."""
    board = Switchboard()
    stores = {
        "items": Store(
            key="Sifra",
            fields=FIELDS,
            version=("ZadnjaPromjena", moment),
            removed="Obrisano",
            initial=lambda: items(clock().astimezone(ZONE).date()),
            clock=clock,
        ),
        "people": Store(
            key="OIB",
            fields=("OIB", "Naziv", "VrstaOsobe"),
            initial=lambda: [(person, clock()) for person in taxpayers()],
            clock=clock,
        ),
    }
    tokens = UsernameTokens("munihub", secret("pregrada-financije"), clock)

    def authenticate(_: Request, header: etree._Element | None) -> None:
        tokens.check(header)

    ledger = Ledger(clock)
    contacts = _Contacts(stores["people"], ledger)
    postings = _Postings(Postings(stores["items"], ledger))
    card = _Card(stores["items"], stores["people"], clock)
    door = SoapDoor(
        version=SOAP_11,
        wsdl=resources.files(__package__).joinpath("financije.wsdl").read_bytes(),
        encoding="windows-1250",
        operations={
            "DohvatiOtvoreneStavke": card.items_of_one,
            "DohvatiPromjene": card.changes,
            "PromijeniKontakt": contacts.change,
            "ProvjeriPromjenu": contacts.asked,
            "KnjiziUplatu": postings.post,
            "ProvjeriUplatu": postings.asked,
        },
        authenticate=authenticate,
        board=board,
        ledger=ledger,
    )
    pusher = Pusher(
        type="hr.pregrada.financije.stavka",
        source="urn:pregrada:financije",
        secret=secret("pregrada-financije-push"),
        store=stores["items"],
        spoil=spoil,
    )
    return simulator(
        routes=[Route("/financije", door.answer, methods=["GET", "POST"])],
        board=board,
        stores=stores,
        pusher=pusher,
        ledger=ledger,
    )


def spoil(item: Item, how: str) -> Item:
    """An item as it would come after an upgrade nobody announced."""
    if how == "renamed":
        return {("IznosZaPlatiti" if name == "Preostalo" else name): value for name, value in item.items()}
    return {**item, "Iznos": "tisuću dvjesto pedeset"}


class _Card:
    """The operations of the card."""

    def __init__(self, items: Store, people: Store, clock: Callable[[], datetime]) -> None:
        self._items = items
        self._people = people
        self._clock = clock

    def items_of_one(self, request: etree._Element, switches: Switches) -> etree._Element:
        oib = _text(request, "OIB")
        person = next((person for person in self._people.items() if person["OIB"] == oib), None)
        if person is None:
            detail = _WRITER.element(
                "Greska", {"Sifra": "NepoznatObveznik", "Poruka": "Obveznik s tim OIB-om nije u evidenciji."}
            )
            raise Fault(f"{{{_NAMESPACE}}}NepoznatObveznik", "Nepoznat obveznik", detail)
        closed = _text(request, "UkljuciZatvorene") in {"true", "1"}
        found = [
            item
            for item in self._items.items()
            if oib in {item["OIB"], *item.get("Suvlasnici", ())} and (closed or item["Status"] == "A")
        ]
        return _WRITER.element(
            "DohvatiOtvoreneStavkeOdgovor",
            {"StanjeNa": self._as_of(), "Obveznik": person, "Stavke": _spoilt(found, switches)},
        )

    def changes(self, request: etree._Element, switches: Switches) -> etree._Element:
        mark = _text(request, "Nastavak") or _text(request, "OdOznake")
        size = min(int(_text(request, "Najvise") or _LARGEST_PART), _LARGEST_PART)
        changes = self._items.changes(mark or None, size)
        reply = {
            "StanjeNa": self._as_of(),
            "Stavke": _spoilt(changes.items, switches),
            "Oznaka": changes.mark,
        }
        if changes.more:
            reply["Nastavak"] = changes.mark
        return _WRITER.element("DohvatiPromjeneOdgovor", reply)

    def _as_of(self) -> str:
        return moment(self._clock())


class _Contacts:
    """Where the bills of the card go."""

    def __init__(self, people: Store, ledger: Ledger) -> None:
        self._people = people
        self._ledger = ledger

    def change(self, request: etree._Element, _: Switches) -> etree._Element:
        oib, key = _text(request, "OIB"), _text(request, "Kljuc")

        def act() -> tuple[str, dict[str, str]]:
            if all(person["OIB"] != oib for person in self._people.items()):
                raise Rejected("OIB", "Obveznik s tim OIB-om nije u evidenciji.")
            if all(request.find(f"{{{_NAMESPACE}}}{name}") is None for name in ("Eposta", "Telefon", "Adresa")):
                raise Rejected("Eposta", "Nema promjene.")
            mark = f"PK-{len(self._ledger.entries) + 1:04d}"
            return mark, {"Kljuc": key, "Oznaka": mark}

        done = self._ledger.perform("kontakt", key, oib, act)
        return _WRITER.element("PromijeniKontaktOdgovor", {"Oznaka": done["Oznaka"]})

    def asked(self, request: etree._Element, _: Switches) -> etree._Element:
        found = self._ledger.asked(_text(request, "Kljuc"), "kontakt")
        return _WRITER.element("ProvjeriPromjenuOdgovor", {"Promjena": found} if found else {})


class _Postings:
    """Payments announced by others."""

    def __init__(self, postings: Postings) -> None:
        self._postings = postings

    def post(self, request: etree._Element, _: Switches) -> etree._Element:
        asked = {etree.QName(child).localname: (child.text or "").strip() for child in request}
        done = self._postings.post(asked)
        return _WRITER.element("KnjiziUplatuOdgovor", {"Temeljnica": done["Temeljnica"]})

    def asked(self, request: etree._Element, _: Switches) -> etree._Element:
        found = self._postings.asked(_text(request, "Kljuc"))
        return _WRITER.element("ProvjeriUplatuOdgovor", {"Uplata": found} if found else {})


def _text(request: etree._Element, name: str) -> str:
    return request.findtext(f"{{{_NAMESPACE}}}{name}", "").strip()


def _spoilt(items: list[Item], switches: Switches) -> list[Item]:
    return [spoil(item, switches.wrong_schema) for item in items] if switches.wrong_schema else items
