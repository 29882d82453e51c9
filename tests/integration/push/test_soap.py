"""The SOAP door: what keeps the contract is kept and applied, what does not is named to the place, and nothing is lost."""

from __future__ import annotations

import hashlib

import pytest
import zeep
import zeep.transports
from lxml import etree

import bindings
from hub.back_offices.pushed_items import RECORD_OF
from hub.bootstrap.nouns import TARGETS
from hub.intake import soap_call, soap_contract
from hub.intake.cloudevents import UnreadableBody
from hub.mapping.model import Kind
from tests.integration.portal_api.serving import serving
from tests.integration.push.conftest import OFFICE
from tests.support.hub import make_settings
from tests.support.records import ANA

PUSH = "/pregrada/push/v1/soap"
P = f"{{{soap_contract.NAMESPACE}}}"
SOAP_11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP_12 = "http://www.w3.org/2003/05/soap-envelope"


def obligation(number: int = 1, *, extra: str = "", **changes: str) -> str:
    values = {
        "id": f"m{number}",
        "key": f"S{number}",
        "changedAt": "2026-11-21T10:15:00+01:00",
        "party": f'<p:party role="debtor" scheme="hr.oib">{ANA}</p:party>',
        "kind": "<p:kind>fee</p:kind>",
        "original": '<p:original currency="EUR">125.00</p:original>',
    } | changes
    return (
        f'<p:obligation id="{values["id"]}"><p:key>{values["key"]}</p:key>'
        f"<p:changedAt>{values['changedAt']}</p:changedAt>{values['party']}{values['kind']}"
        f'<p:title lang="hr">Komunalna naknada</p:title>{values["original"]}{extra}</p:obligation>'
    )


def call(*items: str, version: str = SOAP_11, header: str = "") -> bytes:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<e:Envelope xmlns:e="{version}" xmlns:p="{soap_contract.NAMESPACE}">'
        f"<e:Header>{header}</e:Header><e:Body><p:push>{''.join(items)}</p:push></e:Body></e:Envelope>"
    ).encode()


async def push(door, body: bytes, media_type: str = "text/xml; charset=utf-8", **headers: str):
    return await door.api.client.post(PUSH, content=body, headers=OFFICE | {"Content-Type": media_type} | headers)


def receipts(answer) -> list[tuple[str | None, str]]:
    assert answer.status_code == 200, answer.text
    root = etree.fromstring(answer.content)
    assert soap_contract._schema().validate(etree.ElementTree(root[0][0]))
    return [(one.get("id"), one.get("result")) for one in root.iter(f"{P}receipt")]


def misfits(answer) -> list[dict[str, str]]:
    root = etree.fromstring(answer.content)
    return [{etree.QName(one).localname: one.text for one in misfit} for misfit in root.iter(f"{P}misfit")]


async def owed(door) -> list[tuple]:
    return [
        tuple(row)
        for row in await door.rows(
            "select source_key, original, outstanding, due_on::text from obligations where gone_at is null order by 1"
        )
    ]


async def test_records_are_kept_answered_and_applied_without_a_mapping(door):
    parts = (
        '<p:outstanding currency="EUR">100.5</p:outstanding><p:dueOn>2026-12-09</p:dueOn><p:year>2026</p:year>'
        '<p:payee>grad</p:payee><p:reference scheme="hr.poziv_na_broj">HR99 1</p:reference><p:cancelled>false</p:cancelled>'
        "<p:instalment><p:number>1</p:number><p:dueOn>2026-12-09</p:dueOn>"
        '<p:amount currency="EUR">125</p:amount></p:instalment>'
    )
    answer = await push(door, call(obligation(1, extra=parts), obligation(2)))
    assert receipts(answer) == [("m1", "accepted"), ("m2", "accepted")]
    assert answer.headers["ratelimit"].startswith('"requests";r=5999;t=60')
    await door.work()
    assert await owed(door) == [("S1", 12500, 10050, "2026-12-09"), ("S2", 12500, None, None)]
    assert await door.value("select reference::text from obligations where source_key = 'S1'") == (
        '[{"value": "HR99 1", "scheme": "hr.poziv_na_broj"}]'
    )
    assert await door.value("select amount from instalments") == 12500
    assert await door.letters() == []


async def test_the_same_again_is_known_and_a_newer_one_wins(door):
    newer = obligation(
        1, id="m2", changedAt="2026-11-21T10:16:00+01:00", original='<p:original currency="EUR">1</p:original>'
    )
    assert receipts(await push(door, call(newer, obligation(1), obligation(1)))) == [
        ("m2", "accepted"), ("m1", "accepted"), ("m1", "duplicate")]  # fmt: skip
    assert receipts(await push(door, call(obligation(1)))) == [("m1", "duplicate")]
    await door.work()
    assert await owed(door) == [("S1", 100, None, None)]


async def test_an_id_that_came_before_with_other_content_is_refused_kept_and_taken_with_an_id_of_its_own(door):
    assert receipts(await push(door, call(obligation(1)))) == [("m1", "accepted")]
    other = obligation(1, key="S2")
    answer = await push(door, call(obligation(3), other, obligation(1)))
    assert receipts(answer) == [("m3", "accepted"), ("m1", "refused"), ("m1", "duplicate")]
    (misfit,) = misfits(answer)
    assert (misfit["field"], misfit["reason"]) == ("id", "it came before with other content")
    # Where nothing can be accepted it is a fault, as for what breaks the contract; and the same letter.
    answer = await push(door, call(other))
    assert (answer.status_code, misfits(answer)[0]["place"]) == (500, "item[1].@id")
    await door.work()
    (letter,) = await door.letters()
    assert (letter["reason"], letter["times"]) == ("id_used", 2)
    await replayed(door, letter, 'id="m1"', 'id="m9"')
    assert [row[0] for row in await owed(door)] == ["S1", "S2", "S3"]
    assert await door.letters() == []


async def test_an_item_that_broke_the_contract_is_corrected_and_taken(door):
    broken = obligation(1, changedAt="yesterday")
    assert (await push(door, call(broken))).status_code == 500
    (letter,) = await door.letters()
    assert letter["reason"] == "breaks_contract"
    await replayed(door, letter, "yesterday", "2026-11-21T10:15:00+01:00")
    assert [row[0] for row in await owed(door)] == ["S1"]
    assert await door.letters() == []


async def replayed(door, letter: dict, wrong: str, right: str) -> None:
    """With one text of it put in the place of another."""
    path, staff = f"/pregrada/admin/v1/dead-letters/{letter['id']}", door.api.staff("pregrada")
    seen = (await door.api.client.get(path, headers=staff)).json()
    text = {"text": seen["text"].replace(wrong, right), "why": "as on paper"}
    assert (await door.api.client.post(f"{path}/corrections", json=text, headers=staff)).status_code == 201
    asked = {"ids": [letter["id"]]}
    answer = await door.api.client.post("/pregrada/admin/v1/replays", json=asked, headers=staff)
    assert answer.status_code == 202, answer.text
    await door.work()


async def test_what_the_contract_allows_and_nobody_can_read_is_a_letter(door):
    """Times that XML Schema has and Python has not, and a key that only one of the two readers takes for blank."""
    ends = ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-11-21T24:00:00Z")
    items = [obligation(n, changedAt=at) for n, at in enumerate(ends, 1)]
    items.append(f'<p:complete id="m9"><p:at>{ends[0]}</p:at><p:of>obligation</p:of></p:complete>')
    items += [obligation(4, key="&#x85;"), obligation(5)]
    assert [result for _, result in receipts(await push(door, call(*items)))] == ["accepted"] * 6
    await door.work()
    letters = await door.letters()
    assert {one["reason"] for one in letters} == {"unreadable_record"}, letters
    assert [row[0] for row in await owed(door)] == ["S5"]


async def test_removals_and_that_it_was_everything(door):
    removal = '<p:removal id="r1"><p:key>S1</p:key><p:changedAt>2026-11-21T10:17:00+01:00</p:changedAt><p:of>obligation</p:of></p:removal>'
    complete = '<p:complete id="c1"><p:at>2026-11-21T10:18:00+01:00</p:at><p:of>obligation</p:of></p:complete>'
    assert receipts(await push(door, call(removal, obligation(1), obligation(2), complete)))[3] == ("c1", "accepted")
    await door.work()
    assert [row[0] for row in await owed(door)] == ["S2"]
    assert await door.value("select complete_at::text from feed_states where feed = 'obligations'") == (
        "2026-11-21 09:18:00+00"
    )


async def test_soap_1_2_and_headers_of_ws_addressing(door):
    header = '<a:To xmlns:a="http://www.w3.org/2005/08/addressing" e:mustUnderstand="1">x</a:To>'
    answer = await push(door, call(obligation(), version=SOAP_12, header=header), "application/soap+xml")
    assert receipts(answer) == [("m1", "accepted")]
    assert answer.headers["content-type"] == "application/soap+xml; charset=utf-8"


WRONG = [
    (obligation(original='<p:original currency="EUR">12,5</p:original>'), "original", "item[1].original", "the amount as assessed"),
    (obligation(original='<p:original currency="kn">1</p:original>'), "currency", "item[1].original.@currency", "its currency, such as EUR"),
    (obligation(changedAt="2026-11-21T10:15:00"), "changedAt", "item[1].changedAt", "when you last changed it, with its zone"),
    (obligation(kind="<p:kind>komunalna</p:kind>"), "kind", "item[1].kind", "tax, fee, fine, invoice, rent, credit or other"),
    (obligation(kind=""), "kind", "item[1].kind", "tax, fee, fine, invoice, rent, credit or other"),
    (obligation(id=""), "id", "item[1].@id", "an id of this message"),
    (obligation(party='<p:party role="debtor">1</p:party>'), "scheme", "item[1].party.@scheme", "what kind of number it is"),
    (obligation(extra="<p:napomena>x</p:napomena>"), "napomena", "item[1].napomena", "nothing here"),
    (obligation(extra="<p:dueOn>2026-02-30</p:dueOn>"), "dueOn", "item[1].dueOn", "until when it is to be paid"),
    ("<p:dug/>", "dug", "item[1].dug", "one of obligation, case, subject, removal, complete"),
]  # fmt: skip


async def test_a_fault_names_the_field_its_place_and_what_to_write(door):
    for item, field, place, write in WRONG:
        for media_type, version, status in (("text/xml", SOAP_11, 500), ("application/soap+xml", SOAP_12, 400)):
            answer = await push(door, call(item, version=version), media_type)
            assert answer.status_code == status, answer.text
            (misfit,) = misfits(answer)
            assert (misfit["field"], misfit["place"]) == (field, place)
            assert misfit["write"].startswith(write)
            assert int(misfit["line"]) == 2
            fault = etree.fromstring(answer.content).find(f".//{{{version}}}Fault")
            text = fault.findtext("faultstring") if version == SOAP_11 else fault.findtext(f".//{{{version}}}Text")
            assert write in text
    # Kept all the same, and each once: it is the same item in both versions.
    assert [(one["reason"], one["times"]) for one in await door.letters()] == [("breaks_contract", 2)] * len(WRONG)
    assert await door.value("select count(*) from messages") == 0


async def test_one_wrong_item_stops_no_other(door):
    answer = await push(door, call(obligation(1), obligation(2, kind="<p:kind>x</p:kind>"), obligation(3)))
    assert receipts(answer) == [("m1", "accepted"), ("m2", "refused"), ("m3", "accepted")]
    (letter,) = await door.letters()
    assert etree.fromstring(answer.content).findtext(f".//{P}deadLetter") == letter["id"]
    await door.work()
    assert [row[0] for row in await owed(door)] == ["S1", "S3"]


UNREADABLE = [
    (b"<e:Envelope", "not well-formed"),
    (b"", "is empty where XML is expected"),
    (b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', "carries a DTD"),
    (b"<a/>", "is no SOAP envelope"),
    (f'<e:Envelope xmlns:e="{SOAP_11}"/>'.encode(), "has no Body"),
    (f'<e:Envelope xmlns:e="{SOAP_11}"><e:Body><x/></e:Body></e:Envelope>'.encode(), "holds one element, push"),
    (call(), "a call has 1 to 1000 items"),
]


async def test_what_is_no_call_is_a_fault_and_kept(door):
    for body, words in UNREADABLE:
        answer = await push(door, body)
        assert answer.status_code == 500
        text = etree.fromstring(answer.content).findtext(".//faultstring")
        assert words in text
        letter = (await door.letters())[0]
        assert letter["reason"] == "unreadable_body"
        assert letter["id"] in text


async def test_other_faults_of_soap(door):
    other = call(obligation()).replace(SOAP_11.encode(), b"urn:soap:3")
    assert b"VersionMismatch" in (await push(door, other)).content
    header = '<s:Security xmlns:s="urn:x" e:mustUnderstand="1"/>'
    assert b"MustUnderstand" in (await push(door, call(obligation(), header=header))).content
    assert (await push(door, call(obligation()), "application/json")).status_code == 415
    assert await door.value("select count(*) from messages") == 0


async def test_what_the_town_cannot_place_is_a_letter(door):
    """The contract allows it; the configuration of the town does not."""
    case = (
        f'<p:case id="c"><p:key>k</p:key><p:changedAt>2026-11-21T10:15:00Z</p:changedAt><p:party role="applicant" '
        f'scheme="hr.oib">{ANA}</p:party><p:title lang="hr">x</p:title><p:status>decided</p:status></p:case>'
    )
    items = [
        case,
        obligation(2, party='<p:party role="debtor" scheme="hr.oib">12345678901</p:party>'),
        obligation(3, original='<p:original currency="EUR">1.234</p:original>'),
        obligation(4, changedAt="2026-11-22T10:15:00+01:00"),
        obligation(5, extra="<p:payee>nobody</p:payee>"),
    ]
    assert {one for _, one in receipts(await push(door, call(*items)))} == {"accepted"}
    await door.work()
    assert {(one["reason"], one["field"]) for one in await door.letters()} == {
        ("unknown_feed", "feed"), ("unreadable_record", "party"), ("unreadable_record", "original"),
        ("future_time", "changedAt"), ("contradicts_configuration", "payee")}  # fmt: skip
    assert await owed(door) == []


async def test_the_contract_is_told_at_the_door_and_leads_back_to_it(door):
    told = await door.api.client.get(f"{PUSH}?wsdl")
    assert told.status_code == 200
    addresses = {one.get("location") for one in etree.fromstring(told.content).iter("{*}address")}
    assert addresses == {"http://127.0.0.1:8000/pregrada/push/v1/soap"}
    assert (await door.api.client.get(f"{PUSH}?xsd")).content == soap_contract.XSD.read_bytes()


def test_zeep_pushes(tmp_path, urls, clock):
    """A client of others that knows nothing but the WSDL."""
    settings = make_settings(tmp_path, urls)
    from hub.storage.vault import MasterKeys

    MasterKeys.load(settings.master_key, create=True)
    import asyncio

    async def prepare() -> None:
        from hub.hub import open_worker

        await (await open_worker(settings, urls.worker, connect=False)).close()

    asyncio.run(prepare())
    with serving(settings, urls, clock) as (host, port):
        transport = zeep.transports.Transport(timeout=10)
        transport.session.headers.update(OFFICE)
        client = zeep.Client(f"http://{host}:{port}{PUSH}?wsdl", transport=transport)
        assert {one.binding.name.localname for one in client.wsdl.services["Push"].ports.values()} == {
            "Push11",
            "Push12",
        }
        item = {
            "id": "z1", "key": "Z1", "changedAt": "2026-11-21T10:15:00+01:00",
            "party": [{"_value_1": ANA, "role": "debtor", "scheme": "hr.oib"}], "kind": "fee",
            "title": [{"_value_1": "Naknada", "lang": "hr"}], "original": {"_value_1": "125.00", "currency": "EUR"},
        }  # fmt: skip
        for port_name in ("Push11", "Push12"):
            service = client.bind("Push", port_name)
            (receipt,) = service.push(_value_1=[{"obligation": item}])
            assert (receipt.id, receipt.result) == ("z1", "accepted" if port_name == "Push11" else "duplicate")
            with pytest.raises(zeep.exceptions.Fault) as caught:
                service.push(_value_1=[{"obligation": item | {"kind": "komunalna"}}])
            assert "tax, fee, fine, invoice, rent, credit or other" in caught.value.message
        transport.session.close()


@pytest.mark.parametrize("where", ["Envelope ", "push ", "obligation "])
@pytest.mark.parametrize("what", ['xmlns:a{0}="u:{0}"', 'a{0}="1"'], ids=["namespaces", "attributes"])
def test_names_without_end_are_refused_before_they_are_compared(where, what):
    """Forty thousand of them would hold everybody up for minutes."""
    plain = f'<Envelope xmlns="{soap_call.SOAP_11}"><Body><p:push xmlns:p="{soap_contract.NAMESPACE}"><p:obligation /></p:push></Body></Envelope>'
    many = " ".join(what.format(number) for number in range(40_000))
    text = plain.replace(f"{where}", f"{where}{many} ", 1)
    root = soap_call.parse(text.encode(), None, 10_000_000)
    with pytest.raises(UnreadableBody, match="more than 50 attributes or namespaces"):
        soap_call.items_of(root, soap_call.SOAP_11)
    few = " ".join(what.format(number) for number in range(48))
    root = soap_call.parse(plain.replace(where, f"{where}{few} ", 1).encode(), None, 10_000_000)
    assert len(soap_call.items_of(root, soap_call.SOAP_11)) == 1


def test_the_bindings_are_those_of_the_contract():
    digest = hashlib.sha256(soap_contract.XSD.read_bytes()).hexdigest()
    assert digest == bindings.XSD_SHA256, "run `make bindings`"


def test_every_field_of_a_noun_has_its_place_in_the_contract():
    words = {place for _, place in soap_contract._words()}
    for noun, fields in RECORD_OF.items():
        told = set(TARGETS[noun].fields) - {"caught_up_to"}
        assert set(fields) == told, noun
        assert {element for element, _ in fields.values()} <= words
        for name, field in TARGETS[noun].fields.items():
            if name in fields and field.kind is Kind.CHOICE:
                written = soap_contract._words()[noun, fields[name][0]].replace(" or ", ", ").split(", ")
                assert set(written) == set(field.choices), (noun, name)
