"""A client that signs instead of keeping a secret: RFC 7523."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from hub.cities.clients import Client
from hub.grants.assertions import KIND
from tests.integration.oauth2.front_ends import ADDRESS, Provider

ISSUER = f"{ADDRESS}/pregrada"


def registered(provider: Provider, *keys: ECKey | RSAKey) -> None:
    """A machine with these keys, in every town."""
    client = {
        "name": {"hr": "Ured"},
        "kind": "machine",
        "scopes": ["push"],
        "keys": [k.as_dict(private=False) for k in keys],
    }
    for town in provider.api.hub.towns.by_slug.values():
        town.city.clients["office"] = Client.model_validate(client)


def form(provider: Provider, key: Any, *, alg: str = "ES256", **changed: Any) -> dict[str, str]:
    now = int(provider.api.clock.now().timestamp())
    claims = {"iss": "office", "sub": "office", "aud": ISSUER, "exp": now + 60, "iat": now, "jti": "1"} | changed
    claims = {name: value for name, value in claims.items() if value is not None}
    header = {"alg": alg, **({"kid": key.kid} if key.kid else {})}
    assertion = jwt.encode(header, claims, key, algorithms=[alg])
    return {"grant_type": "client_credentials", "client_assertion_type": KIND, "client_assertion": assertion}


async def test_a_signature_is_good_once(provider, clock):
    key = ECKey.generate_key("P-256", {"kid": "one"})
    registered(provider, key)
    sent = form(provider, key)
    body = (await provider.post("token", sent)).json()
    assert (await provider.claims(body["access_token"]))["client_id"] == "office"
    again = await provider.post("token", sent)
    assert (again.status_code, again.json()["error"]) == (401, "invalid_client")
    clock.move(timedelta(seconds=30))
    for number, changed in enumerate(({}, {"aud": f"{ISSUER}/oauth2/token"}, {"aud": [ISSUER, "other"]})):
        answer = await provider.post("token", form(provider, key, jti=f"x{number}", **changed))
        assert answer.status_code == 200, changed
    named = form(provider, key, jti="y") | {"client_id": "office"}
    assert (await provider.post("token", named)).status_code == 200
    about = form(provider, key, jti="z") | {"token": body["access_token"]}
    assert (await provider.post("introspect", about)).json()["active"] is True


async def test_keys_change_one_by_one(provider):
    old, new = RSAKey.generate_key(2048, {"kid": "old"}), ECKey.generate_key("P-256", {"kid": "new"})
    registered(provider, old, new)
    assert (await provider.post("token", form(provider, old, alg="RS256"))).status_code == 200
    assert (await provider.post("token", form(provider, new, jti="2"))).status_code == 200


async def test_what_proves_nothing(provider):
    key, other = (ECKey.generate_key("P-256", {"kid": "one"}) for _ in range(2))
    registered(provider, key)
    now = int(provider.api.clock.now().timestamp())
    wrong: list[dict[str, Any]] = [
        {"iss": "other"}, {"sub": "robot"}, {"iss": "robot", "sub": "robot"}, {"sub": None}, {"sub": 1}, {"iss": None},
        {"aud": f"{ADDRESS}/vzorov"}, {"aud": "https://evil.example"}, {"aud": []}, {"aud": None}, {"aud": {}},
        {"exp": now}, {"exp": now - 1}, {"exp": now + 601}, {"exp": None}, {"exp": "soon"}, {"exp": 1e300},
        {"jti": None}, {"jti": ""}, {"jti": 7}, {"jti": "j" * 201},
    ]  # fmt: skip
    forged = [form(provider, key, **changed) for changed in wrong]
    forged.append(form(provider, other))
    public = OctKey.import_key(json.dumps(key.as_dict(private=False)))
    forged.append(form(provider, public, alg="HS256"))
    good = form(provider, key)
    head, payload, _ = good["client_assertion"].split(".")
    forged += [good | {"client_assertion": text} for text in ("x", "a.b.c", f"{head}.{payload}.", "é", "x" * 5000)]
    forged.append(good | {"client_id": "robot"})
    forged.append(good | {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"})
    for number, sent in enumerate(forged):
        answer = await provider.post("token", sent)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client"), number
    for extra, error in (({"client_secret": "x"}, "invalid_request"), ({"client_assertion": ""}, "invalid_request")):
        assert (await provider.post("token", good | extra)).json()["error"] == error
    assert (await provider.post("token", good, city="vzorov")).status_code == 401
    assert (await provider.post("token", good)).status_code == 200
    # A name alone proves nothing where the client has keys, nor does a signature where it has a secret.
    bare = await provider.post(
        "token", {"grant_type": "client_credentials", "client_id": "office", "client_secret": ""}
    )
    assert bare.status_code == 401
