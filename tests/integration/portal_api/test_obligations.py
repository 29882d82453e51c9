"""Lists with filters and cursors, one obligation, and the code on it that can be scanned."""

import io
from datetime import date, timedelta

import pytest
import zxingcpp
from PIL import Image

from hub.kernel.ids import public_id
from hub.kernel.money import Money
from hub.kernel.references import Reference
from portal_api.citizen.obligations import ObligationList, ObligationOut, TransferOut
from tests.integration.portal_api.test_account import read
from tests.support.hub import Api
from tests.support.records import ANA, IVO, obligation

LIST = "/pregrada/v1/obligations"


async def get(hub: Api, subject_id, path: str = LIST, status: int = 200, **params):
    answer = await hub.client.get(path, params=params, headers=hub.token("pregrada", subject_id))
    assert answer.status_code == status, answer.text
    return answer.json()


@pytest.fixture
async def ana(hub):
    """Ana owes thirty things: by number due ever later, every third without a date, every fifth paid."""
    subject_id = await hub.subject("pregrada", hr_oib=ANA)
    records = [
        obligation(
            f"{n:02}",
            due_on=None if n % 3 == 0 else date(2026, 11, 1) + timedelta(days=n),
            outstanding=Money(0 if n % 5 == 0 else 100 * n, "EUR"),
            year=2020 + n % 4,
            kind="fine" if n % 2 else "fee",
        )
        for n in range(1, 31)
    ]
    await read(hub, "obligations", ANA, *records)
    return subject_id


@pytest.mark.parametrize("sort", ["due_on", "-due_on", "-amount", "-changed_at"])
@pytest.mark.parametrize("limit", [1, 7, 30])
async def test_pages_neither_skip_nor_repeat(hub, ana, sort, limit):
    items, cursor = [], None
    while True:
        page = await get(hub, ana, sort=sort, limit=limit, **({"cursor": cursor} if cursor else {}))
        ObligationList.model_validate(page)
        assert len(page["items"]) <= limit
        items += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(items) == len({one["id"] for one in items}) == 30
    keys = {
        "due_on": [one["due_on"] or "9999" for one in items],
        "-due_on": [one["due_on"] or "0000" for one in items],
        "-amount": [one["outstanding"]["minor"] for one in items],
        "-changed_at": [0 for _ in items],
    }[sort]
    assert keys == sorted(keys, reverse=sort.startswith("-"))


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"state": "paid"}, 6),
        ({"state": "open"}, 24),
        ({"state": "overdue"}, 11),
        ({"state": ["paid", "overdue"]}, 17),
        ({"state": "cancelled"}, 0),
        ({"kind": "fine"}, 15),
        ({"kind": ["fine", "fee"], "year": 2021}, 8),
        ({"year": [2021, 2022]}, 16),
        ({"payee": "grad"}, 30),
        ({"payee": "niskogradnja"}, 0),
        ({"currency": "HRK"}, 0),
        ({"due_from": "2026-11-05", "due_to": "2026-11-08"}, 3),
    ],
)
async def test_filters(hub, ana, filters, expected):
    page = await get(hub, ana, limit=100, **filters)
    assert len(page["items"]) == expected
    assert page["knowledge"] == "complete"


@pytest.mark.parametrize(
    ("params", "at"),
    [
        ({"limit": 0}, "query.limit"),
        ({"limit": 101}, "query.limit"),
        ({"state": "lost"}, "query.state.0"),
        ({"sort": "name"}, "query.sort"),
        ({"due_from": "21.11.2026"}, "query.due_from"),
        ({"cursor": "x"}, "query.cursor"),
        ({"cursor": "W10"}, "query.cursor"),
        ({"currency": "euro"}, "query.currency.0"),
    ],
)
async def test_wrong_values_are_named(hub, ana, params, at):
    body = await get(hub, ana, status=422, **params)
    assert body["type"] == "urn:munihub:problem:invalid_request"
    assert [fault["at"] for fault in body["faults"]] == [at]


async def test_a_cursor_of_another_order_is_refused(hub, ana):
    cursor = (await get(hub, ana, limit=1))["next_cursor"]
    body = await get(hub, ana, status=422, cursor=cursor, sort="-amount")
    assert body["detail"] == "This cursor belongs to another list: begin again without it."


@pytest.mark.parametrize("key", ["'; drop table obligations; --", "\x00", "9" * 200, "infinity"])
async def test_a_forged_cursor_is_refused_or_finds_nothing(hub, ana, key):
    from portal_api.pages import write_cursor

    answer = await hub.client.get(
        LIST,
        params={"cursor": write_cursor("due_on", key, "01a2007f-d6ae-7efc-8570-120aecde27fd")},
        headers=hub.token("pregrada", ana),
    )
    assert answer.status_code in {200, 422}, answer.text
    assert len((await get(hub, ana, limit=100))["items"]) == 30


async def test_one_obligation_with_its_instalments(hub):
    ana = await hub.subject("pregrada", hr_oib=ANA)
    parts = tuple(
        {
            "number": n,
            "due_on": date(2026, 11, 20) + timedelta(days=n),
            "amount": Money(1000, "EUR"),
            "outstanding": Money(0 if n == 1 else 1000, "EUR"),
            "references": (Reference("hr.poziv_na_broj", f"HR00 5720-{n}"),),
        }
        for n in (1, 2, 3)
    )
    await read(
        hub,
        "obligations",
        ANA,
        obligation(original=Money(3000, "EUR"), outstanding=Money(2000, "EUR"), instalments=parts),
    )
    (item,) = (await get(hub, ana))["items"]
    body = await get(hub, ana, f"{LIST}/{item['id']}")
    ObligationOut.model_validate(body)
    assert body["roles"] == ["debtor"]
    assert [(one["number"], one["outstanding"]["minor"]) for one in body["instalments"]] == [
        (1, 0),
        (2, 1000),
        (3, 1000),
    ]

    whole = await get(hub, ana, f"{LIST}/{item['id']}/transfer")
    assert whole["amount"]["minor"] == 2000
    part = await get(hub, ana, f"{LIST}/{item['id']}/transfer", instalment=2)
    assert part["amount"]["minor"] == 1000
    assert part["references"][0]["value"] == "HR00 5720-2"
    assert part["due_on"] == "2026-11-22"
    assert part["codes"][0]["svg"].endswith("/transfer/hub3.svg?instalment=2")
    paid = await get(hub, ana, f"{LIST}/{item['id']}/transfer", status=409, instalment=1)
    assert paid["detail"] == "This is paid: there is nothing to transfer."
    await get(hub, ana, f"{LIST}/{item['id']}/transfer", status=422, instalment=9)


async def test_the_code_says_exactly_the_payload(hub):
    """Read back by an independent reader; texts with diacritics and a reference with its model."""
    ana = await hub.subject("pregrada", hr_oib=ANA)
    await read(
        hub,
        "obligations",
        ANA,
        obligation(
            title={"hr": "Grobna naknada čćđšž"}, references=(Reference("hr.poziv_na_broj", "HR01 123-456-789"),)
        ),
    )
    (item,) = (await get(hub, ana))["items"]
    body = await get(hub, ana, f"{LIST}/{item['id']}/transfer")
    TransferOut.model_validate(body)
    assert body["payee"]["account"] == "HR1723600001101234565"
    assert [one["scheme"] for one in body["codes"]] == ["hub3", "epc"]
    assert body["codes"][0]["payload"] == (
        "HRVHUB30\nEUR\n000000000012550\n\n\n\nGrad Pregrada\nJosipa Karla Tuškana 2\n49218 Pregrada\n"
        "HR1723600001101234565\nHR01\n123-456-789\nGOVT\nGrobna naknada čćđšž\n"
    )
    for code in body["codes"]:
        png = await hub.client.get(code["png"], headers=hub.token("pregrada", ana))
        assert png.headers["content-type"] == "image/png"
        (symbol,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(png.content)))
        assert symbol.text == code["payload"]
        assert symbol.format.name == {"hub3": "PDF417", "epc": "QRCode"}[code["scheme"]]
        text = await hub.client.get(code["text"], headers=hub.token("pregrada", ana))
        assert text.content.decode() == code["payload"]
        svg = await hub.client.get(code["svg"], headers=hub.token("pregrada", ana))
        assert svg.headers["content-type"] == "image/svg+xml"
        assert b"<svg" in svg.content


async def test_a_scheme_that_cannot_say_it_says_so(hub):
    ana = await hub.subject("pregrada", hr_oib=ANA)
    old = Money(7500, "HRK")
    await read(hub, "obligations", ANA, obligation(original=old, outstanding=old))
    (item,) = (await get(hub, ana))["items"]
    body = await get(hub, ana, f"{LIST}/{item['id']}/transfer")
    assert body["codes"] == []
    assert sorted(body["without_code"]) == ["epc", "hub3"]
    await get(hub, ana, f"{LIST}/{item['id']}/transfer/hub3.png", status=409)
    await get(hub, ana, f"{LIST}/{item['id']}/transfer/spayd.png", status=404)
    await get(hub, ana, f"{LIST}/{item['id']}/transfer/hub3.gif", status=422)


@pytest.mark.parametrize(
    ("values", "detail"),
    [
        ({"outstanding": Money(0, "EUR")}, "This is paid: there is nothing to transfer."),
        ({"outstanding": Money(-1, "EUR")}, "This is paid: there is nothing to transfer."),
        ({"cancelled": True}, "The office has cancelled or withdrawn this obligation: there is nothing to pay."),
    ],
)
async def test_what_is_not_owed_cannot_be_paid(hub, values, detail):
    ana = await hub.subject("pregrada", hr_oib=ANA)
    await read(hub, "obligations", ANA, obligation(**values))
    (item,) = (await get(hub, ana))["items"]
    assert (await get(hub, ana, f"{LIST}/{item['id']}/transfer", status=409))["detail"] == detail


async def test_another_persons_obligation_does_not_exist(hub, ana):
    ivo = await hub.subject("pregrada", hr_oib=IVO)
    (item, *_) = (await get(hub, ana))["items"]
    for path in (f"{LIST}/{item['id']}", f"{LIST}/{item['id']}/transfer", f"{LIST}/{item['id']}/transfer/hub3.svg"):
        assert (await get(hub, ivo, path, status=404))["type"] == "urn:munihub:problem:not_found"
    for wrong in ("obl_x", "cas_" + item["id"][4:], public_id("obl", ivo), "x" * 300):
        await get(hub, ana, f"{LIST}/{wrong}", status=404)
    page = await get(hub, ivo)
    assert page["items"] is None
    assert page["knowledge"] == "unknown"
