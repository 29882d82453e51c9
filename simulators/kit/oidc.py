"""A simulated OpenID provider: discovery and the code flow (OpenID Connect Core 1.0 §3.1, RFC 6749, RFC 7636).

What a scheme does differently is said by its `Flavour`.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from simulators.kit import pages
from simulators.kit.oidc_clients import NotAuthenticated, authenticated, client_of, form_of, trim
from simulators.kit.oidc_model import LEVELS, Asked, Flavour, Login
from simulators.kit.oidc_switches import OidcSwitches
from simulators.kit.oidc_tokens import KeyRing, id_token, s256
from simulators.kit.pages import NotAccepted
from simulators.kit.rest import problem
from simulators.kit.store import Store
from simulators.kit.switches import Switchboard

_CODE_LIFE = timedelta(minutes=1)
_TOKEN_LIFE = timedelta(minutes=5)
_ELSEWHERE = "https://elsewhere.example"


class OpenIdProvider:
    """`clients`, `logins` (by access token) and `keys` are shared by the flavours of a process."""

    def __init__(
        self,
        flavour: Flavour,
        *,
        board: Switchboard,
        keys: KeyRing,
        clients: Store,
        logins: dict[str, Login],
        clock: Callable[[], datetime],
    ) -> None:
        self._flavour = flavour
        self._board, self._keys, self._clients, self._logins, self._clock = board, keys, clients, logins, clock
        self._waiting: dict[str, Asked] = {}
        self._codes: dict[str, Asked] = {}

    def routes(self) -> list[Route]:
        flavour = self._flavour
        return [
            Route(f"{flavour.root}/.well-known/openid-configuration", self._discovery, methods=["GET"]),
            Route(flavour.jwks, self._jwks, methods=["GET"]),
            Route(flavour.authorize, self._authorize, methods=["GET"]),
            Route(f"/login/{flavour.name}", self._login, methods=["POST"]),
            Route(flavour.token, self._token, methods=["POST"]),
            Route(flavour.userinfo, self._userinfo, methods=["GET", "POST"]),
        ]

    def _issuer(self, request: Request, client_id: str) -> str:
        return _base(request) + self._flavour.root.replace("{client}", client_id)

    async def _discovery(self, request: Request) -> Response:
        """OpenID Connect Discovery 1.0 §3."""
        flavour = self._flavour
        client_id = request.path_params.get("client", "")

        def at(path: str) -> str:
            return _base(request) + path.replace("{client}", client_id)

        wrong = switches_of(request).wrong
        document = {
            "issuer": _ELSEWHERE if "wrong_issuer_in_discovery" in wrong else self._issuer(request, client_id),
            "authorization_endpoint": at(flavour.authorize),
            "token_endpoint": at(flavour.token),
            "userinfo_endpoint": at(flavour.userinfo),
            "jwks_uri": at(flavour.jwks),
            "end_session_endpoint": at(flavour.end_session),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "code_challenge_methods_supported": ["S256"],
            "scopes_supported": [scope.replace("{client}", client_id) for scope in flavour.scopes],
            "claims_supported": sorted(flavour.claims(next(iter(flavour.people)), LEVELS[-1])),
            "authorization_response_iss_parameter_supported": True,
            "backchannel_logout_supported": True,
            "backchannel_logout_session_supported": True,
        }
        if flavour.acr:
            document["acr_values_supported"] = list(flavour.acr)
        self._board.answered["discovery"] += 1
        return JSONResponse(document)

    async def _jwks(self, _: Request) -> Response:
        self._board.answered["jwks"] += 1
        return JSONResponse(self._keys.published())

    async def _authorize(self, request: Request) -> Response:
        flavour, query = self._flavour, request.query_params
        if switches_of(request).fault:
            return pages.page(flavour.title, "<p>Internal error (simulated).</p>", 500)
        try:
            client = client_of(self._clients, query.get("client_id", ""))
            if query.get("redirect_uri", "") not in client["redirect_uris"]:
                raise NotAccepted("This redirect_uri is not registered.")
        except NotAccepted as error:
            return pages.refusal(flavour.title, error)
        wanted = [flavour.acr.index(one) for one in query.get("acr_values", "").split() if one in flavour.acr]
        asked = Asked(
            client=client,
            redirect_uri=query["redirect_uri"],
            state=query.get("state", ""),
            nonce=query.get("nonce", ""),
            challenge=query.get("code_challenge", ""),
            scope=query.get("scope", ""),
            minimum=LEVELS[min(wanted, default=0)],
            at=self._clock(),
        )
        if amiss := self._amiss(query):
            return self._back(request, asked, {"error": amiss[0], "error_description": amiss[1]})
        token = secrets.token_urlsafe(16)
        trim(self._waiting)
        self._waiting[token] = asked
        self._board.answered["authorize"] += 1
        levels = {level: level for level in LEVELS[LEVELS.index(asked.minimum) :]} if flavour.assurance else {}
        return pages.login(flavour.title, f"/login/{flavour.name}", token, flavour.people, levels, flavour.language)

    def _amiss(self, query: Mapping[str, str]) -> tuple[str, str] | None:
        """Error and description (RFC 6749 §4.1.2.1, OpenID Connect Core 1.0 §3.1.2.6)."""
        if query.get("response_type") != "code":
            return "unsupported_response_type", "Only code is supported."
        if "openid" not in query.get("scope", "").split():
            return "invalid_scope", "The scope must have openid."
        if query.get("prompt") == "none":
            return "login_required", "Nobody is logged in."
        if query.get("code_challenge") and query.get("code_challenge_method") != "S256":
            return "invalid_request", "Only S256 is supported."
        if self._flavour.needs_pkce and not query.get("code_challenge"):
            return "invalid_request", "A code_challenge is required."
        return None

    async def _login(self, request: Request) -> Response:
        form = await form_of(request)
        asked = self._waiting.pop(form.get("token", ""), None)
        level = form.get("level", LEVELS[-1])
        if asked is None or form.get("person") not in self._flavour.people or level not in LEVELS:
            return pages.refusal(self._flavour.title, NotAccepted("There is no such login, person or level."))
        wrong = switches_of(request).wrong
        self._board.answered["login"] += 1
        if form.get("do") == "cancel" or "cancelled" in wrong:
            return self._back(request, asked, {"error": "access_denied", "error_description": "The person gave up."})
        if "authorize_error" in wrong:
            why = "Internal error (simulated)."
            return self._back(request, asked, {"error": "server_error", "error_description": why})
        asked.person, asked.level, asked.at = form["person"], level, self._clock()
        code = secrets.token_urlsafe(24)
        trim(self._codes)
        self._codes[code] = asked
        return self._back(request, asked, {"code": code})

    def _back(self, request: Request, asked: Asked, answer: Mapping[str, str]) -> Response:
        wrong = switches_of(request).wrong
        given = {
            **answer,
            "state": "another-state" if "wrong_state" in wrong else asked.state,
            "iss": _ELSEWHERE if "wrong_iss_parameter" in wrong else self._issuer(request, asked.client["client_id"]),
        }
        joint = "&" if "?" in asked.redirect_uri else "?"
        return RedirectResponse(f"{asked.redirect_uri}{joint}{urlencode(given)}", 302)

    async def _token(self, request: Request) -> Response:
        form, switches = await form_of(request), switches_of(request)
        if switches.fault:
            return problem(500, "internal_error", "Internal error (simulated).")
        try:
            client = authenticated(self._clients, request, form)
        except NotAuthenticated:
            return JSONResponse({"error": "invalid_client"}, 401, {"WWW-Authenticate": "Basic"})
        # A code is good once, whatever becomes of this call.
        asked = self._codes.pop(form.get("code", ""), None)
        simulated = {"token_error", "token_error_200"} & set(switches.wrong)
        if form.get("grant_type") != "authorization_code":
            return _refused("unsupported_grant_type", "Only authorization_code is supported.")
        if simulated:
            return _refused("invalid_grant", "Simulated.", 200 if "token_error_200" in simulated else 400)
        if asked is None or asked.client["client_id"] != client["client_id"]:
            return _refused("invalid_grant", "There is no such code.")
        if self._clock() - asked.at > _CODE_LIFE:
            return _refused("invalid_grant", "The code has expired.")
        if form.get("redirect_uri") != asked.redirect_uri:
            return _refused("invalid_grant", "The redirect_uri is another than before.")
        if asked.challenge and not hmac.compare_digest(s256(form.get("code_verifier", "")), asked.challenge):
            return _refused("invalid_grant", "The code_verifier does not match.")
        return self._tokens(request, asked, switches)

    def _tokens(self, request: Request, asked: Asked, switches: OidcSwitches) -> Response:
        now, client_id = self._clock(), asked.client["client_id"]
        claims = self._claims(asked.person, asked.level, switches)
        login = Login(
            session=secrets.token_urlsafe(12),
            client_id=client_id,
            issuer=self._issuer(request, client_id),
            person=asked.person,
            level=asked.level,
            subject=str(claims["sub"]),
            access_token=secrets.token_urlsafe(24),
            until=now + _TOKEN_LIFE,
        )
        trim(self._logins)
        self._logins[login.access_token] = login
        answer: dict[str, Any] = {
            "access_token": login.access_token,
            "token_type": "Bearer",
            "expires_in": int(_TOKEN_LIFE.total_seconds()),
            "scope": asked.scope,
        }
        if "no_id_token" not in switches.wrong:
            shown = {"sub", *self._flavour.assurance, *self._flavour.in_id_token}
            if {"missing_claim", "unknown_claim"} & set(switches.wrong) or switches.wrong_schema:
                shown |= {"munihub_new", f"{self._flavour.identifying}2"} & set(claims)
            answer["id_token"] = id_token(
                self._keys,
                {name: value for name, value in claims.items() if name in shown},
                issuer=login.issuer,
                client_id=client_id,
                client_secret=asked.client["client_secret"],
                nonce=asked.nonce,
                session=login.session,
                access_token=login.access_token,
                now=now,
                wrong=switches.wrong,
            )
        self._board.answered["token"] += 1
        return JSONResponse(answer, headers={"Cache-Control": "no-store"})

    def _claims(self, person: str, level: str, switches: OidcSwitches) -> dict[str, Any]:
        flavour, wrong = self._flavour, switches.wrong
        claims = flavour.claims(person, LEVELS[0] if "low_assurance" in wrong else level)
        if "no_assurance" in wrong:
            claims = {name: value for name, value in claims.items() if name not in flavour.assurance}
        who = flavour.identifying
        if switches.wrong_schema == "renamed" and who in claims:
            claims[f"{who}2"] = claims.pop(who)
        elif switches.wrong_schema == "mistyped":
            claims[who] = "neuvedeno"
        if "missing_claim" in wrong:
            claims.pop(who, None)
        return claims | ({"munihub_new": "42"} if "unknown_claim" in wrong else {})

    async def _userinfo(self, request: Request) -> Response:
        """OpenID Connect Core 1.0 §5.3."""
        switches = switches_of(request)
        login = self._logins.get(request.headers.get("authorization", "").removeprefix("Bearer "))
        stale = login is None or login.ended or login.until <= self._clock()
        if login is None or stale or "userinfo_error" in switches.wrong:
            return JSONResponse({"error": "invalid_token"}, 401, {"WWW-Authenticate": 'Bearer error="invalid_token"'})
        if switches.fault:
            return problem(500, "internal_error", "Internal error (simulated).")
        claims = self._claims(login.person, login.level, switches)
        if "wrong_sub" in switches.wrong:
            claims["sub"] = "somebody-else"
        self._board.answered["userinfo"] += 1
        return JSONResponse({name: value for name, value in claims.items() if name not in {"acr", "amr"}})


def switches_of(request: Request) -> OidcSwitches:
    switches = request.scope["switches"]
    assert isinstance(switches, OidcSwitches)
    return switches


def _base(request: Request) -> str:
    return str(request.base_url).rstrip("/")


def _refused(error: str, why: str, status: int = 400) -> Response:
    return JSONResponse({"error": error, "error_description": why}, status)
