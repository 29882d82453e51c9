"""What the registry of cases of Pregrada takes: new cases with documents, answers, reported problems, contact data.

Every write carries the caller's key in `Idempotency-Key`; `GET /api/v1/zapisi?kljuc=` says what was done under it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from itertools import count
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.kit.rest import problem, simulated_fault
from simulators.kit.store import Item, Refused, Store
from simulators.kit.switches import Switchboard
from simulators.kit.writes import Failed, Ledger, Rejected
from simulators.pregrada_urudzbeni.data import PARTS, STATUSES, ZONE, moment

_FIRST = 201
_LONGEST = 10_000


class Desk:
    """The receiving desk: `routes` are its doors, `accepts` says who may come in."""

    def __init__(
        self,
        items: Store,
        people: Store,
        ledger: Ledger,
        board: Switchboard,
        clock: Callable[[], datetime],
        refusal: Callable[[Request], Response | None],
    ) -> None:
        self._items, self._people, self._ledger, self._board = items, people, ledger, board
        self._clock, self._refusal = clock, refusal
        self._numbers, self._documents, self._reports = count(_FIRST), count(1), count(1)
        self.documents: list[Item] = []

    def routes(self) -> list[Route]:
        return [
            Route("/api/v1/predmeti", self._door("predmet", self._open_case), methods=["POST"]),
            Route("/api/v1/predmeti/{id}/dokumenti", self._door("dokument", self._add_document), methods=["POST"]),
            Route("/api/v1/predmeti/{id}/podnesci", self._door("podnesak", self._answer), methods=["POST"]),
            Route("/api/v1/prijave", self._door("prijava", self._report), methods=["POST"]),
            Route("/api/v1/stranke/{id}/kontakt", self._door("kontakt", self._contact), methods=["PUT"]),
            Route("/api/v1/zapisi", self._asked, methods=["GET"]),
        ]

    def _door(
        self, operation: str, act: Callable[[str, dict[str, Any]], tuple[str, str, dict[str, Any]]]
    ) -> Callable[[Request], Any]:
        async def door(request: Request) -> Response:
            if refused := self._refusal(request) or simulated_fault(request):
                return refused
            try:
                body = json.loads(await request.body())
            except ValueError:
                return problem(400, "neispravan_json", "Tijelo zahtjeva nije JSON.")
            if not isinstance(body, dict):
                return problem(400, "neispravan_json", "Tijelo zahtjeva nije objekt.")
            key, of = request.headers.get("idempotency-key", ""), request.path_params.get("id", "")

            def acted() -> tuple[str, dict[str, Any]]:
                number, _, made = act(of, body)
                return number, {operation: made}

            about = of or _text(body, "podnositelj.oib", "prijavitelj.oib") or ""
            try:
                done = self._ledger.perform(operation, key, about, acted)
            except Failed as failed:
                return await self._ledger.failed(request, failed)
            except Rejected as rejected:
                answer = {
                    "type": "about:blank", "status": 422, "code": "neispravno_polje", "title": rejected.text,
                    "polje": rejected.field,
                }  # fmt: skip
                return JSONResponse(answer, 422, media_type="application/problem+json")
            self._board.answered[operation] += 1
            return await self._ledger.answer(request, JSONResponse(done, 201))

        return door

    async def _asked(self, request: Request) -> Response:
        if refused := self._refusal(request) or simulated_fault(request):
            return refused
        key = request.query_params.get("kljuc", "")
        return JSONResponse({"zapis": self._ledger.asked(key, request.query_params.get("vrsta")) if key else None})

    # ── What is done ──

    def _open_case(self, _: str, body: dict[str, Any]) -> tuple[str, str, dict[str, Any]]:
        oib = self._party(body, "podnositelj")
        title, _ = _needed(body, "naziv", 500), _needed(body, "opis", _LONGEST)
        item = self._new_case(title, oib, "Zahtjev je predan elektronički.", kind="ZAHTJEV", group="363-03")
        return item["klasa"], oib, _made(item)

    def _report(self, _: str, body: dict[str, Any]) -> tuple[str, str, dict[str, Any]]:
        oib = self._party(body, "prijavitelj")
        category, text = _needed(body, "kategorija", 100), _needed(body, "opis", _LONGEST)
        place = body.get("adresa") or (f"{body['sirina']}, {body['duzina']}" if "sirina" in body else None)
        if place is None:
            raise Rejected("adresa", "Mjesto nije navedeno: potrebna je adresa ili koordinate.")
        for photo in body.get("fotografije", []):
            self._keep(photo, "fotografije")
        item = self._new_case(
            f"Prijava: {category}, {place}"[:500],
            oib,
            f"Prijava je zaprimljena: {text[:80]}",
            kind="NP",
            group="363-01",
        )
        return item["klasa"], oib, {"broj": f"P-{self._clock():%Y}/{next(self._reports):04d}", **_made(item)}

    def _add_document(self, case: str, body: dict[str, Any]) -> tuple[str, str, dict[str, Any]]:
        self._case(case)
        kept = self._keep(body, "")
        return kept["oznaka"], case, kept

    def _answer(self, case: str, body: dict[str, Any]) -> tuple[str, str, dict[str, Any]]:
        item, text = self._case(case), _needed(body, "tekst", _LONGEST)
        kept = [self._keep(one, "dokumenti")["oznaka"] for one in body.get("dokumenti", [])]
        happened = {"vrijeme": moment(self._clock()), "status": "U_RADU", "opis": f"Zaprimljen podnesak: {text[:80]}"}
        events = [*item["dogadaji"], happened]
        urbroj = f"{item['urbroj'].rpartition('-')[0]}-{len(events)}"
        status = {"sifra": "U_RADU", "naziv": STATUSES["U_RADU"]}
        self._items.put({"id": item["id"], "dogadaji": events, "urbroj": urbroj, "status": status})
        return urbroj, case, {"urbroj": urbroj, "dokumenti": kept}

    def _contact(self, oib: str, body: dict[str, Any]) -> tuple[str, str, dict[str, Any]]:
        known: Item = {name: body[name] for name in ("eposta", "telefon", "adresa") if name in body}
        if not known:
            raise Rejected("eposta", "Nema podatka koji bi se promijenio.")
        if oib not in {one["oib"] for one in self._people.items()}:
            raise Rejected("oib", "Stranka s tim OIB-om nije u evidenciji.")
        state = self._people.put({"oib": oib, **known})
        return str(state.sequence), oib, {"verzija": state.sequence}

    # ── How ──

    def _new_case(self, title: str, oib: str, text: str, *, kind: str, group: str) -> Item:
        now, number = self._clock().astimezone(ZONE), next(self._numbers)
        names = {"ZAHTJEV": "Zahtjev građana", "NP": "Neupravni predmet"}
        item: Item = {
            "id": 40000 + number,
            "klasa": f"{group}/{now:%y}-01/{number}",
            "urbroj": f"2140-5-03/1-{now:%y}-1",
            "naziv": title,
            "vrsta": {"sifra": kind, "naziv": names[kind]},
            "status": {"sifra": "ZAPRIMLJENO", "naziv": STATUSES["ZAPRIMLJENO"]},
            "ustrojstvena_jedinica": {"sifra": "03", "naziv": "Komunalni odsjek"},
            "zaprimljeno": f"{now:%Y-%m-%d}",
            "rok": None,
            "zavrseno": None,
            "ishod": None,
            "stranke": {part: [{"oib": oib}] if part == "podnositelji" else [] for part in PARTS},
            "dogadaji": [{"vrijeme": moment(now), "status": "ZAPRIMLJENO", "opis": text}],
            "referent": "I. Habek",
        }
        self._items.put(item)
        return item

    def _party(self, body: dict[str, Any], part: str) -> str:
        oib = _text(body, f"{part}.oib") or ""
        if len(oib) != 11 or not oib.isdigit():
            raise Rejected(f"{part}.oib", "OIB nedostaje ili nije ispravan.")
        if oib not in {one["oib"] for one in self._people.items()}:
            self._people.put({"oib": oib, "naziv": _text(body, f"{part}.naziv") or ""})
        return oib

    def _case(self, case: str) -> Item:
        try:
            return self._items.states(case)[-1].data
        except Refused:
            raise Rejected("predmet", "Predmet s tom oznakom ne postoji.") from None

    def _keep(self, body: dict[str, Any], where: str) -> Item:
        prefix = f"{where}." if where else ""
        try:
            content = base64.b64decode(_needed(body, "sadrzaj", 40_000_000, prefix), validate=True)
        except (binascii.Error, ValueError):
            raise Rejected(f"{prefix}sadrzaj", "Sadržaj nije base64.") from None
        kept = {
            "oznaka": f"D-{next(self._documents):06d}",
            "naziv": _needed(body, "naziv", 255, prefix),
            "velicina": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        self.documents.append(kept)
        return kept


def _made(item: Item) -> dict[str, Any]:
    return {name: item[name] for name in ("id", "klasa", "urbroj", "zaprimljeno")}


def _text(body: dict[str, Any], *paths: str) -> str | None:
    for path in paths:
        found: Any = body
        for step in path.split("."):
            found = found.get(step) if isinstance(found, dict) else None
        if isinstance(found, str) and found:
            return found
    return None


def _needed(body: dict[str, Any], name: str, longest: int, prefix: str = "") -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value.strip():
        raise Rejected(f"{prefix}{name}", f"Polje {prefix}{name} je obvezno.")
    if len(value) > longest:
        raise Rejected(f"{prefix}{name}", f"Polje {prefix}{name} ima više od {longest} znakova.")
    return value
