"""Alarms about changed interfaces: one for each place that matters, one for all that is merely new."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from hub.alerts import service as alerts
from hub.back_offices.model import Feed
from hub.contracts import queries
from hub.contracts.model import Checked, Finding, Severity, plain_finding
from hub.mapping.model import Drift
from hub.storage.database import Connection

KIND = "drift"
_LONGEST = 300
_QUIET = timedelta(days=1)
"""What ordinary reads met and did not meet again for so long, though the back office was read, is over."""


async def of_check(connection: Connection, city_id: int, checked: Checked) -> None:
    """Raise what was found. Settle what a comparison that was made found no more, and what no read meets any more."""
    office, raised = checked.back_office, set[str]()
    for about, detail in _told(office, checked.findings):
        raised.add(about)
        await alerts.raise_alert(connection, city_id, kind=KIND, about=about, detail=detail, now=checked.at)
    made = {one.name for one in checked.compared if one.ok}
    missed = {one.name for one in checked.compared if not one.ok}
    drifting = await queries.still_drifting(connection, city_id, office, checked.at - _QUIET)
    for alert in await alerts.open_alerts(connection, city_id):
        if alert.kind != KIND or alert.detail.get("back_office") != office or alert.about in raised:
            continue
        if alert.detail.get("source") == "reading":
            met = {tuple(one) for one in alert.detail.get("met", ())}
            over = not met & drifting and not any(f"records {feed}" in missed for feed, _, _ in met)
        else:
            read = not any(f"records {feed}" in missed for feed in alert.detail.get("feeds", ()))
            over = read and set(alert.detail.get("sources", ())) <= {name.partition(" ")[0] for name in made}
        if over:
            await alerts.settle(connection, city_id, kind=KIND, about=alert.about, now=checked.at)


async def of_unchecked(connection: Connection, city_id: int, checked: Collection[str], now: datetime) -> None:
    """Settle what pushes met and did not meet again for a day, of back offices that no check looks at: those that only
    push, and those that are gone. `checked`: the others.
    """
    for alert in await alerts.open_alerts(connection, city_id):
        office = str(alert.detail.get("back_office"))
        if alert.kind != KIND or office in checked:
            continue
        met = {tuple(one) for one in alert.detail.get("met", ())}
        if not met & await queries.still_drifting(connection, city_id, office, now - _QUIET):
            await alerts.settle(connection, city_id, kind=KIND, about=alert.about, now=now)


async def of_reading(connection: Connection, feed: Feed, found: Sequence[tuple[Drift, Finding]], now: datetime) -> None:
    """What a mapping did not know in an ordinary read or push."""
    new = [pair for pair in found if pair[1].severity is Severity.NEW]
    groups = [[pair] for pair in found if pair[1].severity is not Severity.NEW] + ([new] if new else [])
    for group in groups:
        met = [[feed.feed, drift.what, drift.path] for drift, _ in group]
        for about, detail in _told(feed.back_office, [one for _, one in group], within=f"/{feed.feed}"):
            more = {"source": "reading", "met": met}
            await alerts.raise_alert(connection, feed.city.id, kind=KIND, about=about, detail=detail | more, now=now)


def _told(office: str, findings: Sequence[Finding], within: str = "") -> list[tuple[str, dict[str, Any]]]:
    """What each alarm is about, and what it says."""
    told: dict[str, dict[str, Any]] = {}
    for one in findings:
        if one.severity is Severity.NEW:
            continue
        about = f"{office}{within}: {one.operation} {one.path}".strip()[:_LONGEST]
        plain = plain_finding(one, office)
        if about in told:
            told[about]["sources"] = sorted({*told[about]["sources"], one.source})
        else:
            told[about] = {"back_office": office, **plain, "sources": [one.source]}
    new = [one for one in findings if one.severity is Severity.NEW]
    if new:
        told[f"{office}{within}: new"] = {
            "back_office": office,
            "severity": Severity.NEW.value,
            "source": new[0].source,
            "sources": sorted({one.source for one in new}),
            "says": f"{office}: {len(new)} things that no mapping reads came or went; {_first(new[0], office)}",
            "citizens": new[0].citizens,
            "affected": 0,
            "changes": [one.says(office) for one in new[:100]],
        }
    return sorted(told.items())


def _first(found: Finding, office: str) -> str:
    return found.says(office).removeprefix(f"{office}: ")
