"""Messages as they are kept: whole, encrypted, and with what became of them."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from hub.gateways.model import Incoming, Message, Verdict
from hub.gateways.reports import from_json, to_json
from hub.kernel.ids import new_uuid
from hub.ports.payment_gateway import Report
from hub.storage.database import Connection
from hub.storage.vault import TownKeys

MOST_REFUSED = 200
"""Messages of one gateway that are kept in an hour though they are refused or prove nothing: whoever floods the door
fills no disk, and whatever such a message says is found out by asking."""

UNSIGNED = "unsigned"

MOST_RETURNS = 20
"""Returns of one attempt that are kept: a browser can bring a good one as often as it likes, and it proves nothing."""

_NOT_KEPT = frozenset({"cookie", "proxy-authorization"})
"""Headers of a browser that would let somebody in as the payer. `Authorization` is one but where it is a signature."""

_COLUMNS = "message_id, gateway, kind, attempt_id, received_at, verdict, why, word"


@dataclass(frozen=True, slots=True)
class Read:
    """What the gateway's adapter made of a message: a report, or why it is none (`forged` or `unreadable`, a text)."""

    report: Report | None
    problem: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A kept message that is to be judged."""

    gateway: str
    report: Report


async def keep(
    connection: Connection,
    keys: TownKeys,
    gateway: str,
    kind: str,
    message: Incoming,
    read: Read,
    *,
    signs_by: str | None,
    verdict: Verdict,
    attempt_id: UUID | None,
    why: str | None,
    now: datetime,
) -> None:
    """Not where enough like it are kept: refused or unsigned in this hour, returns of this attempt. `signs_by`: see
    PaymentGateway.
    """
    city_id, message_id = keys.city_id, new_uuid()
    if (verdict is Verdict.REFUSED or why == UNSIGNED) and await _flooded(connection, city_id, gateway, now):
        return
    if kind == "return" and attempt_id is not None and await _returned_enough(connection, city_id, attempt_id):
        return
    content = {
        "method": message.method,
        "url": message.url,
        "headers": kept_headers(message.headers, signs_by),
        "body": base64.b64encode(message.body).decode(),
        "read": to_json(read.report) if read.report else None,
        "problem": read.problem,
        "detail": read.detail,
    }
    digest = hashlib.sha256(b"\0".join((message.method.encode(), message.url.encode(), message.body))).digest()
    await connection.execute(
        """insert into gateway_messages (city_id, message_id, gateway, kind, received_at, content, digest, verdict, why,
                                         word, attempt_id, judged_at)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)""",
        city_id,
        message_id,
        gateway,
        kind,
        now,
        keys.encrypt("gateway_messages", "content", str(message_id), json.dumps(content).encode()),
        digest,
        verdict,
        why,
        read.report.word[:200].replace("\0", "") if read.report else None,
        attempt_id,
        None if verdict is Verdict.WAITING else now,
    )


def kept_headers(headers: Mapping[str, str], signs_by: str | None) -> dict[str, str]:
    """Headers by lower-case name, without what lets somebody in; schemes have no case (RFC 9110 section 11.1)."""
    scheme = headers.get("authorization", "").strip().partition(" ")[0].lower()
    not_kept = _NOT_KEPT if signs_by and scheme == signs_by.lower() else _NOT_KEPT | {"authorization"}
    return {name: value for name, value in headers.items() if name not in not_kept}


async def _flooded(connection: Connection, city_id: int, gateway: str, now: datetime) -> bool:
    refused = await connection.fetchval(
        """select count(*) from (
               select from gateway_messages
               where city_id = $1 and gateway = $2 and (verdict = 'refused' or why = 'unsigned') and received_at > $3
               limit $4) m""",
        city_id,
        gateway,
        now - timedelta(hours=1),
        MOST_REFUSED,
    )
    return int(refused) >= MOST_REFUSED


async def _returned_enough(connection: Connection, city_id: int, attempt_id: UUID) -> bool:
    kept = await connection.fetchval(
        "select count(*) from gateway_messages where city_id = $1 and attempt_id = $2 and kind = 'return'",
        city_id,
        attempt_id,
    )
    return int(kept) >= MOST_RETURNS


async def waiting(
    connection: Connection, city_id: int, after: tuple[datetime, UUID] | None, limit: int
) -> list[tuple[datetime, UUID, str]]:
    """Those to be judged, the oldest first: when each came, its id and its gateway. `after`: the last one looked at."""
    rows = await connection.fetch(
        """select received_at, message_id, gateway from gateway_messages where city_id = $1 and verdict = 'waiting'
             and ($2::timestamptz is null or (received_at, message_id) > ($2, $3::uuid))
           order by received_at, message_id limit $4""",
        city_id,
        *(after or (None, None)),
        limit,
    )
    return [tuple(row) for row in rows]


async def take(connection: Connection, keys: TownKeys, message_id: UUID) -> Waiting | None:
    """Locked; None where somebody else has it, or it has been judged."""
    row = await connection.fetchrow(
        """select gateway, content from gateway_messages
           where city_id = $1 and message_id = $2 and verdict = 'waiting' for update skip locked""",
        keys.city_id,
        message_id,
    )
    if row is None:
        return None
    report = _content(keys, message_id, row["content"])["read"]
    return Waiting(row["gateway"], from_json(report))


async def judged(
    connection: Connection,
    city_id: int,
    message_id: UUID,
    verdict: Verdict,
    *,
    why: str | None,
    attempt_id: UUID | None,
    now: datetime,
) -> None:
    await connection.execute(
        """update gateway_messages set verdict = $3, why = $4, attempt_id = $5, judged_at = $6
           where city_id = $1 and message_id = $2""",
        city_id,
        message_id,
        verdict,
        why,
        attempt_id,
        now,
    )


async def listed(
    connection: Connection,
    city_id: int,
    *,
    gateways: Sequence[str] | None,
    verdict: Verdict | None,
    attempt_id: UUID | None,
    before: UUID | None,
    limit: int,
) -> list[Message]:
    """The newest first, without their content."""
    rows = await connection.fetch(
        f"""select {_COLUMNS} from gateway_messages
            where city_id = $1 and ($2::text[] is null or gateway = any ($2)) and ($3::text is null or verdict = $3)
              and ($4::uuid is null or attempt_id = $4) and ($5::uuid is null or message_id < $5)
            order by message_id desc limit $6""",  # noqa: S608 - names are ours
        city_id,
        None if gateways is None else list(gateways),
        verdict,
        attempt_id,
        before,
        limit,
    )
    return [_of(row) for row in rows]


async def opened(connection: Connection, keys: TownKeys, message_id: UUID) -> tuple[Message, dict[str, Any]] | None:
    """A message with its content: method, url, headers, body (base64), and what was read in it."""
    row = await connection.fetchrow(
        f"select {_COLUMNS}, content from gateway_messages where city_id = $1 and message_id = $2",  # noqa: S608 - names are ours
        keys.city_id,
        message_id,
    )
    return None if row is None else (_of(row), _content(keys, message_id, row["content"]))


def _content(keys: TownKeys, message_id: UUID, stored: bytes) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(keys.decrypt("gateway_messages", "content", str(message_id), stored))
    return value


def _of(row: asyncpg.Record) -> Message:
    values = {name.strip(): row[name.strip()] for name in _COLUMNS.split(",")}
    return Message(**{**values, "verdict": Verdict(values["verdict"])})
