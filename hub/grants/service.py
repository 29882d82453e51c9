"""Grants a front end what a login allows: codes, access and refresh tokens, their end.

    request = requests.read(town, parameters)                        who asks, for what
    code = await grants.authorize(town, request, session)            to the browser, for its front end
    issued = await grants.redeem(town, client, code=…, …)            to the front end
    issued = await grants.refresh(town, client, token, scopes)
    ended = await grants.end_session(town, session_id, "logout")     and every front end hears of it

A code or a refresh token that is shown a second time, or by somebody it was not given to, has been stolen by one of the
two who showed it: the whole grant ends (RFC 6749 §4.1.2, RFC 9700 §4.14.2).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import structlog

from hub.back_offices.model import Town
from hub.grants import assertions, ending, queries, waiting
from hub.grants.clients import FindSecret, Registered, authenticate, find
from hub.grants.model import (
    CODE_LIFE,
    GRACE,
    ID_TOKEN,
    ID_TOKEN_LIFE,
    OPENID,
    AuthorizationRequest,
    Ended,
    Grant,
    Issued,
    OAuthError,
)
from hub.kernel.clock import Clock
from hub.kernel.ids import new_uuid, parse_public_id, public_id
from hub.logins.once import once
from hub.sessions.model import IDLE, IDLE_OF_STAFF, Session
from hub.sessions.service import SessionService
from hub.storage.database import Connection, Database
from hub.tokens.service import LIFE, AccessToken, Tokens, speaker

log = structlog.get_logger(__name__)


class Grants:
    """One per process."""

    def __init__(
        self, database: Database, clock: Clock, tokens: Tokens, sessions: SessionService, secret: FindSecret
    ) -> None:
        self._database, self._clock, self._tokens, self._sessions = database, clock, tokens, sessions
        self._secret = secret

    def client(self, town: Town, client_id: str | None, secret: str | None) -> Registered:
        """The client that its name and its secret prove. Raises OAuthError."""
        return authenticate(town, client_id, secret, self._secret)

    async def signing_client(self, town: Town, client_id: str | None, assertion: str) -> Registered:
        """The client that a signature of its own proves, once. Raises OAuthError."""
        issuer, city_id = self._tokens.issuer(town.city), town.city.id
        named = assertions.named_in(assertion)
        client = find(town, named) if client_id in {None, named} else None
        audiences = frozenset({issuer, f"{issuer}/oauth2/token"})
        if client is not None:
            now = self._clock.now()
            proof = assertions.verify(client.client_id, client.client, assertion, audiences, now)
            if proof is not None and await self._first_time(city_id, client, proof):
                return client
        raise OAuthError("invalid_client", "This client is not known here, or its signature is not good for this.")

    async def _first_time(self, city_id: int, client: Registered, proof: assertions.Assertion) -> bool:
        async with self._database.identity(city_id) as connection:
            return await once(connection, city_id, f"client:{client.client_id}", proof.jti, proof.good_until)

    # ── The authorization endpoint ───────────────────────────────────────────────────────────────

    async def remember(
        self, town: Town, name: str, request: AuthorizationRequest, cookie: str | None, session: Session | None
    ) -> None:
        """Keep a request while somebody logs in for it; it is taken up again by `name`, a secret of the caller's.

        `cookie` is that of the browser's `session`, which is not enough for the request: a login changes it.
        """
        async with self._database.identity(town.city.id) as connection:
            await waiting.keep(connection, town.city.id, name, request, cookie, session, self._clock.now())

    async def recall(
        self, town: Town, name: str, cookie: str | None, session: Session | None
    ) -> tuple[AuthorizationRequest, bool] | None:
        """A request that waited, and whether somebody logged in to this browser's session since; None where it is over.
        Its client may have changed meanwhile.

        That the cookie is another one is not enough: the request's name may come from a login in another browser.
        """
        async with self._database.identity(town.city.id) as connection:
            return await waiting.found(connection, town.city.id, name, cookie, session, self._clock.now())

    async def authorize(
        self, town: Town, request: AuthorizationRequest, session: Session, *, waited: str | None = None
    ) -> str | None:
        """A code for what the session's login allows; with `waited`, for a request that is answered by this.

        None where that request was answered before.
        """
        code, now = secrets.token_urlsafe(32), self._clock.now()
        granted = Grant(
            grant_id=new_uuid(),
            client=request.client_id,
            session_id=session.session_id,
            subject_id=session.subject_id,
            staff_id=session.staff_id,
            scopes=request.scopes,
            nonce=request.nonce,
            assurance=session.assurance,
            methods=session.methods,
            authenticated_at=session.authenticated_at,
            created_at=now,
            expires_at=session.expires_at,
            revoked_at=None,
        )
        async with self._database.identity(town.city.id) as connection:
            if waited is not None and not await queries.drop_request(connection, town.city.id, waited):
                return None
            await queries.add_grant(connection, town.city.id, granted)
            await queries.add_code(
                connection,
                town.city.id,
                code,
                granted.grant_id,
                request.redirect_uri,
                request.code_challenge,
                now + CODE_LIFE,
            )
        return code

    # ── The token endpoint ───────────────────────────────────────────────────────────────────────

    async def redeem(self, town: Town, client: Registered, *, code: str, redirect_uri: str, verifier: str) -> Issued:
        """The tokens of a code (RFC 6749 §4.1.3, RFC 7636 §4.6). Raises OAuthError `invalid_grant`.

        The first time a code is shown uses it up, whatever is wrong with the rest: whoever has it, and does not fit,
        has it from somebody else.
        """
        city_id, now = town.city.id, self._clock.now()
        async with self._database.identity(city_id) as connection:
            shown = await queries.show_code(connection, city_id, code, now)
            fits = shown is not None and _all(
                shown.fresh,
                shown.grant.in_force(now),
                hmac.compare_digest(shown.grant.client.encode(), client.client_id.encode()),
                hmac.compare_digest(shown.redirect_uri.encode(), redirect_uri.encode()),
                hmac.compare_digest(shown.code_challenge.encode(), s256(verifier)),
            )
            token = None
            if shown is not None and fits:
                token = await self._refresh_token(connection, city_id, shown.grant, None)
            elif shown is not None:
                await self._revoke(connection, city_id, shown.grant, "code_misused")
        if shown is None or token is None:
            raise _invalid_grant("The code is not valid, was used before, or belongs to another request.")
        await self._still_logged_in(town, shown.grant)
        return await self._issue(town, shown.grant, shown.grant.scopes, token, nonce=shown.grant.nonce)

    async def refresh(self, town: Town, client: Registered, token: str, scopes: Sequence[str] | None) -> Issued:
        """New tokens for a refresh token, which is used up (RFC 6749 §6, RFC 9700 §4.14.2). Raises OAuthError.

        `scopes`: only these of what was granted, this time. Within GRACE a token may be shown again, as long as none
        that it gave was used: the answer was lost on its way, and the front end asks again. Of several that one token
        gave so only one is ever used: whoever shows another one has it from the one who showed the first twice.
        """
        city_id, now = town.city.id, self._clock.now()
        async with self._database.identity(city_id) as connection:
            shown = await queries.refresh_token(connection, city_id, token)
            following = None
            if shown is not None:
                late = shown.used_at is not None and (shown.followed or now - shown.used_at > GRACE)
                again = late or shown.passed_over
                strange = not hmac.compare_digest(shown.grant.client.encode(), client.client_id.encode())
                if again or strange:
                    await self._revoke(
                        connection, city_id, shown.grant, "token_reused" if again else "token_of_another"
                    )
                elif shown.grant.in_force(now) and now < shown.expires_at:
                    wanted = shown.grant.scopes if scopes is None else tuple(scopes)
                    if not wanted or not set(wanted) <= set(shown.grant.scopes):
                        raise OAuthError("invalid_scope", "Only scopes that were granted may be asked for again.")
                    await queries.use_refresh_token(connection, city_id, token, now)
                    following = await self._refresh_token(connection, city_id, shown.grant, token)
        if shown is None or following is None:
            raise _invalid_grant("The refresh token is not valid any more.")
        await self._still_logged_in(town, shown.grant)
        return await self._issue(town, shown.grant, wanted, following, nonce=None)

    async def for_machine(self, town: Town, client: Registered, scopes: Sequence[str] | None) -> Issued:
        """An access token for a program that speaks for itself (RFC 6749 §4.4). Raises OAuthError."""
        if client.client.kind != "machine":
            raise OAuthError("unauthorized_client", "Only a client of the kind `machine` speaks for itself.")
        wanted = client.scopes if scopes is None else tuple(scope for scope in scopes if scope in client.scopes)
        if not wanted:
            raise OAuthError("invalid_scope", f"This client may ask for: {' '.join(client.scopes)}.")
        token = AccessToken(
            city_id=town.city.id,
            subject_id=None,
            scopes=frozenset(wanted),
            expires_at=self._clock.now() + LIFE,
            client_id=client.client_id,
        )
        return Issued(await self._tokens.access(town.city, token), wanted)

    async def _issue(
        self, town: Town, grant: Grant, scopes: tuple[str, ...], refresh_token: str, *, nonce: str | None
    ) -> Issued:
        now = self._clock.now()
        access = await self._tokens.access(
            town.city,
            AccessToken(
                city_id=town.city.id,
                subject_id=grant.subject_id,
                staff_id=grant.staff_id,
                client_id=grant.client,
                scopes=frozenset(scopes),
                assurance=grant.assurance,
                methods=grant.methods,
                session_id=grant.session_id,
                grant_id=grant.grant_id,
                authenticated_at=grant.authenticated_at,
                # Not beyond the session: what it gives is over with it.
                expires_at=min(now + LIFE, grant.expires_at),
            ),
        )
        id_token = None
        if OPENID in scopes:
            claims: dict[str, Any] = {
                "aud": grant.client,
                "sub": speaker(grant.subject_id, grant.staff_id),
                "exp": int((now + ID_TOKEN_LIFE).timestamp()),
                "auth_time": int(grant.authenticated_at.timestamp()),
                "acr": grant.assurance.acr,
                "amr": list(grant.methods),
                "sid": public_id("ses", grant.session_id),
                # OpenID Connect Core 1.0 §3.1.3.6: the left half of the hash.
                "at_hash": _base64url(hashlib.sha256(access.encode()).digest()[:16]),
            }
            if nonce is not None:
                claims["nonce"] = nonce
            id_token = await self._tokens.write(town.city, ID_TOKEN, claims)
        return Issued(access, scopes, refresh_token, id_token, expires_in=min(LIFE, grant.expires_at - now))

    async def _refresh_token(self, connection: Connection, city_id: int, grant: Grant, parent: str | None) -> str:
        """It lasts as long as a browser may lie idle: a front end in use asks again before."""
        token, now = secrets.token_urlsafe(32), self._clock.now()
        idle = IDLE if grant.staff_id is None else IDLE_OF_STAFF
        expires_at = min(now + idle, grant.expires_at)
        await queries.add_refresh_token(connection, city_id, token, grant.grant_id, parent, now, expires_at)
        return token

    async def _still_logged_in(self, town: Town, grant: Grant) -> None:
        if await self._sessions.get(town.city.id, grant.session_id) is None:
            raise _invalid_grant("The session this was granted in has ended.")

    async def _revoke(self, connection: Connection, city_id: int, grant: Grant, why: str) -> None:
        self._tokens.forget(city_id, grant.grant_id)
        if await queries.revoke(connection, city_id, grant.grant_id, why, self._clock.now()):
            log.warning("grant_revoked", city_id=city_id, client=grant.client, grant=str(grant.grant_id), because=why)

    # ── What was granted ─────────────────────────────────────────────────────────────────────────

    async def revoke(self, town: Town, client: Registered, token: str) -> None:
        """End the grant a token of this client belongs to (RFC 7009 §2.1); anything else is passed over (§2.2)."""
        city_id = town.city.id
        grant_id = await self._grant_of_access_token(town, token)
        async with self._database.identity(city_id) as connection:
            if grant_id is None:
                shown = await queries.refresh_token(connection, city_id, token)
                found = shown.grant if shown else None
            else:
                found = await queries.grant(connection, city_id, grant_id)
            if found is not None and found.client == client.client_id:
                await self._revoke(connection, city_id, found, "revoked_by_client")

    async def in_force(self, city_id: int, grant_id: UUID) -> bool:
        """Whether neither the grant nor the session it was given in has ended."""
        async with self._database.identity(city_id) as connection:
            return await queries.in_force(connection, city_id, grant_id, self._clock.now())

    async def _grant_of_access_token(self, town: Town, token: str) -> UUID | None:
        claims = await self._tokens.read(town.city, token, "at+jwt")
        return parse_public_id("grt", claims["grant"]) if claims and "grant" in claims else None

    # ── The end of a session ─────────────────────────────────────────────────────────────────────

    async def end_session(self, town: Town, session_id: UUID, why: str) -> Ended:
        """End a session with everything that was granted in it, and tell the front ends: those with a back-channel
        address by jobs, those with a front-channel one by the browser, which must visit what is returned.

        `why` is a short word for the record, as for SessionService.end. Ending it again tells nobody again.
        """
        city, now = town.city, self._clock.now()
        async with self._database.identity(city.id) as connection:
            if await self._sessions.end(connection, city.id, session_id, why) is None:
                return Ended()
            clients = await ending.end(connection, city, session_id, why, now)
        return ending.to_visit(clients, session_id, self._tokens.issuer(city))


def s256(verifier: str) -> bytes:
    """The challenge of a PKCE verifier (RFC 7636 §4.2), as text in bytes."""
    return _base64url(hashlib.sha256(verifier.encode()).digest()).encode()


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _all(*conditions: bool) -> bool:
    """As `all`; written so that every comparison has been made before."""
    return all(conditions)


def _invalid_grant(detail: str) -> OAuthError:
    return OAuthError("invalid_grant", detail)
