"""Requests of front ends that wait for somebody to log in. Both run in a transaction of the identity door."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from hub.grants import queries
from hub.grants.model import REQUEST_LIFE, AuthorizationRequest
from hub.kernel.assurance import Assurance
from hub.kernel.ids import public_id
from hub.sessions.model import Session
from hub.storage.database import Connection

_SESSION = "session"
"""Beside a request that waits: the browser's session at that time, `ses_…` or null."""


async def keep(
    connection: Connection,
    city_id: int,
    name: str,
    request: AuthorizationRequest,
    cookie: str | None,
    session: Session | None,
    now: datetime,
) -> None:
    """As Grants.remember."""
    content = asdict(request) | {_SESSION: public_id("ses", session.session_id) if session else None}
    await queries.add_request(connection, city_id, name, request.client_id, content, cookie, now + REQUEST_LIFE)


async def found(
    connection: Connection, city_id: int, name: str, cookie: str | None, session: Session | None, now: datetime
) -> tuple[AuthorizationRequest, bool] | None:
    """As Grants.recall."""
    kept = await queries.request(connection, city_id, name, cookie, now)
    if kept is None:
        return None
    content, changed, expires_at = kept
    then = content.pop(_SESSION)
    content |= {
        "assurance": Assurance(content["assurance"]),
        "scopes": tuple(content["scopes"]),
        "prompt": tuple(content["prompt"]),
    }
    since = session is not None and (
        session.created_at >= expires_at - REQUEST_LIFE or public_id("ses", session.session_id) == then
    )
    return AuthorizationRequest(**content), changed and since
