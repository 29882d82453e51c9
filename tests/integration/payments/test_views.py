"""Payments as somebody reads them: what filters leave, and how much is looked at for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import asyncpg
import orjson

from hub.payments import views
from hub.payments.states import State
from hub.payments.views import Filters
from tests.integration.payments.till import of


async def test_payments_of_an_obligation_are_found_without_looking_at_all_of_the_town(desk, urls):
    owed = await desk.owe(10000)
    meant, given = await desk.pay(of(owed)), await desk.receive(5000, of(owed))
    await desk.pay(of(await desk.owe(10000)))
    async with desk.database.town(1) as connection:
        await connection.execute(
            """insert into payments (city_id, payment_id, currency, method, language, state, created_at, changed_at)
               select 1, gen_random_uuid(), 'EUR', 'card', 'hr', 'expired', $1::timestamptz - n * interval '1 hour', $1
               from generate_series(1, 2000) n""",
            desk.now,
        )
    owner = await asyncpg.connect(urls.owner)
    await owner.execute("analyze payments")
    await owner.close()
    async with desk.app.town(1) as connection:
        asked: list[asyncpg.connection.LoggedQuery] = []
        filters = Filters(obligation_id=owed, payees=["grad"], method=None, states=[State.OPEN, State.PAID])
        with connection.query_logger(asked.append):
            found = await views.page(connection, 1, filters, None, 50)
        assert {one.row["payment_id"] for one in found} == {meant, given}
        assert await views.page(connection, 1, replace(filters, payees=["vodovod"]), None, 50) == []
        page = asked[0]
        [plan] = orjson.loads(await connection.fetchval(f"explain (analyze, format json) {page.query}", *page.args))
    assert sum(_looked_at(plan["Plan"])) < 20


def _looked_at(node: dict[str, Any]) -> Iterator[int]:
    """How many payments each part of a plan has read."""
    if node.get("Relation Name") == "payments":
        yield node["Actual Loops"] * (node["Actual Rows"] + node.get("Rows Removed by Filter", 0))
    for below in node.get("Plans", []):
        yield from _looked_at(below)
