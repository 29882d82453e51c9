"""What a front end's library reads first: the provider's metadata and its public keys."""

from __future__ import annotations

from typing import Any

import orjson
from fastapi import APIRouter, Request
from fastapi.responses import Response

from hub.back_offices.model import Town
from hub.grants import assertions
from hub.grants.model import IDENTITY_SCOPES
from hub.kernel.assurance import Assurance
from hub.tokens.keys import AHEAD, ALGORITHM
from portal_api.requests import AtTown, hub_of

router = APIRouter(include_in_schema=False)
at_the_root = APIRouter(include_in_schema=False)

_SHORT = {"Cache-Control": f"public, max-age={int(AHEAD.total_seconds()) // 3}"}
"""A third of the time for which a new key is published before it signs."""


@router.get("/.well-known/openid-configuration")
@router.get("/.well-known/oauth-authorization-server")
async def openid_configuration(request: Request, town: AtTown) -> Response:
    """OpenID Connect Discovery 1.0 §3, RFC 8414 §2."""
    content = metadata(town, hub_of(request).tokens.issuer(town.city))
    return Response(orjson.dumps(content), headers=_SHORT, media_type="application/json")


@at_the_root.get("/.well-known/oauth-authorization-server/{city}")  # noqa: FAST003 - AtTown takes it
async def authorization_server(request: Request, town: AtTown) -> Response:
    """RFC 8414 §3.1: the well-known part stands before the path of an issuer, where the town has no host of its own."""
    return await openid_configuration(request, town)


@router.get("/oauth2/jwks")
async def signing_keys(request: Request, town: AtTown) -> Response:
    """The public keys (RFC 7517 §5): those in use, those to come and those gone out of use a while ago."""
    hub = hub_of(request)
    ring = await hub.tokens.provider.of(town.city.id)
    keys = [one.public for one in ring.published(hub.clock.now())]
    return Response(orjson.dumps({"keys": keys}), headers=_SHORT, media_type="application/json")


def metadata(town: Town, issuer: str) -> dict[str, Any]:
    methods = ["none", "client_secret_basic", "client_secret_post", "private_key_jwt"]
    signed = list(assertions.ALGORITHMS)
    scopes = dict.fromkeys(scope for client in town.city.clients.values() for scope in client.scopes)
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/oauth2/authorize",
        "token_endpoint": f"{issuer}/oauth2/token",
        "jwks_uri": f"{issuer}/oauth2/jwks",
        "userinfo_endpoint": f"{issuer}/oauth2/userinfo",
        "revocation_endpoint": f"{issuer}/oauth2/revoke",
        "introspection_endpoint": f"{issuer}/oauth2/introspect",
        "end_session_endpoint": f"{issuer}/oauth2/logout",
        "scopes_supported": list(dict.fromkeys((*IDENTITY_SCOPES, *scopes))),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": signed,
        "revocation_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_signing_alg_values_supported": signed,
        "introspection_endpoint_auth_methods_supported": methods[1:],
        "introspection_endpoint_auth_signing_alg_values_supported": signed,
        "code_challenge_methods_supported": ["S256"],
        "acr_values_supported": [level.acr for level in Assurance],
        "claims_supported": [
            *("sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid", "at_hash", "name")
        ],
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "prompt_values_supported": ["none", "login", "select_account", "consent"],
        "ui_locales_supported": town.city.languages,
        "authorization_response_iss_parameter_supported": True,
        "frontchannel_logout_supported": True,
        "frontchannel_logout_session_supported": True,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
    }
