"""What an answer of an eID must be for the login under way, whatever its protocol."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog

from hub.back_offices.model import Town
from hub.kernel.errors import LoginRefused
from hub.logins import transactions
from hub.logins.model import LoginTransaction
from hub.ports.eid import Identity
from hub.storage.database import Connection

log = structlog.get_logger(__name__)

_SKEW = timedelta(minutes=3)
"""How far the eID's clock may be from ours where it says when it saw the person."""


def relay_in(query: Mapping[str, str], form: Mapping[str, str]) -> str:
    """What we gave along: SAML calls it RelayState (Bindings 2.0 §3.4.3), OAuth state (RFC 6749 §4.1.1)."""
    for fields in (form, query):
        for field in ("RelayState", "state"):
            if fields.get(field):
                return fields[field]
    raise LoginRefused("the answer belongs to no login of ours", reason="unsolicited")


def same_browser(kept: bytes, browser: str) -> None:
    """Raises LoginRefused (`other_browser`)."""
    if not hmac.compare_digest(kept, transactions.digest(browser)):
        raise LoginRefused("this login was begun in another browser", reason="other_browser")


def enough(identity: Identity, transaction: LoginTransaction) -> None:
    """Whether the eID proved what this login asks for. Raises LoginRefused."""
    if not identity.assurance.satisfies(transaction.assurance):
        detail = f"the eID says {identity.assurance} where {transaction.assurance} is needed"
        raise LoginRefused(detail, reason="too_little_assurance")
    if transaction.force and identity.authenticated_at < transaction.begun_at - _SKEW:
        raise LoginRefused("the eID did not ask the person again", reason="failed")


async def note_unknown(connection: Connection, town: Town, identity: Identity, now: datetime) -> None:
    """Tell the operator which attributes nobody here knows, and keep their names; never what they said."""
    if not identity.unknown:
        return
    # As a log and a table may have them: they come from outside.
    shown = ("".join(letter if letter.isprintable() else "?" for letter in name[:200]) for name in identity.unknown)
    names = sorted(set(shown))[:50]
    log.warning("eid_attributes_unknown", city=town.city.slug, eid=identity.provider, names=names)
    await connection.execute(
        """insert into eid_drift as d (city_id, provider, attribute, first_seen, last_seen)
           select $1, $2, name, $4, $4 from unnest($3::text[]) as name
           on conflict (city_id, provider, attribute)
           do update set last_seen = excluded.last_seen, times = d.times + 1""",
        town.city.id,
        identity.provider,
        names,
        now,
    )
