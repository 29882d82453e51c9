"""A feed that asks a second time about each record: what is stored, and what becomes of one that is not told."""

import json
from datetime import timedelta

from hub.back_offices.service import ReadReport
from tests.support import trial as trials
from tests.support.http_server import Answer
from tests.support.records import ANA
from tests.support.trial import JSON, debt, page, trial

OF_ANA = f"/debts?oib={ANA}"


def one(**values: object) -> Answer:
    return Answer(json.dumps({"debt": values}).encode(), 200, JSON)


async def test_a_second_call_for_each_record(tmp_path, urls, clock, monkeypatch):
    plain = trials.MAPPINGS["debts.yaml"]
    detail = "  detail: { request: 'GET /debts/{id}', parameters: { id: { record: id } }, records: debt }\nkey: id"
    monkeypatch.setitem(
        trials.MAPPINGS, "debts.yaml", plain.replace("key: id", detail).replace("from: open", "from: Detail.open")
    )
    async with trial(tmp_path, urls, clock) as town:
        town.office.says(OF_ANA, page(debt("a"), debt("b/ž"), debt("c")))
        town.office.says("/debts/a", one(open="7.50"))
        town.office.says("/debts/b/ž", one(open="2.00"))
        town.office.says("/debts/c", Answer(b"", 500), one(open="1.00", clerk="Ivo"))
        await town.subject(ANA)
        report = await town.read("debts", ANA)
        assert report == ReadReport(records=3, changed=2, gone=0, rejected=1, failure="unreadable_records")
        assert await town.obligations("debts") == {"a": (750, 1, False), "b/ž": (200, 1, False)}
        assert sorted(town.office.asked) == sorted([OF_ANA, "/debts/a", "/debts/b/ž", "/debts/c"])
        (letter,) = await town.letters()
        assert (letter.external_id, letter.field) == ("debts/c", "detail")
        assert letter.detail.startswith("the second call for it failed: ")
        kept = json.loads(await town.body_of(letter))
        assert (kept["id"], kept["Detail.asked"]) == ("c", letter.detail)
        # Told the next time, it is read, the letter is settled, and what nobody knows is drift, once.
        clock.move(timedelta(minutes=1))
        assert await town.read("debts", ANA) == ReadReport(records=3, changed=1, gone=0, rejected=0, failure=None)
        assert (await town.obligations("debts"))["c"] == (100, 1, False)
        assert await town.letters() == []
        assert [(row["what"], row["path"]) for row in await town.fetch("select * from drift")] == [
            ("unknown_field", "Detail.clerk")
        ]
