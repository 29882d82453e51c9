"""The simulated bank: what payers and gateways do, and the statements it writes, read by the formats of the hub."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date

import pytest
from lxml import etree

from adapters.bank_statement import camt, gpc
from adapters.bank_transfer import epc, hub3, spayd
from hub.kernel.money import Money
from hub.kernel.references import Reference
from hub.ports.bank_statement import Broken, Entry, Party
from tests.integration.simulators.harness import start
from tests.unit.bank_transfer.orders import PREGRADA, VZOROV

HR, CZ = PREGRADA.account, VZOROV.account
CROATIAN = replace(PREGRADA, references=(Reference("hr.poziv_na_broj", "HR68 5720-87582274224"),))
SYMBOLS = (Reference("cz.variable_symbol", "1234567890"), Reference("cz.specific_symbol", "77"))
CZECH = replace(VZOROV, references=SYMBOLS, message="Poplatek za psa, Žižkova 7")
PAYER = {"name": "Růžena Nováková", "account": "CZ2501230000000123456789"}


@pytest.fixture
async def bank():
    async with start("bank") as simulator:
        yield simulator


async def pay(bank, payload: str, expect: int = 201, **others) -> dict:
    answer = await bank.client.post("/transfers", json={"payload": payload} | others)
    assert answer.status_code == expect, answer.text
    return answer.json()


async def statement(bank, account: str) -> bytes:
    closed = await bank.client.post(f"/accounts/{account}/close")
    assert closed.status_code == 201, closed.text
    return (await bank.client.get(closed.json()["file"])).content


async def read(bank, account: str) -> tuple:
    """Head, entries and end of the next statement."""
    content = await statement(bank, account)
    scheme = (gpc if account == CZ else camt).FORMAT
    assert scheme.recognises(content[:4096], "x")
    head, *entries, end = scheme.read(io.BytesIO(content))
    return head, entries, end


async def test_a_croatian_day(bank):
    await pay(bank, hub3.SCHEME.encode(CROATIAN))
    head, (entry,), end = await read(bank, HR)
    assert (head.format, head.account, head.number, head.opening.amount) == (
        "camt.053.001.08", HR, "1", Money(1_000_000, "EUR"),
    )  # fmt: skip
    (payment,) = entry.transactions
    assert (entry.amount, entry.booked_on) == (Money(12355, "EUR"), date(2026, 11, 21))
    assert payment.references == (Reference("hr.poziv_na_broj", "HR68 5720-87582274224"),)
    assert payment.party == Party("Marko Marić", "HR6523400091110651272")
    assert payment.text == "Komunalna naknada 7/2026"
    assert (end.agrees, end.closing.amount, end.told.entries) == (True, Money(1_012_355, "EUR"), 1)


async def test_a_croatian_statement_keeps_to_the_order_of_the_schema(bank):
    await pay(bank, hub3.SCHEME.encode(CROATIAN))
    tree = etree.fromstring(await statement(bank, HR))
    names = [etree.QName(one).localname for one in tree.find(".//{*}Stmt")]
    assert names == [
        "Id", "ElctrncSeqNb", "LglSeqNb", "CreDtTm", "FrToDt", "Acct", "Bal", "Bal", "TxsSummry", "Ntry",
    ]  # fmt: skip
    assert [etree.QName(one).localname for one in tree.find(".//{*}Ntry")] == [
        "NtryRef", "Amt", "CdtDbtInd", "Sts", "BookgDt", "ValDt", "AcctSvcrRef", "BkTxCd", "NtryDtls",
    ]  # fmt: skip
    assert tree.findtext(".//{*}Stmt/{*}Id") == "CAMT053/1101234565/2026/001".replace("1101234565", HR[-10:])
    assert tree.findtext(".//{*}CdtrRefInf/{*}Ref") == "HR685720-87582274224"


async def test_a_czech_day(bank):
    await pay(bank, spayd.SCHEME.encode(CZECH), payer=PAYER)
    content = await statement(bank, CZ)
    assert content.decode("cp1250").split("\r\n") == [
        (
            "0740000192000145399Město Vzorov        21112600000001000000+00000001050000+000000000000000000000000500000001"
            "211126CZ650800PB    "
        ),
        (
            "0750000192000145399000000012345678900000000000010000000500002123456789000012300000000000077211126Růžena Nováková"
            "     01102211126"
        ),
        f"{'078Poplatek za psa, Žižkova 7':73}",
        "",
    ]
    head, entry, end = gpc.FORMAT.read(io.BytesIO(content))
    assert (head.account, head.scheme, end.agrees, end.credits) == (CZ, "iban", True, Money(50000, "CZK"))
    (payment,) = entry.transactions
    assert payment.references == SYMBOLS
    assert payment.party == Party("Růžena Nováková", "123456789/0123")
    assert payment.text == "Poplatek za psa, Žižkova 7"


async def test_an_epc_code_and_an_amount_that_the_payer_says(bank):
    order = replace(PREGRADA, amount=None, references=(Reference("iso11649", "RF18539007547034"),))
    assert (await pay(bank, epc.SCHEME.encode(order), 422))["refused"].startswith("the code leaves the amount")
    await pay(bank, epc.SCHEME.encode(order), amount="7.05", message="moje")
    _, (entry,), _ = await read(bank, HR)
    assert (entry.amount, entry.transactions[0].references) == (
        Money(705, "EUR"), (Reference("iso11649", "RF18539007547034"),),
    )  # fmt: skip


async def test_a_payout_and_the_day_after(bank):
    payout = {"account": HR, "amount": "95.50", "reference": "MONRI-20261121-1", "message": "Isplata kartica 21.11."}
    await bank.client.post("/payouts", json=payout)
    await bank.client.post("/payouts", json=payout | {"amount": "-5.00"})
    _, (first, second), end = await read(bank, HR)
    assert (first.amount.minor, second.amount.minor, end.closing.amount.minor) == (9550, -500, 1_009_050)
    assert (first.transactions[0].end_to_end, first.transactions[0].text) == (
        "MONRI-20261121-1", "Isplata kartica 21.11.",
    )  # fmt: skip
    bank.clock.move(days=1)
    head, entries, end = await read(bank, HR)
    assert (head.number, entries, head.opening.amount.minor, end.agrees) == ("2", [], 1_009_050, True)
    told = (await bank.client.get(f"/accounts/{HR}/statements")).json()
    assert [(one["number"], one["on"], one["bookings"]) for one in told] == [(1, "2026-11-21", 2), (2, "2026-11-22", 0)]


@pytest.mark.parametrize(("account", "payload"), [(HR, hub3.SCHEME.encode(CROATIAN)), (CZ, spayd.SCHEME.encode(CZECH))])
class TestMisbehaviour:
    async def test_a_reference_left_out(self, bank, account, payload):
        await bank.switch(no_reference=True)
        await pay(bank, payload)
        _, (entry,), _ = await read(bank, account)
        assert entry.transactions[0].references == ()

    async def test_another_amount(self, bank, account, payload):
        await bank.switch(amount_off=-55)
        await pay(bank, payload)
        _, (entry,), end = await read(bank, account)
        assert entry.amount.minor == (12355 if account == HR else 50000) - 55
        assert end.agrees is True

    async def test_booked_and_taken_back(self, bank, account, payload):
        await bank.switch(reversed=True)
        await pay(bank, payload)
        _, (booked, back), end = await read(bank, account)
        assert (booked.reversal, back.reversal, booked.amount.minor) == (False, True, -back.amount.minor)
        assert back.transactions[0].references == booked.transactions[0].references
        assert (end.agrees, end.closing.amount.minor) == (True, 1_000_000)

    async def test_the_same_file_twice(self, bank, account, payload):
        await pay(bank, payload)
        first = await statement(bank, account)
        await bank.switch(again=True)
        assert await statement(bank, account) == first
        await bank.switch()
        assert await statement(bank, account) != first

    @pytest.mark.parametrize("batch", ["listed", "summary"])
    async def test_one_booking_of_several(self, bank, account, payload, batch):
        await bank.switch(batch=batch)
        for _ in range(3):
            await pay(bank, payload)
        _, (entry,), end = await read(bank, account)
        assert isinstance(entry, Entry)
        assert (entry.amount.minor, end.agrees) == (37065 if account == HR else 150000, True)
        if account == HR:
            assert (len(entry.transactions), entry.batch) == ((3, None) if batch == "listed" else (0, 3))
        else:
            assert entry.transactions[0].references == ()

    async def test_a_balance_that_is_wrong(self, bank, account, payload):
        await pay(bank, payload)
        await bank.switch(balance_off=1)
        _, _, end = await read(bank, account)
        assert end.agrees is False

    async def test_a_file_that_ends_in_the_middle(self, bank, account, payload):
        await pay(bank, payload)
        await bank.switch(cut_off=True)
        content = await statement(bank, account)
        with pytest.raises(Broken):
            list((gpc if account == CZ else camt).FORMAT.read(io.BytesIO(content)))


@pytest.mark.parametrize(
    ("wanted", "refused"),
    [
        ({"payload": "hello"}, "neither SPAYD nor HUB 3A nor EPC"),
        ({"payload": "SPD*1.0*AM:1"}, "no account"),
        ({"payload": "SPD*1.0*ACC:CZ*AM:1.00"}, "no IBAN"),
        ({"payload": f"SPD*1.0*ACC:{CZ}*AM:1,00"}, "decimal point"),
        ({"payload": f"SPD*1.0*ACC:{CZ}", "amount": "1"}, "two decimals"),
    ],
)
async def test_what_the_bank_refuses(bank, wanted, refused):
    answer = await bank.client.post("/transfers", json=wanted)
    assert answer.status_code == 422
    assert refused in answer.json()["refused"]


async def test_an_account_that_nobody_knows_and_another_currency(bank):
    assert (await bank.client.post(f"/accounts/{HR}/close")).status_code == 422
    await pay(bank, spayd.SCHEME.encode(CZECH))
    assert "is in CZK, the transfer in EUR" in (await pay(bank, f"SPD*1.0*ACC:{CZ}*AM:1.00*CC:EUR", 422))["refused"]
    assert (await bank.client.get(f"/accounts/{CZ}/statements/9")).status_code == 422
