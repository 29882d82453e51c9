"""What a token is worth, and whose it is: asked by front ends, and of ourselves by the town's own pages."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from hub.back_offices.model import Town
from hub.grants import queries
from hub.grants.clients import Registered
from hub.grants.model import PROFILE
from hub.kernel.clock import Clock
from hub.kernel.errors import Unauthenticated
from hub.kernel.ids import public_id
from hub.storage.database import Database
from hub.tokens.service import AccessToken, Tokens, speaker


class Introspection:
    """One per process."""

    def __init__(self, database: Database, clock: Clock, tokens: Tokens) -> None:
        self._database, self._clock, self._tokens = database, clock, tokens

    async def introspect(self, town: Town, client: Registered, token: str) -> dict[str, Any]:
        """What a token is worth (RFC 7662 §2.2); nothing at all where it was given to another client."""
        city_id, now, inactive = town.city.id, self._clock.now(), {"active": False}
        try:
            access = await self._tokens.check(token, town.city)
        except Unauthenticated:
            access = None
        if access is not None:
            if access.client_id != client.client_id:
                return inactive
            if access.grant_id is not None and not await self._in_force(city_id, access.grant_id):
                return inactive
            claims = await self._tokens.read(town.city, token, "at+jwt") or {}
            return {"active": True, "token_type": "Bearer", **claims}
        async with self._database.identity(city_id) as connection:
            shown = await queries.refresh_token(connection, city_id, token)
            if shown is None or shown.grant.client != client.client_id or shown.used_at is not None:
                return inactive
            grant = shown.grant
            if now >= shown.expires_at or not await queries.in_force(connection, city_id, grant.grant_id, now):
                return inactive
        return {
            "active": True,
            "client_id": grant.client,
            "sub": speaker(grant.subject_id, grant.staff_id),
            "scope": " ".join(grant.scopes),
            "iss": self._tokens.issuer(town.city),
            "exp": int(shown.expires_at.timestamp()),
            "sid": public_id("ses", grant.session_id),
        }

    async def userinfo(self, town: Town, token: AccessToken) -> dict[str, Any]:
        """Who it is (OpenID Connect Core 1.0 §5.3.2): the name is told for the scope `profile`."""
        content: dict[str, Any] = {"sub": speaker(token.subject_id, token.staff_id)}
        if PROFILE in token.scopes:
            name = await self.name_of(town, token.subject_id, token.staff_id)
            if name is not None:
                content["name"] = name
        return content

    async def name_of(self, town: Town, subject_id: UUID | None, staff_id: UUID | None) -> str | None:
        """The name of a citizen or of a member of staff; None where nobody has told one, as of an eID's pseudonym."""
        async with self._database.identity(town.city.id) as connection:
            if subject_id is not None:
                return await queries.name_of_subject(connection, town.city.id, subject_id)
            return await queries.name_of_staff(connection, town.city.id, staff_id) if staff_id else None

    async def _in_force(self, city_id: int, grant_id: UUID) -> bool:
        async with self._database.identity(city_id) as connection:
            return await queries.in_force(connection, city_id, grant_id, self._clock.now())
