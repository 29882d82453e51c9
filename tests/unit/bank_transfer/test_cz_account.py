"""Czech domestic account numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from stdnum.cz import bankaccount

from hub.kit.cz_account import local_account, validate
from tests.unit.bank_transfer.orders import czech_accounts, digits


@pytest.mark.parametrize(
    ("account", "local"),
    [
        ("CZ6508000000192000145399", "19-2000145399/0800"),  # ViktorStiskala/python-qrplatba, tests/test_spayd.py
        ("CZ2501230000000123456789", "123456789/0123"),  # the same; the digits of a made-up account
        ("CZ9555000000000810883001", "810883001/5500"),  # kraxnet/rspayd
        ("CZ5607100077550077628031", "7755-77628031/0710"),  # kraxnet/rspayd
        ("CZ2408000000190000000123", "19-123/0800"),  # spayd/spayd-java, IBANUtilitiesTest.java
        ("HR1723600001101234565", None),
        ("CZ6608000000192000145399", None),
        ("CZ65080000001920001453", None),
        ("CZ6٥08000000192000145399", None),
        ("", None),
    ],
)
def test_domestic_form_of_an_iban(account, local):
    assert local_account(account) == local


@pytest.mark.parametrize(
    "account",
    ["19-2000145399/0800", "810883001/5500", "7755-77628031/0710", "034278-0727558021/0100", "0-2000145399/0800"],
)
def test_accounts_that_pass_both_checks(account):
    validate(account)


@pytest.mark.parametrize(
    ("account", "reason"),
    [
        ("4278-727558021/0100", "the prefix of the account does not pass"),  # python-stdnum
        ("123456789/0123", "the number of the account does not pass"),
        ("19-2000145398/0800", "the number of the account does not pass"),
        ("2000145399", "prefix-number/bank"),
        ("1/0800", "prefix-number/bank"),
        ("1234567-2000145399/0800", "prefix-number/bank"),
        ("19-2000145399/0800 ", "prefix-number/bank"),
        ("١٩-2000145399/0800", "prefix-number/bank"),
    ],
)
def test_accounts_that_do_not_pass(account, reason):
    with pytest.raises(ValueError, match=reason):
        validate(account)


@given(czech_accounts)
def test_the_domestic_form_keeps_every_digit(account):
    local = local_account(account)
    assert local is not None
    head, bank = local.split("/")
    prefix, _, number = head.rpartition("-")
    assert account[4:] == f"{bank}{prefix:0>6}{number:0>10}"


@given(digits(6), digits(10, 2))
def test_the_check_agrees_with_an_independent_one(prefix, number):
    account = f"{prefix}-{number}/0800"
    try:
        validate(account)
        passes = True
    except ValueError:
        passes = False
    assert passes == bankaccount.is_valid(account)
