"""Stand-in for the registry of cases of Pregrada: REST with numbered pages and a bearer token; it also takes things."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import resources

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.kit.control import simulator
from simulators.kit.rest import bearer_refusal, problem, simulated_fault, spoil, whole_number
from simulators.kit.secrets import secret
from simulators.kit.store import Store
from simulators.kit.switches import Switchboard, Switches
from simulators.kit.writes import Ledger
from simulators.pregrada_urudzbeni.data import FIELDS, ZONE, cases, moment, parties
from simulators.pregrada_urudzbeni.writes import Desk

PORT = 8102

_PER_PAGE = 20
_MOST_PER_PAGE = 100


def app(clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Starlette:
    """The simulator with its data as of `clock`'s day."""
    board = Switchboard()
    stores = {
        "items": Store(
            key="id",
            fields=FIELDS,
            version=("promijenjeno", moment),
            removed="obrisano",
            initial=lambda: cases(clock().astimezone(ZONE).date()),
            clock=clock,
        ),
        "people": Store(
            key="oib",
            fields=("oib", "naziv", "eposta", "telefon", "adresa"),
            initial=lambda: [(party, clock()) for party in parties()],
            clock=clock,
        ),
    }
    token = secret("pregrada-urudzbeni").encode()

    def accepts(given: str) -> bool:
        return hmac.compare_digest(given.encode(), token)

    ledger = Ledger(clock)
    desk = Desk(stores["items"], stores["people"], ledger, board, clock, lambda asked: bearer_refusal(asked, accepts))

    async def list_cases(request: Request) -> Response:
        if refusal := bearer_refusal(request, accepts) or simulated_fault(request):
            return refusal
        oib = request.query_params.get("oib")
        if oib is not None and oib not in {party["oib"] for party in stores["people"].items()}:
            return problem(404, "nepoznata_stranka", "Stranka s tim OIB-om nije u evidenciji.")
        found = [
            case
            for case in stores["items"].items()
            if oib is None or any({"oib": oib} in group for group in case["stranke"].values())
        ]
        page = whole_number(request, "page", 1, 10**6)
        size = whole_number(request, "per_page", _PER_PAGE, _MOST_PER_PAGE)
        switches: Switches = request.scope["switches"]
        board.answered["predmeti"] += 1
        return JSONResponse(
            {
                "data": [
                    spoil(case, switches.wrong_schema, "status", "stanje")
                    for case in found[(page - 1) * size : page * size]
                ],
                "meta": {
                    "page": page,
                    "per_page": size,
                    "total": len(found),
                    "last_page": max(1, -(-len(found) // size)),
                    "stanje_na": moment(clock()),
                },
            }
        )

    described = resources.files(__package__).joinpath("openapi.json").read_bytes()

    async def openapi(_: Request) -> Response:
        return Response(described, media_type="application/json")

    reads = [
        Route("/api/v1/predmeti", list_cases, methods=["GET"]),
        Route("/openapi.json", openapi, methods=["GET"]),
    ]
    routes = [*reads, *desk.routes()]
    return simulator(routes=routes, board=board, stores=stores, ledger=ledger)
