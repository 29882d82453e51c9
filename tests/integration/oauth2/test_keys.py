"""Signing keys: of one town, sealed, published before they sign and for as long as anybody looks."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from hub.tokens import keys as module
from hub.tokens.keys import AHEAD, KEPT, SERVES, SigningKeys


@pytest.fixture
def ring(provider):
    api = provider.api
    return SigningKeys(api.hub.database, api.hub.vault, api.clock)


@pytest.fixture
def city(provider) -> int:
    return provider.api.hub.towns.by_slug["pregrada"].city.id


async def kids(provider, city: str = "pregrada") -> list[str]:
    return [key["kid"] for key in (await provider.api.client.get(f"/{city}/oauth2/jwks")).json()["keys"]]


async def test_a_key_set_has_public_parts_only(provider):
    answer = await provider.api.client.get("/pregrada/oauth2/jwks")
    (key,) = answer.json()["keys"]
    assert set(key) == {"kty", "n", "e", "kid", "use", "alg"}
    assert (key["kty"], key["use"], key["alg"]) == ("RSA", "sig", "RS256")
    assert answer.headers["cache-control"] == "public, max-age=1200"
    assert RSAKey.import_key(key).as_bytes
    assert await kids(provider, "vzorov") != await kids(provider)


async def test_the_private_part_is_sealed(provider, city):
    await kids(provider)
    async with provider.api.worker.database.town(city) as connection:
        row = await connection.fetchrow("select kid, private from signing_keys where city_id = $1", city)
        keys = await provider.api.worker.vault.keys(connection, city)
    assert b'"d"' not in row["private"]
    assert b"RSA" not in row["private"]
    assert b'"d"' in keys.decrypt("signing_keys", "private", row["kid"], row["private"])


async def test_processes_that_start_together_have_one_key(provider, city):
    rings = [SigningKeys(provider.api.hub.database, provider.api.hub.vault, provider.api.clock) for _ in range(4)]
    found = await asyncio.gather(*(one.of(city) for one in rings))
    assert len({one.kid for ring in found for one in ring.keys}) == 1


async def test_a_new_key_is_published_before_it_signs_and_the_old_one_after(provider, clock, ring, city):
    tokens = await provider.tokens()
    (first,) = await kids(provider)
    assert await ring.rotate(city) == clock.now() + AHEAD
    assert await ring.rotate(city) == clock.now() + AHEAD  # one at a time
    clock.move(timedelta(seconds=60))
    both = await kids(provider)
    assert both[0] == first
    assert len(both) == 2

    async def signed_by() -> str:
        fresh = await provider.tokens()
        assert await provider.claims(fresh["id_token"])
        return str(jws.extract_compact(fresh["access_token"].encode()).headers()["kid"])

    assert await signed_by() == first
    clock.move(AHEAD - timedelta(seconds=61))
    assert await signed_by() == first
    still = await provider.tokens()
    clock.move(timedelta(seconds=1))
    assert await signed_by() == both[1]
    # What the old key signed is good until it expires by itself.
    header = {"Authorization": f"Bearer {still['access_token']}"}
    assert (await provider.api.client.get("/pregrada/v1/account", headers=header)).status_code == 200
    assert await provider.claims(tokens["id_token"])
    clock.move(KEPT - timedelta(seconds=1))
    assert await kids(provider) == both
    clock.move(timedelta(seconds=1))
    assert await kids(provider) == both[1:]
    town = provider.api.hub.towns.by_slug["pregrada"].city
    assert await provider.api.hub.tokens.read(town, tokens["id_token"], "JWT") is None


async def test_a_compromised_key_is_gone_with_what_it_signed(provider, clock, ring, city):
    tokens = await provider.tokens()
    header = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert (await provider.api.client.get("/pregrada/v1/account", headers=header)).status_code == 200
    (first,) = await kids(provider)
    await ring.rotate(city)
    assert await ring.rotate(city, compromised=True) == clock.now()
    clock.move(timedelta(seconds=60))
    (now,) = await kids(provider)
    assert now != first
    elsewhere = provider.api.worker
    town = elsewhere.towns.by_slug["pregrada"].city
    with pytest.raises(Exception, match="not valid"):
        await elsewhere.tokens.check(tokens["access_token"], town)
    # Where it was verified before too, whether or not anything else is asked there.
    assert (await provider.api.client.get("/pregrada/v1/account", headers=header)).status_code == 401
    fresh = (await provider.refresh(tokens["refresh_token"])).json()["access_token"]
    renewed = {"Authorization": f"Bearer {fresh}"}
    assert (await provider.api.client.get("/pregrada/v1/account", headers=renewed)).status_code == 200
    assert (await provider.api.client.get("/pregrada/v1/account", headers=header)).status_code == 401
    with pytest.raises((JoseError, ValueError)):
        await provider.claims(tokens["access_token"])


async def test_a_compromised_key_is_gone_where_nothing_but_its_token_is_seen(provider, clock, ring, city):
    """Whoever has the key sends the one token he made, again and again."""
    header = {"Authorization": f"Bearer {(await provider.tokens())['access_token']}"}
    assert (await provider.api.client.get("/pregrada/v1/account", headers=header)).status_code == 200
    await ring.rotate(city, compromised=True)
    clock.move(timedelta(seconds=60))
    assert (await provider.api.client.get("/pregrada/v1/account", headers=header)).status_code == 401


async def test_a_stolen_key_signs_nothing_that_lasts(provider, clock, city):
    """Else a token made with it would be remembered beyond the key."""
    tokens = await provider.tokens()
    claims = await provider.claims(tokens["access_token"])
    key = (await provider.api.hub.tokens.provider.of(city)).current(clock.now())
    header = {"alg": "RS256", "typ": "at+jwt", "kid": key.kid}
    for seconds, status in ((0, 200), (3600, 401), (10**9, 401)):
        token = jwt.encode(header, claims | {"exp": claims["exp"] + seconds}, key.key, algorithms=["RS256"])
        bearer = {"Authorization": f"Bearer {token}"}
        assert (await provider.api.client.get("/pregrada/v1/account", headers=bearer)).status_code == status


async def test_a_key_is_replaced_when_it_has_served(provider, clock, ring, city):
    assert await ring.rotate_when_due(city) is False  # a town nobody asked for a token has none
    (first,) = await kids(provider)
    clock.move(SERVES - timedelta(seconds=1))
    assert await ring.rotate_when_due(city) is False
    clock.move(timedelta(seconds=1))
    assert await ring.rotate_when_due(city) is True
    assert await ring.rotate_when_due(city) is False
    clock.move(AHEAD + KEPT)
    await ring.rotate_when_due(city)
    async with provider.api.worker.database.town(city) as connection:
        left = await connection.fetchval("select array_agg(kid) from signing_keys where city_id = $1", city)
    assert len(left) == 1
    assert first not in left
    assert module.BITS == 2048
