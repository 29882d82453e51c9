"""`/metrics`: the figures of all towns in the text format of Prometheus, from the database, whoever answers.

Names of towns, back offices, feeds, and codes are the only labels: a few hundred series for a town, nothing of a person
and nothing that grows with citizens. Read at most every `KEPT`, whoever asks how often.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from hub.bootstrap.towns import Towns
from hub.kernel.clock import Clock
from hub.kit.measures import BOUNDS, OK
from hub.storage.database import Database

KEPT = timedelta(seconds=10)
_CODE = re.compile(r"[a-z0-9_]{1,60}")

Figures = Mapping[str, Mapping[str, Any]]
"""By the town's slug, what the database function munihub_figures tells of it."""


class FigureService:
    """Of one process."""

    def __init__(self, database: Database, towns: Towns, clock: Clock) -> None:
        self._database, self._towns, self._clock = database, towns, clock
        self._slugs = {town.city.id: slug for slug, town in towns.by_slug.items()}
        self._reading = asyncio.Lock()
        self._read_at: datetime | None = None
        self._text = b""
        self._process = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self._process)

    async def text(self) -> bytes:
        """As of now, or of a few seconds ago; several who ask at once wait for one reading."""
        async with self._reading:
            now = self._clock.now()
            if self._read_at is None or not timedelta() <= now - self._read_at < KEPT:
                self._text, self._read_at = await self._read(now), now
            return self._text + generate_latest(self._process)

    async def _read(self, now: datetime) -> bytes:
        rows = await self._database.pool.fetch(
            "select city, figures::text from munihub_figures($1::integer[], $2)", list(self._slugs), now
        )
        figures = {self._slugs[row["city"]]: json.loads(row["figures"]) for row in rows}
        return await asyncio.to_thread(_written, figures, sorted(self._towns.broken))


def _written(figures: Figures, broken: Sequence[str]) -> bytes:
    registry = CollectorRegistry()
    registry.register(_Collected([*_families(figures), _left_out(broken)]))
    return generate_latest(registry)


class _Collected(Collector):
    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = list(families)

    def collect(self) -> Iterable[Metric]:
        return self._families


def _left_out(broken: Sequence[str]) -> Metric:
    gauge = GaugeMetricFamily("munihub_town_left_out", "1 for a town whose configuration is wrong.", labels=["city"])
    for slug in broken:
        gauge.add_metric([slug], 1)
    return gauge


def _families(figures: Figures) -> Iterator[Metric]:
    yield from _calls(figures)
    office, code = ["city", "back_office"], ["city", "back_office", "reason"]
    feed, state = ["city", "back_office", "feed"], ["city", "back_office", "state"]
    yield _gauge(
        "munihub_feed_age_seconds", "Since the newest good read of a feed.", feed, figures, "feeds", lambda row: row[2]
    )
    yield _gauge(
        "munihub_feed_failing", "Identifiers a feed fails for; 1 for everybody.", feed, figures, "feeds",
        lambda row: row[3],
    )  # fmt: skip
    yield _gauge(
        "munihub_messages_waiting", "Pushed, and not interpreted.", office, figures, "messages", lambda row: row[1]
    )
    yield _gauge(
        "munihub_messages_oldest_seconds", "Age of the oldest of them.", office, figures, "messages",
        lambda row: row[2],
    )  # fmt: skip
    yield _gauge("munihub_deliveries", "Not yet done, by state.", state, figures, "deliveries", lambda row: row[2])
    yield _gauge(
        "munihub_deliveries_oldest_seconds", "Age of the oldest in a state.", state, figures, "deliveries",
        lambda row: row[3],
    )  # fmt: skip
    yield _gauge(
        "munihub_delivery_failures_in_a_row", "Of a back office that fails.", office, figures, "offices",
        lambda row: row[1],
    )  # fmt: skip
    yield _gauge(
        "munihub_breaker_open", "1 while a back office is left alone.", office, figures, "offices",
        lambda row: int(row[2]),
    )  # fmt: skip
    yield _gauge("munihub_dead_letters", "Waiting for somebody.", office, figures, "letters", lambda row: row[1])
    yield _gauge(
        "munihub_push_refused_today", "Attempts refused at the push doors since midnight UTC.", code, figures,
        "refusals", lambda row: row[2],
    )  # fmt: skip
    yield _gauge(
        "munihub_alerts_open", "What somebody should know of.", ["city", "kind"], figures, "alerts", lambda row: row[1]
    )
    yield from _of_town(figures)


def _gauge(name: str, text: str, labels: list[str], figures: Figures, part: str, value: Any) -> Metric:
    gauge = GaugeMetricFamily(name, text, labels=labels)
    for slug, told in figures.items():
        for row in told[part] or ():
            number = value(row)
            if number is not None:
                gauge.add_metric([slug, *row[: len(labels) - 1]], float(number))
    return gauge


def _of_town(figures: Figures) -> Iterator[Metric]:
    jobs = GaugeMetricFamily("munihub_jobs", "Work of the queue, by state.", labels=["city", "state"])
    oldest = GaugeMetricFamily("munihub_jobs_oldest_seconds", "How late the latest due job is.", labels=["city"])
    untold = GaugeMetricFamily("munihub_alert_addresses_failing", "Addresses no alert reaches.", labels=["city"])
    for slug, told in figures.items():
        *counted, age = told["jobs"]
        for state, number in zip(("queued", "running", "failed"), counted, strict=True):
            jobs.add_metric([slug, state], number)
        oldest.add_metric([slug], float(age or 0))
        untold.add_metric([slug], told["untold"])
    yield from (jobs, oldest, untold)


def _calls(figures: Figures) -> Iterator[Metric]:
    labels = ["city", "back_office", "what"]
    seconds = HistogramMetricFamily("munihub_call_seconds", "How long back offices took to answer.", labels=labels)
    errors = CounterMetricFamily("munihub_call_errors", "Calls that failed, by code.", labels=[*labels, "code"])
    for slug, told in figures.items():
        summed: dict[tuple[str, str], tuple[list[int], float]] = {}
        for office, what, code, calls, took, buckets in told["calls"] or ():
            before, total = summed.get((office, what), ([0] * len(buckets), 0.0))
            summed[office, what] = ([a + b for a, b in zip(before, buckets, strict=True)], total + took)
            if code != OK:
                known = code if _CODE.fullmatch(code) else "other"
                errors.add_metric([slug, office, what, known], calls)
        for (office, what), (buckets, total) in summed.items():
            up_to, cumulated = 0, []
            for bound, number in zip((*map(str, BOUNDS), "+Inf"), buckets, strict=True):
                up_to += number
                cumulated.append((bound, up_to))
            seconds.add_metric([slug, office, what], buckets=cumulated, sum_value=total)
    yield from (seconds, errors)
