"""Stand-in for the accounting of Vzorov: REST with cursors, behind OAuth 2 client credentials."""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from urllib.parse import parse_qs, unquote_plus

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.kit.control import simulator
from simulators.kit.push import Pusher
from simulators.kit.rest import bearer_refusal, simulated_fault, spoil, whole_number
from simulators.kit.secrets import secret
from simulators.kit.store import Store
from simulators.kit.switches import Switchboard, Switches
from simulators.kit.writes import Ledger
from simulators.vzorov_ucetnictvi.data import FIELDS, ZONE, assessments, moment, version
from simulators.vzorov_ucetnictvi.postings import Postings

PORT = 8103

_CLIENT = "munihub"
_TOKEN_LIFE = timedelta(minutes=5)
_PAGE = 50
_MOST = 200

_spoil = partial(spoil, field="castka", renamed="castka_celkem")


def app(clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Starlette:
    """The simulator with its data as of `clock`'s day."""
    board = Switchboard()
    store = Store(
        key="id",
        fields=FIELDS,
        version=("verze", version),
        removed="smazano",
        initial=lambda: assessments(clock().astimezone(ZONE).date()),
        clock=clock,
    )
    accounting = _Accounting(store, board, clock)
    ledger = Ledger(clock)
    postings = Postings(store, ledger, accounting.refusal)
    pusher = Pusher(
        type="cz.vzorov.predpis",
        source="urn:vzorov:ucetnictvi",
        secret=secret("vzorov-ucetnictvi-push"),
        store=store,
        spoil=_spoil,
    )
    return simulator(
        routes=[
            Route("/oauth/token", accounting.token, methods=["POST"]),
            Route("/v1/predpisy", accounting.assessments, methods=["GET"]),
            Route("/v1/uhrady", postings.door, methods=["GET", "POST"]),
        ],
        board=board,
        stores={"items": store},
        pusher=pusher,
        ledger=ledger,
    )


class _Accounting:
    def __init__(self, store: Store, board: Switchboard, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._board = board
        self._clock = clock
        self._secret = secret("vzorov-ucetnictvi")
        self._tokens: dict[str, datetime] = {}

    async def token(self, request: Request) -> Response:
        """Client credentials grant (RFC 6749 §4.4); the client says who it is in either way of §2.3.1."""
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        client, given = _basic(request) or (form.get("client_id", ""), form.get("client_secret", ""))
        right = hmac.compare_digest(given.encode(), self._secret.encode())
        if not right or not hmac.compare_digest(client.encode(), _CLIENT.encode()):
            headers = {"WWW-Authenticate": "Basic"}
            return JSONResponse({"error": "invalid_client"}, 401, headers=headers)
        if form.get("grant_type") != "client_credentials":
            return JSONResponse({"error": "unsupported_grant_type"}, 400)
        token = secrets.token_urlsafe(24)
        now = self._clock()
        self._tokens = {known: until for known, until in self._tokens.items() if until > now}
        self._tokens[token] = now + _TOKEN_LIFE
        self._board.answered["token"] += 1
        seconds = int(_TOKEN_LIFE.total_seconds())
        body = {"access_token": token, "token_type": "Bearer", "expires_in": seconds}
        return JSONResponse(body, headers={"Cache-Control": "no-store"})

    async def assessments(self, request: Request) -> Response:
        """Everything changed since `od_znacky`, or everything; `kurzor` asks for the next page of it."""
        if refusal := self.refusal(request) or simulated_fault(request):
            return refusal
        query = request.query_params
        size = whole_number(request, "limit", _PAGE, _MOST)
        changes = self._store.changes(query.get("kurzor") or query.get("od_znacky"), size)
        switches: Switches = request.scope["switches"]
        self._board.answered["predpisy"] += 1
        return JSONResponse(
            {
                "stav_k": moment(self._clock()),
                "predpisy": [_spoil(item, switches.wrong_schema) for item in changes.items],
                "znacka": changes.mark,
                "dalsi_kurzor": changes.mark if changes.more else None,
            }
        )

    def refusal(self, request: Request) -> Response | None:
        """The answer to whoever has no token of ours; None to the others."""
        return bearer_refusal(request, self._accepts)

    def _accepts(self, token: str) -> bool:
        until = self._tokens.get(token)
        return until is not None and until > self._clock()


def _basic(request: Request) -> tuple[str, str] | None:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client, _, password = base64.b64decode(given, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return unquote_plus(client), unquote_plus(password)
