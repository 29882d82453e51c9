from __future__ import annotations

import pytest

from hub.cities.loader import load_city
from hub.settings import PROJECT
from hub.statements.accounts import iban_of, payees_of


@pytest.fixture(scope="module")
def city():
    return load_city(PROJECT / "config" / "cities" / "pregrada" / "city.yaml")


def with_account(city, account):
    return city.model_copy(update={"payees": {"urad": city.payees["grad"].model_copy(update={"account": account})}})


def test_an_iban_is_compared_without_blanks(city):
    assert payees_of(city, "hr17 2360 0001 1012 3456 5") == ["grad"]
    assert payees_of(city, "HR1723600001101234566") == []


@pytest.mark.parametrize(
    "written", ["CZ6508000000192000145399", "19-2000145399/0800", "0000192000145399", "19-2000145399"]
)
def test_a_czech_account_in_every_form(city, written):
    assert iban_of(with_account(city, "CZ6508000000192000145399"), written) == "CZ6508000000192000145399"


@pytest.mark.parametrize("written", ["19-2000145399/0100", "0000192000145398", "192000145399x", "/0800"])
def test_another_czech_account(city, written):
    assert iban_of(with_account(city, "CZ6508000000192000145399"), written) is None


def test_a_serbian_account_in_both_forms(city):
    town = with_account(city, "RS35160000000026565175")
    assert payees_of(town, "160000000026565175") == ["urad"]
    assert payees_of(town, "160-0000000265651-75") == ["urad"]
    assert payees_of(town, "160-265651-75") == ["urad"]
    assert payees_of(town, "160-265651-76") == []
