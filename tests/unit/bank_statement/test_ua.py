"""PrivatBank's JSON. The sample is ours, with the fields of the bank's interface."""

from __future__ import annotations

import io
import json
from datetime import date

import pytest

from adapters.bank_statement.privatbank import FORMAT
from hub.kernel.money import Money
from hub.ports.bank_statement import Broken, Kind, Options, Party, Statement, Status

ACCOUNT = "UA673005280000026500504354077"


def item(**changes):
    return {
        "AUT_MY_CRF": "04057333",
        "AUT_MY_MFO": "305299",
        "AUT_MY_ACC": ACCOUNT,
        "AUT_MY_NAM": "Пирятинська міська рада",
        "AUT_CNTR_CRF": "37193071",
        "AUT_CNTR_ACC": "UA693000010000000012345678901",
        "AUT_CNTR_NAM": "ТОВ «Оріон»",
        "CCY": "UAH",
        "FL_REAL": "r",
        "PR_PR": "r",
        "DOC_TYP": "p",
        "NUM_DOC": "77",
        "DAT_KL": "05.11.2026",
        "DAT_OD": "06.11.2026",
        "OSND": "ORE-2026-7; оренда землі",
        "SUM": "1500.50",
        "SUM_E": "1500.50",
        "REF": "JBKLB1",
        "REFN": "P",
        "TRANTYPE": "C",
    } | changes


def page(*items, **changes) -> dict:
    return {
        "status": "SUCCESS",
        "type": "transactions",
        "exist_next_page": False,
        "transactions": list(items),
    } | changes


def read(document, encoding: str = "utf-8", **options) -> list:
    data = json.dumps(document, ensure_ascii=False, indent=1).encode(encoding)
    assert FORMAT.recognises(data[:4096], "export.json")
    return list(FORMAT.read(io.BytesIO(data), Options(**options)))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251"])
def test_an_export(encoding):
    statement, entry, end = read(page(item()), encoding)
    assert (statement.kind, statement.account, statement.scheme, statement.currency) == (
        Kind.STATEMENT, ACCOUNT, "iban", "UAH",
    )  # fmt: skip
    assert (statement.since, statement.until) == (date(2026, 11, 6), date(2026, 11, 6))
    assert (entry.key, entry.amount, entry.booked_on, entry.status, entry.code) == (
        "JBKLB1P", Money(150050, "UAH"), date(2026, 11, 6), Status.BOOKED, "p",
    )  # fmt: skip
    (payment,) = entry.transactions
    assert payment.party == Party("ТОВ «Оріон»", "UA693000010000000012345678901", "37193071")
    assert payment.text == "ORE-2026-7; оренда землі"
    assert (end.credits, end.debits, end.agrees, end.closing) == (Money(150050, "UAH"), Money(0, "UAH"), None, None)


@pytest.mark.parametrize(
    ("real", "state", "status"),
    [
        ("r", "r", Status.BOOKED),
        ("r", "p", Status.PENDING),
        ("r", "t", Status.INFORMATION),
        ("r", "n", Status.INFORMATION),
        ("i", "r", Status.INFORMATION),
    ],
)
def test_only_what_is_real_and_booked_counts(real, state, status):
    _, entry, end = read(page(item(FL_REAL=real, PR_PR=state)))
    assert entry.status is status
    assert end.credits.minor == (150050 if status is Status.BOOKED else 0)


def test_debits_accounts_and_currencies_apart():
    found = read(
        page(item(), item(TRANTYPE="D", REF="2"), item(CCY="EUR", REF="3"), item(REF="4", DAT_OD="07.11.2026 00:00:00"))
    )
    heads = [one for one in found if isinstance(one, Statement)]
    assert [(one.currency, one.until) for one in heads] == [("UAH", date(2026, 11, 7)), ("EUR", date(2026, 11, 6))]
    assert [one.amount.minor for one in found[1:4]] == [150050, -150050, 150050]
    assert len({one.id for one in heads}) == 2


@pytest.mark.parametrize("form", [lambda one: [page(one)], lambda one: [one], lambda one: [page(), page(one)]])
def test_pages_and_a_plain_list(form):
    assert [one.key for one in read(form(item()))[1:-1]] == ["JBKLB1P"]


def test_the_same_export_is_the_same_statement_and_a_longer_one_is_not():
    one, again, longer = (read(page(*items))[0].id for items in ((item(),), (item(),), (item(), item(REF="2"))))
    assert one == again != longer


@pytest.mark.parametrize(
    ("document", "path", "problem"),
    [
        (page(item(), status="ERROR"), "status", "error of the bank: 'ERROR'"),
        (page(item(TRANTYPE="X")), "transactions.0.TRANTYPE", "TRANTYPE is C or D"),
        (page(item(), item(PR_PR="z")), "transactions.1.PR_PR", "PR_PR is one of r, p, t, n"),
        (page(item(SUM="-5")), "transactions.0.SUM", "where SUM and CCY are"),
        (page(item(SUM="5,00")), "transactions.0.SUM", "where SUM and CCY are"),
        (page(item(CCY="ГРН")), "transactions.0.SUM", "where SUM and CCY are"),
        (page(item(DAT_OD="2026-11-06")), "transactions.0.DAT_OD", "DD.MM.YYYY"),
        (page(item(REF="")), "transactions.0.REF", "has no REF"),
        (page(item(FL_REAL="")), "transactions.0.FL_REAL", "FL_REAL is r or i"),
        (page(item(OSND="a\0b")), "transactions.0.OSND", "what is no character"),
        (page(item(SUM=True)), "transactions.0.SUM", "no text where SUM is"),
        (page(item(OSND={"a": 1})), "transactions.0.OSND", "no text where OSND is"),
        (page(item(), 5), "transactions.1", "no transaction with fields"),
        ([page(), {"x": '"AUT_MY_ACC"'}], "1.transactions", "no list of transactions"),
    ],
)
def test_a_broken_export_is_refused_with_its_place(document, path, problem):
    data = json.dumps(document, ensure_ascii=False).encode()
    with pytest.raises(Broken, match=problem) as refused:
        list(FORMAT.read(io.BytesIO(data)))
    assert refused.value.path == path


@pytest.mark.parametrize(
    ("data", "line", "problem"),
    [
        (b'{"transactions": [\n{"AUT_MY_ACC": }]}', 2, "is not JSON"),
        (b"[" * 100_000, None, "nested too deep"),
        (b'{"transactions": [], "a": "\x98"}', None, "windows-1251"),
    ],
)
def test_what_is_no_json_is_refused(data, line, problem):
    with pytest.raises(Broken, match=problem) as refused:
        list(FORMAT.read(io.BytesIO(data)))
    assert refused.value.line == line


def test_numbers_and_halves_of_characters_that_nobody_can_keep():
    for changed, path in (({"REF": "half"}, "REF"), ({"SUM": 7}, "SUM")):
        data = (
            json.dumps(page(item(**changed))).replace('"half"', '"\\ud800"').replace(": 7", f": {'9' * 5000}").encode()
        )
        with pytest.raises(Broken) as refused:
            list(FORMAT.read(io.BytesIO(data)))
        assert refused.value.path == f"transactions.0.{path}"


def test_other_json_is_not_recognised():
    assert not FORMAT.recognises(b'{"transactions": []}', "x.json")
    assert not FORMAT.recognises(b'x "AUT_MY_ACC"', "x.json")
