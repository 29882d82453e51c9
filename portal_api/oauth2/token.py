"""What front ends ask for without a browser: tokens, who somebody is, what a token is worth, its end."""

from __future__ import annotations

import re

from fastapi import APIRouter, Request
from fastapi.responses import Response

from hub.grants.model import OPENID, OAuthError
from hub.kernel.errors import Forbidden, Unauthenticated
from portal_api.errors import of_hub_error
from portal_api.oauth2.forms import answer, client_of, form, needed, once
from portal_api.requests import AtTown, hub_of

router = APIRouter(include_in_schema=False)

_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}\Z")
"""RFC 7636 §4.1."""


@router.post("/oauth2/token")
async def token(request: Request, town: AtTown) -> Response:
    """RFC 6749 §3.2."""
    given = once(await form(request))
    client = await client_of(request, town, given)
    grants, kind = hub_of(request).grants, needed(given, "grant_type")
    scopes = given["scope"].split() if "scope" in given else None
    if kind not in {"authorization_code", "refresh_token", "client_credentials"}:
        raise OAuthError("unsupported_grant_type", "grant_type is none of those in the provider's metadata.")
    if kind == "client_credentials":
        return answer((await grants.for_machine(town, client, scopes)).body())
    if client.client.kind == "machine":
        raise OAuthError("unauthorized_client", "A machine speaks for itself: use client_credentials.")
    if kind == "refresh_token":
        return answer((await grants.refresh(town, client, needed(given, "refresh_token"), scopes)).body())
    code, redirect_uri = needed(given, "code"), needed(given, "redirect_uri")
    verifier = needed(given, "code_verifier")
    if not _VERIFIER.match(verifier):
        raise OAuthError("invalid_request", "code_verifier has 43 to 128 letters, digits, '-', '.', '_' and '~'.")
    return answer((await grants.redeem(town, client, code=code, redirect_uri=redirect_uri, verifier=verifier)).body())


@router.get("/oauth2/userinfo")
@router.post("/oauth2/userinfo")
async def userinfo(request: Request, town: AtTown) -> Response:
    """OpenID Connect Core 1.0 §5.3; the access token is in the Authorization header (RFC 6750 §2.1)."""
    hub = hub_of(request)
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not text.strip():
        raise Unauthenticated("Send an access token: `Authorization: Bearer …`.")
    verified = await hub.tokens.check(text.strip(), town.city)
    if OPENID not in verified.scopes or verified.grant_id is None:
        refused = of_hub_error(Forbidden(f"The access token lacks the scope {OPENID!r}."))
        refused.headers["WWW-Authenticate"] = f'Bearer error="insufficient_scope", scope="{OPENID}"'  # RFC 6750 §3.1
        return refused
    return answer(await hub.introspection.userinfo(town, verified))


@router.post("/oauth2/revoke")
async def revoke_token(request: Request, town: AtTown) -> Response:
    """RFC 7009: 200 also for what was no token of this client (§2.2)."""
    given = once(await form(request))
    client = await client_of(request, town, given)
    await hub_of(request).grants.revoke(town, client, needed(given, "token"))
    return answer({})


@router.post("/oauth2/introspect")
async def introspect_token(request: Request, town: AtTown) -> Response:
    """RFC 7662, for clients that keep a secret (§2.1)."""
    given = once(await form(request))
    client = await client_of(request, town, given)
    if client.client.kind == "public":
        raise OAuthError("invalid_client", "Only a client that keeps a secret may ask what a token is worth.")
    return answer(await hub_of(request).introspection.introspect(town, client, needed(given, "token")))
