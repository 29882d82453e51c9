"""What a town says of its bank's own ways reaches the reading of its statements."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hub.cities.money import Statements
from hub.kit import cz_account

# The published records of ABO/GPC, as tests/unit/bank_statement/test_gpc.py has them; {} is the posting code.
HEAD = (
    "0740000000000012345Test s.r.o.         01011400000000100000+00000000080000+00000000060000+00000000040000+002010214"
)
ITEM = "075000000000001234500000000001567890000000002001000000040000{}000000001100100000120000000013050114Tran 1              01102050114"


@pytest.mark.parametrize(("codes", "minor"), [(None, 40000), ("45", 40000), ("34", -40000)])
async def test_a_code_that_two_banks_use_for_opposite_things_is_read_as_the_town_says(bank, codes, minor):
    town = bank.till.town
    grad = town.city.payees["grad"].model_copy(update={"account": cz_account.iban_of("12345/0800")})
    changes = {"payees": {"grad": grad}, "statements": Statements(reversal_codes=codes)}
    bank.till.town = replace(town, city=town.city.model_copy(update=changes))
    content = f"{HEAD:<128}\r\n{ITEM.format(4)}\r\n".encode("cp1250")
    assert (await bank.take(content, "vypis.gpc")).state == "read"
    entry = await bank.entry()
    assert (entry.amount.minor, entry.reversal, entry.state) == (minor, True, "queued")


def of_account(number: str, code: int) -> bytes:
    """A statement of ABO/GPC of one of the town's accounts."""
    lines = (f"{HEAD:<128}", ITEM.format(code))
    return "".join(f"{line.replace('0000000000012345', f'{number:0>16}', 1)}\r\n" for line in lines).encode("cp1250")


async def test_a_town_with_two_banks_says_it_of_each_account(bank):
    town = bank.till.town
    accounts = {"grad": ("12345/0800", Statements(reversal_codes="34")), "niskogradnja": ("19/0100", None)}
    payees = {
        name: town.city.payees[name].model_copy(update={"account": cz_account.iban_of(account), "statements": ways})
        for name, (account, ways) in accounts.items()
    }
    bank.till.town = replace(town, city=town.city.model_copy(update={"payees": payees}))
    for number in ("12345", "19"):
        assert (await bank.take(of_account(number, 4), f"{number}.gpc")).state == "read"
    assert [one.amount.minor for one in await bank.entries()] == [-40000, 40000]
    both = await bank.take(of_account("19", 2) + of_account("12345", 4), "both.gpc")
    assert (both.state, "whose bank has other ways" in (both.problem or "")) == ("refused", True)
