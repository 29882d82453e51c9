"""Stand-in for id.gov.ua, the Ukrainian Integrated System of Electronic Identification (IDInfoProcessingD, version 15).

Nearly OAuth 2: parameters may stand in the query, errors come with status 200, nothing is signed. It encrypts to no
certificate: the algorithms (DSTU) are not ones this can speak.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from simulators.eids import UKRAINE
from simulators.kit import pages
from simulators.kit.control import simulator
from simulators.kit.oidc_clients import client_of, client_store, form_of, trim
from simulators.kit.pages import NotAccepted
from simulators.kit.secrets import secret
from simulators.kit.store import Store
from simulators.kit.switches import Switchboard, Switches

PORT = 8114

_TITLE = "Інтегрована система електронної ідентифікації (симулятор)"
_WAYS = {"dig_sign": "Електронний підпис", "bank_id": "BankID НБУ", "mobile_id": "MobileID"}
_LIFE = timedelta(minutes=5)

Wrong = Literal[
    "wrong_state", "cancelled", "authorize_error", "token_error", "user_info_error", "logout_error", "no_user_id",
    "wrong_user", "swapped_codes", "seal", "missing_field", "unknown_field", "another_way", "encrypted",
]  # fmt: skip


class IdGovUaSwitches(Switches):
    """As every simulator's, and `wrong`: what is wrong with each answer, any number at once.

    `wrong_state`       in the redirect back
    `cancelled`, `authorize_error`   the redirect back says access_denied, server_error
    `token_error`, `user_info_error`, `logout_error`   an error with status 200
    `no_user_id`        a token without user_id
    `wrong_user`        the data of another person
    `swapped_codes`     the person's number in `edrpoucode`, nothing in `drfocode`
    `seal`              the seal of an organisation: no person at all
    `missing_field`     without `drfocode` and `edrpoucode`
    `unknown_field`     with `munihub_new`, which nobody announced
    `another_way`       says an `auth_type` nobody offered
    `encrypted`         encryptedUserInfo though nobody sent a certificate
    """

    wrong: tuple[Wrong, ...] = ()


@dataclass(slots=True)
class _Login:
    client_id: str
    redirect_uri: str
    state: str
    ways: tuple[str, ...]
    at: datetime
    person: str = ""
    way: str = ""
    user_id: str = ""


def app(clock: Callable[[], datetime] = lambda: datetime.now(UTC), hub: str = "http://127.0.0.1:8000") -> Starlette:
    """The simulator; it knows the client `munihub` with the addresses of both towns at `hub`."""
    board = Switchboard(IdGovUaSwitches)
    munihub = {
        "client_id": "munihub",
        "client_secret": secret("eid-id-gov-ua"),
        "redirect_uris": [f"{hub}/{town}/login/id_gov_ua/callback" for town in ("pregrada", "vzorov")],
        "post_logout_redirect_uris": [],
        "backchannel_logout_uri": "",
    }
    clients = client_store([munihub], clock)
    door = _Door(clients, board, clock)
    routes = [
        Route("/", door.authorize, methods=["GET"]),
        Route("/login", door.login, methods=["POST"]),
        Route("/get-access-token", door.token, methods=["GET", "POST"]),
        Route("/get-user-info", door.user_info, methods=["GET", "POST"]),
        Route("/get-user-logout", door.logout, methods=["GET", "POST"]),
    ]
    return simulator(routes=routes, board=board, stores={"clients": clients})


class _Door:
    def __init__(self, clients: Store, board: Switchboard, clock: Callable[[], datetime]) -> None:
        self._clients, self._board, self._clock = clients, board, clock
        self._waiting: dict[str, _Login] = {}
        self._codes: dict[str, _Login] = {}
        self._tokens: dict[str, _Login] = {}

    async def authorize(self, request: Request) -> Response:
        query = request.query_params
        try:
            client = client_of(self._clients, query.get("client_id", ""))
            if query.get("redirect_uri", "") not in client["redirect_uris"]:
                raise NotAccepted("Адреса повернення (redirect_uri) не зареєстрована.")
            ways = tuple(query.get("auth_type", "").split(","))
            if query.get("response_type") != "code" or not set(ways) <= set(_WAYS):
                raise NotAccepted(f"response_type must be code and auth_type some of {', '.join(_WAYS)}.")
        except NotAccepted as error:
            return pages.refusal(_TITLE, error)
        if _switches(request).fault:
            return pages.page(_TITLE, "<p>Internal error (simulated).</p>", 500)
        token = secrets.token_urlsafe(16)
        trim(self._waiting)
        state = query.get("state", "")
        self._waiting[token] = _Login(client["client_id"], query["redirect_uri"], state, ways, self._clock())
        self._board.answered["authorize"] += 1
        people = {key: holder.label for key, holder in UKRAINE.items()}
        # The way stands where other eIDs have a level; the last one offered is chosen.
        return pages.login(_TITLE, "/login", token, people, {way: _WAYS[way] for way in reversed(ways)}, "uk")

    async def login(self, request: Request) -> Response:
        form, wrong = await form_of(request), _switches(request).wrong
        login = self._waiting.pop(form.get("token", ""), None)
        if login is None or form.get("person") not in UKRAINE:
            return pages.refusal(_TITLE, NotAccepted("There is no such login or person."))
        way = form.get("level", login.ways[0])
        if way not in login.ways:
            return pages.refusal(_TITLE, NotAccepted("This way was not offered."))
        if form.get("do") == "cancel" or "cancelled" in wrong:
            answer = {"error": "access_denied", "error_description": "Користувач відмовився."}
        elif "authorize_error" in wrong:
            answer = {"error": "server_error", "error_description": "Internal error (simulated)."}
        else:
            code = secrets.token_hex(16)
            login.person, login.way, login.at = form["person"], way, self._clock()
            trim(self._codes)
            self._codes[code] = login
            answer = {"code": code}
        self._board.answered["login"] += 1
        answer["state"] = "another-state" if "wrong_state" in wrong else login.state
        joint = "&" if "?" in login.redirect_uri else "?"
        return RedirectResponse(f"{login.redirect_uri}{joint}{urlencode(answer)}", 302)

    async def token(self, request: Request) -> Response:
        given, switches = await _parameters(request), _switches(request)
        if switches.fault:
            return Response("Internal error (simulated).", 500)
        try:
            client = client_of(self._clients, given.get("client_id", ""))
        except NotAccepted:
            return _error("1", "invalid client")
        if not secrets.compare_digest(given.get("client_secret", "").encode(), client["client_secret"].encode()):
            return _error("1", "invalid client")
        login = self._codes.pop(given.get("code", ""), None)
        if "token_error" in switches.wrong or given.get("grant_type") != "authorization_code":
            return _error("2", "invalid grant")
        if login is None or login.client_id != client["client_id"] or self._clock() - login.at > _LIFE:
            return _error("2", "invalid code")
        token = secrets.token_hex(20)
        login.user_id, login.at = secrets.token_hex(8), self._clock()
        trim(self._tokens)
        self._tokens[token] = login
        self._board.answered["token"] += 1
        body = {
            "access_token": token,
            "token_type": "bearer",
            "expires_in": int(_LIFE.total_seconds()),
            "refresh_token": secrets.token_hex(20),
            "user_id": login.user_id,
        }
        if "no_user_id" in switches.wrong:
            del body["user_id"]
        return JSONResponse(body)

    async def user_info(self, request: Request) -> Response:
        given, switches = await _parameters(request), _switches(request)
        login = self._known(given)
        if login is None or "user_info_error" in switches.wrong:
            return JSONResponse({"error": "3", "message": "invalid token"})
        if switches.fault:
            return Response("Internal error (simulated).", 500)
        if given.get("cert"):
            return JSONResponse({"error": "4", "message": "this simulator does not encrypt"})
        if "encrypted" in switches.wrong:
            return JSONResponse({"encryptedUserInfo": "MIIB"})
        person = next(key for key in UKRAINE if key != login.person) if "wrong_user" in switches.wrong else login.person
        known = _fields(person, login.way, switches)
        wanted = [name for name in given.get("fields", "").split(",") if name]
        more = {"auth_type", "munihub_new", "drfocode2"}
        self._board.answered["user_info"] += 1
        return JSONResponse({name: value for name, value in known.items() if not wanted or name in {*wanted, *more}})

    async def logout(self, request: Request) -> Response:
        """`error` "0" is the success."""
        given = await _parameters(request)
        if "logout_error" in _switches(request).wrong or self._known(given) is None:
            return _error("5", "invalid token")
        del self._tokens[given["access_token"]]
        self._board.answered["logout"] += 1
        return _error("0", "Дані користувача успішно видалено")

    def _known(self, given: dict[str, str]) -> _Login | None:
        login = self._tokens.get(given.get("access_token", ""))
        if login is None or login.user_id != given.get("user_id") or self._clock() - login.at > _LIFE:
            return None
        return login


def _fields(person: str, way: str, switches: IdGovUaSwitches) -> dict[str, Any]:
    holder, wrong = UKRAINE[person], switches.wrong
    fields: dict[str, Any] = {
        "auth_type": way,
        "issuercn": "КНЕДП «Симулятор munihub»",
        "serial": "3CB2E1A4F0",
        "subjectcn": f"{holder.family} {holder.given} {holder.patronymic}",
        "lastname": holder.family,
        "givenname": holder.given,
        "middlename": holder.patronymic,
        "locality": "Їжаків",
        "state": "Київська",
        "email": f"{person}@citizen.example",
        "phone": "+380501000001",
        "o": holder.acts_for.name if holder.acts_for else "",
        "edrpoucode": holder.acts_for.number if holder.acts_for else "",
        "drfocode": holder.number,
        "unzr": f"{holder.born:%Y%m%d}-01234",
        "isqscd": "1" if way == "dig_sign" else "0",
    }
    if "swapped_codes" in wrong:
        fields |= {"edrpoucode": holder.number, "drfocode": ""}
    if "seal" in wrong:
        seal = {"o": "КП «Водоканал Їжакове»", "edrpoucode": "41003212", "drfocode": "", "unzr": ""}
        fields |= seal | {"lastname": "", "givenname": "", "middlename": ""}
    if "missing_field" in wrong:
        fields |= {"drfocode": "", "edrpoucode": "", "unzr": ""}
    if "unknown_field" in wrong:
        fields["munihub_new"] = "42"
    if "another_way" in wrong:
        fields["auth_type"] = "sms"
    if switches.wrong_schema == "renamed":
        fields["drfocode2"] = fields.pop("drfocode")
    elif switches.wrong_schema == "mistyped":
        fields["drfocode"] = "не вказано"
    return fields


async def _parameters(request: Request) -> dict[str, str]:
    """From the query and the form alike."""
    return dict(request.query_params) | (await form_of(request) if request.method == "POST" else {})


def _error(code: str, text: str) -> Response:
    return JSONResponse({"error": code, "error_description": text})


def _switches(request: Request) -> IdGovUaSwitches:
    switches = request.scope["switches"]
    assert isinstance(switches, IdGovUaSwitches)
    return switches
