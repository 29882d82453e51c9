"""What a session that has ended leaves to do: nothing it gave is good any more, and its front ends hear of it.

Runs in the transaction that ended it, so that no session is over without its front ends being told.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from hub.cities.clients import Client
from hub.cities.model import City
from hub.grants import queries
from hub.grants.backchannel import LOGOUT
from hub.grants.model import Ended
from hub.jobs.queue import NewJob, enqueue_many
from hub.kernel.ids import public_id
from hub.storage.database import Connection


async def end(connection: Connection, city: City, session_id: UUID, why: str, now: datetime) -> list[Client]:
    """Revoke what a session gave and queue its back-channel logouts; the front ends that had something of it."""
    names = await queries.revoke_of_session(connection, city.id, session_id, why, now)
    clients = [(name, city.clients[name]) for name in names if name in city.clients]
    jobs: list[NewJob] = [
        {
            "city_id": city.id,
            "kind": LOGOUT,
            "payload": {"client": name, "session": str(session_id)},
            "dedupe": f"{name}/{session_id}",
        }
        for name, client in clients
        if client.backchannel_logout_uri
    ]
    if jobs:
        await enqueue_many(connection, jobs)
    return [client for _, client in clients]


def to_visit(clients: Iterable[Client], session_id: UUID, issuer: str) -> Ended:
    """Where the browser must go; `issuer` is the town's, as its front ends know it."""
    parameters = {"iss": issuer, "sid": public_id("ses", session_id)}
    uris = [client.frontchannel_logout_uri for client in clients if client.frontchannel_logout_uri]
    return Ended(tuple(f"{uri}{'&' if '?' in uri else '?'}{urlencode(parameters)}" for uri in uris))
