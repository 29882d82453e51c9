"""Logout at the eIDs: they hear of a session that has ended here, and end sessions themselves.

A browser can visit one eID after another only, so that each comes back here before the next: what waits is kept by the
name (relay) the one before was given, encrypted, since it tells eIDs whom they are to log out.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog

from hub.back_offices.model import Town
from hub.kernel.clock import Clock
from hub.kernel.errors import HubError, LoginRefused, NotFound
from hub.logins import transactions
from hub.logins.model import LogoutAnswered, LogoutHeard, Onward
from hub.logins.once import once
from hub.ports.eid import Answer, Eid, LogoutDone, Sent
from hub.sessions.model import Session
from hub.sessions.service import SessionService
from hub.storage.database import Database
from hub.storage.vault import TownKeys, Vault

log = structlog.get_logger(__name__)

_WAITS = timedelta(hours=1)


class Logouts:
    """One instance per process; nothing is kept in it."""

    def __init__(self, database: Database, vault: Vault, sessions: SessionService, clock: Clock) -> None:
        self._database, self._vault, self._sessions, self._clock = database, vault, sessions, clock

    async def leave(self, town: Town, session: Session, onward: str | None) -> Onward | None:
        """Tell every eID by which the person of an ended session logged in in it; the browser carries it, first to
        the one of her last login. None where there is nothing to tell.

        `onward` is where the browser goes on after the last eID's answer: an address the caller has checked.
        """
        handles = await self._sessions.logouts_of(session)
        waiting = Onward(onward) if onward is not None else None
        # From behind: each eID is asked with the name under which the next one waits.
        for name in sorted(handles, key=lambda name: (name == session.provider, name)):
            waiting = await self._asked(town, name, handles[name], waiting) or waiting
        return waiting if waiting is not None and waiting.eid is not None else None

    async def _asked(self, town: Town, name: str, handle: Mapping[str, str], after: Onward | None) -> Onward | None:
        eid, relay, now = town.eids.get(name), transactions.token(), self._clock.now()
        if eid is None:
            return None
        try:
            sent = await eid.logout(handle, relay, now)
        except HubError as error:
            # The session here has ended whatever the eID does; its own goes on until it ends by itself.
            log.warning("eid_logout_failed", city=town.city.slug, eid=name, because=error.code)
            return None
        if sent is None:
            return None
        mark = transactions.digest(relay)
        async with self._database.identity(town.city.id) as connection:
            keys = await self._vault.keys(connection, town.city.id)
            await connection.execute(
                "insert into logouts (city_id, relay_hash, onward, expires_at) values ($1, $2, $3, $4)",
                town.city.id,
                mark,
                _sealed(keys, mark, after) if after is not None else None,
                now + _WAITS,
            )
        return Onward(sent.url, sent.form, name)

    async def told(
        self,
        town: Town,
        name: str,
        *,
        endpoint: str,
        method: str,
        url: str,
        query: Mapping[str, str],
        form: Mapping[str, str],
        body: bytes = b"",
        media_type: str = "",
    ) -> LogoutHeard | LogoutAnswered:
        """A message at a logout endpoint, judged by the eID's engine. Raises LoginRefused."""
        eid, now, city_id = eid_of(town, name), self._clock.now(), town.city.id
        answer = Answer(endpoint, "POST" if method == "POST" else "GET", url, query, form, body, media_type)
        said = await eid.told(answer, now)
        if isinstance(said, LogoutDone):
            return LogoutAnswered(said.complete, await self._onward(city_id, said.relay, now))
        async with self._database.identity(city_id) as connection:
            for id_, until in said.once:
                if not await once(connection, city_id, f"eid:{name}", id_, until):
                    raise LoginRefused("this logout was asked for before", reason="replayed")
        meant = await self._sessions.at_provider(city_id, name, said.name_id, said.session_index)

        def reply(done: bool) -> Onward | bytes:  # noqa: FBT001 - as the port has it
            made = said.reply(done)
            return Onward(made.url, made.form) if isinstance(made, Sent) else made

        return LogoutHeard(meant, reply)

    async def _onward(self, city_id: int, relay: str | None, now: datetime) -> Onward | None:
        if not relay:
            return None
        mark = transactions.digest(relay)
        async with self._database.identity(city_id) as connection:
            keys = await self._vault.keys(connection, city_id)
            found = await connection.fetchval(
                "delete from logouts where city_id = $1 and relay_hash = $2 and expires_at > $3 returning onward",
                city_id,
                mark,
                now,
            )
        return _opened(keys, mark, found) if found is not None else None


def eid_of(town: Town, name: str) -> Eid:
    """Raises NotFound."""
    found = town.eids.get(name)
    if found is None:
        raise NotFound("This town has no such eID.")
    return found


def _sealed(keys: TownKeys, mark: bytes, onward: Onward) -> str:
    content = json.dumps([onward.url, dict(onward.form) if onward.form is not None else None, onward.eid])
    return base64.b64encode(keys.encrypt("logouts", "onward", mark.hex(), content.encode())).decode()


def _opened(keys: TownKeys, mark: bytes, sealed: str) -> Onward:
    return Onward(*json.loads(keys.decrypt("logouts", "onward", mark.hex(), base64.b64decode(sealed))))
