"""What the simulated gateways have really taken and given back."""

from __future__ import annotations

from dataclasses import dataclass

from tests.chaos.world import World


@dataclass(frozen=True)
class Taken:
    """Of one order: how often and how much was taken, and how much of it given back, in minor units.

    `disputed`: the gateway says that the payer's bank has taken the rest.
    """

    times: int
    minor: int
    returned: int
    disputed: bool = False


async def read_all(world: World) -> dict[str, dict[str, Taken]]:
    """Gateway → number of the order."""
    return {
        "kartica": await _monri(world),
        "netopia": await _netopia(world),
        "karta": await _csob(world),
        "sluzby": await _sandbox(world),
    }


async def _monri(world: World) -> dict[str, Taken]:
    found = {}
    for number, transactions in (await world.look("gateway_monri", "orders")).items():
        approved = [one for one in transactions if one["status"] == "approved"]
        taken = [one["amount"] for one in approved if one["transaction_type"] == "purchase"]
        returned = [one["amount"] for one in approved if one["transaction_type"] in {"refund", "void"}]
        found[number] = Taken(len(taken), sum(taken), sum(returned))
    return found


async def _sandbox(world: World) -> dict[str, Taken]:
    return {
        one["number"]: Taken(
            int(bool(one["approval"])),
            one["amount"] if one["approval"] else 0,
            one["refunded"],
            one["state"] == "charged_back",
        )
        for one in await world.look("gateway_sandbox", "orders")
    }


_CHARGED_BACK = 10


async def _netopia(world: World) -> dict[str, Taken]:
    found = {}
    for number, one in (await world.look("gateway_netopia", "payments")).items():
        taken = bool(one["data"])
        minor, credited = round(one["amount"] * 100), round(one["credited"] * 100)
        found[number] = Taken(int(taken), minor if taken else 0, credited, one["status"] == _CHARGED_BACK)
    return found


_REVERSED = 5
_WITH_MONEY = {4, 7, 8, 9, 10}


async def _csob(world: World) -> dict[str, Taken]:
    found = {}
    for one in await world.look("gateway_csob", "payments"):
        status, total = one["paymentStatus"], one["totalAmount"]
        reversed_ = status == _REVERSED
        taken = status in _WITH_MONEY or reversed_
        found[one["orderNo"]] = Taken(int(taken), total if taken else 0, total if reversed_ else one["refunded"])
    return found
