"""What a front end's library reads first, and which web pages may."""

from __future__ import annotations

from tests.integration.oauth2.front_ends import ADDRESS


async def test_the_provider_describes_itself(provider):
    base = f"{ADDRESS}/vzorov"
    client = provider.api.client
    answer = await client.get("/vzorov/.well-known/openid-configuration")
    content = answer.json()
    assert answer.headers["cache-control"] == "public, max-age=1200"
    assert content["issuer"] == base
    doors = {name: uri for name, uri in content.items() if name.endswith(("_endpoint", "_uri"))}
    assert doors == {
        "authorization_endpoint": f"{base}/oauth2/authorize",
        "token_endpoint": f"{base}/oauth2/token",
        "userinfo_endpoint": f"{base}/oauth2/userinfo",
        "revocation_endpoint": f"{base}/oauth2/revoke",
        "introspection_endpoint": f"{base}/oauth2/introspect",
        "end_session_endpoint": f"{base}/oauth2/logout",
        "jwks_uri": f"{base}/oauth2/jwks",
    }
    assert content["code_challenge_methods_supported"] == ["S256"]
    assert content["response_types_supported"] == ["code"]
    assert content["id_token_signing_alg_values_supported"] == ["RS256"]
    assert content["authorization_response_iss_parameter_supported"] is True
    assert set(content["scopes_supported"]) == {"openid", "profile", "account", "refresh", "messages", "push"}
    assert content["acr_values_supported"] == [
        "http://eidas.europa.eu/LoA/low",
        "http://eidas.europa.eu/LoA/substantial",
        "http://eidas.europa.eu/LoA/high",
    ]
    for place in (
        "/vzorov/.well-known/oauth-authorization-server",
        "/.well-known/oauth-authorization-server/vzorov",  # RFC 8414 §3.1
    ):
        assert (await client.get(place)).json() == content
    assert (await client.get("/nowhere/.well-known/openid-configuration")).status_code == 404
    assert (await client.get("/.well-known/oauth-authorization-server/nowhere")).status_code == 404


READABLE = (
    "/pregrada/.well-known/openid-configuration",
    "/pregrada/oauth2/jwks",
    "/pregrada/oauth2/userinfo",
    "/pregrada/v1/account",
    "/.well-known/oauth-authorization-server/pregrada",
)


async def test_only_registered_pages_may_read_and_never_with_cookies(provider):
    client = provider.api.client
    for path in READABLE:
        ours = await client.get(path, headers={"Origin": "https://spa.example"})
        assert ours.headers["access-control-allow-origin"] == "https://spa.example", path
        assert "origin" in ours.headers["vary"].lower()
        assert "access-control-allow-credentials" not in ours.headers
        for origin in ("https://evil.example", "null", "https://spa.example.evil.example", "http://spa.example", ""):
            other = await client.get(path, headers={"Origin": origin})
            assert not [name for name in other.headers if name.startswith("access-control")], (path, origin)
            assert "origin" in other.headers["vary"].lower()
    for path in ("/pregrada/oauth2/authorize", "/pregrada/oauth2/logout", "/pregrada/login", "/pregrada/oauth2/introspect",
                 "/pregrada/push/v1/events", "/openapi.json"):  # fmt: skip
        pages = await client.get(path, headers={"Origin": "https://spa.example"})
        assert not [name for name in pages.headers if name.startswith("access-control")], path


async def test_a_browser_asks_before_it_sends(provider):
    """WHATWG Fetch, CORS preflight."""
    asks = {
        "Origin": "https://spa.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization",
    }
    client = provider.api.client
    for path in ("/pregrada/oauth2/token", "/pregrada/v1/refresh", "/pregrada/oauth2/userinfo"):
        answer = await client.options(path, headers=asks)
        assert answer.status_code == 204
        assert answer.headers["access-control-allow-origin"] == "https://spa.example"
        assert "authorization" in answer.headers["access-control-allow-headers"]
        assert answer.headers["cache-control"] == "no-store"
        evil = await client.options(path, headers=asks | {"Origin": "https://evil.example"})
        assert evil.status_code == 405
        assert "access-control-allow-origin" not in evil.headers
    refused = await client.post("/pregrada/oauth2/token", data={"grant_type": "x"}, headers=asks)
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (401, "https://spa.example")
