"""Sends what a front end is to be told: in order, one message at a time, again and again for days.

    waiting ──2xx──▶ delivered
       │ anything else, or nothing: the next attempt after a growing wait, and those behind it wait too
       └─ 410, or nothing but failures for `GIVE_UP` ──▶ stopped: an alert, until somebody replays

A message keeps its `webhook-id`, by which the receiver knows what it has had already: a worker that dies between the
answer and writing it down sends it once more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from pydantic import SecretStr

from hub.alerts import service as alerts
from hub.back_offices.model import Town
from hub.cities.told import Webhook
from hub.jobs.failures import describe
from hub.jobs.queue import enqueue
from hub.kernel.clock import Clock
from hub.kernel.errors import HubError, NotFound
from hub.kernel.ids import public_id
from hub.kit.retry import AskedToWait
from hub.kit.webhooks import WebhookGone, post, sign, signing_keys
from hub.storage.database import Connection, Database
from hub.webhooks import messages

FAN_OUT = "webhooks.fan_out"
SEND = "webhooks.send"
EVERY = timedelta(seconds=5)
STOPPED = "webhook_stopped"
GIVE_UP = timedelta(days=5)
_WAITS = tuple(
    timedelta(seconds=one) for one in (5, 30, 300, 1800, 7200, 18_000, 36_000, 36_000, 50_400, 72_000, 86_400)
)
_AT_ONCE = 100
"""Messages of one run; the next run goes on, so that a flood for one front end is no worker's only business."""


@dataclass(frozen=True, slots=True)
class ClientState:
    """How it goes with one front end. `waiting`: messages it has not taken, the oldest of them from `oldest_at`."""

    client: str
    url: str
    waiting: int
    oldest_at: datetime | None
    failing_since: datetime | None
    failures: int
    last_failure: str | None
    stopped_at: datetime | None
    stopped_for: str | None


class Webhooks:
    """The handlers of `webhooks.fan_out` and `webhooks.send` jobs."""

    def __init__(self, database: Database, clock: Clock, secret: Callable[[str], SecretStr]) -> None:
        self._database, self._clock, self._secret = database, clock, secret

    async def fan_out(self, town: Town) -> None:
        """Make messages of changes, and call a sender for each front end that has some and may be tried."""
        await messages.make(self._database, town)
        names = [name for name, client in town.city.clients.items() if client.webhook]
        async with self._database.town(town.city.id) as connection:
            rows = await connection.fetch(
                """select name from unnest($2::text[]) as name
                   left join webhook_clients c on c.city_id = $1 and c.client = name
                   where c.stopped_at is null and (c.next_at is null or c.next_at <= $3)
                     and exists (select from webhook_messages m
                                 where m.city_id = $1 and m.client = name and m.delivered_at is null)
                   order by name""",
                town.city.id,
                names,
                self._clock.now(),
            )
            for row in rows:
                key = f"{SEND}/{row['name']}"
                payload = {"client": row["name"]}
                await enqueue(connection, city_id=town.city.id, kind=SEND, payload=payload, key=key, dedupe=key)

    async def forget(self, town: Town) -> None:
        """What is known of front ends that the configuration does not have any more, or that are told nothing: who
        comes back is tried again.
        """
        told = [name for name, client in town.city.clients.items() if client.webhook]
        async with self._database.town(town.city.id) as connection:
            rows = await connection.fetch(
                "delete from webhook_clients where city_id = $1 and client <> all ($2) returning client",
                town.city.id,
                told,
            )
            for row in rows:
                await alerts.settle(connection, town.city.id, kind=STOPPED, about=row["client"], now=self._clock.now())

    async def send(self, town: Town, name: str) -> None:
        """Send what waits for one front end, until something fails."""
        client = town.city.clients.get(name)
        if client is None or client.webhook is None:
            return
        for _ in range(_AT_ONCE):
            row = await self._next(town.city.id, name)
            if row is None:
                return
            message_id, body = row
            try:
                await self._post(client.webhook, name, message_id, body.encode())
            except HubError as error:
                asked = error.retry_after if isinstance(error, AskedToWait) else timedelta()
                await self._failed(town.city.id, name, describe(error), asked, gone=isinstance(error, WebhookGone))
                return
            await self._delivered(town.city.id, name, message_id)

    async def _post(self, webhook: Webhook, name: str, message_id: UUID, body: bytes) -> None:
        keys = signing_keys(webhook.secret, webhook.previous_secret, self._secret, f"clients.{name}.webhook")
        headers = sign(keys, public_id("msg", message_id), self._clock.now(), body)
        await post(webhook.url, body, headers, self._clock)

    async def _next(self, city_id: int, name: str) -> tuple[UUID, str] | None:
        """The first that waits, with its attempt counted before it is made."""
        async with self._database.town(city_id) as connection:
            row = await connection.fetchrow(
                """update webhook_messages set attempts = attempts + 1
                   where city_id = $1 and message_id = (
                       select message_id from webhook_messages
                       where city_id = $1 and client = $2 and delivered_at is null order by sequence limit 1)
                     and not exists (select from webhook_clients
                                     where city_id = $1 and client = $2 and (stopped_at is not null or next_at > $3))
                   returning message_id, body""",
                city_id,
                name,
                self._clock.now(),
            )
            return None if row is None else (row["message_id"], row["body"])

    async def _delivered(self, city_id: int, name: str, message_id: UUID) -> None:
        async with self._database.town(city_id) as connection:
            await connection.execute(
                "update webhook_messages set delivered_at = $3 where city_id = $1 and message_id = $2",
                city_id,
                message_id,
                self._clock.now(),
            )
            await connection.execute(
                "delete from webhook_clients where city_id = $1 and client = $2 and stopped_at is null", city_id, name
            )

    async def _failed(self, city_id: int, name: str, why: str, asked: timedelta, *, gone: bool) -> None:
        """`asked`: how long the receiver wants to be left alone (RFC 9110 §10.2.3), which is believed for a day."""
        now = self._clock.now()
        async with self._database.town(city_id) as connection:
            row = await connection.fetchrow(
                """insert into webhook_clients as c (city_id, client, failing_since, failures, last_failure)
                   values ($1, $2, $3, 1, left($4, 500))
                   on conflict (city_id, client) do update
                   set failures = c.failures + 1, last_failure = excluded.last_failure,
                       failing_since = coalesce(c.failing_since, excluded.failing_since)
                   returning failures, failing_since""",
                city_id,
                name,
                now,
                why,
            )
            assert row is not None
            wait = max(_WAITS[min(row["failures"], len(_WAITS)) - 1], min(asked, _WAITS[-1]))
            await connection.execute(
                "update webhook_clients set next_at = $3 where city_id = $1 and client = $2", city_id, name, now + wait
            )
            if gone or now - row["failing_since"] >= GIVE_UP:
                reason = "gone" if gone else "failed_for_days"
                await connection.execute(
                    "update webhook_clients set stopped_at = $3, stopped_for = $4 where city_id = $1 and client = $2",
                    city_id,
                    name,
                    now,
                    reason,
                )
                detail = {"client": name, "reason": reason, "since": row["failing_since"].isoformat()}
                await alerts.raise_alert(
                    connection, city_id, kind=STOPPED, about=name, detail=detail, now=now, times=row["failures"]
                )


async def states(connection: Connection, town: Town) -> list[ClientState]:
    """How it goes with every front end that is told."""
    configured = {name: client.webhook.url for name, client in town.city.clients.items() if client.webhook}
    rows = await connection.fetch(
        """select name as client, c.failing_since, coalesce(c.failures, 0) as failures, c.last_failure, c.stopped_at,
                  c.stopped_for, w.waiting, w.oldest_at
           from unnest($2::text[]) as name
           left join webhook_clients c on c.city_id = $1 and c.client = name
           cross join lateral (select count(*) as waiting, min(at) as oldest_at from webhook_messages m
                               where m.city_id = $1 and m.client = name and m.delivered_at is null) w
           order by name""",
        town.city.id,
        list(configured),
    )
    return [ClientState(url=configured[row["client"]], **row) for row in rows]


async def replay(connection: Connection, town: Town, name: str, *, since: datetime | None, now: datetime) -> int:
    """Send again what is not older than `since`, delivered or not, under the same ids; None: only what waits.

    A front end that was stopped goes on. Returns how many messages wait now. Raises NotFound.
    """
    client = town.city.clients.get(name)
    if client is None or client.webhook is None:
        raise NotFound("There is no front end of this name that is told anything.")
    if since is not None:
        await connection.execute(
            """update webhook_messages set delivered_at = null where city_id = $1 and client = $2 and at >= $3""",
            town.city.id,
            name,
            since,
        )
    await connection.execute(
        """update webhook_clients set stopped_at = null, stopped_for = null, next_at = null, failing_since = null,
                  failures = 0
           where city_id = $1 and client = $2""",
        town.city.id,
        name,
    )
    await alerts.settle(connection, town.city.id, kind=STOPPED, about=name, now=now)
    waiting = await connection.fetchval(
        "select count(*) from webhook_messages where city_id = $1 and client = $2 and delivered_at is null",
        town.city.id,
        name,
    )
    return int(waiting)
