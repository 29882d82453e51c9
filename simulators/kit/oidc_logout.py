"""Logout of a simulated OpenID provider: RP-Initiated Logout 1.0 and Back-Channel Logout 1.0."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from html import escape
from urllib.parse import urlencode

import httpx
from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from simulators.kit import pages
from simulators.kit.oidc_clients import client_of, form_of
from simulators.kit.oidc_model import Flavour, Login
from simulators.kit.oidc_switches import OidcSwitches
from simulators.kit.oidc_tokens import KeyRing, logout_token
from simulators.kit.pages import NotAccepted
from simulators.kit.store import Refused, Store
from simulators.kit.switches import CONTROL, Switchboard


class LogoutOrder(BaseModel):
    """Which session ends; `subject_only` tells the client of the person and not of the session."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    session: str
    subject_only: bool = False


class LogoutDoor:
    """The logout endpoint of each flavour, and what the control door can do about sessions and keys.

    `POST /_control/logout {"session": …}`   send the client a logout token and tell what it answered
    `GET /_control/logins`                   the sessions
    `POST /_control/rotate`                  sign with a new key; the last one stays published
    """

    def __init__(
        self,
        *,
        clients: Store,
        logins: dict[str, Login],
        keys: KeyRing,
        board: Switchboard,
        clock: Callable[[], datetime],
    ) -> None:
        self._clients, self._logins, self._keys, self._board, self._clock = clients, logins, keys, board, clock

    def control(self) -> list[Route]:
        return [
            Route(f"{CONTROL}/logout", self._tell, methods=["POST"]),
            Route(f"{CONTROL}/logins", self._list, methods=["GET"]),
            Route(f"{CONTROL}/rotate", self._rotate, methods=["POST"]),
        ]

    def route(self, flavour: Flavour) -> Route:
        async def end_session(request: Request) -> Response:
            return await self._end(request, flavour)

        return Route(flavour.end_session, end_session, methods=["GET", "POST"])

    async def _end(self, request: Request, flavour: Flavour) -> Response:
        form = dict(request.query_params) if request.method == "GET" else await form_of(request)
        hint = self._keys.read(form.get("id_token_hint", ""))
        for login in self._logins.values():
            if login.session == hint.get("sid"):
                login.ended = "by the client"
        target = form.get(flavour.logout_target, "")
        registered = [url for client in self._clients.items() for url in client["post_logout_redirect_uris"]]
        if target and target not in registered:
            return pages.refusal(flavour.title, NotAccepted("This address is not registered for logouts."))
        self._board.answered["end_session"] += 1
        if not target:
            return pages.page(flavour.title, f"<p>Logged out: {escape(str(hint.get('sid', 'nobody')))}.</p>")
        if form.get("state"):
            target += ("&" if "?" in target else "?") + urlencode({"state": form["state"]})
        return RedirectResponse(target, 302)

    async def _tell(self, request: Request) -> Response:
        order = LogoutOrder.model_validate_json(await request.body() or b"{}")
        login = next((one for one in self._logins.values() if one.session == order.session), None)
        if login is None:
            raise Refused(f"there is no session {order.session!r}")
        client = client_of(self._clients, login.client_id)
        if not client["backchannel_logout_uri"]:
            raise Refused("the client has no backchannel_logout_uri")
        switches = self._board.take()
        assert isinstance(switches, OidcSwitches)
        token = logout_token(
            self._keys,
            issuer=login.issuer,
            client_id=login.client_id,
            session="" if order.subject_only else login.session,
            subject=login.subject,
            now=self._clock(),
            wrong=switches.wrong,
        )
        async with httpx.AsyncClient(timeout=20, trust_env=False) as http:
            answer = await http.post(client["backchannel_logout_uri"], data={"logout_token": token})
        login.ended = "by the provider"
        return JSONResponse({"status": answer.status_code, "body": answer.text[:2000]})

    async def _list(self, _: Request) -> Response:
        shown = ("session", "client_id", "issuer", "person", "level", "ended")
        return JSONResponse([{name: getattr(login, name) for name in shown} for login in self._logins.values()])

    async def _rotate(self, _: Request) -> Response:
        return JSONResponse({"kid": self._keys.rotate()})
